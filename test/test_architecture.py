"""The rooms of the house: who may import whom, and that importing does nothing."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / 'mono_depth_ros'
MODULES = sorted(PACKAGE.rglob('*.py')) + sorted((ROOT / 'train').rglob('*.py'))
MESSAGE_PACKAGES = {'sensor_msgs', 'std_msgs', 'diagnostic_msgs', 'geometry_msgs',
                    'builtin_interfaces', 'lifecycle_msgs', 'rcl_interfaces', 'cv_bridge',
                    'sensor_msgs_py'}
# What each core room may import of the others; arrows point down only.
CORE = {
    'geometry': set(),
    'colours': set(),
    'card': {'geometry'},
    'preprocess': {'card', 'geometry'},
    'networks': {'card', 'networks'},
    'artifact': {'card', 'networks'},
    'backends': {'networks', 'card'},
    'estimator': {'artifact', 'backends', 'card', 'geometry', 'preprocess'},
}


def imports(path):
    """Full names of everything a file imports, wherever in it."""
    package = path.relative_to(ROOT).parent.parts
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = '.'.join(package[:len(package) - node.level + 1]) + '.' if node.level else ''
            module = base + (node.module or '')
            yield from (f'{module.rstrip(".")}.{alias.name}' for alias in node.names)


def room(path):
    return path.relative_to(PACKAGE).parts[0].removesuffix('.py')


def is_executable(path):
    return "if __name__ == '__main__':" in path.read_text()


@pytest.mark.parametrize('name', sorted(CORE))
def test_core_rooms_import_only_what_lies_below(name):
    files = [p for p in PACKAGE.rglob('*.py') if room(p) == name]
    assert files
    for path in files:
        used = {module.split('.')[1] for module in imports(path)
                if module.startswith('mono_depth_ros.')}
        assert used <= CORE[name], f'{path} imports {used - CORE[name]}'


def test_core_and_train_know_no_ros():
    for path in MODULES:
        if path.is_relative_to(ROOT / 'train') or room(path) in CORE:
            tops = {module.split('.')[0] for module in imports(path)}
            assert not tops & (MESSAGE_PACKAGES | {'rclpy'}), path


def test_the_robot_s_half_never_imports_train():
    for path in PACKAGE.rglob('*.py'):
        assert 'train' not in {module.split('.')[0] for module in imports(path)}, path


def test_torch_stays_in_networks_backends_and_the_model_file():
    for path in PACKAGE.rglob('*.py'):
        tops = {module.split('.')[0] for module in imports(path)}
        assert 'torch' not in tops or room(path) in {'networks', 'backends', 'artifact'}, path


def test_init_files_hold_no_code():
    for path in MODULES:
        if path.name == '__init__.py':
            assert path.read_text().strip() == '', path


def test_nothing_runs_at_import():
    allowed = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef, ast.Assign,
               ast.AnnAssign)
    for path in MODULES:
        for node in ast.parse(path.read_text()).body:
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
