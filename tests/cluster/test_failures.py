"""A job that always fails, and a head process that is killed."""

import re

from real_slurm import ENDED, MODEL, await_until, long_config, slurm
from tiny_study import Study, tiny_config


def test_a_job_that_always_fails(new_study):
    config = tiny_config()
    config["runs"]["flow"]["learning_rate"] = 1e30  # NaN in the second step, whatever the attempt
    study = new_study(config)
    bad = "results/runs/flow/seed0/model.pt"
    printed = study.start(MODEL, bad).finish(300, good=False)
    # The profile's retries: 2, and no more tries inside a job.
    assert [job.state for job in study.jobs("train_wildcards_flow")] == ["FAILED"] * 3
    assert len(study.jobs("train_wildcards_plain")) == 1
    assert study.read(MODEL)
    assert not (study.folder / bad).exists()
    assert printed.count("dmvi: loss term vae/reconstruction is nan") == 3, "its log is not shown"
    assert "Traceback" not in study.log("flow")


def test_the_head_process_is_killed(new_study, background):
    config = long_config(45)  # three starts of Snakemake long, at least
    study, local = new_study(config), new_study(config, "local", Study)
    expected = background(local.snakemake, MODEL)
    done, later = "results/runs/flow/seed0/model.pt", "results/runs/flow/seed0/kl.json"
    study.on_slurm(done)
    before = (study.folder / done).stat().st_mtime_ns
    head = study.start(MODEL, later)
    training = study.await_checkpoint()
    head.kill()
    left = {job.id for job in study.queued()}

    # Nothing is submitted a second time: not before the lock is lifted, and not after.
    assert "--unlock" in study.start(MODEL, later).finish(60, good=False)
    study.snakemake("--unlock")
    printed = study.start(MODEL, later).finish(60, good=False)
    (sentence,) = re.findall(r"^.*left in Slurm's queue from an earlier start.*$", printed, re.M)
    assert re.search(rf"[(, ]{training.id}[,)]", sentence)
    assert "has been submitted" not in printed
    assert {job.id for job in study.queued()} <= left

    # What the sentence says: the jobs are cancelled by name, and the next start finishes.
    cancel = re.search(r"scancel --me --name=\S+?(?=\))", sentence).group()
    slurm(*cancel.split())
    await_until("the queue is empty", 60, lambda: not study.queued())
    study.on_slurm(MODEL, later, seconds=300)
    assert "resumed from" in study.log()
    expected.result()
    assert study.read(MODEL) == (local.folder / MODEL).read_bytes()
    assert (study.folder / done).stat().st_mtime_ns == before
    first, second = study.jobs("train_wildcards_plain")
    assert first.state in ENDED
    assert first.ended <= second.began, "two trainings of one run at once"
