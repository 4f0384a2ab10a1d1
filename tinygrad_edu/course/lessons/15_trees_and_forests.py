# builds: a decision tree and a random forest in NumPy, and a forest that measures its own error
# needs: lessons 2 and 7
# %% [markdown] title
# # Lesson 15: Trees and forests
#
# A decision tree asks one question after the other: is the petal shorter than 2.45 cm? It needs no gradient and no scaling, and people can read it. Alone it memorizes its training set. Hundreds of trees that vote, a **random forest**, are one of the best models for tables. In this lesson you write the search for a question and a whole tree in NumPy, see how a tree overfits, and build a forest that measures its own error.
#
# You need lessons [2](02_arrays_broadcasting_axes.ipynb) and [7](07_logistic_regression.ipynb), and about twenty minutes.
# %% imports tags=needed
import matplotlib.pyplot as plt
import numpy as np

from models import DecisionTreeClassifier, RandomForestClassifier
from models.datasets import load_breast_cancer, load_iris, make_moons
from models.selection import train_test_split
from tinygrad_edu import viz
from tinygrad_edu.course import check, needs

# %% [markdown] impurity-words
# ## 1. What is a good question?
#
# Iris flowers have four measurements and three species. A question "$x_j \le t$?" divides the flowers into two groups. It is good if each group consists mostly of one species. The **Gini impurity** measures how mixed a group is, from the fractions $p_k$ of its classes:
#
# $$I = 1 - \sum_k p_k^2$$
#
# It is the probability that two flowers, drawn at random with replacement, are of different species. A group of one species has $I = 0$. *How large is it for 50 flowers of each of the three species?*
# %% impurity
iris = load_iris()
X, y, names = iris.data, iris.target, iris.target_names


def gini(counts):
    """The impurity of groups. counts: (..., classes) -> (...)"""
    p = counts / counts.sum(axis=-1, keepdims=True)
    return 1 - (p**2).sum(axis=-1)


print("all flowers:", round(gini(np.array([50, 50, 50])), 4))
print("one species:", gini(np.array([50, 0, 0])))
assert np.isclose(gini(np.array([50, 50, 50])), 2 / 3)


# %% [markdown] split-words
# ## 2. The best threshold, without a loop over thresholds
#
# Sort the values of one feature. Every threshold lies between two neighbors, so there are at most $n - 1$ different questions. **A cumulative sum of one-hot labels counts the classes on the left of all of them at once**, and what remains is on the right. The gain of a question is the impurity before, minus the impurity of the groups weighted by their sizes (Breiman, Friedman, Olshen and Stone 1984, section 4.3):
#
# $$\text{gain} = I - \frac{n_\text{left}}{n} I_\text{left} - \frac{n_\text{right}}{n} I_\text{right}$$
#
# *Which of the four measurements has the best question?*
# %% split
def best_question(x, onehot):
    """The gain and the threshold of the best question about one feature. x: (n,), onehot: (n, classes)"""
    order = np.argsort(x, kind="stable")
    x, left = x[order], np.cumsum(onehot[order], axis=0)[:-1]
    total = onehot.sum(axis=0)
    n_left = np.arange(1, len(x))
    children = n_left * gini(left) + (len(x) - n_left) * gini(total - left)
    gain = gini(total) - children / len(x)
    gain[x[1:] == x[:-1]] = 0  # no threshold lies between equal values
    i = np.argmax(gain)
    return gain[i], float(x[i] + x[i + 1]) / 2


# %% split-iris
onehot = np.eye(3)[y]
for j, feature in enumerate(iris.feature_names):
    gain, threshold = best_question(X[:, j], onehot)
    print(f"{feature:18} best gain {gain:.3f} at {threshold:.2f}")
gains = [best_question(X[:, j], onehot)[0] for j in range(4)]
assert np.isclose(max(gains), 1 / 3) and np.argmax(gains) in (2, 3)
# %% [markdown] split-after
# Both petal measurements separate one species from the others without a mistake: the gain is $\frac13$. *Why is that the largest possible gain for a first question here?* (One group is pure. The other has two species of equal size, $I = \frac12$, and two thirds of the flowers: $\frac23 - \frac23 \cdot \frac12 = \frac13$.)
#
# Here are the gains of all thresholds of the petal's width:
# %% gains-picture
# alt: Three species of iris along the petal width, and above it the gain of each threshold. The gain has its maximum between the first species and the two others, and a second peak between the other two.
width = X[:, 3]
candidates = np.unique(width)
thresholds = (candidates[1:] + candidates[:-1]) / 2
gain = [
    gini(onehot.sum(axis=0))
    - sum(side.mean() * gini(onehot[side].sum(axis=0)) for side in (width <= t, width > t))
    for t in thresholds
]
fig, ax = plt.subplots(figsize=(7, 2.8), layout="constrained")
ax.plot(thresholds, gain, "k.-", linewidth=1)
for k, name in enumerate(names):
    ax.plot(width[y == k], np.full(50, -0.03 - 0.02 * k), "|", label=name, markersize=8)
ax.set(xlabel="petal width in cm", ylabel="gain")
ax.legend()


# %% [markdown] tree-words
# ## 3. A tree is the same question again
#
# Divide the flowers by the best question, and ask again in each group, until it is pure. A recursion of fifteen lines does it. A prediction walks from the root to a leaf.
# %% tree
def grow(X, onehot, depth):
    """A tree as nested tuples (feature, threshold, left, right). A leaf is its class."""
    counts = onehot.sum(axis=0)
    if depth == 0 or gini(counts) == 0:
        return int(counts.argmax())
    found = [best_question(X[:, j], onehot) for j in range(X.shape[1])]
    feature = int(np.argmax([gain for gain, _ in found]))
    gain, threshold = found[feature]
    if gain <= 0:
        return int(counts.argmax())
    left = X[:, feature] <= threshold
    return (
        feature,
        threshold,
        grow(X[left], onehot[left], depth - 1),
        grow(X[~left], onehot[~left], depth - 1),
    )


def answer(tree, x):
    while isinstance(tree, tuple):
        feature, threshold, left, right = tree
        tree = left if x[feature] <= threshold else right
    return tree


# %% tree-iris
tree = grow(X, onehot, depth=2)
print(tree)
ours = np.array([answer(tree, x) for x in X])
print(f"training accuracy of two levels: {np.mean(ours == y):.1%}")
# %% [markdown] model-words
# `models.DecisionTreeClassifier` does the same. It searches all features in one pass, needs no recursion, and knows many more rules, for example when to stop. *Are its predictions the same as ours?*
# %% model
model = DecisionTreeClassifier(max_depth=2, random_state=0).fit(X, y)
print("same predictions:", np.array_equal(model.predict(X), ours))
assert np.array_equal(model.predict(X), ours)
# %% tree-picture
# alt: A decision tree of two levels for iris. The root asks about the petal, one side is pure setosa, the other asks about the petal width and separates versicolor from virginica almost perfectly.
fig, ax = plt.subplots(figsize=(7.5, 3.4), layout="constrained")
viz.tree(model, feature_names=iris.feature_names, class_names=list(names), ax=ax)
# %% [markdown] gradient-words
# ## 4. Why not by gradient descent?
#
# The number of mistakes of a question does not change if its threshold moves a little, as long as it passes no flower. So the derivative is 0 almost everywhere, and a gradient says nothing about where to go. A tree is found by **search**. That is why this lesson hardly uses the Tensor.
#
# A **soft tree** makes each question a probability, $\sigma((w \cdot x + b) / T)$, and then the loss has a useful gradient. `models.SoftDecisionTreeClassifier` is trained like a network. *How do the loss and its slope change when the temperature $T$ falls?*
# %% soft
from tinygrad_edu import grad, ops
from tinygrad_edu.gradcheck import gradcheck


def soft_loss(threshold, T):
    """Mean probability of a wrong answer to: is the petal's width above the threshold?"""
    p = ops.sigmoid((width - threshold) / T)  # probability of "yes: not setosa"
    return np.where(y == 0, p, 1 - p).mean()


print("T      loss at 0.5   slope at 0.5   slope at 1.4")
for T in [1.0, 0.1, 0.01]:
    slope = grad(lambda t, T=T: soft_loss(t, T))
    print(f"{T:<6} {soft_loss(0.5, T):11.4f} {float(slope(0.5)):14.4f} {float(slope(1.4)):14.4f}")
assert gradcheck(lambda t: soft_loss(t, 0.1), np.array(0.5))
assert abs(float(grad(lambda t: soft_loss(t, 0.001))(0.8))) < 1e-12  # the hard question: no slope
# %% [markdown] overfit-words
# The smaller $T$ is, the more the probability looks like a step from 0 to 1, and the loss like the fraction of mistakes. The slope is then large near a flower, as at 1.4, and 0 where no flower is near. A soft tree with a large $T$ is easy to train, and one with a small $T$ asks hard questions.
#
# ## 5. A deep tree memorizes
#
# Two half moons with noise, and trees of different depths. *What will the boundary of a tree without a limit look like?*
# %% moons
moons_x, moons_y = make_moons(400, noise=0.3, random_state=0)
train_x, test_x, train_y, test_y = train_test_split(moons_x, moons_y, test_size=0.5, random_state=0)
# %% depth-picture
# alt: Three decision boundaries on the two moons. Depth 1 is a single line, depth 4 follows the moons, and the tree without a limit draws boxes around single points.
fig, axes = plt.subplots(1, 3, figsize=(8.5, 2.9), layout="constrained")
for ax, depth in zip(axes, [1, 4, None], strict=True):
    model = DecisionTreeClassifier(max_depth=depth, random_state=0).fit(train_x, train_y)
    viz.decision_boundary(model.predict_proba, train_x, train_y, ax=ax)
    scores = model.score(train_x, train_y), model.score(test_x, test_y)
    ax.set_title(
        f"depth {depth or 'without limit'}\ntrain {scores[0]:.0%}, test {scores[1]:.0%}",
        fontsize=10,
    )
assert scores[0] == 1
# %% [markdown] overfit-after
# Without a limit the tree is right about every training sample, and it is worse on the test set than the tree of depth 4. It draws boxes around single samples. Another sample of the same moons would give a very different tree: **deep trees have a small bias and a large variance**.
# %% [markdown] forest-words
# ## 6. Many trees vote
#
# The mean of $m$ independent numbers has a variance that is $m$ times smaller. Trees that saw the same data are not independent. A random forest (Breiman 2001) makes them less alike in two ways:
#
# - each tree is grown on a **bootstrap sample**: $n$ rows drawn with replacement;
# - each question may use only a few features, drawn at random.
#
# *Which fraction of the rows does a bootstrap sample contain?*
# %% bootstrap
rng = np.random.default_rng(0)
rows = rng.integers(0, 1000, size=(200, 1000))
inside = np.mean([len(np.unique(sample)) / 1000 for sample in rows])
print(f"rows inside: {inside:.3f}   1 - 1/e = {1 - np.exp(-1):.3f}")
assert abs(inside - (1 - np.exp(-1))) < 0.005


# %% [markdown] bootstrap-after
# A row is missed by one draw with probability $1 - \frac1n$, and by all $n$ draws with $\left(1 - \frac1n\right)^n \to e^{-1}$. So each tree has not seen 37% of the rows.
#
# Here is a forest by hand: 100 of our own trees, each on a bootstrap sample of the moons.
# %% by-hand
def forest(X, y, trees, rng):
    grown = []
    for _ in range(trees):
        rows = rng.integers(0, len(X), len(X))
        grown.append(grow(X[rows], np.eye(2)[y[rows]], depth=20))
    return grown


def vote(grown, X):
    votes = np.array([[answer(tree, x) for x in X] for tree in grown])
    return votes.mean(axis=0)  # the fraction that says 1


grown = forest(train_x, train_y, 100, np.random.default_rng(1))
single = np.mean([np.mean(np.array([answer(t, x) for x in test_x]) == test_y) for t in grown])
together = np.mean((vote(grown, test_x) > 0.5) == test_y)
print(f"test accuracy: one tree on average {single:.1%}, all together {together:.1%}")
assert together > single
# %% [markdown] oob-words
# ## 7. A forest knows its own error
#
# For each row there are trees that have not seen it. Let only these vote on it, and you have an honest estimate of the test accuracy, without a test set: the **out-of-bag score**. We use the breast cancer table: 569 rows, 30 features. *How far will the three estimates be apart?*
# %% cancer
cancer = load_breast_cancer()
cancer_x, cancer_test_x, cancer_y, cancer_test_y = train_test_split(
    cancer.data, cancer.target, test_size=0.4, random_state=0, stratify=cancer.target
)
# %% oob tags=varies
trees = RandomForestClassifier(200, oob_score=True, random_state=0).fit(cancer_x, cancer_y)
print(f"training accuracy   {trees.score(cancer_x, cancer_y):.1%}")
print(f"out-of-bag accuracy {trees.oob_score_:.1%}")
print(f"test accuracy       {trees.score(cancer_test_x, cancer_test_y):.1%}")
assert trees.score(cancer_x, cancer_y) == 1
assert abs(trees.oob_score_ - trees.score(cancer_test_x, cancer_test_y)) < 0.03
# %% [markdown] size-words
# Does a forest overfit if it has too many trees? *Guess before you look.*
# %% size-picture tags=varies
# alt: Test error against the number of trees, for bagging with all features and for a forest with few. Both fall quickly and then change only by a few rows of the test set. The forest is lower.
fig, ax = plt.subplots(figsize=(6.5, 2.7), layout="constrained")
for features, label in [(None, "all features for each question"), ("sqrt", "√30 features")]:
    model = RandomForestClassifier(200, max_features=features, random_state=0)
    model.fit(cancer_x, cancer_y)
    votes = np.cumsum([tree.predict_proba(cancer_test_x) for tree in model.estimators_], axis=0)
    ax.plot(range(1, 201), (votes.argmax(axis=2) != cancer_test_y).mean(axis=1), label=label)
ax.set(xlabel="trees", ylabel="test error", xscale="log")
ax.legend()
# %% [markdown] size-after
# It does not: more trees only bring the vote closer to its expected value. (The test set has 228 rows, so a difference of 0.01 is about two rows, and the curves go up and down by chance.) Fewer features for each question make the trees less alike, and here the forest is better for it. The number of trees is a question of time, and the depth of a tree in a forest rarely needs a limit.
# %% [markdown] importance-words
# ## 8. Which features count?
#
# The **impurity importance** of a feature is the total gain of its questions. It has a known fault. To see it, we add a column of random numbers, which cannot be of use. **Permutation importance** asks something else: how much worse does the forest become *on test data* if that column is shuffled? *Which of the two will recognize the useless column?*
# %% importance tags=varies
# alt: Two bar charts of importances. By impurity the random column gets a visible bar, by permutation its bar is about zero.
from models.inspection import permutation_importance

rng = np.random.default_rng(0)
some = [7, 22, 20, 1, 9]  # five columns, and a random one
table = np.column_stack([cancer.data[:, some], rng.normal(size=569)])
columns = [*(str(cancer.feature_names[j]) for j in some), "RANDOM"]
a, b, c, d = train_test_split(table, cancer.target, test_size=0.4, random_state=0)
model = RandomForestClassifier(100, random_state=0).fit(a, c)
shuffled = permutation_importance(model, b, d, n_repeats=10, random_state=0)

fig, axes = plt.subplots(1, 2, figsize=(8.5, 2.5), layout="constrained")
viz.importances(model, names=columns, ax=axes[0])
viz.importances(shuffled, names=columns, ax=axes[1])
axes[0].set_title("impurity, training data", fontsize=10)
axes[1].set_title("permutation, test data", fontsize=10)
assert model.feature_importances_[-1] > 0.01  # it gets some importance for nothing
assert abs(shuffled.importances_mean[-1]) < 0.02
# %% [markdown] importance-after
# Deep in a tree, where few rows are left, some question about random numbers always fits by chance, and the gain counts for its importance. So prefer permutation importance, and measure it on data that the forest has not seen.
# %% [markdown] twin-words
# ## 9. The twin in scikit-learn
#
# You need scikit-learn for this section: `python -m pip install -e '.[compare]'` in the folder of this project. *Will two independent programs grow the same tree?*
# %% twin tags=sklearn
needs("sklearn")
from sklearn.tree import DecisionTreeClassifier as Theirs

ours = DecisionTreeClassifier(max_depth=5, random_state=0).fit(cancer_x, cancer_y)
theirs = Theirs(max_depth=5, random_state=0).fit(cancer_x, cancer_y)
same = ours.predict(cancer_test_x) == theirs.predict(cancer_test_x)
print(
    "depth",
    ours.get_depth(),
    theirs.get_depth(),
    "  leaves",
    ours.get_n_leaves(),
    theirs.get_n_leaves(),
)
print(f"same predictions for {same.mean():.0%} of the test rows")
assert same.mean() > 0.95 and ours.get_depth() == theirs.get_depth()


# %% [markdown] twin-after
# Where two questions have the same gain, either may be chosen, and the trees differ below. Otherwise they are the same.
# %% [markdown] exercises
# ## 10. Three exercises
#
# ### Exercise 1: impurity (1 point)
#
# Write `entropy(counts)` for counts of shape `(..., classes)`: $-\sum_k p_k \log_2 p_k$, of shape `(...)`. A class that does not occur contributes 0, not NaN.
#
# <details><summary>Hint</summary>
#
# $p \log p \to 0$ for $p \to 0$. Take the logarithm of 1 where $p$ is 0: `np.where`.
#
# </details>
# %% exercise entropy points=1
def entropy(counts):
    # BEGIN SOLUTION
    p = counts / counts.sum(axis=-1, keepdims=True)
    return -(p * np.log2(np.where(p > 0, p, 1))).sum(axis=-1)
    # END SOLUTION


# %% check entropy
def check_entropy(entropy):
    one = entropy(np.array([2.0, 2.0]))
    assert np.shape(one) == (), (
        "For counts of shape (classes,) return one number: sum over the last axis."
    )
    assert not np.isclose(one, np.log(2)), "Use the logarithm to base 2: np.log2."
    assert not np.isclose(one, -1), "The sign: entropy is never negative."
    assert not np.isclose(one, -4) and not np.isclose(one, 4), (
        "Divide the counts by their sum first."
    )
    assert np.isclose(one, 1), "Two classes of equal size have an entropy of 1 bit."
    assert np.isclose(entropy(np.array([1.0, 1.0, 1.0, 1.0])), 2), "Four equal classes have 2 bits."
    pure = entropy(np.array([3.0, 0.0]))
    assert np.isclose(pure, 0), "A pure group has entropy 0: a class with p = 0 contributes 0."
    many = entropy(np.array([[2.0, 2.0], [4.0, 0.0], [1.0, 3.0]]))
    assert np.shape(many) == (3,), (
        "For counts of shape (3, 2) return three numbers: sum over axis=-1 only."
    )
    assert np.allclose(many, [1, 0, 0.8112781244591328]), (
        "Each row is divided by its own sum: keepdims=True."
    )


# %% hidden entropy
def check_entropy(entropy):
    counts = np.random.default_rng(3).integers(0, 4, size=(5, 2, 3)) + np.array([1, 0, 0])
    p = counts / counts.sum(axis=-1, keepdims=True)
    wanted = -np.sum(
        [[[a * np.log2(a) if a else 0 for a in row] for row in part] for part in p], axis=-1
    )
    assert np.allclose(entropy(counts), wanted), (
        "It should work for counts of any shape (..., classes)."
    )


# %% right entropy
def entropy(counts):
    counts = np.asarray(counts, dtype=float)
    p = counts / counts.sum(axis=-1)[..., None]
    logs = np.log2(p, out=np.zeros_like(p), where=p > 0)
    return -(p * logs).sum(-1)


# %% right entropy
def entropy(counts):
    total = np.sum(counts, axis=-1)
    safe = np.maximum(counts, 1e-300)
    return np.log2(total) - (counts * np.log2(safe)).sum(-1) / total


# %% wrong entropy: base 2
def entropy(counts):
    p = counts / counts.sum(axis=-1, keepdims=True)
    return -(p * np.log(np.where(p > 0, p, 1))).sum(axis=-1)


# %% wrong entropy: The sign
def entropy(counts):
    p = counts / counts.sum(axis=-1, keepdims=True)
    return (p * np.log2(np.where(p > 0, p, 1))).sum(axis=-1)


# %% wrong entropy: axis=-1 only
def entropy(counts):
    p = counts / counts.sum(axis=-1, keepdims=True)
    return -(p * np.log2(np.where(p > 0, p, 1))).sum()


# %% wrong entropy: Divide the counts
def entropy(counts):
    return -(counts * np.log2(np.where(counts > 0, counts, 1))).sum(axis=-1)


# %% [markdown] exercise-2-words
# ### Exercise 2: a question for numbers (3 points)
#
# In a regression tree a leaf predicts the mean of its targets, and the impurity is their variance. Write `best_threshold(x, y)` for a feature `x` and targets `y`, both of shape `(n,)`: the threshold, halfway between two neighboring different values, for which the sum of squared errors of both groups is smallest. (Assume that `x` has at least two different values.)
#
# <details><summary>Hint</summary>
#
# A loop over the thresholds is allowed. The squared error of a group is `((g - g.mean())**2).sum()`. `np.unique(x)` gives the different values in order.
#
# </details>
# %% exercise threshold points=3
def best_threshold(x, y):
    # BEGIN SOLUTION
    values = np.unique(x)
    thresholds = (values[1:] + values[:-1]) / 2
    errors = [sum(((g - g.mean()) ** 2).sum() for g in (y[x <= t], y[x > t])) for t in thresholds]
    return thresholds[np.argmin(errors)]
    # END SOLUTION


# %% check threshold
def check_threshold(best_threshold):
    t = best_threshold(np.array([5.0, 1.0, 2.0, 3.0, 4.0]), np.array([9.0, 1.0, 1.0, 9.0, 9.0]))
    assert np.shape(t) == (), "Return one number, the threshold."
    assert not np.isclose(t, 4.5), "Take the smallest error, not the largest."
    assert not np.isclose(t, 2) and not np.isclose(t, 3), (
        "The threshold lies halfway between two neighboring values, not at one of them."
    )
    assert np.isclose(t, 2.5), (
        "x = 1, 2 have the target 1 and x = 3, 4, 5 have 9: the threshold is 2.5. Is x sorted together with y?"
    )
    t = best_threshold(np.array([1.0, 1.0, 1.0, 2.0, 2.0]), np.array([0.0, 5.0, 1.0, 9.0, 8.0]))
    assert np.isclose(t, 1.5), "No threshold lies between equal values of x."
    t = best_threshold(np.arange(6.0), np.array([1.0, 8.0, 0.0, 9.0, 8.0, 9.0]))
    assert not np.isclose(t, 0.5), (
        "Sum the squared errors of both groups. The sum of two variances ignores how large the groups are."
    )
    assert np.isclose(t, 2.5), "Sum the squared errors around the mean of each group."


# %% hidden threshold
def check_threshold(best_threshold):
    rng = np.random.default_rng(11)
    for n in (7, 20):
        x, y = rng.integers(0, 6, n) * 1.0, rng.normal(size=n)
        values = np.unique(x)
        thresholds = (values[1:] + values[:-1]) / 2
        errors = [
            np.var(y[x <= t]) * (x <= t).sum() + np.var(y[x > t]) * (x > t).sum()
            for t in thresholds
        ]
        assert np.isclose(best_threshold(x, y), thresholds[np.argmin(errors)]), (
            "Try it with repeated values."
        )


# %% right threshold
def best_threshold(x, y):
    order = np.argsort(x)
    x, y = x[order], y[order]
    best, where = np.inf, None
    for i in range(1, len(x)):
        if x[i] == x[i - 1]:
            continue
        error = np.var(y[:i]) * i + np.var(y[i:]) * (len(y) - i)
        if error < best:
            best, where = error, (x[i] + x[i - 1]) / 2
    return where


# %% right threshold
def best_threshold(x, y):
    order = np.argsort(x, kind="stable")
    x, y = x[order], y[order]
    n = np.arange(1, len(x))
    left = np.cumsum(y)[:-1]
    gain = left**2 / n + (y.sum() - left) ** 2 / (len(x) - n)
    gain[x[1:] == x[:-1]] = -np.inf
    i = int(np.argmax(gain))
    return float(x[i] + x[i + 1]) / 2


# %% wrong threshold: not at one of them
def best_threshold(x, y):
    values = np.unique(x)[:-1]
    errors = [sum(((g - g.mean()) ** 2).sum() for g in (y[x <= t], y[x > t])) for t in values]
    return values[np.argmin(errors)]


# %% wrong threshold: the smallest error
def best_threshold(x, y):
    values = np.unique(x)
    thresholds = (values[1:] + values[:-1]) / 2
    errors = [sum(((g - g.mean()) ** 2).sum() for g in (y[x <= t], y[x > t])) for t in thresholds]
    return thresholds[np.argmax(errors)]


# %% wrong threshold: Sum the squared errors
def best_threshold(x, y):
    values = np.unique(x)
    thresholds = (values[1:] + values[:-1]) / 2
    errors = [np.var(y[x <= t]) + np.var(y[x > t]) for t in thresholds]
    return thresholds[np.argmin(errors)]


# %% wrong threshold: sorted together
def best_threshold(x, y):
    x = np.sort(x)
    thresholds = (x[1:] + x[:-1]) / 2
    errors = [sum(((g - g.mean()) ** 2).sum() for g in (y[x <= t], y[x > t])) for t in thresholds]
    return thresholds[np.argmin(errors)]


# %% [markdown] exercise-3-words
# ### Exercise 3: the out-of-bag vote (2 points)
#
# `votes` has the shape (trees, n): the class, 0 or 1, that each tree gives to each row. `inside` has the same shape and is True where the row was in the tree's bootstrap sample. Write `out_of_bag(votes, inside)`: for each row the fraction of votes for class 1 among the trees that have **not** seen it, shape (n,). It is NaN for a row that all trees have seen.
#
# <details><summary>Hint</summary>
#
# Count the trees that may vote, `(~inside).sum(axis=0)`, and the votes for 1 among them. `np.where` avoids the division by 0.
#
# </details>
# %% exercise out_of_bag points=2
def out_of_bag(votes, inside):
    # BEGIN SOLUTION
    may = ~inside
    n = may.sum(axis=0)
    return np.where(n > 0, (votes * may).sum(axis=0) / np.maximum(n, 1), np.nan)
    # END SOLUTION


# %% check out_of_bag
def check_out_of_bag(out_of_bag):
    votes = np.array([[1, 0, 1], [1, 1, 0], [0, 1, 1], [1, 0, 1]])
    inside = np.array(
        [[True, False, True], [False, True, False], [False, False, True], [True, False, True]]
    )
    answer = out_of_bag(votes, inside)
    assert np.shape(answer) == (3,), (
        "Return one number for each row of the table: average over the trees, axis 0."
    )
    assert not np.allclose(answer, votes.mean(axis=0)), (
        "Only the trees that have not seen a row may vote on it."
    )
    assert not np.allclose(answer, [1, 1, 1]), (
        "Those are the trees that HAVE seen the row. Use ~inside."
    )
    assert not np.allclose(answer, [0.25, 0.25, 0]), (
        "Divide by the number of trees that voted, not by all trees."
    )
    assert np.allclose(answer, [0.5, 1 / 3, 0]), (
        "For each row: votes for 1 among ~inside, divided by their number."
    )


# %% hidden out_of_bag
def check_out_of_bag(out_of_bag):
    rng = np.random.default_rng(2)
    votes, inside = rng.integers(0, 2, (6, 9)), rng.random((6, 9)) < 0.5
    inside[:, 4] = True
    answer = out_of_bag(votes, inside)
    for i in range(9):
        some = votes[~inside[:, i], i]
        wanted = some.mean() if len(some) else np.nan
        assert np.allclose(answer[i], wanted, equal_nan=True), (
            "A row that all trees have seen gets NaN."
        )


# %% right out_of_bag
def out_of_bag(votes, inside):
    return np.array(
        [v[~i].mean() if (~i).any() else np.nan for v, i in zip(votes.T, inside.T, strict=True)]
    )


# %% right out_of_bag
def out_of_bag(votes, inside):
    with np.errstate(invalid="ignore"):
        weights = 1.0 - inside
        return (votes * weights).sum(axis=0) / weights.sum(axis=0)


# %% wrong out_of_bag: have not seen
def out_of_bag(votes, inside):
    return votes.mean(axis=0)


# %% wrong out_of_bag: HAVE seen
def out_of_bag(votes, inside):
    return (votes * inside).sum(axis=0) / inside.sum(axis=0)


# %% wrong out_of_bag: Divide by the number
def out_of_bag(votes, inside):
    return (votes * ~inside).mean(axis=0)


# %% wrong out_of_bag: one number for each row
def out_of_bag(votes, inside):
    return (votes * ~inside).sum(axis=1) / (~inside).sum(axis=1)


# %% [markdown] next
# ## What you have seen
#
# - A tree is one idea repeated: find the question with the largest gain. Sorting and a cumulative sum try all thresholds at once.
# - A tree is found by search, because its loss has no useful gradient. A soft tree has one.
# - A deep tree has a small bias and a large variance. The vote of many different trees keeps the small bias and loses most of the variance.
# - A forest estimates its own test accuracy from the rows that each tree has not seen.
# - Measure importance by permutation, on data that was not used for training.
#
# ## What to read next
#
# [`models/trees`](../models/trees) searches all features in one pass, and [`models/ensembles/random_forest.py`](../models/ensembles/random_forest.py) grows forests. `viz.tree_frames(model, X).save("tree.html")` makes a page on which samples walk down a tree. In the books: Hastie, Tibshirani and Friedman, *The Elements of Statistical Learning*, section 9.2 and chapter 15; Breiman, *Random forests*, 2001. The next lesson lets trees learn from the mistakes of the trees before them: [boosting](16_boosting_with_a_loss_of_your_own.ipynb).
