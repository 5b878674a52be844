"""Small random but valid results of a study, for the tests of tables, claims and figures."""

import copy
import json
import shutil
from collections.abc import Iterable
from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd
import pytest
import yaml

from dmvi.claims.declared import declared_claims
from dmvi.figures import style
from dmvi.figures.base import figure_module, footer
from dmvi.study.declarations import declared_models
from dmvi.study.declared_figures import declared_figures
from dmvi.tables.models import ORDER
from dmvi.tables.results import Tables

SIZES = {"color_mnist": 28, "celeba": 64, "cifar10": 32}
TITLES = {
    "color_mnist": "ColorMNIST stand-in (scikit-learn digits)",
    "celeba": "CelebA (10k subset)",
    "cifar10": "CIFAR-10",
}
REPOSITORY = Path(__file__).parents[2]
SHIPPED = (".", "studies/demo", "studies/paper_cpu", "studies/reduced")
OWN = ("codes_curve.csv", "redrawn.npy")  # in this example, whether a shipped study has them or not
M, K = 64, 1000  # low-posterior samples and prior draws
PICTURES = 48  # samples, originals and reconstructions kept

# Scores of the models: critic, Inception score, diversity; and of the data themselves.
LEVELS = {
    **{"vae": (5.0, 2.6, 0.50), "beta_vae": (4.8, 2.5, 0.51), "aae": (5.4, 2.4, 0.52)},
    **{"avb": (5.9, 2.3, 0.52), "avb_ac": (5.7, 2.3, 0.53), "veegan": (3.5, 3.2, 0.58)},
    **{"vgh": (3.1, 3.6, 0.60), "vgh_plus_plus": (2.3, 4.1, 0.61), "dcgan": (1.6, 5.0, 0.63)},
    **{"wgan_gp": (1.4, 5.3, 0.62), "data": (0.4, 9.6, 0.635)},
}


# The ELBO and InfoVAEs: MMD² and log det of codes, mismatch of classes, probe's error, noise of log det.
INFO = ("vae", "infovae_mmd", "infovae_stein", "infovae_adversarial")
INFO_LEVELS = {
    "vae": {"mmd2": 4e-3, "logdet": 2.0, "classes": 0.05, "error": 0.12, "noise": 0.01},
    "infovae_mmd": {"mmd2": 2e-4, "logdet": 0.1, "classes": 0.02, "error": 0.05, "noise": 0.005},
    "infovae_stein": {"mmd2": 5e-4, "logdet": 0.2, "classes": 0.02, "error": 0.06, "noise": 0.006},
    "infovae_adversarial": {
        **{"mmd2": 1e-3, "logdet": 0.5, "classes": 0.03, "error": 0.07, "noise": 0.05}
    },
}


SWEPT = [model for model in LEVELS if model not in ("vae", "beta_vae", "data")]


def drawable(names: Iterable[str]) -> list[str]:
    """Of some figures, those whose tables this example holds: those that figures of the shipped studies
    read. One that reads a table of its own belongs here once a study has it."""
    read = [
        yaml.safe_load((REPOSITORY / s / "config.yaml").read_text())["figures"] for s in SHIPPED
    ]
    known: dict[str, set[str]] = {"run": set(OWN), "data": set(), "study": set()}
    for name in {name for figures in read for name in figures}:
        for kind, tables in known.items():
            tables.update(getattr(declared_figures()[name].sources, kind))
    sources = {name: vars(declared_figures()[name].sources) for name in names}
    return [
        name for name in names if all(set(sources[name][kind]) <= known[kind] for kind in known)
    ]


class Results:
    """A results folder in the making: written with defaults, then changed by the tests."""

    def __init__(self, root: Path):
        self.root = root
        self.runs: dict[str, list[int]] = {}
        self.tags: dict[str, tuple[str, ...]] = {}
        self.scale = "demo"

    def path(self, run: str, seed: int, name: str) -> Path:
        return self.root / "runs" / run / f"seed{seed}" / name

    def add_dataset(self, name: str, builder: str | None = None, title: str | None = None):
        builder = builder or name
        title = title or TITLES.get(builder, name)
        meta = {
            "dataset": name,
            "builder": builder,
            "title": title,
            "standin": "stand-in" in title,
            "note": "10,000-image subset, split by name" if builder == "celeba" else "",
        }
        meta |= {"splits": {"train": [0, 10], "valid": [10, 20], "test": [20, 60]}}
        _json(self.root / "data" / name / "meta.json", meta)
        pictures = np.random.default_rng(1).integers(0, 256, (60, 8, 8, 3), dtype=np.uint8)
        np.save(self.root / "data" / name / "images.npy", pictures)
        scores = {"scores": _scores(np.random.default_rng(0), "data", builder)}
        _json(self.root / "data" / name / "scores.json", scores)

    def add_run(self, name: str, seeds=(0, 1), tags=("main", "compare"), **attributes):
        """A run of any model, with the files that such a model has.

        Those about its latent space are written for runs of the tag `main`, and some for `large`.
        """
        declared = declared_models()[attributes.get("model", "vae")]
        run = {"run": name, "model": "vae", "latent_dim": 10}
        for key in ("posterior", "likelihood"):
            run |= {key: declared[f"{key}s"][0]} if f"{key}s" in declared else {}
        run |= {"beta": 1.0} if declared["kind"] == "vae" else {}
        run |= attributes
        self.runs[name] = list(seeds)
        self.tags[name] = tuple(tags)
        builder = json.loads((self.root / "data" / run["data"] / "meta.json").read_text())[
            "builder"
        ]
        for seed in seeds:
            rng = np.random.default_rng([seed, sum(map(ord, name))])
            folder = self.path(name, seed, "run.json").parent
            _json(folder / "run.json", {**run, "seed": seed})
            _write_model(folder, rng, run["model"], builder)
            if declared["encodes"]:
                _write_codes(folder, np.random.default_rng([seed, run["latent_dim"], 5]), run)
            if {"main", "large"} & set(tags) and run.get("posterior"):
                _write_kl(folder, rng, run)
                _write_profile(folder, np.random.default_rng([seed, run["latent_dim"]]), run)
            if declared["kind"] == "vae" and run.get("posterior"):
                _write_snapshots(folder, rng, run)
            if declared["kind"] == "vae" and "main" in tags:
                _write_run(folder, rng, run["latent_dim"], builder)
                _write_densities(folder, rng)

    def change_json(self, name: str, change, runs=None, seeds=None):
        """Applies `change` to a JSON of every run and seed (or of those given)."""
        for path in self._paths(name, runs, seeds):
            _json(path, change(json.loads(path.read_text())))

    def change_csv(self, name: str, change, runs=None, seeds=None):
        for path in self._paths(name, runs, seeds):
            change(pd.read_csv(path)).to_csv(path, index=False)

    def _paths(self, name, runs, seeds):
        for run in runs or self.runs:
            for seed in self.runs[run] if seeds is None else seeds:
                yield self.path(run, seed, name)

    def select(self, **wanted) -> dict[str, list[int]]:
        """Runs whose attributes (or builder) are among the wanted values, as the config selects."""
        chosen = {}
        for name, seeds in self.runs.items():
            run = json.loads(self.path(name, seeds[0], "run.json").read_text())
            meta = json.loads((self.root / "data" / run["data"] / "meta.json").read_text())
            kind = declared_models().get(run["model"], {}).get("kind")
            own = {"builder": meta["builder"], "kind": kind, "tags": list(self.tags[name])}
            values = {**run, **own}
            if all(_match(values.get(key, []), value) for key, value in wanted.items()):
                chosen[name] = seeds
        return chosen

    def compare(self, models=tuple(ORDER), datasets=tuple(SIZES), settings=1, seeds=(0, 1)):
        """Adds so many settings of every model on every data set, for the comparison only."""
        for dataset in datasets:
            self.add_dataset(dataset)
            for model in models:
                for i in range(settings):
                    run = {"data": dataset, "model": model, "learning_rate": 1e-4 * (i + 1)}
                    self.add_run(f"{dataset}-{model}-{i}", seeds, ("compare",), **run)

    def add_large(self, datasets=("color_mnist", "celeba"), sizes=(1000, 10_000)):
        """Adds VAE, AAE and AAE with a larger code discriminator, with many latents."""
        for name in datasets:
            for d in sizes:
                own = {"data": name, "latent_dim": d, "seeds": (0,), "tags": ("large",)}
                self.add_run(f"{name}-vae-large-d{d}", **own)
                for layers, width in ((3, 1000), (5, 2000)):
                    code = {"model": "aae", "code_layers": layers, "code_width": width}
                    self.add_run(f"{name}-aae-{layers}-large-d{d}", **own, **code)

    def add_info(self, sizes=(5, 10), images=(500, 5000), seeds=(0, 1, 2), **attributes):
        """Adds the ELBO and three InfoVAEs: by latent size, and two of them by the number of images.

        As the claims D2 to D6 say; `set_info` changes them.
        """
        self.add_dataset("mnist", title="MNIST")
        for d in sizes:
            for model in INFO:
                run = {"data": "mnist", "model": model, "latent_dim": d, "iterations": 3000}
                self.add_run(f"{model}-d{d}", seeds, ("info",), **run, **attributes)
                self.set_info(f"{model}-d{d}", model)
        for n in images:
            self.add_dataset(f"grey_{n}", "mnist", f"MNIST, {n} images")
            for model in INFO[:2]:
                run = {"data": f"grey_{n}", "model": model, "latent_dim": 5, "iterations": 3000}
                own = {"likelihood": "quantized_normal", **run, **attributes}
                self.add_run(f"{model}-n{n}", seeds, ("sizes",), **own)
                self.set_info(f"{model}-n{n}", model, n=n)

    def add_pixels(self, seeds=(0, 1, 2)):
        """Adds an autoregressive decoder with the ELBO's weights and with InfoVAE's, as D8 says."""
        self.add_dataset("mnist", title="MNIST")
        for name, weight, information, error in (("elbo", 1, 0.2, 0.8), ("info", 1000, 5.0, 0.1)):
            run = {"data": "mnist", "model": "infovae_pixelcnn", "alpha": 0, "lambda": weight}
            self.add_run(name, seeds, ("pixels",), **run, iterations=3000)
            for i, seed in enumerate(seeds):
                _write_kl(
                    self.path(name, seed, "kl.json").parent,
                    np.random.default_rng(seed),
                    {**run, "latent_dim": 10},
                )
                scale = 1 + 0.01 * (i - 1)
                kl = {"mutual_information": information * scale}
                self.change_json("kl.json", lambda old, kl=kl: {**old, **kl}, [name], [seed])
                codes = json.loads(self.path(name, seed, "codes.json").read_text())
                for probe in codes["probes"]:
                    probe["mean"] = error * scale
                _json(self.path(name, seed, "codes.json"), codes)
                images = _pictures(np.random.default_rng(seed), 64, 28).reshape(8, 8, 28, 28, 3)
                np.save(self.path(name, seed, "redrawn.npy"), images)

    def add_open(self, seeds=(0,)):
        """Adds a base per likelihood on CIFAR-10 and what departs from it in one setting, for table 8."""
        self.add_dataset("cifar10")
        base = {"data": "cifar10", "latent_dim": 128, "learning_rate": 1e-4, "iterations": 20_000}
        varied = {"d50": {"latent_dim": 50}, "fast": {"learning_rate": 5e-4}}
        for likelihood in ("bernoulli", "quantized_normal"):
            run = {**base, "likelihood": likelihood}
            self.add_run(f"open-{likelihood}", seeds, ("open_base",), **run)
            for name, own in varied.items():
                self.add_run(f"open-{likelihood}-{name}", seeds, ("open",), **{**run, **own})
        wide = {**run, "smallest_sigma": 0.05}
        self.add_run("open-quantized_normal-wide", seeds, ("open",), **wide)

    def set_info(self, run: str, model: str, n: int = 50_000, **changes):
        """Gives an objective's run what is known of such codes: `changes` of mmd2, logdet, classes,
        error, noise (of log det along training)."""
        level = {**INFO_LEVELS[model], **changes}
        for i, seed in enumerate(self.runs[run]):
            scale = 1 + 0.01 * (i - 1)  # seeds 1 % apart
            d = json.loads(self.path(run, seed, "run.json").read_text())["latent_dim"]
            logdet = level["logdet"] * scale * (10 - 0.8 * np.log(n))
            codes = json.loads(self.path(run, seed, "codes.json").read_text())
            codes["two_sample"]["mmd2_imq"] = {
                **two_sample(level["mmd2"] * scale, 1e-7, 2e-6, min(n, 10_000)),
                "available": n,
            }
            codes["moments"] = {
                "train": moments(logdet, d, n),
                "test": moments(0.9 * logdet - 0.2, d, 10_000),
            }
            for probe in codes["probes"]:
                probe["mean"] = level["error"] * scale * (1 if probe["labels"] == 1000 else 2)
            _json(self.path(run, seed, "codes.json"), codes)
            scores = json.loads(self.path(run, seed, "scores.json").read_text())
            entry = {"value": level["classes"] * scale, "sd": 0.001, "n": 10_000}
            scores["scores"]["class_mismatch"] = entry
            _json(self.path(run, seed, "scores.json"), scores)
            steps = np.arange(300, 3001, 300)
            rng = np.random.default_rng([seed, len(run)])
            wave = level["noise"] * scale * np.where(np.arange(10) % 2, 1, -1)
            curve = {"step": steps, "mmd2_gaussian": level["mmd2"] / 10}
            curve["mmd2_imq"] = level["mmd2"] * (1 + 5 * np.exp(-steps / 500)) + rng.normal(0, 1e-6)
            curve["logdet"] = logdet * (1 - np.exp(-steps / 300)) + d * wave
            curve["logdet_per_latent"] = curve["logdet"] / d
            table = pd.DataFrame(curve)
            table.to_csv(self.path(run, seed, "codes_curve.csv"), index=False)

    def add_synthetic(self, **settings):
        """Writes the tables of the synthetic study."""
        write_synthetic(self.root, **settings)

    def set_score(self, name, value, models, datasets=tuple(SIZES), sd=0.01, step=0.02):
        """Gives models of `compare` a score; each further setting is worse by `step` of it."""
        sign = 1 if name == "critic" else -1
        for start in (f"{dataset}-{model}-" for dataset in datasets for model in models):
            for i, run in enumerate(run for run in self.runs if run.startswith(start)):

                def change(content, i=i):
                    entry = {"value": value * (1 + sign * step * i), "sd": sd, "n": 10_000}
                    return {**content, "scores": {**content["scores"], name: entry}}

                self.change_json("scores.json", change, [run])

    def decided(self, figure: str, name: str):
        """The figure's claim, as decided on its default selection of runs."""
        found = [d for d in declared_claims() if (d.id, d.figure) == (name, figure)]
        assert len(found) == 1
        return found[0].decide(self.tables(figure_module(figure)))

    def tables(self, module, **select) -> Tables:
        """The tables that a figure gets: its own selection of runs unless another is given.

        As in the studies' configs, a figure that names no tag shows the runs of the tag `main`.
        """
        figure = declared_figures()[module.__name__.rpartition(".")[2]]
        wanted = select or {"tags": "main", **figure.select}
        runs = self.select(**wanted) if figure.sources.run else {}
        if figure.seeds == "first":
            runs = {name: seeds[:1] for name, seeds in runs.items()}
        return Tables(self.root, runs, {"name": "test", "scale": self.scale, "note": ""})


def set_estimate(results, value, error=0.1, runs=None, seeds=None, setting=0, name="default"):
    """Gives a classifier, of the settings `name`, this estimate, at rest all along its training."""

    def change(content):
        entries = [dict(entry) for entry in content["estimates"]]
        entries[setting] |= {"value": value, "standard_error": error}
        return {"estimates": entries}

    def rest(curves):
        estimate = curves["estimate"].where(curves["setting"] != setting, value)
        return curves.assign(estimate=estimate)

    results.change_json(f"density_ratio/{name}.json", change, runs, seeds)
    results.change_csv(f"density_ratio/{name}.csv", rest, runs, seeds)


def fill(results, posteriors=("gaussian",), seeds=(0, 1, 2), datasets=tuple(SIZES), **attributes):
    """Adds a VAE per data set and posterior; returns the results."""
    for dataset in datasets:
        results.add_dataset(dataset)
        for posterior in posteriors:
            run = {"data": dataset, "posterior": posterior, **attributes}
            results.add_run(f"{dataset}-{posterior}", seeds=seeds, **run)
    return results


def set_kl(results, value, runs=None, error=0.01, lower=-1.0, seeds=None):
    """Gives runs this KL; `value` may be a function of the old content."""
    change = {"standard_error": error, "lower": lower}

    def new(kl):
        return {**kl, **change, "value": value(kl) if callable(value) else value}

    results.change_json("kl.json", new, runs, seeds)


def around(value):
    """Seeds around a value, 1 % apart."""
    numbers = iter(value * np.tile([0.99, 1.0, 1.01], 10))
    return lambda kl: float(next(numbers))


def _match(held, wanted) -> bool:
    held, wanted = (value if isinstance(value, list) else [value] for value in (held, wanted))
    return any(a == b for a in held for b in wanted)


def _json(path: Path, value):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value))


def _scores(rng, model: str, builder: str) -> dict:
    """The scores of a run, or of the data; those that the paper computes on this data set."""
    critic, inception, diversity = LEVELS.get(model, LEVELS["vae"])

    def score(level: float, sd: float, **more) -> dict:
        return {"value": level * (1 + rng.normal(0, 0.02)), "sd": sd, "n": 10_000, **more}

    scores = {
        "critic": score(critic, 0.05, values=[critic] * 3, steps=20_000, n_train=10_000),
        "sliced_wasserstein": score(critic / 50, 0.0),
        "spread": {"value": 14.0 if model == "data" else rng.uniform(11, 14), "n": 10_000},
    }
    if builder == "cifar10":
        scores["inception_cifar10"] = score(
            inception, 0.05, splits=10, extractor="our CIFAR-10 classifier"
        )
        scores["inception_imagenet"] = {"skipped": "no ImageNet weights were given."}
    if builder == "celeba":
        scores["diversity"] = score(diversity, 0.004, batches=5, batch_size=64)
    return scores


def _write_model(folder: Path, rng, model: str, builder: str):
    """What every model has, and what its capabilities add."""
    size = SIZES.get(builder, 28)
    declared = declared_models()[model]
    _json(folder / "scores.json", {"n_samples": 50_000, "scores": _scores(rng, model, builder)})
    pictures = ["samples"]
    if declared["encodes"]:
        pictures += ["originals", "reconstructions"]
        sharpness = {"vae": 0.03, "vgh_plus_plus": 0.05}.get(model, 0.04)
        quality = {
            **{"reconstruction_mse": 0.02 + rng.normal(0, 2e-4), "n_reconstructions": 1000},
            **{"sharpness_originals": 0.06},
            "sharpness_reconstructions": sharpness * (1 + rng.normal(0, 0.01)),
        }
        _json(folder / "quality.json", quality)
    for name in pictures:
        np.save(folder / f"{name}.npy", _pictures(rng, PICTURES, size))
    if declared.get("bound"):
        step = np.arange(0, 20_001, 500)
        rise = 1 - np.exp(-step / 4000) if declared["bound"] == "elbo" else np.zeros(len(step))
        bound = -1900 + 200 * rise + rng.normal(0, 4, len(step))
        curve = {"step": step, "bound": bound, "standard_error": 2.0, "fit": bound + 20}
        pd.DataFrame({**curve, "divergence": 20.0}).to_csv(folder / "bound.csv", index=False)


def _write_kl(folder: Path, rng, run: dict):
    d, n = run["latent_dim"], 50_000
    log_n = float(np.log(n))
    average = 14 + (4.0 if run["model"] == "aae" else 0.3) * d + rng.normal(0, 0.3)
    value = average - log_n + 1.5
    kl = {
        **{"value": value, "standard_error": 0.05, "n": 10_000, "lower": average - log_n},
        **{"upper": average, "avg_kl": average, "avg_kl_standard_error": 0.01, "log_n": log_n},
        **{"mutual_information": average - value, "components": n, "latent_dim": d},
        "posterior": "gaussian",
        "heldout": {"value": value - 4, "standard_error": 0.1, "n": 2000, "components": 10_000},
    }
    _json(folder / "kl.json", kl)
    sizes = np.array([100, 1000, 10_000, n])
    curve = {"components": sizes, "value": value + 0.9 * np.log(n / sizes), "standard_error": 0.1}
    pd.DataFrame(curve).to_csv(folder / "kl_curve.csv", index=False)


def two_sample(value: float, null_mean: float, null_sd: float, n: int = 10_000) -> dict:
    """A distance as `dmvi.estimators.two_sample.TwoSample` gives it, of a normal null."""
    from scipy.stats import norm

    excess = (value - null_mean) / null_sd
    p_value = max(0.01, round(float(norm.sf(excess)), 2))
    quantiles = [null_mean + q * null_sd for q in (-1.64, 0.0, 1.64)]
    own = {"value": value, "p_value": p_value, "null_mean": null_mean, "null_sd": null_sd}
    more = {"null_quantiles": quantiles, "excess": excess, "n": n, "available": 5 * n}
    return {**own, **more, "replicates": 99}


def moments(logdet: float, d: int, n: int = 50_000) -> dict:
    """Moments of q(z) as `dmvi.estimators.code_statistics.CodeStatistics` gives them."""
    return {
        **{"n": n, "d": d, "logdet": logdet, "logdet_per_latent": logdet / d},
        **{"bias": -d * (d + 1) / 2 / n, "logdet_sd": (2 * d / n) ** 0.5},
        **{"mean_norm": 0.1, "trace": 1.0, "kl_gauss": 0.1},
    }


def _write_codes(folder: Path, rng, run: dict):
    d = run["latent_dim"]
    distances = {
        "mmd2_gaussian": two_sample(1e-4 * (1 + rng.normal(0, 0.01)), 0.0, 4e-6),
        "mmd2_imq": two_sample(1e-3 * (1 + rng.normal(0, 0.01)), 1e-7, 2e-6),
        "sliced_wasserstein": two_sample(0.12 * (1 + rng.normal(0, 0.01)), 0.015, 0.001),
    }
    probes = [
        {
            **{"classifier": name, "labels": labels, "errors": [error] * 5, "mean": error},
            **{"sd": 0.01, "test": 10_000},
        }
        for name in ("rbf", "linear")
        for labels, error in ((100, 0.2 + rng.normal(0, 0.005)), (1000, 0.1 + rng.normal(0, 0.005)))
    ]
    content = {"latent_dim": d, "two_sample": distances, "notes": {}, "probes": probes}
    logdet = 0.05 * d + rng.normal(0, 0.02)
    content["moments"] = {"train": moments(logdet, d), "test": moments(0.8 * logdet, d, 10_000)}
    _json(folder / "codes.json", content)
    steps = np.arange(100, 1001, 100)
    curve = {"step": steps, "mmd2_gaussian": 1e-4, "mmd2_imq": 1e-3 + 1e-2 * np.exp(-steps / 200)}
    curve["logdet"] = logdet + rng.normal(0, 0.02, len(steps))
    curve["logdet_per_latent"] = curve["logdet"] / d
    pd.DataFrame(curve).to_csv(folder / "codes_curve.csv", index=False)
    np.save(folder / "redrawn.npy", _pictures(rng, 6, 28).reshape(2, 3, 28, 28, 3))


def _write_snapshots(folder: Path, rng, run: dict):
    """The columns of `dmvi.steps.examine_snapshots`, numbers that rise and fall as in a training."""
    steps = np.array([1000, 2000, 5000, 10_000])
    share = np.linspace(0.3, 1, len(steps))
    kl = run["latent_dim"] * share + rng.normal(0, 0.1, len(steps))
    table = {"step": steps, "kl": kl, "standard_error": 0.05, "avg_kl": kl + 9, "lower": kl - 1}
    table |= {"elbo": -600 + 50 * share, "active_units": np.ceil(run["latent_dim"] * share)}
    for name, value in (("bound", 0.8), ("neighbour", 0.6), ("cost", 0.7)):
        table |= {f"{name}_auc": value * share**0.1, f"{name}_auc_error": 0.02}
    for what in ("ink", "near_white"):
        table |= {f"{what}_low_posterior": 0.2 * share, f"{what}_data": 0.1}
    pd.DataFrame(table).to_csv(folder / "snapshots.csv", index=False)


def _write_profile(folder: Path, rng, run: dict):
    """A sparse VAE, or a dense AAE whose variances have collapsed."""
    d = run["latent_dim"]
    used = np.arange(d) < (0.05 * d if run["model"] == "vae" else d)
    moves = np.where(used, rng.lognormal(-0.3, 0.4, d), rng.lognormal(-8, 1, d))
    spread = np.where(used, rng.lognormal(-5, 1, d), 1 - rng.lognormal(-8, 1, d).clip(0, 0.5))
    profile = {"unit": np.arange(d), "mean_of_means": 0.0, "variance_of_means": moves}
    profile |= {"mean_variance": spread, "kl": (moves + spread - 1 - np.log(spread)) / 2}
    pd.DataFrame(profile).to_csv(folder / "profile.csv", index=False)
    means = rng.normal(0, np.sqrt(moves), (20, d))
    parts = []
    for quantity, values, edges in (
        ("mean", means, np.linspace(-5, 5, 101)),
        ("variance", spread, np.logspace(-8, 2, 101)),
    ):
        counts, _ = np.histogram(values, edges)
        density = counts / counts.sum() / 0.1  # per unit of the mean, per decade of the variance
        row = {"quantity": quantity, "left": edges[:-1], "right": edges[1:], "density": density}
        parts.append(pd.DataFrame(row))
    pd.concat(parts).to_csv(folder / "profile_histograms.csv", index=False)


def _write_run(folder: Path, rng, d: int, builder: str):
    size = SIZES.get(builder, 28)
    n = 50_000

    low = folder / "low_posterior"
    low.mkdir(parents=True, exist_ok=True)
    for name in ("images", "standard_images", "neighbours"):
        np.save(low / f"{name}.npy", _pictures(rng, M, size))
    codes = min(1000, K)
    log_q = {"group": ["prior"] * K + ["posterior"] * codes, "log_q": rng.normal(-20, 5, K + codes)}
    log_q |= {
        "log_p": rng.normal(-15, 2, K + codes),
        "selected": [True] * M + [False] * (K + codes - M),
    }
    pd.DataFrame(log_q).to_csv(low / "log_q.csv", index=False)
    draws = rng.normal(size=(K, d)).astype(np.float32)
    np.save(low / "draws.npy", draws)
    np.save(low / "latents.npy", draws[np.argsort(-np.linalg.norm(draws, axis=1))[:M]])
    nearest = rng.integers(0, n, M)
    neighbours = {"rank": np.arange(M), "index": nearest, "distance": rng.uniform(4, 20, M)}
    pd.DataFrame(neighbours).to_csv(low / "neighbours.csv", index=False)
    ordinary = {**neighbours, "index": rng.integers(0, n, M)}
    pd.DataFrame(ordinary).to_csv(low / "standard_neighbours.csv", index=False)
    ranks = {"index": np.arange(M), "rank": rng.geometric(M / K, M)}
    pd.DataFrame(ranks).to_csv(low / "ranks.csv", index=False)

    groups = {"data": (300, 0.0), "low_posterior": (M, 60.0), "neighbour": (M, 25.0)}
    groups |= {"standard": (M, 10.0), "standard_neighbour": (M, -10.0)}
    bounds, pixels, images = [], [], []
    for name, (count, shift) in groups.items():
        likelihood, cost = (
            rng.normal(-1800 + shift, 40, count),
            rng.normal(20 + shift / 10, 3, count),
        )
        row = {"group": name, "index": np.arange(count), "bound": likelihood - cost}
        bounds.append(pd.DataFrame({**row, "log_likelihood": likelihood, "kl": cost}))
        for channel in range(3):
            density = rng.dirichlet(np.r_[8, np.ones(30), 4])
            row = {"group": name, "channel": channel, "bin": np.arange(32) / 32, "density": density}
            pixels.append(pd.DataFrame(row))
        row = {"group": name, "index": np.arange(count), "ink": rng.beta(2, 8, count)}
        images.append(pd.DataFrame({**row, "near_white": rng.beta(1, 20, count)}))
    for name, parts in (("bounds", bounds), ("pixels", pixels), ("images", images)):
        pd.concat(parts).to_csv(low / f"{name}.csv", index=False)
    count = {"prior": 300, "posterior": 300, "low_posterior": M}
    points = {"group": np.repeat(list(count), list(count.values()))}
    points |= {axis: rng.normal(0, 20, sum(count.values())) for axis in "xy"}
    pd.DataFrame(points).to_csv(low / "embedding.csv", index=False)


def ratio_settings(**changes) -> dict:
    """A classifier's settings, as density_ratio/*.json holds them."""
    return {
        **{"layers": 4, "width": 1000, "iterations": 100_000, "batch_size": 64},
        **{"learning_rate": 5e-4, "adam_betas": [0.5, 0.9], "precision": "float32"},
        **{"gradient_penalty": 0.0, "activation_noise": 0.0, "dropout": 0.0},
        **{"every": 5000, "samples": 10_000, **changes},
    }


# Settings that tables 1 and 2 vary, and the estimate of each as a share of the Monte Carlo value.
RATIO_SETTINGS = {
    "default": [({}, 0.7)],
    "table1": [
        *[({"layers": 3}, 0.6), ({"layers": 4}, 0.7), ({"layers": 5, "gradient_penalty": 10}, 0.4)],
        ({"layers": 4, "activation_noise": 0.1}, 900.0),
    ],
    "table2": [
        *[({"layers": 3}, 0.5), ({"layers": 4, "learning_rate": 1e-4}, 0.6), ({"layers": 4}, 0.7)],
        *[({"layers": 4, "dropout": 0.5}, 0.3), ({"layers": 4, "activation_noise": 0.1}, 9000.0)],
    ],
}


def _write_densities(folder: Path, rng):
    """Classifiers and density models of q(z), all of them below the Monte Carlo KL."""
    kl = json.loads((folder / "kl.json").read_text())["value"]
    step = np.arange(5000, 100_001, 5000)
    rise = 1 - np.exp(-step / 20_000)
    for name, settings in RATIO_SETTINGS.items():
        entries, curves = [], []
        for i, (changes, share) in enumerate(settings):
            value, error = kl * share * (1 + rng.normal(0, 0.02)), 0.002 * kl * share
            held = {"value": 0.8 * value, "standard_error": error, "n": 10_000}
            entry = {"settings": ratio_settings(**changes), "value": value, "n": 10_000}
            entry |= {"standard_error": error, "heldout": held, "num_parameters": 3_000_000}
            entries.append({**entry, "accuracy": 0.97, "calibration_error": 0.021})
            estimate = value * rise + rng.normal(0, 2 * error, len(step))
            curve = {"setting": i, "step": step, "estimate": estimate, "standard_error": error}
            curves.append(pd.DataFrame({**curve, "heldout": 0.8 * estimate}))
        _json(folder / "density_ratio" / f"{name}.json", {"estimates": entries})
        pd.concat(curves).to_csv(folder / "density_ratio" / f"{name}.csv", index=False)
    predicted = np.linspace(0.02, 0.98, 10)
    bins = {"setting": 0, "predicted": predicted, "observed": predicted**1.2}
    bins["count"] = [8000, 300, 120, 90, 70, 80, 90, 130, 400, 9000]
    pd.DataFrame(bins).to_csv(folder / "density_ratio" / "default_calibration.csv", index=False)

    log_q = -20.0 - kl
    levels = {"gmm": (9.0, 100), "maf": (4.0, 100_000), "lstm": (5.5, 100_000)}
    for name, (gap, last) in levels.items():
        gap *= 1 + rng.normal(0, 0.05)
        step = np.linspace(last / 20, last, 20).astype(int)
        log_r = log_q - gap - 40 * np.exp(-6 * step / last)
        values = {"value": kl - gap, "standard_error": 0.05, "n": 10_000, "log_r": log_r[-1]}
        values |= {"log_q": log_q, "gap": log_q - log_r[-1], "gap_standard_error": 0.03}
        values |= {"heldout": log_r[-1] - 3, "settings": {}, "num_parameters": 100_000}
        _json(folder / "density_models" / f"{name}.json", values)
        curve = {"step": step, "log_r": log_r, "standard_error": 0.05, "heldout_log_r": log_r - 3}
        pd.DataFrame(curve).to_csv(folder / "density_models" / f"{name}.csv", index=False)


def _pictures(rng, count: int, size: int):
    """Smooth random colour blobs, uint8."""
    coarse = rng.integers(0, 256, (count, 4, 4, 3), np.uint8)
    return coarse.repeat(size // 4, 1).repeat(size // 4, 2)


def write_study_tables(root: Path):
    rows = []
    layers = [
        ("Linear", "7 x 7 x 64", 31_360),
        ("ConvTranspose2d 64 -> 32, kernel 5, stride 2, batch norm, ReLU", "14 x 14 x 32", 51_296),
        ("ConvTranspose2d 32 -> 3, kernel 5, stride 2", "28 x 28 x 3", 2_403),
    ]  # fmt: skip
    for table, shapes in (
        ("table4", ["28 x 28 x 3"]),
        ("table5", ["32 x 32 x 3", "64 x 64 x 3"]),
        ("table6", ["64 x 64 x 3", None]),
    ):
        for shape in shapes:
            for network in ("encoder", "decoder", "discriminator"):
                for i, (operation, output, parameters) in enumerate(layers, 1):
                    rows.append((table, network, shape, i, operation, output, parameters))
    columns = [
        "table",
        "network",
        "image_shape",
        "layer",
        "operation",
        "output_shape",
        "parameters",
    ]
    (root / "tables").mkdir(parents=True, exist_ok=True)
    pd.DataFrame(rows, columns=columns).to_csv(root / "tables" / "networks.csv", index=False)
    settings = [
        ("optimiser", "Adam, beta1 0.5, beta2 0.9", "paper"),
        ("batch size", "64", "paper"),
        ("iterations", "100,000 (ColorMNIST), 200,000 (CIFAR-10, CelebA)", "paper"),
        ("learning rates", "0.0001, 0.0002, 0.0005 per player; VAE also 0.001", "ours"),
    ]
    columns = ["setting", "value", "source"]
    pd.DataFrame(settings, columns=columns).to_csv(root / "tables" / "settings.csv", index=False)


def write_synthetic(root: Path, dims=(1, 10, 100, 1000), rates=(1e-4, 5e-4), seeds=3):
    """Classifiers that underestimate in many dimensions, and learning that diverges there."""
    rng = np.random.default_rng(0)
    estimation, learning, separated, exact = [], [], [], []
    for d in dims:
        own = {"dim": d, "learning_rate": rates[0], "standard_error": 0.02, "n": 10_000}
        for divergence in ("means", "covariances"):
            for i, classifier in enumerate(("main", "layers2-width1000")):
                for seed in range(seeds):
                    for kl in (1.0, 10.0):
                        step = np.arange(20_000, 100_001, 20_000)
                        error = -(0.05 + 0.1 * i) * np.log10(d) * (1 + np.exp(-step / 20_000))
                        row = {"divergence": divergence, "classifier": classifier, **own}
                        row |= {"kl": kl, "seed": seed, "step": step, "true_kl": kl}
                        row |= {"estimate": kl * (1 + error), "num_parameters": 1000 * (d + i)}
                        separated.append(pd.DataFrame(row))
        for rate in rates:
            for seed in range(seeds):
                own = {"dim": d, "learning_rate": rate, "seed": seed, "standard_error": 0.02}
                own |= {"n": 10_000, "num_parameters": 3 * (100 + 5 * d) ** 2}
                for shift in (1.0, 2.0, 4.0, 8.0):
                    step = np.arange(20_000, 100_001, 20_000)
                    true = (shift**2 / 2 + 0.01 * d) * (1 + rng.normal(0, 0.03))
                    error = -(0.02 + 0.2 * np.log10(d)) * (1 + 3 * np.exp(-step / 20_000)) / 1.2
                    estimate = true * (1 + error + rng.normal(0, 0.01, len(step)))
                    row = {**own, "shift": shift, "step": step, "true_kl": true}
                    estimation.append(pd.DataFrame({**row, "estimate": estimate}))
                step = np.arange(0, 100_001, 2500)
                trend = np.where(d <= 10, -6, 4) * (1 - np.exp(-step / 30_000))
                true = 8 * np.exp(trend + rng.normal(0, 0.2, len(step)) * (step > 0))
                row = {**own, "step": step, "true_kl": true}
                estimate = true * 0.5 * (1 + rng.normal(0, 0.2)) - 0.02 * rng.random(len(step))
                learning.append(pd.DataFrame({**row, "estimate": estimate}))
                true = 8 * np.exp(-step / 10_000)
                row |= {"true_kl": true, "estimate": true + 0.01, "num_parameters": 0}
                exact.append(pd.DataFrame(row))
    (root / "synthetic").mkdir(parents=True, exist_ok=True)
    tables = {"estimation": estimation, "learning": learning, "separated": separated}
    tables["exact"] = exact
    for name, parts in tables.items():
        pd.concat(parts).to_csv(root / "synthetic" / f"{name}.csv", index=False)


def whole_study(root: Path, latent_sizes=(10, 50)) -> Results:
    """3 data sets, 2 posteriors, 2 latent sizes, 2 seeds, and 3 likelihoods on CIFAR-10.

    Of every other model, a sweep on ColorMNIST and CIFAR-10, and one setting on CelebA.
    """
    results = Results(root)
    for name in SIZES:
        results.add_dataset(name)
        for posterior in ("gaussian", "realnvp"):
            for d in latent_sizes:
                results.add_run(
                    f"{name}-{posterior}-d{d}", data=name, posterior=posterior, latent_dim=d
                )
        beta = {"data": name, "model": "beta_vae", "beta": 4.0, "latent_dim": 50}
        results.add_run(f"{name}-beta", **beta)
        for model in SWEPT:
            for i in range({"celeba": 1, "cifar10": 4}.get(name, 5)):
                settings = {"data": name, "model": model, "learning_rate": (i + 1) * 1e-4}
                seeds = (0, 1) if i == 0 else (0,)
                results.add_run(
                    f"{name}-{model}-lr{i}",
                    seeds=seeds,
                    tags=("compare",),
                    latent_dim=50,
                    **settings,
                )
    for likelihood in ("quantized_normal", "categorical"):
        results.add_run(
            f"cifar10-{likelihood}", data="cifar10", likelihood=likelihood, latent_dim=50
        )
    results.add_large()
    results.add_info()
    results.add_pixels()
    results.add_open()
    write_study_tables(root)
    results.add_synthetic()
    return results


@pytest.fixture
def results(tmp_path) -> Results:
    """An empty study, to be filled by the test."""
    return Results(tmp_path / "results")


@pytest.fixture(scope="session")
def study(tmp_path_factory) -> Results:
    """A study with one latent size, shared: tests only read it."""
    return whole_study(tmp_path_factory.mktemp("study") / "results", (50,))


@pytest.fixture(scope="session")
def full_study(tmp_path_factory) -> Results:
    """The study with two latent sizes, shared: tests only read it."""
    return whole_study(tmp_path_factory.mktemp("full_study") / "results")


@pytest.fixture(scope="session")
def three_vaes(tmp_path_factory) -> Results:
    """A VAE per data set, two seeds each, shared: tests only read it, or change a copy."""
    results = Results(tmp_path_factory.mktemp("three_vaes") / "results")
    for name in SIZES:
        results.add_dataset(name)
        results.add_run(name, data=name)
    return results


@pytest.fixture
def vaes(three_vaes, tmp_path):
    """A VAE per data set, two seeds each, to be changed; the Monte Carlo KL is 20 ± 0.1 nats."""
    own = copy.copy(three_vaes)
    own.root, own.runs = tmp_path / "results", dict(three_vaes.runs)
    shutil.copytree(three_vaes.root, own.root)
    changes = {"value": 20.0, "standard_error": 0.1, "lower": 18.0}
    own.change_json("kl.json", lambda kl: {**kl, **changes})
    return own


@pytest.fixture
def own_study(tmp_path) -> Results:
    """A small study that the test may change: a run per data set, and a second likelihood."""
    results = Results(tmp_path / "results")
    for name in SIZES:
        results.add_dataset(name)
        results.add_run(name, data=name, seeds=[0])
    results.add_run("quantized", data="cifar10", likelihood="quantized_normal", seeds=[0])
    results.add_large(sizes=(1000,))
    results.add_info(sizes=(5,), seeds=(0,))
    results.add_pixels(seeds=(0,))
    results.add_open()
    write_study_tables(results.root)
    results.add_synthetic()
    return results


@pytest.fixture
def drawn():
    """Draws a figure from tables."""
    return _drawn


def _drawn(name, tables):
    """The figure as `render` composes it, laid out but not saved."""
    module = figure_module(name)
    with matplotlib.rc_context(style.RC):
        figure = module.draw(tables)
        style.frame(figure, declared_figures()[name].numbered_title, footer(name, tables))
        figure.draw_without_rendering()
    return figure
