"""What every step of the workflow will take: seconds, memory and disk, from the sizes of its work.

    seconds = start + FLOPs / rate + values / rate + weights / rate + calls x overhead

The work of a step is counted (`dmvi.costs.sizes`, and the passes that each model's file declares);
the rates stand in workflow/hardware.yaml, measured by benchmarks/costs.py or assumed. Estimates are for
one machine that is not shared; the time limits that the rules ask for are several times as long.

Imports neither torch nor pandas: the workflow asks for some thousand costs whenever it is parsed.
"""

import math
from dataclasses import dataclass, replace
from typing import Any

from dmvi.costs.sizes import (
    NOTHING,
    Counts,
    Size,
    code_discriminator,
    discriminator,
    likelihood_counts,
    lstm,
    masked_flow,
    networks,
    posterior_network,
    posterior_outputs,
    vgg,
)
from dmvi.data.registry import BUILDERS, image_counts
from dmvi.distributions.registry import pairwise
from dmvi.errors import DmviError
from dmvi.experiments.synthetic.settings import synthetic_jobs
from dmvi.study.config import Study
from dmvi.study.declarations import declared_models

MB = 1e6
# Operations of an update beside the passes: batch, loss, zeroing, optimiser, journal.
CALLS_PER_UPDATE = 60
# Times that Adam reads or writes a parameter, its gradient or its moments.
ADAM_ACCESSES = 7
# Passes of a critic for one update: 3 for each of two batches, 6 for the penalty.
CRITIC_PASSES = 12
PENALTY_PASSES = 6
EVALUATION_BATCH = 128
# Sorting one number among n, per log2 n; one point of a t-SNE among n, per log2 n: seconds on the
# processor of hardware.yaml.
SORT_SECONDS = 4e-9
TSNE_SECONDS = 4.5e-4
# A state is serialised into one growing buffer: old and new copy, at worst.
SERIALISED_COPIES = 2.2

# What hardware.yaml holds for each device and precision; a CPU has no tf32, float32 stands for it.
RATES = ("flops", "single_flops", "values", "weights", "call")
PRECISIONS = {
    "cpu": ("float32", "bfloat16", "float64", "float64_flow"),
    "gpu": ("float32", "tf32", "bfloat16", "float64", "float64_flow"),
}

# Rules with a cost of their own, `Costs._<rule>`, in the order of the work.
STEPS = (
    "prepare_data",
    "train",
    "encode",
    "estimate_kl",
    "estimate_ratio",
    "fit_density_model",
    "find_low_posterior",
    "reconstruct",
    "train_classifier",
    "score",
    "score_data",
    "run_synthetic",
    "describe_networks",
    "draw",
)


@dataclass(frozen=True)
class Work(Counts):
    """What is counted of a computation.

    Attributes:
        flops: multiplications and additions of its layers and matrix products.
        padded, single: which of them count, by their kind (`dmvi.costs.sizes.Size`).
        values: numbers that are written element by element.
        weights: parameters that are read or written.
        calls: operations, whatever their size.
    """

    flops: float = 0.0
    padded: float = 0.0
    single: float = 0.0
    values: float = 0.0
    weights: float = 0.0
    calls: float = 0.0

    def seconds(self, rates: dict[str, float]) -> float:
        """On one device, at its rates of one precision; without the calls' overhead."""
        return (
            self.padded / rates["flops"]
            + self.single / rates["single_flops"]
            + self.values / rates["values"]
            + self.weights / rates["weights"]
        )


def products(flops: float, **counts: float) -> Work:
    """Matrix products of this many operations, and what else is counted."""
    return Work(flops, flops, **counts)


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


def passes(size: Size, batch: float, count: float = 1.0) -> Work:
    """`count` forward-equivalents of a batch: the gradient by inputs is one more, that by weights too."""
    return Work(
        2.0 * size.macs * batch * count,
        2.0 * size.padded * batch * count,
        2.0 * size.single * batch * count,
        size.values * batch * count,
        size.parameters * count,
        size.calls * count,
    )


def forward(size: Size, examples: float, batch: int = EVALUATION_BATCH) -> Work:
    """All examples once through a network, batch by batch."""
    batches = math.ceil(examples / batch)
    work = passes(size, examples)
    calls = (size.calls + 5) * batches
    return replace(work, weights=size.parameters * batches, calls=calls)


def iteration_work(spec: dict[str, Any], image_shape: tuple[int, int, int]) -> Work:
    """One iteration of a run's training: all updates of all its players.

    A model declares, for each player's update, how many forward-equivalents pass through each network:
    `passes: {player: {network: number}}`, a number or a list of numbers and options that are added up;
    and under `steps` the option that says how often a player is updated.
    """
    declared = declared_models()[spec["model"]]
    sizes = networks(spec, image_shape)
    work, trained = Work(), {}
    for player, counts in declared["passes"].items():
        steps = int(spec[declared["steps"][player]]) if player in declared.get("steps", {}) else 1
        for name, declared_count in counts.items():
            count = _number(declared_count, spec)
            work += passes(sizes[name], spec["batch_size"], count) * steps
            # A network is trained by the player that sends most through it.
            trained[name] = max(trained.get(name, (0.0, 0)), (count, steps))
        work += Work(calls=CALLS_PER_UPDATE * steps)
    updated = sum(sizes[name].parameters * steps for name, (_, steps) in trained.items())
    return work + Work(weights=ADAM_ACCESSES * updated)


def _number(declared: Any, spec: dict[str, Any]) -> float:
    entries = declared if isinstance(declared, list) else [declared]
    return float(sum(spec[entry] if isinstance(entry, str) else entry for entry in entries))


def trained_parameters(spec: dict[str, Any], image_shape: tuple[int, int, int]) -> float:
    """All parameters of a run's model."""
    declared = declared_models()[spec["model"]]
    sizes = networks(spec, image_shape)
    players = declared["passes"].values()
    return sum(sizes[name].parameters for name in {name for counts in players for name in counts})


def gaussian_density(points: float, components: float, latent_dim: int) -> Work:
    """log q(z) at points z of a mixture of Gaussians, in float64 (`dmvi.estimators.mixtures`)."""
    pairs = points * components
    columns = max(64, min(4096, 2**22 // latent_dim))
    tiles = math.ceil(points / 1024) * math.ceil(components / columns)
    features = math.ceil(components / columns) * points * 2 * latent_dim
    factors = 6 * components * latent_dim
    written = 3.0 * pairs + features + factors
    return products(4.0 * pairs * latent_dim, values=written, calls=30.0 * tiles)


def flow_density(points: float, components: float, flow: Size) -> Work:
    """The same of a mixture of flows: every point through the inverse flow of every component."""
    pairs = points * components
    return passes(flow, pairs) + Work(calls=flow.calls * pairs / 64**2)


def check_hardware(hardware: dict[str, Any]) -> None:
    """Refuses a hardware.yaml in which a number is missing, or is none.

    Raises:
        DmviError: naming the key, what it holds, and what would be right.
    """
    bounds = ("safety", "minutes", "memory_mb", "longest_minutes", "largest_memory_mb")
    wanted = [f"limits.{key}" for key in bounds]
    wanted += ["disk_mb_per_second", "download_seconds", "seconds_per_submission"]
    for device in ("cpu", "gpu"):
        wanted += [f"{device}.{key}" for key in ("start", "memory_mb", "threads_exponent")]
        wanted += [f"{device}.{name}.{rate}" for name in PRECISIONS[device] for rate in RATES]
    for path in wanted:
        value: Any = hardware
        for key in path.split("."):
            value = value.get(key) if isinstance(value, dict) else None
        positive = isinstance(value, int | float) and not isinstance(value, bool) and value >= 0
        if not positive or (path.rpartition(".")[2] in RATES and value == 0):
            raise DmviError(
                f"workflow/hardware.yaml: {path} is {value!r}; give a positive number, written with a "
                "dot where it has an exponent (1.0e-5)"
            )


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
        self.estimators = study.config["estimators"]
        self.synthetic = synthetic_jobs(study.config)
        self._known: dict[tuple, Cost] = {}
        self._specs: dict[str, tuple] = {}

    def of(self, step: str, **wildcards: str) -> Cost:
        """The cost of a job: its rule's name and its wildcards.

        A rule that is not known here costs what an empty Python process does.
        """
        wildcards.pop("seed", None)  # all seeds cost the same
        key = (step, *wildcards.values())
        if key not in self._known:
            function = getattr(self, f"_{step}", None) if step in STEPS else None
            self._known[key] = function(**wildcards) if function else self._small()
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
        own = self.study.runs[run].how if run else self.config["defaults"]
        gpus = own.get("gpu")
        return 1 if gpus is None else gpus

    def gpus_of(self, run: str | None = None) -> int:
        """GPUs that such a job uses: none where the study's device is the CPU."""
        on_cpu = str(self.config.get("device", "auto")).startswith("cpu")
        return 0 if on_cpu else self.gpus_asked(run)

    def threads_of(self, run: str | None = None) -> int:
        """Threads of a training job of this run, or of none."""
        own = self.study.runs[run].how if run else self.config["defaults"]
        return own.get("threads") or 4

    def _seconds(
        self, work: Work, gpus: int = 0, threads: int = 1, precision: str = "float32"
    ) -> float:
        device = self.hardware["gpu" if gpus else "cpu"]
        rates = device[precision if precision in device else "float32"]
        speed = 1.0 if gpus else threads ** device["threads_exponent"]
        return work.seconds(rates) / speed + work.calls * rates["call"]

    def _cost(
        self,
        seconds: float,
        memory_mb: float = 0.0,
        disk_mb: float = 0.0,
        gpus: int = 0,
        threads: int = 1,
    ) -> Cost:
        device = self.hardware["gpu" if gpus else "cpu"]
        moved = disk_mb / self.hardware["disk_mb_per_second"]
        return Cost(
            device["start"] + seconds + moved,
            device["memory_mb"] + memory_mb,
            disk_mb,
            gpus,
            threads,
        )

    def _small(self) -> Cost:
        return Cost(5.0, 400.0, 1.0)

    # What jobs work on.

    def _shape(self, data: str) -> tuple[int, int, int]:
        return BUILDERS[self.config["data"][data]["builder"]].image_shape

    def images(self, data: str) -> tuple[int, int, int]:
        """Training, validation and test images of a data set."""
        counts = image_counts(self.config["data"][data])
        return counts["train"], counts["valid"], counts["test"]

    def _image_mb(self, data: str, count: float) -> float:
        return count * math.prod(self._shape(data)) / MB

    def _spec(self, run: str) -> tuple[dict[str, Any], tuple[int, int, int], dict[str, Size]]:
        if run not in self._specs:
            spec = self.study.runs[run].what
            shape = self._shape(spec["data"])
            self._specs[run] = spec, shape, networks(spec, shape)
        return self._specs[run]

    def _evaluation_mb(self, run: str) -> float:
        """What the decoder's output and its likelihood take in one evaluation batch."""
        spec, shape, _ = self._spec(run)
        per_channel = likelihood_counts(spec.get("likelihood"))["outputs_per_channel"]
        return EVALUATION_BATCH * per_channel * math.prod(shape) * 4 * 4 / MB

    def _means(self, run: str, images: float) -> Work:
        """Mean images of decoded latents: of 256 probabilities, a product and many more operations."""
        spec, shape, _ = self._spec(run)
        counts = likelihood_counts(spec.get("likelihood"))
        written = counts["mean_operations"] * counts["outputs_per_channel"]
        return Work(values=written * math.prod(shape) * images)

    # Steps, by the name of their rule.

    def _prepare_data(self, dataset: str) -> Cost:
        spec = self.config["data"][dataset]
        images = sum(self.images(dataset))
        official = spec.get("source", "official") == "official"
        seconds = images * BUILDERS[spec["builder"]].seconds_per_image
        if official and self.config.get("data_dir") is None:
            seconds += self.hardware["download_seconds"]
        size = self._image_mb(dataset, images)
        return self._cost(seconds, 2 * size, size)

    def _train(self, run: str) -> Cost:
        spec, shape, sizes = self._spec(run)
        gpus, threads = self.gpus_of(run), self.threads_of(run)
        precision = spec["precision"]
        work = iteration_work(spec, shape) * spec["iterations"]
        seconds = self._seconds(work, gpus, threads, precision)
        if spec.get("bound_every"):
            # The bound sees every network once, in float32.
            seen = sum((sizes[name] for name in self._networks(spec)), NOTHING)
            times = spec["iterations"] // spec["bound_every"]
            bound = forward(seen, spec["bound_images"]) * times
            seconds += self._seconds(bound, gpus, threads)
        state = 12 * trained_parameters(spec, shape) / MB
        values = sum(sizes[name].values for name in self._networks(spec))
        memory = self._image_mb(spec["data"], self.images(spec["data"])[0])
        memory += SERIALISED_COPIES * state
        if not gpus:  # weights, gradients and moments; activations, and their gradients
            memory += state * 4 / 3 + max(
                2 * values * spec["batch_size"] * 4 / MB, self._evaluation_mb(run)
            )
        return self._cost(seconds, memory, 4 / 3 * state, gpus, threads)

    def _networks(self, spec: dict[str, Any]) -> set[str]:
        declared = declared_models()[spec["model"]]
        return {name for counts in declared["passes"].values() for name in counts}

    def _encoded(self, run: str) -> tuple[Work, float, float]:
        """Work of encoding all images; MB of their posterior parameters, and of their codes."""
        spec, _, sizes = self._spec(run)
        images = sum(self.images(spec["data"]))
        work = forward(sizes["encoder"] + sizes["posterior"], images)
        outputs = posterior_outputs(spec)
        return work, 4 * outputs * images / MB, 4 * spec["latent_dim"] * images / MB

    def _encode(self, run: str) -> Cost:
        gpus = self.gpus_of(run)
        work, parameters, codes = self._encoded(run)
        disk = parameters + codes
        memory = disk + self._model_mb(run) + self._all_images_mb(run)
        return self._cost(self._seconds(work, gpus), memory, disk, gpus)

    def _all_images_mb(self, run: str) -> float:
        """The whole data set: a memory map, but its pages count while they are read."""
        data = self.study.runs[run].what["data"]
        return self._image_mb(data, sum(self.images(data)))

    def _model_mb(self, run: str) -> float:
        """A model in memory, and its file beside it while it is read; one batch of layers' outputs."""
        spec, shape, sizes = self._spec(run)
        layers = EVALUATION_BATCH * sizes["encoder"].values * 4 / MB
        return 8 * trained_parameters(spec, shape) / MB + layers

    def _density(self, run: str, points: float, components: float) -> Work:
        spec = self.study.runs[run].what
        if pairwise(spec.get("posterior")):
            return flow_density(points, components, posterior_network(spec))
        return gaussian_density(points, components, spec["latent_dim"])

    def _density_precision(self, run: str) -> str:
        # Flows are many small layers, whose rates differ from those of one large product.
        posterior = self.study.runs[run].what.get("posterior")
        return "float64_flow" if pairwise(posterior) else "float64"

    def _estimate_kl(self, run: str) -> Cost:
        spec, _, _ = self._spec(run)
        gpus, settings = self.gpus_of(run), self.study.kl_settings(run)
        train, valid, test = self.images(spec["data"])
        n = train + valid
        samples = settings["samples"]
        if pairwise(spec.get("posterior")):
            samples = settings["flow_samples"]
        samples = n if samples is None else min(samples, n)
        few = min(samples, settings["curve_samples"])
        curve = sum(size for size in settings["curve_sizes"] if size < n)
        density = self._density(run, samples, n) + self._density(run, few, test + curve)
        encoding, parameters, _ = self._encoded(run)
        # The profile of the posteriors: about ten passes over them, by numpy.
        profile = Work(values=10 * parameters * MB / 4)
        seconds = (
            self._seconds(encoding, gpus)
            + self._seconds(density, gpus, precision=self._density_precision(run))
            + self._seconds(profile, precision="float64")
            # The parameters go through a file that is deleted.
            + parameters / self.hardware["disk_mb_per_second"]
        )
        largest = max([size for size in settings["curve_sizes"] if size < n], default=0)
        tile = 64 * min(2**22, 4096 * spec["latent_dim"]) * 8 / MB
        memory = self._model_mb(run) + self._all_images_mb(run) + parameters
        if not gpus:  # copies for the curve, codes, tiles and their factors: else on the GPU
            memory += 2 * parameters * largest / n + tile
            memory += 6 * 8 * samples * spec["latent_dim"] / MB
        return self._cost(seconds, memory, 0.1, gpus)

    def _estimate_ratio(self, run: str, ratio: str) -> Cost:
        spec, _, _ = self._spec(run)
        gpus, threads = self.gpus_of(run), self.threads_of(run)
        settings = self.study.ratio_settings(ratio)
        test = self.images(spec["data"])[2]
        seconds, state = 0.0, 0.0
        for setting in settings:
            size = code_discriminator(spec["latent_dim"], setting["layers"], setting["width"])
            noise = 2 if setting["activation_noise"] or setting["dropout"] else 1
            noisy = size + Size(values=size.values * (noise - 1))
            penalty = PENALTY_PASSES if setting["gradient_penalty"] else 0
            update = passes(noisy, setting["batch_size"], 6 + penalty)
            update += Work(weights=ADAM_ACCESSES * size.parameters, calls=CALLS_PER_UPDATE)
            estimates = setting["iterations"] // setting["every"] + 2
            estimate = forward(size, setting["samples"] + test, 1024)
            # Codes are drawn anew at each estimate.
            estimate += Work(values=6 * spec["latent_dim"] * (setting["samples"] + test))
            work = update * setting["iterations"] + estimate * estimates
            seconds += self._seconds(work, gpus, threads, setting["precision"])
            state += 12 * size.parameters / MB
        _, parameters, _ = self._encoded(run)
        widest = max(spec["latent_dim"], *(setting["width"] for setting in settings))
        layer = 1024 * 8 * 4 * widest / MB
        memory = self._model_mb(run) + parameters + 4 * state / len(settings) + layer
        return self._cost(seconds, memory, state, gpus, threads)

    def _fit_density_model(self, run: str, density_model: str) -> Cost:
        spec, _, _ = self._spec(run)
        gpus, threads = self.gpus_of(run), self.threads_of(run)
        block = self.estimators["density_models"]
        settings, latent_dim = block[density_model], spec["latent_dim"]
        train, valid, test = self.images(spec["data"])
        samples = block["samples"]
        log_q = self._density(run, samples, train + valid)
        seconds = self._seconds(log_q, gpus, threads, self._density_precision(run))
        evaluated = samples + min(samples, test)
        rows = math.ceil(settings["iterations"] / settings["every"])
        _, parameters, _ = self._encoded(run)
        memory, state = self._model_mb(run) + parameters, 0.0
        if density_model == "gmm":
            # On the CPU on any machine. An iteration is an E and an M step (and a bound more, as each
            # is a call of its own); k-means before it, about as long as ten iterations.
            codes, components = settings["fit_samples"], settings["components"]
            points = 2 * (settings["iterations"] + 10) * codes + rows * evaluated
            pairs = points * components
            written = 10.0 * pairs + 4.0 * points * latent_dim
            work = products(5.0 * pairs * latent_dim, values=written)
            seconds += self._seconds(work, precision="float64")
            memory += 8 * codes * (4 * latent_dim + 4 * components) / MB
        else:
            if density_model == "maf":
                hidden = tuple(settings["hidden"])
                size = masked_flow(latent_dim, settings["transforms"], hidden)
            else:
                size = lstm(latent_dim, settings["width"])
            update = passes(size, settings["batch_size"], 3)
            update += Work(weights=ADAM_ACCESSES * size.parameters, calls=CALLS_PER_UPDATE)
            curve = forward(size, evaluated, 256) * rows
            work = update * settings["iterations"] + curve
            seconds += self._seconds(work, gpus, threads)
            state = 12 * size.parameters / MB
            memory += 5 * state + 8 * 256 * size.values / MB
        return self._cost(seconds, memory, state, gpus, threads)

    def _find_low_posterior(self, run: str) -> Cost:
        spec, shape, sizes = self._spec(run)
        gpus, estimators = self.gpus_of(run), self.estimators
        low, bounds = estimators["low_posterior"], estimators["bounds"]
        train, valid, _ = self.images(spec["data"])
        n, pixels = train + valid, math.prod(shape)
        draws = low["draws"] + min(1000, low["draws"])
        density = self._density(run, draws, n)
        pictures = bounds["images"] + 3 * low["keep"]
        both = sizes["encoder"] + sizes["posterior"] + sizes["generator"]
        bound = forward(both, pictures * bounds["samples"]) + self._means(run, 2 * low["keep"])
        # Nearest images, ranks and the map: on the CPU on any machine.
        nearest = products(2.0 * low["keep"] * n * pixels, values=3.0 * n * pixels)
        ranks = Work(values=low["keep"] * low["draws"] * spec["latent_dim"])
        points = 2 * estimators["embedding"]["points"] + low["keep"]
        seconds = (
            self._seconds(density, gpus, precision=self._density_precision(run))
            + self._seconds(bound, gpus)
            + self._seconds(nearest + ranks, precision="float64")
            + TSNE_SECONDS * points * math.log2(points)
        )
        _, parameters, codes = self._encoded(run)
        latents = low["draws"] * spec["latent_dim"] * 4 / MB
        memory = self._model_mb(run) + 2 * parameters + codes + 8 * latents + 300
        memory += self._evaluation_mb(run)
        disk = 2 * latents + self._image_mb(spec["data"], 3 * low["keep"])
        return self._cost(seconds, memory, disk, gpus)

    def _reconstruct(self, run: str) -> Cost:
        spec, shape, sizes = self._spec(run)
        gpus, settings = self.gpus_of(run), self.estimators["reconstructions"]
        images = min(settings["images"], self.images(spec["data"])[2])
        work = forward(sizes["encoder"] + sizes["posterior"] + sizes["generator"], images)
        # Errors and gradients of pixels, by numpy.
        work += self._means(run, images)
        sharpness = Work(values=30 * images * math.prod(shape))
        seconds = self._seconds(work, gpus) + self._seconds(sharpness, precision="float64")
        memory = self._model_mb(run) + self._evaluation_mb(run)
        memory += 30 * self._image_mb(spec["data"], images)
        disk = self._image_mb(spec["data"], 2 * settings["grid"])
        return self._cost(seconds, memory, disk, gpus)

    def _train_classifier(self, dataset: str) -> Cost:
        gpus, threads, settings = self.gpus_of(), self.threads_of(), self.estimators["classifier"]
        size, _, channels = self._shape(dataset)
        network = vgg(size, channels, settings["width"])
        train, valid, test = self.images(dataset)
        steps = settings["epochs"] * (train // settings["batch_size"])
        update = passes(network, settings["batch_size"], 3)
        update += Work(weights=4 * network.parameters, calls=CALLS_PER_UPDATE)
        seconds = self._seconds(update * steps, gpus, threads, settings["precision"])
        errors = forward(network, valid * settings["epochs"] + test, 256)
        seconds += self._seconds(errors, gpus, threads)
        state = 8 * network.parameters / MB
        memory = SERIALISED_COPIES * state + 4 * self._image_mb(dataset, train)
        memory += 0 if gpus else 8 * network.values * max(settings["batch_size"], 256) / MB
        return self._cost(seconds, memory, 1.5 * state, gpus, threads)

    def _score_seconds(self, data: str, samples: float, gpus: int) -> float:
        """All scores that the study asks for on this data set."""
        scores, shape = self.estimators["scores"], self._shape(data)
        pixels, (_, valid, test) = math.prod(shape), self.images(data)
        n = min(samples, test)
        # Sliced Wasserstein distance and spread: on the CPU on any machine.
        seconds = self._seconds(
            products(2.0 * 256 * 2 * n * pixels + 2.0 * 1000**2 * pixels, values=2.0 * n * pixels),
            precision="float64",
        )
        seconds += 2 * 256 * n * math.log2(n) * SORT_SECONDS
        if data in scores["inception"]:
            width = self.estimators["classifier"]["width"]
            seconds += self._seconds(forward(vgg(shape[0], shape[2], width), samples, 256), gpus)
            if self.config.get("inception_weights"):
                # InceptionV3: 5.7 G multiply-adds, 10 M numbers per image.
                inception = Size(5.7e9, 5.7e9, 0, 1e7, 2.4e7, 300)
                seconds += self._seconds(forward(inception, samples), gpus)
        if data in scores["diversity"]:
            settings = self.estimators["diversity"]
            batch = min(settings["batch_size"], samples)
            batches = min(settings["batches"], samples // batch)
            pairs = batches * math.comb(int(batch), 2)
            # Per pixel a few numbers at the finest scale, and windows of its row and column.
            pair = products(4.0 * shape[0] * pixels, values=10.0 * pixels)
            seconds += self._seconds(pair * pairs, precision="float64")
        if data in scores["critic"]:
            settings = self.estimators["critic"]
            critic = discriminator(shape[0], shape[2], settings["width"])
            update = passes(critic, settings["batch_size"], CRITIC_PASSES)
            update += Work(weights=ADAM_ACCESSES * critic.parameters, calls=CALLS_PER_UPDATE)
            heldout = min(settings["images"], samples, valid)
            work = update * settings["steps"] + passes(critic, heldout, 3)
            seconds += self._seconds(work * settings["seeds"], gpus)
        return seconds

    def _score_mb(self, data: str, samples: float) -> float:
        """Samples, and their projections onto 256 directions and those of test images."""
        projections = 8 * 256 * (min(samples, self.images(data)[2])) * 2 / MB
        directions = 8 * 256 * math.prod(self._shape(data)) * 2 / MB
        return 2 * self._image_mb(data, samples) + projections + directions + 200

    def _score(self, run: str) -> Cost:
        spec, _, sizes = self._spec(run)
        gpus, settings = self.gpus_of(run), self.estimators["scores"]
        scored = self.study.runs[run].how.get("scored", True)
        samples = settings["samples"] if scored else settings["grid"]
        work = forward(sizes["generator"], samples) + self._means(run, samples)
        seconds = self._seconds(work, gpus)
        seconds += self._score_seconds(spec["data"], samples, gpus) if scored else 0.0
        memory = self._model_mb(run) + self._evaluation_mb(run)
        memory += self._score_mb(spec["data"], samples)
        disk = self._image_mb(spec["data"], settings["grid"])
        return self._cost(seconds, memory, disk, gpus)

    def _score_data(self, dataset: str) -> Cost:
        gpus, samples = self.gpus_of(), self.estimators["scores"]["samples"]
        seconds = self._score_seconds(dataset, min(samples, self.images(dataset)[0]), gpus)
        return self._cost(seconds, 2 * self._score_mb(dataset, samples) + 200, 0.1, gpus)

    def _run_synthetic(self, kind: str, setting: str) -> Cost:
        gpus, threads = self.gpus_of(), self.threads_of()
        settings = self.synthetic[kind][setting]
        members = len(settings["members"])
        dim, batch = settings["dim"], settings["batch_size"]
        size = code_discriminator(dim, settings["layers"], settings["width"])
        gaussian = Size(dim * dim, dim * dim, 0, dim, dim * dim, 2)
        # Codes of q and of p pass as one batch.
        classifier = passes(size, 2 * batch, 3) + passes(gaussian, batch, 2)
        classifier += Work(weights=ADAM_ACCESSES * size.parameters)
        work = classifier * members  # they share their calls, not their work
        calls = size.calls * 3 + 2 * CALLS_PER_UPDATE
        if kind == "learning":
            generator = passes(size, batch, 2) + passes(gaussian, batch, 3)
            generator += Work(weights=ADAM_ACCESSES * gaussian.parameters)
            work += generator * members
            calls *= 2
        work = replace(work, calls=calls)
        estimates = math.ceil(settings["iterations"] / settings["every"])
        pieces = max(1, settings["samples"] * max(dim, settings["width"]) // 2**20)
        estimate = passes(size + gaussian, settings["samples"]) * members
        estimate = replace(
            estimate,
            weights=estimate.weights * pieces,
            calls=(size.calls + 40) * pieces + 10 * members,
        )
        # The learned Gaussian's true KL: a QR decomposition and a triangular solve each time.
        decompositions = estimates if kind == "learning" else 1
        exact = products(4.0 * members * dim**3 * decompositions, calls=20.0 * decompositions)
        seconds = self._seconds(
            work * settings["iterations"] + estimate * estimates,
            gpus,
            threads,
            settings["precision"],
        ) + self._seconds(exact, gpus, threads, "float64")
        state = 12 * members * size.parameters / MB
        memory = SERIALISED_COPIES * state + (0 if gpus else 4 / 3 * state) + 200
        return self._cost(seconds, memory, state + 0.5, gpus, threads)

    def _describe_networks(self) -> Cost:
        return self._cost(3.0, 300.0, 0.1)

    def _draw(self, figure: str) -> Cost:
        return Cost(3.0, 400.0, 1.0)
