"""Class probabilities of the ImageNet Inception network that Inception scores are reported with."""

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3

from dmvi.errors import DmviError
from dmvi.study.inception_weights import check_weights

FEATURES = "logits_unbiased"  # without the last layer's bias, as torch-fidelity's score has it
EXTRACTOR = "torch-fidelity InceptionV3 (2015-12-05), logits without bias, 1008 classes"
BATCH = 64  # images are resized to 299 x 299


def load_inception(path: str | Path, device: torch.device) -> FeatureExtractorInceptionV3:
    """torch-fidelity's network with the weights of a local file.

    The file's digest is checked first, and only tensors are read from it: the published name holds 32
    bits of the digest, which is too few to trust a pickle for.

    Raises:
        DmviError: the file is missing, another one, or does not hold these weights.
    """
    check_weights(path)
    try:
        weights = torch.load(path, map_location="cpu", weights_only=True)
        buffer = (
            io.BytesIO()
        )  # torch-fidelity's loader would unpickle anything, so it gets our copy
        torch.save(weights, buffer)
        buffer.seek(0)
        network = FeatureExtractorInceptionV3(
            "inception-v3-compat", [FEATURES], feature_extractor_weights_path=buffer
        )
    except Exception as error:
        raise DmviError(
            f"{path} does not hold the weights of torch-fidelity's InceptionV3 "
            f"({type(error).__name__}); download it again"
        ) from error
    return network.to(device)


@torch.no_grad()
def inception_probabilities(
    network: FeatureExtractorInceptionV3,
    images: np.ndarray,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> np.ndarray:
    """p(y|x) of images: uint8 (n, H, W, 1 or 3) -> float64 (n, 1008); grey images become RGB."""
    device = next(network.parameters()).device
    rows = []
    for start in range(0, len(images), BATCH):
        (logits,) = network(_rgb(images[start : start + BATCH]).to(device))
        rows.append(logits.double().softmax(1).cpu().numpy())
        progress(min(start + BATCH, len(images)), len(images))
    return np.concatenate(rows)


def _rgb(images: np.ndarray) -> Tensor:
    """uint8 (B, H, W, C) to uint8 (B, 3, H, W)."""
    return torch.from_numpy(np.array(images)).permute(0, 3, 1, 2).expand(-1, 3, -1, -1).contiguous()
