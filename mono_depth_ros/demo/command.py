"""Camera and depth_node as two processes, recorded and shown: see `--help`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
import shlex
import subprocess
import sys

from mono_depth_ros.demo.options import Options, parse
from mono_depth_ros.demo.panel import write_panel
from mono_depth_ros.demo.playback import evenly_spaced, read_frames
from mono_depth_ros.demo.processes import CONFIG, NAMESPACE
from mono_depth_ros.demo.session import record, Result, view_file
from mono_depth_ros.node.stop_signals import StopSignals
from mono_depth_ros.progress import end_progress
from mono_depth_ros.sentences import counted, sentence

ROWS = 3
# The longest that drawing one picture may take, with the imports.
CHECK_S = 120.0
LAYOUT = CONFIG / 'foxglove_demo.json'
UNCALIBRATED = (
    "No calibration lies with the pictures: the depth is for the model's reference camera, so\n"
    'its scale may be off, and there are no points. To have both, put a camera.json beside them,\n'
    'with the numbers of your camera (docs/install.md says where they are) in place of these:\n'
    '  {"width": 640, "height": 480, "fx": 525.0, "fy": 525.0, "cx": 319.5, "cy": 239.5}')


def main(arguments: list[str], stop: StopSignals) -> int:
    """Exit code of the demo: 0 when depth arrived and results are written, else 1."""
    options = parse(arguments)
    stop.on_request(lambda: None)  # the results so far are kept
    try:
        options = with_world(options)
        source = options.images or options.video or options.title()
        print(f'camera: {source}; results go to {options.out}')
        result = record(options, stop)
        panel = _panel(options, result) if result.complete_ns else None
    except (OSError, ValueError) as error:
        print(f'demo: {sentence(error)}', file=sys.stderr)
        return 1
    _report(options, result, panel)
    return 1 if result.error or panel is None else 0


def with_world(options: Options) -> Options:
    """The same options, with the recorded world where this machine cannot render one."""
    if options.images or options.video or options.world == 'recording':
        return options
    reason = _why_no_world()
    if not reason:
        return options
    print(f'No world can be drawn here: {reason}\n'
          'The recorded simulation that comes with the package is played instead.')
    return replace(options, world='recording')


def _why_no_world() -> str:
    """Why this machine renders no world, by a process of its own; '' where it does."""
    try:
        check = subprocess.run(
            [sys.executable, '-m', 'mono_depth_ros.simulation.rendering.check'],
            capture_output=True, text=True, timeout=CHECK_S)
    except subprocess.TimeoutExpired:  # a driver that hangs
        return f'OpenGL did not answer within {CHECK_S:g} s'
    if check.returncode == 0:
        return ''
    return ([*(check.stdout + check.stderr).strip().splitlines()] or ['the check failed'])[-1]


def _panel(options: Options, result: Result) -> Path:
    path = options.out / 'demo.png'
    frames = read_frames(result.recording, NAMESPACE, evenly_spaced(result.complete_ns, ROWS))
    values = result.statistics.diagnostics
    words = [f'model {values.get("model", options.model)} on {values.get("device", "?")}',
             counted(len(result.statistics.arrivals_ns), 'depth image'),
             f'network {values.get("inference p50 (ms)", "?")} ms']
    if error := result.statistics.mean_error():
        words.append(f'against the true depth of all frames: AbsRel {error.abs_rel:.3f}, '
                     f'delta1 {error.delta1:.3f}')
    write_panel(path, frames, f'mono_depth_ros: {options.title()}', ', '.join(words))
    return path


def _report(options: Options, result: Result, panel: Path | None) -> None:
    end_progress()
    if result.statistics.arrivals_ns:
        print(f'  in all: {result.statistics.line()}')
    if result.error:
        print(f'demo: {result.error}', file=sys.stderr)
    if panel is None:
        if not result.error:
            print('demo: depth arrived, but never with the image it belongs to; see '
                  f'{options.out / "logs"}', file=sys.stderr)
        return
    size_mb = result.recording.stat().st_size / 1e6
    what = 'image, depth and points' if result.with_points else 'image and depth'
    print(f'recorded: {counted(len(result.complete_ns), "frame")} with {what}.\n'
          f'  picture:   {panel}\n'
          f'  recording: {result.recording} ({size_mb:.0f} MB)')
    if options.view and (file := view_file(options)):
        print(f'  view:      {file} (no display here): '
              f'{shlex.join([str(Path(sys.executable).with_name("rerun")), str(file)])}')
    if not result.with_points:
        print(UNCALIBRATED)
    print(f'Next: open the recording in Foxglove (Open local file) with the layout\n  {LAYOUT}\n'
          'or ros2 bag play it.')
