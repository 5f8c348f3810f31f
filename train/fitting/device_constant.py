"""Numbers that every batch needs on the device that trains."""

from __future__ import annotations

from functools import lru_cache

import torch
from torch import Tensor


@lru_cache(maxsize=64)
def constant(values: tuple, device: torch.device) -> Tensor:
    """Numbers, in tuples of tuples, as a tensor on `device`.

    It is made once: to copy numbers to a GPU is to wait for all that it has still to do.
    """
    return torch.tensor(values, device=device)
