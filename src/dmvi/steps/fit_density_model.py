"""Fits a density model to the codes of a trained encoder and bounds KL(q(z) || p(z)) with it."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import torch
from torch import Tensor

from dmvi import files
from dmvi.data.dataset import open_dataset
from dmvi.errors import DmviError
from dmvi.estimators.autoregressive import MAF, AutoregressiveDensity, GaussianLSTM
from dmvi.estimators.codes import CodeSampler
from dmvi.estimators.density_models import DensityModel, density_kl
from dmvi.estimators.estimate import mean_and_error
from dmvi.estimators.marginal_kl import spread_evenly
from dmvi.estimators.streaming import standard_normal_log_density
from dmvi.progress import Progress
from dmvi.steps.trained import load_model, open_posterior, posterior_mixture
from dmvi.training import checkpoint
from dmvi.training.engine import CheckpointPolicy, fit
from dmvi.training.reproducibility import choose_device, set_up

if TYPE_CHECKING:
    from dmvi.estimators.diagonal_gmm import DiagonalGMM

STEP = {
    "version": 1,
    "wildcards": ["run", "seed", "density_model"],
    "gives": {"density_models/": "posterior with a density"},
    "estimators": ["density_models"],
    "gpu": True,
    "resumes": True,
}


def settings(study, run, density_model):
    """The model's own settings and those that all density models share."""
    block = study.estimators["density_models"]
    shared = {key: block[key] for key in ("samples", "adam_betas", "precision")}
    return {**shared, **block[density_model]}


def cost(costs, run, density_model):
    """The fit, its curve, and log q(z) at the evaluated codes."""
    import math

    from dmvi.costs.model import KEPT_CHECKPOINTS
    from dmvi.costs.sizes import lstm, masked_flow
    from dmvi.costs.work import ADAM_ACCESSES, CALLS_PER_UPDATE, MB, Work, forward, passes, products

    spec, _, _ = costs.spec(run)
    gpus, threads = costs.gpus_of(run), costs.threads_of(run)
    block = costs.estimators["density_models"]
    settings, latent_dim = block[density_model], spec["latent_dim"]
    train, valid, test = costs.images(spec["data"])
    samples = block["samples"]
    log_q = costs.density(run, samples, train + valid)
    seconds = costs.seconds(log_q, gpus, threads, costs.density_precision(run))
    evaluated = samples + min(samples, test)
    rows = math.ceil(settings["iterations"] / settings["every"])
    _, parameters, _ = costs.encoded(run)
    memory, state = costs.model_mb(run) + parameters, 0.0
    if density_model == "gmm":
        # On the CPU on any machine. An iteration is an E and an M step (and a bound more, as each
        # is a call of its own); k-means before it, about as long as ten iterations.
        codes, components = settings["fit_samples"], settings["components"]
        points = 2 * (settings["iterations"] + 10) * codes + rows * evaluated
        pairs = points * components
        written = 10.0 * pairs + 4.0 * points * latent_dim
        work = products(5.0 * pairs * latent_dim, values=written)
        seconds += costs.seconds(work, precision="float64")
        memory += 8 * codes * (4 * latent_dim + 4 * components) / MB
    else:
        if density_model == "maf":
            hidden = tuple(settings["hidden"])
            size = masked_flow(latent_dim, settings["transforms"], hidden)
        else:
            size = lstm(latent_dim, settings["width"])
        update = passes(size, settings["batch_size"], 3)
        update += Work(weights=ADAM_ACCESSES * size.parameters, calls=CALLS_PER_UPDATE)
        curve = forward(size, evaluated, 256) * rows
        work = update * settings["iterations"] + curve
        seconds += costs.seconds(work, gpus, threads)
        state = 12 * size.parameters / MB
        memory += 5 * state + 8 * 256 * size.values / MB
    return costs.cost(seconds, memory, KEPT_CHECKPOINTS * state, gpus, threads)


NAMES = ("gmm", "maf", "lstm")
COLUMNS = ("step", "log_r", "standard_error", "heldout_log_r")
STANDARDISATION_CODES = 4096  # their mean is within 2 % of a standard deviation
# An LSTM of 256 units holds 4 x 256 gate inputs for each latent of each code: 128 MiB at 128 latents.
EVALUATION_BATCH = 256


def identity_of(
    name: str, settings: dict[str, Any], seed: int, n: int, model_path: Path, posterior_path: Path
) -> str:
    """What a fit by gradient is, its length included; n is the number of posteriors in q(z)."""
    sources = [files.sha256(path) for path in (model_path, posterior_path)]
    return checkpoint.digest([name, settings, seed, n, *sources])


def fit_density_model(
    model_path: Path,
    posterior_path: Path,
    data: Path,
    name: str,
    settings: dict[str, Any],
    seed: int,
    json_path: Path,
    csv_path: Path,
    checkpoints: Path,
    device: str,
    log: Callable[[str], None] = print,
) -> None:
    """Fits r(z) to codes of the training and validation images; writes E_q[log r - log p] and E_q log r.

    It is evaluated on fresh codes z ~ q(z), never fitted to, at which log q(z) is computed exactly; and
    on codes of as many test images, one each (of all, if they are fewer). Both sets are the same at
    every step of the curve. An interrupted fit by gradient continues from its checkpoint to the same
    bytes (on a CPU); EM starts anew, and its result is the same.

    Args:
        name: "gmm" (EM in float64 on `fit_samples` codes), "maf" or "lstm" (Adam on fresh codes).
        settings: gmm {components, iterations, fit_samples}; maf {transforms, hidden, iterations,
            batch_size, learning_rate}; lstm {width, iterations, batch_size, learning_rate}; and
            adam_betas, precision, samples (codes of the evaluation), every (steps, or iterations of
            EM, between rows of the curve).

    Raises:
        DmviError: the posterior has no density, fewer than 2 samples, or an unknown name.
    """
    if name not in NAMES:
        raise DmviError(f"density model {name!r} is unknown; it must be one of {', '.join(NAMES)}")
    chosen = choose_device(device)
    model = load_model(model_path, chosen)
    dataset = open_dataset(data)
    parameters = open_posterior(posterior_path, len(dataset.images))
    n = len(dataset.train_valid)
    mixture = posterior_mixture(model, parameters[:n], chosen)
    heldout_mixture = posterior_mixture(model, parameters[dataset.span("test")], chosen)

    # Not the seed of the fit: its codes and those of the evaluation are to be independent.
    generator = torch.Generator().manual_seed(seed + 1)
    index = spread_evenly(n, settings["samples"], generator)
    z, own_log_prob = mixture.sample(index, generator)
    few = min(heldout_mixture.components, len(z))  # evaluating an LSTM takes time too
    heldout_index = spread_evenly(heldout_mixture.components, few, generator)
    heldout_z, _ = heldout_mixture.sample(heldout_index, generator)
    log(f"log q(z) at {len(z):,} codes of {mixture.latent_dim} dimensions, {n:,} posteriors")
    log_q = mixture.log_density(z, index, own_log_prob, Progress(log, "tile"))

    set_up(seed, settings["precision"])
    sampler = CodeSampler(model, parameters[:n], settings.get("batch_size", 1), seed, chosen)
    codes = sampler.draw(settings.get("fit_samples", STANDARDISATION_CODES), seed)
    density = _make(name, settings, codes, seed, chosen)
    curve = Curve(density, z, heldout_z, settings["every"], settings["iterations"])
    if name == "gmm":
        _fit_by_em(density, codes, curve, log)
    else:
        log(f"{name} of {density.num_parameters:,} parameters on {chosen}")
        spec = {**settings, "log_every": settings["every"]}
        identity = identity_of(name, settings, seed, n, model_path, posterior_path)
        fit(density, sampler, spec, identity, CheckpointPolicy(checkpoints), log, curve)
        density.eval()

    kl = density_kl(log_prob(density, z), log_q, standard_normal_log_density(z))
    log(
        f"E_q log r {kl.log_r:.3f}, E_q log q {kl.log_q:.3f}, gap {kl.gap:.3f} +- "
        f"{kl.gap_standard_error:.3f} nats"
    )
    files.write_json(
        json_path,
        {
            **kl.to_json(),
            "heldout": log_prob(density, heldout_z).mean().item(),
            "settings": settings,
            "num_parameters": density.num_parameters,
        },
    )
    files.write_csv(csv_path, pd.DataFrame(curve.rows, columns=list(COLUMNS)))


class Curve:
    """E log r along fitting, over two fixed sets of codes: a tracker for `dmvi.training.engine.fit`.

    Args:
        density: being fitted.
        z, heldout_z: codes (S, d) ~ q(z), and (H, d) of images that q(z) does not contain.
        every: steps between rows; the last step has one too.
        iterations: the last step.
    """

    def __init__(
        self, density: DensityModel, z: Tensor, heldout_z: Tensor, every: int, iterations: int
    ) -> None:
        self.density, self.z, self.heldout_z = density, z, heldout_z
        self.every, self.iterations = every, iterations
        self.rows: list[dict[str, float]] = []

    def due(self, step: int) -> bool:
        """Whether this step gets a row."""
        return step % self.every == 0 or step == self.iterations

    def add(self, step: int) -> None:
        """A row for the density as it is; draws no random numbers."""
        log_r, standard_error = mean_and_error(log_prob(self.density, self.z))
        heldout = log_prob(self.density, self.heldout_z).mean().item()
        row = (step, log_r, standard_error, heldout)
        self.rows.append(dict(zip(COLUMNS, row, strict=True)))

    def state_dict(self) -> dict:
        return {"rows": self.rows}

    def load_state_dict(self, state: dict) -> None:
        self.rows = list(state["rows"])


@torch.no_grad()
def log_prob(density: DensityModel, z: Tensor) -> Tensor:
    """log r(z), float64 (n,), in batches."""
    return torch.cat([density.log_prob(part).double() for part in z.split(EVALUATION_BATCH)])


def _make(
    name: str, settings: dict[str, Any], codes: Tensor, seed: int, device: torch.device
) -> "DiagonalGMM | AutoregressiveDensity":
    if name == "gmm":
        from dmvi.estimators.diagonal_gmm import DiagonalGMM  # scikit-learn takes a second to load

        return DiagonalGMM(settings["components"], seed)
    if name == "maf":
        return MAF(codes, settings["transforms"], settings["hidden"]).to(device)
    return GaussianLSTM(codes, settings["width"]).to(device)


def _fit_by_em(
    density: "DiagonalGMM", codes: Tensor, curve: Curve, log: Callable[[str], None]
) -> None:
    progress = Progress(log, "iteration")

    def after(iteration: int) -> None:
        if curve.due(iteration):
            curve.add(iteration)
        progress(iteration, curve.iterations)

    density.fit(codes, curve.iterations, after)
