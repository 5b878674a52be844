"""Table 30: the likelihood of InfoVAE's objectives and the ELBO's, with what vouches for it."""

TITLE = "−log p(x) of InfoVAE and the ELBO"
PAPER = "infovae"
SOURCES = {"run": ("run.json", "likelihood.json", "kl.json", "bound.csv")}
SELECT = {"model": ["vae", "infovae_mmd", "infovae_stein", "infovae_adversarial"]}
CAPTION = (
    "Nats per test image, mean ± half of the 95 % interval over seeds. By quadrature of one or two latents "
    "(exact), else by annealed importance sampling where forward and reverse agree on simulated images; "
    "where they do not, there is no likelihood, and only an upper bound is printed (≤), as by importance "
    "sampling everywhere. † some chains failed, or hardly moved (flags of likelihood.json). The published "
    "values have another decoder, and their authors' code adds the closed-form KL to each importance "
    "sample, which is optimistic. Weights λ are compared on the ELBO of validation images, after training."
)


def sample_sizes(tables) -> str:
    from dmvi.claims.published import NLL_SOURCE
    from dmvi.figures.base import span

    found = [tables.json(run, run.seeds[0], "likelihood.json") for run in tables.runs]
    images = span([one["n"] for one in found])
    simulated = span([one["gate"]["n"] for one in found])
    return (
        f"{images} test images, gap between forward and reverse on {simulated} simulated ones (closed "
        f"above {found[0]['gate']['threshold']:g} nat). Published: {NLL_SOURCE}, MNIST."
    )


def draw(tables):
    from dmvi.figures.print_table import print_table

    rows: list = []
    data = None
    for run in tables.runs:
        if run.data != data:
            data = run.data
            rows.append(tables.title(data))
        rows.append(_row(tables, run))
    header = ["objective", "d", "α", "λ", "−log p", "−log p,\nIS", "−ELBO", "−ELBO,\nvalidation"]
    header += ["gap", "ESS", "BDMC gap", "KL(q(z)\n‖p(z))", "published"]
    return print_table(header, rows, right=(1, 2, 3))


def _row(tables, run) -> list[str]:
    from statistics import mean

    from dmvi.claims.published import NLL
    from dmvi.tables.log_likelihoods import flags, trusted, values
    from dmvi.tables.objectives import OBJECTIVES

    def shown(*keys: str, sign: float = 1.0, digits: int = 2) -> str:
        found = values(tables, run, *keys)
        return "–" if found is None else _interval([sign * v for v in found], digits)

    def average(key: str) -> str:
        found = values(tables, run, key)
        return "–" if found is None else f"{mean(found):.1f}"

    open_ = trusted(tables, run)
    exact = {tables.json(run, seed, "likelihood.json")["method"] for seed in run.seeds}
    exact = exact == {"quadrature"}
    bound = "" if open_ else "≤ "
    best = shown("value", sign=-1) if open_ else bound + shown("ais", "value", sign=-1)
    meta = tables.meta(run.data)
    real = meta["builder"] == "mnist" and not meta["standin"]
    here = real and run.likelihood == "bernoulli"
    numbers = [run.spec.get(key) for key in ("alpha", "lambda")]
    return [
        OBJECTIVES.get(run.model, run.model),
        str(run.latent_dim),
        *("–" if number is None else f"{number:g}" for number in numbers),
        best + (" (exact)" if exact else "") + (" †" if flags(tables, run) else ""),
        "≤ " + shown("is", "value", sign=-1),
        shown("elbo", "value", sign=-1, digits=1),
        _validation(tables, run),
        average("gap"),
        average("ess"),
        shown("gate", "gap", digits=1) + ("" if open_ or exact else ", closed"),
        _interval(tables.per_seed(run, "kl.json", "value"), 1),
        f"{NLL[run.model]:.2f}" if here and run.model in NLL else "–",
    ]


def _validation(tables, run) -> str:
    """-ELBO of the validation images that are watched along training, when they were last."""
    curves = [tables.csv(run, seed, "bound.csv") for seed in run.seeds]
    return _interval([-float(curve["bound"].iloc[-1]) for curve in curves], 1)


def _interval(values: list[float], digits: int) -> str:
    """ "82.1 ± 0.4": mean and half of the 95 % interval over seeds; the mean alone of one seed."""
    import math

    from dmvi.claims.decide import interval, plus_minus

    mean, half = interval(values)
    return plus_minus(mean, half) if math.isfinite(half) else f"{mean:.{digits}f}"
