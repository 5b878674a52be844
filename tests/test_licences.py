"""The list of licences: of every package of the lock, and what each says of itself."""

from importlib import metadata
from pathlib import Path

import pytest

from dmvi.commands.licences import licence_of, licences, locked

REPOSITORY = Path(__file__).parents[1]
LOCK = REPOSITORY / "envs/lock.txt"


def test_the_list_is_of_the_lock():
    """A change of the lock asks for `python -m dmvi licences --output envs/licences.tsv`."""
    pins = [line.split("==") for line in LOCK.read_text().splitlines() if "==" in line]
    rows = [
        line.split("\t") for line in (REPOSITORY / "envs/licences.tsv").read_text().splitlines()
    ]
    assert [row[:2] for row in rows] == pins
    assert [name for name, _, licence in rows if licence in ("", "not installed")] == []


def test_what_is_not_installed_is_said(tmp_path, capsys):
    lock = tmp_path / "lock.txt"
    lock.write_text("# pins\nno-such-package==1.0\nnumpy==0.1\n")
    assert locked(lock) == ["no-such-package", "numpy"]
    licences(lock)
    first, second = capsys.readouterr().out.splitlines()
    assert first == "no-such-package\t-\tnot installed"
    assert second.startswith(f"numpy\t{metadata.version('numpy')}\tBSD-3-Clause")


@pytest.mark.parametrize(
    ("stated", "text", "licence"),
    [
        ("License-Expression: MIT AND 0BSD\nLicense: other\n", "", "MIT AND 0BSD"),
        (
            "Classifier: Topic :: X\nClassifier: License :: OSI Approved :: MIT License\n",
            "",
            "MIT License",
        ),
        ("License: BSD\n", "MIT License\n", "BSD"),
        ("", "\n  MIT License\n\nCopyright\n", "MIT License"),
        ("", "", "not stated"),
    ],
)
def test_a_licence_is_read_where_a_package_states_it(tmp_path, stated, text, licence):
    folder = tmp_path / "thing-1.0.dist-info"
    (folder / "licenses").mkdir(parents=True)
    (folder / "METADATA").write_text(
        f"Metadata-Version: 2.4\nName: thing\nVersion: 1.0\n{stated}\n"
    )
    (folder / "licenses/LICENSE").write_text(text)
    (folder / "RECORD").write_text(
        "thing-1.0.dist-info/METADATA,,\nthing-1.0.dist-info/licenses/LICENSE,,\n"
    )
    assert licence_of(metadata.Distribution.at(folder)) == licence
