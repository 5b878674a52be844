"""C11 and C12 follow their tables."""

import numpy as np
import pytest


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
