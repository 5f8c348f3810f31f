"""Several processes that train one network: PyTorch DDP as `torchrun` starts it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
import os

import torch
from torch import distributed, nn


@dataclass(frozen=True, kw_only=True)
class World:
    """This process among all: `rank` of `size`, `local_rank` on its machine."""

    rank: int = 0
    size: int = 1
    local_rank: int = 0

    @property
    def leads(self) -> bool:
        """Whether this process writes, prints and watches."""
        return self.rank == 0

    def device(self, device: str) -> str:
        """The GPU of this process where `device` is one; a CPU serves all."""
        return f'cuda:{self.local_rank}' if device.startswith('cuda') and self.size > 1 else device

    def check_batch(self, size: int) -> None:
        """ValueError for a batch that the processes cannot share evenly.

        DDP averages over processes, so uneven shares would weigh images unequally.
        """
        if size % self.size:
            raise ValueError(f'batch_size {size} is not a multiple of the {self.size} processes: '
                             f'--set batch_size={-(-size // self.size) * self.size}')

    def wrap(self, module: nn.Module) -> nn.Module:
        """`module` with gradients averaged over all processes, batch norms too on GPUs."""
        if self.size == 1:
            return module
        device = next(module.parameters()).device
        if device.type == 'cuda':
            module = nn.SyncBatchNorm.convert_sync_batchnorm(module)
        return nn.parallel.DistributedDataParallel(
            module, device_ids=[device.index] if device.type == 'cuda' else None)

    def wait(self) -> None:
        """Return when every process has come here."""
        if self.size > 1:
            distributed.barrier()


@contextmanager
def world(device: str) -> Iterator[World]:
    """The processes `torchrun` started, joined for as long as the block lasts; alone without.

    They speak by nccl where `device` is a GPU, by gloo on a CPU.
    """
    size = int(os.environ.get('WORLD_SIZE', '1'))
    if size == 1:
        yield World()
        return
    local_rank = int(os.environ.get('LOCAL_RANK', '0'))
    if device.startswith('cuda'):
        torch.cuda.set_device(local_rank)
    distributed.init_process_group('nccl' if device.startswith('cuda') else 'gloo')
    try:
        yield World(rank=distributed.get_rank(), size=size, local_rank=local_rank)
    finally:
        distributed.destroy_process_group()
