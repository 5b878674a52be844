"""Draws images again and again from one code: what a latent says, and what the decoder adds."""

from pathlib import Path

import numpy as np
import torch

from dmvi import files
from dmvi.data.dataset import open_dataset
from dmvi.steps.trained import load_encoder, model_batches, to_images
from dmvi.training.reproducibility import choose_device, set_up

STEP = {
    "version": 1,
    "wildcards": ["run", "seed"],
    "gives": {"redrawn": "encoder"},
    "gpu": True,
    "resumes": False,
}
IMAGES = 8  # the first test images
DRAWS = 7  # of each one's code


def cost(costs, run):
    """A few images encoded, and some decoded."""
    from dmvi.costs.work import forward

    _, _, sizes = costs.spec(run)
    gpus = costs.gpus_of(run)
    encoding = forward(sizes["encoder"] + sizes["posterior"], IMAGES)
    seconds = costs.seconds(encoding + costs.sampling(run, IMAGES * DRAWS), gpus)
    memory = costs.model_mb(run) + costs.evaluation_mb(run)
    return costs.cost(seconds, memory, 0.1, gpus)


@torch.no_grad()
def redraw_codes(
    model_path: Path, data: Path, seed: int, output: Path, device: str = "auto"
) -> None:
    """Writes uint8 (images, 1 + draws, H, W, C): a test image as the encoder sees it (binary, if the run
    binarises), then what is decoded from its code.

    One code z ~ q(z|x) per image, decoded `DRAWS` times. Draws differ where the decoder is autoregressive;
    other decoders give the likelihood's mean, the same each time.

    Raises:
        DmviError: the model has no encoder.
    """
    chosen = choose_device(device)
    set_up(seed)
    model = load_encoder(model_path, chosen)
    images = open_dataset(data).split("test")[:IMAGES]
    x = torch.cat([x for _, x in model_batches(model, images, chosen)])
    draws = to_images(model.decode(model.codes(x).repeat_interleave(DRAWS, 0)))
    draws = draws.reshape(len(images), DRAWS, *images.shape[1:])
    files.write_array(output, np.concatenate([to_images(x)[:, None], draws], 1))
