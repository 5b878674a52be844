"""Every figure draws from tables alone, whatever the study holds, and writes reproducible files."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from dmvi.errors import DmviError
from dmvi.figures import style
from dmvi.figures.base import Sources, Tables, figure_module, figure_names, numbered_title, render

NAMES = figure_names()
SOURCE = Path(__file__).parents[2] / "src"

SCRIPT = """
import json, sys
from pathlib import Path
from dmvi.figures.base import Tables, figure_module, figure_names, render

root, out, jobs = Path(sys.argv[1]), Path(sys.argv[2]), json.loads(sys.argv[3])
for name in figure_names():
    figure_module(name)
heavy = {"torch", "numpy", "pandas", "matplotlib", "seaborn"} & set(sys.modules)
assert not heavy, f"importing the figures imports {heavy}"
for name, runs in jobs.items():
    tables = Tables(root, runs, {"name": "test", "scale": "demo"})
    render(name, tables, out / f"{name}.pdf", out / f"{name}.png", out / f"{name}.json")
assert "torch" not in sys.modules, "drawing imports torch"
"""


def draw_all(study, out: Path, names, **environment):
    jobs = {name: study.tables(figure_module(name)).seeds for name in names}
    subprocess.run(
        [sys.executable, "-W", "error", "-c", SCRIPT, study.root, out, json.dumps(jobs)],
        check=True,
        env={**os.environ, "PYTHONPATH": str(SOURCE), **environment},
    )


@pytest.fixture(scope="module")
def drawn(study, tmp_path_factory):
    """Every figure of the full study, drawn by a fresh process that must not import torch."""
    out = tmp_path_factory.mktemp("drawn")
    draw_all(study, out, NAMES, PYTHONHASHSEED="1")
    return out


def rendered(name, tables, out):
    render(name, tables, out / "a.pdf", out / "a.png", out / "a.json")
    return json.loads((out / "a.json").read_text())


def test_all_figures_are_found():
    numbers = (
        "fig1",
        "fig2",
        "fig3",
        "fig10",
        "fig11",
        "fig12",
        "fig13",
        "fig14",
        "fig15",
        "fig22",
    )
    assert set(NAMES) >= {*numbers, "table3", "table4", "table5"}
    assert NAMES.index("fig3") < NAMES.index("fig10")


@pytest.mark.parametrize("name", NAMES)
def test_module_declares_what_the_workflow_reads(name):
    module = figure_module(name)
    assert isinstance(module.SOURCES, Sources)
    assert module.SEEDS in ("all", "first")
    assert bool(module.SELECT) == bool(module.SOURCES.run)
    assert 2 <= module.CAPTION.count(". ") + 1 <= 5
    assert numbered_title(name).endswith(module.TITLE)


@pytest.mark.parametrize("name", NAMES)
def test_files_are_whole(drawn, name):
    pdf = (drawn / f"{name}.pdf").read_bytes()
    assert pdf.startswith(b"%PDF")
    assert pdf.rstrip().endswith(b"%%EOF")
    assert b"/Subtype /Type3" not in pdf  # fonts are embedded as TrueType ("type 42")
    assert b"/FontFile2" in pdf
    assert b"CreationDate" not in pdf
    assert (drawn / f"{name}.png").read_bytes().startswith(b"\x89PNG")
    claims = json.loads((drawn / f"{name}.json").read_text())
    assert all(claim["figure"] == name for claim in claims)


def test_bytes_are_reproducible(drawn, study, tmp_path):
    names = ["fig2", "fig12", "table3"]
    draw_all(study, tmp_path, names, PYTHONHASHSEED="2", SOURCE_DATE_EPOCH="86400")
    for name in names:
        for suffix in ("pdf", "png", "json"):
            file = f"{name}.{suffix}"
            assert (tmp_path / file).read_bytes() == (drawn / file).read_bytes(), file


@pytest.mark.parametrize("name", NAMES)
def test_reads_only_its_sources(study, name, monkeypatch):
    """What SOURCES leaves out, the workflow would not have made yet."""
    module = figure_module(name)
    asked = {"run": set(), "data": set(), "study": set()}
    run_path, study_csv, meta = Tables._run_path, Tables.study_csv, Tables.meta

    def spy_run(self, run, seed, file):
        asked["run"].add(file)
        return run_path(self, run, seed, file)

    def spy_study(self, file):
        asked["study"].add(file)
        return study_csv(self, file)

    def spy_meta(self, dataset):
        asked["data"].add("meta.json")
        return meta(self, dataset)

    monkeypatch.setattr(Tables, "_run_path", spy_run)
    monkeypatch.setattr(Tables, "study_csv", spy_study)
    monkeypatch.setattr(Tables, "meta", spy_meta)
    tables = study.tables(module)
    module.draw(tables)
    for part in ("claims", "sample_sizes"):
        if hasattr(module, part):
            getattr(module, part)(tables)
    for key, files in asked.items():
        assert files == set(getattr(module.SOURCES, key)), key


@pytest.mark.parametrize("name", [name for name in NAMES if figure_module(name).SOURCES.run])
def test_missing_table_is_one_sentence(own_study, name):
    module = figure_module(name)
    tables = own_study.tables(module)
    run, seeds = next(iter(tables.seeds.items()))
    missing = own_study.path(run, seeds[0], module.SOURCES.run[-1])
    missing.unlink()
    with pytest.raises(DmviError) as error:
        module.draw(tables)
        module.claims(tables)
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


@pytest.mark.parametrize("name", [name for name in NAMES if figure_module(name).SOURCES.run])
def test_one_data_set_one_run_one_seed(results, name, tmp_path):
    """Also of a builder and with a posterior that the figures have never heard of."""
    results.add_dataset("mine", builder="my_builder", title="My own pictures")
    results.add_run("only", data="mine", posterior="my_flow", seeds=[7])
    claims = rendered(name, results.tables(figure_module(name), data="mine"), tmp_path)
    assert {claim["verdict"] for claim in claims} <= {"undecided", "fails"}


def test_many_data_sets_of_unknown_kinds(results, tmp_path):
    """Five data sets, two that share a title, and runs that only their names tell apart."""
    for i in range(5):
        results.add_dataset(f"set{i}", builder="own", title="Same title" if i < 2 else f"Set {i}")
        results.add_run(f"run{i}a", data=f"set{i}", seeds=[0])
        results.add_run(f"run{i}b", data=f"set{i}", width=8, seeds=[0])
    tables = results.tables(figure_module("fig2"), model="vae")
    headings = [tables.heading(run) for run in tables.runs]
    assert len(set(headings)) == 10
    assert headings[0].startswith("Same title [set0]")
    for name in ("fig1", "fig2", "fig13"):
        rendered(name, results.tables(figure_module(name), model="vae"), tmp_path)


def test_runs_come_in_the_papers_order(study):
    tables = study.tables(figure_module("fig1"))
    builders = [tables.meta(dataset)["builder"] for dataset in tables.datasets]
    assert builders == ["color_mnist", "celeba", "cifar10"]
    first = [(run.latent_dim, run.posterior) for run in tables.runs[:3]]
    assert first == [(10, "gaussian"), (10, "realnvp"), (50, "gaussian")]


def test_text_of_every_figure_is_legible_and_inside(study):
    """No text under 7 points, and none that leaves the page."""
    import matplotlib
    from dmvi.figures.base import footer

    with matplotlib.rc_context(style.RC):
        for name in NAMES:
            module, tables = figure_module(name), study.tables(figure_module(name))
            figure = module.draw(tables)
            style.frame(figure, numbered_title(name), footer(module, tables))
            figure.draw_without_rendering()
            page = figure.bbox
            for text in figure.findobj(matplotlib.text.Text):
                if not text.get_text() or not text.get_visible():
                    continue
                assert text.get_size() >= style.TEXT, (name, text.get_text())
                box = text.get_window_extent()
                inside = box.x0 >= -1 and box.x1 <= page.x1 + 1
                assert inside and box.y0 >= -1 and box.y1 <= page.y1 + 1, (name, text.get_text())


def test_footer_states_scale_seeds_and_stand_ins(study):
    from dmvi.figures.base import footer

    module = figure_module("fig1")
    text = "\n".join(footer(module, study.tables(module)))
    assert "Study test, demo scale; 2 seeds per run" in text
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
    with pytest.raises(DmviError, match="no rows of table4, only of table5, table9"):
        figure_module("table4").draw(own_study.tables(figure_module("table4")))


def test_unknown_figure():
    with pytest.raises(DmviError, match="there is no figure fig99"):
        figure_module("fig99")
