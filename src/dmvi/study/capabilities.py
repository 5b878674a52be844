"""Which tables a run can give, and which of the study's estimators they take."""

from functools import cache
from typing import TYPE_CHECKING

from dmvi.distributions.registry import declared_likelihoods, declared_posteriors, tractable
from dmvi.study.declarations import declared_models, declared_steps

if TYPE_CHECKING:
    from dmvi.study.runs import Run


LIKELIHOOD = "normalised likelihood"


def lacks(run: "Run", table: str) -> str | None:
    """What the run would need in order to give a table, in words; None if it gives it."""
    declared = declared_models()[run.spec["model"]]
    family = declared_posteriors().get(run.spec.get("posterior"), {})
    gaussian = family.get("gaussian", False)
    has = {
        "posterior with a density": tractable(run.spec.get("posterior")),
        "scores: the run says scored: false": run.how["scored"],
        "Gaussian posterior": gaussian,
        "bound on the likelihood": declared.get("bound") == "elbo",
        "bound to follow": "bound" in declared,
        "encoder": declared["encodes"],
        "encoder with snapshots": declared["encodes"] and bool(run.how["snapshots"]),
        "Gaussian posterior with snapshots": gaussian and bool(run.how["snapshots"]),
        "one pixel, one latent and a Gaussian posterior": (
            run.pixels == 1
            and run.spec["latent_dim"] == 1
            and gaussian
            and "likelihood" in run.spec
        ),
        LIKELIHOOD: True,
    }
    if words := _lacking_likelihood(run):
        has[LIKELIHOOD] = False
    needed = [need for start, need in tables_of_steps()[0].items() if table.startswith(start)]
    lacking = next((need for need in needed if need and not has[need]), None)
    return words if lacking == LIKELIHOOD else lacking


def _lacking_likelihood(run: "Run") -> str | None:
    """Why log p(x|z) of the run is no logarithm of a probability, in words; None if it is."""
    name = run.spec.get("likelihood")
    if name is None:
        return "explicit likelihood p(x|z)"
    if declared_likelihoods()[name]["normalised"] or run.binary:
        return None
    return (
        f"normalised likelihood: {name} is none of grey pixels; set binarize: true in the run and "
        "binarize: eval in its data set (builder mnist), or choose another likelihood"
    )


def estimators_of(table: str) -> tuple[str, ...]:
    """The blocks of `estimators:` that a table is computed by."""
    blocks = tables_of_steps()[1]
    return next((found for start, found in blocks.items() if table.startswith(start)), ())


@cache
def tables_of_steps() -> tuple[dict[str, str | None], dict[str, tuple[str, ...]]]:
    """By the start of a table's name in a run's folder: what a run needs to give it, in words; and the
    blocks of `estimators:` that it takes. As the steps' files declare them."""
    needs: dict[str, str | None] = {}
    blocks: dict[str, tuple[str, ...]] = {}
    for step in declared_steps().values():
        needs |= step["gives"]
        blocks |= dict.fromkeys(step["gives"], tuple(step.get("estimators", ())))
    return needs, blocks
