"""Two processes that share values: the tests on one side, a learner's code on the other.

Both sides send messages of JSON. Numbers, strings, arrays, lists and dictionaries travel as copies. Other
objects of the learner stay where they are; the tests get a `Remote`, which forwards attributes, calls and
arithmetic. Functions of the tests stay there, too, and the learner's code may call them, and no more.

A Tensor that requires a gradient arrives as a Tensor whose backward pass goes on in the other process.

What comes from the learner is never unpickled and decides nothing: it is a value like any that a function
returns.
"""

from __future__ import annotations

import base64
import builtins
import importlib
import io
import json
import linecache
import operator
import os
import pickle
import re
import select
import time
from collections.abc import Callable, Iterator
from fractions import Fraction
from types import BuiltinFunctionType, FunctionType, MethodType
from typing import Any

import numpy as np

from tinygrad_edu.course.judging import Ended, TooSlow
from tinygrad_edu.tensor import Op, Tensor

LARGEST = 50_000_000  # bytes of a message
KINDS = "biufcSUmM"  # of arrays, by their dtype
FUNCTIONS = (FunctionType, BuiltinFunctionType, MethodType)
OURS = ("tinygrad_edu", "models", "numpy", "builtins")  # whose classes both sides know


class Peer:
    """One end of the connection.

    trusted   may what arrives be unpickled? (The learner's side trusts the tests.)
    """

    def __init__(self, reading: int, writing: int, trusted: bool):
        self.reading, self.writing, self.trusted = reading, writing, trusted
        self.deadline = float("inf")  # of time.monotonic
        self.lent: dict[int, Any] = {}  # what the other side knows by number
        self.numbers: dict[int, int] = {}  # id of the object -> number
        # id of a copied Tensor -> the Tensor, and its number over there
        self.foreign: dict[int, tuple[Tensor, int]] = {}
        self.serve: Callable[[str, list[Any]], Any] = self.serve_tests

    # ---- messages ----

    def ask(self, what: str, *arguments: Any) -> Any:
        """Asks the other side, and answers what it asks meanwhile."""
        self.send(["ask", what, [self.encode(x) for x in arguments]])
        while True:
            message = self.receive()
            match message:
                case ["answer", value]:
                    return self.decode(value)
                case ["error", str(kind), str(text), str(line)]:
                    raise error_named(kind, text, line)
                case ["ask", str(what), list(values)]:
                    self.answer(what, values)
                case _:
                    raise Ended("an unknown message")

    def answer(self, what: str, values: list[Any]) -> None:
        try:
            reply = ["answer", self.encode(self.serve(what, [self.decode(x) for x in values]))]
        except (Exception, SystemExit, KeyboardInterrupt, GeneratorExit) as error:
            reply = ["error", type(error).__name__, str(error)[:2000], line_in_notebook(error)]
        self.send(reply)

    def send(self, message: list[Any]) -> None:
        data = json.dumps(message).encode()
        data = len(data).to_bytes(8, "big") + data
        try:
            while data:
                data = data[os.write(self.writing, data) :]
        except OSError as error:
            raise Ended(str(error)) from None

    def receive(self) -> Any:
        size = int.from_bytes(self._read(8), "big")
        if size > LARGEST:
            raise Ended("a message that is too large")
        try:
            return json.loads(self._read(size))
        except (ValueError, RecursionError):
            raise Ended("a message that cannot be read") from None

    def _read(self, size: int) -> bytes:
        parts = []
        while size:
            left = self.deadline - time.monotonic()
            if left != float("inf") and not select.select([self.reading], [], [], max(left, 0))[0]:
                raise TooSlow
            part = os.read(self.reading, min(size, 1 << 20))
            if not part:
                raise Ended("the end")
            parts.append(part)
            size -= len(part)
        return b"".join(parts)

    # ---- values ----

    def lend(self, value: Any) -> int:
        number = self.numbers.setdefault(id(value), len(self.lent) + 1)
        self.lent[number] = value  # which keeps it alive, so that its id stays its own
        return number

    def encode(self, x: Any) -> Any:
        kind = type(x)
        if issubclass(kind, Remote):
            return ["home", object.__getattribute__(x, "_number")]
        if x is None or kind in (bool, int, float, str):
            return x
        if x is Ellipsis:
            return ["..."]
        if kind in (list, tuple, set, frozenset):
            return [kind.__name__, [self.encode(v) for v in x]]
        if kind is dict:
            return ["dict", [[self.encode(k), self.encode(v)] for k, v in x.items()]]
        if kind in (complex, Fraction):
            return [kind.__name__, str(x)]
        if kind is bytes:
            return ["bytes", base64.b64encode(x).decode()]
        if (kind is np.ndarray or isinstance(x, np.generic)) and x.dtype.kind in KINDS:
            data = base64.b64encode(np.ascontiguousarray(x).tobytes()).decode()
            return [
                "array" if kind is np.ndarray else "scalar", x.dtype.str, list(np.shape(x)), data
            ]  # fmt: skip
        if isinstance(x, type) and x.__module__.split(".")[0] in OURS:
            return ["class", f"{x.__module__}:{x.__qualname__}"]
        if isinstance(x, Tensor) and type(x) is Tensor:
            return self._tensor(x)
        return self.encode_other(x)

    def encode_other(self, x: Any) -> Any:
        """On the side of the tests: their functions stay here."""
        if isinstance(x, FUNCTIONS):
            return ["function", self.lend(x)]
        data = io.BytesIO()
        try:
            _Pickler(self, data).dump(x)
            return ["pickle", base64.b64encode(data.getvalue()).decode()]
        except Exception as error:
            raise TypeError(f"a check cannot send a {type(x).__name__}: {error}") from None

    def decode(self, x: Any) -> Any:
        try:
            return self._decode(x)
        except (AttributeError, ImportError, IndexError, KeyError, TypeError, ValueError) as error:
            if self.trusted:
                raise
            raise Ended(f"a value that cannot be read: {error}") from None

    def _decode(self, x: Any) -> Any:
        if x is None or isinstance(x, bool | int | float | str):
            return x
        match x:
            case ["..."]:
                return Ellipsis
            case [("list" | "tuple" | "set" | "frozenset") as kind, list(values)]:
                make = {"list": list, "tuple": tuple, "set": set, "frozenset": frozenset}[kind]
                return make(self._decode(v) for v in values)
            case ["dict", list(pairs)]:
                return {self._decode(k): self._decode(v) for k, v in pairs}
            case ["complex", str(text)]:
                return complex(text)
            case ["Fraction", str(text)] if re.fullmatch(r"-?\d{1,200}(/\d{1,200})?", text):
                return Fraction(text)
            case ["bytes", str(text)]:
                return base64.b64decode(text)
            case [("array" | "scalar") as kind, str(dtype), list(shape), str(data)]:
                plain = np.dtype(dtype)
                if plain.kind not in KINDS:
                    raise ValueError(dtype)
                array = np.frombuffer(base64.b64decode(data), plain).reshape(shape).copy()
                return array if kind == "array" else array[()]
            case ["class", str(name)]:
                return known_class(name)
            case ["Tensor", data]:
                return Tensor(self._decode(data))
            case ["leaf", int(number), data]:
                return self._copied(number, self._decode(data))
            case ["graph", int(number), data, list(roots)]:
                return self._continued(number, self._decode(data), [self.lent[i] for i in roots])
            case ["mine", int(number)]:
                return self.lent[number]
        return self.decode_other(x)

    def decode_other(self, x: Any) -> Any:
        match x:
            case ["object", int(number), list(kinds)]:
                return remote(self, number, [str(kind) for kind in kinds])
        raise ValueError(str(x)[:100])

    # ---- Tensors ----

    def _tensor(self, t: Tensor) -> Any:
        """A Tensor without a graph travels as its array; of others, the backward pass stays connected."""
        if id(t) in self.foreign:
            return ["mine", self.foreign[id(t)][1]]
        if not t.requires_grad:
            return ["Tensor", self.encode(np.array(t.data))]
        number, data = self.lend(t), self.encode(np.array(t.data))
        if not t.inputs:
            return ["leaf", number, data]
        roots = [self.foreign[id(leaf)][1] for leaf in self._foreign_leaves(t)]
        return ["graph", number, data, roots]

    def _foreign_leaves(self, t: Tensor) -> list[Tensor]:
        """The leaves of its graph that are copies of Tensors over there."""
        found, waiting, seen = [], [t], {id(t)}
        while waiting:
            x = waiting.pop()
            if id(x) in self.foreign:
                found.append(x)
            for before in x.inputs:
                if isinstance(before, Tensor) and id(before) not in seen:
                    seen.add(id(before))
                    waiting.append(before)
        return found

    def _copied(self, number: int, data: np.ndarray, kind: type[Tensor] = Tensor) -> Tensor:
        leaf = Tensor(data, requires_grad=True) if kind is Tensor else kind(data)
        self.foreign[id(leaf)] = leaf, number
        return leaf

    def _continued(self, number: int, data: np.ndarray, roots: list[Tensor]) -> Tensor:
        """The Tensor of that number over there, made here from the roots, Tensors that were sent there."""
        if not roots and self.trusted:
            return self._copied(number, data)
        asked = bool(roots)
        if (
            not roots
        ):  # made from parameters over there alone, whose gradients a backward pass must reach
            roots = [Tensor(np.zeros((), data.dtype), requires_grad=True)]
        last: list[Any] = [None, None]  # one question for each g, not for each of the inputs

        def rule(i: int, g: Any, y: Any, *inputs: Any) -> Any:
            if last[0] is not g:
                last[:] = g, self.ask("pull", number, np.asarray(g))
            grads = last[1] if asked else [None]
            return np.zeros_like(np.asarray(inputs[i])) if grads[i] is None else grads[i]

        result = Op(lambda *_: data, variadic_rule=rule, name="answer")(*roots)
        self.foreign[id(result)] = result, number
        return result

    def pull(self, number: int, g: np.ndarray) -> list[Any]:
        """The backward pass of a lent Tensor: the gradients of the leaves that came from over there."""
        t = self.lent[number]
        leaves = self._foreign_leaves(t)
        kept = [leaf.grad for leaf in leaves]
        for leaf in leaves:
            leaf.grad = None
        t.backward(g)
        found = [leaf.grad for leaf in leaves]
        for leaf, grad in zip(leaves, kept, strict=True):
            leaf.grad = grad
        return found

    def serve_tests(self, what: str, values: list[Any]) -> Any:
        """What the learner's code may ask: to call a function that it was given, and gradients."""
        match what, values:
            case "call", [int(number), list(arguments), dict(named)]:
                f = self.lent.get(number)
                if isinstance(f, FUNCTIONS):
                    return f(*arguments, **named)
            case "pull", [int(number), np.ndarray() as g]:
                if isinstance(self.lent.get(number), Tensor):
                    return self.pull(number, g)
        raise Ended(f"a question that is not allowed: {what}")


class _Pickler(pickle.Pickler):
    """Of a model, the parameters stay connected: their gradients come back."""

    def __init__(self, peer: Peer, file: io.BytesIO):
        super().__init__(file)
        self.peer = peer

    def persistent_id(self, x: Any) -> Any:
        if isinstance(x, Tensor) and x.requires_grad and not x.inputs:
            return type(x), self.peer.lend(x), np.array(x.data)
        return None


def known_class(name: str) -> type:
    """A class of this project, of NumPy or of Python, by its name. Raises ValueError for anything else."""
    module, _, path = name.partition(":")
    if module.split(".")[0] not in OURS or not re.fullmatch(r"[A-Za-z_]\w*(\.\w+)*", path):
        raise ValueError(name)
    found = importlib.import_module(module)
    for part in path.split("."):
        found = getattr(found, part)
    if not isinstance(found, type):
        raise ValueError(name)
    return found


def error_named(kind: str, text: str, line: str) -> Exception:
    """An error of the learner's code, for the tests: of the same class, if Python has it."""
    found: Any = getattr(builtins, kind, None)
    if not (isinstance(found, type) and issubclass(found, Exception)):
        found = type(kind if kind.isidentifier() else "Error", (Exception,), {})
    try:
        error = found(text)
    except TypeError:  # UnicodeDecodeError and its like want more
        error = RuntimeError(text)
    error.answer_line = line
    return error


def line_in_notebook(error: BaseException) -> str:
    """The learner's innermost line on the way to the error."""
    line, step = "", error.__traceback__
    while step:
        file = step.tb_frame.f_code.co_filename
        if file.startswith("<cell"):
            line = linecache.getline(file, step.tb_lineno).strip()
        step = step.tb_next
    return line[:200]


class Remote:
    """An object of the learner's process, of which the tests know nothing but how to reach it.

    It equals nothing but itself, whatever its own class says, so that an object cannot claim to be right.
    """

    __array_ufunc__ = None  # an array lets this object decide what array * object is

    def __init__(self, peer: Peer, number: int, kind: Any):
        for name, value in [("_peer", peer), ("_number", number), ("_kind", kind)]:
            object.__setattr__(self, name, value)

    def _ask(self, what: str, *arguments: Any) -> Any:
        return object.__getattribute__(self, "_peer").ask(what, self, *arguments)

    def __getattribute__(self, name: str) -> Any:
        if name == "__class__":
            return object.__getattribute__(self, "_kind") or type(self)
        if name == "__dict__":
            return object.__getattribute__(self, "_ask")("get", name)
        return object.__getattribute__(self, name)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__array_"):  # NumPy asks for values alone
            raise AttributeError(name)
        return self._ask("get", name)

    def __setattr__(self, name: str, value: Any) -> None:
        self._ask("set", name, value)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        result, changed, leaves = self._ask("call", list(args), kwargs)
        for number, (data, grad) in leaves.items():  # of Tensors that were passed
            leaf = object.__getattribute__(self, "_peer").lent[number]
            if data is not None:
                leaf.data = data
            if grad is not None:
                leaf.grad = grad if leaf.grad is None else leaf.grad + grad
        for i, value in changed.items():  # what the answer did to its arguments
            if isinstance(args[i], np.ndarray) and args[i].flags.writeable:
                args[i][...] = value
            elif isinstance(args[i], list):
                args[i][:] = value
        return result

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        return np.asarray(self._ask("array"), dtype)

    def __len__(self) -> int:
        return int(self._ask("operator", "len"))

    def __iter__(self) -> Iterator[Any]:
        return iter(self._ask("operator", "list"))

    def __bool__(self) -> bool:
        return bool(self._ask("operator", "bool"))

    def __float__(self) -> float:
        return float(self._ask("operator", "float"))

    def __int__(self) -> int:
        return int(self._ask("operator", "int"))

    def __repr__(self) -> str:
        return f"<a {type(self).__name__}>"

    def __eq__(self, other: object) -> bool:
        mine = object.__getattribute__(self, "_number")
        return isinstance(other, Remote) and object.__getattribute__(other, "_number") == mine

    def __hash__(self) -> int:
        return hash(object.__getattribute__(self, "_number"))

    def __instancecheck__(self, value: Any) -> bool:
        return isinstance(value, Remote) and self._ask("operator", "made", value) is True


def _forwarded(name: str, turned: bool = False) -> Callable[..., Any]:
    def method(self: Remote, *arguments: Any) -> Any:
        return self._ask("turned" if turned else "operator", name, *arguments)

    return method


for _name in ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul"):
    setattr(Remote, f"__{_name}__", _forwarded(_name))
    setattr(Remote, f"__r{_name}__", _forwarded(_name, turned=True))
for _name in ("neg", "pos", "abs", "getitem", "setitem", "contains"):
    setattr(Remote, f"__{_name}__", _forwarded(_name))

OPERATORS: dict[str, Callable[..., Any]] = {
    name: getattr(operator, name)
    for name in (
        "add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul",
        "neg", "pos", "abs", "getitem", "setitem", "contains",
    )
} | {"len": len, "list": list, "bool": bool, "float": float, "int": int}  # fmt: skip
OPERATORS["made"] = lambda kind, value: isinstance(value, kind)

_remotes: dict[str, type] = {}


def remote(peer: Peer, number: int, kinds: list[str]) -> Remote:
    """The Remote of an object, of a class with the name of the object's class.

    kinds   the object's class and its bases, as module:name; `isinstance` goes by the first that both
            sides know
    """
    known = None
    for kind in kinds:
        if kind.split(":")[0].split(".")[0] in OURS and kind != "builtins:object":
            try:
                known = known_class(kind)
                break
            except (AttributeError, ImportError, ValueError):
                continue
    name = kinds[0].rpartition(":")[2].rpartition(".")[2][:60] if kinds else "object"
    made = _remotes.setdefault(name, type(name, (Remote,), {}))
    return made(peer, number, known)
