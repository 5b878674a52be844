"""C13 and C22, which Figures 8 and 9 decide: do hybrids beat VAEs, and GANs? Where are VAEs good?"""

import math

from dmvi.claims.comparing import COMPARED, SENSITIVE_RATIO, STEADY, Scores
from dmvi.claims.decide import (
    EQUAL_STANDARD_ERRORS,
    PAPER_DATASETS,
    above,
    below,
    over_seeds,
    plus_minus,
    verdict,
)
from dmvi.claims.declared import decides
from dmvi.claims.judge import counted, fewest, judge, unequal_budgets
from dmvi.claims.ledger import Decision, decision
from dmvi.tables.models import GANS, model_title
from dmvi.tables.scores import MIN_SETTINGS

WELL_EXCESS = 0.5  # of the VAE's critic distance over the better GAN's, up to which it does well

# The paper's data set -> the scores that decide there.
SCORES_OF_SAMPLES = {
    "CIFAR-10": ("inception_cifar10", "inception_imagenet"),
    "CelebA": ("diversity",),
}
CRITIC = dict.fromkeys(PAPER_DATASETS, ("critic",))

WINNERS, BEATEN = ("veegan", "vgh", "vgh_plus_plus"), ("vae", "aae")
LESS_VARIED = ("ColorMNIST", "CelebA")
ALL = tuple(dict.fromkeys((*STEADY, *COMPARED)))


def _parts(scores: Scores) -> dict[str, list[bool | None]]:
    """The outcomes of every part of C13."""
    return {
        "VEEGAN, VGH and VGH++ beat VAE and AAE": [
            scores.beats(model, other) for model in WINNERS for other in BEATEN
        ],
        "no hybrid beats the GANs": [scores.loses(model) for model in COMPARED],
        "VGH++ beats VGH": [scores.beats("vgh_plus_plus", "vgh")],
        "hybrids are more sensitive": [scores.sensitive()],
    }


@decides("C13", figure="fig8", wanted=SCORES_OF_SAMPLES)
@decides("C13", figure="fig9", wanted=CRITIC)
def claim_c13(tables, wanted: dict[str, tuple[str, ...]]) -> Decision:
    """Hybrids beat VAEs, but not GANs.

    Args:
        wanted: the paper's data set -> scores that decide there, those that were not skipped.
    """
    cases = _cases(tables, wanted)
    outcomes, parts = {}, {}
    for (dataset, key), scores in cases.items():
        for part, found in _parts(scores).items():
            for i, outcome in enumerate(found):
                outcomes[dataset, key, part, i] = outcome
                parts.setdefault(part, {})[dataset, key, i] = outcome
    every = list(outcomes.values())
    kinds = {tables.kind(dataset) for dataset, _ in cases}
    texts = [
        f"{part}: {verdict(found.values(), kinds, wanted)} (as claimed in "
        f"{list(found.values()).count(True)} of {len(found)} comparisons, clearly against in "
        f"{list(found.values()).count(False)})"
        for part, found in parts.items()
    ]
    used = _used(cases, ALL)
    scored = {model for scores in cases.values() for model in scores.settings if model in ALL}
    if alone := len(scored) == 1:
        texts = [f"{model_title(*scored)} alone, which is compared with no other model"]
    return decision(
        tables,
        list(dict.fromkeys(dataset for dataset, _ in cases)),
        statement="VEEGAN, VGH and VGH++ beat VAE and AAE; no hybrid (AdversarialVB left out, as in "
        "the paper) beats the GANs; VGH++ beats VGH; hybrids are more sensitive to their settings "
        f"({_words(wanted)}).",
        statistic="Best and median setting of two models, per data set and score, the best of as "
        "many settings as the model with fewer has (its expectation over which they are). A "
        f"difference counts beyond {EQUAL_STANDARD_ERRORS:g} of its standard errors (root of the "
        "sum of both squares; over seeds, never below the score's own; with one seed its sd over "
        "critic seeds, splits or batches; for a best of fewer also its spread), and best and median "
        "must agree. A hybrid that is not better than the better GAN does not beat the GANs; one "
        "that is clearly better than both refutes it. Diversity is judged by its distance to the "
        "data's. Models of unequal budgets (steps, width) are not compared. Sensitivity: median "
        f"interquartile range of the hybrids' settings over {SENSITIVE_RATIO} of that of VAE, DCGAN "
        f"and WGAN-GP, refuted below 1 / {SENSITIVE_RATIO}; needs {MIN_SETTINGS} settings of each. "
        "One part clearly against refutes the whole. The value is the share of comparisons that "
        "came out as claimed.",
        value=every.count(True) / len(every) if every and not alone else None,
        value_text="; ".join([*texts, *_winners(tables, cases)]) + unequal_budgets(tables, used)
        if cases
        else "no scores",
        **judge(tables, outcomes, wanted),
        seeds=fewest(run for runs in used.values() for run in runs),
        spread=_spread(tables, cases),
    )


@decides("C22", figure="fig9")
def claim_c22(tables) -> Decision:
    """VAEs perform well on ColorMNIST and CelebA but not on CIFAR-10."""
    excesses, outcomes, used = {}, {}, {}
    for (dataset, _), scores in _cases(tables, CRITIC).items():
        case = (dataset, "critic")
        if not {"vae", *GANS} <= set(scores.settings):
            outcomes[case] = None
            continue
        used[dataset] = scores.runs(("vae", *GANS))
        pairs = [scores.summaries("vae", gan)[0] for gan in GANS]  # of as many settings each
        vae, gan = max(pairs, key=lambda pair: pair[1][0])
        distance = -gan[0]  # the negative of its worth
        if distance <= 0:  # as near as the critic can tell: no ratio to it says anything
            outcomes[case] = None
            continue
        ratio = -vae[0] / distance
        error = math.hypot(vae[1], ratio * gan[1]) / distance
        excesses[case] = ratio - 1
        side = below if tables.kind(dataset) in LESS_VARIED else above
        outcome = side(ratio - 1, EQUAL_STANDARD_ERRORS * error, WELL_EXCESS)
        outcomes[case] = outcome if scores.comparable("vae", *GANS) else None
    texts = [f"{tables.title(dataset)} {1 + value:.2f}" for (dataset, _), value in excesses.items()]
    good = [v for (d, _), v in excesses.items() if tables.kind(d) in LESS_VARIED]
    return decision(
        tables,
        list(dict.fromkeys(case[0] for case in outcomes)),
        statement="VAEs perform well on ColorMNIST and CelebA, but not on CIFAR-10.",
        statistic="Independent critic's distance of the VAE's samples over that of the better GAN, "
        "each by the best of as many settings: the excess over 1 is below "
        f"{WELL_EXCESS} on ColorMNIST and CelebA and above it on CIFAR-10, by "
        f"{EQUAL_STANDARD_ERRORS:g} standard errors, at equal budgets; undecided where the GAN's "
        "distance is not above 0. The value is the largest excess on ColorMNIST and CelebA.",
        value=max(good, default=None),
        value_text=f"distance over the better GAN's: {'; '.join(texts)}{counted(outcomes)}"
        f"{unequal_budgets(tables, used)}"
        if excesses
        else "no distance of VAE and GANs above 0"
        if used
        else "needs a VAE and both GANs on one data set",
        **judge(tables, outcomes),
        seeds=fewest(run for runs in used.values() for run in runs),
        spread="",
    )


def _cases(tables, wanted: dict[str, tuple[str, ...]]) -> dict[tuple[str, str], Scores]:
    """(data set, score) -> its scores, where there are any."""
    cases = {
        (dataset, key): Scores(tables, dataset, key)
        for dataset in tables.datasets
        for key in wanted.get(tables.kind(dataset), ())
    }
    return {case: scores for case, scores in cases.items() if scores.settings}


def _used(cases: dict[tuple[str, str], Scores], models) -> dict[str, list]:
    """Data set -> the runs that were compared there."""
    used: dict[str, list] = {}
    for (dataset, _), scores in cases.items():
        used.setdefault(dataset, []).extend(scores.runs(models))
    return used


def _words(wanted) -> str:
    keys = dict.fromkeys(key for keys in wanted.values() for key in keys)
    names = {"critic": "critic", "diversity": "diversity"}
    return " and ".join(dict.fromkeys(names.get(key, "Inception score") for key in keys))


def _winners(tables, cases) -> list[str]:
    texts = []
    for (dataset, key), scores in cases.items():
        model = max(scores.settings, key=lambda model, s=scores: max(s.values(model)))
        top = scores.top(model)
        data = ""
        if scores.data is not None:
            own = plus_minus(scores.data, scores.data_sd or None)
            data = f", {scores.metric.data} {own}"
        texts.append(
            f"best {key} on {tables.title(dataset)}: {model_title(model)} {top.mean:.3g}{data}"
        )
    return texts


def _spread(tables, cases) -> str:
    """Over seeds of the models' best settings, each score by itself."""
    values: dict[str, dict] = {}
    for (dataset, key), scores in cases.items():
        for model in scores.settings:
            values.setdefault(key, {})[dataset, model] = list(scores.top(model).values)
    return "; ".join(f"{key}: {over_seeds(found)}" for key, found in values.items())
