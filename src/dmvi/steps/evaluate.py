"""Pictures and scores of a trained model: samples, reconstructions, and every score asked for."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from dmvi import files
from dmvi.data.dataset import open_dataset
from dmvi.progress import Progress
from dmvi.scores.scoring import Images, scores_of
from dmvi.steps.reconstructing import reconstructed
from dmvi.steps.sampling import draw_samples
from dmvi.steps.trained import load_model
from dmvi.training.reproducibility import choose_device, set_up

STEP = {
    "version": 1,
    "wildcards": ["run", "seed"],
    "gives": {
        "samples": None,
        "scores.json": "scores: the run says scored: false",
        "originals": "encoder",
        "reconstructions": "encoder",
        "quality": "encoder",
    },
    "estimators": ["samples", "reconstructions", "scores"],
    "gpu": True,
    "resumes": False,
}


def settings(study, run):
    """samples {images, grid}, reconstructions {grid, images}, and score -> options.

    A run that is not to be scored draws no more samples than its pictures need.
    """
    from dmvi.study.scores import scores_asked

    block, chosen = study.estimators, study.runs[run]
    scored = chosen.how["scored"]
    samples = dict(block["samples"])
    if not scored:
        samples["images"] = samples["grid"]
    return {
        "samples": samples,
        "reconstructions": block["reconstructions"],
        "scores": scores_asked(study.config, chosen.spec["data"], asked=scored),
    }


def cost(costs, run):
    """Samples, their scores, and reconstructions with their error and sharpness."""
    import math

    from dmvi.costs.work import Work, forward
    from dmvi.study.declarations import declared_models, declared_scores
    from dmvi.study.scores import score_memory_mb

    spec, shape, sizes = costs.spec(run)
    gpus, wanted = costs.gpus_of(run), settings(costs.study, run)
    data, samples = spec["data"], wanted["samples"]["images"]
    seconds = costs.seconds(costs.sampling(run, samples), gpus)
    for score, options in wanted["scores"].items():
        seconds += declared_scores()[score]["cost"](costs, data, samples, options, gpus)
    memory = score_memory_mb(costs, data, samples)
    disk = costs.image_mb(data, wanted["samples"]["grid"])
    if declared_models()[spec["model"]]["encodes"]:
        block = wanted["reconstructions"]
        images = min(block["images"], costs.images(data)[2])
        encoding = forward(sizes["encoder"] + sizes["posterior"], images)
        seconds += costs.seconds(encoding + costs.sampling(run, images), gpus)
        # Errors and gradients of pixels, by numpy.
        seconds += costs.seconds(Work(values=30 * images * math.prod(shape)), precision="float64")
        memory = max(memory, 30 * costs.image_mb(data, images))
        disk += costs.image_mb(data, 2 * block["grid"])
    memory += costs.model_mb(run) + costs.evaluation_mb(run)
    return costs.cost(seconds, memory, disk, gpus)


def evaluate(
    model_path: Path,
    data: Path,
    settings: dict[str, Any],
    seed: int,
    output: Path,
    checkpoints: Path,
    device: str = "auto",
    classifier: Path | None = None,
    inception_weights: Path | None = None,
    log: Callable[[str], None] = print,
) -> None:
    """Writes samples.npy, scores.json, originals.npy, reconstructions.npy and quality.json.

    samples.npy holds the first samples, scores.json the scores of all of them; the reconstructions are
    those of `dmvi.steps.reconstructing`, none for a model without an encoder.

    Args:
        settings: see the function of that name.
        output: folder.
        checkpoints: folder that keeps the results of scores which train a network, so that they are
            not trained again when something else changes.
        classifier: our classifier's model.pt; without it inception_cifar10 is skipped.
        inception_weights: torch-fidelity's file; without it inception_imagenet is skipped.
    """
    chosen = choose_device(device)
    set_up(seed)
    dataset = open_dataset(data)
    model = load_model(model_path, chosen)
    for name, value in reconstructed(model, dataset, settings["reconstructions"]).items():
        write = files.write_json if name.endswith(".json") else files.write_array
        write(output / name, value)
    count = settings["samples"]["images"]
    log(f"{count:,} samples of {model.spec['model']}")
    samples = draw_samples(model, count, seed, Progress(log, "sample"))
    files.write_array(output / "samples.npy", samples[: settings["samples"]["grid"]])
    images = Images(
        alone=samples,
        compared=samples,
        valid=dataset.split("valid"),
        test=dataset.split("test"),
        seed=seed,
        device=chosen,
        classifier=classifier,
        inception_weights=inception_weights,
        kept=checkpoints / "scores",
        log=log,
    )
    scores = scores_of(images, settings["scores"])
    files.write_json(output / "scores.json", {"n_samples": count, "scores": scores})
