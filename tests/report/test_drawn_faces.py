"""Where photographs may not be passed on, drawn faces go through the model in their place."""

import json

import numpy as np
import pytest
import torch
from example_study import Results

from dmvi.data.standin_faces import PARAMETERS, draw_faces
from dmvi.errors import DmviError
from dmvi.figures.base import figure_module, render
from dmvi.models import make_model
from dmvi.report.drawn_faces import NOTE, DrawnFaces, can_stand_in
from dmvi.steps.reconstructing import decoded
from dmvi.steps.trained import load_encoder, to_images
from dmvi.training import checkpoint

SPEC = {"model": "vae", "latent_dim": 3, "width": 2, "likelihood": "bernoulli"}
SPEC |= {"posterior": "gaussian", "precision": "float32", "data": "celeba"}
STUDY = {"name": "mine", "scale": "reduced", "note": ""}


@pytest.fixture
def celeba(tmp_path):
    """Results of a run on CelebA that has photographs (black here) and a model, and one on CIFAR-10."""
    results = Results(tmp_path / "results")
    for data in ("celeba", "cifar10"):
        results.add_dataset(data)
        results.add_run(data, data=data, seeds=(0,))
    torch.manual_seed(0)
    model = make_model(SPEC, (64, 64, 3))
    content = {"spec": json.dumps(SPEC), "image_shape": [64, 64, 3], "model": model.state_dict()}
    checkpoint.save(results.path("celeba", 0, "model.pt"), content)
    for name in ("originals.npy", "reconstructions.npy"):
        np.save(results.path("celeba", 0, name), np.zeros((5, 64, 64, 3), np.uint8))
    return results


def tables_of(results, faces=("celeba",)):
    return DrawnFaces(results.root, results.runs, STUDY, faces)


def test_no_photograph_and_no_reconstruction_of_one_is_read(celeba):
    tables = tables_of(celeba)
    run = next(r for r in tables.runs if r.data == "celeba")
    drawn = tables.array(run, 0, "originals.npy")
    uniform = np.random.default_rng(0).random((5, PARAMETERS))
    np.testing.assert_array_equal(drawn, np.rint(draw_faces(uniform)).astype(np.uint8))
    model = load_encoder(celeba.path("celeba", 0, "model.pt"), torch.device("cpu"))
    torch.manual_seed(0)
    expected = np.concatenate([to_images(mean) for _, mean in decoded(model, drawn)])
    found = tables.array("celeba", 0, "reconstructions.npy")
    np.testing.assert_array_equal(found, expected)
    assert found.shape == (5, 64, 64, 3)
    assert found.std() > 0


def test_other_arrays_and_data_sets_are_as_they_are(celeba):
    tables = tables_of(celeba)
    for run, name in (("celeba", "samples.npy"), ("cifar10", "originals.npy")):
        np.testing.assert_array_equal(
            tables.array(run, 0, name), np.load(celeba.path(run, 0, name))
        )
    assert NOTE in tables.meta("celeba")["note"]
    assert NOTE not in tables.meta("cifar10").get("note", "")
    assert tables.shown_images("celeba") == "drawn faces"
    assert tables.shown_images("cifar10") == "test images"


@pytest.mark.parametrize("figure", ["fig17", "fig24"])
def test_the_panel_of_the_images_says_what_they_are(results, figure):
    results.add_dataset("celeba")
    own = {"data": "celeba", "seeds": (0,)}
    for model in ("vae", "aae"):
        for d in (100, 1000):
            large = {"latent_dim": d, "tags": ("large", "compare")}
            results.add_run(f"{model}-d{d}", **own, **large, model=model)
    module = figure_module(figure)
    tables = results.tables(module)
    tables.shown_images = lambda _: "drawn faces"
    titles = " ".join(axes.get_title() for axes in module.draw(tables).axes)
    assert "drawn faces" in titles
    assert "test images" not in titles


def test_images_of_another_size_are_refused(celeba):
    np.save(celeba.path("celeba", 0, "originals.npy"), np.zeros((5, 32, 32, 3), np.uint8))
    with pytest.raises(DmviError, match="no drawn faces can stand"):
        tables_of(celeba).array("celeba", 0, "originals.npy")


@pytest.mark.parametrize(
    ("figure", "can"), [("fig17", True), ("fig24", True), ("fig25", True), ("fig11", False)]
)
def test_which_figures(figure, can):
    assert can_stand_in(figure) is can


def test_a_whole_figure_is_the_same_whatever_the_photographs_are(celeba, tmp_path):
    def drawn(name):
        targets = [tmp_path / f"{name}{suffix}" for suffix in (".pdf", ".png", ".json")]
        render("fig25", tables_of(celeba), *targets)
        return targets[1].read_bytes()

    before = drawn("before")
    white = np.full((5, 64, 64, 3), 255, np.uint8)
    for name in ("originals.npy", "reconstructions.npy"):
        np.save(celeba.path("celeba", 0, name), white)
    assert drawn("after") == before
