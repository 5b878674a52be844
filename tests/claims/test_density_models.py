"""C16 follows its tables."""

import pytest

from dmvi.tables.latent_densities import DENSITY_MODELS


def set_gap(results, gap, error=0.1, runs=None, models=DENSITY_MODELS):
    for model in models:
        results.change_json(
            f"density_models/{model}.json",
            lambda old: {**old, "gap": gap, "gap_standard_error": error},
            runs,
        )


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
