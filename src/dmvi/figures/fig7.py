"""Figure 7: the compared models: which term matches what, in which space, and by what."""

from dmvi.errors import DmviError
from dmvi.study.declarations import declared_models
from dmvi.tables.models import model_title, shown_models

TITLE = "The compared models: which term matches what"
SOURCES = {}
SEEDS = "first"
SELECT = {}
SHOWS_MODELS = True  # what their files declare: redrawn when that changes
CAPTION = (
    "Printed from what the models' own files declare. VAEs match conditional distributions by "
    "likelihood and closed-form KL, GANs match marginals by density ratios or a critic, and the "
    "hybrids mix both: read down the last column."
)


def sample_sizes(tables) -> str:
    return (
        "q(z|x) encoder, q(z) aggregate posterior, p(z) prior, p(x|z) decoder; density ratio: from "
        "the logit of a discriminator."
    )


def draw(tables):
    from dmvi.figures.print_table import print_table

    rows = [
        [model_title(model) if i == 0 else "", *(m[key] for key in ("term", "what", "space", "by"))]
        for model in shown_models(tables.study.get("models", ()))
        for i, m in enumerate(declared_models()[model].get("matches", ()))
    ]
    if not rows:
        raise DmviError("no model declares `matches` in src/dmvi/models: figure 7 has no rows")
    return print_table(["model", "term", "matches", "space", "by"], rows)
