"""Why a number of ours lies outside a published one: said here, with the run that shows it.

An entry makes "outside, unexplained" of one study and row "outside, explained". It is a finding, so it
needs a run whose results show it, of the same study or of another one that is published; without that run
the study is not published, and its column is not written.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Explanation:
    """A reason, and what shows that it is one.

    Attributes:
        why: half a sentence, "50 latents reach 45 nats".
        run: name of the run that shows it, or "classifiers/DATA", the image classifier of a data set.
        study: the published study that has this run; empty where it is the one whose number it is.
    """

    why: str
    run: str
    study: str = ""


# (study, id of a row of `dmvi.claims.published.PUBLISHED`) -> why, and the run that shows it
EXPLANATIONS: Mapping[tuple[str, str], Explanation] = {
    ("reduced", "classifier_error"): Explanation(
        "twice the width and 30 epochs in place of 8 about halve the error",
        "classifiers/cifar10",
        "paper_cpu",
    ),
    ("paper_cpu", "kl_quantized_normal"): Explanation(
        "100 latents give 253.4 nats after a tenth of the iterations, where our 128 give 310.7 (the paper's "
        "number of latents is lost)",
        "cifar10_open_latents-likelihoodquantized_normal-latent_dim100",
    ),
}
