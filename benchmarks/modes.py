"""How many modes of a mixture of Gaussians do DCGAN and VEEGAN find?

    PYTHONPATH=src OMP_NUM_THREADS=1 python benchmarks/modes.py --output OUTPUT

OUTPUT is results/reference/modes for the committed one. The data are points in the square [-1, 1]^2, from
eight Gaussians on a ring or 25 on a grid. Each point is an image of one pixel with two channels, so that
models, losses, players and updates are those of any study, on its networks of points
(`dmvi.networks.points`). VEEGAN is tried as it is, with `code_noise: 1.0` (its data pair is then a sample of
N(F(x), I), as in Algorithm 1 of Srivastava et al., 2017), and each with a discriminator of a tenth of the
others' learning rate. Even scatter over the square says what counts are worth. Writes modes.csv (a row for
each case and seed), modes.md and modes.png.
"""

import argparse
from dataclasses import dataclass
from pathlib import Path

import common
import pandas as pd
import torch
from torch import Tensor

from dmvi import files
from dmvi.data.images import from_signed, to_signed
from dmvi.models import make_model
from dmvi.training.engine import make_optimizers
from dmvi.training.iteration import Iteration

RADII = 3  # standard deviations from its mode within which a sample is good
FOUND = 0.002  # share of the samples that a mode needs within that distance
SAMPLES = 2500
BATCH = 128
RATE, SLOW = 1e-3, 1e-4
WIDTH = 16  # hidden layers of 8 x 16 units
SCATTER = "even scatter"

# Case -> model, its options, the discriminator's learning rate.
CASES = {
    "DCGAN": ("dcgan", {}, RATE),
    "VEEGAN": ("veegan", {}, RATE),
    "VEEGAN, slow D": ("veegan", {}, SLOW),
    "VEEGAN, F(x) + N(0, I)": ("veegan", {"code_noise": 1.0}, RATE),
    "VEEGAN, F(x) + N(0, I), slow D": ("veegan", {"code_noise": 1.0}, SLOW),
}


@dataclass(frozen=True)
class Mixture:
    """Equally weighted Gaussians with means `modes`, (number, 2), and covariance sd^2 I."""

    modes: Tensor
    sd: float


def _mixtures() -> dict[str, Mixture]:
    angles = torch.arange(8) * (torch.pi / 4)
    ring = torch.stack([angles.cos(), angles.sin()], 1)
    side = torch.linspace(-4, 4, 5)
    # A ring of radius 1 and a grid from -4 to 4, shrunk so that tanh reaches what lies around them too.
    return {
        "ring of 8": Mixture(0.8 * ring, 0.8 * 0.01),
        "grid of 25": Mixture(0.2 * torch.cartesian_prod(side, side), 0.2 * 0.05),
    }


DATA = _mixtures()


class Points:
    """Endless fresh batches of the mixture, as images (B, 2, 1, 1) in [0, 1]."""

    device = torch.device("cpu")

    def __init__(self, data: str, seed: int) -> None:
        self.mixture = DATA[data]
        self.generator = torch.Generator().manual_seed(seed)

    def draw(self, count: int) -> Tensor:
        """(count, 2), in [-1, 1]^2."""
        modes, sd = self.mixture.modes, self.mixture.sd
        which = torch.randint(len(modes), (count,), generator=self.generator)
        return modes[which] + sd * torch.randn(count, 2, generator=self.generator)

    def next(self) -> Tensor:
        return from_signed(self.draw(BATCH))[:, :, None, None]


def train(data: str, case: str, seed: int, iterations: int) -> Tensor:
    """The case's samples after its training, (SAMPLES, 2) in [-1, 1]^2."""
    name, options, slow = CASES[case]
    torch.manual_seed(seed)
    spec = common.spec_of(name, latent_dim=2, width=WIDTH, batch_size=BATCH, **options)
    model = make_model(spec, (1, 1, 2))
    players = model.players()
    rates = {player.name: RATE for player in players} | {"discriminator": slow}
    optimizers = make_optimizers(players, spec | {"learning_rate": rates})
    iterate = Iteration(players, optimizers, Points(data, seed), spec["precision"])
    model.train()
    for _ in range(iterations):
        terms = iterate()
    if not all(value.isfinite() for value in terms.values()):
        raise FloatingPointError(f"{data}, {case}, seed {seed}: {terms}")
    model.eval()
    with torch.no_grad():
        return to_signed(model.decode(model.sample_prior(torch.empty(SAMPLES)))).flatten(1)


def scatter(seed: int) -> Tensor:
    """Samples without any learning: uniform on [-1, 1]^2, (SAMPLES, 2)."""
    return 2 * torch.rand(SAMPLES, 2, generator=torch.Generator().manual_seed(seed)) - 1


def count(samples: Tensor, mixture: Mixture) -> tuple[int, float]:
    """(modes found, share of good samples) of samples, (n, 2)."""
    near = torch.cdist(samples, mixture.modes) <= RADII * mixture.sd
    found = near.double().mean(0) >= FOUND
    return int(found.sum()), float(near.any(1).double().mean())


def report(table: pd.DataFrame, iterations: int) -> str:
    """modes.md."""
    spread = " and ".join(f"{mixture.sd:g} ({data})" for data, mixture in DATA.items())
    lines = [
        "# Modes that DCGAN and VEEGAN find",
        "",
        f"{table['seed'].nunique()} seed(s), {iterations:,} iterations of {BATCH} points, 2 latents, the "
        f"networks of points (`networks/points.py`) with two layers of {8 * WIDTH} units, Adam (0.5, 0.9) at "
        f"{RATE:g} (slow D: its rate is {SLOW:g}). "
        f"The Gaussians lie in the square [-1, 1] x [-1, 1], with standard deviations of {spread}. A mode is "
        f"found if {FOUND:.1%} of {SAMPLES:,} samples lie within {RADII} standard deviations of it; such "
        "samples are good. Even scatter over the square is what no learning gives. `modes.csv` holds the "
        "numbers, `modes.png` the first seed's samples. Made by `PYTHONPATH=src OMP_NUM_THREADS=1 python "
        "benchmarks/modes.py --output results/reference/modes`.",
        "",
        "| data | model | modes found, by seed | good samples, by seed |",
        "|---|---|---|---|",
    ]
    for (data, case), rows in table.groupby(["data", "case"], sort=False):
        found = ", ".join(str(value) for value in rows["modes"])
        good = ", ".join(f"{value:.1%}" for value in rows["good"])
        lines.append(f"| {data} | {case} | {found} | {good} |")
    return "\n".join(lines) + "\n"


def picture(samples: dict[tuple[str, str], Tensor], path: Path) -> None:
    """modes.png: samples over the modes, a row per data set and a column per case."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, panels = plt.subplots(len(DATA), len(CASES), figsize=(11, 4.9), layout="constrained")
    for row, data in zip(panels, DATA, strict=True):
        modes = DATA[data].modes
        for axes, case in zip(row, CASES, strict=True):
            axes.scatter(*modes.T, s=30, color="#e69f00", alpha=0.6)
            axes.scatter(*samples[data, case].T, s=1, color="#0072b2", alpha=0.6)
            axes.set(xlim=(-1.05, 1.05), ylim=(-1.05, 1.05), aspect="equal", xticks=[], yticks=[])
        row[0].set_ylabel(data)
    for axes, case in zip(panels[0], CASES, strict=True):
        axes.set_title(case.replace(", ", ",\n", 1).replace("), slow", "),\nslow"), fontsize=9)
    figure.savefig(path, dpi=100, metadata={"Software": None})


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, required=True, help="folder")
    parser.add_argument("--iterations", type=int, default=5000)
    parser.add_argument("--seeds", type=int, default=3)
    a = parser.parse_args(arguments)
    a.output.mkdir(parents=True, exist_ok=True)
    rows: list[dict] = []
    drawn: dict[tuple[str, str], Tensor] = {}
    for data in DATA:
        for case in (*CASES, SCATTER):
            for seed in range(a.seeds):
                learnt = case != SCATTER
                samples = train(data, case, seed, a.iterations) if learnt else scatter(seed)
                if learnt and seed == 0:
                    drawn[data, case] = samples
                modes, good = count(samples, DATA[data])
                rows.append(
                    {"data": data, "case": case, "seed": seed, "modes": modes, "good": good}
                )
                print(f"{data}, {case}, seed {seed}: {modes} modes, {good:.1%} good", flush=True)
    table = pd.DataFrame(rows)
    files.write_csv(a.output / "modes.csv", table)
    (a.output / "modes.md").write_text(report(table, a.iterations), encoding="utf-8")
    picture(drawn, a.output / "modes.png")
    print(common.machine())


if __name__ == "__main__":
    main()
