"""Monte Carlo KL(q(z) || p(z)) of the marginal posterior, and its ELBO-surgery bounds.

Algorithm 2 of Rosca, Lakshminarayanan and Mohamed (2018): z_i ~ q(z|x_i) and
KL = 1/S sum_i [log q(z_i) - log p(z_i)], with q(z) = 1/N sum_n q(z|x_n) and p = N(0, I).

ELBO surgery (Hoffman and Johnson, 2016): mean_n KL(q(z|x_n) || p) = KL(q(z) || p) + I(x; z) with
0 <= I <= log N, hence avg_kl - log N <= KL <= avg_kl. In many dimensions the value sits close to
avg_kl - log N whatever the encoder does, which is why the bounds are stored with it.

The mean over z_i is taken with a control variate (Owen, Monte Carlo theory, ch. 8.9): the same z_i
give log q(z_i|x_i) - log p(z_i), whose expectation avg_kl is known far better than from S samples.
Subtracting a multiple of its error removes most of the noise. The multiple is a regression coefficient
of the same z_i, which shifts the expectation by something of order 1 / S (a tenth of a KL of 0.3 nats
at S = 32), so that fewer than `FEWEST_FOR_CONTROL` samples get the plain mean of Algorithm 2; for more
it is kept beside the value.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from dmvi.errors import DmviError
from dmvi.estimators.estimate import Estimate, mean_and_error
from dmvi.estimators.streaming import TractableMixture, standard_normal_log_density

if TYPE_CHECKING:
    import pandas as pd

Progress = Callable[[int, int], None]

# From here on the bias of the control variate's fitted coefficient is below a tenth of the standard
# error; a coefficient of the other half of the draws is no remedy, as the halves share out the images.
FEWEST_FOR_CONTROL = 1000
# A correct estimator crosses this limit with a probability below 1e-13 per run,
LOG_IMPROBABLE = 30.0
# and this one below 1e-6: in one dimension, with the fewest samples that are judged. With 32 of them
# the t statistic of so skewed a number passes 8 once in some thousand runs.
SIGMAS = 8.0
FEWEST_JUDGED = 200


@dataclass(frozen=True, kw_only=True)
class MarginalKL(Estimate):
    """KL(q(z) || p(z)) with its surgery terms, in nats. lower = avg_kl - log N, upper = avg_kl.

    Attributes:
        plain, plain_standard_error: the mean of log q(z_i) - log p(z_i) without control variate; the
            value itself below `FEWEST_FOR_CONTROL` samples.
        avg_kl, avg_kl_standard_error: mean_n KL(q(z|x_n) || p) over all N; error 0 in closed form.
        log_n: log N, the largest possible mutual information.
        mutual_information: avg_kl - value; strays outside [0, log N] by no more than its noise.
        mutual_information_direct, mutual_information_direct_standard_error: the same quantity as
            mean_i [log q(z_i|x_i) - log q(z_i)], no term of which exceeds log N.
        components: N.
        latent_dim: d.
    """

    plain: float
    plain_standard_error: float
    avg_kl: float
    avg_kl_standard_error: float
    log_n: float
    mutual_information: float
    mutual_information_direct: float
    mutual_information_direct_standard_error: float
    components: int
    latent_dim: int


@dataclass(frozen=True, kw_only=True)
class HeldoutKL(Estimate):
    """E_q[log r(z) - log p(z)], r a mixture of `components` held-out posteriors."""

    components: int


def marginal_kl(
    mixture: TractableMixture,
    *,
    samples: int | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> MarginalKL:
    """KL(q(z) || N(0, I)) by Monte Carlo, checked against its surgery bounds.

    Args:
        mixture: q(z), of N components.
        samples: S >= 2 draws of z; None means one per component. The components of the draws are
            spread evenly: each S // N times, the rest of them drawn without replacement.
        seed: of all draws.
        progress: called as progress(done, total) after every tile.

    Returns:
        `MarginalKL`. Standard errors are sd / sqrt(S), as for independent draws from q(z); the
        even spread makes the true error smaller, never larger.

    Raises:
        DmviError: fewer than 2 samples.
        RuntimeError: the numbers break a bound that holds for every mixture.
    """
    generator = torch.Generator().manual_seed(seed)
    index = spread_evenly(mixture.components, samples, generator)
    z, own_log_prob = mixture.sample(index, generator)
    component_kl = mixture.component_kl(generator)
    log_q = mixture.log_density(z, index, own_log_prob, progress)
    log_p = standard_normal_log_density(z)
    information = own_log_prob - log_q
    _check_bounds(
        information,
        own_log_prob - log_p - component_kl[index.to(component_kl.device)],
        mixture.components,
    )
    plain, plain_standard_error = mean_and_error(log_q - log_p)
    avg_kl, avg_kl_standard_error = mean_and_error(component_kl)
    if mixture.component_kl_is_exact:
        avg_kl_standard_error = 0.0
    value, standard_error = _controlled_mean(
        log_q - log_p, own_log_prob - log_p, avg_kl, avg_kl_standard_error
    )
    direct, direct_standard_error = mean_and_error(information)
    log_n = math.log(mixture.components)
    return MarginalKL(
        value=value,
        standard_error=standard_error,
        n=len(z),
        lower=avg_kl - log_n,
        upper=avg_kl,
        plain=plain,
        plain_standard_error=plain_standard_error,
        avg_kl=avg_kl,
        avg_kl_standard_error=avg_kl_standard_error,
        log_n=log_n,
        mutual_information=avg_kl - value,
        mutual_information_direct=direct,
        mutual_information_direct_standard_error=direct_standard_error,
        components=mixture.components,
        latent_dim=mixture.latent_dim,
    )


def kl_curve(
    mixture: TractableMixture,
    sizes: Sequence[int],
    *,
    samples: int | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> "pd.DataFrame":
    """KL of mixtures subsampled to n components, z from the subsample's own posteriors.

    Shows how far the value follows avg_kl - log n. The subsamples are nested (prefixes of one
    random permutation); sizes above N are left out; `samples` as in `marginal_kl`.

    Returns:
        Columns components, value, standard_error, lower (avg_kl - log n of that subsample).
    """
    generator = torch.Generator().manual_seed(seed)
    order = torch.randperm(mixture.components, generator=generator)
    rows = []
    for n in sorted({size for size in sizes if size <= mixture.components}):
        if n < 1:
            raise DmviError(
                f"kl_curve: a size is {n}; sizes are numbers of components, at least 1."
            )
        draws = max(2, n) if samples is None else samples
        part = marginal_kl(mixture.subset(order[:n]), samples=draws, seed=seed, progress=progress)
        rows.append((n, part.value, part.standard_error, part.lower))
    import pandas as pd  # half a second, which a KL alone does without

    return pd.DataFrame(rows, columns=["components", "value", "standard_error", "lower"])


def heldout_kl(
    mixture: TractableMixture,
    heldout_mixture: TractableMixture,
    *,
    samples: int | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> HeldoutKL:
    """E_q[log r(z) - log p(z)] = KL(q || p) - KL(q || r): z from q, r the held-out mixture.

    It has no own term, so log N does not enter; it never exceeds KL(q || p), and it
    is far below where q(z) is a set of islands, one per image. Arguments as in `marginal_kl`.
    """
    if mixture.latent_dim != heldout_mixture.latent_dim:
        raise DmviError(
            f"heldout_kl: the mixtures have {mixture.latent_dim} and {heldout_mixture.latent_dim} "
            "latent dimensions; both must come from one model."
        )
    generator = torch.Generator().manual_seed(seed)
    index = spread_evenly(mixture.components, samples, generator)
    z, _ = mixture.sample(index, generator)
    log_r = heldout_mixture.log_density(z, progress=progress)
    log_p = standard_normal_log_density(z).to(log_r.device)
    value, standard_error = mean_and_error(log_r - log_p)
    components = heldout_mixture.components
    return HeldoutKL(value=value, standard_error=standard_error, n=len(z), components=components)


def spread_evenly(components: int, samples: int | None, generator: torch.Generator) -> Tensor:
    """Ascending component indices (S,), no index more than once more often than another."""
    samples = components if samples is None else samples
    if samples < 2:
        raise DmviError(f"samples: {samples} is too few; a standard error needs at least 2.")
    everyone = torch.arange(components).repeat_interleave(samples // components)
    rest = torch.randperm(components, generator=generator)[: samples % components]
    return torch.cat([everyone, rest]).sort().values


def _controlled_mean(
    terms: Tensor, control: Tensor, expectation: float, expectation_error: float
) -> tuple[float, float]:
    """Mean of `terms` and its standard error, with `control` as control variate.

    mean(terms - c (control - expectation)), c = cov(terms, control) / var(control); the plain mean of
    fewer than `FEWEST_FOR_CONTROL` terms.
    """
    if len(terms) < FEWEST_FOR_CONTROL:
        return mean_and_error(terms)
    centered = control - control.mean()
    variance = centered.square().sum()
    c = (centered @ (terms - terms.mean()) / variance).item() if variance > 0 else 0.0
    value, error = mean_and_error(terms - c * (control - expectation))
    return value, math.hypot(error, c * expectation_error)


def _check_bounds(information: Tensor, surplus: Tensor, components: int) -> None:
    """Raises if the samples contradict 0 <= I <= log N or the component KLs.

    Compares like with like, so that nothing hangs on which components were drawn:
    - r_i = log q(z_i|x_i) - log q(z_i) <= log N for every i, as q holds q(.|x_i)/N;
    - E exp(-r_i) = 1, hence P(sum_i r_i < -t) <= exp(-t) (Markov), whatever S is;
    - `surplus`, log q(z_i|x_i) - log p(z_i) - KL_i, has mean 0.
    """
    tolerance = 1e-6 * (1 + information.abs().max().item())
    if information.max().item() > math.log(components) + tolerance:
        raise RuntimeError(
            f"KL(q(z), p(z)) lies below avg_kl - log N: log q(z|x) - log q(z) reaches "
            f"{information.max().item():.6g} nats, log N is {math.log(components):.6g}; "
            "the mixture's log density is wrong."
        )
    if information.sum().item() < -LOG_IMPROBABLE - tolerance * len(information):
        raise RuntimeError(
            f"KL(q(z), p(z)) lies above avg_kl: log q(z|x) - log q(z) averages "
            f"{information.mean().item():.6g} nats, it must not be negative; "
            "the posterior's samples do not follow its density."
        )
    mean, error = mean_and_error(surplus)
    scale = 1e-6 * (1 + surplus.abs().max().item())
    # A t statistic of few samples has heavy tails, so they are not judged.
    if len(surplus) >= FEWEST_JUDGED and abs(mean) > SIGMAS * error + scale:
        raise RuntimeError(
            f"The sampled KL of the components differs from component_kl by {mean:.6g} nats "
            f"(standard error {error:.3g}); the posterior's samples do not follow its density."
        )
