"""Steps of the finite mixtures."""
