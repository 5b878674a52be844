"""Puts tables of the same columns one below the other."""

from pathlib import Path

import pandas as pd

from dmvi import files
from dmvi.errors import DmviError
from dmvi.tables.reading import read_table_csv

STEP = {"version": 1, "wildcards": ["kind"], "gives": {}, "gpu": False, "resumes": False}


def cost(costs, kind):
    """Small tables."""
    return costs.small()


def collect_synthetic(tables: list[Path], output: Path) -> None:
    """Writes the rows of all CSV tables, in the order given, into one.

    Raises:
        DmviError: a table has other columns than the first.
    """
    parts = [read_table_csv(path, f"synthetic/{path.parent.name}.csv") for path in tables]
    for path, part in zip(tables, parts, strict=True):
        if list(part) != list(parts[0]):
            raise DmviError(
                f"{path} has the columns {', '.join(part)}, but {tables[0]} has "
                f"{', '.join(parts[0])}; remove the older one and run its step again"
            )
    files.write_csv(output, pd.concat(parts))
