"""CUDA tensors in all but where their numbers lie: a GPU's rules, tested without one.

Inside `pretended_gpu()` torch sees one GPU. A tensor on it says `device(type='cuda', index=0)` to
everybody, torch's C++ code included, which therefore chooses the paths of a GPU; its numbers lie in a
CPU tensor, so that whole steps run and end with the numbers of a CPU. What a real GPU refuses is
refused: operands on two devices, a generator of another device than its numbers. What makes the host
wait for the GPU (`.item()`, `if tensor:`, `nonzero`, a copy to the CPU) is allowed and noted in `reads`,
with the line of ours that asked; `no_reads` turns it into an error.

`torch._subclasses.fake_tensor.FakeTensorMode` has the same rules, but no numbers: a step that looks at
one, as most do somewhere, ends there, and so does every gradient, because torch's engine has no thread
for a device that is not there. Here gradients are made by an engine of our own (`backward_of`), which
calls the nodes that torch has recorded; so WGAN-GP's inner gradient is no exception.

What is not seen: whether the kernels exist and agree with the CPU's, the libraries' own choices (cuDNN
is switched off), asynchrony, and memory. That takes a GPU: tests/gpu.
"""

import heapq
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from pathlib import Path
from typing import ClassVar
from unittest.mock import patch

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode, _disable_current_modes
from torch.utils._pytree import tree_leaves, tree_map

from dmvi.objectives import kernels

CPU, CUDA = torch.device("cpu"), torch.device("cuda", 0)
SOURCE = str(Path(__file__).resolve().parents[2] / "src/dmvi")
# Their results, or the size of these, have to be known to the host.
READS = {
    "_local_scalar_dense",
    "equal",
    "is_nonzero",
    "nonzero",
    "masked_select",
    "_unique2",
    "unique_dim",
}
# They take tensors of two devices: copies, and indices that may lie on the CPU.
ACROSS = {"copy_", "_to_copy", "index", "index_put", "index_put_", "_index_put_impl_"}
# They do not even take a number of the CPU beside tensors of the GPU.
STRICT = {
    "cat",
    "stack",
    "index_select",
    "gather",
    "scatter",
    "scatter_add",
    "index_add",
    "index_copy",
}


class WrongDeviceError(RuntimeError):
    """What a GPU would refuse."""


class HostReadError(AssertionError):
    """The host waits for the GPU where it must not."""


class OnGPU(Tensor):
    """A tensor of the pretended GPU; `host` holds its numbers."""

    host: Tensor

    @staticmethod
    def __new__(cls, host: Tensor) -> "OnGPU":
        self = Tensor._make_wrapper_subclass(
            cls,
            host.shape,
            strides=host.stride(),
            storage_offset=host.storage_offset(),
            dtype=host.dtype,
            layout=host.layout,
            device=CUDA,
        )
        self.host = host
        return self

    @classmethod
    def __torch_dispatch__(cls, func, types, args=(), kwargs=None):
        return (_MACHINE or [Machine()])[-1].run(func, args, kwargs or {})

    def __repr__(self) -> str:
        return f"OnGPU({tuple(self.shape)}, {self.dtype})"

    def tolist(self):
        return self.cpu().tolist()

    def numpy(self, *, force: bool = False):
        raise TypeError("can't convert cuda:0 device type tensor to numpy")

    def __reduce_ex__(self, protocol):
        return self.host.detach().__reduce_ex__(protocol)  # checkpoints are read to the CPU


class Generator(torch.Generator):
    """A generator that may say that it is the GPU's."""

    # By address, because operations are handed another Python object of it; kept, so that no other
    # comes to lie there.
    made: ClassVar[dict[int, "Generator"]] = {}

    def __new__(cls, device: torch.device | str = "cpu") -> "Generator":
        self = super().__new__(cls)
        self.of = torch.device(device)
        cls.made[self._cdata] = self
        return self

    @property
    def device(self) -> torch.device:
        return self.of


class Machine(TorchDispatchMode):
    """The pretended GPU.

    Attributes:
        reads: how often the host has waited for the GPU, by (operation, file of ours, line).
        strict: whether that is an error.
        calls: operations on the GPU.
        recording: the operations of the graph that is being captured.
    """

    def __init__(self) -> None:
        super().__init__()
        self.reads: Counter[tuple[str, str, int]] = Counter()
        self.strict, self.calls = False, 0
        self.recording: list[tuple] | None = None

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        return self.run(func, args, kwargs or {})

    def run(self, func, args: tuple, kwargs: dict):
        if torch._C._dispatch_has_kernel_for_dispatch_key(func.name(), "CompositeImplicitAutograd"):
            with self:  # made of others, which come back one by one
                made_of = func.decompose(*args, **kwargs)
            if made_of is not NotImplemented:
                return made_of
        leaves = tree_leaves((args, kwargs))
        tensors = [leaf for leaf in leaves if isinstance(leaf, Tensor)]
        name = func.overloadpacket.__name__
        wanted = next((leaf for leaf in leaves if isinstance(leaf, torch.device)), None)
        on_gpu = _common_device(name, tensors) if wanted is None else wanted.type == "cuda"
        if any(isinstance(tensor, OnGPU) for tensor in tensors):
            self._note_reads(name, args, tensors, on_gpu)
        self._check_generator(kwargs.get("generator"), tensors, on_gpu, name)
        self.calls += on_gpu
        hosts = tree_map(_host, (args, kwargs))
        result = _fused_lstm(name, hosts[0]) or func(*hosts[0], **hosts[1])
        if self.recording is not None:
            self.recording.append((func, *hosts, result))
        if name == "_local_scalar_dense" or not on_gpu:
            return tree_map(lambda value: _same(value, tensors, None), result)
        return tree_map(lambda value: _same(value, tensors, OnGPU), result)

    def _note_reads(self, name: str, args: tuple, tensors: list[Tensor], on_gpu: bool) -> None:
        masks = name.startswith("index") and any(
            tensor.dtype in (torch.bool, torch.uint8)
            for tensor in tree_leaves(args[1:2])
            if isinstance(tensor, OnGPU)
        )
        # The target of `copy_` says where to.
        away = name == "copy_" and not isinstance(args[0], OnGPU)
        if name in READS or masks or away or (name == "_to_copy" and not on_gpu):
            place = _our_line()
            if self.strict:
                raise HostReadError(
                    f"{name} makes the host wait for the GPU, {place[0]}:{place[1]}"
                )
            self.reads[(name, *place)] += 1

    def _check_generator(
        self, generator: torch.Generator | None, tensors: list[Tensor], on_gpu: bool, name: str
    ) -> None:
        if generator is None:
            return
        its = Generator.made.get(generator._cdata, generator).device.type
        if (its == "cuda") != on_gpu:
            there = "cuda" if on_gpu else "cpu"
            raise WrongDeviceError(
                f"{name}: expected a {there!r} device type for generator but found {its!r}, "
                f"{':'.join(map(str, _our_line()))}"
            )

    @contextmanager
    def no_reads(self) -> Iterator[None]:
        """Within it, a host that waits for the GPU is a `HostReadError`."""
        before, self.strict = self.strict, True
        try:
            yield
        finally:
            self.strict = before


_MACHINE: list[Machine] = []


@contextmanager
def pretended_gpu() -> Iterator[Machine]:
    """Torch with one GPU, for the duration of the block."""
    torch._C._ensureCUDADeviceGuardSet()
    swapped = torch.__future__.get_swap_module_params_on_conversion()
    machine = Machine()
    replaced = [
        (torch, "Generator", Generator),
        (torch.autograd, "backward", _backward),
        (torch.autograd, "grad", _grad),
        (torch.cuda, "_lazy_init", lambda: None),
        (torch.cuda, "is_available", lambda: True),
        (torch.cuda, "is_bf16_supported", lambda *_: True),
        (torch.cuda, "is_current_stream_capturing", lambda: False),
        (torch.cuda, "current_device", lambda: 0),
        (torch.cuda, "get_device_name", lambda *_: "a pretended GPU"),
        (torch.cuda, "synchronize", lambda *_: None),
        (torch.cuda, "CUDAGraph", Graph),
        (torch.cuda, "graph", _capture),
        (torch.cuda, "Stream", Stream),
        (torch.cuda, "current_stream", lambda *_: Stream()),
        (torch.cuda, "stream", lambda *_: nullcontext()),
        (torch.cuda, "empty_cache", lambda: None),
        (torch.cuda, "reset_peak_memory_stats", lambda *_: None),
        (torch.cuda, "memory_allocated", lambda *_: 0),
        (torch.cuda, "max_memory_allocated", lambda *_: 0),
        # One generator stands for the CPU's and the GPU's default ones.
        (torch.cuda, "get_rng_state", lambda *_: torch.get_rng_state()),
        (torch.cuda, "set_rng_state", lambda state, *_: torch.set_rng_state(state)),
    ]
    with ExitStack() as stack:
        for owner, name, value in replaced:
            stack.enter_context(patch.object(owner, name, value))
        stack.enter_context(torch.backends.cudnn.flags(enabled=False))
        stack.enter_context(machine)
        # A parameter cannot become one of another class in place.
        torch.__future__.set_swap_module_params_on_conversion(True)
        # `torch.tensor(..., device="cuda")` then moves its numbers where we see it.
        torch._C._set_only_lift_cpu_tensors(True)
        _MACHINE.append(machine)
        try:
            yield machine
        finally:
            _MACHINE.pop()
            Generator.made.clear()
            torch.__future__.set_swap_module_params_on_conversion(swapped)
            torch._C._set_only_lift_cpu_tensors(False)
            kernels._laguerre_on.cache_clear()  # holds tensors of ours


def _host(value):
    if isinstance(value, OnGPU):
        return value.host
    return CPU if isinstance(value, torch.device) else value


def _same(value, tensors: list[Tensor], wrap):
    """The tensor that was handed in, if it comes back; else a new one."""
    if not isinstance(value, Tensor):
        return value
    for tensor in tensors:
        if (tensor.host if isinstance(tensor, OnGPU) else tensor) is value:
            return tensor
    return wrap(value) if wrap else value


def _common_device(name: str, tensors: list[Tensor]) -> bool:
    """Whether an operation on these tensors is the GPU's.

    Raises:
        WrongDeviceError: they are on two devices. A number (0 dimensions) of the CPU may stand beside
            tensors of the GPU, but not the other way round.
    """
    there = [tensor for tensor in tensors if isinstance(tensor, OnGPU)]
    here = [tensor for tensor in tensors if not isinstance(tensor, OnGPU)]
    if name in ("copy_", "set_", "index_put_", "_index_put_impl_"):
        on_gpu = isinstance(tensors[0], OnGPU)
    elif name == "index":
        on_gpu = isinstance(tensors[0], OnGPU)
        if not on_gpu and there:
            raise WrongDeviceError("index: indices should be on the CPU, as the indexed tensor is")
    else:
        on_gpu = bool(there)
    if there and name not in ACROSS:
        strangers = [tensor for tensor in here if tensor.ndim or name in STRICT]
        if strangers or (here and all(tensor.ndim == 0 for tensor in there) and not _numbers(here)):
            shapes = [tuple(tensor.shape) for tensor in strangers or here]
            raise WrongDeviceError(
                f"{name}: expected all tensors to be on the same device, but found cuda:0 and cpu "
                f"{shapes}, {':'.join(map(str, _our_line()))}"
            )
    return on_gpu


def _numbers(tensors: list[Tensor]) -> bool:
    return all(tensor.ndim == 0 for tensor in tensors)


def _our_line() -> tuple[str, int]:
    """The innermost line of src/dmvi, or of the test, that led here."""
    frame, other = sys._getframe(1), None
    while frame is not None:
        name = frame.f_code.co_filename
        if name.startswith(SOURCE):
            return name.removeprefix(SOURCE).lstrip("/"), frame.f_lineno
        if other is None and "/tests/" in name and name != __file__:
            other = name, frame.f_lineno
        frame = frame.f_back
    return other or ("?", 0)


# CUDA graphs.


class Graph:
    """In place of `torch.cuda.CUDAGraph`: runs what was captured again, into the same memory.

    Capturing runs the operations here, which a GPU does not; so the first replay does nothing.
    """

    def __init__(self) -> None:
        self.calls: list[tuple] = []
        self.replays = 0

    def register_generator_state(self, generator: torch.Generator) -> None:
        if Generator.made[generator._cdata].device.type != "cuda":
            raise WrongDeviceError("the generator of a CUDA graph must be the GPU's")

    def replay(self) -> None:
        self.replays += 1
        with torch.no_grad(), _disable_current_modes():
            self._run()

    def _run(self) -> None:
        for func, args, kwargs, recorded in self.calls if self.replays > 1 else ():
            name = func.overloadpacket.__name__
            before = {_memory(leaf) for leaf in tree_leaves((args, kwargs)) if _is_tensor(leaf)}
            result = _fused_lstm(name, args) or func(*args, **kwargs)
            for old, new in zip(tree_leaves(recorded), tree_leaves(result), strict=True):
                if _is_tensor(new) and _memory(new) not in before:  # else a view, or done in place
                    old.copy_(new)


def _is_tensor(value) -> bool:
    return isinstance(value, Tensor)


def _memory(tensor: Tensor) -> int:
    return tensor.untyped_storage()._cdata


@contextmanager
def _capture(graph: Graph, stream: object = None) -> Iterator[None]:
    machine = _MACHINE[-1]
    machine.recording = graph.calls
    try:
        with machine.no_reads():  # CUDA refuses them in a capture
            yield
    finally:
        machine.recording = None


class Stream:
    """In place of `torch.cuda.Stream`: what is done is done at once."""

    def __init__(self, device: torch.device | None = None) -> None:
        self.device = device

    def wait_stream(self, other: "Stream") -> None:
        pass


# Gradients.


def _backward(tensors, grad_tensors=None, retain_graph=None, create_graph=False, inputs=None, **_):
    roots = [tensors] if isinstance(tensors, Tensor) else list(tensors)
    grads = [grad_tensors] if isinstance(grad_tensors, Tensor) else grad_tensors
    with torch.set_grad_enabled(create_graph):
        backward_of(roots, grads, None)


def _grad(
    outputs, inputs, grad_outputs=None, retain_graph=None, create_graph=False,
    allow_unused=None, **_,
):  # fmt: skip
    roots = [outputs] if isinstance(outputs, Tensor) else list(outputs)
    wanted = [inputs] if isinstance(inputs, Tensor) else list(inputs)
    grads = [grad_outputs] if isinstance(grad_outputs, Tensor) else grad_outputs
    with torch.set_grad_enabled(create_graph):
        found = backward_of(roots, grads, wanted)
    if not allow_unused and any(grad is None for grad in found):
        raise RuntimeError("One of the differentiated Tensors appears to not have been used")
    return tuple(found)


def backward_of(
    roots: list[Tensor], grads: list[Tensor | None] | None, inputs: list[Tensor] | None
) -> list[Tensor | None]:
    """What torch's engine does: the recorded nodes in reverse, each once all that use it are done.

    Args:
        roots: to differentiate the sum of.
        grads: of the roots; ones if None.
        inputs: whose gradients are returned; None adds those of all leaves to their `.grad`.

    Raises:
        WrongDeviceError: a gradient is on another device than what it is of.
    """
    waiting: dict = defaultdict(dict)  # node -> output number -> gradient
    found: list[Tensor | None] = [None] * len(inputs or [])
    places = {_edge(tensor): i for i, tensor in enumerate(inputs or [])}
    queue: list[tuple[int, int, object]] = []
    seen = set()

    def give(edge, grad) -> None:
        node, number = edge
        if node is None or grad is None:
            return
        if edge in places:
            i = places[edge]
            found[i] = grad if found[i] is None else found[i] + grad
        before = waiting[node].get(number)
        waiting[node][number] = grad if before is None else before + grad
        if node not in seen:
            seen.add(node)
            # A node that was recorded later comes first; leaves (of the largest number) last.
            heapq.heappush(queue, (-_recorded(node), id(node), node))

    for root, grad in zip(roots, grads or [None] * len(roots), strict=True):
        give(_edge(root), torch.ones_like(root) if grad is None else grad)
    while queue:
        _, _, node = heapq.heappop(queue)
        own = waiting.pop(node)
        seen.discard(node)
        metadata = node._input_metadata
        own = {number: _checked(node, grad, metadata[number]) for number, grad in own.items()}
        if hasattr(node, "variable"):
            if inputs is None:
                leaf = node.variable
                grad = own[0] if leaf.grad is None else leaf.grad + own[0]
                # In the leaf's own layout, on which fused optimisers rely.
                same = grad.stride() == leaf.stride()
                leaf.grad = grad if same else torch.empty_like(leaf).copy_(grad)
            continue
        results = node(*(own.get(number) for number in range(len(metadata))))
        results = results if isinstance(results, tuple) else (results,)
        for edge, grad in zip(node.next_functions, results, strict=True):
            give(edge, grad)
    return found


def _edge(tensor: Tensor):
    if tensor.grad_fn is not None:
        return tensor.grad_fn, tensor.output_nr
    return torch.autograd.graph.get_gradient_edge(tensor)[:2]


def _recorded(node) -> int:
    return -1 if hasattr(node, "variable") else node._sequence_nr()


def _checked(node, grad: Tensor, expected) -> Tensor:
    """The gradient as the engine hands it on: in the shape and type of what it is of."""
    if grad.device != expected.device:
        raise WrongDeviceError(
            f"{node.name()}: the gradient is on {grad.device}, what it is of on {expected.device}"
        )
    if grad.shape != expected.shape:
        grad = grad.sum_to_size(expected.shape)
    return grad if grad.dtype == expected.dtype else grad.to(expected.dtype)


# What only a GPU has.


def _fused_lstm(name: str, args: tuple):
    """The fused cell of an LSTM and its gradient, of which the CPU has none."""
    if name == "_thnn_fused_lstm_cell":
        from_input, from_hidden, cell, input_bias, hidden_bias = (*args, None, None)[:5]
        gates = from_input + from_hidden
        if input_bias is not None:
            gates = gates + input_bias + hidden_bias
        i, f, g, o = gates.chunk(4, 1)
        i, f, g, o = i.sigmoid(), f.sigmoid(), g.tanh(), o.sigmoid()
        new = f * cell + i * g
        return o * new.tanh(), new, torch.cat([i, f, g, o], 1)
    if name == "_thnn_fused_lstm_cell_backward_impl":
        grad_hidden, grad_cell, cell, new, workspace, has_bias = args
        i, f, g, o = workspace.chunk(4, 1)
        squashed = new.tanh()
        through = torch.zeros_like(new) if grad_cell is None else grad_cell
        if grad_hidden is None:
            grad_hidden = torch.zeros_like(new)
        through = through + grad_hidden * o * (1 - squashed.square())
        gates = torch.cat(
            [
                through * g * i * (1 - i),
                through * cell * f * (1 - f),
                through * i * (1 - g.square()),
                grad_hidden * squashed * o * (1 - o),
            ],
            1,
        )
        return gates, through * f, gates.sum(0) if has_bias else gates.new_zeros(0)
    return None
