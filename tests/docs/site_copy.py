"""A copy of the repository in which the documents' blocks are run, so that nothing here is changed."""

import copy
import os
import shutil
import subprocess
import sys
from pathlib import Path

import yaml
from blocks import APPENDED, FILE, REPOSITORY, Block
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
NOT_EDITED = ("results", ".snakemake", "__pycache__", "raw")  # folders that commands write


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
        self._before = self._contents()

    def _contents(self) -> dict[str, bytes]:
        files = (path.relative_to(self.root) for path in self.root.rglob("*"))
        return {
            str(path): (self.root / path).read_bytes()
            for path in files
            if not set(path.parts) & set(NOT_EDITED) and (self.root / path).is_file()
        }

    def changed(self) -> list[str]:
        """The files that were added or edited since the copy was made."""
        after = self._contents()
        names = {*self._before, *after}
        return sorted(name for name in names if self._before.get(name) != after.get(name))

    def run(self, *words: str, check: bool = True, stdin: str | None = None) -> str:
        """What a command prints; it must succeed, or fail if `check` is False."""
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

    def tests(self, *arguments: str) -> int:
        """Runs tests of the copy and returns how many passed; none may fail."""
        options = ("-q", "-p", "no:cacheprovider", "-n", "0")
        printed = self.run("python", "-m", "pytest", *options, *arguments)
        return int(printed.strip().splitlines()[-1].split(" passed")[0].split()[-1])

    def snakemake(self, study: str, *arguments: str, check: bool = True) -> str:
        """Snakemake on one of the copy's studies."""
        words = ("snakemake", "--cores", "1", "--directory", study)
        return self.run(*words, *arguments, check=check)

    def evaluate(self, study: str, expression: str) -> str:
        """What an expression of a study of the copy and its costs gives, as printed."""
        code = (
            "import yaml\n"
            "from dmvi.costs.model import Costs\n"
            "from dmvi.study.config import load_study\n"
            "read = lambda path: yaml.safe_load(open(path))\n"
            f"config = read('{study}/config.yaml')\n"
            "study = load_study(config, read('workflow/schemas/config.schema.yaml'))\n"
            "costs = Costs(study, read('workflow/hardware.yaml'))\n"
            f"print({expression})"
        )
        return self.run("python", "-c", code).strip()

    def put(self, block: Block) -> Path:
        """Writes a file block, or appends an appended block; the file's path in the repository."""
        if whole := FILE.fullmatch(block.first):
            path = self.root / whole[1]
            assert not path.exists(), f"{block}: {whole[1]} exists already"
            path.parent.mkdir(exist_ok=True, parents=True)
            path.write_text(block.content)
            return Path(whole[1])
        path = self.root / APPENDED.fullmatch(block.first)[1]
        path.write_text(f"{path.read_text().rstrip()}\n\n\n{block.content}")
        return path.relative_to(self.root)


def short_demo() -> dict:
    """A study of a minute with the demo's names: one data set, one run, a figure and a table."""
    config = tiny_config()
    config["data"] = {"color_mnist": config["data"]["digits"]}
    config["defaults"]["data"] = "color_mnist"
    config["runs"] = {"color_mnist_gaussian": {"tags": ["main"]}}
    config["estimators"]["scores"] = {}
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
