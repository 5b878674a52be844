"""Publishing a study: what is committed, its provenance, and no photograph of CelebA in it."""

import hashlib
import json

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from dmvi.errors import DmviError
from dmvi.figures import base
from dmvi.files import read_json
from dmvi.report.previews import preview
from dmvi.report.published import publish
from dmvi.report.write_gallery import write_gallery
from dmvi.study.config import Study
from dmvi.study.declared_figures import declared_figures
from dmvi.study.runs import Run
from dmvi.tables.results import Tables

FIGURES = ("fig2", "fig11", "table3")


@pytest.fixture
def finished(own_study, tmp_path):
    """A study of three data sets, of which CelebA is real, with its figures drawn."""
    study_of = {"name": "mine", "scale": "reduced"}
    runs = {}
    for name, seeds in own_study.runs.items():
        what = json.loads(own_study.path(name, seeds[0], "run.json").read_text())
        runs[name] = Run(name, name, tuple(seeds), what, {}, ())
    shown = [n for n, tags in own_study.tags.items() if "main" in tags and n != "quantized"]
    study = Study({"study": study_of}, runs, {"fig2": shown, "fig11": shown, "table3": []})
    root = own_study.root
    for figure in FIGURES:
        tables = Tables(root, study.figure_seeds(figure), study_of)
        targets = (root / f"{figure}.pdf", root / f"{figure}.png", root / f"{figure}.json")
        base.render(figure, tables, *targets)
    own_study.path("celeba", 0, "model.pt").write_bytes(b"weights")
    for name in ("claims.csv", "claims.md"):
        (root / name).write_text("claims")
    benchmark = root / "benchmarks/train/celeba/seed0.tsv"
    benchmark.parent.mkdir(parents=True)
    pd.DataFrame({"s": [90.0], "cpu_time": [60.0]}).to_csv(benchmark, sep="\t", index=False)
    config = tmp_path / "config.yaml"
    config.write_text("study: mine")
    publish(study, config, root, tmp_path / "reference")
    return own_study, tmp_path / "reference"


def test_provenance_says_what_made_the_results(finished):
    own_study, folder = finished
    provenance = read_json(folder / "provenance.json")
    assert provenance["runs"] == own_study.runs
    assert set(provenance["data"]) == {"celeba", "cifar10", "color_mnist"}
    assert provenance["minutes"] == {"train": {"jobs": 1, "wall": 1.5, "cpu": 1.0}}
    digest = hashlib.sha256(b"weights").hexdigest()
    assert provenance["model_sha256"] == {"celeba/seed0": digest}
    assert provenance["hardware"]["cores"] >= 1
    assert provenance["libraries"]["torch"]
    assert (folder / "config.yaml").read_text() == "study: mine"


def test_tables_are_copied_and_arrays_are_not(finished):
    own_study, folder = finished
    name = "runs/celeba/seed0/kl.json"
    assert (folder / name).read_bytes() == (own_study.root / name).read_bytes()
    assert (folder / "tables/settings.csv").exists()
    assert not list(folder.rglob("*.npy"))
    assert not list(folder.rglob("*.pt"))


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
