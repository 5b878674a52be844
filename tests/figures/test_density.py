"""Figures 4 and 21 and tables 1, 2 and 7 follow their tables."""

import re

import matplotlib
import pytest
from example_study import set_estimate

from dmvi.errors import DmviError
from dmvi.figures import density_tables as tables_of
from dmvi.figures import style
from dmvi.figures.base import figure_module


def words(figure) -> str:
    from matplotlib.text import Text

    return "\n" + "\n".join(text.get_text() for text in figure.findobj(Text)) + "\n"


def settings_with_a_column(text: str) -> list[str]:
    names = ("layers", "rate", "penalty", "noise", "dropout")
    return [name for name in names if f"\n{name}\n" in text]


# --- tables in print ---


def test_table1_sets_monte_carlo_above_the_rows_and_the_papers_values_beside(vaes, drawn):
    set_estimate(vaes, 12.3456, error=0.04, setting=0, name="table1")
    text = words(drawn("table1", vaes.tables(figure_module("table1"))))
    assert "Monte Carlo 20.0 ± 0.1\u00a0nats" in text
    assert "12.35 ± 0.04" in text
    assert "−7.65" in text  # its error
    cells = text.splitlines()
    # Side by side: the estimate of the row with as many layers stands before the paper's value.
    assert cells[cells.index("2.3") - 1] == "12.35 ± 0.04"
    assert cells[cells.index("3.3") - 4 : cells.index("3.3") - 1] == ["4", "0", "0"]
    assert {"25,812.8", "3.1"} <= set(cells)
    assert settings_with_a_column(text) == ["layers", "penalty", "noise"]  # those that vary
    assert "dropout probability 0" in re.sub(r"\s+", " ", text)


def test_table2_prints_its_own_columns(vaes, drawn):
    text = words(drawn("table2", vaes.tables(figure_module("table2"))))
    assert settings_with_a_column(text) == ["layers", "rate", "noise", "dropout"]
    assert {"17.7", "720,140.9", "14.8", "18.8", "19.0"} <= set(text.splitlines())


def test_more_settings_than_columns_are_printed_as_text(vaes, drawn):
    keys = ("layers", "width", "iterations", "batch_size", "learning_rate", "dropout")

    def change(content):
        for i, entry in enumerate(content["estimates"]):
            entry["settings"] |= dict.fromkeys(keys, i + 1)
        return content

    vaes.change_json("density_ratio/table1.json", change)
    figure = drawn("table1", vaes.tables(figure_module("table1")))
    assert "dropout\u00a04" in words(figure)


def test_table7_holds_every_estimate(vaes, drawn):
    set_estimate(vaes, 15.25, error=0.02)
    for name, value in (("gmm", 11.5), ("maf", 16.25), ("lstm", -14321.5)):
        vaes.change_json(
            f"density_models/{name}.json",
            lambda old, value=value: {**old, "value": value, "standard_error": 0.3},
        )
    text = words(drawn("table7", vaes.tables(figure_module("table7"))))
    for expected in ("18.00", "20.0 ± 0.1", "15.25 ± 0.02", "11.5 ± 0.3", "16.2 ± 0.3"):
        assert text.count(f"\n{expected}") == 3, expected
    assert "−14,321.5 ± 0.3" in text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        *[(2.345, "2.35"), (-0.001, "0.00"), (256.66, "256.7"), (-25812.8, "−25,813")],
        *[(720140.9, "720,141"), (-7.2e8, "−7.20e+08")],
    ],
)
def test_numbers_of_every_size(value, text):
    assert tables_of.number(value) == text


@pytest.mark.parametrize(
    ("error", "text"),
    [(0.0312, "10.00 ± 0.03"), (2.34, "10.0 ± 2.3"), (1234.5, "10 ± 1,234")],
)
def test_errors_of_every_size(error, text):
    assert tables_of.with_error(10.0, error) == text


# --- extreme values ---


def test_figure_4_changes_to_a_log_axis_only_where_it_must(vaes, drawn):
    set_estimate(vaes, 120_000.0, runs=["cifar10"])
    figure = drawn("fig4", vaes.tables(figure_module("fig4")))
    scales = [axes.get_yscale() for axes in figure.axes if axes.patches and axes.get_ylabel()]
    assert scales == ["linear", "linear", "symlog"]
    assert "120,000" in words(figure)
    for axes in figure.axes:  # no number runs into the panel above
        for text in axes.texts:
            assert text.get_window_extent().y1 <= axes.get_window_extent().y1 + 14


def test_log_axis_keeps_few_plain_ticks():
    with matplotlib.rc_context(style.RC):
        axes = style.new_figure(2).add_subplot()
        assert not tables_of.stretched_axis(axes, [0, 100, -30], 20)
        assert tables_of.stretched_axis(axes, [0, 3e6, -40], 20)
        assert len(axes.get_yticks()) <= 11
        labels = [axes.yaxis.get_major_formatter()(tick) for tick in axes.get_yticks()]
        assert "0" in labels
        assert "−10" in labels
        assert max(axes.get_yticks()) >= 1e5


def test_figure_21_draws_gaps_on_log_axes(vaes, drawn):
    """Also one far below the bound, and one that noise has put above it."""
    vaes.change_csv(
        "density_models/gmm.csv", lambda t: t.assign(heldout_log_r=-98765.0), ["celeba"]
    )
    high = lambda t: t.assign(log_r=[*t["log_r"].iloc[:-1], 1e6])  # noqa: E731
    vaes.change_csv("density_models/maf.csv", high, ["color_mnist"])
    figure = drawn("fig21", vaes.tables(figure_module("fig21")))
    panels = [axes for axes in figure.axes if axes.lines]
    assert {axes.get_yscale() for axes in panels} <= {"log", "symlog"}
    gap = vaes.tables(figure_module("fig21")).json("celeba", 0, "density_models/gmm.json")["log_q"]
    assert panels[1].get_ylim()[1] > gap + 98765.0 > panels[0].get_ylim()[1]
    assert panels[0].get_ylim()[0] > 0  # the values below are drawn at its foot
    assert all("in the end" in axes.get_title() for axes in panels)


def test_figure_21_axis_is_the_share_of_the_fitting(vaes, drawn):
    figure = drawn("fig21", vaes.tables(figure_module("fig21")))
    panel = next(axes for axes in figure.axes if len(axes.lines) > 3)
    ends = [max(line.get_xdata()) for line in panel.lines]
    assert ends == [1.0] * len(ends)
    footer = re.sub(r"\s+", " ", words(figure))
    assert "GMM 100 EM iterations, MAF 100,000 gradient steps" in footer


# --- broken tables ---

NO_ESTIMATES = '{"estimates": []}'
BROKEN = [
    ("fig4", "density_ratio/default.json", NO_ESTIMATES, "holds no estimates"),
    ("fig4", "density_ratio/default.json", '{"estimates": [{"settings": {}}]}', "holds no value, "),
    ("fig4", "density_ratio/default.json", "{}", "needs estimates"),
    (
        "fig4",
        "density_ratio/default.csv",
        "setting,step,estimate,standard_error,heldout\n",
        "no rows",
    ),
    (
        "fig4",
        "density_ratio/default_calibration.csv",
        "setting,predicted,observed,count\n3,0.1,0.1,5\n",
        "no rows of setting 0",
    ),
    ("table1", "density_ratio/table1.json", NO_ESTIMATES, "holds no estimates"),
    ("table2", "density_ratio/table2.json", '{"estimates": 3}', "holds no estimates"),
    ("fig21", "density_models/maf.json", '{"value": 1}', "needs value, standard_error"),
    ("fig21", "density_models/gmm.csv", "step,log_r\n1,2\n", "no column standard_error"),
    (
        "fig21",
        "density_models/lstm.csv",
        "step,log_r,standard_error,heldout_log_r\n1,inf,0,0\n",
        "not finite in column log_r",
    ),
    ("table7", "density_models/gmm.json", "{}", "holds nothing"),
    ("table7", "density_ratio/default.json", NO_ESTIMATES, "holds no estimates"),
]


@pytest.mark.parametrize(("figure", "file", "content", "expected"), BROKEN)
def test_broken_table_is_one_sentence(vaes, figure, file, content, expected):
    vaes.path("cifar10" if figure == "table2" else "color_mnist", 0, file).write_text(content)
    module = figure_module(figure)
    with pytest.raises(DmviError, match=expected) as error:
        module.draw(vaes.tables(module))
    assert file in str(error.value)
    assert "\n" not in str(error.value)
