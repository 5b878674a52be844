"""The code blocks of README.md and docs/, each of one kind: the kind says how it is run.

| kind      | language | it is                                   | the tests                                 |
|-----------|----------|-----------------------------------------|-------------------------------------------|
| file      | any      | a file: its first line is "# PATH"      | write it to a copy of the repository, and |
|           |          |                                         | run what belongs to it (tests/adding)     |
| appended  | any      | "# PATH, at its end"                    | the same                                  |
| script    | python   | any other                               | run it                                    |
| refused   | yaml     | "# refused": what a study may not say   | load it; the text block after it is what  |
|           |          |                                         | must be printed                           |
| study     | yaml     | any other: a part of a study            | merge it into the root's config, load it, |
|           |          |                                         | and plan what it adds                     |
| message   | text     | what a refused block before it prints   | compare                                   |
| commands  | bash     | commands of a user                      | run, plan or parse them: see commands.py  |
| citation  | bibtex   | the paper                               | compare with CITATION.cff                 |
"""

import re
import textwrap
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
FENCE = "```"
FILE = re.compile(r"# ([\w.-]+(?:/[\w.-]+)+)")
APPENDED = re.compile(r"# ([\w.-]+(?:/[\w.-]+)+), at its end")
REFUSED = "# refused"
BY_LANGUAGE = {
    "python": "script",
    "yaml": "study",
    "text": "message",
    "bash": "commands",
    "bibtex": "citation",
}


@dataclass(frozen=True)
class Block:
    """A fenced block: the page (relative to the repository), the line of its fence, the nearest heading
    above it, its language and its text."""

    page: str
    line: int
    section: str
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"

    @property
    def first(self) -> str:
        return self.text.partition("\n")[0]

    @property
    def content(self) -> str:
        """Of a file: all but the line that names it."""
        return self.text.partition("\n")[2]

    @property
    def kind(self) -> str | None:
        """How it is run; None: nobody has said how."""
        if FILE.fullmatch(self.first):
            return "file"
        if APPENDED.fullmatch(self.first):
            return "appended"
        if self.language == "yaml" and self.first == REFUSED:
            return "refused"
        return BY_LANGUAGE.get(self.language)


def pages() -> list[str]:
    """README.md and every page of docs/."""
    return ["README.md", *sorted(str(p.relative_to(REPOSITORY)) for p in documents())]


def documents() -> list[Path]:
    return list((REPOSITORY / "docs").rglob("*.md"))


def blocks_of(page: str, content: str) -> list[Block]:
    """The fenced blocks of a page.

    Raises:
        ValueError: a fence has no end, or is of a sort that is not read here.
    """
    found, open_at, section, lines = [], None, "", content.splitlines()
    for number, line in enumerate(lines, 1):
        if line.lstrip().startswith("~~~"):
            raise ValueError(f"{page}:{number}: fences are {FENCE} here")
        if line.lstrip().startswith(FENCE):
            if open_at is None:
                open_at = number
                continue
            text = textwrap.dedent("\n".join(lines[open_at : number - 1])) + "\n"
            language = lines[open_at - 1].strip().removeprefix(FENCE)
            found.append(Block(page, open_at, section, language, text))
            open_at = None
        elif open_at is None and line.startswith("#"):
            section = line.lstrip("#").strip()
    if open_at is not None:
        raise ValueError(f"{page}:{open_at}: this fence has no end")
    return found


def all_blocks() -> list[Block]:
    """Every block of every page, in the order of reading."""
    return [block for page in pages() for block in blocks_of(page, (REPOSITORY / page).read_text())]


def of_kind(*kinds: str) -> list[Block]:
    return [block for block in all_blocks() if block.kind in kinds]
