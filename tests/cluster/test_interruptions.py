"""A training that the cluster interrupts goes on from its checkpoint and ends with the same bytes."""

from real_slurm import LOW, MODEL, crash, long_config, short_config, slurm
from tiny_study import Study


def test_over_its_time_limit(new_study, background):
    config = long_config(60)
    # Slurm looks each 30 s: the profile's TERM@120 comes 30 to 60 s after the start.
    config["defaults"]["minutes"] = 3
    study, local = new_study(config), new_study(config, "local", Study)
    expected = background(local.snakemake, MODEL)
    printed = study.on_slurm(MODEL, seconds=420)
    first, second = study.jobs("train")
    assert (first.state, second.state) == ("FAILED", "COMPLETED")
    assert "Trying to restart job" in printed
    assert "resumed from" in study.log()
    expected.result()
    assert study.read(MODEL) == (local.folder / MODEL).read_bytes()


def test_preempted(new_study, uninterrupted, low_nodes):
    study = new_study(short_config())
    head = study.start(MODEL, *LOW)
    job = study.await_checkpoint()
    slurm(
        "sbatch", "-p", "high", "-w", job.node, "--exclusive", "-o", "/dev/null", "--wrap", "true"
    )
    study.await_requeue(job)
    head.finish(300)
    (only,) = study.jobs("train")  # one submission
    assert (only.id, only.state) == (job.id, "COMPLETED")
    assert "resumed from" in study.log()
    assert study.read(MODEL) == uninterrupted.result()


def test_cancelled(new_study, uninterrupted):
    study = new_study(short_config())
    head = study.start(MODEL)
    slurm("scancel", study.await_checkpoint().id)
    head.finish(300)
    assert [job.state for job in study.jobs("train")] == ["CANCELLED", "COMPLETED"]
    assert "resumed from" in study.log()
    assert study.read(MODEL) == uninterrupted.result()


def test_its_node_goes_down(new_study, uninterrupted, low_nodes, repaired):
    study = new_study(short_config())
    head = study.start(MODEL, *LOW)
    job = study.await_checkpoint()
    repaired.append(job.node)
    crash(job.node)
    study.await_requeue(job)
    head.finish(300)
    (only,) = study.jobs("train")
    assert (only.id, only.state) == (job.id, "COMPLETED")
    assert only.node != job.node
    assert "resumed from" in study.log()
    assert study.read(MODEL) == uninterrupted.result()
