"""Likelihoods p(x|z) and posteriors q(z|x) as objects with `log_prob`, a file each.

`registry` says what their files declare, without torch. No network and no loss belongs here.
"""
