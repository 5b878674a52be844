"""Images as a model has learnt them: of a run with binary pixels, grey ones are drawn once and for all."""

import numpy as np
import torch

from dmvi.models import make_model
from dmvi.steps.bounds import bound_table
from dmvi.steps.trained import input_batches, model_batches

CPU = torch.device("cpu")


def batches(spec, images):
    model = make_model(spec, (28, 28, 1)).eval()
    return torch.cat([x for _, x in model_batches(model, images, CPU)])


def grey(n=300):
    return np.random.default_rng(0).integers(0, 256, (n, 28, 28, 1), np.uint8)


def test_binary_runs_see_one_frozen_draw(spec):
    images = grey()
    plain = torch.cat([x for _, x in input_batches(images, CPU)])
    assert torch.equal(batches(spec, images), plain)
    drawn = batches({**spec, "binarize": True}, images)
    assert torch.equal(drawn, batches({**spec, "binarize": True}, images))
    assert set(drawn.unique().tolist()) == {0.0, 1.0}
    assert abs(drawn.mean() - plain.mean()) < 4 * 0.5 / drawn.numel() ** 0.5
    # Not the same draw of every batch.
    assert not torch.equal(
        drawn[:128][plain[:128] == plain[128:256]], drawn[128:256][plain[:128] == plain[128:256]]
    )


def test_binary_pixels_stay_as_they_are(spec):
    images = np.where(grey() > 127, 255, 0).astype(np.uint8)
    assert torch.equal(batches({**spec, "binarize": True}, images), batches(spec, images))


def test_bounds_of_a_binary_run_are_of_binary_pixels(spec):
    torch.manual_seed(0)
    model = make_model({**spec, "binarize": True}, (28, 28, 1)).eval().requires_grad_(False)
    table = bound_table(model, grey(20), 2, CPU)
    x = next(x for _, x in model_batches(model, grey(20), CPU))
    one = model.bound_terms(x)[0].double().numpy()
    np.testing.assert_allclose(table["log_likelihood"], one, rtol=0.01)
