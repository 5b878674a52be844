"""Independent Wasserstein critic: how far samples are from validation images."""

from dataclasses import asdict
from typing import Any

from dmvi.scores.functions.critic import critic_distance
from dmvi.scores.scoring import Images

SCORE = {
    "version": 1,
    "data": None,
    "against": "data",
    "options": {
        "steps": {"type": "integer", "minimum": 1},
        "width": {
            "type": "integer",
            "minimum": 4,
            "description": "of its network; 64 is full width",
        },
        "batch_size": {"type": "integer", "minimum": 2},
        "learning_rate": {"type": "number", "exclusiveMinimum": 0},
        "penalty": {
            "type": "number",
            "minimum": 0,
            "description": "weight of its gradient penalty",
        },
        "seeds": {"type": "integer", "minimum": 1, "description": "critics trained per model"},
        "images": {
            "type": "integer",
            "minimum": 4,
            "description": "validation images, and samples, at most; half trains the critic, half is "
            "held out",
        },
    },
    "trains": True,
    "entries": {
        "critic": {
            "title": "Independent Wasserstein critic",
            "axis": "estimated Wasserstein-1, L2 of pixels",
            "higher": False,
            "data": "training images",
        }
    },
}
# Passes of a critic for one update: 3 for each of two batches, 6 for the penalty.
CRITIC_PASSES = 12


def cost(costs, data, samples, options, gpus):
    """The training of every critic."""
    from dmvi.costs.sizes import discriminator
    from dmvi.costs.work import ADAM_ACCESSES, CALLS_PER_UPDATE, Work, passes

    shape = costs.shape(data)
    critic = discriminator(shape[0], shape[2], options["width"])
    update = passes(critic, options["batch_size"], CRITIC_PASSES)
    update += Work(weights=ADAM_ACCESSES * critic.parameters, calls=CALLS_PER_UPDATE)
    heldout = min(options["images"], samples, costs.images(data)[1])
    work = update * options["steps"] + passes(critic, heldout, 3)
    return costs.seconds(work * options["seeds"], gpus)


def compute(images: Images, options: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """critic. Both sides are cut to the same number, because the value depends on it."""
    options = dict(options)
    limit, critics = options.pop("images"), options.pop("seeds")
    n = min(limit, len(images.compared), len(images.valid))
    images.log(f"{critics} critics on {n:,} validation images and as many others")
    # The same critics for every model: first weights and halves of the validation images.
    result = critic_distance(
        images.valid[:n],
        images.compared[:n],
        seeds=range(critics),
        device=images.device,
        log=images.log,
        **options,
    )
    return {"critic": {**asdict(result), "values": list(result.values)}}
