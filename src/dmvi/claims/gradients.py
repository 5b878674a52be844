"""C26: the Bernoulli likelihood has the gradient of a Gaussian of unit variance. A computation."""

from dmvi.claims.declared import decides
from dmvi.claims.ledger import Decision, decision

LARGEST_GAP = 1e-6  # between the gradients, which are differentiated numerically
STEP = 1e-4  # of the central differences: their error is about STEP² / 6


@decides("C26", figure="fig22")
def claim_c26(tables) -> Decision:
    """Both gradients are prediction less pixel (Appendix G)."""
    gap = gradient_gap(variance=1.0)
    other = gradient_gap(variance=0.25)
    return decision(
        tables,
        (),
        data=("pixels and predictions on a grid of (0, 1)",),
        statement="The gradient of the Bernoulli loss with respect to its logit has the form of "
        "that of a Gaussian of unit variance with respect to its mean.",
        statistic="The largest difference of the two gradients over pixels x in [0, 1] and "
        "predictions m in (0, 1), by central differences of −x log m − (1 − x) log(1 − m), m = "
        f"σ(logit), and of (x − m)² / 2: below {LARGEST_GAP:g}. No table enters: it is a "
        "computation. Through the same σ, the Gaussian's gradient would have a further factor "
        "m (1 − m), of which the paper does not speak.",
        value=gap,
        value_text=f"largest difference {gap:.1g} (against a Gaussian of variance 1/4: {other:.2g})",
        paper="derived in Appendix G",
        verdict="holds" if gap < LARGEST_GAP else "fails",
        spread="",
    )


def gradient_gap(variance: float) -> float:
    """max |d/dl (−log Bernoulli(x; σ(l))) − d/dm (−log N(x; m, variance))| where σ(l) = m.

    Over 21 pixels x in [0, 1] and 21 predictions m in [0.02, 0.98].
    """
    import numpy as np

    x, mean = np.meshgrid(np.linspace(0, 1, 21), np.linspace(0.02, 0.98, 21))
    logit = np.log(mean / (1 - mean))

    def bernoulli(value):
        return np.logaddexp(0, value) - x * value

    def gaussian(value):
        return np.square(x - value) / (2 * variance)

    slopes = [
        (loss(at + STEP) - loss(at - STEP)) / (2 * STEP)
        for loss, at in ((bernoulli, logit), (gaussian, mean))
    ]
    return float(np.abs(slopes[0] - slopes[1]).max())
