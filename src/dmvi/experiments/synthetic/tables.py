"""Tables of the synthetic study, as its figures and claims read them."""

from dmvi.errors import DmviError
from dmvi.experiments.synthetic.settings import FEW_DIMENSIONS

ESTIMATION = "synthetic/estimation.csv"
LEARNING = "synthetic/learning.csv"
EXACT = "synthetic/exact.csv"  # as LEARNING, by the exact log ratio instead of a classifier's
SEPARATED = "synthetic/separated.csv"


def dimensions(table) -> list[int]:
    return sorted(int(d) for d in table["dim"].unique())


def relative_errors(table):
    """The rows with a true KL above 0, with `error` = estimate / true KL − 1."""
    rows = table[table["true_kl"] > 0]  # equal Gaussians have no relative error
    return rows.assign(error=rows["estimate"] / rows["true_kl"] - 1)


def final_errors(table):
    """The last step of every training that got there, with its relative error."""
    return relative_errors(table[table["step"] == table["step"].max()])


def learning_rows(tables, small: bool, name: str = LEARNING):
    """The rows of a learning table about small, or about large, dimensions. Never empty."""
    table = tables.study_csv(name)
    rows = table[(table["dim"] <= FEW_DIMENSIONS) == small]
    if rows.empty:
        held = ", ".join(map(str, dimensions(table)))
        side = "of at most" if small else "above"
        raise DmviError(
            f"{tables.root / name} holds no dimension {side} {FEW_DIMENSIONS}, "
            f"only {held}: add one to the synthetic study, or take the figure out"
        )
    return rows


def last_step(tables) -> int:
    """The last step of the whole learning study: all settings are trained for as long."""
    return int(tables.study_csv(LEARNING)["step"].max())
