"""From files to network numbers: the folder source, its mask, and random views."""

from dataclasses import dataclass, replace
import json

import cv2
import numpy as np
import pytest
from train_helpers import CAMERA

from mono_depth_ros.camera import Camera
from train.__main__ import main
from train.data.data_set_facts import masked_outside, NYU
from train.data.data_sets import data_use, LAYOUTS, open_data
from train.data.packing import pack
from train.data.samples.augmentation import (
    augment,
    Augmentation,
    coloured,
    degraded,
    draw_colours,
    draw_degradation,
)
from train.data.samples.data_notes import DataNote
from train.data.samples.geometry import flipped, tilted, warped
from train.data.samples.sample import Sample
from train.fitting.batches import StepKeys
from train.fitting.views import encoded, TrainingViews
from train.recipes.mixture import Mixture, mixture
from train.recipes.recipe import RECIPES


def test_folder_source_reads_metres_and_camera(folder):
    source = open_data(f'mine={folder}', 'train')
    assert len(source) == 6 and source.keys[0] == '0000'
    sample = source[0]
    raw = cv2.imread(str(folder / 'depth' / '0000.png'), cv2.IMREAD_UNCHANGED)
    assert np.isnan(sample.depth[:, 0]).all()
    np.testing.assert_allclose(sample.depth[:, 1:], raw[:, 1:] / 1000, rtol=1e-6)
    assert sample.camera == Camera(**CAMERA)
    assert sample.name == 'mine/0000'


def test_splits_do_not_share_a_key(folder):
    training, validation = (open_data(f'mine={folder}', s) for s in ('train', 'val'))
    assert not set(training.keys) & set(validation.keys)


def test_colours_are_rgb(folder):
    cv2.imwrite(str(folder / 'rgb' / '0000.png'), np.full((48, 64, 3), (10, 20, 200), np.uint8))
    assert tuple(open_data(f'mine={folder}', 'train')[0].rgb[5, 5]) == (200, 20, 10)


@pytest.mark.parametrize('spoil, message', [
    (lambda f: (f / 'camera.json').unlink(), 'camera.json is missing: metric depth needs'),
    (lambda f: (f / 'camera.json').write_text('{"fx": 1}'), 'camera.json is no camera'),
    (lambda f: (f / 'camera.json').write_text('half'), 'camera.json is no camera'),
    *((lambda f, text=text: (f / 'camera.json').write_text(text),
       'camera.json is no camera: .*not one object in braces') for text in ('[]', '"abc"', '5')),
    *((lambda f, more=more: (f / 'camera.json').write_text(json.dumps({**CAMERA, **more})),
       f'camera.json is no camera: .*{words}') for more, words in (
        ({'distortion': [0.1] * 4, 'distortion_model': None}, 'model is a name, got None'),
        ({'distortion': [0.1] * 4, 'distortion_model': 5}, 'model is a name, got 5'),
        ({'width': 64.5}, 'width must be a whole number, got 64.5'),
        ({'height': '48'}, "height must be a whole number, got '48'"),
        ({'width': True}, 'width must be a whole number, got True'),
        ({'width': 1e999}, 'infinity to integer'), ({'fx': 10 ** 400}, 'too large'))),
    (lambda f: (f / 'train.txt').unlink(), r"the 'train' split.*splits there: val"),
    (lambda f: (f / 'train.txt').write_text(''), 'lists no key'),
    (lambda f: (f / 'rgb' / '0000.png').unlink(), '0000.jpg is missing: every key needs its'),
    (lambda f: cv2.imwrite(str(f / 'rgb' / '0000.jpg'), np.zeros((48, 64, 3), np.uint8)) and
     (f / 'rgb' / '0000.jpg').write_bytes((f / 'rgb' / '0000.jpg').read_bytes()[:-200]),
     'cannot read picture .*0000.jpg'),
    (lambda f: (f / 'depth' / '0000.png').write_bytes(b'x'), 'no readable image'),
    (lambda f: cv2.imwrite(str(f / 'depth' / '0000.png'), np.ones((48, 64), np.uint8)),
     'expected one channel of uint16'),
    (lambda f: cv2.imwrite(str(f / 'depth' / '0000.png'), np.ones((4, 4), np.uint16)),
     'must agree')])
def test_broken_folders_are_named(folder, spoil, message):
    spoil(folder)
    with pytest.raises((ValueError, OSError), match=message):
        open_data(f'mine={folder}', 'train')[0]


def test_a_table_of_cameras_may_have_the_suffix_of_the_images(folder):
    """Every frame had the camera of camera.json instead."""
    (folder / 'cameras.jsonl').write_text('\n'.join(
        json.dumps({**CAMERA, 'key': f'{key}.png', 'fx': 30.0, 'depth_unit_m': 0.0002})
        for key in ('0000', '0006', 'rgb/0001')))
    with pytest.warns(DataNote, match="1 of its 3 lines have a key that no list has, as 'rgb/00"):
        source = open_data(f'mine={folder}', 'train')
    raw = cv2.imread(str(folder / 'depth' / '0000.png'), cv2.IMREAD_UNCHANGED)
    assert (source[0].camera.fx, source[1].camera.fx) == (30, 52)
    assert source[0].depth[5, 9] == pytest.approx(raw[5, 9] / 5000)


def test_a_size_may_be_written_with_a_point(folder, tmp_path):
    """A pack was made of it that could not be read."""
    (folder / 'camera.json').write_text(json.dumps({**CAMERA, 'width': 64.0, 'height': 48.0}))
    pack(f'mine={folder}', tmp_path / 'pack', 320)
    for place in (folder, tmp_path / 'pack'):
        camera = open_data(f'mine={place}', 'train')[0].camera
        assert (camera.width, camera.height) == (64, 48) and type(camera.width) is int


def test_two_cameras_for_one_key_are_refused(folder):
    """The last one was taken."""
    lines = [json.dumps({**CAMERA, 'key': key, 'fx': fx})
             for key, fx in (('0000', 52), ('0001', 52), ('0000.png', 52), ('0000', 30))]
    (folder / 'cameras.jsonl').write_text('\n'.join(lines[:3]))
    assert open_data(f'mine={folder}', 'train')[0].camera.fx == 52
    (folder / 'cameras.jsonl').write_text('\n'.join(lines))
    with pytest.raises(ValueError, match="jsonl: lines 3 and 4 tell of two cameras for '0000'"):
        open_data(f'mine={folder}', 'train')
    assert open_data(f'mine={folder}', 'train', rules=1)[0].camera.fx == 30


@pytest.mark.parametrize('word, meant', [
    ('D', 'distortion'), ('depth_scale', 'depth_unit_m'), ('depth_unit', 'depth_unit_m'),
    ('distorsion', 'distortion'), ('K', 'fx, fy, cx, cy'), ('Fx', 'fx')])
def test_words_a_camera_does_not_have_are_refused(folder, word, meant):
    camera = {**CAMERA, word: 1, 'view': 'hand', 'world': 3}
    (folder / 'camera.json').write_text(json.dumps(camera))
    with pytest.raises(ValueError, match=f"camera.json is no camera.*'{word}.* no word of a "
                       f'camera here: did you mean {meant}'):
        open_data(f'mine={folder}', 'train')
    with pytest.warns(DataNote, match=f"'{word}' is no word .* as when this run began"):
        assert open_data(f'mine={folder}', 'train', rules=1)[0].camera.fx == 52


def test_words_that_describe_a_camera_are_no_matter(folder):
    (folder / 'camera.json').write_text(json.dumps(
        {**CAMERA, 'name': 'left', 'frame_id': 'left_optical', 'comment': 'calibrated in May'}))
    assert open_data(f'mine={folder}', 'train')[0].camera.fx == 52


def test_a_lens_of_a_folder_is_removed(folder):
    """The lens shows a ray r at r (1 - 0.8 r^2)."""
    lens = {'distortion': [-0.8, 0, 0, 0], 'distortion_model': 'plumb_bob'}
    depth = np.full((48, 64), 1000, np.uint16)
    depth[:, 44:] = 2000
    cv2.imwrite(str(folder / 'depth' / '0000.png'), depth)
    plain = open_data(f'mine={folder}', 'train')[0]
    (folder / 'camera.json').write_text(json.dumps({**CAMERA, **lens}))
    sample = open_data(f'mine={folder}', 'train')[0]
    assert not sample.camera.distortion and sample.camera == plain.camera
    # The ray of column 44 is 12.5 / 52 = 0.2404, which the lens showed at 0.2293, 11.92 pixels off
    # the axis, column 43.4; that of 45, 0.2596, at 0.2456, column 44.3.
    assert (plain.depth[24, 44], sample.depth[24, 44], sample.depth[24, 45]) == (2, 1, 2)
    (folder / 'camera.json').write_text(json.dumps({**CAMERA, 'distortion': [0.1, 0.2, 0.3]}))
    with pytest.raises(ValueError, match='3 coefficients of distortion model'):
        open_data(f'mine={folder}', 'train')


@pytest.mark.parametrize('spec, message', [
    ('nowhere', 'expected NAME=DIR'), ('=x', 'expected NAME=DIR'),
    *((f'{name}=.', 'a NAME of data is like that of a file') for name in (
        'a/b', '/tmp/x', '..', '../x', '.', 'a/')),
    ('a=/no/such/dir', "no file or folder /no/such/dir .of data 'a'")])
def test_wrong_data_words(spec, message):
    with pytest.raises((ValueError, OSError), match=message):
        open_data(spec, 'train')


def test_nyu_white_frame_is_masked_as_documented():
    """Rows 6..354 and columns 6..472 of the 480x360 copies hold a picture."""
    masked = masked_outside(np.ones((360, 480), np.float32), NYU.window)
    rows, columns = np.nonzero(np.isfinite(masked))
    assert (rows.min(), rows.max()) == (6, 354)
    assert (columns.min(), columns.max()) == (6, 473)


def test_card_names_data_by_its_keys(folder):
    first = data_use(open_data(f'mine={folder}', 'train'))
    (folder / 'train.txt').write_text('0001\n0000\n')
    assert data_use(open_data(f'mine={folder}', 'train')).keys_sha256 != first.keys_sha256
    assert (first.frames, first.terms) == (6, 'terms not recorded')


def test_a_folder_called_nyu_is_nyu(folder):
    """Of 48 rows 7/480 to 474/480 are 1 to 46, of 64 columns 7/640 to 632/640 are 1 to 62."""
    source = open_data(f'nyu={folder}', 'train')
    assert data_use(source).terms == NYU.terms
    rows, columns = np.nonzero(np.isfinite(source[0].depth))
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (1, 46, 1, 62)


def test_layouts_of_one_data_set_carry_its_terms():
    """Whatever the user calls it: terms of what lies there, not of a name."""
    words = {layout.name.split()[0].rstrip(','): layout.facts for layout in LAYOUTS}
    nyu = {name for name, facts in words.items() if facts == NYU}
    assert nyu == {'nyu_depth_v2_labeled.mat', 'FastDepth', 'BTS', 'DenseDepth', 'raw'}
    assert 'CC BY-NC-SA 3.0' in words['KITTI'].terms and 'ROB 599' in words['simulated'].terms
    assert words['folder'] is words['recording'] is None


def plane(height=60, width=80):
    """A wall parallel to the image at 2 m with one bright spot."""
    rgb = np.full((height, width, 3), 40, np.uint8)
    rgb[28:32, 58:62] = 250
    depth = np.full((height, width), 2.0, np.float32)
    depth[28:32, 58:62] = 1.0
    camera = Camera(fx=70, fy=70, cx=40, cy=30, width=width, height=height)
    return Sample(rgb=rgb, depth=depth, camera=camera, name='plane')


STILL = Augmentation(flip=0, rotation_deg=0, zoom=(1, 1), gamma=(1, 1), brightness=(1, 1),
                     colour=(1, 1), blur=0)


def test_a_still_view_is_the_sample():
    view = augment(plane(), STILL, 80, 60, np.random.default_rng(0))
    np.testing.assert_array_equal(view.rgb, plane().rgb)
    np.testing.assert_array_equal(view.depth, plane().depth)
    assert view.camera == plane().camera


@pytest.mark.parametrize('seed', range(6))
def test_spot_depth_and_camera_move_together(seed):
    choice = Augmentation(zoom=(0.8, 1.3), rotation_deg=0)
    view = augment(plane(), choice, 128, 96, np.random.default_rng(seed))
    spot = view.depth == 1
    if not spot.any():
        pytest.skip('the spot left the view')
    rows, columns = np.nonzero(spot)
    # The spot's centre, pixel (59.5, 29.5), lies at x = 19.5/70, y = -0.5/70 of the optical axis;
    # mirrored, x changes sign.
    x = (columns.mean() - view.camera.cx) / view.camera.fx
    y = (rows.mean() - view.camera.cy) / view.camera.fy
    assert abs(x) == pytest.approx(19.5 / 70, abs=0.012)
    assert y == pytest.approx(-0.5 / 70, abs=0.012)
    grey = view.rgb.sum(2).astype(float)
    assert grey[spot].mean() > 2 * np.median(grey[view.depth == 2])


def test_zoom_multiplies_the_focal_length_and_leaves_depth_alone():
    sample = plane()
    matrix = np.array([[2.0, 0, -40], [0, 2, -30]])
    view = warped(sample, matrix, 2.0, 80, 60)
    assert view.camera.fx == 140 and set(np.unique(view.depth)) <= {1.0, 2.0}


def test_outside_the_image_depth_is_unknown():
    view = augment(plane(), Augmentation(zoom=(0.5, 0.5), rotation_deg=0, flip=0), 80, 60,
                   np.random.default_rng(0))
    assert np.isfinite(view.depth).mean() == pytest.approx(0.25, abs=0.03)


def test_close_views_are_drawn_as_often_as_asked():
    choice = replace(STILL, close=0.25, close_zoom=(2, 2))
    rng = np.random.default_rng(0)
    focal = [augment(plane(), choice, 80, 60, rng).camera.fx for _ in range(400)]
    assert set(np.round(focal)) == {70, 140}
    assert np.mean(np.array(focal) > 100) == pytest.approx(0.25, abs=0.06)


def test_views_are_turned_as_often_and_as_far_as_asked():
    choice = replace(STILL, turn=0.25, turn_deg=60)
    rng = np.random.default_rng(0)
    views = [augment(plane(), choice, 80, 60, rng) for _ in range(400)]
    angles_deg = []
    for view in views:
        rows, columns = np.nonzero(view.depth == 1)
        # The spot's place about the middle of the view, where upright it is at (20, 0).
        angles_deg.append(np.degrees(np.arctan2(rows.mean() - 29.5, columns.mean() - 39.5)))
    turned = np.abs(angles_deg) > 1
    assert turned.mean() == pytest.approx(0.25, abs=0.06)
    assert 50 < np.max(angles_deg) < 62 and -62 < np.min(angles_deg) < -50


def test_a_rectangle_is_hidden_and_its_depth_still_asked_for():
    view = augment(plane(), replace(STILL, erase=1.0), 80, 60, np.random.default_rng(1))
    hidden = (view.rgb != plane().rgb).any(-1)
    rows, columns = np.nonzero(hidden)
    assert 12 <= np.ptp(rows) + 1 <= 30 and 16 <= np.ptp(columns) + 1 <= 40
    assert len(np.unique(view.rgb[rows.min():rows.max() + 1, columns.min():columns.max() + 1]
                         .reshape(-1, 3), axis=0)) == 1
    np.testing.assert_array_equal(view.depth, plane().depth)


def test_hue_and_saturation_leave_grey_alone():
    rgb = np.array([[[90, 90, 90], [200, 60, 40]]], np.uint8)
    rng = np.random.default_rng(0)
    grey = coloured(rgb, draw_colours(replace(STILL, saturation=(0.0, 0.0)), rng))
    assert grey.tolist() == [[[90] * 3, [100] * 3]]
    turned = coloured(rgb, draw_colours(replace(STILL, hue_deg=180.0), rng))[0]
    assert turned[0].tolist() == [90] * 3 and turned[1].tolist() != [200, 60, 40]
    assert turned[1].sum() == pytest.approx(300, abs=2)


@pytest.mark.parametrize('pitch_deg, yaw_deg', [(9, 0), (0, -12), (-7, 8)])
def test_a_turned_camera_sees_the_same_wall(pitch_deg, yaw_deg):
    """Range does not change, and the wall stays flat, at 2 m, only seen at an angle."""
    view = tilted(plane(), pitch_deg, yaw_deg)
    v, u = np.nonzero(np.isfinite(view.depth) & (view.depth > 1.5))
    assert u.size > 0.7 * view.depth.size
    z = view.depth[v, u]
    points_3N = np.stack([(u - view.camera.cx) / view.camera.fx * z,
                          (v - view.camera.cy) / view.camera.fy * z, z])
    normal = np.linalg.lstsq(points_3N.T, np.ones(u.size), rcond=None)[0]
    assert 1 / np.linalg.norm(normal) == pytest.approx(2, abs=1e-3)
    assert np.abs(normal @ points_3N - 1).max() < 1e-3
    tilt = np.cos(np.radians(pitch_deg)) * np.cos(np.radians(yaw_deg))
    assert normal[2] / np.linalg.norm(normal) == pytest.approx(tilt, abs=1e-3)
    rows, columns = np.nonzero(view.depth < 1.5)  # the spot, and its pixels in the colours
    grey = view.rgb.sum(2).astype(float)
    assert rows.size > 8 and grey[rows, columns].mean() > 2 * np.median(grey)
    # Seen from the first camera, the middle of the spot was at (59.5, 29.5).
    ray = np.array([columns.mean() - view.camera.cx, rows.mean() - view.camera.cy, 70]) / 70
    was = np.array([19.5, -0.5, 70])
    assert np.linalg.norm(ray) * view.depth[rows, columns].mean() == pytest.approx(
        np.linalg.norm(was / 70), abs=0.02)


def test_mirror_twice_is_the_same():
    again = flipped(flipped(plane()))
    np.testing.assert_array_equal(again.rgb, plane().rgb)
    assert again.camera == plane().camera


@dataclass
class Named:
    name: str
    size: int

    def __len__(self):
        return self.size


def test_weights_say_how_often_an_epoch_sees_a_data_set():
    recipe = replace(RECIPES['mobile'], weights=(('b', 2.5), ('c', 0.5)))
    mixed = mixture([Named('a', 4), Named('b', 4), Named('c', 4)], recipe, recipe.stages[0])
    order = mixed.order(np.random.default_rng(0))
    seen = np.bincount(order, minlength=12)
    assert mixed.draws == len(order) == 4 + 10 + 2
    assert seen[:4].tolist() == [1] * 4
    assert sorted(seen[4:8]) == [2, 2, 3, 3]
    assert sorted(seen[8:]) == [0, 0, 1, 1]


def test_temperature_evens_out_the_sizes_of_data_sets():
    # 36 and 16 samples, of which the second counts as 4: at temperature 2 shares of 6 and 2.
    recipe = replace(RECIPES['mobile'], temperature=2.0, caps=(('b', 4),))
    mixed = mixture([Named('a', 36), Named('b', 16)], recipe, recipe.stages[0])
    assert mixed.counts == ((36, 30), (16, 10))  # 40 in all, as without the temperature
    weighted = replace(recipe, weights=(('a', 0.5),))  # 18 + 4 draws, in shares of 3 and 2
    mixed = mixture([Named('a', 36), Named('b', 16)], weighted, recipe.stages[0])
    assert mixed.counts == ((36, 13), (16, 9))


def test_a_temperature_or_cap_that_cannot_be_is_refused():
    with pytest.raises(ValueError, match='temperature must be above 0.*got 0'):
        replace(RECIPES['mobile'], temperature=0.0)
    with pytest.raises(ValueError, match='caps at least 1'):
        replace(RECIPES['mobile'], caps=(('b', 0),))


def test_a_stage_sees_only_its_data_sets():
    recipe = RECIPES['mobile']
    stage = replace(recipe.stages[0], data=('b',))
    mixed = mixture([Named('a', 4), Named('b', 3)], recipe, stage)
    assert sorted(mixed.order(np.random.default_rng(1))) == [4, 5, 6]


@pytest.mark.parametrize('weights, data, message', [
    ((), ('nyuu',), "data 'nyuu'.*did you mean --data nyu="), ((('x', 2.0),), (), "data 'x'"),
    ((('nyu', 0.0),), (), 'no sample to learn from')])
def test_mixtures_that_cannot_be_are_refused(weights, data, message):
    recipe = replace(RECIPES['mobile'], weights=weights)
    with pytest.raises(ValueError, match=message):
        mixture([Named('nyu', 4)], recipe, replace(recipe.stages[0], data=data))


def test_a_sample_drawn_twice_is_seen_in_two_views():
    mixed = Mixture(counts=((2, 4),))
    keys = [key for batch in StepKeys(mixed, 2, (0,), 0, 4) for key in batch]
    assert len(keys) == len(set(keys)) == 8
    assert keys[4:] == [key for batch in StepKeys(mixed, 2, (0,), 2, 4) for key in batch]


def test_a_stage_may_augment_in_its_own_way(folder):
    recipe = replace(RECIPES['mobile'], augmentation=STILL)
    dark = replace(STILL, brightness=(0.1, 0.1))
    stages = (recipe.stages[0], replace(recipe.stages[0], augmentation=dark))
    recipe = replace(recipe, stages=stages)
    views = [TrainingViews([open_data(f'mine={folder}', 'train')], recipe, i) for i in (0, 1)]
    plain, darkened = (view[(0, 0)][0].mean() for view in views)
    assert darkened < plain - 0.3


def test_sky_is_learned_as_far_only_where_a_recipe_says_so():
    """Unknown and too far stay unlearned; the reference camera is twice as sharp-eyed."""
    depth = np.full((192, 256), 5.0, np.float32)
    depth[0, :3] = np.inf, np.nan, 90.0
    recipe = replace(RECIPES['outdoor'], max_depth_m=80.0)
    camera = recipe.reference.resized(128, 96)
    view = Sample(rgb=np.zeros((192, 256, 3), np.uint8), depth=depth, name='sky', camera=replace(
        camera, width=256, height=192))
    for sky_m in (0.0, 160.0):
        truth_HW = encoded(view, replace(recipe, sky_m=sky_m))[1][0].numpy()
        assert np.isnan(truth_HW[0, 1:3]).all() and truth_HW[5, 5] == pytest.approx(np.log(10))
        assert (truth_HW[0, 0] == pytest.approx(np.log(320)) if sky_m
                else np.isnan(truth_HW[0, 0]))


@pytest.mark.parametrize('harm', ['noise', 'jpeg', 'blur'])
def test_a_worse_camera_changes_pixels_a_little(harm):
    rgb_HW3 = np.full((60, 80, 3), 90, np.uint8)
    rgb_HW3[:, 40:] = 170
    change = draw_degradation(replace(STILL, **{harm: 1.0}), 80, 60, np.random.default_rng(0))
    worse = degraded(rgb_HW3, change)
    off = np.abs(worse.astype(int) - rgb_HW3)
    assert worse.dtype == np.uint8 and 0 < off.mean() < 12
    unchanged = draw_degradation(STILL, 80, 60, np.random.default_rng(0))
    assert (degraded(rgb_HW3, unchanged) == rgb_HW3).all()


def test_the_terms_of_a_folder_are_those_it_tells(folder):
    (folder / 'terms.txt').write_text('for friends\nonly\n')
    assert open_data(f'nyu={folder}', 'train').terms == 'for friends only'


@pytest.mark.parametrize('words, command', [
    (('fit', 'mobile', '--data'), ('--set', 'stages.1.data=("nobody",)', '--out')),
    (('pack',), ('--width', '64', '--out'))], ids=['fit', 'pack'])
def test_missing_terms_are_said_before_anything_is_learned(folder, tmp_path, capsys, words,
                                                           command):
    for number, said in enumerate((f'write them into {folder}/terms.txt', '')):
        main((*words, f'mine={folder}', *command, str(tmp_path / str(number))))
        told = capsys.readouterr().err
        assert said in told and ('terms.txt' in told) == bool(said)
        (folder / 'terms.txt').write_text('for friends only')
