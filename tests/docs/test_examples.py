"""The parts of studies that the documents show load, are planned, or are refused as they say."""

import itertools
import json
import re
from pathlib import Path

import pytest
import yaml
from blocks import REPOSITORY, all_blocks, of_kind
from site_copy import Copy, merged, write_config

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("documents_examples")]

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
    """A copy of the repository with every file of the documents in place."""
    made = Copy(tmp_path_factory.mktemp("documents") / "dmvi")
    for block in of_kind("file", "appended"):
        made.put(block)
    return made


def parts() -> list[dict]:
    """The blocks that are a part of a study and can be loaded."""
    read = [yaml.safe_load(block.text) for block in of_kind("study")]
    return [part for part in read if not set(part) & set(NOT_LOADED)]


def paper() -> dict:
    """The root's config."""
    return yaml.safe_load((REPOSITORY / "config.yaml").read_text())


def test_every_part_of_a_study_loads(copy):
    """Each beside those that stand before it."""
    configs = [*itertools.accumulate(parts(), merged, initial=paper())][1:]
    printed = copy.run("python", "-c", LOAD, stdin=json.dumps(configs))
    assert len(printed.splitlines()) == len(configs) > 8


def test_keys_of_parts_that_are_not_loaded_exist():
    schema = yaml.safe_load((REPOSITORY / "workflow/schemas/config.schema.yaml").read_text())
    read = [yaml.safe_load(block.text) for block in of_kind("study")]
    left_out = [part for part in read if set(part) & set(NOT_LOADED)]
    assert len(left_out) == len(NOT_LOADED)
    for part in left_out:
        assert set(part) <= set(schema["properties"])


def test_what_the_parts_of_studies_add_is_planned(copy):
    """Runs, data sets, figures with all that they need, and scores."""
    config, targets, scores = paper(), [], set()
    for part in parts():
        for name, run in part.get("runs", {}).items():
            if name not in config["runs"] and "sweep" not in run and "DATA" not in name:
                targets.append(f"results/runs/{name}/seed0/model.pt")
        targets += [f"results/data/{name}/meta.json" for name in part.get("data", {})]
        targets += [f"results/{name}.pdf" for name in part.get("figures", {})]
        scores |= set(part.get("estimators", {}).get("scores", {}))
        config = merged(config, part)
    for name, data in config["data"].items():
        if "path" in data:  # the reader's own, which is looked for before it is planned
            data["path"] = str(copy.root / f"studies/pictures_of_{name}")
            Path(data["path"]).mkdir(parents=True)
    assert len(targets) >= 9
    write_config(copy.root / "studies/documents", config)
    targets.append("results/runs/color_mnist_hinge/seed0/scores.json")
    words = ["snakemake", "-n", "-p", "--cores", "1", "--directory", "studies/documents"]
    printed = copy.run(*words, *targets)
    assert [target for target in targets if target not in printed] == []
    assert scores
    for name in scores:
        assert re.search(rf'--settings .*"{name}": ', printed), name


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
