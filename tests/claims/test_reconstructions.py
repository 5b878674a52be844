"""C20 and C21 follow their tables."""

import numpy as np
import pytest

KINDS = ("color_mnist", "celeba", "cifar10")


# --- C20: Figure 24 ---


def set_quality(results, model, datasets=KINDS, **numbers):
    for dataset in datasets:
        names = [n for n in results.runs if n.startswith(f"{dataset}-{model}-")]
        factors = iter(np.tile([0.995, 1.005], 20))

        def change(quality, factors=factors):
            factor = next(factors)
            return {**quality, **{key: value * factor for key, value in numbers.items()}}

        results.change_json("quality.json", change, names)


@pytest.mark.parametrize(
    ("error", "distance", "verdict"),
    [
        (2.0, 2.0, "holds"),
        (0.5, 2.0, "fails"),  # reconstructs better
        (2.0, 0.5, "fails"),  # samples better
        (1.0, 2.0, "undecided"),
        (2.0, 1.0, "undecided"),
    ],
)
def test_c20(results, error, distance, verdict):
    results.compare(("vae", "avb"))
    set_quality(results, "vae", reconstruction_mse=0.1)
    set_quality(results, "avb", reconstruction_mse=0.1 * error)
    results.set_score("critic", 5.0, ["vae"])
    results.set_score("critic", 5.0 * distance, ["avb"])
    claim = results.decided("fig24", "C20")
    assert claim.verdict == verdict
    assert claim.value == pytest.approx(error, rel=0.01)


def test_c20_needs_avb_itself_and_two_seeds(results):
    results.compare(("vae", "avb_ac"))
    for model, factor in (("vae", 1), ("avb_ac", 2), ("avb", 2)):
        set_quality(results, model, reconstruction_mse=0.1 * factor)
        results.set_score("critic", 5.0 * factor, [model])
    assert results.decided("fig24", "C20").verdict == "undecided"


def test_c20_is_open_with_one_seed(results):
    results.compare(("vae", "avb"), seeds=(0,))
    for model, factor in (("vae", 1), ("avb", 2)):
        set_quality(results, model, reconstruction_mse=0.1 * factor)
        results.set_score("critic", 5.0 * factor, [model])
    assert results.decided("fig24", "C20").verdict == "undecided"


# --- C21: Figures 25 and 26 ---


@pytest.mark.parametrize(("figure", "dataset"), [("fig25", "celeba"), ("fig26", "cifar10")])
@pytest.mark.parametrize(
    ("ratio", "verdict"),
    [(1.5, "holds"), (1.1, "undecided"), (0.9, "fails"), (3.0, "undecided")],  # the last is noise
)
def test_c21(results, figure, dataset, ratio, verdict):
    results.compare(("vae", "vgh_plus_plus"), [dataset])
    set_quality(results, "vae", [dataset], sharpness_reconstructions=0.03)
    set_quality(results, "vgh_plus_plus", [dataset], sharpness_reconstructions=0.03 * ratio)
    set_quality(results, "vae", [dataset], sharpness_originals=0.06)
    claim = results.decided(figure, "C21")
    assert claim.verdict == verdict
    assert claim.value == pytest.approx(ratio, rel=0.01)
    assert "of the originals' sharpness" in claim.value_text


def test_c21_needs_both_models(results):
    results.compare(("vae",), ["celeba"])
    claim = results.decided("fig25", "C21")
    assert (claim.verdict, claim.value) == ("undecided", None)
