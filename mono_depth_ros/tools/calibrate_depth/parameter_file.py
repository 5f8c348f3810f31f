"""A parameter in a ROS parameter file, set without touching the rest of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
import re

from mono_depth_ros.whole_file import write_whole

# The keys above parameters that are depth_node's, the one that wins first.
NODES = ('depth_node', '/**')
NEW = '/**:\n  ros__parameters:\n    depth_scale: {}\n'


def written(path: Path, factor: float) -> None:
    """Set depth_scale in a parameter file: its line, a new first one, or a new file.

    Comments and order stay, and the parameters of other nodes. Raises ValueError where the file
    has no place for parameters of depth_node, OSError where it cannot be written.
    """
    number = f'{factor:.3f}'
    stored = path.read_bytes().decode() if path.exists() else ''
    text = stored.replace('\r\n', '\n')
    if not text.strip():
        text = NEW.format(number)
    else:
        text = _with_scale(text, number, path)
    file = path.resolve()  # what a link points to, as of colcon's --symlink-install
    write_whole(file, text.replace('\n', '\r\n' if '\r\n' in stored else '\n').encode())


def _with_scale(text: str, number: str, path: Path) -> str:
    text = text if text.endswith('\n') else f'{text}\n'
    block = _block_of_node(text)
    if block is None:
        raise ValueError(f'{path} has no line `ros__parameters:` on its own, one below depth_node '
                         f'or /** where there are several, to set depth_scale below: write '
                         f'`depth_scale: {number}` there by hand')
    below = text[block.start:block.stop]
    # The first key below tells how deep they stand; deeper ones are those of single cameras.
    first = re.search(r'(?m)^([ \t]+)[^\s#]', below)
    indent = first.group(1) if first else block.indent + '  '
    own = (rf'(?m)^({indent}(?:depth_scale|"depth_scale"|\'depth_scale\')[ \t]*:)'
           r'[ \t]*[^\s#]*(?=[ \t]|$)')
    changed, count = re.subn(own, rf'\g<1> {number}', below)
    if not count:
        changed = f'{indent}depth_scale: {number}\n{below}'
    return text[:block.start] + changed + text[block.stop:]


@dataclass(frozen=True, kw_only=True)
class _Block:
    """The lines below a line `ros__parameters:` with its indent, and the key above that line."""

    node: str
    indent: str
    start: int
    stop: int


def _block_of_node(text: str) -> _Block | None:
    """The only block, or of several that of depth_node, else of /**; None where unsure."""
    blocks = list(_blocks(text))
    if len(blocks) == len(re.findall(r'(?m)^[^#\n]*\bros__parameters\b', text)) == 1:
        return blocks[0]
    for node in NODES:
        named = [block for block in blocks if block.node == node]
        if named:
            return named[0] if len(named) == 1 else None
    return None


def _blocks(text: str) -> Iterator[_Block]:
    above: list[tuple[int, str]] = []
    for line in re.finditer(r'(?m)^([ \t]*)([^\s#][^\n]*?)[ \t]*:[ \t]*(#.*)?\n', text):
        indent, key = line[1], line[2].strip('\'"')
        above = [(width, name) for width, name in above if width < len(indent)]
        if key == 'ros__parameters' and above:
            # Up to the next line that is no comment and stands no deeper.
            end = re.compile(rf'(?m)^[ \t]{{0,{len(indent)}}}[^\s#]').search(text, line.end())
            node = above[-1][1]
            yield _Block(node=node if node in NODES else node.rpartition('/')[2], indent=indent,
                         start=line.end(), stop=end.start() if end else len(text))
        above.append((len(indent), key))
