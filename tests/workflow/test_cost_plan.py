"""`python -m dmvi plan`: Snakemake's plan of a study, priced."""

import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
import yaml

from dmvi.costs.model import Costs
from dmvi.costs.plan import Plan, local_rules, make_plan, read_jobs, write_plan
from dmvi.errors import DmviError
from dmvi.study.config import load_study

SNAKEFILE = Path(__file__).parents[2] / "Snakefile"

pytestmark = pytest.mark.slow  # Snakemake plans: seconds each


@pytest.fixture(scope="module")
def hardware(repository):
    return yaml.safe_load((repository / "workflow/hardware.yaml").read_text())


@pytest.fixture(scope="module")
def planned(repository, hardware, study_class, tmp_path_factory):
    """Plans a study of this config for these targets: (plan, study)."""
    schema = yaml.safe_load((repository / "workflow/schemas/config.schema.yaml").read_text())

    def plan(change=lambda config: None, targets=()):
        made = study_class(tmp_path_factory.mktemp("planned"))
        change(made.config)
        made.write()
        study = load_study(made.config, schema)
        arguments = (made.folder, repository / "Snakefile", hardware, list(targets))
        return make_plan(study, *arguments), study, made

    return plan


@pytest.fixture(scope="module")
def tiny(planned):
    return planned()


def test_the_jobs_are_snakemakes(tiny):
    plan, _, made = tiny
    planned = made.plan()
    planned.pop("all")  # a target, which has no work of its own
    assert Counter(job.rule for job in plan.jobs) == planned


def test_sums_by_hand(tiny, hardware):
    plan, study, _ = tiny
    costs = Costs(study, hardware)
    by_hand = sum(costs.of("train", run=run).seconds for run in ("plain", "flow", "gan", "hybrid"))
    trained = [i for i, job in enumerate(plan.jobs) if job.rule == "train"]
    total = plan.total(trained)
    assert total.jobs == 4
    assert total.gpu_hours == 0  # gpu: 0
    assert total.cpu_hours == pytest.approx(by_hand / 3600)
    assert plan.total().cpu_hours == pytest.approx(sum(c.seconds for c in plan.costs) / 3600)


def test_what_figures_need(tiny):
    plan, _, _ = tiny

    def rules(which):
        return Counter(plan.jobs[i].rule for i in which)

    # Two dimensions at one learning rate, four members in two parts, and pairs of Gaussians of a given
    # divergence; figure 18 alone reads them.
    alone = {"run_synthetic": 8, "collect_synthetic": 2, "draw": 1}
    assert rules(plan.needs["fig18"]) == alone
    assert rules(plan.only_for("fig18")) == alone
    # Figure 2 looks at one VAE, which others look at too.
    needed = {"prepare_data": 1, "train": 1, "encode": 1, "find_low_posterior": 1, "draw": 1}
    assert rules(plan.needs["fig2"]) == needed
    assert "train" not in rules(plan.only_for("fig2"))
    assert set(plan.needs) == {
        *("fig1", "fig2", "fig4", "fig6", "fig8", "fig18", "fig29", "table1", "table3", "table7")
    }


def test_the_longest_chain(tiny, hardware):
    plan, _, _ = tiny
    for earlier, later in zip(plan.chain, plan.chain[1:], strict=False):
        assert set(plan.jobs[earlier].outputs) & set(plan.jobs[later].inputs)
    extra = hardware["seconds_per_submission"] * len(set(plan.chain) & set(plan.submitted))
    seconds = sum(plan.costs[i].seconds for i in plan.chain)
    assert plan.chain_seconds == pytest.approx(seconds + extra)
    # No figure can be ready before the jobs that it needs one after another; then they are gathered.
    assert plan.jobs[plan.chain[-1]].rule in ("collect_claims", "write_gallery", "write_page")
    assert plan.chain_seconds < sum(c.seconds for c in plan.costs) + 5 * len(plan.jobs)


def test_local_rules_are_not_submitted(tiny, repository):
    plan, _, _ = tiny
    local = local_rules((repository / "Snakefile").read_text())
    assert {"all", "collect_claims", "write_gallery"} <= local
    assert {"train", "evaluate"} & local == set()
    assert len(plan.submitted) == sum(job.rule not in local for job in plan.jobs)


def test_limits_are_those_of_the_rules(tiny, hardware):
    plan, study, _ = tiny
    costs = Costs(study, hardware)
    for job in plan.jobs:
        if job.rule in ("train", "estimate_kl", "evaluate_data", "run_synthetic"):
            assert job.minutes == costs.minutes(job.rule, **job.wildcards)
            assert job.memory_mb == costs.memory(job.rule, **job.wildcards)


def test_the_configs_minutes_and_memory_win(planned):
    def change(config):
        config["runs"]["plain"] |= {"minutes": 77, "mem_mb": 1234}

    plan, _, _ = planned(change, ["results/runs/plain/seed0/model.pt"])
    (trained,) = (job for job in plan.jobs if job.rule == "train")
    assert (trained.minutes, trained.memory_mb) == (77, 1234)


def test_gpus_are_counted(planned):
    def change(config):
        config["device"] = "auto"
        config["runs"]["plain"]["gpu"] = 2

    plan, _, _ = planned(change, ["results/runs/plain/seed0/model.pt"])
    (seconds,) = (
        c.seconds for c, j in zip(plan.costs, plan.jobs, strict=True) if j.rule == "train"
    )
    assert plan.total().gpu_hours == pytest.approx(2 * seconds / 3600)


def test_the_text(tiny, hardware):
    plan, study, _ = tiny
    text = write_plan(plan, study, hardware)
    assert max(map(len, text.splitlines())) <= 100
    assert f"{len(plan.jobs):,} jobs" in text
    assert "measured rates" in text
    assert "ASSUMED" not in text  # no job on a GPU
    for job in plan.jobs:
        assert job.rule == "all" or f"\n{job.rule} " in text
    for figure in plan.needs:
        assert f"\n{figure} " in text


def test_assumed_rates_are_named(planned, hardware):
    def change(config):
        config["device"] = "auto"
        config["defaults"]["gpu"] = 1

    plan, study, _ = planned(change, ["results/runs/plain/seed0/model.pt"])
    assert not hardware["gpu"]["measured"]
    assert "ASSUMED" in write_plan(plan, study, hardware)


def test_what_is_finished_is_compared(planned, hardware):
    plan, study, made = planned(targets=["results/data/digits/meta.json"])
    assert plan.finished == []
    folder = made.folder / "results/benchmarks/train/plain"
    folder.mkdir(parents=True)
    (folder / "seed0.tsv").write_text("s\tmax_rss\n10.0\t700\n")
    (folder / "seed9.tsv").write_text("s\tmax_rss\n10.0\t700\n")
    (folder.parent / "gone").mkdir()
    (folder.parent / "gone/seed0.tsv").write_text("s\tmax_rss\n10.0\t700\n")
    again = make_plan(study, made.folder, SNAKEFILE, hardware, ["results/data/digits/meta.json"])
    expected = Costs(study, hardware).of("train", run="plain").seconds
    assert again.finished == [(10.0, expected), (10.0, expected)]
    assert "2 jobs took 20 s" in write_plan(again, study, hardware)


def test_the_command(tiny, repository):
    _, _, made = tiny
    done = subprocess.run(
        [sys.executable, "-m", "dmvi", "plan", "--folder", made.folder, "--targets", "all"],
        cwd=repository,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "What is left to do in the study 'tiny'" in done.stdout


def test_what_snakemake_refuses_is_one_sentence(planned):
    with pytest.raises(DmviError, match=r"snakemake -n refuses this study: .*no_such_file"):
        planned(targets=["results/no_such_file"])


def test_nothing_left(tiny, hardware):
    _, study, _ = tiny
    empty = Plan([], [], {}, [], [], 0.0, frozenset())
    assert write_plan(empty, study, hardware).startswith("Nothing is left to do")


def test_reading_what_is_printed():
    printed = """Building DAG of jobs...
[Sat Nov 21 11:31:26 2026]
rule train:
    input: results/data/a/images.npy, results/data/a/meta.json
    output: results/runs/x-learning_rate0.1/seed0/model.pt
    jobid: 4
    wildcards: run=x-learning_rate0.1, seed=0
    threads: 4
    resources: tmpdir=/tmp, gpu=1, runtime=124, snapshots=[1000, 2000], mem_mb=6400, mem=6.4 GB
[Sat Nov 21 11:31:27 2026]
localrule all:
    input: results/fig1.pdf
    jobid: 0
    resources: tmpdir=/tmp
Job stats:
"""
    train, last = read_jobs(printed)
    assert train.rule == "train"
    assert train.wildcards == {"run": "x-learning_rate0.1", "seed": "0"}
    assert train.inputs == ("results/data/a/images.npy", "results/data/a/meta.json")
    assert train.outputs == ("results/runs/x-learning_rate0.1/seed0/model.pt",)
    assert (train.minutes, train.memory_mb) == (124, 6400)
    assert (last.rule, last.wildcards, last.outputs, last.minutes) == ("all", {}, (), 0)
