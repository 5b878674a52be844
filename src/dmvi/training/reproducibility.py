"""Seeds, precision and threads: the one place that touches torch's global state."""

from contextlib import nullcontext

import torch

from dmvi.errors import DmviError

PRECISIONS = ("float32", "tf32", "bfloat16")


def choose_device(name: str) -> torch.device:
    """`auto` is a GPU if there is one, else the CPU; anything else is torch's own device name."""
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    if name.startswith("cuda") and not torch.cuda.is_available():
        raise DmviError(f"device is {name!r}, but torch sees no GPU here; use 'cpu' or 'auto'")
    return torch.device(name)


def set_up(seed: int, precision: str = "float32") -> None:
    """Seeds torch's global generators (CPU and GPU) and sets the precision of float32 products.

    On the CPU, the same seed, thread count and torch version give the same bits. On a GPU cuDNN may
    choose other algorithms from run to run, so results agree only statistically.
    """
    torch.manual_seed(seed)
    torch.set_float32_matmul_precision("high" if precision == "tf32" else "highest")
    torch.backends.cudnn.allow_tf32 = precision == "tf32"
    torch.backends.cudnn.benchmark = True


def autocast(device: torch.device, precision: str):
    """The context of a forward pass: bfloat16 autocast for `bfloat16`, nothing otherwise."""
    if precision == "bfloat16":
        return torch.autocast(device.type, dtype=torch.bfloat16)
    return nullcontext()


def rng_state(device: torch.device) -> dict[str, torch.Tensor]:
    """The states of torch's global generators."""
    state = {"cpu": torch.get_rng_state()}
    if device.type == "cuda":
        state["cuda"] = torch.cuda.get_rng_state(device)
    return state


def restore_rng_state(state: dict[str, torch.Tensor], device: torch.device) -> None:
    """Puts back what `rng_state` returned."""
    torch.set_rng_state(state["cpu"].cpu())
    if device.type == "cuda":
        torch.cuda.set_rng_state(state["cuda"].cpu(), device)
