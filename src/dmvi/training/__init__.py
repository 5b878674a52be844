"""Training: one `fit` for all models, its checkpoints, its journal."""
