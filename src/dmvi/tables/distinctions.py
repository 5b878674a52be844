"""What tells runs apart, in a reader's words: their settings, not their names in a config."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from dmvi.tables.results import LIKELIHOOD_LABELS, NO_SETTINGS, POSTERIOR_LABELS, DrawnRun

_OWN = (*NO_SETTINGS, "data")
_WORDS = {"latent_dim": "d\u00a0=", "iterations": "training steps", "beta": "β\u00a0="}
_LABELS = {"posterior": POSTERIOR_LABELS, "likelihood": LIKELIHOOD_LABELS}


def distinctions(runs: Iterable[DrawnRun]) -> dict[str, str]:
    """Run -> the settings in which it differs from others: "learning rate of discriminator 0.0002".

    Runs of the same settings are told apart by their names: "run cifar10_second".
    """
    settings = {run.name: dict(_flat(run.spec)) for run in runs}
    keys = dict.fromkeys(key for of in settings.values() for key in of)
    differ = [key for key in keys if len({str(of.get(key)) for of in settings.values()}) > 1]
    texts = {
        name: ", ".join(_said(key, of[key]) for key in differ if of.get(key) is not None)
        for name, of in settings.items()
    }
    shared = list(texts.values())
    return {
        name: text if shared.count(text) == 1 else ", ".join(filter(None, (text, f"run {name}")))
        for name, text in texts.items()
    }


def described(run: DrawnRun, keys: Iterable[str]) -> str:
    """A run's values of some settings, of those that it has: "d = 128, learning rate 0.0001"."""
    own = dict(_flat(run.spec))
    return ", ".join(_said(key, own[key]) for key in keys if key in own)


def departures(run: DrawnRun, base: DrawnRun) -> dict[str, str]:
    """Setting -> how a run has it otherwise than another, in words: "smallest sigma 0.02"."""
    own, others = dict(_flat(run.spec)), dict(_flat(base.spec))
    return {
        key: _said(key, own[key]) if key in own else f"no {_name(key)}"
        for key in dict.fromkeys((*own, *others))
        if str(own.get(key)) != str(others.get(key))
    }


def _flat(spec: dict[str, Any]):
    """(key, value) of every setting; ("learning_rate of discriminator", 0.0002) of one in a mapping."""
    for key, value in spec.items():
        if key in _OWN:
            continue
        if isinstance(value, dict):
            yield from ((f"{key} of {inner}", one) for inner, one in value.items())
        else:
            yield key, value


def _said(key: str, value: Any) -> str:
    if key in _LABELS:
        return _LABELS[key].get(value, str(value))
    if isinstance(value, bool):
        return f"{_name(key)} {'on' if value else 'off'}"
    return f"{_name(key)}\u00a0{_number(value)}"


def _name(key: str) -> str:
    return _WORDS.get(key, key.replace("_", " "))


def _number(value: Any) -> str:
    """ "100,000", "0.00002": without an exponent; other values as they are."""
    if isinstance(value, float):
        return f"{Decimal(f'{value:.6g}').normalize():f}"
    return f"{value:,}" if isinstance(value, int) else str(value)
