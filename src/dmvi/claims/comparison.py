"""C13, which Figures 8 and 9 decide: do hybrids beat VAEs, and do they beat GANs?"""

import statistics

from dmvi.claims.decide import MARGIN, agree, clear, over_seeds, verdict
from dmvi.claims.ledger import claim
from dmvi.figures.models import GANS, HYBRIDS, model_title
from dmvi.figures.score_panels import FEWEST
from dmvi.figures.scores import METRICS, best, data_entry, settings

SENSITIVE = 1.25  # ratio of interquartile ranges that counts as larger

WINNERS, BEATEN = ("veegan", "vgh", "vgh_plus_plus"), ("vae", "aae")
STEADY = ("vae", *GANS)
PARTS = (
    "VEEGAN, VGH and VGH++ beat VAE and AAE",
    "no hybrid beats the GANs",
    "VGH++ beats VGH",
    "hybrids are more sensitive",
)


class _Scores:
    """One score on one data set: best and median of every model, larger being better."""

    def __init__(self, tables, dataset: str, key: str):
        self.metric = METRICS[key]
        self.settings = settings(tables, dataset, key)
        data = data_entry(tables, dataset, key)
        self.data = None if data is None else data["value"]
        self.sign = 1 if self.metric.higher else -1

    def worth(self, value: float) -> float:
        if self.metric.capped and self.data is not None:
            value = min(value, self.data)
        return self.sign * value

    def best(self, model: str) -> tuple[float, float]:
        """(worth, noise) of the best setting."""
        top = best(self.settings[model], self.metric)
        return self.worth(top.mean), top.noise

    def median(self, model: str) -> tuple[float, float]:
        """(worth, noise) of the median setting: medians of both."""
        options = self.settings[model]
        value = statistics.median(setting.mean for setting in options)
        return self.worth(value), statistics.median(setting.noise for setting in options)

    def beats(self, model: str, other: str) -> bool | None:
        """Whether a model is clearly better than another, in its best and its median setting."""
        if model not in self.settings or other not in self.settings:
            return None
        return agree(clear(summary(model), summary(other)) for summary in (self.best, self.median))

    def loses(self, model: str) -> bool | None:
        """Whether a hybrid is no better than the better GAN; clearly better refutes it."""
        if model not in self.settings or any(gan not in self.settings for gan in GANS):
            return None
        outcomes = []
        for summary in (self.best, self.median):
            mine, theirs = summary(model), max(map(summary, GANS))
            outcomes.append(
                True if mine[0] <= theirs[0] else False if clear(mine, theirs) else None
            )
        return agree(outcomes)

    def sensitive(self) -> bool | None:
        """Whether the hybrids' typical interquartile range over settings is the larger one."""
        hybrids, others = self._ranges(HYBRIDS), self._ranges(STEADY)
        if not hybrids or len(others) < len(STEADY):
            return None
        mine, theirs = statistics.median(hybrids), statistics.median(others)
        if mine > SENSITIVE * theirs:
            return True
        return False if theirs > SENSITIVE * mine else None

    def _ranges(self, models) -> list[float]:
        import numpy as np

        found = []
        for model in models:
            means = [setting.mean for setting in self.settings.get(model, [])]
            if len(means) >= FEWEST:
                low, high = np.percentile(means, [25, 75])
                found.append(float(high - low))
        return found

    def outcomes(self) -> list[list[bool | None]]:
        """Of every part of the claim."""
        return [
            [self.beats(model, other) for model in WINNERS for other in BEATEN],
            [self.loses(model) for model in HYBRIDS],
            [self.beats("vgh_plus_plus", "vgh")],
            [self.sensitive()],
        ]


def comparison_claim(tables, figure: str, wanted: dict[str, tuple[str, ...]], optional=()):
    """C13 by the scores of one figure.

    Args:
        wanted: the paper's data set -> scores that decide there; all are needed to hold.
        optional: scores that decide too, but may have been skipped.
    """
    cases = {
        (dataset, key): _Scores(tables, dataset, key)
        for dataset in tables.datasets
        for key in wanted.get(tables.kind(dataset), ())
    }
    cases = {case: scores for case, scores in cases.items() if scores.settings}
    present = {(tables.kind(dataset), key) for dataset, key in cases}
    required = {(k, key) for k, keys in wanted.items() for key in keys if key not in optional}
    parts = [[] for _ in PARTS]
    for scores in cases.values():
        for part, outcomes in zip(parts, scores.outcomes(), strict=True):
            part += outcomes
    every = [outcome for part in parts for outcome in part]
    datasets = list(dict.fromkeys(dataset for dataset, _ in cases))
    texts = [
        f"{words}: {verdict(part, present, required)} (as claimed in {part.count(True)} of "
        f"{len(part)} comparisons, clearly against in {part.count(False)})"
        for words, part in zip(PARTS, parts, strict=True)
    ]
    return claim(
        tables,
        datasets,
        id="C13",
        figure=figure,
        statement="VEEGAN, VGH and VGH++ beat VAE and AAE; no hybrid beats the GANs; VGH++ beats "
        f"VGH; hybrids are more sensitive to their settings ({_words(wanted)}).",
        statistic="Best and median setting of two models, per data set and score; a difference "
        f"counts beyond {MARGIN:g} of its noise (hypotenuse of both standard errors over seeds, "
        "never below the score's own; with one seed its sd over critic seeds, splits or batches), "
        "and best and median must agree. A hybrid that is not better than the better GAN does not "
        "beat the GANs; one that is clearly better refutes it. Diversity above the data's own "
        "counts as the data's. Sensitivity: median interquartile range of the hybrids' settings "
        f"over {SENSITIVE} of that of VAE, DCGAN and WGAN-GP, refuted below 1 / {SENSITIVE}; "
        f"needs {FEWEST} settings of each. One part clearly against refutes the whole. The value "
        "is the share of comparisons that came out as claimed.",
        value=every.count(True) / len(every) if every else None,
        value_text="; ".join([*texts, *_winners(tables, cases)]) if cases else "no scores",
        paper="shown in pictures only",
        verdict=verdict(every, present, required),
        spread=_spread(tables, cases),
    )


def _words(wanted) -> str:
    keys = dict.fromkeys(key for keys in wanted.values() for key in keys)
    names = {"critic": "critic", "diversity": "diversity"}
    return " and ".join(dict.fromkeys(names.get(key, "Inception score") for key in keys))


def _winners(tables, cases) -> list[str]:
    texts = []
    for (dataset, key), scores in cases.items():
        model = max(scores.settings, key=scores.best)
        top = best(scores.settings[model], scores.metric)
        data = "" if scores.data is None else f", {scores.metric.data} {scores.data:.3g}"
        texts.append(
            f"best {key} on {tables.title(dataset)}: {model_title(model)} {top.mean:.3g}{data}"
        )
    return texts


def _spread(tables, cases) -> str:
    """Over seeds of the models' best settings, each score by itself."""
    values: dict[str, dict] = {}
    for (dataset, key), scores in cases.items():
        for model, options in scores.settings.items():
            top = best(options, scores.metric)
            values.setdefault(key, {})[dataset, model] = list(top.values)
    return "; ".join(f"{key}: {over_seeds(found)}" for key, found in values.items())
