"""Estimates KL(q(z) || p(z)) of a trained encoder by classifiers of its codes."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from dmvi import files
from dmvi.data.dataset import open_dataset
from dmvi.estimators.codes import CodeSampler
from dmvi.estimators.density_ratio import (
    RatioClassifier,
    RatioTracker,
    accuracy,
    calibration_curve,
    calibration_error,
    mean_logit,
)
from dmvi.estimators.estimate import Estimate
from dmvi.models.model import EncodingModel
from dmvi.networks.mlp import CodeDiscriminator
from dmvi.steps.trained import load_encoder, open_posterior
from dmvi.training import checkpoint
from dmvi.training.engine import CheckpointPolicy, fit
from dmvi.training.reproducibility import choose_device, set_up

STEP = {
    "version": 1,
    "wildcards": ["run", "seed", "ratio"],
    "gives": {"density_ratio/": "encoder"},
    "estimators": ["density_ratio"],
    "gpu": True,
    "resumes": True,
}


def settings(study, run, ratio):
    """The classifiers of one job, "default" or a table's name, each with all its settings."""
    block = dict(study.estimators["density_ratio"])
    tables = block.pop("tables")
    changes = [{}] if ratio == "default" else tables[ratio]
    return [{**block, **change} for change in changes]


def cost(costs, run, ratio):
    """One classifier after another, each with its estimates along training."""
    from dmvi.costs.model import KEPT_CHECKPOINTS
    from dmvi.costs.sizes import Size, code_discriminator
    from dmvi.costs.work import ADAM_ACCESSES, CALLS_PER_UPDATE, MB, Work, forward, passes

    spec, _, _ = costs.spec(run)
    gpus, threads = costs.gpus_of(run), costs.threads_of(run)
    classifiers = settings(costs.study, run, ratio)
    test = costs.images(spec["data"])[2]
    seconds, state = 0.0, 0.0
    for setting in classifiers:
        size = code_discriminator(spec["latent_dim"], setting["layers"], setting["width"])
        noise = 2 if setting["activation_noise"] or setting["dropout"] else 1
        noisy = size + Size(values=size.values * (noise - 1))
        penalty = 6 if setting["gradient_penalty"] else 0
        update = passes(noisy, setting["batch_size"], 6 + penalty)
        update += Work(weights=ADAM_ACCESSES * size.parameters, calls=CALLS_PER_UPDATE)
        estimates = setting["iterations"] // setting["every"] + 2
        estimate = forward(size, setting["samples"] + test, 1024)
        # Codes are drawn anew at each estimate.
        estimate += Work(values=6 * spec["latent_dim"] * (setting["samples"] + test))
        work = update * setting["iterations"] + estimate * estimates
        seconds += costs.seconds(work, gpus, threads, setting["precision"])
        state += 12 * size.parameters / MB
    _, parameters, _ = costs.encoded(run)
    widest = max(spec["latent_dim"], *(setting["width"] for setting in classifiers))
    layer = 1024 * 8 * 4 * widest / MB
    memory = costs.model_mb(run) + parameters + 4 * state / len(classifiers) + layer
    return costs.cost(seconds, memory, KEPT_CHECKPOINTS * state, gpus, threads)


EVALUATION_BATCH = 1024  # codes of 10,000 dimensions and their parameters: 120 MB


def identity_of(setting: dict[str, Any], seed: int, model_sha256: str, meta: dict[str, Any]) -> str:
    """What a classifier's training is, its length aside.

    Args:
        setting: of the classifier, as in `estimate_ratio`.
        model_sha256: of the bytes of the encoder's model.pt.
        meta: the data set's meta.json.
    """
    source = [model_sha256, meta["sha256"]["images.npy"], seed]
    return checkpoint.digest([{**setting, "iterations": None}, source])


def estimate_ratio(
    model_path: Path,
    posterior_path: Path,
    data: Path,
    settings: list[dict[str, Any]],
    seed: int,
    json_path: Path,
    csv_path: Path,
    calibration_path: Path,
    checkpoints: Path,
    device: str,
    log: Callable[[str], None] = print,
) -> None:
    """Trains one classifier per setting (Algorithm 3 of Rosca et al., 2018) and writes its estimates.

    q(z) is the mixture of the posteriors of all training and validation images. Estimates are over
    fresh z ~ q(z) and, as `heldout`, over one code per test image; calibration and accuracy over the
    latter and as many fresh draws of the prior. Every setting gets the same seed, first weights where
    the networks agree, and codes, whatever its place in the list. `checkpoints` keeps one folder per
    setting; an interrupted job continues there, to the same bytes on a CPU.

    Args:
        settings: of each classifier: layers, width, iterations, batch_size, learning_rate, adam_betas,
            precision, gradient_penalty (weight), activation_noise (standard deviation), dropout
            (probability), every (steps between rows of the csv), samples (z ~ q(z) of an estimate).
        json_path: {"estimates": [...]}, in the order of `settings`.
        csv_path: setting (index), step, estimate, standard_error, heldout; nats.
        calibration_path: setting, predicted, observed, count.

    Raises:
        DmviError: the model has no encoder, or a loss is not finite.
        Interrupted: SIGTERM, SIGUSR1 or SIGINT arrived; the checkpoint is written.
    """
    chosen = choose_device(device)
    model = load_encoder(model_path, chosen)
    dataset = open_dataset(data)
    parameters = open_posterior(posterior_path, len(dataset.images))
    marginal = parameters[: len(dataset.train_valid)]
    test = parameters[dataset.span("test")]
    seeds = [int(state) for state in np.random.SeedSequence(seed).generate_state(4)]
    heldout = FixedCodes(model, test, np.arange(len(test)), seeds[0], chosen)
    model_sha256 = files.sha256(model_path)
    entries, curves, reliability = [], [], []
    for number, setting in enumerate(settings):
        rng = np.random.default_rng(seeds[1])
        index = np.sort(rng.integers(len(marginal), size=setting["samples"]))
        codes = FixedCodes(model, marginal, index, seeds[1], chosen)
        log(f"classifier {number + 1} of {len(settings)}: {setting}")
        set_up(seed, setting["precision"])
        network = CodeDiscriminator(
            model.latent_dim,
            setting["layers"],
            setting["width"],
            setting["activation_noise"],
            setting["dropout"],
        )
        classifier = RatioClassifier(network, setting["gradient_penalty"]).to(chosen)
        tracker = RatioTracker(classifier, codes, heldout, setting["every"], chosen)
        fit(
            classifier,
            CodeSampler(model, marginal, setting["batch_size"], seeds[2], chosen),
            {**setting, "log_every": setting["every"]},
            identity_of(setting, seed, model_sha256, dataset.meta),
            CheckpointPolicy(checkpoints / str(number)),
            log,
            tracker,
        )
        estimate = mean_logit(classifier.logits(codes))
        heldout_logits = classifier.logits(heldout)
        heldout_estimate = mean_logit(heldout_logits)
        prior_logits = classifier.logits(prior_batches(heldout, model.latent_dim, seeds[3]))
        reliability.append(calibration_curve(heldout_logits, prior_logits))
        curves.append(_curve(tracker.rows, setting["iterations"], estimate, heldout_estimate))
        entries.append(
            {
                "settings": setting,
                **_plain(estimate),
                "heldout": _plain(heldout_estimate),
                "accuracy": accuracy(heldout_logits, prior_logits),
                "calibration_error": calibration_error(reliability[-1]),
                "num_parameters": sum(p.numel() for p in classifier.parameters()),
            }
        )
        log(
            f"KL {estimate.value:.3f} +- {estimate.standard_error:.3f} nats, on held-out codes "
            f"{heldout_estimate.value:.3f} +- {heldout_estimate.standard_error:.3f}"
        )
    files.write_json(json_path, {"estimates": entries})
    files.write_csv(csv_path, _numbered(curves))
    files.write_csv(calibration_path, _numbered(reliability))


class FixedCodes:
    """The same codes z ~ q(z|x_i), one per entry of `index`, at every pass, batch by batch.

    They are drawn anew at each pass, so that only one batch is in memory; it seeds torch's global
    generators.
    """

    def __init__(
        self,
        model: EncodingModel,
        parameters: np.ndarray,
        index: np.ndarray,
        seed: int,
        device: torch.device,
    ) -> None:
        self.model, self.parameters, self.index = model, parameters, index
        self.seed, self.device = seed, device

    def __iter__(self) -> Iterator[Tensor]:
        torch.manual_seed(self.seed)
        for start in range(0, len(self.index), EVALUATION_BATCH):
            rows = self.parameters[self.index[start : start + EVALUATION_BATCH]]
            yield self.model.sample_posterior(torch.from_numpy(rows).to(self.device))


def prior_batches(codes: FixedCodes, latent_dim: int, seed: int) -> Iterator[Tensor]:
    """As many z ~ N(0, I) as there are codes, batch by batch; the same on every device."""
    generator = torch.Generator().manual_seed(seed)
    for part in torch.arange(len(codes.index)).split(EVALUATION_BATCH):
        yield torch.randn(len(part), latent_dim, generator=generator).to(codes.device)


def _curve(
    rows: list[dict[str, Any]], iterations: int, estimate: Estimate, heldout: Estimate
) -> pd.DataFrame:
    """The tracked rows and the final one, which `every` need not hit."""
    end = {
        "step": iterations,
        "estimate": estimate.value,
        "standard_error": estimate.standard_error,
        "heldout": heldout.value,
    }
    return pd.DataFrame([*(row for row in rows if row["step"] < iterations), end])


def _numbered(tables: list[pd.DataFrame]) -> pd.DataFrame:
    """All tables below each other, the index of each as the column `setting`."""
    return pd.concat([table.assign(setting=i) for i, table in enumerate(tables)])[
        ["setting", *tables[0].columns]
    ]


def _plain(estimate: Estimate) -> dict[str, float]:
    return {
        "value": estimate.value,
        "standard_error": estimate.standard_error,
        "n": estimate.n,
    }
