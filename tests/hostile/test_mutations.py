"""Whatever one key of a valid config becomes: a study that can be planned, or a sentence that names it."""

import math
import re

import hypothesis
import hypothesis.strategies as st
import yaml
from hostile import answer
from hypothesis import given, settings
from mutations import Mutation, mutations
from tiny_study import tiny_config

CONFIG = tiny_config()
# A path of the config, or a key in quotes: what is said of a key's consequences names one of these.
NAMED = re.compile(
    r"\b(study|seeds|data|defaults|data_defaults|runs|estimators|synthetic|figures|device|data_dir)"
    r"(\.\w|\b)"
)


def judged(mutation, folder) -> str | None:
    """Why the answer to a mutation is bad; None if it is good."""
    changed = mutation.of(CONFIG)
    try:
        text = yaml.safe_dump(changed, sort_keys=False, allow_unicode=True).encode()
    except UnicodeEncodeError:
        return None  # half a character, which no file can hold
    try:
        sentence = answer(text, folder)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    if sentence is None:
        number = isinstance(mutation.value, float) and not math.isfinite(mutation.value)
        return f"accepted {mutation}" if mutation.kind == "set" and number else None
    words = mutation.named() | {repr(word)[1:-1] for word in mutation.named()}
    named = any(word[:40] in sentence for word in words)
    # What is emptied may be missed elsewhere: the sentence then names the key that misses it.
    if mutation.kind not in ("set", "add") or mutation.value in ({}, [], "", None):
        named = named or NAMED.search(sentence) is not None
    return None if named else f"names no key of {mutation}: {sentence}"


@hypothesis.example(mutation=Mutation("set", ("study", "note"), {"\n": [b"x"]}))
@settings(
    max_examples=200,
    deadline=None,
    suppress_health_check=list(hypothesis.HealthCheck),
    derandomize=True,
)
@given(mutation=mutations(CONFIG))
def test_a_mutation_is_planned_or_answered_in_one_sentence(mutation, tmp_path_factory):
    assert judged(mutation, tmp_path_factory.getbasetemp() / "mutated") is None


@given(st.data())
@settings(max_examples=20, deadline=None, derandomize=True)
def test_a_mutation_changes_one_key_only(data):
    mutation = data.draw(mutations(CONFIG))
    before = tiny_config()
    mutation.of(CONFIG)
    assert before == CONFIG
