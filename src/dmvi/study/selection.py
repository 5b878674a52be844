"""Which runs a figure draws."""

import json
from typing import Any

from dmvi.distributions.registry import declared_likelihoods, declared_posteriors
from dmvi.errors import DmviError
from dmvi.study.capabilities import LIKELIHOOD, lacks
from dmvi.study.declarations import declared_models
from dmvi.study.declared_figures import DeclaredFigure, declared_figures
from dmvi.study.runs import Run

# Keys whose values must be held by some run, where a config selects by them.
_NAMES = ("data", "model", "run", "tags")
# And those that must be declared, held or not.
_DECLARED = {"posterior": declared_posteriors, "likelihood": declared_likelihoods}

Keys = dict[str, dict[str, Any]]  # run id -> what it can be selected by


def select_all(config: dict[str, Any], runs: dict[str, Run]) -> dict[str, list[str]]:
    """Figure -> the ids of the runs that it draws, in the order of the figures.

    Raises:
        DmviError: a figure, run or key that does not exist, or a figure left without runs.
    """
    known = declared_figures()
    for name in config["figures"]:
        if name not in known:
            raise DmviError(f"figures.{name} is no figure; the figures are {', '.join(known)}")
    keys = {name: selectable(run, config) for name, run in runs.items()}
    asked = {name: config["figures"][name] or {} for name in known if name in config["figures"]}
    return {name: _select(known[name], spec, runs, keys) for name, spec in asked.items()}


def left_out(
    config: dict[str, Any], runs: dict[str, Run], figures: dict[str, list[str]]
) -> list[str]:
    """A sentence for each run that a figure would draw if its pixels were of another kind.

    That a model has no such table is no news, but these are left out for a setting, and would be missed.

    Args:
        figures: as `select_all` returns them.
    """
    keys = {name: selectable(run, config) for name, run in runs.items()}
    sentences = []
    for name, drawn in figures.items():
        figure = declared_figures()[name]
        for run in _matching(figure, config["figures"][name] or {}, keys):
            words = [lacks(runs[run], table) for table in figure.sources.run]
            found = next((w for w in words if w and w.startswith(f"{LIKELIHOOD}: ")), None)
            if run not in drawn and found:
                sentences.append(f"figures.{name} leaves out {run}, which has no {found}")
    return sentences


def selectable(run: Run, config: dict[str, Any]) -> dict[str, Any]:
    """What a figure can select by: the run's keys, id and tags, its model's kind, its data's builder."""
    return {
        **run.spec,
        "run": run.name,
        "kind": declared_models()[run.spec["model"]]["kind"],
        "builder": config["data"][run.spec["data"]]["builder"],
        "tags": list(run.tags),
    }


def _select(
    figure: DeclaredFigure, asked: dict[str, Any], runs: dict[str, Run], keys: Keys
) -> list[str]:
    path, tables = f"figures.{figure.name}", figure.sources.run
    if not tables:
        return []
    if not runs:
        raise DmviError(
            f"{path} draws runs, but config.yaml has no key 'runs'; add it, or remove the figure"
        )
    if "runs" in asked:
        return _named(path, asked["runs"], runs, tables)
    wanted = {**figure.select, **asked.get("select", {})}
    _check_keys(path, wanted, asked.get("select", {}), keys)
    matching = _matching(figure, asked, keys)
    lacking = {
        name: [words for t in tables if (words := lacks(runs[name], t))] for name in matching
    }
    chosen = [name for name in matching if not lacking[name]]
    if not chosen:
        why = ""
        if matching:
            first = matching[0]
            why = f"; {first!r} is one, but has no {lacking[first][0]}"
        raise DmviError(
            f"{path} selects no run (it asks for {json.dumps(wanted)}{why}); "
            "add such a run, or remove the figure"
        )
    return chosen


def _matching(figure: DeclaredFigure, asked: dict[str, Any], keys: Keys) -> list[str]:
    """The runs that a figure's own selection and the config's ask for; none where it names its runs."""
    if "runs" in asked:
        return []
    wanted = {**figure.select, **asked.get("select", {})}
    unwanted = {key: value for key, value in figure.leaves_out.items() if key not in wanted}
    return [
        name
        for name, values in keys.items()
        if all(_match(values.get(key, []), value) for key, value in wanted.items())
        and not any(_match(values.get(key, []), value) for key, value in unwanted.items())
    ]


def _named(path: str, names: list[str], runs: dict[str, Run], tables: tuple[str, ...]) -> list[str]:
    """The runs of these names, and all members of an entry of such a name; each must give the tables."""
    chosen: list[str] = []
    for name in names:
        members = [run for run in runs.values() if name in (run.name, run.entry)]
        if not members:
            raise DmviError(f"{path}.runs names {name!r}; the runs are {', '.join(runs)}")
        for run in members:
            for table in tables:
                if words := lacks(run, table):
                    raise DmviError(
                        f"{path}.runs names {run.name!r}, but the figure reads {table} and "
                        f"the model {run.spec['model']!r} has no {words}"
                    )
        chosen += [run.name for run in members if run.name not in chosen]
    return chosen


def _check_keys(path: str, wanted: dict[str, Any], own: dict[str, Any], keys: Keys) -> None:
    """Refuses a key that no run has, and a name (in the config's own selection) that none holds."""
    known = sorted(set().union(*keys.values()))
    for key, value in wanted.items():
        if key not in known:
            raise DmviError(
                f"{path}.select.{key} is no attribute of a run; those are {', '.join(known)}"
            )
        if key in own and key in _DECLARED:
            names = _DECLARED[key]()
            if unknown := [item for item in _listed(value) if item not in names]:
                raise DmviError(
                    f"{path}.select.{key} is {unknown[0]!r}; there are {', '.join(names)}"
                )
        if key in own and key in _NAMES:
            held = {item for values in keys.values() for item in _listed(values.get(key, []))}
            if missing := [item for item in _listed(value) if item not in held]:
                raise DmviError(
                    f"{path}.select.{key} is {missing[0]!r}, which no run has; "
                    f"there are {', '.join(sorted(held))}"
                )


def _match(held: Any, wanted: Any) -> bool:
    return any(a == b for a in _listed(held) for b in _listed(wanted))


def _listed(value: Any) -> list:
    return value if isinstance(value, list) else [value]
