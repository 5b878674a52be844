"""The real command on malformed studies and targets: the last line is the sentence, without a traceback."""

import shutil

import pytest
from hostile import changed, rows, written
from PIL import Image
from tiny_study import Study

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("workflow")]

# Of the other tables: one of each kind that Snakemake meets on another way than the loader does.
TEXTS = [row for row in rows("texts") if "bytes" not in row][::9] + [
    row for row in rows("texts") if "__use_yte__" in str(row)
][:3]
VALUES = rows("values")[::45]


def last_line(study: Study, *targets: str) -> str:
    """The last line that `snakemake -n` prints; there must be no traceback."""
    printed = study.snakemake("-n", "--", *targets, check=False)
    assert "Traceback" not in printed
    assert '  File "' not in printed
    return printed.strip().splitlines()[-1]


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return Study(tmp_path_factory.mktemp("hostile") / "study")


@pytest.mark.parametrize("row", rows("targets"), ids=lambda row: row["target"][:60])
def test_a_wrong_target_is_one_sentence(study, row):
    study.write()
    line = last_line(study, row["target"])
    assert not [word for word in row["says"] if str(word) not in line], line


@pytest.mark.parametrize("row", TEXTS + VALUES, ids=lambda row: repr(row)[:60])
def test_a_wrong_config_is_one_sentence(study, row):
    if "set" in row or ("drop" in row and "swap" not in row):
        study.config = changed(row)
        study.write()
    else:
        (study.folder / "config.yaml").write_bytes(written(row))
    line = last_line(study, "all")
    assert line.startswith("dmvi: config.yaml")
    assert not [word for word in row["says"] if str(word) not in line], line
    assert not (study.folder / "ran").exists(), "the config ran code"


def test_wrong_folders_are_one_sentence(study):
    path = study.folder / "config.yaml"
    path.unlink(missing_ok=True)
    assert "config.yaml does not exist" in last_line(study, "all")
    path.mkdir()
    assert "config.yaml is a folder" in last_line(study, "all")
    path.rmdir()
    fresh = Study(study.folder)
    (study.folder / "results").write_text("")
    assert "results is a file" in last_line(fresh, "all")
    (study.folder / "results").unlink()
    (study.folder / "results").symlink_to("nowhere")
    assert "results is a link to nowhere" in last_line(fresh, "all")
    (study.folder / "results").unlink()


def test_files_that_are_not_there_are_one_sentence_and_prepared_data_need_none(study):
    fresh = Study(study.folder)
    fresh.config["data"] = {"mine": {"builder": "folder", "path": "pictures", "size": 28}}
    fresh.config["data"]["mine"]["limit"] = {"train": 20, "valid": 5, "test": 5}
    fresh.config["defaults"]["data"] = "mine"
    fresh.config["runs"] = {"plain": {"tags": ["main"]}}
    fresh.config["estimators"]["scores"] = {}
    fresh.config["figures"] = {"fig2": {}}
    fresh.config["data_dir"] = "given"
    fresh.write()
    target = "results/runs/plain/seed0/model.pt"
    line = last_line(fresh, target)
    assert line.startswith("dmvi: config.yaml: data_dir is 'given', which is not a folder"), line
    pictures = fresh.folder / "given/pictures"
    pictures.mkdir(parents=True)
    for number in range(30):
        Image.new("RGB", (30, 30), (number, 0, 0)).save(pictures / f"{number}.png")
    fresh.snakemake("results/data/mine/meta.json")
    shutil.rmtree(fresh.folder / "given")
    assert fresh.plan(target) == {"train": 1}
    assert fresh.plan(target, "--config", "data_dir=/nowhere") == {"train": 1}
    shutil.rmtree(fresh.folder / "results")
    printed = fresh.snakemake("-n", target, "--config", "data_dir=/nowhere", check=False)
    assert "data_dir is '/nowhere', which is not a folder" in printed.strip().splitlines()[-1]
    assert "Traceback" not in printed


def test_of_two_starts_at_once_one_is_refused_and_the_other_goes_on(study):
    fresh = Study(study.folder)
    fresh.config["runs"]["plain"]["iterations"] = 2000  # both are there while it trains
    fresh.write()
    target = "results/runs/plain/seed0/model.pt"
    both = [fresh.started(target) for _ in range(2)]
    printed = {process.communicate()[0]: process.returncode for process in both}
    assert sorted(map(bool, printed.values())) == [False, True], printed
    refused = next(text for text, status in printed.items() if status)
    assert "cannot be locked" in refused or "is in use by process" in refused
    assert "Traceback" not in refused
    assert fresh.plan(target) == {}


def test_a_default_that_a_model_cannot_use_is_said_once_per_run(study):
    fresh = Study(study.folder)
    fresh.config["defaults"]["posterior"] = "realnvp"
    fresh.config["runs"]["plain"]["posterior"] = "gaussian"
    fresh.config["runs"]["point"] = {"model": "avb"}
    fresh.write()
    printed = fresh.snakemake("-n", "results/runs/point/seed0/model.pt")
    note = "note: point: the default posterior 'realnvp' is none of 'avb', which takes 'implicit'"
    assert printed.count(note) == 1
