"""Gaussians A w + b: density, samples and closed-form KL against torch.distributions."""

import math

import pytest
import torch
from torch.distributions import MultivariateNormal
from torch.distributions.kl import kl_divergence as torch_kl

from dmvi.errors import DmviError
from dmvi.experiments.synthetic.gaussians import (
    Gaussians,
    gaussian_pairs,
    kl_divergence,
    pairs_of_kl,
)


def reference(gaussians, member):
    """The same Gaussian by torch, in float64, from the Cholesky factor of its covariance."""
    A = gaussians.A[member].double()
    return MultivariateNormal(
        gaussians.b[member].double(), scale_tril=torch.linalg.cholesky(A @ A.T)
    )


def reference_kl(q, p):
    return torch.stack([torch_kl(reference(q, e), reference(p, e)) for e in range(len(q))])


def scaled(gaussians, scale):
    """The Gaussians of scale * x: row i of A and of b times scale_i, in float64."""
    return Gaussians(gaussians.A.double() * scale[:, None], gaussians.b.double() * scale)


@pytest.mark.parametrize("dim", [1, 10, 1000])
def test_kl_is_that_of_torch(dim):
    q, p = gaussian_pairs(dim, 0.1, [(0, 0.5), (1, 3.0)])
    torch.testing.assert_close(kl_divergence(q, p), reference_kl(q, p), rtol=1e-9, atol=1e-9)


def test_kl_where_the_covariances_differ_much():
    q, p = gaussian_pairs(10, 2.0, [(0, 1.0), (1, 1.0), (2, 0.0)])
    kl = kl_divergence(q, p)
    assert kl.min() > 5
    torch.testing.assert_close(kl, reference_kl(q, p), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("scale", [1e-3, 1e3])
def test_kl_where_the_determinant_leaves_float64(scale):
    q, p = gaussian_pairs(1000, 0.1, [(0, 2.0)])
    small_q, small_p = (scaled(g, torch.full((1000,), scale).double()) for g in (q, p))
    assert torch.linalg.det(small_p.A).item() in (0.0, math.inf, -math.inf)
    torch.testing.assert_close(kl_divergence(small_q, small_p), kl_divergence(q, p))


def test_kl_and_density_of_badly_scaled_rows():
    """Rows from 1e-8 to 1e8: KL is invariant, log density shifts by the log scales."""
    scale = torch.logspace(-8, 8, 50, dtype=torch.float64)
    q, p = gaussian_pairs(50, 0.1, [(0, 1.0), (1, 2.0)])
    torch.testing.assert_close(
        kl_divergence(scaled(q, scale), scaled(p, scale)), kl_divergence(q, p)
    )
    x = p.sample(torch.randn(2, 5, 50)).double()
    torch.testing.assert_close(
        scaled(p, scale).log_prob(x * scale), p.log_prob(x) - scale.log().sum()
    )


def test_kl_of_one_dimension_by_hand():
    q = Gaussians(torch.tensor([[[2.0]], [[-3.0]]]), torch.tensor([[1.0], [0.0]]))
    p = Gaussians(torch.tensor([[[-4.0]], [[3.0]]]), torch.tensor([[3.0], [3.0]]))
    expected = [math.log(2) + (4 + 4) / (2 * 16) - 0.5, 0.5]
    torch.testing.assert_close(kl_divergence(q, p), torch.tensor(expected, dtype=torch.float64))


def test_kl_is_zero_for_equal_gaussians_and_never_negative():
    _, p = gaussian_pairs(100, 0.1, [(s, 1.0) for s in range(3)])
    assert kl_divergence(p, p).abs().max() < 1e-15
    turned = Gaussians(p.A.flip(2), p.b)  # other columns, the same A A^T
    kl = kl_divergence(turned, p)
    assert kl.min() >= 0
    assert kl.max() < 1e-12


@pytest.mark.parametrize("dim", [1, 10, 300])
def test_log_prob_is_that_of_torch(dim):
    q, _ = gaussian_pairs(dim, 0.1, [(0, 1.0), (1, 2.0)])
    x = q.sample(torch.randn(2, 7, dim))
    expected = torch.stack([reference(q, e).log_prob(x[e].double()) for e in range(2)])
    torch.testing.assert_close(q.log_prob(x), expected, rtol=1e-9, atol=1e-9)


def test_samples_have_the_mean_and_the_covariance():
    q, _ = gaussian_pairs(3, 0.5, [(0, 2.0), (1, 4.0)])
    n = 200_000
    x = q.sample(torch.randn(2, n, 3, generator=torch.Generator().manual_seed(0)))
    for e in range(2):
        covariance = q.A[e] @ q.A[e].T
        sd = covariance.diagonal().sqrt()
        assert ((x[e].mean(0) - q.b[e]).abs() < 5 * sd / math.sqrt(n)).all()
        error = (x[e].T.cov() - covariance).abs() / (sd[:, None] * sd)
        assert error.max() < 5 * math.sqrt(2 / n)


def test_pairs_are_what_they_say_whatever_their_company():
    members = [(0, 1.0), (0, 4.0), (5, 1.0)]
    q, p = gaussian_pairs(20, 0.1, members)
    torch.testing.assert_close((q.b - p.b).norm(dim=1), torch.tensor([1.0, 4.0, 1.0]))
    torch.testing.assert_close(q.b[1], 4 * q.b[0])  # the seed's direction
    assert torch.equal(q.A[0], q.A[1])
    assert torch.equal(p.A[0], p.A[1])
    assert not torch.equal(q.A[0], q.A[2])
    assert not torch.equal(q.A[0], p.A[0])
    alone, _ = gaussian_pairs(20, 0.1, members[2:])
    assert torch.equal(alone.A[0], q.A[2])
    assert torch.equal(alone.b[0], q.b[2])
    wide, _ = gaussian_pairs(400, 0.1, [(0, 1.0)])
    assert (wide.A[0] - torch.eye(400)).std().item() == pytest.approx(0.1 / 20, rel=0.02)
    same, start = gaussian_pairs(20, 0.1, members, same_covariance=True)
    assert torch.equal(same.A, start.A)


@pytest.mark.parametrize("dim", [1, 10, 100, 1000])
@pytest.mark.parametrize("divergence", ["means", "covariances"])
def test_separated_pairs_have_the_kl_that_is_asked_for(dim, divergence):
    members = [(0, 0.5), (1, 10.0), (1, 0.0)]
    q, p = pairs_of_kl(dim, 0.1, members, divergence)
    expected = torch.tensor([kl for _, kl in members], dtype=torch.float64)
    torch.testing.assert_close(kl_divergence(q, p), expected, rtol=1e-3, atol=1e-4)
    torch.testing.assert_close(reference_kl(q, p), expected, rtol=1e-3, atol=1e-4)
    if divergence == "means":
        assert torch.equal(q.A, p.A)
    else:
        assert torch.equal(q.b, p.b)
        # In every direction q is the wider: the eigenvalues of A_p^-1 A_q are at least 1.
        wider = torch.linalg.solve(p.A[1].double(), q.A[1].double())
        assert torch.linalg.eigvalsh((wider + wider.mT) / 2).min() > 1 - 1e-4
    again, _ = pairs_of_kl(dim, 0.1, members[1:], divergence)
    assert torch.equal(again.A[0], q.A[1])  # whatever the company
    assert torch.equal(again.b[0], q.b[1])


def test_separated_pairs_of_an_unknown_kind_are_refused():
    with pytest.raises(DmviError, match="'both'; it must be one of means, covariances"):
        pairs_of_kl(3, 0.1, [(0, 1.0)], "both")
    with pytest.raises(DmviError, match="dim is 0"):
        pairs_of_kl(0, 0.1, [(0, 1.0)], "means")


def test_a_singular_matrix_is_one_sentence():
    q, p = gaussian_pairs(4, 0.1, [(0, 1.0), (1, 1.0)])
    A = q.A.double()  # in float32 the sum of rows is rounded, and A of full rank
    A[1, 3] = A[1, 0] - 2 * A[1, 2]
    singular = Gaussians(A, q.b)
    assert singular.regular().tolist() == [True, False]
    for refused in (
        lambda: kl_divergence(singular, p),
        lambda: kl_divergence(p, singular),
        lambda: singular.log_prob(torch.zeros(2, 1, 4)),
    ):
        with pytest.raises(DmviError, match=r"A of member 1 is singular .* full rank$"):
            refused()
    assert kl_divergence(singular.select(singular.regular()), p.select(torch.tensor([0]))) > 0


@pytest.mark.parametrize("value", [0.0, math.nan, math.inf])
def test_zero_and_non_finite_matrices_are_refused(value):
    A = torch.full((1, 3, 3), value)
    with pytest.raises(DmviError, match="A of member 0"):
        Gaussians(A, torch.zeros(1, 3)).scale_tril()


def test_no_dimension_and_wrong_shapes_are_one_sentence():
    with pytest.raises(DmviError, match="dim is 0; a Gaussian needs at least 1"):
        gaussian_pairs(0, 0.1, [(0, 1.0)])
    with pytest.raises(DmviError, match="dim is 0"):
        Gaussians(torch.zeros(2, 0, 0), torch.zeros(2, 0))
    with pytest.raises(DmviError, match=r"\(2, 3, 3\) and b \(2, 4\)"):
        Gaussians(torch.zeros(2, 3, 3), torch.zeros(2, 4))
