"""The checks that a GPU will run, on the pretended one: their lines work, and they can fail."""

import math

import checks as gpu
import pytest
from cases import SHAPES, models
from pretended import pretended_gpu

from dmvi.costs.sizes import networks
from dmvi.costs.work import GPU_CONTEXT_MB, GPU_WORKSPACE_MB, MB, training_gpu_mb
from dmvi.study.declarations import declared_models, declared_steps

CHECKS = list(gpu.checks())


def test_there_is_a_check_for_everything_declared():
    kinds = {check.kind for check in CHECKS}
    assert kinds == {"iteration", "graph", "memory", "resume", "kl", "precision", "step", "study"}
    for kind in ("iteration", "graph", "memory", "resume"):
        names = {check.name.split("-")[0].split(",")[0] for check in CHECKS if check.kind == kind}
        assert names == set(declared_models())
    steps = {check.name.split()[0] for check in CHECKS if check.kind == "step"}
    assert steps == {name for name, step in declared_steps().items() if step["gpu"]}
    assert len({(check.kind, check.name) for check in CHECKS}) == len(CHECKS)


QUICK = [
    check
    for check in CHECKS
    if check.quick
    and (
        check.kind in ("iteration", "kl", "study") or check.name.startswith(("vae", "bf", "encode"))
    )
]


@pytest.mark.parametrize("check", QUICK, ids=[f"{check.kind} {check.name}" for check in QUICK])
def test_a_check_passes_on_a_pretended_gpu(check, monkeypatch):
    monkeypatch.setattr(gpu, "QUALITY_STEPS", 1)
    with pretended_gpu():
        assert check.call()


def test_the_memory_that_is_said_grows_with_what_is_held():
    """The data set, the batch and the network, in MB; beside what CUDA takes itself."""
    for name, spec in models().items():
        for shape in SHAPES.values():
            spec = {**spec, "width": 64, "batch_size": 64}
            least = training_gpu_mb(spec, shape, 0)
            assert least > GPU_CONTEXT_MB, (name, shape)
            images = training_gpu_mb(spec, shape, 1000) - least
            assert images == pytest.approx(1000 * math.prod(shape) / MB)
            assert training_gpu_mb({**spec, "batch_size": 128}, shape, 0) > least
    # Weights, gradients and two moments of float32, and six times every layer's output of 64 images.
    sizes = networks(models()["vae"], (32, 32, 3))
    sizes = [sizes[name] for name in ("encoder", "posterior", "generator")]
    found = training_gpu_mb({**models()["vae"], "batch_size": 64}, (32, 32, 3), 0)
    parameters, values = (sum(getattr(size, k) for size in sizes) for k in ("parameters", "values"))
    known = GPU_CONTEXT_MB + GPU_WORKSPACE_MB + (16 * parameters + 6 * 64 * 4 * values) / MB
    assert found == pytest.approx(known)


def test_a_wrong_gradient_fails(monkeypatch):
    """In half of the layers by a thousandth: what TF32 would do."""
    true = gpu.losses_and_gradients

    def rounded(spec, shape, device, double):
        losses, gradients = true(spec, shape, gpu.CPU, double)
        factor = 1.0 if double else 1.001
        return losses, {name: factor * value for name, value in gradients.items()}

    monkeypatch.setattr(gpu, "losses_and_gradients", rounded)
    check = next(check for check in CHECKS if check.kind == "iteration")
    with pytest.raises(AssertionError, match="half of the gradients"):
        check.call()


def test_a_training_that_takes_more_memory_than_said_fails(monkeypatch):
    check = next(check for check in CHECKS if (check.kind, check.name[:4]) == ("memory", "vae-"))
    with pretended_gpu():
        monkeypatch.setattr(gpu.torch.cuda, "max_memory_allocated", lambda: 10**11)
        with pytest.raises(AssertionError, match="100000 MB, the cost model says"):
            check.call()


def test_a_generator_that_is_not_resumed_fails(monkeypatch):
    check = next(check for check in CHECKS if (check.kind, check.name) == ("resume", "vae, eager"))
    load = gpu.Sampler.load_state_dict

    def forgets(self, state):
        load(self, {**state, "generator": self.generator.get_state()})

    monkeypatch.setattr(gpu.Sampler, "load_state_dict", forgets)
    with pretended_gpu(), pytest.raises(AssertionError, match="the sampler's generator"):
        check.call()
