"""What the tests of TensorRT share; each may have an `indoor` of its own."""

import pytest

from mono_depth_ros.model_file import find_model


@pytest.fixture
def install(monkeypatch, tmp_path):
    """Installs a version of TensorRT's stand-in: tensorrt_helpers.Installation."""
    # Imported here: it needs onnxruntime, without which only those tests are skipped.
    from tensorrt_helpers import installation
    with installation(monkeypatch, tmp_path) as install:
        yield install


@pytest.fixture
def indoor():
    """The file of the shipped model."""
    return find_model('indoor')
