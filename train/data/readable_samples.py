"""Samples of a data set that can be read; the others are left out, named and counted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from mono_depth_ros.sentences import sentence
from train.data.data_sets import DataSet
from train.data.samples.data_notes import note
from train.data.samples.sample import Sample

# What is made of a data set goes on while no more than this part of it cannot be read.
MOST_UNREADABLE = 0.5


def read_sample(source: DataSet, index: int) -> Sample | str:
    """A sample by its number; in words why it cannot be read."""
    try:
        return source[index]
    except (OSError, ValueError) as error:
        return f'{source.name}/{source.keys[index]} cannot be read: {sentence(error)}'


def readable(source: DataSet, numbers: Iterable[int]) -> Iterator[tuple[int, Sample]]:
    """Number and sample of those that can be read; then as `check_unreadable`."""
    problems, images = [], 0
    for number in numbers:
        images += 1
        sample = read_sample(source, number)
        if isinstance(sample, str):
            problems.append(sample)
        else:
            yield number, sample
    check_unreadable(problems, images)


def check_unreadable(problems: Sequence[str], images: int) -> None:
    """Tell the user what was left out of so many images; ValueError where it is most of them."""
    if not problems:
        return
    told = f'{len(problems)} of {images} images cannot be used, the first: {problems[0]}'
    if len(problems) > MOST_UNREADABLE * images:
        raise ValueError(f'{told}. More than {MOST_UNREADABLE:.0%} is too many')
    others = ', '.join(problem.partition(' ')[0] for problem in problems[1:6])
    note(f'{told}{f"; also {others}" if others else ""}{", ..." if len(problems) > 6 else ""}: '
         'left out')


def first_readable(source: DataSet) -> Sample:
    """The first sample that can be read, by which others are judged; ValueError for none."""
    return first_readables(source, 1)[0]


def first_readables(source: DataSet, most: int) -> list[Sample]:
    """The first samples that can be read, so many or all there are; ValueError for none."""
    samples = (read_sample(source, index) for index in range(len(source)))
    found = list(islice((one for one in samples if not isinstance(one, str)), most))
    if not found:
        raise ValueError(f'none of the {len(source)} images of {source.name} can be read, the '
                         f'first: {read_sample(source, 0)}')
    return found
