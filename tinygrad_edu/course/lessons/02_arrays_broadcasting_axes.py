# builds: broadcasting and matrix products in loops, and the gradient of a stretched array
# needs: lesson 1

# %% [markdown] title
# # Lesson 2: Arrays, broadcasting, axes
#
# The engine of lesson 1 computes with single numbers. Real models compute with **arrays**: a whole batch of
# samples, or all weights of a layer, in one operation. Most bugs of beginners are not in the mathematics
# but in the shapes: a sum over the wrong axis, or an array that NumPy has silently stretched. In this
# lesson you learn to predict shapes before you run a cell, you write broadcasting and matrix products by
# hand, and you find out what happens to a **gradient** when an array is stretched. That last rule is the
# one thing that an engine for arrays needs beyond lesson 1.
#
# You need [lesson 1](01_a_number_that_remembers.ipynb) and about twenty minutes. Before each cell with a
# question, write down your prediction.

# %% imports tags=needed
import matplotlib.pyplot as plt
import numpy as np

import models
from tinygrad_edu import Tensor, explain, grad, nn
from tinygrad_edu.course import check, needs
from tinygrad_edu.gradcheck import gradcheck

# %% [markdown] axes-words
# ## 1. Give every axis a name
#
# Three students took four tests. Their points are an array of shape (3, 4). Do not think of "rows and
# columns": with three or more axes these words end. Say what each axis **counts**: axis 0 counts students,
# axis 1 counts tests.

# %% points tags=needed
points = np.array([[7.0, 9.0, 4.0, 8.0], [5.0, 5.0, 6.0, 4.0], [9.0, 10.0, 8.0, 9.0]])

# %% points-shape
students, tests = points.shape
print("students:", students, "  tests:", tests, "  numbers:", points.size)
assert points[2, 1] == 10  # student 2, test 1: we count from 0

# %% [markdown] sum-words
# A reduction such as `sum` or `mean` **removes** the axis that it is given. What is left is counted by the
# other axis. So `points.mean(axis=0)` is not "the mean of axis 0", it is the mean *over the students*: one
# number for each test.
#
# *Which of these results has 3 numbers, which 4? What is the shape of the last two?*

# %% sum
print("over the students:", points.mean(axis=0))
print("over the tests:   ", points.mean(axis=1))
print("over both:        ", points.mean())
print("kept as length 1: ", points.mean(axis=1, keepdims=True).shape)
assert points.mean(axis=0).shape == (tests,)
assert points.mean(axis=1).tolist() == [7, 5, 9]

# %% [markdown] keepdims-words
# With `keepdims=True` the removed axis stays, with length 1. You will see in a moment why that is useful.
#
# ## 2. Broadcasting: short axes are stretched
#
# NumPy can add arrays of different shapes. It uses two rules:
#
# 1. Write the shapes below each other, **aligned at the right**. Where the shorter one ends, it is filled
#    with 1.
# 2. In each place the lengths must be equal, or one of them must be 1. An axis of length 1 is
#    **stretched**: its one entry is used again and again.
#
# ```text
# points          (3, 4)        points                 (3, 4)
# bonus              (4,)       handicap               (3, 1)
#                 ------                               ------
# points + bonus  (3, 4)        points + handicap      (3, 4)
# ```
#
# *A bonus for each test is an array of shape (4,). A bonus for each student is an array of shape (3,).
# Which of the two can be added as it is?*

# %% bonus
for_each_test = np.array([0.0, 0.0, 2.0, 0.0])
for_each_student = np.array([1.0, 3.0, 0.0])
print(points + for_each_test)
try:
    points + for_each_student
except ValueError as error:
    print("NumPy:", error)

# %% [markdown] bonus-explained
# Aligned at the right, the 3 students stand below the 4 tests: that does not fit. It would be a worse
# accident if there were as many students as tests: then it *would* fit, and add each student's bonus to a
# test. Give the array a second axis of length 1, and it says what it means: (3, 1) is one number for each
# student, the same for all tests.

# %% bonus-student
print(points + for_each_student[:, None])  # None, also spelled np.newaxis: an axis of length 1
assert for_each_student[:, None].shape == (3, 1)
assert np.array_equal(for_each_student[:, None], for_each_student.reshape(3, 1))


# %% [markdown] picture-words
# Here are both kinds of stretching at once: a column (3, 1) and a row (4,) make a table (3, 4).


# %% picture
# alt: A column 0, 10, 20, repeated four times; a row 0, 1, 2, 3, repeated three times; and their sum.
def table(ax, numbers, own, title):
    """Draws an array; what was only stretched is pale."""
    ax.imshow(np.where(own, 0.35, 0.1), cmap="Blues", vmin=0, vmax=1)
    for (i, j), number in np.ndenumerate(numbers):
        ax.text(j, i, int(number), ha="center", va="center", color="black" if own[i, j] else "gray")
    ax.set(title=title, xticks=np.arange(3) + 0.5, yticks=np.arange(2) + 0.5)
    ax.tick_params(length=0, labelbottom=False, labelleft=False)
    ax.grid(color="white", linewidth=2)


column, row = np.array([[0], [10], [20]]), np.arange(4)
i, j = np.indices((3, 4))
fig, axes = plt.subplots(1, 3, figsize=(8, 2.2), layout="constrained")
table(axes[0], np.broadcast_to(column, (3, 4)), j == 0, "column: (3, 1)")
table(axes[1], np.broadcast_to(row, (3, 4)), i == 0, "row: (4,)")
table(axes[2], column + row, i >= 0, "column + row: (3, 4)")

# %% [markdown] picture-explained
# The pale numbers exist nowhere in memory. NumPy reads the same entry again; that is all that "stretched"
# means.
#
# *Predict the shape of each sum, or say that it fails:*

# %% shapes-quiz
for a, b in [
    ((5, 1), (1, 6)),
    ((2, 5, 6), (6,)),
    ((2, 5, 6), (5, 1)),
    ((5, 6), (5,)),
    ((4,), (4, 1)),
]:
    try:
        print(f"{a!s:10} + {b!s:7} -> {np.broadcast_shapes(a, b)}")
    except ValueError:
        print(f"{a!s:10} + {b!s:7} -> fails")
assert np.broadcast_shapes((4,), (4, 1)) == (4, 4)


# %% [markdown] by-hand-words
# ## 3. Broadcasting by hand
#
# To be sure that there is nothing more to it, write it with a loop. Each place of the result reads one
# entry of each input. On an axis of length 1 that is always entry 0.


# %% by-hand
def add_by_hand(a, b):
    shape = np.broadcast_shapes(a.shape, b.shape)
    y = np.empty(shape)
    for place in np.ndindex(shape):
        y[place] = a[entry(place, a.shape)] + b[entry(place, b.shape)]
    return y


def entry(place, shape):
    """Where an array of this shape is read for one place of the result."""
    place = place[len(place) - len(shape) :]  # aligned at the right
    return tuple(0 if length == 1 else i for i, length in zip(place, shape, strict=True))


rng = np.random.default_rng(0)
for a_shape, b_shape in [((3, 4), (4,)), ((3, 1), (4,)), ((2, 3, 4), (3, 1)), ((), (2, 2))]:
    a, b = rng.normal(size=a_shape), rng.normal(size=b_shape)
    assert np.array_equal(add_by_hand(a, b), a + b)
print("the same as NumPy")

# %% [markdown] perfect-words
# ## 4. The most expensive mistake: (n,) against (n, 1)
#
# Look at the last line of the quiz again: (4,) and (4, 1) make (4, 4). Nobody wants that, and nothing
# fails. It happens like this. A layer returns predictions of shape (n, 1), the targets have shape (n,), and
# the loss is the mean of the squared differences.
#
# *The predictions here are perfect. What does the loss say?*

# %% perfect
targets = np.array([1.0, 2.0, 3.0, 4.0])
predictions = targets[:, None]  # (4, 1), as from a layer with one output
differences = predictions - targets
print(differences)
print("shape of the differences:", differences.shape, "  loss:", np.mean(differences**2))
assert np.mean(differences**2) == 2 * targets.var()

# %% [markdown] perfect-explained
# Every prediction was compared with *every* target. Such a loss has its minimum where all predictions equal
# the mean of the targets. A model trains smoothly, the loss goes down, and it learns to predict the mean.
# You can see it: fit the slope of $y = 2x$ with both losses, by taking steps against the gradient.

# %% perfect-fit
x = np.linspace(-1, 1, 20)[:, None]
y = 2 * x[:, 0]


def fitted_slope(loss):
    w = np.zeros((1, 1))
    for _ in range(200):
        w = w - 0.3 * grad(loss)(w)
    return w.item()


with_mistake = fitted_slope(lambda w: ((x @ w - y) ** 2).mean())
right = fitted_slope(lambda w: ((x @ w - y[:, None]) ** 2).mean())
print(f"(20, 1) against (20,):   slope {abs(with_mistake):.3f}")
print(f"(20, 1) against (20, 1): slope {right:.3f}")
assert abs(with_mistake) < 1e-6 and abs(right - 2) < 1e-4

# %% [markdown] guard-words
# So compare shapes before you subtract: `assert predictions.shape == targets.shape` is the cheapest test
# there is. The losses of `nn` do it for you:

# %% guard
try:
    nn.mse(Tensor(predictions), targets)
except ValueError as error:
    print(error)
else:
    raise AssertionError("nn.mse has accepted (4, 1) against (4,)")

# %% [markdown] views-words
# ## 5. Views and copies
#
# A basic slice of an array is a **view**: new shape, same memory. Selecting with a list of indices or with
# a mask makes a **copy**. The difference shows when you write into the result. *Which of the three
# changes the original?*


# %% views
def changes_the_original(select):
    original = points.copy()
    part = select(original)
    part[...] = 0
    return not np.array_equal(original, points)


print("original[1:]        ", changes_the_original(lambda a: a[1:]))
print("original[[1, 2]]    ", changes_the_original(lambda a: a[[1, 2]]))
print("original.reshape(-1)", changes_the_original(lambda a: a.reshape(-1)))
assert changes_the_original(lambda a: a.T) and not changes_the_original(lambda a: a[a > 5])

stretched = np.broadcast_to(np.arange(4.0), (1000, 4))
print("strides of points:", points.strides, "  of points.T:", points.T.strides)
print("strides of a stretched row:", stretched.strides)
assert stretched.strides[0] == 0 and np.shares_memory(points, points.T)

# %% [markdown] views-explained
# `reshape`, `.T`, slices and `None` only change how memory is read, so they are free. So is stretching: the
# *stride* of an axis is the number of bytes from one entry to the next, and a stretched axis has stride 0,
# the same entry again.
#
# A `Tensor` must not be written into at all while a gradient is still to be computed: the rules of the
# backward pass read the values again. Therefore the array of a result is read-only, and an assignment is
# refused with a hint:

# %% views-refused
t = Tensor(points, requires_grad=True)
doubled = t * 2
try:
    doubled[0] = 0
except TypeError as error:
    print(error)
else:
    raise AssertionError("a result was changed")

# %% [markdown] matmul-words
# ## 6. Matrix products and einsum: name the axes by letters
#
# A matrix product is three loops: for each row $i$ of $X$ and each column $k$ of $W$, multiply and **sum
# over the axis that both share**:
#
# $$Y_{ik} = \sum_j X_{ij} W_{jk}$$


# %% matmul
def matmul_by_hand(X, W):
    Y = np.zeros((X.shape[0], W.shape[1]))
    for i in range(X.shape[0]):
        for k in range(W.shape[1]):
            for j in range(X.shape[1]):
                Y[i, k] += X[i, j] * W[j, k]
    return Y


X, W = rng.normal(size=(5, 3)), rng.normal(size=(3, 2))
assert np.allclose(matmul_by_hand(X, W), X @ W)
assert np.allclose(np.einsum("ij,jk->ik", X, W), X @ W)
assert np.allclose((X[:, :, None] * W[None, :, :]).sum(axis=1), X @ W)  # stretch, multiply, sum
print("four ways, one product of shape", (X @ W).shape)

# %% [markdown] einsum-words
# `einsum` is the formula itself. Each letter names an axis. What stands to the right of the arrow remains;
# **a letter that is missing there is summed over**. With this you can read and write any product of arrays:
#
# | einsum | meaning |
# | :-- | :-- |
# | `ij->j` | sum over the axis i |
# | `ij->ji` | transpose |
# | `i,i->` | inner product of two vectors |
# | `i,k->ik` | all products of two vectors, as a table |
# | `ij,jk->ik` | matrix product |
# | `nij,njk->nik` | n matrix products, one after the other |
# | `nd,md->nm` | inner products of all pairs of rows |
#
# *What does* `ii->` *compute, and what* `ii->i`*?*

# %% einsum
square = np.arange(9.0).reshape(3, 3)
print("ii-> ", np.einsum("ii->", square), "  ii->i", np.einsum("ii->i", square))
assert np.einsum("ii->", square) == np.trace(square)

# %% [markdown] neighbors-words
# A use of all this: the distances between all pairs of rows of two tables, without a loop. Put a length-1
# axis where the other array has its samples: (n, 1, d) against (1, m, d) makes (n, m, d). Then sum over the
# features. The closest sample gives a complete classifier, and it can be compared with the nearest-neighbor
# models of `models` and scikit-learn, which are both called `KNeighborsClassifier`.

# %% neighbors tags=sklearn
needs("sklearn")
from tinygrad_edu.twins import scikit_learn

iris = models.datasets.load_iris()
known, new = np.arange(150) % 2 == 0, np.arange(150) % 2 == 1
gaps = iris.data[new][:, None, :] - iris.data[known][None, :, :]
squared = (gaps**2).sum(axis=2)
answers = iris.target[known][squared.argmin(axis=1)]
print("gaps:", gaps.shape, "  squared distances:", squared.shape)
print(f"right: {np.sum(answers == iris.target[new])} of {new.sum()} flowers")

model = models.KNeighborsClassifier(n_neighbors=1).fit(iris.data[known], iris.target[known])
assert np.array_equal(answers, model.predict(iris.data[new]))
twins = scikit_learn.compare(model, iris.data, iris.target)
print(
    "the largest difference of all outputs from scikit-learn:",
    max(r.difference for r in twins.rows),
)

# %% [markdown] gradient-words
# ## 7. The gradient of broadcasting: what was stretched is summed
#
# Now the backward pass. A layer adds a bias $b$ of shape (k,) to $X$ of shape (n, k):
# $y_{ij} = x_{ij} + b_j$. Suppose that we know $g = \partial L / \partial y$, of shape (n, k). What is
# $\partial L / \partial b$?
#
# The number $b_j$ is used $n$ times, once in each row. In lesson 1 you saw what happens to a number that is
# used several times: **over different paths, slopes add up**. So
#
# $$\frac{\partial L}{\partial b_j} = \sum_i g_{ij}$$
#
# Copying forward is summing backward. Test it by nudging each $b_j$, with $L = \sum_{ij} u_{ij}\, y_{ij}^2$
# for some random numbers $u$:


# %% gradient
def loss(X, b, u):
    return (u * (X + b) ** 2).sum()


X, b, u = rng.normal(size=(5, 3)), rng.normal(size=3), rng.normal(size=(5, 3))
g = 2 * u * (X + b)  # dL/dy, of shape (5, 3)

nudged = np.empty(3)
for j in range(3):
    step = np.zeros(3)
    step[j] = 1e-6
    nudged[j] = (loss(X, b + step, u) - loss(X, b - step, u)) / 2e-6

print("g:", g.shape, "  b:", b.shape, "  g.sum(axis=0):", g.sum(axis=0).shape)
print("nudging agrees with the sum:", np.allclose(nudged, g.sum(axis=0)))
assert np.allclose(nudged, g.sum(axis=0))

# %% [markdown] gradient-rule
# This is the whole rule: **sum `g` over each axis along which the input was stretched, so that the gradient
# gets the shape of the input.** A gradient always has the shape of the thing it belongs to; if it does not,
# there is a bug.
#
# It also works in the other direction. The backward pass of a *sum* is a *stretch*: in
# $s_j = \sum_i x_{ij}$ every $x_{ij}$ moves $s_j$ by the same amount, so each gets a copy of its gradient.
# Sum and stretch are each other's backward pass.
#
# *What are the shapes of the three gradients below?*

# %% tensor tags=varies
X_t, b_t = (Tensor(a, requires_grad=True, name=n) for a, n in [(X, "X"), (b, "b")])
c_t = Tensor(rng.normal(size=(5, 1)), requires_grad=True, name="c")
L = (u * (X_t + b_t + c_t) ** 2).sum()
L.backward()
for t in (X_t, b_t, c_t):
    print(f"{t.name}: shape {t.shape!s:7} gradient {t.grad.shape}")
assert np.allclose(b_t.grad, X_t.grad.sum(axis=0))
assert np.allclose(c_t.grad, X_t.grad.sum(axis=1, keepdims=True))
print(explain(np.add))

# %% [markdown] einsum-gradient
# A `Tensor` is a NumPy array that remembers. All of NumPy's functions and rules for shapes hold, and each
# function has a row in the derivative table, which `explain` shows. Broadcasting is undone in one place for
# all rows, so the rule of `np.add` is just `g`.
#
# The gradient of an einsum is another einsum. From $Y_{ik} = \sum_j X_{ij} W_{jk}$: the number $X_{ij}$
# moves every $Y_{ik}$ of its row, with slope $W_{jk}$, so
#
# $$\frac{\partial L}{\partial X_{ij}} = \sum_k g_{ik} W_{jk} \qquad \texttt{ik,jk->ij}$$
#
# **Put the gradient in the place of the result, and exchange its letters with those of the input.** No
# transposes to remember. `gradcheck` compares the derivatives of a function with finite differences, for
# every entry of every input, and also the derivatives of the derivatives. (Lesson 5 explains how.)

# %% einsum-check
g = rng.normal(size=(5, 2))
X_t, W_t = Tensor(X, requires_grad=True), Tensor(W, requires_grad=True)
(np.einsum("ij,jk->ik", X_t, W_t) * g).sum().backward()
assert np.allclose(X_t.grad, np.einsum("ik,jk->ij", g, W))
assert np.allclose(W_t.grad, np.einsum("ik,ij->jk", g, X))
report = gradcheck(lambda X, W, b, c: np.einsum("ij,jk->ik", X, W) * b + c, X, W, b[:2], c_t.data)
print(report.passed, "for", report.components, "derivatives")
assert report

# %% [markdown] layer-words
# That is all there is in a fully connected layer: `nn.Linear` computes $y = XW + b$. You can now write down
# its three gradients yourself.

# %% layer
layer = nn.Linear(3, 2, rng=0).astype(np.float64)
X_t = Tensor(X, requires_grad=True)
(layer(X_t) * g).sum().backward()
by_hand = {"X": g @ layer.W.data.T, "W": X.T @ g, "b": g.sum(axis=0)}
by_engine = {"X": X_t.grad, "W": layer.W.grad, "b": layer.b.grad}
for name, mine in by_hand.items():
    print(name, mine.shape, np.allclose(mine, by_engine[name]))
    assert np.allclose(mine, by_engine[name])

# %% [markdown] standardize-words
# ## 8. Exercises
#
# ### Exercise 1: standardize the columns (1 point)
#
# Write `standardize(X)` for a table `X` of shape (n, d), samples by features. Return the table, of the same
# shape, in which **each feature** has mean 0 and standard deviation 1.
#
# <details><summary>Hint</summary>
#
# The mean is taken over the samples. What remains has shape (d,), and broadcasts against (n, d) as it is.
#
# </details>


# %% exercise standardize points=1
def standardize(X):
    # BEGIN SOLUTION
    return (X - X.mean(axis=0)) / X.std(axis=0)
    # END SOLUTION


# %% check standardize
def check_standardize(standardize):
    X = np.random.default_rng(1).normal(size=(6, 6)) * np.arange(1, 7) + np.arange(6)
    Z = standardize(X)
    assert np.shape(Z) == (6, 6), "Return a table with the same shape as X."
    Z = np.asarray(Z)
    assert not np.allclose(Z.mean(axis=1), 0), (
        "You standardized each sample: take the mean over the samples instead."
    )
    assert np.allclose(Z.mean(axis=0), 0), (
        "The mean of each column is not 0: one mean for each feature is needed."
    )
    assert np.allclose(Z.std(axis=0), 1), (
        "The columns are centered, but their standard deviation is not 1."
    )


# %% hidden standardize
def check_standardize(standardize):
    X = np.random.default_rng(2).uniform(size=(9, 2)) * [1e3, 1e-3]
    assert np.allclose(standardize(X), (X - X.mean(0)) / X.std(0)), (
        "Wrong for columns of very different sizes."
    )


# %% right standardize
def standardize(X):
    centered = X - np.mean(X, axis=0, keepdims=True)
    return centered / np.sqrt(np.mean(centered**2, axis=0, keepdims=True))


# %% right standardize
def standardize(X):
    return np.stack([(column - column.mean()) / column.std() for column in X.T], axis=1)


# %% wrong standardize: over the samples
def standardize(X):
    return (X - X.mean(axis=1, keepdims=True)) / X.std(axis=1, keepdims=True)


# %% wrong standardize: one mean for each feature
def standardize(X):
    return (X - X.mean()) / X.std()


# %% wrong standardize: standard deviation is not 1
def standardize(X):
    return (X - X.mean(axis=0)) / X.var(axis=0)


# %% wrong standardize: the same shape as X
def standardize(X):
    return X.mean(axis=0)


# %% [markdown] distances-words
# ### Exercise 2: all distances (2 points)
#
# Write `distances(A, B)` for `A` of shape (n, d) and `B` of shape (m, d). Return the array of shape (n, m)
# with the Euclidean distances $\sqrt{\sum_k (A_{ik} - B_{jk})^2}$, without a loop over samples.
#
# <details><summary>Hint</summary>
#
# Section 6 computes the squares. Where must the axes of length 1 stand, so that every row of A meets every
# row of B?
#
# </details>


# %% exercise distances points=2
def distances(A, B):
    # BEGIN SOLUTION
    return np.sqrt(((A[:, None, :] - B[None, :, :]) ** 2).sum(axis=2))
    # END SOLUTION


# %% check distances
def check_distances(distances):
    rng = np.random.default_rng(0)
    A, B = rng.normal(size=(4, 3)), rng.normal(size=(5, 3))
    right = np.array([[np.linalg.norm(a - b) for b in B] for a in A])
    D = distances(A, B)
    assert np.shape(D) != (5, 4), (
        "Rows and columns are exchanged: D[i, j] belongs to A[i] and B[j]."
    )
    assert np.shape(D) != (4, 5, 3), (
        "Those are the differences of each feature: sum over the features."
    )
    assert np.shape(D) == (4, 5), "The result must have shape (n, m): one number for each pair."
    assert not np.allclose(D, right**2), "Those are the squares of the distances: take the root."
    assert not np.allclose(D, np.abs(A[:, None] - B).sum(axis=2)), (
        "Those are sums of absolute values: square the differences."
    )
    assert np.allclose(D, right), "The shape is right, but the numbers are not."


# %% hidden distances
def check_distances(distances):
    rng = np.random.default_rng(1)
    for n, m, d in [(3, 3, 3), (1, 6, 2), (5, 2, 1)]:
        A, B = rng.normal(size=(n, d)), rng.normal(size=(m, d))
        right = np.array([[np.linalg.norm(a - b) for b in B] for a in A])
        assert np.allclose(distances(A, B), right), f"Wrong for shapes {(n, d)} and {(m, d)}."


# %% right distances
def distances(A, B):
    squares = (A**2).sum(axis=1)[:, None] + (B**2).sum(axis=1) - 2 * A @ B.T
    return np.sqrt(np.maximum(squares, 0))


# %% right distances
def distances(A, B):
    return np.linalg.norm(np.expand_dims(A, 1) - B, axis=-1)


# %% wrong distances: take the root
def distances(A, B):
    return ((A[:, None] - B) ** 2).sum(axis=2)


# %% wrong distances: exchanged
def distances(A, B):
    return np.sqrt(((B[:, None] - A) ** 2).sum(axis=2))


# %% wrong distances: sum over the features
def distances(A, B):
    return np.abs(A[:, None] - B)


# %% wrong distances: one number for each pair
def distances(A, B):
    return np.sqrt(((A[:, None] - B) ** 2).sum(axis=1))


# %% [markdown] unstretch-words
# ### Exercise 3: undo a broadcast (3 points)
#
# Write `unstretch(g, shape)`. An array of the shape `shape` (a tuple) was broadcast to the shape of `g`,
# and `g` is the gradient of the result. Return the gradient of the input: an array with exactly the shape
# `shape`. This is the function that makes the engine of lesson 1 an engine for arrays.
#
# <details><summary>Hint</summary>
#
# There are two kinds of stretched axes: those that the input did not have (at the left), and those where it
# had length 1. Sum over the first kind without keeping the axis, over the second kind with `keepdims=True`.
#
# </details>


# %% exercise unstretch points=3
def unstretch(g, shape):
    # BEGIN SOLUTION
    new = g.ndim - len(shape)
    g = g.sum(axis=tuple(range(new)))
    ones = tuple(i for i, length in enumerate(shape) if length == 1)
    return g.sum(axis=ones, keepdims=True)
    # END SOLUTION


# %% check unstretch
def check_unstretch(unstretch):
    g = np.random.default_rng(0).normal(size=(2, 3, 4))
    back = unstretch(g[0], (3, 4))
    assert np.shape(back) == (3, 4) and np.allclose(back, g[0]), (
        "Where nothing was stretched, g itself is the gradient."
    )
    back = unstretch(g[0], (4,))
    assert np.shape(back) == (4,), "From (3, 4) to (4,): sum over the new axis at the left, axis 0."
    assert not np.allclose(back, g[0].mean(axis=0)), (
        "Slopes over different paths add up: a sum, and not a mean."
    )
    assert not np.allclose(back, g[0][0]), (
        "You took one of the copies: all of them contribute, so sum them."
    )
    assert np.allclose(back, g[0].sum(axis=0)), "From (3, 4) to (4,): the numbers are wrong."
    back = unstretch(g[0], (3, 1))
    assert np.shape(back) == (3, 1), (
        "From (3, 4) to (3, 1): sum over the axis of length 1, and keep it with keepdims=True."
    )
    assert np.allclose(back, g[0].sum(axis=1, keepdims=True)), (
        "From (3, 4) to (3, 1): the numbers are wrong."
    )
    back = unstretch(g, (3, 1))
    assert np.shape(back) == (3, 1), (
        "From (2, 3, 4) to (3, 1): both kinds of stretched axes occur at once."
    )
    assert np.allclose(back[:, 0], g.sum(axis=(0, 2))), (
        "From (2, 3, 4) to (3, 1): the numbers are wrong."
    )


# %% hidden unstretch
def check_unstretch(unstretch):
    rng = np.random.default_rng(1)
    for shape, full in [
        ((), (3,)),
        ((), ()),
        ((1,), (5,)),
        ((1, 1), (2, 3, 4)),
        ((2, 1, 4), (2, 3, 4)),
        ((1, 3), (1, 3)),
    ]:
        g, x = rng.normal(size=full), rng.normal(size=shape)
        back = unstretch(g, shape)
        assert np.shape(back) == shape, f"From {full} to {shape}: the shape is wrong."
        assert np.isclose(np.sum(back * x), np.sum(g * np.broadcast_to(x, full))), (
            f"From {full} to {shape}: wrong numbers."
        )


# %% right unstretch
def unstretch(g, shape):
    padded = (1,) * (np.ndim(g) - len(shape)) + tuple(shape)
    axes = tuple(i for i in range(np.ndim(g)) if padded[i] == 1)
    return np.asarray(g).sum(axis=axes).reshape(shape)


# %% right unstretch
def unstretch(g, shape):
    back = np.zeros(shape)
    for place, slope in np.ndenumerate(g):
        own = place[len(place) - len(shape) :]
        back[tuple(i if n > 1 else 0 for i, n in zip(own, shape, strict=True))] += slope
    return back


# %% wrong unstretch: keep it with keepdims
def unstretch(g, shape):
    g = g.sum(axis=tuple(range(g.ndim - len(shape))))
    return g.sum(axis=tuple(i for i, n in enumerate(shape) if n == 1))


# %% wrong unstretch: and not a mean
def unstretch(g, shape):
    g = g.mean(axis=tuple(range(g.ndim - len(shape)))) if g.ndim > len(shape) else g
    return g.mean(axis=tuple(i for i, n in enumerate(shape) if n == 1), keepdims=True)


# %% wrong unstretch: sum over the new axis
def unstretch(g, shape):
    return g.sum(axis=tuple(i for i, n in enumerate(shape) if n == 1), keepdims=True)


# %% wrong unstretch: one of the copies
def unstretch(g, shape):
    while g.ndim > len(shape):
        g = g[0]
    return g.sum(axis=tuple(i for i, n in enumerate(shape) if n == 1), keepdims=True)


# %% wrong unstretch: sum over the axis of length 1
def unstretch(g, shape):
    return g.sum(axis=tuple(range(g.ndim - len(shape))))


# %% [markdown] bilinear-words
# ### Exercise 4: exchange the letters (2 points)
#
# A *bilinear* score of pairs, as in attention, is $y_n = \sum_{ij} x_{ni} W_{ij} z_{nj}$, or
# `np.einsum("ni,ij,nj->n", x, W, z)`. Write `bilinear_back(x, W, z, g)` with `x` (n, p), `W` (p, q), `z`
# (n, q), and `g` (n,), the gradient of `y`. Return the gradients of `x`, `W` and `z`.
#
# <details><summary>Hint</summary>
#
# Three einsums. For the gradient of x: g with the letter n takes the place of x, and what remains after the
# arrow are the letters of x.
#
# </details>


# %% exercise bilinear_back points=2
def bilinear_back(x, W, z, g):
    # BEGIN SOLUTION
    gx = np.einsum("n,ij,nj->ni", g, W, z)
    gW = np.einsum("ni,n,nj->ij", x, g, z)
    gz = np.einsum("ni,ij,n->nj", x, W, g)
    return gx, gW, gz
    # END SOLUTION


# %% check bilinear_back
def check_bilinear_back(bilinear_back):
    rng = np.random.default_rng(0)
    x, W, z, g = (rng.normal(size=s) for s in [(5, 3), (3, 2), (5, 2), (5,)])
    answer = bilinear_back(x, W, z, g)
    assert isinstance(answer, (tuple, list)) and len(answer) == 3, (
        "Return three arrays: gx, gW, gz."
    )
    tensors = [Tensor(a, requires_grad=True) for a in (x, W, z)]
    (np.einsum("ni,ij,nj->n", *tensors) * g).sum().backward()
    for name, mine, t in zip(["x", "W", "z"], answer, tensors, strict=True):
        assert np.shape(mine) == t.shape, (
            f"The gradient of {name} must have the shape of {name}, {t.shape}: look at its letters."
        )
        assert not np.allclose(mine, -t.grad), f"The gradient of {name} has the wrong sign."
        assert np.allclose(mine, t.grad), (
            f"The gradient of {name} has the right shape but wrong numbers: g and two arrays belong in it."
        )


# %% hidden bilinear_back
def check_bilinear_back(bilinear_back):
    rng = np.random.default_rng(3)
    x, W, z, g = (rng.normal(size=s) for s in [(4, 4), (4, 4), (4, 4), (4,)])
    tensors = [Tensor(a, requires_grad=True) for a in (x, W, z)]
    (np.einsum("ni,ij,nj->n", *tensors) * g).sum().backward()
    for name, mine, t in zip("xWz", bilinear_back(x, W, z, g), tensors, strict=True):
        assert np.allclose(mine, t.grad), (
            f"All sizes equal: the gradient of {name} has wrong numbers."
        )


# %% right bilinear_back
def bilinear_back(x, W, z, g):
    return g[:, None] * (z @ W.T), x.T @ (g[:, None] * z), g[:, None] * (x @ W)


# %% right bilinear_back
def bilinear_back(x, W, z, g):
    gx, gW, gz = np.zeros_like(x), np.zeros_like(W), np.zeros_like(z)
    for n in range(len(x)):
        gx[n] = g[n] * W @ z[n]
        gW += g[n] * np.outer(x[n], z[n])
        gz[n] = g[n] * x[n] @ W
    return gx, gW, gz


# %% wrong bilinear_back: gradient of x has the right shape but wrong numbers
def bilinear_back(x, W, z, g):
    return z @ W.T, x.T @ z, x @ W


# %% wrong bilinear_back: The gradient of W must have the shape of W
def bilinear_back(x, W, z, g):
    return g[:, None] * (z @ W.T), np.einsum("ni,n,nj->ji", x, g, z), g[:, None] * (x @ W)


# %% wrong bilinear_back: Return three arrays
def bilinear_back(x, W, z, g):
    return np.einsum("n,ij,nj->ni", g, W, z)


# %% wrong bilinear_back: gradient of z has the right shape but wrong numbers
def bilinear_back(x, W, z, g):
    return g[:, None] * (z @ W.T), x.T @ (g[:, None] * z), np.einsum("ni,ij->nj", x, W)


# %% [markdown] seen
# ## What you have seen
#
# - A reduction removes the axis it is given; say what each axis counts.
# - Broadcasting aligns shapes at the right and stretches axes of length 1, without copying. (n,) against
#   (n, 1) makes (n, n), and nothing warns you.
# - A slice, a transpose and a reshape are views of the same memory; an index list makes a copy.
# - In einsum, letters that are missing after the arrow are summed over. This one notation covers sums,
#   transposes and products.
# - In the backward pass, what was stretched is summed, and what was summed is stretched. The gradient of an
#   einsum is an einsum with letters exchanged.
#
# ## What to read next
#
# | here | there |
# | :-- | :-- |
# | undoing a broadcast | `unbroadcast`, in `tinygrad_edu/autodiff.py` |
# | the rows of sums and products | `reductions.py` and `products.py` in `tinygrad_edu/ops` |
# | the rules of broadcasting | C. Harris et al., *Array programming with NumPy* (Nature, 2020) |
# | gradients of matrix products | M. Giles, *Collected matrix derivative results* (2008) |
#
# Go on with [lesson 3](03_the_derivative_table.ipynb), where you add a function of your own to the
# derivative table.
