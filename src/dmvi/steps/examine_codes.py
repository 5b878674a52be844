"""Examines the codes of a trained encoder: how far q(z) is from the prior, and what a classifier reads."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from dmvi import files
from dmvi.data.dataset import Dataset, open_dataset
from dmvi.errors import DmviError
from dmvi.estimators import code_statistics
from dmvi.estimators.probes import misfit, probe
from dmvi.estimators.two_sample import against_prior
from dmvi.progress import Progress
from dmvi.steps.trained import open_encoded, open_posterior

STEP = {
    "version": 1,
    "wildcards": ["run", "seed"],
    "gives": {"codes.json": "encoder"},
    "options": {
        "codes": {
            "images": {
                "type": "integer",
                "minimum": 2,
                "default": 10_000,
                "description": "codes in the two-sample distances; their time grows with the square",
            },
            "replicates": {
                "type": "integer",
                "minimum": 39,  # with fewer no p-value is 0.025, which claims ask for
                "default": 99,
                "description": "draws of each distance's null; the smallest p-value is 1 / (1 + these)",
            },
            "labels": {
                "type": "array",
                "items": {"type": "integer", "minimum": 6},
                "uniqueItems": True,
                "default": [100, 1000],
                "description": "numbers of labels that probes are trained on; [] leaves probes out",
            },
            "draws": {
                "type": "integer",
                "minimum": 1,
                "default": 5,
                "description": "of the labelled codes, for each number of them",
            },
        }
    },
    "gpu": False,
    "resumes": False,
}
# Latents up to which the covariance (d x d, some copies of it) is worth its memory.
LARGEST_COVARIANCE = 2000
CLASSIFIERS = ("rbf", "linear")
# Of both probes with one draw of labels: a start, then per label, and per label and latent.
PROBE_SECONDS = (0.2, 5e-4, 2.5e-5)


def settings(study, run):
    """images, replicates, labels and draws, as `estimators.codes` sets them over their defaults; and
    whether the posterior is Gaussian, so that its moments are known."""
    from dmvi.distributions.registry import declared_posteriors

    options = STEP["options"]["codes"]
    defaults = {key: rules["default"] for key, rules in options.items()}
    posterior = study.runs[run].spec.get("posterior")
    gaussian = declared_posteriors().get(posterior, {}).get("gaussian", False)
    return {**defaults, **study.estimators.get("codes", {}), "gaussian": gaussian}


def cost(costs, run):
    """Kernels of all pairs for the codes and each draw of the null, probes, and moments."""
    from dmvi.costs.work import MB, products

    wanted, (spec, _, _) = settings(costs.study, run), costs.spec(run)
    train, _, test = costs.images(spec["data"])
    n, d = min(wanted["images"], train), spec["latent_dim"]
    pairs = n * n / 2
    # Two kernels, and the sorted projections: measured as 15 numbers written per pair.
    distances = products(2.0 * d * pairs, values=15.0 * pairs) * (1 + wanted["replicates"])
    moments = products(2.0 * (train + test) * d * d if d <= LARGEST_COVARIANCE else 0.0)
    first, per_label, per_latent = PROBE_SECONDS
    probes = sum(first + size * (per_label + per_latent * d) for size in wanted["labels"])
    seconds = costs.seconds(distances + moments, precision="float64") + wanted["draws"] * probes
    _, parameters, codes = costs.encoded(run)
    memory = parameters + codes + 6 * 8 * n * d / MB + 6 * 8 * min(d, LARGEST_COVARIANCE) ** 2 / MB
    return costs.cost(seconds, memory + costs.all_images_mb(run), 0.1)


def examine_codes(
    posterior_path: Path,
    codes_path: Path,
    data: Path,
    settings: dict[str, Any],
    seed: int,
    output: Path,
    log: Callable[[str], None] = print,
) -> None:
    """Writes two-sample distances of codes and prior, moments of q(z), and probes.

    `two_sample`: squared MMD by two kernels and the sliced Wasserstein distance (`dmvi.estimators.
    two_sample`) between N(0, I) and one code per training image, each with its null distribution.
    `moments`: mean and covariance of q(z) (`dmvi.estimators.code_statistics`) over the training and over
    the test images. `probes`: test errors of classifiers trained on few labelled codes
    (`dmvi.estimators.probes`). What the run or the data cannot give is null, with the reason in `notes`.

    Args:
        posterior_path, codes_path: what `encode` wrote, (N, P) and (N, d).
        settings: see the function of that name.
        seed: of the subset of codes, the null, the projections, and the labelled codes.
        output: JSON.
    """
    dataset = open_dataset(data)
    codes = open_encoded(codes_path, len(dataset.images))
    parameters = open_posterior(posterior_path, len(dataset.images))
    train = dataset.span("train")
    log(f"distances of {min(settings['images'], train.stop - train.start):,} codes from the prior")
    distances = against_prior(
        codes[train],
        limit=settings["images"],
        replicates=settings["replicates"],
        seed=seed,
        progress=Progress(log, "replicate"),
    )
    for name, found in distances.items():
        log(f"{name}: {found.value:.3g}, null {found.null_mean:.3g}, p = {found.p_value:.3g}")
    notes: dict[str, str] = {}
    moments = {
        split: _moments(split, dataset, codes, parameters, settings["gaussian"], notes)
        for split in ("train", "test")
    }
    probes = _probes(dataset, codes, parameters, settings, seed, notes, log)
    for name, note in notes.items():
        log(f"{name}: left out, {note}")
    result = {
        "latent_dim": codes.shape[1],
        "two_sample": {name: found.to_json() for name, found in distances.items()},
        "moments": moments,
        "probes": probes,
        "notes": notes,
    }
    files.write_json(output, result)


def _moments(
    split: str,
    dataset: Dataset,
    codes: np.ndarray,
    parameters: np.ndarray,
    gaussian: bool,
    notes: dict[str, str],
) -> dict[str, Any] | None:
    """Those of one split, or None and a note."""
    if codes.shape[1] > LARGEST_COVARIANCE:
        notes[f"moments.{split}"] = (
            f"a covariance of {codes.shape[1]:,} latents takes too much memory; up to "
            f"{LARGEST_COVARIANCE:,} have one"
        )
        return None
    rows = dataset.span(split)
    try:
        if gaussian:
            return code_statistics.of_gaussian_posteriors(parameters[rows]).to_json()
        return code_statistics.of_codes(codes[rows]).to_json()
    except DmviError as error:  # a property of these codes, such as a constant latent
        notes[f"moments.{split}"] = str(error)
        return None


def _probes(
    dataset: Dataset,
    codes: np.ndarray,
    parameters: np.ndarray,
    settings: dict[str, Any],
    seed: int,
    notes: dict[str, str],
    log: Callable[[str], None],
) -> list[dict[str, Any]]:
    """Of posterior means where the posterior has them in closed form, else of the sampled codes."""
    train, test = dataset.span("train"), dataset.span("test")
    labels = dataset.labels[train]
    known = np.flatnonzero(dataset.labels[test] >= 0)
    if not len(known) or not (labels >= 0).any():
        notes["probes"] = "the data set has no labels"
        return []
    read = parameters[:, : codes.shape[1]] if settings["gaussian"] else codes
    sizes = []
    for size in settings["labels"]:
        if (why := misfit(size, labels)) is None:
            sizes.append(size)
        else:
            notes[f"probes.{size}"] = why
    found = probe(
        read[train],
        labels,
        read[test][known],
        dataset.labels[test][known],
        sizes=sizes,
        classifiers=CLASSIFIERS,
        draws=settings["draws"],
        seed=seed,
        progress=Progress(log, "probe"),
    )
    for one in found:
        log(f"{one.classifier} with {one.labels:,} labels: test error {one.mean:.3f}")
    return [one.to_json() for one in found]
