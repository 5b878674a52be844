"""What every figure and table declares in its file: the tables it reads, the runs it shows, its words.

A figure is a file `figN.py` or `tableN.py`, in `dmvi.figures` or in an experiment's folder `figures`.
Its declarations are literals above its first function (see `dmvi.study.declarations`):

    TITLE         what is drawn, without the number
    CAPTION       what to look at
    SOURCES       the tables it reads: {"run": (...), "data": (...), "study": (...)}, see `Sources`
    SEEDS         "all" (the default) or "first": the seeds of each run that are read
    SELECT        which runs it shows: {key: value or list of values}; "builder" is the data set's
    EXCEPT        which of these it leaves out, unless the config selects by this key
    SHOWS_DATA    True where it shows images of the data themselves
    SHOWS_MODELS  True where it prints what the models' files declare
    PAPER         the paper that it is about, as claims name theirs; "dmvi" if not given
    LIKE          another figure, whose declarations hold where this file makes none
"""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from dmvi.declared import literals
from dmvi.errors import DmviError
from dmvi.study.declarations import PACKAGE

_NAME = re.compile(r"(fig|table)(\d+)")
_KINDS = ("run", "data", "study")


@dataclass(frozen=True)
class Sources:
    """Tables that a figure reads.

    Attributes:
        run: relative to results/runs/{run}/seed{seed}/, of every run and seed that it shows.
        data: relative to results/data/{dataset}/, of the data sets of these runs; "meta.json" where
            a figure about runs does not say.
        study: relative to results/.
    """

    run: tuple[str, ...] = ()
    data: tuple[str, ...] = ()
    study: tuple[str, ...] = ()


@dataclass(frozen=True)
class DeclaredFigure:
    """A figure's declarations, with the defaults of those that it does not make.

    Attributes:
        name: "fig12" or "table3".
        module: what to import in order to draw it.
        experiment: the experiment whose folder it lies in; None if it is about runs on images.
        leaves_out: its `EXCEPT`.
    """

    name: str
    module: str
    experiment: str | None
    title: str
    caption: str
    sources: Sources
    seeds: str
    select: dict[str, Any]
    leaves_out: dict[str, Any]
    shows_data: bool
    shows_models: bool
    paper: str

    @property
    def numbered_title(self) -> str:
        """ "Figure 12. Title" of `fig12`, "Table 3. Title" of `table3`."""
        kind, number = _NAME.fullmatch(self.name).groups()
        return f"{'Figure' if kind == 'fig' else 'Table'} {number}. {self.title}"


class DeclaredFigures(dict[str, DeclaredFigure]):
    """Figures by name, in order; one that does not exist is refused in a sentence."""

    def __missing__(self, name: str) -> DeclaredFigure:
        raise DmviError(f"there is no figure {name}; there are {', '.join(self)}")


@cache
def declared_figures() -> DeclaredFigures:
    """All figures and tables there are: fig1, fig2, ..., table3, ...

    Raises:
        DmviError: naming the file, and the declaration that it lacks or that cannot be meant.
    """
    files: dict[str, Path] = {}
    for folder in (PACKAGE / "figures", *sorted(PACKAGE.glob("experiments/*/figures"))):
        for path in folder.glob("*.py"):
            if _NAME.fullmatch(path.stem):
                if path.stem in files:
                    raise DmviError(f"{_shown(path)} and {_shown(files[path.stem])} have one name")
                files[path.stem] = path
    order = sorted(
        files, key=lambda name: (_NAME.fullmatch(name)[1], int(_NAME.fullmatch(name)[2]))
    )
    return DeclaredFigures({name: _declared(files[name], files) for name in order})


def _declared(path: Path, files: dict[str, Path]) -> DeclaredFigure:
    own = literals(path)
    if (like := own.get("LIKE")) is not None:
        if like not in files or "LIKE" in literals(files[like]):
            raise DmviError(
                f"{_shown(path)}: LIKE is {like!r}; name a figure with its own declarations"
            )
        own = {**literals(files[like]), **own}
    for key in ("TITLE", "CAPTION", "SOURCES"):
        if key not in own:
            raise DmviError(f"{_shown(path)} has no literal {key} above its first function")
    sources = own["SOURCES"]
    if not isinstance(sources, dict) or set(sources) - set(_KINDS):
        raise DmviError(
            f"{_shown(path)}: SOURCES is {sources!r}; give tables by {', '.join(_KINDS)}"
        )
    if "run" in sources:
        sources = {"data": ("meta.json",), **sources}
    seeds = own.get("SEEDS", "all")
    if seeds not in ("all", "first"):
        raise DmviError(f"{_shown(path)}: SEEDS is {seeds!r}; it must be one of all, first")
    inside = path.relative_to(PACKAGE).with_suffix("").parts
    return DeclaredFigure(
        name=path.stem,
        module=".".join([PACKAGE.name, *inside]),
        experiment=inside[1] if inside[0] == "experiments" else None,
        title=own["TITLE"],
        caption=own["CAPTION"],
        sources=Sources(**{kind: tuple(tables) for kind, tables in sources.items()}),
        seeds=seeds,
        select=own.get("SELECT", {}),
        leaves_out=own.get("EXCEPT", {}),
        shows_data=own.get("SHOWS_DATA", False),
        shows_models=own.get("SHOWS_MODELS", False),
        paper=own.get("PAPER", "dmvi"),
    )


def _shown(path: Path) -> str:
    return str(path.relative_to(PACKAGE.parent))
