"""Two processes over gloo: they learn what one would, whatever their parts of a batch hold."""

import json
import os
from pathlib import Path
import subprocess
import sys

import pytest
from train_helpers import write_folder
import two_processes

from train.data.data_sets import open_data
from train.fitting.checkpoint import load_checkpoint
from train.fitting.distributed import ALONE
from train.fitting.run_folder import read_run
from train.fitting.validation import Validation

ROOT = Path(__file__).parents[3]
pytestmark = [pytest.mark.thorough, pytest.mark.timeout(400)]
TORCHRUN = (sys.executable, '-m', 'torch.distributed.run', '--standalone', '--nproc-per-node')


@pytest.fixture(scope='module')
def data(tmp_path_factory):
    return write_folder(tmp_path_factory.mktemp('data') / 'set')


@pytest.fixture(scope='module')
def found(data, tmp_path_factory):
    """What each of two processes found, and the same two steps in this one alone."""
    folder = tmp_path_factory.mktemp('two')
    done = subprocess.run([*TORCHRUN, '2', two_processes.__file__, str(folder), str(data)],
                          cwd=ROOT, capture_output=True, text=True,
                          env={**os.environ, 'OMP_NUM_THREADS': '1', 'PYTHONPATH': str(ROOT)})
    assert done.returncode == 0, done.stderr[-4000:]
    alone = two_processes.new_run(folder, [open_data(f'mine={data}', 'train')], ALONE)
    losses = [alone.take_step(two_processes.images((0, 1, 2, 3))).item() for _ in range(2)]
    return [json.loads((folder / f'{rank}.json').read_text()) for rank in (0, 1)], alone, losses


def test_ranks_are_averaged_by_their_number_of_known_images(found):
    """Three known images in one and none in the other, or two and one: each counts alike."""
    two, _, losses = found
    assert [part['mean'] for part in two] == [1.5, 2.5]  # DDP's mean of both is (3 + 5) / (3 + 1)
    for step in (0, 1):
        mean = sum(part['losses'][step] for part in two) / 2
        assert mean == pytest.approx(losses[step], rel=1e-5)


def test_a_process_without_known_depth_does_not_end_the_others(found):
    """Nor does it change what is learned."""
    two, alone, _ = found
    expected = two_processes.weights(alone)
    assert two[0]['weights'] == two[1]['weights']
    assert two[0]['weights'] == pytest.approx(expected, rel=1e-4, abs=1e-4)


def test_frozen_norms_keep_their_statistics_in_two_processes(found):
    start = two_processes.weights(two_processes.new_run(Path('.'), found[1].training, ALONE))
    after = found[0][0]['weights']
    assert [name for name in start if 'running' in name and start[name] != after[name]] == []
    assert after['coarse.stem.stem.2.weight'] != start['coarse.stem.stem.2.weight']


def test_processes_divide_the_validation_and_find_what_one_finds(found, data):
    two, alone, _ = found
    assert [part['read'] for part in two] == [[0], [1]]
    assert two[0]['figures'] == two[1]['figures']
    whole = Validation([open_data(f'mine={data}', 'val')], two_processes.recipe(), 0)
    assert two[0]['figures'] == pytest.approx(whole.validate(alone.ema.network), rel=1e-3)


def test_a_slow_disk_does_not_end_the_other_processes(found):
    """The default of nccl is ten minutes, that of gloo half an hour."""
    assert all(part['timeout_s'] == 7200 for part in found[0])


def test_torchrun_starts_from_a_model_as_documented(data, tmp_path):
    """One process, joined all the same; without the -- torchrun would take --start for its own."""
    words = [word for setting in ('stages.1.epochs=1', 'stages.2.epochs=0', 'stages.3.epochs=0',
                                  'batch_size=6') for word in ('--set', setting)]
    done = subprocess.run(
        [*TORCHRUN, '1', '-m', 'train', '--', 'fit', 'finetune', '--start', 'indoor', '--data',
         f'mine={data}', '--out', str(tmp_path / 'run'), '--device', 'cpu', '--workers', '0',
         *words], cwd=ROOT, capture_output=True, text=True,
        env={**os.environ, 'OMP_NUM_THREADS': '2'})
    assert done.returncode == 0, done.stderr[-4000:]
    assert read_run(tmp_path / 'run').start.endswith('indoor.safetensors')
    assert load_checkpoint(tmp_path / 'run')['stage'] == 3
