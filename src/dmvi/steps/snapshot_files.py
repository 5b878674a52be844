"""The snapshots of a finished training, as the steps that look at them need them."""

from collections.abc import Callable, Sequence
from pathlib import Path

from dmvi.data.dataset import Dataset
from dmvi.errors import DmviError
from dmvi.models import Model
from dmvi.steps.train import identity_of
from dmvi.training import snapshots


def kept_snapshots(
    checkpoints: Path,
    steps: Sequence[int],
    model: Model,
    seed: int,
    dataset: Dataset,
    log: Callable[[str], None],
) -> dict[int, Path]:
    """step -> snapshot, of those steps that there are; the log names the others.

    Args:
        checkpoints: the training's folder, in which the snapshots lie.
        model: of its spec, with the seed and the data set, it is known whose snapshots they must be.

    Raises:
        DmviError: there is none at all.
    """
    identity = identity_of(model.spec, seed, dataset)
    found = snapshots.find(checkpoints, identity)
    if missing := [step for step in steps if step not in found]:
        log(f"no snapshot of step {', '.join(map(str, missing))} in {checkpoints}: left out")
    kept = {step: found[step] for step in steps if step in found}
    if not kept:
        raise DmviError(
            f"{checkpoints} holds no snapshot of this training (identity {identity}); it was trained "
            "before they were asked for: train it anew, or take the run out of the figure"
        )
    return kept
