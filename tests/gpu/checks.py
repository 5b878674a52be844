"""What only a GPU can show, as plain functions: they raise, or return what was measured in a line.

Needs neither pytest nor Snakemake. `tests/gpu/test_gpu.py` makes tests of them, and
`benchmarks/gpu_check.py` runs them on a machine that has no more than torch.
"""

import math
import statistics
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import step_cases
import torch
from cases import SHAPES, SMALLEST, models, noise, started, variants
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_map

from dmvi.costs.work import GPU_CONTEXT_MB, MB, training_gpu_mb
from dmvi.distributions.posteriors.realnvp import RealNVPFamily
from dmvi.estimators.marginal_kl import marginal_kl
from dmvi.estimators.mixtures import FlowMixture, GaussianMixture
from dmvi.estimators.tracked_bound import BoundTracker
from dmvi.models import make_model
from dmvi.training import checkpoint
from dmvi.training.engine import CheckpointPolicy, fit, make_optimizers
from dmvi.training.graph import WARM_UP, CapturedIteration, CudaGraph
from dmvi.training.iteration import Iteration
from dmvi.training.reproducibility import set_up
from dmvi.training.sampler import Sampler

CPU, CUDA = torch.device("cpu"), torch.device("cuda")
# Of a loss, relative to 1 + |loss|; of a layer's gradient, relative to its norm and to a thousandth of
# the largest of its model. An activation that is 0 up to rounding may fall on either side of a kink and
# change one layer by some per cent, but not the median over layers.
LOSS_TOLERANCE, GRADIENT_TOLERANCE, MEDIAN_TOLERANCE = 1e-3, 0.1, 3e-4
GRAPH_TOLERANCE = 1e-3  # of a loss, relative to 1 + |loss|, where kernels add up in any order
KL_TOLERANCE = 1e-9  # float64 on both sides
STEP_TOLERANCE = 5e-3  # of a KL through a float32 encoder
QUALITY_TOLERANCE = 0.02  # of the bound of a training in lower precision


@dataclass(frozen=True)
class Check:
    """A check and what it is about.

    Attributes:
        kind: what the report counts it under.
        name: unique.
        call: raises AssertionError, or returns what was measured.
        quick: whether the dry run has it too.
    """

    kind: str
    name: str
    call: Callable[[], str]
    quick: bool = True


def checks() -> Iterator[Check]:
    """All of them, from declarations."""
    first = models()
    for size, shape in SHAPES.items():
        for spec in variants():
            name = "-".join(str(spec[k]) for k in ("model", "posterior", "likelihood"))
            one = spec == first[spec["model"]]
            if not one and size != SMALLEST:
                continue
            quick = size == SMALLEST and one
            case = f"{name}, {size} x {size}"
            yield Check(
                "iteration", case, lambda s=spec, sh=shape: iteration_against_float64(s, sh), quick
            )
            yield Check("graph", case, lambda s=spec, sh=shape: graph_against_eager(s, sh), quick)
            if one:
                yield Check("memory", case, lambda s=spec, sh=shape: memory(s, sh), quick)
    for name, spec in first.items():
        for captured in (False, True):
            how = "captured" if captured else "eager"
            yield Check(
                "resume", f"{name}, {how}", lambda s=spec, c=captured: resume(s, c), name == "vae"
            )
    for kind in ("wide", "narrow", "flow"):
        yield Check("kl", kind, lambda k=kind: kl_against_float64(k))
    yield Check("precision", "bfloat16", lambda: quality("bfloat16"))
    yield Check("precision", "tf32", lambda: quality("tf32"))
    for step, kind in step_cases.CASES:
        yield Check("step", f"{step} {kind}".strip(), lambda s=step, k=kind: one_step(s, k))
    yield Check("study", "train to scores", tiny_study)


# An iteration against float64.


class SameNoise(TorchDispatchMode):
    """Random numbers are drawn by the CPU's default generator, in float32, wherever they are wanted.

    With `double`, computation is in float64: numbers that are drawn or made float32 become float64.
    """

    def __init__(self, double: bool = False) -> None:
        super().__init__()
        self.double = double

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        kwargs = dict(kwargs or {})
        name = func.overloadpacket.__name__
        if self.double and name == "_to_copy" and kwargs.get("dtype") == torch.float32:
            kwargs["dtype"] = torch.float64
        if torch.Tag.nondeterministic_seeded not in func.tags:
            return func(*args, **kwargs)
        tensors = [value for value in args if isinstance(value, Tensor)]
        wanted = tensors[0].device if tensors else kwargs.get("device") or CPU
        there = {key: value for key, value in kwargs.items() if key != "generator"}
        there |= {"device": CPU} if "device" in kwargs else {}
        there |= {"dtype": torch.float32} if name in ("randn", "rand") or "dtype" in kwargs else {}
        drawn = func(*tree_map(_on_cpu, args), **there)
        kind = torch.float64 if self.double else torch.float32
        if name.endswith("_"):
            return args[0].copy_(drawn)
        return drawn.to(wanted, kind) if drawn.is_floating_point() else drawn.to(wanted)


def _on_cpu(value: Any) -> Any:
    if not isinstance(value, Tensor):
        return value
    value = value.detach().cpu()
    return value.float() if value.is_floating_point() else value


@contextmanager
def double_by_default(on: bool) -> Iterator[None]:
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64 if on else before)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


def losses_and_gradients(
    spec: dict[str, Any], shape: tuple[int, int, int], device: torch.device, double: bool
) -> tuple[dict[str, float], dict[str, Tensor]]:
    """Of every player's first update, on the same weights, images and random numbers everywhere."""
    torch.manual_seed(3)
    model = make_model({**spec, "width": 16, "batch_size": 16}, shape)
    for (
        parameter
    ) in model.parameters():  # couplings start at zero, where nothing behind them counts
        parameter.data.add_(0.01 * torch.randn_like(parameter))
    x = torch.from_numpy(noise(shape)).permute(0, 3, 1, 2) / 255.0
    kind = torch.float64 if double else torch.float32
    model, x = model.to(device, kind).train(), x.to(device, kind)
    losses, gradients = {}, {}
    for player in model.players():
        Iteration(model.players(), {}, None, "float32").only_trainable(player)
        torch.manual_seed(5)
        with double_by_default(double), SameNoise(double):
            terms = player.loss(x)
            torch.autograd.backward(list(terms.values()))
        losses |= {f"{player.name}/{name}": term.item() for name, term in terms.items()}
        for name, parameter in model.named_parameters():
            if parameter.grad is not None:
                gradients[f"{player.name}/{name}"] = parameter.grad.cpu().double()
                parameter.grad = None
    return losses, gradients


def iteration_against_float64(spec: dict[str, Any], shape: tuple[int, int, int]) -> str:
    """Losses and gradients of every player in float32 on the GPU, and in float64 on the CPU."""
    set_up(0, "float32")
    losses, gradients = losses_and_gradients(spec, shape, CUDA, False)
    exact, true = losses_and_gradients(spec, shape, CPU, True)
    assert losses.keys() == exact.keys()
    off = {name: abs(losses[name] - value) / (1 + abs(value)) for name, value in exact.items()}
    worst = max(off, key=off.__getitem__)
    assert off[worst] <= LOSS_TOLERANCE, f"loss {worst} is off by {off[worst]:.2g}"
    assert gradients.keys() == true.keys()
    largest = max(value.norm().item() for value in true.values())
    apart = {
        name: (gradients[name] - value).norm().item() / max(value.norm().item(), 1e-3 * largest)
        for name, value in true.items()
    }
    worst_gradient = max(apart, key=apart.__getitem__)
    assert apart[worst_gradient] <= GRADIENT_TOLERANCE, (
        f"gradient of {worst_gradient} is off by {apart[worst_gradient]:.2g}"
    )
    median = statistics.median(apart.values())
    assert median <= MEDIAN_TOLERANCE, f"half of the gradients are off by {median:.2g} and more"
    return f"losses within {off[worst]:.1g}, gradients {median:.1g} (worst {apart[worst_gradient]:.1g})"


# Graphs.


@contextmanager
def deterministic() -> Iterator[None]:
    """cuDNN chooses the algorithms that add up in a fixed order."""
    cudnn = torch.backends.cudnn
    before = cudnn.benchmark, cudnn.deterministic
    cudnn.benchmark, cudnn.deterministic = False, True
    try:
        yield
    finally:
        cudnn.benchmark, cudnn.deterministic = before


def graph_against_eager(spec: dict[str, Any], shape: tuple[int, int, int]) -> str:
    """Losses of the same iterations called one by one and replayed."""
    set_up(0, "float32")
    found: list[list[dict[str, float]]] = []
    with deterministic():
        for captured in (False, True):
            _, step = started(spec, shape, CUDA, binarize=True)
            if captured:
                step = CapturedIteration(step, CudaGraph(CUDA, [step.sampler.generator]))
            torch.manual_seed(1)
            rows = [{k: v.clone() for k, v in step().items()} for _ in range(WARM_UP + 4)]
            found.append([{k: v.item() for k, v in row.items()} for row in rows])
    eager, graph = found
    if eager == graph:
        return "bit-equal"
    off = max(
        abs(other[name] - value) / (1 + abs(value))
        for row, other in zip(eager, graph, strict=True)
        for name, value in row.items()
    )
    assert off <= GRAPH_TOLERANCE, f"losses of replays are off by {off:.2g}"
    return f"within {off:.1g}"


# Resuming.


def resume(spec: dict[str, Any], captured: bool) -> str:
    """Eight steps at once, and with a stop after five: the random states must be the same bytes."""
    set_up(0, "float32")
    ends = []
    with deterministic(), tempfile.TemporaryDirectory() as folder:
        for lengths in ((8,), (5, 8)):
            place = Path(folder) / str(len(lengths))
            for iterations in lengths:
                _trained({**spec, "iterations": iterations}, place, captured)
            ends.append(checkpoint.load(place / "checkpoint.pt"))
    whole, parts = ends
    assert torch.equal(whole["rng"]["cuda"], parts["rng"]["cuda"]), "the GPU's generator"
    assert torch.equal(whole["rng"]["cpu"], parts["rng"]["cpu"]), "the CPU's generator"
    states = [end["parts"]["sampler"]["generator"] for end in ends]
    assert torch.equal(*states), "the sampler's generator"
    weights = [end["parts"]["model"] for end in ends]
    off = 0.0
    for name, value in weights[0].items():
        other = weights[1][name]
        if not torch.equal(value, other):
            off = max(off, (value - other).abs().max().item() / (1 + value.abs().max().item()))
    assert off <= GRAPH_TOLERANCE, f"weights are off by {off:.2g}"
    return f"weights within {off:.1g}" if off else "bit-equal"


def _trained(spec: dict[str, Any], folder: Path, captured: bool) -> None:
    shape = SHAPES[SMALLEST]
    torch.manual_seed(3)
    model = make_model(spec, shape).to(CUDA)
    sampler = Sampler(noise(shape), spec["batch_size"], 0, CUDA, binarize=True)
    tracker = BoundTracker(model, noise(shape), 2, CUDA)
    policy = CheckpointPolicy(folder, every=100)
    fit(model, sampler, spec, "same", policy, lambda _: None, tracker, captured)


# The Monte Carlo KL.


def kl_against_float64(kind: str) -> str:
    """The same mixture and the same draws on both devices."""
    values = []
    for device in (CPU, CUDA):
        generator = torch.Generator().manual_seed(0)
        if kind == "flow":
            torch.manual_seed(0)
            family = RealNVPFamily(8, 2, (16,))
            for parameter in family.parameters():
                parameter.data.add_(0.1 * torch.randn_like(parameter))
            parameters = torch.randn(300, 16, generator=generator)
            # A flow's draws come from the device's own generator: densities only.
            mixture = FlowMixture(family.to(device), parameters.to(device))
            z = torch.randn(200, 8, generator=generator, dtype=torch.float64)
            values.append(mixture.log_density(z).mean().item())
            continue
        sd = {"wide": 0.9, "narrow": 1e-3}[kind]
        mean = torch.randn(3000, 32, generator=generator)
        log_var = torch.full((3000, 32), 2 * math.log(sd))
        mixture = GaussianMixture(mean.to(device), log_var.to(device))
        values.append(marginal_kl(mixture, samples=2000, seed=1).value)
    off = abs(values[1] - values[0]) / abs(values[0])
    assert off <= KL_TOLERANCE, f"{values[1]} on the GPU, {values[0]} on the CPU"
    return f"{values[1]:.6g} nats, off by {off:.1g}"


# Lower precision.

QUALITY_STEPS = 400


def quality(precision: str, steps: int | None = None) -> str:
    """The bound after the same short training in float32 and in lower precision, both in float32."""
    shape = SHAPES[SMALLEST]
    rng = np.random.default_rng(0)
    # Smooth blots of all brightnesses and colours: there is something to learn.
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    centres = rng.uniform(6, shape[0] - 6, (512, 2, 1, 1))
    distance = np.hypot(rows - centres[:, 0], columns - centres[:, 1]) / rng.uniform(
        2, 6, (512, 1, 1)
    )
    colour = rng.uniform(0.3, 1, (512, 1, 1, shape[2]))
    images = (255 * np.exp(-(distance**2))[..., None] * colour).astype(np.uint8)
    steps = QUALITY_STEPS if steps is None else steps
    bounds = {}
    for name in ("float32", precision):
        set_up(0, name)
        spec = {**models()["vae"], "width": 32, "batch_size": 64, "precision": name}
        spec |= {"iterations": steps, "latent_dim": 16}
        torch.manual_seed(3)
        model = make_model(spec, shape).to(CUDA)
        sampler = Sampler(images[:384], 64, 0, CUDA)
        with tempfile.TemporaryDirectory() as folder:
            fit(model, sampler, spec, name, CheckpointPolicy(Path(folder)), lambda _: None)
        set_up(0, "float32")
        tracker = BoundTracker(model, images[384:], 1, CUDA)
        tracker.add(steps)
        bounds[name] = tracker.rows[-1]["bound"]
    off = abs(bounds[precision] - bounds["float32"]) / abs(bounds["float32"])
    assert off <= QUALITY_TOLERANCE, f"bounds {bounds}"
    return f"bound {bounds[precision]:.2f} nats, float32 {bounds['float32']:.2f}"


# Memory.


def memory(spec: dict[str, Any], shape: tuple[int, int, int]) -> str:
    """The peak of a training at the paper's width, eager and captured, beside the cost model's."""
    set_up(0, "float32")
    spec = {**spec, "width": 64, "batch_size": 64, "latent_dim": 128, "code_width": 1000}
    images = noise(shape, 256)
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats()
    before = torch.cuda.memory_allocated()
    torch.manual_seed(3)
    model = make_model(spec, shape).to(CUDA).train()
    sampler = Sampler(images, 64, 0, CUDA)
    players = model.players()
    step = Iteration(players, make_optimizers(players, spec), sampler, spec["precision"])
    captured = CapturedIteration(step, CudaGraph(CUDA, [sampler.generator]))
    for _ in range(WARM_UP + 2):
        captured()
    torch.cuda.synchronize()
    peak = (torch.cuda.max_memory_allocated() - before) / MB
    said = training_gpu_mb(spec, shape, len(images)) - GPU_CONTEXT_MB
    assert peak <= said, f"{peak:.0f} MB, the cost model says {said:.0f}"
    return f"{peak:.0f} MB of {said:.0f}"


# Steps and a study.


def one_step(step: str, kind: str) -> str:
    """A step on the GPU writes what it writes on a CPU: the same names, shapes and columns, finite."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        data = step_cases.noise_dataset(folder / "data")
        source = step_cases.encoded_models(folder / "models", data)
        set_up(0, "float32")
        for device in ("cpu", "cuda"):
            step_cases.run(step, kind, source, data, folder / device, device)
        found, expected = (step_cases.written(folder / device) for device in ("cuda", "cpu"))
        _assert_alike(found, expected)
        values = [table["kl.json"]["value"][0] for table in (found, expected) if "kl.json" in table]
    if values and kind != "realnvp":  # a flow draws from the device's own generator
        off = abs(values[0] - values[1]) / abs(values[1])
        assert off <= STEP_TOLERANCE, f"KL {values[0]} on the GPU, {values[1]} on the CPU"
        return f"KL off by {off:.1g}"
    return f"{len(found)} outputs"


def _assert_alike(found: dict[str, Any], expected: dict[str, Any]) -> None:
    assert found.keys() == expected.keys(), found.keys() ^ expected.keys()
    for name, value in expected.items():
        if isinstance(value, pd.DataFrame):
            assert list(found[name]) == list(value), name
            assert len(found[name]) == len(value), name
            numbers = found[name].select_dtypes("number").to_numpy(float)
            known = np.isfinite(value.select_dtypes("number").to_numpy(float))
            assert np.isfinite(numbers[known]).all(), name
        elif isinstance(value, np.ndarray):
            assert found[name].shape == value.shape, name
            assert np.isfinite(found[name]).all(), name
        else:
            assert found[name].keys() == value.keys(), name
            assert all(tensor.device == CPU for tensor in found[name].values()), name


def tiny_study() -> str:
    """A model trained with a captured iteration, and every number about it, one after the other."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        data = step_cases.noise_dataset(folder / "data")
        source = step_cases.encoded_models(folder / "models", data)
        step_cases.run("train", "captured", source, data, folder / "trained", "cuda")
        own = source / "gaussian"
        (folder / "trained/model.pt").replace(own / "model.pt")
        step_cases.run("encode", "gaussian", source, data, own, "cuda")
        rest = [case for case in step_cases.CASES if case[0] not in ("train", "encode")]
        for step, kind in rest:
            if kind in ("", "gaussian", "gmm", "estimation"):
                step_cases.run(step, kind, source, data, folder / step, "cuda")
        kl = step_cases.written(folder / "estimate_kl")["kl.json"].iloc[0]
        assert kl["lower"] - 1e-6 <= kl["upper"]
        assert math.isfinite(kl["value"])
        return f"KL {kl['value']:.3f} nats between {kl['lower']:.3f} and {kl['upper']:.3f}"


def context(dry: bool):
    """Where the checks run: on the GPU, or, dry, on a pretended one."""
    if not dry:
        return nullcontext()
    from pretended import pretended_gpu

    return pretended_gpu()
