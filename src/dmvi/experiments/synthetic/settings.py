"""The jobs of the synthetic study. Imports nothing heavy: the workflow reads it at every start."""

from typing import Any

FEW_DIMENSIONS = 10  # figure 19 draws the dimensions up to this one, figure 20 those above
SHARED = ("spread", "layers", "batch_size", "adam_betas", "precision", "samples")


def synthetic_jobs(config: dict[str, Any]) -> dict[str, dict[str, dict[str, Any]]]:
    """ "estimation" or "learning" -> "d10-lr0.0005" -> what that job computes.

    Its `members` are pairs [seed, shift]. Where a setting has more than `synthetic.members` of them
    there is a job for every so many: "d1000-lr0.0001-part1", ... No jobs if the config has no
    synthetic study.
    """
    jobs: dict[str, dict[str, dict[str, Any]]] = {"estimation": {}, "learning": {}}
    study = config.get("synthetic")
    if study is None:
        return jobs
    shifts = {"estimation": study["estimation"]["shifts"], "learning": [study["learning"]["shift"]]}
    for dim, width in zip(study["dims"], study["widths"], strict=True):
        for rate in study["learning_rates"]:
            own = {"dim": dim, "width": width, "learning_rate": rate}
            own |= {key: study[key] for key in SHARED}
            for kind, named in jobs.items():
                length = {key: study[kind][key] for key in ("iterations", "every")}
                pairs = [[seed, shift] for shift in shifts[kind] for seed in range(study["seeds"])]
                for name, members in _parts(f"d{dim}-lr{rate}", pairs, study["members"]):
                    named[name] = {**own, **length, "members": members}
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
