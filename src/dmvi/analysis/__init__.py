"""Looks into a fitted model: low-posterior samples, neighbours, embeddings, pixel statistics."""
