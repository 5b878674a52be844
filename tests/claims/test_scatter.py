"""C7 follows its tables."""

import re

import numpy as np
import pandas as pd
import pytest
from example_study import fill

from dmvi import files


def choose(results, rule, runs=None, seeds=None):
    """Makes the latents that a rule picks from the prior draws the low-posterior ones."""
    for path in results._paths("low_posterior/draws.npy", runs, seeds):
        draws = np.load(path)
        files.write_array(path.with_name("latents.npy"), draws[rule(draws)])


def of_large_norm(draws):
    return np.argsort(-np.linalg.norm(draws, axis=1))[:64]


def in_a_half_space(draws):
    return np.flatnonzero(draws[:, 0] > 0)[:64]


def in_two_clusters(draws):
    return np.argsort(-abs(draws[:, 0]))[:64]


@pytest.mark.parametrize(("figure", "run"), [("fig3", "color_mnist"), ("fig15", "celeba")])
def test_c7(results, figure, run):
    # One in twenty sets of scattered draws lies beyond 1.96 standard deviations; those of these seeds do
    # not.
    fill(results, seeds=(5, 6))
    choose(results, of_large_norm)
    claim = results.decided(figure, "C7")
    assert claim.verdict == "holds"
    assert abs(claim.value) < 0.3
    choose(results, in_a_half_space, [f"{run}-gaussian"])
    claim = results.decided(figure, "C7")
    assert claim.verdict == "fails"
    assert claim.value == pytest.approx(1, abs=0.3)
    choose(results, in_two_clusters, [f"{run}-gaussian"])
    assert results.decided(figure, "C7").verdict == "fails"
    choose(results, of_large_norm, [f"{run}-gaussian"], seeds=[5])
    assert results.decided(figure, "C7").verdict == "undecided"


def test_c7_says_which_data_set_fails(results):
    fill(results, seeds=(0,))
    choose(results, of_large_norm)
    choose(results, in_a_half_space, ["celeba-gaussian"])
    claim = results.decided("fig15", "C7")
    assert claim.verdicts == {"CelebA (10k subset)": "fails", "CIFAR-10": "holds"}
    assert claim.seeds == 1


def test_few_latents_decide_nothing(results):
    fill(results)
    choose(results, lambda draws: of_large_norm(draws)[:5])
    claim = results.decided("fig3", "C7")
    assert (claim.verdict, claim.value) == ("undecided", None)


def test_c7_says_how_widely_the_latents_lie_in_the_map(results):
    """Decides nothing: a map of latents on one side may well be as wide as that of the prior."""
    fill(results, seeds=(0,))
    choose(results, in_a_half_space)
    for path in results._paths("low_posterior/embedding.csv", None, None):
        table = pd.read_csv(path)
        prior = table.loc[table["group"] == "prior", ["x", "y"]]
        low = prior.sample(
            len(table[table["group"] == "low_posterior"]), replace=True, random_state=0
        )
        table.loc[table["group"] == "low_posterior", ["x", "y"]] = 0.1 * low.to_numpy() + 3
        table.to_csv(path, index=False)
    claim = results.decided("fig3", "C7")
    words = re.search(r"in the t-SNE map ColorMNIST.*? ([\d.]+) times as wide", claim.value_text)
    assert float(words[1]) == pytest.approx(0.1, abs=0.03)
    assert claim.verdict == "fails"
