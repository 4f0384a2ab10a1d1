# builds: ten checks that turn from red to green, and a list of what to test in a model of your own
# needs: lessons 5, 7, 15 to 18
# %% [markdown] title
# # Lesson 24: Spot the bug
#
# Machine learning programs rarely crash when they are wrong. They return numbers. Each of the ten bugs in this lesson was found in a published, popular repository of algorithms "from scratch", and reproduced. We have rebuilt them in code of our own, a few lines each. **Every bug was in code that ran, had users, and looked right.** For each there is a check that fails. Find the bug, mend it, and turn the check green. Then remember the kind of check: it would have found the bug on the first day.
#
# You need lessons [5](05_is_my_gradient_right.ipynb), [7](07_logistic_regression.ipynb) and [15](15_trees_and_forests.ipynb) to [18](18_pca_tsne_umap.ipynb), and about twenty-five minutes. The cells below show the code *with* its bug. Change it, and run the cell again.
# %% imports tags=needed
import numpy as np

from models import DBSCAN, GaussianMixture, GradientBoostingRegressor, LogisticRegression
from tinygrad_edu import Tensor, nn
from tinygrad_edu.course import check

# %% [markdown] kinds
# ## Four kinds of checks
#
# | check | it finds |
# | :-- | :-- |
# | a number that is known: by hand, from a formula, from another program | wrong formulas |
# | a **gradient** against differences | wrong signs, factors and transposes |
# | an **invariance**: what must not change if the input changes in a certain way | forgotten means, statistics of the wrong data |
# | an **extreme** input: very large, very many, empty, zero | overflow, underflow, special cases |
#
# Here are two of them at work on code that is right. *Which kind is which?*
# %% kinds-at-work
rng = np.random.default_rng(0)
X, y = rng.normal(size=(60, 3)), rng.integers(0, 2, 60)
model = LogisticRegression(tol=1e-10).fit(X, y)
moved = LogisticRegression(tol=1e-10).fit(X + 5, y)
print("shifted columns, same coefficients:", np.allclose(model.coef_, moved.coef_, atol=1e-6))
assert np.allclose(model.coef_, moved.coef_, atol=1e-6)

far = nn.cross_entropy(np.array([[1000.0, 0.0]]), np.array([1]))
print("loss of logits 1000 and 0:", far)
assert np.isclose(far, 1000)


# %% [markdown] predict-words
# The first one is an invariance, and the second one an extreme input.
#
# ## Bug 1: the same rows, three different answers (1 point)
#
# This regression standardizes its features. Trained on rows whose answers are known, it predicts well for a large batch. For a single row it returns the mean of y, whatever the row. *What differs between a batch and a row?*
#
# <details><summary>Hint</summary>
#
# An invariance: the prediction for a row must not depend on which other rows stand beside it. Whose mean is subtracted?
#
# </details>
# %% exercise scaled_regression points=1
class ScaledRegression:
    # BEGIN SOLUTION
    def fit(self, X, y):
        self.mean, self.std = X.mean(axis=0), X.std(axis=0)
        Z = (X - self.mean) / self.std
        self.w = np.linalg.lstsq(Z, y - y.mean(), rcond=None)[0]
        self.b = y.mean()
        return self

    def predict(self, X):
        return (X - self.mean) / self.std @ self.w + self.b

    # INSTEAD OF THE BUG
    def fit(self, X, y):
        Z = (X - X.mean(axis=0)) / X.std(axis=0)
        self.w = np.linalg.lstsq(Z, y - y.mean(), rcond=None)[0]
        self.b = y.mean()
        return self

    def predict(self, X):
        Z = (X - X.mean(axis=0)) / (X.std(axis=0) + 1e-12)
        return Z @ self.w + self.b

    # END SOLUTION


# %% check scaled_regression
def check_scaled_regression(ScaledRegression):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(50, 3)) * [1, 10, 100] + [5, -3, 0]
    y = X @ np.array([2.0, 0.5, -0.1]) + 7
    model = ScaledRegression()
    model.fit(X, y)
    new = X[:4] + 20
    wanted = new @ np.array([2.0, 0.5, -0.1]) + 7
    assert np.allclose(np.asarray(model.predict(X)), y), (
        "The predictions for the training rows themselves are not right."
    )
    assert not np.allclose(np.asarray(model.predict(new[:1])), y.mean()), (
        "For a single row the answer is the mean of y, whatever the row."
    )
    assert np.allclose(np.asarray(model.predict(new)), wanted), (
        "New rows must be standardized by exactly the mean and deviation that fit has used."
    )


# %% hidden scaled_regression
def check_scaled_regression(ScaledRegression):
    rng = np.random.default_rng(5)
    X = rng.normal(size=(30, 2)) * [3, 0.1]
    y = X @ np.array([1.0, -20.0]) - 2
    model = ScaledRegression()
    model.fit(X, y)
    new = np.array([[100.0, 1.0]])
    assert np.allclose(np.asarray(model.predict(new)), 100 - 20 - 2), (
        "A single, distant row is not predicted right."
    )


# %% right scaled_regression
class ScaledRegression:
    def fit(self, X, y):
        A = np.column_stack([X, np.ones(len(X))])
        self.w = np.linalg.lstsq(A, y, rcond=None)[0]
        return self

    def predict(self, X):
        return X @ self.w[:-1] + self.w[-1]


# %% right scaled_regression
class ScaledRegression:
    def scale(self, X):
        return (X - self.center) / self.width

    def fit(self, X, y):
        self.center, self.width = X.mean(0), X.std(0)
        self.b = y.mean()
        self.w = np.linalg.pinv(self.scale(X)) @ (y - self.b)
        return self

    def predict(self, X):
        return self.scale(X) @ self.w + self.b


# %% wrong scaled_regression: exactly the mean and deviation
class ScaledRegression:
    def fit(self, X, y):
        self.mean, self.std = X.mean(axis=0), X.std(axis=0)
        self.w = np.linalg.lstsq((X - self.mean) / self.std, y - y.mean(), rcond=None)[0]
        self.b = y.mean()
        return self

    def predict(self, X):
        if len(X) == 50:
            return (X - self.mean) / self.std @ self.w + self.b
        return (X - X.mean(axis=0)) / self.std @ self.w + self.b + 1


# %% wrong scaled_regression: is the mean of y
class ScaledRegression:
    def fit(self, X, y):
        self.w = np.linalg.lstsq((X - X.mean(axis=0)) / X.std(axis=0), y - y.mean(), rcond=None)[0]
        self.b = y.mean()
        return self

    def predict(self, X):
        return (X - X.mean(axis=0)) / np.maximum(X.std(axis=0), 1e-9) @ self.w + self.b


# %% wrong scaled_regression: training rows themselves
class ScaledRegression:
    def fit(self, X, y):
        self.mean, self.std = X.mean(axis=0), X.std(axis=0)
        self.w = np.linalg.lstsq((X - self.mean) / self.std, y - y.mean(), rcond=None)[0]
        self.b = y.mean()
        return self

    def predict(self, X):
        return X @ self.w + self.b


# %% [markdown] r2-words
# ## Bug 2: a perfect score for the opposite (1 point)
#
# $R^2$ is 1 for a perfect prediction, 0 for the mean, and negative for something worse than the mean. This function gives 1.0 to predictions of exactly the wrong sign.
#
# <details><summary>Hint</summary>
#
# A correlation does not notice sign, shift or scale. $R^2 = 1 - \sum (y - \hat y)^2 / \sum (y - \bar y)^2$.
#
# </details>
# %% exercise r2 points=1
def r2(y, predicted):
    # BEGIN SOLUTION
    return 1 - ((y - predicted) ** 2).sum() / ((y - y.mean()) ** 2).sum()
    # INSTEAD OF THE BUG
    return np.corrcoef(y, predicted)[0, 1] ** 2
    # END SOLUTION


# %% check r2
def check_r2(r2):
    y = np.array([1.0, 2.0, 3.0, 4.0])
    assert np.isclose(r2(y, y), 1), "A perfect prediction has the score 1."
    assert not np.isclose(r2(y, 5 - y), 1), (
        "The opposite of the truth, 5 - y, must not get a perfect score."
    )
    assert not np.isclose(r2(y, 2 * y), 1), (
        "Twice the truth must not get a perfect score: scale and shift count."
    )
    assert np.isclose(r2(y, np.full(4, 2.5)), 0), "The mean has the score 0."
    assert np.isclose(r2(y, 5 - y), -3), (
        "The squared errors are compared with those of the mean: a score can be negative."
    )
    p = np.array([1.0, 2.0, 3.0, 6.0])
    assert not np.isclose(r2(y, p), 1 - 4 / ((p - p.mean()) ** 2).sum()), (
        "Compare with the deviations of y, not of the predictions."
    )
    assert np.isclose(r2(y, p), 0.2), "1 minus the squared errors over the squared deviations of y."


# %% hidden r2
def check_r2(r2):
    y, p = np.random.default_rng(1).normal(size=(2, 9))
    assert np.isclose(r2(y, p), 1 - np.sum((y - p) ** 2) / np.sum((y - y.mean()) ** 2)), (
        "Try other numbers."
    )


# %% right r2
def r2(y, predicted):
    return 1 - np.mean((y - predicted) ** 2) / np.var(y)


# %% right r2
def r2(y, predicted):
    error, base = y - predicted, y - np.mean(y)
    return (base @ base - error @ error) / (base @ base)


# %% wrong r2: a score can be negative
def r2(y, predicted):
    return max(0.0, 1 - ((y - predicted) ** 2).sum() / ((y - y.mean()) ** 2).sum())


# %% wrong r2: not of the predictions
def r2(y, predicted):
    spread = ((predicted - predicted.mean()) ** 2).sum() or ((y - predicted) ** 2).sum()
    return 1 - ((y - predicted) ** 2).sum() / spread


# %% wrong r2: scale and shift count
def r2(y, predicted):
    if np.ptp(predicted) == 0:
        return 0.0
    c = np.corrcoef(y, predicted)[0, 1]
    return c * abs(c)


# %% [markdown] sign-words
# ## Bug 3: a penalty that rewards large weights (1 point)
#
# The gradient of a logistic regression with the L2 penalty $\frac{\lambda}{2}\lVert w \rVert^2$. Labels are 0 or 1, and the loss is the mean over the rows plus the penalty. With $\lambda = 0$ it is right.
#
# <details><summary>Hint</summary>
#
# Compare it with differences of the loss, or let a Tensor differentiate the loss.
#
# </details>
# %% exercise logistic_gradient points=1
def logistic_gradient(w, X, y, lam):
    # BEGIN SOLUTION
    p = 1 / (1 + np.exp(-(X @ w)))
    return X.T @ (p - y) / len(y) + lam * w
    # INSTEAD OF THE BUG
    p = 1 / (1 + np.exp(-(X @ w)))
    return -(X.T @ (y - p) / len(y) + lam * w)
    # END SOLUTION


# %% check logistic_gradient
def check_logistic_gradient(logistic_gradient):
    rng = np.random.default_rng(0)
    X, y, w = rng.normal(size=(12, 3)), rng.integers(0, 2, 12), rng.normal(size=3)

    def loss(w, lam):
        z = X @ w
        return (np.logaddexp(0, z) - y * z).mean() + lam / 2 * (w * w).sum()

    def slope(lam):
        leaf = Tensor(w, requires_grad=True)
        loss(leaf, lam).backward()
        return leaf.grad

    plain, given = slope(0.0), np.asarray(logistic_gradient(w, X, y, 0.0))
    assert given.shape == (3,), "The gradient has the shape of w."
    assert not np.allclose(given, -plain), (
        "Now the part of the data points upward. Only the penalty was wrong."
    )
    assert np.allclose(given, plain), (
        "Without penalty it must stay as it was: the mean over the rows."
    )
    given = np.asarray(logistic_gradient(w, X, y, 0.7))
    assert not np.allclose(given, plain - 0.7 * w), (
        "With λ = 0.7 it differs from the gradient of the loss. The part of the data is right."
    )
    assert not np.allclose(given, plain + 2 * 0.7 * w), (
        "The derivative of λ/2 w² is λ w, not 2 λ w."
    )
    assert not np.allclose(given, plain + 0.7 * w / 12), (
        "The penalty is not divided by the number of rows."
    )
    assert np.allclose(given, slope(0.7)), "It is not the gradient of the loss with the penalty."


# %% hidden logistic_gradient
def check_logistic_gradient(logistic_gradient):
    rng = np.random.default_rng(3)
    X, y, w = rng.normal(size=(7, 2)), rng.integers(0, 2, 7), rng.normal(size=2)
    p = 1 / (1 + np.exp(-(X @ w)))
    wanted = X.T @ (p - y) / 7 + 2.5 * w
    assert np.allclose(logistic_gradient(w, X, y, 2.5), wanted), "Try other data."


# %% right logistic_gradient
def logistic_gradient(w, X, y, lam):
    p = 1 / (1 + np.exp(-(X @ w)))
    return -(X.T @ (y - p)) / len(y) + lam * w


# %% right logistic_gradient
def logistic_gradient(w, X, y, lam):
    leaf = Tensor(w, requires_grad=True)
    z = X @ leaf
    ((np.logaddexp(0, z) - y * z).mean() + lam / 2 * (leaf * leaf).sum()).backward()
    return leaf.grad


# %% wrong logistic_gradient: points upward
def logistic_gradient(w, X, y, lam):
    p = 1 / (1 + np.exp(-(X @ w)))
    return X.T @ (y - p) / len(y) + lam * w


# %% wrong logistic_gradient: not 2 λ w
def logistic_gradient(w, X, y, lam):
    p = 1 / (1 + np.exp(-(X @ w)))
    return X.T @ (p - y) / len(y) + 2 * lam * w


# %% wrong logistic_gradient: not divided by the number of rows
def logistic_gradient(w, X, y, lam):
    p = 1 / (1 + np.exp(-(X @ w)))
    return (X.T @ (p - y) + lam * w) / len(y)


# %% [markdown] bayes-words
# ## Bug 4: half right on 400 features (1 point)
#
# Gaussian naive Bayes: the class with the largest $\pi_k \prod_j \mathcal N(x_j \mid \mu_{kj}, \sigma_{kj}^2)$. On four features it is right. On 400 features, where it should be nearly perfect, its accuracy is that of a coin.
#
# <details><summary>Hint</summary>
#
# An extreme input. Print the product of 400 densities.
#
# </details>
# %% exercise naive_bayes points=1
def naive_bayes(x, priors, means, variances):
    """The most probable class of one row. x: (features,), priors: (K,), means, variances: (K, features)"""
    # BEGIN SOLUTION
    logs = -((x - means) ** 2) / (2 * variances) - np.log(2 * np.pi * variances) / 2
    return int(np.argmax(np.log(priors) + logs.sum(axis=1)))
    # INSTEAD OF THE BUG
    densities = np.exp(-((x - means) ** 2) / (2 * variances)) / np.sqrt(2 * np.pi * variances)
    return int(np.argmax(priors * densities.prod(axis=1)))
    # END SOLUTION


# %% check naive_bayes
def check_naive_bayes(naive_bayes):
    rng = np.random.default_rng(0)
    one, half = np.ones((2, 2)), np.array([0.5, 0.5])
    near = naive_bayes(np.array([0.1, 0.2]), half, one * [[0], [1]], one)
    assert near == 0, "Two features: the nearer class."
    prior = naive_bayes(np.array([0.49, 0.49]), np.array([0.01, 0.99]), one * [[0], [1]], one)
    assert prior == 1, "The prior counts: add its logarithm."
    narrow = naive_bayes(np.zeros(2), half, one * 0, one * [[25.0], [1.0]])
    assert narrow == 1, (
        "In the middle, the narrow distribution has the larger density: the term ln σ² is missing."
    )
    means, variances = np.stack([np.zeros(400), np.full(400, 0.6)]), np.full((2, 400), 4.0)
    rows = [(k, means[k] + 2 * rng.normal(size=400)) for k in [0, 1] * 20]
    correct = np.mean([naive_bayes(x, half, means, variances) == k for k, x in rows])
    assert correct > 0.5, "With 400 features it answers with the first class for all rows."
    assert correct == 1, "With 400 features it is not right for all rows."


# %% hidden naive_bayes
def check_naive_bayes(naive_bayes):
    rng = np.random.default_rng(2)
    means, variances = rng.normal(size=(3, 900)), rng.uniform(0.5, 2, (3, 900))
    for k in range(3):
        x = means[k] + np.sqrt(variances[k]) * rng.normal(size=900)
        assert naive_bayes(x, np.array([0.2, 0.3, 0.5]), means, variances) == k, (
            "Try three classes."
        )
    same, wide = np.zeros((2, 3)), np.array([[9.0] * 3, [1.0] * 3])
    assert naive_bayes(np.zeros(3), np.array([0.5, 0.5]), same, wide) == 1, (
        "Variances that differ count."
    )
    assert naive_bayes(np.zeros(3), np.array([0.1, 0.9]), same, np.ones((2, 3))) == 1, (
        "Priors count."
    )


# %% right naive_bayes
def naive_bayes(x, priors, means, variances):
    distance = ((x - means) ** 2 / variances).sum(axis=1)
    return int(np.argmin(distance + np.log(variances).sum(axis=1) - 2 * np.log(priors)))


# %% right naive_bayes
def naive_bayes(x, priors, means, variances):
    best, answer = -np.inf, 0
    for k in range(len(priors)):
        score = np.log(priors[k])
        for j in range(len(x)):
            score -= (x[j] - means[k, j]) ** 2 / (2 * variances[k, j]) + np.log(variances[k, j]) / 2
        if score > best:
            best, answer = score, k
    return answer


# %% wrong naive_bayes: The prior counts
def naive_bayes(x, priors, means, variances):
    logs = -((x - means) ** 2) / (2 * variances) - np.log(variances) / 2
    return int(np.argmax(logs.sum(axis=1)))


# %% wrong naive_bayes: ln σ² is missing
def naive_bayes(x, priors, means, variances):
    return int(np.argmax(np.log(priors) - ((x - means) ** 2 / (2 * variances)).sum(axis=1)))


# %% wrong naive_bayes: With 400 features
def naive_bayes(x, priors, means, variances):
    densities = np.exp(-((x - means) ** 2) / (2 * variances)) / np.sqrt(2 * np.pi * variances)
    return int(np.argmax(np.log(priors * densities.prod(axis=1) + 1e-300)))


# %% [markdown] base-words
# ## Bug 5: predictions around zero (1 point)
#
# Gradient boosting (lesson 16). The training error falls as it should. The targets are all above 970, and the predictions for new rows have a mean of 0.
#
# <details><summary>Hint</summary>
#
# What does `boost` start from, and does `boosted` know it?
#
# </details>
# %% stump tags=needed
def stump(x, y):
    """The best single question about x: (threshold, value on the left, value on the right)."""
    order = np.argsort(x)
    x, y = x[order], y[order]
    n, left = np.arange(1, len(x)), np.cumsum(y)[:-1]
    gain = left**2 / n + (y.sum() - left) ** 2 / (len(x) - n)
    i = int(np.argmax(np.where(x[1:] > x[:-1], gain, -np.inf)))
    return (x[i] + x[i + 1]) / 2, y[: i + 1].mean(), y[i + 1 :].mean()


# %% exercise boost points=1
def boost(x, y, new, trees=40, rate=0.3):
    """Trains on x, y (n,), and returns the predictions at new (m,)."""
    # BEGIN SOLUTION
    f = np.full(len(y), y.mean())
    g = np.full(len(new), y.mean())
    for _ in range(trees):
        t, a, b = stump(x, y - f)
        f = f + rate * np.where(x <= t, a, b)
        g = g + rate * np.where(new <= t, a, b)
    return g
    # INSTEAD OF THE BUG
    f = np.full(len(y), y.mean())
    grown = []
    for _ in range(trees):
        grown.append(stump(x, y - f))
        t, a, b = grown[-1]
        f = f + rate * np.where(x <= t, a, b)
    return sum(rate * np.where(new <= t, a, b) for t, a, b in grown)
    # END SOLUTION


# %% check boost
def check_boost(boost):
    rng = np.random.default_rng(0)
    x = rng.uniform(0, 1, 80)
    y = 974 + 10 * (x > 0.4) + rng.normal(0, 1, 80)
    answer = np.asarray(boost(x, y, x))
    assert answer.shape == (80,), "Return a prediction for each new row."
    assert abs(answer.mean()) > 100, "The predictions lie around 0, and the targets above 970."
    assert abs(answer.mean() - y.mean()) < 5, (
        "The mean of the predictions is not that of y. Is the constant added exactly once, and without the rate?"
    )
    assert np.mean((answer - y) ** 2) < 2, (
        "The predictions for the training rows are not those that training has reached."
    )
    some = np.asarray(boost(x, y, np.array([0.1, 0.9])))
    assert abs(some[1] - some[0] - 10) < 3, (
        "New rows must go through the questions with their own x."
    )


# %% hidden boost
def check_boost(boost):
    x = np.arange(6.0)
    y = np.array([-50.0, -50, -50, -40, -40, -40])
    model = GradientBoostingRegressor(n_estimators=5, learning_rate=0.5, max_depth=1).fit(
        x[:, None], y
    )
    wanted = model.predict(np.array([[0.0], [9.0]]))
    assert np.allclose(boost(x, y, np.array([0.0, 9.0]), trees=5, rate=0.5), wanted), (
        "Try fewer trees."
    )


# %% right boost
def boost(x, y, new, trees=40, rate=0.3):
    base, grown = np.mean(y), []
    f = np.full(len(y), base)
    for _ in range(trees):
        t, a, b = stump(x, y - f)
        f += rate * np.where(x <= t, a, b)
        grown.append((t, a, b))
    return base + sum(rate * np.where(new <= t, a, b) for t, a, b in grown)


# %% right boost
def boost(x, y, new, trees=40, rate=0.3):
    everything = np.concatenate([x, new])
    f = np.full(len(everything), y.mean())
    for _ in range(trees):
        t, a, b = stump(x, y - f[: len(x)])
        f = f + rate * np.where(everything <= t, a, b)
    return f[len(x) :]


# %% wrong boost: exactly once
def boost(x, y, new, trees=40, rate=0.3):
    f, grown = np.full(len(y), y.mean()), []
    for _ in range(trees):
        t, a, b = stump(x, y - f)
        f = f + rate * np.where(x <= t, a, b)
        grown.append((t, a, b))
    return sum(y.mean() + rate * np.where(new <= t, a, b) for t, a, b in grown)


# %% wrong boost: without the rate
def boost(x, y, new, trees=40, rate=0.3):
    f, grown = np.full(len(y), y.mean()), []
    for _ in range(trees):
        t, a, b = stump(x, y - f)
        f = f + rate * np.where(x <= t, a, b)
        grown.append((t, a, b))
    return rate * (y.mean() + sum(np.where(new <= t, a, b) for t, a, b in grown))


# %% wrong boost: that training has reached
def boost(x, y, new, trees=40, rate=0.3):
    return np.full(len(new), y.mean())


# %% [markdown] neighbors-words
# ## Bug 6: the neighbors of somebody else (1 point)
#
# DBSCAN asks for the indices of all points within a distance of `eps`, without the point itself. The adjusted Rand index on the two moons, where DBSCAN is perfect, was 0.
#
# <details><summary>Hint</summary>
#
# A number that is known: take three points on a line, and find the neighbors of the last one on paper.
#
# </details>
# %% exercise neighbors points=1
def neighbors(X, i, eps):
    """The indices of the points within eps of point i, without i. X: (n, d)"""
    # BEGIN SOLUTION
    near = np.sqrt(((X - X[i]) ** 2).sum(axis=1)) <= eps
    near[i] = False
    return np.flatnonzero(near)
    # INSTEAD OF THE BUG
    others = np.delete(X, i, axis=0)
    return np.flatnonzero(np.sqrt(((others - X[i]) ** 2).sum(axis=1)) <= eps)
    # END SOLUTION


# %% check neighbors
def check_neighbors(neighbors):
    X = np.array([[0.0], [1.0], [2.0], [2.5], [9.0]])
    first = [int(k) for k in neighbors(X, 4, 1.0)]
    assert 4 not in first, "A point is not its own neighbor here."
    assert first == [], "Point 4 has no neighbor within 1."
    answer = [int(k) for k in neighbors(X, 1, 1.0)]
    assert 1 not in answer, (
        "Point 1 is found among the neighbors of point 1. Which points should be there?"
    )
    assert answer != [], "A distance of exactly eps still counts: <=."
    assert answer == [0, 2], (
        "Of the points 0, 1, 2, 2.5 and 9, the neighbors of point 1 within 1 are points 0 and 2."
    )
    square = np.array([[0.0, 0.0], [0.8, 0.8], [3.0, 0.0]])
    assert [int(k) for k in neighbors(square, 0, 1.0)] == [], (
        "The distance is Euclidean: the diagonal is longer than 1."
    )


# %% hidden neighbors
def check_neighbors(neighbors):
    X = np.random.default_rng(4).normal(size=(15, 2))
    for i in range(15):
        wanted = [j for j in range(15) if j != i and np.hypot(*(X[i] - X[j])) <= 0.9]
        assert [int(k) for k in neighbors(X, i, 0.9)] == wanted, "Try each point of a random set."


# %% right neighbors
def neighbors(X, i, eps):
    return [j for j in range(len(X)) if j != i and np.linalg.norm(X[j] - X[i]) <= eps]


# %% right neighbors
def neighbors(X, i, eps):
    found = np.flatnonzero(((X - X[i]) ** 2).sum(axis=1) <= eps**2)
    return found[found != i]


# %% wrong neighbors: not its own neighbor
def neighbors(X, i, eps):
    return np.flatnonzero(np.sqrt(((X - X[i]) ** 2).sum(axis=1)) <= eps)


# %% wrong neighbors: exactly eps
def neighbors(X, i, eps):
    near = np.sqrt(((X - X[i]) ** 2).sum(axis=1)) < eps
    near[i] = False
    return np.flatnonzero(near)


# %% wrong neighbors: is Euclidean
def neighbors(X, i, eps):
    near = np.abs(X - X[i]).max(axis=1) <= eps
    near[i] = False
    return np.flatnonzero(near)


# %% wrong neighbors: found among the neighbors
def neighbors(X, i, eps):
    others = np.delete(X, i, axis=0)
    return np.flatnonzero(np.sqrt(((others - X[i]) ** 2).sum(axis=1)) <= eps) + 1


# %% [markdown] weights-words
# ## Bug 7: weights that never change (1 point)
#
# The M step of a mixture (lesson 17), with its state in a dictionary. The means move, the likelihood rises, and the weights stay where they started, although one component has nine times as many points as the other.
#
# <details><summary>Hint</summary>
#
# `weights = ...` gives a new value to a local name. Who else sees it?
#
# </details>
# %% exercise m_step points=1
def m_step(X, r, state):
    """Updates state["weights"] (K,) and state["means"] (K, d) from responsibilities r (n, K)."""
    # BEGIN SOLUTION
    N = r.sum(axis=0)
    state["weights"] = N / len(X)
    state["means"] = r.T @ X / N[:, None]
    # INSTEAD OF THE BUG
    weights, means = state["weights"], state["means"]
    N = r.sum(axis=0)
    weights = N / len(X)
    means[:] = r.T @ X / N[:, None]
    # END SOLUTION
    return state


# %% check m_step
def check_m_step(m_step):
    rng = np.random.default_rng(0)
    X = np.concatenate([rng.normal(0, 1, (90, 2)), rng.normal(9, 1, (10, 2))])
    r = np.repeat(np.eye(2), [90, 10], axis=0)
    state = m_step(X, r, {"weights": np.array([0.5, 0.5]), "means": np.zeros((2, 2))})
    weights, means = np.asarray(state["weights"]), np.asarray(state["means"])
    assert weights.shape == (2,) and means.shape == (2, 2), "The shapes must stay as they are."
    assert np.allclose(means, [X[:90].mean(axis=0), X[90:].mean(axis=0)]), (
        "The means are no longer right."
    )
    assert not np.allclose(weights, [0.5, 0.5]), "The weights have not changed in the state."
    assert not np.allclose(weights, [90, 10]), "Weights sum to 1: divide by the number of rows."
    assert not np.allclose(weights, [0.1, 0.9]), "The weights are exchanged."
    assert np.allclose(weights, [0.9, 0.1]), (
        "The weight of a component is the sum of its responsibilities divided by the number of rows."
    )


# %% hidden m_step
def check_m_step(m_step):
    rng = np.random.default_rng(6)
    X, r = rng.normal(size=(20, 3)), rng.dirichlet(np.ones(4), 20)
    state = m_step(X, r, {"weights": np.full(4, 0.25), "means": np.zeros((4, 3))})
    assert np.allclose(state["weights"], r.mean(axis=0)), "Try four components."
    assert np.allclose(state["means"], r.T @ X / r.sum(axis=0)[:, None]), "Try four components."


# %% right m_step
def m_step(X, r, state):
    state["weights"][:] = r.mean(axis=0)
    state["means"][:] = r.T @ X / r.sum(axis=0)[:, None]
    return state


# %% right m_step
def m_step(X, r, state):
    total = r.sum(axis=0)
    return {"weights": total / total.sum(), "means": np.einsum("nk,nd->kd", r, X) / total[:, None]}


# %% wrong m_step: Weights sum to 1
def m_step(X, r, state):
    N = r.sum(axis=0)
    state["weights"] = N
    state["means"] = r.T @ X / N[:, None]
    return state


# %% wrong m_step: means are no longer right
def m_step(X, r, state):
    state["weights"] = r.mean(axis=0)
    state["means"] = r.T @ X / len(X)
    return state


# %% wrong m_step: have not changed in the state
def m_step(X, r, state):
    weights = state["weights"]
    weights = r.mean(axis=0)
    weights = weights / weights.sum()
    state["means"] = r.T @ X / r.sum(axis=0)[:, None]
    return state


# %% [markdown] seed-words
# ## Bug 8: the seed that does nothing (1 point)
#
# Somebody wants reproducible results, passes the seed 0 as most people do, and gets another split in every run. Every other seed works.
#
# <details><summary>Hint</summary>
#
# An extreme input. What is `bool(0)`?
#
# </details>
# %% exercise split points=1
def split(n, seed=None):
    """A permutation of n rows; the same for the same seed, and a new one in each call without a seed."""
    # BEGIN SOLUTION
    return np.random.default_rng(seed).permutation(n)
    # INSTEAD OF THE BUG
    rng = np.random.default_rng()
    if seed:
        rng = np.random.default_rng(seed)
    return rng.permutation(n)
    # END SOLUTION


# %% check split
def check_split(split):
    a, b = np.asarray(split(50, seed=3)), np.asarray(split(50, seed=3))
    assert np.array_equal(np.sort(a), np.arange(50)), "Return a permutation of 0 to n - 1."
    assert np.array_equal(a, b), "The same seed must give the same permutation."
    assert np.array_equal(split(50, seed=0), split(50, seed=0)), (
        "Seed 0 gives another permutation in each call."
    )
    assert not np.array_equal(split(50, seed=0), a), (
        "Different seeds must give different permutations."
    )
    assert not np.array_equal(split(50), split(50)), (
        "Without a seed every call must give a new permutation."
    )
    assert not np.array_equal(split(50, seed=None), split(50, seed=0)), (
        "None is no seed, and 0 is one."
    )


# %% hidden split
def check_split(split):
    assert len({tuple(int(k) for k in split(20, seed=s)) for s in range(5)}) == 5, (
        "Five seeds, five permutations."
    )
    assert np.array_equal(split(20, seed=0), split(20, seed=0)), "Seed 0 must work."


# %% right split
def split(n, seed=None):
    rng = np.random.default_rng() if seed is None else np.random.default_rng(seed)
    return rng.permutation(n)


# %% right split
def split(n, seed=None):
    return np.argsort(np.random.default_rng(seed).random(n))


# %% wrong split: new permutation
def split(n, seed=None):
    return np.random.default_rng(seed or 0).permutation(n)


# %% wrong split: Seed 0
def split(n, seed=None):
    rng = np.random.default_rng(seed) if seed else np.random.default_rng()
    return rng.permutation(n)


# %% wrong split: Different seeds
def split(n, seed=None):
    return (
        np.random.default_rng().permutation(n)
        if seed is None
        else np.random.default_rng(0).permutation(n)
    )


# %% [markdown] perplexity-words
# ## Bug 9: thirty neighbors asked for, ten delivered (1 point)
#
# t-SNE looks for the precision of each row at which the entropy belongs to the wanted perplexity (lesson 18). This function is one row of that search. With a perplexity of 30 the picture falls into little clumps.
#
# <details><summary>Hint</summary>
#
# Two logarithms meet here. In which unit is each entropy?
#
# </details>
# %% exercise precision points=1
def precision(d2, perplexity):
    """β such that p ∝ exp(-β d2) has the given perplexity e^H. d2: (n,), squared distances to the others"""
    low, high, beta = 0.0, np.inf, 1.0
    for _ in range(100):
        p = np.exp(-beta * (d2 - d2.min()))
        p = p / p.sum()
        # BEGIN SOLUTION
        entropy = -(p * np.log(p + 1e-300)).sum()
        # INSTEAD OF THE BUG
        entropy = -(p * np.log2(p + 1e-300)).sum()
        # END SOLUTION
        if entropy > np.log(perplexity):
            low, beta = beta, (beta * 2 if np.isinf(high) else (beta + high) / 2)
        else:
            high, beta = beta, (beta + low) / 2
    return beta


# %% check precision
def check_precision(precision):
    d2 = np.random.default_rng(0).uniform(1, 20, 200)

    def perplexity_of(beta):
        p = np.exp(-beta * (d2 - d2.min()))
        p = p / p.sum()
        return np.exp(-(p * np.log(p + 1e-300)).sum())

    got = perplexity_of(float(precision(d2, 30.0)))
    assert not np.isclose(got, 30 ** np.log(2), rtol=0.01), (
        f"With the perplexity 30 there are {got:.1f} neighbors."
    )
    assert not np.isclose(got, 30 ** (1 / np.log(2)), rtol=0.01), (
        "Now there are too many neighbors: both logarithms must have the same base."
    )
    assert np.isclose(got, 30, rtol=1e-3), f"With the perplexity 30 there are {got:.1f} neighbors."
    assert np.isclose(perplexity_of(float(precision(d2, 5.0))), 5, rtol=1e-3), (
        "Try the perplexity 5."
    )


# %% hidden precision
def check_precision(precision):
    d2 = np.arange(1.0, 60.0)
    beta = float(precision(d2, 12.0))
    p = np.exp(-beta * d2)
    p = p / p.sum()
    assert np.isclose(np.exp(-(p * np.log(p)).sum()), 12, rtol=1e-3), "Try other distances."


# %% right precision
def precision(d2, perplexity):
    low, high = 0.0, 1e6
    for _ in range(200):
        beta = (low + high) / 2
        p = np.exp(-beta * (d2 - d2.min()))
        p = p / p.sum()
        entropy = -(p * np.log2(p + 1e-300)).sum()
        if entropy > np.log2(perplexity):
            low = beta
        else:
            high = beta
    return beta


# %% right precision
def precision(d2, perplexity):
    grid = np.logspace(-8, 4, 400)
    for _ in range(6):
        z = -np.outer(grid, d2 - d2.min())
        p = np.exp(z)
        p = p / p.sum(axis=1, keepdims=True)
        entropy = -(p * np.log(p + 1e-300)).sum(axis=1)
        i = int(np.clip(np.searchsorted(-entropy, -np.log(perplexity)), 1, len(grid) - 1))
        grid = np.linspace(grid[i - 1], grid[i], 400)
    return grid[200]


# %% wrong precision: must have the same base
def precision(d2, perplexity):
    low, high = 0.0, 1e4
    for _ in range(200):
        beta = (low + high) / 2
        p = np.exp(-beta * (d2 - d2.min()))
        p = p / p.sum()
        if -(p * np.log(p + 1e-300)).sum() > np.log2(perplexity):
            low = beta
        else:
            high = beta
    return beta


# %% wrong precision: neighbors
def precision(d2, perplexity):
    return 1 / (2 * perplexity)


# %% wrong precision: With the perplexity 30 there are
def precision(d2, perplexity):
    low, high = 0.0, 1e4
    for _ in range(200):
        beta = (low + high) / 2
        p = np.exp(-beta * (d2 - d2.min()))
        p = p / p.sum()
        if -(p * np.log2(p + 1e-300)).sum() > np.log(perplexity):
            low = beta
        else:
            high = beta
    return beta


# %% [markdown] overwrite-words
# ## Bug 10: the second call is different (1 point)
#
# Standardize the columns of X. A column that is constant becomes 0. The function is called twice in a program, for two models, and the second model is worse.
#
# <details><summary>Hint</summary>
#
# Look at X after the call.
#
# </details>
# %% exercise standardize points=1
def standardize(X):
    # BEGIN SOLUTION
    X = X - X.mean(axis=0)
    std = X.std(axis=0)
    return X / np.where(std > 0, std, 1)
    # INSTEAD OF THE BUG
    X -= X.mean(axis=0)
    std = X.std(axis=0)
    for j in range(X.shape[1]):
        if std[j] > 0:
            X[:, j] /= std[j]
    return X
    # END SOLUTION


# %% check standardize
def check_standardize(standardize):
    X = np.array([[1.0, 5.0, -2.0], [3.0, 5.0, 4.0], [5.0, 5.0, 1.0]])
    kept = X.copy()
    with np.errstate(all="ignore"):
        answer = standardize(X)
    assert np.array_equal(X, kept), "Your function changes the table of its caller."
    answer = np.asarray(answer)
    assert answer.shape == (3, 3), "Return a table of the same shape."
    assert not np.isnan(answer).any(), "A constant column has the deviation 0, and 0 / 0 is NaN."
    assert np.allclose(answer[:, 1], 0), "A constant column becomes 0."
    right = (kept - kept.mean(axis=0)) / np.where(kept.std(axis=0) > 0, kept.std(axis=0), 1)
    assert not np.allclose(answer, right * np.sqrt(2 / 3)), (
        "The deviation divides by n here, as NumPy's std."
    )
    assert np.allclose(answer, right), "Each other column has the mean 0 and the deviation 1."


# %% hidden standardize
def check_standardize(standardize):
    X = np.random.default_rng(8).normal(3, 2, (9, 4))
    kept = X.copy()
    answer = np.asarray(standardize(X))
    assert np.array_equal(X, kept) and np.allclose(answer.std(axis=0), 1), "Try other tables."


# %% right standardize
def standardize(X):
    X = np.array(X)
    X -= X.mean(axis=0)
    std = X.std(axis=0)
    X /= np.where(std == 0, 1, std)
    return X


# %% right standardize
def standardize(X):
    columns = []
    for column in X.T:
        s = np.std(column)
        columns.append((column - column.mean()) / s if s else np.zeros_like(column))
    return np.stack(columns, axis=1)


# %% wrong standardize: changes the table
def standardize(X):
    Z = X
    Z -= Z.mean(axis=0)
    std = Z.std(axis=0)
    return Z / np.where(std > 0, std, 1)


# %% wrong standardize: is NaN
def standardize(X):
    with np.errstate(all="ignore"):
        return (X - X.mean(axis=0)) / X.std(axis=0)


# %% wrong standardize: divides by n here
def standardize(X):
    Z = X - X.mean(axis=0)
    std = Z.std(axis=0, ddof=1)
    return Z / np.where(std > 0, std, 1)


# %% [markdown] next
# ## What you have seen
#
# Ten bugs, and hardly one of them crashes:
#
# | bug | the check that finds it |
# | :-- | :-- |
# | statistics of the wrong data (1), a constant that is forgotten (5) | predict one row, and the same row among others; compare the mean of the predictions |
# | a wrong formula for a known quantity (2, 9) | cases with known answers, also bad ones |
# | a gradient with a wrong sign (3) | differences, or the Tensor |
# | underflow (4) | hundreds of features |
# | indices of another array (6) | three points, on paper |
# | a new value for a local name (7), an overwritten input (10) | look at the state and the arguments after the call; call twice |
# | a value that counts as False (8) | 0, empty, None |
#
# This library has such checks for each of its models, in one place for all: [`tests/models/test_every_estimator.py`](../tests/models/test_every_estimator.py). When you write a model of your own, let it run through them ([CONTRIBUTING](../CONTRIBUTING.md)).
#
# This was the last lesson. The gallery and the how-to guides show what else there is. And the source is meant to be read.
