"""Stand-in for CelebA: faces drawn by code, 64x64.

A face is a stack of soft-edged ellipses (background, hair, shoulders, neck, head, eyes, brows,
nose, mouth) whose places and colours are drawn at random: continuous variation (pose, light,
shapes, colours) and categories (long or short hair, teeth or closed lips), but no person.
Drawing uses only sums, products, square roots and comparisons, whose results do not depend on the
processor.
"""

from collections.abc import Iterator

import numpy as np

from dmvi.data.registry import SPLITS
from dmvi.data.request import Built, Request

SIZE = 64
BLOCK = 25  # few enough to stay in the processor's cache
NOISE = 2.5  # standard deviation of the grain, of 255
_SHAPE, _GRAIN = 5, 6  # random streams
PARAMETERS = 48  # uniform numbers per face; those not used leave room for more

SKINS = np.array([(244, 208, 184), (226, 176, 144), (198, 142, 106), (150, 98, 68), (96, 62, 46)])
HAIRS = np.array(
    [(24, 20, 20), (62, 40, 28), (112, 74, 44), (214, 178, 112), (150, 66, 34), (158,) * 3]
)
IRISES = np.array([(70, 44, 28), (92, 68, 40), (70, 110, 80), (84, 120, 160)])


def build(request: Request) -> Built:
    """Faces, 64x64x3, without labels."""
    sizes = request.sizes()
    return Built(sizes, np.full(sum(sizes.values()), -1), _faces(request, sizes))


def _faces(request: Request, sizes: dict[str, int]) -> Iterator[np.ndarray]:
    for split in SPLITS:
        shapes, grains = request.random(split, _SHAPE), request.random(split, _GRAIN)
        for start in range(0, sizes[split], BLOCK):
            count = min(BLOCK, sizes[split] - start)
            faces = draw_faces(shapes.random((count, PARAMETERS)))
            grain = grains.standard_normal(faces.shape, np.float32)
            yield np.rint(np.clip(faces + NOISE * grain, 0, 255)).astype(np.uint8)


def draw_faces(uniform: np.ndarray) -> np.ndarray:
    """Draws faces.

    Args:
        uniform: (n, 48) numbers in [0, 1) that choose everything about each face.

    Returns:
        float32 (n, 64, 64, 3), values 0..255.
    """
    u = iter(uniform.astype(np.float32).T[:, :, None, None])  # each (n, 1, 1)

    def between(low: float, high: float) -> np.ndarray:
        return low + (high - low) * next(u)

    def blend(palette: np.ndarray) -> np.ndarray:
        """A colour (n, 3, 1, 1) on the line between two neighbours in the palette."""
        position = next(u)[:, 0] * (len(palette) - 1)  # (n, 1)
        below = np.floor(position)
        share = position - below
        index = below[:, 0].astype(int)
        colors = palette.astype(np.float32)
        return ((1 - share) * colors[index] + share * colors[index + 1])[:, :, None, None]

    def muted(low: float, high: float) -> np.ndarray:
        """A colour (n, 3, 1, 1) of any brightness, near grey."""
        brightness = between(low, high)
        return np.clip(np.stack([brightness + between(-45, 45) for _ in range(3)], axis=1), 0, 255)

    grid = np.arange(SIZE, dtype=np.float32) + 0.5
    y, x = grid[:, None], grid[None, :]
    # Colours come before rows and columns here: numpy is then three times faster.

    def ellipse(cx, cy, rx, ry, soft=1.0, tilt=0.0) -> np.ndarray:
        """Coverage (n, 64, 64) of an ellipse: 1 inside, 0 outside, a ramp of `soft` pixels."""
        dx, dy = x - cx, y - cy
        dy = dy + tilt * dx  # sheared, not turned: cheaper, and as good for brows
        radius = np.sqrt((dx / rx) ** 2 + (dy / ry) ** 2)
        return np.clip(0.5 + (1 - radius) * np.minimum(rx, ry, dtype=np.float32) / soft, 0, 1)

    def paint(canvas, paint_color, coverage) -> np.ndarray:
        return canvas + coverage[:, None] * (paint_color - canvas)

    skin, hair, iris = blend(SKINS), blend(HAIRS), blend(IRISES)
    # Background: a gradient between two colours.
    first, second, slope = muted(30, 245), muted(30, 245), between(0, 1)
    ramp = ((slope * x + (1 - slope) * y) / SIZE)[:, None]
    canvas = first + ramp * (second - first)

    cx, cy = between(30, 34), between(33, 36)  # centre of the head
    width, height = between(14.5, 18), between(19.5, 23)  # half axes
    turn, nod = between(-3.5, 3.5), between(-1.5, 1.5)  # shifts of the features, in pixels
    long_hair, bald = next(u) < 0.5, next(u) < 0.06
    volume, fringe, parting = between(1.5, 5), between(0.35, 0.75), between(-4, 4)
    cloth = muted(30, 220)

    # Behind the head: hair, shoulders, neck.
    behind = np.where(bald, 0, ellipse(cx, cy - 3, width + volume, height + volume * 0.7))
    strands = ellipse(cx, cy + 12, width + volume + 1.5, height + 8)
    canvas = paint(canvas, hair * 0.8, np.where(long_hair, strands, 0))
    canvas = paint(canvas, cloth, ellipse(cx - turn * 0.5, 74, 30, 16, 1.5))
    canvas = paint(canvas, skin * 0.72, ellipse(cx - turn * 0.3, cy + 19, width * 0.55, 15, 1.5))
    canvas = paint(canvas, hair, behind)

    # The head, lit from one side, its cheeks a little redder.
    light = between(-0.28, 0.28)
    shade = (1 + light * (x - cx) / width)[:, None]
    canvas = paint(canvas, np.clip(skin * shade, 0, 255), ellipse(cx, cy, width, height))
    blush = np.array([10, -14, -14], np.float32)[:, None, None]
    for side in (-1, 1):
        cheek = ellipse(cx + turn + side * width * 0.55, cy + 6, 5.5, 4.5, 5)
        canvas = np.clip(canvas + 0.8 * cheek[:, None] * blush, 0, 255)

    # Eyes and brows.
    gap, eye, open_ = between(0.40, 0.47) * width, between(2.9, 3.7), between(1.2, 2.1)
    brow, tilt, gaze = between(0.7, 1.3), between(-0.22, 0.12), between(-0.8, 0.8)
    eye_y = cy - 3 + nod
    for side in (-1, 1):
        ex = cx + turn + side * gap
        canvas = paint(canvas, skin * 0.74, ellipse(ex, eye_y - 0.4, eye + 1.1, open_ + 1.1, 2))
        white = ellipse(ex, eye_y, eye, open_)
        canvas = paint(canvas, np.float32(238), white)
        canvas = paint(canvas, iris, white * ellipse(ex + gaze, eye_y, 1.9, 1.9))
        canvas = paint(canvas, np.float32(14), white * ellipse(ex + gaze, eye_y, 0.9, 0.9))
        arch = ellipse(ex, eye_y - 4.6, eye + 1.0, brow, 1, tilt=-side * tilt)
        canvas = paint(canvas, hair * 0.65, arch)

    # Nose: a shadow beside it, and nostrils.
    nose = between(5.5, 8)
    nx = cx + turn * 1.3
    canvas = paint(
        canvas, skin * 0.8, 0.6 * ellipse(nx + 1.4, eye_y + nose * 0.55, 1.4, nose * 0.5, 2)
    )
    canvas = paint(canvas, skin * 0.82, 0.9 * ellipse(nx, eye_y + nose + 0.4, 2.9, 1.3, 2))
    for side in (-1, 1):
        canvas = paint(
            canvas, skin * 0.5, 0.8 * ellipse(nx + side * 1.5, eye_y + nose + 0.8, 0.8, 0.5)
        )

    # Mouth: lips bent upwards by a smile, with teeth when it is open.
    mouth, smile, part = between(4.2, 7), between(-0.02, 0.09), between(-1.2, 1.6)
    mx, my = cx + turn, eye_y + nose + between(5.2, 6.8)
    lips = skin * np.array([0.86, 0.52, 0.52], np.float32)[:, None, None]
    bent = my - smile * ((x - mx) ** 2 - 6)  # the middle line of the mouth at each column
    canvas = paint(canvas, lips, ellipse(mx, bent, mouth, 1.5 + np.maximum(part, 0)))
    inside = ellipse(mx, bent, mouth - 1.2, 0.45 + np.maximum(part, 0) * 0.8)
    canvas = paint(canvas, np.where(part[:, None] > 0.2, np.float32(240), lips * 0.55), inside)

    # Hair in front: the part of the head above a hairline that is higher at the parting.
    hairline = cy - height * fringe + 0.02 * (x - cx - parting) ** 2
    front = ellipse(cx, cy - 1.0, width + volume * 0.6, height + volume * 0.5)
    front = np.where(bald, 0, front * np.clip(0.5 + (hairline - y) / 1.5, 0, 1))
    canvas = paint(canvas, hair * (0.9 + 0.1 * shade), front)
    return np.clip(canvas, 0, 255).transpose(0, 2, 3, 1)
