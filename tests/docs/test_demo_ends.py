"""`make demo` ends with what to look at, and with how where a browser is at hand."""

import os
import shutil
import subprocess
import sys

import pytest
from blocks import REPOSITORY


@pytest.fixture
def folder(tmp_path):
    """A repository with an environment, in which Snakemake does nothing."""
    shutil.copy(REPOSITORY / "Makefile", tmp_path)
    for name in ("envs/lock.txt", ".venv/bin/activate", ".venv/installed"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    for name, text in (("snakemake", "exit 0"), ("python", f'exec {sys.executable} "$@"')):
        path = tmp_path / f"bin/{name}"
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)
    return tmp_path


def ends(folder, **environment: str) -> str:
    """What it prints, on a machine that has no browser of its own."""
    path = f"{folder}/bin:{os.environ['PATH']}"
    done = subprocess.run(
        ["make", "--no-print-directory", "demo"],
        cwd=folder,
        env={"PATH": path, **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.split("Three things to look at:\n")[1]


def test_it_names_three_things_that_the_demo_makes(folder):
    lines = ends(folder).splitlines()[:3]
    named = [line.split()[-1].removeprefix("file://") for line in lines]
    results = folder / "studies/demo/results"
    assert named[:2] == [str(results / "index.html"), str(results / "claims.md")]
    assert f"{results}/fig1.pdf ... table7.pdf" in lines[2]


def test_it_says_whether_a_browser_can_open_them(folder):
    page = f"file://{folder}/studies/demo/results/index.html"
    without = ends(folder)
    assert "No browser is on this machine" in without
    assert "webbrowser" not in without
    browser = folder / "bin/mybrowser"
    browser.write_text("#!/bin/sh\ntouch opened\n")
    browser.chmod(0o755)
    there = ends(folder, BROWSER=str(browser))
    assert f"python -m webbrowser {page}\n" in there
    assert "No browser" not in there
    assert not (folder / "opened").exists(), "it is named, not started"
