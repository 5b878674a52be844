"""Does the gate of `estimate_likelihood` open on real images, and how far apart are the bounds?

    PYTHONPATH=src python benchmarks/gate.py --data-dir DATA_DIR --work FOLDER --output OUTPUT

OUTPUT is results/reference/gate for the committed one, DATA_DIR holds MNIST. VAEs of binary MNIST with 8 and
with 32 latents, trained as in studies/companions_reduced, and their likelihood by the workflow's own target,
`results/runs/NAME/seed0/likelihood.json`, from each start of the chains in a study of its own below FOLDER:
started again, it goes on where it stopped. Writes gate.csv and gate.md.
"""

import argparse
import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import yaml
from common import machine

from dmvi import files

ROOT = Path(__file__).resolve().parent.parent
STUDY = ROOT / "studies/companions_reduced/config.yaml"
# Where chains begin, how many temperatures they have, and the latent sizes that are asked for with them.
CASES = (("curvature", 500, (8, 32)), ("both", 500, (8,)), ("prior", 1500, (8,)))


def config(
    images: int, latents: tuple[int, ...], iterations: int | None, start: str, temperatures: int
) -> dict:
    """A study of VAEs alone, with the settings of the reduced study of the companion papers."""
    whole = yaml.safe_load(STUDY.read_text())
    run = {k: v for k, v in whole["runs"]["info_elbo"].items() if k not in ("tags", "snapshots")}
    run |= {"scored": False, "seeds": [0], "sweep": {"latent_dim": list(latents)}}
    run |= {"iterations": iterations, "bound_every": iterations} if iterations else {}
    likelihood = whole["estimators"]["likelihood"] | {"images": images, "simulated": images}
    likelihood |= {"start": start, "temperatures": temperatures, "pilot": 32}
    return {
        "study": {"name": "gate", "scale": whole["study"]["scale"]},
        "seeds": [0],
        "device": whole["device"],
        "data": {"mnist": whole["data"]["mnist"]},
        "defaults": whole["defaults"],
        "runs": {"gate": run},
        "estimators": {"likelihood": likelihood},
        "figures": {"fig7": {}},  # a study must name one
    }


def rows(results: Path, latents: tuple[int, ...]) -> list[dict]:
    found = []
    for latent_dim in latents:
        folder = results / f"runs/gate-latent_dim{latent_dim}/seed0"
        said = files.read_json(folder / "likelihood.json")
        gate, ais = said["gate"], said["ais"]
        bounds = pd.read_csv(folder / "bdmc.csv")
        gaps = bounds["upper"] - bounds["lower"]
        found.append(
            {
                "latent_dim": latent_dim,
                "start": said["settings"]["start"],
                "temperatures": said["settings"]["temperatures"],
                "images": said["n"],
                "gap": gate["gap"],
                "low": gate["interval"][0],
                "high": gate["interval"][1],
                "simulated": gate["n"],
                "open": gate["open"],
                "median": float(gaps.median()),
                "largest": float(gaps.max()),
                "above_5": int((gaps > 5.0).sum()),
                "ais": ais["value"],
                "ais_error": ais["standard_error"],
                "importance": said["is"]["value"],
                "elbo": said["elbo"]["value"],
                "ess": said["ess"],
                "acceptance": said["acceptance"],
            }
        )
    return found


def text(table: list[dict], settings: dict, iterations: int) -> str:
    here = machine()
    lines = [
        "# Does the gate open?",
        "",
        f"VAEs of binary MNIST after {iterations:,} iterations; annealed importance sampling with "
        f"{settings['leapfrog']} leapfrog steps and {settings['chains']} chains per image. The gap is the "
        "upper minus the lower bound of log p(x), nats, on images that the model itself has drawn; the gate "
        "is open where the upper end of its 95 % interval is at most 1. Chains start at the encoder's mean "
        "(`curvature`), at draws of the prior (`prior`, which needs more temperatures), or half of them at "
        "either (`both`): where the posterior of an image has its mass elsewhere than the encoder says, a "
        "large gap remains after the first. In the committed table the importance sampling of the last row "
        "has drawn from the prior; the step now draws about the encoder's mean. Made by "
        f"`benchmarks/gate.py` ({here['processor']}, {here['date']}).",
        "",
        "| latents | start | temperatures | simulated images | gap [95 %], nats | its median | its largest "
        "| images above 5 nats | gate | log p(x) of test images, AIS | importance sampling | ELBO | "
        "effective chains |",
        "|---:|---|---:|---:|---:|---:|---:|---:|---|---:|---:|---:|---:|",
    ]
    lines += [line(row, settings["chains"]) for row in table]
    return "\n".join(lines) + "\n"


def line(row: dict, chains: int) -> str:
    """A row of gate.csv as one of the table in gate.md."""
    return (
        f"| {row['latent_dim']} | {row['start']} | {row['temperatures']:,} | {row['simulated']} | "
        f"{nats(row['gap'])} [{nats(row['low'])}, {nats(row['high'])}] | {nats(row['median'])} | "
        f"{nats(row['largest'])} | {row['above_5']} | {'open' if row['open'] else 'closed'} | "
        f"{nats(row['ais'])} ± {nats(row['ais_error'])} ({row['images']} images) | "
        f"{nats(row['importance'])} | {nats(row['elbo'])} | {nats(row['ess'])} of {chains} |"
    )


def nats(value: float | None) -> str:
    """Two decimals; of what was not finite, so that the step wrote null, words."""
    return "not finite" if value is None else f"{value:.2f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-dir", type=Path, required=True, help="folder with MNIST's files")
    parser.add_argument("--work", type=Path, required=True, help="folder of the study")
    parser.add_argument("--output", type=Path, required=True, help="folder of gate.csv and gate.md")
    parser.add_argument("--images", type=int, default=128, help="test images, and simulated ones")
    parser.add_argument("--iterations", type=int, help="the reduced study's by default")
    parser.add_argument("--cores", type=int, default=2)
    arguments = parser.parse_args()
    table = []
    for start, temperatures, latents in CASES:
        work = arguments.work / f"{start}-{temperatures}"
        study = config(arguments.images, latents, arguments.iterations, start, temperatures)
        work.mkdir(parents=True, exist_ok=True)
        (work / "config.yaml").write_text(yaml.safe_dump(study, sort_keys=False))
        wanted = [f"results/runs/gate-latent_dim{d}/seed0/likelihood.json" for d in latents]
        command = [sys.executable, "-m", "snakemake", "--snakefile", ROOT / "Snakefile", *wanted]
        command += ["--cores", str(arguments.cores), "--directory", work, "--quiet", "rules"]
        command += ["--rerun-incomplete", "--config", f"data_dir={arguments.data_dir.resolve()}"]
        if status := subprocess.run(command, env={**os.environ, "OMP_NUM_THREADS": "1"}).returncode:
            sys.exit(status)  # Snakemake has said why
        table += rows(work / "results", latents)
    arguments.output.mkdir(parents=True, exist_ok=True)
    files.write_csv(arguments.output / "gate.csv", pd.DataFrame(table))
    iterations = arguments.iterations or study["defaults"]["iterations"]
    settings = study["estimators"]["likelihood"]
    (arguments.output / "gate.md").write_text(text(table, settings, iterations))


if __name__ == "__main__":
    main()
