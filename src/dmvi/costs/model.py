"""What every step of the workflow will take: seconds, memory and disk, from the sizes of its work.

The work of a step is counted by the formula in the step's own file (`cost`); the rates stand in
workflow/hardware.yaml, measured by benchmarks/costs.py or assumed. Estimates are for one machine that
is not shared; the time limits that the rules ask for are several times as long.

Imports neither torch nor pandas: the workflow asks for some thousand costs whenever it is parsed.
"""

import math
from dataclasses import dataclass, replace
from typing import Any

from dmvi.costs.hardware import check_hardware
from dmvi.costs.sizes import (
    Size,
    likelihood_counts,
    networks,
    posterior_network,
    posterior_outputs,
)
from dmvi.costs.work import (
    EVALUATION_BATCH,
    MB,
    Work,
    flow_density,
    forward,
    gaussian_density,
    trained_networks,
    trained_parameters,
)
from dmvi.data.registry import image_counts, image_shape
from dmvi.distributions.registry import pairwise
from dmvi.study.config import Study
from dmvi.study.declarations import declared_step

# A state is serialised into one growing buffer: old and new copy, at worst.
SERIALISED_COPIES = 2.2
# On the disk: a training's last state, and the one before it (`dmvi.training.checkpoint`).
KEPT_CHECKPOINTS = 2


@dataclass(frozen=True)
class Cost:
    """What a job is expected to take.

    Attributes:
        seconds: of wall time.
        memory_mb: of host memory, at its peak.
        disk_mb: what it leaves behind.
        gpus: that it asks for; with 0 its seconds rest on the rates of the CPU.
        threads: that it uses.
    """

    seconds: float
    memory_mb: float
    disk_mb: float = 0.0
    gpus: int = 0
    threads: int = 1


def _grown(first: int, attempt: int, most: int) -> int:
    """What an attempt asks for: as many times as much as the first, but no more than that or `most`."""
    return max(first, min(attempt * first, most))


class Costs:
    """The costs of a study's jobs.

    Args:
        study: validated.
        hardware: the content of workflow/hardware.yaml.

    Raises:
        DmviError: the hardware lacks a number.
    """

    def __init__(self, study: Study, hardware: dict[str, Any]) -> None:
        check_hardware(hardware)
        self.study, self.hardware = study, hardware
        self.config = study.config
        self.estimators = study.estimators
        self._known: dict[tuple, Cost] = {}
        self._specs: dict[str, tuple] = {}

    def of(self, step: str, **wildcards: str) -> Cost:
        """The cost of a job: its rule's name and its wildcards.

        Raises:
            DmviError: no file declares such a step.
        """
        wildcards.pop("seed", None)  # all seeds cost the same
        key = (step, *wildcards.values())
        if key not in self._known:
            self._known[key] = declared_step(step)["cost"](self, **wildcards)
        return self._known[key]

    def minutes(
        self, step: str, attempt: int = 1, asked: int | None = None, **wildcards: str
    ) -> int:
        """The time limit of a job: `asked`, or safety x expected + fixed start; times the attempt, but
        not above the longest that the site allows."""
        limits = self.hardware["limits"]
        longest = limits["longest_minutes"]
        if asked is None:
            expected = self.of(step, **wildcards).seconds / 60
            asked = min(math.ceil(limits["minutes"] + limits["safety"] * expected), longest)
        return _grown(asked, attempt, longest)

    def memory(
        self, step: str, attempt: int = 1, asked: int | None = None, **wildcards: str
    ) -> int:
        """The memory of a job in MB: `asked`, or half as much again as expected; times the attempt.

        Later attempts ask for no more than the site's largest node has: Slurm would refuse a job that
        may have failed for another reason.
        """
        limits = self.hardware["limits"]
        if asked is None:
            expected = 1.5 * self.of(step, **wildcards).memory_mb
            asked = 100 * math.ceil(max(limits["memory_mb"], expected) / 100)
        return _grown(asked, attempt, limits["largest_memory_mb"])

    # How jobs run.

    def gpus_asked(self, run: str | None = None) -> int:
        """GPUs that a job of this run, or of none, asks for."""
        return (self.study.runs[run].how if run else self.study.how)["gpu"]

    def gpus_of(self, run: str | None = None) -> int:
        """GPUs that such a job uses: none where the study's device is the CPU."""
        on_cpu = str(self.config.get("device", "auto")).startswith("cpu")
        return 0 if on_cpu else self.gpus_asked(run)

    def threads_of(self, run: str | None = None) -> int:
        """Threads of a training job of this run, or of none."""
        return (self.study.runs[run].how if run else self.study.how)["threads"]

    def captured(self, run: str) -> bool:
        """Whether a training's iterations are captured as CUDA graphs."""
        return bool(self.gpus_of(run) and self.study.runs[run].how["cuda_graphs"])

    def seconds(
        self,
        work: Work,
        gpus: int = 0,
        threads: int = 1,
        precision: str = "float32",
        captured: bool = False,
    ) -> float:
        """Of some work on one device, its calls included."""
        device = self.hardware["gpu" if gpus else "cpu"]
        rates = device[precision if precision in device else "float32"]
        speed = 1.0 if gpus else threads ** device["threads_exponent"]
        call = device["captured_call"] if captured else rates["call"]
        return work.seconds(rates) / speed + work.calls * call

    def cost(
        self,
        seconds: float,
        memory_mb: float = 0.0,
        disk_mb: float = 0.0,
        gpus: int = 0,
        threads: int = 1,
    ) -> Cost:
        """A job's, with what a process takes before it works and the time of writing to the disk."""
        device = self.hardware["gpu" if gpus else "cpu"]
        moved = disk_mb / self.hardware["disk_mb_per_second"]
        return Cost(
            device["start"] + seconds + moved,
            device["memory_mb"] + memory_mb,
            disk_mb,
            gpus,
            threads,
        )

    def small(self, seconds: float = 5.0, memory_mb: float = 400.0) -> Cost:
        """Of a job that handles small tables, or draws."""
        return Cost(seconds, memory_mb, 1.0)

    # What jobs work on.

    def shape(self, data: str) -> tuple[int, int, int]:
        return image_shape(self.study.data[data])

    def images(self, data: str) -> tuple[int, int, int]:
        """Training, validation and test images of a data set."""
        counts = image_counts(self.study.data[data])
        return counts["train"], counts["valid"], counts["test"]

    def image_mb(self, data: str, count: float) -> float:
        return count * math.prod(self.shape(data)) / MB

    def spec(self, run: str) -> tuple[dict[str, Any], tuple[int, int, int], dict[str, Size]]:
        if run not in self._specs:
            spec = self.study.runs[run].spec
            shape = self.shape(spec["data"])
            self._specs[run] = spec, shape, networks(spec, shape)
        return self._specs[run]

    def evaluation_mb(self, run: str) -> float:
        """What the decoder's output and its likelihood take in one evaluation batch."""
        spec, shape, _ = self.spec(run)
        per_channel = likelihood_counts(spec.get("likelihood"))["outputs_per_channel"]
        return EVALUATION_BATCH * per_channel * math.prod(shape) * 4 * 4 / MB

    def means(self, run: str, images: float) -> Work:
        """Mean images of decoded latents: of 256 probabilities, a product and many more operations."""
        spec, shape, _ = self.spec(run)
        counts = likelihood_counts(spec.get("likelihood"))
        written = counts["mean_operations"] * counts["outputs_per_channel"]
        return Work(values=written * math.prod(shape) * images)

    def sampling(self, run: str, images: float) -> Work:
        """Decoding latents to images: a pass of the generator, or, where the decoder is autoregressive,
        a pass of what a pixel depends on for each pixel."""
        spec, shape, sizes = self.spec(run)
        if "pixelcnn" not in self.networks(spec):
            return forward(sizes["generator"], images) + self.means(run, images)
        pixels, reach = math.prod(shape[:2]), 3 + spec["pixel_layers"]
        share = min(1.0, (1 + reach) * (1 + 2 * reach) / pixels)
        batches = math.ceil(images / EVALUATION_BATCH)
        window = forward(sizes["pixelcnn"] * share, images) * pixels
        calls = (sizes["pixelcnn"].calls + 5) * batches * pixels
        return forward(sizes["context"], images) + replace(window, calls=calls)

    def networks(self, spec: dict[str, Any]) -> set[str]:
        """Names of the networks that a run's training passes through."""
        return trained_networks(spec)

    def encoded(self, run: str) -> tuple[Work, float, float]:
        """Work of encoding all images; MB of their posterior parameters, and of their codes."""
        spec, _, sizes = self.spec(run)
        images = sum(self.images(spec["data"]))
        work = forward(sizes["encoder"] + sizes["posterior"], images)
        outputs = posterior_outputs(spec)
        return work, 4 * outputs * images / MB, 4 * spec["latent_dim"] * images / MB

    def all_images_mb(self, run: str) -> float:
        """The whole data set: a memory map, but its pages count while they are read."""
        data = self.study.runs[run].spec["data"]
        return self.image_mb(data, sum(self.images(data)))

    def model_mb(self, run: str) -> float:
        """A model in memory, and its file beside it while it is read; one batch of layers' outputs."""
        spec, shape, sizes = self.spec(run)
        layers = EVALUATION_BATCH * sizes["encoder"].values * 4 / MB
        return 8 * trained_parameters(spec, shape) / MB + layers

    def density(self, run: str, points: float, components: float) -> Work:
        """log q(z) at some points, of a mixture of this run's posteriors."""
        spec = self.study.runs[run].spec
        if pairwise(spec.get("posterior")):
            return flow_density(points, components, posterior_network(spec))
        return gaussian_density(points, components, spec["latent_dim"])

    def density_precision(self, run: str) -> str:
        """The rates that hold for `density`."""
        # Flows are many small layers, whose rates differ from those of one large product.
        posterior = self.study.runs[run].spec.get("posterior")
        return "float64_flow" if pairwise(posterior) else "float64"
