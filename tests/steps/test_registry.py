"""What holds for every step: its rule, its command and its declaration say the same."""

import inspect
import re
from importlib import import_module
from pathlib import Path

import pytest

from dmvi.cli import parser_of
from dmvi.errors import DmviError
from dmvi.study import declarations
from dmvi.study.declarations import declared_steps

REPOSITORY = Path(__file__).parents[2]
STEPS = declared_steps()
NAMES = list(STEPS)


def rules() -> dict[str, str]:
    """Rule -> its text."""
    texts = [path.read_text() for path in (REPOSITORY / "workflow/rules").glob("*.smk")]
    found = re.findall(r"^rule (\w+):\n((?:    .*\n|\n)+)", "\n".join(texts), re.MULTILINE)
    return dict(found)


RULES = rules()


def section(rule: str, name: str) -> str:
    """The lines below `    name:` of a rule."""
    found = re.search(rf"^    {name}:(.*\n(?:        .*\n|\n)*)", RULES[rule], re.MULTILINE)
    return found[1] if found else ""


def test_every_step_has_a_rule_and_every_rule_is_a_step():
    assert set(RULES) == set(NAMES)
    assert len(NAMES) > 15


@pytest.mark.parametrize("name", NAMES)
def test_its_wildcards_are_those_of_its_paths_in_order(name):
    wildcards = re.findall(r"\{(\w+)\}", section(name, "benchmark"))
    assert wildcards == STEPS[name]["wildcards"]
    for part in ("output", "log"):
        assert set(re.findall(r"(?<!\{)\{(\w+)\}", section(name, part))) == set(wildcards)


@pytest.mark.parametrize("name", NAMES)
def test_its_rule_asks_for_a_gpu_as_it_declares_and_is_named_in_the_cluster_profile(name):
    asks = re.search(r"^ +gpu=", RULES[name], re.MULTILINE) is not None
    assert asks == STEPS[name]["gpu"]
    profile = (REPOSITORY / "slurm/profile.yaml").read_text()
    assert (f"\n  {name}:\n" in profile) == asks


@pytest.mark.parametrize("name", NAMES)
def test_its_rule_hands_over_what_its_command_takes(name):
    """Every flag in the rule is the command's, and none that the command requires is missing."""
    shell = section(name, "shell")
    command, words = re.search(r"python -m dmvi ([\w-]+)([^&]*)&>>?\{log:q\}", shell, re.S).groups()
    assert command.replace("-", "_") == name
    parser = parser_of(getattr(import_module(STEPS[name]["module"]), name), name)
    given = set(re.findall(r"--[a-z][a-z-]*", words))
    known = {flag for action in parser._actions for flag in action.option_strings}
    required = {
        flag for action in parser._actions if action.required for flag in action.option_strings
    }
    assert given <= known
    assert required <= given
    # What it appends to, it goes on with: the log of an attempt is kept beside those before it.
    assert ("&>>{log" in shell) == STEPS[name]["resumes"]


@pytest.mark.parametrize("name", NAMES)
def test_its_rule_uses_what_it_declares(name):
    step, text = STEPS[name], RULES[name]
    if "settings" in step:
        assert f'settings("{name}"' in text
        assert list(inspect.signature(step["settings"]).parameters)[1:] == [
            wildcard for wildcard in step["wildcards"] if wildcard != "seed"
        ]
    assert list(inspect.signature(step["cost"]).parameters)[1:] == [
        wildcard for wildcard in step["wildcards"] if wildcard != "seed"
    ]
    # Of some with the builder's own, the model's or the scores'.
    further = {
        "prepare_data": "dataset_version",
        "train": "training_version",
        "evaluate": "version_of_run",
        "evaluate_data": "version_of_data",
    }
    called = further.get(name, f'version("{name}")')
    assert f"version={called}," in text


def test_a_key_of_a_step_that_nobody_reads_is_refused(tmp_path, monkeypatch):
    folder = tmp_path / "dmvi" / "steps"
    folder.mkdir(parents=True)
    monkeypatch.setattr(declarations, "PACKAGE", folder.parent)
    own = {key: STEPS["encode"][key] for key in declarations.STEP_KEYS[0]}
    (folder / "mine.py").write_text(f"STEP = { ({**own, 'gqu': True})!r}\n")
    with pytest.raises(DmviError, match=r"steps/mine\.py: STEP has the unknown key 'gqu'; its ke"):
        declarations.declared_steps.__wrapped__()
