"""Training on a pretended GPU: every model, posterior, likelihood and size of image.

No line may mix devices, none in an iteration may wait for the GPU, and the numbers are a CPU's.
"""

import pytest
import torch
from cases import SHAPES, SMALLEST, everything, identify, models, noise, started
from pretended import CPU, CUDA, OnGPU, pretended_gpu

from dmvi.estimators.tracked_bound import BoundTracker
from dmvi.models import make_model
from dmvi.models.model import Bounded, EncodingModel
from dmvi.training import snapshots
from dmvi.training.engine import CheckpointPolicy, fit
from dmvi.training.journal import Journal
from dmvi.training.sampler import Sampler

# These may wait for the GPU, once in a window, a checkpoint or a row.
WAITING = {
    "training/journal.py",
    "training/snapshots.py",
    "training/checkpoint.py",
    "estimators/tracked_bound.py",
}


def host(values):
    """Numbers by name, wherever they lie."""
    return {k: v.host if isinstance(v, OnGPU) else v for k, v in values.items()}


def assert_close(found, expected):
    """Up to the order of sums."""
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        torch.testing.assert_close(found[name], value, rtol=1e-4, atol=1e-6, msg=name)


EVERYTHING = [
    pytest.param(spec, size, id=f"{identify(spec)}-{size}", marks=[] if quick else pytest.mark.slow)
    for spec, size, quick in everything()
]


@pytest.mark.parametrize(("spec", "size"), EVERYTHING)
def test_an_iteration_never_leaves_the_gpu(spec, size):
    with pretended_gpu() as machine:
        model, iterate = started(spec, SHAPES[size], CUDA)
        journal = Journal(2, CUDA)
        with machine.no_reads():
            terms = iterate()
            journal.add(1, terms)
        assert {value.device for value in terms.values()} == {CUDA}
        assert {value.device for value in model.state_dict().values()} == {CUDA}
        assert {value.device for value in model.parameters()} == {CUDA}
        for optimizer in iterate.optimizers.values():
            for state in optimizer.state.values():
                assert {value.device for value in state.values()} == {CUDA}
        assert machine.calls > 100
        found = host(terms)
    assert all(value.isfinite() for value in found.values())
    if size == SMALLEST:  # on a CPU all of it takes as long again
        assert_close(found, started(spec, SHAPES[size], CPU)[1]())


# Of one model's own decoders, which may draw pixel by pixel, one size is enough.
ASKED = [
    pytest.param(spec, size, id=f"{identify(spec)}-{size}", marks=[] if quick else pytest.mark.slow)
    for spec, size, one in everything()
    for quick in [one and (size == SMALLEST or spec["model"] == "vae")]
]


@pytest.mark.parametrize(("spec", "size"), ASKED)
def test_what_a_trained_model_is_asked_for_stays_there(spec, size):
    with pretended_gpu() as machine, machine.no_reads(), torch.no_grad():
        torch.manual_seed(0)
        model = make_model(spec, SHAPES[size]).to(CUDA).eval()
        x = torch.rand(2, SHAPES[size][2], size, size, device=CUDA)
        assert model.decode(model.sample_prior(x)).device == CUDA
        if isinstance(model, EncodingModel):
            assert model.codes(x).device == CUDA
        if isinstance(model, Bounded):
            assert {term.device for term in model.bound_terms(x)} == {CUDA}


@pytest.mark.parametrize("spec", models().values(), ids=models())
def test_mixed_precision_stays_there(spec):
    """With autocast of the GPU's kind, which halves what it has a list of."""
    with pretended_gpu() as machine:
        model, iterate = started({**spec, "precision": "bfloat16"}, SHAPES[28], CUDA)
        types = set()
        for layer in model.modules():
            if isinstance(layer, torch.nn.Conv2d | torch.nn.ConvTranspose2d):
                layer.register_forward_hook(lambda _, inputs, y: types.add(y.dtype))
        with machine.no_reads():
            terms = iterate()
        assert types == {torch.bfloat16}
        found = host(terms)
    exact = started(spec, SHAPES[28], CPU)[1]()
    for name, value in found.items():
        assert value.item() == pytest.approx(exact[name].item(), rel=0.1, abs=0.1), name


def trained(spec, folder, device, *lengths, cuda_graphs=False):
    """Weights, journal and bounds after a training to the last of the lengths, resumed in between."""
    shape, device = SHAPES[28], torch.device(device)
    for iterations in lengths:
        spec = {**spec, "iterations": iterations}
        torch.manual_seed(3)
        model = make_model(spec, shape).to(device)
        sampler = Sampler(noise(shape), spec["batch_size"], 0, device, binarize=True)
        tracker = BoundTracker(model, noise(shape), 2, device)
        policy = CheckpointPolicy(folder, every=2, snapshots=(3,))
        journal = fit(model, sampler, spec, "same", policy, lambda _: None, tracker, cuda_graphs)
    return host(model.state_dict()), journal.rows, tracker.rows


@pytest.mark.parametrize("spec", models().values(), ids=models())
def test_training_writes_resumes_and_ends_as_on_a_cpu(spec, tmp_path):
    """Journal, tracked bound, checkpoint, snapshot; stopped after 3 of 5 steps."""
    with pretended_gpu() as machine:
        weights, rows, bounds = trained(spec, tmp_path / "gpu", CUDA, 3, 5)
        places = {file for _, file, _ in machine.reads}
        assert places <= WAITING
        kept = snapshots.load(snapshots.find(tmp_path / "gpu", "same")[3])
    reference = trained(spec, tmp_path / "cpu", CPU, 5)
    assert_close(weights, reference[0])
    snapshot = snapshots.load(snapshots.find(tmp_path / "cpu", "same")[3])
    assert_close(kept, snapshot)
    for found, expected in ((rows, reference[1]), (bounds, reference[2])):
        assert len(found) == len(expected)
        for row, other in zip(found, expected, strict=True):
            assert row == pytest.approx(other, rel=1e-3, abs=1e-5)


def test_the_host_waits_once_in_a_window(tmp_path):
    """Not more often in a long training than its journal and checkpoints ask for."""
    spec = {**models()["vae"], "log_every": 8}
    counts = []
    for iterations in (16, 24):
        with pretended_gpu() as machine:
            trained(spec, tmp_path / str(iterations), CUDA, iterations)
            counts.append(machine.reads)
    more = counts[1] - counts[0]
    # 8 steps: one window (2 reads), 4 checkpoints (the journal twice, 3 random states, weights and
    # moments), 4 rows of the tracker.
    journal = sum(n for (_, file, _), n in more.items() if file == "training/journal.py")
    assert 0 < journal <= 2 + 2 * 4
    assert not {file for _, file, _ in more} - WAITING


@pytest.mark.parametrize("spec", models().values(), ids=models())
def test_a_captured_training_ends_as_an_eager_one(spec, tmp_path):
    """Captured by the lines that a GPU would run; only CUDA's own graph is replaced."""
    with pretended_gpu():
        eager = trained(spec, tmp_path / "eager", CUDA, 7)
        graph = trained(spec, tmp_path / "graph", CUDA, 4, 7, cuda_graphs=True)
        for name, value in eager[0].items():
            assert torch.equal(graph[0][name], value), name
    assert graph[1:] == eager[1:]
