"""Can the iterations of every model be captured once and replayed? Asked of a recorder on the CPU.

The recorder takes the place of `CudaGraph`: it notes every operation with its tensors and runs the
list again on the same memory. What a CUDA graph would bake in, it bakes in too: numbers and choices
of the host. That CUDA accepts the operations, only a GPU can say (benchmarks/graphs.py).
"""

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from dmvi.estimators.tracked_bound import BoundTracker
from dmvi.models import make_model
from dmvi.models.model import Model
from dmvi.study.declarations import declared_models
from dmvi.training import engine
from dmvi.training.engine import CheckpointPolicy, fit
from dmvi.training.graph import WARM_UP, CapturedIteration
from dmvi.training.iteration import Iteration
from dmvi.training.journal import NonFiniteLossError
from dmvi.training.player import Player
from dmvi.training.sampler import Sampler

CPU = torch.device("cpu")
# They make the host wait for a number, or copy from its memory: CUDA refuses them in a capture.
WAITING = {
    "_local_scalar_dense", "equal", "is_nonzero", "lift_fresh", "masked_select", "nonzero", "_unique2",
}  # fmt: skip


def tensors(tree):
    return [leaf for leaf in tree_leaves(tree) if isinstance(leaf, torch.Tensor)]


class Recorder(TorchDispatchMode):
    """Stands in for `CudaGraph`."""

    def __init__(self):
        super().__init__()
        self.calls, self.replays = [], 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        masks = func.overloadpacket.__name__.startswith("index") and any(
            tensor.dtype == torch.bool for tensor in tensors(args[1:2])
        )  # which are looked through for their size
        waits = masks or func.overloadpacket.__name__ in WAITING
        assert not waits, f"{func} makes the host wait"
        result = func(*args, **(kwargs or {}))
        self.calls.append((func, args, kwargs or {}, result))
        return result

    def warm_up(self, function):
        return function()

    def capture(self, function):
        with self:
            return function()

    @torch.no_grad()
    def replay(self):
        """Runs the operations again, each result into the memory of the recorded one."""
        self.replays += 1
        if self.replays == 1:
            return  # unlike a CUDA graph's, this capture has run the operations
        for func, args, kwargs, recorded in self.calls:
            before = {tensor.untyped_storage()._cdata for tensor in tensors((args, kwargs))}
            result = func(*args, **kwargs)
            for old, new in zip(tensors(recorded), tensors(result), strict=True):
                if new.untyped_storage()._cdata not in before:  # else a view, or done in place
                    old.copy_(new)


@pytest.fixture
def recorders(monkeypatch):
    """The recorders that `fit` has made in the place of CUDA graphs."""
    made = []

    def make(device, generators):
        made.append(Recorder())
        return made[-1]

    monkeypatch.setattr(engine, "CudaGraph", make)
    return made


def run(model, posterior, likelihood):
    """A small run."""
    options = declared_models()[model]["options"]
    return {
        **{key: rules["default"] for key, rules in options.items()},
        **{"model": model, "posterior": posterior, "likelihood": likelihood},
        **{"latent_dim": 6, "width": 8, "code_width": 8, "noise_dim": 3},
        **{"flow_transforms": 2, "flow_hidden": [8]},
    }


def variants():
    """Every model under each of its posteriors, and the VAE under each of its likelihoods."""
    for name, declared in declared_models().items():
        likelihoods = declared.get("likelihoods", [None])
        for posterior in declared.get("posteriors", [None]):
            yield run(name, posterior, likelihoods[0])
        for likelihood in likelihoods[1:] if name == "vae" else ():
            yield run(name, "gaussian", likelihood)


VAE = run("vae", "gaussian", "bernoulli")


def identify(spec):
    return "-".join(str(spec[key]) for key in ("model", "posterior", "likelihood"))


def trained(folder, spec, *lengths, cuda_graphs, binarize=False):
    """Weights, journal and bounds after training for the last of the lengths, resuming in between."""
    for iterations in lengths:
        spec = {
            **{"adam_betas": [0.5, 0.9], "learning_rate": 1e-3, "precision": "float32"},
            **{"log_every": 2, **spec, "iterations": iterations},
        }
        torch.manual_seed(3)
        model = make_model(spec, (28, 28, 3))
        # Three batches in an epoch, so that epochs end in the middle of a WGAN-GP's iterations.
        images = np.random.default_rng(0).integers(0, 256, (28, 28, 28, 3), np.uint8)
        sampler = Sampler(images, 8, 0, CPU, binarize)
        tracker = BoundTracker(model, images, 3, CPU)
        policy = CheckpointPolicy(folder, every=100)
        journal = fit(model, sampler, spec, "a", policy, lambda _: None, tracker, cuda_graphs)
    return model.state_dict(), journal.rows, tracker.rows


def assert_same(a, b):
    """To the last bit."""
    for key, value in a[0].items():
        assert torch.equal(value, b[0][key]), key
    assert a[1:] == b[1:]


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
@pytest.mark.parametrize("spec", list(variants()), ids=identify)
def test_replays_train_as_calls_do(spec, precision, tmp_path, recorders):
    """Ten iterations, seven of them replayed, across ends of epochs and with a tracker in between."""
    spec = {**spec, "precision": precision}
    called = trained(tmp_path / "called", spec, 10, cuda_graphs=False)
    assert not recorders
    replayed = trained(tmp_path / "replayed", spec, 10, cuda_graphs=True)
    assert [recorder.replays for recorder in recorders] == [10 - WARM_UP]
    assert_same(called, replayed)


def test_a_resumed_training_is_captured_anew(tmp_path, recorders):
    whole = trained(tmp_path / "called", VAE, 12, cuda_graphs=False)
    parts = trained(tmp_path / "parts", VAE, 1, 6, 12, cuda_graphs=True)
    assert [recorder.replays for recorder in recorders] == [0, 5 - WARM_UP, 6 - WARM_UP]
    assert_same(whole, parts)
    # Either may continue what the other has begun.
    assert_same(whole, trained(tmp_path / "parts", VAE, 12, cuda_graphs=False))


def test_a_graphs_checkpoint_is_the_callers(tmp_path, recorders):
    """Nothing of the capture, such as Adam's options, stays behind in the checkpoint."""
    for folder, cuda_graphs in (("called", False), ("replayed", True)):
        trained(tmp_path / folder, VAE, 5, cuda_graphs=cuda_graphs)
    called, replayed = ((tmp_path / folder) / "checkpoint.pt" for folder in ("called", "replayed"))
    assert called.read_bytes() == replayed.read_bytes()


def test_binarised_pixels_are_drawn_at_every_replay(tmp_path, recorders):
    called = trained(tmp_path / "called", VAE, 10, cuda_graphs=False, binarize=True)
    replayed = trained(tmp_path / "replayed", VAE, 10, cuda_graphs=True, binarize=True)
    assert_same(called, replayed)


class Counting(Model):
    """Its loss depends on how often it was called, which a replay does not see."""

    def __init__(self, read=False):
        super().__init__({"latent_dim": 1}, (28, 28, 3))
        self.weight = torch.nn.Linear(1, 1)
        self.calls, self.read = 0, read

    def players(self):
        return [Player("one", (self.weight,), self.loss)]

    def loss(self, x):
        self.calls += 1
        scale = x.mean().item() if self.read else self.calls
        return {"loss": self.weight(x.mean().view(1, 1)).sum() * scale}

    def decode(self, z):
        raise NotImplementedError


class Running(Model):
    """Its weight grows by about one per step, until the loss is the logarithm of a negative number."""

    def __init__(self):
        super().__init__({"latent_dim": 1}, (28, 28, 3))
        self.weight = torch.nn.Linear(1, 1, bias=False)

    def players(self):
        return [Player("one", (self.weight,), self.loss)]

    def loss(self, x):
        return {"loss": (6.5 - self.weight.weight).log().sum()}

    def decode(self, z):
        raise NotImplementedError


def test_a_loss_that_becomes_nan_is_named_with_its_step(tmp_path, recorders):
    messages = []
    for folder, cuda_graphs in ((tmp_path / "called", False), (tmp_path / "replayed", True)):
        torch.manual_seed(0)
        spec = {"iterations": 20, "log_every": 3, "precision": "float32"}
        spec |= {"learning_rate": 1.0, "adam_betas": (0.5, 0.9)}
        sampler = Sampler(np.zeros((8, 28, 28, 3), np.uint8), 4, 0, CPU)
        policy = CheckpointPolicy(folder, every=1)
        with pytest.raises(NonFiniteLossError) as caught:
            fit(Running(), sampler, spec, "a", policy, lambda _: None, None, cuda_graphs)
        messages.append(str(caught.value).replace(str(folder), ""))
    assert messages[0] == messages[1]
    assert f"one/loss is nan at step {WARM_UP + recorders[0].replays}; " in messages[1]
    assert recorders[0].replays > 1


def iteration(model):
    optimizers = {"one": torch.optim.Adam(model.parameters(), fused=True)}
    images = np.random.default_rng(0).integers(0, 256, (28, 28, 28, 3), np.uint8)
    return Iteration(model.players(), optimizers, Sampler(images, 8, 0, CPU), "float32")


def test_the_recorder_shows_what_the_host_has_counted():
    model = Counting()
    replayed = CapturedIteration(iteration(model), Recorder())
    for _ in range(WARM_UP + 3):
        replayed()
    assert model.calls == WARM_UP + 1
    torch.manual_seed(0)
    losses = []
    for make in (lambda i: i, lambda i: CapturedIteration(i, Recorder())):
        torch.manual_seed(0)
        call = make(iteration(Counting()))
        losses.append([call()["one/loss"].item() for _ in range(WARM_UP + 2)])
    assert losses[0][: WARM_UP + 1] == losses[1][: WARM_UP + 1]
    assert losses[0][-1] != losses[1][-1]


def test_the_recorder_refuses_to_wait_for_a_number():
    replayed = CapturedIteration(iteration(Counting(read=True)), Recorder())
    for _ in range(WARM_UP):
        replayed()
    with pytest.raises(AssertionError, match=r"_local_scalar_dense.* makes the host wait"):
        replayed()


def test_prepared_batches_are_those_of_next():
    images = np.random.default_rng(0).integers(0, 256, (28, 4, 4, 1), np.uint8)
    one, other = (Sampler(images, 8, 0, CPU) for _ in range(2))
    for count in (1, 5, 5, 2, 1):
        one.prepare(count)
        for _ in range(count):
            assert torch.equal(one.next(), other.next())
        assert torch.equal(one.permutation, other.permutation)
        assert one.position == other.position
