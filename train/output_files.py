"""Output files, pictures and figures; an error is one sentence that names the file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
import json
import math
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from mono_depth_ros.whole_file import replacing

# Two colours of text in figures.
INK, FAINT = '#1b1c1f', '#5f6168'


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """While a file or folder is written: an OSError becomes one sentence that names it."""
    try:
        yield
    except OSError as error:
        if error.strerror is None:  # it is one already
            raise
        raise OSError(f'cannot write {path}: {error.strerror}') from error


def write_file(path: Path, data: str | bytes) -> None:
    """Write a file whole or not at all, and the folders it lies in; an OSError that names it."""
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        text = data.encode() if isinstance(data, str) else data
        if path.exists() and not path.is_file():  # /dev/stdout
            path.write_bytes(text)
            return
        with replacing(path.resolve()) as unfinished:  # what a link points to; the link stays
            unfinished.write_bytes(text)


def write_json(path: Path, figures: Any) -> None:
    """Write dictionaries and lists of figures as JSON, which knows no NaN: that is null there.

    Infinity too. Errors as `write_file`.
    """
    write_file(path, json.dumps(_known(figures), indent=1, allow_nan=False) + '\n')


def _known(figures: Any) -> Any:
    if isinstance(figures, dict):
        return {name: _known(figure) for name, figure in figures.items()}
    if isinstance(figures, list | tuple):
        return [_known(figure) for figure in figures]
    return None if isinstance(figures, float) and not math.isfinite(figures) else figures


def write_picture(path: Path, bgr_HW3: np.ndarray) -> None:
    """Write a .png or .jpg; errors as `write_file`, ValueError for another ending."""
    if path.suffix not in ('.png', '.jpg'):
        raise ValueError(f'a picture ends in .png or .jpg, got {path}')
    # Encoded in memory first: cv2.imwrite reports neither what failed nor that the disk is full.
    write_file(path, cv2.imencode(path.suffix, bgr_HW3)[1].tobytes())


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


def write_figure(path: Path, figure) -> None:
    """Write a figure of matplotlib in the format its ending names; errors as `write_file`."""
    written = BytesIO()
    figure.savefig(written, format=path.suffix[1:])
    write_file(path, written.getvalue())
