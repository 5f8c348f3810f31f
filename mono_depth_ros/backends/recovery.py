"""What happens when a device gives up while it serves: out of memory, lost, reset."""

from __future__ import annotations

from collections.abc import Callable
import math

import numpy as np

from mono_depth_ros.backends.backend import Backend, BackendSpec, DeviceError, first_line
from mono_depth_ros.backends.serve import Serving

# What is done about it, by policy; '' passes the error on and tries the next image as before.
NEXT = {'': '', 'fail': 'no image is served until the model is loaded again',
        'retry': 'the network is loaded again, for this image and each that fails',
        'cpu': 'the CPU takes over'}


class RecoveringNetwork:
    """A serving backend that is replaced where its device gives up; see `backend.Backend`.

    `policy` is one of NEXT; `again` loads the network for a spec and tests it, so that what takes
    over gives the right depth or nothing. A batch of several that fails costs batches as large:
    they are given up for good, whatever the policy. `error` is what happened last, in one
    sentence, '' while nothing has; `spec` and `reason` are those of what serves at present.
    """

    def __init__(self, serving: Serving, policy: str, again: Callable[[BackendSpec], Serving]):
        if policy not in NEXT:
            raise ValueError(f'on_device_error must be retry, cpu or fail, got {policy!r}')
        self._network: Backend | None = serving.network
        self.spec, self.reason, self.error = serving.spec, serving.reason, ''
        self._policy, self._again = policy, again
        self._most: float = math.inf  # images in a batch

    @property
    def together(self) -> int:
        """As the backend's: how many images it pays to give to `batch`, fewer after it failed."""
        return int(min(getattr(self._network, 'together', 1), self._most))

    def batch(self, image_BCHW: np.ndarray) -> np.ndarray:
        """As the backend's; what fails here may be served one by one."""
        try:
            return self._network.batch(image_BCHW)  # type: ignore[union-attr]
        except DeviceError as error:
            images = len(image_BCHW)
            self._most = min(self._most, max(1, images // 2))
            self.error = (f'{self.spec} could not run {images} images at once: {error}; from now '
                          f'on it is given at most {self._most}')
            self.reason += f'; {self.error}'
            raise

    def __call__(
            self, image_CHW: np.ndarray, intrinsics_33: np.ndarray | None = None) -> np.ndarray:
        if self._network is not None:
            try:
                return self._network(image_CHW, intrinsics_33)
            except DeviceError as error:
                if not self._policy:
                    raise
                self._network = None  # its memory is needed for what follows
                self.error = f'{self.spec} gave up: {error}; {NEXT[self._policy]}'
        if self._policy == 'fail':
            raise DeviceError(self.error)
        return self._replaced()(image_CHW, intrinsics_33)

    def _replaced(self) -> Backend:
        wanted = self.spec if self._policy == 'retry' else BackendSpec(device='cpu')
        try:
            serving = self._again(wanted)
        except Exception as error:  # whatever a broken device raises
            raise DeviceError(f'{self.error}, but cannot: {first_line(error)}') from error
        self._network, self.spec = serving.network, serving.spec
        self.reason = f'{serving.reason}; since {self.error}'
        return self._network
