"""How a run is computed, not what: a change of these keys retrains nothing."""

from typing import Any

# Every key with the value that holds where neither the run nor `defaults` sets it.
HOW: dict[str, Any] = {
    "threads": 4,
    "gpu": 1,  # GPUs that a job asks the cluster for
    "checkpoint_every": 5000,  # steps
    "checkpoint_minutes": 10,
    "cuda_graphs": False,
    "snapshots": [],  # steps after which the model is kept
    "minutes": None,  # time limit of a training; None: what the cost model expects, and more
    "mem_mb": None,  # its memory, likewise
    "scored": True,
}


def how_of(block: dict[str, Any]) -> dict[str, Any]:
    """All of these keys, as a run's keys or `defaults` set them."""
    return {key: block.get(key, value) for key, value in HOW.items()}
