"""Estimators of the distance between the marginal posterior q(z) and the prior p(z)."""
