"""Figures 4 and 21 and tables 1, 2 and 7 follow their tables, and so do C9, C16 and C17."""

import copy
import math
import re
import shutil

import matplotlib
import pytest

from dmvi.errors import DmviError
from dmvi.figures import density_tables as tables_of
from dmvi.figures import style
from dmvi.figures.base import figure_module

MODELS = ("gmm", "maf", "lstm")


@pytest.fixture
def vaes(three_vaes, tmp_path):
    """A VAE per data set, two seeds each, to be changed; the Monte Carlo KL is 20 ± 0.1 nats."""
    own = copy.copy(three_vaes)
    own.root = tmp_path / "results"
    shutil.copytree(three_vaes.root, own.root)
    changes = {"value": 20.0, "standard_error": 0.1, "lower": 18.0}
    own.change_json("kl.json", lambda kl: {**kl, **changes})
    return own


def set_estimate(results, value, error=0.1, runs=None, seeds=None, setting=0, name="default"):
    def change(content):
        entries = [dict(entry) for entry in content["estimates"]]
        entries[setting] |= {"value": value, "standard_error": error}
        return {"estimates": entries}

    results.change_json(f"density_ratio/{name}.json", change, runs, seeds)


def set_gap(results, gap, error=0.1, runs=None, models=MODELS):
    for model in models:
        results.change_json(
            f"density_models/{model}.json",
            lambda old: {**old, "gap": gap, "gap_standard_error": error},
            runs,
        )


def words(figure) -> str:
    from matplotlib.text import Text

    return "\n" + "\n".join(text.get_text() for text in figure.findobj(Text)) + "\n"


def settings_with_a_column(text: str) -> list[str]:
    names = ("layers", "rate", "penalty", "noise", "dropout")
    return [name for name in names if f"\n{name}\n" in text]


# --- C9: Figure 4 ---


def test_c9(vaes):
    set_estimate(vaes, 15.0)
    claim = vaes.decided("fig4", "C9")
    assert claim.verdict == "holds"
    assert claim.value == pytest.approx(5.0)
    assert "CelebA (10k subset) 15" in claim.value_text
    assert claim.spread.endswith("(2 seeds)")
    set_estimate(vaes, 19.5, runs=["celeba"])  # 0.5 nats below, within 3 + 3 standard errors
    claim = vaes.decided("fig4", "C9")
    assert claim.verdict == "undecided"
    assert claim.value == pytest.approx(0.5)
    set_estimate(vaes, 19.3, runs=["celeba"])  # just beyond them
    assert vaes.decided("fig4", "C9").verdict == "holds"
    set_estimate(vaes, 25.0, runs=["celeba"])
    assert vaes.decided("fig4", "C9").verdict == "fails"
    set_estimate(vaes, 15.0, runs=["celeba"], seeds=[1])  # seeds disagree
    assert vaes.decided("fig4", "C9").verdict == "undecided"


def test_c9_reads_fresh_codes_not_held_out_ones(vaes):
    set_estimate(vaes, 25.0)
    vaes.change_json(
        "density_ratio/default.json",
        lambda content: {
            "estimates": [
                {**e, "heldout": {**e["heldout"], "value": 1.0}} for e in content["estimates"]
            ]
        },
    )
    assert vaes.decided("fig4", "C9").verdict == "fails"


def test_c9_needs_every_data_set(results):
    results.add_dataset("celeba")
    results.add_run("celeba", data="celeba")
    claim = results.decided("fig4", "C9")
    assert claim.verdict == "undecided"
    assert claim.value > 0


# --- C16: Figure 21 ---


def test_c16(vaes):
    set_gap(vaes, 4.0)
    claim = vaes.decided("fig21", "C16")
    assert claim.verdict == "holds"
    assert claim.value == pytest.approx(4.0)
    assert all(title in claim.value_text for title in ("GMM", "MAF", "LSTM"))
    set_gap(vaes, 0.2, runs=["cifar10"], models=["maf"])  # within three standard errors
    assert vaes.decided("fig21", "C16").verdict == "undecided"
    set_gap(vaes, 0.2, error=0.01, runs=["cifar10"], models=["maf"])
    assert vaes.decided("fig21", "C16").verdict == "holds"
    set_gap(vaes, 0.01, error=0.01, runs=["cifar10"], models=["maf"])  # the bound is reached
    claim = vaes.decided("fig21", "C16")
    assert claim.verdict == "fails"
    assert claim.value == pytest.approx(0.01)


def test_c16_needs_every_data_set(results):
    results.add_dataset("color_mnist")
    results.add_run("only", data="color_mnist")
    assert results.decided("fig21", "C16").verdict == "undecided"


# --- C17: tables 1 and 2 ---

TABLES = [("table1", 4, 3, 1), ("table2", 5, 4, 2)]  # settings; the noisy one; its counterpart


@pytest.mark.parametrize(("table", "settings", "noisy", "calm"), TABLES)
def test_c17(vaes, table, settings, noisy, calm):
    def set_all(values, **changes):
        for i, value in enumerate(values):
            set_estimate(vaes, value, setting=i, name=table, **changes)

    values = [10.0] * settings
    set_all([*values[:noisy], 30.0])
    claim = vaes.decided(table, "C17")
    assert claim.verdict == "holds"
    assert claim.value == pytest.approx(3.0)
    assert "without noise" in claim.value_text
    assert len(claim.data) == 1  # a table is about one data set
    set_all([*values[:noisy], 20.1])  # right at the threshold of 2
    assert vaes.decided(table, "C17").verdict == "undecided"
    set_all([*values[:noisy], 15.0])  # noise inflates, but the classifiers agree
    assert vaes.decided(table, "C17").verdict == "fails"
    set_all([*values[:noisy], 9.0])  # noise does the opposite
    set_estimate(vaes, 30.0, setting=0, name=table)
    assert vaes.decided(table, "C17").verdict == "fails"
    set_all([*values[:noisy], 10.2])  # noise changes nothing that is beyond the errors
    set_estimate(vaes, 30.0, setting=0, name=table)
    assert vaes.decided(table, "C17").verdict == "undecided"
    set_all([-5.0] * noisy + [-1.0])  # no classifier sees anything
    claim = vaes.decided(table, "C17")
    assert claim.verdict == "undecided"
    assert claim.value is None
    set_all([-5.0] * noisy + [50.0])  # disagreement even in the sign
    assert vaes.decided(table, "C17").verdict == "holds"
    assert noisy != calm


@pytest.mark.parametrize(("table", "settings", "noisy", "calm"), TABLES)
def test_c17_needs_noise_with_and_without(vaes, table, settings, noisy, calm):
    def drop(*left_out):
        name = f"density_ratio/{table}.json"
        vaes.change_json(
            name,
            lambda content: {
                "estimates": [e for i, e in enumerate(content["estimates"]) if i not in left_out]
            },
        )

    assert vaes.decided(table, "C17").verdict == "holds"
    drop(calm)
    assert vaes.decided(table, "C17").verdict == "undecided"
    drop(noisy - 1)
    assert vaes.decided(table, "C17").verdict != "holds"


def test_c17_needs_its_data_set(results):
    results.add_dataset("mine", builder="own")
    results.add_run("own", data="mine")
    tables = results.tables(figure_module("table1"), data="mine")
    claim = figure_module("table1").claims(tables)[0]
    assert (claim.verdict, claim.value, claim.value_text) == ("undecided", None, "no such runs")


# --- tables in print ---


def test_table1_sets_monte_carlo_above_the_rows_and_the_papers_values_below(vaes, drawn):
    set_estimate(vaes, 12.3456, error=0.04, setting=0, name="table1")
    text = words(drawn("table1", vaes.tables(figure_module("table1"))))
    assert "Monte Carlo 20.00 ± 0.1\u00a0nats" in text
    assert "12.35 ± 0.04" in text
    assert "−7.65" in text  # its error
    assert "2.3, 3.3, 25812.8, 3.1" in text
    assert "settings unknown" in text
    assert settings_with_a_column(text) == ["layers", "penalty", "noise"]  # those that vary
    assert "dropout probability 0" in re.sub(r"\s+", " ", text)


def test_table2_prints_its_own_columns(vaes, drawn):
    text = words(drawn("table2", vaes.tables(figure_module("table2"))))
    assert settings_with_a_column(text) == ["layers", "rate", "noise", "dropout"]
    assert "17.7, 720140.9, 14.8, 18.8, 19.0, 18.0, 18.1" in text


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
    for expected in ("18.00", "20.00 ± 0.1", "15.25 ± 0.02", "11.50 ± 0.3", "16.25 ± 0.3"):
        assert text.count(f"\n{expected}") == 3, expected
    assert "−14,322 ± 0.3" in text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        *[(2.345, "2.35"), (-0.001, "0.00"), (256.66, "256.7"), (-25812.8, "−25,813")],
        *[(720140.9, "720,141"), (-7.2e8, "−7.20e+08")],
    ],
)
def test_numbers_of_every_size(value, text):
    assert tables_of.number(value) == text


@pytest.mark.parametrize(("error", "text"), [(0.0312, "0.03"), (2.34, "2.3"), (1234.5, "1,234")])
def test_errors_of_every_size(error, text):
    assert tables_of.with_error(10.0, error) == f"10.00 ± {text}"


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


def test_figure_21_names_held_out_values_that_are_far_below(vaes, drawn):
    def panels():
        figure = drawn("fig21", vaes.tables(figure_module("fig21")))
        return figure, [axes for axes in figure.axes if axes.lines and axes.texts]

    figure, before = panels()
    assert "held-out far below" not in words(figure)
    change = {"heldout": -98765.0}
    vaes.change_json("density_models/gmm.json", lambda old: {**old, **change}, ["celeba"])
    vaes.change_csv(
        "density_models/gmm.csv", lambda t: t.assign(heldout_log_r=-98765.0), ["celeba"]
    )
    figure, after = panels()
    assert re.sub(r"\s+", " ", words(figure)).count("held-out far below: GMM −98,765") == 1
    heights = [axes.get_ylim()[0] for axes in after]
    assert min(heights) > -200
    assert math.isclose(heights[0], before[0].get_ylim()[0])


def test_figure_21_leaves_out_a_bad_start(vaes, drawn):
    vaes.change_csv(
        "density_models/maf.csv",
        lambda t: t.assign(log_r=[-1e5, *t["log_r"].iloc[1:]]),
        ["color_mnist"],
    )
    figure = drawn("fig21", vaes.tables(figure_module("fig21")))
    assert min(axes.get_ylim()[0] for axes in figure.axes if axes.lines) > -200


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
