"""The snapshots of a finished training, as the steps that look at them need them."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from dmvi.data.dataset import Dataset
from dmvi.errors import DmviError
from dmvi.models import Model
from dmvi.steps.train import identity_of
from dmvi.training import snapshots
from dmvi.training.reproducibility import set_up


def each_snapshot(
    checkpoints: Path,
    steps: Sequence[int],
    model: Model,
    seed: int,
    dataset: Dataset,
    log: Callable[[str], None],
) -> Iterator[tuple[int, Path]]:
    """(step, its file) of those steps that there are, the model's weights being that snapshot's and the
    random numbers of each the same; the log names the others.

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
    for step, path in kept.items():
        set_up(seed)
        model.load_state_dict(snapshots.load(path))
        yield step, path
