"""Parts of long work, kept on the disk one by one: an interrupted job goes on with those that are missing."""

from collections.abc import Callable
from pathlib import Path

from torch import Tensor

from dmvi import files
from dmvi.errors import DmviError
from dmvi.training import checkpoint

Part = dict[str, Tensor]


class KeptParts:
    """Named parts of one piece of work in a folder of its identity.

    Each is written whole or not at all. One that is damaged is computed again.

    Args:
        folder: of all such work, whatever its settings.
        identity: digest of all that determines the parts: what has another one is left alone.
    """

    def __init__(self, folder: Path, identity: str, log: Callable[[str], None]) -> None:
        self.folder, self.identity, self.log = folder / identity, identity, log

    def path(self, name: str) -> Path:
        """Where a part is kept."""
        return self.folder / f"{name}.pt"

    def get(self, name: str, compute: Callable[[], Part]) -> Part:
        """The part that is kept, or what `compute` gives, which is kept then."""
        path = self.path(name)
        if path.exists():
            try:
                found = checkpoint.load(path)
                if found.pop("identity", None) == self.identity:
                    return found
                reason = f"{path} holds something else"
            except DmviError as error:
                reason = str(error).split("; delete it")[0]
            self.log(f"{reason}; this part is computed again")
        files.clear_left(path)
        part = {key: value.detach().cpu() for key, value in compute().items()}
        checkpoint.save(path, {"identity": self.identity, **part})
        return part
