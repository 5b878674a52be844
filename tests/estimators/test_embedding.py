import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from dmvi.errors import DmviError
from dmvi.estimators.embedding import tsne


def groups():
    rng = np.random.default_rng(0)
    near = rng.normal(size=(25, 5))
    return {"prior": near, "posterior": rng.normal(size=(15, 5)) + 40}


def test_same_seed_same_map_with_groups_in_order():
    table = tsne(groups(), seed=1)
    assert list(table.columns) == ["group", "x", "y"]
    assert list(table.group) == ["prior"] * 25 + ["posterior"] * 15
    pd.testing.assert_frame_equal(table, tsne(groups(), seed=1))


def test_separate_groups_stay_separate():
    table = tsne(groups(), seed=0)
    centers = table.groupby("group")[["x", "y"]].mean()
    spread = table.groupby("group")[["x", "y"]].std().to_numpy().max()
    assert np.linalg.norm(centers.loc["prior"] - centers.loc["posterior"]) > 2 * spread


def test_few_vectors_are_enough_and_fewer_are_refused():
    few = {"prior": np.eye(4)[:2], "posterior": np.eye(4)[2:]}
    assert len(tsne(few, seed=0)) == 4
    with pytest.raises(DmviError, match="n >= 4"):
        tsne({"prior": np.eye(3)}, seed=0)
    with pytest.raises(DmviError, match="one d >= 2"):
        tsne({"prior": np.eye(4), "posterior": np.eye(5)}, seed=0)


@pytest.mark.parametrize("module", ["embedding", "neighbours", "pixels"])
def test_needs_no_torch(module):
    code = f"import sys, dmvi.estimators.{module}; sys.exit('torch' in sys.modules)"
    assert (
        subprocess.run(
            [sys.executable, "-c", code], env={"PYTHONPATH": ":".join(sys.path)}
        ).returncode
        == 0
    )
