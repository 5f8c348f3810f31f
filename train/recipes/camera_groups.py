"""The real data sets by camera: what is left out together, and which are capped in drawing.

Sets of one camera, or of one kind of place seen by like cameras, are one group: a network that
has learned one of them has an easy time with the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class CameraSet:
    """One data set: its name, which is that of its folder unless `folder` says otherwise.

    `cap` is how many images it counts as, at most, when draws are shared out among the sets (0:
    as many as it has); `why` says why it is capped.
    """

    name: str
    folder: str = ''
    cap: int = 0
    why: str = ''

    def place(self, root: str) -> Path:
        """Its folder below `root`."""
        return Path(root) / (self.folder or self.name)

    def spec(self, root: str) -> str:
        """NAME=DIR of the set below `root`."""
        return f'{self.name}={self.place(root)}'


@dataclass(frozen=True, kw_only=True)
class CameraGroup:
    """Data sets that are left out together."""

    name: str
    sets: tuple[CameraSet, ...]


@dataclass(frozen=True, kw_only=True)
class CameraTable:
    """All cameras of one kind of place.

    `always` are learned from in every fold; of `select` (one of those, or none) the validation
    images are measured too. `protocol` is what left-out sets are measured by, `select_protocol`
    the selection set.
    """

    name: str
    groups: tuple[CameraGroup, ...]
    protocol: str
    always: tuple[CameraSet, ...] = ()
    select: str = ''
    select_protocol: str = ''

    def group(self, name: str) -> CameraGroup:
        """The group of that name; ValueError lists those there are."""
        for group in self.groups:
            if group.name == name:
                return group
        raise ValueError(f'no group of cameras {name!r} in {self.name}; known: '
                         f'{", ".join(group.name for group in self.groups)}')

    def sets_without(self, left_out: Sequence[str]) -> tuple[CameraSet, ...]:
        """The sets to learn from when the groups called `left_out` are left out."""
        for name in left_out:
            self.group(name)
        return (*self.always, *(one for group in self.groups if group.name not in left_out
                                for one in group.sets))


NYU = CameraSet(name='nyu', folder='nyu_v2_train')
INDOOR = CameraTable(
    name='indoor', protocol='full', select='nyu', select_protocol='eigen-crop', always=(NYU,),
    groups=(
        CameraGroup(name='kitchen', sets=(CameraSet(name='kinect_kitchen'),)),
        CameraGroup(name='realsense', sets=(
            CameraSet(name='realsense_office'), CameraSet(name='d435_lab'),
            CameraSet(name='d435_desk', cap=4, why='one desk, depth cut at 4 m, nominal camera'))),
        CameraGroup(name='hololens', sets=(CameraSet(name='hololens_office'),)),
        CameraGroup(name='xtion', sets=(
            CameraSet(name='xtion_rooms'), CameraSet(name='xtion_places'))),
        CameraGroup(name='replica', sets=(
            CameraSet(name='replica_apartment'), CameraSet(name='replica_meeting'))),
        CameraGroup(name='tables', sets=(
            CameraSet(name='xtion_table', cap=12, why='one table from one pose: a fixed ramp'),
            CameraSet(name='wrist_table'), CameraSet(name='ycb_table'),
            CameraSet(name='single_tables'))),
        CameraGroup(name='bins', sets=(
            CameraSet(name='primesense_table', cap=6, why='one view from above'),
            CameraSet(name='phoxi_bin', cap=4, why='one view from above'),
            CameraSet(name='topdown_box', cap=4, why='one view from above'),
            CameraSet(name='shelf_bins'),
            CameraSet(name='apc_shelf', cap=4, why='one shelf, a quarter of its pixels known'))),
        CameraGroup(name='iphone', sets=(
            CameraSet(name='iphone_desk', cap=8, why='smoothed depth, fine things missing'),
            CameraSet(name='iphone_door', cap=4, why='one door, smoothed depth'))),
        CameraGroup(name='singles', sets=(
            CameraSet(name='single_rooms'), CameraSet(name='honor_rooms'),
            CameraSet(name='structure_stairs'))),
    ))
OUTDOOR = CameraTable(
    name='outdoor', protocol='outdoor', groups=(
        CameraGroup(name='gta', sets=(CameraSet(name='gta_street'),)),
        CameraGroup(name='ddad', sets=(CameraSet(name='ddad_street'),)),
        CameraGroup(name='kitti', sets=(CameraSet(name='kitti_street'),)),
        CameraGroup(name='nuscenes', sets=(
            CameraSet(name='nuscenes_street', cap=4, why='one place'),
            CameraSet(name='argoverse_street'))),
        CameraGroup(name='carla', sets=(CameraSet(name='carla_street'),)),
    ))
TABLES = {table.name: table for table in (INDOOR, OUTDOOR)}


def caps_setting(sets: Sequence[CameraSet]) -> str:
    """The `--set` that gives a recipe the caps of those sets that have one."""
    return f'caps={tuple((one.name, one.cap) for one in sets if one.cap)!r}'
