"""The evidence lower bound and its beta-weighted form."""

from torch import Tensor


def negative_elbo(log_likelihood: Tensor, kl: Tensor, beta: float = 1.0) -> dict[str, Tensor]:
    """-E_q log p(x|z) + beta KL(q(z|x) || p(z)), as two named terms in nats, means over the batch.

    Kingma & Welling (2014), eq. 3; beta != 1 is beta-VAE (Higgins et al., 2017), eq. 4.

    Args:
        log_likelihood: log p(x|z) of one sample z per image, summed over pixels, (B,).
        kl: KL(q(z|x) || p(z)) or its one-sample estimate, summed over latents, (B,).
        beta: the weight of the KL term, >= 0.
    """
    return {"reconstruction": -log_likelihood.mean(), "kl": beta * kl.mean()}
