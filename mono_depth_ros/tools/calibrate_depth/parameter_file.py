"""A parameter in a ROS parameter file, set without touching the rest of it."""

from __future__ import annotations

import os
from pathlib import Path
import re

NEW = '/**:\n  ros__parameters:\n    depth_scale: {}\n'


def written(path: Path, factor: float) -> None:
    """Set depth_scale in a parameter file: its line, a new first one, or a new file.

    Comments and order stay. Raises ValueError where the file has no place for parameters,
    OSError where it cannot be written.
    """
    number = f'{factor:.3f}'
    text = path.read_text() if path.exists() else ''
    if not text.strip():
        text = NEW.format(number)
    else:
        text = _with_scale(text, number, path)
    whole = path.with_name(f'.{path.name}.new')
    whole.write_text(text)
    os.replace(whole, path)


def _with_scale(text: str, number: str, path: Path) -> str:
    changed, count = re.subn(r'(?m)^(\s+depth_scale:[ \t]*)[^\s#]+', rf'\g<1>{number}', text)
    if count:
        return changed
    place = re.search(r'(?m)^([ \t]*)ros__parameters:[ \t]*(#.*)?\n', text)
    if not place:
        raise ValueError(f'{path} has no line `ros__parameters:` on its own, to set depth_scale '
                         f'below: write `depth_scale: {number}` there by hand')
    following = re.match(r'([ \t]+)\S', text[place.end():])
    indent = following.group(1) if following else place.group(1) + '  '
    return f'{text[:place.end()]}{indent}depth_scale: {number}\n{text[place.end():]}'
