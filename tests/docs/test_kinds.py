"""Every block is of a kind that is run or checked, and every command of a block too."""

import re
import subprocess

import pytest
import yaml
from blocks import REPOSITORY, all_blocks, blocks_of, of_kind
from commands import NOT_RUN, Command, commands_of


def test_every_block_has_a_kind():
    blocks = all_blocks()
    assert len(blocks) > 20
    assert [str(block) for block in blocks if block.kind is None] == []


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("```python\nprint()\n```", "script"),
        ("```python\n# src/dmvi/a.py\n```", "file"),
        ("```yaml\n# studies/a/config.yaml\n```", "file"),
        ("```snakemake\n# workflow/rules/a.smk, at its end\n```", "appended"),
        ("```yaml\n# refused\na: 1\n```", "refused"),
        ("- a list\n  ```yaml\n  a: 1\n  ```", "study"),
        ("```rust\nfn main() {}\n```", None),
        ("```\nno language\n```", None),
    ],
)
def test_kinds(text, kind):
    (block,) = blocks_of("page.md", f"# Head\n\n{text}\n")
    assert (block.kind, block.section) == (kind, "Head")
    assert not block.text.startswith(" ")


@pytest.mark.parametrize("text", ["```python\nprint()\n", "~~~\nx\n~~~\n"])
def test_a_fence_that_cannot_be_read_is_named(text):
    with pytest.raises(ValueError, match=r"^page\.md:1: "):
        blocks_of("page.md", text)


@pytest.mark.parametrize("block", of_kind("commands"), ids=str)
def test_every_command_is_run_planned_dry_run_or_listed(block):
    subprocess.run(["bash", "-n"], input=block.text, text=True, check=True)
    commands = commands_of(block.text)
    assert commands
    assert [str(command) for command in commands if command.kind is None] == []


def test_what_is_not_run_is_there():
    """No entry of the list outlives the command that it excuses."""
    commands = [c for block in of_kind("commands") for c in commands_of(block.text)]
    used = {start for start in NOT_RUN if any(c.words[: len(start)] == start for c in commands)}
    assert used == set(NOT_RUN)
    for command in commands:
        if command.not_run:
            for word in command.words:  # files that it names, but for what it makes
                if "/" in word and not word.startswith(".venv"):
                    assert (REPOSITORY / word).exists(), word


@pytest.mark.parametrize("line", ["a | b", "a; b", "a && b", "a > b", "echo $HOME"])
def test_a_line_of_more_than_one_command_is_refused(line):
    with pytest.raises(ValueError, match="one simple command"):
        commands_of(line)


def test_words_are_those_of_bash():
    (command,) = commands_of("snakemake 'a b' data/{x,y}.json # a comment\n")
    assert command == Command(("snakemake", "a b", "data/x.json", "data/y.json"))
    assert command.kind == "planned"


def test_the_citation_is_that_of_the_citation_file():
    paper = yaml.safe_load((REPOSITORY / "CITATION.cff").read_text())["preferred-citation"]
    authors = [f"{who['family-names']}, {who['given-names']}" for who in paper["authors"]]
    expected = {
        "title": paper["title"],
        "author": " and ".join(authors),
        "journal": paper["journal"],
        "year": str(paper["year"]),
    }
    for block in of_kind("citation"):
        assert dict(re.findall(r"^ +(\w+) += \{(.*)\},?$", block.text, re.MULTILINE)) == expected
