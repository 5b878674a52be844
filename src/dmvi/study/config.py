"""From a study's config.yaml to its runs and figures, refusing whatever cannot be meant.

Reads plain data and imports neither torch nor pandas: Snakemake does this at every start, and again
in every cluster job.
"""

import copy
import difflib
import itertools
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dmvi.data.registry import BUILDERS, resolve
from dmvi.distributions.registry import declared_posteriors, tractable
from dmvi.errors import DmviError
from dmvi.experiments.synthetic.settings import FEW_DIMENSIONS
from dmvi.figures.base import figure_module, figure_names
from dmvi.scores.inception_weights import check_weights
from dmvi.study.declarations import declared_models
from dmvi.study.schema import check_schema

# How a run is computed, not what: a change here retrains nothing.
HOW = (
    "checkpoint_every",
    "checkpoint_minutes",
    "cuda_graphs",
    "snapshots",
    "threads",
    "gpu",
    "minutes",
    "mem_mb",
    "scored",
)
# Keys that only models with a bound have; dropped from the runs of the others.
BOUND_KEYS = ("bound_every", "bound_images")
NOT_SWEPT = ("sweep", "seeds", "tags")
# Tables (by the start of their names) that only some runs can give, and what the others lack.
CAPABILITIES = {
    "kl": "posterior with a density",
    "low_posterior/": "posterior with a density",
    "low_posterior/bounds": "bound on the likelihood",
    "density_ratio/": "encoder",
    "density_models/": "posterior with a density",
    "profile": "Gaussian posterior",
    "scores.json": "scores: the run says scored: false",
    "bound.csv": "bound to follow",
    "originals": "encoder",
    "reconstructions": "encoder",
    "quality": "encoder",
}
NETWORK_SIZES = (28, 32, 64)
# Latent sizes at which S codes in float64 take so much memory that S has a key of its own.
LARGE_LATENT_DIM = 1000


@dataclass(frozen=True)
class Run:
    """One configuration to train, once per seed.

    Attributes:
        name: its id in paths: the entry's name, then `-key value` for each swept key.
        entry: the entry of `runs:` that it comes from.
        seeds: one training each.
        what: all that determines the result, plain data; a change retrains the run.
        how: resources and checkpoint intervals; a change retrains nothing.
        tags: words that figures select by; a change retrains nothing either.
    """

    name: str
    entry: str
    seeds: tuple[int, ...]
    what: dict[str, Any]
    how: dict[str, Any]
    tags: tuple[str, ...]


class Runs(dict[str, Run]):
    """Runs by id; one that does not exist is refused in a sentence."""

    def __missing__(self, name: str) -> Run:
        near = difflib.get_close_matches(name, self, n=3) or list(self)[:3]
        raise DmviError(f"{name!r} is no run of this study; there are {', '.join(near)}, ...")


@dataclass(frozen=True)
class Study:
    """A validated config: its runs by id, and the runs of each figure."""

    config: dict[str, Any]
    runs: Runs
    figures: dict[str, list[str]]

    def figure_seeds(self, figure: str) -> dict[str, list[int]]:
        """Run id -> the seeds that the figure reads (all, or the first of each run)."""
        seeds = {name: list(self.runs[name].seeds) for name in self.figures[figure]}
        if figure_module(figure).SEEDS == "first":
            return {name: values[:1] for name, values in seeds.items()}
        return seeds

    def kl_settings(self, run: str) -> dict[str, Any]:
        """The Monte Carlo KL's settings, with the number of samples that the latent size allows."""
        settings = dict(self.config["estimators"]["kl"])
        large_samples = settings.pop("large_samples")
        if self.runs[run].what["latent_dim"] >= LARGE_LATENT_DIM:
            settings["samples"] = large_samples
        return settings

    def ratio_settings(self, ratio: str) -> list[dict[str, Any]]:
        """The classifiers of one job, "default" or a table's name, each with all its settings."""
        settings = dict(self.config["estimators"]["density_ratio"])
        tables = settings.pop("tables")
        changes = [{}] if ratio == "default" else tables[ratio]
        return [{**settings, **change} for change in changes]


def load_study(config: dict[str, Any], schema: dict[str, Any]) -> Study:
    """Validates a config against the schema and every cross-reference, and expands its runs.

    Raises:
        DmviError: naming the key's path, what it holds, and what would be right.
    """
    schema = _with_options(schema)
    check_schema(config, schema, "")
    for name, spec in config["data"].items():
        _check_dataset(name, spec)
    runs = Runs()
    for entry, overrides in config["runs"].items():
        for run in _expand(entry, overrides, config, schema):
            if run.name in runs:
                raise DmviError(f"runs.{entry} makes the run {run.name!r} a second time; rename it")
            runs[run.name] = run
    figures = {name: _select(name, spec, runs, config) for name, spec in config["figures"].items()}
    figures = {name: figures[name] for name in figure_names() if name in figures}
    _check_scores(config)
    _check_synthetic(config)
    gmm = config["estimators"]["density_models"]["gmm"]
    if gmm["fit_samples"] < gmm["components"]:
        raise DmviError(
            f"estimators.density_models.gmm.fit_samples is {gmm['fit_samples']}, fewer than its "
            f"{gmm['components']} components; give at least one code per component"
        )
    low = config["estimators"]["low_posterior"]
    if low["keep"] > low["draws"]:
        raise DmviError(
            f"estimators.low_posterior.keep is {low['keep']}, more than the {low['draws']} draws "
            "it is kept from"
        )
    return Study(config, runs, figures)


def _with_options(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema with the options that models and posteriors declare among the keys of a run."""
    schema = copy.deepcopy(schema)
    for declared in (*declared_models().values(), *declared_posteriors().values()):
        for option, rules in declared["options"].items():
            schema["$defs"]["run"]["properties"][option] = rules
    return schema


def _check_dataset(name: str, spec: dict[str, Any]) -> None:
    resolve(spec, name)
    info = BUILDERS[spec["builder"]]
    if info.image_size not in NETWORK_SIZES:
        raise DmviError(
            f"data.{name}.builder is {spec['builder']!r} with {info.image_size} x "
            f"{info.image_size} images; networks exist for {', '.join(map(str, NETWORK_SIZES))}"
        )


def _check_scores(config: dict[str, Any]) -> None:
    """Refuses a score on a data set that does not exist, or that it is not defined for."""
    for score in ("inception", "diversity", "critic"):
        for name in config["estimators"]["scores"][score]:
            path = f"estimators.scores.{score}"
            if name not in config["data"]:
                raise DmviError(
                    f"{path} names {name!r}; the data sets are {', '.join(config['data'])}"
                )
            builder = config["data"][name]["builder"]
            if score not in BUILDERS[builder].scores:
                defined = [key for key, info in BUILDERS.items() if score in info.scores]
                raise DmviError(
                    f"{path} names {name!r}, but this score is not defined for {builder!r} images; "
                    f"it is for those of {', '.join(defined)}"
                )
    weights = config.get("inception_weights")
    if weights is not None:
        check_weights(Path(weights))


def _check_synthetic(config: dict[str, Any]) -> None:
    """Refuses a synthetic study without one width per dimension, and its figures where there is none."""
    synthetic = config.get("synthetic")
    if synthetic is None:
        for name in config["figures"]:
            if any(table.startswith("synthetic/") for table in figure_module(name).SOURCES.study):
                raise DmviError(
                    f"figures.{name} draws the synthetic study, but config.yaml has no key "
                    "'synthetic'; add it, or remove the figure"
                )
        return
    dims = synthetic["dims"]
    if len(synthetic["widths"]) != len(dims):
        raise DmviError(
            f"synthetic.widths has {len(synthetic['widths'])} entries, but synthetic.dims has "
            f"{len(dims)}; give one width per dimension"
        )
    few = [dim <= FEW_DIMENSIONS for dim in dims]
    for figure, side, wanted in (("fig19", "at most", True), ("fig20", "above", False)):
        if figure in config["figures"] and wanted not in few:
            raise DmviError(
                f"figures.{figure} draws dimensions of {side} {FEW_DIMENSIONS}, but synthetic.dims is "
                f"{dims}; add one, or remove the figure"
            )


def _expand(entry: str, overrides: dict, config: dict, schema: dict) -> list[Run]:
    """The runs of one entry: the product of its sweep, each over the defaults."""
    path = f"runs.{entry}"
    overrides = dict(overrides)
    sweep = overrides.pop("sweep", {})
    known = schema["$defs"]["run"]["properties"]
    for key in sweep:
        owner = key.split(".")[0] if key.startswith("learning_rate.") else key
        if owner not in known or owner in (*NOT_SWEPT, *HOW):
            names = sorted(set(known) - {*NOT_SWEPT, *HOW})
            raise DmviError(f"{path}.sweep.{key} is no key of a run; those are {', '.join(names)}")
        if owner in overrides or (owner != key and owner in sweep):
            raise DmviError(f"{path}.{owner} is set twice, once as the sweep's {key}; keep one")
    runs = []
    for values in itertools.product(*sweep.values()):
        chosen = dict(zip(sweep, values, strict=True))
        explicit = _with_player_rates({**overrides, **chosen}, config)
        suffix = "".join(f"-{key}{_path_safe(value)}" for key, value in chosen.items())
        runs.append(_resolve(entry, entry + suffix, explicit, config, schema))
    return runs


def _with_player_rates(explicit: dict, config: dict) -> dict:
    """Gathers `learning_rate.PLAYER` keys into one mapping, over the default for the other players."""
    prefix = "learning_rate."
    rates = {k.removeprefix(prefix): v for k, v in explicit.items() if k.startswith(prefix)}
    if not rates:
        return explicit
    rest = {key: value for key, value in explicit.items() if not key.startswith(prefix)}
    default = config["defaults"].get("learning_rate")
    declared = declared_models().get(rest.get("model", config["defaults"].get("model")), {})
    players = declared.get("players", []) if isinstance(default, int | float) else []
    return {**rest, "learning_rate": {**dict.fromkeys(players, default), **rates}}


def _path_safe(value: Any) -> str:
    text = "x".join(map(str, value)) if isinstance(value, list) else str(value)
    return "".join(c if c.isalnum() or c in ".-_" else "_" for c in text)


def _resolve(entry: str, name: str, explicit: dict, config: dict, schema: dict) -> Run:
    path = f"runs.{entry}" if name == entry else f"runs.{entry} ({name})"
    run = {**config["defaults"], **explicit}
    check_schema(run, {**schema["$defs"]["run"], "$defs": schema["$defs"]}, path)
    models = declared_models()
    _check_choice(path, "model", run, models)
    _check_choice(path, "data", run, config["data"])
    model = models[run["model"]]
    for key, admissible in (("posterior", "posteriors"), ("likelihood", "likelihoods")):
        if admissible in model:
            if key not in explicit and run.get(key) not in model[admissible]:
                run[key] = model[admissible][0]  # a default that is meant for other models
            _check_choice(path, key, run, model[admissible])
        elif key in explicit:
            raise DmviError(f"{path}.{key} is set, but the model {run['model']!r} has none")
        else:
            run.pop(key, None)
    for other, declared in models.items():
        for option in declared["options"]:
            if option in run and option not in model["options"]:
                raise DmviError(
                    f"{path}.{option} is an option of the model {other!r}, "
                    f"but this run's model is {run['model']!r}"
                )
    run = _with_posteriors_options(path, run)
    run = {**{key: rules["default"] for key, rules in model["options"].items()}, **run}
    if "bound" not in model:
        for key in BOUND_KEYS:
            run.pop(key, None)
    elif run.get("bound_every", 0) > run.get("iterations", 0):
        raise DmviError(
            f"{path}.bound_every is {run['bound_every']}, more than its {run['iterations']} "
            "iterations: no bound would be measured"
        )
    limit = config["data"][run["data"]].get("limit")
    if limit and run["batch_size"] > limit["train"]:
        raise DmviError(
            f"{path}.batch_size is {run['batch_size']}, more than the {limit['train']} training "
            f"images that data.{run['data']}.limit leaves"
        )
    rates = run.get("learning_rate")
    if isinstance(rates, dict) and set(rates) != set(model["players"]):
        raise DmviError(
            f"{path}.learning_rate names {', '.join(rates)}; "
            f"the players of {run['model']!r} are {', '.join(model['players'])}"
        )
    seeds = tuple(run.pop("seeds", config.get("seeds", [0])))
    how = {key: run.pop(key) for key in HOW if key in run}
    tags = tuple(run.pop("tags", ()))
    return Run(name, entry, seeds, run, how, tags)


def _with_posteriors_options(path: str, run: dict) -> dict:
    """The run with its own posterior's options, and without those of the others."""
    families = declared_posteriors()
    own = families.get(run.get("posterior"), {"options": {}, "least_latent_dim": 1})
    if run["latent_dim"] < own["least_latent_dim"]:
        raise DmviError(
            f"{path}.latent_dim is {run['latent_dim']}; the posterior {run['posterior']!r} needs at "
            f"least {own['least_latent_dim']}"
        )
    others = {key for family in families.values() for key in family["options"]}
    rest = {key: value for key, value in run.items() if key not in others - set(own["options"])}
    return {**{key: rules["default"] for key, rules in own["options"].items()}, **rest}


def _check_choice(path: str, key: str, run: dict, admissible: Any) -> None:
    if key not in run:
        raise DmviError(f"{path} lacks the key {key!r}; set it there or in defaults")
    if run[key] not in admissible:
        raise DmviError(f"{path}.{key} is {run[key]!r}; it must be one of {', '.join(admissible)}")


def attributes(run: Run, config: dict[str, Any]) -> dict[str, Any]:
    """What a figure can select by: the run's keys, id and tags, its model's kind, its data's builder."""
    return {
        **run.what,
        "run": run.name,
        "kind": declared_models()[run.what["model"]]["kind"],
        "builder": config["data"][run.what["data"]]["builder"],
        "tags": list(run.tags),
    }


def lacks(run: Run, table: str) -> str | None:
    """What the run would need in order to give a table, in words; None if it gives it."""
    declared = declared_models()[run.what["model"]]
    has = {
        "posterior with a density": tractable(run.what.get("posterior")),
        "scores: the run says scored: false": run.how.get("scored", True),
        "Gaussian posterior": declared_posteriors()
        .get(run.what.get("posterior"), {})
        .get("gaussian", False),
        "bound on the likelihood": declared.get("bound") == "elbo",
        "bound to follow": "bound" in declared,
        "encoder": declared["encodes"],
    }
    needed = [words for prefix, words in CAPABILITIES.items() if table.startswith(prefix)]
    return next((words for words in needed if not has[words]), None)


def _select(figure: str, spec: dict | None, runs: dict[str, Run], config: dict) -> list[str]:
    """The ids of the runs that a figure draws."""
    path = f"figures.{figure}"
    if figure not in figure_names():
        raise DmviError(f"{path} is no figure; the figures are {', '.join(figure_names())}")
    module = figure_module(figure)
    if not module.SOURCES.run:
        return []
    spec = spec or {}
    if "runs" in spec:
        chosen = []
        for name in spec["runs"]:
            members = [run.name for run in runs.values() if name in (run.name, run.entry)]
            if not members:
                raise DmviError(f"{path}.runs names {name!r}; the runs are {', '.join(runs)}")
            for member in members:
                _check_capable(path, runs[member], module.SOURCES.run)
            chosen += [member for member in members if member not in chosen]
        return chosen
    wanted = {**module.SELECT, **spec.get("select", {})}
    unwanted = {k: v for k, v in getattr(module, "EXCEPT", {}).items() if k not in wanted}
    table = {name: attributes(run, config) for name, run in runs.items()}
    known = sorted(set().union(*table.values()))
    for key, value in wanted.items():
        if key not in known:
            raise DmviError(
                f"{path}.select.{key} is no attribute of a run; those are {', '.join(known)}"
            )
        named = key in spec.get("select", {}) and key in ("data", "model", "run", "tags")
        if named and (missing := set(_listed(value)) - _held(table, key)):
            raise DmviError(
                f"{path}.select.{key} is {sorted(missing)[0]!r}, which no run has; "
                f"there are {', '.join(sorted(_held(table, key)))}"
            )
    chosen = [
        name
        for name, values in table.items()
        if all(_match(values.get(key, []), value) for key, value in wanted.items())
        and not any(_match(values.get(key, []), value) for key, value in unwanted.items())
        and not any(lacks(runs[name], source) for source in module.SOURCES.run)
    ]
    if not chosen:
        raise DmviError(
            f"{path} selects no run (it asks for {json.dumps(wanted)}); "
            "add such a run, or remove the figure"
        )
    return chosen


def _check_capable(path: str, run: Run, sources: tuple[str, ...]) -> None:
    """Refuses a run that cannot give the tables that a figure reads."""
    for source in sources:
        if words := lacks(run, source):
            raise DmviError(
                f"{path}.runs names {run.name!r}, but the figure reads {source} and "
                f"the model {run.what['model']!r} has no {words}"
            )


def _match(held: Any, wanted: Any) -> bool:
    return any(a == b for a in _listed(held) for b in _listed(wanted))


def _listed(value: Any) -> list:
    return value if isinstance(value, list) else [value]


def _held(table: dict[str, dict], key: str) -> set:
    return {value for values in table.values() for value in _listed(values.get(key, []))}
