"""Opened rows and planned memory: the bits are those of eager, and nobody sees the shared memory."""

import itertools
import threading
import warnings

import numpy as np
import pytest

from tinygrad_edu import Tensor, compile, nn, optim, value_and_grad
from tinygrad_edu.tensor import ROWS, Op

RNG = np.random.default_rng(0)


def same(a, b):
    """Equal types and equal bits, in lists and tuples."""
    assert type(a) is type(b), (type(a), type(b))
    if isinstance(a, (list, tuple)):
        assert len(a) == len(b) and all(map(same, a, b))
    elif isinstance(a, dict):
        assert a.keys() == b.keys() and all(same(a[k], b[k]) for k in a)
    elif isinstance(a, (Tensor, np.ndarray, np.generic)):
        x, y = (v.data if isinstance(v, Tensor) else v for v in (a, b))
        assert x.dtype == y.dtype and x.shape == y.shape
        assert x.tobytes() == y.tobytes() or np.array_equal(x, y, equal_nan=True), (x, y)
    else:
        assert a == b or (a != a and b != b)
    return True


def only_program(compiled):
    (program,) = compiled.programs
    return program


# ------------------------------------------------------------------------------ every row

ROWS_WITH_CASES = {row.name: row for row in ROWS.values() if isinstance(row, Op) and row.cases}


@pytest.mark.parametrize("name", sorted(ROWS_WITH_CASES))
@pytest.mark.filterwarnings("ignore")
def test_every_row_has_the_bits_of_eager_also_where_it_branches(name):
    """The numbers of later calls (large, tiny, 0, infinite, NaN) make the `if`s of a row answer otherwise."""
    row = ROWS_WITH_CASES[name]
    for inputs, params in row.cases(np.random.default_rng(1)):
        floats = [
            i for i, x in enumerate(inputs) if isinstance(x, np.ndarray) and x.dtype.kind == "f"
        ]
        if not floats or not any(row.rule(i) for i in floats):
            continue

        def loss(*xs, inputs=inputs, params=params):
            y = row(*xs, **params)
            return np.sum(np.real(y) * 0.5 * np.real(y))

        variables = tuple(i for i in floats if row.rule(i))
        try:
            eager = value_and_grad(loss, variables)
            eager(*inputs)
            compiled = compile(value_and_grad(loss, variables))
            compiled(*inputs)
            compiled(*inputs)
        except (TypeError, ValueError):
            continue
        for scale in (1.0, 0.9, 30.0, 1e-3, 0.0, 1e200, np.inf, np.nan, -1.0, 1.0):
            xs = list(inputs)
            for i in floats:
                xs[i] = xs[i] * scale if scale else np.zeros_like(xs[i])
            try:
                expected = eager(*xs)
            except (ValueError, np.linalg.LinAlgError, FloatingPointError):
                continue
            same(compiled(*xs), expected)


# ------------------------------------------------------------------------------ networks


def train(make, batch, error, optimizer, steps=7):
    """Two models from the same start, one with compile: the same losses, gradients and parameters."""
    models = make(), make()
    optimizers = [optimizer(model.parameters()) for model in models]

    def step_of(model, optimizer):
        def step(x, y):
            optimizer.zero_grad()
            loss = error(model(x), y)
            loss.backward()
            optimizer.step()
            return loss

        return step

    eager, compiled = step_of(models[0], optimizers[0]), compile(step_of(models[1], optimizers[1]))
    for _ in range(steps):
        x, y = batch()
        same(compiled(x, y), eager(x, y))
        a, b = ([p.grad for p in model.parameters()] for model in models)
        same(a, b)
        same(*(model.state_dict() for model in models))
    assert compiled.replays >= steps - 4
    return compiled


ADAM = lambda parameters: optim.Adam(parameters, 0.01)
MOMENTUM = lambda parameters: optim.SGD(parameters, 0.05, momentum=0.9)
ACTIVATIONS = [
    "CELU", "ELU", "GELU", "HardShrink", "HardSigmoid", "HardTanh", "LeakyReLU", "LogSigmoid",
    "LogSoftmax", "Mish", "ReLU", "SELU", "SiLU", "Sigmoid", "Softmax", "Softplus", "Softsign",
    "SparseSigmoid", "Squareplus", "Tanh", "TanhShrink",
]  # fmt: skip


def numbers(*shape):
    return RNG.normal(size=shape).astype(np.float32)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("optimizer", [ADAM, MOMENTUM])
def test_perceptrons(activation, optimizer):
    def make():
        return nn.Sequential(
            nn.Linear(6, 8, rng=0), getattr(nn, activation)(), nn.Linear(8, 3, rng=1)
        )

    train(make, lambda: (numbers(5, 6), RNG.integers(0, 3, 5)), nn.cross_entropy, optimizer)


LOSSES = {
    "mse": numbers, "mae": numbers, "huber": numbers, "log_cosh": numbers, "mape": numbers,
    "binary_cross_entropy": lambda *shape: RNG.integers(0, 2, shape).astype(np.float32),
}  # fmt: skip


@pytest.mark.parametrize("name", LOSSES)
def test_losses(name):
    def make():
        return nn.Sequential(nn.Linear(6, 8, rng=0), nn.Tanh(), nn.Linear(8, 3, rng=1))

    target = LOSSES[name]
    train(make, lambda: (numbers(5, 6), target(5, 3)), getattr(nn, name), ADAM)


NETWORKS = {
    "norms and dropout": (
        lambda: nn.Sequential(
            nn.Linear(6, 8, rng=0), nn.LayerNorm(8), nn.GELU(), nn.Dropout(0.3, rng=3),
            nn.BatchNorm(8), nn.RMSNorm(8), nn.Linear(8, 3, rng=1),
        ),
        lambda: (numbers(5, 6), RNG.integers(0, 3, 5)),
    ),
    "embedding": (
        lambda: nn.Sequential(nn.Embedding(9, 4, rng=0), nn.Flatten(), nn.Linear(20, 3, rng=1)),
        lambda: (RNG.integers(0, 9, (6, 5)), RNG.integers(0, 3, 6)),
    ),
    "convolution": (
        lambda: nn.Sequential(
            nn.Conv2d(2, 4, 3, rng=0), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(36, 3, rng=1)
        ),
        lambda: (numbers(4, 8, 8, 2), RNG.integers(0, 3, 4)),
    ),
    "lstm": (
        lambda: nn.Sequential(nn.LSTM(3, 5, rng=0), nn.Linear(5, 3, rng=1)),
        lambda: (numbers(4, 4, 3), RNG.integers(0, 3, 4)),
    ),
    "attention": (
        lambda: nn.Sequential(
            nn.TransformerBlock(8, 2, rng=0), nn.Flatten(), nn.Linear(40, 3, rng=1)
        ),
        lambda: (numbers(2, 5, 8), RNG.integers(0, 3, 2)),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("optimizer", [ADAM, MOMENTUM])
def test_networks(name, optimizer):
    make, batch = NETWORKS[name]
    train(make, batch, nn.cross_entropy, optimizer)


def test_a_loss_that_falls_changes_the_path_and_the_plan():
    """Below 0.5 cross_entropy takes another formula: the replay leaves its plan, and gets a new one."""

    def make():
        return nn.Sequential(nn.Linear(6, 16, rng=0), nn.ReLU(), nn.Linear(16, 3, rng=1))

    x, y = numbers(5, 6), RNG.integers(0, 3, 5)
    compiled = train(make, lambda: (x, y), nn.cross_entropy, ADAM, steps=120)
    program = only_program(compiled)
    assert program.patience > 4 and program.plan.left == 0 and "log1p" in compiled.explain()


# ------------------------------------------------------------------------- traps of shared memory


def chain(x, w):
    """Operations that are written over one another."""
    y = np.tanh(x * w + 1)
    return y, np.exp(y * 0.5) * y


def differentiated(x, w):
    return value_and_grad(lambda x: np.sum(chain(x, w)[1]))(x)


TRAPS = {
    "a result that is also used": lambda x, w: chain(x, w),
    "the same result twice": lambda x, w: (lambda y: (y, y, y + 1))(np.tanh(x) * w),
    "views": lambda x, w: (lambda y: (y.T, y[1:], y.reshape(-1)))(np.tanh(x) * w),
    "a view and what comes after": lambda x, w: (lambda y: (y.T + 1, (y * 2)[0]))(np.tanh(x) * w),
    "an argument": lambda x, w: (x, x + w),
    "a view of an argument": lambda x, w: (x[0], x * w),
    "gradients": differentiated,
    "numbers": lambda x, w: (np.sum(x * w), np.max(np.exp(x))),
    "constants": lambda x, w: (np.ones_like(x), x * 0 + np.ones(4)),
    "a sum of itself": lambda x, w: np.sum(np.square(x) + np.square(x), axis=0),
    "layouts": lambda x, w: (np.exp(x.T) * w.T, np.sum(np.exp(x.T), axis=0), (x.T @ w) * 2),
    "other types": lambda x, w: ((x > 0) * w, (x > w) & (w > 0), x.astype(np.float64) * 2, -x // 2),
}  # fmt: skip


@pytest.mark.parametrize("name", TRAPS)
def test_results_stay_as_they_are(name):
    f, kept = TRAPS[name], []
    compiled = compile(f)
    for _ in range(6):
        x, w = numbers(3, 4), numbers(3, 4)
        kept.append((compiled(x, w), f(x, w)))
        for ours, eager in kept:
            same(ours, eager)
    assert compiled.replays == 4


def test_a_caller_may_write_into_results():
    compiled = compile(lambda x: (np.tanh(x) * 2, np.exp(x), np.ones_like(x)))
    x = numbers(3, 4)
    for _ in range(5):
        found = compiled(x)
        same(found, (np.tanh(x) * 2, np.exp(x), np.ones_like(x)))
        for y in found:
            y[...] = 7


@pytest.mark.parametrize("step", [1, -1])
def test_arguments_that_share_memory_and_change_between_calls(step):
    compiled = compile(chain)
    x = numbers(4, 4)
    for i in range(6):
        x[...] = numbers(4, 4)
        same(compiled(x, x), chain(x, x))
        same(compiled(x, x[::step].T if i % 2 else x), chain(x, x[::step].T if i % 2 else x))


def test_kept_gradients_do_not_change():
    model = nn.Sequential(nn.Linear(4, 3, rng=0), nn.Tanh(), nn.Linear(3, 2, rng=1))
    optimizer = optim.SGD(model.parameters(), 0.1)

    @compile
    def step(x):
        optimizer.zero_grad()
        loss = np.sum(model(x) ** 2)
        loss.backward()
        optimizer.step()
        return loss

    kept, copies = [], []
    for _ in range(6):
        step(numbers(5, 4))
        kept.append([p.grad for p in model.parameters()])
        copies.append([p.grad.copy() for p in model.parameters()])
        same(kept, copies)
        kept[-1][0][...] = 5.0
        copies[-1][0][...] = 5.0
    for a, b in itertools.combinations([g for grads in kept for g in grads], 2):
        assert not np.may_share_memory(a, b)


def test_other_data_of_a_parameter_leaves_the_plan():
    model = nn.Linear(4, 3, rng=0)
    f = lambda x: np.sum(np.tanh(model(x)), axis=0).detach()
    compiled = compile(f)
    for i in range(8):
        x = numbers(5, 4)
        if i == 4:
            model.W.data = np.asfortranarray(numbers(4, 3))
        if i == 6:
            model.W.data, model.b.data = numbers(4, 1), numbers(1)  # the results have another shape
        same(compiled(x), f(x))


def test_two_functions_and_two_sizes_take_turns():
    f, g = chain, differentiated
    ours = compile(f), compile(g)
    for i in range(10):
        x, w = numbers(3 + i % 2, 4), numbers(3 + i % 2, 4)
        a, b = ours[0](x, w), ours[1](x, w)
        same(a, f(x, w))
        same(b, g(x, w))


def test_a_function_that_calls_itself_compiled():
    inner = compile(chain)

    def outer(x, w):
        return inner(x, w)[1] + inner(w, x)[1]

    compiled = compile(outer)
    for _ in range(5):
        x, w = numbers(3, 4), numbers(3, 4)
        same(compiled(x, w), outer(x, w))


def test_threads_do_not_see_each_others_memory():
    compiled = compile(differentiated)
    x, w = numbers(200, 300), numbers(200, 300)
    for _ in range(3):
        compiled(x, w)
    wrong = []

    def work(seed):
        rng = np.random.default_rng(seed)
        for _ in range(25):
            x = rng.normal(size=(200, 300)).astype(np.float32)
            try:
                same(compiled(x, w), differentiated(x, w))
            except AssertionError as error:
                wrong.append(error)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_an_error_gives_the_memory_back():
    labels = np.array([0, 1, 2])
    f = nn.cross_entropy
    compiled = compile(f)
    x = numbers(3, 3)
    for _ in range(3):
        compiled(x, labels)
    with pytest.raises(ValueError, match="class|label"):
        compiled(x, labels + 2)
    before = compiled.replays
    same(compiled(x, labels), f(x, labels))
    assert compiled.replays == before + 1


# --------------------------------------------------------------------------------- the plan


def test_the_plan_writes_over_what_is_not_needed_any_more():
    compiled = compile(lambda x: np.sum(np.exp(np.tanh(x * 2) + 1)))
    x = numbers(100, 10)
    for _ in range(3):
        compiled(x)
    text = compiled.explain()
    assert only_program(compiled).plan.memory <= x.nbytes + 64
    assert "over v" in text and "4,000 bytes" in text


def test_views_and_constants_are_made_once_and_dead_results_are_dropped():
    def f(x):
        y = np.exp(x)
        np.sin(y)  # nobody reads it
        return np.ones_like(y).T * 2 + y.T, y.T @ y

    compiled = compile(f)
    for _ in range(3):
        x = numbers(3, 4)
        same(compiled(x), f(x))
    steps = [line.partition("#")[0] for line in compiled.explain().splitlines()[1:-2]]
    assert len(steps) == 7 and not any("sin(" in step for step in steps), steps


def test_a_common_part_is_computed_once():
    compiled = compile(value_and_grad(lambda x: np.sum(np.tanh(x) * np.tanh(x))))
    for _ in range(3):
        x = numbers(3, 4)
        compiled(x)
    assert compiled.explain().count("= tanh(") == 1


def test_memory_is_planned_by_lifetime():
    from tinygrad_edu.compiler.plan import _places

    blocks = {"a": [100, 0, 2], "b": [300, 1, 3], "c": [100, 3, 5], "d": [64, 4, 4]}
    places, size = _places(blocks)
    assert size == 320 + 128
    for (x, (n, i, j)), (y, (m, k, l)) in itertools.combinations(blocks.items(), 2):
        if i <= l and k <= j:  # both are needed at some time
            assert places[x] + n <= places[y] or places[y] + m <= places[x]


def test_recording_warns_no_oftener_than_eager():
    compiled = compile(lambda x: np.log(x) * 2)
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        compiled(np.array([0.0, 1.0]))
    assert len(found) == 1
