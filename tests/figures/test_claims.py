"""Every claim's verdict follows the tables: it holds, fails and stays open where it should."""

import json
import math

import numpy as np
import pandas as pd
import pytest

from dmvi.claims import decide
from dmvi.claims import ledger as claims
from dmvi.errors import DmviError
from dmvi.figures.base import figure_module

KINDS = ("color_mnist", "celeba", "cifar10")


def fill(results, posteriors=("gaussian",), seeds=(0, 1, 2), datasets=KINDS, **attributes):
    for dataset in datasets:
        results.add_dataset(dataset)
        for posterior in posteriors:
            run = {"data": dataset, "posterior": posterior, **attributes}
            results.add_run(f"{dataset}-{posterior}", seeds=seeds, **run)
    return results


def set_kl(results, value, runs=None, error=0.01, lower=-1.0, seeds=None):
    """Gives runs this KL; `value` may be a function of the old content."""
    change = {"standard_error": error, "lower": lower}

    def new(kl):
        return {**kl, **change, "value": value(kl) if callable(value) else value}

    results.change_json("kl.json", new, runs, seeds)


# --- C1, C2: Figure 1 ---


def test_c1(results):
    fill(results, ("gaussian", "realnvp"))
    set_kl(results, 2.0)
    assert results.decided("fig1", "C1").verdict == "holds"
    assert results.decided("fig1", "C1").value == pytest.approx(2.0)
    set_kl(results, 0.2, ["celeba-realnvp"], error=0.1)  # within three standard errors of 0
    assert results.decided("fig1", "C1").verdict == "undecided"
    set_kl(results, 0.2, ["celeba-realnvp"], error=0.1, lower=0.05)  # but its bound decides
    assert results.decided("fig1", "C1").verdict == "holds"
    set_kl(results, 0.01, ["celeba-realnvp"])
    assert results.decided("fig1", "C1").verdict == "fails"
    set_kl(results, 2.0, ["celeba-realnvp"], seeds=[0])  # seeds disagree
    assert results.decided("fig1", "C1").verdict == "undecided"


def test_c1_needs_every_data_set_and_posterior(results):
    fill(results)
    assert results.decided("fig1", "C1").verdict == "undecided"


def test_c1_ignores_weighted_vaes(results):
    fill(results, ("gaussian", "realnvp"))
    set_kl(results, 2.0)
    results.add_run("beta", data="celeba", model="beta_vae", beta=10.0)
    set_kl(results, 0.0, ["beta"])
    assert len(results.tables(figure_module("fig1")).runs) == 7
    assert results.decided("fig1", "C1").verdict == "holds"


def spread(value):
    """Seeds around a value, 1 % apart."""
    numbers = iter(value * np.tile([0.99, 1.0, 1.01], 10))
    return lambda kl: float(next(numbers))


def test_c2(results):
    fill(results, ("gaussian", "realnvp"))
    flows = [f"{dataset}-realnvp" for dataset in KINDS]
    set_kl(results, spread(10.0))
    assert results.decided("fig1", "C2").verdict == "holds"
    set_kl(results, spread(9.0), flows)  # right at the threshold
    assert results.decided("fig1", "C2").verdict == "undecided"
    set_kl(results, spread(5.0), flows[:1])
    claim = results.decided("fig1", "C2")
    assert claim.verdict == "fails"
    assert claim.value == pytest.approx(0.5)
    assert "clearly against in 1" in claim.value_text


def test_c2_needs_two_seeds(results):
    fill(results, ("gaussian", "realnvp"), seeds=(0,))
    set_kl(results, 10.0)
    claim = results.decided("fig1", "C2")
    assert claim.verdict == "undecided"
    assert claim.spread == "one seed, no spread"


def test_c2_does_not_pair_networks_of_different_width(results):
    fill(results)
    for dataset in KINDS:
        results.add_run(f"{dataset}-flow", data=dataset, posterior="realnvp", width=8)
    claim = results.decided("fig1", "C2")
    assert (claim.verdict, claim.value) == ("undecided", None)


# --- C3, C18: Figure 22 ---


def likelihoods(results, seeds=(0, 1, 2)):
    results.add_dataset("cifar10")
    for likelihood in ("bernoulli", "quantized_normal", "categorical"):
        results.add_run(likelihood, data="cifar10", likelihood=likelihood, seeds=seeds)


def test_c3(results):
    likelihoods(results)
    set_kl(results, spread(40.0))
    assert results.decided("fig22", "C3").verdict == "fails"
    set_kl(results, spread(80.0), ["quantized_normal"])
    assert results.decided("fig22", "C3").verdict == "undecided"
    set_kl(results, spread(230.0), ["quantized_normal"])
    claim = results.decided("fig22", "C3")
    assert claim.verdict == "holds"
    assert claim.value == pytest.approx(5.75)
    assert "256.7" in claim.paper


def test_c3_needs_both_likelihoods(results):
    results.add_dataset("cifar10")
    results.add_run("alone", data="cifar10")
    claim = results.decided("fig22", "C3")
    assert (claim.verdict, claim.value, claim.data) == ("undecided", None, ())


@pytest.mark.parametrize(
    ("error", "distance", "verdict"),
    [
        (0.5, 1.0, "holds"),
        (0.5, 3.0, "holds"),
        (2.0, 1.0, "fails"),  # reconstructs worse
        (0.5, 0.5, "fails"),  # samples better
        (1.0, 1.0, "undecided"),
        (0.5, 0.9, "undecided"),
    ],
)
def test_c18(results, error, distance, verdict):
    likelihoods(results)
    for run, factors in {"bernoulli": (1, 1), "quantized_normal": (error, distance)}.items():
        new_error, new_distance = (spread(0.1 * factor) for factor in factors)

        def change_error(quality, new=new_error):
            return {**quality, "reconstruction_mse": new(0)}

        def change_distance(scores, new=new_distance):
            scores["scores"]["critic"]["value"] = new(0)
            return scores

        results.change_json("quality.json", change_error, [run])
        results.change_json("scores.json", change_distance, [run])
    assert results.decided("fig22", "C18").verdict == verdict


def test_c18_is_open_without_the_critic(results):
    likelihoods(results)
    for run, factor in {"bernoulli": 1, "quantized_normal": 0.5}.items():
        error = spread(0.1 * factor)
        results.change_json(
            "quality.json", lambda q, error=error: {**q, "reconstruction_mse": error(0)}, [run]
        )

    def skip(scores):
        scores["scores"]["critic"] = {"skipped": "there are too few images."}
        return scores

    results.change_json("scores.json", skip, ["bernoulli"])
    claim = results.decided("fig22", "C18")
    assert claim.verdict == "undecided"
    assert "distance ratio unknown" in claim.value_text


# --- C5: Figure 12 ---


def brighten(results, by, runs=None, seeds=None, column=("ink", "near_white")):
    def change(table):
        for name in column:
            low = table["group"] == "low_posterior"
            data = table.loc[table["group"] == "data", name]
            table.loc[low, name] = np.resize(data.to_numpy(), low.sum()) + by
        return table

    results.change_csv("low_posterior/images.csv", change, runs, seeds)


def test_c5(results):
    fill(results)
    brighten(results, 0.3)
    assert results.decided("fig12", "C5").verdict == "holds"
    brighten(results, -0.3, ["celeba-gaussian"])
    assert results.decided("fig12", "C5").verdict == "fails"
    brighten(results, 0.3, ["celeba-gaussian"], seeds=[0])
    assert results.decided("fig12", "C5").verdict == "undecided"


def test_c5_measures_ink_on_digits_and_white_elsewhere(results):
    fill(results)
    brighten(results, 0.3, ["color_mnist-gaussian"], column=["ink"])
    brighten(results, -0.3, ["color_mnist-gaussian"], column=["near_white"])
    others = ["celeba-gaussian", "cifar10-gaussian"]
    brighten(results, 0.3, others, column=["near_white"])
    brighten(results, -0.3, others, column=["ink"])
    assert results.decided("fig12", "C5").verdict == "holds"


def test_c5_is_open_on_few_images_or_one_data_set(results):
    fill(results, datasets=["celeba"])
    brighten(results, 0.3)
    assert results.decided("fig12", "C5").verdict == "undecided"
    fill(results)
    brighten(results, 0.3)

    def few(table):
        return table[(table["group"] != "low_posterior") | (table["index"] < 5)]

    results.change_csv("low_posterior/images.csv", few)
    assert results.decided("fig12", "C5").verdict == "undecided"


# --- C6: Figures 3 and 14 ---


def shift_bounds(results, by, runs=None, column="bound", group="low_posterior", seeds=None):
    """Gives a group the data's values, shifted."""

    def change(table):
        rows = table["group"] == group
        data = table.loc[table["group"] == "data", column].to_numpy()
        table.loc[rows, column] = np.resize(data, rows.sum()) + by
        return table

    results.change_csv("low_posterior/bounds.csv", change, runs, seeds)


def test_c6_on_colormnist(results):
    fill(results)
    shift_bounds(results, -500.0)
    claim = results.decided("fig3", "C6")
    assert claim.verdict == "holds"
    assert claim.value == pytest.approx(1.0)
    shift_bounds(results, 0.0)
    assert results.decided("fig3", "C6").verdict == "fails"
    shift_bounds(results, -500.0, seeds=[1])
    assert results.decided("fig3", "C6").verdict == "undecided"


def test_c6_reversed_elsewhere(results):
    fill(results)
    shift_bounds(results, 500.0)
    assert results.decided("fig14", "C6").verdict == "holds"
    shift_bounds(results, 0.0, ["cifar10-gaussian"])  # an AUC of one half, within its noise
    assert results.decided("fig14", "C6").verdict == "undecided"
    shift_bounds(results, -500.0, ["cifar10-gaussian"])
    assert results.decided("fig14", "C6").verdict == "fails"


def test_c6_reversed_needs_both_data_sets(results):
    fill(results, datasets=["celeba"])
    shift_bounds(results, 500.0)
    assert results.decided("fig14", "C6").verdict == "undecided"


# --- C7: Figures 3 and 15 ---


def set_ranks(results, ranks, runs=None):
    def change(table):
        return table.assign(rank=np.resize(ranks, len(table)))

    results.change_csv("low_posterior/ranks.csv", change, runs)


@pytest.mark.parametrize(("figure", "run"), [("fig3", "color_mnist"), ("fig15", "celeba")])
def test_c7(results, figure, run):
    fill(results)  # 64 of 1,000 draws: scattered latents have a median rank near 10.8
    set_ranks(results, [11])
    claim = results.decided(figure, "C7")
    assert claim.verdict == "holds"
    assert claim.value == pytest.approx(11 / (math.log(2) * 1000 / 64))
    set_ranks(results, [1, 2], [f"{run}-gaussian"])
    assert results.decided(figure, "C7").verdict == "fails"
    set_ranks(results, [1, 11], [f"{run}-gaussian"])
    assert results.decided(figure, "C7").verdict == "undecided"


# --- C8: Figure 13 ---


def test_c8(results):
    fill(results)
    shift_bounds(results, 10.0, column="kl", group="neighbour")
    assert results.decided("fig13", "C8").verdict == "holds"
    shift_bounds(results, 0.0, ["celeba-gaussian"], "kl", "neighbour")
    assert results.decided("fig13", "C8").verdict == "undecided"
    shift_bounds(results, -10.0, ["celeba-gaussian"], "kl", "neighbour")
    assert results.decided("fig13", "C8").verdict == "fails"


def test_c8_counts_every_neighbour_once(results):
    fill(results)
    shift_bounds(results, 10.0, column="kl", group="neighbour")
    results.change_csv("low_posterior/neighbours.csv", lambda table: table.assign(index=3))
    assert results.decided("fig13", "C8").verdict == "undecided"


# --- rules and statistics ---


def test_auc_agrees_with_counting_pairs():
    rng = np.random.default_rng(0)
    x, y = rng.normal(0.5, 1, 40), rng.normal(0, 1, 30)
    x[:5] = y[:5]  # ties count half
    pairs = (x[:, None] > y).mean() + (x[:, None] == y).mean() / 2
    value, width = decide.auc(x, y)
    assert value == pytest.approx(pairs)
    draws = [decide.auc(rng.normal(0.5, 1, 40), rng.normal(0, 1, 30))[0] for _ in range(300)]
    assert width == pytest.approx(2 * np.std(draws), rel=0.3)


def test_auc_of_separate_or_small_groups():
    assert decide.auc(np.arange(20) + 100, np.arange(20)) == (1.0, 1 / 20)
    assert decide.auc(np.arange(5), np.arange(20))[1] == math.inf


def test_ratio_interval_covers():
    rng = np.random.default_rng(0)
    covered = 0
    for _ in range(300):
        value, width = decide.ratio(rng.normal(20, 1, 3), rng.normal(10, 0.5, 3))
        covered += abs(value - 2) < width
    assert 0.9 < covered / 300 <= 1.0


def test_outcomes_combine():
    assert decide.agree([True, True]) is True
    assert decide.agree([True, False]) is None
    assert decide.agree([]) is None
    assert decide.both([True, None, False]) is False
    assert decide.both([True, None]) is None
    assert decide.both([]) is None
    assert decide.verdict([True], {"CelebA"}, ("CelebA",)) == "holds"
    assert decide.verdict([True], {None}, ("CelebA",)) == "undecided"
    assert decide.verdict([True, False], {None}, ("CelebA",)) == "fails"


def test_correlates_agrees_with_scipy():
    from scipy.stats import spearmanr

    rng = np.random.default_rng(0)
    x, y = np.arange(50), rng.normal(size=50).round(1) + np.arange(50) / 20
    value, outcome = decide.correlates(x, y, 0.0)
    assert value == pytest.approx(spearmanr(x, y).statistic)
    assert outcome is True
    assert decide.correlates(x, -y, 0.0)[1] is False
    assert decide.correlates(x, y, value)[1] is None
    assert decide.correlates(x, x, 0.8) == (pytest.approx(1.0), True)
    assert decide.correlates(x[:9], x[:9], 0.8)[1] is None
    assert np.isnan(decide.correlates(x, np.ones(50), 0.8)[0])


def test_most_and_clear():
    assert decide.most([True, True, True, None]) is True
    assert decide.most([True, True, None]) is None
    assert decide.most([False, False, False]) is False
    assert decide.most([]) is None
    assert decide.clear((2.0, 0.1), (1.0, 0.1)) is True
    assert decide.clear((1.0, 0.1), (2.0, 0.1)) is False
    assert decide.clear((1.2, 0.1), (1.0, 0.1)) is None


# --- the ledger ---


def ledger(results, tmp_path, scale):
    results.scale = scale
    files = []
    for figure in ("fig3", "fig14", "fig1"):
        module = figure_module(figure)
        files.append(tmp_path / f"{figure}.json")
        rows = [claim.as_dict() for claim in module.claims(results.tables(module))]
        files[-1].write_text(json.dumps(rows))
    study = {"name": "mine", "scale": scale, "note": "a note"}
    claims.collect(files, tmp_path / "claims.csv", tmp_path / "claims.md", study)
    return pd.read_csv(tmp_path / "claims.csv"), (tmp_path / "claims.md").read_text()


def test_ledger(results, tmp_path):
    fill(results, ("gaussian", "realnvp"))
    table, text = ledger(results, tmp_path, "demo")
    assert list(table["id"] + table["figure"]) == [
        "C1fig1",
        "C2fig1",
        "C6fig3",
        "C6fig14",
        "C7fig3",
    ]
    lines = [line for line in text.splitlines() if line.startswith("| C")]
    assert len(lines) == 5
    assert "(demo scale, partly stand-in data)" in lines[0]
    assert "(demo scale, on stand-in data)" in lines[2]
    assert lines[3].count("stand-in") == 0
    assert "says nothing about the paper" in text
    assert "In this study: a note." in text
    assert len({line.count("|") for line in lines}) == 1
    _, text = ledger(results, tmp_path, "paper")
    assert "demo" not in text


def test_ledger_refuses_what_it_cannot_read(tmp_path):
    outputs = (tmp_path / "claims.csv", tmp_path / "claims.md", {"name": "x", "scale": "demo"})
    with pytest.raises(DmviError, match="draw its figure first"):
        claims.collect([tmp_path / "fig1.json"], *outputs)
    (tmp_path / "fig1.json").write_text('[{"id": "C1"}]')
    with pytest.raises(DmviError, match="not a figure's list of claims"):
        claims.collect([tmp_path / "fig1.json"], *outputs)
