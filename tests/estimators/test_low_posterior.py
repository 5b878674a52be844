import math

import numpy as np
import pytest
import torch

from dmvi.errors import DmviError
from dmvi.estimators.low_posterior import find, log_density_table, nearest_rank
from dmvi.estimators.mixtures import GaussianMixture


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def mixture(n=50, d=2):
    mean = torch.randn(n, d, generator=generator(9))
    return GaussianMixture(mean, torch.full((n, d), -2.0))


def test_find_keeps_the_lowest_first_at_the_latents_it_returns():
    found = find(mixture(), draws=300, keep=20, generator=generator())
    order = np.argsort(found.log_q)
    np.testing.assert_array_equal(found.selected, order[:20])
    assert found.latents.dtype == np.float32
    again = mixture().log_density(torch.from_numpy(found.latents)).numpy()
    np.testing.assert_allclose(again, found.log_q[found.selected], rtol=1e-12)
    assert (np.diff(again) >= 0).all()
    expected = -0.5 * (found.draws.astype(float) ** 2).sum(1) - math.log(2 * math.pi)
    np.testing.assert_allclose(found.log_p, expected)


def test_find_is_seeded_and_draws_from_the_prior():
    first = find(mixture(), draws=4000, keep=5, generator=generator(1))
    np.testing.assert_array_equal(
        first.draws, find(mixture(), draws=4000, keep=5, generator=generator(1)).draws
    )
    np.testing.assert_allclose(first.draws.mean(0), 0, atol=0.08)
    np.testing.assert_allclose(first.draws.std(0), 1, atol=0.08)


@pytest.mark.parametrize("keep", [0, 11])
def test_find_refuses_to_keep_more_than_it_draws(keep):
    with pytest.raises(DmviError, match=f"keep is {keep}"):
        find(mixture(), draws=10, keep=keep, generator=generator())


def test_log_density_table_marks_the_selected_draws():
    found = find(mixture(), draws=30, keep=4, generator=generator())
    table = log_density_table(found, mixture(), generator=generator())
    assert list(table.columns) == ["group", "log_q", "log_p", "selected"]
    assert table.group.value_counts().to_dict() == {"prior": 30, "posterior": 30}
    chosen = table[table.selected]
    assert set(chosen.group) == {"prior"}
    np.testing.assert_array_equal(np.sort(chosen.log_q), found.log_q[found.selected])
    codes = table[table.group == "posterior"]
    assert codes.log_q.mean() > table[table.group == "prior"].log_q.mean()
    fewer = log_density_table(found, mixture(), generator=generator(), codes=7)
    assert (fewer.group == "posterior").sum() == 7


def brute_force_rank(low, draws):
    ranks = []
    for i, latent in enumerate(low):
        distance = [
            (math.dist(latent, other), any((other == o).all() for j, o in enumerate(low) if j != i))
            for other in draws
            if not (other == latent).all()
        ]
        # Sorted by distance; equal ones count in favour of the low-posterior latent.
        distance.sort(key=lambda pair: (pair[0], not pair[1]))
        ranks.append(1 + [is_low for _, is_low in distance].index(True))
    return ranks


@pytest.mark.parametrize("seed", range(5))
def test_nearest_rank_equals_brute_force(seed):
    rng = np.random.default_rng(seed)
    draws = rng.integers(-3, 4, (40, 2)) if seed % 2 else rng.normal(size=(40, 3))
    draws = np.unique(draws, axis=0)
    low = draws[rng.choice(len(draws), 6, replace=False)]
    table = nearest_rank(low, draws)
    assert list(table["index"]) == list(range(6))
    assert list(table["rank"]) == brute_force_rank(low, draws)


def test_a_cluster_ranks_first_and_scattered_latents_near_the_geometric_median():
    rng = np.random.default_rng(0)
    draws = rng.normal(size=(3000, 2))
    cluster = np.array([9.0, 9.0]) + 0.01 * rng.normal(size=(30, 2))
    together = nearest_rank(cluster, np.concatenate([draws, cluster]))
    assert (together["rank"] == 1).all()
    scattered = nearest_rank(draws[:100], draws)
    assert scattered["rank"].median() == pytest.approx(math.log(2) * 30, rel=0.4)


def test_nearest_rank_of_duplicates_and_bad_input():
    draws = np.array([[0.0], [0.0], [1.0]])
    assert list(nearest_rank(draws[:2], draws)["rank"]) == [1, 1]
    with pytest.raises(DmviError, match="at least 2"):
        nearest_rank(draws[:1], draws)
    with pytest.raises(DmviError, match="latent 1 is not one of the prior draws"):
        nearest_rank(np.array([[0.0], [0.5]]), draws)
