"""Figures of scores: collapsed samples, skipped scores, models of other installations."""

import json

import pytest

from dmvi.errors import DmviError
from dmvi.figures.base import figure_module
from dmvi.study.declarations import declared_models
from dmvi.tables.models import ORDER, model_title


def spread(results, run, share):
    def change(content):
        data = json.loads((results.root / "data/cifar10/scores.json").read_text())
        value = share * data["scores"]["spread"]["value"]
        return {**content, "scores": {**content["scores"], "spread": {"value": value}}}

    results.change_json("scores.json", change, [run])


def test_collapsed_samples_are_said_to_be(results):
    results.compare(("vae", "dcgan"), ["cifar10"])
    spread(results, "cifar10-dcgan-0", 0.21)
    spread(results, "cifar10-vae-0", 0.26)
    module = figure_module("fig29")
    tables = results.tables(module)
    labels = [axes.get_xlabel().replace("\n", " ") for axes in module.draw(tables).axes]
    assert labels == ["", "", "collapsed: mean pairwise distance is 0.21 of the data's"]
    assert "2 of 4 trainings collapsed" in figure_module("fig9").sample_sizes(tables)


@pytest.mark.parametrize(
    ("content", "words"),
    [({"n_samples": 3}, "needs scores"), ({"scores": {"critic": {"sd": 1}}}, "finite number")],
)
def test_broken_scores_are_one_sentence(results, content, words):
    results.compare(("vae",), ["cifar10"])
    results.change_json("scores.json", lambda _: content)
    with pytest.raises(DmviError, match=words):
        figure_module("fig9").draw(results.tables(figure_module("fig9")))


def test_a_score_that_no_run_has_is_no_panel(results):
    """The footer says why it is missing; the others fill the page."""
    results.compare(("vae", "dcgan"), ["cifar10"])
    module = figure_module("fig8")
    tables = results.tables(module)
    titles = [axes.get_title().replace("\n", " ") for axes in module.draw(tables).axes]
    assert [title for title in titles if title] == [
        "Quality: Inception score by the CIFAR-10 classifier, CIFAR-10"
    ]
    assert "no ImageNet weights were given" in module.sample_sizes(tables)


def test_rows_say_how_long_and_how_wide_their_models_were_trained(results):
    results.compare(("vae", "dcgan"), ["cifar10"])
    budgets = {"cifar10-vae-0": (2000, 64), "cifar10-dcgan-0": (100, 8)}
    for run, (steps, width) in budgets.items():
        own = {"iterations": steps, "width": width}
        results.change_json("run.json", lambda old, own=own: {**old, **own}, [run])
    module = figure_module("fig9")
    texts = [t.get_text() for axes in module.draw(results.tables(module)).axes for t in axes.texts]
    assert "100\u00a0×\u00a08" in texts
    assert "several" in texts or "2,000\u00a0×\u00a064" in texts


def test_an_axis_says_which_way_is_better(results):
    """Diversity is the better the nearer it is to the data's: noise is more diverse than faces."""
    results.compare(("vae", "dcgan"), ["celeba", "cifar10"])
    labels = {}
    for figure in ("fig8", "fig9"):
        module = figure_module(figure)
        for axes in module.draw(results.tables(module)).axes:
            for way in ("higher", "lower", "nearer to the data"):
                if f"{way} is better" in axes.get_xlabel():
                    labels.setdefault(way, []).append(axes.get_xlabel())
    assert all("MS-SSIM" in label for label in labels["nearer to the data"])
    assert all("nception" in label for label in labels["higher"])
    assert len(labels["lower"]) == 2


@pytest.mark.parametrize(("runs", "drawn"), [(["one"], True), (["one", "other"], False)])
def test_the_data_are_a_line_where_they_are_near_or_one_setting_is_alone(results, runs, drawn):
    """Settings that differ by little would not be told apart on an axis as long as the way to the data."""
    results.add_dataset("cifar10")
    for run in ("one", "other"):
        results.add_run(run, data="cifar10", kind="vae")

        def far(content, value=5.0 + 0.1 * (run == "one")):
            scores = content["scores"]
            return {**content, "scores": {**scores, "critic": {**scores["critic"], "value": value}}}

        results.change_json("scores.json", far, [run])
    module = figure_module("fig9")
    panels = module.draw(results.tables(module, run=runs)).axes
    labels = [axes.get_xlabel().split("\n")[-1] for axes in panels if axes.get_xlabel()]
    entries = [
        t.get_text() for axes in panels if axes.get_legend() for t in axes.get_legend().texts
    ]
    assert [label.startswith("dashed: ") for label in labels] == [drawn]
    assert [label.endswith("beyond the axis") for label in labels] == [not drawn]
    assert ("the data" in entries) == drawn


def test_boxes_are_drawn_from_four_settings_on(results):
    results.compare(("vae",), ["celeba"], settings=3)
    results.compare(("dcgan",), ["celeba"], settings=4)
    module = figure_module("fig8")
    panel = module.draw(results.tables(module)).axes[0]
    assert len(panel.patches) == 1
    assert panel.patches[0].get_y() > 0.5  # DCGAN is the second row


def test_marks_at_the_end_of_the_axis_have_room_beside_a_box(results):
    results.compare(("vae",), ["celeba"])
    results.compare(("dcgan",), ["celeba"], settings=4)
    results.set_score("diversity", 0.6, ["vae"], ["celeba"])
    results.set_score("diversity", 0.1, ["dcgan"], ["celeba"], sd=0.0, step=0.0)
    module = figure_module("fig8")
    panel = module.draw(results.tables(module)).axes[0]
    assert panel.patches[0].get_x() == pytest.approx(0.1)
    assert panel.get_xlim()[0] < 0.1 - 0.02


@pytest.mark.parametrize("figure", ["fig8", "fig9", "fig24", "fig26", "fig29"])
def test_models_of_other_installations_are_drawn(results, figure):
    results.compare(("vae", "vgh_plus_plus"), ["cifar10"])
    theirs = ["cifar10-vgh_plus_plus-0"]
    results.change_json("run.json", lambda run: {**run, "model": "their_model"}, theirs)
    module = figure_module(figure)
    tables = results.tables(module, builder="cifar10")
    module.draw(tables)
    assert module.sample_sizes(tables)
    assert "their_model" in tables.labels["cifar10-vgh_plus_plus-0"]


def test_runs_are_selected_by_tag(results):
    results.add_dataset("cifar10")
    results.add_run("a", data="cifar10", tags=["main", "compare"])
    results.add_run("b", data="cifar10", tags=["main"])
    assert results.select(tags="compare") == {"a": [0, 1]}
    assert set(results.select(tags=["compare", "main"])) == {"a", "b"}


def test_figure_7_prints_what_the_models_declare(results):
    module = figure_module("fig7")
    texts = [text.get_text() for text in module.draw(results.tables(module)).axes[0].texts]
    titles = [text for text in texts if text in map(model_title, ORDER)]
    assert titles == list(map(model_title, ORDER))
    assert texts.count("density ratio") >= 4


def test_figure_7_prints_other_papers_models_where_the_study_runs_them(results, monkeypatch):
    other = {
        **declared_models()["vae"],
        "title": "Another VAE",
        "paper": "another",
        "extends": "vae",
    }
    models = {**declared_models(), "another": other}
    for place in ("figures.fig7", "tables.models", "study.declarations"):
        monkeypatch.setattr(f"dmvi.{place}.declared_models", lambda: models)
    module, tables = figure_module("fig7"), results.tables(figure_module("fig7"))

    def texts():
        return [text.get_text() for text in module.draw(tables).axes[0].texts]

    assert "Another VAE" not in texts()
    tables.study["models"] = ["another", "vae", "not_here"]
    printed = texts()
    assert printed.index("Another VAE") > printed.index("WGAN-GP") > printed.index("VAE")


def test_figure_7_without_declarations(results, monkeypatch):
    module = figure_module("fig7")
    monkeypatch.setattr(module, "shown_models", lambda study: ["vae"])
    monkeypatch.setattr(module, "declared_models", lambda: {"vae": {"title": "VAE"}})
    with pytest.raises(DmviError, match="no model declares `matches`"):
        module.draw(results.tables(module))
