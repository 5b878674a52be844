"""One score of the compared models on one data set: which is better, given settings and budgets.

A model with more settings has a luckier best one. Bests are therefore compared at equal numbers of
settings, in expectation over which ones they are.
"""

import math
import statistics
from collections.abc import Sequence

from dmvi.claims.decide import agree, clear
from dmvi.claims.judge import Outcome, same_budget
from dmvi.tables.models import GANS, HYBRIDS
from dmvi.tables.scores import METRICS, MIN_SETTINGS, Setting, best, data_entry, settings

SENSITIVE_RATIO = 1.25  # of interquartile ranges, from which the one counts as larger
LEFT_OUT = ("avb", "avb_ac")  # hybrids that the paper does not compare (section 6)
COMPARED = tuple(model for model in HYBRIDS if model not in LEFT_OUT)
STEADY = ("vae", *GANS)  # whose sensitivity that of the hybrids is compared with

Value = tuple[float, float]  # worth, larger being better, and its standard error


def best_of(options: Sequence[Value], count: int) -> Value:
    """The expected best of `count` of the options, drawn without replacement.

    E max = sum over k of v_(k) C(k - 1, count - 1) / C(N, count), v_(1) <= ... <= v_(N). The error
    joins the options' own, weighted alike, and the spread of the best over draws.
    """
    ordered = sorted(options)
    total = math.comb(len(ordered), count)
    weights = [math.comb(k, count - 1) / total for k in range(len(ordered))]
    mean = sum(w * v for w, (v, _) in zip(weights, ordered, strict=True))
    luck = sum(w * (v - mean) ** 2 for w, (v, _) in zip(weights, ordered, strict=True))
    own = sum(w * error for w, (_, error) in zip(weights, ordered, strict=True))
    return mean, math.hypot(own, math.sqrt(luck))


class Scores:
    """One score on one data set: best and median of every model, larger being better."""

    def __init__(self, tables, dataset: str, key: str):
        self.metric = METRICS[key]
        self.settings = settings(tables, dataset, key)
        data = data_entry(tables, dataset, key)
        self.data = None if data is None else data["value"]
        self.data_sd = 0.0 if data is None else float(data.get("sd") or 0.0)

    def values(self, model: str) -> list[Value]:
        """(worth, standard error) of every setting."""
        return [
            (self.metric.worth(s.mean, self.data), s.standard_error) for s in self.settings[model]
        ]

    def top(self, model: str) -> Setting:
        """The best setting, of as many as there are."""
        return best(self.settings[model], self.metric, self.data)

    def summaries(self, model: str, other: str) -> list[tuple[Value, Value]]:
        """Of both models: the best of equally many settings, and the median setting."""
        values = [self.values(name) for name in (model, other)]
        count = min(map(len, values))
        bests = tuple(best_of(options, count) for options in values)
        medians = tuple(
            tuple(map(statistics.median, zip(*options, strict=True))) for options in values
        )
        return [bests, medians]

    def comparable(self, *models: str) -> bool:
        """Whether all settings of these models had one budget."""
        return same_budget(*(s.run for model in models for s in self.settings[model]))

    def beats(self, model: str, other: str) -> Outcome:
        """Whether a model is clearly better than another, in its best and its median setting."""
        if not {model, other} <= set(self.settings) or not self.comparable(model, other):
            return None
        return agree(clear(mine, theirs) for mine, theirs in self.summaries(model, other))

    def loses(self, model: str) -> Outcome:
        """Whether a hybrid is no better than the better GAN; clearly better than both refutes it."""
        if model not in self.settings:
            return None
        outcomes = [self._behind(model, gan) for gan in GANS]
        if True in outcomes:
            return True
        return False if all(outcome is False for outcome in outcomes) else None

    def _behind(self, model: str, gan: str) -> Outcome:
        """Whether a model is no better than a GAN; False where it is clearly better."""
        if gan not in self.settings or not self.comparable(model, gan):
            return None
        return agree(
            True if mine[0] <= theirs[0] else False if clear(mine, theirs) else None
            for mine, theirs in self.summaries(model, gan)
        )

    def sensitive(self) -> Outcome:
        """Whether the hybrids' typical interquartile range over settings is the larger one."""
        present = [model for model in (*COMPARED, *STEADY) if model in self.settings]
        if not present or not self.comparable(*present):
            return None
        hybrids, others = self._ranges(COMPARED), self._ranges(STEADY)
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

    def runs(self, models) -> list:
        """The runs behind these models' scores."""
        return [s.run for model in models for s in self.settings.get(model, [])]
