"""likelihood.json of several runs: numbers over seeds, and whether they are likelihoods at all."""

from dmvi.tables.results import DrawnRun, Tables

LIKELIHOOD = "likelihood.json"


def trusted(tables: Tables, run: DrawnRun) -> bool:
    """Whether every seed has a likelihood: by quadrature, or by chains that agree in both directions."""
    return all(tables.json(run, seed, LIKELIHOOD)["method"] is not None for seed in run.seeds)


def values(tables: Tables, run: DrawnRun, *keys: str) -> list[float] | None:
    """A number of likelihood.json, one per seed; None where a seed lacks it."""
    found = []
    for seed in run.seeds:
        value = tables.json(run, seed, LIKELIHOOD)
        for key in keys:
            value = value[key]
        found.append(value)
    return None if None in found else [float(value) for value in found]


def flags(tables: Tables, run: DrawnRun) -> list[str]:
    """What the chains of any seed are suspected of; of a seed with quadrature they do not matter."""
    found = (tables.json(run, seed, LIKELIHOOD) for seed in run.seeds)
    sentences = (flag for own in found if own["method"] == "ais" for flag in own["flags"])
    return list(dict.fromkeys(sentences))
