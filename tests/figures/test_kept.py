"""Publishing on from a folder published before, whose results are not there any more."""

import shutil

import pandas as pd
import pytest

from dmvi.claims.declared import decide_claims
from dmvi.errors import DmviError
from dmvi.files import read_json, write_json
from dmvi.report.published import publish
from dmvi.study.config import Study
from dmvi.study.runs import Run
from dmvi.tables.results import Tables
from tests.figures.test_publish import contents, finished  # noqa: F401, a fixture

NEW = "another"


@pytest.fixture
def gone(finished):  # noqa: F811
    """A published folder, and results that have lost all but the data sets, and one new run with a figure
    of it: (study, results, folder)."""
    own, folder = finished
    results = folder.parent / "later/results"
    shutil.copytree(own.root / "data", results / "data")
    shutil.copytree(own.root / "runs/color_mnist/seed0", results / f"runs/{NEW}/seed0")
    (results / f"runs/{NEW}/seed0/model.pt").write_bytes(b"other weights")
    for suffix in (".pdf", ".png"):
        shutil.copy(own.root / f"fig11{suffix}", results / f"fig14{suffix}")
    claim = pd.read_json(own.root / "claims/fig2.json").to_dict("records")
    write_json(results / "claims/fig14.json", claim)
    run = own.study.runs["color_mnist"]
    runs = {**own.study.runs, NEW: Run(NEW, NEW, (0,), run.spec, {}, ())}
    study = Study(own.study.config, runs, {**own.study.figures, "fig14": [NEW]})
    return study, results, folder


def publish_on(study, results, folder):
    publish(study, folder.parent / "config.yaml", results, folder, lambda _: None, keep_before=True)


def test_figures_whose_results_are_gone_stay_with_their_tables_claims_and_provenance(gone):
    study, results, folder = gone
    before, was = contents(folder), read_json(folder / "provenance.json")
    publish_on(study, results, folder)
    after, now = contents(folder), read_json(folder / "provenance.json")
    changed = {"provenance.json", "README.md", "index.html", "claims.csv", "claims.md"}
    assert {n: t for n, t in before.items() if n not in changed}.items() <= after.items()
    new = {name for name in after if name not in before}
    assert {"fig14.pdf", "fig14.png", "claims/fig14.json", f"runs/{NEW}/seed0/run.json"} <= new
    origin = {"written": was["written"], **was["figures"]}
    assert now["kept"] == dict.fromkeys(("fig2", "fig11", "table3"), origin)
    assert now["trainings"]["runs"]["celeba/seed0"] == was["trainings"]["runs"]["celeba/seed0"]
    assert now["training"]["recorded_seconds"] == was["training"]["recorded_seconds"]
    assert f"{NEW}/seed0" in now["trainings"]["runs"]
    assert set(now["model_sha256"]) == {"celeba/seed0", f"{NEW}/seed0"}
    assert set(now["data"]) == set(was["data"])
    assert now["figures_without_celeba_photographs"] == was["figures_without_celeba_photographs"]
    assert f"Published at {was['written']}" in after["README.md"].decode()


def test_the_ledger_has_the_claims_of_both(gone):
    study, results, folder = gone
    publish_on(study, results, folder)
    figures = [c["figure"] for f in folder.glob("claims/*.json") for c in read_json(f)]
    assert sorted(pd.read_csv(folder / "claims.csv")["figure"]) == sorted(figures)


def test_what_is_kept_twice_has_the_first_time_on_record(gone):
    study, results, folder = gone
    publish_on(study, results, folder)
    before = read_json(folder / "provenance.json")
    write_json(folder / "provenance.json", {**before, "written": "later"})
    publish_on(study, results, folder)
    again = read_json(folder / "provenance.json")
    assert again["kept"] == before["kept"]
    for name in ("trainings", "training", "model_sha256"):
        assert again[name] == before[name]


def test_a_figure_of_tables_is_drawn_from_those_of_both(gone, finished):  # noqa: F811
    study, results, folder = gone
    figures = {**study.figures, "fig1": ["color_mnist", NEW]}
    publish_on(Study(study.config, study.runs, figures), results, folder)
    assert {"fig1.pdf", "fig1.png"} <= set(contents(folder))
    assert "fig1" not in read_json(folder / "provenance.json")["kept"]
    one_place = finished[0].root
    shutil.copytree(results / f"runs/{NEW}", one_place / f"runs/{NEW}")
    tables = Tables(one_place, {"color_mnist": [0], NEW: [0]}, study.config["study"])
    expected = [claim.as_dict() for claim in decide_claims("fig1", tables)]
    assert expected
    assert read_json(folder / "claims/fig1.json") == expected
    ledger = pd.read_csv(folder / "claims.csv")
    assert list(ledger.loc[ledger["figure"] == "fig1", "id"]) == [c["id"] for c in expected]


def refused(gone, match, study=None):
    own, results, folder = gone
    before = contents(folder)
    with pytest.raises(DmviError, match=match):
        publish_on(study or own, results, folder)
    assert contents(folder) == before


def test_without_asking_nothing_is_kept(gone):
    study, results, folder = gone
    with pytest.raises(
        DmviError, match=r"fig2\.pdf.* does not exist, so the study is not finished"
    ):
        publish(study, folder.parent / "config.yaml", results, folder, lambda _: None)


def test_a_figure_of_neither_is_refused(gone):
    study, *_ = gone
    figures = {**study.figures, "fig12": []}
    refused(gone, r"fig12\.pdf.* not finished", Study(study.config, study.runs, figures))


def test_a_run_trained_anew_is_not_shown_by_a_kept_figure(gone):
    _, results, _ = gone
    shutil.copytree(results / f"runs/{NEW}/seed0", results / "runs/color_mnist/seed0")
    refused(gone, "fig2 cannot be kept as it was published: .*color_mnist/seed0/run.json")


def test_a_kept_figure_shows_the_runs_that_it_was_drawn_from(gone):
    study, *_ = gone
    figures = {**study.figures, "fig2": [NEW, "celeba"]}
    refused(gone, "fig2 cannot be kept", Study(study.config, study.runs, figures))


def test_runs_of_other_settings_are_refused_but_longer_ones_are_not(gone):
    study, results, folder = gone
    old = study.runs["color_mnist"]
    for key, value, match in (
        ("latent_dim", 7, "color_mnist was published with latent_dim .*, and config.yaml has 7"),
        ("iterations", 10**6, None),
    ):
        run = Run("color_mnist", "color_mnist", old.seeds, {**old.spec, key: value}, {}, ())
        changed = Study(study.config, {**study.runs, "color_mnist": run}, study.figures)
        if match:
            refused(gone, match, changed)
        else:
            publish_on(changed, results, folder)


def test_other_data_are_refused(gone):
    _, results, _ = gone
    path = results / "data/color_mnist/meta.json"
    write_json(path, read_json(path) | {"sha256": {"images.npy": "other"}})
    refused(gone, "meta.json has other checksums than the data set color_mnist")


def test_a_folder_of_a_version_without_claims_or_no_published_folder_is_refused(gone):
    _, _, folder = gone
    (folder / "claims/fig2.json").unlink()
    refused(gone, "claims/fig2.json does not exist")
    (folder / "provenance.json").unlink()
    refused(gone, "nothing published to keep figures of")
