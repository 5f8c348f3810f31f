"""Colour and true depth of a world as a given camera sees it, rendered without a screen."""

from __future__ import annotations

import math

import cv2
import numpy as np

from mono_depth_ros.camera import Camera
from mono_depth_ros.simulation.scene.opengl import load_mujoco, new_context
from mono_depth_ros.simulation.scene.world import Pose, World

SHARP_BELOW_PIXELS = 200_000


def camera_with_fov(width: int, height: int, horizontal_fov_deg: float) -> Camera:
    """Pinhole with square pixels and its centre in the middle, `horizontal_fov_deg` wide."""
    focal = width / 2 / math.tan(math.radians(horizontal_fov_deg) / 2)
    return Camera(fx=focal, fy=focal, cx=(width - 1) / 2, cy=(height - 1) / 2, width=width,
                  height=height)


class Renderer:
    """Renders one world for one camera; must be made, used and closed on one thread.

    Colour is drawn `supersample` times finer and averaged (default: 2 for images under
    200,000 pixels, else 1); depth is drawn at the camera's own pixel centres. `gl`: a context of
    `new_context` to draw in, which the renderer does not free; sharing it saves 0.3 s a world.
    Raises ValueError for a camera with lens distortion, OSError where no OpenGL works.
    """

    def __init__(self, world: World, camera: Camera, supersample: int | None = None,
                 gl=None):
        if camera.distortion:
            raise ValueError('the simulated camera is an ideal pinhole: leave out the distortion')
        self._mujoco = load_mujoco()
        self._world, self.camera = world, camera
        self._scale = supersample or _supersample(camera)
        size = (camera.width * self._scale, camera.height * self._scale)
        world.model.vis.global_.offwidth, world.model.vis.global_.offheight = size
        self._own_gl = gl is None
        self._gl = gl or new_context(*size)
        self._gl.make_current()
        self._context = self._new_mujoco_context()
        self._scene = self._new_scene()
        self._fine_rgb = np.empty((size[1], size[0], 3), np.uint8)

    def __enter__(self) -> Renderer:
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def close(self) -> None:
        """Free the OpenGL context; the renderer cannot be used after."""
        self._context.free()
        if self._own_gl:
            self._gl.free()

    def use(self, camera: Camera) -> None:
        """Draw for another pinhole camera of the same image size; ValueError otherwise."""
        if (camera.width, camera.height) != (self.camera.width, self.camera.height):
            raise ValueError(f'this renderer draws {self.camera.width}x{self.camera.height} '
                             f'pixels, the camera has {camera.width}x{camera.height}')
        self.camera = camera

    def render(self, pose: Pose) -> tuple[np.ndarray, np.ndarray]:
        """(rgb_HW3 uint8, depth_HW float32) seen from a pose; see `colour` and `depth`."""
        return self.colour(pose), self.depth(pose)

    def colour(self, pose: Pose) -> np.ndarray:
        """Image (H, W, 3) uint8 RGB."""
        self._aim(pose)
        height, width = self._fine_rgb.shape[:2]
        self._draw(width, height, self._fine_rgb, None)
        size = (self.camera.width, self.camera.height)
        fine = self._fine_rgb
        small = cv2.resize(fine, size, interpolation=cv2.INTER_AREA) if self._scale > 1 else fine
        return np.ascontiguousarray(small[::-1])

    def depth(self, pose: Pose) -> np.ndarray:
        """Depth (H, W) float32: metres along the optical axis, +inf where only sky is seen."""
        self._aim(pose)
        return self._flat_depth(self.camera.width, self.camera.height)

    def probe(self, pose: Pose, rows: int = 36, columns: int = 48) -> np.ndarray:
        """Coarse depth (rows, columns) of the same view; sees surfaces from behind as well."""
        self._aim(pose)
        culling = self._mujoco.mjtRndFlag.mjRND_CULL_FACE.value
        self._scene.flags[culling] = 0
        depth_hw = self._flat_depth(columns, rows)
        self._scene.flags[culling] = 1
        return depth_hw

    def _flat_depth(self, width: int, height: int) -> np.ndarray:
        buffer = np.empty((height, width), np.float32)
        flat = [self._mujoco.mjtRndFlag.mjRND_SEGMENT.value,
                self._mujoco.mjtRndFlag.mjRND_IDCOLOR.value]
        self._scene.flags[flat] = 1
        self._draw(width, height, None, buffer)
        self._scene.flags[flat] = 0
        return metres_from_buffer(buffer[::-1], self._world.near_m, self._world.far_m)

    def _draw(self, width: int, height: int, rgb, depth) -> None:
        window = self._mujoco.MjrRect(0, 0, width, height)
        self._gl.make_current()
        self._mujoco.mjr_render(window, self._scene, self._context)
        self._mujoco.mjr_readPixels(rgb, depth, window, self._context)

    def _aim(self, pose: Pose) -> None:
        """Give MuJoCo's two cameras (a stereo pair) the same pose and the camera's frustum."""
        camera, near = self.camera, self._world.near_m
        left, right = (-0.5 - camera.cx) / camera.fx, (camera.width - 0.5 - camera.cx) / camera.fx
        top, bottom = (camera.cy + 0.5) / camera.fy, (camera.cy + 0.5 - camera.height) / camera.fy
        for eye in self._scene.camera:
            eye.pos[:] = pose.position
            eye.forward[:], eye.up[:] = pose.rotation[:, 2], -pose.rotation[:, 1]
            eye.frustum_near, eye.frustum_far = near, self._world.far_m
            eye.frustum_bottom, eye.frustum_top = bottom * near, top * near
            eye.frustum_center = (left + right) / 2 * near
            eye.frustum_width = (right - left) / 2 * near  # MuJoCo means half the width

    def _new_mujoco_context(self):
        mujoco = self._mujoco
        context = mujoco.MjrContext(self._world.model, mujoco.mjtFontScale.mjFONTSCALE_50.value)
        mujoco.mjr_setBuffer(mujoco.mjtFramebuffer.mjFB_OFFSCREEN.value, context)
        context.readDepthMap = mujoco.mjtDepthMap.mjDEPTH_ZEROFAR
        return context

    def _new_scene(self):
        """The world as MuJoCo draws it; nothing moves, so it is made once."""
        mujoco, model = self._mujoco, self._world.model
        data, scene = mujoco.MjData(model), mujoco.MjvScene(model, maxgeom=model.ngeom + 100)
        mujoco.mj_forward(model, data)
        mujoco.mjv_updateScene(model, data, mujoco.MjvOption(), None, mujoco.MjvCamera(),
                               mujoco.mjtCatBit.mjCAT_ALL.value, scene)
        return scene


def _supersample(camera: Camera) -> int:
    return 2 if camera.width * camera.height < SHARP_BELOW_PIXELS else 1


def metres_from_buffer(buffer_HW: np.ndarray, near_m: float, far_m: float) -> np.ndarray:
    """Metres along the optical axis, float32, of a reversed depth buffer (0 far, 1 near).

    +inf where nothing was drawn, which leaves an exact 0.
    """
    inverse = buffer_HW.astype(np.float64) * (far_m - near_m) + near_m
    return np.where(buffer_HW > 0, near_m * far_m / inverse, np.inf).astype(np.float32)
