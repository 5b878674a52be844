"""C20 and C21: AdversarialVB reconstructs worse than the VAE, VGH++ more sharply."""

from dmvi.claims.decide import (
    EQUAL_STANDARD_ERRORS,
    PAPER_DATASETS,
    above,
    both,
    by_dataset,
    clear,
    over_seeds,
    ratio,
    tally,
    verdict,
)
from dmvi.claims.declared import decides
from dmvi.claims.ledger import Decision, decision
from dmvi.tables.models import model_title
from dmvi.tables.scores import best_runs, setting_of, settings

SHARPER_RATIO = 1.1  # sharpness(VGH++) / sharpness(VAE) above which VGH++ is sharper
NOISE_RATIO = 1.25  # sharpness / the originals' beyond which it is noise rather than detail
VARIANTS = ("avb", "avb_ac")
NOTHING = "no pair of runs to compare"


@decides("C20", figure="fig24")
def claim_c20(tables) -> Decision:
    """AdversarialVB underperforms."""
    errors, ratios, distances, outcomes = {}, {}, {}, {}
    for dataset in tables.datasets:
        runs = best_runs(tables, dataset)
        if not tables.kind(dataset) or "vae" not in runs:
            continue
        scores = settings(tables, dataset, "critic")
        vae_error = tables.per_seed(runs["vae"], "quality.json", "reconstruction_mse")
        vae_distance = setting_of(scores, "vae", runs["vae"])
        for model in VARIANTS:
            if model in runs:
                case = (dataset, model)
                error = tables.per_seed(runs[model], "quality.json", "reconstruction_mse")
                pair = ratio(error, vae_error)
                errors[case], ratios[case] = error, pair[0]
                distance = setting_of(scores, model, runs[model])
                farther = None
                if distance and vae_distance:
                    distances[case] = distance.mean / vae_distance.mean
                    sides = ((d.mean, d.standard_error) for d in (distance, vae_distance))
                    farther = clear(*sides)
                outcomes[case] = both((above(*pair, 1.0), farther))
    datasets = list(dict.fromkeys(dataset for dataset, _ in outcomes))
    present = {tables.kind(dataset) for dataset in datasets} | {model for _, model in outcomes}
    return decision(
        tables,
        datasets,
        statement="AdversarialVB underperforms the VAE: it reconstructs worse and its samples "
        "are further from the data.",
        statistic="AdversarialVB (and its adaptive contrast, where trained) against the VAE, "
        "each by its best run: reconstruction error above the VAE's (95 % Welch interval of "
        "the ratio over seeds, so two seeds are the least) and the independent critic's "
        f"distance above the VAE's by more than {EQUAL_STANDARD_ERRORS:g} standard errors of the "
        "difference, on all three data sets. The value is the smallest ratio of errors.",
        value=min(ratios.values(), default=None),
        value_text=f"error ratio {by_dataset(tables, ratios)}; distance ratio "
        f"{by_dataset(tables, distances) or 'unknown'}{tally(outcomes.values())}"
        if ratios
        else NOTHING,
        paper="shown in pictures only",
        verdict=verdict(outcomes.values(), present, (*PAPER_DATASETS, "avb")),
        spread=over_seeds(errors),
    )


@decides("C21", figure="fig25", kind="CelebA")
@decides("C21", figure="fig26", kind="CIFAR-10")
def claim_c21(tables, kind: str) -> Decision:
    """VGH++ reconstructs more sharply than the VAE, without drawing noise."""
    numbers, outcomes, ratios = {}, {}, {}
    for dataset in tables.datasets:
        runs = best_runs(tables, dataset)
        if tables.kind(dataset) != kind or not {"vae", "vgh_plus_plus"} <= set(runs):
            continue
        for model in ("vae", "vgh_plus_plus"):
            numbers[dataset, model] = {
                key: tables.per_seed(runs[model], "quality.json", key)
                for key in (
                    "sharpness_reconstructions",
                    "sharpness_originals",
                    "reconstruction_mse",
                )
            }
        vae, hybrid = numbers[dataset, "vae"], numbers[dataset, "vgh_plus_plus"]
        pair = ratio(hybrid["sharpness_reconstructions"], vae["sharpness_reconstructions"])
        ratios[dataset, "ratio"] = pair[0]
        outcome = above(*pair, SHARPER_RATIO)
        noisy = _mean(hybrid["sharpness_reconstructions"]) > NOISE_RATIO * _mean(
            hybrid["sharpness_originals"]
        )
        outcomes[dataset] = None if outcome and noisy else outcome
    datasets = list(outcomes)
    texts = [
        f"{model_title(model)} on {tables.title(dataset)}: "
        f"{_mean(n['sharpness_reconstructions']) / _mean(n['sharpness_originals']):.2f} of the "
        f"originals' sharpness, error {_mean(n['reconstruction_mse']):.3g}"
        for (dataset, model), n in numbers.items()
    ]
    return decision(
        tables,
        datasets,
        statement=f"On {kind}, VGH++ reconstructs more sharply than the VAE.",
        statistic="Mean gradient magnitude of the reconstructions, VGH++ / VAE (each by its best "
        f"run), means over seeds, above {SHARPER_RATIO}; the 95 % interval over seeds (Welch) must "
        f"lie on one side, so two seeds are the least. More than {NOISE_RATIO} times the "
        "originals' own sharpness is noise and decides nothing. The value is the smallest ratio.",
        value=min(ratios.values(), default=None),
        value_text=f"ratio {by_dataset(tables, ratios)}; {'; '.join(texts)}"
        f"{tally(outcomes.values())}"
        if ratios
        else NOTHING,
        paper="shown in pictures only",
        verdict=verdict(outcomes.values(), {tables.kind(d) for d in datasets}, (kind,)),
        spread=over_seeds({c: n["sharpness_reconstructions"] for c, n in numbers.items()}),
    )


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)
