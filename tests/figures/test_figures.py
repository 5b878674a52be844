"""Every figure draws from tables alone, whatever the study holds."""

import pytest
from example_study import drawable

from dmvi.claims.declared import decide_claims
from dmvi.errors import DmviError
from dmvi.figures import style
from dmvi.figures.base import figure_module
from dmvi.study.declared_figures import declared_figures
from dmvi.tables.results import Tables

FIGURES = declared_figures()
NAMES = list(FIGURES)
DRAWN = drawable(NAMES)


def test_all_figures_are_found():
    numbers = (1, 2, 3, 5, *range(7, 16), *range(22, 30))
    assert set(NAMES) >= {*(f"fig{n}" for n in numbers), *(f"table{n}" for n in range(3, 7))}
    assert NAMES.index("fig3") < NAMES.index("fig10")


@pytest.mark.parametrize("name", NAMES)
def test_module_declares_what_the_workflow_reads(name):
    figure = FIGURES[name]
    assert figure_module(name).__name__ == figure.module
    assert figure.sources.run or figure.sources.study or figure.shows_models
    assert bool(figure.select) == bool(figure.sources.run)
    assert 2 <= figure.caption.count(". ") + 1 <= 5
    assert figure.numbered_title.endswith(figure.title)


@pytest.mark.parametrize("name", DRAWN)
def test_reads_only_its_sources(study, name, monkeypatch):
    """What SOURCES leaves out, the workflow would not have made yet."""
    module = figure_module(name)
    asked = {"run": set(), "data": set(), "study": set()}
    run_path, study_csv, data_path = Tables._run_path, Tables.study_csv, Tables.data_path

    def spy_run(self, run, seed, file):
        asked["run"].add(file)
        return run_path(self, run, seed, file)

    def spy_study(self, file):
        asked["study"].add(file)
        return study_csv(self, file)

    def spy_data(self, dataset, file):
        asked["data"].add(file)
        return data_path(self, dataset, file)

    monkeypatch.setattr(Tables, "_run_path", spy_run)
    monkeypatch.setattr(Tables, "study_csv", spy_study)
    monkeypatch.setattr(Tables, "data_path", spy_data)
    tables = study.tables(module)
    module.draw(tables)
    decide_claims(name, tables)
    if hasattr(module, "sample_sizes"):
        module.sample_sizes(tables)
    for key, files in asked.items():
        assert files == set(getattr(FIGURES[name].sources, key)), key


@pytest.mark.parametrize("name", [name for name in DRAWN if FIGURES[name].sources.run])
def test_missing_table_is_one_sentence(own_study, name):
    module = figure_module(name)
    tables = own_study.tables(module)
    run, seeds = list(tables.seeds.items())[-1]
    missing = own_study.path(run, seeds[0], FIGURES[name].sources.run[-1])
    missing.unlink()

    def draw_and_decide():
        module.draw(tables)
        decide_claims(name, tables)

    with pytest.raises(DmviError) as error:
        draw_and_decide()
    assert str(missing) in str(error.value)
    assert "does not exist" in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("name", ["fig1", "fig22"])
def test_no_runs_is_one_sentence(study, name):
    with pytest.raises(DmviError, match="no run of this study belongs to this figure"):
        figure_module(name).draw(Tables(study.root, {}, {"name": "test", "scale": "demo"}))


BROKEN = {
    "fig1": ("kl.json", "{", "not valid JSON"),
    "fig3": ("low_posterior/bounds.csv", "group,index\ndata,0\n", "no column bound, kl"),
    "fig12": ("low_posterior/images.csv", "group,index,ink,near_white\n", "no rows"),
    "fig13": (
        "low_posterior/bounds.csv",
        "group,index,bound,kl\ndata,0,1,1\ndata,1,inf,1\n",
        "not finite in column bound",
    ),
    "fig14": ("low_posterior/bounds.csv", "group,index,bound,kl\ndata,0,1,1\n", "neighbour"),
    "fig2": ("low_posterior/images.npy", "no array", "not a plain numpy array"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_table_is_one_sentence(own_study, name):
    file, content, words = BROKEN[name]
    tables = own_study.tables(figure_module(name))
    run, seeds = next(iter(tables.seeds.items()))
    own_study.path(run, seeds[0], file).write_text(content)
    with pytest.raises(DmviError, match=words):
        figure_module(name).draw(tables)


@pytest.mark.parametrize("name", [name for name in DRAWN if FIGURES[name].sources.run])
def test_one_data_set_one_run_one_seed(results, drawn, name):
    """Also of a builder and with a posterior that the figures have never heard of."""
    results.add_dataset("mine", builder="my_builder", title="My own pictures")
    results.add_run("only", data="mine", posterior="my_flow", seeds=[7])
    tables = results.tables(figure_module(name), data="mine")
    drawn(name, tables)
    claims = [claim for claim in decide_claims(name, tables) if claim.id != "C26"]  # a computation
    assert {claim.verdict for claim in claims} <= {"undecided", "fails"}


def test_many_data_sets_of_unknown_kinds(results, drawn):
    """Five data sets, two that share a title, and runs that only their names tell apart."""
    for i in range(5):
        results.add_dataset(f"set{i}", builder="own", title="Same title" if i < 2 else f"Set {i}")
        results.add_run(f"run{i}a", data=f"set{i}", seeds=[0])
        results.add_run(f"run{i}b", data=f"set{i}", width=8, seeds=[0])
    tables = results.tables(figure_module("fig2"), model="vae")
    headings = [tables.heading(run) for run in tables.runs]
    assert len(set(headings)) == 10
    assert headings[0].startswith("Same title [set0]")
    for name in ("fig1", "fig2"):
        drawn(name, results.tables(figure_module(name), model="vae"))


def test_runs_come_in_the_papers_order(full_study):
    tables = full_study.tables(figure_module("fig1"))
    builders = [tables.meta(dataset)["builder"] for dataset in tables.datasets]
    assert builders == ["color_mnist", "celeba", "cifar10"]
    first = [(run.latent_dim, run.posterior) for run in tables.runs[:3]]
    assert first == [(10, "gaussian"), (10, "realnvp"), (50, "gaussian")]


def test_footer_states_scale_seeds_and_stand_ins(study):
    from dmvi.figures.base import footer

    text = "\n".join(footer("fig1", study.tables(figure_module("fig1"))))
    assert "Study test, demo scale; 9 runs of VAE, beta-VAE, 2 seeds per run." in text
    assert "10,000-image subset, split by name" in text
    assert "10,000 z" in text


def test_palette_is_seaborns_colorblind():
    import seaborn

    assert list(style.COLOURS) == [colour.lower() for colour in _hex(seaborn)]


def _hex(seaborn):
    return seaborn.color_palette("colorblind").as_hex()


def test_table_without_its_rows(own_study):
    networks = own_study.root / "tables" / "networks.csv"
    networks.write_text(networks.read_text().replace("table4", "table9"))
    with pytest.raises(DmviError, match="no rows of table4, only of table5, table6, table9"):
        figure_module("table4").draw(own_study.tables(figure_module("table4")))


def test_unknown_figure():
    with pytest.raises(DmviError, match="there is no figure fig99"):
        figure_module("fig99")
