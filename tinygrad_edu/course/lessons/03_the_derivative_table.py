# builds: a row of the derivative table, right to the second derivative and over its whole range
# needs: lessons 1 and 2

# %% [markdown] title
# # Lesson 3: The derivative table, and a row of your own
#
# Everything that `tinygrad_edu` can differentiate stands in one table. Each row is a NumPy function beside
# its derivatives. In this lesson you read some rows, work through a backward pass with a table of your own,
# and add a function that the library does not have: a smooth absolute value. You check its first *and
# second* derivatives, and meet three rows that look right and are wrong.
#
# You need lessons [1](01_a_number_that_remembers.ipynb) and [2](02_arrays_broadcasting_axes.ipynb), and
# about twenty minutes.

# %% imports tags=needed
import matplotlib.pyplot as plt
import numpy as np

from tinygrad_edu import Tensor, explain, grad, nn, op, ops
from tinygrad_edu.course import check
from tinygrad_edu.gradcheck import gradcheck

# %% [markdown] table-words
# ## 1. Read a row
#
# The numbers of lesson 1 had a method for each operation, and each method contained its slopes. For two
# hundred operations that becomes hard to read, so the library keeps them in a table. `explain` shows a row
# of it.

# %% table tags=varies
print(len(ops.rows()), "rows\n")
print(explain(np.tanh), "\n")
print(explain(np.multiply), "\n")
print(explain(np.sqrt))

# %% [markdown] table-explained
# A row has a **formula** and, for each input, a **rule**. The rule turns `g`, the gradient
# $\partial L / \partial y$ of the result, into the gradient of the input. For an elementwise function that
# is `g` times the slope: for $y = \sqrt{x}$ the slope is $1 / (2\sqrt{x})$, and so the rule is
# `g / (2 * y)`. It reads the result `y`, which is known by then, and spares a second square root.
#
# ## 2. A table by hand
#
# Here is a complete table of four rows, in plain NumPy. Each rule gets `g`, the result `y` and the input
# `x`. (For tanh, the library writes the slope
# $1 - y^2$ as $\mathrm{sech}^2 x$, which keeps its digits where $y$ is near 1.)

# %% by-hand tags=needed
TABLE = {
    "tanh": (np.tanh, lambda g, y, x: g * (1 - y * y)),
    "exp": (np.exp, lambda g, y, x: g * y),
    "square": (np.square, lambda g, y, x: g * (2 * x)),
    "sum": (np.sum, lambda g, y, x: g * np.ones_like(x)),  # what was summed is stretched
}

# %% [markdown] chain-words
# With a table, a backward pass over a chain of functions is a short loop. Forward, **save** what the rules
# will need: each input and each result. Backward, start with $g = 1$ and let each rule replace `g`.
#
# *In which order are the rules called for* `["tanh", "exp", "sum"]`*? Which shapes does `g` have on the
# way?*


# %% chain
def forward_and_backward(names, x):
    """The result of a chain of functions, and its gradient with respect to x."""
    saved = []
    for name in names:
        forward, rule = TABLE[name]
        y = forward(x)
        saved.append((name, rule, y, x))
        x = y
    g = np.ones(())
    for name, rule, y, x in reversed(saved):
        print(f"  {name:6} g of shape {np.shape(g)!s:5}", end=" ")
        g = rule(g, y, x)
        print("->", np.shape(g))
    return y, g


x = np.array([-1.0, 0.0, 0.5, 2.0])
_, gradient = forward_and_backward(["tanh", "exp", "sum"], x)

h = 1e-6
nudged = (np.exp(np.tanh(x + h)) - np.exp(np.tanh(x - h))) / (2 * h)
print("gradient:", gradient.round(4))
print("nudging: ", nudged.round(4))
assert np.allclose(gradient, nudged)

# %% [markdown] own-words
# That is the design of the library. A `Tensor` notes which row made it from what, and `backward` calls the
# rules from the newest note to the oldest.
#
# ## 3. A row of your own
#
# The absolute value $|x|$ has a kink at 0. Where a smooth function is needed, people use
#
# $$y = \sqrt{x^2 + w^2}$$
#
# with a small width $w$. Far from 0 it is close to $|x|$, and near 0 it is a parabola. To find its slope,
# write $y^2 = x^2 + w^2$ and differentiate both sides: $2\,y\,\frac{\partial y}{\partial x} = 2x$. So
#
# $$\frac{\partial y}{\partial x} = \frac{x}{y}$$
#
# A row needs the function, one rule per input, and some words about it. The width is not an input but a
# **setting**: it is passed by keyword, and no derivative is taken for it.

# %% own tags=needed
smooth_abs = op(
    lambda x, width=1.0: np.sqrt(x * x + width**2),
    lambda g, y, x, width=1.0: g * (x / y),
    name="smooth_abs",
    formula="√(x² + width²)",
    elementwise=True,
)

# %% own-picture
# alt: |x|, and smooth_abs with widths 0.3 and 1, which round off the kink; and their slopes.
where = np.linspace(-3, 3, 301)
fig, axes = plt.subplots(1, 2, figsize=(8, 2.8), layout="constrained")
axes[0].plot(where, np.abs(where), "k:", label="|x|")
axes[1].plot(where, np.sign(where), "k:")
for width in (0.3, 1.0):
    axes[0].plot(where, smooth_abs(where, width=width), label=f"width {width}")
    axes[1].plot(where, grad(lambda t, w=width: smooth_abs(t, width=w).sum())(where))
axes[0].set(title="smooth_abs", xlabel="x")
axes[1].set(title="its slope", xlabel="x")
axes[0].legend()
plt.show()
# %% [markdown] own-explained
# The slope passes smoothly from -1 to 1, over a distance of about the width. The same row worked on a plain
# array (left) and on a `Tensor` (right). `explain` knows it, too. And `gradcheck` compares its first and
# second derivatives with finite differences:

# %% own-check tags=varies
told = explain(smooth_abs)
print(told.title)
print("∂L/∂x =", dict(told.lines)["∂L/∂x"], "\n")
report = gradcheck(lambda x: smooth_abs(x, width=0.5), x)
print(report)
assert report

# %% [markdown] twin-words
# Two independent checks: the result is the length of the hypotenuse of a right triangle, so NumPy's
# `np.hypot` must give the same values, and the library's row of `np.hypot` the same gradients.

# %% twin
ours, theirs = (
    grad(lambda x, f=f: (f(x) ** 3).sum())(x)
    for f in (lambda x: smooth_abs(x, width=0.5), lambda x: np.hypot(x, 0.5))
)
print("the same gradients:", np.allclose(ours, theirs, rtol=1e-12))
assert np.allclose(ours, theirs, rtol=1e-12)

# %% [markdown] tensors-words
# ## 4. Why a rule is written in NumPy
#
# A rule gets plain arrays in an ordinary backward pass, so it runs at NumPy's speed and records nothing.
# But a rule is itself a formula. If it gets **Tensors**, its operations are recorded like any others, and
# the gradient can be differentiated again. The rule is written once for both.
#
# *What is the type of each result?*

# %% tensors
rule = smooth_abs.rules[0]
y = smooth_abs(x)
print(type(rule(np.ones(4), y, x)).__name__, rule(np.ones(4), y, x).round(3))

x_t = Tensor(x, requires_grad=True)
slope = rule(np.ones(4), smooth_abs(x_t), x_t)
print(type(slope).__name__, "made by", slope.op.name)

# %% [markdown] second-words
# The second result knows how it came about: it was made by a product with `x / y`, and `y` was made from
# `x`. So the slope of the slope follows from the rows of `divide`, `multiply` and, once more, `smooth_abs`.
# Nobody has to write it down. With pencil and paper it is
#
# $$\frac{\partial}{\partial x}\,\frac{x}{y} = \frac1y - \frac{x}{y^2}\cdot\frac{x}{y} = \frac{w^2}{y^3}$$
#
# Both inputs of the rule contributed: $1/y$ because it reads $x$, and $-x^2/y^3$ because it reads $y$.


# %% second tags=needed
def first(f):
    """The slope of an elementwise function, again as a function of an array."""
    return grad(lambda x: f(x).sum())


# %% second-values
second = first(first(smooth_abs))(x)
third = first(first(first(smooth_abs)))(x)
print("second:", second.round(4))
print("paper: ", (1 / smooth_abs(x) ** 3).round(4))
print("third: ", third.round(4))
assert np.allclose(second, 1 / smooth_abs(x) ** 3)
assert np.allclose(third, -3 * x / smooth_abs(x) ** 5)

# %% [markdown] wrong-words
# ## 5. Three rows that look right
#
# **The forgotten square root.** The rule below divides by $x^2 + w^2$ instead of its root. The gradient has
# the right sign everywhere, so a model trains with it, only worse. *What will the report say?*

# %% forgotten tags=varies
forgotten = op(
    lambda x: np.sqrt(x * x + 1), lambda g, y, x: g * x / (x * x + 1), name="forgotten_root"
)
report = gradcheck(forgotten, x)
print(report)
assert not report

# %% [markdown] saved-words
# **The saved intermediate.** The next one wants to be fast. It computes the slope in the forward pass,
# saves it, and multiplies by it on the way back. Libraries with a `save_for_backward` invite this. *The
# first derivative is right. And the second?*

# %% saved tags=varies
saved = {}


def with_saved_slope(x):
    y = np.sqrt(x * x + 1)
    saved["slope"] = x / y
    return y


fast = op(with_saved_slope, lambda g, y, x: g * saved["slope"], name="saved_slope")
report = gradcheck(fast, x)
print(report)
assert report.worst[0].error < 1e-8 < report.worst[1].error
print("\nits second derivative:", first(first(fast))(x))

# %% [markdown] saved-explained
# The saved slope is an array without a history: a **constant** for the second derivative. The part
# $w^2 / y^3$ is lost, and the second derivative comes out as 0, without an error message. Newton's method,
# a gradient penalty, and lesson 21 would all be wrong. (There is a second bug in it: if the function is
# called twice before `backward`, the slope of the wrong call is used.)
#
# So a rule reads `g`, `y` and the inputs, and nothing else. These are what the library saves. An
# intermediate that is neither must be **computed again** from them. That costs time, but it saves memory:
# it is the idea of `checkpoint`.
#
# **The formula that overflows.** Softplus is $\ln(1 + e^x)$, with the slope $e^x / (1 + e^x)$. As a formula
# that is right. *What is it in floating-point numbers at x = 1000?*

# %% overflow
far = np.array([-1000.0, -40.0, 0.0, 1000.0])
with np.errstate(over="ignore", invalid="ignore"):
    print("naive value:", np.log(1 + np.exp(far)))
    print("naive slope:", np.exp(far) / (1 + np.exp(far)))
print("row's value:", ops.softplus(far))
print("row's slope:", first(ops.softplus)(far))
assert first(ops.softplus)(far)[-1] == 1 and ops.softplus(far)[1] > 0

# %% [markdown] overflow-explained
# $e^{1000}$ is too large for a float64, and $\infty / \infty$ is not a number (`nan`). At -40 the naive
# value is 0, because $1 + e^{-40}$ is rounded to 1. Checks with inputs of ordinary size do not find this. A
# good row is right over the whole range: you will write this one in exercise 2.
#
# ## 6. Inputs, settings, and kinks
#
# A function with several inputs has one rule for each, or `None` for an input without a derivative, such as
# a table of labels. Rules need not care about broadcasting: it is undone after them (lesson 2). And where a
# function has a kink, the row says which derivative it takes there.

# %% kinks tags=varies
weighted = op(
    lambda x, t, importance: importance * (x - t) ** 2,
    lambda g, y, x, t, importance: g * importance * 2 * (x - t),
    lambda g, y, x, t, importance: -g * importance * 2 * (x - t),
    None,
    name="weighted_square",
)
importance = np.array([1.0, 2.0, 0.5, 0.0])
assert gradcheck(lambda x, t: weighted(x, t, importance), np.ones((3, 1)), x)
print(explain(np.abs), "\n")
print("slope of |x| at 0:", first(np.abs)(np.zeros(1)))

# %% [markdown] fit-words
# ## 7. What it is good for: a loss that forgives outliers
#
# Measurements follow a line, but every eighth one is broken. The squared error grows with the square of a
# miss, so a few broken points pull the line away. With `smooth_abs` as the loss, a far point pulls no
# harder than a near one, because the slope is at most 1.

# %% fit
# alt: Points along a line, five outliers above; the line of squared errors is pulled up, the other is not.
rng = np.random.default_rng(0)
t = np.linspace(0, 1, 40)
measured = 2 * t - 1 + 0.05 * rng.normal(size=40)
measured[4::8] += 3


def fit(loss):
    params = np.zeros(2)
    for _ in range(2000):
        params -= 0.2 * grad(lambda p: loss(p[0] * t + p[1] - measured).mean())(params)
    return params


squares, smooth = fit(np.square), fit(lambda miss: smooth_abs(miss, width=0.1))
fig, ax = plt.subplots(figsize=(8, 3), layout="constrained")
ax.plot(t, measured, "k.", label="measured")
ax.plot(t, squares[0] * t + squares[1], label=f"squares: slope {squares[0]:.2f}")
ax.plot(t, smooth[0] * t + smooth[1], label=f"smooth_abs: slope {smooth[0]:.2f}")
ax.set(xlabel="t", ylabel="y")
fig.legend(loc="outside right upper")
error_of = lambda line: abs(line[0] * t + line[1] - (2 * t - 1)).max()
assert error_of(smooth) < 0.1 < 0.3 < error_of(squares)

# %% [markdown] fit-explained
# The line of `smooth_abs` passes through the bulk of the points. The squares pull the other line above the
# bulk. (Statistics calls this a *robust* regression; the pseudo-Huber loss is $w\,y - w^2$ of our row.)
#
# A row can stand anywhere in a network. Here it is the activation of a layer, and the check covers all
# weights:


# %% module
class SmoothAbs(nn.Module):
    def forward(self, x):
        return smooth_abs(x, width=0.5)


model = nn.Sequential(nn.Linear(3, 4, rng=0), SmoothAbs(), nn.Linear(4, 1, rng=1)).astype(
    np.float64
)
report = gradcheck(model, rng.normal(size=(5, 3)), wrt=model.parameters())
print("passed:", report.passed, " derivatives compared:", report.components)
assert report

# %% [markdown] softsign-words
# ## 8. Exercises
#
# ### Exercise 1: a rule (1 point)
#
# Softsign is $y = x / (1 + |x|)$. Write its rule, `softsign_rule(g, y, x)`, for arrays of equal shape: it
# returns $\partial L / \partial x$.
#
# <details><summary>Hint</summary>
#
# For $x > 0$ it is $x / (1 + x)$. The quotient rule gives $1 / (1 + x)^2$. The function is odd, so its
# slope at $-x$ is that at $x$.
#
# </details>


# %% exercise softsign_rule points=1
def softsign_rule(g, y, x):
    # BEGIN SOLUTION
    return g / (1 + np.abs(x)) ** 2
    # END SOLUTION


# %% check softsign_rule
def check_softsign_rule(softsign_rule):
    x, g = np.array([-3.0, -0.5, 0.2, 4.0]), np.array([1.0, -2.0, 0.5, 3.0])
    f = lambda x: x / (1 + np.abs(x))
    slope = (f(x + 1e-5) - f(x - 1e-5)) / 2e-5
    gx = softsign_rule(g, f(x), x)
    assert np.shape(gx) == (4,), "Return the gradient of x: an array with the shape of x."
    assert not np.allclose(gx, slope), "That is the slope alone: a rule multiplies it by g."
    assert not np.allclose(gx, g / (1 + np.abs(x))), (
        "The slope has the square of 1 + |x| below the line."
    )
    assert not np.allclose(gx[2:], (g * slope)[2:]) or np.allclose(gx, g * slope), (
        "Right for positive x, but wrong for negative x: the slope depends on |x|."
    )
    assert np.allclose(gx, g * slope), (
        "The numbers are not right: compare with a difference quotient."
    )


# %% hidden softsign_rule
def check_softsign_rule(softsign_rule):
    x = np.linspace(-20, 20, 30).reshape(5, 6)
    assert np.allclose(softsign_rule(x, x / (1 + abs(x)), x), x / (1 + abs(x)) ** 2), (
        "Wrong for a table."
    )


# %% right softsign_rule
def softsign_rule(g, y, x):
    return g * (1 - np.abs(y)) ** 2


# %% right softsign_rule
def softsign_rule(g, y, x):
    below = 1 + np.abs(x)
    return g * (below - x * np.sign(x)) / (below * below)


# %% wrong softsign_rule: multiplies it by g
def softsign_rule(g, y, x):
    return 1 / (1 + np.abs(x)) ** 2


# %% wrong softsign_rule: wrong for negative x
def softsign_rule(g, y, x):
    return g / (1 + x) ** 2


# %% wrong softsign_rule: the square of 1 + |x|
def softsign_rule(g, y, x):
    return g / (1 + np.abs(x))


# %% wrong softsign_rule: compare with a difference quotient
def softsign_rule(g, y, x):
    return g * y


# %% [markdown] softplus-words
# ### Exercise 2: right over the whole range (2 points)
#
# Write `softplus(x)`, $\ln(1 + e^x)$, and its rule `softplus_rule(g, y, x)`. Both must be right to ten
# digits for every entry of an array with numbers from -700 to 1000: no infinity, no `nan`, and not 0 at
# $x = -50$, where the value is about $e^{-50}$.
#
# <details><summary>Hint</summary>
#
# For $x > 0$ take $e^x$ out of the logarithm: $\ln(1 + e^x) = x + \ln(1 + e^{-x})$. Then no exponent is
# ever positive. `np.log1p(e)` is $\ln(1 + e)$ without the rounding of $1 + e$. For the rule: the slope is
# $1 / (1 + e^{-x})$, or $1 - e^{-y}$, for which NumPy has `np.expm1`.
#
# </details>


# %% exercise softplus points=2
def softplus(x):
    # BEGIN SOLUTION
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))
    # END SOLUTION


def softplus_rule(g, y, x):
    # BEGIN SOLUTION
    return -g * np.expm1(-y)
    # END SOLUTION


# %% check softplus
def check_softplus(softplus, softplus_rule):
    x = np.array([-2.0, 0.0, 3.0])
    y = np.log(1 + np.exp(x))
    assert np.allclose(softplus(x), y), "Wrong at -2, 0 and 3: the formula is ln(1 + exp(x))."
    large = softplus(np.array([800.0, 1000.0]))
    assert np.all(np.isfinite(large)), "Infinite or nan at x = 1000: exp(1000) overflows."
    assert np.allclose(large, [800, 1000]), "Wrong at x = 1000: the value there is x."
    small = softplus(np.array([-50.0]))
    assert not np.allclose(small, 0, atol=1e-300), (
        "At x = -50 the result is 0: 1 + exp(-50) is rounded to 1."
    )
    assert np.allclose(small, np.exp(-50.0), rtol=1e-9, atol=0), "Not accurate at x = -50."
    slope = 1 / (1 + np.exp(-x))
    g = np.array([1.0, 2.0, -1.0])
    found = softplus_rule(g, y, x)
    assert not np.allclose(found, slope), "The rule returns the slope alone: multiply it by g."
    assert np.allclose(found, g * slope), (
        "The rule is wrong at -2, 0 and 3: the slope is 1 / (1 + exp(-x))."
    )
    far = np.array([-600.0, -50.0, 1000.0])
    found = softplus_rule(np.ones(3), np.array([np.exp(-600.0), np.exp(-50.0), 1000.0]), far)
    assert np.all(np.isfinite(found)), "The rule is infinite or nan at x = 1000 or x = -600."
    right = [np.exp(-600.0), np.exp(-50.0), 1]
    assert np.allclose(found, right, rtol=1e-9, atol=0), (
        "The rule loses its digits at x = -50, where the slope is exp(-50)."
    )


# %% hidden softplus
def check_softplus(softplus, softplus_rule):
    x = np.linspace(-700, 700, 57).reshape(3, 19)
    y = np.logaddexp(x, 0)
    assert np.allclose(softplus(x), y, rtol=1e-10, atol=0), "Wrong somewhere between -700 and 700."
    right = np.exp(x - y)
    assert np.allclose(softplus_rule(x, y, x), x * right, rtol=1e-9, atol=0), (
        "The rule is wrong between -700 and 700."
    )


# %% right softplus
def softplus(x):
    return np.logaddexp(x, 0)


def softplus_rule(g, y, x):
    return g * np.exp(x - y)


# %% right softplus
def softplus(x):
    e = np.exp(-np.abs(x))
    return np.where(x > 0, x, 0) + np.log1p(e)


def softplus_rule(g, y, x):
    e = np.exp(-np.abs(x))
    return g * np.where(x > 0, 1, e) / (1 + e)


# %% wrong softplus: exp(1000) overflows
def softplus(x):
    return np.log1p(np.exp(x))


def softplus_rule(g, y, x):
    return -g * np.expm1(-y)


# %% wrong softplus: 1 + exp(-50) is rounded to 1
def softplus(x):
    return np.maximum(x, 0) + np.log(1 + np.exp(-np.abs(x)))


def softplus_rule(g, y, x):
    return -g * np.expm1(-y)


# %% wrong softplus: The rule is infinite or nan
def softplus(x):
    return np.logaddexp(x, 0)


def softplus_rule(g, y, x):
    return g * np.exp(x) / (1 + np.exp(x))


# %% wrong softplus: loses its digits
def softplus(x):
    return np.logaddexp(x, 0)


def softplus_rule(g, y, x):
    return g * (1 - np.exp(-y))


# %% wrong softplus: multiply it by g
def softplus(x):
    return np.logaddexp(x, 0)


def softplus_rule(g, y, x):
    return np.exp(x - y)


# %% [markdown] max-words
# ### Exercise 3: two inputs (2 points)
#
# A smooth maximum of two numbers is $y = \ln(e^x + e^w)$, `np.logaddexp(x, w)`. Write
# `smooth_max_rules(g, y, x, w)`, which returns both gradients, of `x` and of `w`. They must be finite where
# x and w are near 1000.
#
# <details><summary>Hint</summary>
#
# $\partial y / \partial x = e^x / (e^x + e^w)$. And what is $e^x + e^w$, expressed by $y$?
#
# </details>


# %% exercise smooth_max_rules points=2
def smooth_max_rules(g, y, x, w):
    # BEGIN SOLUTION
    return g * np.exp(x - y), g * np.exp(w - y)
    # END SOLUTION


# %% check smooth_max_rules
def check_smooth_max_rules(smooth_max_rules):
    x, w, g = np.array([0.0, 2.0, -1.0]), np.array([0.5, -1.0, 1.0]), np.array([1.0, 3.0, -2.0])
    answer = smooth_max_rules(g, np.logaddexp(x, w), x, w)
    assert isinstance(answer, (tuple, list)) and len(answer) == 2, (
        "Return two arrays: those of x and of w."
    )
    gx, gw = (np.asarray(a) for a in answer)
    h = 1e-5
    dx = (np.logaddexp(x + h, w) - np.logaddexp(x - h, w)) / (2 * h)
    dw = (np.logaddexp(x, w + h) - np.logaddexp(x, w - h)) / (2 * h)
    assert not (np.allclose(gx, g * dw) and np.allclose(gw, g * dx)), (
        "The two gradients are exchanged."
    )
    assert not (np.allclose(gx, dx) and np.allclose(gw, dw)), (
        "Those are the slopes: multiply them by g."
    )
    assert np.allclose(gx, g * dx), (
        "The gradient of x is wrong: the slope is exp(x) / (exp(x) + exp(w))."
    )
    assert np.allclose(gw, g * dw), (
        "The gradient of w is wrong: the slope is exp(w) / (exp(x) + exp(w))."
    )
    x, w = np.array([1000.0]), np.array([1001.0])
    gx, gw = smooth_max_rules(np.ones(1), np.logaddexp(x, w), x, w)
    assert np.all(np.isfinite(gx)), (
        "Near 1000 it is infinite or nan: subtract y in the exponent first."
    )
    assert np.allclose([gx[0], gw[0]], [1 / (1 + np.e), np.e / (1 + np.e)]), "Wrong near 1000."


# %% hidden smooth_max_rules
def check_smooth_max_rules(smooth_max_rules):
    rng = np.random.default_rng(0)
    x, w, g = rng.normal(size=(3, 2, 4)) * 300
    gx, gw = smooth_max_rules(g, np.logaddexp(x, w), x, w)
    assert np.allclose(gx + gw, g), "The two slopes must add up to 1."
    assert np.allclose(gx, g * np.exp(x - np.logaddexp(x, w))), "Wrong for large numbers."


# %% right smooth_max_rules
def smooth_max_rules(g, y, x, w):
    gx = g * np.exp(x - y)
    return gx, g - gx


# %% right smooth_max_rules
def smooth_max_rules(g, y, x, w):
    m = np.maximum(x, w)
    a, b = np.exp(x - m), np.exp(w - m)
    return g * a / (a + b), g * b / (a + b)


# %% wrong smooth_max_rules: exchanged
def smooth_max_rules(g, y, x, w):
    return g * np.exp(w - y), g * np.exp(x - y)


# %% wrong smooth_max_rules: multiply them by g
def smooth_max_rules(g, y, x, w):
    return np.exp(x - y), np.exp(w - y)


# %% wrong smooth_max_rules: infinite or nan
def smooth_max_rules(g, y, x, w):
    return g * np.exp(x) / (np.exp(x) + np.exp(w)), g * np.exp(w) / (np.exp(x) + np.exp(w))


# %% wrong smooth_max_rules: gradient of x is wrong
def smooth_max_rules(g, y, x, w):
    return g * (x > w), g * (w > x)


# %% [markdown] bell-words
# ### Exercise 4: a whole row (3 points)
#
# Make a row with `op` for the bell curve $y = e^{-x^2/2}$, and write `bell_derivatives(x)`. For an array
# `x` it returns a pair of arrays of the same shape, the first and the second derivative, **both computed by
# the engine** from your row: `first` of section 4 does it. (The check compares with pencil and paper.)
#
# <details><summary>Hint</summary>
#
# The slope of $e^u$ is $e^u$ times the slope of $u$, and $e^u$ is the result `y`. A rule reads `g`, `y` and
# `x` as they come, without `.data` and without np.asarray.
#
# </details>


# %% exercise bell_derivatives points=3
def bell_derivatives(x):
    # BEGIN SOLUTION
    bell = op(lambda x: np.exp(-x * x / 2), lambda g, y, x: -g * x * y, name="bell_curve")
    return first(bell)(x), first(first(bell))(x)
    # END SOLUTION


# %% check bell_derivatives
def check_bell_derivatives(bell_derivatives):
    x = np.array([-1.5, -0.3, 0.4, 2.0])
    y = np.exp(-x * x / 2)
    answer = bell_derivatives(x)
    assert isinstance(answer, (tuple, list)) and len(answer) == 2, (
        "Return two arrays: first, second."
    )
    one, two = (np.asarray(a) for a in answer)
    assert np.shape(one) == (4,), "The first derivative must have the shape of x."
    assert np.shape(two) == (4,), "The second derivative must have the shape of x."
    assert not np.allclose(one, x * y), (
        "The first derivative has the wrong sign: the curve falls where x > 0."
    )
    assert not np.allclose(one, y), "The first derivative lacks the slope of the exponent, -x."
    assert np.allclose(one, -x * y), "The first derivative is wrong."
    assert not np.allclose(two, 0), (
        "The second derivative is 0: the rule reads something saved, a constant. Let it read y and x."
    )
    assert not np.allclose(two, -y), (
        "The second derivative is -y: the rule takes y as a constant (no .data)."
    )
    assert not np.allclose(two, x * x * y), (
        "The second derivative takes x as a constant in the rule (no .data)."
    )
    assert np.allclose(two, (x * x - 1) * y), "The second derivative is wrong."


# %% hidden bell_derivatives
def check_bell_derivatives(bell_derivatives):
    x = np.linspace(-4, 4, 12).reshape(3, 4)
    one, two = bell_derivatives(x)
    y = np.exp(-x * x / 2)
    assert np.allclose(one, -x * y) and np.allclose(two, (x * x - 1) * y), (
        "Wrong for a table of shape (3, 4)."
    )


# %% right bell_derivatives
def bell_derivatives(x):
    row = op(lambda x: np.exp(-(x**2) / 2), lambda g, y, x: -(g * y) * x, name="gauss")
    slope = grad(lambda x: row(x).sum())
    return slope(x), grad(lambda x: slope(x).sum())(x)


# %% right bell_derivatives
def bell_derivatives(x):
    row = op(
        lambda x: np.exp(-0.5 * np.square(x)),
        lambda g, y, x: g * -x * np.exp(-0.5 * np.square(x)),
        name="gauss",
    )
    t = Tensor(x, requires_grad=True)
    row(t).sum().backward(create_graph=True)
    one, t.grad = t.grad, None
    one.sum().backward()
    return one.data, t.grad


# %% wrong bell_derivatives: wrong sign
def bell_derivatives(x):
    bell = op(lambda x: np.exp(-x * x / 2), lambda g, y, x: g * x * y, name="bell_curve")
    return first(bell)(x), first(first(bell))(x)


# %% wrong bell_derivatives: lacks the slope of the exponent
def bell_derivatives(x):
    bell = op(lambda x: np.exp(-x * x / 2), lambda g, y, x: g * y, name="bell_curve")
    return first(bell)(x), first(first(bell))(x)


# %% wrong bell_derivatives: takes y as a constant
def bell_derivatives(x):
    bell = op(
        lambda x: np.exp(-x * x / 2),
        lambda g, y, x: -g * x * (y.data if isinstance(y, Tensor) else y),
        name="bell_curve",
    )
    return first(bell)(x), first(first(bell))(x)


# %% wrong bell_derivatives: something saved, a constant
def bell_derivatives(x):
    saved = -x * np.exp(-x * x / 2)
    bell = op(lambda x: np.exp(-x * x / 2), lambda g, y, x: g * saved, name="bell_curve")
    return first(bell)(x), first(first(bell))(x)


# %% [markdown] seen
# ## What you have seen
#
# - A row is a function, one rule for each input, and words. A rule turns `g` into the gradient of its
#   input.
# - A rule is plain NumPy. With arrays it runs at full speed; with Tensors it records itself, and second
#   derivatives follow.
# - A rule reads `g`, the result and the inputs. What is saved besides these is a constant, and its share of
#   the second derivative is lost.
# - Check a new row with `gradcheck` to order two, and at the ends of its range.
#
# ## What to read next
#
# | here | there |
# | :-- | :-- |
# | `Op`, and what a row can say about itself | `tinygrad_edu/tensor.py` |
# | elementwise rows; softplus and sigmoid | `elementwise.py` and `activations.py` in `tinygrad_edu/ops` |
# | how every row is tested | `tests/ops/test_rows.py` |
# | rules for matrices | M. Giles, *Collected matrix derivative results* (2008) |
# | robust losses | P. Huber, *Robust estimation of a location parameter* (1964) |
#
# Go on with [lesson 4](04_seeing_a_backward_pass.ipynb), where you watch a backward pass.
