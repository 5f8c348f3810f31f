"""What works on this machine's GPU, and how fast: `scripts/gpu_check`.

Four parts, each a process of its own, so that a crash of one leaves the others: right (pytest),
fast (inference), learns (training), the node (where rclpy imports). Needs a checkout and a Python
with torch, numpy, opencv, safetensors and tqdm; nothing is installed, nothing is fetched.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
import os
from pathlib import Path
import subprocess
import sys
import tempfile
import venv

from mono_depth_ros.backends.torch_backend import pick_device
from mono_depth_ros.bench.findings import Findings, read_rows
from mono_depth_ros.sentences import sentence
from train.data.samples.data_notes import printed_notes
from train.gpu_check.packed_data import draw_data, make_packs, packs_in
from train.gpu_check.report import machine, write_report

ROOT = Path(__file__).parents[2]
DATA = ROOT / 'gpu_check_data'
# A part watches its own time; so much later it hangs.
PATIENCE_S = 75
# Of the whole time.
SHARES = {'right': 0.2, 'fast': 0.3, 'learns': 0.35, 'node': 0.15}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the check or make its data; 1 where a part found something failing."""
    options = _options(arguments)
    try:
        if options.pack:
            with printed_notes():
                written = make_packs(options.data, options.pack)
            print(f'{options.pack}: {written:.1f} MB; it is read from {DATA} beside the checkout, '
                  'or by --packed DIR')
            return 0
        return check(options, pick_device(options.device))
    except (OSError, ValueError) as error:
        print(f'error: {sentence(error)}', file=sys.stderr)
        return 1


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog='scripts/gpu_check', description=__doc__)
    parser.add_argument('--out', type=Path, default=Path('runs/gpu_check'),
                        help='folder of gpu_check.json and gpu_check.md (default runs/gpu_check)')
    parser.add_argument('--minutes', type=float, default=8.0)
    parser.add_argument('--device', default='cuda', help='cuda, cuda:N, or cpu to try the check')
    parser.add_argument('--part', action='append', choices=SHARES, help='all by default')
    parser.add_argument('--packed', type=Path, default=DATA, metavar='DIR',
                        help='what --pack has made (default gpu_check_data); drawn where missing')
    parser.add_argument('--wheels', type=Path, metavar='DIR',
                        help='folder of the wheels of requirements/ros.txt, for a machine without '
                             'ROS: they go into a virtual environment of their own')
    parser.add_argument('--pack', type=Path, metavar='DIR',
                        help='make the data of a check from --data, then end')
    parser.add_argument('--data', action='append', default=[], metavar='NAME=DIR',
                        help='for --pack: real and simulated data sets')
    options = parser.parse_args(arguments)
    if bool(options.pack) != bool(options.data):
        parser.error('--pack and --data go together')
    return options


def check(options: argparse.Namespace, device: str) -> int:
    """Run the parts asked for in their shares of the time, and write what they found."""
    options.out.mkdir(parents=True, exist_ok=True)
    rows = options.out.resolve() / 'rows.jsonl'
    rows.unlink(missing_ok=True)
    shares = {part: SHARES[part] for part in options.part or SHARES}
    seconds = {part: share * 60 * options.minutes / sum(shares.values())
               for part, share in shares.items()}
    with tempfile.TemporaryDirectory() as folder:
        data = options.packed.resolve()
        if not packs_in(data):
            data = Path(folder)
            draw_data(data)
        if 'right' in seconds:
            right(device, seconds['right'], rows, data)
        for part, module in (('fast', 'speed'), ('learns', 'learning')):
            if part in seconds:
                run_part(part, [sys.executable, '-m', f'train.gpu_check.{module}'], device,
                         seconds[part], rows, data)
        if 'node' in seconds:
            node(device, seconds['node'], rows, data, options.wheels, Path(folder))
    found = read_rows(rows)
    print(write_report(options.out, machine(device), found))
    return int(any(row.state == 'failed' for row in found))


def right(device: str, seconds: float, rows: Path, data: Path) -> None:
    """The tests of marker `gpu`, by plain pytest; test/gpu/conftest.py writes a row for each."""
    command = [sys.executable, '-m', 'pytest', '-q', '-m', 'gpu', '-p', 'no:cacheprovider',
               'test/gpu']
    ended = _ended(command, seconds, GPU_CHECK_DEVICE=device, GPU_CHECK_DATA=str(data),
                   GPU_CHECK_ROWS=str(rows), GPU_CHECK_SECONDS=f'{seconds:.0f}')
    if ended and not any(row.state == 'failed' for row in read_rows(rows)):
        Findings('right', rows, 0).add('pytest -m gpu', 'failed', ended)


def run_part(part: str, command: list[str], device: str, seconds: float, rows: Path, data: Path,
             **environment: str) -> None:
    """A part in a process of its own; a row where it did not end by itself with code 0."""
    ended = _ended([*command, '--device', device, '--seconds', f'{seconds:.0f}', '--rows',
                    str(rows), '--data', str(data)], seconds, **environment)
    if ended and not any(row.part == part and row.state == 'failed' for row in read_rows(rows)):
        Findings(part, rows, 0).add('the whole part', 'failed', ended)


def _ended(command: list[str], seconds: float, **environment: str) -> str:
    """Why a process did not end with code 0, in one line; '' where it did."""
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False,
                              timeout=seconds + PATIENCE_S, env=os.environ | environment)
    except subprocess.TimeoutExpired:
        return f'it took more than {seconds + PATIENCE_S:.0f} s and was ended'
    lines = (done.stderr.strip() or done.stdout.strip()).splitlines() or ['']
    return f'it ended with code {done.returncode}: {lines[-1][:300]}' if done.returncode else ''


def node(device: str, seconds: float, rows: Path, data: Path, wheels: Path | None,
         folder: Path) -> None:
    """Camera process, node and listener over DDS, where rclpy imports."""
    try:
        python = python_with(wheels, folder / 'venv') if wheels else sys.executable
    except ValueError as error:
        Findings('node', rows, 0).add('camera, node, listener', 'failed', str(error))
        return
    prefix = str(Path(python).parents[1])
    if _ended([python, '-c', 'import rclpy, sensor_msgs.msg'], 60, AMENT_PREFIX_PATH=prefix):
        Findings('node', rows, 0).add(
            'camera, node, listener', 'left out', 'rclpy does not import here: give --wheels DIR')
        return
    run_part('node', [python, '-m', 'train.gpu_check.node_stream'], device, seconds, rows,
             data, AMENT_PREFIX_PATH=prefix)


def python_with(wheels: Path, folder: Path) -> str:
    """A Python that has the wheels in a folder beside all this one has; ValueError."""
    venv.create(folder, system_site_packages=True, with_pip=False)
    python = folder / 'bin' / 'python'
    # A virtual environment's own packages are no system packages of the next.
    for site in (folder / 'lib').glob('python3*/site-packages'):
        (site / 'outer.pth').write_text('\n'.join(path for path in sys.path if path) + '\n')
    # Not by --target, which leaves out what a wheel has in two places.
    ended = _ended([sys.executable, '-m', 'pip', '--python', str(python), 'install', '-q',
                    '--no-index', '--no-deps', *map(str, sorted(wheels.glob('*.whl')))], 120)
    if ended:
        raise ValueError(f'the wheels in {wheels} could not be installed: {ended}')
    return str(python)


if __name__ == '__main__':
    sys.exit(main())
