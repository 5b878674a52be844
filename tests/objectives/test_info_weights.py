"""The weights of InfoVAE's terms, and which are refused."""

import subprocess
import sys

import pytest

from dmvi.errors import DmviError
from dmvi.objectives.info_weights import check, divergence_weight, kl_weight


def test_weights():
    options = {"alpha": 0.25, "lambda": 3.0}
    assert kl_weight(options) == 0.75
    assert divergence_weight(options) == 2.25
    for beta in (0.0, 0.1, 0.3, 0.7, 0.9, 4.0):
        assert divergence_weight({"alpha": 1 - beta, "lambda": beta}) == 0.0
        check({"alpha": 1 - beta, "lambda": beta})


def test_negative_weights_are_refused_with_both_keys_named():
    with pytest.raises(DmviError) as caught:
        check({"alpha": 0.2, "lambda": 0.7}, "runs.info")
    assert "runs.info.alpha is 0.2 and runs.info.lambda is 0.7" in str(caught.value)
    with pytest.raises(DmviError, match=r"^alpha is 1\.5; it must be at most 1"):
        check({"alpha": 1.5, "lambda": 2.0})


def test_it_can_be_read_by_the_workflow_which_has_no_torch():
    code = "import sys, dmvi.objectives.info_weights; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
