"""Class mismatch: whether samples have the classes of the data in the data's proportions."""

from dataclasses import asdict
from typing import Any

import numpy as np

from dmvi import files
from dmvi.progress import Progress
from dmvi.scores.functions.class_balance import class_mismatch
from dmvi.scores.functions.classifier import class_probabilities, classifier_for
from dmvi.scores.scoring import Images

SCORE = {
    "version": 1,
    "data": ["color_mnist", "mnist", "cifar10"],  # of ten classes each
    "against": "data",
    "options": {},
    "trains": False,
    "needs": ["classifier"],
    "entries": {"class_mismatch": {}},
}


def cost(costs, data, samples, options, gpus):
    """Samples and test images once through the classifier."""
    from dmvi.costs.sizes import vgg
    from dmvi.costs.work import forward

    size, _, channels = costs.shape(data)
    network = vgg(size, channels, costs.estimators["classifier"]["width"])
    return costs.seconds(forward(network, samples + costs.images(data)[2], 256), gpus)


def compute(images: Images, options: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """class_mismatch: KL between the classifier's histograms of its most probable classes, of test
    images and of samples (both by the classifier, so that its own errors cancel)."""
    if images.classifier is None:
        return {"class_mismatch": {"skipped": "no classifier of this data set was trained"}}
    network = classifier_for("classes", images.classifier, images.compared, images.device)
    images.log(f"classes of {len(images.compared):,} samples and {len(images.test):,} test images")
    counts = [
        np.bincount(
            class_probabilities(network, some, Progress(images.log, "image")).argmax(1),
            minlength=network.spec["classes"],
        )
        for some in (images.compared, images.test)
    ]
    found = asdict(class_mismatch(*counts, seed=images.seed))
    more = {"counts": counts[0].tolist(), "weights_sha256": files.sha256(images.classifier)}
    return {"class_mismatch": {**found, **more}}
