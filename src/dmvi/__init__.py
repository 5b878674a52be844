"""dmvi: a reproduction of *Distribution Matching in Variational Inference* (Rosca et al., 2018)."""

__version__ = "0.5.0"
