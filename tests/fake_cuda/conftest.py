"""The tests of this folder come last: autograd starts threads for a pretended GPU, and a process with such
threads can no longer be forked and train in the child, as the tests of kills do (`tests/hostile`)."""

from pathlib import Path

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: HERE in item.path.parents)  # stable
