"""What one run computes: its model's defaults filled in, what it does not use dropped, the rest checked."""

from importlib import import_module
from math import prod
from typing import Any

from dmvi.data.registry import binary, image_shape
from dmvi.distributions.registry import declared_likelihoods, declared_posteriors
from dmvi.errors import DmviError
from dmvi.study.declarations import declared_models
from dmvi.study.how import HOW, how_of

# Keys without a default of their own.
NEEDED = (
    *("latent_dim", "width", "iterations", "batch_size"),
    *("learning_rate", "adam_betas", "precision", "log_every"),
)
# Keys that only models with a bound have; dropped from the runs of the others.
BOUND_KEYS = ("bound_every", "bound_images")

Block = dict[str, Any]  # some keys of a run


def resolve(path: str, base: Block, explicit: Block, config: dict[str, Any]) -> dict[str, Any]:
    """The run's `spec`, `how`, `seeds`, `tags`, `notes`, `binary` and `pixels`.

    Args:
        path: of the run within the config, for messages.
        base: the keys that hold for other runs too; a value that the run's model does not admit
            gives way to the model's own.
        explicit: the keys that are set for this run; one that its model does not admit is refused.
        config: the study's, of which the data sets and `seeds` are read.

    Raises:
        DmviError: a key that is missing, that the model has not, or that contradicts another.
    """
    run = {**base, **explicit}
    models = declared_models()
    _check_choice(path, "model", run, models)
    _check_choice(path, "data", run, config["data"])
    model = models[run["model"]]
    notes = _choose_distributions(path, run, explicit, model)
    _check_options(path, run)
    _check_complete(path, run, model)
    run = _with_posteriors_options(path, run)
    run = _without_other_likelihoods_options(path, run, explicit)
    run = {**{key: rules["default"] for key, rules in model["options"].items()}, **run}
    if "check" in model:
        import_module(model["check"]).check(run, path)
    _drop_unused(path, run, model)
    _check_sizes(path, run, config["data"][run["data"]], model)
    seeds = tuple(run.pop("seeds", config.get("seeds", [0])))
    tags = tuple(run.pop("tags", ()))
    spec = {key: value for key, value in run.items() if key not in HOW}
    found = {"spec": spec, "how": how_of(run), "seeds": seeds, "tags": tags, "notes": notes}
    data = config["data"][spec["data"]]
    is_binary = spec.get("binarize", False) and binary(data)
    return {**found, "binary": is_binary, "pixels": prod(image_shape(data))}


def _check_choice(path: str, key: str, run: Block, admissible: Any) -> None:
    if key not in run:
        raise DmviError(f"{path} lacks the key {key!r}; set it there or in defaults")
    if run[key] not in admissible:
        raise DmviError(f"{path}.{key} is {run[key]!r}; it must be one of {', '.join(admissible)}")


def _choose_distributions(path: str, run: Block, explicit: Block, model: Block) -> tuple[str, ...]:
    """Sets the run's posterior and likelihood; a sentence for each default that gives way."""
    notes = []
    for key, admissible in (("posterior", "posteriors"), ("likelihood", "likelihoods")):
        if admissible in model:
            if key not in explicit and run.get(key) not in model[admissible]:
                # A default that is meant for other models.
                if key in run:
                    notes.append(
                        f"the default {key} {run[key]!r} is none of {run['model']!r}, which takes "
                        f"{model[admissible][0]!r}"
                    )
                run[key] = model[admissible][0]
            _check_choice(path, key, run, model[admissible])
        elif key in explicit:
            raise DmviError(f"{path}.{key} is set, but the model {run['model']!r} has none")
        else:
            run.pop(key, None)
    return tuple(notes)


def _check_complete(path: str, run: Block, model: Block) -> None:
    """Refuses a run that lacks what every training of its model needs."""
    for key in (*NEEDED, *(BOUND_KEYS if "bound" in model else ())):
        if key not in run:
            raise DmviError(f"{path} lacks the key {key!r}; set it there or in defaults")


def _check_options(path: str, run: Block) -> None:
    """Refuses an option that only another model has."""
    _refuse_others(path, run, "model", run["model"], declared_models())


def _refuse_others(path: str, keys: Block, kind: str, own: str | None, declared: Block) -> None:
    """Refuses an option of another model, or likelihood, than a run's own."""
    allowed = declared.get(own, {"options": {}})["options"]
    for other, declares in declared.items():
        for option in declares["options"]:
            if option in keys and option not in allowed:
                raise DmviError(
                    f"{path}.{option} is an option of the {kind} {other!r}, "
                    f"but this run's {kind} is {own!r}"
                )


def _with_posteriors_options(path: str, run: Block) -> Block:
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


def _without_other_likelihoods_options(path: str, run: Block, explicit: Block) -> Block:
    """The run without the options of likelihoods that it does not have; refused where it sets one."""
    declared, own = declared_likelihoods(), run.get("likelihood")
    _refuse_others(path, explicit, "likelihood", own, declared)
    allowed = declared.get(own, {"options": {}})["options"]
    others = {key for likelihood in declared.values() for key in likelihood["options"]}
    return {key: value for key, value in run.items() if key not in others - set(allowed)}


def _drop_unused(path: str, run: Block, model: Block) -> None:
    """Takes out what would retrain a run that does not use it."""
    if "bound" not in model:
        for key in BOUND_KEYS:
            run.pop(key, None)
    elif run.get("bound_every", 0) > run.get("iterations", 0):
        raise DmviError(
            f"{path}.bound_every is {run['bound_every']}, more than its {run['iterations']} "
            "iterations: no bound would be measured"
        )


def _check_sizes(path: str, run: Block, data: Block, model: Block) -> None:
    limit = data.get("limit")
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
