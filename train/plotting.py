"""What every figure is drawn on: matplotlib without a screen, and two colours of text."""

from __future__ import annotations

INK, FAINT = '#1b1c1f', '#5f6168'


def canvas(width: float, height: float, **settings):
    """An empty figure of matplotlib, inches wide and high; ImportError without matplotlib."""
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ImportError('figures are drawn with matplotlib: install requirements/train.txt'
                          ) from error
    figure = Figure(figsize=(width, height), dpi=110, facecolor='white', **settings)
    FigureCanvasAgg(figure)
    return figure
