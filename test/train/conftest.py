"""A data set for the tests of training."""

import pytest


@pytest.fixture
def folder(tmp_path):
    """A folder of six images to train on and two held out."""
    from train_helpers import write_folder  # not where packages of training are missing
    return write_folder(tmp_path / 'set')
