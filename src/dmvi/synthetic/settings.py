"""The jobs of the synthetic study. Imports nothing heavy: the workflow reads it at every start."""

from typing import Any

FEW_DIMENSIONS = 10  # figure 19 draws the dimensions up to this one, figure 20 those above
SHARED = (
    "seeds",
    "members",
    "spread",
    "layers",
    "batch_size",
    "adam_betas",
    "precision",
    "samples",
)


def synthetic_settings(config: dict[str, Any]) -> dict[str, dict[str, dict[str, Any]]]:
    """ "d10-lr0.0005" -> {"estimation": settings, "learning": settings}: one job each, for all seeds.

    Empty where the config has no synthetic study.
    """
    study = config.get("synthetic")
    if study is None:
        return {}
    shared = {key: study[key] for key in SHARED}
    jobs = {}
    for dim, width in zip(study["dims"], study["widths"], strict=True):
        for rate in study["learning_rates"]:
            own = {**shared, "dim": dim, "width": width, "learning_rate": rate}
            jobs[f"d{dim}-lr{rate}"] = {
                kind: {**own, **study[kind]} for kind in ("estimation", "learning")
            }
    return jobs
