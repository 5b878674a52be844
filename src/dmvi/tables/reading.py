"""Reads the tables on disk and checks what they hold; every error is one sentence."""

from pathlib import Path

from dmvi.errors import DmviError
from dmvi.files import read_json, remake
from dmvi.tables.whole import check_ending, check_whole

# What a table must hold before a figure uses it; checked at every reading.
KEYS = {
    "run.json": ("data", "model", "latent_dim"),  # posterior and likelihood where a model has them
    "meta.json": ("builder", "title", "standin"),
    "kl.json": ("value", "standard_error", "n", "lower", "avg_kl", "components", "heldout"),
    "quality.json": (
        *("reconstruction_mse", "n_reconstructions"),
        *("sharpness_originals", "sharpness_reconstructions"),
    ),
    "scores.json": ("scores",),
    "likelihood.json": (
        *("value", "method", "n", "ais", "is", "elbo", "gap", "ess", "acceptance", "gate", "flags"),
    ),
    "points.json": ("kl", "avg_kl", "far_mass", "images"),
    "codes.json": ("latent_dim", "two_sample", "moments", "probes"),
    **{f"density_ratio/{name}.json": ("estimates",) for name in ("default", "table1", "table2")},
    **{
        f"density_models/{name}.json": (
            *("value", "standard_error", "n", "log_r", "log_q", "gap", "gap_standard_error"),
            *("heldout", "settings", "num_parameters"),
        )
        for name in ("gmm", "maf", "lstm")
    },
}
# Columns of results that hold words; all others hold numbers.
TEXTS = ("group", "quantity", "divergence", "classifier")
_ESTIMATED = ("true_kl", "estimate", "standard_error", "n", "num_parameters")
# Of these an empty cell says that there is no such number: no covariance has a log det of constant codes.
MAY_LACK = ("logdet", "logdet_per_latent")
COLUMNS = {
    "kl_curve.csv": ("components", "value", "standard_error"),
    "codes_curve.csv": ("step", "mmd2_gaussian", "mmd2_imq", "logdet", "logdet_per_latent"),
    "bound.csv": ("step", "bound", "standard_error", "fit", "divergence"),
    **{
        f"density_ratio/{name}.csv": ("setting", "step", "estimate", "standard_error", "heldout")
        for name in ("default", "table1", "table2")
    },
    "density_ratio/default_calibration.csv": ("setting", "predicted", "observed", "count"),
    **{
        f"density_models/{name}.csv": ("step", "log_r", "standard_error", "heldout_log_r")
        for name in ("gmm", "maf", "lstm")
    },
    "profile.csv": ("unit", "mean_of_means", "variance_of_means", "mean_variance", "kl"),
    "profile_histograms.csv": ("quantity", "left", "right", "density"),
    **{
        f"synthetic/{kind}.csv": (*case, "seed", "step", *_ESTIMATED)
        for kind, case in {
            "estimation": ("dim", "learning_rate", "shift"),
            "separated": ("divergence", "classifier", "dim", "learning_rate", "kl"),
            "learning": ("dim", "learning_rate"),
            "exact": ("dim", "learning_rate"),
        }.items()
    },
    "low_posterior/log_q.csv": ("group", "log_q"),
    "low_posterior/neighbours.csv": ("rank", "index", "distance"),
    "low_posterior/standard_neighbours.csv": ("rank", "index", "distance"),
    "low_posterior/bounds.csv": ("group", "index", "bound", "kl"),
    "low_posterior/pixels.csv": ("group", "channel", "bin", "density"),
    "low_posterior/images.csv": ("group", "index", "ink", "near_white"),
    "low_posterior/embedding.csv": ("group", "x", "y"),
    "low_posterior/ranks.csv": ("index", "rank"),
    "points_curves.csv": ("z", "prior", "marginal"),
    "points_pixels.csv": ("value", "probability"),
    "tables/networks.csv": (
        *("table", "network", "image_shape", "layer"),
        *("operation", "output_shape", "parameters"),
    ),
    "tables/settings.csv": ("setting", "value", "source"),
}


def read_table_json(path: Path, name: str) -> dict:
    try:
        value = read_json(path)
    except FileNotFoundError:
        raise _missing(path) from None
    except (OSError, ValueError) as error:
        raise DmviError(f"{path} is not valid JSON ({error}): {remake(path)}") from None
    keys = KEYS.get(name, ())
    if not isinstance(value, dict) or any(key not in value for key in keys):
        held = ", ".join(value) if isinstance(value, dict) else type(value).__name__
        raise DmviError(
            f"{path} holds {held or 'nothing'}, but needs {', '.join(keys)}: {remake(path)}"
        )
    return value


def read_table_csv(path: Path, name: str):
    import numpy as np
    import pandas as pd

    try:
        check_ending(path)
        table = pd.read_csv(path)
    except DmviError:
        raise
    except FileNotFoundError:
        raise _missing(path) from None
    except (OSError, ValueError) as error:  # pandas' parsing errors are ValueErrors
        raise DmviError(f"{path} is not a CSV table ({_one_line(error)}): {remake(path)}") from None
    columns = COLUMNS.get(name, ())
    absent = [column for column in columns if column not in table]
    if absent or table.empty:
        held = "no rows" if not absent else f"no column {', '.join(absent)}"
        raise DmviError(
            f"{path} holds {held}, but needs rows of {', '.join(columns)}: {remake(path)}"
        )
    texts = [c for c in columns if c not in TEXTS and not pd.api.types.is_numeric_dtype(table[c])]
    if texts and not name.startswith("tables/"):  # those are written of words
        raise DmviError(
            f"{path} holds what is no number in column {', '.join(texts)}, so it is damaged: {remake(path)}"
        )
    numbers = table[list(columns)].select_dtypes("number")
    wrong = [
        c
        for c in numbers
        if not np.isfinite(numbers[c].dropna() if c in MAY_LACK else numbers[c]).all()
    ]
    if wrong:
        raise DmviError(
            f"{path} holds values that are not finite in column {', '.join(wrong)}: "
            "its run has probably diverged, train it with a smaller learning rate"
        )
    check_whole(table, path, name)
    return table


def read_array(path: Path, mapped: bool = False):
    """A numpy array; `mapped`: its rows stay on the disk until they are read."""
    import numpy as np

    try:
        return np.load(path, mmap_mode="r" if mapped else None, allow_pickle=False)
    except FileNotFoundError:
        raise _missing(path) from None
    except (OSError, ValueError, EOFError) as error:
        raise DmviError(
            f"{path} is not a plain numpy array ({_one_line(error)}): {remake(path)}"
        ) from None


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]


def _missing(path: Path) -> DmviError:
    return DmviError(
        f"{path} does not exist: the figure needs it, run the workflow up to that file"
    )


def group(table, name: str, where: str):
    """The rows of one group of a table; `where` names the table in the error message."""
    rows = table[table["group"] == name]
    if rows.empty:
        held = ", ".join(sorted(map(str, table["group"].unique())))
        raise DmviError(f"{where} has no rows of group {name}, only of {held}")
    return rows
