"""Scores of samples: reading them, gathering them by model, and which setting is best.

A *setting* is one run: the seeds of one configuration. A model has as many settings on a data set
as the study's sweeps give it.
"""

import math
from dataclasses import dataclass

from dmvi.errors import DmviError
from dmvi.study.declarations import declared_scores
from dmvi.tables.distinctions import distinctions
from dmvi.tables.models import in_order, model_title
from dmvi.tables.results import DrawnRun, Tables

SCORES = "scores.json"
COLLAPSED = 0.25  # samples whose mean pairwise distance is below this share of the data's
# What chooses a model's best run, first to last, in a footer's words; all are distances.
CHOOSING = {
    "critic": "the critic",
    "sliced_wasserstein": "the sliced Wasserstein distance to test images",
}
MIN_SETTINGS = 4  # of a model, from which on quartiles over its settings are given


@dataclass(frozen=True)
class Metric:
    """A score: its key in scores.json, its words, and which way it is better.

    `data` is what the score of the data themselves is called. A score with `towards_data` is the
    better the nearer it is to the data's own value: noise is more diverse than faces are.
    """

    key: str
    title: str
    axis: str
    higher: bool
    data: str
    towards_data: bool = False

    def worth(self, value: float, data: float | None) -> float:
        """A score as a number that is the larger the better it is; `data`: the data's own, if known."""
        if self.towards_data and data is not None:
            return -abs(value - data)
        return value if self.higher else -value


# Those that figures compare: of every entry of a score's file that has a title.
METRICS = {
    key: Metric(key=key, **words)
    for score in declared_scores().values()
    for key, words in score["entries"].items()
    if "title" in words
}


@dataclass(frozen=True)
class Setting:
    """The score of one run: a value per seed, and the score's own sd for each."""

    run: DrawnRun
    seeds: tuple[int, ...]
    values: tuple[float, ...]
    sds: tuple[float, ...]

    @property
    def mean(self) -> float:
        return sum(self.values) / len(self.values)

    @property
    def sd(self) -> float:
        """Standard deviation over seeds; with one seed the score's own."""
        if len(self.values) < 2:
            return self.sds[0]
        return math.sqrt(sum((v - self.mean) ** 2 for v in self.values) / (len(self.values) - 1))

    @property
    def standard_error(self) -> float:
        """Of the mean: from the spread over seeds, and never below the score's own.

        With one seed it is the score's own sd, undivided: what another seed would give is unknown.
        """
        own = sum(self.sds) / len(self.sds)
        return max(self.sd, own) / math.sqrt(len(self.values))


def entry(tables: Tables, run: DrawnRun, seed: int, name: str) -> dict | None:
    """One score of one seed; None where it was skipped or not asked for."""
    return _entry(tables.json(run, seed, SCORES), name, f"runs/{run.name}/seed{seed}/{SCORES}")


def data_entry(tables: Tables, dataset: str, name: str) -> dict | None:
    """The score of the data themselves; None where it was skipped or not asked for."""
    return _entry(tables.data_json(dataset, SCORES), name, f"data/{dataset}/{SCORES}")


def _entry(scores: dict, name: str, where: str) -> dict | None:
    found = scores["scores"].get(name)
    if found is None or "skipped" in found:
        return None
    value = found.get("value")
    if not isinstance(value, int | float) or not math.isfinite(value):
        raise DmviError(
            f"{where} holds {value!r} as the value of {name}, but needs a finite number: remove it "
            "and run its step again"
        )
    return found


def skipped(tables: Tables, names, dataset: str | None = None) -> list[str]:
    """The distinct reasons why scores were skipped, in sentences that name the score."""
    reasons: dict[str, None] = {}
    for run in tables.runs:
        if dataset is None or run.data == dataset:
            for seed in run.seeds:
                scores = tables.json(run, seed, SCORES)["scores"]
                for name in names:
                    reason = scores.get(name, {}).get("skipped")
                    if reason:
                        title = METRICS[name].title if name in METRICS else name
                        reasons[f"{title} skipped: {reason.rstrip('.')}."] = None
    return list(reasons)


def asked(tables: Tables, dataset: str, name: str) -> bool:
    """Whether any run on the data set has this score, were it only a skipped one."""
    return any(
        name in tables.json(run, seed, SCORES)["scores"]
        for run in tables.datasets[dataset]
        for seed in run.seeds
    )


def settings(tables: Tables, dataset: str, name: str) -> dict[str, list[Setting]]:
    """Model -> its settings on a data set that have this score, in the figures' order."""
    found: dict[str, list[Setting]] = {}
    runs = tables.datasets.get(dataset, [])
    for model in in_order(run.model for run in runs):
        for run in runs:
            entries = {s: entry(tables, run, s, name) for s in run.seeds if run.model == model}
            entries = {seed: e for seed, e in entries.items() if e is not None}
            if entries:
                values = tuple(float(e["value"]) for e in entries.values())
                sds = tuple(float(e.get("sd") or 0.0) for e in entries.values())
                found.setdefault(model, []).append(Setting(run, tuple(entries), values, sds))
    return found


def setting_of(settings: dict[str, list[Setting]], model: str, run: DrawnRun) -> Setting | None:
    """The setting of a run among those of its model, as `settings` gives them; None without one."""
    return next((setting for setting in settings.get(model, []) if setting.run == run), None)


def best(options: list[Setting], metric: Metric, data: float | None = None) -> Setting:
    """The setting with the best mean over seeds, given the data's own score; the first of equal ones."""
    return max(options, key=lambda setting: metric.worth(setting.mean, data))


def best_runs(tables: Tables, dataset: str) -> dict[str, DrawnRun]:
    """Model -> its best run on a data set: the lowest critic distance, mean over seeds.

    Where a model has no such score, the sliced Wasserstein distance decides, then the order of
    runs.
    """
    return {model: run for model, (run, _) in _chosen(tables, dataset).items()}


def _chosen(tables: Tables, dataset: str) -> dict[str, tuple[DrawnRun, str]]:
    """Model -> its best run, and what chose it; both scores are distances."""
    runs = tables.datasets.get(dataset, [])
    by_score = {name: settings(tables, dataset, name) for name in CHOOSING}
    chosen = {}
    for model in in_order(run.model for run in runs):
        name = next((name for name, found in by_score.items() if model in found), None)
        mine = [run for run in runs if run.model == model]
        run = best(by_score[name][model], METRICS["critic"]).run if name else mine[0]
        chosen[model] = run, CHOOSING.get(name, "the order of runs")
    return chosen


def chosen_runs(tables: Tables) -> str:
    """The settings of the best run of every model that had a choice, for a footer."""
    parts: dict[str, dict[str, list[str]]] = {}
    for dataset, runs in tables.datasets.items():
        for model, (run, chooser) in _chosen(tables, dataset).items():
            told_apart = distinctions(other for other in runs if other.model == model)
            if len(told_apart) > 1:
                texts = parts.setdefault(chooser, {}).setdefault(tables.title(dataset), [])
                texts.append(f"{model_title(model)} ({told_apart[run.name]})")
    sentences = []
    for chooser, of in parts.items():
        found = "; ".join(f"{title}: {', '.join(texts)}" for title, texts in of.items())
        sentences.append(f"Best runs by {chooser}: {found}.")
    return " ".join(sentences)


def spread_ratio(tables: Tables, run: DrawnRun, seed: int) -> float | None:
    """Mean pairwise pixel distance of a model's samples relative to the data's; None if unknown."""
    samples, data = entry(tables, run, seed, "spread"), data_entry(tables, run.data, "spread")
    if samples is None or data is None or data["value"] <= 0:
        return None
    return samples["value"] / data["value"]


def collapsed(tables: Tables, run: DrawnRun, seed: int) -> bool:
    """Whether the samples of a seed are almost all alike."""
    ratio = spread_ratio(tables, run, seed)
    return ratio is not None and ratio < COLLAPSED
