"""The weights of the ImageNet Inception network: which file it is. Needs no torch."""

from pathlib import Path

from dmvi import files
from dmvi.errors import DmviError

# Published by torch-fidelity, converted from TensorFlow's network of 2015-12-05; the last part of the
# name is the beginning of the SHA-256 of the content.
FILE_NAME = "weights-inception-2015-12-05-6726825d.pth"
SHA256_PREFIX = "6726825d"


def check_weights(path: str | Path) -> str:
    """The SHA-256 of the weights' file, if it is the published one.

    Raises:
        DmviError: there is no such file, or it is another one.
    """
    try:
        digest = files.sha256(path)
    except OSError as error:
        raise DmviError(
            f"inception_weights is {str(path)!r}, which cannot be read ({error.strerror}); give the "
            f"path of torch-fidelity's {FILE_NAME}, or null"
        ) from None
    if not digest.startswith(SHA256_PREFIX):
        raise DmviError(
            f"inception_weights is {str(path)!r} with SHA-256 {digest}, but that of {FILE_NAME} begins "
            f"with {SHA256_PREFIX}; give that file, or null"
        )
    return digest
