"""Declarations: what is taken over from another file, and one sentence for what cannot be meant."""

import pytest

from dmvi import declared
from dmvi.declared import check_keys, declarations, declared_class
from dmvi.errors import DmviError
from dmvi.study import declarations as study

BASE = {
    **{"class": "Base", "title": "base", "order": 1, "paper": "dmvi", "version": 3},
    **{"options": {"a": 1, "b": 2}, "players": ["one", "two"], "kind": "gan"},
}
MORE = {"extends": "base", "class": "More", "options": {"b": 3, "c": 4}, "players": ["one"]}


@pytest.fixture
def write(tmp_path):
    """write(name=declaration, ...) makes a folder of such files and returns it."""

    def files(**content):
        folder = tmp_path / "dmvi" / "models"
        folder.mkdir(parents=True, exist_ok=True)
        for name, value in content.items():
            text = value if isinstance(value, str) else f"DECLARES = {value!r}\n"
            (folder / f"{name}.py").write_text("import not_installed\n\n" + text)
        declarations.cache_clear()
        return folder

    yield files
    declarations.cache_clear()


def test_an_extension_says_only_what_differs(write):
    found = declarations(write(base=BASE, more=MORE, helper="x = 1\n"))
    assert list(found) == ["base", "more"]
    assert found["base"] == BASE
    assert found["more"] == {
        **{"extends": "base", "class": "More", "kind": "gan", "version": 3},
        **{"options": {"a": 1, "b": 3, "c": 4}, "players": ["one"]},
    }


def test_a_version_counts_the_changes_of_what_is_extended(write):
    last = {"extends": "more", "version": 2}
    assert declarations(write(base=BASE, more=MORE, last=last))["last"]["version"] == 4
    raised = write(base={**BASE, "version": 4}, more=MORE, last=last)
    assert declarations(raised)["last"]["version"] == 5


def test_declarations_come_by_order_and_then_by_name(write):
    folder = write(b={"order": 2}, a={"order": 10}, d={}, c={})
    assert list(declarations(folder)) == ["b", "a", "c", "d"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"more": MORE}, r"dmvi/models/more\.py extends 'base'; name another file"),
        ({"a": {"extends": "b"}, "b": {"extends": "a"}}, "and no circle"),
        ({"a": {"extends": "a"}}, "and no circle"),
        (
            {"a": "DECLARES = {'x': open('y')}\n"},
            r"models/a\.py: DECLARES cannot be read .* literal",
        ),
        ({"a": "DECLARES = {\n"}, r"models/a\.py: DECLARES cannot be read"),
    ],
)
def test_refuses(write, content, words):
    with pytest.raises(DmviError, match=words):
        declarations(write(**content))


def test_keys_that_nobody_reads_are_refused(tmp_path):
    folder = tmp_path / "dmvi" / "data"
    with pytest.raises(DmviError, match=r"dmvi/data/mine\.py: DECLARES lacks the key 'title'"):
        check_keys(folder, "mine", {"size": 3}, ("title",), ("size",))
    with pytest.raises(DmviError, match=r"has the unknown key 'tilte'; its keys are .*size, title"):
        check_keys(folder, "mine", {"title": "", "tilte": ""}, ("title",), ("size",))


def test_a_class_that_is_not_there_is_named():
    with pytest.raises(DmviError, match=r"dmvi/models/vae\.py declares the class 'VEA', but has"):
        declared_class("dmvi.models", "vae", {"class": "VEA"})


# --- models ---


@pytest.fixture
def models(write, monkeypatch):
    """models(**changes): the declared models, were DCGAN's file to say something else, or nothing."""
    plain = declared.literal(study._MODELS / "dcgan.py")

    def read(**changes):
        whole = {**plain, **changes}
        kept = {key: value for key, value in whole.items() if value is not None}
        monkeypatch.setattr(study, "_MODELS", write(dcgan=kept))
        study.declared_models.cache_clear()
        return study.declared_models()["dcgan"]

    yield read
    study.declared_models.cache_clear()


def test_passes_are_never_guessed(models):
    with pytest.raises(
        DmviError, match=r"models/dcgan\.py: DECLARES lacks the key 'passes', by whi"
    ):
        models(passes=None)
    with pytest.raises(
        DmviError, match="`passes` names critic; the players are discriminator, gen"
    ):
        models(passes={"critic": {}})


def test_a_row_of_matches_has_four_words(models):
    words = ["a term", "what", "data", "L2"]
    named = dict(zip(("term", "what", "space", "by"), words, strict=True))
    assert models(matches=[words])["matches"] == models(matches=[named])["matches"] == [named]
    with pytest.raises(DmviError, match=r"a row of `matches` is .*; give term, what, space, by"):
        models(matches=[words[:3]])


def test_any_likelihood_and_any_tractable_posterior(models):
    every = models(likelihoods="any", posteriors="tractable")
    assert {"bernoulli", "quantized_normal", "categorical"} <= set(every["likelihoods"])
    assert every["posteriors"][:2] == ["gaussian", "realnvp"]
    assert not {"implicit", "deterministic"} & set(every["posteriors"])
    assert models(likelihoods=["bernoulli"])["likelihoods"] == ["bernoulli"]
    with pytest.raises(DmviError, match="`likelihoods` is 'all'; give a list of names, or 'any'"):
        models(likelihoods="all")


def test_paper_and_version_have_defaults(models):
    assert models(paper=None)["paper"] is None
    assert models()["paper"] == "dmvi"
    assert study.model_version("dcgan") == 1
    models(version=2)
    assert study.model_version("dcgan") == 2


def test_lineage():
    assert study.lineage("vae") == ("vae",)
    assert study.lineage("vgh_plus_plus") == ("vgh", "vgh_plus_plus")
