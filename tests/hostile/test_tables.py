"""Every row of the tables of malformed configs: one sentence with the row's words, and no code run."""

import pytest
from hostile import answer, changed, rows, written


def words_missing(sentence: str | None, words: list[str]) -> list[str]:
    return [str(word) for word in words if str(word) not in (sentence or "")]


def name_of(row: dict) -> str:
    return repr(row)[:70]


@pytest.mark.parametrize("row", rows("values"), ids=name_of)
def test_a_wrong_value_is_one_sentence(row, tmp_path):
    sentence = answer(changed(row), tmp_path)
    assert sentence is not None, "the study was accepted"
    assert not words_missing(sentence, row["says"]), sentence


@pytest.mark.parametrize("row", rows("texts"), ids=name_of)
def test_a_wrong_file_is_one_sentence(row, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    sentence = answer(written(row), tmp_path)
    assert sentence is not None, "the study was accepted"
    assert not words_missing(sentence, row["says"]), sentence
    assert not (tmp_path / "ran").exists(), "the config ran code"


@pytest.mark.parametrize("row", rows("accepted"), ids=name_of)
def test_what_is_odd_but_right_is_accepted(row, tmp_path):
    assert answer(written(row), tmp_path) is None


def test_the_tables_are_as_long_as_they_should_be():
    assert sum(len(rows(name)) for name in ("values", "texts", "targets")) >= 300
