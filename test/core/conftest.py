"""What the tests of TensorRT share; each may have an `indoor` of its own.

What fixtures need beyond pytest is imported in them: without it only their tests are skipped,
where a conftest that cannot be imported would end the whole run.
"""

import pytest


@pytest.fixture
def install(monkeypatch, tmp_path):
    """Installs a version of TensorRT's stand-in: tensorrt_helpers.Installation."""
    from tensorrt_helpers import installation
    with installation(monkeypatch, tmp_path) as install:
        yield install


@pytest.fixture
def indoor():
    """The file of the shipped model."""
    from mono_depth_ros.model_file import find_model
    return find_model('indoor')
