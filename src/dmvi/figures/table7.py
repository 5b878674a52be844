"""Table 7: three estimates of the same divergence, by Monte Carlo, classifier, density models."""

from dmvi.figures.base import span
from dmvi.figures.density_tables import number, with_error
from dmvi.tables.latent_densities import DENSITY_MODELS, classifier_estimates

TITLE = "Three estimates of KL(q(z)‖p(z))"
SOURCES = {
    "run": (
        "run.json",
        "kl.json",
        "density_ratio/default.json",
        "density_models/gmm.json",
        "density_models/maf.json",
        "density_models/lstm.json",
    )
}
SEEDS = "first"  # density models are fitted to the first seed alone, as for figure 21
SELECT = {"tags": "main", "kind": "vae"}
CAPTION = (
    "The Monte Carlo value is exact but for its standard error, as every encoder's posterior is "
    "known. A density model r(z) of q(z) gives E log r(z)/p(z), which is below it by KL(q(z)‖r(z)); "
    "a classifier may err to either side. This table is ours, not the paper's."
)


def sample_sizes(tables) -> str:
    found = [_read(tables, run) for run in tables.runs]
    models = [model for _, _, models in found for model in models.values()]
    return (
        f"In nats, ± standard error. Monte Carlo: {span([kl['n'] for kl, _, _ in found])} z, "
        f"N = {span([kl['components'] for kl, _, _ in found])}; classifier: "
        f"{span([entry['n'] for _, entry, _ in found])} z; density models: "
        f"{span([model['n'] for model in models])} z, none of which they were fitted to."
    )


def draw(tables):
    from dmvi.figures.print_table import print_table

    header = ["run", "avgKL − log N", "Monte Carlo", "classifier", *DENSITY_MODELS.values()]
    rows = []
    for run in tables.runs:
        kl, entry, models = _read(tables, run)
        columns = (kl, entry, *models.values())
        texts = [with_error(column["value"], column["standard_error"]) for column in columns]
        rows.append([tables.heading(run), number(kl["lower"]), *texts])
    return print_table(header, rows, right=tuple(range(1, len(header))))


def _read(tables, run) -> tuple[dict, dict, dict[str, dict]]:
    """Monte Carlo, classifier and density models of a run."""
    seed = run.seeds[0]
    models = {
        name: tables.json(run, seed, f"density_models/{name}.json") for name in DENSITY_MODELS
    }
    return (
        tables.json(run, seed, "kl.json"),
        classifier_estimates(tables, run, seed, "default")[0],
        models,
    )
