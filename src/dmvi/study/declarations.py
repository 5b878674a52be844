"""What a model's file declares about itself, read without importing it.

The workflow needs the names, options and capabilities of all models whenever it is parsed, which
happens again in every cluster job; importing the models would load torch (1.4 s each time). So each
file in `models/` states them in one literal, `DECLARES`, and this module reads that literal.
"""

import ast
from functools import cache
from pathlib import Path
from typing import Any

_MODELS = Path(__file__).parents[1] / "models"


def _literal(path: Path, name: str) -> Any:
    """The value of the module-level assignment `name = <literal>` in a Python file, or None."""
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.Assign) and any(
            isinstance(target, ast.Name) and target.id == name for target in node.targets
        ):
            return ast.literal_eval(node.value)
    return None


@cache
def declared_models() -> dict[str, dict[str, Any]]:
    """Model name (its file's name) -> its `DECLARES`, for every file in `models/` that has one."""
    declarations = {path.stem: _literal(path, "DECLARES") for path in sorted(_MODELS.glob("*.py"))}
    return {name: value for name, value in declarations.items() if value is not None}
