"""A linear decoder with Gaussian noise, whose log p(x) is in closed form."""

import math

import torch


class LinearGaussian:
    """x = W z + c + s e, z ~ N(0, I), e ~ N(0, I): log p(x) = log N(x; c, W W^T + s^2 I)."""

    def __init__(self, d, pixels, sd=0.5, seed=0, scale=1.0):
        g = torch.Generator().manual_seed(seed)
        self.W = scale * torch.randn(pixels, d, generator=g, dtype=torch.float64) / math.sqrt(d)
        self.c = torch.randn(pixels, generator=g, dtype=torch.float64)
        self.sd = sd
        precision = torch.eye(d, dtype=torch.float64) + self.W.T @ self.W / sd**2
        self.covariance = torch.linalg.inv(precision)

    def simulate(self, n, generator):
        """Latents (n, d) and images (n, pixels): z is an exact draw of p(z|x)."""
        z = torch.randn(n, self.W.shape[1], generator=generator, dtype=torch.float64)
        noise = torch.randn(n, len(self.c), generator=generator, dtype=torch.float64)
        return z, z @ self.W.T + self.c + self.sd * noise

    def log_prob(self, x, z):
        """log p(x|z), rows against rows or broadcast."""
        W, c = self.W.to(z.dtype), self.c.to(z.dtype)
        residual = (x - z @ W.T - c) / self.sd
        constant = math.log(self.sd) + 0.5 * math.log(2 * math.pi)
        return -0.5 * residual.square().sum(-1) - x.shape[-1] * constant

    def log_marginal(self, x):
        covariance = self.W @ self.W.T + self.sd**2 * torch.eye(len(self.c), dtype=torch.float64)
        return torch.distributions.MultivariateNormal(self.c, covariance).log_prob(x)

    def posterior(self, x):
        """Means (n, d) and the marginal standard deviations (n, d) of p(z|x)."""
        mean = (x - self.c) @ self.W @ self.covariance / self.sd**2
        return mean, self.covariance.diagonal().sqrt().expand_as(mean)

    def likelihood_of(self, x):
        """The function of (chains, n, d) that the estimators take."""
        return lambda z: self.log_prob(x.to(z.dtype), z)
