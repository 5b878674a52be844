"""Pictures for the page: small enough to lie in it, or links to files beside it."""

import base64
import io
from pathlib import Path

WIDEST = (
    1200  # pixels of an embedded figure: it is read on a screen, and the PDF beside it is for print
)
QUALITY = 82  # of WebP, at which thin lines keep their edges
BUDGET = 11_000_000  # bytes of all embedded pictures: base64 makes them a third larger


class Pictures:
    """Embeds pictures until the budget is used.

    Args:
        embed: False links figures to their files and leaves the grids of runs out.
        budget: bytes, before base64.
    """

    def __init__(self, embed: bool, budget: int = BUDGET) -> None:
        self.embed, self.left, self.dropped = embed, budget, 0

    def figure(self, png: Path, link: str) -> str:
        """Of a figure's PNG: its data, or `link` where pictures are linked or the budget is used."""
        from PIL import Image

        if not self.embed:
            return link
        with Image.open(png) as image:
            height = round(image.height * min(1, WIDEST / image.width))
            small = image.convert("RGB").resize((min(WIDEST, image.width), height), Image.BOX)
        return self._data(small) or link

    def grid(self, path: Path, columns: int = 8, rows: int = 4) -> str:
        """Of an array of images, uint8 (n, size, size, channels): the first of them as a grid.

        Returns:
            Its data; "" where there are none, where pictures are linked, or where the budget is used.
        """
        import numpy as np
        from PIL import Image

        if not self.embed or not path.exists():
            return ""
        images = np.load(path, mmap_mode="r")[: columns * rows]
        if images.ndim != 4 or not len(images):
            return ""
        n, size, _, channels = images.shape
        sheet = np.full((-(-n // columns) * size, columns * size, channels), 255, np.uint8)
        for i, image in enumerate(images):
            y, x = size * (i // columns), size * (i % columns)
            sheet[y : y + size, x : x + size] = image
        return self._data(Image.fromarray(sheet.squeeze(-1) if channels == 1 else sheet))

    def _data(self, image) -> str:
        """A picture as a `data:` address; "" where there is no room for it."""
        stream = io.BytesIO()
        image.save(stream, "WEBP", quality=QUALITY, method=2)
        content = stream.getvalue()
        if len(content) > self.left:
            self.dropped += 1
            return ""
        self.left -= len(content)
        return "data:image/webp;base64," + base64.b64encode(content).decode()
