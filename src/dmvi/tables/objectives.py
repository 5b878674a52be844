"""Runs that differ in their objective only: the ELBO's and InfoVAE's, side by side."""

from dmvi.tables.results import DrawnRun, Tables

ELBO, MMD, STEIN, ADVERSARIAL = "vae", "infovae_mmd", "infovae_stein", "infovae_adversarial"
OBJECTIVES = {
    ELBO: "ELBO",
    MMD: "InfoVAE, MMD",
    STEIN: "InfoVAE, Stein",
    ADVERSARIAL: "InfoVAE, adversarial",
}
PIXELS = "infovae_pixelcnn"
CODES, CURVE = "codes.json", "codes_curve.csv"
FEWEST_SNAPSHOTS = 4  # in the last half of training, whose spread says how steady it was

Case = tuple[str, int, str | None]  # data set, latent size, likelihood


def by_objective(tables: Tables, *models: str) -> dict[Case, dict[str, list[DrawnRun]]]:
    """Runs of these models by data set, latent size and likelihood; cases that lack one are left out."""
    found: dict[Case, dict[str, list[DrawnRun]]] = {}
    for run in tables.runs:
        if run.model in models:
            case = found.setdefault((run.data, run.latent_dim, run.likelihood), {})
            case.setdefault(run.model, []).append(run)
    return {case: runs for case, runs in found.items() if set(models) <= set(runs)}


def distances(tables: Tables, run: DrawnRun, name: str) -> list[dict]:
    """A distance of codes from the prior, one per seed, as codes.json holds it."""
    return [tables.json(run, seed, CODES)["two_sample"][name] for seed in run.seeds]


def moments(tables: Tables, run: DrawnRun, split: str, key: str) -> list[float] | None:
    """A moment of q(z) over the images of a split, one per seed; None where a seed has none."""
    found = [tables.json(run, seed, CODES)["moments"][split] for seed in run.seeds]
    return None if None in found else [float(one[key]) for one in found]


def training_images(tables: Tables, run: DrawnRun) -> int:
    """How many images the run was trained on, as codes.json says."""
    available = tables.json(run, run.seeds[0], CODES)["two_sample"]["mmd2_imq"]["available"]
    return int(available)


def probe_errors(
    tables: Tables, run: DrawnRun, labels: int, classifier: str = "rbf"
) -> list[float] | None:
    """Test error of a classifier trained on so many labelled codes, one per seed; None without it."""
    values = []
    for seed in run.seeds:
        probes = tables.json(run, seed, CODES)["probes"]
        own = [p for p in probes if (p["classifier"], p["labels"]) == (classifier, labels)]
        if not own:
            return None
        values.append(float(own[0]["mean"]))
    return values


def class_mismatch(tables: Tables, run: DrawnRun) -> list[float] | None:
    """KL between the classes of data and samples, one per seed; None where it was not computed."""
    from dmvi.tables.scores import entry

    found = [entry(tables, run, seed, "class_mismatch") for seed in run.seeds]
    return None if None in found else [float(one["value"]) for one in found]


def unsteadiness(tables: Tables, run: DrawnRun) -> list[float] | None:
    """sd of log det Cov(z) / d over the snapshots of the last half of training, one per seed; None with
    fewer than `FEWEST_SNAPSHOTS` of them."""
    values = []
    for seed in run.seeds:
        curve = tables.csv(run, seed, CURVE)
        late = curve.loc[curve["step"] > curve["step"].max() / 2, "logdet_per_latent"].dropna()
        if len(late) < FEWEST_SNAPSHOTS:
            return None
        values.append(float(late.std(ddof=1)))
    return values


def is_elbo(run: DrawnRun) -> bool:
    """Whether an InfoVAE's weights make it the ELBO: alpha 0, lambda 1."""
    return run.spec.get("alpha") == 0 and run.spec.get("lambda") == 1


def pixel_objectives(tables: Tables) -> dict[Case, dict[str, list[DrawnRun]]]:
    """Runs with an autoregressive decoder by data set, latent size and likelihood, then by objective:
    `ELBO`, or `MMD` for InfoVAE with any other weights."""
    found: dict[Case, dict[str, list[DrawnRun]]] = {}
    for run in tables.runs:
        if run.model == PIXELS:
            case = found.setdefault((run.data, run.latent_dim, run.likelihood), {})
            case.setdefault(ELBO if is_elbo(run) else MMD, []).append(run)
    return found
