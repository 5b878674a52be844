"""What a study found, shown: figures drawn, the ledger, the gallery, published copies."""
