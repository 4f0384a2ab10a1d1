"""Every elementwise row, in value and in its first and second derivatives, against mpmath in 50 digits.

The relative error is at most 8 units of the last place over the whole range of float32 and float64, wherever
the result is a number of that precision. A row whose `conditioning` says that rounding its input alone costs
more is measured against that cost. The formulas below are textbook derivatives, written without a look at
the rules.
"""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinygrad_edu import Tensor
from tinygrad_edu.autodiff import gradients
from tinygrad_edu.ops import rows

mp = pytest.importorskip("mpmath").mp.clone()
mp.dps = 50
ULPS = 8

E = mp.exp
ROOT2, ROOT_PI = mp.sqrt(2), mp.sqrt(mp.pi)


def sigma(x):
    return 1 / (1 + E(-x))


def slope(x):
    return mp.sech(x / 2) ** 2 / 4


def erfc(x):
    return mp.erfc(x) if abs(x) < 1e4 else mp.mpf(2 * (x < 0))


def normal(x):
    return erfc(-x / ROOT2) / 2


def bell(x):
    return E(-x * x / 2) / (ROOT2 * ROOT_PI)


def inside(low, high):
    return lambda *xs: all(low < x < high for x in xs)


def times_x(gate):
    """The derivatives of x s(x) from those of s."""

    def product(x):
        s, ds, dds = gate(x)
        return x * s, s + x * ds, 2 * ds + x * dds

    return product


def mish_gate(x):
    t, s = mp.tanh(mp.log1p(E(x))), sigma(x)
    dt = mp.sech(mp.log1p(E(x))) ** 2 * s
    return t, dt, dt * (sigma(-x) - 2 * t * s)


def gelu_gate(x):
    a, b = 2 * mp.sqrt(2 / mp.pi), 2 * mp.sqrt(2 / mp.pi) * mp.mpf("0.044715")
    u, du, ddu = a * x + b * x**3, a + 3 * b * x**2, 6 * b * x
    s, ds = sigma(u), slope(u) * du
    dds = slope(u) * (ddu - du * du * mp.tanh(u / 2))
    return s, ds, dds


def gelu_bell(x):
    a, b = 2 * mp.sqrt(2 / mp.pi), 2 * mp.sqrt(2 / mp.pi) * mp.mpf("0.044715")
    u, du, ddu = a * x + b * x**3, a + 3 * b * x**2, 6 * b * x
    tanh = mp.tanh(u / 2)
    return (
        slope(u),
        -slope(u) * tanh * du,
        slope(u) * (du * du * (tanh**2 - 2 * slope(u)) - tanh * ddu),
    )


def sinc(n):
    """The n-th derivative of sin πx / πx, an integral without cancellation: ∫₀¹ cos(πxt) dt, by parts."""

    def value(x):
        u = mp.pi * x
        if abs(u) < 12:  # the power series
            total = sum(
                (-1) ** k * mp.mpf(u) ** (2 * k - n) * mp.factorial(2 * k)
                / mp.factorial(2 * k - n) / mp.factorial(2 * k + 1)
                for k in range((n + 1) // 2, 45)
            )  # fmt: skip
            return mp.pi**n * total
        with mp.workprec(1100):
            angle = mp.pi * (x - 2 * mp.floor(x / 2))
        f = mp.sin(angle) / u
        for k in range(1, n + 1):
            f = (mp.sin(angle + k * mp.pi / 2) - k * f) / u
        return mp.pi**n * f

    return value


def step(below, above):
    return lambda x: below(x) if x < 0 else above(x)


def zero(*_):
    return mp.mpf(0)


def one(*_):
    return mp.mpf(1)


def linear(factor):
    return (lambda x: factor * x, lambda x: factor, zero)


def of(triple):
    """Value and derivatives from one function that returns all three."""
    return tuple(lambda x, i=i: triple(x)[i] for i in range(3))


def bessel(n):
    i = mp.besseli
    return (
        lambda x: i(n, x),
        lambda x: (i(abs(n - 1), x) + i(n + 1, x)) / 2,
        lambda x: (i(abs(n - 2), x) + 2 * i(n, x) + i(n + 2, x)) / 4,
    )


ALPHA, LN2, LN10 = mp.mpf(0.5), mp.log(2), mp.log(10)
SLOPE = mp.mpf(0.2)  # of leaky_relu, the float
GROWS = inside(-710, 710)
POSITIVE = inside(0, mp.inf)
SOME = inside(-1e38, 1e38)
TURN = mp.pi / 180


def shrunk(x):
    """x - tanh x; near 0 by its series, as 50 digits would cancel."""
    if abs(x) > 1e-3:
        return x - mp.tanh(x)
    return x**3 / 3 * (1 - 2 * x**2 / 5 + 17 * x**4 / 105 - 62 * x**6 / 945)


# name -> value, first and second derivative, [where]
OF_ONE = {
    "real": linear(1), "conjugate": linear(1), "positive": linear(1), "identity": linear(1),
    "astype": linear(1), "negative": linear(-1), "deg2rad": linear(TURN), "rad2deg": linear(1 / TURN),
    "imag": (zero, zero, zero), "nan_to_num": linear(1),
    "angle": (lambda x: mp.pi if x < 0 else mp.mpf(0), zero, zero),
    "reciprocal": (lambda x: 1 / x, lambda x: -1 / x**2, lambda x: 2 / x**3),
    "square": (lambda x: x * x, lambda x: 2 * x, lambda x: mp.mpf(2)),
    "sqrt": (mp.sqrt, lambda x: x**-0.5 / 2, lambda x: -(x**-1.5) / 4, POSITIVE),
    "cbrt": (lambda x: mp.sign(x) * mp.cbrt(abs(x)), lambda x: 1 / (3 * mp.cbrt(abs(x)) ** 2),
             lambda x: -2 / (9 * x * mp.cbrt(abs(x)) ** 2)),
    "exp": (E, E, E), "exp2": (lambda x: 2**x, lambda x: 2**x * LN2, lambda x: 2**x * LN2**2),
    "expm1": (mp.expm1, E, E),
    "log": (mp.log, lambda x: 1 / x, lambda x: -1 / x**2, POSITIVE),
    "log2": (lambda x: mp.log(x) / LN2, lambda x: 1 / x / LN2, lambda x: -1 / x**2 / LN2, POSITIVE),
    "log10": (lambda x: mp.log(x) / LN10, lambda x: 1 / x / LN10, lambda x: -1 / x**2 / LN10, POSITIVE),
    "log1p": (mp.log1p, lambda x: 1 / (1 + x), lambda x: -1 / (1 + x) ** 2, inside(-1, mp.inf)),
    "sin": (mp.sin, mp.cos, lambda x: -mp.sin(x)),
    "cos": (mp.cos, lambda x: -mp.sin(x), lambda x: -mp.cos(x)),
    "tan": (mp.tan, lambda x: mp.sec(x) ** 2, lambda x: 2 * mp.sec(x) ** 2 * mp.tan(x)),
    "arcsin": (mp.asin, lambda x: 1 / mp.sqrt(1 - x * x), lambda x: x / (1 - x * x) ** 1.5, inside(-1, 1)),
    "arccos": (mp.acos, lambda x: -1 / mp.sqrt(1 - x * x), lambda x: -x / (1 - x * x) ** 1.5, inside(-1, 1)),
    "arctan": (mp.atan, lambda x: 1 / (1 + x * x), lambda x: -2 * x / (1 + x * x) ** 2),
    "sinh": (mp.sinh, mp.cosh, mp.sinh), "cosh": (mp.cosh, mp.sinh, mp.cosh),
    "tanh": (mp.tanh, lambda x: mp.sech(x) ** 2, lambda x: -2 * mp.sech(x) ** 2 * mp.tanh(x)),
    "sech2": (lambda x: mp.sech(x) ** 2, lambda x: -2 * mp.sech(x) ** 2 * mp.tanh(x),
              lambda x: mp.sech(x) ** 2 * (4 - 6 * mp.sech(x) ** 2)),
    "arcsinh": (mp.asinh, lambda x: 1 / mp.sqrt(1 + x * x), lambda x: -x / mp.sqrt(1 + x * x) ** 3),
    "arccosh": (mp.acosh, lambda x: 1 / mp.sqrt(x * x - 1), lambda x: -x / mp.sqrt(x * x - 1) ** 3,
                inside(1, mp.inf)),
    "arctanh": (mp.atanh, lambda x: 1 / (1 - x * x), lambda x: 2 * x / (1 - x * x) ** 2, inside(-1, 1)),
    "absolute": (abs, mp.sign, zero),
    "relu": (lambda x: max(x, 0), lambda x: mp.mpf(x > 0), zero),
    "leaky_relu": (step(lambda x: SLOPE * x, lambda x: x), step(lambda x: SLOPE, one), zero),
    "capped_relu": (lambda x: min(max(x, 0), 6), lambda x: mp.mpf(0 < x < 6), zero),
    "elu": (step(mp.expm1, lambda x: x), step(E, one), step(E, zero)),
    "softsign": (lambda x: x / (1 + abs(x)), lambda x: 1 / (1 + abs(x)) ** 2,
                 lambda x: -2 * mp.sign(x) / (1 + abs(x)) ** 3),
    "sigmoid": (sigma, slope, lambda x: -slope(x) * mp.tanh(x / 2)),
    "softplus": (lambda x: mp.log1p(E(x)), sigma, slope),
    "log_sigmoid": (lambda x: -mp.log1p(E(-x)), lambda x: sigma(-x), lambda x: -slope(x)),
    "tanh_shrink": (shrunk, lambda x: mp.tanh(x) ** 2, lambda x: 2 * mp.tanh(x) * mp.sech(x) ** 2),
    "log_cosh": (lambda x: mp.log1p(2 * mp.sinh(x / 2) ** 2), mp.tanh, lambda x: mp.sech(x) ** 2),
    "silu": (lambda x: x * sigma(x), lambda x: sigma(x) + x * slope(x),
             lambda x: slope(x) * (2 - x * mp.tanh(x / 2))),
    "mish": of(times_x(mish_gate)), "mish gate": of(mish_gate), "gelu_tanh": of(times_x(gelu_gate)),
    "gelu": (lambda x: x * normal(x), lambda x: normal(x) + x * bell(x), lambda x: bell(x) * (2 - x * x)),
    "normal_cdf": (normal, bell, lambda x: -x * bell(x)),
    "erf": (mp.erf, lambda x: 2 / ROOT_PI * E(-x * x), lambda x: -4 / ROOT_PI * x * E(-x * x)),
    "erfc": (erfc, lambda x: -2 / ROOT_PI * E(-x * x), lambda x: 4 / ROOT_PI * x * E(-x * x)),
    "circle": (lambda x: (1 - x * x) ** -0.5, lambda x: x * (1 - x * x) ** -1.5,
               lambda x: (1 + 2 * x * x) * (1 - x * x) ** -2.5, inside(-1, 1)),
    "gelu gate": of(gelu_gate), "gelu bell": of(gelu_bell),
    "erfinv": (mp.erfinv, lambda x: ROOT_PI / 2 * E(mp.erfinv(x) ** 2),
               lambda x: mp.pi / 2 * mp.erfinv(x) * E(2 * mp.erfinv(x) ** 2), inside(-1, 1)),
    "bell": (lambda x: E(-x * x), lambda x: -2 * x * E(-x * x), lambda x: (4 * x * x - 2) * E(-x * x)),
    "lgamma": (mp.loggamma, mp.digamma, lambda x: mp.polygamma(1, x), POSITIVE),
    "digamma": (mp.digamma, lambda x: mp.polygamma(1, x), lambda x: mp.polygamma(2, x), POSITIVE),
    "polygamma": (*(lambda x, n=n: mp.polygamma(n, x) for n in (1, 2, 3)), POSITIVE),
    "sinc": (*map(sinc, range(3)), SOME), "sinc derivative": (*map(sinc, range(1, 4)), SOME),
    "i0": (*bessel(0), GROWS), "bessel_i": (*bessel(1), GROWS),
}  # fmt: skip


def hypot(x, w):
    return mp.sqrt(x * x + w * w)


def whole(x, w):
    """⌊x / w⌋, of which the digits before the point may be 600."""
    with mp.workprec(2300):
        return mp.floor(x / w)


def modulo(x, w):
    with mp.workprec(2300):
        return x - w * mp.floor(x / w)


def probability(x, w):
    return sigma(x - w)


def larger(x, w):
    return mp.mpf(x > w) + mp.mpf(x == w) / 2


def entropy(x, t):
    return t * mp.log1p(E(-x)) + (1 - t) * mp.log1p(E(x))


def choice(pick, share):
    return (pick, share, lambda x, w: 1 - share(x, w), zero, zero, zero)


def angles(x, w):
    h = x * x + w * w
    return (
        mp.atan2(x, w),
        w / h,
        -x / h,
        -2 * x * w / h**2,
        (x * x - w * w) / h**2,
        2 * x * w / h**2,
    )


def powers(x, w):
    y, log = x**w, mp.log(x)
    return (
        y, w * y / x, y * log, w * (w - 1) * y / x**2, y / x * (1 + w * log), y * log**2,
    )  # fmt: skip


def of_two(six):
    return tuple(lambda x, w, i=i: six(x, w)[i] for i in range(6))


def log_of_sum(x, w, base=mp.e):
    """logaddexp of x and w in a base."""
    scale = mp.log(base)
    p, curve = sigma((x - w) * scale), slope((x - w) * scale) * scale
    y = max(x, w) + mp.log1p(E(-abs(x - w) * scale)) / scale
    return y, p, sigma((w - x) * scale), curve, -curve, curve


# name -> value, ∂x, ∂w, ∂²x, ∂x∂w, ∂²w, [where]
OF_TWO = {
    "add": (lambda x, w: x + w, one, one, zero, zero, zero),
    "subtract": (lambda x, w: x - w, one, lambda x, w: mp.mpf(-1), zero, zero, zero),
    "multiply": (lambda x, w: x * w, lambda x, w: w, lambda x, w: x, zero, one, zero),
    "divide": (lambda x, w: x / w, lambda x, w: 1 / w, lambda x, w: -x / w**2, zero,
               lambda x, w: -1 / w**2, lambda x, w: 2 * x / w**3),
    "remainder": (modulo, one, lambda x, w: -whole(x, w), zero, zero, zero),
    "fmod": (lambda x, w: mp.sign(x) * modulo(abs(x), abs(w)), one,
             lambda x, w: -mp.sign(x / w) * whole(abs(x), abs(w)), zero, zero, zero),
    "hypot": (hypot, lambda x, w: x / hypot(x, w), lambda x, w: w / hypot(x, w),
              lambda x, w: w**2 / hypot(x, w) ** 3, lambda x, w: -x * w / hypot(x, w) ** 3,
              lambda x, w: x**2 / hypot(x, w) ** 3),
    "cosine": (lambda x, w: x / hypot(x, w), lambda x, w: w**2 / hypot(x, w) ** 3,
               lambda x, w: -x * w / hypot(x, w) ** 3, lambda x, w: -3 * x * w**2 / hypot(x, w) ** 5,
               lambda x, w: w * (2 * x**2 - w**2) / hypot(x, w) ** 5,
               lambda x, w: x * (2 * w**2 - x**2) / hypot(x, w) ** 5),
    "power": (*of_two(powers), lambda x, w: x > 0 and 0.1 < abs(w) < 1e3),
    "logaddexp": of_two(log_of_sum), "logaddexp2": of_two(lambda x, w: log_of_sum(x, w, 2)),
    "arctan2": (*of_two(angles), lambda x, w: hypot(x, w) > 1e-18),  # or 1 / (x² + w²) is infinite
    "copysign": (lambda x, w: abs(x) * mp.sign(w), lambda x, w: mp.sign(x * w),
                 zero, zero, zero, zero),
    "maximum": choice(max, larger), "fmax": choice(max, larger),
    "minimum": choice(min, lambda x, w: larger(w, x)), "fmin": choice(min, lambda x, w: larger(w, x)),
    "ratio": (lambda x, w: x / w, lambda x, w: 1 / w, lambda x, w: -x / w**2, zero,
              lambda x, w: -1 / w**2, lambda x, w: 2 * x / w**3),
    "binary_cross_entropy": (
        entropy, lambda x, t: (1 - t) - sigma(-x) if x > 0 else sigma(x) - t, lambda x, t: -x,
        lambda x, t: slope(x), lambda x, t: mp.mpf(-1), zero, lambda x, t: 0 <= t <= 1),
}  # fmt: skip
OTHERS = {"clip", "where", "ldexp"}  # choose or shift without a rounding


def formulas(row):
    found = OF_ONE.get(row.name) or OF_TWO.get(row.name)
    if not found:
        raise AssertionError(f"{row.name} has no formula here")
    orders = 3 if row.name in OF_ONE else 6
    return found[:orders], (*found, lambda *xs: True)[orders]


def computed(row, arrays):
    """Value, first derivatives (as arrays give them, and as Tensors do) and second ones of a row."""
    params = row.cases(np.random.default_rng(0))[0][1]
    n = len(arrays)
    second = [(i, j) for i in range(n) for j in range(i, n)]
    with np.errstate(all="ignore"):
        xs = [Tensor(x, requires_grad=True) for x in arrays]
        y = row(*xs, **params)
        ones = np.ones(y.shape, y.dtype)
        if not y.requires_grad:  # complex, or constant
            return [(0, y.data)]
        plain = gradients({y: ones}, xs)
        recorded = gradients({y: Tensor(ones)}, xs, create_graph=True)
        twice = [
            gradients({recorded[i]: ones}, [xs[j]])[0] if recorded[i].requires_grad
            else Tensor(np.zeros_like(ones))
            for i, j in second
        ]  # fmt: skip
    return [
        (0, y.data),
        *((1 + i, d.data) for i, d in enumerate(plain)),
        *((1 + i, d.data) for i, d in enumerate(recorded)),
        *((1 + n + i, d.data) for i, d in enumerate(twice)),
    ]


def wrong(row, arrays):
    """The points where a value or a derivative has a larger relative error, as lines of text."""
    every, where = formulas(row)
    limits = np.finfo(arrays[0].dtype)
    points = [tuple(mp.mpf(float(v)) for v in point) for point in zip(*arrays, strict=True)]
    kept = [i for i, point in enumerate(points) if where(*point)]
    points = [points[i] for i in kept]
    # Nearer to the smallest number than that, parts of a result have lost digits, or are 0.
    eps, tiny, largest = (
        mp.mpf(float(v)) for v in (limits.eps, 1024 * limits.tiny, limits.max / 16)
    )
    known, found = {}, []
    for number, values in computed(row, [a[kept] for a in arrays]):
        f = every[number]
        if number not in known:
            known[number] = [f(*point) for point in points]
        for point, right, got in zip(points, known[number], values, strict=True):
            if abs(right) > largest:
                continue
            unit = eps * max(abs(right), tiny)
            got = mp.mpf(float(got))
            if abs(got - right) <= ULPS * unit:
                continue
            if row.conditioning:
                unit = eps * max(abs(right), tiny, cost(row, f, point, right))
                if abs(got - right) <= ULPS * unit:
                    continue
            off = mp.nstr((got - right) / unit, 3)
            at = ", ".join(mp.nstr(v, 8) for v in point)
            found.append(
                f"{row.name} derivative {number} at {at} ({arrays[0].dtype}): {mp.nstr(got, 8)}, "
                f"right {mp.nstr(right, 8)}, off by {off}"
            )
    return found


def cost(row, f, point, right):
    """How large what is lost is: as f around one of its zeros, or Σ |x ∂f/∂x|."""
    if "zero" in row.conditioning:
        sides = [(v, 0.7 * v, 1.3 * v, v - 0.3, v + 0.3) for v in point]
        around = [f(*near) for near in itertools.product(*sides) if formulas(row)[1](*near)]
        return max(map(abs, around)) if any(v * right <= 0 for v in around) else 0
    step = mp.mpf(10) ** -15
    moved = [
        [f(*point[:i], v * (1 + h), *point[i + 1 :]) for h in (step, -step)]
        for i, v in enumerate(point)
    ]
    return sum(abs(up - down) / (2 * step) for up, down in moved)


def line(dtype):
    """Numbers of all sizes and both signs, those of 0.001 to 1000 densely."""
    limits = np.finfo(dtype)
    sizes = np.concatenate(
        [np.geomspace(float(limits.tiny), float(limits.max) / 4, 30), np.geomspace(1e-3, 1e3, 50)]
    )
    return np.concatenate([-sizes[::-1], sizes]).astype(dtype)


ELEMENTWISE = [row for row in rows() if row.elementwise and row.name not in OTHERS]
NAMES = [row.name for row in ELEMENTWISE]


def pairs(row, x, rng):
    """x, and as many numbers w: of all sizes, or near x."""
    near = np.clip(x, -1e38, 1e38) * rng.uniform(-2, 2, size=x.shape).astype(x.dtype)
    w = np.where(rng.random(x.shape) < 0.5, rng.permutation(x), near)
    if row.name == "binary_cross_entropy":
        w = rng.choice([0, 1, 0.5, 1e-9, 0.999], size=x.shape).astype(x.dtype)
    return [x, w]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("row", ELEMENTWISE, ids=NAMES)
def test_every_digit_on_the_whole_line(row, dtype):
    x = line(dtype)
    if row.name in OF_ONE:
        assert not wrong(row, [x])
    else:
        rng = np.random.default_rng(0)
        assert not wrong(row, pairs(row, rng.permutation(np.concatenate([x, x])), rng))


def numbers(bits):
    most = float(np.finfo(f"float{bits}").max) / 4
    least = float(np.finfo(f"float{bits}").tiny)
    sizes = st.one_of(st.floats(least, most, width=bits), st.floats(2**-10, 1024, width=bits))
    return st.lists(
        st.builds(lambda v, sign: v * sign, sizes, st.sampled_from([-1, 1])), min_size=4, max_size=8
    )


@pytest.mark.parametrize("row", ELEMENTWISE, ids=NAMES)
@settings(max_examples=15, deadline=None, derandomize=True)
@given(data=st.data(), bits=st.sampled_from([32, 64]))
def test_every_digit_of_any_number(row, data, bits):
    x = np.array(data.draw(numbers(bits)), f"float{bits}")
    assert not wrong(row, [x] if row.name in OF_ONE else pairs(row, x, np.random.default_rng(0)))


def test_every_elementwise_row_is_here():
    assert {*OF_ONE, *OF_TWO} == set(NAMES)


# ---------------------------------------------------------------------------------------- at infinity


def limit(f, sign):
    """lim f(x) for x to ∞ or -∞; None where there is none."""
    near, far = (f(sign * mp.mpf(10) ** n) for n in (100, 200))
    if abs(far - near) < mp.mpf(10) ** -20:
        return float(far)
    grows = abs(far) > 1.5 * abs(near) > 100
    return float(mp.sign(far) * mp.inf) if grows else None


ENDLESS = [
    (row, sign)
    for row in ELEMENTWISE
    for sign in (1, -1)
    if row.name in OF_ONE
    and row.name != "nan_to_num"
    and formulas(row)[1](sign * mp.mpf(10) ** 200)
]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("row", "sign"), ENDLESS, ids=lambda v: getattr(v, "name", v))
def test_values_and_derivatives_at_infinity_are_limits(row, sign, dtype):
    every = formulas(row)[0]
    for number, found in computed(row, [np.array([sign * np.inf], dtype)]):
        right = limit(every[number], sign)
        if right is not None:
            np.testing.assert_allclose(found, [right], 1e-6, 1e-20, err_msg=f"derivative {number}")


def test_most_functions_have_limits_at_infinity():
    assert sum(limit(f, sign) is not None for row, sign in ENDLESS for f in formulas(row)[0]) > 200
