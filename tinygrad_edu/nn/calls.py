"""One call of a module, as every Tensor that was made in it remembers it."""

from __future__ import annotations

from typing import NamedTuple
from weakref import ref

import numpy as np

from tinygrad_edu.tensor import Tensor

FOLLOWED = 200  # calls: of a loop without an end, the last ones are kept


class Given(NamedTuple):
    """A Tensor that a module was given and that no operation was recorded for. It is not kept alive."""

    tensor: ref[Tensor]
    scope: tuple  # the call that it was made in
    shape: tuple[int, ...]
    dtype: np.dtype
    name: str | None


class Call(tuple):
    """The modules being called, outermost first.

    Where no gradient is needed, as in frozen layers, operations are not recorded. So that a picture can still
    tell which layers the numbers went through, a call that is given such a Tensor notes it.
    """

    outer: tuple = ()  # the call that this one happened in
    given: tuple[Given, ...] = ()
    followed = 0  # calls before this one

    def note(self, outer: tuple, inputs: tuple) -> None:
        """Keeps which Tensors the module was given, without keeping them alive."""
        self.outer = outer
        unrecorded = [x for x in inputs if isinstance(x, Tensor) and x.op is None]
        before = [x.scope.followed for x in unrecorded if isinstance(x.scope, Call)]
        self.followed = max(before, default=0) + 1
        if self.followed > FOLLOWED:
            self.followed = 0
            return
        self.given = tuple(Given(ref(x), x.scope, x.shape, x.dtype, x.name) for x in unrecorded)
