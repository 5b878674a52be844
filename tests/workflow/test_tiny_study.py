"""The whole chain on a tiny study, and what a change of its config makes run again."""

import copy
import json
import os
import random
import re
import shutil
import time

import numpy as np
import pandas as pd
import pytest

from dmvi.cli import main
from dmvi.data.dataset import open_dataset
from dmvi.data.registry import BUILDERS
from dmvi.files import read_json

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("workflow")]


@pytest.fixture
def study(finished, tmp_path, study_class):
    """A copy of the finished study that a test may change."""
    folder = tmp_path / "study"
    shutil.copytree(finished.folder, folder, symlinks=True)
    return study_class(folder, copy.deepcopy(finished.config))


def test_it_ends_with_figures_claims_and_tables(finished):
    results = finished.folder / "results"
    for name in finished.config["figures"]:
        assert (results / f"{name}.pdf").read_bytes()[:5] == b"%PDF-"
        assert (results / f"{name}.png").read_bytes()[:4] == b"\x89PNG"
    claims = pd.read_csv(results / "claims.csv")
    assert {"C1", "C2", "C9", "C11", "C13", "C14", "C17"} <= set(claims["id"])
    assert set(claims["verdict"]) <= {"holds", "fails", "undecided"}
    assert "C1" in (results / "claims.md").read_text()
    assert not list(results.rglob(".*.tmp*")), "left-over temporary files"


def test_snakemakes_report_holds_pictures_and_opens_on_words(finished, tmp_path):
    """Chromium leaves an embedded PDF above 2 MB blank, and the graph of jobs is no first view."""
    page = tmp_path / "report.html"
    finished.snakemake("--report", str(page))
    held = dict(re.findall(r"^ *var (results|metadata) = (\{.*\});$", page.read_text(), re.M))
    results, metadata = json.loads(held["results"]), json.loads(held["metadata"])
    figures = {f"results/{name}.png" for name in finished.config["figures"]}
    assert set(results) == {*figures, "results/claims.md"}
    assert all(results[name]["mime_type"] == "image/png" for name in figures)
    assert results["results/fig2.png"]["labels"]["figure"] == "figure 02"
    claims = pd.read_csv(finished.folder / "results/claims.csv")["verdict"].value_counts()
    assert list(metadata.values()) == [
        int(claims.get(verdict, 0)) for verdict in ("holds", "fails", "undecided")
    ]


def test_watch_sees_every_job_done(finished, capsys):
    """Every rule has a log of its own, which ends as `dmvi.report.watching` expects it."""
    main(["watch", "--folder", str(finished.folder), "--once"])
    printed = capsys.readouterr().out
    logs = list((finished.folder / "results/logs").rglob("*.log"))
    assert f"{len(logs)} done, 0 failed\n" in printed
    assert "nothing runs" in printed


@pytest.mark.parametrize("run", ["plain", "flow"])
def test_kl_keeps_to_its_surgery_bounds_and_files_agree(finished, run):
    folder = finished.folder / f"results/runs/{run}/seed0"
    kl = read_json(folder / "kl.json")
    data = open_dataset(finished.folder / "results/data/digits", verify=True)
    assert kl["components"] == len(data.train_valid) == 240
    assert kl["log_n"] == pytest.approx(np.log(240))
    slack = 4 * (kl["standard_error"] + kl["avg_kl_standard_error"])
    assert kl["lower"] - slack <= kl["value"] <= kl["upper"] + slack
    units = pd.read_csv(folder / "profile.csv")["unit"]
    assert list(units) == ([0, 1, 2, 3] if run == "plain" else [])  # of Gaussian posteriors only
    history = pd.read_csv(folder / "history.csv")
    assert list(history["step"]) == [5, 10, 15, 20]
    assert list(history.columns) == ["step", "vae/reconstruction", "vae/kl"]


@pytest.mark.parametrize("run", ["gan", "hybrid"])
def test_scores_say_how_they_were_computed(finished, run):
    results = finished.folder / "results"
    scores = read_json(results / f"runs/{run}/seed0/scores.json")["scores"]
    classifier = read_json(results / "classifiers/patches/classifier.json")
    own = scores["inception_cifar10"]
    assert own["weights_sha256"] == classifier["weights_sha256"]
    assert own["n"] == 40
    assert own["splits"] == 2
    assert 1 <= own["value"] <= 10
    assert "value" not in scores["inception_imagenet"]
    assert "inception_weights" in scores["inception_imagenet"]["skipped"]
    assert scores["critic"]["steps"] == 5
    assert "diversity" not in scores
    assert {"critic", "inception_cifar10"} <= set(
        read_json(results / "data/patches/scores.json")["scores"]
    )
    assert np.load(results / f"runs/{run}/seed0/samples.npy").shape == (9, 32, 32, 3)


def test_the_kl_is_estimated_by_classifiers_and_density_models_too(finished):
    folder = finished.folder / "results/runs/plain/seed0"
    settings = finished.config["estimators"]["density_ratio"]
    for name, count in (("default", 1), ("table1", 3)):
        estimates = read_json(folder / f"density_ratio/{name}.json")["estimates"]
        assert len(estimates) == count
        assert set(pd.read_csv(folder / f"density_ratio/{name}.csv")["step"]) == {10, 20}
    changes = settings["tables"]["table1"][1]
    expected = {key: value for key, value in settings.items() if key != "tables"} | changes
    assert estimates[1]["settings"] == expected
    for name in ("gmm", "maf", "lstm"):
        model = read_json(folder / f"density_models/{name}.json")
        assert model["log_q"] - model["log_r"] == pytest.approx(model["gap"])
    assert np.load(folder / "posterior.npy").shape == (280, 8)
    assert np.load(folder / "codes.npy").shape == (280, 4)


def test_the_synthetic_study_has_every_setting(finished):
    table = pd.read_csv(finished.folder / "results/synthetic/estimation.csv")
    cases = table[["dim", "shift", "seed", "step"]].drop_duplicates()
    assert len(cases) == len(table) == 2 * 2 * 2 * 2
    # Means at distance 1 and A near I: about half a nat, whatever the dimension.
    assert table.loc[table["shift"] == 1, "true_kl"].between(0.2, 1).all()


def test_bounds_are_tracked_where_there_is_one(finished):
    runs = finished.folder / "results/runs"
    assert list(pd.read_csv(runs / "plain/seed0/bound.csv")["step"]) == [10, 20]
    assert pd.read_csv(runs / "gan/seed0/bound.csv").empty


def test_nothing_is_left_to_do(finished):
    assert finished.plan("all") == {}


def test_reordering_keys_and_touching_sources_reruns_nothing(study, repository):
    study.write(sort_keys=True)
    assert study.plan("all") == {}
    source = repository / "src/dmvi/models/vae.py"
    before = source.stat()
    try:
        os.utime(source, (time.time(), time.time()))
        assert study.plan("all") == {}
    finally:
        os.utime(source, ns=(before.st_atime_ns, before.st_mtime_ns))


def test_resources_tags_and_data_dir_rerun_nothing(study):
    study.config["defaults"] |= {"minutes": 7, "checkpoint_every": 3, "mem_mb": 9000}
    study.config["defaults"]["cuda_graphs"] = True
    study.config["runs"]["plain"]["tags"] = ["main", "anything"]
    study.config["data_dir"] = "/nowhere"
    study.write()
    assert study.plan("all") == {}


def test_how_a_run_is_trained_reaches_its_command(study):
    """What all runs share is a value in the rule, what differs a function; half a minute is not rounded."""
    study.config["defaults"]["checkpoint_minutes"] = 0.5
    study.config["runs"]["flow"]["checkpoint_every"] = 7
    study.write()
    wanted = [f"results/runs/{run}/seed0/model.pt" for run in ("plain", "flow")]
    printed = study.snakemake("-n", "-p", "--forcerun", "train", "--", *wanted)
    commands = {run: printed.split(f"--run {run} ")[1][:2000] for run in ("plain", "flow")}
    assert "--checkpoint-every 5000" in commands["plain"]
    assert "--checkpoint-every 7 " in commands["flow"]
    assert all("--checkpoint-minutes 0.5 " in command for command in commands.values())


def test_editing_one_run_retrains_that_run_alone(study):
    study.config["runs"]["flow"]["learning_rate"] = 2e-3
    study.write()
    plan = study.plan("all")
    # Figure 1 examines the codes of its VAEs.
    assert plan["train"] == plan["estimate_kl"] == plan["encode"] == plan["examine_codes"] == 1
    assert "find_low_posterior" not in plan
    assert "prepare_data" not in plan


def test_adding_a_run_trains_it_alone_and_redraws_its_figures(study):
    study.config["runs"]["wide"] = {"latent_dim": 6}
    study.write()
    plan = study.plan("all")
    assert plan["train"] == plan["estimate_kl"] == 1
    assert plan["draw"] == 3  # figures 1 and 2 show it, table 3 lists its settings
    assert "evaluate" not in plan
    study.snakemake("results/fig1.pdf")
    assert read_json(study.folder / "results/runs/wide/seed0/kl.json")["latent_dim"] == 6


def test_changing_an_estimator_retrains_nothing(study):
    study.config["estimators"]["kl"]["samples"] = 100
    study.write()
    plan = study.plan("all")
    assert plan["estimate_kl"] == 1  # of the Gaussian posterior; the flow has a number of its own
    assert "train" not in plan
    assert "encode" not in plan
    study.config["estimators"]["scores"]["critic"]["steps"] = 6
    study.write()
    plan = study.plan("all")
    assert plan["evaluate"] == 2
    assert plan["evaluate_data"] == 1
    assert "train_classifier" not in plan


def test_a_cheap_score_trains_no_critic_again(study):
    """Whatever else of `evaluate` changes; with other options of its own a critic is trained."""
    log = study.folder / "results/logs/evaluate/gan/seed0.log"
    target = "results/runs/gan/seed0/scores.json"
    before = read_json(study.folder / target)
    study.config["estimators"]["samples"]["grid"] = 4
    study.config["estimators"]["scores"]["inception"]["splits"] = 4
    study.write()
    study.snakemake(target)
    assert "critic: kept in" in log.read_text()
    after = read_json(study.folder / target)
    assert after["scores"]["critic"] == before["scores"]["critic"]
    assert after["scores"]["inception_cifar10"]["splits"] == 4
    study.config["estimators"]["scores"]["critic"]["steps"] = 7
    study.write()
    study.snakemake(target)
    assert "kept in" not in log.read_text()
    assert read_json(study.folder / target)["scores"]["critic"]["steps"] == 7


def test_report_is_written(study):
    study.snakemake("--report", "report.html")
    text = (study.folder / "report.html").read_text()
    assert "fig1" in text
    assert "claims" in text


def test_a_study_killed_again_and_again_gives_the_same_bytes(finished, tmp_path, study_class):
    """Snakemake and all of its jobs die at random: while it plans, and in every step of the chain."""
    again = study_class(tmp_path / "again", copy.deepcopy(finished.config))
    targets = ("results/runs/plain/seed0/kl.json", "results/fig2.pdf", "results/table7.pdf")
    chance, killed = random.Random(3), 0
    for longest in (2.0, 4.0, 8.0, 8.0, 8.0, 12.0, 12.0, 12.0):
        if (again.folder / ".snakemake/locks").exists():
            again.snakemake("--unlock")
        killed += again.killed_after(longest * chance.random(), "--rerun-incomplete", *targets)
    assert killed >= 3, "too few were hit for the test to mean anything"
    if (again.folder / ".snakemake/locks").exists():
        again.snakemake("--unlock")
    again.snakemake("--rerun-incomplete", *targets)
    left = again.folder / "results"
    for name in (
        "data/digits/images.npy",
        "runs/plain/seed0/model.pt",
        "runs/plain/seed0/history.csv",
        "runs/plain/seed0/kl.json",
        "runs/plain/seed0/low_posterior/images.npy",
        "fig2.pdf",
        "fig2.png",
        "table7.pdf",
    ):
        first, second = (s.folder / "results" / name for s in (finished, again))
        assert first.read_bytes() == second.read_bytes(), name
    assert not [path for path in left.rglob(".*") if path.is_file()], "left-over files"


def test_every_log_ends_with_the_time_that_its_job_took(finished):
    logs = list((finished.folder / "results/logs").rglob("*.log"))
    assert {path.relative_to(finished.folder / "results/logs").parts[0] for path in logs} > {
        "prepare_data",
        "train",
        "estimate_kl",
        "evaluate",
        "draw",
    }
    for path in logs:
        last = path.read_text().splitlines()[-1]
        took = r".*  \d+\.\d\d s of processor time, imports included"
        assert re.fullmatch(took, last), f"{path}: {last}"


def test_a_failing_step_says_why_in_its_log_and_leaves_nothing_half_written(study):
    shutil.rmtree(study.folder / "results/data")
    study.config["data"]["digits"] |= {"source": "official"}
    study.config["data_dir"] = "wrong"  # below the study's folder; the files are there, but empty
    (study.folder / "wrong/MNIST/raw").mkdir(parents=True)
    for name, *_ in BUILDERS["color_mnist"].files:
        (study.folder / "wrong" / name).touch()
    study.write()
    study.snakemake("results/data/digits/meta.json", check=False)
    log = (study.folder / "results/logs/prepare_data/digits.log").read_text()
    assert log.startswith("dmvi: ")
    assert "Traceback" not in log
    assert list((study.folder / "results/data").rglob("*.*")) == []
