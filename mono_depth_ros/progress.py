"""A line of progress: in place on a terminal, now and then elsewhere."""

from __future__ import annotations

from collections.abc import Callable
import sys
import time

EVERY_S = 5.0


def progress() -> Callable[[str], None]:
    """Function that prints a line of progress: in place on a terminal, else every 5 s."""
    if sys.stdout.isatty():
        return lambda line: print(f'\r\033[K  {line}', end='', flush=True)
    shown_s = [time.monotonic() - 3.0]

    def occasionally(line: str) -> None:
        if time.monotonic() - shown_s[0] >= EVERY_S:
            shown_s[0] = time.monotonic()
            print(f'  {line}', flush=True)
    return occasionally


def end_progress() -> None:
    """Clear the line on a terminal."""
    if sys.stdout.isatty():
        print('\r\033[K', end='', flush=True)


def bar(done: int, of: int, since_s: float, width: int = 24) -> str:
    """'[####....] 40/120, 8.1 a second, 10 s left', begun at a monotonic time with 0 done."""
    filled = round(width * done / of) if of else width
    spent_s = time.monotonic() - since_s
    rate = done / spent_s if spent_s > 0 else 0.0
    left = f', {(of - done) / rate:.0f} s left' if rate else ''
    return f'[{"#" * filled}{"." * (width - filled)}] {done}/{of}, {rate:.1f} a second{left}'
