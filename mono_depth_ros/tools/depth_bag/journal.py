"""What an unfinished run has done so far, so that the same command goes on where it was killed."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
import json
from pathlib import Path
import re
import shutil

from mono_depth_ros.bags.reader import BagReader
from mono_depth_ros.bags.writing import BagWriter
from mono_depth_ros.whole_file import write_whole

# Images in a part: what is lost at most when a run is killed.
PART_IMAGES = 32
REQUEST, REFUSED = 'request.json', '/refused'
STRING = 'std_msgs/msg/String'
# Of a request: where it runs, which may change where a run begins anew.
DEVICE = ('device', 'precision', 'backend')


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of an image: serialised messages by topic, or why it has no depth."""

    messages: Mapping[str, bytes]
    refused: str = ''


def kept_request(folder: Path) -> dict[str, str]:
    """What an unfinished run was asked for, {} where there is none; ValueError where damaged."""
    file = folder / REQUEST
    if not file.is_file():
        return {}
    try:
        return dict(json.loads(file.read_text()))
    except (TypeError, ValueError) as error:
        raise ValueError(
            f'{folder} holds an unfinished run, but not what it was asked for ({REQUEST} is '
            'damaged): delete the folder, and the run begins with the first image') from error


class Journal:
    """Outcomes of images in order, kept in a folder as small recordings of PART_IMAGES each.

    `request` is what the run was asked for; another one than the folder's raises ValueError.
    `types` gives the message type of each topic. `anew`: the same request begins with the first
    image again, since depth depends on the images before.
    """

    def __init__(self, folder: Path, request: Mapping[str, str], types: Mapping[str, str],
                 anew: bool = False):
        self._folder, self._types = folder, {**types, REFUSED: STRING}
        self._pending: list[Outcome] = []
        self._check(request, DEVICE if anew else ())
        if anew:
            for path in self._folder.glob('part_*'):
                shutil.rmtree(path)
        self.done = self._parts()[-1][1] + 1 if self._parts() else 0

    def add(self, outcome: Outcome) -> None:
        """Keep the outcome of the next image; every PART_IMAGES are written."""
        self._pending.append(outcome)
        self.done += 1
        if len(self._pending) == PART_IMAGES:
            self.flush()

    def flush(self) -> None:
        """Write what is pending."""
        if self._pending:
            first = self.done - len(self._pending)
            _write_part(self._folder / f'part_{first:08d}_{self.done - 1:08d}', self._types,
                        list(enumerate(self._pending, first)))
            self._pending.clear()

    def outcomes(self) -> Iterator[Outcome]:
        """The outcomes of all images in order."""
        for first, last, path in self._parts():
            yield from _read_part(path, self._types, range(first, last + 1))

    def close(self) -> None:
        """Delete the folder."""
        shutil.rmtree(self._folder)

    def _check(self, request: Mapping[str, str], free: Collection[str]) -> None:
        before = kept_request(self._folder)
        changed = sorted(name for name in request
                         if name not in free and before.get(name) != request[name])
        if before and changed:
            raise ValueError(
                f'{self._folder} holds an unfinished run with another {", ".join(changed)}: start '
                'that one again to finish it, or delete the folder')
        if before != request:
            write_whole(self._folder / REQUEST, json.dumps(dict(request), indent=1).encode())

    def _parts(self) -> list[tuple[int, int, Path]]:
        """First and last number and folder of the parts that are whole and follow each other."""
        parts: list[tuple[int, int, Path]] = []
        for path in sorted(self._folder.glob('part_*')):
            found = re.fullmatch(r'part_(\d{8})_(\d{8})', path.name)
            if not found or int(found[1]) != (parts[-1][1] + 1 if parts else 0):
                continue
            if (path / 'metadata.yaml').is_file():
                parts.append((int(found[1]), int(found[2]), path))
            else:
                shutil.rmtree(path)  # cut off while it was written
        return parts


def _write_part(path: Path, types: Mapping[str, str],
                outcomes: Sequence[tuple[int, Outcome]]) -> None:
    with BagWriter(path, 'mcap') as writer:
        for topic, kind in types.items():
            writer.declare(topic, kind)
        for number, outcome in outcomes:
            # The time of a message is the number of its image here.
            for topic, message in outcome.messages.items():
                writer.write(topic, number, message)
            if outcome.refused:
                writer.write(REFUSED, number, writer.serialised(STRING, data=outcome.refused))


def _read_part(path: Path, types: Mapping[str, str], numbers: range) -> Iterator[Outcome]:
    reader = BagReader(path)
    kept: dict[int, dict[str, bytes]] = {number: {} for number in numbers}
    for topic, _, number, message in reader.messages(types):
        kept[number][topic] = message
    for messages in kept.values():
        refused = messages.pop(REFUSED, None)
        yield Outcome(messages=messages,
                      refused=reader.decode(STRING, refused).data if refused else '')
