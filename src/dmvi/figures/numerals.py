"""Numbers as figures write them out, in words and along axes: exponents are too small to read."""

import math


def nats(value: float) -> str:
    """Three digits, or all before the point from 100 on."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:#.3g}".rstrip(".")


def count(n: float) -> str:
    """ "9,120" or "78.0 million"."""
    return f"{n / 1e6:,.1f}\u00a0million" if n >= 1e6 else f"{n:,.0f}"


def rough(x: float) -> str:
    """ "0.00008", "0.02", "12": one digit, more before the point, and no exponent."""
    if x >= 1 or x <= 0:
        return f"{x:,.0f}"
    return f"{x:.{-math.floor(math.log10(float(f'{x:.0e}')))}f}"


def tick(x: float, _position=None) -> str:
    """ "0.01", "1,000", "1e6", "−1e−8"."""
    if x != 0 and not 0.99e-4 < abs(x) < 999_999:
        mantissa, exponent = f"{x:.0e}".split("e")
        text = f"{mantissa}e{int(exponent)}"
    else:
        text = f"{x:,.0f}" if x == round(x) or abs(x) >= 100 else f"{x:.3g}"
    return text.replace("-", "−")


def log_axis(axis, narrow: bool = False) -> None:
    """A log axis with its ticks written out, also 2, 3 and 5 if it spans about a decade."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    _set_scale(axis, "log")
    axis.set_major_locator(LogLocator(subs=(1, 2, 3, 5) if narrow else (1,), numticks=6))
    axis.set_major_formatter(FuncFormatter(tick))
    axis.set_minor_formatter(NullFormatter())


def nats_axis(axis, values, floor: float = 0.01) -> None:
    """A log axis that shows all `values`; linear between ±floor if some are not above floor."""
    from matplotlib.ticker import FuncFormatter, NullFormatter, SymmetricalLogLocator

    low, high = min(values), max(values)
    if low > floor:
        log_axis(axis, narrow=high < 15 * low)
        limits = (low / 1.4, high * 1.4)
    else:
        decades = sum(math.log10(max(value / floor, 1.0)) for value in (-low, high))
        # The linear part grows with the rest, or its three ticks would overlap.
        _set_scale(axis, "symlog", linthresh=floor, linscale=max(0.5, 0.1 * decades))
        locator = SymmetricalLogLocator(base=10, linthresh=floor)
        locator.set_params(numticks=7)
        axis.set_major_locator(locator)
        axis.set_major_formatter(FuncFormatter(tick))
        axis.set_minor_formatter(NullFormatter())
        limits = (min(0.0, 1.4 * low) - 0.2 * floor, max(1.4 * high, floor))
    (axis.axes.set_xlim if axis.axis_name == "x" else axis.axes.set_ylim)(*limits)


def linear_axis(axis, ticks: int = 4) -> None:
    """A linear axis of counts, such as training steps."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    axis.set_major_locator(MaxNLocator(ticks, steps=[1, 2, 5, 10]))
    axis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:,.0f}"))


def _set_scale(axis, name: str, **options) -> None:
    (axis.axes.set_xscale if axis.axis_name == "x" else axis.axes.set_yscale)(name, **options)
