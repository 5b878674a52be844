"""A copy of the repository in which the documents' blocks are run, so that nothing here is changed."""

import ast
import copy
import os
import shutil
import subprocess
import sys
from pathlib import Path

import yaml
from blocks import FILE, INSERTION, REPOSITORY, Block
from snakemake.utils import update_config
from tiny_study import tiny_config

PARTS = (
    "CITATION.cff",
    "Makefile",
    "README.md",
    "Snakefile",
    "benchmarks",
    "config.yaml",
    "docs",
    "envs",
    "pyproject.toml",
    "slurm",
    "src",
    "studies",
    "tests",
    "workflow",
)
LEFT_OUT = shutil.ignore_patterns("results", ".snakemake", "__pycache__", "*.egg-info", "raw")


class Copy:
    """The repository's files, without results, in `root`; commands run there see its package."""

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir(parents=True)
        for part in PARTS:
            source = REPOSITORY / part
            if source.is_dir():
                shutil.copytree(source, root / part, ignore=LEFT_OUT)
            else:
                shutil.copy2(source, root / part)

    def run(self, *words: str, check: bool = True, stdin: str | None = None) -> str:
        """What a command prints; it must succeed unless `check` is False."""
        paths = [str(Path(sys.executable).parent), os.environ["PATH"]]
        done = subprocess.run(
            words,
            cwd=self.root,
            env={
                **os.environ,
                "PATH": os.pathsep.join(paths),
                "PYTHONPATH": str(self.root / "src"),
                "OMP_NUM_THREADS": "1",
            },
            input=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        if check:
            assert done.returncode == 0, f"{' '.join(words)}\n{done.stdout[-3000:]}"
        else:
            assert done.returncode != 0, f"{' '.join(words)} was meant to fail"
        return done.stdout

    def put(self, block: Block) -> Path:
        """Writes a file block, or inserts an insertion block; the file's path in the repository."""
        if whole := FILE.fullmatch(block.first):
            path = self.root / whole[1]
            assert not path.exists(), f"{block}: {whole[1]} exists already"
            assert path.parent.is_dir(), f"{block}: there is no folder {path.parent.name}"
            path.write_text(block.text)
            return Path(whole[1])
        name, variable = INSERTION.fullmatch(block.first).groups()
        path = self.root / name
        lines = path.read_text().splitlines(keepends=True)
        end = _end_of(variable, "".join(lines))
        added = block.text.partition("\n")[2]
        path.write_text("".join([*lines[: end - 1], added, *lines[end - 1 :]]))
        return Path(name)


def _end_of(variable: str, source: str) -> int:
    """The line, from 1, on which a module's assignment to `variable` ends: that of its last bracket."""
    for node in ast.parse(source).body:
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        if any(isinstance(target, ast.Name) and target.id == variable for target in targets):
            return node.end_lineno
    raise AssertionError(f"no {variable} is assigned")


def short_demo() -> dict:
    """A study of a minute with the demo's names: one data set, one run, a figure and a table."""
    config = tiny_config()
    config["data"] = {"color_mnist": config["data"]["digits"]}
    config["defaults"]["data"] = "color_mnist"
    config["runs"] = {"color_mnist_gaussian": {"tags": ["main"]}}
    config["estimators"]["scores"] |= {"inception": [], "critic": []}
    config["figures"] = {"fig1": {}, "table3": {}}
    del config["synthetic"]
    return config


def merged(config: dict, part: dict) -> dict:
    """What a config is once a reader has written a part of a study into it: an entry of `figures`
    takes the place of the one that was there, all else is merged."""
    replaced = {**config, "figures": dict(config["figures"])}
    for name in part.get("figures", {}):
        replaced["figures"].pop(name, None)
    result = copy.deepcopy(replaced)
    update_config(result, part)
    return result


def write_config(folder: Path, config: dict) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.yaml").write_text(yaml.safe_dump(config, sort_keys=False))
