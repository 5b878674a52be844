"""Each thing that docs/adding.md adds is added to a copy of the repository, as it stands there: its files
are counted, and what belongs to it is run."""

import json

import numpy as np
import pandas as pd
import pytest
import yaml
from blocks import APPENDED, FILE, REPOSITORY, Block, of_kind
from site_copy import Copy, merged, write_config
from tiny_study import tiny_config

PAGE = "docs/adding.md"
EXAMPLES = REPOSITORY / "tests/examples"
STUDY = "studies/mine"
# Files that adding takes, the study's config.yaml among them; of an experiment, those outside its folder.
EDITS = {
    "A run": 1,
    "A sweep": 1,
    "A setting of an estimator": 1,
    "A model": 2,
    "A likelihood": 2,
    "Your own pictures": 1,
    "A data set": 2,
    "A figure": 2,
    "A claim": 1,
    "A score": 2,
    "A step": 4,
    "An experiment": 2,
}


def blocks(section: str, *kinds: str) -> list[Block]:
    return [b for b in of_kind(*kinds) if (b.page, b.section) == (PAGE, section)]


def base() -> dict:
    """A study of small stand-ins with the names of the paper's data sets, and one run on each."""
    config = tiny_config()
    config["data"] = {
        "color_mnist": config["data"]["digits"],
        "cifar10": config["data"]["patches"],
    }
    config["defaults"]["data"] = "color_mnist"
    config["runs"] = {
        "color_mnist_gaussian": {"tags": ["main", "compare"]},
        "cifar10_gan": {"model": "dcgan", "data": "cifar10", "tags": ["compare"]},
    }
    config["estimators"]["scores"] = {}
    config["figures"] = {"fig1": {}, "fig27": {}}
    del config["synthetic"]
    return config


class Additions(Copy):
    """A copy with a study, in which sections of the page are carried out."""

    def __init__(self, root) -> None:
        super().__init__(root)
        write_config(self.root / STUDY, base())
        self._before = self._contents()

    def add(self, section: str) -> None:
        """Writes the section's files, and its parts of a study into the study."""
        for block in blocks(section, "file", "appended"):
            self.put(block)
        config = yaml.safe_load((self.root / STUDY / "config.yaml").read_text())
        parts = blocks(section, "study")
        for block in parts:
            config = merged(config, yaml.safe_load(block.text))
        if parts:
            write_config(self.root / STUDY, config)


@pytest.fixture
def copy(tmp_path):
    return Additions(tmp_path / "dmvi")


# --- the page ---


def test_every_section_says_how_many_files_it_takes():
    """Those that write none are counted here, the others when they are carried out."""
    sections = {b.section for b in of_kind("file", "appended", "study") if b.page == PAGE}
    assert sections == set(EDITS)
    for section in ("A run", "A sweep", "A setting of an estimator", "Your own pictures"):
        assert blocks(section, "study")
        assert not blocks(section, "file", "appended")
    rows = (REPOSITORY / PAGE).read_text().split("|---|---|---|\n")[1].split("\n\n")[0]
    for section, count in EDITS.items():
        anchor = section.lower().replace(" ", "-")
        (row,) = (row for row in rows.splitlines() if f"(#{anchor})" in row)
        assert row.rstrip(" |").endswith(
            f"folder and {count}" if "experi" in anchor else f"{count}"
        )


def test_the_page_shows_the_examples_to_the_byte():
    """Those of tests/examples, which linters read; and no other."""
    shown = {}
    for block in of_kind("file", "appended"):
        path = (FILE.fullmatch(block.first) or APPENDED.fullmatch(block.first))[1]
        shown[path] = block.content
    files = [p for p in EXAMPLES.rglob("*") if p.suffix in (".py", ".smk")]
    assert shown == {str(p.relative_to(EXAMPLES)): p.read_text() for p in files}


# --- one file and an entry ---


@pytest.mark.slow
def test_a_model(copy):
    copy.add("A model")
    assert copy.changed() == ["src/dmvi/models/hinge_gan.py", f"{STUDY}/config.yaml"]
    name = "color_mnist_hinge"
    said = f"study.runs['{name}'].spec['margin'], '{name}' in study.figures['fig27']"
    assert copy.evaluate(STUDY, said) == "1.0 True"
    # As many passes as the DCGAN, because it says so: its time is not guessed.
    hinge, dcgan = (
        copy.evaluate(
            STUDY,
            "__import__('dmvi.costs.work').costs.work.iteration_work("
            f"{{**study.runs['{name}'].spec, 'model': '{model}'}}, (28, 28, 3)).flops",
        )
        for model in ("hinge_gan", "dcgan")
    )
    assert hinge == dcgan
    assert f"results/runs/{name}/seed0/model.pt" in copy.snakemake(STUDY, "-n", "results/fig27.pdf")
    # All that holds for every model; its passes as torch counts them; and the documents, the claims
    # about the paper's models and the figure that prints them, none of which it belongs to.
    others = "figure_7 or fixed_order or c13_holds or row_of_the_table or documents_name"
    where = ("models", "costs/test_sizes.py", "figures/test_scores.py", "tables", "claims", "docs")
    assert copy.tests("-k", f"hinge_gan or {others}", *(f"tests/{n}" for n in where)) >= 23


@pytest.mark.slow
def test_a_likelihood(copy):
    copy.add("A likelihood")
    name = "discretised_logistic"
    written = f"src/dmvi/distributions/likelihoods/{name}.py"
    assert copy.changed() == [written, f"{STUDY}/config.yaml"]
    run = "cifar10_logistic"
    assert copy.evaluate(STUDY, f"study.runs['{run}'].spec['likelihood']") == name
    assert float(copy.evaluate(STUDY, f"costs.of('train', run='{run}').seconds")) > 1
    label = "__import__('dmvi.tables.results').tables.results.LIKELIHOOD_LABELS"
    assert copy.evaluate(STUDY, f"{label}['{name}']") == "discretised logistic"
    assert copy.tests("-k", name, "tests/distributions", "tests/costs/test_sizes.py") >= 3
    # Of every model that takes any likelihood.
    assert copy.tests("-k", f"{name} and not 64", "tests/models/test_registry.py") >= 7 * 5


@pytest.mark.slow
def test_a_data_set(copy):
    copy.add("A data set")
    assert copy.changed() == ["src/dmvi/data/my_pictures.py", f"{STUDY}/config.yaml"]
    assert copy.evaluate(STUDY, "costs.images('my_pictures')") == "(800, 100, 100)"
    images = np.random.default_rng(0).integers(0, 256, (1000, 32, 32, 3), np.uint8)
    given = copy.root / "raw"
    given.mkdir()
    np.save(given / "my_pictures.npy", images)
    target = "results/data/my_pictures/meta.json"
    copy.snakemake(STUDY, target, "--config", f"data_dir={given}")
    folder = copy.root / STUDY / "results/data/my_pictures"
    assert np.array_equal(np.load(folder / "images.npy"), images)
    assert json.loads((folder / "meta.json").read_text())["splits"]["test"] == [900, 1000]
    assert copy.tests("-k", "my_pictures", "tests/data", "tests/costs/test_costs.py") >= 2


@pytest.mark.slow
def test_a_figure_and_its_claim(copy):
    copy.add("A figure")
    assert copy.changed() == ["src/dmvi/figures/fig101.py", f"{STUDY}/config.yaml"]
    copy.add("A claim")
    written = ["src/dmvi/claims/quality_for_gap.py", "src/dmvi/figures/fig101.py"]
    assert copy.changed() == [*written, f"{STUDY}/config.yaml"]
    planned = copy.snakemake(STUDY, "-n", "results/claims.csv")
    assert "results/claims/fig101.json" in planned
    assert "results/runs/color_mnist_gaussian/seed0/quality.json" in planned
    where = ("test_figures.py", "test_layout.py")
    assert copy.tests("-k", "fig101", *(f"tests/figures/{name}" for name in where)) == 5
    assert copy.tests("tests/claims/test_declared.py") > 10
    # Decided on the tests' example of a study: a correlation of fewer than ten points decides nothing.
    assert copy.tests("-k", "fig101 and one_run", "tests/figures/test_figures.py") == 1


@pytest.mark.slow
def test_a_score(copy):
    copy.add("A score")
    assert copy.changed() == ["src/dmvi/scores/brightness.py", f"{STUDY}/config.yaml"]
    assert copy.tests("-k", "brightness", "tests/scores/test_registry.py") == 4
    paths = [
        "results/runs/color_mnist_gaussian/seed0/scores.json",
        "results/data/color_mnist/scores.json",
    ]
    copy.snakemake(STUDY, *paths)
    for path in paths:
        scores = json.loads((copy.root / STUDY / path).read_text())["scores"]
        assert 0 < scores["brightness"]["value"] < 1
        assert set(scores) == {"brightness", "sliced_wasserstein", "spread"}
    assert "Nothing to be done" in copy.snakemake(STUDY, "-n", *paths)
    path = copy.root / "src/dmvi/scores/brightness.py"
    path.write_text(path.read_text().replace('"version": 1', '"version": 2'))
    planned = copy.snakemake(STUDY, "-n", *paths)
    assert [f"rule {name}:" in planned for name in ("evaluate", "evaluate_data", "train")] == [
        *(True, True, False)
    ]


# --- more than that ---


@pytest.mark.slow
def test_a_step(copy):
    copy.add("A step")
    assert copy.changed() == [
        "src/dmvi/figures/fig102.py",
        "src/dmvi/steps/measure_norms.py",
        f"{STUDY}/config.yaml",
        "workflow/rules/latent.smk",
    ]
    assert copy.tests("-k", "measure_norms or every_rule", "tests/steps/test_registry.py") == 5
    assert copy.tests("-k", "fig102", "tests/figures/test_figures.py") == 1
    printed = copy.snakemake(STUDY, "-n", "results/runs/cifar10_gan/seed0/norms.csv", check=False)
    assert "the model 'dcgan' of this run has no encoder" in printed
    assert float(copy.evaluate(STUDY, "costs.of('measure_norms', run='cifar10_gan').seconds")) > 0
    copy.snakemake(STUDY, "results/fig102.pdf")
    results = copy.root / STUDY / "results"
    table = pd.read_csv(results / "runs/color_mnist_gaussian/seed0/norms.csv")
    widths = table["right"] - table["left"]
    assert len(table) == 40
    for column in ("prior", "posterior"):
        assert (table[column] * widths).sum() == pytest.approx(1, abs=0.01)
    assert (results / "fig102.pdf").read_bytes()[:5] == b"%PDF-"


@pytest.mark.slow
def test_an_experiment(copy):
    copy.add("An experiment")
    folder = "src/dmvi/experiments/finite_mixtures/"
    outside = [name for name in copy.changed() if not name.startswith(folder)]
    assert outside == [f"{STUDY}/config.yaml", "workflow/rules/finite_mixtures.smk"]
    # It needs no other block.
    config = yaml.safe_load((copy.root / STUDY / "config.yaml").read_text())
    config = {key: config[key] for key in ("study", "finite_mixtures")}
    write_config(copy.root / STUDY, {**config, "figures": {"fig103": {}}})
    assert copy.tests("-k", "schema", "tests/study/test_experiments.py") == 1
    assert copy.tests("tests/claims/test_declared.py") > 10
    assert copy.tests("-k", "measure_mixtures or every_rule", "tests/steps/test_registry.py") == 5
    copy.snakemake(STUDY, "all")
    claims = pd.read_csv(copy.root / STUDY / "results/claims.csv")
    assert list(claims["id"]) == ["X2"]
    assert list(claims["verdict"]) == ["holds"]
    config["finite_mixtures"]["sizes"] = [100]
    write_config(copy.root / STUDY, {**config, "figures": {"fig103": {}}})
    assert "draws a curve over N, but" in copy.snakemake(STUDY, "-n", check=False)


def test_the_number_of_files_is_that_of_the_page():
    """As the tests above count them in the copies."""
    for section in EDITS:
        files = {
            (FILE.fullmatch(b.first) or APPENDED.fullmatch(b.first))[1]
            for b in blocks(section, "file", "appended")
        }
        outside = {name for name in files if "/experiments/" not in name}
        study = bool(blocks(section, "study"))
        assert len(outside) + study == EDITS[section], section
