"""The training settings of a study as rows of a table, each with its source."""

from collections.abc import Iterable
from typing import Any

from dmvi.config import Study

# Settings that the paper states; all others are our choice.
PAPER = {
    "optimizer": "paper",
    "adam_betas": "paper",
    "batch_size": "paper",
    "iterations": "paper",
    "learning_rate": "ours",
}


def settings_rows(study: Study) -> list[dict[str, str]]:
    """setting, value, source: what the study's runs really use, collected over all of them.

    Source is "paper" where the paper states the quantity and "ours" where its text is silent; the
    values are the study's own, which at reduced scale differ from the paper's.
    """
    whats = [run.what for run in study.runs.values()]
    rows = [_row("optimizer", ["Adam"])]
    for key in ("adam_betas", "batch_size", "width", "precision"):
        rows.append(_row(key, _values(whats, key)))
    for data in study.config["data"]:
        of_data = [what for what in whats if what["data"] == data]
        for key in ("iterations", "latent_dim"):
            rows.append(_row(key, _values(of_data, key), data))
        for model in dict.fromkeys(what["model"] for what in of_data):
            of_model = [what for what in of_data if what["model"] == model]
            rows.append(_row("learning_rate", _values(of_model, "learning_rate"), data, model))
    seeds = {seed for run in study.runs.values() for seed in run.seeds}
    rows.append(_row("seeds", sorted(seeds)))
    return [row for row in rows if row["value"]]


def _row(key: str, values: Iterable[Any], *of: str) -> dict[str, str]:
    name = key.replace("_", " ") + (f", {', '.join(of)}" if of else "")
    return {"setting": name, "value": ", ".join(map(str, values)), "source": PAPER.get(key, "ours")}


def _values(whats: list[dict[str, Any]], key: str) -> list[Any]:
    distinct = list(dict.fromkeys(str(what[key]) for what in whats if key in what))
    try:
        return sorted(distinct, key=float)
    except ValueError:
        return distinct
