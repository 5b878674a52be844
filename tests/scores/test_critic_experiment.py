"""The experiment that shows from which step on the critic can be believed (`benchmarks/critic.py`)."""

import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.ndimage import gaussian_filter

REPOSITORY = Path(__file__).parents[2]
sys.path.insert(0, str(REPOSITORY / "benchmarks"))

import critic  # noqa: E402


@pytest.mark.parametrize("way", critic.SPOILT)
def test_every_way_spoils_more_with_its_strength(way):
    noise = np.random.default_rng(0).normal(128, 600, (2000, 32, 32, 3))
    images = gaussian_filter(noise, (0, 3, 3, 0)).clip(0, 255).astype(np.uint8)
    far = []
    for strength in critic.SPOILT[way][1]:
        spoilt = critic.spoil(images, way, strength)
        assert (spoilt.shape, spoilt.dtype) == (images.shape, np.uint8)
        if way == "repeated":
            far.append(-len(np.unique(spoilt.reshape(len(spoilt), -1), axis=0)))
        else:
            far.append(np.abs(spoilt.astype(float) - images).mean())
    assert all(one < other for one, other in pairwise(far))


def table(values):
    """Rank -> held-out values at steps 1, 2, 3."""
    rows = [
        {"rank": rank, "step": step, "held_out": value}
        for rank, held in enumerate(values)
        for step, value in enumerate(held, 1)
    ]
    return pd.DataFrame(rows)


def test_in_order_from_the_first_step_that_stays_so():
    assert critic.ordered_from(table([(1, 2, 3), (0, 3, 4)])) == 2
    assert critic.ordered_from(table([(0, 2, 3), (1, 1, 4)])) == 3
    assert critic.ordered_from(table([(0, 1, 3), (1, 2, 2)])) is None


def test_settled_from_the_first_step_within_a_tenth_of_the_last():
    assert critic.settled(table([(1.0, 9.5, 10.0)])) == 2
    assert critic.settled(table([(9.9, 5.0, 10.0)])) is None  # the last one alone
    assert critic.settled(table([(10.1, 9.5, 10.0)])) == 1


def test_the_committed_table_is_what_its_page_says():
    folder = REPOSITORY / "results/reference/critic"
    rows = pd.read_csv(folder / "critic.csv")
    settings = {"width": 8, "batch_size": 64, "learning_rate": 1e-3, "penalty": 10}
    steps = int(rows.loc[rows["case"] == "spoilt", "step"].max())
    page = (folder / "critic.md").read_text()
    assert page.startswith(critic.report(rows, settings, steps).rstrip("\n"))
