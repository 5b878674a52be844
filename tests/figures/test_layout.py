"""Every figure is legible, and nothing runs over its edge or over its neighbour."""

import pytest
from example_study import drawable

from dmvi.figures import style
from dmvi.figures.base import figure_module
from dmvi.study.declared_figures import declared_figures

NAMES = drawable(declared_figures())


@pytest.mark.parametrize("name", NAMES)
def test_text_is_legible_and_on_the_page_and_titles_do_not_overlap(study, drawn, name):
    from matplotlib.axis import Tick
    from matplotlib.text import Text

    figure = drawn(name, study.tables(figure_module(name)))
    # Tick labels beyond the axes' limits exist, but are not drawn: only their looks are checked.
    ticks = [text for tick in figure.findobj(Tick) for text in (tick.label1, tick.label2)]
    checked = 0
    for text in figure.findobj(Text):
        words = text.get_text()
        if not words or not text.get_visible() or text in ticks:
            continue
        box = text.get_window_extent()
        assert text.get_size() >= style.TEXT, words
        assert min(box.x0, box.y0) >= -1, words
        assert box.x1 <= figure.bbox.x1 + 1, words
        assert box.y1 <= figure.bbox.y1 + 1, words
        checked += 1
    assert checked >= 2  # title and footer at least
    assert all(text.get_size() >= style.TEXT and "^" not in text.get_text() for text in ticks)
    titles = [panel.title for panel in figure.axes] + [panel._left_title for panel in figure.axes]
    boxes = [title.get_window_extent() for title in titles if title.get_text()]
    for i, box in enumerate(boxes):
        assert not box.count_overlaps(boxes[:i])
