"""What Snakemake prints of our own refusals: the sentence, and nothing around it.

Snakemake reports an exception of a Snakefile with its class, the file and line, wildcards, and a traceback
below, so that the sentence about the user's input is neither the first nor the last that is read.
"""

import logging
import re

from dmvi.cluster.patches import or_default

# How Snakemake (9.27) writes a `DmviError`: raised by the Snakefile's own statements, or by a function of a
# rule. All of ours are of one line.
_WRITTEN = re.compile(
    r"\ADmviError(?: in (?:rule \w+ in )?file .*)?:\n(.+)$|^\s*DmviError: (.+)$", re.MULTILINE
)


def show_sentences_only() -> None:
    """Makes Snakemake print of each `DmviError` its sentence alone, after "dmvi: "."""
    with or_default("what it prints of a wrong config has more lines than the sentence"):
        from snakemake.logging import logger

        if not any(isinstance(present, _OursAlone) for present in logger.filters):
            logger.addFilter(_OursAlone())


class _OursAlone(logging.Filter):
    """Replaces a message that holds one of our sentences by the sentence."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.levelno >= logging.WARNING and isinstance(record.msg, str):
            found = _WRITTEN.search(record.msg)
            if found:
                record.msg = f"dmvi: {found[1] or found[2]}"
                record.args = None
        return True
