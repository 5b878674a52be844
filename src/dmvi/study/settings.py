"""The training settings of a study as rows of a table, each with its source."""

from collections.abc import Iterable
from typing import Any

from dmvi.study.config import Study

# What the paper's text states, by setting and, where it differs, by builder; all else is our choice. Its
# values for Adam's betas are lost but for those of Appendix D, 0.5 and 0.9, which are ours throughout.
PAPER = {
    "optimizer": "Adam",
    "batch_size": "64",
    ("iterations", "color_mnist"): "100000",
    ("iterations", "cifar10"): "200000",
    ("iterations", "celeba"): "200000",
    ("latent_dim", "color_mnist"): "10, 50, 75, 1000, 10000",
    "weight_encoder": "1.0, 5.0, 10.0, 50.0",
    "weight_generator": "1.0, 5.0, 10.0, 50.0",
}
SWEPT = ("weight_encoder", "weight_generator")


def paper_iterations(builder: str) -> int | None:
    """The length of the paper's trainings on a data set, by its builder; None if it has none."""
    stated = PAPER.get(("iterations", builder))
    return None if stated is None else int(stated)


def settings_rows(study: Study) -> list[dict[str, str]]:
    """setting, value, source: what the study's runs really use, collected over all of them.

    Source is "paper" where the value is the one that the paper states, "ours (paper: VALUE)" where
    the study departs from it, and "ours" where the paper's text is silent.
    """
    specs = [run.spec for run in study.runs.values()]
    rows = [_row("optimizer", ["Adam"])]
    for key in ("adam_betas", "batch_size", "width", "precision"):
        rows.append(_row(key, _values(specs, key)))
    for data in study.data:
        of_data = [spec for spec in specs if spec["data"] == data]
        builder = study.data[data]["builder"]
        for key in ("iterations", "latent_dim"):
            rows.append(_row(key, _values(of_data, key), data, stated=PAPER.get((key, builder))))
    for model in dict.fromkeys(spec["model"] for spec in specs):
        of_model = [spec for spec in specs if spec["model"] == model]
        for player, rates in _learning_rates(of_model).items():
            rows.append(_row("learning_rate", rates, model, *player))
        for key in SWEPT:
            rows.append(_row(key, _values(of_model, key), model))
    seeds = {seed for run in study.runs.values() for seed in run.seeds}
    rows.append(_row("seeds", sorted(seeds)))
    return [row for row in rows if row["value"]]


def _learning_rates(specs: list[dict[str, Any]]) -> dict[tuple[str, ...], list[float]]:
    """(player,) -> its rates, sorted; () -> those that all players share."""
    rates: dict[tuple[str, ...], set[float]] = {}
    for spec in specs:
        rate = spec["learning_rate"]
        of_players = {(k,): v for k, v in rate.items()} if isinstance(rate, dict) else {(): rate}
        for player, value in of_players.items():
            rates.setdefault(player, set()).add(value)
    return {player: sorted(values) for player, values in rates.items()}


def _row(key: str, values: Iterable[Any], *of: str, stated: str | None = None) -> dict[str, str]:
    name = key.replace("_", " ") + (f", {', '.join(of)}" if of else "")
    value = ", ".join(map(str, values))
    stated = PAPER.get(key, stated)
    source = "ours" if stated is None else f"ours (paper: {stated})"
    return {"setting": name, "value": value, "source": "paper" if value == stated else source}


def _values(specs: list[dict[str, Any]], key: str) -> list[Any]:
    distinct = list(dict.fromkeys(str(spec[key]) for spec in specs if key in spec))
    try:
        return sorted(distinct, key=float)
    except ValueError:
        return distinct
