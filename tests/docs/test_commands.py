"""The commands and scripts of the documents, run, planned or dry-run in a copy of the repository."""

import json
import re
import shlex

import pytest
from blocks import REPOSITORY, all_blocks, of_kind, pages
from commands import Command, commands_of
from site_copy import Copy, short_demo, write_config

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("documents_commands")]

PARSE = """
import json, sys
from snakemake import cli

for words in json.load(sys.stdin):
    _, args = cli.parse_args(words[1:])
    print(json.dumps([str(args.directory or "."), sorted(map(str, args.targets))]))
"""
# Words in the text for what a reader fills in.
FILLED_IN = {"STEP"}


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """A copy of the repository with a short study in the place of the demo, and every file of the
    documents: commands in the text may be theirs."""
    made = Copy(tmp_path_factory.mktemp("documents") / "dmvi")
    for block in of_kind("file", "appended"):
        made.put(block)
    write_config(made.root / "studies/demo", short_demo())
    return made


def commands(kind: str) -> list[Command]:
    found = [c for block in of_kind("commands") for c in commands_of(block.text)]
    return [command for command in found if command.kind == kind]


def in_text() -> list[Command]:
    """The commands that stand in running text, in backticks."""
    found = []
    for page in pages():
        text = re.sub(r"^```.*?^```", "", (REPOSITORY / page).read_text(), flags=re.M | re.S)
        for span in re.findall(r"`([^`]+)`", text):
            if re.match(r"(snakemake|make|python -m dmvi|python benchmarks/\S+) ", span + " "):
                found.append(Command(tuple(shlex.split(span))))
    assert len(found) > 8
    return found


def test_commands_and_scripts_run_in_the_order_of_the_pages(copy):
    """On a copy whose demo is short; a page may use what an earlier one has made."""
    for block in all_blocks():
        if block.kind == "script":
            copy.run("python", "-c", block.text)
        elif block.kind == "commands":
            for command in commands_of(block.text):
                if command.kind == "run":
                    copy.run(*command.words)
    made = ("studies/demo/results/fig1.pdf", "studies/demo/report.html", "studies/mine/config.yaml")
    assert [name for name in made if not (copy.root / name).exists()] == []


def test_other_studies_are_planned(copy):
    """Every option is one of Snakemake's, every target one that the study can make."""
    (copy.root / "studies/mine").mkdir(exist_ok=True)
    (copy.root / "studies/mine/config.yaml").write_text(
        (copy.root / "studies/reduced/config.yaml").read_text()
    )
    planned = commands("planned")
    assert len(planned) > 5
    printed = copy.run("python", "-c", PARSE, stdin=json.dumps([c.words for c in planned]))
    targets: dict[str, set[str]] = {}
    for line in re.findall(r"^\[.*\]$", printed, re.MULTILINE):
        folder, asked = json.loads(line)
        targets.setdefault(folder, set()).update(asked)
    assert set(targets) == {".", "studies/reduced", "studies/paper_cpu", "studies/mine"}
    for folder, asked in targets.items():
        assert asked
        copy.run("snakemake", "-n", "-q", "--cores", "1", "--directory", folder, *sorted(asked))


def test_make_has_every_target(copy):
    for command in [*commands("dry"), *[c for c in in_text() if c.words[0] == "make"]]:
        if len(command.words) > 1:
            copy.run("make", "-n", *command.words[1:])
    with pytest.raises(AssertionError):
        copy.run("make", "-n", "nonsense")


def test_commands_in_the_text_have_the_options_they_name(copy):
    snakemake = [c.words for c in in_text() if c.words[0] == "snakemake" and len(c.words) > 1]
    copy.run("python", "-c", PARSE, stdin=json.dumps(snakemake))
    for command in in_text():
        if command.words[:3] == ("python", "-m", "dmvi") and not FILLED_IN & set(command.words):
            helped = copy.run(*command.words[:4], "--help")
            assert all(word in helped for word in command.words if word.startswith("--"))
        elif command.words[0] == "python" and command.words[1].startswith("benchmarks/"):
            source = (REPOSITORY / command.words[1]).read_text()
            assert all(f'"{word}"' in source for word in command.words if word.startswith("--"))
