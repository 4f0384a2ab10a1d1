# builds: gradient checks: differences, a complex step, and the adjoint test; and what a report says about the bug
# needs: lessons 1 to 3

# %% [markdown] title
# # Lesson 5: Is my gradient right?
#
# A wrong gradient does not crash. The shapes fit, the loss goes down, and the model is merely worse than it
# should be. In this lesson you measure how accurate a finite difference can be, find the best step from a
# picture, and get sixteen digits with a complex step. You then check a layer, a loss and a whole network,
# read from a report *which* bug it is, and test a linear map without any step at all.
#
# You need lessons [1](01_a_number_that_remembers.ipynb) to [3](03_the_derivative_table.ipynb), and about
# twenty-five minutes.

# %% imports tags=needed
import matplotlib.pyplot as plt
import numpy as np

import models
from tinygrad_edu import grad, jvp, nn, op, ops, vjp
from tinygrad_edu.course import check, needs
from tinygrad_edu.gradcheck import gradcheck

# %% [markdown] train-words
# ## 1. It trains, so it must be right?
#
# Here is a network with one hidden layer, and its gradients by hand, for two classes in the plane. One of
# the two versions has a bug: on the way back through tanh it forgets the slope $1 - y^2$. *Will the loss of
# the wrong version go down?*


# %% network tags=needed
def forward(params, X, t):
    """The mean cross-entropy of a network with 8 hidden units, for targets t of 0 and 1."""
    y = np.tanh(X @ params["W"] + params["b"])
    z = y @ params["v"]
    return np.mean(np.logaddexp(0, z) - t * z), y, z


def backward(params, X, t, forget_slope=False):
    """Its gradients by hand."""
    _, y, z = forward(params, X, t)
    dz = (1 / (1 + np.exp(-z)) - t) / len(X)
    dy = dz[:, None] * params["v"]
    da = dy if forget_slope else dy * (1 - y * y)
    return {"W": X.T @ da, "b": da.sum(axis=0), "v": y.T @ dz}


def start():
    rng = np.random.default_rng(0)
    return {"W": rng.normal(size=(2, 8)), "b": np.zeros(8), "v": 0.1 * rng.normal(size=8)}


X, t = models.datasets.make_moons(200, noise=0.2, random_state=0)


# %% train
def train(**settings):
    params, losses = start(), []
    for _ in range(300):
        slopes = backward(params, X, t, **settings)
        params = {name: p - 0.5 * slopes[name] for name, p in params.items()}
        losses.append(forward(params, X, t)[0])
    return losses


right, wrong = train(), train(forget_slope=True)
for name, losses in [("right", right), ("wrong", wrong)]:
    print(f"{name}: loss {losses[0]:.2f} -> {losses[99]:.2f} -> {losses[-1]:.2f}")
assert wrong[-1] < 0.7 * wrong[0] and right[-1] < 0.8 * wrong[-1]

# %% [markdown] train-explained
# It does go down, and then stays at a higher value, as if the model were too small. The sign of most slopes
# is right, so most steps lead downhill. **A falling loss proves nothing about the gradient.** What does? An
# independent way to compute the same numbers.
#
# ## 2. Differences, and the best step
#
# The simplest way is to nudge. There are two formulas:
#
# $$\frac{f(x + h) - f(x)}{h} \qquad\text{and}\qquad \frac{f(x + h) - f(x - h)}{2h}$$
#
# Take $f(x) = e^{\sin x}$, whose slope we know, and try all steps from 1 to $10^{-16}$. *Which step is
# best? The smallest?*


# %% curve-data tags=needed
def f(x):
    return np.exp(np.sin(x))


at, true_slope = 0.7, np.cos(0.7) * np.exp(np.sin(0.7))
steps = np.logspace(0, -16, 161)
one_sided = (f(at + steps) - f(at)) / steps
central = (f(at + steps) - f(at - steps)) / (2 * steps)
errors = {"one-sided": abs(one_sided - true_slope), "central": abs(central - true_slope)}

# %% curve
# alt: Error against step h, with logarithmic scales: two Vs; the central one is lower, at a larger step.
fig, ax = plt.subplots(figsize=(6.5, 3.4), layout="constrained")
for name, error in errors.items():
    ax.loglog(steps, np.maximum(error, 1e-17), ".-", markersize=3, linewidth=0.7, label=name)
ax.set(xlabel="step h", ylabel="error", ylim=(1e-13, 10))
ax.legend()
ax.grid(alpha=0.3)
best = {name: error.min() for name, error in errors.items()}
assert best["central"] < 1e-9 < 1e-7 > best["one-sided"]

# %% [markdown] curve-explained
# Both curves are a V. Read it from the right:
#
# - **Right of the minimum** the step is too large: the function is not straight. By Taylor's formula the
#   one-sided error is about $\tfrac{h}{2} |f''|$, so the line has slope 1; the central error is
#   $\tfrac{h^2}{6} |f'''|$, with slope 2, because the curvature cancels.
# - **Left of it** the step is too small: $f(x + h)$ and $f(x)$ agree in nearly all of their 16 digits, and
#   the difference consists of rounding errors. Each value is wrong by about $\varepsilon |f|$ with
#   $\varepsilon = 2^{-52} \approx 2 \cdot 10^{-16}$, and dividing by $h$ makes it large.
#
# The best step balances both. The sum $\tfrac{h}{2} |f''| + \tfrac{2 \varepsilon |f|}{h}$ is smallest near
# $h = \sqrt{\varepsilon} \approx 10^{-8}$, where about half of the digits are right. For central
# differences it is $h \approx \sqrt[3]{\varepsilon} \approx 6 \cdot 10^{-6}$, with two thirds of the
# digits.

# %% best-steps tags=varies
for name, order in [("one-sided", 2), ("central", 3)]:
    rule = np.finfo(float).eps ** (1 / order)
    near = errors[name][np.argmin(abs(np.log(steps / rule)))]
    print(f"{name:9}: rule h = {rule:.0e}, error there below {10 ** np.ceil(np.log10(near)):.0e}")
    assert near < 10 * rule ** (order - 1)

# %% [markdown] complex-words
# ## 3. A complex step
#
# The rounding comes from subtracting. There is a way around it: take a step in the *imaginary* direction.
# By Taylor's formula
#
# $$f(x + ih) = f(x) + ih\,f'(x) - \dots \qquad\text{so}\qquad f'(x) \approx \operatorname{Im} f(x + ih) / h$$
#
# Nothing is subtracted, so $h$ can be as small as we like. *How many digits are right for*
# $h = 10^{-200}$*?*

# %% complex
h = 1e-200
slope = f(at + 1j * h).imag / h
print(f"relative error below 1e-15: {abs(slope / true_slope - 1) < 1e-15}")
assert abs(slope / true_slope - 1) < 1e-15

# %% [markdown] complex-traps
# All of them. The price: every function on the way must accept complex numbers and be *analytic*, a formula
# in $x$ alone. `np.abs`, `np.conj`, comparisons and `np.maximum` are not: the first two throw the imaginary
# part away or turn it around. Here is $\sqrt{x^2}$, whose slope at 3 is 1, in two spellings:

# %% complex-trap
z = 3 + 1j * h
print("sqrt(x * x):", np.sqrt(z * z).imag / h, "  abs(x):", np.imag(np.abs(z)) / h)
assert np.isclose(np.sqrt(z * z).imag / h, 1) and np.imag(np.abs(z)) == 0

# %% [markdown] arrays-words
# ## 4. From one number to all parameters
#
# For an array, nudge one entry after the other, with a central difference. To compare, use an error that is
# relative for large numbers and absolute for small ones: $|a - n| / \max(1, |a|, |n|)$.


# %% numeric tags=needed
def numeric_gradient(f, x, h=1e-5):
    """df/dx for every entry of an array, by central differences."""
    g = np.zeros_like(x)
    for place in np.ndindex(x.shape):
        step = np.zeros_like(x)
        step[place] = h
        g[place] = (f(x + step) - f(x - step)) / (2 * h)
    return g


def relative_error(a, n):
    return np.max(np.abs(a - n) / np.maximum(1, np.maximum(np.abs(a), np.abs(n))))


# %% compare
params = start()
for version in (False, True):
    by_hand = backward(params, X, t, forget_slope=version)
    for name, p in params.items():
        loss_of = lambda p, name=name: forward(params | {name: p}, X, t)[0]
        error = relative_error(by_hand[name], numeric_gradient(loss_of, p))
        print(
            "forgets the slope" if version else "right            ",
            name,
            "ok" if error < 1e-9 else "WRONG",
        )
        assert (error < 1e-9) == (not version or name == "v")

# %% [markdown] compare-explained
# The wrong version is right for `v`, which stands after the forgotten slope, and wrong for `W` and `b`,
# which stand before it. **The place where errors begin tells where the bug is.**
#
# A model with a million parameters would need two million runs. But one direction is often enough: for a
# random $v$ of the shape of the parameters,
#
# $$\frac{f(\theta + h v) - f(\theta - h v)}{2h} \approx \langle \nabla f, v \rangle$$
#
# needs only two. A wrong entry would have to hide behind an exact coincidence. It tells *that* something is
# wrong, but not where.

# %% direction
rng = np.random.default_rng(1)
v = {name: rng.normal(size=p.shape) for name, p in params.items()}
shifted = lambda h: forward({n: p + h * v[n] for n, p in params.items()}, X, t)[0]
along = (shifted(1e-5) - shifted(-1e-5)) / 2e-5
for version in (False, True):
    slopes = backward(params, X, t, forget_slope=version)
    inner = sum((slopes[n] * v[n]).sum() for n in params)
    print("difference:", f"{along:.6f}", "  gradient times v:", f"{inner:.6f}")
assert abs(inner - along) > 1e-3

# %% [markdown] gradcheck-words
# ## 5. `gradcheck`
#
# The library's own check does all of this: every entry, a four-point difference that is exact to about
# eleven digits, and random weights for functions with several results, so that no output can hide. It also
# differentiates the gradient and checks *that*. Here it checks the derivatives of the engine for the same
# network, as a function of the data and as a function of the parameters (`wrt`).

# %% gradcheck tags=varies
model = nn.Sequential(nn.Linear(2, 8, rng=0), nn.Tanh(), nn.Linear(8, 1, rng=1)).astype(np.float64)
few, labels = X[:6], t[:6, None].astype(float)
report = gradcheck(
    lambda x: nn.binary_cross_entropy(model(x), labels), few, wrt=model.parameters(), order=2
)
print(report)
assert report and report.components == 2 * (few.size + 33)

# %% [markdown] twin-words
# An independent check of the check: SciPy has difference quotients, too. And our two engines must agree,
# the one by hand and the Tensor:

# %% twin tags=sklearn
needs("sklearn")  # which brings SciPy
from scipy.optimize import approx_fprime

W = params["W"]
of_flat = lambda w: forward(params | {"W": w.reshape(2, 8)}, X, t)[0]
scipys = approx_fprime(W.ravel(), of_flat, 1e-8).reshape(2, 8)


def tensor_loss(W):
    z = np.tanh(X @ W + params["b"]) @ params["v"]
    return np.mean(np.logaddexp(0, z) - t * z)


engine = grad(tensor_loss)(W)
print(
    "by hand and Tensor:", np.allclose(backward(params, X, t)["W"], engine, rtol=1e-12, atol=1e-15)
)
print("SciPy's one-sided difference, to six digits:", np.allclose(scipys, engine, atol=1e-6))
assert np.allclose(backward(params, X, t)["W"], engine) and np.allclose(scipys, engine, atol=1e-6)

# %% [markdown] bugs-words
# ## 6. Which bug is it?
#
# The *quotient* of the wrong gradient and the difference, entry by entry, often names the bug:
#
# | quotient | bug |
# | :-- | :-- |
# | -1 everywhere | the sign |
# | 2, or 1/2 | a factor from a square |
# | the number of samples | the loss is a mean, the gradient that of a sum |
# | 0 everywhere | the graph is cut: a constant where a variable should be |
# | different in each entry, the shapes fit | a transpose, a wrong axis, or a forgotten slope |
#
# Three real bugs of layers follow, as rows. In all of them the arrays are square, as in a layer with as
# many outputs as inputs: then every wrong transpose and every wrong axis still has the right shape. *Guess
# the bug from each quotient.*


# %% bugs
def quotients(row, inputs, i):
    """The gradient of input i by the row's rule, divided by the difference quotient."""
    u = np.random.default_rng(0).normal(size=np.shape(row(*inputs)))
    total = lambda x: (row(*inputs[:i], x, *inputs[i + 1 :]) * u).sum()
    return grad(total)(inputs[i]) / numeric_gradient(total, inputs[i])


A = op(lambda x, w: x @ w, lambda g, y, x, w: g @ w, lambda g, y, x, w: x.T @ g, name="A")
B = op(lambda x: np.mean(x**2), lambda g, y, x: g * 2 * x, name="B")
C = op(lambda x, b: x + b, lambda g, y, x, b: g, lambda g, y, x, b: g.sum(axis=1), name="C")

rng = np.random.default_rng(2)
x, w, b = rng.normal(size=(3, 3)), rng.normal(size=(3, 3)), rng.normal(size=3)
for row, inputs in [(A, (x, w)), (B, (x,)), (C, (x, b))]:
    for i in range(len(inputs)):
        print(f"{row.name}, input {i}:", quotients(row, inputs, i).ravel()[:3].round(2))
    assert not gradcheck(row, *inputs, order=1)
assert np.allclose(quotients(B, (x,), 0), 9)

# %% [markdown] bugs-explained
# - **A** is a matrix product. Its second input is right; the first has arbitrary quotients. The rule says
#   `g @ w` where it must say `g @ w.T`.
# - **B** has the quotient 9 everywhere, and there are 9 entries: a mean whose rule is that of a sum.
#   Dividing by `x.size` mends it. (With an optimizer like Adam, which ignores the scale, such a bug can
#   live for years.)
# - **C** adds a bias. The rule sums over axis 1, the outputs, instead of axis 0, the samples.
#
# So **check with unequal sizes**: (5, 3) and (3, 2). Then A and C do not even have the right shape.
#
# ## 7. False alarms
#
# A failed check is not always a bug. ReLU, max and $|x|$ have kinks. At a kink the difference quotient
# mixes both sides, and there is no right answer to compare with. `gradcheck` looks for this and says so:

# %% kink tags=varies
report = gradcheck(ops.relu, np.array([-1.0, 0.0, 2.0]), order=1)
print(report)
assert not report and "kink" in report.worst[0].kink

# %% [markdown] alarms-words
# The remedy is to move the input away from the kink, not to loosen the tolerance. Two more false alarms are
# refused from the start: single precision, which has seven digits, too few for differences; and functions
# with random numbers, which are different functions in each call.

# %% alarms
layer = nn.Linear(2, 2, rng=0)  # float32, the default
dropout = nn.Dropout(0.5, rng=0)
for function, inputs, wrt in [(layer, few, layer.parameters()), (dropout, few, ())]:
    try:
        gradcheck(function, inputs, wrt=wrt)
    except (TypeError, ValueError) as error:
        print(str(error).splitlines()[0])
    else:
        raise AssertionError("this check should have been refused")

# %% [markdown] adjoint-words
# ## 8. Linear maps: a test without a step
#
# Convolutions, Fourier transforms, interpolation, sums, padding: much of a network is **linear** in its
# input, $y = A x$. Its backward pass is then $A^\mathsf{T} g$, the *adjoint*, which we do not want to store
# as a matrix. The adjoint has a property that can be tested directly: for **all** $x$ and $u$
#
# $$\langle A x, u \rangle = \langle x, A^\mathsf{T} u \rangle$$
#
# Two random vectors are enough, there is no step $h$, and the result is right to the last digits. Take the
# differences of neighbors, $y_i = x_{i+1} - x_i$. On the way back, $u_i$ is added to $x_{i+1}$ and
# subtracted from $x_i$:


# %% adjoint tags=needed
def difference(x):
    return x[1:] - x[:-1]


def difference_adjoint(u):
    g = np.zeros(len(u) + 1)
    g[1:] += u
    g[:-1] -= u
    return g


def adjoint_gap(A, A_adjoint, n, seed=0):
    """|<Ax, u> - <x, A*u>| for random x and u, relative to the lengths of the vectors."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n)
    y = A(x)
    u = rng.normal(size=y.shape)
    return abs(np.sum(y * u) - np.sum(x * A_adjoint(u))) / (np.linalg.norm(y) * np.linalg.norm(u))


# %% adjoint-try
print("right:", adjoint_gap(difference, difference_adjoint, 50) < 1e-14)
print("negated:", adjoint_gap(difference, lambda u: -difference_adjoint(u), 50) < 1e-14)
assert adjoint_gap(difference, difference_adjoint, 50) < 1e-14

# %% [markdown] adjoint-engine
# The backward pass of the engine can be tested in the same way: `vjp` returns a result and its pullback
# $g \mapsto A^\mathsf{T} g$. For a function that is not linear, its derivative at a point is linear: `jvp`
# pushes a change $v$ forward, $J v$, and `vjp` pulls $u$ back, $J^\mathsf{T} u$. The two are different
# programs, and must agree: $\langle J v, u \rangle = \langle v, J^\mathsf{T} u \rangle$.

# %% adjoint-jacobian
cases = {
    "cumsum": np.cumsum,
    "pad": lambda x: np.pad(x, 2),
    "softmax": ops.softmax,
    "sorted squares": lambda x: np.sort(x) ** 2,
}
for name, function in cases.items():
    x, v = rng.normal(size=(2, 30))
    y, forward_change = jvp(function, (x,), (v,))
    u = rng.normal(size=y.shape)
    _, pullback = vjp(function, x)
    gap = abs(np.sum(forward_change * u) - np.sum(v * pullback(u)[0]))
    print(f"{name:14} agrees: {gap < 1e-12}")
    assert gap < 1e-12

# %% [markdown] step-words
# ## 9. Exercises
#
# ### Exercise 1: the best step (1 point)
#
# The error of a one-sided difference is about $E(h) = \tfrac{h}{2} M + \tfrac{2 \varepsilon F}{h}$, with
# $F = |f(x)|$ and $M = |f''(x)|$. Write `best_step(F, M, eps)`, which returns the $h$ where $E$ is
# smallest.
#
# <details><summary>Hint</summary>
#
# Differentiate $E$ with respect to $h$, and set it to 0.
#
# </details>


# %% exercise best_step points=1
def best_step(F, M, eps):
    # BEGIN SOLUTION
    return 2 * np.sqrt(eps * F / M)
    # END SOLUTION


# %% check best_step
def check_best_step(best_step):
    F, M, eps = 3.0, 0.2, 1e-16
    E = lambda h: h / 2 * M + 2 * eps * F / h
    h = best_step(F, M, eps)
    assert np.shape(h) == () and h > 0, "Return one positive number."
    assert not np.isclose(h, np.sqrt(eps), atol=0), (
        "That is the rule of thumb: F and M matter, too."
    )
    assert not np.isclose(h, 2 * np.sqrt(eps * M / F), atol=0), (
        "F and M are exchanged: more curvature needs a smaller step."
    )
    assert not np.isclose(h, 4 * eps * F / M, atol=0), (
        "That is the square of the best step: take the root."
    )
    assert E(h) < E(0.99 * h), "E is smaller a little to the left: the step is too large."
    assert E(h) < E(1.01 * h), "E is smaller a little to the right: the step is too small."


# %% hidden best_step
def check_best_step(best_step):
    for F, M, eps in [(1.0, 1.0, 2.0**-52), (100.0, 1e-3, 2.0**-23), (0.5, 40.0, 1e-16)]:
        assert np.isclose(best_step(F, M, eps), np.sqrt(4 * eps * F / M), rtol=1e-3, atol=0), (
            "Wrong for other F, M and eps."
        )


# %% right best_step
def best_step(F, M, eps):
    return (4 * eps * F / M) ** 0.5


# %% right best_step
def best_step(F, M, eps):
    low, high = 1e-30, 1e10  # bisect on the slope of E
    for _ in range(300):
        h = np.sqrt(low * high)
        low, high = (h, high) if M / 2 - 2 * eps * F / h**2 < 0 else (low, h)
    return h


# %% wrong best_step: rule of thumb
def best_step(F, M, eps):
    return np.sqrt(eps)


# %% wrong best_step: the step is too small
def best_step(F, M, eps):
    return np.sqrt(eps * F / M)


# %% wrong best_step: take the root
def best_step(F, M, eps):
    return 4 * eps * F / M


# %% wrong best_step: exchanged
def best_step(F, M, eps):
    return 2 * np.sqrt(eps * M / F)


# %% [markdown] norm-words
# ### Exercise 2: safe for a complex step (1 point)
#
# `np.linalg.norm` cannot be differentiated with a complex step, because it takes absolute values. Write
# `length(x)` for a vector: the square root of the sum of squares, for which the complex step works. It gets
# real or complex arrays.
#
# <details><summary>Hint</summary>
#
# The formula must contain only operations that are analytic: products, sums, roots.
#
# </details>


# %% exercise length points=1
def length(x):
    # BEGIN SOLUTION
    return np.sqrt(np.sum(x * x))
    # END SOLUTION


# %% check length
def check_length(length):
    x = np.array([3.0, -4.0, 12.0])
    y = length(x)
    assert np.shape(y) == (), "Return one number."
    assert not np.isclose(y, 169), "That is the square of the length: take the root."
    assert np.isclose(y, 13), "Wrong for a real vector: sqrt of the sum of squares."
    slopes = np.array([np.imag(length(x + 1e-100j * e)) / 1e-100 for e in np.eye(3)])
    assert not np.allclose(slopes, 0), (
        "The complex step finds the slope 0: an absolute value, a conjugate or a real part loses it."
    )
    assert np.allclose(slopes, x / 13), "The complex step finds wrong slopes."


# %% hidden length
def check_length(length):
    x = np.random.default_rng(0).normal(size=7)
    slopes = np.array([np.imag(length(x + 1e-50j * e)) / 1e-50 for e in np.eye(7)])
    assert np.allclose(slopes, x / np.linalg.norm(x)), "The complex step finds wrong slopes."


# %% right length
def length(x):
    return (x @ x) ** 0.5


# %% right length
def length(x):
    return np.sqrt(sum(number**2 for number in x))


# %% wrong length: an absolute value
def length(x):
    return np.linalg.norm(x)


# %% wrong length: a conjugate
def length(x):
    return np.sqrt(x @ np.conj(x))


# %% wrong length: take the root
def length(x):
    return np.sum(x * x)


# %% wrong length: Return one number
def length(x):
    return np.sqrt(x * x)


# %% [markdown] decay-words
# ### Exercise 3: an adjoint (2 points)
#
# The filter below remembers: $y_i = x_i + \tfrac12\, y_{i-1}$. It is linear in $x$. Write
# `decay_adjoint(u)`, its adjoint, of the same length as `u`. (It is the backward pass of a small recurrent
# network, which lesson 13 trains.)
#
# <details><summary>Hint</summary>
#
# $x_i$ contributes to $y_i$ with 1, to $y_{i+1}$ with 1/2, to $y_{i+2}$ with 1/4, and so on. So which $u$
# contribute to the gradient of $x_i$, and from which end must a loop run?
#
# </details>


# %% decay tags=needed
def decay(x):
    y = np.zeros(len(x))
    for i in range(len(x)):
        y[i] = x[i] + (0.5 * y[i - 1] if i > 0 else 0.0)
    return y


# %% exercise decay_adjoint points=2
def decay_adjoint(u):
    # BEGIN SOLUTION
    g = np.zeros(len(u))
    for i in reversed(range(len(u))):
        g[i] = u[i] + (0.5 * g[i + 1] if i + 1 < len(u) else 0.0)
    return g
    # END SOLUTION


# %% check decay_adjoint
def check_decay_adjoint(decay_adjoint):
    u = np.random.default_rng(0).normal(size=8)
    A = np.stack([decay(e) for e in np.eye(8)], axis=1)
    g = decay_adjoint(u)
    assert np.shape(g) == (8,), "Return an array with the length of u."
    assert not np.allclose(g, A @ u), (
        "That is the filter itself: the adjoint runs from the other end."
    )
    assert not np.allclose(g, np.linalg.solve(A, u)), (
        "That is the inverse, which undoes the filter: wanted is the transpose."
    )
    two = u + np.append(0.5 * u[1:], 0)
    assert not np.allclose(g, two), (
        "Only one step back: x[i] also contributes to y[i + 2], with 1/4, and so on."
    )
    gap = abs(adjoint_gap(decay, decay_adjoint, 8))
    assert gap < 1e-12, "<Ax, u> and <x, A*u> differ."


# %% hidden decay_adjoint
def check_decay_adjoint(decay_adjoint):
    for n in (1, 2, 40):
        assert adjoint_gap(decay, decay_adjoint, n, seed=n) < 1e-12, (
            f"<Ax, u> and <x, A*u> differ for length {n}."
        )


# %% right decay_adjoint
def decay_adjoint(u):
    return decay(u[::-1])[::-1]


# %% right decay_adjoint
def decay_adjoint(u):
    A = np.stack([decay(e) for e in np.eye(len(u))], axis=1)
    return A.T @ u


# %% wrong decay_adjoint: the filter itself
def decay_adjoint(u):
    return decay(u)


# %% wrong decay_adjoint: That is the inverse
def decay_adjoint(u):
    return u - 0.5 * np.append(0, u[:-1])


# %% wrong decay_adjoint: Only one step back
def decay_adjoint(u):
    return u + 0.5 * np.append(u[1:], 0)


# %% wrong decay_adjoint: <Ax, u> and <x, A*u> differ
def decay_adjoint(u):
    return decay(u)[::-1]


# %% [markdown] mend-words
# ### Exercise 4: three bugs (3 points)
#
# The loss below is the mean over *all* entries of $(\tanh(XW + b) - T)^2$. Its gradients by hand have three
# bugs. They are hidden by square arrays, and a model trains with them. Write `mended(X, W, b, T)`, which
# returns the right gradients of `W` and `b`.
#
# <details><summary>Hint</summary>
#
# Go through the table of section 6: is there a mean? Which axis counts the samples? Which slope has tanh,
# and does it read the result or the input?
#
# </details>


# %% broken
def broken(X, W, b, T):
    a = X @ W + b
    y = np.tanh(a)
    dy = 2 * (y - T)
    da = dy * (1 - a * a)
    return X.T @ da, da.sum(axis=1)


# %% exercise mended points=3
def mended(X, W, b, T):
    # BEGIN SOLUTION
    y = np.tanh(X @ W + b)
    dy = 2 * (y - T) / y.size
    da = dy * (1 - y * y)
    return X.T @ da, da.sum(axis=0)
    # END SOLUTION


# %% check mended
def check_mended(mended):
    rng = np.random.default_rng(0)
    X, W, b, T = (0.5 * rng.normal(size=s) for s in [(5, 3), (3, 2), (2,), (5, 2)])
    loss = lambda W, b: np.mean((np.tanh(X @ W + b) - T) ** 2)
    gW, gb = numeric_gradient(lambda W: loss(W, b), W), numeric_gradient(lambda b: loss(W, b), b)
    answer = mended(X, W, b, T)
    assert isinstance(answer, (tuple, list)) and len(answer) == 2, (
        "Return two arrays: those of W and b."
    )
    mine_W, mine_b = answer
    assert np.shape(mine_W) == (3, 2), "The gradient of W must have the shape of W."
    assert np.shape(mine_b) == (2,), (
        "The gradient of b must have the shape of b, (outputs,): sum over the axis that counts the samples."
    )
    assert not np.allclose(mine_W, 10 * gW), (
        "10 times too large for 10 entries: the loss is a mean over all of them."
    )
    assert not np.allclose(mine_W, 2 * gW), (
        "2 times too large: the mean is over all entries, not only the samples."
    )
    assert np.allclose(mine_W, gW), (
        "The quotients of the gradient of W differ from entry to entry: is the slope of tanh 1 - y²?"
    )
    assert np.allclose(mine_b, gb), (
        "The gradient of W is right, that of b is not: it is a sum over the samples."
    )


# %% hidden mended
def check_mended(mended):
    rng = np.random.default_rng(1)
    X, W, b, T = (rng.normal(size=s) for s in [(4, 4), (4, 4), (4,), (4, 4)])
    loss = lambda W, b: np.mean((np.tanh(X @ W + b) - T) ** 2)
    gW, gb = numeric_gradient(lambda W: loss(W, b), W), numeric_gradient(lambda b: loss(W, b), b)
    mine_W, mine_b = mended(X, W, b, T)
    assert np.allclose(mine_W, gW) and np.allclose(mine_b, gb), "Wrong for square arrays."


# %% right mended
def mended(X, W, b, T):
    y = np.tanh(X @ W + b)
    da = (y - T) * (1 - y**2) * (2 / (len(X) * len(b)))
    return np.einsum("ni,nj->ij", X, da), np.einsum("nj->j", da)


# %% right mended
def mended(X, W, b, T):
    return grad(lambda W, b: np.mean((np.tanh(X @ W + b) - T) ** 2), (0, 1))(W, b)


# %% wrong mended: sum over the axis that counts the samples
def mended(X, W, b, T):
    y = np.tanh(X @ W + b)
    da = 2 * (y - T) / y.size * (1 - y * y)
    return X.T @ da, da.sum(axis=1)


# %% wrong mended: the loss is a mean
def mended(X, W, b, T):
    y = np.tanh(X @ W + b)
    da = 2 * (y - T) * (1 - y * y)
    return X.T @ da, da.sum(axis=0)


# %% wrong mended: not only the samples
def mended(X, W, b, T):
    y = np.tanh(X @ W + b)
    da = 2 * (y - T) / len(X) * (1 - y * y)
    return X.T @ da, da.sum(axis=0)


# %% wrong mended: is the slope of tanh
def mended(X, W, b, T):
    a = X @ W + b
    da = 2 * (np.tanh(a) - T) / a.size * (1 - a * a)
    return X.T @ da, da.sum(axis=0)


# %% wrong mended: that of b is not
def mended(X, W, b, T):
    y = np.tanh(X @ W + b)
    da = 2 * (y - T) / y.size * (1 - y * y)
    return X.T @ da, da.mean(axis=0)


# %% [markdown] seen
# ## What you have seen
#
# - A falling loss does not show that a gradient is right. An independent computation does.
# - The error of a difference is a V: curvature on the right, rounding on the left. The
#   best step is about $10^{-8}$ for one-sided differences and $10^{-5}$ for central ones.
# - A complex step has no rounding error, but needs analytic functions.
# - The quotient of the wrong gradient and the difference names the bug. Check with unequal sizes.
# - At a kink there is nothing to compare with. Move the input.
# - For linear maps, and for the derivative of any map,
#   $\langle A x, u \rangle = \langle x, A^\mathsf{T} u \rangle$ is an exact test.
#
# ## What to read next
#
# | here | there |
# | :-- | :-- |
# | the check, and its four-point difference | `tinygrad_edu/gradcheck.py` |
# | forward mode and pullbacks | `tinygrad_edu/forward_mode.py` and `tinygrad_edu/functional.py` |
# | the best step | Nocedal and Wright, *Numerical Optimization*, section 8.1 |
# | the complex step | W. Squire, G. Trapp, *Using complex variables to estimate derivatives* (1998) |
# | the adjoint test | J. Claerbout, *Earth Soundings Analysis* (1992), "dot-product test" |
#
# Go on with [lesson 6](06_linear_regression_four_ways.ipynb). Ten real bugs of published libraries wait in
# lesson 24.
