"""Training on several processes: `shared` batches, and an optimizer that averages gradients over them.

`ranks.py` tells how the processes compute what one would.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_edu.diagnostics.words import refusal
from tinygrad_edu.nn.module import Module
from tinygrad_edu.optim.optimizer import Optimizer
from tinygrad_edu.ranks import shared
from tinygrad_edu.tensor import value

__all__ = ["DistributedOptimizer", "broadcast_parameters", "shared"]


class DistributedOptimizer:
    """Any optimizer, on gradients that are the mean of those of all ranks of an MPI communicator.

        optimizer = DistributedOptimizer(Adam(model.parameters()), MPI.COMM_WORLD)

    step()     averages the gradients (one message for all parameters of a dtype), and takes the same step on
               every rank. Clipping, weight decay and accumulation follow, as in one process

    The step forgets the gradients: they are in memory that it computes in.

    Everything else is that of the optimizer. Gradients are to be those of `shared` batches. The gradient of a
    parameter that has one on some ranks alone is 0 on the others.

    Sergeev and Del Balso 2018 (Horovod).
    """

    def __init__(self, optimizer: Optimizer, comm: Any):
        if not isinstance(optimizer, Optimizer):
            raise refusal(
                TypeError,
                f"DistributedOptimizer takes an optimizer, not {type(optimizer).__name__}.",
                "DistributedOptimizer(Adam(model.parameters()), MPI.COMM_WORLD)",
            )
        self.optimizer, self.comm = optimizer, comm

    def step(self) -> None:
        average_gradients(self.optimizer, self.comm)
        self.optimizer.step()
        for parameter in self.optimizer.parameters:
            parameter._grad = None

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name == "optimizer":
            raise AttributeError(name)
        return getattr(self.optimizer, name)

    def __setattr__(self, name: str, new: Any) -> None:
        if name in ("optimizer", "comm"):
            object.__setattr__(self, name, new)
        else:
            setattr(self.optimizer, name, new)

    def __repr__(self) -> str:
        return f"DistributedOptimizer({self.optimizer!r}, {self.comm.size} ranks)"


def average_gradients(optimizer: Optimizer, comm: Any) -> None:
    """Replaces the gradients of the parameters by their means over the ranks, with a message for each dtype.

    They are then the optimizer's own memory, which its step may overwrite.
    """
    for flat in optimizer.flat_parameters:
        parameters: list[Any] = flat.parameters
        there = np.array([p._grad is not None for p in parameters], float)
        add_up(there, comm)
        for p, (_, g), ranks in zip(parameters, flat.views, there.tolist(), strict=True):
            if p._grad is None:
                g.fill(0)
            else:
                np.divide(value(p._grad), comm.size, out=g, casting="same_kind")
            p._grad = g if ranks else None
        add_up(flat.g, comm)


def add_up(x: np.ndarray, comm: Any) -> None:
    """Replaces x by the sum of the ranks' x."""
    from mpi4py import MPI

    comm.Allreduce(MPI.IN_PLACE, x)


def broadcast_parameters(model: Module, comm: Any, root: int = 0) -> None:
    """Gives every rank the parameters and buffers that `root` has, so that all start from the same weights.

    Raises ValueError, on every rank, if the models differ in the names, shapes or dtypes of these.
    """
    state = model.state_dict()
    kinds = {name: f"{array.shape} {array.dtype}" for name, array in state.items()}
    demand_equal("model", kinds, comm)
    model.load_state_dict(comm.bcast(state if comm.rank == root else None, root=root))


def demand_equal(what: str, facts: dict[str, str], comm: Any) -> None:
    """Refuses ranks whose facts differ, on every rank, and names the first difference with its rank."""
    of_ranks = comm.allgather(facts)
    for rank, others in enumerate(of_ranks):
        for name in {**of_ranks[0], **others}:
            first, other = (f.get(name, "not there") for f in (of_ranks[0], others))
            if first != other:
                raise refusal(
                    ValueError,
                    f"the ranks differ in their {what}: {name} is {first} on rank 0, and {other} on rank "
                    f"{rank}.",
                    "the same program with the same arguments on every rank",
                )
