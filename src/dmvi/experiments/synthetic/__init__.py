"""Classifiers between two Gaussians whose KL is known (Appendix D of Rosca et al., 2018)."""
