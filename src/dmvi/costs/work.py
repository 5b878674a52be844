"""The work of a computation, counted: operations, values written, weights moved, calls.

    seconds = FLOPs / rate + values / rate + weights / rate + calls x overhead

Imports neither torch nor pandas: the workflow asks for some thousand costs whenever it is parsed.
"""

import math
from dataclasses import dataclass, replace
from typing import Any

from dmvi.costs.sizes import Counts, Size, networks
from dmvi.study.declarations import declared_models

# Operations of an update beside the passes: batch, loss, zeroing, optimiser, journal.
CALLS_PER_UPDATE = 60
# Times that Adam reads or writes a parameter, its gradient or its moments.
ADAM_ACCESSES = 7
EVALUATION_BATCH = 128
MB = 1e6
# Of a GPU's memory, beside what is computed: CUDA itself and its libraries' code, and the space that
# cuDNN and cuBLAS work in [assumed].
GPU_CONTEXT_MB, GPU_WORKSPACE_MB = 600, 1000


@dataclass(frozen=True)
class Work(Counts):
    """What is counted of a computation.

    Attributes:
        flops: multiplications and additions of its layers and matrix products.
        padded, single: which of them count, by their kind (`dmvi.costs.sizes.Size`).
        values: numbers that are written element by element.
        weights: parameters that are read or written.
        calls: operations, whatever their size.
    """

    flops: float = 0.0
    padded: float = 0.0
    single: float = 0.0
    values: float = 0.0
    weights: float = 0.0
    calls: float = 0.0

    def seconds(self, rates: dict[str, float]) -> float:
        """On one device, at its rates of one precision; without the calls' overhead."""
        return (
            self.padded / rates["flops"]
            + self.single / rates["single_flops"]
            + self.values / rates["values"]
            + self.weights / rates["weights"]
        )


def products(flops: float, **counts: float) -> Work:
    """Matrix products of this many operations, and what else is counted."""
    return Work(flops, flops, **counts)


def passes(size: Size, batch: float, count: float = 1.0) -> Work:
    """`count` forward-equivalents of a batch: the gradient by inputs is one more, that by weights too."""
    return Work(
        2.0 * size.macs * batch * count,
        2.0 * size.padded * batch * count,
        2.0 * size.single * batch * count,
        size.values * batch * count,
        size.parameters * count,
        size.calls * count,
    )


def forward(size: Size, examples: float, batch: int = EVALUATION_BATCH) -> Work:
    """All examples once through a network, batch by batch."""
    batches = math.ceil(examples / batch)
    work = passes(size, examples)
    calls = (size.calls + 5) * batches
    return replace(work, weights=size.parameters * batches, calls=calls)


def iteration_work(spec: dict[str, Any], image_shape: tuple[int, int, int]) -> Work:
    """One iteration of a run's training: all updates of all its players.

    A model declares, for each player's update, how many forward-equivalents pass through each network:
    `passes: {player: {network: number}}`, a number or a list of numbers and options that are added up;
    and under `steps` the option that says how often a player is updated.
    """
    declared = declared_models()[spec["model"]]
    sizes = networks(spec, image_shape)
    work, trained = Work(), {}
    for player, counts in declared["passes"].items():
        steps = int(spec[declared["steps"][player]]) if player in declared.get("steps", {}) else 1
        for name, declared_count in counts.items():
            count = _number(declared_count, spec)
            work += passes(sizes[name], spec["batch_size"], count) * steps
            # A network is trained by the player that sends most through it.
            trained[name] = max(trained.get(name, (0.0, 0)), (count, steps))
        work += Work(calls=CALLS_PER_UPDATE * steps)
    updated = sum(sizes[name].parameters * steps for name, (_, steps) in trained.items())
    return work + Work(weights=ADAM_ACCESSES * updated)


def _number(declared: Any, spec: dict[str, Any]) -> float:
    entries = declared if isinstance(declared, list) else [declared]
    return float(sum(spec[entry] if isinstance(entry, str) else entry for entry in entries))


def trained_parameters(spec: dict[str, Any], image_shape: tuple[int, int, int]) -> float:
    """All parameters of a run's model."""
    sizes = networks(spec, image_shape)
    return sum(sizes[name].parameters for name in trained_networks(spec))


def trained_networks(spec: dict[str, Any]) -> set[str]:
    """Names of the networks that a run's training passes through."""
    declared = declared_models()[spec["model"]]
    return {name for counts in declared["passes"].values() for name in counts}


def training_gpu_mb(spec: dict[str, Any], image_shape: tuple[int, int, int], images: int) -> float:
    """MB of a GPU's memory that a training takes at most, CUDA's own included.

    The data set as bytes; weights, gradients and Adam's two moments; every layer's output of a batch
    with its gradient, twice over where normalisation and activation keep one each, and once more for
    what a CUDA graph keeps for itself.
    """
    sizes = networks(spec, image_shape)
    values = sum(sizes[name].values for name in trained_networks(spec))
    layers = 6 * 4 * values * spec["batch_size"]
    state = 16 * trained_parameters(spec, image_shape)
    own = (layers + state + images * math.prod(image_shape)) / MB
    return GPU_CONTEXT_MB + GPU_WORKSPACE_MB + own


def gaussian_density(points: float, components: float, latent_dim: int) -> Work:
    """log q(z) at points z of a mixture of Gaussians, in float64 (`dmvi.estimators.mixtures`)."""
    pairs = points * components
    columns = max(64, min(4096, 2**22 // latent_dim))
    tiles = math.ceil(points / 1024) * math.ceil(components / columns)
    features = math.ceil(components / columns) * points * 2 * latent_dim
    factors = 6 * components * latent_dim
    written = 3.0 * pairs + features + factors
    return products(4.0 * pairs * latent_dim, values=written, calls=30.0 * tiles)


def flow_density(points: float, components: float, flow: Size) -> Work:
    """The same of a mixture of flows: every point through the inverse flow of every component."""
    pairs = points * components
    return passes(flow, pairs) + Work(calls=flow.calls * pairs / 64**2)
