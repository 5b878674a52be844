"""The engine: players, schedules, resuming, signals, and losses that go wrong."""

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import torch
from torch import nn

import dmvi
from dmvi.errors import DmviError
from dmvi.files import read_json, sha256
from dmvi.models.model import Model
from dmvi.steps.train import train
from dmvi.training import checkpoint, snapshots
from dmvi.training.attempts import read_attempts
from dmvi.training.engine import CheckpointPolicy, Interrupted, fit
from dmvi.training.journal import NonFiniteLossError
from dmvi.training.player import Player
from dmvi.training.reproducibility import set_up
from dmvi.training.sampler import Sampler

CPU = torch.device("cpu")


class Duel(Model):
    """Two players with one weight each, a 3:1 schedule, and a loss that sees both weights."""

    def __init__(self, spec):
        super().__init__(spec, (28, 28, 1))
        self.critic = nn.Linear(1, 1)
        self.generator = nn.Linear(1, 1)
        self.batches = []

    def players(self):
        return [
            Player("critic", (self.critic,), self.loss, steps=3),
            Player("generator", (self.generator,), self.loss),
        ]

    def loss(self, x):
        self.batches.append(x)
        mean = x.mean().view(1, 1)
        return {"product": (self.critic(mean) * self.generator(mean)).sum()}

    def decode(self, z):
        raise NotImplementedError


def images(n=40):
    return np.random.default_rng(0).integers(0, 256, (n, 28, 28, 1), dtype=np.uint8)


def fit_duel(tmp_path, spec, model=None):
    set_up(0)
    model = model or Duel(spec)
    sampler = Sampler(images(), 8, 0, CPU)
    journal = fit(model, sampler, spec, "duel", CheckpointPolicy(tmp_path), log=lambda _: None)
    return model, journal


def test_each_player_steps_as_often_as_it_says_on_fresh_batches(tmp_path, spec):
    model, _ = fit_duel(tmp_path, {**spec, "iterations": 2})
    assert len(model.batches) == 2 * (3 + 1)
    first = model.batches[:4]
    assert first[3] is first[0], "every player's first update uses the iteration's batch"
    assert not any(torch.equal(first[0], other) for other in first[1:3])


def test_learning_rate_per_player_and_adams_first_step(tmp_path, spec):
    """Adam's first step moves each weight by its learning rate, against the gradient's sign."""
    rates = {"critic": 0.01, "generator": 0.5}
    set_up(0)
    before = {k: v.clone() for k, v in Duel(spec).state_dict().items()}
    model, _ = fit_duel(tmp_path, {**spec, "iterations": 1, "learning_rate": rates})
    moved = {k: (v - before[k]).abs().item() for k, v in model.state_dict().items()}
    assert moved["generator.weight"] == pytest.approx(0.5, rel=1e-3)
    assert moved["critic.weight"] == pytest.approx(0.03, rel=0.1)  # three steps


def test_a_learning_rate_for_no_player_is_refused(tmp_path, spec):
    for rates in ({"critic": 0.01}, {"critic": 0.01, "generator": 0.5, "encoder": 0.1}):
        with pytest.raises(
            DmviError, match=r"learning_rate names critic.*; the players are critic, "
        ):
            fit_duel(tmp_path, {**spec, "learning_rate": rates})


def test_journal_averages_windows_and_names_players(tmp_path, spec):
    _, journal = fit_duel(tmp_path, {**spec, "iterations": 10, "log_every": 4})
    assert [row["step"] for row in journal.rows] == [4, 8, 10]
    assert set(journal.rows[0]) == {"step", "critic/product", "generator/product"}


def outputs(folder):
    return {name: sha256(folder / name) for name in ("model.pt", "history.csv", "run.json")}


def run(spec, dataset, folder, **options):
    options = {"checkpoint_every": 7, "log": lambda _: None, "device": "cpu", **options}
    train(
        spec,
        "tiny",
        0,
        dataset,
        folder / "model.pt",
        folder / "history.csv",
        folder / "run.json",
        folder / "bound.csv",
        folder / "checkpoints",
        **options,
    )


@pytest.mark.parametrize("posterior", ["gaussian", "realnvp"])
@pytest.mark.parametrize("stop_at", [1, 6, 7, 13, 29])
def test_stopping_on_a_signal_and_resuming_gives_the_same_bytes(
    dataset, tmp_path, spec, stop_at, posterior
):
    spec |= {"posterior": posterior, "flow_transforms": 2, "flow_hidden": [8]}
    run(spec, dataset, tmp_path / "whole")
    steps = iter(range(1, 100))

    original = Sampler.next

    def next_and_stop(self):
        if next(steps) == stop_at:
            os.kill(os.getpid(), signal.SIGTERM)
        return original(self)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Sampler, "next", next_and_stop)
        with pytest.raises(Interrupted, match=f"stopped by SIGTERM at step {stop_at}"):
            run(spec, dataset, tmp_path / "parts")
    assert not (tmp_path / "parts" / "model.pt").exists()
    messages = []
    run(spec, dataset, tmp_path / "parts", log=messages.append)
    assert any(f"at step {stop_at}" in message for message in messages)
    assert outputs(tmp_path / "parts") == outputs(tmp_path / "whole")


def test_binarized_batches_resume_too(dataset, tmp_path, spec):
    spec |= {"binarize": True}
    run(spec, dataset, tmp_path / "whole")
    run({**spec, "iterations": 11}, dataset, tmp_path / "parts")
    run(spec, dataset, tmp_path / "parts")
    assert outputs(tmp_path / "parts") == outputs(tmp_path / "whole")


def test_more_iterations_continue_from_the_last_checkpoint(dataset, tmp_path, spec):
    run({**spec, "iterations": 12}, dataset, tmp_path / "parts")
    messages = []
    run(spec, dataset, tmp_path / "parts", log=messages.append)
    assert any("resumed" in message and "step 12" in message for message in messages)
    run(spec, dataset, tmp_path / "whole")
    assert outputs(tmp_path / "parts") == outputs(tmp_path / "whole")


def test_configurations_that_come_and_go_keep_their_checkpoints(dataset, tmp_path, spec):
    """A, B, A with more iterations, C, B: each goes on from its own checkpoint, none is overwritten."""
    folder = tmp_path / "parts"
    other, third = ({**spec, "learning_rate": rate} for rate in (1e-2, 2e-2))
    steps = []
    for chosen, iterations in ((spec, 8), (other, 9), (spec, None), (third, 5), (other, None)):
        messages = []
        chosen = {**chosen, "iterations": iterations or spec["iterations"]}
        run(chosen, dataset, folder, log=messages.append)
        steps += [m.rsplit("step ", 1)[1] for m in messages if m.startswith("resumed")]
    assert steps == ["8", "9"]
    kept = {path.name for path in (folder / "checkpoints").glob("checkpoint.*.pt")}
    assert len(kept - {"checkpoint.previous.pt"}) == 2
    assert any("this configuration is back" in message for message in messages)
    run(other, dataset, tmp_path / "whole")
    assert outputs(folder) == outputs(tmp_path / "whole")


def test_a_model_whose_version_is_raised_starts_anew(dataset, tmp_path, spec, monkeypatch):
    folder = tmp_path / "parts"
    run(spec, dataset, folder)
    monkeypatch.setattr("dmvi.steps.train.model_version", lambda model: 2)
    messages = []
    run(spec, dataset, folder, log=messages.append)
    assert any("another configuration" in message for message in messages)
    assert len(list((folder / "checkpoints").glob("checkpoint.*.pt"))) == 2  # and the one before it


def test_a_name_that_is_taken_is_not_overwritten(dataset, tmp_path, spec):
    folder = tmp_path / "parts"
    run(spec, dataset, folder)
    path = folder / "checkpoints/checkpoint.pt"
    identity = checkpoint.load(path)["identity"]
    taken = path.with_name(f"checkpoint.{identity}.pt")
    taken.write_bytes(b"not ours")
    run({**spec, "learning_rate": 1e-2}, dataset, folder)
    assert taken.read_bytes() == b"not ours"
    assert checkpoint.load(path.with_name(f"checkpoint.{identity}-2.pt"))["identity"] == identity


def test_fewer_iterations_than_the_checkpoint_has_are_refused(dataset, tmp_path, spec):
    run(spec, dataset, tmp_path / "parts")
    before = outputs(tmp_path / "parts")
    with pytest.raises(DmviError, match=r"checkpoint\.pt holds step 30 .* the 9 iterations"):
        run({**spec, "iterations": 9}, dataset, tmp_path / "parts")
    assert outputs(tmp_path / "parts") == before
    messages = []
    run(spec, dataset, tmp_path / "parts", log=messages.append)
    assert any("resumed" in message for message in messages)


def test_snapshots_are_the_models_of_shorter_trainings(dataset, tmp_path, spec):
    """Whether or not the training was interrupted between them; they change no output."""
    run(spec, dataset, tmp_path / "whole")
    folder = tmp_path / "parts"
    run({**spec, "iterations": 9}, dataset, folder, snapshots=(4, 12))
    run(spec, dataset, folder, snapshots=(4, 12))
    assert outputs(folder) == outputs(tmp_path / "whole")
    identity = checkpoint.load(folder / "checkpoints/checkpoint.pt")["identity"]
    found = snapshots.find(folder / "checkpoints", identity)
    assert list(found) == [4, 12]
    for step, path in found.items():
        run({**spec, "iterations": step}, dataset, tmp_path / f"short{step}")
        short = checkpoint.load(tmp_path / f"short{step}/model.pt")["model"]
        kept = snapshots.load(path)
        assert kept.keys() == short.keys()
        assert all(torch.equal(kept[name], short[name]) for name in short)


def test_every_attempt_is_recorded_beside_the_checkpoint(dataset, tmp_path, spec):
    folder = tmp_path / "parts"
    for iterations in (9, 9, 30):  # the second adds nothing
        run({**spec, "iterations": iterations}, dataset, folder)
    run({**spec, "learning_rate": 1e-2}, dataset, folder)
    records = read_attempts(folder / "checkpoints")
    spans = [(record["from_step"], record["to_step"]) for record in records]
    assert spans == [(0, 9), (9, 30), (0, 30)]
    assert records[0]["identity"] == records[1]["identity"] != records[2]["identity"]
    assert read_attempts(folder / "checkpoints", records[2]["identity"]) == records[2:]
    assert all(len(r["commit"]) >= 7 and r["machine"] and r["seconds"] >= 0 for r in records)
    assert all(r["cpu_seconds"] > 0 for r in records)


def test_cuda_graphs_are_nothing_to_a_cpu(dataset, tmp_path, spec):
    run(spec, dataset, tmp_path / "called")
    run(spec, dataset, tmp_path / "graphs", cuda_graphs=True)
    assert outputs(tmp_path / "graphs") == outputs(tmp_path / "called")


def test_other_seeds_give_other_models(dataset, tmp_path, spec):
    run(spec, dataset, tmp_path / "a")
    other = {**spec, "learning_rate": 2e-3}
    run(other, dataset, tmp_path / "b")
    assert outputs(tmp_path / "a") != outputs(tmp_path / "b")


@pytest.mark.slow
def test_killed_at_random_points_the_result_is_the_same(dataset, tmp_path, spec):
    """SIGKILL, from outside, at times drawn at random: rerunning ends with the same bytes."""
    spec = {**spec, "iterations": 1000, "width": 8}
    run(spec, dataset, tmp_path / "whole", checkpoint_every=50)
    folder = tmp_path / "parts"
    command = [sys.executable, "-m", "dmvi", "train", "--spec", json.dumps(spec), "--run", "tiny"]
    command += ["--seed", "0", "--data", dataset, "--model", folder / "model.pt", "--device", "cpu"]
    command += ["--history", folder / "history.csv", "--description", folder / "run.json"]
    command += ["--bound", folder / "bound.csv"]
    command += ["--checkpoints", folder / "checkpoints", "--checkpoint-every", "50"]
    source = os.path.dirname(os.path.dirname(dmvi.__file__))
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": source}
    rng = np.random.default_rng(int(time.time()))
    kills = 0
    for _ in range(60):
        process = subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        # Kills only count once training is under way, so wait for the process's first line.
        process.stdout.readline()
        chosen = signal.SIGKILL if kills < 3 else signal.SIGTERM
        try:
            process.wait(timeout=rng.uniform(0.1, 1.0) if kills < 5 else None)
        except subprocess.TimeoutExpired:
            process.send_signal(chosen)
            process.wait()
            kills += 1
            continue
        assert process.returncode == 0, process.stdout.read().decode()
        break
    assert kills >= 2, "training was too short to be killed; the test proves nothing"
    assert outputs(folder) == outputs(tmp_path / "whole")


@pytest.mark.parametrize(("every", "minutes", "last"), [(4, 60, 8), (1000, 1e-9, 9)])
def test_checkpoints_are_written_by_steps_and_by_minutes(tmp_path, spec, every, minutes, last):
    """Training dies without warning in step 10: what is on the disk then?"""

    class Dying(Duel):
        def loss(self, x):
            if len(self.batches) == 4 * 9:  # four updates per iteration
                raise KeyboardInterrupt
            return super().loss(x)

    set_up(0)
    policy = CheckpointPolicy(tmp_path, every, minutes)
    with pytest.raises(KeyboardInterrupt):
        fit(Dying(spec), Sampler(images(), 8, 0, CPU), spec, "x", policy, log=lambda _: None)
    assert checkpoint.load(policy.path)["step"] == last


class Exploding(Duel):
    """Its generator's loss becomes NaN at a chosen call."""

    def __init__(self, spec, at):
        super().__init__(spec)
        self.at, self.calls = at, 0

    def players(self):
        return [Player("generator", (self.critic, self.generator), self.loss)]

    def loss(self, x):
        self.calls += 1
        terms = super().loss(x)
        good = {"fine": terms["product"] * 0 + 1}
        return {**good, "bad": terms["product"] / (1.0 if self.calls != self.at else 0.0) * 0}


@pytest.mark.parametrize(("at", "last"), [(6, "none was written"), (17, "step 10 in")])
def test_nan_stops_with_step_term_and_last_good_checkpoint(tmp_path, spec, at, last):
    set_up(0)
    sampler = Sampler(images(), 8, 0, CPU)
    policy = CheckpointPolicy(tmp_path, every=10)
    with pytest.raises(NonFiniteLossError) as caught:
        fit(Exploding(spec, at), sampler, spec, "nan", policy, log=lambda _: None)
    message = str(caught.value)
    assert f"generator/bad is nan at step {at}" in message
    assert last in message
    if policy.path.exists():
        assert checkpoint.load(policy.path)["step"] == 10


def test_a_second_job_on_the_same_run_is_refused(tmp_path, spec):
    with checkpoint.locked(tmp_path), pytest.raises(DmviError, match="is in use by process"):
        fit_duel(tmp_path, spec)


def test_batch_larger_than_the_training_split_is_refused():
    with pytest.raises(DmviError, match="batch_size is 64, but the training split has only 40"):
        Sampler(images(), 64, 0, CPU)


def test_description_holds_the_run(dataset, tmp_path, spec):
    run(spec, dataset, tmp_path)
    described = read_json(tmp_path / "run.json")
    assert spec.items() <= described.items()
    assert described["seed"] == 0
    assert described["num_parameters"] > 0
