"""Links, paths, names and anchors of the documents exist."""

import ast
import importlib
import pkgutil
import re
from pathlib import Path

import pytest
import yaml
from blocks import REPOSITORY, pages

PAGES = [*pages(), "benchmarks/README.md"]
# Where a path in backticks may start.
ROOTS = (REPOSITORY, REPOSITORY / "src/dmvi")
# First parts of paths that are the repository's, and not a study's results or a user's data.
TOP = ("benchmarks", "docs", "envs", "slurm", "src", "studies", "tests", "workflow")
ROOMS = ("distributions", "estimators", "experiments", "models", "networks", "scores", "steps")


def read(page: str) -> str:
    """The page without its fenced blocks."""
    return re.sub(r"^```.*?^```", "", (REPOSITORY / page).read_text(), flags=re.M | re.S)


def anchors(path: Path) -> set[str]:
    """The anchors of a page's headings, as forges make them."""
    heads = re.findall(r"^#+ (.*)$", read(str(path.relative_to(REPOSITORY))), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page):
    text = read(page)
    links = re.findall(r"\]\(([^)\s]+)\)", text) + re.findall(r'(?:href|src)="([^"]+)"', text)
    lost = []
    for link in links:
        if re.match(r"https?://", link):
            continue
        name, _, anchor = link.partition("#")
        path = (REPOSITORY / page).parent / name if name else REPOSITORY / page
        if not path.exists() or (anchor and anchor not in anchors(path.resolve())):
            lost.append(link)
    assert lost == []


@pytest.mark.parametrize("page", PAGES)
def test_paths_in_backticks_exist(page):
    """Of sources and settings: `src/dmvi/x.py`, `models/x.py`, `workflow/rules/`."""
    spans = re.findall(r"`([\w.-]+(?:/[\w.-]+)*/?)`", read(page))
    named = [span for span in spans if "/" in span and "results/" not in span]
    sources = [span for span in named if re.search(r"\.(py|smk)$", span)]
    folders = [span for span in named if span.split("/")[0] in TOP + ROOMS]
    roots = (*ROOTS, (REPOSITORY / page).parent)
    lost = [s for s in [*sources, *folders] if not any((root / s).exists() for root in roots)]
    assert lost == []


@pytest.mark.parametrize("page", PAGES)
def test_names_stand_in_the_files_that_they_are_said_to_be_in(page):
    """Of each "`NAME` in `path/to/file.py`"."""
    pairs = re.findall(r"((?:`[\w.]+`, )*`[\w.]+`) in `([\w/]+\.(?:py|smk|yaml))`", read(page))
    sections = tuple(f"{key}." for key in yaml.safe_load((REPOSITORY / "config.yaml").read_text()))
    lost = []
    for names, path in pairs:
        homes = [root / path for root in ROOTS if (root / path).exists()]
        source = homes[0].read_text() if homes else ""
        for name in re.findall(r"`([\w.]+)`", names):
            if name.startswith(sections):
                continue  # a key of the config, before the name
            if not re.search(rf"\b{re.escape(name.split('.')[-1])}\b", source):
                lost.append((name, path))
    assert lost == []


def test_modules_have_moved_to_where_the_changelog_says():
    """Of each row of the first such table: the new names exist below src/dmvi, the old ones do not."""
    text = (REPOSITORY / "CHANGELOG.md").read_text()
    rows = text.split("| before | now |\n|---|---|\n")[1].split("\n\n")[0].splitlines()
    assert len(rows) > 20
    lost = []
    for row in rows:
        for name in re.findall(r"`([a-z_]+(?:\.\w+)*)`", row.split("|")[2]):
            module = name.removesuffix(".").partition(".Player")[0].partition(".Run.")[0]
            path = REPOSITORY / "src/dmvi" / module.replace(".", "/")
            if not (path.is_dir() or path.with_suffix(".py").exists()):
                lost.append(name)
        old = re.findall(r"`([\w.]+)`", row.split("|")[1])[0]
        if (REPOSITORY / "src/dmvi" / f"{old.replace('.', '/')}.py").exists():
            lost.append(old)
    assert set(lost) == {"declared"}, "the only old name that is another module now"


def test_the_readme_is_short_and_keeps_the_place_of_the_published_numbers():
    text = (REPOSITORY / "README.md").read_text()
    assert len(text.splitlines()) < 250
    assert text.count("<!-- published:begin -->") == text.count("<!-- published:end -->") == 1
    assert text.index("<!-- published:begin -->") < text.index("<!-- published:end -->")


def test_what_the_benchmarks_import_exists():
    """Documents say what each prints; no test runs them, they take minutes."""
    wanted = {
        (node.module, alias.name)
        for path in (REPOSITORY / "benchmarks").glob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("dmvi")
        for alias in node.names
    }
    assert len(wanted) > 30
    lost = []
    for name, inside in sorted(wanted):
        module = importlib.import_module(name)
        modules = {found.name for found in pkgutil.iter_modules(getattr(module, "__path__", []))}
        if not hasattr(module, inside) and inside not in modules:
            lost.append(f"{name}.{inside}")
    assert lost == []


def test_every_page_is_linked_from_the_readme():
    text = (REPOSITORY / "README.md").read_text()
    assert [page for page in pages() if page != "README.md" and f"({page})" not in text] == []
