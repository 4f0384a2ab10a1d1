"""The process in which a learner's notebook runs: python -m tinygrad_edu.course.child READING WRITING

It runs cells and lends what they define to the tests, which stay in the process that started this one. Limits
of time, memory and file size are set first; an audit hook (`guard`) then refuses other processes, the
network, the sources of the lessons, and changes outside the notebook's folder. That guards against mistakes
and simple tricks, and is no wall against an attacker.
"""

from __future__ import annotations

import base64
import builtins
import contextlib
import importlib.util
import io
import linecache
import os
import pickle
import sys
import types
from collections.abc import Callable
from typing import Any

import numpy as np

from tinygrad_edu.course.wire import OPERATORS, Peer, line_in_notebook
from tinygrad_edu.tensor import Tensor

# What other processes can be started or ended with, unseen by any audit hook.
UNSEEN = (("_posixsubprocess", "fork_exec"), ("subprocess", "_fork_exec"), ("os", "pidfd_open"))


class Learner(Peer):
    """The end of the connection on the learner's side."""

    def __init__(self, reading: int, writing: int):
        super().__init__(reading, writing, trusted=True)
        # A notebook's own checks are not what counts.
        self.names: dict[str, Any] = {"__name__": "__main__", "check": lambda *_: None}
        self.cells = 0
        self.copied: list[tuple[Tensor, int, np.ndarray]] = []  # Tensors of the call at hand
        self.serve = self.serve_learner

    def encode_other(self, x: Any) -> Any:
        kinds = [f"{c.__module__}:{c.__qualname__}" for c in type(x).__mro__]
        return ["object", self.lend(x), kinds]

    def _tensor(self, t: Tensor) -> Any:
        # A parameter stays here, where its gradient arrives.
        is_leaf_of_ours = t.requires_grad and not t.inputs and id(t) not in self.foreign
        return self.encode_other(t) if is_leaf_of_ours else super()._tensor(t)

    def decode_other(self, x: Any) -> Any:
        match x:
            case ["home", int(number)]:
                return self.lent[number]
            case ["pickle", str(data)]:
                return _Unpickler(self, base64.b64decode(data)).load()
            case ["function", int(number)]:
                return self._function(number)
        return super().decode_other(x)

    def _function(self, number: int) -> Callable[..., Any]:
        def function(*args: Any, **kwargs: Any) -> Any:
            # Of the Tensors that a function gets, the backward pass leads back here, leaves included.
            sent = [_Argument(x) if type(x) is Tensor and x.requires_grad else x for x in args]
            return self.ask("call", number, sent, kwargs)

        return function

    def encode(self, x: Any) -> Any:
        if type(x) is _Argument:
            return Peer._tensor(self, x.tensor)
        return super().encode(x)

    def answer(self, what: str, values: list[Any]) -> None:
        self.copied = []
        super().answer(what, values)

    def _copied(self, number: int, data: np.ndarray, kind: type[Tensor] = Tensor) -> Tensor:
        leaf = super()._copied(number, data, kind)
        self.copied.append((leaf, number, np.array(data)))
        return leaf

    def serve_learner(self, what: str, values: list[Any]) -> Any:
        match what, values:
            case "run", [str(code)]:
                return self._run(code)
            case "names", [list(names)]:
                return {name: self.names[name] for name in names if name in self.names}
            case "call", [f, list(args), dict(kwargs)]:
                leaves = self.copied
                before = [self.encode(x) if type(x) in (np.ndarray, list) else None for x in args]
                result = f(*args, **kwargs)
                changed = {
                    i: x
                    for i, (x, b) in enumerate(zip(args, before, strict=True))
                    if b is not None and self.encode(x) != b
                }
                return result, changed, {n: _news(t, b) for t, n, b in leaves}
            case "get", [x, str(name)]:
                return getattr(x, name)
            case "set", [x, str(name), value]:
                return setattr(x, name, value)
            case "array", [x]:
                return np.asarray(x.data if isinstance(x, Tensor) else x)
            case "operator", [x, str(name), *rest]:
                return OPERATORS[name](x, *rest)
            case "turned", [x, str(name), other]:
                return OPERATORS[name](other, x)
            case "pull", [int(number), g]:
                return self.pull(number, g)
        raise ValueError(what)

    def _run(self, code: str) -> Any:
        """Runs a cell. Returns None, or what went wrong: [class, message, line]."""
        self.cells += 1
        file = f"<cell {self.cells}>"
        linecache.cache[file] = (len(code), None, code.splitlines(keepends=True), file)
        try:
            exec(compile(code, file, "exec"), self.names)
        except BaseException as error:
            line = line_in_notebook(error)
            if isinstance(error, SyntaxError):
                line = (error.text or "").strip()
            return [type(error).__name__, str(error).partition("\n")[0][:500], line]
        return None


class _Unpickler(pickle.Unpickler):
    def __init__(self, peer: Learner, data: bytes):
        super().__init__(io.BytesIO(data))
        self.peer = peer

    def persistent_load(self, known: Any) -> Any:
        kind, number, data = known
        return self.peer._copied(number, data, kind)


def _news(t: Tensor, before: np.ndarray) -> tuple[Any, Any]:
    """What an answer has done to a Tensor that it was given: new data, and a gradient; None for neither."""
    same = np.array_equal(t.data, before, equal_nan=t.data.dtype.kind in "fc")
    return None if same else t.data, t.grad


class _Argument:
    def __init__(self, tensor: Tensor):
        self.tensor = tensor


def set_limits(seconds: int, megabytes: int) -> None:
    """Limits that the process cannot raise again, where the system has them."""
    with contextlib.suppress(ImportError):
        import resource

        wanted = {
            resource.RLIMIT_CPU: seconds,
            resource.RLIMIT_AS: megabytes << 20,
            resource.RLIMIT_FSIZE: 16 << 20,
            resource.RLIMIT_CORE: 0,
        }
        for kind, value in wanted.items():
            with contextlib.suppress(OSError, ValueError):
                resource.setrlimit(kind, (value, value))


def refuse(hidden: list[str]) -> None:
    """Refuses, from now on, what an assignment may not do: see `guard`."""
    for module, name in UNSEEN:
        with contextlib.suppress(ImportError, AttributeError):
            found = importlib.import_module(module)
            getattr(found, name)  # not everywhere
            setattr(found, name, _refused)
    private_os = types.ModuleType("os")
    vars(private_os).update(vars(os))
    guard = _copy_of("tinygrad_edu.course.guard")
    guard.os, guard.paths = private_os, _copy_of(os.path.__name__)
    guard.paths.os = private_os
    guard.watch(frozenset(hidden), os.getcwd())


def _refused(*_: Any) -> None:
    raise PermissionError("an assignment may not use other processes")


def _copy_of(name: str) -> Any:
    """The module, executed anew with builtins of its own, which nobody else imports."""
    spec = importlib.util.find_spec(name)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    vars(module)["__builtins__"] = dict(vars(builtins))
    spec.loader.exec_module(module)
    return module


def main(reading: str, writing: str, seconds: str, megabytes: str, *hidden: str) -> None:
    from tinygrad_edu import course

    os.environ.setdefault("MPLBACKEND", "Agg")
    set_limits(int(seconds), int(megabytes))
    peer = Learner(int(reading), int(writing))
    course.check = peer.names["check"]
    sys.modules["__main__"] = types.ModuleType(
        "__main__"
    )  # so that the cells do not find this module there
    refuse([*hidden])
    while True:
        match peer.receive():
            case ["ask", str(what), list(values)]:
                peer.answer(what, values)


if __name__ == "__main__":
    main(*sys.argv[1:])
