"""A decoder of binary pixels asks for them, in one sentence, before anything is trained."""

import subprocess
import sys

import pytest

from dmvi.errors import DmviError
from dmvi.objectives.binary_pixels import check

RUN = {"model": "infovae_pixelcnn", "alpha": 0.0, "lambda": 1.0, "binarize": True}


def test_binary_pixels_pass():
    check(RUN, "runs.pixels")


@pytest.mark.parametrize("run", [{**RUN, "binarize": False}, {**RUN, "binarize": None}])
def test_grey_pixels_are_refused(run):
    with pytest.raises(DmviError, match=r"runs\.pixels\.binarize must be true: the decoder of"):
        check(run, "runs.pixels")


def test_the_key_may_not_be_left_out():
    run = {key: value for key, value in RUN.items() if key != "binarize"}
    with pytest.raises(DmviError, match=r"runs\.pixels\.binarize must be true"):
        check(run, "runs.pixels")


def test_weights_are_checked_too():
    with pytest.raises(DmviError, match=r"runs\.pixels\.alpha is 2"):
        check({**RUN, "alpha": 2.0}, "runs.pixels")


def test_it_needs_no_torch():
    code = "import sys, dmvi.objectives.binary_pixels; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
