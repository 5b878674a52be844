"""A model, a likelihood and a data set are added to a copy of the repository, each in its one file.

The files in `tests/examples` are those that the documents show. What they change beside that file is
an entry of a study, and the tests of everything that is registered hold for them as they stand.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

REPOSITORY = Path(__file__).parents[2]
EXAMPLES = REPOSITORY / "tests/examples"
COPIED = (
    "src",
    "tests",
    "workflow",
    "studies",
    "docs",
    "config.yaml",
    "README.md",
    "pyproject.toml",
)
STUDY = "studies/demo/config.yaml"


class Copy:
    """A copy of the repository in which things are added."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        ignored = shutil.ignore_patterns("__pycache__", "*.egg-info", "results")
        for name in COPIED:
            source = REPOSITORY / name
            if source.is_dir():
                shutil.copytree(source, folder / name, ignore=ignored)
            else:
                folder.mkdir(exist_ok=True)
                shutil.copy2(source, folder / name)
        self.before = self.contents()

    def contents(self) -> dict[str, bytes]:
        files = (path for path in sorted(self.folder.rglob("*")) if path.is_file())
        return {
            str(path.relative_to(self.folder)): path.read_bytes()
            for path in files
            if path.suffix not in (".pyc", ".npy") and "__pycache__" not in path.parts
        }

    def changed(self) -> list[str]:
        after = self.contents()
        names = {*self.before, *after}
        return sorted(name for name in names if self.before.get(name) != after.get(name))

    def add(self, example: str) -> None:
        target = self.folder / "src/dmvi" / example
        assert not target.exists()
        shutil.copy2(EXAMPLES / example, target)

    def enter(self, block: str, entry: str) -> None:
        """Adds an entry to a block of the study's config."""
        path = self.folder / STUDY
        text = path.read_text()
        assert text.count(f"\n{block}:\n") == 1
        path.write_text(text.replace(f"\n{block}:\n", f"\n{block}:\n{entry}"))

    def python(self, *arguments: str) -> str:
        environment = {**os.environ, "PYTHONPATH": str(self.folder / "src"), "OMP_NUM_THREADS": "1"}
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=self.folder,
            env={**environment, "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
        return done.stdout

    def tests(self, *arguments: str) -> int:
        """Runs tests of the copy and returns how many passed; none may fail."""
        options = ("-q", "-p", "no:cacheprovider", "-p", "no:xdist")
        last = self.python("-m", "pytest", *options, *arguments).strip().splitlines()[-1]
        return int(last.split(" passed")[0].split()[-1])

    def study(self, expression: str) -> str:
        """What an expression of the copy's study and its costs gives, as printed."""
        return self.python(
            "-c",
            "import yaml\n"
            "from dmvi.costs.model import Costs\n"
            "from dmvi.study.config import load_study\n"
            "read = lambda path: yaml.safe_load(open(path))\n"
            f"study = load_study(read({STUDY!r}), read('workflow/schemas/config.schema.yaml'))\n"
            "costs = Costs(study, read('workflow/hardware.yaml'))\n"
            f"print({expression})",
        ).strip()


@pytest.fixture
def copy(tmp_path):
    return Copy(tmp_path / "copy")


@pytest.mark.slow
def test_a_model_is_one_file_and_an_entry(copy):
    copy.add("models/hinge_gan.py")
    copy.enter("runs", "  hinge: {data: color_mnist, model: hinge_gan, tags: [compare]}\n")
    assert copy.changed() == ["src/dmvi/models/hinge_gan.py", STUDY]
    assert copy.study("study.runs['hinge'].spec['margin'], 'hinge' in study.figures['fig27']") == (
        "1.0 True"
    )
    # As many passes as the DCGAN, because it says so: its time is not guessed.
    work = "iteration_work({**study.runs['hinge'].spec, 'model': name}, (28, 28, 3)).flops"
    hinge, dcgan = (
        copy.study(f"(lambda name: __import__('dmvi.costs.model').costs.model.{work})({name!r})")
        for name in ("hinge_gan", "dcgan")
    )
    assert hinge == dcgan
    # All that holds for every model; its passes as torch counts them; and the documents, the claims
    # about the paper's models and the figure that prints them, none of which it belongs to.
    others = "documents or figure_7 or fixed_order or c13_holds"
    where = (
        "models",
        "costs/test_sizes.py",
        "figures/test_scores.py",
        "figures/test_comparison.py",
    )
    chosen = f"hinge_gan or {others}"
    assert copy.tests("-k", chosen, *(f"tests/{name}" for name in where)) >= 30


@pytest.mark.slow
def test_a_likelihood_is_one_file_and_an_entry(copy):
    name = "discretised_logistic"
    copy.add(f"distributions/likelihoods/{name}.py")
    copy.enter("runs", f"  logistic: {{data: color_mnist, likelihood: {name}}}\n")
    assert copy.changed() == [f"src/dmvi/distributions/likelihoods/{name}.py", STUDY]
    assert copy.study("study.runs['logistic'].spec['likelihood']") == name
    assert float(copy.study("costs.of('train', run='logistic').seconds")) > 1
    labels = copy.python("-c", "from dmvi.figures.tables import LIKELIHOOD_LABELS as l; print(l)")
    assert "'discretised_logistic': 'discretised logistic'" in labels
    assert copy.tests("-k", name, "tests/distributions", "tests/costs/test_sizes.py") >= 3
    # Of every model that takes any likelihood.
    assert copy.tests("-k", f"{name} and not 64", "tests/models/test_registry.py") >= 7 * 5


@pytest.mark.slow
def test_a_data_set_is_one_file_and_an_entry(copy):
    copy.add("data/my_pictures.py")
    copy.enter("data", "  my_pictures: {builder: my_pictures}\n")
    assert copy.changed() == ["src/dmvi/data/my_pictures.py", STUDY]
    assert copy.study("costs.images('my_pictures')") == "(800, 100, 100)"
    images = np.random.default_rng(0).integers(0, 256, (1000, 32, 32, 3), np.uint8)
    np.save(copy.folder / "my_pictures.npy", images)
    spec = '{"builder": "my_pictures"}'
    options = ("--name", "my_pictures", "--spec", spec, "--raw", "raw", "--data-dir", ".")
    copy.python("-m", "dmvi", "prepare-data", *options, "--output", "out")
    assert np.array_equal(np.load(copy.folder / "out/images.npy"), images)
    assert copy.tests("tests/data/test_registry.py", "tests/data/test_prepare.py") > 30
    assert copy.tests("-k", "my_pictures", "tests/data", "tests/costs/test_costs.py") >= 2
