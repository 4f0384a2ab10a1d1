"""What a naive capture and replay gets wrong, one by one: compile is right, or says that it is not."""

import collections
import copy
import dataclasses
import functools
import pickle
import sys
import threading
import types

import numpy as np
import pytest

from tinygrad_edu import Tensor, compile, grad, nn, no_grad, optim, vmap

RNG = np.random.default_rng(0)


def equal(a, b):
    if isinstance(a, (tuple, list)):
        return type(a) is type(b) and len(a) == len(b) and all(map(equal, a, b))
    if isinstance(a, (np.ndarray, np.generic)):
        return type(a) is type(b) and a.dtype == b.dtype and np.array_equal(a, b, equal_nan=True)
    return type(a) is type(b) and a == b


def follow(f, change=lambda i: None, calls=10):
    """compile(f) gives what f gives, while `change` changes what f depends on."""
    compiled = compile(f)
    for i in range(calls):
        change(i)
        x = RNG.normal(size=(4, 3))
        assert equal(compiled(x), f(x)), i
    return compiled


def refused(f, match="compile"):
    compiled = compile(f)
    with pytest.raises(TypeError, match=match):
        for _ in range(3):
            compiled(RNG.normal(size=(4, 3)))


# ---------------------------------------------------------------- arrays keep their class


@pytest.mark.parametrize(
    "f",
    [
        lambda x: 2 * x if isinstance(x, np.ndarray) else 3 * x,
        lambda x: 2 * x if isinstance(x, Tensor) else 3 * x,
        lambda x: 2 * x if isinstance(x.sum(), np.floating) else 3 * x,
        lambda x: 2 * x if type(x) is np.ndarray else 3 * x,
        lambda x: 2 * x if hasattr(x, "backward") else 3 * x,
        lambda x: x * x.nbytes + x.strides[0],
        lambda x: (x.view(np.int64), divmod(x, 2), x.astype(int) << 1, round(2.5) * x),
        lambda x: vmap(grad(lambda row: np.sum(np.sin(row))))(x),
        lambda x: sum(row.sum() for row in x),
        lambda x: np.repeat(x, 2, axis=0),
    ],
)
def test_arrays_are_arrays_to_the_function(f):
    assert follow(f).replays == 8


def test_refuses_attributes_that_may_change():
    refused(lambda x: x if x.flags.c_contiguous else -x)
    refused(lambda x: x if x.base is None else -x)


# ---------------------------------------------------------- what the function names


@dataclasses.dataclass(slots=True)
class Slots:
    table: object
    rate: float = 2.0


@dataclasses.dataclass(frozen=True)
class Frozen:
    table: object


Pair = collections.namedtuple("Pair", "table rate")

HOLDERS = {
    "tuple": (lambda a: (a, 2.0), lambda h: h[0]),
    "namedtuple": (lambda a: Pair(a, 2.0), lambda h: h.table),
    "list in dict in list": (lambda a: [0, {"k": [a]}], lambda h: h[1]["k"][0]),
    "ordered": (lambda a: collections.OrderedDict(k=a), lambda h: h["k"]),
    "deque": (lambda a: collections.deque([a]), lambda h: h[0]),
    "slots": (Slots, lambda h: h.table),
    "frozen": (Frozen, lambda h: h.table),
    "namespace": (lambda a: types.SimpleNamespace(k=a), lambda h: h.k),
}


@pytest.mark.parametrize("name", HOLDERS)
def test_arrays_in_containers_are_seen_to_change(name):
    make, get = HOLDERS[name]
    table = np.ones(3)
    holder = make(table)
    follow(lambda x: x * np.exp(get(holder)), lambda i: table.__setitem__(0, i // 3))


def test_attributes_of_classes_modules_defaults_and_partials():
    class Settings:
        rate, table = 2.0, np.ones(3)

    module = types.ModuleType("config")
    module.rate, module.table = 1.0, np.ones(3)
    names = {"config": module, "np": np}
    exec("def f(x): return x * np.exp(config.table) * config.rate", names)

    def with_defaults(x, table=np.ones(3), *, rate=2.0):  # noqa: B008
        return x * np.exp(table) * rate

    given = np.ones(3)
    cases = [
        (lambda x: x * np.exp(Settings.table) * Settings.rate, Settings, Settings.table),
        (names["f"], module, module.table),
        (with_defaults, None, with_defaults.__defaults__[0]),
        (functools.partial(lambda table, x: x * np.exp(table), given), None, given),
    ]
    for f, owner, table in cases:

        def change(i, owner=owner, table=table):
            table[1] = i // 4
            if owner:
                owner.rate = float(i // 6)
            elif i == 6:
                with_defaults.__kwdefaults__["rate"] = 7.0

        follow(f, change, calls=14)


def test_globals_of_methods_and_layers():
    names = {"np": np, "nn": nn, "table": np.ones(3), "rate": 2.0, "__name__": "user"}
    exec(
        "class Layer(nn.Module):\n def forward(self, x): return x * np.exp(table) * rate\n"
        "class Plain:\n @property\n def rate(self): return rate\n"
        " def __call__(self, x): return self.inner(x) * self.rate\n"
        " def inner(self, x): return x * np.exp(table)",
        names,
    )

    def change(i):
        names["table"][0] = i // 4
        names["rate"] = float(i // 6)

    for name in ("Layer", "Plain"):
        follow(names[name](), change, calls=14)
    layer = names["Layer"]()
    type(layer).forward = lambda self, x: x + 1  # another method
    follow(layer)


def test_a_local_array_is_recorded_as_it_was():
    def f(x):
        y = np.ones(3)
        z = x * y
        y *= 2
        return z + x * y

    follow(f)


def test_sets_and_long_lists():
    some, many = {1, 2}, list(range(2000))

    def change(i):
        if i == 4:
            some.discard(1)
        if i == 6:
            many[1500] = 7

    follow(lambda x: x * (1 if 1 in some else 2) + many[1500], change)


def test_other_kinds_of_arrays_are_refused():
    masked = np.ma.masked_array(np.ones(3), [0, 1, 0])
    refused(lambda x: x * masked, "MaskedArray")


# ------------------------------------------------------------------------ refused


def caught(x):
    try:
        return x if x.sum() > 0 else -x
    except TypeError:
        return 3 * x


def generator(x):
    yield x


REFUSED = {
    "a refusal that is caught": caught,
    "a generator function": generator,
    "a function as result": lambda x: lambda: x,
    "places of True": lambda x: np.where(x > 0),
    "a slice": lambda x: x[: np.argmax(x) % 3 + 1],
    "np.random": lambda x: x * np.random.rand(3),
    "a generator in a tuple": (lambda t: lambda x: x * t[0].random())((np.random.default_rng(0),)),
    "spawn": (lambda r: lambda x: x * r.spawn(1)[0].random())(np.random.default_rng(0)),
    "an iterator": (lambda it: lambda x: x * next(it))(iter(range(9))),
    "a change of an array": lambda x: x.sort(),
    "copy": lambda x: copy.deepcopy(x) * 2,
    "pickle": lambda x: pickle.loads(pickle.dumps(x)),
    "a random branch": (lambda r: lambda x: x if r.random() > 0.5 else -x)(
        np.random.default_rng(0)
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_is_refused(name):
    refused(REFUSED[name])


@pytest.mark.parametrize("error", [KeyboardInterrupt, ZeroDivisionError])
def test_an_error_in_a_recording_leaves_everything_as_it_was(error):
    scale, rng, layer = np.ones(3), np.random.default_rng(0), nn.Linear(3, 2, rng=0)
    kept = {"scale": scale}
    optimizer = optim.SGD(layer.parameters(), 0.1)
    before = layer.state_dict()

    def f(x):
        optimizer.zero_grad()
        np.sum(layer(x * kept["scale"] * scale + rng.random())).backward()
        if error:
            raise error
        optimizer.step()

    compiled = compile(f)
    with pytest.raises(error):
        compiled(np.ones((2, 3), np.float32))
    assert type(layer.W) is nn.Parameter and kept["scale"] is scale and type(scale) is np.ndarray
    assert type(rng) is np.random.Generator and "type" not in globals()
    assert all(np.array_equal(before[k], v) for k, v in layer.state_dict().items())
    error = None
    for _ in range(3):
        compiled(np.ones((2, 3), np.float32))
    assert compiled.replays == 1


def test_what_the_function_assigned_to_is_put_back():
    w = np.ones(3)

    def f(x):
        nonlocal w
        w = w - x
        return w

    refused(f, "assigns to")
    assert type(w) is np.ndarray and w.tolist() == [1, 1, 1]


def test_an_array_that_is_kept_past_the_recording_says_so():
    kept = []
    compiled = compile(lambda x: keep(x * 2))

    def keep(y):
        sys.modules[__name__].__dict__["KEPT"] = y
        return y

    compiled(np.ones(3))
    kept.append(globals().pop("KEPT"))
    with pytest.raises(TypeError, match="was kept from a call"):
        print(kept[0] + 1)


def test_another_thread_computes_with_the_arrays_meanwhile():
    table, seen, inside, done = np.ones(3), [], threading.Event(), threading.Event()

    def other():
        inside.wait(10)
        try:
            seen.append(
                (float(table.sum()), np.asarray(table).tolist(), isinstance(table, np.ndarray))
            )
            table[1] = 5.0
        except Exception as error:
            seen.append(error)
        done.set()

    def f(x):
        inside.set()
        done.wait(10)
        return x * table

    worker = threading.Thread(target=other)
    worker.start()
    compile(f)(np.ones(3))
    worker.join()
    assert seen == [(3.0, [1.0, 1.0, 1.0], True)] and table.tolist() == [1, 5, 1]


# ------------------------------------------------------------------ modules and optimizers


def step_of(model, optimizer):
    def step(x):
        optimizer.zero_grad()
        loss = np.mean(model(x) ** 2) + model.penalty()
        loss.backward()
        optimizer.step()
        return loss.detach()

    return step


def test_changes_of_a_module_between_calls():
    models = [nn.Sequential(nn.Linear(3, 4, rng=0), nn.Linear(4, 1, rng=1)) for _ in range(2)]
    optimizers = [optim.Adam(m.parameters(), 0.01) for m in models]
    steps = [step_of(m, o) for m, o in zip(models, optimizers, strict=True)]
    steps[1] = compile(steps[1])
    for i in range(24):
        x = RNG.normal(size=(5, 3)).astype(np.float32)
        for model, optimizer in zip(models, optimizers, strict=True):
            if i == 4:
                model[0].W.regularizer = nn.L2(0.1)
            if i == 7:
                model[0].W.regularizer.l2 = 0.3
            if i == 10:
                model[0].W.regularizer = None
            if i == 12:
                model[0].freeze()
            if i == 14:
                model[0].unfreeze()
            if i == 16:
                model[0].W = nn.Parameter(np.full((3, 4), 0.1, np.float32))
                optimizer.__init__(model.parameters(), 0.05)
            if i == 19:
                optimizer.lr = 0.2
            if i == 20:
                optimizer.load_state_dict(optimizer.state_dict())
                model[0].W.data[...] = 0.5
            if i == 21:
                model[0].W.data = np.full((3, 4), 0.2, np.float32)
        losses = [step(x) for step in steps]
        assert losses[0].data.tobytes() == losses[1].data.tobytes(), i
        states = [m.state_dict() for m in models]
        assert all(np.array_equal(states[0][k], states[1][k]) for k in states[0]), i
    assert steps[1].replays >= 8


def test_ids_out_of_range_and_another_dtype_of_labels():
    table = nn.Embedding(4, 2, rng=0)
    compiled = compile(lambda ids: table(ids))
    with no_grad():
        for ids in ([0, 3], [1, 2], [3, 3]):
            compiled(np.array(ids))
        for wrong in ([0, 4], [-1, 0]):
            with pytest.raises((ValueError, IndexError)):
                compiled(np.array(wrong))
        assert compiled(np.array([0, 1], np.int32)).shape == (2, 2)
        with pytest.raises(TypeError):
            compiled(np.array([0.0, 1.0]))


def test_copies_and_pickles_of_a_module_after_a_recording():
    layer = nn.Linear(3, 2, rng=0)
    compiled = compile(lambda x: layer(x))
    with no_grad():
        for _ in range(3):
            y = compiled(np.ones((1, 3), np.float32))
        for twin in (copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))):
            assert type(twin.W) is nn.Parameter and np.array_equal(
                twin(np.ones((1, 3), np.float32)), y
            )


def test_attention_has_the_bits_of_eager():
    twins = [nn.MultiHeadAttention(6, 2, 3, rng=0) for _ in range(2)]
    steps = [step_of(twin, optim.Adam(twin.parameters(), 0.01)) for twin in twins]
    steps[1] = compile(steps[1])
    for _ in range(8):
        x = RNG.normal(size=(2, 5, 6)).astype(np.float32)
        for step in steps:
            step(x)
        states = [twin.state_dict() for twin in twins]
        assert all(states[0][k].tobytes() == states[1][k].tobytes() for k in states[0])


SHARED = np.array([1.0, 2.0])


def summed():
    return SHARED.sum()


def test_two_functions_may_name_one_array():
    @compile
    def both(x):
        return (x * SHARED).sum() + summed()

    for scale in (1.0, 1.0, 1.0, 3.0):
        SHARED[...] = np.array([1.0, 2.0]) * scale
        assert both(np.array([1.0, 1.0])) == 6.0 * scale
    SHARED[...] = 1.0, 2.0
