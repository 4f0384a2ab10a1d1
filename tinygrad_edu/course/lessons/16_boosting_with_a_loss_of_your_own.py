# builds: gradient boosting for any loss, with the gradient from the engine
# needs: lessons 3 and 15
# %% [markdown] title
# # Lesson 16: Boosting with a loss of your own
#
# A forest grows its trees independently. **Boosting** grows them one after the other, and each learns what those before it got wrong. It usually wins on tables. In this lesson you write gradient boosting in a dozen lines. Then you see why it has this name: the trees follow the gradient of a loss. Since the Tensor computes gradients, **any loss works, also one that you have just invented**.
#
# You need lessons [3](03_the_derivative_table.ipynb) and [15](15_trees_and_forests.ipynb), and about twenty minutes.
# %% imports tags=needed
import matplotlib.pyplot as plt
import numpy as np

from models import DecisionTreeRegressor, GradientBoostingRegressor, HistGradientBoostingClassifier
from models.datasets import load_diabetes, make_moons
from models.selection import train_test_split
from tinygrad_edu import Tensor, grad
from tinygrad_edu.course import check, needs
from tinygrad_edu.gradcheck import gradcheck

# %% [markdown] residuals-words
# ## 1. Learn the mistakes
#
# We want a function of one number, from noisy samples. Start with a constant, the mean. Its mistakes, $y - f(x)$, are called **residuals**. Fit a small tree to the residuals, and add it to $f$. Repeat. *What do the residuals look like after 1, 5 and 50 trees?*
# %% data
rng = np.random.default_rng(0)
x = np.sort(rng.uniform(0, 10, 150))
y = np.sin(x) + 0.3 * x + rng.normal(0, 0.25, 150)
X = x[:, None]  # trees want a table: (samples, features)


def boost(X, y, trees, rate=0.2, depth=2):
    """The constant and the trees of gradient boosting for the squared error."""
    constant = y.mean()
    f, grown = np.full(len(y), constant), []
    for _ in range(trees):
        tree = DecisionTreeRegressor(max_depth=depth).fit(X, y - f)
        f = f + rate * tree.predict(X)
        grown.append(tree)
    return constant, grown


def predict(constant, grown, X, rate=0.2):
    return constant + rate * sum(tree.predict(X) for tree in grown)


# %% residuals-picture
# alt: Three pictures of noisy points and a step function. After 1 tree it has few steps, after 5 it follows roughly, after 50 it follows the wave closely.
constant, grown = boost(X, y, 50)
line = np.linspace(0, 10, 400)[:, None]
fig, axes = plt.subplots(1, 3, figsize=(8.5, 2.6), layout="constrained", sharey=True)
for ax, m in zip(axes, [1, 5, 50], strict=True):
    ax.plot(x, y, ".", color="0.6", markersize=3)
    ax.plot(line, predict(constant, grown[:m], line))
    left = y - predict(constant, grown[:m], X)
    ax.set(title=f"trees: {m}, residuals: {left.std():.2f}", xlabel="x")
# %% [markdown] residuals-after
# Each tree is multiplied by the **learning rate**, here 0.2. The trees are weak, with 4 leaves, and their sum is strong. Is this the algorithm of the library?
# %% library
model = GradientBoostingRegressor(n_estimators=50, learning_rate=0.2, max_depth=2).fit(X, y)
print("same predictions:", np.allclose(model.predict(X), predict(constant, grown, X)))
assert np.allclose(model.predict(X), predict(constant, grown, X), rtol=0, atol=1e-10)


# %% [markdown] gradient-words
# `viz.boosting_frames(model, X, y).save("boosting.html")` shows it round by round.
#
# ## 2. The residual is a gradient
#
# Consider the predictions $f_1, \dots, f_n$ of the training rows as $n$ numbers that we may change, and the loss $L = \sum_i \frac12 (y_i - f_i)^2$. *What is its gradient?*
# %% gradient
def squared_error(f, y):
    return (y - f) ** 2 / 2


f = np.full(len(y), y.mean())
g = grad(lambda f: squared_error(f, y).sum())(Tensor(f)).data
print("negative gradient = residuals:", np.allclose(-g, y - f))
assert np.allclose(-g, y - f)


# %% [markdown] gradient-after
# The negative gradient is the residual. So boosting is **gradient descent in the space of functions** (Friedman 2001). The exact negative gradient would only change the predictions at the training rows. A tree that is fitted to it is a direction that also says something about all other $x$.
#
# That opens the door: replace $\frac12 (y - f)^2$ by another loss, and let the Tensor compute the gradient. One thing must change as well. For the squared error the mean of the residuals in a leaf is the best step. For another loss we take a step of **Newton's method** in each leaf, $-G/H$, with the sums of the first and second derivatives of its rows:
# %% own-loss
def derivatives(loss, f, y):
    """First and second derivative of each row's loss with respect to its prediction."""
    slope = grad(lambda f: loss(f, y).sum())
    first = slope(Tensor(f)).data
    second = grad(lambda f: slope(f).sum())(Tensor(f)).data  # row i depends on f[i] alone
    return first, second


def boost_loss(X, y, loss, trees, rate=0.2, depth=2, start=0.0):
    """Boosting for any loss: (prediction, target) -> loss of each row. Returns a function of X."""
    f, parts = np.full(len(y), start), []
    for _ in range(trees):
        g, h = derivatives(loss, f, y)
        tree = DecisionTreeRegressor(max_depth=depth).fit(X, -g)
        leaf = tree.apply(X)  # the number of the leaf that each row ends in
        G, H = (np.bincount(leaf, weights=w, minlength=leaf.max() + 1) for w in (g, h))
        step = np.divide(-G, H, out=np.zeros_like(G), where=H > 0)
        f = f + rate * step[leaf]
        parts.append((tree, step))
    return lambda X: start + rate * sum(step[tree.apply(X)] for tree, step in parts)


# %% own-check
ours = boost_loss(X, y, squared_error, 50, start=y.mean())
print("squared error, as before:", np.allclose(ours(X), predict(constant, grown, X)))
assert np.allclose(ours(X), predict(constant, grown, X))
first, second = derivatives(squared_error, f, y)
assert np.allclose(second, 1)
# %% [markdown] poisson-words
# ## 3. Counts
#
# Suppose the targets are counts: how many bicycles are rented in an hour. A count is never negative, and its variance grows with its mean. The Poisson distribution fits, with the mean $e^f$. Its negative log-likelihood, without a constant, is
#
# $$L(f, y) = e^f - y f$$
#
# That is one line. *Can a prediction become negative?*
# %% poisson
rng = np.random.default_rng(1)
hours = rng.uniform(0, 24, (400, 1))
mean = np.exp(1 + 1.5 * np.sin((hours[:, 0] - 8) / 24 * 2 * np.pi))
counts = rng.poisson(mean).astype(float)


def poisson(f, y):
    return np.exp(f) - y * f


by_poisson = boost_loss(hours, counts, poisson, 60, start=np.log(counts.mean()))
rates = np.exp(by_poisson(hours))
print(f"smallest predicted mean: {rates.min():.2f}")
print(f"sum of predictions {rates.sum():.1f}, sum of counts {counts.sum():.1f}")
assert rates.min() > 0
assert gradcheck(lambda f: poisson(f, counts[:5]), np.linspace(-1, 2, 5))
# %% poisson-picture
# alt: Counts by hour of the day as points, with the true mean as a smooth wave and the boosted prediction as a step function close to it.
hour = np.linspace(0, 24, 300)[:, None]
fig, ax = plt.subplots(figsize=(7, 2.8), layout="constrained")
ax.plot(hours, counts, ".", color="0.7", markersize=4)
ax.plot(
    hour,
    np.exp(1 + 1.5 * np.sin((hour - 8) / 24 * 2 * np.pi)),
    "k--",
    linewidth=1,
    label="true mean",
)
ax.plot(hour, np.exp(by_poisson(hour)), label="boosted")
ax.set(xlabel="hour", ylabel="bicycles")
ax.legend()


# %% [markdown] quantile-words
# ## 4. More than one number: quantiles
#
# A prediction of the mean hides how uncertain it is. The **pinball loss** has its minimum at a quantile $q$: it costs $q$ for each unit below the target and $1 - q$ for each unit above. Two models, with $q = 0.1$ and $q = 0.9$, enclose 80% of the targets. *Why can Newton's step not be used for this loss?*
# %% quantile
def pinball(q):
    return lambda f, y: np.where(y > f, q * (y - f), (1 - q) * (f - y))


first, second = derivatives(pinball(0.9), f, y)
print("values of the gradient:", np.unique(first), "  of the second derivative:", np.unique(second))
assert np.allclose(np.unique(first), [-0.9, 0.1]) and not second.any()
# %% [markdown] quantile-after
# Its second derivative is 0. In this case the best step of a leaf is the $q$-quantile of its residuals, and the library takes it. You give it the loss as a function:
# %% quantile-model
band = [
    GradientBoostingRegressor(loss=pinball(q), n_estimators=60, max_depth=2, learning_rate=0.2)
    for q in (0.1, 0.9)
]
low, high = (model.fit(X, y).predict(X) for model in band)
inside = np.mean((low <= y) & (y <= high))
print(f"fraction of the training targets inside the band: {inside:.2f}")
assert 0.75 < inside < 0.95
# %% quantile-picture
# alt: Noisy points around a wave, with a band between two step functions that encloses about 80 percent of them.
fig, ax = plt.subplots(figsize=(7, 2.8), layout="constrained")
edges = [model.predict(line) for model in band]
ax.fill_between(line[:, 0], *edges, alpha=0.3, step="mid", label="from the 10% to the 90% quantile")
ax.plot(x, y, "k.", markersize=3)
ax.set(xlabel="x", ylabel="y")
ax.legend(loc="upper left")
# %% [markdown] stop-words
# At a few places the band is much too narrow. The two models are trained independently, and nothing keeps their steps apart.
#
# ## 5. When to stop
#
# A forest cannot have too many trees. *Can boosting?* We look at the test error after each tree, for three learning rates, on the diabetes table: 442 patients, 10 measurements.
# %% stop
table = load_diabetes()
train_x, test_x, train_y, test_y = train_test_split(
    table.data, table.target, test_size=0.4, random_state=0
)
# %% stop-picture tags=varies
# alt: Test error by number of trees for learning rates 1, 0.1 and 0.02. With rate 1 it rises at once. With 0.1 it falls, has its minimum after some twenty trees and rises slowly. With 0.02 it falls to about the same value, later.
fig, ax = plt.subplots(figsize=(7, 3), layout="constrained")
lowest = {}
for rate in [1.0, 0.1, 0.02]:
    model = GradientBoostingRegressor(
        n_estimators=250, learning_rate=rate, max_depth=2, random_state=0
    ).fit(train_x, train_y)
    errors = [np.mean((test_y - p) ** 2) ** 0.5 for p in model.staged_predict(test_x)]
    ax.plot(range(1, 251), errors, label=f"learning rate {rate}")
    lowest[rate] = int(np.argmin(errors)) + 1
    print(f"rate {rate:<5} smallest test error {min(errors):.1f} after {lowest[rate]} trees")
ax.set(xlabel="trees", ylabel="test error (RMS)", ylim=(50, 80))
ax.legend()
assert lowest[1.0] < lowest[0.1] < lowest[0.02]
# %% [markdown] stop-after
# It can: boosting reduces the training error further and further, and fits the noise in the end. A smaller learning rate needs more trees, and its minimum is flatter and often lower. In practice the number of trees is found on a validation set: `n_iter_no_change=10` holds a part of the rows back and stops when their loss no longer falls.
# %% [markdown] hist-words
# ## 6. Large tables: histograms
#
# Sorting every feature at every node is slow for many rows. **Histogram boosting** first replaces each feature by one of at most 255 bins. Then the sums of $g$ and $h$ over the bins are enough to find the best question. `HistGradientBoostingClassifier` does it. It handles missing values too: at each question they go to the side where they lower the loss.
# %% hist
from tinygrad_edu import viz

moons_x, moons_y = make_moons(3000, noise=0.25, random_state=0)
gaps = np.random.default_rng(0).random(moons_x.shape) < 0.1  # every tenth number is missing
moons_x[gaps] = np.nan
a, b, c, d = train_test_split(moons_x, moons_y, test_size=0.5, random_state=0)
fast = HistGradientBoostingClassifier(max_iter=60, random_state=0).fit(a, c)
print("test accuracy above 85%, although every fifth row misses a number:", fast.score(b, d) > 0.85)
assert fast.score(b, d) > 0.85
# %% hist-picture
# alt: The two moons and the boundary of the boosted model between them, made of small steps.
fig, ax = plt.subplots(figsize=(4.5, 3), layout="constrained")
whole = ~np.isnan(b).any(axis=1)
viz.decision_boundary(fast.predict_proba, b[whole][:300], d[whole][:300], ax=ax)
# %% [markdown] twin-words
# ## 7. The twin in scikit-learn
#
# You need scikit-learn for this section: `python -m pip install -e '.[compare]'` in the folder of this project. *Do both learn the same from the diabetes table?*
# %% twin tags=sklearn
needs("sklearn")
from sklearn.ensemble import GradientBoostingRegressor as Theirs

settings = {"n_estimators": 100, "max_depth": 2, "learning_rate": 0.1, "random_state": 0}
p = GradientBoostingRegressor(**settings).fit(train_x, train_y).predict(test_x)
q = Theirs(**settings).fit(train_x, train_y).predict(test_x)
print("correlation of the predictions above 0.999:", np.corrcoef(p, q)[0, 1] > 0.999)
assert np.corrcoef(p, q)[0, 1] > 0.999


# %% [markdown] exercises
# ## 8. Three exercises
#
# ### Exercise 1: a loss of your own (2 points)
#
# Log-cosh, $\ln \cosh (f - y)$, behaves like half the squared error for small errors and like the absolute error for large ones. Write `log_cosh(f, y)` so that it works for Tensors and arrays, gives the loss of each row, and does not overflow for errors of 1000.
#
# <details><summary>Hint</summary>
#
# $\cosh e = \frac12 (e^{e} + e^{-e})$, and `np.logaddexp(a, b)` is $\ln (e^a + e^b)$ without overflow.
#
# </details>
# %% exercise log_cosh points=2
def log_cosh(f, y):
    # BEGIN SOLUTION
    return np.logaddexp(f - y, y - f) - np.log(2)
    # END SOLUTION


# %% check log_cosh
def check_log_cosh(log_cosh):
    y = np.array([1.0, 2.0, -3.0])
    value = log_cosh(np.array([1.5, 2.0, 0.0]), y)
    assert np.shape(value) == (3,), "Return the loss of each row, not their sum or mean."
    assert not np.allclose(value, np.cosh([0.5, 0.0, 3.0])), "The logarithm is missing."
    assert not np.allclose(value - np.log(2), np.log(np.cosh([0.5, 0.0, 3.0]))), (
        "ln 2 is missing: cosh has a factor ½. At f = y the loss is 0."
    )
    assert np.allclose(value, np.log(np.cosh([0.5, 0.0, 3.0]))), "The error is f - y."
    with np.errstate(all="ignore"):
        far = log_cosh(np.array([1000.0, -1000.0]), np.zeros(2))
    assert np.isfinite(far).all(), "It overflows for an error of 1000. Use np.logaddexp."
    assert np.allclose(far, 1000 - np.log(2)), "For large errors it is |f - y| - ln 2."
    f = Tensor(np.array([0.5, -2.0]), requires_grad=True)
    total = log_cosh(f, np.zeros(2)).sum()
    assert hasattr(total, "backward"), (
        "With a Tensor it must return a Tensor: do not convert f to an array."
    )
    total.backward()
    assert np.allclose(f.grad, np.tanh([0.5, -2.0])), "The derivative is tanh(f - y)."


# %% hidden log_cosh
def check_log_cosh(log_cosh):
    e = np.random.default_rng(3).normal(size=8)
    assert np.allclose(log_cosh(e + 5, np.full(8, 5.0)), np.log(np.cosh(e))), (
        "Check the error f - y."
    )


# %% right log_cosh
def log_cosh(f, y):
    e = np.abs(f - y)
    return e + np.log1p(np.exp(-2 * e)) - np.log(2)


# %% right log_cosh
def log_cosh(f, y):
    from tinygrad_edu import ops

    return ops.softplus(2 * (f - y)) - (f - y) - np.log(2.0)


# %% wrong log_cosh: overflows
def log_cosh(f, y):
    return np.log(np.cosh(f - y))


# %% wrong log_cosh: ln 2 is missing
def log_cosh(f, y):
    return np.logaddexp(f - y, y - f)


# %% wrong log_cosh: loss of each row
def log_cosh(f, y):
    return (np.logaddexp(f - y, y - f) - np.log(2)).mean()


# %% wrong log_cosh: must return a Tensor
def log_cosh(f, y):
    e = np.array([float(a) for a in f]) - y
    return np.logaddexp(e, -e) - np.log(2)


# %% [markdown] exercise-2-words
# ### Exercise 2: the value of a leaf (2 points)
#
# XGBoost and LightGBM add a penalty $\frac{\lambda}{2} v^2$ on the value $v$ of each leaf. Write `leaf_values(leaf, g, h, lam)`: the value $-G/(H + \lambda)$ of each leaf, shape (leaves,), where `leaf` (n,) has the numbers 0 to leaves − 1, every one of them at least once.
#
# <details><summary>Hint</summary>
#
# `np.bincount(leaf, weights=g)` sums `g` for each leaf.
#
# </details>
# %% exercise leaf_values points=2
def leaf_values(leaf, g, h, lam):
    # BEGIN SOLUTION
    return -np.bincount(leaf, weights=g) / (np.bincount(leaf, weights=h) + lam)
    # END SOLUTION


# %% check leaf_values
def check_leaf_values(leaf_values):
    leaf, g, h = (
        np.array([0, 1, 0, 1, 1]),
        np.array([1.0, -2.0, 2.0, -4.0, 0.0]),
        np.array([1.0, 0.5, 0.5, 0.5, 1.0]),
    )
    v = leaf_values(leaf, g, h, 1.0)
    assert np.shape(v) == (2,), "Return one value for each leaf."
    assert not np.allclose(v, [1.2, -2]), "The sign: the step goes down, against the gradient."
    assert not np.allclose(v, [-3 / 1.5, 6 / 2]), "λ is missing in the denominator."
    assert not np.allclose(v, [-3 / 3.5, 6 / 5]), "Add λ once for each leaf, not once for each row."
    assert not np.allclose(v, [-3 / 2, 6 / 3]) and not np.allclose(v, [-3 / 3, 6 / 4]), (
        "Divide by the sum of h, not by the number of rows."
    )
    assert np.allclose(v, [-1.2, 2]), (
        "-G / (H + λ), with the sums G and H over the rows of the leaf."
    )


# %% hidden leaf_values
def check_leaf_values(leaf_values):
    rng = np.random.default_rng(4)
    leaf = np.concatenate([np.arange(5), rng.integers(0, 5, 20)])
    g, h = rng.normal(size=25), rng.uniform(size=25)
    wanted = [-g[leaf == k].sum() / (h[leaf == k].sum() + 0.3) for k in range(5)]
    assert np.allclose(leaf_values(leaf, g, h, 0.3), wanted), "Try it with more leaves."


# %% right leaf_values
def leaf_values(leaf, g, h, lam):
    return np.array([-g[leaf == k].sum() / (h[leaf == k].sum() + lam) for k in np.unique(leaf)])


# %% right leaf_values
def leaf_values(leaf, g, h, lam):
    onehot = (leaf == np.arange(leaf.max() + 1)[:, None]).astype(float)
    return onehot @ -g / (onehot @ h + lam)


# %% wrong leaf_values: The sign
def leaf_values(leaf, g, h, lam):
    return np.bincount(leaf, weights=g) / (np.bincount(leaf, weights=h) + lam)


# %% wrong leaf_values: λ is missing
def leaf_values(leaf, g, h, lam):
    return -np.bincount(leaf, weights=g) / np.bincount(leaf, weights=h)


# %% wrong leaf_values: not by the number of rows
def leaf_values(leaf, g, h, lam):
    return -np.bincount(leaf, weights=g) / (np.bincount(leaf) + lam)


# %% wrong leaf_values: not once for each row
def leaf_values(leaf, g, h, lam):
    return -np.bincount(leaf, weights=g) / np.bincount(leaf, weights=h + lam)


# %% [markdown] exercise-3-words
# ### Exercise 3: where to stop (1 point)
#
# Write `best_round(losses, patience)`. `losses` are the validation losses after each tree. Training stops when `patience` trees in a row have not lowered the smallest loss so far. Return how many trees the model should keep: the number of trees at the smallest loss that was seen before stopping.
#
# <details><summary>Hint</summary>
#
# Go through the losses, keep the best and its number, and stop when the present number is `patience` larger.
#
# </details>
# %% exercise best_round points=1
def best_round(losses, patience):
    # BEGIN SOLUTION
    best, where = np.inf, 0
    for n, loss in enumerate(losses, 1):
        if loss < best:
            best, where = loss, n
        elif n - where >= patience:
            break
    return where
    # END SOLUTION


# %% check best_round
def check_best_round(best_round):
    answer = best_round([5.0, 4.0, 3.0, 3.5, 3.6, 3.7], 2)
    assert answer != 2, "Numbers of trees count from 1: after the third tree the model has 3 trees."
    assert answer != 5, (
        "Keep the trees up to the smallest loss, without those that were grown while waiting."
    )
    assert answer == 3, "The smallest loss is that of 3 trees."
    answer = best_round([5.0, 4.0, 4.5, 4.6, 1.0], 2)
    assert answer != 5, "Training has stopped after 4 trees. What comes later was never seen."
    assert answer == 2, (
        "Two trees in a row did not lower the smallest loss: stop, and keep 2 trees."
    )
    assert best_round([5.0, 4.0, 4.5, 3.0, 3.5], 2) == 4, (
        "The waiting starts anew when the loss falls."
    )


# %% hidden best_round
def check_best_round(best_round):
    assert best_round([3.0, 2.0, 1.0], 5) == 3, "Without stopping the smallest of all counts."
    assert best_round([1.0, 2.0, 0.5], 1) == 1, "With patience 1 the first rise ends it."
    assert best_round([2.0, 2.0, 2.0, 1.0], 3) == 4, (
        "An equal loss is not lower, and three may wait."
    )


# %% right best_round
def best_round(losses, patience):
    waited, best, keep = 0, float("inf"), 0
    for i, loss in enumerate(losses):
        if loss < best:
            best, keep, waited = loss, i + 1, 0
        else:
            waited += 1
            if waited == patience:
                return keep
    return keep


# %% right best_round
def best_round(losses, patience):
    end = len(losses)
    for n in range(patience + 1, len(losses) + 1):
        if np.argmin(losses[:n]) + 1 <= n - patience:
            end = n
            break
    return int(np.argmin(losses[:end])) + 1


# %% wrong best_round: count from 1
def best_round(losses, patience):
    best, where = np.inf, 0
    for n, loss in enumerate(losses):
        if loss < best:
            best, where = loss, n
        elif n - where >= patience:
            break
    return where


# %% wrong best_round: never seen
def best_round(losses, patience):
    return int(np.argmin(losses)) + 1


# %% wrong best_round: while waiting
def best_round(losses, patience):
    best, where = np.inf, 0
    for n, loss in enumerate(losses, 1):
        if loss < best:
            best, where = loss, n
        elif n - where >= patience:
            return n
    return where


# %% [markdown] next
# ## What you have seen
#
# - Boosting fits each tree to the mistakes of the sum of those before it.
# - The residual is the negative gradient of the squared error. With the gradient of another loss the same program predicts counts, quantiles, or whatever the loss asks for.
# - In a leaf, $-G/H$ is a step of Newton's method.
# - Boosting can overfit. A small learning rate and a validation set decide how many trees to keep.
#
# ## What to read next
#
# [`models/boosting`](../models/boosting): `losses.py` states each loss once, `derivatives.py` lets the engine differentiate it, `gradient_boosting.py` is Friedman's algorithm. In the books: Hastie, Tibshirani and Friedman, *The Elements of Statistical Learning*, chapter 10; Friedman, *Greedy function approximation: a gradient boosting machine*, 2001; Chen and Guestrin, *XGBoost*, 2016. The next lesson has no labels: [k-means and mixtures](17_k_means_and_mixtures.ipynb).
