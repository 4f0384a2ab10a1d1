"""Data-parallel training: N processes compute what one would, each with a part of every batch.

Each process (a *rank*, in MPI's word) has the same weights and takes its own rows of a batch. Most of a
network works on each sample by itself and does not notice. What mixes the samples of a batch asks here:

    a loss                 is a mean over the samples of all ranks
    batch normalization    has the mean and the variance of all ranks
    dropout                draws for all samples, in their order, and takes the rows of this rank

So that the gradient, averaged over the ranks, is that of one process. The communicator is that of mpi4py, or
anything with its `rank`, `size`, `allreduce` and `Allreduce`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from tinygrad_edu.diagnostics.words import refusal
from tinygrad_edu.modes import set_mode, thread
from tinygrad_edu.pytree import each_leaf, leaves
from tinygrad_edu.tensor import Op

__all__ = ["Share", "draw_for_all", "loss_of_share", "mean_of_ranks", "shared", "sum_over_ranks"]


class Share:
    """The part of a batch of n samples that this rank computes: the rows from `start` to `stop`.

    has_scaled   has a loss asked what it is a mean over?
    """

    def __init__(self, comm: Any, n: int):
        self.comm, self.n = comm, n
        self.start, self.stop = (n * r // comm.size for r in (comm.rank, comm.rank + 1))
        self.has_scaled = False

    def rows(self, array: Any) -> Any:
        return array[self.start : self.stop]

    def total(self, x: Any) -> Any:
        """The sum of the ranks' x: numbers, or arrays of one shape."""
        if not isinstance(x, np.ndarray):
            return self.comm.allreduce(x)
        summed = np.empty_like(x, order="C")
        self.comm.Allreduce(np.ascontiguousarray(x), summed)
        return summed

    def divisor(self, n: float) -> float:
        """What a rank divides its sum by, so that the mean of the ranks' results is the mean of all.

        n   how many values this rank sums
        """
        self.has_scaled = True
        return self.total(float(n)) / self.comm.size

    def ranks(self) -> int:
        """What a rank multiplies its sum by, so that the mean of the ranks' results is the sum of all."""
        self.has_scaled = True
        return self.comm.size

    def gathered(self, array: np.ndarray) -> np.ndarray:
        """The rows of all ranks."""
        return np.concatenate(self.comm.allgather(np.asarray(array)))

    def mean_of(self, mean: float, n: float) -> tuple[float, float]:
        """(the mean of all ranks, what it is a mean over), from those of this rank."""
        total, count = self.total(np.array([mean * n, n], float)).tolist()
        return (total / count if count else 0.0), count


def mean_of_ranks(number: float) -> float:
    """The mean of a number over the ranks that share a batch; alone, the number."""
    share = thread.mode.share
    return number if share is None else share.total(number) / share.comm.size


def loss_of_share(loss: Callable, *args: Any, **weights: Any) -> Any:
    """loss(*args, **weights), such that the mean over the ranks is that over all samples.

    The losses of `nn` see to that. Any other is taken for a mean over the samples that it gets.
    """
    share = thread.mode.share
    if share is None:
        return loss(*args, **weights)
    share.has_scaled = False
    y = loss(*args, **weights)
    if not share.has_scaled:
        y = y * ((share.stop - share.start) * share.comm.size / share.n)
        share.has_scaled = True
    return y


@contextmanager
def shared(comm: Any, *arrays: Any) -> Iterator[Any]:
    """Context for one step of a training that is shared by the ranks of an MPI communicator.

        optimizer = DistributedOptimizer(Adam(model.parameters()), MPI.COMM_WORLD)
        for x, y in loader:                        # the same batches on every rank
            with shared(MPI.COMM_WORLD, x, y) as (x, y):
                loss = nn.cross_entropy(model(x), y)
                optimizer.zero_grad()
                loss.backward()
            optimizer.step()

    Gives each rank its rows of the arrays, also in dicts, lists and tuples. The losses of `nn` inside are
    scaled so that their mean over the ranks is the loss of the whole batch. A batch with fewer samples than
    ranks is computed as a whole by each rank, with the same result.

    Raises ValueError if the arrays differ in their number of rows, or that number differs between ranks.
    """
    sizes = {len(array) for array in leaves(arrays)}
    of_ranks = comm.allgather(sizes)
    if len(sizes) != 1 or any(other != sizes for other in of_ranks):
        told = ", ".join(f"rank {r}: {sorted(other)}" for r, other in enumerate(of_ranks))
        raise refusal(
            ValueError,
            f"shared: the arrays of a batch differ in their number of rows: {told}.",
            "the same batch on every rank: a DataLoader with the same seed",
        )
    n = sizes.pop()
    if n < comm.size:
        yield arrays if len(arrays) > 1 else arrays[0]
        return
    share = Share(comm, n)
    parts = each_leaf(share.rows, arrays)
    with set_mode(share=share):
        yield parts if len(parts) > 1 else parts[0]


def _sum(x: np.ndarray) -> np.ndarray:
    return thread.mode.share.total(np.asarray(x))


# A sum over ranks, as an operation. The result of each rank depends on the x of every rank, so that x gets
# the gradients of all: the rule is the sum again.
sum_over_ranks: Op = Op(
    _sum, lambda g, y, x: sum_over_ranks(g), name="sum_over_ranks", formula="Σ of the ranks' x", linear=True
)  # fmt: skip


def draw_for_all(
    draw: Callable[[tuple[int, ...]], np.ndarray], shape: tuple[int, ...]
) -> np.ndarray:
    """draw(shape), random numbers for the rows of a batch: as one process would draw them for all its rows.

    Axis 0 counts the samples, or the same number of rows for each.
    """
    share = thread.mode.share
    if share is None:
        return draw(shape)
    each, rest = divmod(shape[0], share.stop - share.start)
    if rest:
        raise refusal(
            ValueError,
            f"random numbers of shape {shape} for {share.stop - share.start} samples of this rank: axis "
            "0 does not count samples.",
            "dropout where axis 0 is that of the batch",
        )
    return draw((each * share.n, *shape[1:]))[each * share.start : each * share.stop]
