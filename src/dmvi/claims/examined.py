"""Verdicts that contradict the paper, each examined once: what is the reason, as far as we know?

An entry is a finding about one study, written by whoever looked into it; the numbers behind it are those
of the figure that it names. A verdict that fails and has no entry is said to be unexamined where the
verdicts of all studies are published (`dmvi.report.examinations`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from dmvi.errors import DmviError

Cause = Literal["length", "statistic", "open setting", "the paper", "not known"]
CAUSES: Mapping[Cause, str] = {
    "length": "our training is shorter than the paper's, and the number moves towards the claim along it",
    "statistic": "what is looked at decides it: the paper's own picture, or a comparison with a better "
    "control, agrees with the paper in our study too",
    "open setting": "a setting that the paper leaves open decides it",
    "the paper": "the claim does not hold in the paper's own setting, as far as that is known",
    "not known": "looked into, and none of these can be shown yet",
}


@dataclass(frozen=True)
class Examination:
    """What was found about one verdict.

    Attributes:
        cause: one of `CAUSES`.
        found: a sentence.
        shown_by: (study, figure or table) that shows it, both published; empty only where the cause
            is not known.
    """

    cause: Cause
    found: str
    shown_by: tuple[str, str] | tuple[()] = ()

    def __post_init__(self) -> None:
        if self.cause not in CAUSES:
            raise DmviError(f"{self.cause!r} is no cause; those are {', '.join(CAUSES)}")
        if not self.shown_by and self.cause != "not known":
            raise DmviError(f"the cause {self.cause!r} of a verdict needs the figure that shows it")


ALONG_TRAINING = ("paper_cpu", "fig60")
ON_ONE_SIDE = ("paper_cpu", "fig61")
ONE_SIDED = Examination(
    "statistic",
    "In the t-SNE, which is what the paper looks at, the latents are as scattered as the paper says, more "
    "widely than prior draws. Their directions say otherwise: of those in figure 61, 92 % (CIFAR-10) and all "
    "(ColorMNIST) lie on one side of the prior, as one would expect of images that share a white background "
    "or thick strokes; such a map cannot show it. Figure 61 is of the first trainings, figure 3 of paper_cpu "
    "of the second one on ColorMNIST.",
    ON_ONE_SIDE,
)
CHEAP_NEIGHBOURS = (
    "The training image nearest to any sample of a VAE is a flat one, cheap to encode: those nearest "
    "to ordinary samples cost far less than other data. Beside these, those nearest to low-posterior samples "
    "cost more on every data set of the study."
)
TOO_SHORT = (
    "no run of ours is long enough: at 1 or 2 % of the paper's iterations every model still improves, and "
    "what is compared is how fast"
)

# (study, claim) -> what was found
EXAMINED: Mapping[tuple[str, str], Examination] = {
    ("reduced", "C5"): Examination(
        "length",
        "The share of near-white pixels of low-posterior samples passes that of the data between 2 and 5 % "
        "of the paper's iterations (CIFAR-10), and is four times as large at their end; this study ends at "
        "1 %. No run on CelebA is long enough to show the same there.",
        ALONG_TRAINING,
    ),
    ("reduced", "C6"): Examination(
        "length",
        "On CIFAR-10 the area under the curve begins above one half, is below it from 2 % of the paper's "
        "iterations on, and ends at .16; CelebA ends at .75 %, above one half. No run on CelebA is long "
        "enough to show the same there.",
        ALONG_TRAINING,
    ),
    ("reduced", "C7"): ONE_SIDED,
    ("paper_cpu", "C7"): ONE_SIDED,
    ("reduced", "C8"): Examination("statistic", CHEAP_NEIGHBOURS, ("reduced", "fig13")),
    ("paper_cpu", "C8"): Examination(
        "statistic",
        f"{CHEAP_NEIGHBOURS} Length does not decide it on CIFAR-10: with the Bernoulli likelihood the area "
        "under the curve is above one half along neither training; with the QuantizedNormal one it is at "
        "1 % of the iterations and from a fifth of them on (figure 60).",
        ("paper_cpu", "fig13"),
    ),
    ("reduced", "C10"): Examination("not known", f"Of the bounds along training, {TOO_SHORT}."),
    ("reduced", "C12"): Examination("not known", f"Of many latents, {TOO_SHORT}."),
    ("reduced", "C13"): Examination("not known", f"Of hybrids, GANs and VAEs, {TOO_SHORT}."),
    ("reduced", "C20"): Examination("not known", f"Of AdversarialVB, {TOO_SHORT}."),
    ("reduced", "C22"): Examination("not known", f"Of VAEs beside GANs, {TOO_SHORT}."),
    ("reduced", "C25"): Examination(
        "not known",
        "The strength of the noise is lost (ours is 1), and our classifiers have 2 % of the steps that they "
        "have at the paper's scale.",
    ),
}
