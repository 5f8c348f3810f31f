"""The one line that is left of what a runtime says went wrong."""

import pytest

from mono_depth_ros.backends.backend import first_line

OPENVINO = '''Exception from src/inference/src/cpp/core.cpp:105:
Check 'false' failed at src/frontends/common_translators/src/unconverted_ops_report.cpp:151:
FrontEnd API failed with OpConversionFailure:
Model wasn't fully converted.
Summary:
-- No conversion rule found for operations: com.microsoft.SampleOp
To facilitate the conversion of unsupported operations, refer to the documentation.

'''
SHAPE = '''Check 'TRShape::merge_into(shape)' failed at src/core/include/eltwise.hpp:26:
While validating node 'opset1::Add depth' with friendly_name 'depth':
Argument shapes are inconsistent.
'''
ONNXRUNTIME = '''[ONNXRuntimeError] : 2 : INVALID_ARGUMENT : Got invalid sizes for input: image
 index: 2 Got: 2 Expected: 240
 index: 3 Got: 2 Expected: 320
 Please fix either the inputs/outputs or the model.'''


@pytest.mark.parametrize('text, line', [
    (OPENVINO, "FrontEnd API failed with OpConversionFailure: Model wasn't fully converted. -- No "
               'conversion rule found for operations: com.microsoft.SampleOp'),
    (SHAPE, "While validating node 'opset1::Add depth' with friendly_name 'depth': Argument "
            'shapes are inconsistent.'),
    (ONNXRUNTIME, '[ONNXRuntimeError] : 2 : INVALID_ARGUMENT : Got invalid sizes for input: '
                  'image index: 2 Got: 2 Expected: 240 index: 3 Got: 2 Expected: 320'),
    ('CUDA error: out of memory\nFor debugging consider', 'CUDA error: out of memory'),
    ('Exception from core.cpp:105:\n', 'Exception from core.cpp:105:'),
    ('ends with a colon:', 'ends with a colon:'),
    ('', 'RuntimeError'), ('x' * 999, 'x' * 300)])
def test_one_line_says_what_went_wrong(text, line):
    assert first_line(RuntimeError(text)) == line
