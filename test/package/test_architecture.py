"""The rooms of the house: who may import whom, and that importing does nothing."""

import ast
from functools import cache
from pathlib import Path
import re

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / 'mono_depth_ros'
MODULES = sorted(PACKAGE.rglob('*.py')) + sorted((ROOT / 'train').rglob('*.py'))
MESSAGE_PACKAGES = {'sensor_msgs', 'std_msgs', 'diagnostic_msgs', 'geometry_msgs',
                    'builtin_interfaces', 'lifecycle_msgs', 'rcl_interfaces', 'cv_bridge',
                    'sensor_msgs_py'}
HALVES = ('mono_depth_ros', 'train')
PICTURE = ROOT / 'docs' / 'architecture.md'
# Rooms with no ROS in them, whoever runs them.
NO_ROS = ('backends', 'bags', 'bytes_cache', 'camera', 'checked_json', 'colormap', 'depth_units',
          'distortion', 'estimator', 'geometry', 'image_files', 'message_formats', 'metrics',
          'model_card', 'model_file', 'networks', 'onnx_bytes', 'onnx_external', 'plausibility',
          'preprocess', 'scale', 'self_test', 'simulation')


@cache
def tree_of(path):
    """The syntax tree of a file."""
    return ast.parse(path.read_text())


def statements(node):
    """Every statement below a node; unlike `ast.walk` without the expressions in them."""
    for part in ('body', 'handlers', 'orelse', 'finalbody', 'cases'):
        for child in getattr(node, part, ()):
            yield child
            yield from statements(child)


@cache
def imports(path):
    """Full names of everything a file imports, wherever in it."""
    package = path.relative_to(ROOT).parent.parts
    names = []
    for node in statements(tree_of(path)):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = '.'.join(package[:len(package) - node.level + 1]) + '.' if node.level else ''
            module = base + (node.module or '')
            names += [f'{module.rstrip(".")}.{alias.name}' for alias in node.names]
    return names


@cache
def room_of(module):
    """Folder or top file that a dotted name lies in, as 'train/data/sources'; None elsewhere."""
    parts = module.split('.')
    if parts[0] not in HALVES:
        return None
    while parts and not (ROOT.joinpath(*parts).is_dir()
                         or ROOT.joinpath(*parts).with_suffix('.py').is_file()):
        parts.pop()
    if parts[:1] not in [[half] for half in HALVES]:
        return None
    if ROOT.joinpath(*parts).is_dir() or len(parts) == 2:
        return '/'.join(parts)
    return '/'.join(parts[:-1])


def room(path):
    """The room of a file within its half, as 'data/sources'."""
    return room_of('.'.join(path.relative_to(ROOT).with_suffix('').parts)).partition('/')[2]


def arrows_in_code():
    """{room: rooms it imports} of both halves, with the half's name before each room."""
    arrows = {}
    for path in MODULES:
        if path.name == '__init__.py':
            continue
        own = room_of('.'.join(path.relative_to(ROOT).with_suffix('').parts))
        used = {room_of(module) for module in imports(path)} - {None, own}
        arrows[own] = arrows.get(own, set()) | used
    return arrows


def arrows_in_picture():
    """[(room, rooms it may import)] of the tables in docs/architecture.md, from the top row on."""
    rows = []
    for line in PICTURE.read_text().splitlines():
        cells = [re.findall(r'`([^`]+)`', cell) for cell in line.strip('|').split('|')]
        if not line.startswith('| `'):
            continue
        half = 'mono_depth_ros' if len(cells) == 3 else 'train'
        used = {f'{half}/{name}' for name in cells[1]}
        if half == 'train':
            used |= {f'mono_depth_ros/{name}' for name in cells[2]}
        rows.append((f'{half}/{cells[0][0]}', used))
    return rows


def is_executable(path):
    return "if __name__ == '__main__':" in path.read_text()


def test_every_room_uses_what_the_picture_says_and_no_more():
    code, picture = arrows_in_code(), dict(arrows_in_picture())
    assert sorted(code) == sorted(picture), 'rooms of the code and of docs/architecture.md'
    wrong = {name: {'not in the picture': sorted(code[name] - picture[name]),
                    'not in the code': sorted(picture[name] - code[name])}
             for name in code if code[name] != picture[name]}
    assert not wrong, wrong


def test_arrows_point_down_only():
    seen = set()
    for name, used in arrows_in_picture():
        assert used <= seen, f'{name} uses {sorted(used - seen)}, which stand below it'
        seen.add(name)


def test_core_and_train_know_no_ros():
    for path in MODULES:
        if path.is_relative_to(ROOT / 'train') or room(path).split('/')[0] in NO_ROS:
            tops = {module.split('.')[0] for module in imports(path)}
            assert not tops & (MESSAGE_PACKAGES | {'rclpy'}), path


def test_the_robot_s_half_never_imports_train():
    for path in PACKAGE.rglob('*.py'):
        assert 'train' not in {module.split('.')[0] for module in imports(path)}, path


def test_torch_stays_in_networks_backends_and_the_model_file():
    for path in PACKAGE.rglob('*.py'):
        tops = {module.split('.')[0] for module in imports(path)}
        assert 'torch' not in tops or room(path) in {
            'networks', 'backends', 'model_file', 'bench'}, path  # bench: the baseline


def test_init_files_hold_no_code():
    for path in MODULES:
        if path.name == '__init__.py':
            assert path.read_text().strip() == '', path


def test_nothing_runs_at_import():
    allowed = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef, ast.Assign,
               ast.AnnAssign)
    for path in MODULES:
        for node in tree_of(path).body:
            docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
            guard = isinstance(node, ast.If) and ast.unparse(node.test) in (
                "__name__ == '__main__'", 'TYPE_CHECKING')
            # A name that moved between ROS distributions or Python versions.
            moved = isinstance(node, ast.Try) and all(
                isinstance(part, (ast.Import, ast.ImportFrom, ast.Assign)) for part in node.body)
            assert docstring or guard or moved or isinstance(node, allowed), (
                f'{path}:{node.lineno}')


def test_files_stay_readable():
    for path in MODULES:
        assert len(path.read_text().splitlines()) <= 260, path
