"""The tables of malformed input, the tiny study that they change, and what becomes of it.

A row is answered well if the study loads and every job of it can be planned, or if one sentence (a
`DmviError` of one line) contains the row's words. Anything else, above all another exception, is a
bad answer.
"""

import copy
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from tiny_study import REPOSITORY, tiny_config

from dmvi.costs.model import Costs
from dmvi.data.given import check_given
from dmvi.errors import DmviError
from dmvi.experiments.synthetic.settings import synthetic_jobs
from dmvi.study.capabilities import lacks
from dmvi.study.config import Study
from dmvi.study.declarations import declared_steps
from dmvi.study.folder import read_study

HERE = Path(__file__).parent
SCHEMA = REPOSITORY / "workflow/schemas/config.schema.yaml"
LONGEST = 1200  # characters of a sentence
SECONDS = 5.0  # that an answer may take


def rows(name: str) -> list[dict[str, Any]]:
    """The rows of one table."""
    return yaml.safe_load((HERE / f"{name}.yaml").read_text())


@cache
def hardware() -> dict[str, Any]:
    return yaml.safe_load((REPOSITORY / "workflow/hardware.yaml").read_text())


def changed(row: dict[str, Any]) -> dict[str, Any]:
    """The tiny study's config with one key set or dropped, and the top-level keys `also` set."""
    config = copy.deepcopy(tiny_config()) | row.get("also", {})
    *parents, last = (row.get("set") or row["drop"]).split(".")
    if row.get("set") == "runs.../../x":
        parents, last = ["runs"], "../../x"
    if "drop" in row and row["drop"] == "data":  # the runs name data sets by themselves
        del config["data"]
        return config
    block = config
    for parent in parents:
        block = block.setdefault(parent, {})
    if "drop" in row:
        del block[last]
    else:
        block[last] = row["to"]
    return config


def written(row: dict[str, Any]) -> bytes:
    """The bytes of a row's config.yaml."""
    if "bytes" in row:
        return row["bytes"]
    if "text" in row:
        return row["text"].encode()
    if "nested" in row:
        return b"study: " + b"[" * row["nested"] + b"]" * row["nested"] + b"\n"
    if "laughs" in row:  # each line ten times the one before
        lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
        for i in range(1, row["laughs"]):
            lines.append(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]")
        return "\n".join(lines).encode()
    config = tiny_config()
    if "drop" in row:
        del config[row["drop"]]
    text = yaml.safe_dump(config, sort_keys=False)
    if "swap" in row:
        assert row["swap"] in text, row
        text = text.replace(row["swap"], row["by"])
    text = row.get("before", "") + text + row.get("after", "")
    return text.encode(row.get("encoding", "utf-8"))


def plan(study: Study) -> None:
    """Asks for settings and cost of every job that the study can have, as the workflow does."""
    costs = Costs(study, hardware())
    steps = declared_steps()
    wildcards: dict[str, list[dict[str, str]]] = {}
    for kind, settings in synthetic_jobs(study.config).items():
        wildcards["run_synthetic"] = wildcards.get("run_synthetic", []) + [
            {"kind": kind, "setting": setting} for setting in settings
        ]
    for name in study.data:
        wildcards.setdefault("prepare_data", []).append({"dataset": name})
    blocks = study.config.get("estimators", {})
    for run in study.runs.values():
        able = [step for step in ("train", "encode") if lacks(run, "originals") is None]
        able += ["estimate_kl"] if "kl" in blocks and lacks(run, "kl.json") is None else []
        for step in {"train", *able}:
            wildcards.setdefault(step, []).append({"run": run.name})
    for step, given in wildcards.items():
        for one in given:
            if "settings" in steps[step]:
                steps[step]["settings"](study, **one)
            costs.minutes(step, 1, None, **one)
            costs.memory(step, 1, None, **one)


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """Raises TimeoutError in the block after some seconds."""

    def late(*_: Any) -> None:
        raise TimeoutError(f"no answer within {seconds} seconds")

    before = signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def answer(content: bytes | dict[str, Any], folder: Path) -> str | None:
    """None if the study loads and can be planned, else its sentence.

    Raises:
        Exception: of any other kind than ours; or AssertionError for a sentence of several lines.
    """
    if isinstance(content, dict):
        content = yaml.safe_dump(content, sort_keys=False, allow_unicode=True).encode()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.yaml").write_bytes(content)
    try:
        with at_most(SECONDS):
            study = read_study(folder, SCHEMA)
            for name, spec in study.data.items():
                check_given(name, spec, study.config.get("data_dir"), folder)
            plan(study)
    except DmviError as error:
        sentence = str(error)
        assert "\n" not in sentence, f"several lines: {sentence!r}"
        assert len(sentence) <= LONGEST, f"{len(sentence)} characters: {sentence[:200]}"
        return sentence
    return None
