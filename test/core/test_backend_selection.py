"""Which backends may serve: a pure function of what is asked, what the file holds, the machine."""

import pytest

from mono_depth_ros.backends.backend import BackendSpec
from mono_depth_ros.backends.selection import candidates, Machine, ModelForms

BOTH = ModelForms(weights=True, graph=True)
ALL = frozenset({'torch', 'openvino', 'onnxruntime'})
GPU = frozenset({'CUDAExecutionProvider', 'TensorrtExecutionProvider'})


def words(groups):
    """The groups as one text: 'openvino/bf16/cpu, openvino/fp32/cpu | torch/fp32/cpu'."""
    return ' | '.join(', '.join(f'{spec.backend}/{spec.precision}/{spec.device}' for spec in group)
                      for group in groups)


def found(forms=BOTH, machine=None, **asked):
    return words(candidates(BackendSpec(**asked), forms, machine or Machine(packages=ALL)))


def test_on_a_cpu_torch_comes_last_and_alone():
    assert found() == 'openvino/fp32/cpu, onnxruntime/fp32/cpu | torch/fp32/cpu'


def test_a_cpu_that_multiplies_bf16_tries_it():
    machine = Machine(packages=ALL, fast_bf16=True)
    assert found(machine=machine) == (
        'openvino/bf16/cpu, openvino/fp32/cpu, onnxruntime/fp32/cpu | torch/fp32/cpu')
    assert found(machine=machine, backend='openvino') == 'openvino/bf16/cpu, openvino/fp32/cpu'
    assert found(machine=machine, precision='fp32') == (
        'openvino/fp32/cpu, onnxruntime/fp32/cpu | torch/fp32/cpu')


def test_a_gpu_comes_before_the_cpu_unless_one_is_asked_for():
    machine = Machine(packages=ALL, gpus=('H100', 'H100'), providers=GPU)
    on_gpu = 'torch/fp16/cuda:0, onnxruntime/fp32/cuda:0, tensorrt/fp16/cuda:0'
    on_cpu = 'openvino/fp32/cpu, onnxruntime/fp32/cpu | torch/fp32/cpu'
    assert found(machine=machine) == f'{on_gpu} | {on_cpu}'
    assert found(machine=machine, device='cpu') == on_cpu
    assert found(machine=machine, device='cuda:1') == on_gpu.replace('cuda:0', 'cuda:1')
    assert found(machine=machine, device='cuda') == on_gpu


def test_a_gpu_that_onnx_runtime_cannot_use_is_left_to_torch():
    machine = Machine(packages=ALL, gpus=('H100',))
    assert found(machine=machine, device='cuda') == 'torch/fp16/cuda:0'


def test_tensorrt_is_served_by_its_own_package_or_by_onnx_runtime():
    jetson = Machine(packages=frozenset({'openvino'}), gpus=('Orin',), tensorrt='10.3.0')
    assert found(machine=jetson) == 'tensorrt/fp16/cuda:0 | openvino/fp32/cpu'
    assert found(machine=jetson, backend='tensorrt') == 'tensorrt/fp16/cuda:0'
    assert found(machine=jetson, precision='fp32', device='cuda') == 'tensorrt/fp32/cuda:0'
    alone = Machine(gpus=('Orin',), tensorrt='unknown')
    assert found(machine=alone) == 'tensorrt/fp16/cuda:0'
    by_provider = Machine(packages=frozenset({'onnxruntime'}), gpus=('H100',), providers=GPU)
    assert found(machine=by_provider, backend='tensorrt') == 'tensorrt/fp16/cuda:0'
    with pytest.raises(ModuleNotFoundError, match='needs its own package or .*JetPack'):
        found(machine=Machine(gpus=('Orin',)), backend='tensorrt', device='cuda')
    with pytest.raises(ValueError, match='needs an ONNX graph and the file has none'):
        found(ModelForms(weights=True, graph=False), alone, backend='tensorrt')


@pytest.mark.parametrize('version', ['11.1.0.106', '12.0'])
def test_tensorrt_from_11_on_has_fp32_alone(version):
    machine = Machine(gpus=('H100',), tensorrt=version)
    assert found(machine=machine) == 'tensorrt/fp32/cuda:0'
    with pytest.raises(ValueError, match=r'fp16 is none of tensorrt on cuda:0 \(fp32\): TensorRT '
                                         f'{version} makes no fp16 of a graph in fp32'):
        found(machine=machine, backend='tensorrt', precision='fp16')


def test_a_torch_built_without_cuda_is_left_to_the_cpu():
    machine = Machine(packages=ALL, gpus=('H100',), torch_has_cuda=False)
    assert 'cuda' not in found(machine=machine) and 'torch/fp32/cpu' in found(machine=machine)
    with pytest.raises(ValueError, match='torch was built without CUDA'):
        found(machine=machine, device='cuda', backend='torch')


def test_what_the_file_holds_decides():
    assert found(ModelForms(weights=True, graph=False)) == 'torch/fp32/cpu'
    assert found(ModelForms(weights=False, graph=True)) == (
        'openvino/fp32/cpu, onnxruntime/fp32/cpu')


@pytest.mark.parametrize('asked, precision', [
    ({'precision': 'bf16'}, 'openvino/bf16/cpu | torch/bf16/cpu'),
    ({'precision': 'fp16'}, 'torch/fp16/cpu'),
    ({'backend': 'torch', 'precision': 'bf16'}, 'torch/bf16/cpu'),
    ({'backend': 'onnxruntime'}, 'onnxruntime/fp32/cpu')])
def test_what_is_asked_for_is_kept(asked, precision):
    assert found(**asked) == precision


@pytest.mark.parametrize('asked, machine, forms, sentence', [
    ({'backend': 'tpu'}, Machine(packages=ALL), BOTH, "backend must be 'auto', 'torch'.*'tpu'"),
    ({'precision': 'int3'}, Machine(packages=ALL), BOTH, "must be 'auto', 'fp32'.*got 'int3'"),
    ({'device': 'gpu'}, Machine(packages=ALL), BOTH, "device must be 'auto'.*got 'gpu'"),
    ({'device': 'cuda:2'}, Machine(packages=ALL, gpus=('A', 'B')), BOTH, 'cuda:2.*has 2 CUDA'),
    ({'backend': 'openvino', 'precision': 'fp16'}, Machine(packages=ALL), BOTH,
     r'fp16 is none of openvino on cpu \(fp32, bf16\)'),
    ({'backend': 'tensorrt'}, Machine(packages=ALL), BOTH,
     'tensorrt does not run on cpu: use device cuda, or backend auto'),
    ({'backend': 'torch'}, Machine(packages=ALL), ModelForms(weights=False, graph=True),
     'torch cannot run an ONNX graph: use openvino or onnxruntime'),
    ({'backend': 'openvino'}, Machine(packages=ALL), ModelForms(weights=True, graph=False),
     'openvino needs an ONNX graph.*tools.export_onnx MODEL OUT.onnx'),
    ({'backend': 'tensorrt', 'device': 'cuda'}, Machine(packages=ALL, gpus=('H100',)), BOTH,
     'has no TensorrtExecutionProvider here')])
def test_what_cannot_be_gets_a_sentence(asked, machine, forms, sentence):
    with pytest.raises(ValueError, match=sentence):
        candidates(BackendSpec(**asked), forms, machine)


@pytest.mark.parametrize('asked, names', [
    ('openvino', 'openvino'), ('torch', 'torch'), ('auto', 'torch.*openvino.*onnxruntime')])
def test_a_missing_package_is_named_with_what_installs_it(asked, names):
    with pytest.raises(ModuleNotFoundError, match=f'{names}.*not installed: pip install'):
        candidates(BackendSpec(backend=asked), BOTH, Machine())
