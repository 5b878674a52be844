"""Figures 6 and 16 to 20: large latent spaces and synthetic Gaussians, and axes of nats."""

from functools import partial

import matplotlib
import numpy as np
import pandas as pd
import pytest

from dmvi.claims.declared import decide_claims
from dmvi.errors import DmviError
from dmvi.figures import numerals, style
from dmvi.figures.base import figure_module
from dmvi.tables.latent_sizes import by_latent_size, code_network_labels

ESTIMATION, LEARNING = "synthetic/estimation.csv", "synthetic/learning.csv"
SEPARATED = "synthetic/separated.csv"


def large(results, datasets=("color_mnist",), at=(100, 1000)):
    for name in datasets:
        results.add_dataset(name)
    results.add_large(datasets, at)


def test_fig6_names_what_each_run_shows(results, drawn):
    large(results)
    module = figure_module("fig6")
    tables = results.tables(module)
    texts = [
        text.get_text() for text in drawn("fig6", tables).findobj() if hasattr(text, "get_text")
    ]
    kl = tables.json("color_mnist-vae-large-d100", 0, "kl.json")["value"]
    assert f"VAE: 5.0% of latents active, median variance 1, KL = {kl:.3g} nats" in texts
    assert "ColorMNIST stand-in (scikit-learn digits), d\u00a0=\u00a01,000" in texts


def test_runs_are_told_apart_by_their_code_discriminator(results):
    large(results, at=(1000,))
    tables = results.tables(figure_module("fig16"))
    ((_, runs),) = by_latent_size(tables.runs).items()
    names = [code_network_labels(tables)[run.name].replace("\u00a0", " ") for run in runs]
    assert names == ["VAE", "AAE, C 3 × 1,000", "AAE, C 5 × 2,000"]
    own = {"data": "color_mnist", "latent_dim": 1000, "seeds": (0,), "tags": ("large",)}
    results.add_run("again", learning_rate=1.0, **own)
    tables = results.tables(figure_module("fig16"))
    assert code_network_labels(tables)["again"] == "VAE, again"


# --- Synthetic Gaussians ---


def synthetic_study(results, **settings):
    results.add_synthetic(**settings)
    return results


def change_table(results, name, change):
    path = results.root / name
    change(pd.read_csv(path)).to_csv(path, index=False)


@pytest.mark.parametrize(
    ("name", "file"),
    [("fig18", ESTIMATION), ("fig18", SEPARATED), ("fig19", LEARNING), ("fig20", LEARNING)],
)
@pytest.mark.parametrize(
    ("change", "words"),
    [
        (None, "does not exist"),
        (lambda table: table[:0], "no rows"),
        (lambda table: table.drop(columns="true_kl"), "no column true_kl"),
        (lambda table: table.assign(estimate=np.inf), "not finite in column estimate"),
    ],
)
def test_bad_synthetic_table_is_one_sentence(results, name, file, change, words):
    synthetic_study(results)
    path = results.root / file
    if change:
        change_table(results, file, change)
    else:
        path.unlink()
    module = figure_module(name)
    uses = [module.draw, module.sample_sizes]
    if file != SEPARATED:  # of which no claim is decided
        uses.append(partial(decide_claims, name))
    for use in uses:
        with pytest.raises(DmviError, match=words) as error:
            use(results.tables(module))
        assert str(path) in str(error.value)
        assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("name", "dims", "words"),
    [
        ("fig19", (100, 1000), "no dimension of at most 10, only 100, 1000"),
        ("fig20", (1, 10), "no dimension above 10, only 1, 10"),
    ],
)
def test_study_without_a_figures_dimensions_is_one_sentence(results, name, dims, words):
    synthetic_study(results, dims=dims)
    module = figure_module(name)
    for use in (module.draw, partial(decide_claims, name), module.sample_sizes):
        with pytest.raises(DmviError, match=words):
            use(results.tables(module))


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (0.01, "0.01"), (-0.01, "−0.01"), (1e-8, "1e−8"), (20.0, "20"), (2.5, "2.5"),
     (10_000, "10,000"), (1e6, "1e6"), (-1e10, "−1e10")],
)  # fmt: skip
def test_ticks_are_written_out(value, text):
    assert numerals.tick(value) == text


@pytest.mark.parametrize(
    "values", [[-1e5, 8.0, 1e11], [-0.3, 5.0], [0.0, 0.0], [2.0, 2.1], [0.5, 40.0], [1e-3, 1e3]]
)
def test_axis_of_nats_shows_all_values_with_ticks_apart(values):
    with matplotlib.rc_context(style.RC):
        figure = style.new_figure(2.3)  # as high as a panel of figures 19 and 20
        axes = figure.add_subplot()
        axes.plot(values, values)
        numerals.nats_axis(axes.yaxis, values)
        figure.draw_without_rendering()
    low, high = axes.get_ylim()
    assert low < min(values) <= max(values) < high
    shown = [tick for tick in axes.yaxis.get_major_ticks() if low <= tick.get_loc() <= high]
    boxes = [tick.label1.get_window_extent() for tick in shown]
    assert len(boxes) >= 2
    assert len({tick.label1.get_text() for tick in shown}) == len(boxes)
    assert not any(box.count_overlaps(boxes[:i]) for i, box in enumerate(boxes))
