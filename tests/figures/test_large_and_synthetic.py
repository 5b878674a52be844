"""Large latent spaces and synthetic Gaussians: C11, C12, C14 and C15 follow their tables."""

import matplotlib
import numpy as np
import pandas as pd
import pytest

from dmvi.claims import decide
from dmvi.claims import ledger as claims
from dmvi.errors import DmviError
from dmvi.figures import numerals, style
from dmvi.figures.base import figure_module
from dmvi.figures.large_latents import labels, sizes

ESTIMATION, LEARNING = "synthetic/estimation.csv", "synthetic/learning.csv"


def large(results, datasets=("color_mnist",), at=(100, 1000)):
    for name in datasets:
        results.add_dataset(name)
    results.add_large(datasets, at)


def with_model(results, model):
    return [name for name in results.runs if f"-{model}-" in name]


# --- C11: Figure 6 ---


def set_profile(results, model, active, variance, runs=None):
    """A share of active units, all with this posterior variance."""

    def change(table):
        moves = np.where(np.arange(len(table)) < active * len(table), 1.0, 1e-4)
        return table.assign(variance_of_means=moves, mean_variance=variance)

    results.change_csv("profile.csv", change, runs or with_model(results, model))


@pytest.mark.parametrize(
    ("vae", "aae", "variance", "verdict"),
    [
        (0.1, 0.9, 0.001, "holds"),
        (0.9, 0.9, 0.001, "fails"),  # a dense VAE
        (0.1, 0.2, 0.001, "fails"),  # a sparse AAE
        (0.1, 0.9, 0.5, "fails"),  # with noise in its code
        (0.49, 0.9, 0.001, "undecided"),
        (0.1, 0.51, 0.001, "undecided"),
    ],
)
def test_c11(results, vae, aae, variance, verdict):
    large(results)
    set_profile(results, "vae", vae, 1.0)
    set_profile(results, "aae", aae, variance)
    claim = results.decided("fig6", "C11")
    assert claim.verdict == verdict
    assert claim.value == pytest.approx(aae - vae)
    assert f"VAE, d = 1,000: {vae:.1%} active" in claim.value_text


def test_c11_asks_every_aae_and_needs_one(results):
    large(results)
    assert results.decided("fig6", "C11").verdict == "holds"
    set_profile(results, "aae", 0.1, 0.001, ["color_mnist-aae-5-large-d1000"])
    assert results.decided("fig6", "C11").verdict == "fails"
    results.runs = {name: seeds for name, seeds in results.runs.items() if "vae" in name}
    claim = results.decided("fig6", "C11")
    assert (claim.verdict, claim.value) == ("undecided", None)


def test_few_units_decide_nothing(results):
    large(results, at=(4,))
    set_profile(results, "vae", 0.25, 1.0)
    assert results.decided("fig6", "C11").verdict == "undecided"


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


# --- C12: Figures 16 and 17 ---


def set_error(results, ratios):
    """The reconstruction error with 1,000 latents over that with 100, per model."""
    for name in results.runs:
        ratio = ratios["vae" if "-vae-" in name else "aae"] if name.endswith("d1000") else 1.0
        error = {"reconstruction_mse": 0.02 * ratio}
        results.change_json("quality.json", lambda content, new=error: {**content, **new}, [name])


@pytest.mark.parametrize(("figure", "dataset"), [("fig16", "color_mnist"), ("fig17", "celeba")])
@pytest.mark.parametrize(
    ("vae", "aae", "verdict"),
    [
        (1.1, 2.0, "holds"),
        (1.1, 1.0, "fails"),  # the AAE does not break
        (2.0, 2.0, "fails"),  # the VAE does
        (1.1, 1.3, "undecided"),
        (1.3, 2.0, "undecided"),
    ],
)
def test_c12(results, figure, dataset, vae, aae, verdict):
    large(results, [dataset])
    set_error(results, {"vae": vae, "aae": aae})
    claim = results.decided(figure, "C12")
    assert claim.verdict == verdict
    assert claim.value == pytest.approx(aae)
    assert claim.spread == "one seed, no spread"


def test_c12_compares_what_differs_in_the_latent_size_alone(results):
    large(results, at=(100,))
    own = {"data": "color_mnist", "latent_dim": 1000, "seeds": (0,), "tags": ("large",)}
    results.add_run("wider", width=128, **own)
    results.add_run("other", model="aae", code_layers=4, code_width=1000, **own)
    claim = results.decided("fig16", "C12")
    assert (claim.verdict, claim.value_text) == ("undecided", "no two latent sizes to compare")


def test_c12_wants_ten_times_more_latents(results):
    large(results, at=(100, 500))
    assert results.decided("fig16", "C12").value is None


def test_runs_are_told_apart_by_their_code_discriminator(results):
    large(results, at=(1000,))
    tables = results.tables(figure_module("fig16"))
    ((_, runs),) = sizes(tables.runs).items()
    names = [labels(tables)[run.name].replace("\u00a0", " ") for run in runs]
    assert names == ["VAE", "AAE, C 3 × 1,000", "AAE, C 5 × 2,000"]
    own = {"data": "color_mnist", "latent_dim": 1000, "seeds": (0,), "tags": ("large",)}
    results.add_run("again", learning_rate=1.0, **own)
    tables = results.tables(figure_module("fig16"))
    assert labels(tables)["again"] == "VAE, again"


# --- C14: Figure 18 ---


def synthetic_study(results, **settings):
    results.add_synthetic(**settings)
    return results


def change_table(results, name, change):
    path = results.root / name
    change(pd.read_csv(path)).to_csv(path, index=False)


def set_relative(results, errors):
    """The relative error of every dimension, 1 % apart between seeds."""

    def change(table):
        error = table["dim"].map(errors) + 0.01 * (table["seed"] - 1)
        return table.assign(estimate=table["true_kl"] * (1 + error))

    change_table(results, ESTIMATION, change)


@pytest.mark.parametrize(
    ("small", "big", "verdict"),
    [
        (0.0, -0.5, "holds"),
        (0.0, -0.01, "fails"),  # right in many dimensions too
        (0.0, 0.5, "fails"),  # overestimates
        (-0.7, -0.5, "fails"),  # shrinks
        (0.0, -0.05, "undecided"),
        (-0.45, -0.5, "undecided"),
    ],
)
def test_c14(results, small, big, verdict):
    synthetic_study(results)
    set_relative(results, {1: small, 10: small, 100: big, 1000: big})
    claim = results.decided("fig18", "C14")
    assert claim.verdict == verdict
    assert claim.value == pytest.approx(big)


def test_c14_needs_seeds_and_distant_dimensions_of_comparable_kl(results):
    assert results_of(synthetic_study(results, seeds=1)) == "undecided"
    assert results_of(synthetic_study(results)) == "holds"
    assert results_of(synthetic_study(results, dims=(1000,))) == "undecided"
    assert results_of(synthetic_study(results, dims=(200, 1000))) == "undecided"
    synthetic_study(results)

    def far(table):
        return table.assign(**{key: table[key] * 100**(table["dim"] > 1) for key in
                               ("true_kl", "estimate")})  # fmt: skip

    change_table(results, ESTIMATION, far)
    assert results_of(results) == "undecided"


def results_of(results):
    return results.decided("fig18", "C14").verdict


def test_c14_counts_final_estimates_only(results):
    """Not those along training, nor those of a classifier that diverged."""
    synthetic_study(results)
    before = results.decided("fig18", "C14").value

    def change(table):
        last = table["step"] == table["step"].max()
        table = table.assign(estimate=table["estimate"].where(last, 1e6))
        return table[~(last & (table["seed"] == 0) & (table["dim"] == 1000))]

    change_table(results, ESTIMATION, change)
    assert results.decided("fig18", "C14").value == pytest.approx(before, abs=0.02)
    module = figure_module("fig18")
    assert "8 of 96 trainings diverged" in module.sample_sizes(results.tables(module))


# --- C15: Figures 19 and 20 ---


def set_learning(results, ratio, spread=0.01):
    """The final over the initial KL; seeds differ by so many decades."""

    def change(table):
        last = table["step"].max()
        factor = ratio * 10 ** (spread * (table["seed"] - 1))
        return table.assign(true_kl=8 * factor ** (table["step"] / last).clip(upper=1))

    change_table(results, LEARNING, change)


@pytest.mark.parametrize(
    ("figure", "ratio", "spread", "verdict"),
    [
        ("fig19", 0.001, 0.01, "holds"),
        ("fig19", 0.5, 0.01, "fails"),
        ("fig19", 0.1, 1.0, "undecided"),
        ("fig20", 100.0, 0.01, "holds"),
        ("fig20", 0.5, 0.01, "fails"),
        ("fig20", 1.0, 1.0, "undecided"),
    ],
)
def test_c15(results, figure, ratio, spread, verdict):
    synthetic_study(results)
    set_learning(results, ratio, spread)
    claim = results.decided(figure, "C15")
    assert claim.verdict == verdict
    # The median of the last steps is a little short of the last.
    assert np.log10(claim.value) == pytest.approx(np.log10(ratio), abs=0.3)


@pytest.mark.parametrize(("figure", "dims"), [("fig19", (1, 100, 1000)), ("fig20", (1, 10, 100))])
def test_c15_needs_its_dimensions(results, drawn, figure, dims):
    """Without them it may fail, but not hold; the figure shows what there is."""
    synthetic_study(results, dims=dims)
    assert results.decided(figure, "C15").verdict == "undecided"
    set_learning(results, 0.5)
    assert results.decided(figure, "C15").verdict == "fails"
    module = figure_module(figure)
    drawn(figure, results.tables(module))


def test_c15_needs_two_seeds(results):
    synthetic_study(results, seeds=1)
    assert results.decided("fig19", "C15").verdict == "undecided"
    assert results.decided("fig20", "C15").verdict == "undecided"


def test_a_training_that_stops_early_has_diverged(results, drawn):
    synthetic_study(results)
    set_learning(results, 0.001)
    change_table(results, LEARNING, lambda table: table[(table["dim"] < 1000) | (table.step < 1e4)])
    tables = results.tables(figure_module("fig20"))
    assert "6 of 12 trainings diverged" in figure_module("fig20").sample_sizes(tables)
    claim = results.decided("fig20", "C15")
    assert claim.verdict == "fails"  # d = 100 works here
    assert "d = 1,000, learning rate 0.0001: 10;" in claim.value_text
    figure = drawn("fig20", tables)
    lines = [line for panel in figure.axes for line in panel.lines]
    crosses = [line for line in lines if line.get_marker() == "x"]
    assert sum(len(line.get_xdata()) for line in crosses) == 6
    change_table(results, LEARNING, lambda table: table[table["dim"] != 100])
    claim = results.decided("fig20", "C15")
    assert (claim.verdict, claim.value) == ("undecided", pytest.approx(10))  # no d = 100


@pytest.mark.parametrize("change", [{"true_kl": 0.0}, None])
def test_nothing_learned_decides_nothing(results, change):
    """Equal Gaussians, or a table of step 0 alone."""
    synthetic_study(results)
    change_table(
        results,
        LEARNING,
        lambda table: table.assign(**change) if change else table[table.step == 0],
    )
    for figure in ("fig19", "fig20"):
        claim = results.decided(figure, "C15")
        assert (claim.verdict, claim.value) == ("undecided", None)


# --- Errors and wording ---


@pytest.mark.parametrize(
    ("name", "file"), [("fig18", ESTIMATION), ("fig19", LEARNING), ("fig20", LEARNING)]
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
    for use in (module.draw, module.claims, module.sample_sizes):
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
    for use in (module.draw, module.claims, module.sample_sizes):
        with pytest.raises(DmviError, match=words):
            use(results.tables(module))


def test_claims_without_data_sets_name_what_they_are_about(results, tmp_path):
    import json

    synthetic_study(results)
    claim = results.decided("fig18", "C14")
    assert claim.data == ("pairs of Gaussians",)
    assert claims.qualified(claim) == "**holds** (demo scale)"
    path = tmp_path / "fig18.json"
    path.write_text(json.dumps([claim.as_dict()]))
    claims.collect([path], tmp_path / "claims.csv", tmp_path / "claims.md", {"scale": "demo"})
    assert "Decided on: pairs of Gaussians." in (tmp_path / "claims.md").read_text()


def test_intervals_over_seeds():
    assert decide.interval([1.0, 3.0]) == (2.0, pytest.approx(12.706, rel=1e-3))
    assert decide.interval([1.0])[1] == np.inf
    value, half = decide.difference([1.0, 3.0], [0.0, 0.0])
    assert (value, half) == (2.0, pytest.approx(12.706, rel=1e-3))
    assert decide.difference([1.0], [0.0, 0.0]) == (1.0, np.inf)


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
