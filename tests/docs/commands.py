"""What the tests do with each command of a bash block: run it, plan it, or only parse it.

- RUN, in a copy of the repository whose demo is a study of a minute, in the order of the page:
  `mkdir`, `cp`, `python -m dmvi`, and Snakemake on studies/demo (and its `--unlock` on any study);
- PLANNED: Snakemake on any other study: its options are parsed by Snakemake itself, with the profile
  that it names, and its targets are planned together (`-n`);
- DRY: make, by `make -n`;
- PARSED: the commands of NOT_RUN, by bash and, for the files that they name, by looking.
"""

import shlex
import subprocess
from dataclasses import dataclass

# The only commands that are never started, by their first words, each with the reason.
NOT_RUN = {
    ("python3", "-m", "venv"): "an environment takes minutes and the network",
    (".", ".venv/bin/activate"): "belongs to the environment above",
    ("pip", "install"): "needs the network",
    ("pipx", "run"): "needs the network",
    ("pytest",): "would run these tests within themselves",
    ("nano",): "needs a terminal",
    ("tmux",): "needs a terminal",
}


@dataclass(frozen=True)
class Command:
    """One simple command, its words as bash expands them."""

    words: tuple[str, ...]

    def __str__(self) -> str:
        return shlex.join(self.words)

    @property
    def not_run(self) -> str | None:
        """Why it is only parsed, if it is."""
        for start, reason in NOT_RUN.items():
            if self.words[: len(start)] == start:
                return reason
        return None

    @property
    def kind(self) -> str | None:
        """run, planned, dry or parsed; None: nobody has said what to do with it."""
        if self.not_run:
            return "parsed"
        if self.words[0] == "make":
            return "dry"
        if self.words[0] == "snakemake":
            mine = self.option("--directory") == "studies/demo" or "--unlock" in self.words
            return "run" if mine else "planned"
        if self.words[0] in ("mkdir", "cp") or self.words[:3] == ("python", "-m", "dmvi"):
            return "run"
        return None

    def option(self, name: str) -> str | None:
        """The word after an option."""
        return dict(zip(self.words, self.words[1:], strict=False)).get(name)


def commands_of(script: str) -> list[Command]:
    """The commands of a bash block, a line each; bash itself expands braces and quotes.

    Raises:
        ValueError: a line is more than one simple command.
    """
    found = []
    for line in script.replace("\\\n", " ").splitlines():
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        if set(line) & set("|;&<>$`"):
            raise ValueError(f"one simple command per line, please: {line}")
        printed = subprocess.run(
            ["bash", "-c", f"printf '%s\\0' {line}"], capture_output=True, text=True, check=True
        )
        found.append(Command(tuple(printed.stdout.split("\0")[:-1])))
    return found
