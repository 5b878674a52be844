"""Whether a table is all that its step wrote: a file that was cut in the middle still reads as a table.

What a whole table must have follows from files beside it (`run.json`, `kl.json`, the JSON file of the same
name, arrays' headers) or from itself. A check that has nothing to compare with passes.
"""

from collections.abc import Callable
from pathlib import Path

from dmvi.errors import DmviError
from dmvi.files import read_json, remake

Check = Callable[[object, Path], str | None]  # (table, its path) -> what is missing


def check_ending(path: Path) -> None:
    """Refuses a CSV file that ends in the middle of a line.

    Raises:
        DmviError: naming the file and how to make it again.
    """
    with open(path, "rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - 1))
        last = file.read(1)
    if last not in (b"\n", b""):
        raise DmviError(f"{path} is cut in the middle of a line; {remake(path)}")


def check_whole(table, path: Path, name: str) -> None:
    """Refuses a table that lacks rows.

    Args:
        table: the DataFrame that the file holds.
        path: of the file.
        name: below the run's folder, or below `results` for a table of the study.

    Raises:
        DmviError: naming the file, what is missing, and how to make it again.
    """
    check = _CHECKS.get(name) or _CHECKS.get(name.split("/")[0] + "/")
    missing = check(table, path) if check is not None else None
    if missing is not None:
        raise DmviError(f"{path} is cut: {missing}; {remake(path)}")


def _beside(path: Path, name: str) -> dict:
    """The content of a JSON file beside the table; empty if there is none to compare with."""
    try:
        value = read_json(path.with_name(name))
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def _rows_of_array(path: Path, name: str) -> int | None:
    """Rows of an array beside the table, by its header."""
    import numpy as np

    try:
        return len(np.load(path.with_name(name), mmap_mode="r", allow_pickle=False))
    except (OSError, ValueError, TypeError):
        return None


def _kl_curve(table, path: Path) -> str | None:
    kl = _beside(path, "kl.json")
    last = int(table["components"].iloc[-1])
    if kl.get("components") not in (None, last):
        return f"it ends with {last:,} posteriors, not with the {kl['components']:,} of kl.json"
    return None


def _bound(table, path: Path) -> str | None:
    run = _beside(path, "run.json")
    if "iterations" not in run or "bound_every" not in run:
        return None
    last, steps, every = int(table["step"].iloc[-1]), run["iterations"], run["bound_every"]
    if last + every <= steps:
        return f"it ends at step {last:,}, with a row every {every:,} of {steps:,} steps"
    return None


def _profile(table, path: Path) -> str | None:
    latent_dim = _beside(path, "run.json").get("latent_dim", len(table))
    return f"it has {len(table)} of {latent_dim} units" if len(table) < latent_dim else None


def _histograms(table, path: Path) -> str | None:
    counts = table["quantity"].value_counts()
    if set(counts.index) != {"mean", "variance"} or counts.nunique() != 1:
        return f"it has {dict(counts)} bins"
    return None


def _ratio(table, path: Path) -> str | None:
    estimates = _beside(path, f"{path.stem}.json").get("estimates")
    if not estimates or "step" not in table:
        return None
    wanted = estimates[-1].get("settings", {}).get("iterations")
    setting, step = int(table["setting"].iloc[-1]), int(table["step"].iloc[-1])
    if setting != len(estimates) - 1 or wanted not in (None, step):
        return f"it ends with step {step:,} of setting {setting}, of {len(estimates)} settings"
    return None


def _density_model(table, path: Path) -> str | None:
    steps = _beside(path, f"{path.stem}.json").get("settings", {}).get("iterations")
    last = int(table["step"].iloc[-1])
    return f"it ends at step {last:,} of {steps:,}" if steps not in (None, last) else None


def _one_per_sample(table, path: Path) -> str | None:
    samples = _rows_of_array(path, "neighbours.npy")
    return f"it has {len(table)} of {samples} rows" if samples not in (None, len(table)) else None


def _one_per_ordinary_sample(table, path: Path) -> str | None:
    samples = _rows_of_array(path, "standard_images.npy")
    return f"it has {len(table)} of {samples} rows" if samples not in (None, len(table)) else None


def _log_q(table, path: Path) -> str | None:
    draws = _rows_of_array(path, "draws.npy")
    counts = table["group"].value_counts()
    if draws is None:
        return None
    codes = min(1000, draws, _beside(path.parent, "kl.json").get("components", draws))
    if counts.get("prior", 0) != draws or counts.get("posterior", 0) < codes:
        return f"it has {dict(counts)} rows, of {draws} prior draws and {codes} codes"
    return None


def _groups_as_in(other: str) -> Check:
    """The same number of images of each group as another table beside it has."""

    def check(table, path: Path) -> str | None:
        import pandas as pd

        beside = path.with_name(other)
        try:
            wanted = pd.read_csv(beside, usecols=["group"])["group"].value_counts()
        except (OSError, ValueError):
            return None
        counts = table["group"].value_counts()
        short = [name for name in wanted.index if counts.get(name, 0) < wanted[name]]
        if short:
            each = (f"{counts.get(name, 0)} of {wanted[name]} rows of {name}" for name in short)
            return f"it has {', '.join(each)}"
        return None

    return check


def _pixels(table, path: Path) -> str | None:
    counts = table.groupby(["group", "channel"]).size()
    channels = table.groupby("group")["channel"].nunique()
    return "its groups have unequal bins" if counts.nunique() + channels.nunique() != 2 else None


def _embedding(table, path: Path) -> str | None:
    samples = _rows_of_array(path, "neighbours.npy")
    found = int((table["group"] == "low_posterior").sum())
    return (
        f"it has {found} of {samples} low-posterior points"
        if samples not in (None, found)
        else None
    )


_CHECKS: dict[str, Check] = {
    "kl_curve.csv": _kl_curve,
    "bound.csv": _bound,
    "profile.csv": _profile,
    "profile_histograms.csv": _histograms,
    "density_ratio/default_calibration.csv": lambda table, path: None,
    "density_ratio/": _ratio,
    "density_models/": _density_model,
    "low_posterior/neighbours.csv": _one_per_sample,
    "low_posterior/standard_neighbours.csv": _one_per_ordinary_sample,
    "low_posterior/ranks.csv": _one_per_sample,
    "low_posterior/log_q.csv": _log_q,
    "low_posterior/bounds.csv": _groups_as_in("images.csv"),
    "low_posterior/images.csv": _groups_as_in("bounds.csv"),
    "low_posterior/pixels.csv": _pixels,
    "low_posterior/embedding.csv": _embedding,
}
