"""C13, which Figures 8 and 9 decide: do hybrids beat VAEs, and do they beat GANs?"""

import statistics

from dmvi.claims.decide import (
    EQUAL_STANDARD_ERRORS,
    PAPER_DATASETS,
    agree,
    clear,
    over_seeds,
    verdict,
)
from dmvi.claims.declared import decides
from dmvi.claims.ledger import Decision, decision
from dmvi.tables.models import GANS, HYBRIDS, model_title
from dmvi.tables.scores import METRICS, MIN_SETTINGS, best, data_entry, settings

SENSITIVE_RATIO = 1.25  # of interquartile ranges, from which the one counts as larger

# The paper's data set -> the scores that decide there.
SCORES_OF_SAMPLES = {
    "CIFAR-10": ("inception_cifar10", "inception_imagenet"),
    "CelebA": ("diversity",),
}
CRITIC = dict.fromkeys(PAPER_DATASETS, ("critic",))

WINNERS, BEATEN = ("veegan", "vgh", "vgh_plus_plus"), ("vae", "aae")
STEADY = ("vae", *GANS)  # whose sensitivity that of the hybrids is compared with
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
        """A score as a number that is larger the better it is."""
        if self.metric.capped and self.data is not None:
            value = min(value, self.data)
        return self.sign * value

    def best(self, model: str) -> tuple[float, float]:
        """(worth, standard error) of the best setting."""
        top = best(self.settings[model], self.metric)
        return self.worth(top.mean), top.standard_error

    def median(self, model: str) -> tuple[float, float]:
        """(worth, standard error) of the median setting: medians of both."""
        options = self.settings[model]
        value = statistics.median(setting.mean for setting in options)
        return self.worth(value), statistics.median(option.standard_error for option in options)

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
        if mine > SENSITIVE_RATIO * theirs:
            return True
        return False if theirs > SENSITIVE_RATIO * mine else None

    def _ranges(self, models) -> list[float]:
        import numpy as np

        found = []
        for model in models:
            means = [setting.mean for setting in self.settings.get(model, [])]
            if len(means) >= MIN_SETTINGS:
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


@decides("C13", figure="fig8", wanted=SCORES_OF_SAMPLES, optional=("inception_imagenet",))
@decides("C13", figure="fig9", wanted=CRITIC)
def claim_c13(
    tables, wanted: dict[str, tuple[str, ...]], optional: tuple[str, ...] = ()
) -> Decision:
    """Hybrids beat VAEs, but not GANs.

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
    return decision(
        tables,
        datasets,
        statement="VEEGAN, VGH and VGH++ beat VAE and AAE; no hybrid beats the GANs; VGH++ beats "
        f"VGH; hybrids are more sensitive to their settings ({_words(wanted)}).",
        statistic="Best and median setting of two models, per data set and score; a difference "
        f"counts beyond {EQUAL_STANDARD_ERRORS:g} of its standard errors (root of the sum of both "
        "squares; over seeds, never below the score's own; with one seed its sd over critic seeds, "
        "splits or batches), "
        "and best and median must agree. A hybrid that is not better than the better GAN does not "
        "beat the GANs; one that is clearly better refutes it. Diversity above the data's own "
        "counts as the data's. Sensitivity: median interquartile range of the hybrids' settings "
        f"over {SENSITIVE_RATIO} of that of VAE, DCGAN and WGAN-GP, refuted below "
        f"1 / {SENSITIVE_RATIO}; needs {MIN_SETTINGS} settings of each. One part clearly against "
        "refutes the whole. The value is the share of comparisons that came out as claimed.",
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
