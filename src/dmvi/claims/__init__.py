"""From tables to verdicts: what the papers claim, the statistics that decide it, the ledger. No drawing."""
