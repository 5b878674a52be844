"""Finite mixtures: the KL of N codes whose marginal would be the prior, were there infinitely many."""
