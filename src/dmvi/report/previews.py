"""Small pictures of a finished study's figures, for a page that shows them all."""

import shutil
from pathlib import Path

from PIL import Image

from dmvi.errors import DmviError
from dmvi.progress import told
from dmvi.study.config import Study

COLOURS = 256  # of a palette: a third of the bytes


def preview(study: Study, results: Path, output: Path, width: int = 800) -> None:
    """Writes `output` anew: `figN.png`, `width` pixels wide, of every figure, and `claims.md`.

    Raises:
        DmviError: a figure of the study is not drawn yet.
    """
    for figure in study.figures:
        if not (results / f"{figure}.png").exists():
            raise DmviError(
                f"{results / figure}.png does not exist; run the study to its end first"
            )
    shutil.rmtree(output, ignore_errors=True)
    output.mkdir(parents=True)
    for figure in told(list(study.figures), "making pictures smaller", "figure"):
        with Image.open(results / f"{figure}.png") as picture:
            size = (width, round(picture.height * width / picture.width))
            small = picture.convert("RGB").resize(size, Image.Resampling.LANCZOS)
        save_small(small, output / f"{figure}.png")
    shutil.copy2(results / "claims.md", output)


def save_small(picture: Image.Image, path: Path) -> None:
    """Writes an RGB picture as a PNG of 256 colours: a third of the bytes, and hardly to be told apart."""
    # Pillow's usual palette leaves out what few pixels show, such as the marks of a plot.
    picture.quantize(COLOURS, Image.Quantize.MAXCOVERAGE, kmeans=3).save(path, optimize=True)
