"""Figures of the finite mixtures."""
