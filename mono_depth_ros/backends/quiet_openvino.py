"""OpenVINO, kept from reporting to its maker: import it from here.

Its import sends an event to Google Analytics and keeps an identifier of the user in ~/intel,
unless the user ran `opt_in_out --opt_out`. Where the package openvino_telemetry cannot be imported
OpenVINO does without it; None in its place has Python refuse the import, in this process alone.
"""

import sys

HIDDEN = sys.modules.setdefault('openvino_telemetry', None)  # type: ignore[arg-type]

import openvino  # noqa: E402

__all__ = ['openvino']
