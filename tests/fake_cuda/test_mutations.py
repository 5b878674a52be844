"""Faults that only a GPU would show, planted in our code: the tests of the pretended GPU find each.

A fault is a text of a module that is replaced; the changed module takes the place of its own names
wherever they have been imported. Without the fault the same check passes.
"""

import importlib
import sys
from types import ModuleType

import cases
import pytest
import torch
from cases import SHAPES, models
from pretended import CUDA, HostReadError, WrongDeviceError, pretended_gpu

from dmvi.estimators import annealing
from dmvi.estimators.start import GaussianStart

SPECS = models()


def planted(monkeypatch, module: str, old: str, new: str) -> None:
    """The module with one text replaced, in place of the original everywhere in dmvi."""
    original = importlib.import_module(module)
    with open(original.__file__) as file:
        source = file.read()
    assert source.count(old) == 1, f"{module} holds {old!r} {source.count(old)} times"
    changed = ModuleType(module)
    changed.__file__ = original.__file__
    code = compile(source.replace(old, new), original.__file__, "exec")
    monkeypatch.setitem(sys.modules, module, changed)  # dataclasses look themselves up there
    exec(code, changed.__dict__)
    for name, theirs in list(sys.modules.items()):
        if name != "cases" and name.split(".")[0] != "dmvi":
            continue
        for key, value in list(vars(theirs).items()):
            if value is original:
                monkeypatch.setitem(vars(theirs), key, changed)
            elif key in vars(original) and value is vars(original)[key]:
                own = getattr(value, "__module__", None) == module
                if own:
                    monkeypatch.setitem(vars(theirs), key, vars(changed)[key])


def trained(model: str) -> None:
    """What `test_an_iteration_never_leaves_the_gpu` does."""
    with pretended_gpu() as machine:
        _, iterate = cases.started(SPECS[model], SHAPES[28], CUDA)
        with machine.no_reads():
            iterate()


def annealed() -> None:
    """What `test_estimators.py` does."""
    with pretended_gpu() as machine:
        start = GaussianStart(torch.zeros(2, 3, device=CUDA), torch.ones(2, 3, device=CUDA))
        steps = torch.full((2,), 0.1, device=CUDA)
        generator = torch.Generator("cuda").manual_seed(0)
        options = {"leapfrog": 2, "chains": 4, "generator": generator}
        with machine.no_reads():
            annealing.forward(
                lambda z: -z.square().sum(-1), start, [0.0, 0.3, 0.6, 1.0], steps, **options
            )


FAULTS = {
    "a constant of the CPU in a loss": (
        "dmvi.objectives.adversarial",
        "    return F.softplus(-logits.float()).mean()",
        "    return (torch.ones(len(logits)) * F.softplus(-logits.float())).mean()",
        lambda: trained("dcgan"),
        WrongDeviceError,
        "expected all tensors to be on the same device",
    ),
    "a read in an iteration": (
        "dmvi.training.iteration",
        "                optimizer.step()\n",
        "                optimizer.step()\n                self.last = losses[next(iter(losses))].item()\n",
        lambda: trained("vae"),
        HostReadError,
        r"makes the host wait for the GPU, training/iteration.py:\d+",
    ),
    "a generator on the wrong device": (
        "dmvi.training.sampler",
        "torch.Generator(device).manual_seed(seed)",
        "torch.Generator().manual_seed(seed)",
        lambda: trained("vae"),
        WrongDeviceError,
        "expected a 'cuda' device type for generator but found 'cpu'",
    ),
    "a constant of the CPU in the inner gradient": (
        "dmvi.objectives.adversarial",
        "dtype=real.dtype, device=real.device)",
        "dtype=real.dtype)",
        lambda: trained("wgan_gp"),
        WrongDeviceError,
        "expected all tensors to be on the same device",
    ),
    "a decision of the host in a chain": (
        "dmvi.estimators.hmc",
        "    accepted = uniform.log() < log_ratio\n",
        "    accepted = uniform.log() < log_ratio\n    if accepted.all():\n        pass\n",
        lambda: annealed(),
        HostReadError,
        r"makes the host wait for the GPU, estimators/hmc.py:\d+",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_found(fault, monkeypatch):
    module, old, new, check, error, message = FAULTS[fault]
    check()
    planted(monkeypatch, module, old, new)
    with pytest.raises(error, match=message):
        check()
    monkeypatch.undo()
    check()
