"""What goes wrong outside ends in one sentence and exit code 1, whatever command meets it."""

import json
import os
from pathlib import Path
import shutil
import subprocess
import sys

import cv2
import h5py
from model_helpers import write_untrained
import numpy as np
import pytest
from train_helpers import write_folder, write_pair

from train.__main__ import main
from train.fitting.checkpoint import save_checkpoint

FULL = Path('/dev/full')  # every write there fails as on a full disk
full_disk = pytest.mark.skipif(not FULL.is_char_device(), reason='no /dev/full here')


@pytest.fixture(scope='module')
def model(tmp_path_factory):
    path = tmp_path_factory.mktemp('models') / 'drawn.safetensors'
    write_untrained(path, 'mobile')
    return path


def sentence(capsys, *words):
    """The one line of a failing command."""
    assert main([str(word) for word in words]) == 1
    lines = capsys.readouterr().err.split('\r')[-1].strip().splitlines()
    assert lines[-1].startswith('error: '), lines
    return lines[-1]


def halve(path):
    data = path.read_bytes()
    path.write_bytes(data[:len(data) // 2])
    return path


def write_h5(path, **arrays):
    path.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(path, 'w') as file:
        for name, array in arrays.items():
            file[name] = array
    return path


FRAME = {'rgb': np.full((3, 480, 640), 90, np.uint8), 'depth': np.ones((480, 640), np.float32)}


@pytest.mark.thorough
@pytest.mark.parametrize('name', ['rgb/0006.png', 'depth/0006.png'])
def test_half_a_picture_is_named(folder, model, capsys, name):
    """And where it is half of all, what is measured is measured on the others."""
    halve(folder / name)
    assert main(['evaluate', str(model), '--data', f'mine={folder}', '--protocol', 'full']) == 0
    told = capsys.readouterr()
    assert name in told.err and '(1 that cannot be read left out)' in told.out
    assert name in sentence(capsys, 'data', folder, '--split', 'val')
    halve(folder / name.replace('6', '7'))
    for command in ('evaluate', 'holes'):
        assert name in sentence(capsys, command, model, '--data', f'mine={folder}')


@pytest.mark.thorough
@pytest.mark.parametrize('command, words, told', [
    ('compare', ['--protocol', 'full'], '5 images (1 that cannot be read left out)'),
    ('densify', ['--frames', '0'], 'mine train, 5 of 6 frames'), ('scale', [], '')])
def test_half_a_picture_ends_nothing_that_measures(folder, model, capsys, command, words, told):
    """Of the six images the first is broken; `scale` finds no floor in the others."""
    halve(folder / 'rgb' / '0000.png')
    models = [] if command == 'densify' else [str(model)]
    done = main([command, *models, '--data', f'mine={folder}', '--split', 'train', *words])
    out, said = capsys.readouterr()
    assert 'rgb/0000.png' in said and told in out
    assert done == 0 or command == 'scale' and 'no image with a known floor' in said


def test_half_a_jpeg_is_named(tmp_path, capsys):
    """OpenCV's imread would show its upper half, the rest grey."""
    noise = np.random.default_rng(0).integers(0, 255, (20, 40, 3), np.uint8)
    for number in range(3):
        cv2.imwrite(str(tmp_path / f'{number:04d}_image.jpg'), noise)
        np.array([(0, 0, 9)], np.float32).T.tofile(tmp_path / f'{number:04d}_cloud.bin')
        np.array([[30, 0, 19, 0], [0, 30, 9, 0], [0, 0, 1, 0]], np.float32).tofile(
            tmp_path / f'{number:04d}_proj.bin')
        halve(tmp_path / f'{number:04d}_image.jpg')
    assert '_image.jpg: it is broken or no image' in sentence(capsys, 'data', tmp_path)


def test_half_an_h5_and_wrong_keys_are_named(tmp_path, capsys):
    path = write_h5(tmp_path / 'val' / 'official' / '00001.h5', rgb=FRAME['rgb'],
                    depht=FRAME['depth'])
    told = sentence(capsys, 'data', f'nyu={tmp_path}', '--split', 'test')
    assert "00001.h5 has no array 'depth'" in told and 'it holds depht, rgb' in told
    halve(write_h5(path, **FRAME))
    assert '00001.h5 is cut short or no HDF5 file' in sentence(
        capsys, 'data', f'nyu={tmp_path}', '--split', 'test')


def test_half_a_mat_is_named(tmp_path, capsys):
    path = halve(write_h5(tmp_path / 'nyu_depth_v2_labeled.mat', images=FRAME['rgb'][None]))
    assert 'nyu_depth_v2_labeled.mat is cut short or no HDF5 file' in sentence(
        capsys, 'data', path)


def test_half_a_recording_is_named(tmp_path, capsys):
    path = tmp_path / 'robot.mcap'
    path.write_bytes(b'\x89MCAP0\r\n' + bytes(100))
    assert 'robot.mcap cannot be read as a recording' in sentence(capsys, 'data', path)


def test_half_a_model_is_named(model, folder, tmp_path, capsys):
    half = halve(Path(shutil.copy(model, tmp_path / 'half.safetensors')))
    for command in ('evaluate', 'holes', 'compare'):
        told = sentence(capsys, command, half, '--data', f'mine={folder}')
        assert 'half.safetensors is not a whole .safetensors file' in told
    assert 'half.safetensors' in sentence(capsys, 'show', half)


def blind(folder):
    for path in (folder / 'depth').iterdir():
        cv2.imwrite(str(path), np.zeros((48, 64), np.uint16))
    return folder


@pytest.mark.thorough
def test_depth_unknown_everywhere_is_said(folder, model, tmp_path, capsys):
    data = f'mine={blind(folder)}'
    assert 'mine val: none of 2 images has known depth that protocol full counts (0.001 to 10 m' \
        in sentence(capsys, 'evaluate', model, '--data', data, '--protocol', 'full')
    assert 'none of 6 frames has known depth' in sentence(capsys, 'data', folder)
    assert 'known depth' in sentence(
        capsys, 'fit', 'mobile', '--data', data, '--out', tmp_path / 'run', '--device', 'cpu',
        '--workers', 0, '--set', 'imagenet_stem=False')


def test_an_image_without_depth_is_left_out_of_an_evaluation_and_named(folder, model, tmp_path):
    cv2.imwrite(str(folder / 'depth' / '0006.png'), np.zeros((48, 64), np.uint16))
    assert main(['evaluate', str(model), '--data', f'mine={folder}', '--protocol', 'full',
                 '--json', str(tmp_path / 'figures.json')]) == 0
    report, = json.loads((tmp_path / 'figures.json').read_text())
    assert report['blank'] == ['mine/0006'] and list(report['images']) == ['mine/0007']


def test_no_image_at_all_is_said(folder, model, tmp_path, capsys):
    (folder / 'val.txt').write_text('\n')
    for words in (('evaluate', model, '--data', f'mine={folder}'),
                  ('data', folder, '--split', 'val')):
        assert 'val.txt lists no key' in sentence(capsys, *words)
    (tmp_path / 'empty').mkdir()
    assert 'in no layout known here' in sentence(capsys, 'data', tmp_path / 'empty')


def test_a_set_without_its_camera_is_not_mixed_in(folder, tmp_path, capsys):
    other = write_folder(tmp_path / 'other')
    (other / 'camera.json').unlink()
    told = sentence(capsys, 'fit', 'mobile', '--data', f'a={folder}', '--data', f'b={other}',
                    '--out', tmp_path / 'run')
    assert 'other/camera.json is missing: metric depth needs the camera' in told
    assert not (tmp_path / 'run').exists()


def test_two_data_sets_of_one_name_are_refused(folder, tmp_path, capsys):
    """One report was written over the other."""
    data = ('--data', f'y={folder}', '--data', f'y={folder}/')
    for words in (('evaluate', 'indoor'), ('holes', 'indoor'), ('densify',),
                  ('compare', 'indoor'), ('table1', '--out', tmp_path / 'table'),
                  ('fit', 'mobile', '--out', tmp_path / 'run')):
        assert "two data sets are called 'y'" in sentence(capsys, *words, *data)


@pytest.mark.parametrize('command', [('holes', 'indoor'), ('densify',)])
def test_a_seed_below_zero_is_refused(command, capsys):
    assert '--seed must be 0 or more, got -3' in sentence(
        capsys, *command, '--data', 'a=b', '--seed=-3')


@pytest.mark.thorough
@full_disk
@pytest.mark.parametrize('option, name', [('--json', 'out.json'), ('--report', 'mine/index.html'),
                                          ('--report', 'mine/image_0.jpg')])
def test_a_full_disk_under_a_report_is_said(folder, model, tmp_path, capsys, option, name):
    place = tmp_path / 'report'
    (place / name).parent.mkdir(parents=True)
    (place / name).symlink_to(FULL)
    given = place / name if option == '--json' else place
    told = sentence(capsys, 'evaluate', model, '--data', f'mine={folder}', '--protocol', 'full',
                    option, given)
    assert f'cannot write {place / name}: No space left on device' in told


@pytest.mark.thorough
@full_disk
def test_a_full_disk_under_a_figure_or_a_sheet_is_said(folder, model, tmp_path, capsys):
    path = tmp_path / 'picture.png'
    path.symlink_to(FULL)
    assert 'No space left on device' in sentence(capsys, 'data', folder, '--sheet', path)
    assert 'No space left on device' in sentence(
        capsys, 'compare', model, '--data', f'mine={folder}', '--protocol', 'full', '--figure',
        path)


@full_disk
def test_a_full_disk_under_a_checkpoint_keeps_the_one_before(tmp_path):
    save_checkpoint(tmp_path, {'step': 1})
    before = (tmp_path / 'checkpoint.pt').read_bytes()
    (tmp_path / 'checkpoint.pt.part').symlink_to(FULL)
    with pytest.raises(OSError, match='checkpoint.pt.part'):
        save_checkpoint(tmp_path, {'step': 2})
    assert (tmp_path / 'checkpoint.pt').read_bytes() == before


def test_a_pair_of_two_sizes_names_both(folder, capsys):
    write_pair(folder, '0006', seed=6)
    cv2.imwrite(str(folder / 'depth' / '0006.png'), np.ones((4, 4), np.uint16))
    told = sentence(capsys, 'data', folder, '--split', 'val')
    assert "pair '0006'" in told and 'must agree' in told


@pytest.mark.thorough
def test_a_reader_that_has_seen_enough_meets_no_error(model):
    """As `scripts/train show MODEL | head` does: whoever reads goes before all is written."""
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run([sys.executable, '-m', 'train', 'show', str(model)], stdout=write,
                          stderr=subprocess.PIPE, cwd=Path(__file__).parents[3], text=True)
    os.close(write)
    assert (done.returncode, done.stderr) == (1, '')
