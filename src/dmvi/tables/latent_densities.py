"""Estimates of q(z)'s density: by classifiers against the prior, and by density models."""

from dmvi.errors import DmviError

DENSITY_MODELS = {"gmm": "GMM", "maf": "MAF", "lstm": "LSTM"}  # name -> title
ENTRY_KEYS = (
    *("settings", "value", "standard_error", "n"),
    *("heldout", "accuracy", "calibration_error"),
)


def classifier_estimates(tables, run, seed: int, name: str) -> list[dict]:
    """The entries of density_ratio/{name}.json, one per setting of the classifier.

    Raises:
        DmviError: there is no entry, or one without the keys that are read.
    """
    file = f"density_ratio/{name}.json"
    entries = tables.json(run, seed, file)["estimates"]
    where = f"runs/{run.name}/seed{seed}/{file}"
    if not isinstance(entries, list) or not entries:
        raise DmviError(
            f"{where} holds no estimates, but needs one per setting of the classifier: remove it "
            "and run its step again"
        )
    for i, entry in enumerate(entries):
        absent = [key for key in ENTRY_KEYS if key not in entry]
        if absent:
            raise DmviError(
                f"{where} holds no {', '.join(absent)} in its estimate {i}: remove it and run its "
                "step again"
            )
    return entries


def changed_alone(entries: list[dict], key: str) -> list[tuple[dict, dict]]:
    """Every entry with a setting switched on, and the one that differs in that setting alone.

    Those without such a counterpart, in which it is off, are left out.
    """

    def others(entry: dict) -> dict:
        return {name: value for name, value in entry["settings"].items() if name != key}

    on = [entry for entry in entries if entry["settings"].get(key)]
    off = [entry for entry in entries if not entry["settings"].get(key)]
    pairs = [(e, next((o for o in off if others(o) == others(e)), None)) for e in on]
    return [(one, other) for one, other in pairs if other is not None]


def monte_carlo_and_classifier(tables, run) -> list[tuple[dict, dict]]:
    """The Monte Carlo KL and the default classifier's estimate of it, a pair per seed."""
    return [
        (
            tables.json(run, seed, "kl.json"),
            classifier_estimates(tables, run, seed, "default")[0],
        )
        for seed in run.seeds
    ]
