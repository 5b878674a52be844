"""The published numbers: what survives of them, and every outcome that one of ours can have."""

import dataclasses
import subprocess
import sys
from pathlib import Path

import pytest

from dmvi.claims.outcomes import (
    KINDS,
    NOT_RUN,
    Ours,
    check_complete,
    markdown,
    outcome,
)
from dmvi.claims.published import PUBLISHED, Rule, published
from dmvi.errors import DmviError
from dmvi.study.declared_figures import declared_figures

REPOSITORY = Path(__file__).parents[2]
BERNOULLI, NOISY, ERROR = map(published, ("kl_bernoulli", "table2_row2", "classifier_error"))


def ours(value, uncertainty=0.1, **words):
    return Ours(value, uncertainty, "width 64", **{"share": 1.0, **words})


def test_the_rows_are_the_papers_numbers():
    values = {row.id: row.value for row in PUBLISHED}
    assert len(values) == len(PUBLISHED) == 14
    assert (values["kl_bernoulli"], values["kl_quantized_normal"]) == (44.7, 256.7)
    tables = {t: [v for id, v in values.items() if id.startswith(f"table{t}_")] for t in (1, 2)}
    assert tables[1] == [2.3, 3.3, 25812.8, 3.1]
    assert tables[2] == [17.7, 720140.9, 14.8, 18.8, 19.0, 18.0, 18.1]
    assert values["classifier_error"] == 5.5


def test_every_row_says_where_it_is_from_and_how_it_is_decided():
    for row in PUBLISHED:
        low, high = row.rule.zone(row.value)
        assert 0 < low < row.value < high
        assert all([row.quantity, row.unit, row.place, row.protocol, row.source, row.rule.why])
    assert {row.id for row in PUBLISHED if row.better} == {"classifier_error"}
    noisy = {row.id for row in PUBLISHED if row.rule.form == "factor"}
    assert noisy == {"table1_row3", "table2_row2"}


def test_reasons_name_rows_whose_surviving_settings_are_those_that_they_say():
    """Which rows are alike is read from the rows: each reason is of the right group."""
    alike: dict[tuple, list[int]] = {}
    for row in PUBLISHED:
        if row.id.startswith("table") and row.rule.form != "factor":
            table, number = row.id.removeprefix("table").split("_row")
            alike.setdefault((table, row.on), []).append(int(number))
    assert sorted(alike.values()) == [[1, 2], [1, 4], [3, 6, 7], [4], [5]]
    for (table, _), numbers in alike.items():
        for number in numbers:
            row = published(f"table{table}_row{number}")
            alone = row.rule.why.startswith("No other row")
            assert alone == (len(numbers) == 1), row.id
            if not alone:
                text = row.rule.why.split("(rows ")[1].split(")")[0].replace(" and ", ", ")
                assert [int(n) for n in text.split(", ")] == numbers, row.id
                values = [published(f"table{table}_row{n}").value for n in numbers]
                assert f"differ by {'up to ' if len(values) > 2 else ''}" in row.rule.why
                assert f"{100 * (max(values) / min(values) - 1):.0f} %" in row.rule.why


def test_settings_that_survive_are_those_that_our_studies_turn_on():
    """Row by row: noise, penalty, dropout and rate of tables 1 and 2 as the evidence study has them."""
    import yaml

    config = yaml.safe_load((REPOSITORY / "studies/paper_cpu/config.yaml").read_text())
    rows = config["estimators"]["density_ratio"]["tables"]
    for table, words in (
        (
            "table1",
            {"gradient_penalty": "gradient penalty", "activation_noise": "activation noise"},
        ),
        ("table2", {"activation_noise": "activation noise", "dropout": "dropout"}),
    ):
        for number, settings in enumerate(rows[table], 1):
            quantity = published(f"{table}_row{number}").quantity
            for key, text in words.items():
                on = text in quantity.split(", ")
                assert on == bool(settings.get(key)), (table, number, key)
            if table == "table2":
                rate = f"{settings['learning_rate']:.0e}".replace("e-0", "e-")
                assert f"learning rate {rate}" in quantity


@pytest.mark.parametrize(
    ("row", "number", "expected"),
    [
        (BERNOULLI, ours(44.7), "within"),
        (BERNOULLI, ours(36.0), "within"),
        (BERNOULLI, ours(53.5, None), "within"),
        (BERNOULLI, ours(44.7, share=None), "within"),
        (BERNOULLI, ours(44.7, share=0.5), "within"),
        (BERNOULLI, ours(35.0), "outside, unexplained"),  # lower is not better
        (BERNOULLI, ours(54.0), "outside, unexplained"),
        (
            BERNOULLI,
            ours(54.0, 3.0),
            "outside, unexplained",
        ),  # its interval reaches in, but is narrow
        (BERNOULLI, ours(200.0, 30.0), "outside, unexplained"),  # wide, but far away
        (
            BERNOULLI,
            ours(33.5, explanation="50 latents reach 45", shown_by="cifar10_gaussian-latent_dim50"),
            "outside, explained (50 latents reach 45: cifar10_gaussian-latent_dim50)",
        ),
        (
            BERNOULLI,
            ours(44.7, explanation="irrelevant", shown_by="run"),
            "within",
        ),
        (
            BERNOULLI,
            ours(44.7, share=0.1),
            "not comparable (trained 10\u00a0% of the paper's length)",
        ),
        (BERNOULLI, ours(44.7, share=0.499), "not comparable"),
        (
            BERNOULLI,
            ours(44.7, share=0.1, classifier_share=0.2, incomparable="it moves"),
            "not comparable (it moves; trained 10\u00a0% of the paper's length; its classifier trained "
            "20\u00a0% of 100,000 steps)",
        ),
        (BERNOULLI, ours(44.7, classifier_share=0.499), "not comparable"),
        (BERNOULLI, ours(44.7, classifier_share=0.5), "within"),
        (
            BERNOULLI,
            ours(44.7, 9.0),
            "not comparable (our 95 % interval is wider than the rule)",
        ),
        (BERNOULLI, ours(60.0, 9.0), "not comparable"),
        (BERNOULLI, ours(44.7, incomparable="other data"), "not comparable (other data)"),
        (NOISY, ours(1e5), "within"),
        (NOISY, ours(7.1e4), "outside, unexplained"),
        (NOISY, ours(7.3e6), "outside, unexplained"),
        (ERROR, ours(6.1), "within"),
        (ERROR, ours(6.2), "outside, unexplained"),
        (ERROR, ours(4.5), "better"),
        (ERROR, ours(4.5, share=0.2), "not comparable"),
        (ERROR, ours(8.0, explanation="half as wide", shown_by="width 64"), "outside, explained"),
    ],
)
def test_outcomes(row, number, expected):
    found = outcome(row, number)
    assert found.kind in KINDS
    assert str(found) == expected or found.kind == expected


def test_every_kind_of_outcome_is_reached_by_a_test():
    marks = test_outcomes.pytestmark[0].args[1]
    assert {outcome(row, number).kind for row, number, _ in marks} == set(KINDS)


def test_better_can_be_either_side():
    higher = dataclasses.replace(ERROR, better="higher")
    assert outcome(higher, ours(7.0)).kind == "better"
    assert outcome(higher, ours(4.0)).kind == "outside, unexplained"


def test_zones():
    assert Rule("relative", 0.2, "").zone(10) == (8, 12)
    assert Rule("absolute", 0.5, "").zone(10) == (9.5, 10.5)
    assert Rule("factor", 10, "").zone(10) == (1, 100)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"value": float("nan")}, "is nan; it must be finite"),
        ({"uncertainty": -1.0}, "uncertainty is -1.0"),
        ({"share": 0}, "share of the paper's training is 0"),
        ({"classifier_share": 0}, "share of the paper's training is 0"),
        ({"explanation": "because"}, "needs the run that shows it"),
        ({"shown_by": "run"}, "such a run an explanation"),
    ],
)
def test_impossible_numbers_are_refused(words, message):
    with pytest.raises(DmviError, match=message):
        Ours(**{"value": 1.0, "uncertainty": None, "settings": "", **words})


def every(study):
    return {row.id: {study: ours(row.value)} for row in PUBLISHED}


def test_the_table_has_a_row_for_every_number_and_the_paper_column_once_it_exists():
    numbers = every("reduced")
    numbers["kl_bernoulli"] |= {"paper_cpu": ours(33.49, 0.26, share=0.15)}
    text = markdown(numbers)
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert rows[0] == "| quantity | place | published | *reduced* | *paper_cpu* |"
    assert len(rows) == 2 + len(PUBLISHED)
    assert all(row.count("|") == 6 for row in rows)
    (line,) = (row for row in rows if "Bernoulli" in row)
    assert (
        "| section 3.2 | 44.7\u00a0nats | 44.7 ± 0.1: **within** (width 64; 100\u00a0% of" in line
    )
    cell = "33.5 ± 0.3: **not comparable (trained 15\u00a0% of the paper's length)** (width 64; 15"
    assert cell in line
    assert rows[-1].endswith("| – |")
    for row in PUBLISHED:
        assert row.rule.why in text
        assert row.protocol in text
    numbers["classifier_error"]["paper"] = ours(5.4)
    assert "| *paper_cpu* | *paper* |" in markdown(numbers)
    piped = {"kl_bernoulli": {"reduced": Ours(1.0, None, "a|b\nc")}}
    assert "(a\\|b c)" in markdown(piped)


def test_a_number_without_an_outcome_is_refused_by_name():
    numbers = every("reduced")
    check_complete(numbers, ["reduced"])
    with pytest.raises(DmviError, match=r"no outcome of kl_bernoulli \(paper_cpu\), kl_quan"):
        check_complete(numbers, ["reduced", "paper_cpu"])
    del numbers["table1_row3"]
    with pytest.raises(DmviError, match=r"no outcome of table1_row3 \(reduced\): give"):
        check_complete(numbers, ["reduced"])


def test_not_computed_yet_is_no_outcome_of_what_a_study_shows():
    numbers = every("demo")
    numbers["table2_row2"]["demo"] = Ours(None, None, "", incomparable=NOT_RUN)
    check_complete(numbers, ["demo"])
    check_complete(numbers, ["demo"], {"demo": ["table2_row1"]})
    with pytest.raises(
        DmviError, match="demo has table2 among its figures, but no number of ours for tab"
    ):
        check_complete(numbers, ["demo"], {"demo": ["table2_row1", "table2_row2"]})
    numbers["table2_row2"]["demo"] = Ours(None, None, "", incomparable="other settings")
    check_complete(numbers, ["demo"], {"demo": ["table2_row2"]})


def test_every_number_is_shown_by_a_figure_there_is():
    assert {row.figure for row in PUBLISHED} <= set(declared_figures())


def test_names_that_do_not_exist_are_refused():
    with pytest.raises(DmviError, match="'kl' is no published number; those are kl_bernoulli"):
        markdown({"kl": {}})
    with pytest.raises(DmviError, match="'demo' is no column; those are reduced, paper_cpu, paper"):
        markdown({"kl_bernoulli": {"demo": ours(1)}})


def test_reading_the_table_loads_no_numbers_library():
    code = (
        "import sys, dmvi.claims.outcomes; "
        "assert not {'torch', 'numpy', 'pandas'} & set(sys.modules), 'heavy imports'"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": str(REPOSITORY / "src")},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
