"""Makes the checkpoints of this folder, which tests/training/identities/test_identities.py resumes.

They stand for the trainings that users have on their disks. A test that fails over them says that
such trainings can no longer be continued, so they are made again only where the changelog says that
trainings of this kind are discarded. A new model gets its own by

    python tests/training/identities/remake_identities.py            # what has no checkpoint yet
    python tests/training/identities/remake_identities.py --discard vae dcgan

Each is a zipped `checkpoint.pt` after `KEPT` steps; NAME.json holds what the training must be after
`RESUMED` steps.
"""

import argparse
import gzip
import sys
import tempfile
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml

from dmvi import files
from dmvi.models import make_model
from dmvi.steps.train import train
from dmvi.study.config import load_study
from dmvi.study.declarations import declared_models
from dmvi.study.runs import Run
from dmvi.training import checkpoint

HERE = Path(__file__).parent
REPOSITORY = HERE.parents[2]
KEPT, RESUMED = 4, 9  # neither closes a window of the journal nor ends an epoch
SEED = 3
DEFAULTS = {
    "model": "vae",
    "data": "squares",
    "likelihood": "bernoulli",
    "latent_dim": 3,
    "width": 4,
    "iterations": RESUMED,
    "batch_size": 8,
    "learning_rate": 1e-3,
    "adam_betas": [0.5, 0.9],
    "precision": "float32",
    "flow_transforms": 2,
    "flow_hidden": [4],
    "log_every": 3,
    "bound_every": 2,
    "bound_images": 8,
}
SMALL = {"code_width": 8, "noise_dim": 3, "moment_samples": 2, "pixel_maps": 4, "pixel_layers": 1}
# What a model refuses to be without.
NEEDED = {"infovae_pixelcnn": {"binarize": True}}
# Besides one run per model with its defaults: what the evidence study trains for days.
FURTHER = {
    "vae_realnvp": {"model": "vae", "posterior": "realnvp"},
    "vae_cifar10": {
        "model": "vae",
        "data": "large_squares",
        "likelihood": "quantized_normal",
        "precision": "bfloat16",
    },
}
LARGE = 900  # numbers in a tensor of which only a corner is kept: zeros take no room when zipped
SIZES = {"squares": ("color_mnist", 28), "large_squares": ("cifar10", 32)}
TRAIN, VALID, TEST = 40, 8, 8


def runs() -> dict[str, Run]:
    """Name of a checkpoint -> its run, resolved as the workflow does it."""
    # Of the demo only what a config must have besides: nothing of it reaches a run's spec.
    config = yaml.safe_load((REPOSITORY / "studies/demo/config.yaml").read_text())
    schema = yaml.safe_load((REPOSITORY / "workflow/schemas/config.schema.yaml").read_text())
    limit = {"train": TRAIN, "valid": VALID, "test": TEST}
    config["data"] = {
        name: {"builder": builder, "source": "standin", "limit": limit}
        for name, (builder, _) in SIZES.items()
    }
    config["defaults"], config["figures"] = DEFAULTS, {"table5": {}}
    config.pop("data_defaults", None)
    config["estimators"]["scores"] = {}
    config["runs"] = {}
    config.pop("data_defaults", None)
    for name, declared in declared_models().items():
        small = {key: value for key, value in SMALL.items() if key in declared["options"]}
        config["runs"][name] = {"model": name, **small, **NEEDED.get(name, {})}
    config["runs"] |= FURTHER
    return dict(load_study(config, schema).runs)


def write_data(folder: Path, name: str) -> Path:
    """A prepared data set whose pixels are a formula, and so the same with every library."""
    builder, size = SIZES[name]
    count = (TRAIN + VALID + TEST) * size * size * 3
    mixed = np.arange(count, dtype=np.uint64) * np.uint64(2654435761) % np.uint64(2**32)
    pixels = (mixed >> np.uint64(24)).astype(np.uint8).reshape(-1, size, size, 3)
    pixels[:, 8:20, 8:20] = pixels[:, :1, :1] // 2 + 100  # something that can be learned
    data = folder / name
    files.write_array(data / "images.npy", pixels)
    files.write_array(data / "labels.npy", np.zeros(len(pixels), np.int64))
    ends = np.cumsum([0, TRAIN, VALID, TEST]).tolist()
    files.write_json(
        data / "meta.json",
        {
            "builder": builder,
            "title": name,
            "image_shape": [size, size, 3],
            "splits": dict(zip(("train", "valid", "test"), pairwise(ends), strict=True)),
            "sha256": {n: files.sha256(data / n) for n in ("images.npy", "labels.npy")},
        },
    )
    return data


def train_in(folder: Path, run: Run, data: Path, iterations: int, log=lambda _: None) -> None:
    """Trains to `iterations` with the outputs of the workflow's step in `folder`."""
    outputs = [folder / name for name in ("model.pt", "history.csv", "run.json", "bound.csv")]
    spec = {**run.spec, "iterations": iterations}
    checkpoints = folder / "checkpoints"
    train(spec, run.name, SEED, data, *outputs, checkpoints, device="cpu", log=log)


def thin(value: Any) -> None:
    """Zeroes large tensors but for the first few entries along each dimension, in place."""
    if isinstance(value, torch.Tensor) and value.is_floating_point() and value.numel() > LARGE:
        kept = torch.zeros_like(value)
        corner = tuple(slice(8) for _ in value.shape)
        kept[corner] = value[corner]
        value.copy_(kept)
    elif isinstance(value, dict):
        for entry in value.values():
            thin(entry)


def unpack(name: str, folder: Path) -> Path:
    """Puts the kept checkpoint where a training in `folder` finds it."""
    path = folder / "checkpoints/checkpoint.pt"
    path.parent.mkdir(parents=True)
    path.write_bytes(gzip.decompress((HERE / f"{name}.pt.gz").read_bytes()))
    return path


def optimised(spec: dict[str, Any], image_shape: tuple[int, int, int]) -> dict[str, list[str]]:
    """Player -> the names of its parameters in the order in which its optimiser counts them."""
    model = make_model(spec, image_shape)
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    return {p.name: [names[id(parameter)] for parameter in p.parameters()] for p in model.players()}


def shapes(value: Any, name: str = "") -> dict[str, str]:
    """Path in a checkpoint -> type and shape: its structure, without the numbers."""
    if isinstance(value, torch.Tensor):
        return {name: f"{value.dtype} {list(value.shape)}".removeprefix("torch.")}
    if isinstance(value, dict | list | tuple) and len(value):
        entries = value.items() if isinstance(value, dict) else enumerate(value)
        found = [shapes(entry, f"{name}/{key}".lstrip("/")) for key, entry in entries]
        return {key: entry for part in found for key, entry in part.items()}
    return {name: type(value).__name__}


def exact(state: dict[str, Any]) -> dict[str, Any]:
    """What of a checkpoint must be equal whatever the processor."""
    sampler = state["parts"]["sampler"]
    return {
        "identity": state["identity"],
        "step": state["step"],
        "global_generator": checkpoint.digest(state["rng"]["cpu"].tolist()),
        "sampler_generator": checkpoint.digest(sampler["generator"].tolist()),
        "permutation": checkpoint.digest(sampler["permutation"].tolist()),
        "position": sampler["position"],
    }


def near(state: dict[str, Any]) -> dict[str, Any]:
    """What of it processors round differently: loss terms, bounds, two numbers of every tensor."""
    parts = state["parts"]
    weights = {name: value.double().flatten() for name, value in parts["model"].items()}
    return {
        "journal": parts["journal"]["rows"],
        "bound": parts.get("bound", {"rows": []})["rows"],
        "rms": {name: value.square().mean().sqrt().item() for name, value in weights.items()},
        "first": {name: value[0].item() for name, value in weights.items()},
    }


def make(name: str, run: Run) -> None:
    """Writes NAME.pt.gz and NAME.json, what it must become."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        data = write_data(folder, run.spec["data"])
        train_in(folder, run, data, KEPT)
        path = folder / "checkpoints/checkpoint.pt"
        state = checkpoint.load(path)
        thin(state["parts"])
        checkpoint.save(path, state)
        (HERE / f"{name}.pt.gz").write_bytes(gzip.compress(path.read_bytes(), 9, mtime=0))
        train_in(folder, run, data, KEPT)
        model = files.sha256(folder / "model.pt")
        train_in(folder, run, data, RESUMED)
        resumed = checkpoint.load(path)
    size = SIZES[run.spec["data"]][1]
    known = {
        "torch": torch.__version__,
        "spec": run.spec,
        "optimised": optimised(run.spec, (size, size, 3)),
        "shapes": shapes(state),
        "model_sha256": model,
        "exact": exact(resumed),
        "near": near(resumed),
    }
    files.write_json(HERE / f"{name}.json", known)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--discard", nargs="+", default=[], help="checkpoints to make again")
    asked = parser.parse_args().discard
    torch.set_num_threads(1)
    for name, run in runs().items():
        if name in asked or not (HERE / f"{name}.json").exists():
            make(name, run)
            print(f"made {name}", file=sys.stderr)


if __name__ == "__main__":
    main()
