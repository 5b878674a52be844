"""C11 and C24 follow their tables."""

import numpy as np
import pytest


def large(results, at=(100, 1000)):
    results.add_dataset("color_mnist")
    results.add_large(("color_mnist",), at)


def with_model(results, model):
    return [name for name in results.runs if f"-{model}-" in name]


# --- C11: Figure 6 ---


def set_profile(results, model, active, variance, runs=None):
    """A share of active units, all with this posterior variance."""

    def change(table):
        nats = np.where(np.arange(len(table)) < active * len(table), 1.0, 0.02)
        return table.assign(kl=nats, mean_variance=variance)

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


def test_c11_a_mean_that_moves_a_little_under_wide_noise_is_not_active(results):
    """Variance of the mean 0.02 under a variance of 0.98 is 0.01 nats: it tells nothing."""
    large(results)

    def change(table):
        few = table["unit"] < 10
        return table.assign(variance_of_means=0.02, mean_variance=0.98, kl=np.where(few, 3, 0.0101))

    results.change_csv("profile.csv", change, with_model(results, "vae"))
    claim = results.decided("fig6", "C11")
    assert "VAE, d = 1,000: 1.0% active" in claim.value_text
    assert claim.verdict == "holds"
    results.change_csv(
        "profile.csv", lambda table: table.assign(kl=0.0101), ["color_mnist-vae-large-d1000"]
    )
    assert results.decided("fig6", "C11").verdict == "undecided"  # no code at all


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


# --- C24: Figure 6 ---


def set_range(results, model, sd, mean=0.0):
    results.change_csv(
        "profile.csv",
        lambda table: table.assign(mean_of_means=mean, variance_of_means=sd**2),
        with_model(results, model),
    )


@pytest.mark.parametrize(("ratio", "verdict"), [(5.0, "holds"), (3.0, "undecided"), (0.9, "fails")])
def test_c24(results, ratio, verdict):
    large(results)
    set_range(results, "vae", 0.2)
    set_range(results, "aae", 0.2 * ratio)
    claim = results.decided("fig6", "C24")
    assert (claim.verdict, claim.seeds) == (verdict, 1)
    assert claim.value == pytest.approx(ratio)


def test_c24_counts_means_far_from_the_prior_mean(results):
    large(results)
    set_range(results, "vae", 0.2)
    set_range(results, "aae", 0.0, mean=1.0)
    assert results.decided("fig6", "C24").verdict == "holds"


def test_c24_decides_nothing_between_unequal_budgets(results):
    large(results)
    set_range(results, "vae", 0.2)
    set_range(results, "aae", 1.0)
    vaes = with_model(results, "vae")
    results.change_json("run.json", lambda run: {**run, "iterations": 400, "width": 32}, vaes)
    claim = results.decided("fig6", "C24")
    assert claim.verdict == "undecided"
    assert "unequal budgets (steps × width)" in claim.value_text
    assert "VAE 400\u00a0×\u00a032" in claim.value_text
