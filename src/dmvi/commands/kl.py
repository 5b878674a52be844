"""KL(q(z) || p(z)) of an encoder of your own, from files of its means and variances."""

from dataclasses import asdict
from pathlib import Path

from dmvi.errors import DmviError

COMMAND = {}


def kl(
    means: Path,
    variances: Path,
    samples: int | None = None,
    seed: int = 0,
    output: Path | None = None,
) -> None:
    """Prints KL(q(z) || N(0, I)) in nats with its standard error and bounds (Algorithm 2 of the paper).

    Args:
        means, variances: .npy files of shape (N, d): of q(z|x) for every image of the data.
        samples: draws of z; as many as there are images unless given.
        output: a JSON file for all that was computed.
    """
    from dmvi.files import write_json
    from dmvi.library import kl_to_prior

    found = kl_to_prior(_read(means), _read(variances), samples=samples, seed=seed)
    print(f"KL(q(z)||p(z)) = {found.value:.6g} nats, standard error {found.standard_error:.2g}")
    print(f"at least {found.lower:.6g} (avgKL - log N), at most {found.upper:.6g} (avgKL)")
    print(f"N = {found.components:,}, d = {found.latent_dim:,}")
    if output is not None:
        write_json(output, asdict(found))


def _read(path: Path):
    import numpy as np

    try:
        return np.load(path, allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise DmviError(f"{path} is not an array that numpy.save has written ({error})") from error
