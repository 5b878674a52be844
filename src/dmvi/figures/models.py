"""How the compared models look in figures, by their kind."""

from dmvi.study.declarations import declared_models

# Kind of model -> what to call it, index of its colour in style.COLOURS, marker.
LOOKS = {"vae": ("VAEs", 0, "o"), "hybrid": ("hybrids", 3, "s"), "gan": ("GANs", 2, "^")}
OTHER = ("other models", 7, "D")


def look(model: str) -> tuple[str, int, str]:
    """(kind in words, index of its colour, marker) of a model."""
    return LOOKS.get(declared_models().get(model, {}).get("kind"), OTHER)
