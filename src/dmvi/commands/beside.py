"""Writes the paper's numbers, and verdicts on its claims, beside ours, into a page and the README."""

from pathlib import Path

from dmvi.claims.outcomes import markdown, table
from dmvi.claims.published import CLASSIFIER_STEPS
from dmvi.errors import DmviError
from dmvi.files import atomic_path
from dmvi.report.beside import beside as ours_beside
from dmvi.report.examinations import examinations
from dmvi.report.verdicts_beside import verdicts_beside

COMMAND = {}
VERDICTS = (
    "Over all figures that decide a claim: one that fails refutes it, and where they differ each is named. "
    "–: no figure of that study decides it. How each is decided, and on which data: `claims.md` of each "
    "study."
)
BEGIN, END = "<!-- published:begin -->", "<!-- published:end -->"


def beside(
    reference: Path = Path("results/reference"), readme: Path | None = Path("README.md")
) -> None:
    """Writes `published.md` into the folder of published studies, and its numbers into the README.

    Args:
        reference: folder of published studies, `reduced`, `paper_cpu`, `paper`.
        readme: file with the markers between which the table stands; empty for none.

    Raises:
        DmviError: a published number has no outcome in a study that shows it, or one is explained by a
            run that is not there, or a verdict by a figure that is not, or the README lacks the markers.
    """
    page, short = written(reference)
    with atomic_path(reference / "published.md") as path:
        path.write_text(page, encoding="utf-8")
    if readme is not None:
        text = readme.read_text(encoding="utf-8")
        if text.count(BEGIN) != 1 or text.count(END) != 1:
            raise DmviError(f"{readme} needs the lines {BEGIN} and {END}, once each")
        before, after = text.split(BEGIN)[0], text.split(END)[1]
        with atomic_path(readme) as path:
            path.write_text(f"{before}{BEGIN}\n{short}{END}{after}", encoding="utf-8")


def written(reference: Path) -> tuple[str, str]:
    """The page, and the short table of the README with a line that says how to read it."""
    ours = ours_beside(reference)
    short = (
        f"{table(ours, settings=False)}\nOurs ± half of the 95 % interval, *at* that share of the "
        f"paper's training, a classifier of codes at that share of {CLASSIFIER_STEPS:,} steps (our choice: "
        "the paper's are lost); how each is decided, and with which settings it was measured: "
        "[published.md](results/reference/published.md).\n"
    )
    page = (
        f"# The paper's numbers beside ours\n\n{markdown(ours)}\n"
        f"## The verdicts on the paper's claims\n\n{verdicts_beside(reference)}\n{VERDICTS}\n"
        f"\n## What contradicts the paper, examined\n\n{examinations(reference)}"
    )
    return page, short
