"""The process in which a learner's notebook runs: python -m tinygrad_edu.course.child READING WRITING

It runs cells and lends what they define to the tests, which stay in the process that started this one. Limits
of time, memory and file size are set first; an audit hook then refuses other processes, the network, and the
sources of the lessons. That guards against mistakes and simple tricks, and is no wall against an attacker.
"""

from __future__ import annotations

import base64
import contextlib
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

REFUSED = (
    "os.fork", "os.forkpty", "os.exec", "os.posix_spawn", "os.spawn", "os.system", "os.kill", "os.killpg",
    "os.link", "os.symlink", "os.startfile", "subprocess.", "pty.", "socket.", "ftplib.", "smtplib.",
    "urllib.", "winreg.", "ctypes.dlsym", "ctypes.call_function", "ctypes.string_at",
)  # fmt: skip


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
            resource.RLIMIT_FSIZE: 64 << 20,
            resource.RLIMIT_CORE: 0,
        }
        for kind, value in wanted.items():
            with contextlib.suppress(OSError, ValueError):
                resource.setrlimit(kind, (value, value))


def refuse(hidden: list[str]) -> None:
    """Refuses, from now on, other processes, the network, and files of these names, wherever they are."""
    refused, secret, mine = REFUSED, frozenset(hidden), f"/proc/{os.getpid()}"
    real, base, fspath = os.path.realpath, os.path.basename, os.fsdecode

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            path = arguments[0]
            if isinstance(path, str | bytes | os.PathLike):
                path = fspath(path)
                place = real(path)
                elsewhere = place.startswith("/proc/") and not place.startswith(
                    (mine, "/proc/self")
                )
                inside = elsewhere and place.split("/")[2].isdecimal()
                if base(path) in secret or base(place) in secret or inside:
                    raise PermissionError(f"an assignment may not read {base(path)}")
        elif event.startswith(refused):
            raise PermissionError(f"an assignment may not use {event}")

    sys.addaudithook(hook)


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
