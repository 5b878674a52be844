"""Numbers about samples and reconstructions of a trained model."""
