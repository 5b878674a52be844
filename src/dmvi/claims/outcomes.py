"""What a number of ours says about a published one: one word of a closed list, and a table of them."""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from dmvi.claims.decide import plus_minus
from dmvi.claims.published import CLASSIFIER_STEPS, PUBLISHED, Published, published
from dmvi.errors import DmviError

STUDIES = ("reduced", "paper_cpu", "paper")
NOT_RUN = "not computed in this study yet"
# Share of the paper's training below which a number is not compared with the paper's: of the model's, and
# of a classifier's where one estimates it.
SHORTEST = 0.5

Kind = Literal["within", "better", "outside, explained", "outside, unexplained", "not comparable"]
KINDS: tuple[Kind, ...] = (
    *("within", "better"),
    *("outside, explained", "outside, unexplained"),
    "not comparable",
)


@dataclass(frozen=True)
class Ours:
    """One number of ours, as a study has it.

    Attributes:
        value: in the published number's unit; None where there is none, which `incomparable` explains.
        uncertainty: half the width of its 95 % interval; None where nothing was repeated.
        settings: what it was measured with, in words.
        brief: those of them that the short table says too, in words; they lead `settings` elsewhere.
        share: of the paper's training length, 1 being all of it (the smallest, where several
            trainings are behind the number); None where the paper's length did not survive.
        classifier_share: of the steps that a classifier of codes has at the paper's scale; None where
            no such classifier estimates the number.
        explanation: why it differs from the paper's, if that is known ...
        shown_by: ... and the run, or training, that shows it.
        incomparable: why it is not to be compared at all, if it is not.
    """

    value: float | None
    uncertainty: float | None
    settings: str
    share: float | None = None
    classifier_share: float | None = None
    explanation: str = ""
    shown_by: str = ""
    incomparable: str = ""
    brief: str = ""

    def __post_init__(self) -> None:
        if self.value is None:
            if not self.incomparable:
                raise DmviError(
                    "a number of ours that there is none of needs a reason: incomparable"
                )
            return
        if not math.isfinite(self.value):
            raise DmviError(f"a number of ours is {self.value}; it must be finite")
        if self.uncertainty is not None and not 0 <= self.uncertainty < math.inf:
            raise DmviError(f"an uncertainty is {self.uncertainty}; it must be 0 or more, or None")
        for share in (self.share, self.classifier_share):
            if share is not None and not 0 < share < math.inf:
                raise DmviError(
                    f"a share of the paper's training is {share}; it must be positive, or None"
                )
        if bool(self.explanation) != bool(self.shown_by):
            raise DmviError(
                "an explanation needs the run that shows it, and such a run an explanation; "
                f"explanation is {self.explanation!r}, shown_by is {self.shown_by!r}"
            )


@dataclass(frozen=True)
class Outcome:
    """What became of a published number: one of `KINDS`, and why where a reader would ask."""

    kind: Kind
    why: str = ""

    def __str__(self) -> str:
        return f"{self.kind} ({self.why})" if self.why else self.kind


def outcome(published: Published, ours: Ours) -> Outcome:
    """What a number of ours says about a published one; the first of these that is the case.

    not comparable: ours says so; or its model, or the classifier that estimates it, was trained for
    less than half of the paper's length; or its 95 % interval reaches into the rule's zone and is
    wider than it, so that it could be anything. The first two are all named that are so.
    within: in the rule's zone. better: outside, on the better side. outside, explained: with the
    run that shows why. outside, unexplained: everything else.
    """
    reasons = [ours.incomparable] if ours.incomparable else []
    if ours.share is not None and ours.share < SHORTEST:
        reasons.append(f"trained {_percent(ours.share)} of the paper's length")
    if ours.classifier_share is not None and ours.classifier_share < SHORTEST:
        steps = _percent(ours.classifier_share)
        reasons.append(f"its classifier trained {steps} of {CLASSIFIER_STEPS:,} steps")
    if reasons:
        return Outcome("not comparable", "; ".join(reasons))
    low, high = published.rule.zone(published.value)
    half = ours.uncertainty or 0.0
    overlaps = ours.value - half <= high and ours.value + half >= low
    if overlaps and 2 * half > high - low:
        return Outcome("not comparable", "our 95 % interval is wider than the rule")
    if low <= ours.value <= high:
        return Outcome("within")
    side = "lower" if ours.value < low else "higher"
    if side == published.better:
        return Outcome("better")
    if ours.explanation:
        return Outcome("outside, explained", f"{ours.explanation}: {ours.shown_by}")
    return Outcome("outside, unexplained")


def check_complete(
    ours: Mapping[str, Mapping[str, Ours]],
    studies: Sequence[str],
    owed: Mapping[str, Collection[str]] | None = None,
) -> None:
    """Refuses to publish a table in which a published number has no outcome in one of the studies.

    Args:
        ours: id -> study -> our number.
        owed: study -> ids of which it shows the figure or table: of these "not computed yet" is no
            outcome.

    Raises:
        DmviError: naming them; also for an id that there is not.
    """
    for id in ours:
        published(id)
    missing = [
        f"{row.id} ({study})"
        for row in PUBLISHED
        for study in studies
        if study not in ours.get(row.id, {})
    ]
    if missing:
        raise DmviError(
            f"no outcome of {', '.join(missing)}: give each a number of ours, with the reason in "
            "`incomparable` where it is none"
        )
    for study, ids in (owed or {}).items():
        late = [
            row
            for row in PUBLISHED
            if row.id in ids and ours[row.id][study].incomparable == NOT_RUN
        ]
        if late:
            figures = ", ".join(dict.fromkeys(row.figure for row in late))
            raise DmviError(
                f"study {study} has {figures} among its figures, but no number of ours for "
                f"{', '.join(row.id for row in late)}: compute what they are read from, or take these "
                "figures out of its config.yaml"
            )


def table(ours: Mapping[str, Mapping[str, Ours]], settings: bool = True) -> str:
    """The published numbers and ours as a Markdown table.

    Args:
        ours: id -> study -> our number. Columns are *reduced* and *paper_cpu*, and *paper* once any
            row has it; a dash where a study has none.
        settings: say in each cell what the number was measured with, and why it is what it is.

    Raises:
        DmviError: for an id or a study that there is not.
    """
    _check_names(ours)
    studies = columns(any("paper" in of for of in ours.values()))
    lines = [
        row_of_cells("quantity", "place", "published", *(f"*{study}*" for study in studies)),
        row_of_cells("---", "---", "---:", *("---" for _ in studies)),
    ]
    for row in PUBLISHED:
        of = ours.get(row.id, {})
        cells = [_cell(row, of[study], settings) if study in of else "–" for study in studies]
        lines.append(row_of_cells(row.quantity, row.place, _with_unit(row.value, row.unit), *cells))
    return "\n".join(lines) + "\n"


def markdown(ours: Mapping[str, Mapping[str, Ours]]) -> str:
    """The table, and below it how each number is decided.

    Args and Raises: as of `table`.
    """
    lines = [table(ours), "**How each is decided** (rule; protocol, as far as it survives)", ""]
    for row in PUBLISHED:
        rule = f"{row.rule.words(row.unit)}. {row.rule.why}."
        better = f" Better is {row.better}." if row.better else ""
        lines.append(f"- {row.place}: {rule}{better} {row.protocol}. Source: {row.source}.")
    return "\n".join(lines) + "\n"


def _check_names(ours: Mapping[str, Mapping[str, Ours]]) -> None:
    for id, of in ours.items():
        published(id)
        for study in of:
            if study not in STUDIES:
                raise DmviError(f"{study!r} is no column; those are {', '.join(STUDIES)}")


def _cell(row: Published, ours: Ours, settings: bool) -> str:
    if not settings:
        return _short(row, ours)
    if ours.value is None:
        return f"**{outcome(row, ours)}**"
    length = "" if ours.share is None else f"; {_percent(ours.share)} of the paper's training"
    return f"{with_uncertainty(ours)}: **{outcome(row, ours)}** ({measured_with(ours)}{length})"


def _short(row: Published, ours: Ours) -> str:
    kind = outcome(row, ours).kind
    if ours.value is None:
        return f"– ({kind})"
    length = "" if ours.share is None else f" at {_percent(ours.share)}"
    if ours.classifier_share is not None:
        length += f", classifier at {_percent(ours.classifier_share)}"
    brief = f" with {ours.brief}" if ours.brief else ""
    return f"{with_uncertainty(ours)}{length}{brief} ({kind})"


def columns(has_paper: bool) -> tuple[str, ...]:
    """The studies that have a column: *paper* once it has anything."""
    return STUDIES if has_paper else STUDIES[:-1]


def row_of_cells(*cells: str) -> str:
    """A line of a Markdown table."""
    escaped = (cell.replace("|", "\\|").replace("\n", " ") for cell in cells)
    return f"| {' | '.join(escaped)} |"


def _with_unit(value: float, unit: str) -> str:
    """A published value with the one decimal that the paper prints."""
    return f"{value:,.1f}\u00a0{unit}"


def with_uncertainty(ours: Ours) -> str:
    """ "28.6 ± 3.1"; four digits or more of a number that nothing repeated: "44.7", "25,812.8", "0.2140"."""
    if ours.uncertainty is not None:
        return plus_minus(ours.value, ours.uncertainty)
    return f"{ours.value:,.1f}" if abs(ours.value) >= 1000 else f"{ours.value:.4g}"


def measured_with(ours: Ours) -> str:
    """All settings of a number of ours, in words."""
    return ", ".join(words for words in (ours.brief, ours.settings) if words)


def _percent(share: float) -> str:
    return f"{100 * share:.3g}\u00a0%"
