"""A study's page: what stands on it, that it is self-contained, and that a browser shows it rightly."""

import json
import re
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import pytest
from browser import CHROMIUM, look

from dmvi.claims.examined import Examination
from dmvi.claims.outcomes import STUDIES, with_uncertainty
from dmvi.errors import DmviError
from dmvi.figures import base
from dmvi.files import write_json
from dmvi.report.beside import ours_of
from dmvi.report.compared import Compared
from dmvi.report.page import write as module
from dmvi.report.page.pictures import Pictures
from dmvi.report.page.runs import POINTS
from dmvi.study.config import Study
from dmvi.study.runs import Run
from dmvi.tables.results import Tables

HEAD = {"name": "mine", "scale": "reduced", "note": "few steps"}
in_a_browser = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on this machine")
CLAIM = {
    **{"id": "C1", "figure": "fig2", "statement": "KL > 0 <b>", "statistic": "its sign"},
    **{"value": 1.0, "value_text": "KL 3", "paper": "", "verdict": "fails", "spread": ""},
    **{"scale": "reduced", "data": ["ColorMNIST stand-in (made of digits)"]},
    **{"standins": ["ColorMNIST stand-in (made of digits)"], "verdicts": {}, "seeds": 1},
    **{"source": "dmvi"},
}


@pytest.fixture
def made(own_study, tmp_path):
    """(study, results) with one figure drawn, one missing, and one run that nobody trained."""
    root, runs = own_study.root, {}
    for name, seeds in own_study.runs.items():
        spec = json.loads(own_study.path(name, seeds[0], "run.json").read_text())
        spec |= {"width": 64, "iterations": 200}
        runs[name] = Run(name, name, tuple(seeds), spec, {}, ("main",))
    runs["later"] = Run("later", "later", (0,), dict(spec), {}, ())
    shown = [n for n, tags in own_study.tags.items() if "main" in tags and n != "quantized"]
    study = Study({"study": HEAD}, runs, {"fig2": shown, "fig11": shown})
    tables = Tables(root, study.figure_seeds("fig2"), HEAD)
    base.render("fig2", tables, *(root / f"fig2.{s}" for s in ("pdf", "png", "json")))
    write_json(root / "claims/fig2.json", [CLAIM])
    for path in root.glob("data/*/meta.json"):
        meta = json.loads(path.read_text()) | {"sha256": {}}
        write_json(path, {"splits": {"train": [0, 9]}} | meta)
    log = root / f"logs/train/{shown[0]}/seed0.log"
    log.parent.mkdir(parents=True)
    log.write_text("first\n" * 20 + "1 %\r2 %\nlast </script>\n")
    return study, root


def written(made, monkeypatch, embed=True) -> Path:
    study, root = made
    contents = import_module("dmvi.report.page.contents")
    monkeypatch.setattr(contents, "trainings", lambda *_: {"runs": {}})
    output = root / "index.html"
    module.write(study, root.parent, root, output, embed, lambda _: None)
    return output


def runs_of(page: str) -> dict[str, list]:
    held = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    return json.loads(held[1])["runs"]


def test_a_published_page_says_why_a_verdict_contradicts_the_paper(made, monkeypatch):
    contents = import_module("dmvi.report.page.contents")
    found = {("mine", "C1"): Examination("not known", "Looked into <twice>.")}
    monkeypatch.setattr(contents, "EXAMINED", found)
    assert "Looked into" not in written(made, monkeypatch).read_text(), "a study that still runs"
    study, root = made
    output = root / "index.html"
    module.write(study, root / "elsewhere", root, output, False, lambda _: None)
    assert "not known. Looked into &lt;twice&gt;." in output.read_text()
    monkeypatch.setattr(contents, "EXAMINED", {("other", "C1"): found["mine", "C1"]})
    module.write(study, root / "elsewhere", root, output, False, lambda _: None)
    assert "Looked into" not in output.read_text()
    claims = [{**CLAIM, "verdict": "holds"}]
    monkeypatch.setattr(contents, "EXAMINED", found)
    contents._examine(claims, "mine")
    assert claims[0]["examined"] == "", "it was about a verdict that failed"


def test_it_says_what_holds_what_does_not_and_what_is_missing(made, monkeypatch):
    page = written(made, monkeypatch).read_text()
    assert "<strong>1</strong> fail:" in page
    assert "<strong>0</strong> of 1 claims hold." in page
    assert "KL &gt; 0 &lt;b&gt;" in page, "texts are escaped"
    assert "Stand-in data in place of the paper&#39;s: 1 of the 1 verdicts that do not hold" in page
    assert "Decided on: ColorMNIST stand-in." in page
    assert "results/fig11.pdf" in page, "how the missing figure is made"
    assert "later, seed 0: not begun" in page
    assert 'id="fig2"' in page


def test_runs_are_columns_with_their_numbers_curves_and_logs(made, monkeypatch):
    study, root = made
    runs = runs_of(written(made, monkeypatch).read_text())
    assert {len(column) for column in runs.values()} == {
        sum(len(r.seeds) for r in study.runs.values())
    }
    i = runs["log"].index("first\nfirst\nfirst\nfirst\n2 %\nlast </script>")
    name, seed = runs["run"][i], runs["seed"][i]
    kl = json.loads((root / f"runs/{name}/seed{seed}/kl.json").read_text())
    assert runs["kl"][i] == pytest.approx(kl["value"], rel=1e-3)
    assert runs["kl_low"][i] == pytest.approx(kl["lower"], rel=1e-3)
    curves = [c for c in runs["curves"] if c]
    assert curves
    assert max(len(points) for c in curves for points in c.values()) <= POINTS + 1
    assert runs["state"][runs["run"].index("later")] == "not begun"


def test_minutes_of_published_runs_are_those_on_record(made, monkeypatch):
    """Benchmarks stay behind when a study is published; who trained what does not."""
    study, root = made
    name, seed = next((n, run.seeds[0]) for n, run in study.runs.items())
    benchmark = root / f"benchmarks/train/{name}/seed{seed}.tsv"
    benchmark.parent.mkdir(parents=True, exist_ok=True)
    benchmark.write_text("s\tmax_rss\n120\t5\n")
    columns = import_module("dmvi.report.page.runs").columns_of_runs
    assert columns(study, root, Pictures(False), "mine")["minutes"][0] == 2.0
    recorded = {"runs": {f"{name}/seed{seed}": {"seconds": 90.0}, "later/seed0": "no record"}}
    write_json(root / "provenance.json", {"trainings": recorded})
    runs = columns(study, root, Pictures(False), "mine")
    assert runs["minutes"][0] == 1.5
    assert runs["minutes"][runs["run"].index("later")] is None


def test_a_study_of_another_paper_has_no_table_of_this_one_s_numbers(made, monkeypatch):
    contents = import_module("dmvi.report.page.contents")
    declared = contents.declared_figures()
    other = {name: replace(figure, paper="infovae") for name, figure in declared.items()}
    assert 'id="beside"' in written(made, monkeypatch).read_text()
    monkeypatch.setattr(contents, "declared_figures", lambda: other)
    assert contents._beside(*made) is None
    assert "#beside" not in written(made, monkeypatch).read_text()


def test_published_numbers_that_nobody_has_stand_apart(made, monkeypatch):
    contents = import_module("dmvi.report.page.contents")
    monkeypatch.setattr(contents, "REFERENCE", made[1] / "outside a checkout")
    page = written(made, monkeypatch).read_text()
    assert "None of them is computed yet." in page
    beside = contents._beside(*made)
    assert beside["studies"] == ["mine"], "its own column only"
    beside["rows"][0] |= {"computed": True}
    beside["rows"][0]["cells"][0]["ours"] = "12.34"
    monkeypatch.setattr(contents, "_beside", lambda *_: beside)
    page = written(made, monkeypatch).read_text()
    before, after = page.split(
        f"{len(beside['rows']) - 1} published numbers that no study here has"
    )
    assert "12.34" in before
    assert beside["rows"][1]["quantity"] in after
    assert "12.34" not in after


def test_the_published_columns_stand_beside_the_studys_own(made, monkeypatch):
    contents = import_module("dmvi.report.page.contents")
    page = written(made, monkeypatch).read_text()
    head = page.split('<th scope="col" class="number">published</th>')[1].split("</tr>")[0]
    assert re.findall(r'"col">(\w+)<', head) == [
        "mine",
        *(name for name in STUDIES if (contents.REFERENCE / name / "provenance.json").exists()),
    ]
    assert head.count("this study") == 1
    reduced = [row["cells"][1] for row in contents._beside(*made)["rows"]]
    committed = Compared.of_published(contents.REFERENCE / "reduced")
    assert [cell["ours"] for cell in reduced] == [
        with_uncertainty(number) for number in ours_of(committed).values()
    ]
    assert "None of them" not in page


def test_it_asks_nothing_of_a_network_and_links_are_relative(made, monkeypatch):
    page = written(made, monkeypatch).read_text()
    markup = re.sub(r'src="data:[^"]*"', "", page)
    assert not re.search(r"https?://(?!www\.w3\.org)", markup), "the SVG namespace is no request"
    assert not re.search(r'(?:src|href)="/', markup)
    assert "data:image/webp" in page
    linked = written(made, monkeypatch, embed=False).read_text()
    assert 'src="fig2.png"' in linked
    assert "data:image/webp" not in linked


def test_links_to_the_documents_lead_somewhere(made, monkeypatch):
    page = written(made, monkeypatch)
    links = re.findall(r'href="([^"#:]+\.md)(?:#([\w-]+))?"', page.read_text())
    assert links
    for link, part in links:
        target = (page.parent / link).resolve()
        heads = re.findall(r"^#+ (.+)$", target.read_text(), re.MULTILINE)
        assert not part or part in {
            re.sub(r"[^\w -]", "", h).lower().replace(" ", "-") for h in heads
        }


def test_a_page_links_to_the_documents_of_the_checkout_that_it_lies_in(made, monkeypatch):
    """It may be published by another one: a clone in which a long study ran."""
    _, root = made
    pages = ("adding", "running", "choices", "numbers", "outputs")
    (root.parent / "docs").mkdir()
    for name in pages:
        (root.parent / f"docs/{name}.md").write_text(f"# {name}\n")
    links = re.findall(r'href="([^"#:]+\.md)', written(made, monkeypatch).read_text())
    lying_in = {f"../docs/{name}.md" for name in pages}
    assert lying_in <= set(links), "none leads to the checkout that publishes"
    assert not [link for link in links if "/docs/" in link and link not in lying_in]


REFERENCE = Path(__file__).parents[2] / "results/reference"


@pytest.mark.parametrize(
    "page", sorted(REFERENCE.glob("*/index.html")), ids=lambda p: p.parent.name
)
def test_links_of_committed_pages_lead_somewhere(page):
    markup = re.sub(r'src="data:[^"]*"', "", page.read_text())
    links = re.findall(r'(?:href|src)="([^"#:]+)(?:#[^"]*)?"', markup)
    assert links
    repository = REFERENCE.parents[1].resolve()
    for link in links:
        target = (page.parent / link).resolve()
        assert target.exists(), link
        assert target.is_relative_to(repository), link


def test_a_page_too_large_is_refused_in_a_sentence(made, monkeypatch):
    monkeypatch.setattr(module, "LARGEST", 1000)
    with pytest.raises(DmviError, match=r"index\.html would have .* MB.*--embed 0"):
        written(made, monkeypatch)


def test_pictures_stop_at_their_budget(made):
    _, root = made
    small = Pictures(True, budget=10)
    assert small.figure(root / "fig2.png", "fig2.png") == "fig2.png"
    assert small.dropped == 1


@in_a_browser
def test_a_browser_shows_it_without_an_error(made, monkeypatch):
    found = look(
        written(made, monkeypatch),
        """const heads = [...document.querySelectorAll("#table thead button")];
        found.heads = heads.map((button) => button.textContent);
        found.broken = shown.filter((image) => !image.naturalWidth).length;
        found.pictures = document.images.length;
        const bottom = (title) => title.getBoundingClientRect().bottom;
        found.four = [...document.querySelectorAll(".four h2")].map((h) => [h.textContent, bottom(h)]);
        found.wide = document.documentElement.scrollWidth;
        const asked = performance.getEntriesByType("resource").map((request) => request.name);
        found.requests = asked.filter((name) => !name.startsWith("data:"));
        """,
    )
    assert found["errors"] == []
    assert found["requests"] == []
    assert found["broken"] == 0
    assert found["pictures"] >= 2
    assert "KL (nats)" in found["heads"]
    assert "minutes" not in found["heads"], "no run has any: a column of dashes"
    assert found["wide"] <= 1400
    words = ["What was reproduced", "What was not", "Why", "Your own model, your own pictures"]
    assert [name for name, bottom in found["four"] if bottom < 900] == words


@in_a_browser
def test_runs_are_filtered_sorted_and_shown_and_the_address_says_so(made, monkeypatch):
    page = written(made, monkeypatch)
    found = look(
        page,
        """const body = document.querySelector("#table tbody");
        const form = document.querySelector(".filters");
        const names = () => [...body.rows].map((r) => r.cells[0].textContent);
        found.all = names().length;
        form.elements.state.value = "not begun";
        form.dispatchEvent(new Event("input", { bubbles: true }));
        found.later = names();
        found.hash = location.hash;
        form.elements.state.value = "";
        form.dispatchEvent(new Event("input", { bubbles: true }));
        const heads = () => [...document.querySelectorAll("#table thead button")];
        const kl = () => heads().find((button) => button.textContent.startsWith("KL"));
        const column = () => [...body.rows].map((r) => r.cells[kl().parentNode.cellIndex].textContent);
        kl().click(); found.up = column();
        kl().click(); found.down = column();
        found.sorted = location.hash;
        found.aria = kl().parentNode.getAttribute("aria-sort");
        body.rows[0].querySelector("button").click();
        await new Promise((done) => setTimeout(done, 300));
        found.open = document.getElementById("details").open;
        found.view = document.getElementById("details").textContent;
        found.curves = document.querySelectorAll("#details svg").length;
        """,
    )
    assert found["errors"] == []
    assert found["later"] == ["later"]
    assert found["hash"] == "#runs?state=not+begun"
    assert found["sorted"] == "#runs?sort=kl&down=1"
    assert found["aria"] == "descending"
    up, down = ([float(v) for v in found[key] if v != "–"] for key in ("up", "down"))
    assert up == sorted(up)
    assert down == up[::-1]
    assert found["up"][-1] == found["down"][-1] == "–", "what has no number is last either way"
    assert found["open"]
    assert "Settings and numbers" in found["view"]
    assert found["curves"] >= 1
    again = look(
        page,
        'found.names = [...document.querySelectorAll("#table tbody tr")].map((r) => r.cells[0].textContent);',
        hash="#runs?state=not+begun",
    )
    assert again["names"] == ["later"], "an address that was sent shows the same"


@in_a_browser
@pytest.mark.parametrize(("width", "dark"), [(400, False), (1400, False), (1400, True)])
def test_it_fits_a_phone_and_axe_finds_nothing_serious(made, monkeypatch, width, dark):
    axe = Path(import_module("axe_core_python").__file__).with_name("axe.min.js")
    found = look(
        written(made, monkeypatch),
        """found.wide = document.documentElement.scrollWidth;
        found.inner = innerWidth;
        const said = await axe.run();
        found.axe = said.violations.filter((v) => ["serious", "critical"].includes(v.impact))
          .map((v) => `${v.id}: ${v.nodes.map((n) => n.target).slice(0, 3)}`);
        found.checked = said.passes.length;
        """,
        width=width,
        dark=dark,
        library=axe,
    )
    assert found["inner"] <= width
    assert found["wide"] <= found["inner"], "it scrolls sideways"
    assert found["checked"] > 10
    assert found["axe"] == []


def test_a_study_is_named_as_commands_in_the_repository_name_it(tmp_path):
    named = import_module("dmvi.report.page.contents")._named
    repository = Path(__file__).parents[2]
    assert named(repository, published=False) == "."
    assert named(repository / "studies/demo", published=True) == "studies/demo"
    assert named(tmp_path / "mine", published=False) == str((tmp_path / "mine").resolve())
    assert named(tmp_path / "mine", published=True) == "studies/mine", "no path of this machine"
