"""The tables of a study's results on disk, and the runs that they belong to.

Light to import; pandas and numpy load with the first table. Every reading error is one sentence.
"""

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from dmvi.data.registry import BUILDERS
from dmvi.distributions.registry import declared_likelihoods, declared_posteriors
from dmvi.errors import DmviError
from dmvi.tables.models import model_rank, model_title
from dmvi.tables.reading import read_array, read_table_csv, read_table_json

# The paper's data sets in the paper's order; other data sets follow in the order of their names.
KINDS = {name: info.kind for name, info in BUILDERS.items() if info.kind}
POSTERIOR_LABELS = {name: family["title"] for name, family in declared_posteriors().items()}
LIKELIHOOD_LABELS = {name: declared["title"] for name, declared in declared_likelihoods().items()}
# Of run.json, what is no setting of the training: a run's names, and how it was watched.
NO_SETTINGS = ("run", "seed", "num_parameters", "log_every", "bound_every", "bound_images")


@dataclass(frozen=True)
class DrawnRun:
    """One trained configuration: its name, the seeds at hand, and what run.json says about it."""

    name: str
    seeds: tuple[int, ...]
    spec: dict[str, Any] = field(repr=False, hash=False)

    data = property(lambda self: self.spec["data"])
    model = property(lambda self: self.spec["model"])
    posterior = property(lambda self: self.spec.get("posterior"))  # None: it has none
    likelihood = property(lambda self: self.spec.get("likelihood"))
    latent_dim = property(lambda self: int(self.spec["latent_dim"]))
    beta = property(lambda self: float(self.spec.get("beta", 1.0)))

    @property
    def setting(self) -> tuple:
        """What two runs must share, besides the data, to be compared fairly: all but their names,
        seeds, posterior and likelihood, and how they were watched."""
        own = {*NO_SETTINGS, "posterior", "likelihood"}
        keys = sorted(k for k in self.spec if k not in own and not k.startswith("flow_"))
        return tuple((key, str(self.spec[key])) for key in keys)

    @property
    def budget(self) -> tuple:
        """Training steps and width: models are compared where both are alike."""
        return tuple(self.spec.get(key) for key in ("iterations", "width"))

    @property
    def budget_text(self) -> str:
        """ "1,500 × 64": training steps × width of the narrowest convolution; "?" if unknown."""
        return "\u00a0×\u00a0".join("?" if n is None else f"{n:,}" for n in self.budget)

    @property
    def plain(self) -> bool:
        """True for the paper's own model: a VAE without a weight on its KL term."""
        return self.model in ("vae", "beta_vae") and self.beta == 1


def _rank(names: dict[str, str], name: str | None) -> tuple[int, str]:
    """Sorts known names in their own order and unknown ones behind them, by name."""
    return (list(names).index(name), "") if name in names else (len(names), name or "")


class Tables:
    """The tables of the runs that a figure shows; a reading error is a `DmviError`.

    Args:
        root: a study's `results` folder.
        runs: the seeds at hand for every run, {run: [seed, ...]}.
        study: {"name", "scale" ("demo" | "reduced" | "paper"), "note"}, and "models" that it runs for a
            figure that prints their declarations.
    """

    def __init__(self, root: str | Path, runs: dict[str, list[int]], study: dict[str, Any]):
        self.root = Path(root)
        self.seeds = {run: tuple(seeds) for run, seeds in runs.items()}
        self.study = {"name": "", "scale": "", "note": "", **study}
        self._jsons: dict[Path, dict] = {}
        self._csvs: dict[Path, Any] = {}

    # --- runs and data sets ---

    @cached_property
    def runs(self) -> list[DrawnRun]:
        """Runs by data set, model, latent size, posterior, likelihood, beta and name. Never empty."""
        if not self.seeds:
            raise DmviError(
                "no run of this study belongs to this figure: give it runs by the figure's "
                "`runs:` or `select:` in config.yaml, or take the figure out"
            )
        for name, seeds in self.seeds.items():
            if not seeds:
                raise DmviError(f"run {name} has no seeds: give it at least one under `seeds:`")
        runs = [
            DrawnRun(name, seeds, self.json(name, seeds[0], "run.json"))
            for name, seeds in self.seeds.items()
        ]

        def order(run: DrawnRun):
            return (
                _rank(KINDS, self.meta(run.data)["builder"]),
                run.data,
                model_rank(run.model),
                run.latent_dim,
                _rank(POSTERIOR_LABELS, run.posterior),
                _rank(LIKELIHOOD_LABELS, run.likelihood),
                run.beta,
                run.name,
            )

        return sorted(runs, key=order)

    @property
    def datasets(self) -> dict[str, list[DrawnRun]]:
        """Runs of every data set, in the order of `runs`."""
        groups: dict[str, list[DrawnRun]] = {}
        for run in self.runs:
            groups.setdefault(run.data, []).append(run)
        return groups

    def kind(self, dataset: str) -> str | None:
        """The paper's data set that `dataset` stands for, or None for a data set of the user's."""
        return KINDS.get(self.meta(dataset)["builder"])

    def title(self, dataset: str) -> str:
        """The data set's title, which names stand-ins; with its key where two share a title."""
        title = self.meta(dataset)["title"]
        others = {run.data for run in self.runs} - {dataset}
        shared = any(self.meta(other)["title"] == title for other in others)
        return f"{title} [{dataset}]" if shared else title

    def shown_images(self, dataset: str) -> str:
        """What the pictures in originals.npy are."""
        return "test images"

    def short_title(self, dataset: str) -> str:
        """The title of a data set's panel: a stand-in's without what the footer says of it as well."""
        whole, own = self.title(dataset), self.meta(dataset)["title"]
        bare = own.partition(" (")[0] if self.meta(dataset)["standin"] else own
        return bare + whole.removeprefix(own)

    def heading(self, run: DrawnRun) -> str:
        """The title of a run's panel: data set, latent size, and what tells it from its peers."""
        text = f"{self.short_title(run.data)}, d\u00a0=\u00a0{run.latent_dim}"
        labels = self.labels
        peers = [r for r in self.runs if (r.data, r.latent_dim) == (run.data, run.latent_dim)]
        return f"{text}, {labels[run.name]}" if len(peers) > 1 else text

    @cached_property
    def labels(self) -> dict[str, str]:
        """A short label per run: posterior and beta, or the model where it is not always a VAE;
        likelihood or name where those are alike."""
        mixed = any(run.model not in ("vae", "beta_vae") for run in self.runs)

        def label(run: DrawnRun, level: int) -> str:
            parts = [model_title(run.model)] if mixed else []
            if run.posterior is not None and (level >= 1 or not mixed):
                parts.append(POSTERIOR_LABELS.get(run.posterior, run.posterior))
            if run.beta != 1:
                parts.append(f"β\u00a0=\u00a0{run.beta:g}")
            if run.likelihood is not None and level >= 1:
                parts.append(LIKELIHOOD_LABELS.get(run.likelihood, run.likelihood))
            if level >= 2:
                parts.append(f"run {run.name}")
            return ", ".join(parts)

        for level in range(3):
            labels = {run.name: label(run, level) for run in self.runs}
            if len({(r.data, r.latent_dim, labels[r.name]) for r in self.runs}) == len(self.runs):
                break
        return labels

    # --- tables ---

    def json(self, run: str, seed: int, name: str) -> dict:
        return self._json(self._run_path(run, seed, name), name)

    def csv(self, run: str, seed: int, name: str):
        """A pandas DataFrame."""
        return self._csv(self._run_path(run, seed, name), name)

    def array(self, run: str, seed: int, name: str):
        """A numpy array; one that would need pickle is refused."""
        return read_array(self._run_path(run, seed, name))

    def per_seed(self, run: DrawnRun, name: str, key: str) -> list[float]:
        """A number of a JSON table, one per seed of the run."""
        return [float(self.json(run, seed, name)[key]) for seed in run.seeds]

    def meta(self, dataset: str) -> dict:
        return self.data_json(dataset, "meta.json")

    def data_json(self, dataset: str, name: str) -> dict:
        return self._json(self.data_path(dataset, name), name)

    def test_images(self, dataset: str, count: int):
        """The first test images of a data set, uint8 (n, H, W, C), n <= count."""
        images = read_array(self.data_path(dataset, "images.npy"), mapped=True)
        start, stop = self.meta(dataset)["splits"]["test"]
        return images[start : min(stop, start + count)]

    def study_csv(self, name: str):
        return self._csv(self.root / name, name)

    def data_path(self, dataset: str, name: str) -> Path:
        """The file of a data set's table."""
        return self.root / "data" / dataset / name

    def _run_path(self, run: str | DrawnRun, seed: int, name: str) -> Path:
        run = run.name if isinstance(run, DrawnRun) else run
        return self.root / "runs" / run / f"seed{seed}" / name

    def _json(self, path: Path, name: str) -> dict:
        """Each file is read once; nobody writes into what this returns."""
        if path not in self._jsons:
            self._jsons[path] = read_table_json(path, name)
        return self._jsons[path]

    def _csv(self, path: Path, name: str):
        """Each table is read once; nobody writes into what this returns."""
        if path not in self._csvs:
            self._csvs[path] = read_table_csv(path, name)
        return self._csvs[path]
