"""Numbers and titles as figures print them."""

import pandas as pd
import pytest

from dmvi.claims.decide import mean_and_spread, plus_minus
from dmvi.figures.base import figure_module, footer
from dmvi.figures.density_tables import with_error
from dmvi.figures.numerals import rough


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ([0.01476, 0.01464], "0.01470 ± 0.00008"),
        ([0.0120, 0.0126], "0.0123 ± 0.0004"),
        ([14.0, 18.8], "16.4 ± 3.4"),
        ([1200.0, 1400.0], "1,300 ± 141"),
        ([-2.0, -2.4], "−2.20 ± 0.28"),
        ([100.0, 300.0], "200 ± 141"),
        ([0.5], "0.500"),
        ([0.5, 0.5], "0.500 ± 0"),
        ([0.0, 0.0], "0.00 ± 0"),
    ],
)
def test_mean_and_spread_have_as_many_decimals_and_no_exponent(values, text):
    assert mean_and_spread(values) == text


def test_errors_are_written_out():
    assert [rough(x) for x in (8.4e-5, 0.021, 0.96, 0.099, 12.3, 0.0)] == [
        *("0.00008", "0.02", "1", "0.1", "12", "0"),
    ]
    assert with_error(2.31, 8.4e-5) == "2.31000 ± 0.00008"
    assert with_error(256.72, 0.4) == "256.7 ± 0.4"
    assert with_error(25_812.8, 11.6) == "25,813 ± 12"
    assert with_error(7.2e8, 1.3e4) == "7.20e+08 ± 13,000"
    assert plus_minus(float("inf"), float("nan")) == "inf ± nan"
    assert plus_minus(0.0) == "0.00"


def test_titles_of_panels_leave_out_what_the_footer_says(results):
    results.add_dataset("cifar10", title="CIFAR-10 stand-in (patches of two photographs)")
    results.add_dataset("celeba", title="CelebA (10k subset)")
    for data in ("cifar10", "celeba"):
        results.add_run(data, data=data)
    tables = results.tables(figure_module("fig12"))
    assert tables.short_title("cifar10") == "CIFAR-10 stand-in"
    assert tables.short_title("celeba") == "CelebA (10k subset)"  # no stand-in: said everywhere


@pytest.mark.parametrize(("rise", "arrows"), [(0.0, 0), (0.5, 2)])
def test_figure_4_marks_what_still_moves(results, rise, arrows):
    """An arrow on the classifier's bar, and on that of held-out codes."""
    results.add_dataset("cifar10")
    results.add_run("cifar10", data="cifar10", seeds=[0])

    def change(table):
        steps = pd.Series(range(0, 100_001, 10_000))
        values = {"step": steps, "setting": 0}
        for column in ("estimate", "heldout"):
            values[column] = 5.0 * (1 + rise * (steps - 50_000).clip(lower=0) / 50_000)
        return pd.DataFrame({**table.iloc[[0] * len(steps)].reset_index(drop=True), **values})

    results.change_csv("density_ratio/default.csv", change)
    figure = figure_module("fig4").draw(results.tables(figure_module("fig4")))
    drawn = [t for t in figure.axes[0].texts if getattr(t, "arrow_patch", None) is not None]
    assert len(drawn) == arrows


def test_figure_22_shows_originals_once_with_the_papers_numbers(results):
    results.add_dataset("cifar10")
    for likelihood in ("bernoulli", "quantized_normal", "categorical"):
        results.add_run(f"c-{likelihood}", data="cifar10", likelihood=likelihood, seeds=[0])
    figure = figure_module("fig22").draw(results.tables(figure_module("fig22")))
    words = [axes.get_xlabel() for axes in figure.axes]
    assert words.count("test images") == 1
    assert sum(word.startswith("reconstructions") for word in words) == 3
    titles = "\n".join(axes.get_title() for axes in figure.axes)
    assert "paper: 44.7 nats" in titles
    assert "paper: 256.7 nats" in titles


def test_samples_stand_beside_test_images_but_for_celeba(results):
    results.compare(("vae", "dcgan"), ["cifar10", "celeba"])
    for name, shown in (("fig29", 1), ("fig28", 0)):
        figure = figure_module(name).draw(results.tables(figure_module(name)))
        titles = [axes.get_title() for axes in figure.axes]
        assert titles.count("test images") == shown, name


def test_table_3_has_a_column_per_network(study):
    module = figure_module("table3")
    settings = study.root / "tables" / "settings.csv"
    before = settings.read_text()
    rows = [
        ("learning rate, vae", "0.001"),
        ("learning rate, aae, autoencoder", "0.0002"),
        ("learning rate, aae, code_discriminator", "0.0005"),
        ("learning rate, vgh", "0.0001"),
        ("iterations, color_mnist", "100000"),
    ]
    table = pd.DataFrame([(*row, "ours") for row in rows], columns=["setting", "value", "source"])
    try:
        table.to_csv(settings, index=False)
        texts = [t.get_text() for t in module.draw(study.tables(module)).axes[0].texts]
    finally:
        settings.write_text(before)
    at = {title: texts.index(title) for title in ("VAE", "AAE", "VGH")}
    assert texts[at["VAE"] + 1 : at["VAE"] + 4] == ["0.001", "–", "–"]
    assert texts[at["AAE"] + 1 : at["AAE"] + 4] == ["0.0002", "–", "0.0005"]
    assert texts[at["VGH"] + 1 : at["VGH"] + 4] == ["0.0001"] * 3
    assert "iterations, ColorMNIST" in texts


def test_figure_60_draws_the_kl_between_its_bounds():
    from matplotlib.figure import Figure

    axes = Figure().add_subplot()
    table = pd.DataFrame({"kl": [7.0, 9.0], "lower": [-1.0, 8.0], "avg_kl": [10.0, 19.0]})
    look = {"color": "black", "marker": "o", "markersize": 3}
    figure_module("fig60")._kl(
        axes, pd.Series([1, 2]), table.assign(standard_error=0.1), look, None, None
    )
    drawn = {line.get_linestyle(): list(line.get_ydata()) for line in axes.lines}
    assert drawn["--"] == [0, 8], "a bound under 0 says nothing"
    assert drawn[":"] == [10, 19]
    assert drawn["-"] == [7, 9]


def test_figure_60_sets_the_papers_kls_beside_the_runs_of_each_likelihood(results):
    module = figure_module("fig60")
    results.add_dataset("cifar10")
    results.add_dataset("color_mnist", title="ColorMNIST")

    def kl_panel(*runs):
        axes = module.draw(results.tables(module, run=list(runs))).axes[0]
        return axes.get_yscale(), [t.get_text() for t in axes.texts if "paper" in t.get_text()]

    for name, of_run in {
        "b": {"data": "cifar10"},
        "q": {"data": "cifar10", "likelihood": "quantized_normal"},
        "c": {"data": "color_mnist"},
    }.items():
        results.add_run(name, **of_run)
    results.change_csv("snapshots.csv", lambda t: t.assign(kl=300.0), ["q"])
    results.change_csv("snapshots.csv", lambda t: t.assign(kl=30.0), ["b", "c"])
    assert kl_panel("b") == ("linear", ["paper: 44.7"])
    assert kl_panel("q") == ("linear", ["paper: 256.7"])
    assert kl_panel("b", "q") == ("log", ["paper: 44.7", "paper: 256.7"])
    assert kl_panel("c") == ("linear", [])


def feet(results, name="fig1", **select):
    return footer(name, results.tables(figure_module(name), **select))[-1].replace("\u00a0", " ")


def test_the_foot_says_what_share_of_the_papers_iterations_was_trained(results):
    """Of the runs drawn, not of the study: a range where those of one data set differ."""
    results.add_dataset("color_mnist", title="ColorMNIST")
    results.add_dataset("cifar10")
    results.add_run("a", data="color_mnist", iterations=20_000)
    results.add_run("b", data="cifar10", iterations=20_000)
    words = feet(results, tags="main")
    assert words.endswith(
        "2 seeds per run; training: ColorMNIST 20 %, CIFAR-10 10 % of the paper's iterations."
    )
    results.add_run("c", data="cifar10", iterations=200_000)
    assert "CIFAR-10 10 to 100 % of the paper's" in feet(results, tags="main")
    assert feet(results, run="a").endswith("; training: 20 % of the paper's iterations.")
    # As long as each other: said once.
    results.add_run("d", data="color_mnist", iterations=10_000)
    both = feet(results, run=["b", "d"])
    assert both.endswith("; training: 10 % of the paper's iterations.")
    results.add_run("e", data="cifar10", iterations=300)
    assert feet(results, run="e").endswith("; training: 0.15 % of the paper's iterations.")


def test_the_foot_says_no_share_where_the_paper_has_no_length(results):
    """Stand-ins, other data sets, and figures of another paper."""
    results.add_dataset("color_mnist")
    results.add_dataset("mnist", title="MNIST")
    for name in ("color_mnist", "mnist"):
        results.add_run(name, data=name, iterations=100)
        assert feet(results, run=name).endswith("2 seeds per run.")
    results.add_dataset("cifar10")
    results.add_run("c", data="cifar10", iterations=20_000)
    words = feet(results, run=["c", "mnist"])
    assert words.endswith("; training: CIFAR-10 10 % of the paper's iterations.")
    assert feet(results, "fig31", run="c").endswith("2 seeds per run.")
