"""Studies on the test cluster; without one, all tests are skipped."""

import copy
import fcntl
import shutil
import subprocess
from concurrent.futures import Future, ThreadPoolExecutor

import pytest
from real_slurm import HERE, MODEL, RUN, SlurmStudy, await_until, nodes_up, short_config, slurm
from tiny_study import Study

STUDIES = pytest.StashKey[list]()


def pytest_collection_modifyitems(items):
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.cluster)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """A failed test shows the logs of its studies."""
    report = yield
    if report.failed:
        for study in item.stash.get(STUDIES, []):
            report.sections.append((f"study in {study.folder}", study.evidence()))
    return report


@pytest.fixture(scope="session", autouse=True)
def cluster():
    """Skips all tests where no test cluster is running."""
    if not (RUN / "slurmctld.pid").exists():
        pytest.skip("no test cluster is running: tests/cluster/start, or make test-cluster")


@pytest.fixture(scope="session")
def prepared(tmp_path_factory):
    """The tiny study with its data, made here: the tests are about what comes then."""
    study = Study(tmp_path_factory.mktemp("prepared") / "study")
    study.snakemake("results/data/digits/meta.json", "results/data/patches/meta.json")
    return study


@pytest.fixture
def new_study(request, prepared, tmp_path):
    """Makes a study with prepared data and the given config."""
    made = request.node.stash.setdefault(STUDIES, [])

    def make(config, name="study", kind=SlurmStudy):
        folder = tmp_path / name
        shutil.copytree(prepared.folder, folder, symlinks=True)
        study = kind(folder, copy.deepcopy(config))
        if kind is SlurmStudy:
            made.append(study)
        return study

    yield make
    for study in made:
        ids = [job.id for job in study.queued()]
        if ids:
            slurm("scancel", *ids)


@pytest.fixture(scope="session")
def background():
    """Runs a function beside the test: an uninterrupted training takes as long as an interrupted."""
    with ThreadPoolExecutor(1) as pool:
        yield pool.submit


@pytest.fixture(scope="session")
def uninterrupted(prepared, tmp_path_factory, background) -> Future:
    """The bytes of the short training that nobody disturbs."""
    folder = tmp_path_factory.mktemp("uninterrupted") / "study"
    shutil.copytree(prepared.folder, folder, symlinks=True)
    study = Study(folder, short_config())

    def train() -> bytes:
        study.snakemake(MODEL)
        return (study.folder / MODEL).read_bytes()

    return background(train)


@pytest.fixture
def low_nodes():
    """The nodes d1 and d2 for one test at a time, though tests may run beside each other."""
    with open(RUN / "low.lock", "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@pytest.fixture
def repaired():
    """Nodes that a test may break; each is started again."""
    broken = []
    yield broken
    for node in broken:
        subprocess.run(["slurmd", "-N", node], check=True)
        await_until(f"{node} is back", 60, lambda n=node: n in nodes_up())
