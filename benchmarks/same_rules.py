"""A Snakefile of a study's own jobs that computes nothing by itself: the floor of planning it.

It has the study's rules with their outputs, logs and shell texts, and jobs with the same wildcards and
inputs. Each param and each resource is a constant, each input that a function gives is looked up in a
table. What planning it takes beside a bare Snakefile is Snakemake's work for rules of this shape; what
the study takes beside it is ours.
"""

import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from snakemake.api import SnakemakeApi
from snakemake.io import is_callable
from snakemake.settings.types import DAGSettings, OutputSettings, Quietness, ResourceSettings

# Resources of every job that no rule names: of the memory that a rule asks for Snakemake makes three.
OWN_RESOURCES = ("_cores", "_nodes", "tmpdir", "mem", "mem_mib")
HEAD = """
import json

with open(f"{workflow.basedir}/inputs.json") as file:
    INPUTS = json.load(file)


def look(rule, item):
    def files(wildcards):
        return INPUTS[rule]["/".join(wildcards)][item]

    return files
"""


def write_same_rules(folder: Path, study: Path, snakefile: Path, target: str) -> Path:
    """Writes such a Snakefile into a new folder, for the jobs that `target` needs of a study.

    Args:
        study: the study's folder, without results.
    """
    workflow = _planned(study, snakefile, target)
    jobs = defaultdict(list)
    for job in workflow.dag.jobs:
        jobs[job.rule.name].append(job)
    # The target comes first: a Snakefile's first rule is what it makes.
    rules = [rule for rule in workflow.rules if rule.name in jobs]
    rules.sort(key=lambda rule: rule.name != target)
    folder.mkdir()
    text, inputs = HEAD, {}
    for rule in rules:
        text += "\n\n" + "\n".join(_lines(rule, jobs[rule.name][0], snakefile.parent)) + "\n"
        inputs[rule.name] = {"/".join(job.wildcards): _looked_up(job) for job in jobs[rule.name]}
    (folder / "inputs.json").write_text(json.dumps(inputs))
    (folder / "Snakefile").write_text(text)
    return folder


def _planned(study: Path, snakefile: Path, target: str) -> Any:
    """Snakemake's workflow of a study, its jobs found."""
    with SnakemakeApi(OutputSettings(quiet={Quietness.ALL})) as api:
        whole = api.workflow(
            resource_settings=ResourceSettings(cores=1), snakefile=snakefile, workdir=study
        )
        whole.dag(DAGSettings(targets={target})).execute_workflow(executor="dryrun")
        return whole._workflow  # no public way leads from the API to the jobs


def _looked_up(job: Any) -> dict[str, list[str]]:
    """The files of each input that a function gives; the one without a name is called "all"."""
    items = [name for name, item in job.rule.input._allitems() if is_callable(item)]
    files = {name: job.input if name is None else getattr(job.input, name) for name in items}
    return {
        name or "all": [str(paths)] if isinstance(paths, str) else list(map(str, paths))
        for name, paths in files.items()
    }


def _lines(rule: Any, job: Any, basedir: Path) -> Iterator[str]:
    """A rule with the params and resources of one of its jobs."""
    yield f"rule {rule.name}:"
    named = {
        "input": [
            (name, f"look({rule.name!r}, {name or 'all'!r})" if is_callable(item) else repr(item))
            for name, item in rule.input._allitems()
        ]
    }
    for directive in ("output", "log"):
        items = getattr(rule, directive)._allitems()
        named[directive] = [(name, repr(str(item))) for name, item in items]
    if rule.benchmark:
        named["benchmark"] = [(None, repr(str(rule.benchmark)))]
    named["params"] = [(name, repr(value)) for name, value in job.params.items()]
    named["resources"] = [
        (name, repr(value)) for name, value in job.resources.items() if name not in OWN_RESOURCES
    ]
    named["threads"] = [(None, str(job.threads))]
    for directive, items in named.items():
        if items:
            yield f"    {directive}:"
            yield from (f"        {f'{name}=' if name else ''}{item}," for name, item in items)
    if rule.conda_env:
        yield f"    conda: {str(basedir / 'envs' / Path(str(rule.conda_env)).name)!r}"
    if rule.shellcmd:
        yield f"    shell: {rule.shellcmd!r}"
