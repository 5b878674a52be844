"""Likelihood bounds of images under a trained model."""

import numpy as np
import pandas as pd
import torch

from dmvi.models import Model
from dmvi.steps.trained import model_batches


def bound_table(
    model: Model, images: np.ndarray, samples: int, device: torch.device
) -> pd.DataFrame:
    """index, bound, log_likelihood, kl of images uint8 (n, H, W, C), in nats.

    bound = E_q log p(x|z) - KL(q(z|x) || p(z)), averaged over `samples` draws z ~ q(z|x). Of a run that
    learns binary pixels, grey images are binarised once (`dmvi.steps.trained.model_batches`).
    """
    log_likelihood, kl = np.zeros(len(images)), np.zeros(len(images))
    for rows, x in model_batches(model, images, device):
        for _ in range(samples):
            likelihood_of_sample, kl_of_sample = model.bound_terms(x)
            log_likelihood[rows] += likelihood_of_sample.double().cpu().numpy() / samples
            kl[rows] += kl_of_sample.double().cpu().numpy() / samples
    return pd.DataFrame(
        {
            "index": np.arange(len(images)),
            "bound": log_likelihood - kl,
            "log_likelihood": log_likelihood,
            "kl": kl,
        }
    )
