"""The jobs of the synthetic study. Imports nothing heavy: the workflow reads it at every start."""

import json
from functools import cache
from typing import Any

FEW_DIMENSIONS = 10  # figure 19 draws the dimensions up to this one, figure 20 those above
SHARED = ("spread", "layers", "batch_size", "adam_betas", "precision", "samples")
KINDS = ("estimation", "learning", "exact", "separated")
CLASSIFIER = ("layers", "width")  # settings that a job without a classifier does not have
MAIN = "main"  # the classifier of `layers` and `widths`, whose width goes with the dimension
DIVERGENCES = ("means", "covariances")  # in which alone a pair of the kind "separated" differs


def synthetic_jobs(config: dict[str, Any]) -> dict[str, dict[str, dict[str, Any]]]:
    """Kind -> "d10-lr0.0005" -> what that job computes.

    "estimation": fixed pairs of Gaussians that differ in mean and covariance, "learning": one learns to
    be the other; `members` are pairs [seed, shift]. "exact": its control, where the exact log ratio
    stands for the classifier. "separated": fixed pairs with the same KL in every
    dimension that differ in their means alone, or in their covariances alone, for several classifiers
    at the first learning rate; `members` are pairs [seed, KL]. Where a setting has more than
    `synthetic.members` of them there is a job for every so many: "d1000-lr0.0001-part1", ... No jobs if
    the config has no synthetic study.
    """
    return _jobs(json.dumps(config.get("synthetic")))


@cache  # each of the jobs asks for them
def _jobs(block: str) -> dict[str, dict[str, dict[str, Any]]]:
    jobs: dict[str, dict[str, dict[str, Any]]] = {kind: {} for kind in KINDS}
    study = json.loads(block)
    if study is None:
        return jobs
    shifts = {"estimation": study["estimation"]["shifts"], "learning": [study["learning"]["shift"]]}
    for dim, width in zip(study["dims"], study["widths"], strict=True):
        for rate in study["learning_rates"]:
            own = {"dim": dim, "width": width, "learning_rate": rate}
            own |= {key: study[key] for key in SHARED}
            for kind in shifts:
                length = {key: study[kind][key] for key in ("iterations", "every")}
                pairs = [[seed, shift] for shift in shifts[kind] for seed in range(study["seeds"])]
                for name, members in _parts(f"d{dim}-lr{rate}", pairs, study["members"]):
                    jobs[kind][name] = {**own, **length, "members": members}
    jobs["exact"] = {
        name: {key: value for key, value in job.items() if key not in CLASSIFIER}
        for name, job in jobs["learning"].items()
    }
    jobs["separated"] = _separated(study)
    return jobs


def _separated(study: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """ "means-d10", "means-d10-layers2-width500", ...: every divergence, dimension and classifier."""
    block = study["separated"]
    common = {key: study[key] for key in SHARED}
    common |= {key: block[key] for key in ("iterations", "every")}
    common["learning_rate"] = study["learning_rates"][0]
    pairs = [[seed, kl] for kl in block["kls"] for seed in range(study["seeds"])]
    jobs = {}
    for divergence in DIVERGENCES:
        for dim, width in zip(study["dims"], study["widths"], strict=True):
            for other in (None, *block["classifiers"]):
                own = {**common, "dim": dim, "width": width, "divergence": divergence}
                name, own["classifier"] = f"{divergence}-d{dim}", MAIN
                if other is not None:
                    own |= other
                    own["classifier"] = f"layers{other['layers']}-width{other['width']}"
                    name += f"-{own['classifier']}"
                for part, members in _parts(name, pairs, study["members"]):
                    jobs[part] = {**own, "members": members}
    return jobs


def _parts(name: str, members: list, size: int) -> list[tuple[str, list]]:
    """Members, at most `size` at a time, each time under a name of its own."""
    if len(members) <= size:
        return [(name, members)]
    starts = range(0, len(members), size)
    return [
        (f"{name}-part{part}", members[start : start + size])
        for part, start in enumerate(starts, 1)
    ]
