"""A folder that is written anew as a whole: at every moment the old or the new one is there."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from dmvi import files

SOURCE = Path(__file__).parents[1] / "src"
# Publishes "new" over "old" and kills itself at a chosen point.
SCRIPT = """
import os, signal, sys
from pathlib import Path
from dmvi.files import replaced_folder

target, point = Path(sys.argv[1]), sys.argv[2]
def kill(*_):
    os.kill(os.getpid(), signal.SIGKILL)
rename, renames = Path.rename, []
def counted(self, other):
    renames.append(other)
    done = rename(self, other)
    if point == f"rename {len(renames)}":
        kill()
    return done
Path.rename = counted
with replaced_folder(target) as folder:
    (folder / "a").write_text("new")
    if point == "writing":
        kill()
    (folder / "b").write_text("new")
"""


@pytest.fixture
def target(tmp_path):
    folder = tmp_path / "published"
    folder.mkdir()
    (folder / "a").write_text("old")
    return folder


def contents(folder):
    return {path.name: path.read_text() for path in folder.iterdir()}


OLD, NEW = {"a": "old"}, {"a": "new", "b": "new"}


def write(target, then=lambda: None):
    with files.replaced_folder(target) as folder:
        for name in NEW:
            (folder / name).write_text("new")
        then()


def test_replaces_and_leaves_nothing_beside(target):
    write(target)
    assert contents(target) == NEW
    assert os.listdir(target.parent) == ["published"]


def test_makes_a_folder_that_was_not_there(tmp_path):
    write(tmp_path / "some/where")
    assert contents(tmp_path / "some/where") == NEW


def test_an_error_leaves_the_old_one(target):
    with pytest.raises(ZeroDivisionError):
        write(target, then=lambda: 1 / 0)
    assert contents(target) == OLD
    assert os.listdir(target.parent) == ["published"]


def test_a_rename_that_fails_puts_the_old_one_back(target, monkeypatch):
    rename = Path.rename

    def refuse(self, other):
        if self.name.endswith(".new"):
            raise PermissionError("no")
        return rename(self, other)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", refuse)
        with pytest.raises(PermissionError):
            write(target)
    assert contents(target) == OLD
    assert os.listdir(target.parent) == ["published"]


@pytest.mark.parametrize(
    ("point", "there"), [("writing", OLD), ("rename 1", None), ("rename 2", NEW)]
)
def test_killed_at_any_point_a_whole_folder_is_left_and_the_rest_is_cleared(target, point, there):
    environment = {**os.environ, "PYTHONPATH": str(SOURCE)}
    command = [sys.executable, "-c", SCRIPT, target, point]
    assert subprocess.run(command, env=environment).returncode == -signal.SIGKILL
    left = {path.name for path in target.parent.iterdir()} - {"published"}
    assert left, "nothing was left behind; the test proves nothing"
    if there is None:  # between the two renames: the old one has its other name
        assert contents(target.with_name(".published.old")) == OLD
        kept = target.with_name("kept")
        shutil.copytree(target.with_name(".published.old"), kept)
        with pytest.raises(ZeroDivisionError):
            write(target, then=lambda: 1 / 0)
        assert contents(target) == contents(kept) == OLD, "put back, whatever happens next"
        shutil.rmtree(kept)
    else:
        assert contents(target) == there
    write(target)
    assert contents(target) == NEW
    assert os.listdir(target.parent) == ["published"]
