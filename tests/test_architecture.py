"""The house: which room may import which, read from the files themselves."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "src/dmvi"
# From the ground up. A room may import those below it; rooms of one floor do not import each other.
FLOORS = (
    ("errors", "progress", "environment"),
    ("files",),
    ("declared",),
    ("data", "distributions", "networks", "objectives"),
    ("study", "cluster"),
    ("costs",),
    ("training",),
    ("models",),
    ("estimators", "scores"),
    ("library",),
    ("__init__",),
    ("steps",),
    ("tables",),
    ("claims",),
    ("figures",),
    ("experiments",),
    ("report",),
    ("commands",),
    ("cli",),
    ("__main__",),
)
FLOOR = {room: level for level, rooms in enumerate(FLOORS) for room in rooms}


def room_of(module: str) -> str:
    """The first name below `dmvi`; "" for the package itself."""
    return module.split(".")[1] if "." in module else ""


def imports() -> dict[tuple[str, str], list[str]]:
    """(room, room that it imports) -> the files that do."""
    found: dict[tuple[str, str], list[str]] = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        here = path.relative_to(PACKAGE).with_suffix("").parts[0]
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module:
                at_top = node.module == "dmvi"
                names = [f"dmvi.{a.name}" for a in node.names] if at_top else [node.module]
            else:
                continue
            for name in names:
                there = room_of(name) if name.split(".")[0] == "dmvi" else ""
                if there in FLOOR and there != here:
                    found.setdefault((here, there), []).append(str(path.relative_to(PACKAGE)))
    return found


def test_every_room_has_a_floor_and_says_what_belongs_there():
    rooms = {p.stem for p in PACKAGE.iterdir() if p.is_dir() and p.name != "__pycache__"}
    assert rooms <= set(FLOOR), "a new room: say in FLOORS what it may import"
    assert len(rooms) <= 22
    for room in rooms:
        text = ast.get_docstring(ast.parse((PACKAGE / room / "__init__.py").read_text()))
        assert text, room
        assert len(text) > 40, f"{room}/__init__.py does not say what belongs there"


@pytest.mark.parametrize("pair", sorted(imports()), ids="->".join)
def test_no_import_leads_up(pair):
    here, there = pair
    assert FLOOR[there] < FLOOR[here], (
        f"{here} imports {there}, which stands above or beside it: {', '.join(imports()[pair])}"
    )
