"""Describes the settings of a study, from the config itself."""

from pathlib import Path

import pandas as pd

from dmvi import files

STEP = {"version": 2, "wildcards": [], "gives": {}, "gpu": False, "resumes": False}


def settings(study):
    """setting, value and source of every training setting, collected over all runs."""
    from dmvi.study.settings import settings_rows

    return settings_rows(study)


def cost(costs):
    """Small tables."""
    return costs.small()


def describe_settings(rows: list[dict[str, str]], output: Path) -> None:
    """Writes setting, value, source rows, as `dmvi.study.settings` collects them from the config."""
    files.write_csv(output, pd.DataFrame(rows, columns=["setting", "value", "source"]))
