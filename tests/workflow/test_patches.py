"""The corrections of Snakemake and its Slurm plugin: that they work, are still needed, and never stop
a start. Where a test named `..._is_still_there` fails, its correction can be deleted."""

import asyncio
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import snakemake
import snakemake_executor_plugin_slurm as plugin
from snakemake.report.html_reporter import ReportSettings
from snakemake.scheduling.job_scheduler import JobRateLimiter
from snakemake.settings.types import GlobalReportSettings, MaxJobsPerTimespan

from dmvi.cluster.patches import (
    ask_for_min_job_age_once,
    lift_default_rate_limit,
    open_report_on,
)

JOBS = 30
SNAKEFILE = f"""
from dmvi.cluster.patches import lift_default_rate_limit

onstart:
    lift_default_rate_limit(workflow)

rule all:
    input:
        expand("{{i}}.txt", i=range({JOBS})),

rule wait:
    output:
        "{{i}}.txt",
    shell:
        "sleep 0.3; touch {{output}}"
"""


def limited(limit: str | None) -> SimpleNamespace:
    """A workflow whose scheduler has Snakemake's own limiter, or none."""
    limiter = JobRateLimiter(MaxJobsPerTimespan.parse_choice(limit)) if limit else None
    return SimpleNamespace(scheduler=SimpleNamespace(job_rate_limiter=limiter))


@pytest.mark.parametrize(
    ("limit", "kept"), [("100/1s", False), ("10/1m", True), ("100/1m", True), (None, False)]
)
def test_only_the_limit_of_snakemake_itself_is_lifted(limit, kept, capsys):
    workflow = limited(limit)
    lift_default_rate_limit(workflow)
    assert (workflow.scheduler.job_rate_limiter is not None) == kept
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    "workflow",
    [
        SimpleNamespace(),
        SimpleNamespace(scheduler=SimpleNamespace()),
        SimpleNamespace(scheduler=SimpleNamespace(job_rate_limiter=100)),
    ],
    ids=["no scheduler", "no limiter", "another limiter"],
)
def test_another_scheduler_is_left_alone_with_one_warning(workflow, capsys):
    before = repr(workflow)
    lift_default_rate_limit(workflow)
    assert repr(workflow) == before
    printed = capsys.readouterr().err
    assert re.fullmatch(r"warning: .*AttributeError.*its scheduler will take more.*\n", printed)


def choices(folder, *options: str) -> int:
    """How often Snakemake chooses among ready jobs in a run of the Snakefile."""
    folder.mkdir()
    (folder / "Snakefile").write_text(SNAKEFILE)
    command = [sys.executable, "-m", "snakemake", "--cores", "2", "--verbose", *options]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "warning: this Snakemake is not" not in done.stderr
    return len(re.findall(r"^Ready jobs: ", done.stderr, re.MULTILINE))


def test_jobs_are_chosen_once_per_job_that_ends(tmp_path):
    assert choices(tmp_path / "lifted") <= JOBS + 2


def test_the_schedulers_fault_is_still_there(tmp_path):
    """Once a limit no longer makes it choose again and again, `lift_default_rate_limit` can go."""
    assert choices(tmp_path / "limited", "--max-jobs-per-timespan", "99/1s") > 1.5 * JOBS


@pytest.fixture
def slurm(tmp_path, monkeypatch):
    """Slurm's commands as stand-ins, scontrol counting its calls, and the plugin set back after.

    The value is a function: `slurm(controller=True)` says whether scontrol answers from then on.
    """
    monkeypatch.setattr(plugin, "get_min_job_age", plugin.get_min_job_age)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    (tmp_path / "sacct").write_text("#!/bin/sh\n")
    (tmp_path / "sacct").chmod(0o755)
    calls = tmp_path / "calls"

    def become(controller: bool) -> None:
        answer = "echo 'MinJobAge = 300 sec'" if controller else "exit 1"
        (tmp_path / "scontrol").write_text(f"#!/bin/sh\necho >> {calls}\n{answer}\n")
        (tmp_path / "scontrol").chmod(0o755)

    become.calls = lambda: len(calls.read_text().splitlines())
    become(controller=True)
    return become


class AboutToLookError(Exception):
    """The plugin has chosen a command and is about to run it."""


def command_of_a_look_at_the_queue() -> str:
    """ "squeue" or "sacct": what the plugin would ask for the state of one job, squeue being set."""

    class Limiter:
        async def __aenter__(self):
            raise AboutToLookError

        async def __aexit__(self, *error):
            return False

    said = []
    executor = SimpleNamespace(
        workflow=SimpleNamespace(
            executor_settings=SimpleNamespace(
                init_seconds_before_status_checks=40, status_attempts=1, status_command="squeue"
            )
        ),
        logger=SimpleNamespace(info=said.append, debug=said.append),
        get_status_command=lambda: "squeue",
        run_uuid="dmvi_1",
        status_rate_limiter=Limiter(),
    )

    async def look():
        job = SimpleNamespace(external_jobid="1")
        async for _ in plugin.Executor.check_active_jobs(executor, [job]):
            pass

    with pytest.raises(AboutToLookError):
        asyncio.run(look())
    return "sacct" if any("Falling back to 'sacct'" in text for text in said) else "squeue"


def test_min_job_age_is_asked_once_and_a_controller_away_changes_nothing(slurm, capsys):
    ask_for_min_job_age_once()
    slurm(controller=False)
    assert [command_of_a_look_at_the_queue() for _ in range(3)] == ["squeue"] * 3
    assert slurm.calls() == 1
    assert plugin.get_min_job_age() == 300
    assert capsys.readouterr().err == ""


def test_the_plugins_fault_is_still_there(slurm):
    """Once it keeps to squeue without its controller, `ask_for_min_job_age_once` can go."""
    assert command_of_a_look_at_the_queue() == "squeue"
    slurm(controller=False)
    assert command_of_a_look_at_the_queue() == "sacct"


def test_without_an_answer_the_plugin_goes_on_asking(slurm, capsys):
    slurm(controller=False)
    ask_for_min_job_age_once()
    assert capsys.readouterr().err == ""
    slurm(controller=True)
    assert plugin.get_min_job_age() == 300


async def other_check(executor, jobs):
    """A look at the queue that does not ask for MinJobAge."""


@pytest.mark.parametrize("shape", ["gone", "arguments", "another caller", "no executor", "broken"])
def test_another_plugin_is_left_alone_with_one_warning(shape, slurm, monkeypatch, capsys):
    if shape == "gone":
        monkeypatch.delattr(plugin, "get_min_job_age")
    elif shape == "arguments":
        monkeypatch.setattr(plugin, "get_min_job_age", lambda settings: 300)
    elif shape == "another caller":
        monkeypatch.setattr(plugin.Executor, "check_active_jobs", other_check)
    elif shape == "no executor":
        monkeypatch.delattr(plugin, "Executor")
    else:
        monkeypatch.setattr(plugin, "get_min_job_age", lambda: 1 / 0)
    before = getattr(plugin, "get_min_job_age", None)
    ask_for_min_job_age_once()
    assert getattr(plugin, "get_min_job_age", None) is before
    assert re.fullmatch(r"warning: .*it may turn to sacct and wait.*\n", capsys.readouterr().err)


def test_a_missing_plugin_is_one_warning(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "snakemake_executor_plugin_slurm", None)
    ask_for_min_job_age_once()
    assert "ModuleNotFoundError" in capsys.readouterr().err


def reported(metadata: str | None, stylesheet: str | None) -> list[tuple[Path, Path]]:
    """(template, stylesheet) of a report for which the command line names these."""
    made = []

    def create_report(report_plugin, report_settings, global_report_settings):
        made.append((global_report_settings.metadata_template, report_settings.stylesheet_path))

    workflow = SimpleNamespace(create_report=create_report)
    open_report_on(workflow, Path("ours"))
    workflow.create_report(
        report_plugin=None,
        report_settings=ReportSettings(path=Path("x.html"), stylesheet_path=stylesheet),
        global_report_settings=GlobalReportSettings(metadata_template=metadata),
    )
    return made


def test_a_report_opens_on_our_description_unless_the_user_names_another(capsys):
    ours = (Path("ours/landing.yaml"), Path("ours/report.css"))
    assert reported(None, None) == [ours]
    assert reported("mine.yaml", None) == [("mine.yaml", ours[1])]
    assert reported(None, "mine.css") == [(ours[0], "mine.css")]
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    "workflow", [SimpleNamespace(), SimpleNamespace(create_report=lambda settings: None)]
)
def test_another_way_of_reporting_is_left_alone_with_one_warning(workflow, capsys):
    before = dict(vars(workflow))
    open_report_on(workflow, Path("ours"))
    assert vars(workflow) == before
    printed = capsys.readouterr().err
    assert re.fullmatch(r"warning: .*its report will open on the graph of jobs\n", printed)


def test_a_report_without_metadata_opens_on_the_graph_is_still_there():
    template = Path(snakemake.__file__).parent / "report/html_reporter/template/components"
    assert 'this.content = "rulegraph";' in (template / "app.js").read_text()
