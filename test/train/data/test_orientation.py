"""EXIF orientation: a phone's picture is turned, its depth is not."""

import cv2
import numpy as np
from picture_helpers import left_half_red, turned_jpeg
import pytest
from train_helpers import write_folder

from mono_depth_ros.image_files import read_image, read_stored_image
from train.data.data_sets import open_data


@pytest.mark.parametrize('orientation, shape', [(3, (48, 64, 3)), (6, (64, 48, 3))])
def test_shown_images_are_turned_and_stored_ones_are_not(tmp_path, orientation, shape):
    path = tmp_path / 'phone.jpg'
    path.write_bytes(turned_jpeg(left_half_red(), orientation))
    assert read_image(path).shape == shape
    assert read_image(path)[0, -1, 0] > 150  # the red lies to the right, or above
    stored = read_stored_image(path)
    assert stored.shape == (48, 64, 3) and stored[5, 5, 0] > 150 > 50 > stored[5, 60, 0]


def test_a_phones_picture_stays_on_its_depth(tmp_path):
    """Upside down both sizes agree, so only the pixels tell."""
    folder = write_folder(tmp_path / 'set')
    depth = np.full((48, 64), 4000, np.uint16)
    depth[:, :32] = 1000
    cv2.imwrite(str(folder / 'depth' / '0006.png'), depth)
    for orientation in (3, 6):
        (folder / 'rgb' / '0006.png').unlink(missing_ok=True)
        (folder / 'rgb' / '0006.jpg').write_bytes(turned_jpeg(left_half_red(), orientation))
        sample = open_data(f'mine={folder}', 'val')[0]
        near = sample.rgb[sample.depth < 2]
        assert near[:, 0].min() > 150 and sample.rgb[sample.depth > 2][:, 0].max() < 50
