"""Model files that are broken, lying or hostile: each is refused by name, fast and small."""

import base64
from dataclasses import replace
import gc
import json
import random
import resource
import time
import zlib

from model_helpers import plain_card, save_untrained
import pytest
from safetensors import safe_open, SafetensorError
import torch
from torch import nn

from mono_depth_ros.estimator import DepthEstimator
from mono_depth_ros.file_seal import is_as_sealed, seal, UNSEALED
from mono_depth_ros.model_card import NetworkSpec
from mono_depth_ros.model_file import (
    check_seal,
    find_model,
    load_model,
    metadata_for,
    onnx_of,
    read_card,
    save_model,
    SEAL,
)
from mono_depth_ros.networks import registry
from mono_depth_ros.networks.multi_scale import MultiScaleNetwork
from mono_depth_ros.onnx_bytes import metadata_bytes, weight_bytes
from mono_depth_ros.tools.presets import PRESETS
from mono_depth_ros.tools.wrap import wrap

MUTATED = 2000
HOSTILE = (float('nan'), float('inf'), -1, 0, 1e308, -1e308, 10**400, 16384, 2**63, '', 'x' * 5000,
           '\n', None, True, [], {}, [[[[[]]]]], 'letterbox', [0.5, 0.5], -0.0)


class Tiny(MultiScaleNetwork):
    """A network of 600 numbers, so that its file is small."""

    def __init__(self, height: int, width: int):
        super().__init__()
        self.coarse = Mapped(nn.Conv2d(3, 4, 3, stride=2, padding=1))
        self.fine = Mapped(nn.Conv2d(3, 4, 3, stride=2, padding=1), height * width // 4)


class Mapped(nn.Module):
    """An image, or an image and a map, to a map."""

    def __init__(self, conv, bias=1):
        super().__init__()
        self.conv, self.norm, self.head = conv, nn.BatchNorm2d(4), nn.Conv2d(4, 1, 1)
        self.bias = nn.Parameter(torch.zeros(bias))

    def forward(self, image, *given):
        """One map."""
        return (self.head(self.norm(self.conv(image))) + self.bias[0],)


@pytest.fixture(scope='module')
def small(tmp_path_factory):
    """Bytes of a whole model file of 600 numbers, its network known as 'tiny' meanwhile.

    Without a seal, as whoever means harm would write it: what else is checked is to be seen.
    """
    registry.NETWORKS['tiny'] = (Tiny, (32, 32))
    torch.manual_seed(0)
    card = read_card(find_model('indoor'))
    spec = NetworkSpec(name='tiny', input_height=32, input_width=32)
    path = tmp_path_factory.mktemp('small') / 'tiny.safetensors'
    save_untrained(path, Tiny(32, 32), replace(
        card, network=spec, metrics=card.metrics[:1], reference=card.reference.resized(32, 32)))
    header, body = parts(path.read_bytes())
    del header['__metadata__'][SEAL]
    yield whole(header, body)
    del registry.NETWORKS['tiny']


def parts(data):
    length = int.from_bytes(data[:8], 'little')
    return json.loads(data[8:8 + length]), data[8 + length:]


def whole(header, body):
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, 'little') + text + body


def flipped(data, rng):
    """Some bits of the length, the header or the weights turned."""
    changed = bytearray(data)
    end = rng.choice((8, 400, len(data)))
    for _ in range(rng.choice((1, 1, 3, 30))):
        changed[rng.randrange(end)] ^= 1 << rng.randrange(8)
    return bytes(changed)


def cut(data, rng):
    """Ended early, longer, or with a piece of another place."""
    at = rng.randrange(len(data))
    return rng.choice((data[:at], data + rng.randbytes(rng.randrange(1, 100)),
                       data[:at] + rng.randbytes(9) + data[at:], data[:at] + data[at + 5:],
                       data[:rng.randrange(20)]))


def relabelled(data, rng):
    """A header that lies about a tensor, or a tensor too many or too few."""
    header, body = parts(data)
    names = [name for name in header if name != '__metadata__']
    tensor = header[rng.choice(names)]
    change = rng.randrange(5)
    if change == 0:
        tensor['shape'] = rng.choice(([], [2**62], [-1], [0], [1, 2, 3], [4, 3, 3, 3], 'no'))
    elif change == 1:
        tensor['dtype'] = rng.choice(('F64', 'I64', 'BOOL', 'F8_E4M3', 'none', 7))
    elif change == 2:
        tensor['data_offsets'] = rng.choice(([0, 2**63], [5, 1], [0, 0], [-1, 4], [0]))
    elif change == 3:
        header[rng.choice(names) + '.more'] = dict(tensor)
    else:
        del header[rng.choice(names)]
    return whole(header, body)


def with_card(data, rng):
    """One value of the card, or of the metadata about it, replaced or taken away."""
    header, body = parts(data)
    metadata = header['__metadata__']
    if rng.random() < 0.1:
        key = rng.choice(list(metadata))
        metadata[key] = rng.choice(('', '[' * 50_000, '{' * 900, '9' * 5000, 'null', '3', '{}'))
        return whole(header, body)
    card = json.loads(metadata['card'])
    holder = card
    while True:
        key = rng.choice(list(holder) if isinstance(holder, dict) else range(len(holder)))
        inner = holder[key]
        if not isinstance(inner, (dict, list)) or not inner or rng.random() < 0.2:
            break
        holder = inner
    if isinstance(holder, dict) and rng.random() < 0.15:
        del holder[key]
    else:
        holder[key] = rng.choice(HOSTILE)
    metadata['card'] = json.dumps(card)
    return whole(header, body)


@pytest.mark.parametrize('made', ['indoor', 'wrapped'])
def test_any_byte_that_is_not_as_it_was_written_is_refused(made, tmp_path):
    """Also a weight that hardly shows in the self-test."""
    path = find_model(made) if made == 'indoor' else wrapped_model(tmp_path)
    data, copy = path.read_bytes(), tmp_path / f'copy{path.suffix}'
    check_seal(path)
    rng = random.Random(0)
    for place in [len(data) // 2, len(data) - 1, *(rng.randrange(len(data)) for _ in range(20))]:
        changed = bytearray(data)
        changed[place] ^= 1 << rng.randrange(8)
        copy.write_bytes(changed)
        with pytest.raises(ValueError):  # a header that is broken says so by itself
            check_seal(copy)
    changed = bytearray(data)
    changed[data.index(b'depth_output') if made == 'wrapped' else len(data) // 2] ^= 0x40
    copy.write_bytes(changed)
    with pytest.raises(ValueError, match='copy.* is damaged or was changed after it was made'):
        check_seal(copy)
    if made == 'indoor':
        with pytest.raises(ValueError, match='copy.* is damaged or was changed after it was made'):
            DepthEstimator.load(copy, 'cpu')


def test_a_seal_goes_to_its_place_alone(tmp_path):
    path = tmp_path / 'file'
    path.write_bytes(b'a' * 99 + UNSEALED.encode() + b'0' * 64)
    seal(path)
    told = path.read_bytes()[99:163].decode()
    assert path.read_bytes() == b'a' * 99 + told.encode() + b'0' * 64
    assert is_as_sealed(path, told) and not is_as_sealed(path, '0' * 64)
    for data in (b'', b'a', 2 * UNSEALED.encode()):
        path.write_bytes(data)
        with pytest.raises(ValueError, match='not one place for a seal|empty'):
            seal(path)


def wrapped_model(folder):
    """A model file of a foreign graph."""
    graph_helpers = pytest.importorskip('graph_helpers')
    wrap(graph_helpers.channel_graph(folder / 'graph.onnx'), PRESETS['metres'], {},
         folder / 'model.onnx')
    return folder / 'model.onnx'


def test_a_file_of_before_there_were_seals_loads(small, tmp_path):
    path = tmp_path / 'before.safetensors'
    path.write_bytes(small)
    check_seal(path)
    DepthEstimator.load(path, 'cpu')


@pytest.mark.thorough
def test_2000_mutated_files_are_refused_by_name_within_100_ms_and_50_mb(small, tmp_path):
    """Or load, where the change does no harm: a bit of a weight, a word of the provenance."""
    rng = random.Random(0)
    path = tmp_path / 'mutated.safetensors'
    path.write_bytes(small)
    DepthEstimator.load(path, device='cpu')
    before_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    refused, slowest_s = dict.fromkeys((flipped, cut, relabelled, with_card), 0), 0.0
    # A whole suite leaves millions of objects; collecting them takes longer than a file.
    gc.freeze()
    for number in range(MUTATED):
        kind = tuple(refused)[number % len(refused)]
        path.write_bytes(kind(small, rng))
        start_s = time.thread_time()
        try:
            DepthEstimator.load(path, device='cpu')
        except ValueError as error:
            assert str(path) in str(error), error
            assert len(str(error)) < len(str(path)) + 700 and '\n' not in str(error)
            refused[kind] += 1
            slowest_s = max(slowest_s, time.thread_time() - start_s)
    gc.unfreeze()
    assert min(refused.values()) > 0.5 * MUTATED / len(refused), refused
    assert slowest_s < 0.1
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kb < 50_000


def rewritten(small, tmp_path, change):
    header, body = parts(small)
    card = json.loads(header['__metadata__']['card'])
    change(card)
    header['__metadata__']['card'] = json.dumps(card)
    path = tmp_path / 'changed.safetensors'
    path.write_bytes(whole(header, body))
    return path


@pytest.mark.parametrize('change, words', [
    (lambda c: c['network'].update(input_height=16384, input_width=16384),
     'card.network.input_height: expected 16 to 2048, got 16384'),
    (lambda c: c.update(min_depth_m=10.0), 'card.max_depth_m: 10 is not above min_depth_m 10'),
    (lambda c: c.update(max_depth_m=float('nan')), 'card.max_depth_m: expected a finite number'),
    (lambda c: c['normalisation'].update(std=[0.5, 0.0, 0.5]),
     'card.normalisation.std: expected 0.0001 to 1000, got 0.0'),
    (lambda c: c['normalisation'].update(mean=[0.5, 0.5]),
     'card.normalisation.mean: expected 3 numbers, got 2'),
    (lambda c: c['reference'].update(width=64), 'card.reference: a camera of 64x32 pixels'),
    (lambda c: c['reference'].update(fx=1e-3, fy=1e-3), 'card.reference: a focal length of 0.001'),
    (lambda c: c['reference'].update(fx=-1), 'card.reference: focal length must be above 0'),
    (lambda c: c['self_test'].update(mean=float('inf')), 'card.self_test.mean: expected a finite'),
    (lambda c: c['self_test'].update(seed=-1), 'card.self_test.seed: expected 0 to'),
    (lambda c: c['metrics'][0].update(delta1=1.5), r'card.metrics\[0\].delta1: expected 0 to 1'),
    (lambda c: c['provenance'].update(steps=10**500), 'card.provenance.steps: expected 0 to')])
def test_a_value_that_cannot_be_is_refused_by_the_file_s_and_the_field_s_name(
        small, tmp_path, change, words):
    with pytest.raises(ValueError, match=f'changed.safetensors has a card .*{words}'):
        read_card(rewritten(small, tmp_path, change))


def test_a_card_of_a_larger_network_than_its_weights_takes_no_memory(small, tmp_path):
    """resnet18 has 127 M parameters: 500 MB, were it built before its weights are compared."""
    def lie(card):
        card['network'].update(name='resnet18', input_height=240, input_width=320)
        card['reference'].update(width=320, height=240, fx=259.4, fy=259.7, cx=162.3, cy=126.4)
    before_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(ValueError, match="do not fit network 'resnet18'.*missing coarse"):
        load_model(rewritten(small, tmp_path, lie))
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kb < 50_000


def test_a_header_longer_than_its_file_is_refused_unread(tmp_path):
    path = tmp_path / 'long.safetensors'
    path.write_bytes((2**40).to_bytes(8, 'little') + b'{}')
    with pytest.raises(ValueError, match='long.safetensors .*a header of 1099511627776 bytes'):
        read_card(path)


def test_a_graph_that_unpacks_to_a_hundred_megabytes_is_refused(small, tmp_path):
    header, body = parts(small)
    header['__metadata__']['graph'] = base64.b64encode(zlib.compress(bytes(10**8))).decode()
    path = tmp_path / 'bomb.safetensors'
    path.write_bytes(whole(header, body))
    before_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(ValueError, match='bomb.safetensors has a graph .*of more than 8388608'):
        onnx_of(path)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kb < 50_000


def test_mutated_onnx_files_are_refused_by_name(tmp_path):
    """An empty graph with a card: what read_card looks at."""
    data = weight_bytes({}) + metadata_bytes(metadata_for(read_card(find_model('indoor'))))
    path, rng, refused = tmp_path / 'mutated.onnx', random.Random(0), 0
    path.write_bytes(data)
    assert read_card(path) == read_card(find_model('indoor'))
    for number in range(400):
        path.write_bytes((flipped, cut)[number % 2](data, rng))
        try:
            read_card(path)
        except ValueError as error:
            assert str(path) in str(error) and '\n' not in str(error)
            refused += 1
    assert refused > 200


def test_weights_that_are_not_finite_are_refused(small, tmp_path):
    path = tmp_path / 'nan.safetensors'
    header, body = parts(small)
    start, end = header['coarse.conv.weight']['data_offsets']
    path.write_bytes(whole(header, body[:start] + b'\xff' * (end - start) + body[end:]))
    with pytest.raises(ValueError, match='nan.safetensors .*not finite .coarse.conv.weight'):
        load_model(path)


@pytest.mark.parametrize('name', ['indoor', 'outdoor'])
def test_a_shipped_model_loads_as_its_file_says(name):
    network, card = load_model(find_model(name))
    with safe_open(find_model(name), 'pt') as file:
        for key, weight in network.state_dict().items():
            stored = file.get_tensor(key)
            assert torch.equal(weight, stored.float() if stored.is_floating_point() else stored)
    assert not network.training and all(p.requires_grad for p in network.parameters())
    listed = (find_model(name).parent / 'README.md').read_text()
    assert f'| `{name}.safetensors` | {card.weights_licence} |' in listed


def test_a_full_disk_is_said_with_the_file(tmp_path, monkeypatch):
    def full(*_, **__):
        raise SafetensorError('I/O error: No space left on device (os error 28)')
    monkeypatch.setattr('safetensors.torch.save_file', full)
    path = tmp_path / 'm.safetensors'
    with pytest.raises(OSError, match=f'^cannot write {path}: .*No space left on device'):
        save_model(path, nn.Linear(1, 1), plain_card())
