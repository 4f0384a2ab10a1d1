"""A profile counts what closed forms count, adds up, and leaves everything as it was."""

import linecache
import sys
import threading

import numpy as np
import pytest

import tinygrad_edu
from tinygrad_edu import Tensor, checkpoint, grad, jvp, nn, no_grad, optim, profile, profiling, vmap
from tinygrad_edu.modes import thread
from tinygrad_edu.ops import relu
from tinygrad_edu.profiling import BETWEEN, Limits, limits, machine, measuring, table
from tinygrad_edu.tensor import Op
from tinygrad_edu.training import Trainer


@pytest.fixture(autouse=True)
def a_known_machine(monkeypatch):
    """10 GFLOP/s and 1 GB/s."""
    monkeypatch.setattr(machine, "_measured_limits", lambda dtype: Limits(10.0, 1.0))


def variable(shape, seed=0, dtype=np.float32):
    return Tensor(np.random.default_rng(seed).normal(size=shape).astype(dtype), requires_grad=True)


def row(p, name, direction=None):
    found = [r for r in p.rows if r.name == name and direction in (None, r.direction)]
    assert len(found) == 1, [r.name for r in p.rows]
    return found[0]


def counted(row):
    return row.calls, row.bytes, row.multiply_adds


# ------------------------------------------------------------------------------ counts by closed forms


def test_a_small_mlp():
    """N samples through I-H-O: products, biases, and their gradients, in float32."""
    N, I, H, O = 8, 5, 7, 3
    x, w, b, v = (variable(s) for s in ((N, I), (I, H), (H,), (H, O)))
    with profile() as p:
        for _ in range(2):
            (relu(x @ w + b) @ v).backward(np.ones((N, O), np.float32))
    first, second = N * I * H, N * H * O
    sizes = 4 * (N * I + I * H + N * H), 4 * (N * H + H * O + N * O)
    both = 2 * sum(sizes), 2 * (first + second)
    assert counted(row(p, "matmul")) == (4, *both)
    # both rules of a product read dL/dy and one factor and write the gradient of the other
    assert counted(row(p, "d matmul/dx")) == counted(row(p, "d matmul/dw")) == (4, *both)
    assert counted(row(p, "add")) == (2, 2 * 4 * (2 * N * H + H), 2 * N * H)
    assert counted(row(p, "d add/dx1")) == (2, 0, 0)  # dL/dy itself
    assert counted(row(p, "d add/dx2")) == (2, 2 * 4 * (N * H + H), 2 * N * H)
    assert counted(row(p, "relu")) == (2, 2 * 4 * 2 * N * H, 2 * N * H)


def test_a_convolution():
    """A 3×3 convolution with bias, as a layer."""
    N, side, C, K = 2, 6, 3, 4
    layer = nn.Conv2d(C, K, 3, rng=0)
    x = variable((N, side, side, C))
    with profile() as p:
        layer(x).sum().backward()
    places = N * (side - 2) ** 2
    products = places * K * 9 * C
    moved = 4 * (x.size + 9 * C * K + places * K)
    assert counted(row(p, "conv bias")) == (1, moved + 4 * K, products)
    for factor in ("x", "w"):
        found = row(p, f"d conv bias/d{factor}")
        assert (found.calls, found.multiply_adds) == (1, products)
    # the gradient of a bias is a sum, which takes no product for each weight
    assert row(p, "d conv bias/db").multiply_adds == places * K


def test_attention():
    N, T, d = 2, 5, 4
    q, k, v = (variable((N, T, d), seed) for seed in range(3))
    with profile() as p:
        (nn.attention.attention_weights(q, k) @ v).sum().backward()
    products = N * T * T * d
    names = "attention_weights", "d attention_weights/dq", "d attention_weights/dk"
    for name in (*names, "matmul", "d matmul/dx", "d matmul/dw"):
        assert (row(p, name).calls, row(p, name).multiply_adds) == (1, products)
    assert row(p, "attention_weights").bytes == 4 * (2 * N * T * d + N * T * T)


def test_a_recurrent_layer_takes_twice_the_products_on_its_way_back():
    T, N, C, H = 4, 3, 2, 5
    layer = nn.LSTM(C, H, rng=0)
    with profile() as p:
        layer(variable((N, T, C))).sum().backward()
    products = T * N * (C * 4 * H + H * 4 * H)
    assert row(p, "lstm").multiply_adds == products
    back = sum(row(p, f"d lstm/d{factor}").multiply_adds for factor in "xWU")
    assert back == 3 * (products // 2)  # dL/dh is not asked for: the first state is given


@pytest.mark.parametrize(
    ("compute", "products"),
    [
        (lambda a, b: np.einsum("ijk,kl->il", a, b), 2 * 3 * 4 * 5),
        (lambda a, b: np.tensordot(a, b, axes=1), 2 * 3 * 4 * 5),
    ],
)
def test_sums_of_products(compute, products):
    a, b = variable((2, 3, 4)), variable((4, 5))
    with profile() as p:
        compute(a, b).sum().backward()
    found = [r for r in p.rows if "einsum" in r.name or "tensordot" in r.name]
    assert len(found) >= 2 and {r.multiply_adds / r.calls for r in found} == {products}


def test_views_move_nothing():
    x = variable((4, 6))
    with profile() as p:
        _ = np.transpose(x.reshape(6, 4))[1:]
    assert all(counted(r)[1:] == (0, 0) for r in p.rows)
    assert {r.name for r in p.rows if r.direction} == {"reshape", "transpose", "getitem"}


def test_what_is_repeated_by_broadcasting_is_read_once():
    x = variable((100,))
    with profile() as p:
        x.sum().backward()
        np.broadcast_to(x, (50, 100)) * 2.0
    assert row(p, "multiply").bytes == 4 * (100 + 50 * 100)


def test_numbers_are_moved_without_arithmetic():
    x = variable((4, 6))
    with profile() as p:
        np.concatenate([x, x]).sum().backward()
    assert row(p, "concatenate").bytes == 4 * (2 * 24 + 48)
    assert row(p, "concatenate").multiply_adds == 0


# --------------------------------------------------------------------------------- times and grouping


def network():
    model = nn.Sequential(
        nn.Linear(6, 8, rng=0), nn.Residual(nn.Sequential(nn.Linear(8, 8, rng=1), nn.Tanh()))
    )
    return model, np.random.default_rng(0).normal(size=(16, 6)).astype(np.float32)


def measured(steps=3):
    model, x = network()
    optimizer = optim.Adam(model.parameters())
    with profile() as p:
        for _ in range(steps):
            optimizer.zero_grad()
            (model(x) ** 2).mean().backward()
            optimizer.step()
    return p


def test_times_add_up_to_the_total():
    p = measured()
    parts = sum(r.seconds for r in p.records if r.operation != BETWEEN)
    assert 0 < parts <= p.total
    assert sum(r.seconds for r in p.rows) == pytest.approx(p.total)
    assert sum(r.share for r in p.rows) == pytest.approx(1)
    assert all(r.seconds >= 0 for r in p.records) and p.overhead > 0


def test_the_time_of_an_operation_is_without_those_inside_it(monkeypatch):
    now = [0.0]

    def slowly(x):
        now[0] += 1
        return x * 2

    monkeypatch.setattr(measuring, "clock", lambda: now[0])
    slow = Op(slowly, lambda g, y, x: 2 * g, name="slow")
    with profile() as p:
        checkpoint(slow)(variable((3,))).sum().backward()  # its rule calls slow again
        now[0] += 0.5
    assert row(p, "slow", "forward").seconds == row(p, "slow", "backward").seconds == 1
    assert row(p, "d checkpoint").seconds == p.overhead == 0
    assert row(p, BETWEEN).seconds == 0.5 and p.total == 2.5


def test_all_groupings_have_the_same_sums():
    p = measured()
    for what in ("operation", "module", "line"):
        rows = p.by(what).rows
        for field in ("seconds", "calls", "bytes", "multiply_adds"):
            total = sum(getattr(r, field) for r in p.records)
            assert sum(getattr(r, field) for r in rows) == pytest.approx(total)
        assert [r.seconds for r in rows] == sorted((r.seconds for r in rows), reverse=True)
        assert len({(r.name, r.direction) for r in rows}) == len(rows)


def test_steps_of_the_optimizer_are_rows():
    p = measured(steps=3)
    for name in ("optimizer.step", "optimizer.zero_grad"):
        assert row(p, name).calls == 3 and row(p, name).direction == ""
    assert {"optimizer.step", BETWEEN} <= {r.name for r in p.by("module").rows}


def test_modules_have_their_paths():
    p = measured()
    calls = {(r.name, r.direction): r.calls for r in p.by("module").rows}
    inner = [name for name, _ in network()[0].named_modules() if name.startswith("1.")]
    linear, tanh = inner[1:]
    assert calls[linear, "forward"] == 3 * 2  # matmul and add
    assert calls[linear, "backward"] == 3 * 4
    assert calls[tanh, "forward"] == calls[tanh, "backward"] == 3
    assert calls["0", "backward"] == 3 * 3  # no gradient of the data
    assert calls["1", "forward"] == 3  # the sum of Residual itself
    assert calls["(no module)", "forward"] == 3 * 2


def test_two_models_of_a_kind_are_told_apart():
    (one, x), (other, _) = network(), network()
    with profile() as p:
        one(x), other(x)
    names = {r.name for r in p.by("module").rows}
    assert {"Sequential: 0", "Sequential 2: 0"} <= names


def test_lines_are_those_of_the_user():
    model, x = network()
    with profile() as p:
        y = model(x)
        loss = (y * y).sum()
        loss.backward()
    rows = {(r.name.partition(":  ")[2], r.direction) for r in p.by("line").rows}
    assert rows == {
        ("y = model(x)", "forward"), ("y = model(x)", "backward"), ("loss = (y * y).sum()", "forward"),
        ("loss = (y * y).sum()", "backward"), ("", ""),
    }  # fmt: skip


def test_the_way_back_of_a_graph_from_before():
    x = variable((3,))
    y = np.tanh(x)
    with profile() as p:
        y.sum().backward()
    (tanh,) = [r for r in p.records if r.operation == "d tanh/dx"]
    assert tanh.line.endswith("y = np.tanh(x)")


def test_rates_and_the_limit():
    """10 GFLOP/s and 1 GB/s: 1000³ multiply-adds take 0.2 s at best, and 12 MB take 12 ms."""
    record = profiling.Record("matmul", "forward", "float32", (), "", 0.4, 1, 12_000_000, 10**9)
    assert profiling.least_seconds(record) == pytest.approx(0.2)
    found = table.row_of("matmul", "forward", [record], 0.8)
    assert found[3:] == pytest.approx((0.5, 1, 12_000_000, 10**9, 5.0, 0.03, 50.0))
    slow = record._replace(multiply_adds=1000)
    assert profiling.least_seconds(slow) == pytest.approx(0.012)


def test_limits_are_measured_once(monkeypatch):
    monkeypatch.undo()
    first = limits("float32")
    assert first.gflops > 0.1 and first.gbs > 0.01
    assert limits(np.float32) is first is limits("int64")
    assert limits("float64") is not first


# -------------------------------------------------------------------------------- whatever it measures


def test_numbers_do_not_change():
    def trained():
        model, x = network()
        optimizer = optim.Adam(model.parameters())
        for _ in range(3):
            optimizer.zero_grad()
            (model(x) ** 2).mean().backward()
            optimizer.step()
        return b"".join(w.tobytes() for w in model.state_dict().values())

    with profile():
        inside = trained()
    assert inside == trained()


def test_an_operation_on_arrays_alone_counts_once_and_not_inside_another():
    x = np.ones((4, 4), np.float32)
    with profile() as p:
        assert type(relu(x)) is np.ndarray
    assert row(p, "relu").calls == 1
    layer = nn.Conv2d(2, 3, 3, rng=0)
    with profile() as p:
        layer(variable((1, 5, 5, 2))).sum().backward()  # whose rules call rows
    assert not any("transpose" in r.name or "kernel" in r.name for r in p.rows)


def test_no_grad_vmap_and_functions_of_functions():
    x = np.random.default_rng(0).normal(size=(5, 3))
    with profile() as p:
        with no_grad():
            np.tanh(variable((4,)))
        vmap(lambda v: np.tanh(Tensor(1.0) * v).sum())(x)
        grad(lambda v: np.tanh(v).sum())(x[0])
    assert row(p, "tanh").calls == 3
    assert row(p, "d tanh/dx").calls == 1
    assert row(p, "multiply", "forward").multiply_adds == 15


def test_forward_mode():
    x = np.ones((4, 6))
    with profile() as p:
        jvp(lambda v: np.tanh(v) @ np.ones((6, 2)), (x,), (x,))
    assert row(p, "d tanh/dx").direction == "forward" and row(p, "d tanh/dx").multiply_adds == 24
    assert counted(row(p, "matmul"))[::2] == (2, 2 * 4 * 6 * 2)


def test_a_row_whose_inputs_have_no_names():
    x, rule = Tensor([1.0, 2.0], requires_grad=True), lambda g, *_: 2 * g
    double = Op(lambda *xs: 2 * (xs[0] + xs[1]), rule, rule, name="double",
                multiply_adds=lambda y, *_: 7)  # fmt: skip
    with profile() as p:
        double(x, x).sum().backward()
    assert x.grad.tolist() == [4.0, 4.0]
    assert row(p, "d double").multiply_adds == row(p, "double").multiply_adds == 7


def test_derivatives_of_derivatives():
    """In the second walk the rules record themselves: products count once, and as backward."""
    x = Tensor(0.5, requires_grad=True)
    with profile() as p:
        second = grad(grad(lambda v: v**3))(0.5)
        y = x * x * x
        y.backward(create_graph=True)
        x.grad.backward()
    assert second == pytest.approx(3.0)
    assert sum(r.seconds for r in p.rows) == pytest.approx(p.total)
    assert {r.direction for r in p.rows if r.name == "multiply"} == {"forward", "backward"}
    assert all(r.seconds >= 0 for r in p.records)


def test_checkpoint_has_the_modules_of_its_second_call():
    model, x = network()

    class Outer(nn.Module):
        def __init__(self):
            self.inner = model

        def forward(self, x):
            return checkpoint(self.inner)(x)

    outer = Outer()
    with profile() as p:
        (outer(x) ** 2).sum().backward()
    calls = {(r.name, r.direction): r.calls for r in p.by("module").rows}
    assert calls["inner.0", "forward"] == 2
    assert calls["inner.0", "backward"] == 2 + 3  # again, and its gradients
    assert len({r.modules[0] for r in p.records if r.modules}) == 1


def test_a_trainer_has_data_loading():
    model, x = network()
    trainer = Trainer(model, nn.mse, optim.SGD(model.parameters(), lr=0.1))
    with profile() as p:
        trainer.fit(x, np.zeros((16, 8), np.float32), epochs=2, batch_size=8, progress=False)
    assert row(p, "data loading").calls == 2 * 3  # the third time there is no batch
    assert row(p, "optimizer.step").calls == 4


def training(model):
    optimizer = optim.SGD(model.parameters(), lr=0.1)

    def step(x):
        optimizer.zero_grad()
        loss = (model(x) ** 2).mean()
        loss.backward()
        optimizer.step()
        return loss

    return step


def test_a_replay_of_compile_counts_as_the_same_step_without():
    (one, x), (other, _) = network(), network()
    eager, compiled = training(one), tinygrad_edu.compile(training(other))
    for _ in range(3):
        eager(x), compiled(x)
    with profile() as p:
        for _ in range(2):
            a = eager(x)
    with profile() as q:
        for _ in range(2):
            b = compiled(x)
    assert compiled.replays == 3 and a.data == b.data
    for name in ("matmul", "d matmul/dw", "d matmul/dx", "tanh", "d tanh/dx"):
        if "matmul" in name:
            assert row(q, name).multiply_adds == row(p, name).multiply_adds > 0
            assert row(q, name).bytes == row(p, name).bytes > 0
        else:  # a replay does the NumPy calls inside a rule one by one
            assert row(q, name).multiply_adds >= row(p, name).multiply_adds > 0
        assert row(q, name).direction == row(p, name).direction
    assert row(q, "optimizer.step").calls == row(q, "optimizer.zero_grad").calls == 2
    assert sum(r.seconds for r in q.rows) == pytest.approx(q.total)
    assert {r.name.partition(":  ")[2] for r in q.by("line").rows} >= {
        "loss = (model(x) ** 2).mean()", "loss.backward()", "optimizer.step()",
    }  # fmt: skip
    assert sys.gettrace() is None or "coverage" in str(sys.gettrace())


def generated(source, file, **names):
    linecache.cache[file] = len(source), None, source.splitlines(keepends=True), file
    exec(compile(source, file, "exec"), names)
    return names["replay"]


def test_lines_of_a_generated_function():
    """Results are new arrays, or written into an array that is there, which is no view of an operand."""
    source = (
        "def replay(v1):\n    v2 = k1(v1); v1 = None\n    k2(v2, v2, out=v2)\n    v3 = None\n"
        "    v4 = v2.T\n    return v4"
    )
    names = ("tanh", "v2"), ("add", "v2"), ("T", "v4")
    tanh, add, fetch = (profiling.Line(name, "at f.py:1", makes) for name, makes in names)
    x = np.full((2, 5), 0.5, np.float32)
    lines = {"<tape test>": [tanh, add, add, fetch, None]}
    with profile() as p:
        for _ in range(3):
            y = p.replay(generated(source, "<tape test>", k1=np.tanh, k2=np.add), (x,), lines)
    assert y.tolist() == (2 * np.tanh(x)).T.tolist()
    assert row(p, "tanh").multiply_adds == row(p, "add").multiply_adds == 30
    assert row(p, "add").calls == 3 and row(p, "add").bytes == 3 * 3 * 40
    assert counted(row(p, "T")) == (3, 0, 0)
    assert sum(r.seconds for r in p.rows) == pytest.approx(p.total)
    before = sys.gettrace()
    with pytest.raises(ValueError, match="wrong"), profile() as p:
        p.replay(generated(source, "<tape test>", k1=raising), (x,), lines)
    assert p._running == [] and p._replayed is None and sys.gettrace() is before


def raising(*_):
    raise ValueError("wrong")


def test_it_is_off_afterwards():
    before = dict(vars(thread.mode))
    with profile():
        assert thread.mode.profile is not None
    assert vars(thread.mode) == before and before["profile"] is None
    with pytest.raises(ValueError, match="matmul"), profile() as p:
        variable((2, 3)) @ variable((2, 3))
    assert vars(thread.mode) == before and p._running == []
    with pytest.raises(RuntimeError, match="gradient"), profile():
        optim.SGD(network()[0].parameters(), lr=0.1).step()
    assert vars(thread.mode) == before


def test_an_error_that_is_caught_inside():
    x = variable((2, 3))
    with profile() as p:
        with pytest.raises(ValueError, match="matmul"):
            x @ x
        np.tanh(x)
    assert {r.name for r in p.rows} == {"tanh", BETWEEN}


def test_one_inside_another_is_refused():
    with profile() as p:
        with pytest.raises(RuntimeError, match="inside another"), profile():
            pass
        np.tanh(variable((3,)))
    assert row(p, "tanh").calls == 1


def test_it_goes_on_where_it_is_entered_again():
    p = profile()
    for _ in range(2):
        with p:
            np.tanh(variable((3,)))
    assert row(p, "tanh").calls == 2


def test_other_threads_are_not_measured():
    with profile() as p:
        other = threading.Thread(target=lambda: np.tanh(variable((3,))))
        other.start()
        other.join()
    assert [r.name for r in p.rows] == [BETWEEN]


def test_a_table_in_text_and_in_html():
    p = measured()
    lines = repr(p).splitlines()
    assert lines[0].split() == [
        "operation", "pass", "ms", "share", "calls", "bytes", "multiply-adds", "GFLOP/s", "GB/s", "of", "the",
        "limit",
    ]  # fmt: skip
    assert len(lines) == len(p.rows) + 4
    assert "10 GFLOP/s and 1 GB/s" in lines[-1]
    page = p.by("line")._repr_html_()
    assert page.count("<tr>") == len(p.by("line").rows) + 1
    assert "<script" not in page
    with pytest.raises(ValueError, match="operation, module, line"):
        p.by("layer")


def test_an_empty_one():
    with profile() as p:
        pass
    assert [r.name for r in p.rows] == [BETWEEN] and p.total >= 0
    assert BETWEEN in repr(p)


def test_it_is_public():
    assert tinygrad_edu.profile is profile and "profile" in dir(tinygrad_edu)
