"""The experiment that counts the modes that DCGAN and VEEGAN find (`benchmarks/modes.py`)."""

import math
import sys
from pathlib import Path

import pandas as pd
import pytest
import torch

REPOSITORY = Path(__file__).parents[2]
sys.path.insert(0, str(REPOSITORY / "benchmarks"))

import modes  # noqa: E402


@pytest.mark.parametrize("data", modes.DATA)
def test_the_data_have_all_modes_and_the_share_within_three_deviations(data):
    mixture = modes.DATA[data]
    found, good = modes.count(modes.Points(data, 0).draw(20_000), mixture)
    assert found == len(mixture.modes) == int(data.split()[-1])
    # |x - mode|^2 / sd^2 is chi-squared with 2 degrees of freedom.
    assert good == pytest.approx(1 - math.exp(-(modes.RADII**2) / 2), abs=4e-3)
    # Different Gaussians share no good samples.
    gaps = torch.cdist(mixture.modes, mixture.modes)
    assert gaps[gaps > 0].min() > 2 * modes.RADII * mixture.sd


@pytest.mark.parametrize("data", modes.DATA)
def test_scatter_is_good_as_often_as_the_discs_fill_the_square(data):
    mixture = modes.DATA[data]
    shares = [modes.count(modes.scatter(seed), mixture)[1] for seed in range(40)]
    area = len(mixture.modes) * math.pi * (modes.RADII * mixture.sd) ** 2 / 4
    assert sum(shares) / 40 == pytest.approx(area, rel=0.1)


def test_a_mode_is_found_from_five_samples_of_2500_on():
    mixture = modes.DATA["ring of 8"]
    for inside, found in ((4, 0), (5, 1)):
        samples = torch.zeros(modes.SAMPLES, 2)
        samples[:inside] = mixture.modes[3] + 0.99 * modes.RADII * torch.tensor([mixture.sd, 0])
        samples[-9:] = mixture.modes[5] + 1.01 * modes.RADII * torch.tensor([0, mixture.sd])
        assert modes.count(samples, mixture) == (found, inside / modes.SAMPLES)


@pytest.mark.parametrize("case", modes.CASES)
def test_every_network_is_a_plain_perceptron_that_its_player_trains(case):
    def size(inputs, outputs):
        units = modes.UNITS
        return (inputs + 1) * units + (units + 1) * units + (units + 1) * outputs

    model = modes.plain(*modes.CASES[case])
    sizes = {
        player.name: sum(parameter.numel() for parameter in player.parameters())
        for player in model.players()
    }
    expected = {"discriminator": size(2, 1), "generator": size(2, 2)}
    if "encoder" in sizes:
        expected |= {"discriminator": size(4, 1), "encoder": size(2, 2)}
    assert sizes == expected
    assert not [m for m in model.modules() if isinstance(m, torch.nn.ELU | torch.nn.BatchNorm1d)]


def test_dcgan_moves_its_samples_to_the_ring():
    ring = modes.DATA["ring of 8"].modes.norm(dim=1)[0]
    first, trained = (
        (modes.train("ring of 8", "DCGAN", 0, iterations).norm(dim=1) - ring).abs().mean()
        for iterations in (1, 1000)
    )
    assert trained < 0.7 * first


def test_every_option_of_a_case_reaches_its_training():
    samples = [modes.train("grid of 25", case, 0, 3) for case in modes.CASES]
    for first in range(len(samples)):
        assert torch.equal(samples[first], modes.train("grid of 25", [*modes.CASES][first], 0, 3))
        for other in samples[:first]:
            assert not torch.equal(samples[first], other)


def test_a_short_run_writes_its_three_files(tmp_path):
    modes.main(["--output", str(tmp_path), "--iterations", "2", "--seeds", "2"])
    rows = pd.read_csv(tmp_path / "modes.csv")
    cases = [*modes.CASES, modes.SCATTER]
    assert [*rows.groupby(["data", "case"], sort=False).groups] == [
        (data, case) for data in modes.DATA for case in cases
    ]
    assert (rows.groupby(["data", "case"])["seed"].apply(list).map(tuple) == (0, 1)).all()
    assert "2 iterations of 128 points" in (tmp_path / "modes.md").read_text()
    assert (tmp_path / "modes.png").stat().st_size > 0


def test_the_committed_table_is_what_its_page_says():
    folder = REPOSITORY / "results/reference/modes"
    rows = pd.read_csv(folder / "modes.csv")
    assert (folder / "modes.md").read_text().startswith(modes.report(rows, 5000).rstrip("\n"))
