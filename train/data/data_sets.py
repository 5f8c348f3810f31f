"""Opens data by the NAME=DIR of the command line, with the facts of public data sets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
import hashlib
from pathlib import Path

from mono_depth_ros.model_card import DataUse
from train.data.data_set_facts import (
    BY_NAME,
    DataSetFacts,
    GTA,
    KITTI,
    masked_outside,
    NO_FACTS,
    NYU,
)
from train.data.nyu_report import only_report, REPORT, without_report
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
    packed,
)

# A file in a folder data set that says on what terms it may be used; model cards repeat it.
TERMS = 'terms.txt'


@dataclass(frozen=True, kw_only=True)
class Layout:
    """One way data lies on disk: `accepts(path)` knows it, `open(path, split)` reads it.

    `facts` where only one data set lies so.
    """

    name: str
    accepts: Callable[[Path], bool]
    open: Callable[[Path, str], SampleSource]
    facts: DataSetFacts | None = None


# Asked in this order; the first that accepts a path reads it.
LAYOUTS = (
    Layout(name='folder of rgb/, depth/, camera.json', accepts=folder.accepts,
           open=folder.FolderSource),
    Layout(name='nyu_depth_v2_labeled.mat with splits.mat beside it',
           accepts=nyu_labelled.accepts, open=nyu_labelled.LabelledSource, facts=NYU),
    Layout(name='FastDepth, {train,val}/SCENE/NNNNN.h5',
           accepts=fastdepth.accepts, open=fastdepth.FastDepthSource, facts=NYU),
    Layout(name='BTS, *train*.txt with RGB DEPTH FOCAL on each line',
           accepts=bts.accepts, open=bts.BtsSource, facts=NYU),
    Layout(name='DenseDepth, nyu2_train.csv and nyu2_test.csv',
           accepts=densedepth.accepts, open=densedepth.DenseDepthSource, facts=NYU),
    Layout(name='raw NYU dumps, INDEX.txt with r-*.ppm and d-*.pgm',
           accepts=nyu_raw.accepts, open=nyu_raw.RawSource, facts=NYU),
    Layout(name='simulated driving, *_image.jpg with *_cloud.bin and *_proj.bin',
           accepts=gta.accepts, open=gta.GtaSource, facts=GTA),
    Layout(name='KITTI, DRIVE/proj_depth or DATE/DRIVE/velodyne_points', accepts=kitti.accepts,
           open=kitti.KittiSource, facts=KITTI),
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

    def __len__(self) -> int:
        return len(self._source)

    def __getitem__(self, index: int) -> Sample:
        sample = self._source[index]
        depth_HW = sample.depth if self._window is None else masked_outside(
            sample.depth, self._window)
        return replace(sample, depth=depth_HW, name=f'{self.name}/{sample.name}')


def open_data(spec: str, split: str) -> DataSet:
    """The `split` of NAME=PLACE, with terms and white frame where the layout tells the data set.

    A folder of pictures tells none; there NAME `nyu` does, or a file terms.txt. The labelled
    images of NYU-Depth-v2 also have the split `report`, which is in none of the others.

    Raises ValueError for another spelling or an unknown layout, OSError for a place that does
    not exist.
    """
    name, equals, place = spec.partition('=')
    if not equals or not name or not place:
        raise ValueError(f'expected NAME=DIR (as nyu=data/nyu), got {spec!r}')
    path = Path(place).expanduser()
    if not Path(str(path).removesuffix('#raw')).exists():
        raise FileNotFoundError(f'no file or folder {path} (of data {name!r})')
    for layout in LAYOUTS:
        if layout.accepts(path):
            facts = layout.facts or BY_NAME.get(name, NO_FACTS)
            labelled = facts is NYU and layout.open in LABELLED
            source = layout.open(path, 'train' if labelled and split == REPORT else split)
            if labelled:
                source = only_report(source) if split == REPORT else without_report(source)
            if (path / TERMS).is_file():
                facts = replace(facts, terms=' '.join((path / TERMS).read_text().split()))
            if layout.open is packed.PackedSource:  # its frame was masked as it was made
                facts = DataSetFacts(terms=packed.read_head(path)['terms'])
            return DataSet(name, source, facts)
    raise ValueError(f'{path} (of data {name!r}) is in no layout known here: '
                     f'{"; ".join(layout.name for layout in LAYOUTS)}')


def data_use(source: DataSet) -> DataUse:
    """What a model's card says of a source it learned from."""
    digest = hashlib.sha256('\n'.join(source.keys).encode()).hexdigest()
    return DataUse(name=source.name, frames=len(source), keys_sha256=digest, terms=source.terms)
