"""Values and gradients cross between two processes; nothing that comes from a learner is trusted."""

from __future__ import annotations

import json
import os
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from tinygrad_edu import Tensor, nn, optim
from tinygrad_edu.course import grading, source
from tinygrad_edu.course.grading import Cell, Run
from tinygrad_edu.course.judging import Ended
from tinygrad_edu.course.wire import Peer, Remote, error_named

CODE = """
import numpy as np
from tinygrad_edu import Tensor, nn, optim

def same(x): return x
def square(x): return (x * x).sum()
def call(f, *x): return f(*x)
def detached(x): return x.data * 2
def slope(f, x):
    t = Tensor(x, requires_grad=True)
    f(t).backward()
    return t.grad
def step(model, x, y):
    loss = nn.mse(model(x), y)
    loss.backward()
    optim.SGD(model.parameters(), lr=0.1).step()
    return loss.item()
def doubled(a): a *= 2
class Own(nn.Module):
    def __init__(self): self.w = nn.Parameter(np.array([1.0, 2.0]))
    def forward(self, x): return x * self.w
class Pair:
    def __init__(self, x): self.x = x
    def __add__(self, other): return Pair(self.x + getattr(other, "x", other))
    def __radd__(self, other): return Pair(other + self.x)
    def __len__(self): return 2
    def __eq__(self, other): return True
    def __hash__(self): return 0
def fail(): raise KeyError("key")
"""


@pytest.fixture(scope="module")
def there() -> Any:
    """What CODE defines, in another process."""
    lesson = source.Lesson(source.FOLDER, 0, [], {})
    run = Run(lesson, [Cell("", CODE, "")], 20, 4096, [])
    run._start()
    names = [
        "same",
        "square",
        "call",
        "detached",
        "slope",
        "step",
        "doubled",
        "Own",
        "Pair",
        "fail",
    ]
    yield run.peer.ask("names", names)
    run.close()


@pytest.mark.parametrize(
    "x",
    [
        None, True, 3, -2.5, "ü", b"\x00", 1 + 2j, 10**30, Fraction(1, 3), [1, [2]], (1, "a"), {1, 2},
        {"a": 1, 2: (3,)}, np.arange(6.0).reshape(2, 3), np.float32(1.5), np.array([True]),
        np.array(["a", "bc"]), np.zeros((0, 3)), ..., float("inf"),
    ],
)  # fmt: skip
def test_values_come_back_as_they_went(x: Any, there: dict[str, Any]) -> None:
    y = there["same"](x)
    assert type(y) is type(x)
    if isinstance(x, np.ndarray):
        assert y.dtype == x.dtype and np.array_equal(x, y)
    else:
        assert y == x


def test_a_gradient_crosses_and_comes_back(there: dict[str, Any]) -> None:
    x = Tensor([1.0, 2.0, 3.0], requires_grad=True)
    y = there["square"](x * 2)
    assert isinstance(y, Tensor) and y.item() == 56
    (y * 3).backward()
    assert np.allclose(x.grad, 3 * 8 * x.data)
    assert there["same"](x) is x
    assert np.allclose(there["detached"](x), 2 * x.data)


def test_a_function_of_the_tests_is_called_from_there(there: dict[str, Any]) -> None:
    assert there["call"](lambda a, b: a + b, 3, 4) == 7
    assert np.allclose(there["slope"](lambda t: (np.sin(t) * t).sum(), np.array([0.5, 2.0])),
                       [np.sin(v) + v * np.cos(v) for v in (0.5, 2.0)])  # fmt: skip


def test_a_model_of_theirs(there: dict[str, Any]) -> None:
    layer = there["Own"]()
    x = Tensor([3.0, 4.0], requires_grad=True)
    y = layer(x)
    assert np.allclose(y.data, [3, 8]) and isinstance(layer, nn.Module)
    assert issubclass(there["Own"], nn.Module) and isinstance(there["Own"], type)
    y.sum().backward()
    assert np.allclose(x.grad, [1, 2]) and np.allclose(layer.w.grad, [3, 4])
    layer.w.data = np.array([5.0, 5.0])
    assert np.allclose(layer(x).data, [15, 20])


def test_a_model_of_ours_is_trained_there(there: dict[str, Any]) -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(5, 3)), rng.normal(size=(5, 1))
    ours, theirs = (nn.Linear(3, 1, rng=0).astype(np.float64) for _ in range(2))
    loss = nn.mse(ours(x), y)
    loss.backward()
    optim.SGD(ours.parameters(), lr=0.1).step()
    assert np.isclose(there["step"](theirs, x, y), loss.item())
    assert np.allclose(ours.W.data, theirs.W.data) and np.allclose(ours.W.grad, theirs.W.grad)


def test_objects_stay_there(there: dict[str, Any]) -> None:
    pair = there["Pair"](3)
    assert type(pair).__name__ == "Pair" and isinstance(pair, Remote)
    assert (pair + 4).x == 7 and (4 + pair).x == 7 and (pair + pair).x == 6
    assert len(pair) == 2 and isinstance(pair, there["Pair"]) and not isinstance(3, there["Pair"])
    assert there["same"](pair) == pair
    assert pair != there["Pair"](3) and pair != 3 and not np.array_equal(pair + 0, 3)
    with pytest.raises(AttributeError, match="no attribute 'y'"):
        _ = pair.y


def test_arrays_changed_there_are_changed_here(there: dict[str, Any]) -> None:
    a = np.ones(3)
    there["doubled"](a)
    assert a.tolist() == [2, 2, 2]


def test_an_error_keeps_its_class_and_its_line(there: dict[str, Any]) -> None:
    with pytest.raises(KeyError) as caught:
        there["fail"]()
    assert caught.value.answer_line == 'def fail(): raise KeyError("key")'
    assert type(error_named("Odd", "text", "")).__name__ == "Odd"


def heard(message: Any) -> Any:
    """What the side of the tests makes of a message from a learner's process."""
    there, here = os.pipe(), os.pipe()
    peer = Peer(there[0], here[1], trusted=False)
    data = message if isinstance(message, bytes) else json.dumps(message).encode()
    os.write(there[1], len(data).to_bytes(8, "big") + data)
    os.close(there[1])
    try:
        return peer.ask("names", [])
    finally:
        for end in (there[0], *here):
            os.close(end)


@pytest.mark.parametrize(
    "message",
    [
        b"not JSON", b"", b"[" * 50_000, 5, ["answer"], ["score", 100],
        ["answer", ["pickle", "gASVIAAAAAAAAACMBXBvc2l4lIwGc3lzdGVtlJOUjAVsc19fX5SFlFKULg=="]],
        ["answer", ["home", 1]], ["answer", ["function", 1]], ["answer", ["mine", 1]],
        ["answer", ["class", "os:system"]], ["answer", ["class", "builtins:eval"]],
        ["answer", ["array", "O", [1], "AAAAAAAAAAA="]], ["answer", ["array", "<f8", [10**9], "AAAA"]],
        ["answer", ["Fraction", "1e999999999"]],
        ["ask", "get", [["object", 1, []], "__globals__"]], ["ask", "run", ["1"]],
        ["ask", "call", [7, ["list", []], ["dict", []]]],
    ],
)  # fmt: skip
def test_nothing_that_a_learner_sends_is_trusted(message: Any) -> None:
    with pytest.raises(Ended):
        heard(message)


def test_magics_are_left_out() -> None:
    assert grading.without_magics("if x:\n    %time f()\n!ls\ny = 5 % 3") == (
        "if x:\n    pass\npass\ny = 5 % 3"
    )
    assert grading.without_magics("%%bash\nls") == ""
    assert grading.without_magics("%%time\ny = 3") == "y = 3"
    assert grading.without_magics("%%capture\n%time f()") == "pass"
    python = "x = (7\n     % 3)"
    assert grading.without_magics(python) == python


def test_of_the_tests_nothing_but_functions_can_be_called() -> None:
    peer = Peer(0, 1, trusted=False)
    f, model = peer.lend(abs), peer.lend(nn.Linear(1, 1, rng=0))
    assert peer.serve("call", [f, [-3], {}]) == 3
    for what, values in [
        ("call", [model, [[1.0]], {}]), ("pull", [model, np.ones(1)]), ("get", [f, "__self__"]),
    ]:  # fmt: skip
        with pytest.raises(Ended, match="not allowed"):
            peer.serve(what, values)
