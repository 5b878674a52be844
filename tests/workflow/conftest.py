"""The tiny study, run once for all tests."""

import pytest
from tiny_study import REPOSITORY, Study


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    """The tiny study, run to its end."""
    study = Study(tmp_path_factory.mktemp("studies") / "tiny")
    study.snakemake("all")
    return study


@pytest.fixture(scope="session")
def repository():
    """The checkout."""
    return REPOSITORY


@pytest.fixture(scope="session")
def study_class():
    """The class that makes further studies."""
    return Study
