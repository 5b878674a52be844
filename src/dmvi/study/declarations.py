"""What a file declares about itself, read without importing it.

The workflow needs the names, options and capabilities of all models, and what every figure reads,
whenever it is parsed, which happens again in every cluster job. Importing the models would load
torch (1.4 s each time). So a file that can be added states what others must know of it in literals
(`DECLARES` of a model, `SOURCES`, `TITLE` and so on of a figure), above its first function or class,
and this module reads those literals.
"""

import ast
import re
from functools import cache
from pathlib import Path
from typing import Any

PACKAGE = Path(__file__).parents[1]

# Where a file's declarations end: parsing only what is above takes a tenth of the time.
_FIRST_DEFINITION = re.compile(r"^(?:(?:async )?def|class) \w+|^@\w", re.MULTILINE)


@cache
def literals(path: Path) -> dict[str, Any]:
    """NAME -> value of each assignment `NAME = <literal>` above a Python file's first function or class.

    Assignments of anything but a literal (calls, names) are passed over.
    """
    text = path.read_text()
    end = _FIRST_DEFINITION.search(text)
    try:
        statements = ast.parse(text[: end.start()] if end else text).body
    except SyntaxError:  # what looked like a definition stands in a text of several lines
        statements = ast.parse(text).body
    values = {}
    for node in statements:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            try:
                values[node.targets[0].id] = ast.literal_eval(node.value)
            except ValueError:
                continue
    return values


@cache
def declared_models() -> dict[str, dict[str, Any]]:
    """Model name (its file's name) -> its `DECLARES`, for every file in `models/` that has one."""
    files = sorted((PACKAGE / "models").glob("*.py"))
    return {path.stem: literals(path)["DECLARES"] for path in files if "DECLARES" in literals(path)}
