"""A stand-in for the package tensorrt, for machines without a GPU.

Names, arguments and answers are those of the real bindings in versions 8.6, 10 and 11.
"""

import ctypes
from enum import IntEnum
import json
import threading
import types

from tensorrt_engine_stand_in import Dims, Engine, opened

try:
    import onnx
except ImportError:
    onnx = None

MemoryPoolType = IntEnum('MemoryPoolType', ['WORKSPACE'], start=0)
Severity = IntEnum('Severity', ['INTERNAL_ERROR', 'ERROR', 'WARNING', 'INFO'], start=0)


class ILogger:
    INTERNAL_ERROR, ERROR, WARNING, INFO = Severity

    def __init__(self):
        self.made = True  # of one whose __init__ was not called C++ knows nothing

    def error(self, said):
        assert self.made
        self.log(Severity.WARNING, 'a page of warnings')
        self.log(Severity.ERROR, said)


class IProgressMonitor:
    def __init__(self):
        self.made = True


class Network:
    def __init__(self, explicit, major):
        self.explicit, self.major, self.inputs, self.outputs = explicit, major, [], []

    num_inputs = property(lambda self: len(self.inputs))
    num_outputs = property(lambda self: len(self.outputs))

    def get_input(self, index):
        return self.inputs[index]

    def get_output(self, index):
        return self.outputs[index]

    def unmark_output(self, tensor):
        self.outputs.remove(tensor)


def what_it_does_not_know(model, major):
    """Of the nodes of a graph, used or not, as the parser's operator tables and importers say."""
    if not onnx:
        return ''
    return ', '.join(
        node.op_type for node in onnx.load_from_string(bytes(model)).graph.node
        if node.op_type.startswith('Sequence') or major < 10 and (
            node.op_type == 'Shape' and node.attribute
            or node.op_type == 'Constant' and node.attribute[0].name.startswith('value_int')))


class Parser:
    def __init__(self, network, logger):
        self._network, self._errors = network, []
        assert logger.made

    num_errors = property(lambda self: len(self._errors))

    def get_error(self, index):
        return types.SimpleNamespace(desc=lambda: self._errors[index])

    def parse(self, model):
        if not self._network.explicit:
            self._errors.append('This version supports networks of explicit batch only')
            return False
        try:
            unknown = what_it_does_not_know(model, self._network.major)
            if unknown:
                raise ValueError(unknown)
            session = opened(model)
        except Exception as error:  # its exceptions have no base class of their own
            self._errors.append(f'No importer registered for op: {error}'[:4000])
            return False
        self._network.onnx = bytes(model)
        for mine, theirs in ((self._network.inputs, session.get_inputs()),
                             (self._network.outputs, session.get_outputs())):
            mine += [types.SimpleNamespace(name=one.name, shape=Dims(one.shape))
                     for one in theirs]
        return True


class Profile:
    def __init__(self):
        self.shapes = {}

    def set_shape(self, input, min, opt, max):  # noqa: A002  as in the bindings
        assert min == opt == max
        self.shapes[input] = tuple(opt)


def reported(monitor):
    """What a monitor answers to a step, told by a thread of the builder."""
    answers = []

    def report():
        assert monitor.made
        monitor.phase_start('Building Engine', None, 2)
        answers.append(monitor.step_complete('Building Engine', 0))
        monitor.phase_finish('Building Engine')
    if monitor:
        thread = threading.Thread(target=report)
        thread.start()
        thread.join()
    return answers


def make(version, driver):
    """The package in a version; `builds` counts, `fails` is what the next execution says."""
    major = int(version.partition('.')[0])
    trt = types.ModuleType('tensorrt')
    trt.__version__, trt.driver, trt.builds, trt.fails, trt.starts = version, driver, 0, '', True
    flags = ['TF32'] if major >= 11 else ['FP16', 'TF32']
    trt.BuilderFlag = IntEnum('BuilderFlag', flags, start=0)
    trt.NetworkDefinitionCreationFlag = IntEnum('NetworkDefinitionCreationFlag', (
        ['STRONGLY_TYPED'] if major >= 11 else ['EXPLICIT_BATCH']), start=0)
    trt.ILogger, trt.MemoryPoolType, trt.OnnxParser = ILogger, MemoryPoolType, Parser
    if major >= 10:
        trt.IProgressMonitor = IProgressMonitor

    def init_libnvinfer_plugins(logger, namespace):
        trt.plugins = logger.made and namespace == ''
    trt.init_libnvinfer_plugins, trt.plugins = init_libnvinfer_plugins, False

    def freed(address):
        driver.cuMemFree_v2(ctypes.c_uint64(address))
    trt.freed = freed

    class Config:
        __slots__ = ('flags', 'profile', *(['progress_monitor'] if major >= 10 else []))

        def __init__(self):
            self.flags, self.profile = {trt.BuilderFlag.TF32}, None

        def set_flag(self, flag):
            self.flags.add(trt.BuilderFlag(flag))

        def clear_flag(self, flag):
            self.flags.discard(trt.BuilderFlag(flag))

        def set_memory_pool_limit(self, pool, pool_size):
            assert pool is MemoryPoolType.WORKSPACE and pool_size >= 1 << 28

        def add_optimization_profile(self, profile):
            self.profile = profile

    class Builder:
        def __init__(self, logger):
            self.logger = logger
            if not trt.starts or not driver.stand_in_current():
                logger.error('6: [x.cpp::y::1] CUDA initialization failure with error: 35')
                raise TypeError('pybind11::init(): factory function returned nullptr')

        def create_network(self, flags=0):
            return Network(major >= 10 or flags & 1, major)

        create_builder_config = staticmethod(Config)
        create_optimization_profile = staticmethod(Profile)

        def build_serialized_network(self, network, config):
            going_on = reported(getattr(config, 'progress_monitor', None))
            free = {one.name for one in network.inputs if -1 in tuple(one.shape)}
            if going_on not in ([], [True]) or free != set(config.profile.shapes) or (
                    trt.fails or len(network.outputs) != 1):
                self.logger.error(trt.fails or 'cancelled, or no shape, or more than one output')
                return None
            trt.builds += 1
            output, every = network.outputs[0].name, opened(network.onnx).get_outputs()
            fp16 = any(flag.name == 'FP16' for flag in config.flags)
            facts = {'version': version, 'fp16': fp16, 'shapes': config.profile.shapes,
                     'tf32': trt.BuilderFlag.TF32 in config.flags and not fp16, 'output': output,
                     'dropped': [one.name for one in every if one.name != output]}
            return bytearray(json.dumps(facts).encode() + b'\n' + network.onnx)

    class Runtime:
        def __init__(self, logger):
            self.logger = logger

        def deserialize_cuda_engine(self, serialized_engine):
            facts, _, onnx = bytes(memoryview(serialized_engine)).partition(b'\n')
            try:
                facts = json.loads(facts)
            except ValueError:
                facts = {'version': None}
            if not trt.plugins or facts['version'] != version:
                self.logger.error('IRuntime::deserializeCudaEngine: Error Code 1: another version')
                return None
            return Engine(trt, self.logger, facts, onnx)
    trt.Builder, trt.Runtime = Builder, Runtime
    return trt
