"""The processes that train together: what `Trainer(..., comm=MPI.COMM_WORLD)` does differently."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from typing import Any

import numpy as np

from tinygrad_edu.diagnostics.words import refusal
from tinygrad_edu.distributed import DistributedOptimizer, demand_equal
from tinygrad_edu.optim import Optimizer
from tinygrad_edu.ranks import shared
from tinygrad_edu.training.callbacks import Callback, Training
from tinygrad_edu.training.checkpoint import configuration_of, generators_of
from tinygrad_edu.training.random_states import set_states, states
from tinygrad_edu.version import __version__

NEEDED = ("rank", "size", "allreduce", "Allreduce", "allgather", "bcast", "Abort")


SIZES = ("PMI_SIZE", "OMPI_COMM_WORLD_SIZE", "MPI_LOCALNRANKS")  # what mpiexec tells its processes


def communicator() -> Any:
    """MPI.COMM_WORLD, if mpiexec started several processes of this program; None for one alone.

    Raises ImportError if it did, and mpi4py is not installed.
    """
    ranks = max(int(os.environ.get(name, 1)) for name in SIZES)
    if ranks == 1:
        return None
    try:
        from mpi4py import MPI
    except ImportError as error:
        raise refusal(
            ImportError,
            f"mpiexec started this program {ranks} times, and mpi4py, by which they would find each other, "
            "is not installed.",
            "pip install 'tinygrad-edu[mpi]'",
        ) from error
    return MPI.COMM_WORLD


class World:
    """The ranks of an MPI communicator. Alone, in one process, nothing here does anything.

    is_first   is this the rank that prints and writes files?
    """

    def __init__(self, comm: Any = None):
        missing = [name for name in NEEDED if comm is not None and not hasattr(comm, name)]
        if missing:
            raise refusal(
                TypeError,
                f"Trainer(comm={comm!r}): a communicator of MPI, and this has no {missing[0]}.",
                "from mpi4py import MPI; Trainer(..., comm=MPI.COMM_WORLD)",
            )
        self.comm = comm if comm is not None and comm.size > 1 else None
        self.is_first = self.comm is None or self.comm.rank == 0

    @contextmanager
    def printing_once(self) -> Iterator[None]:
        """Context in which only the first rank prints."""
        if self.is_first:
            yield
            return
        with open(os.devnull, "w") as nothing, redirect_stdout(nothing):
            yield

    # Before training.

    def seed(self, seed: Any) -> Any:
        """The seed for the order of the batches, which must be the same on every rank."""
        if self.comm is None or seed is not None:
            return seed
        return self.comm.bcast(int(np.random.default_rng().integers(2**63)), root=0)

    def callbacks(self, callbacks: Sequence[Callback]) -> list[Callback]:
        """Those of this rank: only the first writes files and draws."""
        return [c for c in callbacks if self.is_first or not (c.writes or c.draws)]

    def from_first(self, function: Callable[[], Any]) -> Any:
        """What the function returns on the first rank, or its error, on every rank."""
        if self.comm is None:
            return function()
        found, error = None, None
        if self.is_first:
            try:
                found = function()
            except Exception as raised:
                error = raised
        found, error = self.comm.bcast((found, error), root=0)
        if error is not None:
            raise error
        return found

    def begin(self, trainer: Training, epochs: int) -> None:
        """Demands that all ranks are about to train the same, and gives them the state of the first.

        Raises ValueError on every rank if they differ in versions, epochs, model, optimizer, data or seeds.
        """
        if self.comm is None:
            return
        facts = {"version of tinygrad_edu": __version__, "version of NumPy": np.__version__}
        facts |= {"version of Python": sys.version.split()[0], "number of epochs": str(epochs)}
        demand_equal("training", facts | dict(configuration_of(trainer)), self.comm)
        random = generators_of(trainer)
        mine = trainer.model.state_dict(), trainer.optimizer.state_dict(), states(random)
        model, optimizer, drawn = self.comm.bcast(mine if self.is_first else None, root=0)
        trainer.model.load_state_dict(model)
        trainer.optimizer.load_state_dict(optimizer)
        set_states(random, drawn)

    # In a step.

    @contextmanager
    def shared(self, *batch: Any) -> Iterator[tuple]:
        """Context with the rows of a batch (x, y, or with weights) that this rank computes."""
        if self.comm is None:
            yield batch
            return
        given = [part for part in batch if part is not None]
        with shared(self.comm, *given) as parts:
            yield (*parts, *[None] * (len(batch) - len(given)))

    def step(self, optimizer: Optimizer) -> None:
        """A step by the gradients of all ranks."""
        (optimizer if self.comm is None else DistributedOptimizer(optimizer, self.comm)).step()

    def any(self, *flags: bool) -> tuple[bool, ...]:
        """For each flag, whether it is set on any rank, so that all stop together."""
        if self.comm is None:
            return flags
        total = np.zeros(len(flags))
        self.comm.Allreduce(np.array(flags, float), total)
        return tuple((total > 0).tolist())

    @contextmanager
    def ending_together(self) -> Iterator[None]:
        """Context in which an error on one rank ends all: the others would wait for it forever."""
        try:
            yield
        except BaseException:
            if self.comm is None:
                raise
            lines = [
                f"[rank {self.comm.rank}] {line}" for line in traceback.format_exc().splitlines()
            ]
            lines.append(f"Rank {self.comm.rank} of {self.comm.size} failed, and ends all.")
            print("\n".join(lines), file=sys.stderr, flush=True)
            self.comm.Abort(1)
            raise
