"""Bounds along training, and whether they track convergence: Figures 5 and 23."""

from dmvi.claims.bounds import BOUND, bound_curves, tracking
from dmvi.figures.models import budgets, look
from dmvi.figures.numerals import rough
from dmvi.tables.models import in_order, model_title

EARLY = 0.05  # share of the training that the y axes need not show
MAX_COLUMNS = 3  # data sets side by side


def draw_curves(tables, labels: dict[str, str]):
    """A column per data set, a row per model, a line per run and seed.

    Args:
        labels: what the bound of each model is called; "bound" for others.
    """
    from dmvi.figures import style

    datasets = list(tables.datasets)
    models = in_order(run.model for run in tables.runs)
    columns = min(MAX_COLUMNS, len(datasets))
    blocks = -(-len(datasets) // columns)
    width = style.WIDTH if columns > 1 else 4.5
    figure = style.new_figure(blocks * (1.45 * len(models) + 0.5), width)
    grid = figure.add_gridspec(blocks * len(models), columns)
    for i, dataset in enumerate(datasets):
        block, column = divmod(i, columns)
        first = None
        for j, model in enumerate(models):
            axes = figure.add_subplot(grid[block * len(models) + j, column], sharex=first)
            first = first or axes
            _panel(axes, tables, dataset, model)
            if j == 0:
                style.panel_title(axes, tables.short_title(dataset), columns, width)
            last = j == len(models) - 1
            axes.tick_params(labelbottom=last)
            if last:
                axes.set_xlabel("share of training")
            if column == 0:
                axes.set_ylabel(f"{model_title(model)}\n{labels.get(model, 'bound')}")
    return figure


def _panel(axes, tables, dataset: str, model: str) -> None:
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    from dmvi.figures import style

    curves = bound_curves(tables, dataset, model)
    shown = []
    for curve in curves:
        axes.plot(
            curve["step"] / max(1, curve["step"].max()), curve["bound"],
            color=style.COLOURS[look(model)[1]], linewidth=0.9, alpha=0.8,
            marker="." if len(curve) < 3 else "", markersize=3,
        )  # fmt: skip
        shown += list(curve.loc[curve["step"] >= EARLY * curve["step"].max(), "bound"])
    if shown:
        room = 0.12 * (max(shown) - min(shown)) or 1.0
        axes.set_ylim(min(shown) - 2.4 * room, max(shown) + room)  # with room for the number
        rho = sorted(value for value, _ in map(tracking, curves) if value == value)
        axes.text(
            0.98, 0.04, _interval(rho), ha="right", va="bottom", transform=axes.transAxes,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.8, "alpha": 0.8},
        )  # fmt: skip
    else:
        axes.set_yticks([])
        axes.text(0.5, 0.5, "no run", ha="center", va="center", transform=axes.transAxes)
    axes.set_xlim(0, 1.02)
    axes.set_xticks([0, 0.5, 1], ["0", "0.5", "1"])
    axes.yaxis.set_major_locator(MaxNLocator(4))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{y:,.4g}".replace("-", "−")))


def _interval(rho: list[float]) -> str:
    """ "ρ = 0.97 (0.95 to 0.99)": median and range over runs and seeds."""
    import statistics

    if not rho:
        return "constant, no ρ"
    text = f"ρ = {statistics.median(rho):z.2f}"
    return text if len(rho) < 2 else f"{text} ({rho[0]:z.2f} to {rho[-1]:z.2f})"


def curve_sizes(tables) -> str:
    from dmvi.figures.base import span

    curves = [tables.csv(run, seed, BOUND) for run in tables.runs for seed in run.seeds]
    errors = [float(curve["standard_error"].median()) for curve in curves]
    lengths = "; ".join(
        f"{tables.short_title(dataset)}: {budgets(runs)}"
        for dataset, runs in tables.datasets.items()
    )
    return (
        f"Training steps × width: {lengths}. {len(curves)} trainings, a line each; "
        f"{span([len(curve) for curve in curves])} points "
        f"per line, each a mean over held-out images with a standard error of at most "
        f"{rough(max(errors))} (median of a line). ρ: rank correlation of bound and step, median "
        f"(range) over the lines. The y axes leave out the first {EARLY:.0%} of the steps where "
        "they would flatten the rest; ρ counts them."
    )
