"""The tiny study from data to figures, on the cluster and here."""

from real_slurm import slurm
from tiny_study import Study, tiny_config

SAME = [
    *(f"results/runs/{run}/seed0/model.pt" for run in ("plain", "flow", "gan", "hybrid")),
    *(f"results/runs/{run}/seed0/kl.json" for run in ("plain", "flow")),
    "results/runs/gan/seed0/scores.json",
    "results/synthetic/estimation.csv",
    "results/claims.csv",
    "results/fig1.pdf",
]


def test_end_to_end_with_a_gpu(new_study, background):
    config = tiny_config()
    config["runs"]["gan"]["gpu"] = 1  # is asked for, though `device: cpu` leaves it idle
    study, local = new_study(config), new_study(config, "local", Study)
    expected = background(local.snakemake, "all")
    study.on_slurm("all", seconds=600)
    expected.result()
    for name in SAME:
        assert study.read(name) == (local.folder / name).read_bytes(), name
    assert study.plan("all") == {}
    asked = {job.rule: slurm("scontrol", "show", "job", job.id) for job in study.jobs("train_")}
    assert "TresPerJob=gres:gpu:1" in asked["rule_train_wildcards_gan_0"]
    assert "gpu:1" not in asked["rule_train_wildcards_plain_0"]
