"""One run of depth_bag: estimate what is missing, assemble the recording, measure it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict
import json
import os
import shutil
import sys
import time
from typing import Any

from mono_depth_ros.bags.reader import BagReader
from mono_depth_ros.bags.writing import sync_folder
from mono_depth_ros.estimator import DepthEstimator
from mono_depth_ros.node.interface.parameters import (
    nearest_name,
    PARAMETERS,
    Settings,
    settings_from,
)
from mono_depth_ros.progress import bar, end_progress, progress
from mono_depth_ros.sentences import counted
from mono_depth_ros.tools.depth_bag.accuracy import report
from mono_depth_ros.tools.depth_bag.assembly import assemble, everything
from mono_depth_ros.tools.depth_bag.cameras import cameras_of
from mono_depth_ros.tools.depth_bag.estimation import BagEstimation, output_types
from mono_depth_ros.tools.depth_bag.journal import DEVICE, Journal, kept_request, Outcome
from mono_depth_ros.tools.depth_bag.options import Options


def depth_bag(options: Options) -> list[str]:
    """Make the recording `options.out`; lines that say what is in it.

    What is done so far lies in OUT.unfinished until all is. Raises OSError or ValueError with one
    sentence.
    """
    out, unfinished = options.out, options.out.with_name(f'{options.out.name}.unfinished')
    if out.exists():
        raise FileExistsError(f'{out} exists already: delete it, or give another name')
    settings = settings_of(options.parameters)
    anew = carries_state(settings)
    reader = BagReader(options.recording)
    cameras = cameras_of(reader, options.images, options.outputs)
    # A run that begins anew may do so on another device.
    estimator = _estimator(settings, {} if anew else kept_request(unfinished))
    streams = {camera.image_topic: BagEstimation(estimator, camera, options.outputs, settings)
               for camera in cameras}
    types = {camera.output(name): kind for camera in cameras
             for name, kind in output_types(options.outputs).items()}
    journal = Journal(unfinished, _request(options, settings, estimator, list(streams)), types,
                      anew=anew)
    _estimate(reader, streams, journal)
    refused: Counter[str] = Counter()
    whole = unfinished / out.name
    shutil.rmtree(whole, ignore_errors=True)  # of a run that was killed while it assembled
    assemble(reader, cameras, types, _counted(journal.outcomes(), refused), whole)
    if sum(refused.values()) == journal.done:
        journal.close()
        raise ValueError(f'no image of {options.recording} has depth: {next(iter(refused))}')
    accuracies = report(whole, cameras, set(types), next(iter(streams.values())).range_m)
    sync_folder(whole)
    os.rename(whole, out)
    journal.close()
    return [f'{journal.done - sum(refused.values())} of {journal.done} images have depth, on '
            f'{", ".join(types)}',
            *(f'refused, {counted(number, "image")}: {why}' for why, number in refused.items()),
            *(accuracy.line() for accuracy in accuracies), f'recording: {out}']


def settings_of(given: Mapping[str, Any]) -> Settings:
    """The node's settings from its defaults and the parameters given; ValueError for a wrong one.

    Raises ValueError for an unknown name, too, with the nearest known one, and for one of a single
    camera.
    """
    defaults = {parameter.name: parameter.default for parameter in PARAMETERS}
    own = {name: value for name, value in given.items()
           if name != 'use_sim_time' and not name.startswith('qos_overrides.')}
    for name in sorted(own.keys() - defaults.keys()):
        camera, _, of_camera = name.partition('.')
        if of_camera in defaults and camera in (given.get('cameras') or ()):
            raise ValueError(f'{name} is for the camera {camera} alone, but depth_bag has one '
                             f'{of_camera} for all: take it out of the parameters, and make the '
                             'depth of that camera by itself with --images')
        raise ValueError(f'depth_node has no parameter {name}; the nearest is '
                         f'{nearest_name(name) or "none"}')
    return settings_from({**defaults, **own})


def carries_state(settings: Settings) -> bool:
    """Whether depth depends on the images before, so that a run has to begin with the first.

    Raises ValueError where it depends on other topics.
    """
    source = settings.scale_source
    if source == 'reference':
        raise ValueError('scale_source reference needs topics that depth_bag does not play to the '
                         'node: use fixed, height or none')
    if settings.tilt_source == 'imu':
        raise ValueError('tilt_source imu needs a topic that depth_bag does not play to the node: '
                         'use pose')
    return source == 'height' or settings.smoothing > 0


def _estimator(settings: Settings, kept: Mapping[str, str]) -> DepthEstimator:
    """As the settings say, and where a run goes on, by what served it before."""
    return DepthEstimator.load(settings.model_file, *(
        kept.get(name) or getattr(settings, name) for name in DEVICE))


def _request(options: Options, settings: Settings, estimator: DepthEstimator,
             topics: list[str]) -> dict[str, str]:
    """What must be alike for a run to go on: the same result bit by bit."""
    files = [options.recording] if options.recording.is_file() else sorted(
        file for file in options.recording.iterdir() if file.is_file())
    return {
        'recording': str(options.recording.resolve()),
        'files': ', '.join(f'{file.name} {file.stat().st_size}' for file in files),
        'images': ', '.join(topics), 'outputs': ', '.join(options.outputs),
        'model': estimator.model_sha256, 'device': estimator.device,
        'precision': estimator.precision, 'backend': estimator.backend,
        'parameters': json.dumps({name: value for name, value in asdict(settings).items()
                                  if name not in DEVICE})}


def _estimate(reader: BagReader, streams: Mapping[str, BagEstimation], journal: Journal) -> None:
    """Add the outcome of every image that the journal has none of yet."""
    total = sum(topic.messages for topic in reader.topics() if topic.name in streams)
    show, start_s, before = progress(), time.monotonic(), journal.done
    said: set[str] = set()
    number = 0
    for topic, kind, log_ns, message in everything(reader):
        if topic not in streams:
            continue
        number += 1
        if number <= before:
            streams[topic].skip(kind, message)
            continue
        journal.add(_outcome(streams[topic], kind, message, log_ns))
        for sentence in set(streams[topic].warnings()) - said:
            end_progress()
            print(f'{topic}: {sentence}', file=sys.stderr)
            said.add(sentence)
        show(f'{topic} {bar(number - before, total - before, start_s)}')
    journal.flush()
    end_progress()


def _outcome(stream: BagEstimation, kind: str, message: bytes, log_ns: int) -> Outcome:
    try:
        return Outcome(messages=stream.outputs_of(kind, message, log_ns))
    except ValueError as error:
        return Outcome(messages={}, refused=str(error))


def _counted(outcomes: Iterator[Outcome], refused: Counter[str]) -> Iterator[Outcome]:
    for outcome in outcomes:
        if outcome.refused:
            refused[outcome.refused] += 1
        yield outcome
