"""Say in one sentence whether MuJoCo can render here, and exit with 0 if so, else 1.

python -m mono_depth_ros.simulation.rendering.check
"""

from __future__ import annotations

import os
import sys

from mono_depth_ros.simulation.scene.opengl import new_context


def check() -> str:
    """Sentence that says what renders; OSError, one sentence with what to install, otherwise."""
    new_context(16, 16).free()
    return f'MuJoCo renders here without a screen, through {os.environ["MUJOCO_GL"]}'


def main() -> int:
    """Command line; 0 when MuJoCo renders here, else 1."""
    try:
        print(check())
    except OSError as error:
        print(error)
        return 1
    return 0


if __name__ == '__main__':
    sys.exit(main())
