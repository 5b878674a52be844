"""Ours beside the paper's numbers: read from published tables, complete, and what the README shows."""

import dataclasses
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from dmvi.claims import explanations
from dmvi.claims.explanations import Explanation
from dmvi.claims.outcomes import NOT_RUN, outcome
from dmvi.claims.published import CLASSIFIER_STEPS, PUBLISHED, published, rows_of
from dmvi.commands.beside import BEGIN, END, beside, written
from dmvi.errors import DmviError
from dmvi.files import read_json, write_csv, write_json
from dmvi.report.beside import STANDIN, beside_published, check_own, ours_of
from dmvi.report.compared import Compared
from dmvi.study.config import Study
from dmvi.study.folder import read_study
from dmvi.study.runs import Run

ROWS = [dict(row.on) for row in rows_of("table2")]

REPOSITORY = Path(__file__).parents[2]
RUN = {"data": "cifar10", "latent_dim": 128, "width": 64, "learning_rate": 1e-4}
RUN |= {"precision": "bfloat16", "iterations": 200_000}


def estimate(**settings):
    common = {"layers": 3, "iterations": 100_000, "learning_rate": 1e-4, "gradient_penalty": 0}
    common |= {"activation_noise": 0, "dropout": 0}
    return {"value": 18.0, "standard_error": 0.1, "settings": {**common, **settings}}


def write_config(folder, **changed):
    config = {"estimators": {"classifier": {"width": 32, "epochs": 30}}, "figures": {}}
    (folder / "config.yaml").write_text(yaml.safe_dump({**config, **changed}))


def write_table2(folder, measured=20, steps=100_000, rising=()):
    """Seven rows of 18 nats, and their courses; those of the rows `rising` still move at the end."""
    rows = [
        estimate(
            learning_rate=row["learning_rate"],
            activation_noise=float(row["activation_noise"]),
            dropout=0.1 * row["dropout"],
            iterations=steps,
        )
        for row in ROWS
    ]
    course = np.arange(1, measured + 1)
    curves = [
        {
            "setting": number - 1,
            "step": steps // measured * i,
            "standard_error": 0.1,
            "heldout": 1.0,
        }
        | {"estimate": 18.0 * i / measured if number in rising else 18.0}
        for number in range(1, 8)
        for i in course
    ]
    first = folder / "runs/cifar10_gaussian/seed0/density_ratio"
    write_json(first / "table2.json", {"estimates": rows})
    write_csv(first / "table2.csv", pd.DataFrame(curves))


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A published study with a VAE's KL of 44 nats, table 2, and a classifier; nothing of it is explained."""
    monkeypatch.setattr(explanations, "EXPLANATIONS", {})
    for seed, value in enumerate((44.0, 44.4)):
        run = tmp_path / f"paper_cpu/runs/cifar10_gaussian/seed{seed}"
        write_json(run / "run.json", RUN)
        write_json(run / "kl.json", {"value": value, "standard_error": 0.1, "avg_kl": value + 10.7})
    write_table2(tmp_path / "paper_cpu")
    classifier = {"test_error": 0.055, "n_test": 10_000, "epochs": 30, "num_parameters": 10**6}
    provenance = {
        "data": {"cifar10": {"builder": "cifar10"}},
        "classifiers": {"cifar10": classifier},
    }
    write_json(tmp_path / "paper_cpu/provenance.json", provenance)
    write_config(tmp_path / "paper_cpu", figures={"table2": {}, "fig2": {}})
    return tmp_path / "paper_cpu"


def test_numbers_come_from_the_tables(folder):
    ours = ours_of(Compared.of_published(folder))
    assert set(ours) == {row.id for row in PUBLISHED}
    kl = ours["kl_bernoulli"]
    assert kl.settings.endswith(", its upper bound avgKL 54.9")
    assert kl.value == pytest.approx(44.2)
    assert kl.uncertainty == pytest.approx(12.706 * 0.2, rel=1e-3)  # Student's t of two seeds
    assert kl.share == 1
    assert outcome(published("kl_bernoulli"), kl).kind == "within"
    assert ours["kl_quantized_normal"].incomparable == NOT_RUN
    assert ours["table2_row3"].value == 18.0
    assert ours["table1_row1"].incomparable == NOT_RUN
    assert outcome(published("classifier_error"), ours["classifier_error"]).kind == "within"


def test_a_table_may_be_of_a_second_training_where_the_first_has_none(folder):
    first, second = folder / "runs/cifar10_gaussian", folder / "runs/cifar10_gaussian_second"
    shutil.move(first / "seed0/density_ratio", second / "seed1/density_ratio")
    write_json(second / "seed1/run.json", {**RUN, "iterations": 100_000})
    ours = ours_of(Compared.of_published(folder))
    assert ours["table2_row6"].value == 18.0
    assert ours["table2_row6"].share == 0.5, "of the training that it is about"
    assert ours["table2_row6"].incomparable == ""
    assert ours["kl_bernoulli"].share == 1
    write_table2(folder, rising=(6,))
    assert ours_of(Compared.of_published(folder))["table2_row6"].share == 1, (
        "the first, where it is"
    )


def kind(folder, row):
    found = outcome(published(row), ours_of(Compared.of_published(folder))[row])
    return found.kind, found.why


def test_a_classifier_that_rests_after_all_of_its_steps_is_compared(folder):
    ours = ours_of(Compared.of_published(folder))["table2_row6"]
    assert (ours.share, ours.classifier_share, ours.incomparable) == (1, 1, "")
    assert "100,000 of 100,000 steps" in ours.settings
    assert kind(folder, "table2_row6") == ("within", "")


def test_an_estimate_that_still_moves_is_not_comparable(folder):
    write_table2(folder, rising=(6,))
    moving = "the estimate still moves after 100,000 of 100,000 steps"
    assert kind(folder, "table2_row6") == ("not comparable", moving)
    assert ours_of(Compared.of_published(folder))["table2_row6"].value == 18.0, (
        "it is shown all the same"
    )
    assert kind(folder, "table2_row7")[0] == "within", "each row has a course of its own"


def test_nothing_is_compared_of_which_nobody_knows_whether_it_rests(folder):
    write_table2(folder, measured=8)
    few = "too few estimates along training to say whether it has settled"
    assert kind(folder, "table2_row6") == ("not comparable", few)
    (folder / "runs/cifar10_gaussian/seed0/density_ratio/table2.csv").unlink()
    found = kind(folder, "table2_row6")
    assert found[0] == "not comparable"
    assert found[1].startswith("table2.csv, which says")


def test_one_restless_seed_is_enough(folder):
    write_table2(folder)
    first = folder / "runs/cifar10_gaussian/seed0/density_ratio"
    second = folder / "runs/cifar10_gaussian/seed1/density_ratio"
    shutil.copytree(first, second)
    assert kind(folder, "table2_row6")[0] == "within"
    write_table2(folder, rising=(6,))
    assert "still moves" in kind(folder, "table2_row6")[1]


@pytest.mark.parametrize(("steps", "compared"), [(49_000, False), (50_000, True)])
def test_a_classifier_must_be_trained_for_half_of_its_steps_too(folder, steps, compared):
    write_table2(folder, steps=steps)
    expected = ("within", "") if compared else ("not comparable",)
    found = kind(folder, "table2_row6")
    assert found[: len(expected)] == expected
    assert ("its classifier trained 49\u00a0% of 100,000 steps" in found[1]) is not compared
    for path in folder.glob("runs/cifar10_gaussian/seed*/run.json"):
        write_json(path, RUN | {"iterations": 20_000})
    found = kind(folder, "table2_row6")
    assert found[0] == "not comparable", "the VAE's own training counts as well"
    assert "trained 10\u00a0% of the paper's length" in found[1]
    assert "18 at 10\u00a0%, classifier at" in written(folder.parent)[1]


def test_classifier_steps_are_those_of_the_papers_study():
    config = yaml.safe_load((REPOSITORY / "config.yaml").read_text())
    assert config["estimators"]["density_ratio"]["iterations"] == CLASSIFIER_STEPS


def test_the_image_classifier_is_told_by_width_and_epochs_in_the_short_table(folder):
    page, short = written(folder.parent)
    line = next(line for line in short.splitlines() if "5.5\u00a0%" in line)
    assert "5.50 ± 0.45 with width 32, 30 epochs (within)" in line
    assert "width 32, 30 epochs, 1 million parameters" in page
    write_config(folder, estimators={"classifier": {"width": 64, "epochs": 120}})
    assert "width not on record, 30 epochs" in written(folder.parent)[1], (
        "the config has changed since"
    )


def test_stand_in_data_are_not_compared(folder):
    provenance = read_json(folder / "provenance.json")
    provenance["data"]["cifar10"]["standin"] = True
    write_json(folder / "provenance.json", provenance)
    for row in ("kl_bernoulli", "table2_row6", "classifier_error"):
        assert kind(folder, row) == ("not comparable", STANDIN)


EXPLAINED = {("paper_cpu", "kl_bernoulli"): Explanation("half the latents reach 45", "other")}


def far(folder):
    for path in folder.glob("runs/cifar10_gaussian/seed*/kl.json"):
        write_json(path, {"value": 20.0, "standard_error": 0.1, "avg_kl": 30.7})


def test_a_number_is_explained_by_an_entry_and_the_run_that_shows_it(folder, monkeypatch):
    far(folder)
    assert kind(folder, "kl_bernoulli") == ("outside, unexplained", "")
    write_json(folder / "runs/other/seed0/run.json", RUN)
    monkeypatch.setattr(explanations, "EXPLANATIONS", EXPLAINED)
    assert kind(folder, "kl_bernoulli") == (
        "outside, explained",
        "half the latents reach 45: other",
    )
    assert "outside, explained" in written(folder.parent)[1]
    assert kind(folder, "table2_row6") == ("within", ""), "it is about one number"


def test_a_study_explains_others_before_it_is_published(folder, monkeypatch):
    """Its page, which is written as it is published, has all columns."""
    far(folder)
    explained = {("paper_cpu", "kl_bernoulli"): Explanation("wider", "other", "paper")}
    monkeypatch.setattr(explanations, "EXPLANATIONS", explained)
    write_json(folder.parents[1] / "results/runs/other/seed0/run.json", RUN)
    config = Compared.of_published(folder)
    own = dataclasses.replace(
        config, name="paper", folder=folder.parents[1] / "results", owed=frozenset()
    )
    found = beside_published(own, folder.parent)["kl_bernoulli"]["paper_cpu"]
    assert found.shown_by == "other of paper"


def test_the_explanations_of_committed_numbers_hold():
    """One that is added here needs its own line: what its run shows."""
    reference = REPOSITORY / "results/reference"
    of_latents = explanations.EXPLANATIONS["paper_cpu", "kl_quantized_normal"]
    assert set(explanations.EXPLANATIONS) == {
        ("reduced", "classifier_error"),
        ("paper_cpu", "kl_quantized_normal"),
    }
    errors = [
        ours_of(Compared.of_published(reference / study))["classifier_error"].value
        for study in ("reduced", "paper_cpu")
    ]
    assert errors[1] / errors[0] == pytest.approx(0.5, abs=0.1)
    row = published("kl_quantized_normal")
    low, high = row.rule.zone(row.value)
    kls = []
    for run in (of_latents.run, "cifar10_quantized_normal"):
        table = pd.read_csv(reference / f"paper_cpu/runs/{run}/seed0/snapshots.csv")
        kls += list(table.loc[table["step"] == 20_000, "kl"])
    assert low < kls[0] < high < kls[1]
    assert all(f"{kl:.1f}" in of_latents.why for kl in kls)


def test_an_explanation_whose_run_is_not_published_is_refused(folder, monkeypatch):
    far(folder)
    monkeypatch.setattr(explanations, "EXPLANATIONS", EXPLAINED)
    with pytest.raises(DmviError, match="explained by run other, which is not among its results"):
        written(folder.parent)
    running = dataclasses.replace(Compared.of_published(folder), whole=False)
    found = ours_of(running)["kl_bernoulli"]
    assert outcome(published("kl_bernoulli"), found).kind == "outside, unexplained", "not yet"


def test_another_published_study_may_show_why(folder, monkeypatch):
    """By a run, or by its image classifier."""
    far(folder)
    paper = folder.parent / "paper"
    for run in ("other", "classifiers/cifar10"):
        explained = {("paper_cpu", "kl_bernoulli"): Explanation("twice the width", run, "paper")}
        monkeypatch.setattr(explanations, "EXPLANATIONS", explained)
        match = f"run {run}, which is not among the published results of paper"
        with pytest.raises(DmviError, match=match):
            written(folder.parent)
        shutil.copytree(folder, paper)
        write_json(paper / "runs/other/seed0/run.json", RUN)
        why = f"twice the width: {run} of paper"
        assert kind(folder, "kl_bernoulli") == ("outside, explained", why)
        shutil.rmtree(paper)


def test_an_explanation_of_no_published_number_is_refused(folder, monkeypatch):
    wrong = {("reduced", "kl_categorical"): Explanation("why", "run")}
    monkeypatch.setattr(explanations, "EXPLANATIONS", wrong)
    with pytest.raises(DmviError, match="'kl_categorical' is no published number"):
        written(folder.parent)


def test_a_published_study_has_the_numbers_of_the_figures_that_it_shows(folder):
    """Of a study that shows figure 22, "not computed yet" is no outcome of its two KLs."""
    assert Compared.of_published(folder).owed == {f"table2_row{n}" for n in range(1, 8)}
    check_own(Compared.of_published(folder))
    write_config(folder, figures={"fig22": {}})
    match = "study paper_cpu has fig22 among its figures, but no number of ours for kl_quantized_normal:"
    for refused in (
        lambda: written(folder.parent),
        lambda: check_own(Compared.of_published(folder)),
    ):
        with pytest.raises(DmviError, match=match):
            refused()


@pytest.mark.parametrize("name", ["demo", "reduced", "paper_cpu", "paper_sweep", "companions", "."])
def test_what_a_study_owes_is_what_its_figures_show(name):
    study = read_study(REPOSITORY / ("studies" if name != "." else "") / name)
    owed = Compared.of_study(study, Path("none"), whole=False).owed
    tables = {row.id for row in PUBLISHED if row.id.startswith("table")}
    kls, error = {"kl_bernoulli", "kl_quantized_normal"}, {"classifier_error"}
    expected = {"paper_sweep": error, "companions": set()}
    assert owed == expected.get(name, tables | kls | error)


def test_a_study_of_other_runs_owes_nothing_and_a_column_all(folder):
    """Someone's own figure 22 may show whatever runs; in our three columns a renamed run is missed."""
    spec = {"data": "mine"}
    runs = {"mine": Run("mine", "mine", (0,), spec, {}, ())}
    for name, owed in (("theirs", set()), ("reduced", {"kl_bernoulli", "kl_quantized_normal"})):
        study = Study({"study": {"name": name}}, runs, {"fig22": ["mine"], "fig8": ["mine"]})
        found = Compared.of_study(study, folder, whole=True)
        assert found.owed == owed | ({"classifier_error"} if owed else set())


def test_a_study_stands_beside_those_that_are_published(folder):
    """Its own column is read anew; without a checkout it stands alone."""
    own = Compared.of_study(Study({"study": {"name": "demo"}}, {}, {}), folder.parent / "x", False)
    assert list(beside_published(own, folder.parent)["kl_bernoulli"]) == ["demo", "paper_cpu"]
    assert list(beside_published(own, folder.parent / "none")["kl_bernoulli"]) == ["demo"]
    later = folder.parent / "later/paper_cpu"
    shutil.copytree(folder, later)
    far(later)
    shown = beside_published(Compared.of_published(later), folder.parent)["kl_bernoulli"]
    assert {name: number.value for name, number in shown.items()} == {"paper_cpu": 20.0}


def test_a_table_of_other_settings_is_not_compared(folder):
    path = folder / "runs/cifar10_gaussian/seed0/density_ratio/table2.json"
    write_json(path, {"estimates": [estimate(learning_rate=1e-4) for _ in range(7)]})
    assert "other settings" in ours_of(Compared.of_published(folder))["table2_row1"].incomparable


def test_the_page_and_the_readme_are_written_anew(folder, tmp_path):
    readme = tmp_path / "README.md"
    readme.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    beside(tmp_path, readme)
    text = readme.read_text()
    assert "old" not in text
    assert text.startswith("before\n")
    assert text.endswith("after\n")
    assert "44.2 ± 2.5" in text
    assert "How each is decided" in (tmp_path / "published.md").read_text()
    readme.write_text("no markers")
    with pytest.raises(DmviError, match="needs the lines"):
        beside(tmp_path, readme)


def test_the_committed_table_is_that_of_the_committed_results():
    page, short = written(REPOSITORY / "results/reference")
    assert (REPOSITORY / "results/reference/published.md").read_text() == page
    assert f"{BEGIN}\n{short}{END}" in (REPOSITORY / "README.md").read_text()
