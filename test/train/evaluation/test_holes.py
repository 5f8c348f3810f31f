"""Ways to fill holes, compared: what is hidden, what each makes of it, the command."""

import json

import cv2
from model_helpers import write_untrained
import numpy as np
import pytest
from train_helpers import write_folder

from train.__main__ import main
from train.data.data_sets import open_data
from train.data.samples.data_notes import DataNote
from train.evaluation.fill_comparison import (
    compare_fills,
    fill_difference,
    fill_errors,
    FillFrame,
    FILLS,
    FITTED,
)
from train.evaluation.hidden_regions import ellipses, other_frame, sensor_holes

HOLE = (slice(10, 30), slice(15, 45))


def room(height=40, width=60):
    """Depth of a wall at 4 m with a step: a box at 2 m in the middle."""
    depth = np.full((height, width), 4, np.float32)
    depth[15:25, 25:35] = 2
    return depth


def test_comparison_hides_the_same_pixels_from_each_way():
    """A tilted floor, 2 to 8 m: the prediction knows the tilt, at 0.7 of the scale."""
    depth = np.tile(np.linspace(2, 8, 60, dtype=np.float32)[:, None], (1, 80))
    frame = FillFrame(sensor=depth, predicted=0.7 * depth, rgb=np.full((60, 80, 3), 90, np.uint8))
    hidden = ellipses(depth.shape, np.random.default_rng(0), 3, 0.5)
    ratios = compare_fills([frame], lambda frame: hidden)[1]
    errors = fill_errors(ratios)
    assert set(errors) == set(FILLS) and {e.pixels for e in errors.values()} == {hidden.sum()}
    assert all(e.filled == 1 for e in errors.values())
    assert errors['network, one scale'].abs_rel < 1e-5
    value, low, high = fill_difference(ratios, FITTED, 'nearest', np.random.default_rng(0))
    assert value == pytest.approx(errors[FITTED].abs_rel - errors['nearest'].abs_rel, abs=1e-6)
    assert low == pytest.approx(value) == high  # one frame: nothing to draw
    assert errors['network, fitted'].abs_rel < 1e-5
    assert errors['network, as it is'].abs_rel == pytest.approx(0.3, abs=1e-5)
    assert errors['network, as it is'].delta1 == 0  # 1 / 0.7 is above 1.25
    for name in ('nearest', 'in-painted', 'bilateral'):
        assert 0.005 < errors[name].abs_rel < 0.15, name


def test_classes_are_filled_together_and_told_apart():
    """Of a small hole in the middle of a large one every way sees the large one only."""
    depth = np.full((40, 60), 4, np.float32)
    depth[18:22, 28:32] = 2
    frame = FillFrame(sensor=depth, predicted=depth, rgb=np.zeros((40, 60, 3), np.uint8))
    classes = np.zeros((40, 60), np.uint8)
    classes[HOLE] = 3
    classes[18:22, 28:32] = 1
    found = {number: fill_errors(ratios)['nearest']
             for number, ratios in compare_fills([frame], lambda frame: classes).items()}
    assert {number: error.pixels for number, error in found.items()} == {1: 16, 3: 584}
    assert found[1].abs_rel == pytest.approx(1) and found[3].abs_rel == pytest.approx(0)


def test_differences_are_drawn_over_frames():
    """Two frames, one better by 0.1 and one worse by 0.3, of as many pixels: -0.1 to 0.3."""
    ratios = {'a': [np.full(5, 1.0), np.full(5, 1.4)], 'b': [np.full(5, 1.1), np.full(5, 1.1)]}
    found = fill_difference(ratios, 'a', 'b', np.random.default_rng(0))
    assert found == pytest.approx((0.1, -0.1, 0.3))
    ratios['b'][1][:] = np.nan  # not filled: the frame does not count
    assert fill_difference(ratios, 'a', 'b', np.random.default_rng(0))[0] == pytest.approx(-0.1)


def test_holes_of_a_sensor_by_their_depth():
    """Height 100: a line of 2 pixels is 1 % deep, 6 across 3 %, 20 across 10 %."""
    depth = np.full((100, 200), 3, np.float32)
    depth[10:12, 10:60] = depth[30:36, 10:60] = depth[50:70, 10:60] = np.nan
    classes = sensor_holes(depth, depth.shape)
    assert (classes[11, 30], classes[33, 30], classes[60, 30]) == (1, 2, 3)
    np.testing.assert_array_equal(classes > 0, np.isnan(depth))
    half = sensor_holes(depth, (50, 100))
    assert half.shape == (50, 100) and half[30, 20] == 3


def test_the_holes_hidden_are_those_of_another_frame():
    drawn = {other_frame(range(4), 2, np.random.default_rng(seed)) for seed in range(50)}
    assert drawn == {0, 1, 3}
    assert other_frame(range(1), None, np.random.default_rng(0)) == 0
    with pytest.raises(ValueError, match='give a data set of several'):
        other_frame(range(1), 0, np.random.default_rng(0))


def test_holes_of_a_frame_that_cannot_be_read_are_those_of_another(tmp_path):
    folder = write_folder(tmp_path / 'set')
    for name in ('0000', '0003', '0005'):
        (folder / 'rgb' / f'{name}.png').write_bytes(b'broken')
    source = open_data(f'other={folder}', 'train')
    with pytest.warns(DataNote, match='other/0003 cannot be read: .*its holes are not hidden'):
        drawn = {other_frame(source, 2, np.random.default_rng(seed)).name for seed in range(30)}
    assert drawn == {'other/0001', 'other/0004'}


@pytest.mark.thorough
def test_every_way_fills_a_hole_wider_than_the_bilateral_filter_reaches():
    """12 rounds of 6 pixels; 160 from side to side."""
    sensor = np.full((200, 200), 3, np.float32)
    sensor[20:180, 20:180] = np.nan
    frame = FillFrame(sensor=sensor, predicted=np.full_like(sensor, 2),
                      rgb=np.random.default_rng(0).integers(0, 255, (200, 200, 3), np.uint8))
    for name, fill in FILLS.items():
        assert np.isfinite(fill(frame)).all(), name


@pytest.mark.thorough
def test_command_prints_a_table_and_writes_the_figures(tmp_path, capsys):
    write_folder(tmp_path / 'set')
    write_untrained(tmp_path / 'drawn.safetensors', 'mobile')
    assert main(['holes', str(tmp_path / 'drawn.safetensors'), '--data',
                 f'mine={tmp_path / "set"}', '--split', 'train', '--frames', '3', '--sizes',
                 '0.2', '0.5', '--json', str(tmp_path / 'holes.json'), '--figure',
                 str(tmp_path / 'holes.png'), '--device', 'cpu']) == 0
    out = capsys.readouterr().out
    assert 'drawn on mine train, 3 of 6 frames, 4 ellipses each, seed 0' in out
    lines = [line for line in out.splitlines() if line.startswith('|')]
    assert lines[0] == '| AbsRel, holes | 0.2 of the height | 0.5 of the height |'
    assert len(lines) == 2 + len(FILLS) + 3
    found, = json.loads((tmp_path / 'holes.json').read_text())
    first, second = (f'{size} of the height' for size in ('0.2', '0.5'))
    assert list(found['by_size']) == [first, second]
    assert set(found['by_size'][first]) == set(FILLS)
    assert f'| nearest | {found["by_size"][first]["nearest"]["abs_rel"]:.4f} |' in out
    assert cv2.imread(str(tmp_path / 'holes.png')).shape[1] == pytest.approx(
        (7 * 2.5 + 0.85) * 110, abs=1)


@pytest.mark.thorough
def test_a_figure_that_cannot_be_drawn_costs_no_measurement(tmp_path, capsys):
    """Two data sets, each with a figure of its own; the folder of the first is a file."""
    write_folder(tmp_path / 'set')
    write_untrained(tmp_path / 'drawn.safetensors', 'mobile')
    (tmp_path / 'file').write_text('')
    words = ['--data', f'a={tmp_path / "set"}', '--data', f'b={tmp_path / "set"}', '--json',
             str(tmp_path / 'all.json'), '--device', 'cpu', '--figure']
    holes = ['holes', str(tmp_path / 'drawn.safetensors'), '--frames', '1', '--sizes', '0.5']
    assert main([*holes, *words, str(tmp_path / 'file' / 'x.png')]) == 1
    assert 'cannot write' in capsys.readouterr().err
    found = json.loads((tmp_path / 'all.json').read_text())
    assert [one['data'] for one in found] == ['a', 'b']
    assert main([*holes, *words, str(tmp_path / 'x.png')]) == 0
    assert {path.name for path in tmp_path.glob('*.png')} == {'x_a.png', 'x_b.png'}

    compare = ['compare', str(tmp_path / 'drawn.safetensors'), '--protocol', 'full']
    (tmp_path / 'all.json').unlink()
    assert main([*compare, *words, str(tmp_path / 'file' / 'x.png')]) == 1
    rows = json.loads((tmp_path / 'all.json').read_text())
    assert [len(row['images']) for row in rows] == [2, 2]


@pytest.mark.thorough
def test_command_hides_the_holes_of_other_frames(tmp_path, capsys):
    """Frame 3 lacks a corner of 30x20 pixels, all frames the first column."""
    folder = write_folder(tmp_path / 'set')
    depth = cv2.imread(str(folder / 'depth' / '0003.png'), cv2.IMREAD_UNCHANGED)
    depth[:20, :30] = 0
    cv2.imwrite(str(folder / 'depth' / '0003.png'), depth)
    write_untrained(tmp_path / 'drawn.safetensors', 'mobile')
    assert main(['holes', str(tmp_path / 'drawn.safetensors'), '--data', f'mine={folder}',
                 '--split', 'val', '--shapes', f'other={folder}', '--seed', '1',
                 '--frames', '0', '--device', 'cpu']) == 0
    out = capsys.readouterr().out
    assert 'the holes of other each' in out
    heads = [line for line in out.splitlines() if line.startswith('| AbsRel, holes')]
    assert heads == ['| AbsRel, holes | above 4 % deep |'] and 'Hidden pixels: 580.' in out


@pytest.mark.parametrize('words, message', [
    (['nothing', '--data', 'a=.'], "error: no model file 'nothing'"),
    (['indoor', '--data', 'a=/no/dir'], 'error: no file or folder /no/dir'),
    (['indoor', '--data', 'a=.', '--sizes', '0'], '--sizes above 0, up to 1; got 4 and 0.0')])
def test_mistakes_of_the_command_are_one_sentence(capsys, words, message):
    assert main(['holes', *words]) == 1
    error = capsys.readouterr().err.strip()
    assert message in error and '\n' not in error


def test_nothing_to_hide_is_said():
    frame = FillFrame(sensor=np.full((20, 20), np.nan, np.float32), predicted=room(20, 20),
                      rgb=np.zeros((20, 20, 3), np.uint8))
    with pytest.raises(ValueError, match='no measured pixel to hide'):
        compare_fills([frame], lambda frame: np.ones((20, 20)))
