"""OpenVINO, kept from reporting to its maker: import it from here.

Its import sends an event to Google Analytics and keeps an identifier of the user in ~/intel,
unless the user ran `opt_in_out --opt_out`. Where the package openvino_telemetry cannot be imported
OpenVINO does without it.
"""

import sys

_KNOWN = sys.modules.get('openvino_telemetry')
sys.modules['openvino_telemetry'] = None  # type: ignore[assignment]  # refuses the import
try:
    import openvino
finally:
    del sys.modules['openvino_telemetry']
    if _KNOWN is not None:
        sys.modules['openvino_telemetry'] = _KNOWN

__all__ = ['openvino']
