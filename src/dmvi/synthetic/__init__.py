"""Two Gaussians with a known KL divergence: what a trained density ratio makes of it."""
