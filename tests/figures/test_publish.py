"""Publishing a study: what is committed, its provenance, and no photograph of CelebA in it."""

import hashlib
import json
import re
import shutil
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from dmvi.errors import DmviError
from dmvi.figures import base
from dmvi.files import read_json, write_json
from dmvi.report import published as module
from dmvi.report.previews import preview
from dmvi.report.published import publish
from dmvi.report.write_gallery import write_gallery
from dmvi.steps.provenance import NO_RECORD
from dmvi.steps.train import identity_of
from dmvi.study.config import Study
from dmvi.study.declared_figures import declared_figures
from dmvi.study.runs import Run
from dmvi.tables.results import Tables
from dmvi.training.attempts import NAME

FIGURES = ("fig2", "fig11", "table3")


@pytest.fixture
def finished(own_study, tmp_path):
    """A study of three data sets, of which CelebA is real, with its figures drawn."""
    study_of = {"name": "mine", "scale": "reduced"}
    runs = {}
    for name, seeds in own_study.runs.items():
        spec = json.loads(own_study.path(name, seeds[0], "run.json").read_text())
        runs[name] = Run(name, name, tuple(seeds), spec, {}, ())
    shown = [n for n, tags in own_study.tags.items() if "main" in tags and n != "quantized"]
    study = Study({"study": study_of}, runs, {"fig2": shown, "fig11": shown, "table3": []})
    root = own_study.root
    for figure in FIGURES:
        tables = Tables(root, study.figure_seeds(figure), study_of)
        targets = (f"{figure}.pdf", f"{figure}.png", f"claims/{figure}.json")
        base.render(figure, tables, *(root / target for target in targets))
    own_study.path("celeba", 0, "model.pt").write_bytes(b"weights")
    for name in ("claims.csv", "claims.md"):
        (root / name).write_text("claims")
    benchmark = root / "benchmarks/train/celeba/seed0.tsv"
    benchmark.parent.mkdir(parents=True)
    pd.DataFrame({"s": [90.0], "cpu_time": [60.0]}).to_csv(benchmark, sep="\t", index=False)
    _describe_trainings(own_study)
    config = tmp_path / "config.yaml"
    config.write_text("study: mine")
    publish(study, config, root, tmp_path / "reference", log=lambda _: None)
    own_study.study = study
    return own_study, tmp_path / "reference"


def _describe_trainings(own_study):
    """What publishing reads of trainings: digests of the data, and two attempts at CelebA's run."""
    for path in own_study.root.glob("data/*/meta.json"):
        meta = read_json(path) | {"sha256": {"images.npy": f"digest of {path.parent.name}"}}
        meta["splits"] = {"train": [0, 100]}
        write_json(path, meta)
    for path in own_study.root.glob("runs/*/seed*/run.json"):
        write_json(path, {"iterations": 200, "num_parameters": 5} | read_json(path))
    described = read_json(own_study.path("celeba", 0, "run.json"))
    spec = {k: v for k, v in described.items() if k not in ("run", "seed", "num_parameters")}
    meta = SimpleNamespace(meta=read_json(own_study.root / "data/celeba/meta.json"))
    same = {"identity": identity_of(spec, 0, meta), "machine": "a GPU", "seconds": 60.0}
    iterations = spec["iterations"]
    records = [
        {**same, "commit": "commit 1", "from_step": 0, "to_step": 50},
        {**same, "commit": "c2", "from_step": 50, "to_step": iterations},
    ]
    write_json(own_study.root / "checkpoints/celeba/seed0" / NAME, records)


def test_provenance_says_what_made_the_results(finished):
    own_study, folder = finished
    provenance = read_json(folder / "provenance.json")
    assert provenance["runs"] == own_study.runs
    assert set(provenance["data"]) >= {"celeba", "cifar10", "color_mnist"}
    assert set(provenance["data"]) == {
        p.parent.name for p in own_study.root.glob("data/*/meta.json")
    }
    minutes = {"train": {"jobs": 1, "wall": 1.5, "cpu": 1.0}}
    assert provenance["minutes_of_last_attempts"] == minutes
    digest = hashlib.sha256(b"weights").hexdigest()
    assert provenance["model_sha256"] == {"celeba/seed0": digest}
    assert provenance["figures"]["hardware"]["cores"] >= 1
    assert provenance["figures"]["libraries"]["torch"]
    assert provenance["figures"]["commit"]
    assert (folder / "config.yaml").read_text() == "study: mine"


def test_provenance_is_that_of_the_trainings_and_not_of_who_publishes(finished):
    _, folder = finished
    provenance = read_json(folder / "provenance.json")
    trained = provenance["trainings"]["runs"]
    assert trained["celeba/seed0"]["complete"]
    assert trained["celeba/seed0"]["commits"] == ["commit 1", "c2"]
    assert trained["celeba/seed0"]["seconds"] == 120
    assert trained["color_mnist/seed0"] == NO_RECORD
    totals = provenance["training"]
    assert (totals["recorded_seconds"], totals["machines"]) == (120, ["a GPU"])
    assert "runs/color_mnist/seed0" in totals["without_record"]
    assert "commit 1" not in provenance["figures"]["commit"]


def contents(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def study_of(own_study, figures=FIGURES):
    runs = {
        name: Run(name, name, tuple(seeds), {"data": name, "model": "vae"}, {}, ())
        for name, seeds in own_study.runs.items()
        if name in ("celeba", "cifar10", "color_mnist")
    }
    config = {"study": {"name": "mine", "scale": "reduced"}}
    shown = {"fig2": list(runs), "fig11": list(runs)}
    return Study(config, runs, {figure: shown.get(figure, []) for figure in figures})


def test_a_number_of_the_paper_without_an_outcome_is_refused_before_anything_is_written(finished):
    """A study that shows figure 22 with its run must have that run's KL."""
    own_study, folder = finished
    study = study_of(own_study, (*FIGURES, "fig22"))
    for suffix in (".pdf", ".png"):
        shutil.copy(own_study.root / f"fig2{suffix}", own_study.root / f"fig22{suffix}")
    publishing = folder.parent / "config.yaml", own_study.root, folder
    publish(study, *publishing, log=lambda _: None)  # it shows no run of the published numbers
    spec = {"data": "cifar10", "model": "vae"}
    study.runs["cifar10_gaussian"] = Run("cifar10_gaussian", "cifar10", (0,), spec, {}, ())
    study.figures["fig22"].append("cifar10_gaussian")
    before = contents(folder)
    with pytest.raises(DmviError, match="no number of ours for kl_bernoulli"):
        publish(study, *publishing, log=lambda _: None)
    assert contents(folder) == before


def test_a_publish_that_dies_leaves_the_old_folder_as_it_was(finished, monkeypatch):
    own_study, folder = finished
    before = contents(folder)
    (own_study.root / "claims.md").write_text("other claims")

    def die(*arguments, **words):
        raise KeyboardInterrupt

    publishing = study_of(own_study), folder.parent / "config.yaml", own_study.root, folder
    for broken in ("render", "write_gallery", "_copy_tables", "trainings", "_minutes"):
        with monkeypatch.context() as patch:
            patch.setattr(module, broken, die)
            with pytest.raises(KeyboardInterrupt):
                publish(*publishing, log=lambda _: None)
        assert contents(folder) == before
        assert not list(folder.parent.glob(".reference*"))
    lines = []
    publish(*publishing, log=lines.append)
    after = contents(folder)
    assert (after["claims.md"], after["fig2.png"]) == (b"other claims", before["fig2.png"])
    assert not list(folder.parent.glob(".reference*"))
    assert lines[:2] == ["figure 1 of 3: fig2", "figure 2 of 3: fig11, again without photographs"]
    assert re.search(
        r"reference is complete: 3 figures, 1 of \d+ trainings with a record", lines[-1]
    )


def test_an_unfinished_study_is_refused_before_anything_is_touched(finished):
    own_study, folder = finished
    before = contents(folder)
    command = f"`snakemake --cores all --directory {folder.parent} all` makes what is missing"
    for others, missing in enumerate(("claims.md", "table3.pdf", "fig11.png")):
        (own_study.root / missing).unlink()
        more = f" and {others} more" if others else ""
        with pytest.raises(DmviError) as caught:
            publish(study_of(own_study), folder.parent / "config.yaml", own_study.root, folder)
        assert f"{missing}{more} does not exist" in str(caught.value)
        assert command in str(caught.value)
        assert contents(folder) == before


def test_tables_are_copied_and_arrays_are_not(finished):
    own_study, folder = finished
    name = "runs/celeba/seed0/kl.json"
    assert (folder / name).read_bytes() == (own_study.root / name).read_bytes()
    assert (folder / "tables/settings.csv").exists()
    assert not list(folder.rglob("*.npy"))
    assert not list(folder.rglob("*.pt"))


def test_of_an_experiment_what_is_collected_stands_there_once(tmp_path):
    results, output = tmp_path / "results", tmp_path / "published"
    for name in ("exact.csv", "exact/d10-lr0.0001-part1.csv"):
        (results / "synthetic" / name).parent.mkdir(parents=True, exist_ok=True)
        (results / "synthetic" / name).write_text("step\n1\n")
    assert module._copy_tables(results, output, Study({}, {}, {})) == []
    copied = [str(path.relative_to(output)) for path in output.rglob("*.csv")]
    assert copied == ["synthetic/exact.csv"]


def test_large_tables_are_compressed_and_lose_nothing(tmp_path):
    results = tmp_path / "results"
    table = pd.DataFrame({"x": np.random.default_rng(0).normal(size=5000)})
    for name in ("tables/long.csv", "tables/history.csv"):
        (results / name).parent.mkdir(parents=True, exist_ok=True)
        table.to_csv(results / name, index=False)
    for output in (tmp_path / "one", tmp_path / "two"):
        module._copy_tables(results, output, Study({}, {}, {}))
        names = sorted(path.name for path in output.rglob("*.csv*"))
        assert names == ["history.csv", "long.csv.gz"], "the page draws histories as they are"
        pd.testing.assert_frame_equal(pd.read_csv(output / "tables/long.csv.gz"), table)
    assert contents(tmp_path / "one") == contents(tmp_path / "two"), "the same bytes"


def test_photographs_of_celeba_are_left_out(finished):
    """Figure 11 shows data: it is drawn again without the run on CelebA; figure 2 is copied."""
    own_study, folder = finished
    assert read_json(folder / "provenance.json")["figures_without_celeba_photographs"] == ["fig11"]
    assert (folder / "fig2.png").read_bytes() == (own_study.root / "fig2.png").read_bytes()
    public = {name: [0] for name in ("color_mnist", "cifar10")}
    study = {"name": "mine", "scale": "reduced"}
    expected = folder.parent / "expected.png"
    base.render(
        "fig11",
        Tables(own_study.root, public, study),
        expected.with_suffix(".pdf"),
        expected,
        expected.with_suffix(".json"),
    )
    assert (folder / "fig11.png").read_bytes() == expected.read_bytes()
    assert (folder / "fig11.png").read_bytes() != (own_study.root / "fig11.png").read_bytes()


@pytest.mark.parametrize("name", ["fig11", "fig22", "fig17"])
def test_figures_that_show_data_say_so(name):
    assert declared_figures()[name].shows_data


def test_gallery_shows_every_figure_with_its_caption(tmp_path):
    write_gallery(list(FIGURES), {"name": "mine", "scale": "demo"}, tmp_path / "gallery.md")
    text = (tmp_path / "gallery.md").read_text()
    for figure in FIGURES:
        assert f"({figure}.png)" in text
        assert declared_figures()[figure].caption in text


def test_a_published_page_begins_with_the_verdicts(tmp_path):
    ledger = tmp_path / "claims.csv"
    rows = [
        {"id": "C10", "figure": "fig5", "statement": "It | falls.", "verdict": "undecided"},
        {"id": "C1", "figure": "fig2", "statement": "KL > 0", "verdict": "holds", "seeds": 1,
         "verdicts": "A holds; B holds", "value_text": "KL 3", "paper": "44.7"},
    ]  # fmt: skip
    common = {"scale": "reduced", "data": "A; B", "standins": "B"}
    table = pd.DataFrame([{**common, **row} for row in rows])
    table.to_csv(ledger, index=False)
    names = ["fig2", "fig5", "table3"]
    page = tmp_path / "README.md"
    write_gallery(names, {"name": "mine", "scale": "reduced"}, page, claims_path=ledger)
    text = page.read_text()
    lines = text.splitlines()
    first = lines.index("| figure | claim | published | ours | verdict | what limits it |")
    assert lines[first + 2] == (
        "| [fig2](#fig2) | C1: KL > 0 | 44.7 | KL 3 | ✅ **holds**<br>A holds<br>B holds | "
        "reduced scale, partly stand-in data, one seed |"
    )
    assert lines[first + 3].startswith(
        "| [fig5](#fig5) | C10: It \\| falls. | – | – | ❔ **undecided** |"
    )
    for name in names:  # the contents, and the place that they lead to
        assert (
            text.index(f"](#{name})")
            < text.index(f'<a id="{name}"></a>')
            < text.index(f"({name}.png)")
        )
    listed = next(line for line in lines if line.startswith("- [") and "#fig2" in line)
    assert listed.endswith("(#fig2) ✅ C1")


def test_a_preview_keeps_the_colour_of_a_small_mark(finished, tmp_path):
    own_study, _ = finished
    rng = np.random.default_rng(0)
    pixels = np.repeat(rng.integers(0, 256, (300, 400, 1), np.uint8), 3, axis=2)  # greys
    pixels[100:108, 200:208] = (230, 40, 20)
    Image.fromarray(pixels).save(own_study.root / "fig2.png")
    study = Study({"study": {"name": "mine", "scale": "reduced"}}, {}, {"fig2": []})
    preview(study, own_study.root, tmp_path / "preview", width=400)
    with Image.open(tmp_path / "preview/fig2.png") as picture:
        mark = np.asarray(picture.convert("RGB"))[104, 204]
    np.testing.assert_allclose(mark, (230, 40, 20), atol=12)


def test_a_preview_is_small_and_complete(finished, tmp_path):
    own_study, _ = finished
    study = Study(
        {"study": {"name": "mine", "scale": "reduced"}}, {}, {name: [] for name in FIGURES}
    )
    preview(study, own_study.root, tmp_path / "preview", width=300)
    assert {p.name for p in (tmp_path / "preview").iterdir()} == {
        *(f"{name}.png" for name in FIGURES),
        "claims.md",
    }
    for name in FIGURES:
        with Image.open(tmp_path / f"preview/{name}.png") as picture:
            assert picture.width == 300
    (own_study.root / "fig11.png").unlink()
    with pytest.raises(DmviError, match=r"fig11.png does not exist; run the study to its end"):
        preview(study, own_study.root, tmp_path / "preview")
    assert (tmp_path / "preview/fig2.png").exists(), "refused before anything was removed"


def test_a_page_about_several_papers_has_a_part_for_each(tmp_path):
    names = ["fig30", "fig2", "table30"]
    write_gallery(names, {"name": "mine", "scale": "demo"}, tmp_path / "gallery.md")
    text = (tmp_path / "gallery.md").read_text()
    heads = [line for line in text.splitlines() if line.startswith("#")]
    titles = {name: f"## {declared_figures()[name].numbered_title}" for name in names}
    papers = ["# Rosca, Lakshminarayanan, Mohamed 2018", "# Zhao, Song, Ermon 2017"]
    assert heads[1:] == [papers[0], titles["fig2"], papers[1], titles["fig30"], titles["table30"]]
    write_gallery(["fig2"], {"name": "mine", "scale": "demo"}, tmp_path / "one.md")
    assert papers[0] not in (tmp_path / "one.md").read_text()


@pytest.mark.parametrize(
    ("figure", "shown", "drawn"),
    [("fig24", ["cifar10", "celeba"], {"celeba"}), ("fig11", ["cifar10"], set())],
)
def test_drawn_faces_stand_for_celeba_alone(monkeypatch, tmp_path, figure, shown, drawn):
    """Pictures of the user's that may not be passed on are left out: a face stands for no cat."""
    data = ("cifar10", "celeba", "cats")
    study = SimpleNamespace(
        figures={figure: list(data)},
        runs={name: SimpleNamespace(spec={"data": name}) for name in data},
        config={"study": {"name": "mine", "scale": "reduced", "note": ""}},
        figure_seeds=lambda _: {name: [0] for name in data},
    )
    seen, head = [], []

    def render(name, tables, pdf, png, claims):
        seen.append((list(tables.seeds), tables.faces))
        for path in (pdf, png, claims):
            path.touch()

    monkeypatch.setattr(module, "render", render)
    monkeypatch.setattr(module, "write_gallery", lambda *given: head.append(given[3]))
    private = {"celeba": "celeba", "cats": "folder"}
    redrawn = module._write_figures(study, tmp_path, tmp_path, private, lambda _: None)
    assert (redrawn, seen) == ([figure], [(shown, drawn)])
    assert ("drawn faces" in head[0]) == bool(drawn)
