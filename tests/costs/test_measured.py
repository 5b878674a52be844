"""What finished jobs took."""

from dmvi.costs.measured import finished_jobs

HEAD = "s\th:m:s\tmax_rss\n"


def write(folder, name, row, log=None):
    path = folder / "benchmarks" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(HEAD + row)
    if log is not None:
        path = (folder / "logs" / name).with_suffix(".log")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(log)


def test_finished_jobs(tmp_path):
    write(tmp_path, "train/a-learning_rate0.001/seed2.tsv", "12.5\t0:00:12\t800.1\n", "step 1")
    write(tmp_path, "train/b/seed0.tsv", "1.5\t0:00:01\t800.1\n", "resumed from x at step 3")
    write(tmp_path, "run_synthetic/learning/d1-lr0.001.tsv", "3\t0:00:03\t500\n")
    write(tmp_path, "evaluate_data/digits.tsv", "0.1\t0:00:00\t0.00\n")  # too short to be measured
    write(tmp_path, "encode/b/seed0.tsv", "-\t-\t-\n")
    write(tmp_path, "draw/fig1.tsv", "3\t0:00:03\t500\n")
    found = {job.rule: job for job in finished_jobs(tmp_path)}
    assert set(found) == {"train", "run_synthetic", "draw"}
    assert found["train"].wildcards == {"run": "a-learning_rate0.001", "seed": "2"}
    assert (found["train"].seconds, found["train"].memory_mb) == (12.5, 800.1)
    assert found["run_synthetic"].wildcards == {"kind": "learning", "setting": "d1-lr0.001"}


def test_no_benchmarks(tmp_path):
    assert list(finished_jobs(tmp_path)) == []
