"""Our `fit` against the trainers of pythae (Chadebec, Vincent and Allassonniere, 2022).

The same networks, images, batch size and optimiser (fused Adam) in both. pythae's trainers differ in
what surrounds them: a DataLoader over float images, `.item()` at every step, a progress bar. Its
adversarial autoencoder also differs in the algorithm: all players are updated at once from one pass
of the encoder, where ours takes turns.

pythae gets a virtual environment of its own, which borrows the running one's packages, so that it
never enters the project's lock.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

PYTHAE = "pythae==0.1.2"
NEEDS = ["cloudpickle>=2.1.0", "pydantic>=2.0", "imageio==2.37.0"]
MODELS = {"vae": "VAE", "aae": "AAE"}
WIDTH, BATCH = 16, 64
STEPS, WARM_UP = 12, 3  # iterations of a round


def run(*command: object, **options: Any) -> None:
    """Runs a program quietly; raises CalledProcessError if it fails."""
    subprocess.run(list(map(str, command)), check=True, capture_output=True, text=True, **options)


def install(folder: Path) -> None:
    """Makes a virtual environment with pythae."""
    run(sys.executable, "-m", "venv", folder)
    [packages] = folder.glob("lib/python*/site-packages")
    # Not --system-site-packages, which would borrow from the interpreter behind a virtual environment.
    borrowed = f"import site; site.addsitedir({sysconfig.get_path('purelib')!r})\n"
    (packages / "borrowed.pth").write_text(borrowed)
    pip = (folder / "bin" / "python", "-m", "pip", "install")
    run(*pip, "--no-deps", PYTHAE)  # it would ask for a `dataclasses` that is long in Python itself
    run(*pip, *NEEDS)


def measure(budget: float) -> dict[str, dict[str, float]]:
    """Median seconds of an iteration of each model by both; runs in the environment with pythae."""
    import torch

    torch.set_num_threads(1)
    result = {}
    for name in MODELS:
        times: dict[str, list[float]] = {"fit": [], "pythae": []}
        began = time.perf_counter()
        rounds = 0
        while rounds < 3 or time.perf_counter() - began < budget / len(MODELS):
            times["fit"] += fit_round(name)
            times["pythae"] += pythae_round(name)
            rounds += 1
        result[name] = {who: statistics.median(values) for who, values in times.items()}
        result[name]["rounds"] = rounds
    return result


def fit_round(name: str) -> list[float]:
    """Seconds of the iterations of one short training by `fit`."""
    import torch
    from common import spec_of
    from training import InTurn, noise

    from dmvi.models import make_model
    from dmvi.training.engine import CheckpointPolicy, fit
    from dmvi.training.sampler import Sampler

    spec = spec_of(name, width=WIDTH, batch_size=BATCH, iterations=STEPS)
    cpu = torch.device("cpu")
    images = noise(28, count=STEPS * BATCH)
    model, sampler = make_model(spec, (28, 28, 3)), Sampler(images, BATCH, 0, cpu)
    turns = InTurn({}, cpu)
    with tempfile.TemporaryDirectory() as folder:
        policy = CheckpointPolicy(Path(folder), every=10**9, minutes=1e9)
        fit(model, sampler, spec, "x", policy, lambda _: None, turns)
    return turns.times["fit"][WARM_UP:]


def pythae_round(name: str) -> list[float]:
    """Seconds of the iterations of one short training by pythae, from the end of one to the next."""
    import torch
    from common import spec_of
    from pythae.data.datasets import BaseDataset
    from pythae.models import VAE, Adversarial_AE, Adversarial_AE_Config, VAEConfig
    from pythae.models.base.base_utils import ModelOutput
    from pythae.models.nn import BaseDecoder, BaseDiscriminator, BaseEncoder
    from pythae.trainers import (
        AdversarialTrainer,
        AdversarialTrainerConfig,
        BaseTrainer,
        BaseTrainerConfig,
    )
    from pythae.trainers.training_callbacks import TrainingCallback
    from training import noise

    from dmvi.data.images import to_unit
    from dmvi.models import make_model

    spec = spec_of(name, width=WIDTH)
    ours = make_model(spec, (28, 28, 3))

    class Encoder(BaseEncoder):
        def __init__(self) -> None:
            super().__init__()
            self.network = ours.encoder

        def forward(self, x):
            mean, log_var = self.network(x).chunk(2, 1)
            return ModelOutput(embedding=mean, log_covariance=log_var)

    class Decoder(BaseDecoder):
        def __init__(self) -> None:
            super().__init__()
            self.network = ours.generator

        def forward(self, z):
            return ModelOutput(reconstruction=self.network(z).sigmoid())

    class Discriminator(BaseDiscriminator):
        def __init__(self) -> None:
            super().__init__()
            self.network = ours.code_discriminator

        def forward(self, z):
            return ModelOutput(embedding=self.network(z).sigmoid())

    class Clock(TrainingCallback):
        def __init__(self) -> None:
            self.ends: list[float] = []

        def on_train_step_end(self, training_config, **kwargs) -> None:
            self.ends.append(time.perf_counter())

    sizes: dict[str, Any] = {"input_dim": (3, 28, 28), "latent_dim": spec["latent_dim"]}
    rate, adam = spec["learning_rate"], {"betas": tuple(spec["adam_betas"]), "fused": True}
    clock = Clock()
    x = to_unit(torch.from_numpy(noise(28, count=STEPS * BATCH))).contiguous()
    dataset = BaseDataset(x, torch.zeros(len(x)))
    with tempfile.TemporaryDirectory() as folder:
        common = {
            "output_dir": folder,
            "num_epochs": 1,
            "per_device_train_batch_size": BATCH,
            "no_cuda": True,
        }
        if name == "vae":
            config = VAEConfig(reconstruction_loss="bce", **sizes)
            model = VAE(config, Encoder(), Decoder())
            settings = BaseTrainerConfig(learning_rate=rate, optimizer_params=adam, **common)
            trainer = BaseTrainer
        else:
            config = Adversarial_AE_Config(reconstruction_loss="bce", **sizes)
            model = Adversarial_AE(config, Encoder(), Decoder(), Discriminator())
            settings = AdversarialTrainerConfig(
                autoencoder_learning_rate=rate,
                discriminator_learning_rate=rate,
                autoencoder_optimizer_params=adam,
                discriminator_optimizer_params=adam,
                **common,
            )
            trainer = AdversarialTrainer
        settings.keep_best_on_train = True
        trainer(model, dataset, training_config=settings, callbacks=[clock]).train()
    return [after - before for before, after in pairwise(clock.ends)][WARM_UP - 1 :]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--device", choices=["cpu"], default="cpu")
    parser.add_argument("--environment", type=Path, help="folder of the environment; kept if given")
    parser.add_argument("--budget", type=float, default=40.0, help="seconds, without installing")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.inside:
        arguments.output.write_text(json.dumps(measure(arguments.budget)))
        return

    from common import line, machine, row

    import dmvi
    from dmvi.files import write_json

    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.environment or Path(temporary) / "environment"
        times = Path(temporary) / "times.json"
        try:
            if not folder.exists():
                install(folder)
            run(
                *(folder / "bin" / "python", __file__, "--inside"),
                *("--output", times, "--budget", arguments.budget),
                env={**os.environ, "PYTHONPATH": str(Path(dmvi.__file__).parents[1])},
            )
        except (subprocess.CalledProcessError, OSError) as error:
            said = (getattr(error, "stderr", "") or str(error)).strip().splitlines()[-1]
            raise SystemExit(f"{PYTHAE} could not be measured: {said}") from None
        results = json.loads(times.read_text())
    rows = []
    for name, measured in results.items():
        case = f"{MODELS[name]}, 28 x 28, width {WIDTH}"
        rows.append(
            row(
                *("training iteration", case, measured["fit"]),
                *("pythae's trainer", measured["pythae"]),
                at_most=1.0,
                rounds=measured["rounds"],
            )
        )
        print(line(rows[-1]), flush=True)
    write_json(arguments.output, {"machine": machine(), "rows": rows})


if __name__ == "__main__":
    main()
