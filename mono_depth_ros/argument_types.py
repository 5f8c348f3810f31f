"""Types of argparse for numbers that must be above 0; what is none is refused with a sentence."""

from __future__ import annotations

import argparse
from collections.abc import Callable
import math


def positive(most: float = math.inf) -> Callable[[str], float]:
    """The type of a finite number above 0, at most `most`."""
    limit = f' and at most {most:g}' if math.isfinite(most) else ''

    def read(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not (math.isfinite(value) and 0 < value <= most):
            raise argparse.ArgumentTypeError(f'must be a number above 0{limit}, got {text}')
        return value
    return read


def count(text: str) -> int:
    """A whole number from 1 on."""
    try:
        value = int(text)
    except ValueError:
        value = 0
    if value < 1:
        raise argparse.ArgumentTypeError(f'must be a whole number from 1 on, got {text}')
    return value
