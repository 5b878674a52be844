"""The environments agree with each other and with what the code imports."""

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

REPOSITORY = Path(__file__).parents[2]


def pins(lines) -> dict[str, str]:
    return dict(line.split("==") for line in lines if "==" in line)


def declared() -> dict[str, SpecifierSet]:
    """The versions that pyproject.toml allows of each distribution."""
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    requirements = [Requirement(text) for text in project["dependencies"]]
    return {requirement.name: requirement.specifier for requirement in requirements}


def test_conda_environment_has_the_pins_of_the_lock():
    environment = yaml.safe_load((REPOSITORY / "envs/environment.yaml").read_text())
    lock = (REPOSITORY / "envs/lock.txt").read_text().splitlines()
    assert pins(environment["dependencies"][-1]["pip"]) == pins(lock)
    assert pins(lock)["torch"] == "2.12.1"


def test_every_import_is_pinned_and_declared():
    imported = set()
    for path in (REPOSITORY / "src").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                imported |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                imported.add(node.module.split(".")[0])
    outside = imported - set(sys.stdlib_module_names) - {"dmvi"}
    homes = packages_distributions()
    distributions = {homes[name][0].lower().replace("_", "-") for name in outside}
    lock = {name.lower() for name in pins((REPOSITORY / "envs/lock.txt").read_text().splitlines())}
    assert distributions <= lock
    assert distributions <= set(declared())


def test_the_lock_lies_within_the_versions_that_are_declared():
    lock = pins((REPOSITORY / "envs/lock.txt").read_text().splitlines())
    bounds = declared()
    assert {name for name, bound in bounds.items() if lock[name] not in bound} == set()
    # Their insides are changed (src/dmvi/cluster/patches.py), so a later one may not be taken unseen.
    for name in ("snakemake", "snakemake-executor-plugin-slurm"):
        assert "99" not in bounds[name]


def test_the_cluster_profile_names_every_rule_that_may_ask_for_a_gpu():
    """A rule left out would be sent to the partition without GPUs."""
    profile = yaml.safe_load((REPOSITORY / "slurm/profile.yaml").read_text())
    asking = set()
    for path in (REPOSITORY / "workflow/rules").glob("*.smk"):
        for rule in path.read_text().split("\nrule ")[1:]:
            if re.search(r"^ +gpu=", rule, re.MULTILINE):
                asking.add(rule.split(":")[0])
    assert set(profile["set-resources"]) == asking
