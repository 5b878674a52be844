"""Probes: how well a classifier trained on few labelled codes tells the classes of others.

Inductive: the test images' codes are not seen in training. Needs no torch.
"""

import warnings
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, LinearSVC

from dmvi.errors import DmviError

LABELS = (100, 1000)
DRAWS = 5
STRENGTHS = (0.1, 1.0, 10.0)  # of C, chosen by cross-validation among the labelled codes
FOLDS = 3

CLASSIFIERS: dict[str, Callable[[], Any]] = {
    "rbf": lambda: SVC(kernel="rbf", gamma="scale"),
    "linear": lambda: LinearSVC(dual=False),
    "logistic": lambda: LogisticRegression(max_iter=2000),
}


@dataclass(frozen=True)
class Probe:
    """Test error of one classifier at one number of labels.

    Attributes:
        classifier: of `CLASSIFIERS`.
        labels: labelled codes it was trained on.
        errors: share of wrong test codes, one per draw of the labelled codes.
        mean, sd: of the errors over draws (sd 0 for a single one).
        test: test codes.
    """

    classifier: str
    labels: int
    errors: tuple[float, ...]
    mean: float
    sd: float
    test: int

    def to_json(self) -> dict[str, Any]:
        """All attributes as a dictionary."""
        return asdict(self)


def probe(
    codes: np.ndarray,
    labels: np.ndarray,
    test_codes: np.ndarray,
    test_labels: np.ndarray,
    *,
    sizes: Sequence[int] = LABELS,
    classifiers: Sequence[str] = ("rbf", "linear"),
    draws: int = DRAWS,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> list[Probe]:
    """Errors of every classifier at every number of labels, over class-balanced draws of them.

    Codes are standardised by the labelled ones, C is chosen among .1, 1 and 10 by 3-fold
    cross-validation within them. A draw's labelled codes are the same for all classifiers.

    Args:
        codes: posterior means of training images, (N, d).
        labels: their classes, integers (N,); below 0 is unlabelled and never drawn.
        test_codes, test_labels: of other images, (M, d) and (M,).
        sizes: numbers of labels, each a multiple of the number of classes.
        draws: of the labelled codes, seeded by (seed, size, draw).

    Raises:
        DmviError: no such classifier, too few images of a class, or sizes that do not fit the classes.
    """
    for name in classifiers:
        if name not in CLASSIFIERS:
            raise DmviError(f"probe: {name!r} is no classifier; those are {', '.join(CLASSIFIERS)}")
    if len(codes) != len(labels) or len(test_codes) != len(test_labels) or draws < 1:
        raise DmviError(
            f"probe: {len(codes)} codes have {len(labels)} labels, {len(test_codes)} test codes have "
            f"{len(test_labels)}, draws is {draws}; codes and labels must agree, draws be at least 1"
        )
    members = _members(labels)
    found, done, total = [], 0, len(sizes) * draws * len(classifiers)
    for size in sizes:
        if (why := _misfit(size, members)) is not None:
            raise DmviError(f"probe: {why}")
        errors: dict[str, list[float]] = {name: [] for name in classifiers}
        for draw in range(draws):
            rng = np.random.default_rng([seed, size, draw])
            chosen = np.concatenate(
                [rng.choice(group, size // len(members), replace=False) for group in members]
            )
            for name in classifiers:
                fitted = _fit(name, np.asarray(codes[chosen], np.float64), labels[chosen], draw)
                wrong = fitted.predict(np.asarray(test_codes, np.float64)) != test_labels
                errors[name].append(float(wrong.mean()))
                done += 1
                if progress is not None:
                    progress(done, total)
        for name, values in errors.items():
            sd = float(np.std(values, ddof=1)) if draws > 1 else 0.0
            mean = float(np.mean(values))
            found.append(Probe(name, size, tuple(values), mean, sd, len(test_labels)))
    return found


def _fit(name: str, codes: np.ndarray, labels: np.ndarray, draw: int):
    """The classifier with its C chosen, trained on all labelled codes."""
    pipeline = make_pipeline(StandardScaler(), CLASSIFIERS[name]())
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=draw)
    grid = {f"{pipeline.steps[-1][0]}__C": list(STRENGTHS)}
    with warnings.catch_warnings():
        # A large C may not converge on separable codes; cross-validation judges what came out.
        warnings.simplefilter("ignore", ConvergenceWarning)
        return GridSearchCV(pipeline, grid, cv=folds).fit(codes, labels)


def misfit(size: int, labels: np.ndarray) -> str | None:
    """Why so many class-balanced labels cannot be drawn from these, in a sentence; None if they can."""
    return _misfit(size, _members(labels))


def _members(labels: np.ndarray) -> list[np.ndarray]:
    """The rows of every class; labels below 0 are none."""
    return [np.flatnonzero(labels == c) for c in np.unique(labels[labels >= 0])]


def _misfit(size: int, members: list[np.ndarray]) -> str | None:
    if len(members) < 2:
        return f"the labels have {len(members)} classes; at least 2 are needed"
    each = size // len(members)
    if size % len(members) or each < FOLDS:
        return (
            f"{size} labels for {len(members)} classes; it must be a multiple of that, at least {FOLDS} "
            "per class for cross-validation"
        )
    fewest = min(len(group) for group in members)
    if fewest < each:
        return f"{each} labels per class are wanted, a class has only {fewest}"
    return None
