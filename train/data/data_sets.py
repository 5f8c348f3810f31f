"""Opens data by the NAME=DIR of the command line, with the facts of public data sets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
import hashlib
from pathlib import Path

from mono_depth_ros.model_card import DataUse
from train.data.data_set_facts import (
    DataSetFacts,
    facts_called,
    GTA,
    KITTI,
    masked_outside,
    name_of,
    NO_FACTS,
    NYU,
)
from train.data.nyu_report import may_hold_report, only_report, REPORT, without_report
from train.data.samples.data_notes import note
from train.data.samples.sample import Sample, SampleSource
from train.data.sources import (
    bag,
    bts,
    densedepth,
    fastdepth,
    folder,
    gta,
    kitti,
    nyu_labelled,
    nyu_raw,
    own_list,
    packed,
)
from train.data.sources.list_files import read_text

# By which rules keys and splits of one's own data are made, as runs record it. Runs of rules 1
# split lists by other scenes, knew a picture by the end of its path, took the depth of a
# recording for registered whatever its frame_id and left out words of a camera it did not know.
# Those of rules 2 held back frames of DenseDepth as if they were labelled images.
RULES = 3
# The sources that can still be read as by rules 1: they take `former`.
CHANGED = (bag.BagSource, bts.BtsSource, folder.FolderSource, own_list.OwnListSource)
# A file in a folder data set that says on what terms it may be used; model cards repeat it.
TERMS = 'terms.txt'


@dataclass(frozen=True, kw_only=True)
class Layout:
    """One way data lies on disk: `accepts(path)` knows it, `open(path, split)` reads it.

    `facts` of the data set that is published so, and in `assumed` what reading it takes from them;
    `open_own` reads other data that lies so, None where it cannot be read without those facts.
    """

    name: str
    accepts: Callable[[Path], bool]
    open: Callable[[Path, str], SampleSource]
    facts: DataSetFacts | None = None
    assumed: str = ''
    open_own: Callable[[Path, str], SampleSource] | None = None


# Asked in this order; the first that accepts a path reads it.
LAYOUTS = (
    Layout(name='folder of rgb/, depth/, camera.json', accepts=folder.accepts,
           open=folder.FolderSource),
    Layout(name='nyu_depth_v2_labeled.mat with splits.mat beside it',
           accepts=nyu_labelled.accepts, open=nyu_labelled.LabelledSource, facts=NYU,
           assumed='the camera of its Kinect'),
    Layout(name='FastDepth, {train,val}/SCENE/NNNNN.h5',
           accepts=fastdepth.accepts, open=fastdepth.FastDepthSource, facts=NYU,
           assumed='the camera of its Kinect'),
    Layout(name='BTS, *train*.txt with RGB DEPTH FOCAL on each line',
           accepts=bts.accepts, open=bts.BtsSource, facts=NYU, open_own=own_list.OwnListSource,
           assumed='the principal point of its Kinect, depth in millimetres'),
    Layout(name='DenseDepth, nyu2_train.csv and nyu2_test.csv',
           accepts=densedepth.accepts, open=densedepth.DenseDepthSource, facts=NYU,
           assumed='the camera of its Kinect, depth in steps of 10 m / 255 or millimetres'),
    Layout(name='raw NYU dumps, INDEX.txt with r-*.ppm and d-*.pgm',
           accepts=nyu_raw.accepts, open=nyu_raw.RawSource, facts=NYU,
           assumed='both cameras of its Kinect and how they lie'),
    Layout(name='simulated driving, *_image.jpg with *_cloud.bin and *_proj.bin',
           accepts=gta.accepts, open=gta.GtaSource, facts=GTA, open_own=gta.GtaSource),
    Layout(name='KITTI, DRIVE/proj_depth or DATE/DRIVE/velodyne_points', accepts=kitti.accepts,
           open=kitti.KittiSource, facts=KITTI, open_own=kitti.KittiSource),
    Layout(name='pack of `scripts/train pack`', accepts=packed.accepts,
           open=packed.PackedSource),
    Layout(name='recording, rosbag2 folder or .mcap or .db3 file', accepts=bag.accepts,
           open=bag.BagSource),
)

# The layouts whose keys tell the index of a labelled image of NYU-Depth-v2.
LABELLED = (folder.FolderSource, nyu_labelled.LabelledSource, packed.PackedSource)


class DataSet:
    """Samples under the name the user gave them, with the facts of the data set."""

    def __init__(self, name: str, source: SampleSource, facts: DataSetFacts = NO_FACTS):
        self.name = name
        self.terms = facts.terms
        self._window = facts.window
        self._source = source

    @property
    def keys(self) -> Sequence[str]:
        """Names of the samples, in order."""
        return self._source.keys

    @property
    def is_packed(self) -> bool:
        """Whether its samples need no decoding."""
        return isinstance(self._source, packed.PackedSource)

    def __len__(self) -> int:
        return len(self._source)

    def __getitem__(self, index: int) -> Sample:
        sample = self._source[index]
        depth_HW = sample.depth if self._window is None else masked_outside(
            sample.depth, self._window)
        return replace(sample, depth=depth_HW, name=f'{self.name}/{sample.name}')


def open_data(spec: str, split: str, rules: int = RULES) -> DataSet:
    """The `split` of NAME=PLACE, by the `rules` of a run that learned from it.

    Facts that the files do not hold (terms of use, NYU's camera and white frame) are taken only
    from a NAME that says so, as `nyu`, with a note of what was assumed; a file terms.txt goes
    before them. The labelled images of NYU-Depth-v2 also have the split `report`, which is in
    none of the others.

    Raises ValueError for another spelling, an unknown layout or a missing split (MissingSplit),
    OSError for a place that does not exist.
    """
    name, equals, place = spec.partition('=')
    if not equals or not name or not place:
        raise ValueError(f'expected NAME=DIR (as nyu=data/nyu), got {spec!r}')
    if Path(name).name != name or name == '..':  # reports and figures are called so
        raise ValueError(f'a NAME of data is like that of a file, without folders, got {spec!r}')
    path = Path(place).expanduser()
    if not Path(str(path).removesuffix('#raw')).exists():
        raise FileNotFoundError(f'no file or folder {path} (of data {name!r})')
    layout = _layout_of(path, name)
    facts = facts_called(name)
    source = _opened(layout, path, name, split, rules)
    if layout.open is packed.PackedSource:  # its frame was masked as it was made
        facts = replace(NO_FACTS, terms=packed.read_head(path)['terms'])
    if (told := _terms_file(place)).is_file():
        facts = replace(facts, terms=' '.join(read_text(told).split()))
    if facts.title:
        note(_assumed(name, facts, layout))
    return DataSet(name, source, facts)


def open_all(specs: Sequence[str], split: str) -> dict[str, DataSet]:
    """The `split` of each NAME=PLACE, in order; errors as `open_data`, and for a NAME twice."""
    names = [spec.partition('=')[0] for spec in specs]
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise ValueError(f'two data sets are called {twice[0]!r}: give each a NAME of its own')
    return {spec: open_data(spec, split) for spec in specs}


def absolute_spec(spec: str) -> str:
    """NAME=DIR with the whole path of DIR, that it means the same from any folder."""
    name, _, place = spec.partition('=')
    return f'{name}={Path(place).expanduser().resolve()}'


def known_layout(path: Path) -> Layout | None:
    """How the data of an existing file or folder lies; None where it is no data set."""
    return next((layout for layout in LAYOUTS if layout.accepts(path)), None)


def _layout_of(path: Path, name: str) -> Layout:
    if layout := known_layout(path):
        return layout
    raise ValueError(f'{path} (of data {name!r}) is in no layout known here: '
                     f'{"; ".join(layout.name for layout in LAYOUTS)}')


def _opened(layout: Layout, path: Path, name: str, split: str, rules: int) -> SampleSource:
    """The source of a split, read as the data set that NAME says or as the user's own."""
    facts = facts_called(name)
    if layout.facts and facts is not layout.facts:
        if facts is not NO_FACTS:
            raise ValueError(f'{name}={path}: called as {facts.title}, but it lies as '
                             f'{layout.facts.title} does ({layout.name}): give it another NAME')
        return _by_rules(_own(layout, layout.facts, path, name), rules)(path, split)
    opener = _by_rules(layout.open, rules)
    if facts is not NYU:
        return opener(path, split)
    labelled = layout.open in LABELLED
    source = opener(path, 'train' if labelled and split == REPORT else split)
    if split == REPORT:
        return only_report(source)
    if may_hold_report(source):
        note(f'{name}={path} holds other frames of {facts.title} than the labelled images: those '
             f'of the scenes of the split {REPORT} cannot be told and stay in, so that '
             f'`scripts/train {REPORT}` is no independent measure of what learns from it')
    return without_report(source, former=rules < 3) if labelled else source


def _by_rules(opener: Callable[..., SampleSource],
              rules: int) -> Callable[[Path, str], SampleSource]:
    return partial(opener, former=True) if rules < 2 and opener in CHANGED else opener


def _own(layout: Layout, facts: DataSetFacts, path: Path,
         name: str) -> Callable[[Path, str], SampleSource]:
    """How to read data that lies as a data set does but is not called so."""
    called = name_of(facts)
    if layout.open_own is None:
        raise ValueError(
            f'{name}={path} lies as {facts.title} does ({layout.name}), where files hold no '
            f'camera: if it is that, say {called}={path}; images of your own belong into a folder '
            'with rgb/, depth/ and camera.json')
    note(f'{name}={path} lies as {facts.title} does, but is not called {called}: nothing of '
         f'{facts.title} is assumed, nor its terms of use')
    return layout.open_own


def _assumed(name: str, facts: DataSetFacts, layout: Layout) -> str:
    """What was assumed from a name, in a sentence."""
    parts = [layout.assumed, 'its white frame, where depth is masked' if facts.window else '',
             f'the terms of use {facts.terms!r}']
    return (f'{name} is taken for {facts.title}, as its name says: assumed are '
            f'{", ".join(part for part in parts if part)}')


def note_missing_terms(source: DataSet, place: str) -> None:
    """Tell the user of data whose terms of use will be missing from the card of a model."""
    if source.terms == NO_FACTS.terms:
        note(f'the terms of use of {source.name} are not known, and the card of a model that '
             f'learns from it will say so: write them into {_terms_file(place)}')


def _terms_file(place: str) -> Path:
    """Where the terms of a folder are told, or beside a recording that is one file."""
    path = Path(place.removesuffix('#raw')).expanduser()
    return path.with_name(f'{path.name}.{TERMS}') if path.is_file() else path / TERMS


def data_use(source: DataSet) -> DataUse:
    """What a model's card says of a source it learned from."""
    digest = hashlib.sha256('\n'.join(source.keys).encode()).hexdigest()
    return DataUse(name=source.name, frames=len(source), keys_sha256=digest, terms=source.terms)
