"""ONNX Runtime, told not to report to its maker: import it from here.

From 1.29 on the builds for Linux send which sessions are made to Microsoft, and keep an identifier
of the device in $XDG_CACHE_HOME/Microsoft. They ask the environment when they are loaded.
"""

import os

TOLD = os.environ.setdefault('ORT_DISABLE_TELEMETRY', '1')

import onnxruntime  # noqa: E402

# For SessionOptions.log_severity_level: as it comes it warns of every constant.
ERRORS_ONLY = 3

__all__ = ['ERRORS_ONLY', 'onnxruntime']
