# builds: an engine for derivatives in fewer than 60 lines, and a network of its numbers that classifies flowers
# needs: Python

# %% [markdown] title
# # Lesson 1: A number that remembers
#
# Training a network means asking one question again and again: *if I changed this number a little, how would the
# result change?* In this lesson you build an engine that answers this question for all numbers at once. It
# is a Python class of fewer than 60 lines. You start from plain Python. At the end the engine
# trains a small network to recognize a species of flower, and it agrees with the real engine of `tinygrad_edu`.
#
# You need Python and about twenty minutes. You do not need calculus: the lesson computes what it needs
# on the way. Run the cells in order, and change them. The cells compute every claim of the text, and `assert`
# stops you if a claim is wrong.

# %% [markdown] nudge
# ## 1. Nudge it and see
#
# Here is a small function of three numbers. Think of `a`, `b` and `c` as the **parameters** of a model, and
# of the result `L` as its error, which should be small.

# %% f tags=needed
def f(a, b, c):
    return (a * b + c) ** 2


f(3.0, 2.0, -4.0)

# %% [markdown] nudge-a
# Should the parameter `a` grow or shrink, and how much does a change matter? Try it. Increase `a` by a
# small step `h`, keep the others fixed, and see how far `L` moves **per unit of the step**:

# %% steps
for h in [1.0, 0.1, 0.01, 0.001]:
    rise = f(3.0 + h, 2.0, -4.0) - f(3.0, 2.0, -4.0)
    print(f"h = {h:<6} L moves by {rise:<10.6f} that is {rise / h:.3f} per unit")
assert abs(rise / h - 8) < 0.005

# %% [markdown] derivative
# The smaller the step, the closer the last column comes to 8. That number is the **derivative** of `L`
# with respect to `a`, written $\frac{\partial L}{\partial a}$, or `dL/da` in a line of text. It is the
# slope of `L` along `a`, at this point: **near a = 3, `L` moves 8 times as much as `a` does.**
#
# A step in both directions gives a more accurate slope, because the curvature cancels.
# This is called a *central difference*. We use it to check every result in this lesson.


# %% by-nudging tags=needed
def by_nudging(f, *at, h=1e-5):
    """The slope of f along each argument: (f(x + h) - f(x - h)) / 2h, the others held fixed."""
    slopes = []
    for i in range(len(at)):
        up, down = list(at), list(at)
        up[i] += h
        down[i] -= h
        slopes.append((f(*up) - f(*down)) / (2 * h))
    return slopes


dL_da, dL_db, dL_dc = by_nudging(f, 3.0, 2.0, -4.0)
print(f"dL/da = {dL_da:.6f}   dL/db = {dL_db:.6f}   dL/dc = {dL_dc:.6f}")
assert max(abs(dL_da - 8), abs(dL_db - 12), abs(dL_dc - 4)) < 1e-8

# %% [markdown] downhill
# All three slopes are positive: increasing any parameter makes the error larger. So decrease each one, in
# proportion to its slope:

# %% downhill-step
step = 0.01
before = f(3.0, 2.0, -4.0)
after = f(3.0 - step * dL_da, 2.0 - step * dL_db, -4.0 - step * dL_dc)
print(f"L was {before:.3f} and is now {after:.3f}")
assert after < before

# %% [markdown] why-not-nudge
# This is learning: find the slopes, take a step downhill, repeat. The rest is about finding the slopes.
#
# Why not keep nudging? There are two reasons. **It is slow**: every parameter costs two more runs of the whole
# function, and a network has thousands or billions of parameters. And **it is never exact**: a large step
# suffers from the curvature of the function, and a tiny step from the rounding of floating-point numbers.

# %% too-small
for h in [1e-2, 1e-5, 1e-12, 1e-17]:
    slope = (f(3.0 + h, 2.0, -4.0) - f(3.0, 2.0, -4.0)) / h
    print(f"h = {h:<6.0e} slope {slope:<11.7f} error {abs(slope - 8):.0e}")
assert slope == 0  # 3.0 + 1e-17 is 3.0: a has not moved at all

# %% [markdown] chain
# ## 2. The same slopes on paper
#
# Split the function into steps until every step does one thing. Give each intermediate result a name.
#
# ```text
# a =  3 ──┐
#          ×──→ p = 6 ──┐
# b =  2 ──┘            +──→ s = 2 ──→ ( )² ──→ L = 4
# c = -4 ───────────────┘
# ```

# %% [markdown] chain-local
# Each step is simple enough to find its slopes by hand. These are the **local
# derivatives**. They describe one step, whatever comes before or after it.
#
# | step | change the input by a small $h$ | so the local derivatives are |
# | :-- | :-- | :-- |
# | $p = a \cdot b$ | $(a + h) \cdot b = a \cdot b + b \cdot h$: the result moves $b$ times as much as $a$ | $\frac{\partial p}{\partial a} = b = 2$, and $\frac{\partial p}{\partial b} = a = 3$ |
# | $s = p + c$ | $(p + h) + c = s + h$: it moves exactly as much as $p$ | $\frac{\partial s}{\partial p} = 1$, and $\frac{\partial s}{\partial c} = 1$ |
# | $L = s^2$ | $(s + h)^2 = s^2 + 2s \cdot h + h^2$: for a small $h$, the $h^2$ is too small to matter | $\frac{\partial L}{\partial s} = 2s = 4$ |
#
# Now combine them. They work like gears: if `L` moves 4 times as much as `s`, and `s` moves once as much as
# `p`, and `p` moves 2 times as much as `a`, then `L` moves $4 \cdot 1 \cdot 2 = 8$ times as much as `a`.
# **Along a path, slopes multiply.** This is the *chain rule*, and it is the only theorem that we need.
#
# Notice the direction. If you start at `L` and go back, every step needs only the slope that you have
# just found and one local derivative:

# %% by-hand
a, b, c = 3.0, 2.0, -4.0
p = a * b
s = p + c
L = s**2

dL_ds = 2 * s  # L = s²
dL_dp = dL_ds * 1  # s = p + c
dL_dc = dL_ds * 1
dL_da = dL_dp * b  # p = a b
dL_db = dL_dp * a

print("dL/da =", dL_da, "  dL/db =", dL_db, "  dL/dc =", dL_dc)
assert (dL_da, dL_db, dL_dc) == (8, 12, 4)  # the values of nudging, but exact

# %% [markdown] by-hand-after
# One pass backward gives the slopes along *all* parameters, however many there are. Nudging would run the
# function again for each of them. This is why networks are trained by going backward.

# %% [markdown] remember
# ## 3. A number that remembers
#
# The pass backward needs two facts about every number: what it was made from (its **parents**), and the
# local derivative with respect to each parent. Both are known when the number is made, and
# normally lost right after. So let the number remember them.
#
# A Python class can define what `+`, `*` and `**` do with its objects. That is all we need.


# %% remembering
class Remembering:
    def __init__(self, data, parents=(), slopes=()):
        self.data = data  # the value
        self.parents = parents  # the numbers it was made from
        self.slopes = slopes  # how much it moves when each parent moves: local derivatives
        self.grad = 0.0  # how much L moves when this moves: not known yet

    def __add__(self, other):
        return Remembering(self.data + other.data, (self, other), (1.0, 1.0))

    def __mul__(self, other):
        return Remembering(self.data * other.data, (self, other), (other.data, self.data))

    def __pow__(self, n):
        return Remembering(self.data**n, (self,), (n * self.data ** (n - 1),))


# %% [markdown] power-rule
# Compare the three operations with the table above. (`__pow__` is a little more general:
# the derivative of $x^n$ is $n \cdot x^{n-1}$, which for $n = 2$ is the $2x$ of the table.)
#
# Now `f` itself, unchanged, can be called with such numbers. The result knows how it came about:

# %% what-it-remembers
a, b, c = Remembering(3.0), Remembering(2.0), Remembering(-4.0)
L = f(a, b, c)
s = L.parents[0]
p = s.parents[0]
print("L =", L.data, "was made from", [x.data for x in L.parents], "with slopes", L.slopes)
print("s =", s.data, "was made from", [x.data for x in s.parents], "with slopes", s.slopes)
print("p =", p.data, "was made from", [x.data for x in p.parents], "with slopes", p.slopes)
assert p.parents == (a, b) and p.slopes == (2.0, 3.0)

# %% [markdown] graph-word
# Numbers that point to their parents, which point to *their* parents: this is called the **computation
# graph**. Nobody builds it on purpose: the numbers remember it. Numbers without parents, like `a`,
# are its **leaves**.

# %% [markdown] walk
# ## 4. Going back, and two ways to get it wrong
#
# Start with `L.grad = 1`, because `L` moves exactly as much as itself. Then pass
# *my gradient times its slope* on to each parent. (The **gradient** is the slope of `L` along a number, or along
# all of them together.) Here is a first try:


# %% first-try
def walk_back(number, g=1.0):
    number.grad = g
    for parent, slope in zip(number.parents, number.slopes, strict=True):
        walk_back(parent, g * slope)


walk_back(L)
print("a.grad =", a.grad, "  b.grad =", b.grad, "  c.grad =", c.grad)
assert (a.grad, b.grad, c.grad) == (8, 12, 4)

# %% [markdown] twice
# Right, to the last digit. But now use one number twice:

# %% used-twice
x = Remembering(3.0)
walk_back(x * x)
print("walking back:", x.grad)

(truth,) = by_nudging(lambda x: x * x, 3.0)
print(f"by nudging:   {truth:.6f}")
assert x.grad == 3 and abs(truth - 6) < 1e-8  # wrong by half

# %% [markdown] add-up
# There are *two* paths from `x` to the result, one through each factor, and each contributes 3. The second
# visit to `x` overwrote the contribution of the first. But if `x` moves, both factors move, and both
# effects count: $(x + h) \cdot (x + h) = x^2 + x \cdot h + h \cdot x + h^2$.
# **Over different paths, slopes add up.** So the gradient must be collected with `+=`:


# %% second-try
def walk_back(number, g=1.0):
    number.grad += g  # add up ...
    for parent, slope in zip(number.parents, number.slopes, strict=True):
        walk_back(parent, number.grad * slope)  # ... and pass on


x = Remembering(3.0)
walk_back(x * x)
print("x * x:            ", x.grad)
assert x.grad == 6

x = Remembering(3.0)
y = x * x
walk_back(y + y)
print("y = x * x; y + y: ", x.grad)

(truth,) = by_nudging(lambda x: x * x + x * x, 3.0)
print(f"by nudging:        {truth:.6f}")
assert x.grad == 18 and abs(truth - 12) < 1e-8  # wrong again

# %% [markdown] order
# The first result is now right, the second is wrong. Follow the calls. The result `y + y` has `y` as a parent twice,
# so `y` is visited twice. On the first visit its gradient is 1, and it passes on $1 \cdot 6$ (3 over each
# factor). On the second visit its gradient has grown to 2, and it passes on $2 \cdot 6$. But it had already
# passed on 1 of these 2! So `x` gets $6 + 12 = 18$ instead of 12.
#
# **`y` passed on its gradient before it was complete.** The order matters.
#
# You could pass on only the new part, `g * slope`, at each visit. Then the answer is right, but every
# path is walked separately, and the number of paths grows exponentially. Sixteen doublings are seventeen numbers. Count the visits:


# %% paths
def visits(number):
    return 1 + sum(visits(parent) for parent in number.parents)


y = Remembering(1.0)
for _ in range(16):
    y = y + y
print(f"{visits(y):,} visits")
assert visits(y) == 2**17 - 1

# %% [markdown] youngest-first
# The solution is to wait. Visit every number **once**, after everything that was made *from* it
# has been visited: then its gradient is complete. How do we know when that is? A number is always made after
# its parents. So number the objects in the order in which they are made, and visit them **from the newest to
# the oldest**. Everything that contributes to the gradient of `y` is newer than `y`, so it has been visited.
#
# (Textbooks call this a reverse *topological order*. Counting the objects gives it to us for free.)

# %% [markdown] whole
# ## 5. The whole engine
#
# This is all of it. Beyond what you have seen, it accepts plain numbers beside ours (`2 * x`, `1 - x`),
# and it has four more operations. Their local derivatives are in every table of derivatives.
# (Minus needs no rule of its own: $-x$ is $x \cdot (-1)$, and $x - w$ is $x + (-w)$.)
#
# | $y$ | local derivative |
# | :-- | :-- |
# | $x / w$ | $1 / w$ along $x$, and $-x / w^2 = -y / w$ along $w$ |
# | $\tanh x$ | $1 - y^2$ |
# | $e^x$ | $y$ itself |
# | $\ln x$ | $1 / x$ |
#
# You need not believe the table: section 6 checks every line of it.
#
# `backward` has two halves. The first collects the history: everything that this number was made from,
# however far back. It uses a loop instead of recursion, because Python stops recursion at
# about a thousand calls, and histories are longer than that. The second half is the walk back.

# %% engine tags=needed
import itertools
import math


class Number:
    """A number that remembers what it was made from, and how much each of them moves it."""

    counter = itertools.count()

    def __init__(self, data, parents=(), slopes=()):
        self.data = float(data)  # the value
        self.grad = 0.0  # dL/d(this), after L.backward()
        self.parents = parents  # the numbers it was made from
        self.slopes = slopes  # d(this)/d(parent), one for each: the local derivatives
        self.order = next(Number.counter)  # a number comes after its parents

    def __add__(self, other):
        x, w = self, as_number(other)
        return Number(x.data + w.data, (x, w), (1.0, 1.0))

    def __mul__(self, other):
        x, w = self, as_number(other)
        return Number(x.data * w.data, (x, w), (w.data, x.data))

    def __truediv__(self, other):
        x, w = self, as_number(other)
        y = x.data / w.data
        return Number(y, (x, w), (1 / w.data, -y / w.data))

    def __pow__(self, n):  # n is a plain number: a constant
        return Number(self.data**n, (self,), (n * self.data ** (n - 1),))

    def tanh(self):
        y = math.tanh(self.data)
        return Number(y, (self,), (1 - y * y,))

    def exp(self):
        y = math.exp(self.data)
        return Number(y, (self,), (y,))

    def log(self):
        return Number(math.log(self.data), (self,), (1 / self.data,))

    __radd__, __rmul__ = __add__, __mul__  # 2 + x and 2 * x are x + 2 and x * 2
    __neg__ = lambda self: self * -1
    __sub__ = lambda self, other: self + -as_number(other)
    __rsub__ = lambda self, other: -self + other
    __rtruediv__ = lambda self, other: as_number(other) / self

    def backward(self):
        """Adds dL/dx to the grad of every leaf x that this number, L, was made from."""
        history, waiting = {self}, [self]
        while waiting:
            new = set(waiting.pop().parents) - history
            history.update(new)
            waiting.extend(new)
        for number in history:
            if number.parents:
                number.grad = 0.0  # leaves keep adding up, the others start at 0
        self.grad += 1.0
        for number in sorted(history, key=lambda number: number.order, reverse=True):
            for parent, slope in zip(number.parents, number.slopes, strict=True):
                parent.grad += number.grad * slope


def as_number(x):
    return x if isinstance(x, Number) else Number(x)


# %% [markdown] engine-after
# These are the cases from before, including those that went wrong:

# %% engine-cases
a, b, c = Number(3.0), Number(2.0), Number(-4.0)
f(a, b, c).backward()
print("(a * b + c) ** 2: ", a.grad, b.grad, c.grad)
assert (a.grad, b.grad, c.grad) == (8, 12, 4)

x = Number(3.0)
(x * x).backward()
print("x * x:            ", x.grad)
assert x.grad == 6

x = Number(3.0)
y = x * x
(y + y).backward()
print("y = x * x; y + y: ", x.grad)
assert x.grad == 12

x = y = Number(1.0)
for _ in range(16):
    y = y + y
y.backward()
print("sixteen doublings:", x.grad)
assert x.grad == 2**16

x = y = Number(1.0)
for _ in range(100_000):
    y = y + 1
y.backward()
print("100,000 steps:    ", x.grad)
assert x.grad == 1

# %% [markdown] checked
# ## 6. Two independent checks
#
# An engine with wrong slopes looks just like one with right slopes. So check it, with a
# function that uses every operation. We write the function with NumPy: when `np.tanh` gets
# an object that it does not know, it calls the object's own `tanh`, and `Number` has one. So the same
# code accepts plain numbers, `Number`s, and the `Tensor`s of `tinygrad_edu`.
#
# A **Tensor** extends the idea to arrays: it is a whole NumPy array that remembers how it was made.

# %% everything
import numpy as np

from tinygrad_edu import Tensor


def everything(x, y):
    s = np.tanh(x * y - 1) / y + np.exp(-(x**2))
    return s - (2 - np.log(x + y)) * (1 + 2 * x) ** 1.5 + 3 / x


x, y = Number(0.8), Number(1.7)
everything(x, y).backward()

tx, ty = Tensor(0.8, requires_grad=True), Tensor(1.7, requires_grad=True)
everything(tx, ty).backward()

nudged = by_nudging(everything, 0.8, 1.7)
print("            dL/dx            dL/dy")
print(f"Number   {x.grad:.12f}  {y.grad:.12f}")
print(f"Tensor   {float(tx.grad):.12f}  {float(ty.grad):.12f}")
print(f"nudging  {nudged[0]:.7f}       {nudged[1]:.7f}")

# %% [markdown] many-points
# One point could be luck. Here are a thousand points, drawn from a seeded generator:

# %% thousand
rng = np.random.default_rng(0)
worst_tensor = worst_nudged = 0.0
for u, v in rng.uniform(0.5, 2.0, size=(1000, 2)).tolist():
    x, y = Number(u), Number(v)
    everything(x, y).backward()
    tx, ty = Tensor(u, requires_grad=True), Tensor(v, requires_grad=True)
    everything(tx, ty).backward()
    nudged = by_nudging(everything, u, v)
    worst_tensor = max(worst_tensor, abs(x.grad - tx.grad), abs(y.grad - ty.grad))
    worst_nudged = max(worst_nudged, abs(x.grad - nudged[0]), abs(y.grad - nudged[1]))

assert worst_tensor < 1e-12
assert worst_nudged < 1e-8
print("Number and Tensor: the same slopes to 12 decimals")
print("Number and nudging: the same to 8 decimals")

# %% [markdown] tensor-remembers
# The Tensor remembers the same facts as the Number, in another form. Instead of the local derivatives it keeps
# the *rule* for them, a row of a table of derivatives:

# %% tensor-memory
tx = Tensor(3.0, requires_grad=True)
y = np.tanh(tx)
print("made by", y.op.name, "from", y.inputs)
print("it was made after its input:", y.order > tx.order)
assert y.inputs[0] is tx and y.order > tx.order

# %% [markdown] learn
# ## 7. Numbers that learn
#
# Now a real task. The package contains the measurements of 150 iris flowers that R. A. Fisher published in 1936:
# 50 flowers of each of three species. Can our numbers tell from the length and the width of a petal whether a flower is a *versicolor*?
#
# This is harder than it sounds. Versicolor petals are of medium size: setosa has smaller ones,
# virginica has larger ones. One straight line cannot separate versicolor from both. It takes two.
#
# We keep 30 flowers as a **test set**, to measure the network on flowers that it has never seen. We shift and
# scale the measurements so that the training set has mean 0 and standard deviation 1. The target is +1 for versicolor and
# -1 for the others.

# %% iris
from tinygrad_edu.data import load_iris, train_test_split

iris = load_iris(np.float64)
petals = iris.x[:, 2:]  # length and width
petals_train, petals_test, species_train, species_test = train_test_split(
    petals, iris.y, test=0.2, seed=0
)
center, spread = petals_train.mean(axis=0), petals_train.std(axis=0)
x_train, x_test = (petals_train - center) / spread, (petals_test - center) / spread
for i, species in enumerate(iris.class_names):
    length, width = petals[iris.y == i].mean(axis=0)
    print(f"{species:11} petals are {length:.1f} cm long and {width:.1f} cm wide on average")

versicolor = iris.class_names.index("versicolor")
t_train = np.where(species_train == versicolor, 1.0, -1.0)
t_test = np.where(species_test == versicolor, 1.0, -1.0)
print(f"training set: {len(t_train)} flowers, {np.sum(t_train > 0)} of them versicolor")
print(f"test set: {len(t_test)} flowers, {np.sum(t_test > 0)} of them versicolor")

# %% [markdown] network
# The network is small. Each of two **hidden units** takes a weighted sum of the two measurements, and
# applies $\tanh$, which gives a number between -1 and 1: each unit can represent one line. A weighted sum of the two
# is the **score**. It should be positive for versicolor and negative for the others:
#
# $$h_j = \tanh(x_1 W_{1j} + x_2 W_{2j} + b_j) \qquad\qquad z = h_1 v_1 + h_2 v_2 + d$$
#
# That makes $4 + 2 + 2 + 1 = 9$ parameters. The error of a flower with target $t$ is $\ln(1 + e^{-tz})$: close to
# 0 if the score $z$ is far on the right side, and growing with the distance if it is on the wrong side. The
# **loss** is the mean over all flowers.
#
# The parameters start at random values from a seeded generator. They are plain arrays, so both engines can start from them.

# %% start
rng = np.random.default_rng(0)
start = {
    "W": rng.normal(size=(2, 2)),
    "b": np.zeros(2),
    "v": rng.normal(size=2),
    "d": np.zeros(()),
}
rate, steps = 1.0, 200

# %% [markdown] with-numbers
# First with our own numbers, flower by flower. One training step is: compute the loss, go backward, move
# every parameter downhill. Note the line that sets `grad` to zero: each backward pass *adds* to a leaf's gradient,
# and the gradient of the last step must not count again.

# %% train-numbers
from time import perf_counter


def score(flower, W, b, v, d):
    z = d
    for j in range(2):
        z = z + v[j] * (flower[0] * W[0][j] + flower[1] * W[1][j] + b[j]).tanh()
    return z


W = [[Number(w) for w in row] for row in start["W"]]
b = [Number(w) for w in start["b"]]
v = [Number(w) for w in start["v"]]
d = Number(start["d"])
parameters = [*W[0], *W[1], *b, *v, d]

flowers = list(zip(x_train.tolist(), t_train.tolist(), strict=True))
number_losses = []
began = perf_counter()
for _ in range(steps):
    loss = sum((1 + (-t * score(x, W, b, v, d)).exp()).log() for x, t in flowers) / len(flowers)
    for parameter in parameters:
        parameter.grad = 0.0
    loss.backward()
    for parameter in parameters:
        parameter.data -= rate * parameter.grad
    number_losses.append(loss.data)
number_seconds = perf_counter() - began

for step in [0, 10, 50, 100, 199]:
    print(f"step {step:3d}   loss {number_losses[step]:.4f}")
print(
    f"each step made {(loss.order - d.order) // steps:,} numbers and visited them on the way back"
)
assert number_losses[-1] < 0.1 < 0.7 < number_losses[0]

# %% [markdown] with-tensors
# It learns. Now train the same network with Tensors. All flowers and all hidden units are in one array, so the
# loops disappear and the formula remains. `@` is the matrix product, which multiplies and sums.

# %% train-tensors
W, b, v, d = parameters = [Tensor(start[name].copy(), requires_grad=True) for name in "Wbvd"]
tensor_losses = []
began = perf_counter()
for _ in range(steps):
    z = np.tanh(x_train @ W + b) @ v + d
    loss = np.log(1 + np.exp(-t_train * z)).mean()
    for parameter in parameters:
        parameter.grad = None
    loss.backward()
    for parameter in parameters:
        parameter.data -= rate * parameter.grad
    tensor_losses.append(loss.item())
tensor_seconds = perf_counter() - began

apart = max(abs(n - t) for n, t in zip(number_losses, tensor_losses, strict=True))
assert apart < 1e-10
first, last = tensor_losses[0], tensor_losses[-1]
print(f"{steps} steps: the same losses to 10 decimals, from {first:.4f} to {last:.4f}")

# %% [markdown] time
# The same start gives the same losses in every step. Only the time differs. (The next output depends on your computer.)

# %% time-ratio tags=varies
print(f"200 steps with Numbers: {number_seconds:.1f} s")
print(f"Tensors did the same about {round(number_seconds / tensor_seconds, -1):.0f} times as fast")

# %% [markdown] why-fast
# The mathematics is the same. But our loop makes a Python object for every single number. The Tensor
# version makes one for each *array*, and NumPy does the arithmetic inside.
#
# How good is the network? Count the correct answers on the training set and on the test set. To see
# what the hidden units contribute, train a linear model as well: its score is a weighted sum of the two
# measurements, so its decision boundary is one straight line. The simplest baseline always says *no*.


# %% count
def correct(z, t):
    return f"{np.sum(z * t > 0)} of {len(t)}"


def network(x):
    return (np.tanh(x @ W + b) @ v + d).data


u, e = linear = [Tensor(np.zeros(2), requires_grad=True), Tensor(0.0, requires_grad=True)]
for _ in range(steps):
    loss = np.log(1 + np.exp(-t_train * (x_train @ u + e))).mean()
    for parameter in linear:
        parameter.grad = None
    loss.backward()
    for parameter in linear:
        parameter.data -= rate * parameter.grad

print(f"{'':25}{'training set':16}test set")
for name, z_train, z_test in [
    ("two hidden units", network(x_train), network(x_test)),
    ("one straight line", (x_train @ u + e).data, (x_test @ u + e).data),
    ("always no", np.full(120, -1.0), np.full(30, -1.0)),
]:
    print(f"{name:25}{correct(z_train, t_train):16}{correct(z_test, t_test)}")
assert np.sum(network(x_test) * t_test > 0) >= 27
assert np.sum((x_train @ u + e).data * t_train > 0) <= 80

# %% [markdown] picture-intro
# The linear model does worse than saying *no* to everything. Two hidden units classify nearly all flowers
# correctly, in the training set and in the test set.
#
# Here is the result as a picture. The network says *versicolor* in the orange region. The large dots are versicolor, the
# small ones are the other two species. There are two boundary lines because there are two hidden units. (The code only draws. You may skip it.)

# %% picture
from IPython.display import SVG

WIDE, HIGH, CELL = 600, 360, 6  # pixels, for lengths of 0 to 8 cm and widths of 0 to 3 cm


def bar(x, y, wide, high, color):
    return f'<rect x="{x}" y="{y}" width="{wide}" height="{high}" fill="{color}"/>'


def dot(length, width, size, color):
    x, y = length * WIDE / 8, HIGH - width * HIGH / 3
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{size}" fill="{color}" fill-opacity="0.6"/>'


def word(x, y, text, size=15):
    return f'<text x="{x}" y="{y}" font-family="sans-serif" font-size="{size}">{text}</text>'


# Ask the network about the middle of every cell of a grid, row by row from the top.
across, down = np.meshgrid(np.arange(0, WIDE, CELL) + CELL / 2, np.arange(0, HIGH, CELL) + CELL / 2)
flowers = np.stack([across * 8 / WIDE, (HIGH - down) * 3 / HIGH], axis=-1)
says_yes = network((flowers - center) / spread) > 0

parts = [bar(0, 0, WIDE, HIGH, "#dbe7f3")]
for y, row in zip(range(0, HIGH, CELL), says_yes, strict=True):
    if row.any():  # the cells that say yes are adjacent: one bar covers them
        first, last = np.flatnonzero(row)[[0, -1]]
        assert row[first : last + 1].all()
        parts.append(bar(first * CELL, y, (last + 1 - first) * CELL, CELL, "#f6c98a"))
for (length, width), species in zip(petals.tolist(), iris.y, strict=True):
    size, color = (5, "#b35900") if species == versicolor else (3, "#1f4e79")
    parts.append(dot(length, width, size, color))
parts += [word(155, 325, "setosa"), word(225, 130, "versicolor"), word(510, 60, "virginica")]
parts += [
    word(345, 350, "petal length, 0 to 8 cm →", 13),
    word(8, 20, "↑ petal width, 0 to 3 cm", 13),
]

frame = f'xmlns="http://www.w3.org/2000/svg" width="{WIDE}" height="{HIGH}"'
SVG(f'<svg {frame} viewBox="0 0 {WIDE} {HIGH}">{"".join(parts)}</svg>')

# %% [markdown] draw
# ## 8. See it drawn
#
# What a Tensor remembers is enough to draw the graph. Here is our first function once
# more, with Tensors that have names. Each line shows an operation and its inputs, and
# then the shape (`()` is a single number), the type, the value and the gradient of L. You drew the same graph on paper in section 2.

# %% graph-text
from tinygrad_edu.viz import Graph

a = Tensor(3.0, requires_grad=True, name="a")
b = Tensor(2.0, requires_grad=True, name="b")
c = Tensor(-4.0, requires_grad=True, name="c")
L = f(a, b, c)
drawn = Graph(L)
print(drawn.text())

# %% [markdown] draw-picture
# In a notebook the graph displays itself as a picture if `graphviz` is installed, and as text otherwise:

# %% graph-picture tags=varies
drawn

# %% [markdown] draw-after
# Going backward through it gives the values that you found by hand:

# %% graph-grad
L.backward()
print("dL/da =", a.grad, "  dL/db =", b.grad, "  dL/dc =", c.grad)
assert (a.grad, b.grad, c.grad) == (8, 12, 4)

# %% [markdown] exercises
# ## 9. Three exercises
#
# Each exercise has a check. It computes the right answer by nudging. If your answer differs,
# it tries to guess your mistake. You need not read the checks, only run
# them. The solutions are at the very end.

# %% import-check
from tinygrad_edu.course import check

# %% [markdown] exercise-1-text
# ### Exercise 1: on paper (1 point)
#
# Let $L = \dfrac{a}{b} + a$, at $a = 4$ and $b = 2$. Find $\frac{\partial L}{\partial a}$ and
# $\frac{\partial L}{\partial b}$ by hand, with the chain rule. Note how often $a$ is used.

# %% exercise on_paper points=1
# BEGIN SOLUTION
dL_da = 1 / 2 + 1
dL_db = -4 / 2**2
# END SOLUTION

# %% [markdown] solution on_paper
# Through the division the slope along `a` is $1/b = 0.5$, through the sum it is 1. They add up. `b` has one path, with the slope $-a/b^2$.

# %% check on_paper
from numbers import Real


def check_on_paper(dL_da, dL_db):
    for name, x in [("dL/da", dL_da), ("dL/db", dL_db)]:
        if not isinstance(x, Real):
            raise AssertionError(
                f"{name} should be a plain number, and yours is of type {type(x).__name__}."
            )
    a, b = 4.0, 2.0
    true_da, true_db = by_nudging(lambda a, b: a / b + a, a, b)

    def near(x, y):
        return abs(x - y) < 1e-6

    if near(dL_da, 1 / b):
        raise AssertionError(
            "dL/da: that is only the path through the division. a is used once more."
        )
    elif near(dL_da, 1):
        raise AssertionError(
            "dL/da: that is only the path through the sum. a also changes the fraction."
        )
    elif not near(dL_da, true_da):
        raise AssertionError(
            "dL/da: not right. Two paths lead from a to L. Find the slope of each, then add them up."
        )
    elif near(dL_db, -true_db):
        raise AssertionError(
            "dL/da is right. dL/db: the right size, but does a / b grow when b grows?"
        )
    elif near(dL_db, -1 / b**2):
        raise AssertionError("dL/da is right. dL/db: that would be for 1 / b. Here it is a / b.")
    elif near(dL_db, -a / b) or near(dL_db, a / b):
        raise AssertionError(
            "dL/da is right. dL/db: look at the table in section 5: w is squared there."
        )
    elif near(dL_db, 1 / b):
        raise AssertionError(
            "dL/da is right. dL/db: that is the slope of a / b along a. What is its slope along b?"
        )
    elif not near(dL_db, true_db):
        raise AssertionError(
            "dL/da is right, dL/db is not. One path leads from b to L, through the division."
        )
    else:
        return "Right, both of them."


# %% wrong on_paper: dL/da should be a plain number, and yours is of type str
dL_da = "1.5"
dL_db = -1.0

# %% wrong on_paper: dL/db should be a plain number, and yours is of type list
dL_da = 1.5
dL_db = [-1.0]

# %% wrong on_paper: dL/da: that is only the path through the division
dL_da = 0.5
dL_db = -1.0

# %% wrong on_paper: dL/da: that is only the path through the sum
dL_da = 1.0
dL_db = -1.0

# %% wrong on_paper: dL/da: not right. Two paths
dL_da = 0.25
dL_db = -1.0

# %% wrong on_paper: dL/da is right. dL/db: the right size
dL_da = 1.5
dL_db = 1.0

# %% wrong on_paper: dL/da is right. dL/db: that would be for 1 / b
dL_da = 1.5
dL_db = -0.25

# %% wrong on_paper: dL/da is right. dL/db: look at the table
dL_da = 1.5
dL_db = -2.0

# %% wrong on_paper: dL/da is right. dL/db: look at the table
dL_da = 1.5
dL_db = 2.0

# %% wrong on_paper: dL/da is right. dL/db: that is the slope of a / b along a
dL_da = 1.5
dL_db = 0.5

# %% wrong on_paper: dL/da is right, dL/db is not
dL_da = 1.5
dL_db = 7.0

# %% right on_paper
dL_da = 1.5
dL_db = -1.0

# %% right on_paper
import numpy as np

dL_da = np.float32(1.5)
dL_db = -1

# %% right on_paper
from fractions import Fraction

import numpy as np

dL_da = Fraction(3, 2)
dL_db = np.int64(-1)

# %% [markdown] exercise-2-text
# ### Exercise 2: a new operation (2 points)
#
# Add the sine to the engine. `sin(x)` takes a `Number` and returns a `Number`. The slope of
# $\sin x$ is $\cos x$. Python has `math.sin` and `math.cos`. Look at `tanh` in the engine for the pattern.


# %% exercise sin points=2
def sin(x):
    # BEGIN SOLUTION
    return Number(math.sin(x.data), (x,), (math.cos(x.data),))
    # END SOLUTION


# %% check sin
from numbers import Real


def check_sin(sin, Number):
    point = 0.6
    x = Number(point)
    try:
        y = sin(x)
    except Exception as error:
        hint = f"Python says: {str(error) or type(error).__name__}."
        if str(error).startswith("must be real number"):
            hint += " math.sin and math.cos need the plain number, x.data."
        raise AssertionError(hint) from error
    (truth,) = by_nudging(math.sin, point)
    if not isinstance(y, Number):
        raise AssertionError(
            f"sin(x) returned a {type(y).__name__}, which cannot remember. Return a Number."
        )
    elif abs(y.data - math.sin(point)) > 1e-12:
        raise AssertionError(
            f"The value is not right: sin({point}).data should be {math.sin(point):.6f}."
        )
    elif isinstance(y.parents, list | set) and list(y.parents) == [x]:
        raise AssertionError(
            f"x is remembered, but in a {type(y.parents).__name__}. Write a tuple: (x,)."
        )
    elif not isinstance(y.parents, tuple) or y.parents != (x,):
        raise AssertionError(
            "The value is right, but the result must remember x as its one parent: (x,)."
        )
    elif not isinstance(y.slopes, tuple) or len(y.slopes) != 1:
        raise AssertionError(
            "There is one parent, so there must be one slope, in a tuple: (slope,)."
        )
    elif not isinstance(y.slopes[0], Real):
        kind = type(y.slopes[0]).__name__
        raise AssertionError(f"The slope should be a plain number, and yours is of type {kind}.")
    else:
        y.backward()
        if abs(x.grad - truth) < 1e-8:
            x = Number(point)
            (sin(x * x) * 2).backward()
            (truth,) = by_nudging(lambda x: 2 * math.sin(x * x), point)
            if abs(x.grad - truth) < 1e-8:
                return "Right, also inside 2 sin(x²), where the engine does the rest."
            else:
                raise AssertionError(
                    f"Right at {point}, but not elsewhere: compute the slope from x.data."
                )
        elif abs(x.grad + truth) < 1e-8:
            raise AssertionError("The slope has the wrong sign: near 0, the sine grows.")
        elif abs(x.grad - math.cos(y.data)) < 1e-8:
            raise AssertionError(
                "Nearly: that is the cosine of the result. Take the cosine of x.data."
            )
        elif abs(x.grad - y.data) < 1e-8:
            raise AssertionError(
                "That slope is the value itself, as for exp. For the sine it is the cosine."
            )
        else:
            raise AssertionError(
                f"The slope at {point} should be {truth:.6f}, but x.grad is {x.grad:.6f}."
            )


# %% hidden sin
import math


def check_sin(sin, Number):
    for point in (-2.0, 0.0, 1.3):
        x = Number(point)
        y = sin(x) * sin(x)
        assert abs(y.data - math.sin(point) ** 2) < 1e-12, (
            "The value of sin(x) is not right everywhere."
        )
        y.backward()
        truth = 2 * math.sin(point) * math.cos(point)
        assert abs(x.grad - truth) < 1e-9, "The slope of sin(x) · sin(x) is not right everywhere."


# %% right sin
def sin(x):
    value, slope = math.sin(x.data), math.cos(x.data)
    return Number(value, parents=(x,), slopes=(slope,))


# %% wrong sin: must be real number
def sin(x):
    return Number(math.sin(x))


# %% wrong sin: must be real number
def sin(x):
    return Number(math.cos(x))


# %% wrong sin: sin(x) returned a str, which cannot remember
def sin(x):
    return "sin"


# %% wrong sin: sin(x) returned a float, which cannot remember
def sin(x):
    return math.sin(x.data)


# %% wrong sin: The value is not right
def sin(x):
    return Number(math.cos(x.data), (x,), (math.cos(x.data),))


# %% wrong sin: The value is right, but the result must remember x
def sin(x):
    return Number(math.sin(x.data))


# %% wrong sin: The value is right, but the result must remember x
def sin(x):
    return Number(math.sin(x.data), (), (x,))


# %% wrong sin: x is remembered, but in a list
def sin(x):
    return Number(math.sin(x.data), [x], (math.cos(x.data),))


# %% wrong sin: x is remembered, but in a set
def sin(x):
    return Number(math.sin(x.data), {x}, (math.cos(x.data),))


# %% wrong sin: The value is right, but the result
def sin(x):
    return Number(math.sin(x.data), [], (math.cos(x.data),))


# %% wrong sin: There is one parent, so
def sin(x):
    return Number(math.sin(x.data), (x,), (math.cos(x.data)))


# %% wrong sin: The slope should be a plain number, and
def sin(x):
    return Number(math.sin(x.data), (x,), (math.cos,))


# %% wrong sin: The slope should be a plain number, and
def sin(x):
    return Number(math.sin(x.data), (x,), (lambda: 1,))


# %% wrong sin: The slope has the wrong sign
def sin(x):
    return Number(math.sin(x.data), (x,), (-math.cos(x.data),))


# %% wrong sin: Nearly: that is the
def sin(x):
    return Number(math.sin(x.data), (x,), (math.cos(math.sin(x.data)),))


# %% wrong sin: That slope is the value itself
def sin(x):
    return Number(math.sin(x.data), (x,), (math.sin(x.data),))


# %% wrong sin: The slope at 0.6 should be 0.825336, but
def sin(x):
    return Number(math.sin(x.data), (x,), (1.0,))


# %% wrong sin: Right at 0.6, but not elsewhere
def sin(x):
    return Number(math.sin(x.data), (x,), (math.cos(0.6),))


# %% right sin
def sin(x):
    return Number(math.sin(x.data), (x,), (math.cos(x.data),))


# %% wrong sin: takes from 2 to 4 positional arguments but 5
def sin(x):
    return Number(math.sin(x.data), (x,), (1.0,), 4)


# %% wrong sin: float() argument must be a string or a real number
def sin(x):
    return Number(x, (x,), (1.0,))


# %% wrong sin: 'Number' object has no attribute 'value'
def sin(x):
    return Number(math.sin(x.value))


# %% wrong sin: name 'sinus' is not defined
def sin(x):
    return Number(sinus(x.data))


# %% wrong sin: StopIteration
def sin(x):
    return next(iter(()))


# %% [markdown] exercise-3-text
# ### Exercise 3: downhill (3 points)
#
# Write `descend(f, x, rate, steps)`. It starts at the plain number `x` and takes `steps` steps downhill
# on the function `f`. Each step is `rate` times the slope. It returns the plain number where it ends. Let
# the engine find the slopes.


# %% exercise descend points=3
def descend(f, x, rate, steps):
    # BEGIN SOLUTION
    for _ in range(steps):
        number = Number(x)
        f(number).backward()
        x = x - rate * number.grad
    return x
    # END SOLUTION


# %% [markdown] solution descend
# A new `Number` in every step starts with a `grad` of zero.


# %% check descend
from numbers import Real


def check_descend(descend, Number):
    def bowl(x):
        return (x - 3) ** 2

    def walk(steps, rate=0.1, keep=0.0):  # keep=1.0: as if grad were never set to zero
        x, grad = 0.0, 0.0
        for _ in range(steps):
            grad = keep * grad + by_nudging(bowl, x)[0]
            x -= rate * grad
        return x

    walked = []  # every number whose backward() you call
    backward = Number.backward

    def watched(number):
        walked.append(number)
        backward(number)

    Number.backward = watched
    try:
        end = descend(bowl, 0.0, 0.1, 5)
    except Exception as error:
        hint = f"Python says: {str(error) or type(error).__name__}."
        missing = [f"'float' object has no attribute '{x}'" for x in ("data", "grad", "backward")]
        if str(error).startswith(tuple(missing)):
            hint += " Make a Number of x before you call f, so that it can remember."
        raise AssertionError(hint) from error
    finally:
        Number.backward = backward

    if isinstance(end, Number):
        raise AssertionError(
            "You return a Number. Return its value, .data, so that it forgets how it was made."
        )
    elif not isinstance(end, Real):
        raise AssertionError(
            f"Return the plain number where you end. Yours is of type {type(end).__name__}."
        )
    elif (not walked and abs(end) > 1e-6) or (len(walked) < 5 and abs(end - walk(5)) < 1e-6):
        raise AssertionError(
            f"backward() found {len(walked)} of 5 slopes. Let the engine find them all."
        )
    elif len(set(walked)) == 1 and (len(walked) > 1 or abs(end - 3) < 1e-6):
        raise AssertionError(
            "All slopes come from one graph, made at the start. Call f again in each step."
        )
    elif abs(end - walk(5)) < 1e-6:
        return f"Right: five steps lead from 0 to {end:.4f}. More steps approach the minimum at 3."
    elif abs(end) < 1e-6:
        raise AssertionError(
            "You have not moved. Is x.data changed in the loop, and x.grad filled by backward()?"
        )
    elif abs(end - walk(5, rate=-0.1)) < 1e-6:
        raise AssertionError("You walk uphill: subtract rate times the slope.")
    elif abs(end - walk(5, keep=1.0)) < 1e-6:
        raise AssertionError(
            "The slopes of earlier steps are still in x.grad: set it to zero before each backward()."
        )
    elif abs(end - walk(4)) < 1e-6 or abs(end - walk(6)) < 1e-6:
        raise AssertionError("One step too few or too many: count the iterations of your loop.")
    elif abs(end - walk(5, rate=1.0)) < 1e-6:
        raise AssertionError("Your steps are the whole slope. Multiply it by rate.")
    else:
        raise AssertionError(
            f"After 5 steps at rate 0.1 from 0 on (x - 3)²: {walk(5):.6f}, and not {end:.6f}."
        )


# %% hidden descend
def check_descend(descend, Number):
    def slope(x):
        return 4 * x**3 - 2 * x

    x = 0.9
    for _ in range(7):
        x -= 0.05 * slope(x)
    walked = []
    backward = Number.backward

    def watched(number):
        walked.append(number)
        backward(number)

    Number.backward = watched
    try:
        end = descend(lambda x: x**4 - x**2, 0.9, 0.05, 7)
    finally:
        Number.backward = backward
    assert abs(end - x) < 1e-9, "Not right on x⁴ - x², which has two minima."
    assert len(walked) >= 7, "Let the engine find every slope, by backward()."
    assert abs(descend(lambda x: x * x, 2.0, 0.1, 0) - 2.0) < 1e-12, "No step should not move."


# %% wrong descend: You return a Number
def descend(f, x, rate, steps):
    number = Number(x)
    for _ in range(steps):
        number.grad = 0.0
        f(number).backward()
        number.data -= rate * number.grad
    return number


# %% wrong descend: Return the plain number where you end
def descend(f, x, rate, steps):
    number = Number(x)
    for _ in range(steps):
        number.grad = 0.0
        f(number).backward()
        number.data -= rate * number.grad
    return str(number.data)


# %% wrong descend: Return the plain number where you end
def descend(f, x, rate, steps):
    number = Number(x)
    for _ in range(steps):
        number.grad = 0.0
        f(number).backward()
        number.data -= rate * number.grad
    return [number.data]


# %% wrong descend: You have not moved
def descend(f, x, rate, steps):
    number = Number(x)
    for _ in range(steps):
        number.grad = 0.0
        f(number).backward()
        pass
    return number.data


# %% wrong descend: You have not moved
def descend(f, x, rate, steps):
    number = Number(x)
    for _ in range(steps):
        number.grad = 0.0
        f(number)
        number.data -= rate * number.grad
    return number.data


# %% wrong descend: You walk uphill
def descend(f, x, rate, steps):
    number = Number(x)
    for _ in range(steps):
        number.grad = 0.0
        f(number).backward()
        number.data += rate * number.grad
    return number.data


# %% wrong descend: The slopes of earlier steps are still in x.grad
def descend(f, x, rate, steps):
    number = Number(x)
    for _ in range(steps):
        pass
        f(number).backward()
        number.data -= rate * number.grad
    return number.data


# %% wrong descend: One step too few or too many
def descend(f, x, rate, steps):
    number = Number(x)
    for _ in range(steps - 1):
        number.grad = 0.0
        f(number).backward()
        number.data -= rate * number.grad
    return number.data


# %% wrong descend: One step too few or too many
def descend(f, x, rate, steps):
    number = Number(x)
    for _ in range(steps + 1):
        number.grad = 0.0
        f(number).backward()
        number.data -= rate * number.grad
    return number.data


# %% wrong descend: Your steps are the whole slope
def descend(f, x, rate, steps):
    number = Number(x)
    for _ in range(steps):
        number.grad = 0.0
        f(number).backward()
        number.data -= number.grad
    return number.data


# %% wrong descend: backward() found 0 of 5 slopes
def descend(f, x, rate, steps):
    number = Number(x)
    for _ in range(steps):
        number.grad = 0.0
        number.grad = 2 * number.data - 6
        number.data -= rate * number.grad
    return number.data


# %% wrong descend: After 5 steps at rate 0.1 from 0 on (x - 3)²: 2.016960
def descend(f, x, rate, steps):
    number = Number(x)
    for _ in range(steps):
        number.grad = 0.0
        f(number).backward()
        number.data -= rate
    return number.data


# %% right descend
def descend(f, x, rate, steps):
    number = Number(x)
    for _ in range(steps):
        number.grad = 0.0
        f(number).backward()
        number.data -= rate * number.grad
    return number.data


# %% wrong descend: Make a Number of x
def descend(f, x, rate, steps):
    number = x
    for _ in range(steps):
        number.grad = 0.0
        f(number).backward()
        number.data -= rate * number.grad
    return number.data


# %% wrong descend: 'Number' object has no attribute 'gard'
def descend(f, x, rate, steps):
    number = Number(x)
    for _ in range(steps):
        number.grad = 0.0
        f(number).backward()
        number.data -= rate * number.gard
    return number.data


# %% wrong descend: 'float' object has no attribute 'gard'
def descend(f, x, rate, steps):
    number = Number(x)
    for _ in range(steps):
        number.grad = 0.0
        f(number).backward()
        number.data -= rate * number.data.gard
    return number.data


# %% wrong descend: 'int' object is not iterable
def descend(f, x, rate, steps):
    number = Number(x)
    for _ in steps:
        number.grad = 0.0
        f(number).backward()
        number.data -= rate * number.grad
    return number.data


# %% wrong descend: NotImplementedError.
def descend(f, x, rate, steps):
    number = Number(x)
    for _ in range(steps):
        number.grad = 0.0
        f(number).backward()
        number.data -= rate * number.grad
    raise NotImplementedError


# %% wrong descend: backward() found 0 of 5 slopes
def descend(f, x, rate, steps):
    for _ in range(steps):
        x -= rate * by_nudging(f, x)[0]
    return x


# %% wrong descend: backward() found 1 of 5 slopes
def descend(f, x, rate, steps):
    Number(x).backward()
    for _ in range(steps):
        x -= rate * by_nudging(f, x)[0]
    return x


# %% wrong descend: All slopes come from one graph
def descend(f, x, rate, steps):
    n = Number(x)
    L = f(n)
    for _ in range(steps):
        n.grad = 0.0
        L.backward()
        x -= rate * n.grad
    return x


# %% wrong descend: All slopes come from one graph
def descend(f, x, rate, steps):
    n = Number(x)
    L = f(n)
    for _ in range(steps):
        L.backward()
        x -= rate * n.grad
    return x


# %% wrong descend: After 5 steps
def descend(f, x, rate, steps):
    for _ in range(steps):
        n = Number(x)
        f(n).backward()
        return x - rate * n.grad
    return x


# %% right descend
def descend(f, x, rate, steps):
    for _ in range(steps):
        n = Number(x)
        f(n).backward()
        f(n)
        x -= rate * n.grad
    return x


# %% right descend
def descend(f, x, rate, steps):
    f(Number(x)).backward()
    for _ in range(steps):
        n = Number(x)
        f(n).backward()
        x -= rate * n.grad
    return x


# %% [markdown] next
# ## What you have seen
#
# - A derivative is how much the result moves per unit of a small change.
# - Along a path slopes multiply; over different paths they add up.
# - A number that remembers its parents and its local derivatives is all that an engine needs to find the
#   slopes along every parameter in one pass backward. It visits each number once, the newest first.
# - Training repeats this pass and a small step downhill.
#
# ## What to read next
#
# The real engine is two files, and you already know how they work:
#
# | here | there |
# | :-- | :-- |
# | `Number` | `Tensor`, in [`tinygrad_edu/tensor.py`](../tinygrad_edu/tensor.py) |
# | `parents` | `Tensor.inputs` |
# | `slopes` | the rules of an `Op`; elementwise calculus on one screen is [`ops/elementwise.py`](../tinygrad_edu/ops/elementwise.py) |
# | `order`, and the walk from the newest | `history` and `walk_back`, in [`tinygrad_edu/autodiff.py`](../tinygrad_edu/autodiff.py) |
# | `+=` | `grads[x] + gx`, in `_walk` |
#
# One thing differs. A `Number` computes its slopes when it is made. A
# Tensor only remembers its rule, `lambda g, y, x: g * (1 - y * y)`, which takes the incoming gradient `g` and
# returns the gradient of the input. This matters for arrays: the slopes of 1,000 results along 1,000 inputs are a table of a
# million numbers, and the rule never writes that table down. It also gives derivatives of
# derivatives for free: call the rule with Tensors instead of arrays, and it records itself.
#
# Then watch a backward pass, number by number, in [lesson 4](04_seeing_a_backward_pass.ipynb).
