"""Ours beside the paper's numbers: read from published tables, complete, and what the README shows."""

from pathlib import Path

import pytest

from dmvi.claims.outcomes import outcome
from dmvi.claims.published import PUBLISHED, published, rows_of
from dmvi.commands.beside import BEGIN, END, beside, written
from dmvi.errors import DmviError
from dmvi.files import write_json
from dmvi.report.beside import NOT_RUN, ours_of

ROWS = [dict(row.on) for row in rows_of("table2")]

REPOSITORY = Path(__file__).parents[2]
RUN = {"data": "cifar10", "latent_dim": 128, "width": 64, "learning_rate": 1e-4}
RUN |= {"precision": "bfloat16", "iterations": 200_000}


def estimate(**settings):
    common = {"layers": 3, "iterations": 20_000, "learning_rate": 1e-4, "gradient_penalty": 0}
    common |= {"activation_noise": 0, "dropout": 0}
    return {"value": 18.0, "standard_error": 0.1, "settings": {**common, **settings}}


@pytest.fixture
def folder(tmp_path):
    """A published study with a VAE's KL of 44 nats, table 2, and a classifier."""
    for seed, value in enumerate((44.0, 44.4)):
        run = tmp_path / f"paper_cpu/runs/cifar10_gaussian/seed{seed}"
        write_json(run / "run.json", RUN)
        write_json(run / "kl.json", {"value": value, "standard_error": 0.1})
    rates = [row["learning_rate"] for row in ROWS]
    rows = [
        estimate(
            learning_rate=r,
            activation_noise=float(w["activation_noise"]),
            dropout=0.1 * w["dropout"],
        )
        for r, w in zip(rates, ROWS, strict=True)
    ]
    first = tmp_path / "paper_cpu/runs/cifar10_gaussian/seed0"
    write_json(first / "density_ratio/table2.json", {"estimates": rows})
    classifier = {"test_error": 0.055, "n_test": 10_000, "epochs": 30, "num_parameters": 10**6}
    provenance = {
        "data": {"cifar10": {"builder": "cifar10"}},
        "classifiers": {"cifar10": classifier},
    }
    write_json(tmp_path / "paper_cpu/provenance.json", provenance)
    return tmp_path / "paper_cpu"


def test_numbers_come_from_the_tables(folder):
    ours = ours_of(folder)
    assert set(ours) == {row.id for row in PUBLISHED}
    kl = ours["kl_bernoulli"]
    assert kl.value == pytest.approx(44.2)
    assert kl.uncertainty == pytest.approx(12.706 * 0.2, rel=1e-3)  # Student's t of two seeds
    assert kl.share == 1
    assert outcome(published("kl_bernoulli"), kl).kind == "within"
    assert ours["kl_quantized_normal"].incomparable == NOT_RUN
    assert ours["table2_row3"].value == 18.0
    assert ours["table1_row1"].incomparable == NOT_RUN
    assert outcome(published("classifier_error"), ours["classifier_error"]).kind == "within"


def test_a_table_of_other_settings_is_not_compared(folder):
    path = folder / "runs/cifar10_gaussian/seed0/density_ratio/table2.json"
    write_json(path, {"estimates": [estimate(learning_rate=1e-4) for _ in range(7)]})
    assert "other settings" in ours_of(folder)["table2_row1"].incomparable


def test_the_page_and_the_readme_are_written_anew(folder, tmp_path):
    readme = tmp_path / "README.md"
    readme.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    beside(tmp_path, readme)
    text = readme.read_text()
    assert "old" not in text
    assert text.startswith("before\n")
    assert text.endswith("after\n")
    assert "44.2 ± 2.5" in text
    assert "How each is decided" in (tmp_path / "published.md").read_text()
    readme.write_text("no markers")
    with pytest.raises(DmviError, match="needs the lines"):
        beside(tmp_path, readme)


def test_the_committed_table_is_that_of_the_committed_results():
    page, short = written(REPOSITORY / "results/reference")
    assert (REPOSITORY / "results/reference/published.md").read_text() == page
    assert f"{BEGIN}\n{short}{END}" in (REPOSITORY / "README.md").read_text()
