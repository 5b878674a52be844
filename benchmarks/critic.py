"""Can the independent critic be believed: from which step on, on how many images, and in which order?

    PYTHONPATH=src OMP_NUM_THREADS=1 python benchmarks/critic.py --dataset DATASET --output OUTPUT

OUTPUT is results/reference/critic for the committed one, DATASET the folder of the real CIFAR-10 that
`prepare-data` wrote, such as a study's results/data/cifar10.

CIFAR-10's validation images against its training images, as they are and spoilt in four ways at five
strengths each (`SPOILT`): blurred, noised, subsampled (fewer pixels) and repeated (fewer different
images). The held-out value must grow with the strength. Two critics are trained for longer, and one on
fewer images, to see when the value settles and when a critic begins to learn its half by heart. Writes
critic.csv (a row for each critic and step), critic.md and critic.png. With the study's own critic on a
GPU: `--width 64 --steps 20000 --learning-rate 1e-4 --device cuda`.
"""

import argparse
from pathlib import Path

import common
import numpy as np
import pandas as pd
import torch
from scipy.ndimage import gaussian_filter

from dmvi import files
from dmvi.data.dataset import open_dataset
from dmvi.scores.functions.critic import critic_distance

# Way of spoiling -> its unit, and five strengths that rise.
SPOILT = {
    "blurred": ("sd of a Gaussian filter, pixels", (0.5, 0.75, 1.0, 1.5, 2.5)),
    "noised": ("sd of the noise, grey levels of 255", (5, 10, 20, 30, 50)),
    "subsampled": ("pixels of the side that are left, of 32", (16, 8, 4, 2, 1)),
    "repeated": ("different images", (1250, 300, 75, 20, 5)),
}
MARKS = (50, 100, 200, 300, 400, 600, 800, 1000, 1250, 1500, 2000, 3000, 4000, 6000, 8000, 10_000)
MARKS += (15_000, 20_000)
SETTLED = 0.1  # of the last held-out value, within which a value stays from its settling on
LONGER = 4  # times as many steps, of the critics that are trained for longer
FEWER = 5  # times fewer images


def spoil(images: np.ndarray, way: str, strength: float, seed: int = 0) -> np.ndarray:
    """uint8 (n, H, W, C), the same number of images."""
    rng = np.random.default_rng(seed)
    if way == "blurred":
        return (
            gaussian_filter(images.astype(np.float32), (0, strength, strength, 0))
            .round()
            .astype(np.uint8)
        )
    if way == "noised":
        noisy = images + rng.normal(0, strength, images.shape)
        return noisy.round().clip(0, 255).astype(np.uint8)
    if way == "subsampled":
        x = torch.from_numpy(images).permute(0, 3, 1, 2).float()
        small = torch.nn.functional.interpolate(x, size=int(strength), mode="area")
        large = torch.nn.functional.interpolate(small, size=images.shape[1], mode="nearest")
        return large.round().byte().permute(0, 2, 3, 1).numpy()
    if way == "repeated":
        chosen = rng.permutation(len(images))[: int(strength)]
        return images[chosen[rng.integers(len(chosen), size=len(images))]]
    raise ValueError(way)


def follow(real, fake, steps: int, seeds: int, settings: dict, **words) -> list[dict]:
    """Rows of one case: step and seed, values of the training and of the held-out halves."""
    along: dict[int, list] = {step: [] for step in MARKS if step <= steps}
    critic_distance(
        real, fake, steps=steps, seeds=range(seeds), along=along, log=lambda _: None, **settings
    )
    return [
        {
            **words,
            "n": len(real),
            "seed": seed,
            "step": step,
            "trained_on": pair[0],
            "held_out": pair[1],
        }
        for step, pairs in along.items()
        for seed, pair in enumerate(pairs)
    ]


def settled(rows: pd.DataFrame) -> int | None:
    """The first step from which the held-out value stays within `SETTLED` of the last one."""
    values = rows.groupby("step")["held_out"].mean()
    outside = values.index[(values - values.iloc[-1]).abs() > SETTLED * abs(values.iloc[-1])]
    later = values.index[values.index > outside.max()] if len(outside) else values.index
    return int(later[0]) if len(later) > 1 else None  # the last value alone shows nothing


def ordered_from(rows: pd.DataFrame) -> int | None:
    """The first step from which the five strengths come out in order, at every later one too."""
    steps = sorted(rows["step"].unique())
    found = None
    for step in reversed(steps):
        values = rows[rows["step"] == step].groupby("rank")["held_out"].mean()
        if not values.is_monotonic_increasing:
            break
        found = int(step)
    return found


def report(table: pd.DataFrame, settings: dict, steps: int) -> str:
    """critic.md."""
    main = table[table["case"] == "spoilt"]
    base = table[(table["case"] == "as they are") & (table["step"] <= steps)]
    floor = base[base["step"] == base["step"].max()]["held_out"].mean()
    lines = [
        "# Can the critic be believed?",
        "",
        f"CIFAR-10: {main['n'].iloc[0]:,} validation images against as many training images, which are "
        f"spoilt in four ways at five strengths. {table['seed'].nunique()} seed(s), {steps:,} steps, width "
        f"{settings['width']}, batches of {settings['batch_size']}, Adam at "
        f"{settings['learning_rate']:g}, penalty {settings['penalty']:g}: half of the images trains the "
        "critic, half is held out. Values: Wasserstein-1 in the L2 norm of pixels in [-1, 1], on the "
        f"held-out half. Training images as they are: {floor:.3f}. `critic.csv` holds all steps, "
        "`critic.png` draws them. Made by `benchmarks/critic.py`.",
        "",
        "| training images are | strength | held out, by rising strength | in order | from step | "
        "settled from step |",
        "|---|---|---|---|---|---|",
    ]
    for way, (unit, strengths) in SPOILT.items():
        own = main[main["way"] == way]
        last = own[own["step"] == own["step"].max()].groupby("rank")["held_out"].mean()
        starts = [settled(rows) for _, rows in own.groupby("rank")]
        marks = ", ".join("not yet" if s is None else f"{s:,}" for s in starts)
        since = ordered_from(own)
        lines.append(
            f"| {way} | {unit}: {', '.join(f'{s:g}' for s in strengths)} | "
            f"{', '.join(f'{v:.2f}' for v in last)} | {'yes' if since else 'no'} | "
            f"{'' if since is None else f'{since:,}'} | {marks} |"
        )
    lines += [
        "",
        f"A value has settled where it stays within {SETTLED:.0%} of the last one. Longer, and on fewer "
        "images:",
        "",
        "| training images are | images | steps | epochs of its half | held out | on its own half |",
        "|---|---|---|---|---|---|",
    ]
    for (_, way, n), rows in table[table["case"] != "spoilt"].groupby(
        ["case", "way", "n"], sort=False
    ):
        for step, at in rows.groupby("step"):
            if step in (100, 400, 1500, 3000, rows["step"].max()):
                epochs = step * settings["batch_size"] / (n / 2)
                lines.append(
                    f"| {way} | {n:,} | {step:,} | {epochs:.0f} | {at['held_out'].mean():.3f} | "
                    f"{at['trained_on'].mean():.3f} |"
                )
    return "\n".join(lines) + "\n"


def picture(table: pd.DataFrame, path: Path, steps: int) -> None:
    """critic.png: the held-out value along training, a panel per way."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, panels = plt.subplots(1, len(SPOILT), figsize=(11, 3.6), layout="constrained")
    base = table[(table["case"] == "as they are") & (table["step"] <= steps)].groupby("step")
    for axes, (way, (unit, strengths)) in zip(panels, SPOILT.items(), strict=True):
        axes.plot(base["held_out"].mean(), "k--", label="as they are")
        for rank, strength in enumerate(strengths):
            rows = table[
                (table["case"] == "spoilt") & (table["way"] == way) & (table["rank"] == rank)
            ]
            shade = str(0.75 - 0.17 * rank)
            axes.plot(rows.groupby("step")["held_out"].mean(), color=shade, label=f"{strength:g}")
        axes.set(title=way, xlabel="step of the critic", xscale="log")
        below = {"loc": "upper center", "bbox_to_anchor": (0.5, -0.2), "ncols": 3, "frameon": False}
        axes.legend(title=unit, fontsize=7, title_fontsize=7, **below)
    panels[0].set_ylabel("held-out W₁")
    figure.savefig(path, dpi=130, metadata={"Software": None})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dataset", type=Path, required=True, help="folder of prepare-data")
    parser.add_argument("--output", type=Path, required=True, help="folder")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--images", type=int, default=5000)
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--width", type=int, default=8)
    parser.add_argument("--learning-rate", type=float, default=1e-3)
    a = parser.parse_args()
    settings = {"width": a.width, "batch_size": 64, "learning_rate": a.learning_rate, "penalty": 10}
    device = {"device": torch.device(a.device)}
    dataset = open_dataset(a.dataset)
    real, other = (np.array(dataset.split(name)[: a.images]) for name in ("valid", "train"))
    rows: list[dict] = []

    def add(case, way, rank, strength, fake, steps, n=None) -> None:
        words = {"case": case, "way": way, "rank": rank, "strength": strength}
        sides = (real[:n], fake[:n])
        rows.extend(follow(*sides, steps, a.seeds, settings | device, **words))
        print(f"{case}, {way} {strength}: {rows[-1]['held_out']:.3f}", flush=True)
        files.write_csv(a.output / "critic.csv", pd.DataFrame(rows))

    a.output.mkdir(parents=True, exist_ok=True)
    for way, (_, strengths) in SPOILT.items():
        for rank, strength in enumerate(strengths):
            add("spoilt", way, rank, strength, spoil(other, way, strength), a.steps)
    add("as they are", "as they are", 0, 0, other, LONGER * a.steps)
    add("longer", "blurred (1)", 0, 1.0, spoil(other, "blurred", 1.0), LONGER * a.steps)
    add("fewer", "as they are", 0, 0, other, a.steps, a.images // FEWER)
    table = pd.DataFrame(rows)
    (a.output / "critic.md").write_text(report(table, settings, a.steps), encoding="utf-8")
    picture(table, a.output / "critic.png", a.steps)
    print(common.machine(a.device))


if __name__ == "__main__":
    main()
