"""What the parts of a check found, row by row; a row that fails does not end the others."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
import json
from pathlib import Path
import time
from typing import Any

Values = dict[str, Any]
# For an attempt that is made however late it is.
ANYWAY = float('-inf')


@dataclass(frozen=True, kw_only=True)
class Row:
    """One thing that was tried: how it went ('ok', 'failed' or 'left out'), why, and numbers."""

    part: str
    name: str
    state: str
    reason: str = ''
    values: Values = field(default_factory=dict)


class Findings:
    """The rows of one part, each written to a file at once: a crash loses none before it."""

    def __init__(self, part: str, path: Path, seconds: float):
        self._part, self._path = part, path
        self._end = time.monotonic() + seconds

    @property
    def left_s(self) -> float:
        """Seconds left to this part."""
        return self._end - time.monotonic()

    def add(self, name: str, state: str, reason: str = '', **values: Any) -> None:
        """Write a row."""
        row = Row(part=self._part, name=name, state=state, reason=reason, values=values)
        with open(self._path, 'a') as file:
            file.write(json.dumps(asdict(row)) + '\n')

    def attempt(self, name: str, work: Callable[[], Values], needs_s: float = 0.0) -> bool:
        """Whether `work` gave values; the row says what it raised, or that no time was left.

        With `needs_s` ANYWAY it is done on the slowest machine too.
        """
        if self.left_s < needs_s:
            self.add(name, 'left out', 'no time was left' if self.left_s < 0 else
                     f'{needs_s:.0f} s were needed, {self.left_s:.0f} s were left')
            return False
        start = time.monotonic()
        try:
            values = work()
        except Exception as error:  # whatever breaks on this machine is what is asked
            first = str(error).strip().splitlines() or ['']
            self.add(name, 'failed', f'{type(error).__name__}: {first[0]}'[:400])
            return False
        self.add(name, 'ok', took_s=round(time.monotonic() - start, 2), **values)
        return True


def read_rows(path: Path) -> list[Row]:
    """The rows written so far."""
    lines = path.read_text().splitlines() if path.exists() else []
    return [Row(**json.loads(line)) for line in lines]


def part_options(description: str | None) -> argparse.Namespace:
    """Options every part is started with."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument('--device', required=True)
    parser.add_argument('--seconds', type=float, required=True)
    parser.add_argument('--rows', type=Path, required=True)
    parser.add_argument('--data', type=Path)
    return parser.parse_args()
