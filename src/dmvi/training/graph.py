"""Training iterations as CUDA graphs: hundreds of kernels, launched by the host as one.

Small networks leave a GPU waiting for the host, which launches each kernel by itself. A graph takes
that away. Its kernels, addresses and scalars are those of the iteration that was captured; what
changes from one to the next has to lie on the device (weights, Adam's step counters, the sampler's
indices) or in a generator that the graph knows.

Nobody has run this on a GPU yet. The tests replace `CudaGraph` by a recorder of CPU operations; they
show that the iterations of all models can be replayed, not that CUDA accepts them.
"""

import gc
from collections.abc import Callable, Iterable
from typing import TypeVar

import torch
from torch import Tensor

from dmvi.training.iteration import Iteration

WARM_UP = 3  # eager iterations, in which cuDNN chooses its algorithms and Adam makes its state

T = TypeVar("T")


class CudaGraph:
    """What a function launches on a CUDA device, recorded once and launched again at will.

    Args:
        device: where.
        generators: of the random numbers that the function draws, besides the device's default one.
    """

    def __init__(self, device: torch.device, generators: list[torch.Generator]) -> None:
        self.graph = torch.cuda.CUDAGraph()
        self.stream = torch.cuda.Stream(device)
        self.generators = generators

    def warm_up(self, function: Callable[[], T]) -> T:
        """Calls the function on the stream that will be captured: libraries keep handles per stream."""
        current = torch.cuda.current_stream(self.stream.device)
        self.stream.wait_stream(current)
        with torch.cuda.stream(self.stream):
            result = function()
        current.wait_stream(self.stream)
        return result

    def capture(self, function: Callable[[], T]) -> T:
        """Records without running; the tensors of the result are filled anew by each replay."""
        for generator in self.generators:
            self.graph.register_generator_state(generator)
        gc.collect()  # what Python throws away during a capture may free memory, which breaks it
        with torch.cuda.graph(self.graph, stream=self.stream):
            return function()

    def replay(self) -> None:
        self.graph.replay()


class CapturedIteration:
    """An `Iteration` that after a few eager calls is captured, and replayed from then on.

    Every call is one iteration of the training, eager or not. Its terms are the same tensors at
    every replay: read or copy them before the next.

    Args:
        iteration: its sampler has `prepare`, which chooses the batches before each call.
        graph: a fresh one.
    """

    def __init__(self, iteration: Iteration, graph: CudaGraph) -> None:
        self.iteration, self.graph = iteration, graph
        self.calls = 0
        self.terms: dict[str, Tensor] = {}

    def __call__(self) -> dict[str, Tensor]:
        """The detached terms of every player's last update, named `player/term`."""
        self.iteration.sampler.prepare(self.iteration.batches)
        self.calls += 1
        if self.calls <= WARM_UP:
            return self.graph.warm_up(self.iteration)
        if not self.terms:
            self.terms = self._capture()
        self.graph.replay()
        return self.terms

    def _capture(self) -> dict[str, Tensor]:
        optimizers = self.iteration.optimizers.values()
        for optimizer in optimizers:
            optimizer.zero_grad(set_to_none=True)  # gradients have to lie in the graph's own memory
        # Adam wants to be told that it is captured. It need not know before or after: fused Adam
        # keeps its step counters on the device anyway, and checkpoints hold its options.
        _tell_capturable(optimizers, True)
        terms = self.graph.capture(self.iteration)
        _tell_capturable(optimizers, False)
        return terms


def _tell_capturable(optimizers: Iterable[torch.optim.Optimizer], capturable: bool) -> None:
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            group["capturable"] = capturable
