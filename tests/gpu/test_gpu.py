"""The checks that need a GPU, as tests; without one they are skipped in one line."""

import pytest
import torch

if not torch.cuda.is_available():
    pytest.skip("torch sees no GPU here", allow_module_level=True)

from checks import checks

CHECKS = list(checks())


@pytest.mark.slow
@pytest.mark.parametrize("check", CHECKS, ids=[f"{check.kind} {check.name}" for check in CHECKS])
def test_on_a_gpu(check):
    print(check.call())
