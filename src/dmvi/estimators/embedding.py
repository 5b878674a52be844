"""Two-dimensional views of latent vectors. Needs no torch."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from dmvi.errors import DmviError


def tsne(groups: Mapping[str, np.ndarray], *, seed: int, perplexity: float = 30.0) -> pd.DataFrame:
    """t-SNE (van der Maaten and Hinton, 2008) of several groups of vectors in one common map.

    Args:
        groups: name -> (n_g, d); the same d >= 2 for all, at least 4 vectors in total.
        seed: of scikit-learn's solver; the map starts from principal components.
        perplexity: lowered to (n - 1) / 3 where n vectors in total are too few for it.

    Returns:
        Columns group, x, y, in the order of `groups`; the axes have no unit.

    Raises:
        DmviError: too few vectors, or unequal dimensions.
    """
    from sklearn.manifold import TSNE

    arrays = {name: np.asarray(values, np.float64) for name, values in groups.items()}
    widths = {values.shape[1] for values in arrays.values() if values.ndim == 2}
    count = sum(len(values) for values in arrays.values())
    if (
        any(v.ndim != 2 for v in arrays.values())
        or len(widths) != 1
        or min(widths) < 2
        or count < 4
    ):
        shapes = {name: values.shape for name, values in arrays.items()}
        raise DmviError(
            f"t-SNE: groups {shapes} must be (n, d) with one d >= 2, and n >= 4 in all."
        )
    solver = TSNE(
        n_components=2,
        init="pca",
        learning_rate="auto",
        perplexity=min(perplexity, (count - 1) / 3),
        random_state=seed,
    )
    xy = solver.fit_transform(np.concatenate(list(arrays.values())))
    names = np.repeat(list(arrays), [len(values) for values in arrays.values()])
    return pd.DataFrame({"group": names, "x": xy[:, 0], "y": xy[:, 1]})
