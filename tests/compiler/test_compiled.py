"""compile(f) gives what f gives, bit for bit, or is refused: a naive capture and replay fails these."""

import itertools
import threading
import types
import warnings

import numpy as np
import pytest

import tinygrad_edu
from tinygrad_edu import (
    Tensor,
    checkpoint,
    compile,
    debug,
    grad,
    hessian,
    hvp,
    jacobian,
    jvp,
    nn,
    no_grad,
    optim,
    scan,
    value_and_grad,
    vjp,
    vmap,
)  # fmt: skip
from tinygrad_edu.tensor import Op

RNG = np.random.default_rng(0)


def batches(n=6, shape=(5, 3), dtype=np.float64):
    return [RNG.normal(size=shape).astype(dtype) for _ in range(n)]


def loss(w, x):
    return np.mean(np.tanh(x @ w["a"] + w["b"]) ** 2)


W = {"a": RNG.normal(size=(3, 2)), "b": RNG.normal(size=2)}


def same(a, b):
    """Equal types and equal bits, in dicts, lists and tuples."""
    assert type(a) is type(b)
    if isinstance(a, dict):
        assert a.keys() == b.keys() and all(same(a[k], b[k]) for k in a)
    elif isinstance(a, (list, tuple)):
        assert len(a) == len(b) and all(map(same, a, b))
    elif isinstance(a, Tensor):
        assert a.dtype == b.dtype and a.shape == b.shape and a.data.tobytes() == b.data.tobytes()
    elif isinstance(a, (np.ndarray, np.generic)):
        assert a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
    else:
        assert a == b
    return True


def agree(f, calls, replays=True):
    compiled = compile(f)
    for args in calls:
        same(compiled(*args), f(*args))
    if replays:
        assert compiled.replays == len(calls) - 2
    return compiled


# --------------------------------------------------------------------------- functions of arrays


def second(w, x):
    return np.sum(grad(loss)(w, x)["a"] ** 2)


@pytest.mark.parametrize("f", [loss, value_and_grad(loss), grad(loss), grad(second)])
def test_gives_the_bits_of_eager(f):
    agree(f, [(W, x) for x in batches()])


@pytest.mark.parametrize(
    "f",
    [
        lambda x: x.reshape(-1)[::2] * 2 - 1,
        lambda x: (x.sum(), x.mean(axis=0), x.T, x > 0, np.argmax(x, axis=1)),
        lambda x: {"a": [np.where(x > 0, x, 0), 3, "word", None], "b": x[1:, 0].max()},
        lambda x: np.add.reduce(x) + np.einsum("ij,kj->ik", x, x).std(),
        lambda x: abs(-x) ** 2 / (1 + x**2) // 0.1,
        lambda x: Tensor(2.0) * x,
        lambda x: np.concatenate([x, np.ones((1, 3))]),
        lambda x: x[np.arange(5), np.argmax(x, axis=1)],
    ],
)
def test_results_have_the_types_of_eager(f):
    agree(f, [(x,) for x in batches()])


def test_tensors_give_tensors():
    agree(lambda x: np.sin(x) * 2, [(Tensor(x),) for x in batches()])


def test_numpy_scalars_and_python_numbers():
    agree(lambda x, n, s: x * s**n, [(x, 3, np.float32(i)) for i, x in enumerate(batches())])
    compiled = compile(lambda x, n: x**n)
    for n in (2, 2, 2, 3, 3, 3, 2):
        same(compiled(np.arange(3.0), n), np.arange(3.0) ** n)
    assert compiled.replays == 3


def test_as_decorator_and_method():
    class Model:
        def __init__(self):
            self.scale = 2.0

        @compile
        def double(self, x):
            """Doc."""
            return x * self.scale

    model = Model()
    assert Model.double.__doc__ == "Doc."
    for scale in (2.0, 2.0, 2.0, 5.0):
        model.scale = scale
        same(model.double(np.ones(2)), np.ones(2) * scale)


def test_other_batch_sizes_and_layouts_get_a_tape_of_their_own():
    compiled = compile(lambda x: (x * x).sum(axis=0))
    for x in [
        *batches(3),
        *batches(3, (2, 3)),
        *batches(3, (3, 5)),
        np.asfortranarray(batches(1)[0]),
    ]:
        same(compiled(x), (x * x).sum(axis=0))
        same(compiled(x.T), (x.T * x.T).sum(axis=0))
    assert compiled.explain().count(" steps") == 6  # each of three shapes, and transposed


# ---------------------------------------------------------------- what is not an argument is an input


def test_sees_changes_of_closed_over_arrays_and_numbers():
    offset, rate = np.zeros(3), 1.0

    def f(x):
        return np.exp(offset) * x * rate

    compiled = compile(f)
    for i, x in enumerate(batches(12)):
        if i == 4:
            offset[1] = 7  # in place
        if i == 6:
            offset = np.ones(3)  # another array
        if i == 8:
            rate = 2.0
        if i == 10:
            offset = np.ones(1)  # of another shape
        same(compiled(x), f(x))
    assert compiled.replays >= 5


def test_sees_changes_of_globals_also_in_functions_that_it_calls():
    names = {"np": np, "table": np.ones(3), "factor": 2}
    exec("def inner(x): return x * np.sin(table)\ndef f(x): return inner(x) * factor", names)
    compiled = compile(names["f"])
    for i, x in enumerate(batches(14)):
        if i == 4:
            names["table"][:] = 2
        if i == 6:
            names["table"] = np.arange(3.0)
        if i == 8:
            names["factor"] = 3
        if i == 11:
            exec("def inner(x): return x - 1", names)
        same(compiled(x), names["f"](x))
    assert compiled.replays >= 5


def test_sees_changes_of_attributes():
    settings = types.SimpleNamespace(scale=2.0, mean=np.zeros(3))

    class Center(nn.Module):
        def __init__(self):
            self.power, self.spread = 2, np.ones(3)

        def forward(self, x):
            return ((x - settings.mean) / np.sqrt(self.spread)) ** self.power

    class Settings:
        def __init__(self):
            self.scale = 3.0

    model, other = Center(), Settings()
    f = lambda x: model(x) * other.scale
    compiled = compile(f)
    for i, x in enumerate(batches(12)):
        if i == 3:
            model.power = 3
        if i == 5:
            model.spread[:] = 4
        if i == 7:
            model.spread = np.full(3, 9.0)
        if i == 9:
            other.scale = 1.0
        same(compiled(x), f(x))


def test_a_generator_is_an_input():
    a, b = np.random.default_rng(3), np.random.default_rng(3)

    def noisy(rng):
        return lambda x: x + rng.normal(size=x.shape) * rng.random()

    f, compiled = noisy(a), compile(noisy(b))
    for x in batches():
        same(compiled(x), f(x))
    assert compiled.replays == 4


def test_results_are_the_callers_own():
    compiled = compile(value_and_grad(lambda w: np.sum(w * 3.0) + np.sum(w)))
    w = np.ones(3)
    total = np.zeros(3)
    for _ in range(5):
        g = compiled(w)[1]
        total += g
        g[:] = 100  # what the caller does to it changes no later call
    assert total.tolist() == [20.0] * 3
    constant = compile(lambda x: np.zeros(3))
    for _ in range(4):
        y = constant(w)
        assert not y.any()
        y += 1


# --------------------------------------------------------------------------------- refused


def branch(x):
    return x if x.sum() > 0 else -x


def raw(x):
    return np.asarray(Tensor(1.0) * x)


REFUSED = {
    "if": branch,
    "float": lambda x: float(x.sum()) * x,
    "int": lambda x: x[: int(x[0, 0])],
    "bool": lambda x: bool(x[0, 0]),
    "item": lambda x: x.sum().item() * x,
    "tolist": lambda x: x.tolist(),
    "asarray": raw,
    "data": lambda x: (Tensor(1.0) * x).data * 2,
    "Tensor": lambda x: Tensor(x) * 2,
    "range": lambda x: [i for i in range(x.sum())],
    "format": lambda x: f"{x.sum():.2f}",
    "print": lambda x: print(x),
    "mask": lambda x: x[x > 0].sum(),
    "nonzero": lambda x: np.nonzero(x),
    "out": lambda x: np.add(x, 1, out=np.empty((5, 3))),
    "in place": lambda x: x.__iadd__(1),
    "set": lambda x: x.__setitem__(0, 1),
    "into an array": lambda x: np.zeros((5, 3)).__setitem__(0, x[0]),
    "loop": lambda x: [1 for row in x if row[0] > 0],
    "sorted": lambda x: sorted(x[0]),
    "math": lambda x: __import__("math").sqrt(x[0, 0]),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refuses_to_freeze_numbers(name):
    compiled = compile(REFUSED[name])
    with pytest.raises((TypeError, ValueError)):
        compiled(batches(1)[0])


def test_a_refusal_says_where_and_what_to_do():
    with pytest.raises(
        TypeError, match=r"(?s)has no numbers to look at.*x\.sum\(\) > 0.*np\.where"
    ):
        compile(branch)(np.ones((5, 3)))


def test_refuses_hidden_state():
    ticks = itertools.count()

    class Counter:
        n = 0

        def __call__(self, x):
            self.n += 1
            return x * self.n

    with pytest.raises(TypeError, match="changes"):
        counter = Counter()
        counter.n = 1
        compile(counter.__call__)(np.ones(2))

    def counting(x):
        return x * next(ticks)

    compiled = compile(counting)
    compiled(np.ones(2))
    with pytest.raises(TypeError, match="did not compute the same twice"):
        compiled(np.ones(2))

    compiled = compile(lambda x: x * np.random.default_rng().random(2))
    compiled(np.ones(2))
    with pytest.raises(TypeError, match="did not compute the same twice"):
        compiled(np.ones(2))


def test_refuses_assignments_to_names():
    w = np.ones(2)

    def f(x):
        nonlocal w
        w = w - x
        return w

    with pytest.raises(TypeError, match="assigns to"):
        compile(f)(np.ones(2))


def test_refuses_results_that_could_be_differentiated():
    layer = nn.Linear(3, 2, rng=0)
    with pytest.raises(TypeError, match="keeps no graph"):
        compile(layer)(np.ones((2, 3), np.float32))
    compiled = compile(layer)
    with no_grad():
        for x in batches(4, dtype=np.float32):
            same(compiled(x), layer(x))
            layer.W.data[:] += 1
    assert compiled.replays == 2


def test_refuses_hooks_and_grad_and_data_of_parameters():
    layer = nn.Linear(3, 2, rng=0)
    with pytest.raises(TypeError, match="no numbers to look at"):
        compile(lambda x: x * np.exp(layer.b.data[0]))(np.ones(3, np.float32))
    with pytest.raises(TypeError, match="would be frozen"):
        compile(lambda x: layer.W.grad)(np.ones(3))
    with pytest.raises(TypeError, match="happen once"):
        compile(lambda x: setattr(layer.W, "data", x))(np.ones(3))
    assert type(layer.W) is nn.Parameter  # as before
    layer.add_hook(lambda *_: None)
    with pytest.raises(TypeError, match="hooks"):
        compile(layer)(np.ones((2, 3), np.float32))


def test_refuses_what_is_no_function():
    with pytest.raises(TypeError, match="compile takes a function"):
        compile(3)


def test_everything_is_as_before_after_a_refusal():
    scale, rng = np.ones(3), np.random.default_rng(0)

    def f(x):
        return float((x * scale).sum()) + rng.random()

    with pytest.raises(TypeError):
        compile(f)(np.ones(3))
    assert type(scale) is np.ndarray and type(rng) is np.random.Generator
    assert f(np.ones(3)) > 3


# ------------------------------------------------------------------------- in company


def test_within_other_transformations_the_function_runs_as_it_is():
    compiled = compile(lambda x: np.sum(np.sin(x) * x))
    x = batches(1)[0]
    for _ in range(3):
        compiled(x[0])
    same(grad(compiled)(x[0]), grad(compiled.f)(x[0]))
    same(vmap(compiled)(x), vmap(compiled.f)(x))
    outer = compile(lambda x: compiled(x) * 2)
    for _ in range(4):
        same(outer(x), compiled.f(x) * 2)
    with debug(), np.errstate(all="ignore"), pytest.raises(FloatingPointError):
        compile(lambda x: np.log(Tensor(x)))(np.array([-1.0]))


def test_checkpoint_is_refused():
    part = checkpoint(lambda x: np.sin(x))
    with pytest.raises(TypeError):
        compile(grad(lambda x: np.sum(part(x))))(np.ones(3))


def test_rows_of_the_user():
    cube = Op(lambda x: x * x * x, lambda g, y, x: g * 3 * x * x, name="cube")
    agree(grad(lambda x: np.sum(cube(x))), [(x,) for x in batches()])


def test_a_nan_is_a_nan():
    compiled = agree(lambda x: np.sqrt(x), [(np.full(2, 4.0),)] * 3)
    with np.errstate(invalid="ignore"):
        assert np.isnan(compiled(np.full(2, -1.0))).all()


def test_an_error_in_a_replay_names_the_line():
    table = nn.Embedding(4, 2, rng=0)
    compiled = compile(lambda ids: table(ids))
    with no_grad():
        for _ in range(3):
            compiled(np.array([0, 3]))
        with pytest.raises(Exception) as caught:
            compiled(np.array([0, 4]))  # checked in each replay
    assert "table(ids)" in caught.value.__notes__[0]


def test_threads_replay_at_the_same_time():
    f = value_and_grad(loss)
    compiled, found = compile(f), []

    def work(x):
        for _ in range(50):
            found.append((compiled(W, x), f(W, x)))

    xs = batches(4)
    workers = [threading.Thread(target=work, args=(x,)) for x in xs]
    compiled(W, xs[0]), compiled(W, xs[0])
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(found) == 200 and all(same(a, b) for a, b in found) and compiled.replays == 200


def test_the_number_of_tapes_is_limited():
    compiled = compile(lambda x, n: x * n)
    with pytest.warns(UserWarning, match="more than 32 tapes"):
        for n in range(33):
            compiled(np.ones(2), n)
    assert "32 of at most 32 tapes" in compiled.explain()


def test_explain_prints_operation_bytes_and_line():
    compiled = agree(value_and_grad(loss), [(W, x) for x in batches()])
    text = compiled.explain()
    assert " = dot(v" in text and "# matmul: " in text
    assert "(5, 2) float64, 80 bytes" in text and "np.tanh(x @ w" in text
    assert "dtanh/dx" in text and "1 of at most 32 tapes, 4 replays" in text


def test_is_exported_lazily():
    assert "compile" in dir(tinygrad_edu) and "compile" in tinygrad_edu.__all__


# ------------------------------------------------------------------------- training steps


def model_of(seed):
    return nn.Sequential(
        nn.Linear(6, 16, rng=seed), nn.BatchNorm(16), nn.ReLU(), nn.Dropout(0.3, rng=5),
        nn.Linear(16, 3, rng=seed),
    )  # fmt: skip


class Setup:
    """A model, an optimizer with everything, an average, and a training step written by hand."""

    def __init__(self, optimizer=optim.Adam, lr=0.01, **settings):
        self.model = model_of(1)
        self.model[0].W.regularizer = nn.L2(0.01)
        self.optimizer = optimizer(self.model.parameters(), lr, **settings)
        self.average = optim.EMA(self.model.parameters())

    def step(self):
        model, optimizer, average = self.model, self.optimizer, self.average

        def step(x, y):
            optimizer.zero_grad()
            loss = nn.cross_entropy(model(x), y) + model.penalty()
            loss.backward()
            optimizer.step()
            average.update()
            return loss

        return step

    def state(self):
        parts = (self.model, self.optimizer, self.average)
        return [part.state_dict() for part in parts]


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"lr": lambda t: 0.1 / (t + 1)},
        {"weight_decay": 0.01, "clip_global_norm": 0.5, "accumulate": 2},
        {"optimizer": optim.SGD, "lr": 0.1, "clip_norm": 1.0},
    ],
)  # fmt: skip
def test_a_training_step_has_the_bits_of_eager(settings):
    eager, ours = Setup(**settings), Setup(**settings)
    f, compiled = eager.step(), compile(ours.step())
    for i in range(24):
        n = 8 if i % 4 else 5  # the last batch of an epoch is smaller
        x, y = RNG.normal(size=(n, 6)).astype(np.float32), RNG.integers(0, 3, n)
        same(compiled(x, y), f(x, y))
        same(eager.state(), ours.state())
        for setup in (eager, ours):
            if i == 8:
                setup.optimizer.lr = 0.003
                setup.optimizer.weight_decay = 0.1
            if i == 12:
                setup.model[0].freeze()
            if i == 16:
                setup.model[3].p = 0.1
                setup.model[3].rng = np.random.default_rng(9)
            if i == 18:
                setup.model.load_state_dict(setup.model.state_dict())
                setup.optimizer.load_state_dict(setup.optimizer.state_dict())
    assert compiled.replays >= 8


def test_eval_mode_is_another_tape():
    a, b = model_of(2), model_of(2)
    compiled = compile(b)
    with no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of training mode inside no_grad
        for i, x in enumerate(batches(16, (4, 6), np.float32)):
            for model in (a, b):
                model.train(4 <= i < 8 or i >= 12)
                if i == 10:
                    model[1].moving_mean.data[:] = 3
            same(compiled(x), a(x))
    assert compiled.replays == 12


def test_sees_hooks_that_come_later():
    layer = nn.Linear(3, 2, rng=0)
    layer.add_hook(print)()  # and removes it
    compiled, seen = compile(layer), []
    with no_grad():
        for x in batches(3, dtype=np.float32):
            compiled(x)
        layer.add_hook(lambda *_: seen.append(1))
        with pytest.raises(TypeError, match="hooks"):
            compiled(x)


def test_gradients_share_no_memory():
    compiled = compile(grad(lambda w, v: np.sum(w + v), (0, 1)))
    for _ in range(4):
        a, b = compiled(np.ones(3), np.ones(3))
        assert not np.shares_memory(a, b)


def test_two_steps_in_one_function_after_an_assignment_to_data():
    layers = nn.Linear(3, 1, rng=0), nn.Linear(3, 1, rng=0)

    def step_of(layer):
        optimizer = optim.SGD(layer.parameters(), 0.1)

        def step(x):
            for _ in range(2):
                optimizer.zero_grad()
                loss = np.mean(layer(x) ** 2)
                loss.backward()
                optimizer.step()
            return loss

        return step

    f, compiled = step_of(layers[0]), compile(step_of(layers[1]))
    for x in batches(6, dtype=np.float32):
        for layer in layers:
            layer.W.data = np.full((3, 1), 2, np.float32)
        same(compiled(x), f(x))


def test_gradients_add_up_over_calls():
    layer, twin = nn.Linear(3, 1, rng=0), nn.Linear(3, 1, rng=0)

    def step(layer):
        def run(x):
            np.mean(layer(x) ** 2).backward()

        return run

    f, compiled = step(twin), compile(step(layer))
    for i, x in enumerate(batches(8, dtype=np.float32)):
        compiled(x), f(x)
        same(layer.W.grad, twin.W.grad)
        if i == 5:
            layer.W.grad = twin.W.grad = None
    held = layer.W.grad
    before = held.copy()
    compiled(x)
    assert np.array_equal(held, before)  # what was handed out stays


@pytest.mark.parametrize("error", [nn.mse, nn.mae, nn.huber, nn.binary_cross_entropy, nn.poisson])
def test_losses_treat_arrays_as_eager_does(error):
    def f(x, t):
        return error(x, t)

    for dtype in (np.float32, np.float64):  # a target does not raise the precision
        calls = [
            (x, RNG.integers(0, 2, x.shape).astype(dtype))
            for x in (np.abs(x) for x in batches(4, dtype=np.float32))
        ]
        agree(f, calls)


def test_labels_are_checked_in_each_replay():
    compiled = compile(nn.cross_entropy)
    for _ in range(3):
        compiled(np.zeros((2, 3)), np.array([0, 2]))
    with pytest.raises(ValueError, match="labels run from 0 to 3"):
        compiled(np.zeros((2, 3)), np.array([0, 3]))


# ------------------------------------------------------- transformations inside: right, or refused


def shifted(x):
    return np.sin(x) * x[::-1] + x.sum()


INSIDE = {
    "jacobian": jacobian(shifted),
    "hessian": hessian(lambda x: np.sum(np.sin(x) * x)),
    "jvp": lambda x: jvp(shifted, (x,), (np.ones(3),)),
    "vjp": lambda x: vjp(shifted, x)[1](np.ones(3)),
    "hvp": lambda x: hvp(lambda x: np.sum(np.sin(x) * x), (x,), (np.ones(3),)),
    "vmap": vmap(lambda x: x * np.sin(x)),
    "scan": lambda x: scan(lambda s, x: (s + x, s), 0.0, x),
    "has_aux": grad(lambda x: (np.sum(x * x), x + 1), has_aux=True),
    "norm": grad(lambda x: np.linalg.norm(x)),
    "prod": grad(lambda x: np.prod(x) + np.max(x)),
}


def unless_refused(compiled, x, first):
    """compiled(x); None if it is refused, which happens in the first call or never."""
    try:
        return compiled(x)
    except TypeError as error:
        assert first and "compile" in str(error), error
        return None


@pytest.mark.parametrize("name", INSIDE)
def test_transformations_inside_are_right_or_refused(name):
    f = INSIDE[name]
    compiled = compile(f)
    for i, x in enumerate(batches(5, (3,))):
        y = unless_refused(compiled, x, first=i == 0)
        if y is None:
            return
        same(y, f(x))
    assert compiled.replays == 3


LAYERS = {
    "linear": lambda: nn.Linear(4, 3, rng=0),
    "layer norm": lambda: nn.LayerNorm(4),
    "group norm": lambda: nn.GroupNorm(2, 4),
    "dropout": lambda: nn.Dropout(0.5, rng=0),
    "gaussian dropout": lambda: nn.GaussianDropout(0.5, rng=0),
    "noise": lambda: nn.GaussianNoise(0.5, rng=0),
    "alpha dropout": lambda: nn.AlphaDropout(0.5, rng=0),
    "lstm": lambda: nn.LSTM(4, 3, rng=0),
    "gru": lambda: nn.GRU(4, 3, rng=0),
    "attention": lambda: nn.MultiHeadAttention(4, 2, 2, rng=0),
    "convolution": lambda: nn.Conv1d(4, 3, 2, rng=0),
    "gelu": lambda: nn.GELU(),
    "softmax": lambda: nn.Softmax(),
}


@pytest.mark.parametrize("name", LAYERS)
def test_layers_are_right_or_refused(name):
    a, b = LAYERS[name](), LAYERS[name]()

    def step_of(layer):
        def step(x):
            y = np.sum(np.sin(layer(x)))
            if layer.parameters():
                y.backward()
            return y

        return step

    f, compiled = step_of(a), compile(step_of(b))
    for i, x in enumerate(batches(5, (2, 6, 4), np.float32)):
        y = unless_refused(compiled, x, first=i == 0)
        if y is None:
            return
        same(y, f(x))
        same([p.grad for p in b.parameters()], [p.grad for p in a.parameters()])
    assert compiled.replays == 3
