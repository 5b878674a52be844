"""Which tables a run can give, and which of the study's estimators they take."""

from typing import TYPE_CHECKING

from dmvi.study.declarations import declared_models

if TYPE_CHECKING:
    from dmvi.study.runs import Run

# Posteriors with a density, whose q(z) has a Monte Carlo estimate.
TRACTABLE_POSTERIORS = ("gaussian", "realnvp")
# Tables (by the start of their names) that only some runs can give, and what the others lack.
CAPABILITIES = {
    "kl": "posterior with a density",
    "low_posterior/": "posterior with a density",
    "low_posterior/bounds": "bound on the likelihood",
    "density_ratio/": "encoder",
    "density_models/": "posterior with a density",
    "profile": "Gaussian posterior",
    "scores.json": "scores: the run says scored: false",
    "bound.csv": "bound to follow",
    "originals": "encoder",
    "reconstructions": "encoder",
    "quality": "encoder",
}
# Tables (by the start of their names) and the blocks of `estimators:` that they are computed by.
ESTIMATORS = {
    "kl": ("kl",),
    "profile": ("kl",),
    "density_ratio/": ("density_ratio",),
    "density_models/": ("density_models",),
    "low_posterior/": ("low_posterior", "bounds", "embedding"),
    "originals": ("reconstructions",),
    "reconstructions": ("reconstructions",),
    "quality": ("reconstructions",),
    "samples": ("scores",),
    "scores.json": ("scores",),
}
# Scores that data sets are listed for under `estimators.scores`, and the block of each.
SCORES = {"inception": "classifier", "diversity": "diversity", "critic": "critic"}


def lacks(run: "Run", table: str) -> str | None:
    """What the run would need in order to give a table, in words; None if it gives it."""
    declared = declared_models()[run.what["model"]]
    has = {
        "posterior with a density": run.what.get("posterior") in TRACTABLE_POSTERIORS,
        "scores: the run says scored: false": run.how["scored"],
        "Gaussian posterior": run.what.get("posterior") == "gaussian",
        "bound on the likelihood": declared.get("bound") == "elbo",
        "bound to follow": "bound" in declared,
        "encoder": declared["encodes"],
    }
    needed = [words for prefix, words in CAPABILITIES.items() if table.startswith(prefix)]
    return next((words for words in needed if not has[words]), None)


def estimators_of(table: str) -> tuple[str, ...]:
    """The blocks of `estimators:` that a table is computed by."""
    return next((blocks for start, blocks in ESTIMATORS.items() if table.startswith(start)), ())
