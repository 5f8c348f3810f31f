"""Packages that a machine may lack: test files that need them are skipped there."""

# Name in an import -> the requirements file that brings it; rosdep brings none of them.
BROUGHT_BY = {
    'torch': 'robot', 'safetensors': 'robot', 'openvino': 'backends', 'onnxruntime': 'backends',
    'matplotlib': 'recordings', 'rosbags': 'recordings',
    'mcap': 'demo', 'mujoco': 'demo', 'OpenGL': 'demo',
    'rerun': 'view', 'h5py': 'train', 'onnx': 'train', 'onnxscript': 'train', 'scipy': 'train',
    'tensorboard': 'train', 'tqdm': 'train', 'mcap_ros2': 'test', 'transformers': 'test'}


def missing_package(error):
    """The name in BROUGHT_BY whose absence led to an error, '' for any other reason."""
    while error is not None:
        if isinstance(error, ModuleNotFoundError) and error.name in BROUGHT_BY:
            return error.name
        error = error.__cause__ or error.__context__
    return ''
