"""What the documents add to the project is added to a copy of it, and what belongs to it is run."""

import itertools
import json
import re
from pathlib import Path

import numpy as np
import pytest
import yaml
from blocks import REPOSITORY, all_blocks, of_kind
from site_copy import Copy, merged, write_config

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("documents_examples")]

# The tests that every file in a folder must pass, run with its name.
BELONGS = {
    "src/dmvi/models": ("tests/models/test_registry.py", "tests/costs/test_sizes.py"),
    "src/dmvi/figures": ("tests/figures/test_figures.py", "tests/figures/test_layout.py"),
    "src/dmvi/data": ("tests/data/test_registry.py", "tests/data/test_prepare.py"),
}
# Files that adding takes, the study's config.yaml among them.
EDITS = {"A run": 1, "A sweep": 1, "A model": 2, "A figure": 2, "A data set": 3}
# Parts of a study that name a file which only a download brings: their keys are checked, no more.
NOT_LOADED = {"inception_weights": "the weights of another project"}

LOAD = """
import json, sys
from pathlib import Path
import yaml
from dmvi.study.config import load_study
from dmvi.study.schema import YamlLoader

schema = yaml.load(Path("workflow/schemas/config.schema.yaml").read_text(), Loader=YamlLoader)
for config in json.load(sys.stdin):
    print(len(load_study(config, schema).runs))
"""


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """A copy of the repository with every file and insertion of the documents in place."""
    made = Copy(tmp_path_factory.mktemp("documents") / "dmvi")
    made.added = [made.put(block) for block in of_kind("file", "insertion")]
    return made


def parts() -> list[dict]:
    """The blocks that are a part of a study and can be loaded."""
    read = [yaml.safe_load(block.text) for block in of_kind("study")]
    return [part for part in read if not set(part) & set(NOT_LOADED)]


def paper() -> dict:
    """The root's config."""
    return yaml.safe_load((REPOSITORY / "config.yaml").read_text())


def test_files_pass_the_tests_of_their_folder(copy):
    names = [path.stem for path in copy.added if path.stem not in ("registry", "config")]
    tests = {test for path in copy.added for test in BELONGS[str(path.parent)]}
    assert len(names) >= 3
    words = ["python", "-m", "pytest", "-p", "no:xdist", "-p", "no:cacheprovider", "-rA", "-q"]
    printed = copy.run(*words, "-k", " or ".join(names), *sorted(tests))
    for name in names:
        assert re.search(rf"^PASSED .*\b{name}\b", printed, re.MULTILINE), name


def test_every_part_of_a_study_loads(copy):
    """Each beside those that stand before it."""
    configs = [*itertools.accumulate(parts(), merged, initial=paper())][1:]
    printed = copy.run("python", "-c", LOAD, stdin=json.dumps(configs))
    assert len(printed.splitlines()) == len(configs) > 5
    schema = yaml.safe_load((REPOSITORY / "workflow/schemas/config.schema.yaml").read_text())
    for block in of_kind("study"):
        assert set(yaml.safe_load(block.text)) <= set(schema["properties"]), str(block)


def test_what_the_parts_of_studies_add_is_planned(copy):
    config, targets = paper(), []
    for part in parts():
        for name, run in part.get("runs", {}).items():
            if name not in config["runs"] and "sweep" not in run:
                targets.append(f"results/runs/{name}/seed0/model.pt")
        targets += [f"results/data/{name}/meta.json" for name in part.get("data", {})]
        targets += [f"results/{name}.pdf" for name in part.get("figures", {})]
        config = merged(config, part)
    assert len(targets) >= 5
    write_config(copy.root / "studies/documents", config)
    words = ["snakemake", "-n", "--cores", "1", "--directory", "studies/documents"]
    printed = copy.run(*words, *targets)
    assert [target for target in targets if target not in printed] == []


def test_the_added_data_set_is_prepared(copy, tmp_path):
    """From an array as its page describes it."""
    pictures = np.random.default_rng(0).integers(0, 256, (40, 32, 32, 3), np.uint8)
    np.save(tmp_path / "my_pictures.npy", pictures)
    config = paper() | {"data_dir": str(tmp_path)}
    for part in parts():
        config["data"] |= part.get("data", {})
    write_config(copy.root / "studies/pictures", config)
    words = ["snakemake", "--cores", "1", "--directory", "studies/pictures"]
    copy.run(*words, "results/data/my_pictures/meta.json")
    folder = copy.root / "studies/pictures/results/data/my_pictures"
    assert np.array_equal(np.load(folder / "images.npy"), pictures)
    assert json.loads((folder / "meta.json").read_text())["splits"]["test"] == [36, 40]


def test_mistakes_are_refused_with_the_sentence_that_stands_there(copy):
    blocks = all_blocks()
    refused = [n for n, block in enumerate(blocks) if block.kind == "refused"]
    messages = [n for n, block in enumerate(blocks) if block.kind == "message"]
    assert refused
    assert messages == [n + 1 for n in refused], "a message follows each refused block"
    for n in refused:
        config = merged(paper(), yaml.safe_load(blocks[n].text))
        write_config(copy.root / "studies/refused", config)
        words = ["snakemake", "-n", "--cores", "1", "--directory", "studies/refused"]
        assert blocks[n + 1].text.strip() in copy.run(*words, check=False).splitlines()


def test_how_many_files_an_addition_takes():
    edited = {section: {Path("config.yaml")} for section in EDITS}
    for block in of_kind("file", "insertion"):
        edited[block.section].add(Path(block.first.removeprefix("# ").partition(",")[0]))
    assert {section: len(files) for section, files in edited.items()} == EDITS
