"""How many modes of a mixture of Gaussians do DCGAN and VEEGAN find?

    PYTHONPATH=src OMP_NUM_THREADS=1 python benchmarks/modes.py --output OUTPUT

OUTPUT is results/reference/modes for the committed one. The data are points in the square [-1, 1]^2, from
eight Gaussians on a ring or 25 on a grid. Each point is an image of one pixel with two channels, so that
models, losses, players and updates are those of any study. Their networks are not: all models get plain
perceptrons of the same size (`plain`), because with a study's networks of points, of small initial weights,
DCGAN finds no more of the grid than even scatter does, and losses cannot be told apart. VEEGAN is tried as
it is and with `code_noise: 1.0` (its data pair is then a sample of N(F(x), I), as in Algorithm 1 of
Srivastava et al., 2017). All players of all models have the same rate. Even scatter over the square says
what counts are worth. Writes modes.csv (a row for each case and seed), modes.md and modes.png.
"""

import argparse
from dataclasses import dataclass
from pathlib import Path

import common
import pandas as pd
import torch
from torch import Tensor, nn

from dmvi import files
from dmvi.data.images import from_signed, to_signed
from dmvi.models import make_model
from dmvi.models.model import EncodingModel, Model
from dmvi.training.engine import make_optimizers
from dmvi.training.iteration import Iteration

RADII = 3  # standard deviations from its mode within which a sample is good
FOUND = 0.002  # share of the samples that a mode needs within that distance
SAMPLES = 2500
BATCH = 128
RATE = 1e-3  # of every player
UNITS = 128  # of each of the two hidden layers
LATENTS = 2
SCATTER = "even scatter"

# Case -> model, its options.
CASES = {
    "DCGAN": ("dcgan", {}),
    "VEEGAN": ("veegan", {}),
    "VEEGAN, F(x) + N(0, I)": ("veegan", {"code_noise": 1.0}),
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


def perceptron(inputs: int, outputs: int) -> nn.Sequential:
    """Two hidden layers with ReLU, initialised as torch does by itself."""
    return nn.Sequential(
        nn.Flatten(),
        *(nn.Linear(inputs, UNITS), nn.ReLU(), nn.Linear(UNITS, UNITS), nn.ReLU()),
        nn.Linear(UNITS, outputs),
    )


class PlainDiscriminator(nn.Module):
    """Points, or pairs of points and latents put together, to one logit each: -> (B,)."""

    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.layers = perceptron(inputs, 1)

    def forward(self, x: Tensor, *z: Tensor) -> Tensor:
        return self.layers(torch.cat([x.flatten(1), *z], 1)).flatten()


def plain(name: str, options: dict) -> Model:
    """A model on points, (2, 1, 1), each of whose networks is such a perceptron."""
    spec = common.spec_of(name, latent_dim=LATENTS, batch_size=BATCH, **options)
    model = make_model(spec, (1, 1, 2))
    model.generator = nn.Sequential(perceptron(LATENTS, 2), nn.Unflatten(1, (2, 1, 1)))
    pairs = isinstance(model, EncodingModel)
    if pairs:
        model.encoder = perceptron(2, model.posterior.num_parameters)
    model.discriminator = PlainDiscriminator(2 + LATENTS * pairs)
    return model


def train(data: str, case: str, seed: int, iterations: int) -> Tensor:
    """The case's samples after its training, (SAMPLES, 2) in [-1, 1]^2."""
    torch.manual_seed(seed)
    model = plain(*CASES[case])
    players = model.players()
    optimizers = make_optimizers(players, model.spec | {"learning_rate": RATE})
    iterate = Iteration(players, optimizers, Points(data, seed), model.spec["precision"])
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
        f"{table['seed'].nunique()} seed(s), {iterations:,} iterations of {BATCH} points, {LATENTS} latents, "
        f"Adam (0.5, 0.9) at {RATE:g} for discriminator, generator and encoder alike. "
        "Every network of every model is a plain perceptron, none of a study's: two hidden layers of "
        f"{UNITS} units with ReLU, no normalisation, torch's own initial weights; VEEGAN's discriminator "
        "takes point and latent put together. Losses, players and updates are a study's. "
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

    figure, panels = plt.subplots(len(DATA), len(CASES), figsize=(7, 4.9), layout="constrained")
    for row, data in zip(panels, DATA, strict=True):
        modes = DATA[data].modes
        for axes, case in zip(row, CASES, strict=True):
            axes.scatter(*modes.T, s=30, color="#e69f00", alpha=0.6)
            axes.scatter(*samples[data, case].T, s=1, color="#0072b2", alpha=0.6)
            axes.set(xlim=(-1.05, 1.05), ylim=(-1.05, 1.05), aspect="equal", xticks=[], yticks=[])
        row[0].set_ylabel(data)
    for axes, case in zip(panels[0], CASES, strict=True):
        axes.set_title(case, fontsize=9)
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
