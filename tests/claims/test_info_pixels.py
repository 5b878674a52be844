"""D8 follows its tables."""

import pandas as pd
import pytest


def set_pixels(results, run, information, error):
    """Gives a run's seeds this mutual information and probe error, 1 % apart."""
    for i, seed in enumerate(results.runs[run]):
        scale = 1 + 0.01 * (i - 1)
        change = {"mutual_information": information * scale}
        results.change_json("kl.json", lambda kl, change=change: {**kl, **change}, [run], [seed])

        def probes(codes, scale=scale):
            return {**codes, "probes": [{**p, "mean": error * scale} for p in codes["probes"]]}

        results.change_json("codes.json", probes, [run], [seed])


@pytest.fixture
def pixels(results):
    results.add_pixels()
    return results


def decided(results):
    return results.decided("fig35", "D8")


def test_holds_where_the_elbo_ignores_the_latent_and_infovae_uses_it(pixels):
    found = decided(pixels)
    assert (found.verdict, found.source, found.seeds) == ("holds", "infovae", 3)
    assert found.value == pytest.approx(5.0 - 0.2)


@pytest.mark.parametrize(
    ("run", "information", "error"),
    [("elbo", 3.0, 0.8), ("info", 0.5, 0.1), ("info", 5.0, 0.9)],
)
def test_fails_where_one_of_the_three_is_clearly_against(pixels, run, information, error):
    set_pixels(pixels, run, information, error)
    assert decided(pixels).verdict == "fails"


def test_it_is_not_asked_while_the_elbo_moves(pixels):
    """A decoder learns to do without the latent late: a short training cannot refute the claim."""
    set_pixels(pixels, "elbo", 3.0, 0.8)
    assert decided(pixels).verdict == "fails"
    path = pixels.path("elbo", 1, "bound.csv")
    curve = pd.read_csv(path)
    curve.assign(bound=-200.0 + 0.01 * curve["step"]).to_csv(path, index=False)
    found = decided(pixels)
    assert found.verdict == "undecided"
    assert found.value_text.endswith("; the ELBO still moves on MNIST")
    curve.iloc[-4:].to_csv(path, index=False)  # too few measurements to say so
    assert decided(pixels).verdict == "undecided"


def test_one_seed_a_missing_side_and_missing_probes_leave_it_open(results):
    results.add_pixels(seeds=(0,))
    assert decided(results).verdict == "undecided"
    results.add_pixels()
    results.change_json("codes.json", lambda codes: {**codes, "probes": []}, ["info"])
    assert decided(results).verdict == "undecided"
    set_pixels(results, "info", 0.5, 0.1)  # what is known may still refute it
    assert decided(results).verdict == "fails"
    results.change_json("run.json", lambda run: {**run, "lambda": 5.0}, ["elbo"])
    found = decided(results)
    assert (found.verdict, found.value) == ("undecided", None)
