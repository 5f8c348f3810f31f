"""What a model learned from is no test of it: refused, and marked where it is asked for."""

from dataclasses import replace
import json

from model_helpers import write_untrained
import numpy as np
import pytest
from train_helpers import write_folder

from mono_depth_ros.model_card import DataUse
from mono_depth_ros.model_file import load_model, read_card, save_model
from train.__main__ import main
from train.data.data_sets import data_use, open_data
from train.data.samples.data_notes import DataNote
from train.evaluation.learned_images import learned_images


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    """Its split val lists the images of train."""
    folder = write_folder(tmp_path_factory.mktemp('data') / 'set')
    (folder / 'val.txt').write_text((folder / 'train.txt').read_text())
    return folder


@pytest.fixture(scope='module')
def learner(folder, tmp_path_factory):
    """A model whose card says that it learned from the training images of the folder."""
    path = tmp_path_factory.mktemp('models') / 'learner.safetensors'
    write_untrained(path, 'mobile')
    network, card = load_model(path)
    data = (DataUse(name='other', frames=1, keys_sha256='0' * 64, terms='none'),
            data_use(open_data(f'mine={folder}', 'train')))
    save_model(path, network, replace(card, name='learner',
                                      provenance=replace(card.provenance, data=data)))
    return path


@pytest.fixture(scope='module')
def other(tmp_path_factory):
    path = tmp_path_factory.mktemp('models') / 'other.safetensors'
    write_untrained(path, 'mobile')
    return path


def test_images_are_known_by_their_keys(folder, learner):
    card = read_card(learner)
    assert learned_images(card, open_data(f'mine={folder}', 'train')) == 6
    one = open_data(f'mine={folder}', 'train')
    one._source.keys = one._source.keys[:1]
    assert learned_images(card, one) == 0


def test_images_of_another_set_are_not_known_by_what_they_are_called(folder, learner):
    """Recordings of two days both had 0000 to 0009, and the second was refused."""
    with pytest.warns(DataNote, match='learner learned from mine, whose 6 images are called as '
                                      'those of friday: where they are the same'):
        assert learned_images(read_card(learner), open_data(f'friday={folder}', 'val')) == 0


@pytest.mark.parametrize('command', ['evaluate', 'holes', 'compare'])
def test_learned_images_are_refused_outside_the_train_split(command, folder, learner, capsys):
    assert main([command, str(learner), '--data', f'mine={folder}']) == 1
    assert (f'learner learned from 6 of the 6 images of mine={folder}: measure on others, or on '
            '--split train') in capsys.readouterr().err


def test_a_member_of_a_mean_that_learned_them_is_refused(folder, learner, other, capsys):
    assert main(['evaluate', str(other), '--with', str(learner), '--data', f'mine={folder}']) == 1
    assert 'learner learned from 6 of the 6 images' in capsys.readouterr().err


@pytest.mark.thorough
def test_training_errors_are_marked(folder, learner, other, tmp_path, capsys):
    figures = tmp_path / 'figures.json'
    for model, learned in ((learner, True), (other, False)):
        assert main(['evaluate', str(model), '--data', f'mine={folder}', '--split', 'train',
                     '--protocol', 'full', '--json', str(figures)]) == 0
        assert ('its errors there are training errors' in capsys.readouterr().err) is learned
        rows = json.loads(figures.read_text())
        assert [row['data_learned'] for row in rows] == [learned]
        assert np.isfinite(rows[0]['mean']['abs_rel'])
