"""The command line: `python -m dmvi NAME --flag value ...`, one command per step and per command file.

A step's command is its function: flags are its parameters (without `_path`), their types say how a
value is read, and the docstring is the help. Only the file of the chosen command is imported.
"""

import argparse
import inspect
import json
import re
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from importlib import import_module
from pathlib import Path
from types import UnionType
from typing import Any, NoReturn, Union, get_args, get_origin, get_type_hints

from dmvi import __version__
from dmvi.environment import process_name
from dmvi.errors import DmviError
from dmvi.files import clear_left
from dmvi.study.declarations import declared_commands, declared_steps


def log(message: str) -> None:
    """One line with the time to standard output, at once: logs are read while the job runs."""
    print(f"{datetime.now():%Y-%m-%d %H:%M:%S}  {message}", flush=True)


def main(arguments: list[str] | None = None) -> None:
    """Runs one command; an error of ours is one sentence and status 2."""
    arguments = sys.argv[1:] if arguments is None else arguments
    steps, commands = declared_steps(), declared_commands()
    top = argparse.ArgumentParser(
        prog="dmvi", epilog=_list(steps, commands), formatter_class=_Plain
    )
    top.add_argument("--version", action="version", version=f"dmvi {__version__}")
    top.add_argument("command", metavar="COMMAND", type=_name)
    chosen = top.parse_args(arguments[:1] or ["--help"]).command
    try:
        declared = {**commands, **steps}.get(chosen)
        if declared is None:
            top.error(f"there is no command {arguments[0]!r}; python -m dmvi --help lists them")
        function = getattr(import_module(declared["module"]), chosen)
        values = vars(parser_of(function, chosen).parse_args(arguments[1:]))
        if "log" in inspect.signature(function).parameters:
            values["log"] = log if chosen in steps else print
        if chosen in steps:
            _clear_left(values)
        if declared.get("resumes"):
            with _resumable(values["checkpoints"]):
                function(**values)
        else:
            function(**values)
    except DmviError as error:
        _refuse(str(error))
    except BrokenPipeError:  # whoever read what is printed has gone
        sys.exit(1)
    except OSError as error:
        if error.errno is None:
            raise
        where = f"{error.filename}: " if error.filename is not None else ""
        _refuse(
            f"{where}{error.strerror}; see that it is there, and that you may read and write it"
        )
    except (MemoryError, RuntimeError) as error:
        if not isinstance(error, MemoryError) and not _OUT_OF_MEMORY.search(str(error)):
            raise
        _refuse(
            "memory ran out; give the job more (mem_mb of its run in config.yaml), or make what it "
            f"computes smaller ({' '.join(str(error).split())[:200]})"
        )
    if chosen in steps:
        log(f"{time.process_time():.2f} s of processor time, imports included")


_OUT_OF_MEMORY = re.compile(r"out of memory|can't allocate memory|not enough memory", re.IGNORECASE)


def _refuse(sentence: str) -> NoReturn:
    """One sentence, and status 2."""
    print(f"dmvi: {sentence}", file=sys.stderr, flush=True)
    sys.exit(2)


def _clear_left(values: dict[str, Any]) -> None:
    """Removes what killed processes of this step left: hidden files beside what it reads and writes."""
    for name, value in values.items():
        if isinstance(value, Path) and name not in ("raw", "data_dir", "folder"):
            clear_left(value)


def parser_of(function: Callable[..., Any], name: str) -> argparse.ArgumentParser:
    """The parser of one command's flags, from the function's signature."""
    parser = argparse.ArgumentParser(
        prog=f"dmvi {name.replace('_', '-')}",
        description=inspect.getdoc(function),
        formatter_class=_Plain,
    )
    hints = get_type_hints(function)
    for parameter in inspect.signature(function).parameters.values():
        if parameter.name == "log":
            continue
        flag = "--" + parameter.name.removesuffix("_path").replace("_", "-")
        required = parameter.default is inspect.Parameter.empty
        options: dict[str, Any] = {"metavar": flag[2:].upper(), **_reading(hints[parameter.name])}
        if not required:
            options["default"] = parameter.default
        parser.add_argument(flag, dest=parameter.name, required=required, **options)
    return parser


def _reading(kind: Any) -> dict[str, Any]:
    """How argparse reads a value of a type."""
    origin, inner = get_origin(kind), get_args(kind)
    if origin in (
        Union,
        UnionType,
    ):  # nothing is the empty text, which is how the workflow says null
        read = _reading(next(k for k in inner if k is not type(None)))["type"]
        return {"type": lambda text: read(text) if text else None}
    if kind is bool:  # the flag alone means yes
        return {"type": int, "choices": (0, 1), "nargs": "?", "const": 1}
    if kind in (int, float, str, Path):
        return {"type": kind}
    if origin is list and inner in ((Path,), (str,)):
        return {"type": inner[0], "nargs": "+"}
    if origin is tuple and inner[0] is str:
        return {"type": str, "nargs": "*"}
    return {"type": json.loads, "metavar": "JSON"}


class _Plain(argparse.RawDescriptionHelpFormatter):
    """Keeps the lines of docstrings."""


def _name(text: str) -> str:
    return text.replace("-", "_")


def _list(steps: dict, commands: dict) -> str:
    def names(of: dict) -> str:
        return "\n".join(f"  {name.replace('_', '-')}" for name in of)

    return (
        f"commands:\n{names(commands)}\n\nsteps of the workflow:\n{names(steps)}\n\n"
        "`python -m dmvi COMMAND --help` says what each needs."
    )


@contextmanager
def _resumable(checkpoints: Path) -> Iterator[None]:
    """Ends the process as a signal asks for, 128 + its number, once the checkpoint is written."""
    from dmvi.training.engine import Interrupted

    log(process_name())
    try:
        yield
    except Interrupted as stop:
        log(f"{stop}; the checkpoint in {checkpoints} is written, run again to go on")
        sys.exit(128 + stop.number)
