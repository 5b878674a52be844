"""Panels that Figures 8 and 9 share: a score of every model, over settings and seeds."""

import math

from dmvi.figures.models import LOOKS, OTHER, budget, look
from dmvi.tables.models import model_title
from dmvi.tables.scores import (
    COLLAPSED,
    METRICS,
    MIN_SETTINGS,
    SCORES,
    Metric,
    best,
    collapsed,
    data_entry,
    settings,
    skipped,
)

# Widths of an axis by which it grows to show the data's own score; a lone setting's grows by any.
AXIS_EXTENSION = 0.5
DATA_LINE = "the data"


def strip(axes, tables, dataset: str, metric: Metric, models: list[str], names: bool) -> None:
    """A row per model: every seed a point, a box over settings, the best setting as a star."""
    from dmvi.figures import style

    scores, own = settings(tables, dataset, metric.key), data_entry(tables, dataset, metric.key)
    for row, model in enumerate(models):
        _, colour, marker = look(model)
        colour = style.COLOURS[colour]
        options = scores.get(model, [])
        if not options:
            axes.text(
                0.5, row, "no score", ha="center", va="center", color=style.GREY,
                transform=axes.get_yaxis_transform(),
            )  # fmt: skip
            continue
        _box(axes, row, [setting.mean for setting in options], colour)
        _points(axes, row, tables, options, colour, marker)
        top = best(options, metric, None if own is None else own["value"])
        axes.errorbar(  # an empty star, below the marks of single seeds
            top.mean, row, xerr=top.sd, fmt="*", markerfacecolor="none", color=colour,
            markersize=10, markeredgecolor="black", markeredgewidth=0.6, ecolor="black",
            elinewidth=0.9, capsize=2, zorder=3,
        )  # fmt: skip
    axes.use_sticky_edges = False  # or a box at the end of the axis leaves marks there no room
    axes.margins(x=0.08)
    if scores:
        lone = sum(len(scores.get(model, [])) for model in models) == 1
        words = _reference(axes, tables, dataset, metric, math.inf if lone else AXIS_EXTENSION)
        _budgets(axes, tables, dataset, models)
        axes.set_xlabel("\n".join(filter(None, [f"{metric.axis} ({_better(metric)})", words])))
    else:
        _reason(axes, tables, dataset, metric)
    axes.set_ylim(len(models) - 0.5, -0.5)
    axes.set_yticks(range(len(models)), [model_title(m) for m in models] if names else [])
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x", color="#e4e4e4", linewidth=0.5)
    for edge in range(1, len(models)):
        axes.axhline(edge - 0.5, color="#eeeeee", linewidth=0.5, zorder=0)


def _better(metric: Metric) -> str:
    if metric.towards_data:
        return "nearer to the data is better"
    return "higher is better" if metric.higher else "lower is better"


def _reference(axes, tables, dataset: str, metric: Metric, extension: float) -> str:
    """Draws the data's own score as a line where it lies near the models', and says what it is."""
    found = data_entry(tables, dataset, metric.key)
    if found is None:
        return ""
    low, high = axes.get_xlim()
    room = extension * (high - low)
    value = f"{found['value']:.3g}".replace("-", "−")
    if not low - room <= found["value"] <= high + room:
        return f"{metric.data}: {value}, beyond the axis"
    line = axes.axvline(found["value"], color="black", linestyle="--", linewidth=0.9, zorder=1)
    line.set_gid(DATA_LINE)
    return f"dashed: {metric.data}, {value}"


def _budgets(axes, tables, dataset: str, models: list[str]) -> None:
    """Training steps × width to the right of every row: rows of different budgets are not compared."""
    from dmvi.figures import style

    runs = tables.datasets[dataset]
    axes.annotate(
        "steps × width", (1, 1), (3, 2), xycoords="axes fraction", textcoords="offset points",
        size=style.TEXT, color=style.GREY,
    )  # fmt: skip
    for row, model in enumerate(models):
        own = {run.budget: run for run in runs if run.model == model}.values()
        if own:
            axes.annotate(
                budget(own) if len(own) == 1 else "several", (1, row), (3, 0), va="center",
                xycoords=axes.get_yaxis_transform(), textcoords="offset points",
                size=style.TEXT, color=style.GREY,
            )  # fmt: skip


def _reason(axes, tables, dataset: str, metric: Metric) -> None:
    """Says why a panel is empty."""
    from dmvi.figures import style

    for text in axes.texts:
        text.set_visible(False)
    axes.set(xticks=[], facecolor="#f4f4f4")
    reasons = skipped(tables, [metric.key], dataset) or ["No run has this score."]
    text = style.wrap(reasons[0], 1.2, style.TEXT)
    axes.text(0.5, 0.5, text, ha="center", va="center", transform=axes.transAxes)


def _box(axes, row: int, means: list[float], colour: str) -> None:
    """Quartiles and median over the settings, where there are enough of them."""
    import numpy as np

    if len(means) < MIN_SETTINGS:
        return
    low, middle, high = np.percentile(means, [25, 50, 75])
    axes.barh(
        row, high - low, 0.66, left=low, color=colour, alpha=0.22, edgecolor=colour, linewidth=0.8
    )
    axes.vlines(middle, row - 0.33, row + 0.33, color=colour, linewidth=1.6)


def _points(axes, row: int, tables, options: list, colour: str, marker: str) -> None:
    """Every seed of every setting, side by side; crosses for collapsed samples."""
    import numpy as np

    places = np.linspace(-0.22, 0.22, len(options)) if len(options) > 1 else [0.0]
    for place, setting in zip(places, options, strict=True):
        for seed, value in zip(setting.seeds, setting.values, strict=True):
            fallen = collapsed(tables, setting.run, seed)
            axes.plot(
                value, row + place, "x" if fallen else marker, alpha=0.85,
                color="black" if fallen else colour, markersize=4.5 if fallen else 3,
                markeredgewidth=0.9 if fallen else 0, zorder=6 if fallen else 4,
            )  # fmt: skip


def legend(axes, tables, columns: int) -> None:
    from matplotlib.lines import Line2D

    from dmvi.figures import style

    def mark(marker: str, colour: str, size: float, label: str, edge: str | None = None):
        return Line2D(
            [], [], linestyle="", marker=marker, color=colour, markersize=size, label=label,
            markeredgecolor=edge or colour, markeredgewidth=0.8 if edge else 0,
        )  # fmt: skip

    present = {look(run.model)[0] for run in tables.runs}
    handles = [
        mark(marker, style.COLOURS[colour], 4, f"{kind}, every seed")
        for kind, colour, marker in (*LOOKS.values(), OTHER)
        if kind in present
    ]
    handles.append(mark("*", "none", 9, "best setting, ± 1 sd", "black"))
    drawn = [line for panel in axes.figure.axes for line in panel.lines]
    if any(line.get_gid() == DATA_LINE for line in drawn):
        handles.append(Line2D([], [], color="black", ls="--", linewidth=0.9, label=DATA_LINE))
    if _fallen(tables):
        handles.append(mark("x", "black", 4.5, "collapsed samples", "black"))
    style.legend_panel(axes, handles, columns)


def score_sizes(tables, keys) -> str:
    """How many settings, seeds, samples; what the whiskers are; what was skipped."""
    from dmvi.figures.base import span

    counts: dict[tuple, int] = {}
    for run in tables.runs:
        counts[run.data, run.model] = counts.get((run.data, run.model), 0) + 1
    used = _samples_used(tables, keys)
    text = (
        f"Samples per score: {used}; settings per model and data set: "
        f"{span(list(counts.values()))}, boxes (quartiles, median) from {MIN_SETTINGS} on. Whiskers: "
        "± 1 sd over seeds, with one seed over the score's own repetitions."
    )
    fallen, total = _fallen(tables), sum(len(run.seeds) for run in tables.runs)
    if fallen:
        text += (
            f" Crosses: {fallen} of {total} trainings collapsed (mean pairwise distance of their "
            f"samples below {COLLAPSED} of the data's)."
        )
    networks = _extractors(tables, keys)
    return " ".join([text, *networks, *skipped(tables, keys)])


def _samples_used(tables, keys) -> str:
    """ "ColorMNIST 10,000, CelebA 1,000": images of either side that the scores really had."""
    from dmvi.figures.base import span

    counts: dict[str, list[int]] = {}
    for dataset, runs in tables.datasets.items():
        for table in (tables.json(run, seed, SCORES) for run in runs for seed in run.seeds):
            found = [table["scores"][key] for key in keys if key in table["scores"]]
            held = [
                entry.get("n") or table.get("n_samples", 0) for entry in found if "value" in entry
            ]
            counts.setdefault(dataset, []).extend(held or [table.get("n_samples", 0)])
    texts = {tables.short_title(dataset): span(found) for dataset, found in counts.items()}
    if len(set(texts.values())) == 1:
        return next(iter(texts.values()))
    return ", ".join(f"{title} {text}" for title, text in texts.items())


def _fallen(tables) -> int:
    return sum(collapsed(tables, run, seed) for run in tables.runs for seed in run.seeds)


def _extractors(tables, keys) -> list[str]:
    """Which network, splits or steps a score was computed with, as its metadata say."""
    texts: dict[str, None] = {}
    for run in tables.runs:
        for seed in run.seeds:
            for key in keys:
                found = tables.json(run, seed, SCORES)["scores"].get(key, {})
                if "extractor" in found:
                    splits = f", {found['splits']} splits" if "splits" in found else ""
                    texts[f"{METRICS[key].title}: {found['extractor']}{splits}."] = None
                elif "steps" in found and "values" in found:
                    width = f"width {found['width']}, " if "width" in found else ""
                    texts[
                        f"Critic: {width}{found['steps']:,} steps, {len(found['values'])} seeds per "
                        "score, half of the images to train it and half for the value."
                    ] = None
                elif "batches" in found and "batch_size" in found:
                    texts[
                        f"Diversity: all pairs in {found['batches']} batches of "
                        f"{found['batch_size']} samples."
                    ] = None
    return list(texts)
