"""A card survives its JSON, and says plainly what is wrong with another's."""

from dataclasses import replace
import json
import subprocess
import sys

import numpy as np
import pytest
from safetensors.numpy import save_file

from mono_depth_ros.camera import Camera
from mono_depth_ros.model_card import (
    card_from_json,
    DataUse,
    Metrics,
    ModelCard,
    NetworkSpec,
    Normalisation,
    Provenance,
    SelfTest,
)
from mono_depth_ros.model_file import FORMAT, FORMAT_VERSION, load_model, read_card

CARD = ModelCard(
    name='indoor', network=NetworkSpec(name='mobile', input_height=192, input_width=256),
    normalisation=Normalisation(mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5)),
    reference=Camera(fx=200, fy=200.5, cx=128, cy=96, width=256, height=192),
    min_depth_m=0.3, max_depth_m=10.0, output='log_canonical_depth', resize='letterbox',
    weights_licence='research use',
    provenance=Provenance(recipe='mobile', data=(
        DataUse(name='nyu', frames=714, keys_sha256='ab', terms='research'),), seed=0, steps=10,
        date='2026-01-01', git_commit='abc', git_tree='clean', versions=('torch 2',)),
    metrics=(Metrics(data='nyu', split='val', protocol='eigen-crop', frames=81, delta1=0.7,
                     abs_rel=0.2, rmse_m=0.6, silog=0.2),),
    self_test=SelfTest(seed=1, mean=1.0, std=0.1))


def test_round_trip():
    assert card_from_json(CARD.to_json()) == CARD


def test_a_card_of_before_is_as_it_was():
    """Without the fields that came later an unknown camera looks as the reference camera does."""
    data = json.loads(CARD.to_json())
    del data['hfov_deg'], data['focal_rule'], data['normalisation']['border']
    del data['graph']['camera_type'], data['graph']['depth_alone'], data['self_test']['version']
    assert card_from_json(json.dumps(data)) == CARD


def changed(change):
    data = json.loads(CARD.to_json())
    change(data)
    return json.dumps(data)


@pytest.mark.parametrize('change, message', [
    (lambda d: d.pop('reference'), r"missing \['reference'\]"),
    (lambda d: d.update(extra=1), r"unknown \['extra'\]"),
    (lambda d: d['network'].update(input_height='192'), 'card.network.input_height: expected int'),
    (lambda d: d['metrics'][0].pop('rmse_m'), r'card.metrics\[0\]: missing'),
    (lambda d: d.update(metrics={}), 'card.metrics: expected a list'),
    (lambda d: d.update(resize='crop'), "card.resize: 'crop' is not one of"),
    (lambda d: d.update(focal_rule='fy'), "card.focal_rule: 'fy' is not one of"),
    (lambda d: d.update(output='disparity'), "card.output: 'disparity' is not one of"),
    (lambda d: d['provenance'].update(git_tree='?'), r"card.provenance.git_tree: '\?' is not"),
    (lambda d: d['self_test'].update(probe=[0.0] * 15), 'probe: expected 16 numbers or none, got'),
    (lambda d: d['reference'].update(fx=-1), 'focal length')])
def test_a_wrong_card_is_refused_by_name(change, message):
    with pytest.raises(ValueError, match=message):
        card_from_json(changed(change))


def test_text_that_is_no_json_is_refused():
    with pytest.raises(ValueError, match='not JSON'):
        card_from_json('{')


def test_a_wrong_card_of_a_file_names_the_file_and_what_to_do(tmp_path):
    path = tmp_path / 'odd.safetensors'
    save_file({'a': np.zeros(1)}, path, metadata={
        'format': FORMAT, 'format_version': FORMAT_VERSION, 'card': '{'})
    with pytest.raises(ValueError, match=r'odd.safetensors .*not JSON.*export it again'):
        read_card(path)


@pytest.mark.parametrize('network, words', [
    (NetworkSpec(name='of_tomorrow', input_height=192, input_width=256), "'of_tomorrow'; known"),
    (NetworkSpec(name='mobile', input_height=190, input_width=256), 'got 256x190')])
def test_a_network_nobody_has_is_refused_with_the_file_s_name(tmp_path, network, words):
    path = tmp_path / 'new.safetensors'
    save_file({'a': np.zeros(1)}, path, metadata={
        'format': FORMAT, 'format_version': FORMAT_VERSION,
        'card': replace(CARD, network=network, reference=CARD.reference.resized(
            network.input_width, network.input_height)).to_json()})
    with pytest.raises(ValueError, match=rf'new.safetensors holds a network.*{words}'):
        load_model(path)


def test_cards_are_read_without_torch():
    code = ("import sys; import mono_depth_ros.model_card, mono_depth_ros.model_file; "
            "sys.exit('torch' in sys.modules)")
    assert subprocess.run([sys.executable, '-c', code], check=False).returncode == 0
