"""Depth by the measured factor, and by what other evidence says of the rest."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
import math
import time

import numpy as np
from rclpy.lifecycle import LifecycleNode

from mono_depth_ros.node.interface.frame import Frame
from mono_depth_ros.node.interface.stream_part import Input
from mono_depth_ros.node.steps.evidence import Evidence
from mono_depth_ros.node.steps.floor_evidence import FloorEvidence
from mono_depth_ros.node.steps.reference_evidence import ReferenceEvidence
from mono_depth_ros.node.steps.step import Step
from mono_depth_ros.scale.slow_factor import Caution, SlowFactor

# Evidence is looked for this often: it costs about a millisecond, and changes slowly.
EVERY_S = 0.5
# The operator is warned where a reference has been missing this long.
MISSING_S = 5.0


class Scale(Step):
    """Multiplies depth by depth_scale, then by the slow factor of scale_source.

    The factor of one source begins at 1, and holds while there is no evidence. One that is not
    asked for costs nothing, nor are its topics subscribed to.
    """

    def __init__(self, node: LifecycleNode, prefix: str):
        super().__init__(node, prefix)
        self._sources: dict[str, Evidence] = {
            'reference': ReferenceEvidence(node, prefix), 'height': FloorEvidence(node, prefix)}
        self._source, self._slow, self._start = '', SlowFactor(), 1.0
        self._looked_s, self._started_s = -math.inf, 0.0
        self._values: dict[str, str] = {}
        self._found = 'not looked for yet'

    def inputs(self) -> tuple[Input, ...]:
        """The topics of every source; each is wanted while it is the source."""
        return tuple(replace(wanted, wanted=partial(self._is_source, name))
                     for name, source in self._sources.items() for wanted in source.inputs())

    def values(self) -> dict[str, str]:
        """The factor, its age and spread."""
        return self._values

    def adjust(self, frame: Frame) -> Frame:
        """The frame with its depth scaled in place, its range with it."""
        settings = frame.settings
        scale = settings.start_scale
        if settings.scale_source != self._source:
            self._begin(settings.scale_source)
        elif scale != self._start:  # the slow factor is relative to it
            self._slow.rescale(scale / self._start)
        self._start = scale
        _scale_in_place(frame.depth_HW, scale, 0.0)
        if self._source not in self._sources:
            self._values, self.warning = {'scale': f'{scale:.3f}'}, ''
            return replace(frame, scale=scale)
        self._follow(frame)
        _scale_in_place(frame.depth_HW, self._slow.factor, self._slow.offset_m)
        scale *= self._slow.factor
        self._tell(scale)
        frame = replace(frame, scale=scale, offset_m=self._slow.offset_m)
        return replace(frame, range_m=settings.limited_range(*frame.model_range_m))

    def idle(self) -> None:
        """As every part, and release what the sources made: they make it anew when asked."""
        super().idle()
        self.close()

    def close(self) -> None:
        """Release what the sources made."""
        for source in self._sources.values():
            source.close()

    def _is_source(self, name: str) -> bool:
        return self._source == name

    def _begin(self, source: str) -> None:
        self._source, self._looked_s, self._started_s = source, -math.inf, time.monotonic()
        self._slow = SlowFactor(getattr(self._sources.get(source), 'caution', Caution()))
        for name, evidence in self._sources.items():
            if name != source:
                evidence.forget()
                evidence.close()

    def _follow(self, frame: Frame) -> None:
        now_s, factor, offset_m = frame.time_s, None, 0.0
        if now_s < self._looked_s:  # a recording begins anew
            self._started_s = time.monotonic()
        if not 0 <= now_s - self._looked_s < EVERY_S:
            self._looked_s = now_s
            try:
                factor, offset_m = self._sources[self._source].look(frame)
                self._found = f'factor {factor:.3f}'
            except ValueError as error:
                self._found = str(error)
        if not self._slow.add(now_s, factor, offset_m) and factor is not None:
            self._found += ', out of bounds'

    def _tell(self, scale: float) -> None:
        slow, source = self._slow, self._sources[self._source]
        known = math.isfinite(slow.age_s)
        self._values = {
            'scale': f'{scale:.3f}', 'scale offset (m)': f'{slow.offset_m:.3f}',
            'scale age (s)': f'{slow.age_s:.1f}' if known else 'no evidence yet',
            'scale spread (log)': f'{slow.spread:.3f}' if known else 'no evidence yet',
            'scale evidence': self._found} | source.values()
        waited_s = slow.age_s if known else time.monotonic() - self._started_s
        self.warning = source.warning or (
            f'no evidence of scale for {waited_s:.0f} s, it is held at {scale:.2f}: {self._found}'
            if source.expected and waited_s > MISSING_S else '')


def _scale_in_place(depth_HW: np.ndarray, factor: float, offset_m: float) -> None:
    if factor != 1:
        depth_HW *= np.float32(factor)
    if offset_m:
        depth_HW += np.float32(offset_m)
