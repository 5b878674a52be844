"""Inception score, by our classifier of the data set and by the ImageNet network."""

from dataclasses import asdict
from typing import Any

from dmvi import files
from dmvi.progress import Progress
from dmvi.scores.functions.classifier import class_probabilities, classifier_for
from dmvi.scores.functions.inception import inception_score
from dmvi.scores.scoring import Images
from dmvi.study.inception_weights import check_weights

SCORE = {
    "version": 1,
    "data": ["cifar10"],  # it needs classes of natural images
    "against": "nothing",
    "options": {
        "splits": {
            "type": "integer",
            "minimum": 1,
            "description": "its value on all samples at once is stored too",
        }
    },
    "trains": False,
    "needs": ["classifier", "inception_weights"],
    "entries": {
        "inception_cifar10": {
            "title": "Quality: Inception score by the CIFAR-10 classifier",
            "axis": "Inception score",
            "higher": True,
            "data": "test images, as many per split",
        },
        "inception_imagenet": {
            "title": "Quality: Inception score by the ImageNet network",
            "axis": "Inception score",
            "higher": True,
            "data": "test images, as many per split",
        },
    },
}


def cost(costs, data, samples, options, gpus):
    """One pass through each network."""
    from dmvi.costs.sizes import Size, vgg
    from dmvi.costs.work import forward

    size, _, channels = costs.shape(data)
    width = costs.estimators["classifier"]["width"]
    seconds = costs.seconds(forward(vgg(size, channels, width), samples, 256), gpus)
    if costs.config.get("inception_weights"):
        # InceptionV3: 5.7 G multiply-adds, 10 M numbers per image.
        inception = Size(5.7e9, 5.7e9, 0, 1e7, 2.4e7, 300)
        seconds += costs.seconds(forward(inception, samples), gpus)
    return seconds


def compute(images: Images, options: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """inception_cifar10 and inception_imagenet; one whose network is not at hand is skipped."""
    return {
        "inception_cifar10": _by_classifier(images, options["splits"]),
        "inception_imagenet": _by_imagenet(images, options["splits"]),
    }


def _by_classifier(images: Images, splits: int) -> dict[str, Any]:
    if images.classifier is None:
        return {"skipped": "no classifier of this data set was trained"}
    network = classifier_for("inception", images.classifier, images.alone, images.device)
    images.log(f"our classifier on {len(images.alone):,} images")
    probabilities = class_probabilities(network, images.alone, Progress(images.log, "image"))
    about = f"VGG of width {network.spec['width']} trained on {network.spec['title']}"
    return _entry(images, probabilities, splits, about, files.sha256(images.classifier))


def _by_imagenet(images: Images, splits: int) -> dict[str, Any]:
    weights = images.inception_weights
    if weights is None:
        return {"skipped": "inception_weights is null: no weights of the ImageNet network given"}
    # Loads torch-fidelity, which nothing else needs.
    from dmvi.scores.functions.imagenet_inception import (
        EXTRACTOR,
        inception_probabilities,
        load_inception,
    )

    network = load_inception(weights, images.device)
    images.log(f"ImageNet Inception on {len(images.alone):,} images")
    progress = Progress(images.log, "image")
    probabilities = inception_probabilities(network, images.alone, progress)
    return _entry(images, probabilities, splits, EXTRACTOR, check_weights(weights))


def _entry(images: Images, probabilities, splits: int, extractor: str, digest: str) -> dict:
    probabilities, splits = _groups(probabilities, splits, images.beside)
    score = inception_score(probabilities, splits, shuffle_seed=images.seed)
    return {**asdict(score), "extractor": extractor, "weights_sha256": digest}


def _groups(probabilities, splits: int, beside: int | None):
    """The rows to score and the splits to make of them.

    Of a model's samples all, in `splits`. A score is the larger the more images a split has, so that the
    data's own, beside models of `beside` samples, has splits of as many images as theirs: fewer splits,
    and what does not fill one is left out. Data of fewer images than a split of the models' are one.
    """
    count = len(probabilities)
    if beside is None:
        return probabilities, min(splits, count)
    size = min(max(1, beside // splits), count)
    return probabilities[: count // size * size], count // size
