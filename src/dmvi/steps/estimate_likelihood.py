"""Estimates log p(x) of test images under a decoder, and whether the estimate may be trusted."""

import math
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from dmvi import files
from dmvi.data.dataset import Dataset, open_dataset
from dmvi.distributions.posteriors import GaussianFamily, TractablePosterior
from dmvi.distributions.registry import declared_likelihoods
from dmvi.errors import DmviError
from dmvi.estimators import annealing, gate, quadrature, schedules
from dmvi.estimators.importance import importance_bound
from dmvi.estimators.pairing import chunks, over_chains
from dmvi.estimators.start import GaussianStart
from dmvi.models.autoencoder import LikelihoodAutoencoder
from dmvi.progress import Progress
from dmvi.steps.kept_parts import KeptParts, Part
from dmvi.steps.trained import load_model, to_input
from dmvi.training import checkpoint
from dmvi.training.reproducibility import choose_device, set_up

STEP = {
    "version": 2,
    "wildcards": ["run", "seed"],
    "gives": {"likelihood": "normalised likelihood", "bdmc": "normalised likelihood"},
    "options": {
        "likelihood": {
            "temperatures": {
                "type": "integer",
                "minimum": 1,
                "maximum": 20000,
                "default": 300,
                "description": "T of annealed importance sampling; 1 is plain importance sampling",
            },
            "leapfrog": {
                "type": "integer",
                "minimum": 1,
                "maximum": 1000,
                "default": 5,
                "description": "steps of each Hamiltonian transition",
            },
            "chains": {
                "type": "integer",
                "minimum": 2,
                "maximum": 1000,
                "default": 4,
                "description": "per image; of one the effective sample size says nothing",
            },
            "images": {
                "type": "integer",
                "minimum": 2,
                "default": 128,
                "description": "the first so many test images, or all where there are fewer",
            },
            "simulated": {
                "type": "integer",
                "minimum": 2,
                "default": 64,
                "description": "images drawn from the model, on which forward and reverse must agree",
            },
            "pilot": {
                "type": "integer",
                "minimum": 1,
                "default": 32,
                "description": "validation images on which step sizes are tuned",
            },
            "schedule": {
                "enum": ["linear", "sigmoid"],
                "default": "sigmoid",
                "description": "of inverse temperatures; sigmoid is slow at both ends",
            },
            "start": {
                "enum": ["curvature", "posterior", "prior", "both"],
                "default": "curvature",
                "description": "where chains begin: the encoder's mean with the width that log p(x, z) "
                "has there or with the encoder's own, or N(0, I); both is curvature for half of the chains "
                "and prior for the others, for images whose posterior is not where the encoder says",
            },
            "draws": {
                "type": "integer",
                "minimum": 1,
                "maximum": 1000000,
                "default": 1000,
                "description": "of importance sampling per image",
            },
        }
    },
    "gpu": True,
    "resumes": True,
}
BOTH = ("curvature", "prior")
POINTS = 535  # of quadrature, per axis: `dmvi.estimators.quadrature.POINTS`
PILOT_CHAINS = 2
AT_ONCE = 1024  # points of quadrature
ROWS = 256  # chains x images in one pass through the decoder


def settings(study, run):
    """The block `estimators.likelihood` with what it leaves out."""
    keys = STEP["options"]["likelihood"]
    return {k: rules["default"] for k, rules in keys.items()} | study.estimators.get(
        "likelihood", {}
    )


def cost(costs, run):
    """Gradients of log p(x|z) by z along all chains; importance sampling; quadrature in few dimensions."""
    import math

    from dmvi.costs.work import MB, Work, passes

    spec, shape, sizes = costs.spec(run)
    gpus, threads = costs.gpus_of(run), costs.threads_of(run)
    wanted = settings(costs.study, run)
    _, valid, test = costs.images(spec["data"])
    chains, latent_dim = wanted["chains"], spec["latent_dim"]
    autoregressive = "pixelcnn" in costs.networks(spec)
    decoder = sizes["context"] + sizes["pixelcnn"] if autoregressive else sizes["generator"]
    images = min(wanted["images"], test)
    each = (wanted["temperatures"] - 1) * wanted["leapfrog"] + 1
    # Of a row: forwards and the gradient by its input; momentum, densities and acceptance of its latents.
    row = passes(decoder, 1, 2) + Work(values=30 * latent_dim)
    annealed = chains * (images + 2 * wanted["simulated"]) * each
    pilots = len(BOTH) if wanted["start"] == "both" else 1
    pilot = PILOT_CHAINS * min(wanted["pilot"], valid) * (2 * each + 30 * wanted["leapfrog"])
    annealed += pilots * pilot
    weighted = images * wanted["draws"]
    work = row * annealed + passes(decoder, 1) * weighted
    calls = (2 * decoder.calls + 60) * annealed / ROWS + (decoder.calls + 20) * weighted / ROWS
    per_channel = math.prod(shape)
    if latent_dim <= 2:
        points, groups = POINTS**latent_dim, math.ceil(images * chains / ROWS)
        work += passes(decoder, 1) * (points * (images if autoregressive else groups))
        work += Work(values=4.0 * points * images * per_channel)
        calls += 10.0 * images * math.ceil(points / AT_ONCE)
    # Weights are read once per pass of all rows, not by each; they are few beside it.
    work = Work(work.flops, work.padded, work.single, work.values, 0, calls)
    memory = costs.model_mb(run) + 4 * ROWS * (4 * decoder.values) / MB
    memory += costs.evaluation_mb(run) * (AT_ONCE / 128 if latent_dim <= 2 else 1)
    return costs.cost(costs.seconds(work, gpus, threads), memory, 0.1, gpus, threads)


ELBO_DRAWS = 16
POSTERIOR_DRAWS = 100  # whose moments are the start of a posterior that is no Gaussian
SMALLEST_STD = 1e-4  # of a Gaussian start: an AAE's can collapse to 0
GRID_ERROR = 0.01  # nats, of the mean: above it a quadrature's grid is too small or too coarse


def estimate_likelihood(
    model_path: Path,
    data: Path,
    settings: dict[str, Any],
    seed: int,
    checkpoints: Path,
    json_path: Path,
    csv_path: Path,
    bdmc_path: Path,
    device: str,
    log: Callable[[str], None] = print,
) -> None:
    """Writes log p(x) of test images by annealed importance sampling, with what it can be judged by.

    Beside it stand importance sampling, the ELBO, quadrature where the latent has one or two
    dimensions, and bidirectional Monte Carlo: on images that the model itself has drawn, the same
    chains give a lower bound forwards and an upper one backwards. Where these differ by more than a
    nat, the json's `value` is null: nothing here is then the likelihood.

    Args:
        settings: temperatures, leapfrog, chains, images, simulated, pilot, schedule, start, draws.
        checkpoints: keeps the parts of a few images each; an interrupted job goes on there, to the
            same numbers. What other settings, another model or other images have left is not used.
        json_path: value, standard_error, method, n; ais, is, elbo, quadrature; gap, ess, acceptance;
            gate, flags, settings.
        csv_path: image, ais, is, elbo, ess, acceptance, quadrature; nats.
        bdmc_path: image, lower, upper of simulated images; nats.

    Raises:
        DmviError: the model has no likelihood, or one that is no probability of these images.
    """
    chosen = choose_device(device)
    set_up(seed)
    model = load_model(model_path, chosen)
    dataset = open_dataset(data)
    _check(model, dataset, model_path)
    what = [STEP["version"], ROWS, settings, seed, chosen.type]
    source = [files.sha256(model_path), dataset.meta["sha256"]["images.npy"]]
    parts = KeptParts(checkpoints, checkpoint.digest([what, source]), log)
    work = _Work(model, dataset, settings, seed, parts, log)
    simulated, test = work.simulated(), work.test()
    opening = gate.gate(simulated["lower"], simulated["upper"])
    summary = _summary(test, opening, work.elbo_kind)
    log(_sentence(summary))
    if summary["value"] is None and settings["start"] in ("curvature", "posterior"):
        log(
            "more temperatures may open the gate (estimators.likelihood.temperatures), and where a few "
            "images close it, `start: both`"
        )
    files.write_csv(bdmc_path, _table({k: simulated[k] for k in ("lower", "upper")}))
    files.write_csv(csv_path, _table({k: test[k] for k in COLUMNS}))
    files.write_json(json_path, {**summary, "settings": settings})


COLUMNS = ("ais", "is", "elbo", "ess", "acceptance", "quadrature")


def _check(model: torch.nn.Module, dataset: Dataset, path: Path) -> None:
    if not isinstance(model, LikelihoodAutoencoder):
        raise DmviError(
            f"{path} holds a {model.spec['model']!r} model, which has no explicit likelihood p(x|z)"
        )
    name = model.spec["likelihood"]
    held_out = dataset.images[dataset.span("valid").start :]
    if not declared_likelihoods()[name]["normalised"] and not np.isin(held_out, (0, 255)).all():
        raise DmviError(
            f"{path} has the likelihood {name!r}, which is no probability of grey pixels; prepare the "
            "data set with binarize: eval, or choose another likelihood"
        )


class _Work:
    """Both sets of images, part by part."""

    def __init__(
        self,
        model: LikelihoodAutoencoder,
        dataset: Dataset,
        settings: dict[str, Any],
        seed: int,
        parts: KeptParts,
        log: Callable[[str], None],
    ) -> None:
        self.model, self.settings, self.seed, self.parts = model, settings, seed, parts
        self.device = next(model.parameters()).device
        self.pilot = dataset.split("valid")[: settings["pilot"]]
        self.images = dataset.split("test")[: settings["images"]]
        self.betas = schedules.SCHEDULES[settings["schedule"]](settings["temperatures"])
        starts = BOTH if settings["start"] == "both" else (settings["start"],)
        # Start -> its share of the chains: of an odd number the first start has one more.
        self.chains = {
            start: (settings["chains"] + len(starts) - 1 - i) // len(starts)
            for i, start in enumerate(starts)
        }
        tractable = isinstance(model.posterior, TractablePosterior)
        self.elbo_kind = "ELBO" if tractable else "estimate by a classifier"
        # Simulated images count twice: forwards and backwards.
        self.total = 2 * settings["simulated"] + len(self.images)
        self.done = 0.0
        self.progress: Progress | None = None
        self.log = log
        log(
            f"{len(self.images)} test and {settings['simulated']} simulated images, "
            f"{settings['chains']} chains of {settings['temperatures']} temperatures each, "
            f"{settings['leapfrog']} leapfrog steps, {model.latent_dim} latents"
        )
        self.step_sizes = {
            start: parts.get(f"steps-{start}", partial(self._tuned, start))["step_sizes"].to(
                self.device
            )
            for start in starts
        }

    def simulated(self) -> Part:
        """lower, upper of images that the model has drawn."""
        return self._all("simulated", self.settings["simulated"], 2, self._both_ways)

    def test(self) -> Part:
        """`COLUMNS` and what a quadrature is judged by, of the test images."""
        return self._all("test", len(self.images), 1, self._estimates)

    def _all(self, name: str, images: int, weight: int, compute: Callable[..., Part]) -> Part:
        size = max(1, ROWS // self.settings["chains"])
        # Another stream for either set: the same seed would give both the same chains.
        seed = int(np.random.SeedSequence([self.seed, weight]).generate_state(1)[0])
        found = []
        for rows, generator in chunks(images, size, seed, self.device):
            torch.manual_seed(generator.initial_seed())  # for posteriors' own draws
            kept = self.parts.path(f"{name}-{rows.start}").exists()
            if not kept and self.progress is None:
                self.progress = Progress(self.log, "image", int(self.done))
            part = self.parts.get(f"{name}-{rows.start}", lambda: compute(rows, generator))  # noqa: B023
            found.append(part)
            self.done += weight * (rows.stop - rows.start)
        return {key: torch.cat([part[key] for part in found]) for key in found[0]}

    def _report(self, images: int, offset: float, share: float) -> Callable[[int, int], None]:
        """Tells how much is done while a chunk of images goes through its temperatures."""

        def progress(step: int, last: int) -> None:
            if self.progress is not None:
                done = self.done + images * (offset + share * step / last)
                self.progress(round(min(done, self.total), 1), self.total)

        return progress

    def _annealed(
        self,
        likelihood: Callable[[Tensor], Tensor],
        starts: dict[str, GaussianStart],
        generator: torch.Generator,
        posterior_draws: Tensor | None = None,
    ) -> annealing.Annealed:
        """All chains of a chunk: forwards, or backwards from posterior draws, which come second."""
        backwards = posterior_draws is not None
        parts, offset = [], float(backwards)
        for name, start in starts.items():
            share = self.chains[name] / self.settings["chains"]
            common = (likelihood, start, self.betas, self.step_sizes[name])
            shared = {
                "leapfrog": self.settings["leapfrog"],
                "chains": self.chains[name],
                "generator": generator,
                "progress": self._report(len(start.mean), offset, share),
            }
            if posterior_draws is None:
                parts.append(annealing.forward(*common, **shared))
            else:
                parts.append(annealing.reverse(*common, **shared, posterior_draws=posterior_draws))
            offset += share
        return annealing.pooled(parts, backwards=backwards)

    def _starts(
        self, x: Tensor, likelihood: Callable[[Tensor], Tensor]
    ) -> dict[str, GaussianStart]:
        """Each q0 of images by its name."""
        return {name: self._start(name, x, likelihood) for name in self.chains}

    def _start(self, name: str, x: Tensor, likelihood: Callable[[Tensor], Tensor]) -> GaussianStart:
        """q0 of images, whose log p(x|z) is given for two chains or more."""
        if name == "prior":
            return GaussianStart.prior(len(x), self.model.latent_dim, x)
        parameters = self.model.encode(x)
        if isinstance(self.model.posterior, GaussianFamily):
            mean, log_variance = parameters.chunk(2, dim=-1)
            start = GaussianStart(mean, (0.5 * log_variance).exp().clamp(min=SMALLEST_STD))
        else:
            draws = [self.model.sample_posterior(parameters) for _ in range(POSTERIOR_DRAWS)]
            start = GaussianStart.from_draws(torch.stack(draws))
        if name == "curvature":
            return GaussianStart.from_curvature(likelihood, start.mean)
        return start

    def _tuned(self, name: str) -> Part:
        x = to_input(self.pilot, self.device)
        torch.manual_seed(self.seed)
        likelihood = over_chains(self.model.log_likelihood, x, PILOT_CHAINS)
        return {
            "step_sizes": schedules.tune(
                likelihood,
                self._start(name, x, likelihood),
                self.betas,
                leapfrog=self.settings["leapfrog"],
                chains=PILOT_CHAINS,
                generator=torch.Generator(self.device).manual_seed(self.seed),
                progress=Progress(self.log, f"temperature of the pilot ({name})"),
            )
        }

    def _both_ways(self, rows: slice, generator: torch.Generator) -> Part:
        n = rows.stop - rows.start
        shape = (n, self.model.latent_dim)
        z = torch.randn(shape, generator=generator, device=self.device)
        x = self.model.simulate(z, generator)
        # z is an exact draw of p(z|x) of what was drawn from: a likelihood whose sum is 1.
        likelihood = over_chains(self.model.log_normalised, x, self.settings["chains"])
        starts = self._starts(x, likelihood)
        lower = self._annealed(likelihood, starts, generator)
        upper = self._annealed(likelihood, starts, generator, posterior_draws=z)
        return {"lower": lower.log_p, "upper": upper.log_p}

    def _estimates(self, rows: slice, generator: torch.Generator) -> Part:
        x = to_input(self.images[rows], self.device)
        likelihood = over_chains(self.model.log_likelihood, x, self.settings["chains"])
        starts = self._starts(x, likelihood)
        annealed = self._annealed(likelihood, starts, generator)
        # Weights of draws of the prior would say nothing about the chains.
        proposal = next((q0 for name, q0 in starts.items() if name != "prior"), None)
        weighted = importance_bound(
            likelihood,
            proposal or self._start("curvature", x, likelihood),
            draws=self.settings["draws"],
            generator=generator,
            at_once=self.settings["chains"],
        )
        nothing = torch.full_like(annealed.log_p, math.nan)
        found = {
            "ais": annealed.log_p,
            "is": weighted.log_p,
            "elbo": self._bound(x),
            "ess": annealed.ess,
            "acceptance": annealed.acceptance,
            "quadrature": nothing,
            "grid_error": nothing,
        }
        if self.model.latent_dim <= 2:
            pairs = partial(self.model.all_log_likelihoods, x)
            exact = quadrature.log_marginal(pairs, self.model.latent_dim, like=x, at_once=AT_ONCE)
            found |= {"quadrature": exact.log_p, "grid_error": exact.error}
        return found

    @torch.no_grad()
    def _bound(self, x: Tensor) -> Tensor:
        """The ELBO of each image, mean over draws; of a posterior without density, what the model has."""
        total = torch.zeros(len(x), dtype=torch.float64, device=x.device)
        for _ in range(ELBO_DRAWS):
            if isinstance(self.model.posterior, TractablePosterior):
                z, kl = self.model.posterior.sample_and_kl(self.model.encode(x))
                fit = self.model.log_likelihood(x, z)
            else:
                fit, kl = self.model.bound_terms(x)
            total += (fit - kl).double() / ELBO_DRAWS
        return total


def _summary(test: Part, opening: gate.Gate, elbo_kind: str) -> dict[str, Any]:
    """The json's content but for the settings. `value` is null where nothing may be called likelihood."""
    flags = gate.flags(test["ais"], test["ess"], test["acceptance"], test["is"])
    means = {key: _mean(test[key]) for key in ("ais", "is", "elbo", "quadrature")}
    means["elbo"]["kind"] = elbo_kind
    good_grid = bool(test["quadrature"].isfinite().all())
    good_grid = good_grid and test["grid_error"].mean().item() < GRID_ERROR
    finite = bool(test["ais"].isfinite().all())
    method = "quadrature" if good_grid else "ais" if opening.open and finite else None
    best = means[method] if method else {"value": None, "standard_error": None}
    gap = (test["ais"] - test["elbo"]).mean().item()
    return {
        "value": best["value"],
        "standard_error": best["standard_error"],
        "method": method,
        "n": len(test["ais"]),
        **means,
        "gap": _number(gap),
        "ess": _number(test["ess"].mean().item()),
        "acceptance": _number(test["acceptance"].mean().item()),
        "gate": {
            "open": opening.open,
            "reason": opening.reason,
            "gap": _number(opening.gap),
            "standard_error": _number(opening.standard_error),
            "interval": [_number(end) for end in opening.interval],
            "threshold": opening.threshold,
            "n": opening.n,
        },
        "flags": flags,
    }


def _mean(values: Tensor) -> dict[str, Any]:
    """Mean over images with its standard error; null where one is not a number."""
    values = values.double()
    error = values.std().item() / math.sqrt(len(values)) if len(values) > 1 else math.nan
    return {"value": _number(values.mean().item()), "standard_error": _number(error)}


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _table(columns: Part) -> pd.DataFrame:
    table = pd.DataFrame({key: value.double().numpy() for key, value in columns.items()})
    table.insert(0, "image", np.arange(len(table)))
    return table


def _sentence(summary: dict[str, Any]) -> str:
    opening = summary["gate"]
    if summary["value"] is not None:
        gap = f"; bidirectional gap {opening['gap']:.3g}" if opening["gap"] is not None else ""
        error = summary["standard_error"] or 0.0
        return f"log p(x) {summary['value']:.3f} +- {error:.3f} nats by {summary['method']}{gap}"
    return f"no likelihood: {opening['reason'] or 'an estimate is not finite'}"
