"""Likelihoods p(x|z) and posteriors q(z|x) as objects with `log_prob`."""
