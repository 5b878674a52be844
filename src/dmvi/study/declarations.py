"""What the models' files declare about themselves, read without importing them (or torch)."""

from functools import cache
from pathlib import Path
from typing import Any

from dmvi.declared import check_keys, declarations, short
from dmvi.distributions.registry import declared_likelihoods, declared_posteriors
from dmvi.errors import DmviError

_MODELS = Path(__file__).parents[1] / "models"
REQUIRED = (
    *("class", "title", "kind", "players", "encodes", "options", "passes"),
    *("source", "equations", "matches"),
)
OPTIONAL = ("posteriors", "likelihoods", "bound", "steps", "paper")


@cache
def declared_models() -> dict[str, dict[str, Any]]:
    """Model name (its file's name) -> its `DECLARES`, for every file in `models/` that has one.

    class, title, source: of its class; in figures; who proposed it.
    kind: "vae", "hybrid" or "gan".
    players: their names, in the order of their updates.
    posteriors: those that it can have, a list of names, or "tractable": each that has a density. It
        has none without the key.
    likelihoods: the same; "any" for each likelihood there is.
    encodes: whether it has an encoder.
    bound: "elbo", or "classifier" where the bound to follow leans on one.
    options: keys of a run that belong to it, each with its JSON schema and default.
    passes: {player: {network: number}}, how many forward passes' work an update of the player sends
        through each network (`dmvi.costs.model.iteration_work`); a gradient by inputs is one more,
        one by weights another. steps: {player: option that says how often it is updated}.
    equations, matches: what the tables print: a loss per player, and which term matches what.
    paper: the reproduced paper that it belongs to ("dmvi" is Rosca et al., 2018); None for a model
        of one's own.
    version: raised when the same spec gives another training; 1 if not given.
    extends: another model, all of whose declaration holds but for what is said anew
        (`dmvi.declared.declarations`): class, title and paper are always said anew.

    Raises:
        DmviError: naming the file, and the key that is missing, unknown or cannot be meant.
    """
    found = declarations(_MODELS)
    for name, declared in found.items():
        _check(name, declared)
    choices = {
        "likelihoods": {"any": list(declared_likelihoods())},
        "posteriors": {
            "tractable": [k for k, family in declared_posteriors().items() if family["tractable"]]
        },
    }
    models = {}
    for name, declared in found.items():
        listed = {
            key: _choices(name, key, declared[key], words)
            for key, words in choices.items()
            if key in declared
        }
        models[name] = {"paper": None, **declared, **listed}
    return models


def model_version(name: str) -> int:
    """The model's own version, the changes of those that it extends counted too."""
    return declared_models()[name]["version"]


def lineage(name: str) -> tuple[str, ...]:
    """The models that a model extends, the first one first, and itself."""
    base = declared_models()[name].get("extends")
    return (*(lineage(base) if base else ()), name)


def _check(name: str, declared: dict[str, Any]) -> None:
    where = short(_MODELS / name) + ".py"
    if "passes" not in declared:
        raise DmviError(
            f"{where}: DECLARES lacks the key 'passes', by which time and memory are planned: how many "
            "forward passes' work each player's update sends through each network, as in "
            'models/dcgan.py; or `"extends": "dcgan"` takes over that model\'s'
        )
    check_keys(_MODELS, name, declared, REQUIRED, OPTIONAL)
    if set(declared["passes"]) != set(declared["players"]):
        raise DmviError(
            f"{where}: `passes` names {', '.join(declared['passes'])}; the players are "
            f"{', '.join(declared['players'])}"
        )


def _choices(name: str, key: str, declared: Any, words: dict[str, list[str]]) -> list[str]:
    """The admissible posteriors or likelihoods, by name."""
    if isinstance(declared, str):
        if declared not in words:
            raise DmviError(
                f"{short(_MODELS / name)}.py: `{key}` is {declared!r}; give a list of names, or "
                f"{' or '.join(map(repr, words))}"
            )
        return words[declared]
    return declared
