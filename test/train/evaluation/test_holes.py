"""Ways to fill holes, compared: what is hidden, what each makes of it, the command."""

import json

from model_helpers import write_untrained
import numpy as np
import pytest
from train_helpers import write_folder

from train.__main__ import main
from train.evaluation.fill_comparison import compare_fills, FillFrame, FILLS, hidden_region


def test_comparison_hides_the_same_pixels_from_each_way():
    """A tilted floor, 2 to 8 m: the prediction knows the tilt, at 0.7 of the scale."""
    depth = np.tile(np.linspace(2, 8, 60, dtype=np.float32)[:, None], (1, 80))
    frame = FillFrame(sensor=depth, predicted=0.7 * depth, rgb=np.full((60, 80, 3), 90, np.uint8))
    errors = compare_fills([frame], np.random.default_rng(0), holes=3, size=0.5)
    hidden = hidden_region(depth.shape, np.random.default_rng(0), 3, 0.5)
    assert set(errors) == set(FILLS) and {e.pixels for e in errors.values()} == {hidden.sum()}
    assert all(e.filled == 1 for e in errors.values())
    assert errors['network, fitted'].abs_rel < 1e-5
    assert errors['network, as it is'].abs_rel == pytest.approx(0.3, abs=1e-5)
    assert errors['network, as it is'].delta1 == 0  # 1 / 0.7 is above 1.25
    for name in ('nearest', 'in-painted', 'bilateral'):
        assert 0.005 < errors[name].abs_rel < 0.15, name


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
                 '0.2', '0.5', '--json', str(tmp_path / 'holes.json'), '--device', 'cpu']) == 0
    out = capsys.readouterr().out
    assert 'drawn on mine train, 3 of 6 frames, 4 ellipses each, seed 0' in out
    lines = [line for line in out.splitlines() if line.startswith('|')]
    assert lines[0] == '| AbsRel, holes up to | 0.2 of the height | 0.5 of the height |'
    assert len(lines) == 2 + len(FILLS)
    found, = json.loads((tmp_path / 'holes.json').read_text())
    assert set(found['by_size']) == {'0.2', '0.5'} and set(found['by_size']['0.2']) == set(FILLS)
    assert f'| nearest | {found["by_size"]["0.2"]["nearest"]["abs_rel"]:.4f} |' in out


@pytest.mark.parametrize('words, message', [
    (['nothing', '--data', 'a=.'], "error: no model file 'nothing'"),
    (['indoor', '--data', 'a=/no/dir'], 'error: no file or folder /no/dir'),
    (['indoor', '--data', 'a=.', '--sizes', '0'], '--sizes above 0, up to 1; got 4 and 0.0')])
def test_mistakes_of_the_command_are_one_sentence(capsys, words, message):
    assert main(['holes', *words]) == 1
    error = capsys.readouterr().err.strip()
    assert message in error and '\n' not in error


def test_nothing_to_hide_is_said():
    unknown = np.full((20, 20), np.nan, np.float32)
    frame = FillFrame(sensor=unknown, predicted=np.ones((20, 20), np.float32),
                      rgb=np.zeros((20, 20, 3), np.uint8))
    with pytest.raises(ValueError, match='no measured pixel to hide'):
        compare_fills([frame], np.random.default_rng(0))
