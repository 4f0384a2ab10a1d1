# builds: k-means and a Gaussian mixture, and the proof that their steps are gradient steps
# needs: lessons 4 and 7
# %% [markdown] title
# # Lesson 17: k-means, mixtures, and EM as a gradient
#
# No labels in this lesson: **clustering** looks for groups in data by itself. You write k-means in six lines, and its soft relative, the mixture of normal distributions, in twelve. Both are usually taught as recipes that alternate between two steps. Here the Tensor shows what the recipes are: **k-means is Newton's method on a loss, and the responsibilities of EM are a gradient**.
#
# You need lessons [4](04_seeing_a_backward_pass.ipynb) and [7](07_logistic_regression.ipynb), and about twenty minutes.
# %% imports tags=needed
import matplotlib.pyplot as plt
import numpy as np

from models import GaussianMixture, KMeans
from models.datasets import load_iris, make_blobs
from tinygrad_edu import Tensor, grad, hessian, ops, optim, viz
from tinygrad_edu.course import check, needs
from tinygrad_edu.gradcheck import gradcheck
from tinygrad_edu.nn import Parameter

# %% [markdown] kmeans-words
# ## 1. k-means, by hand
#
# We look for $K$ **centers** $c_k$, such that the points are close to the nearest one. The loss is the **inertia**:
#
# $$J(c) = \sum_i \min_k \lVert x_i - c_k \rVert^2$$
#
# Lloyd's algorithm (1982) repeats two steps: *assign* each point to its nearest center, and *move* each center to the mean of its points. *Why can neither step make J larger?*
# %% data
X, truth = make_blobs(
    240, centers=[[0, 0], [4, 1], [1, 4]], cluster_std=[0.6, 1.0, 0.8], random_state=3
)


def nearest(X, c):
    """Which center each point is nearest to, and the squared distance. X: (n, d), c: (K, d) -> (n,), (n,)"""
    d2 = ((X[:, None, :] - c) ** 2).sum(axis=2)  # (n, 1, d) - (K, d) -> (n, K, d)
    return d2.argmin(axis=1), d2.min(axis=1)


def move(X, labels, K):
    return np.array([X[labels == k].mean(axis=0) for k in range(K)])


# %% lloyd
c = X[[0, 1, 2]]
for step in range(8):
    labels, d2 = nearest(X, c)
    print(f"step {step}: J = {d2.sum():8.2f}")
    c = move(X, labels, 3)
# %% [markdown] lloyd-after
# With the centers fixed, the nearest center is the best choice for each point. With the assignment fixed, the mean is the point with the least sum of squared distances. So $J$ never grows, and since there are only finitely many assignments, the algorithm stops.
# %% stopped
labels, d2 = nearest(X, c)
assert np.array_equal(labels, nearest(X, move(X, labels, 3))[0])  # it has stopped


def inertia(c):
    distances = ((X[:, None, :] - c) ** 2).sum(axis=2)
    return distances.min(axis=1).sum()


assert np.isclose(inertia(c), d2.sum())
# %% [markdown] newton-words
# ## 2. It is Newton's method
#
# $J$ is a function of the centers that we can differentiate: `inertia` above works on arrays and on Tensors. Take any centers, compute the gradient, and divide it by twice the number of points of each center. *Where does this step lead?*
# %% newton
start = X[[10, 20, 30]]
labels, _ = nearest(X, start)
counts = np.bincount(labels, minlength=3)

g = grad(inertia)(Tensor(start)).data
print("after the gradient step:\n", (start - g / (2 * counts[:, None])).round(4))
print("means of the points:\n", move(X, labels, 3).round(4))
assert np.allclose(start - g / (2 * counts[:, None]), move(X, labels, 3), rtol=0, atol=1e-12)
assert gradcheck(inertia, start)
# %% [markdown] newton-after
# To the means. That is no accident: $\partial J / \partial c_k = 2 \sum_{i \in k} (c_k - x_i) = 2\, n_k\, (c_k - \text{mean}_k)$. And $2\, n_k$ is the second derivative. **A step of Lloyd's algorithm is a step of Newton's method** (Bottou and Bengio 1995). We let the Tensor differentiate twice to make sure:
# %% hessian
H = hessian(lambda c: inertia(c.reshape(3, 2)))(Tensor(start.ravel())).data
print(H.round(6))
assert np.allclose(H, np.diag(np.repeat(2.0 * counts, 2)))


# %% [markdown] starts-words
# ## 3. The start decides
#
# Newton's method finds a minimum near its start, and not always the best one. *How often will five random points be a good start for five centers?*
# %% starts
def lloyd(c, steps=50):
    for _ in range(steps):
        labels, d2 = nearest(X, c)
        if len(np.unique(labels)) < len(c):
            return c, np.inf  # a center without points
        c = move(X, labels, len(c))
    return c, nearest(X, c)[1].sum()


rng = np.random.default_rng(0)
ends = np.array([lloyd(X[rng.choice(len(X), 5, replace=False)])[1] for _ in range(200)])
print(
    f"5 centers, 200 random starts: best J {ends.min():.1f}, median {np.median(ends):.1f}, worst {ends.max():.1f}"
)
print(f"within 0.1% of the best: {np.mean(ends < ends.min() * 1.001):.0%}")
assert ends.max() > 1.1 * ends.min()
# %% [markdown] plus-words
# Two remedies are usual. **k-means++** (Arthur and Vassilvitskii 2007) draws each next center with a probability proportional to the squared distance from the nearest one so far, so that the start is spread out. And one starts several times and keeps the best. `models.KMeans` does both. With `traced()` it also keeps the centers of each iteration, for an animation.
# %% model
from models.foundation import traced

with traced():
    model = KMeans(3, n_init=10, tol=0, random_state=4).fit(X)
print("iterations:", model.n_iter_, "  J =", round(float(model.inertia_), 2))
assert model.inertia_ < inertia(c) + 1e-6
# %% picture
# alt: Three groups of points in three colors with a cross at the center of each.
fig, ax = plt.subplots(figsize=(5, 3.4), layout="constrained")
viz.clusters(X, model.cluster_centers_, ax=ax)


# %% [markdown] picture-after
# `viz.kmeans_frames(model, X).save("kmeans.html")` makes a page on which you can go through the iterations step by step.
# %% [markdown] mixture-words
# ## 4. A softer question: mixtures
#
# k-means puts a point between two groups into one of them and forgets the doubt. A **Gaussian mixture** says: each point was drawn from one of $K$ normal distributions, from number $k$ with probability $\pi_k$. Which one is hidden. The likelihood sums over all possibilities:
#
# $$\log p(X) = \sum_i \log \sum_k \pi_k\, \mathcal N(x_i \mid \mu_k, \Sigma_k)$$
#
# The **responsibility** $r_{ik}$ is the probability that point $i$ came from component $k$, given the point: the $k$-th term divided by the sum of all.
# %% mixture
def log_normal(X, mean, cov):
    """ln N(x | mean, cov) of each row. X: (n, d), mean: (d,), cov: (d, d) -> (n,)"""
    L = np.linalg.cholesky(cov)
    z = np.linalg.solve(L, (X - mean).T)  # (d, n): standardized
    return -(z * z).sum(axis=0) / 2 - np.log(np.diag(L)).sum() - X.shape[1] / 2 * np.log(2 * np.pi)


def joint(X, log_pi, means, covs):
    """ln π_k N(x_i | μ_k, Σ_k), shape (n, K)."""
    return np.stack(
        [log_pi[k] + log_normal(X, means[k], covs[k]) for k in range(len(means))], axis=1
    )


def log_likelihood(X, log_pi, means, covs):
    return ops.logsumexp(joint(X, log_pi, means, covs), axis=1).sum()


# %% start-mixture
K = 3
log_pi, means, covs = np.log(np.full(K, 1 / K)), X[[0, 1, 2]], np.array([np.eye(2)] * K)
terms = joint(X, log_pi, means, covs)
r = np.exp(terms - ops.logsumexp(terms, axis=1)[:, None])
print("responsibilities of the first point:", r[0].round(3), " sum", r[0].sum().round(12))
assert np.allclose(r.sum(axis=1), 1)
# %% [markdown] gradient-words
# ## 5. Responsibilities are a gradient
#
# Differentiate the log-likelihood with respect to $\log \pi_k$. The derivative of a logsumexp is a softmax, so the result is $\sum_i r_{ik} = N_k$, the expected number of points of each component. Nobody has to program the E step: **`backward()` computes it**. And the derivative with respect to the mean shows what the M step is. *What is $\mu_k + \Sigma_k\, \nabla_{\mu_k} / N_k$?*
# %% gradient
tensors = [Tensor(a, requires_grad=True) for a in (log_pi, means, covs)]
log_likelihood(X, *tensors).backward()
N = r.sum(axis=0)
print("d/d log π:", tensors[0].grad.round(4), "  Σ r:", N.round(4))
assert np.allclose(tensors[0].grad, N, rtol=1e-12)

em_means = r.T @ X / N[:, None]
by_gradient = means + np.einsum("kij,kj->ki", covs, tensors[1].grad) / N[:, None]
print("M step and gradient step agree:", np.allclose(by_gradient, em_means, rtol=0, atol=1e-12))
assert np.allclose(by_gradient, em_means, rtol=0, atol=1e-12)


# %% [markdown] gradient-after
# It is the M step: the mean of the points, weighted by responsibilities. So EM is gradient ascent with a step size that fits each component, $\Sigma_k / N_k$ (Xu and Jordan 1996). Nobody has to choose a learning rate. Here is all of EM:
# %% em
def em_step(X, log_pi, means, covs):
    terms = joint(X, log_pi, means, covs)
    r = np.exp(terms - ops.logsumexp(terms, axis=1)[:, None])  # E: (n, K)
    N = r.sum(axis=0)
    means = r.T @ X / N[:, None]  # M
    centered = X[None] - means[:, None]  # (K, n, d)
    covs = np.einsum("nk,kni,knj->kij", r, centered, centered) / N[:, None, None]
    return np.log(N / len(X)), means, covs


# %% race
state = log_pi, means, covs
by_em = [log_likelihood(X, *state)]
for _ in range(60):
    state = em_step(X, *state)
    by_em.append(log_likelihood(X, *state))
assert (np.diff(by_em) > -1e-9).all()  # the likelihood never decreases

# The same likelihood by Adam. Free parameters: a softmax for π, and a factor L for Σ = L Lᵀ + small · I.
logits, centers, factors = (Parameter(a) for a in (np.zeros(K), X[[0, 1, 2]].copy(), covs.copy()))
adam = optim.Adam([logits, centers, factors], lr=0.2)
by_adam = []
for _ in range(60):
    adam.zero_grad()
    covariances = factors @ factors.transpose(0, 2, 1) + 1e-6 * np.eye(2)
    value = log_likelihood(X, logits - ops.logsumexp(logits), centers, covariances)
    by_adam.append(value.item())
    (-value).backward()
    adam.step()
print(f"after 60 steps: EM {by_em[-1]:.1f}, Adam {by_adam[-1]:.1f}")
# %% race-picture
# alt: Log-likelihood by step for EM and Adam. EM rises steeply, pauses on a plateau, and is at the top after a dozen steps. Adam is still on that plateau after sixty.
fig, ax = plt.subplots(figsize=(6.5, 2.7), layout="constrained")
ax.plot(by_em, label="EM")
ax.plot(by_adam, label="Adam, lr 0.2")
ax.set(xlabel="step", ylabel="log-likelihood")
ax.legend()
# %% [markdown] race-after
# Both start at the same mixture. EM leaves the first plateau after ten steps, and Adam is still there after sixty. Try other learning rates.
# %% [markdown] mixture-model-words
# ## 6. Iris without its labels
#
# `models.GaussianMixture` runs EM from a start by k-means. *If it sees two measurements of the iris flowers and no labels, will it find the three species?*
# %% iris
iris = load_iris()
petals = iris.data[:, 2:]
mixture = GaussianMixture(3, random_state=0, tol=1e-8, max_iter=500).fit(petals)
found = mixture.predict(petals)
table = np.array([[np.sum((iris.target == s) & (found == k)) for k in range(3)] for s in range(3)])
print("species × component:\n", np.sort(table, axis=1)[:, ::-1])
assert np.sort(table, axis=1)[:, -1].sum() > 140 and len(set(table.argmax(axis=1))) == 3
# %% iris-picture
# alt: Petal length and width of iris with three pairs of ellipses, one at each species.
fig, ax = plt.subplots(figsize=(5.5, 3.2), layout="constrained")
viz.mixture(mixture, petals, ax=ax)
ax.set(xlabel=iris.feature_names[2], ylabel=iris.feature_names[3])
# %% [markdown] bic-words
# ## 7. How many components?
#
# More components always fit the data better. The **Bayesian information criterion** (Schwarz 1978) subtracts what the additional parameters cost:
#
# $$\text{BIC} = -2 \log p(X) + p \ln n,$$
#
# with $p$ the number of free parameters. Smaller is better. *For which number of components is it smallest on our three groups of points?*
# %% bic
sizes = range(1, 7)
fits = [GaussianMixture(k, random_state=0, n_init=5).fit(X) for k in sizes]
bic = [fit.bic(X) for fit in fits]
print("BIC:", {k: round(float(value)) for k, value in zip(sizes, bic, strict=True)})
assert np.argmin(bic) == 2  # three components
# %% [markdown] twin-words
# ## 8. The twin in scikit-learn
#
# You need scikit-learn for this section: `python -m pip install -e '.[compare]'` in the folder of this project. From the same start, both must find the same mixture:
# %% twin tags=varies,sklearn
needs("sklearn")
from tinygrad_edu.twins.scikit_learn import compare

begin = {
    "means_init": X[[0, 1, 2]],
    "weights_init": np.full(3, 1 / 3),
    "precisions_init": np.array([np.eye(2)] * 3),
}
report = compare(GaussianMixture(3, tol=1e-10, max_iter=1000, reg_covar=0.0, **begin), X)
print(report)
# %% [markdown] exercises
# ## 9. Four exercises
#
# ### Exercise 1: free parameters (1 point)
#
# How many free parameters has a mixture of 4 normal distributions in 3 dimensions, with full covariance matrices? Count means, covariances (symmetric!) and weights (they sum to 1).
#
# <details><summary>Hint</summary>
#
# A symmetric $d \times d$ matrix has $d(d+1)/2$ free elements, and $K$ weights that sum to 1 have $K - 1$.
#
# </details>
# %% exercise parameters points=1
# BEGIN SOLUTION
number = 4 * 3 + 4 * 6 + 3


# END SOLUTION
# %% check parameters
def check_parameters(number):
    assert number != 4 * 3 + 4 * 9 + 3 and number != 4 * 3 + 4 * 9 + 4, (
        "A covariance matrix is symmetric: it has 6 free elements and not 9."
    )
    assert number != 4 * 3 + 4 * 6 + 4, "The weights sum to 1, so the last one is not free."
    assert number != 4 * 3 + 4 * 6, "The weights are missing."
    assert number == 39, "4 means of 3 numbers, 4 covariances of 6 numbers, and the weights."


# %% hidden parameters
def check_parameters(number):
    assert int(number) == 39, "Count again."


# %% right parameters
number = 39
# %% right parameters
number = 4 * (3 + 6 + 1) - 1
# %% wrong parameters: symmetric
number = 51
# %% wrong parameters: sum to 1
number = 40
# %% wrong parameters: weights are missing
number = 36


# %% [markdown] exercise-2-words
# ### Exercise 2: the move that survives an empty cluster (2 points)
#
# `move` of section 1 divides by 0 if a center has no points. Write `safe_move(X, labels, c)`: the new centers of shape (K, d), each the mean of its points, and a center without points stays where it is. Do not change `c`.
#
# <details><summary>Hint</summary>
#
# Copy `c`, and loop over the centers. `mask.any()` tells whether there is a point.
#
# </details>
# %% exercise safe_move points=2
def safe_move(X, labels, c):
    # BEGIN SOLUTION
    new = c.copy()
    for k in range(len(c)):
        if (labels == k).any():
            new[k] = X[labels == k].mean(axis=0)
    return new
    # END SOLUTION


# %% check safe_move
def check_safe_move(safe_move):
    X = np.array([[0.0, 0.0], [2.0, 0.0], [4.0, 6.0]])
    c = np.array([[1.0, 1.0], [9.0, 9.0], [5.0, 5.0]])
    kept = c.copy()
    answer = safe_move(X, np.array([0, 0, 2]), c)
    assert np.array_equal(c, kept), "Your function changed c. Copy it first."
    assert np.shape(answer) == (3, 2), (
        "Return all centers, shape (K, d), also those without points."
    )
    assert not np.isnan(answer[1]).any(), (
        "The mean of no points is NaN. Leave that center where it is."
    )
    assert not np.allclose(answer[1], 0), (
        "A center without points stays where it is. It does not jump to 0."
    )
    assert np.allclose(answer[1], [9, 9]), "A center without points stays where it is."
    assert not np.allclose(answer[0], [2, 0]), "Use the mean of the points, not their sum."
    assert np.allclose(answer, [[1, 0], [9, 9], [4, 6]]), (
        "Each other center moves to the mean of its points."
    )


# %% hidden safe_move
def check_safe_move(safe_move):
    rng = np.random.default_rng(4)
    X, c, labels = rng.normal(size=(30, 4)), rng.normal(size=(6, 4)), rng.choice([0, 1, 3, 4], 30)
    answer = safe_move(X, labels, c.copy())
    for k in range(6):
        wanted = X[labels == k].mean(axis=0) if (labels == k).any() else c[k]
        assert np.allclose(answer[k], wanted), (
            "Try it with several empty clusters and more dimensions."
        )


# %% right safe_move
def safe_move(X, labels, c):
    onehot = np.eye(len(c))[labels]
    n = onehot.sum(axis=0)[:, None]
    return np.where(n > 0, onehot.T @ X / np.maximum(n, 1), c)


# %% right safe_move
def safe_move(X, labels, c):
    rows = []
    for k, old in enumerate(c):
        mine = X[labels == k]
        rows.append(mine.mean(axis=0) if len(mine) else old)
    return np.stack(rows)


# %% wrong safe_move: is NaN
def safe_move(X, labels, c):
    with np.errstate(invalid="ignore"):
        onehot = np.eye(len(c))[labels]
        return onehot.T @ X / onehot.sum(axis=0)[:, None]


# %% wrong safe_move: changed c
def safe_move(X, labels, c):
    for k in np.unique(labels):
        c[k] = X[labels == k].mean(axis=0)
    return c


# %% wrong safe_move: jump to 0
def safe_move(X, labels, c):
    onehot = np.eye(len(c))[labels]
    return onehot.T @ X / np.maximum(onehot.sum(axis=0), 1)[:, None]


# %% wrong safe_move: also those without points
def safe_move(X, labels, c):
    return np.array([X[labels == k].mean(axis=0) for k in np.unique(labels)])


# %% [markdown] exercise-3-words
# ### Exercise 3: responsibilities without overflow (2 points)
#
# Write `responsibilities(terms)`. `terms` of shape (n, K) are the logarithms $\log \pi_k \mathcal N(x_i \mid \mu_k, \Sigma_k)$. Return the responsibilities, shape (n, K), also when the terms are as small as −2000, where `np.exp` gives 0.
#
# <details><summary>Hint</summary>
#
# Subtracting the same number from all terms of a row does not change the responsibilities. Subtract the largest.
#
# </details>
# %% exercise responsibilities points=2
def responsibilities(terms):
    # BEGIN SOLUTION
    e = np.exp(terms - terms.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)
    # END SOLUTION


# %% check responsibilities
def check_responsibilities(responsibilities):
    terms = np.log(np.array([[1.0, 3.0], [2.0, 2.0], [4.0, 1.0]]))
    kept = terms.copy()
    with np.errstate(all="ignore"):
        answer = responsibilities(terms)
        far = responsibilities(np.array([[-2000.0, -2001.0], [-9000.0, -4000.0]]))
    assert np.array_equal(terms, kept), "Your function changed terms."
    assert np.shape(answer) == (3, 2), "Return an array of the shape of terms."
    assert not np.allclose(np.sum(answer, axis=0), 1), (
        "Each row sums to 1, not each column: axis=1."
    )
    assert not np.allclose(answer, np.exp(terms)), "Divide each row by its sum."
    assert np.allclose(answer, [[0.25, 0.75], [0.5, 0.5], [0.8, 0.2]]), (
        "Responsibilities are exp(terms), divided by the sum of the row."
    )
    assert not np.isnan(far).any(), (
        "exp(-2000) is 0 and exp(2000) is infinite, and a quotient of two such numbers is NaN. Subtract the largest term of each row first."
    )
    assert np.allclose(far, [[1 / (1 + np.exp(-1)), 1 / (1 + np.e)], [0, 1]]), (
        "Very small terms: subtract the largest of each row, not of the whole table."
    )


# %% hidden responsibilities
def check_responsibilities(responsibilities):
    terms = np.random.default_rng(8).normal(size=(5, 3)) * 30 + np.array(
        [[0], [800], [-900], [3], [-4000]]
    )
    answer = responsibilities(terms)
    assert np.allclose(np.sum(answer, axis=1), 1), (
        "Each row sums to 1, also for large and small terms."
    )
    assert np.allclose(np.log(answer[:, 0] / answer[:, 1]), terms[:, 0] - terms[:, 1]), (
        "Check the ratios."
    )


# %% right responsibilities
def responsibilities(terms):
    return ops.softmax(terms, axis=1)


# %% right responsibilities
def responsibilities(terms):
    return np.exp(terms - np.logaddexp.reduce(terms, axis=1)[:, None])


# %% wrong responsibilities: Subtract the largest term
def responsibilities(terms):
    with np.errstate(all="ignore"):
        e = np.exp(terms)
        return e / e.sum(axis=1, keepdims=True)


# %% wrong responsibilities: Subtract the largest term
def responsibilities(terms):
    with np.errstate(all="ignore"):
        e = np.exp(terms - terms.mean(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)


# %% wrong responsibilities: not each column
def responsibilities(terms):
    e = np.exp(terms - terms.max())
    return e / e.sum(axis=0)


# %% wrong responsibilities: Divide each row
def responsibilities(terms):
    return np.exp(terms)


# %% wrong responsibilities: changed terms
def responsibilities(terms):
    terms -= terms.max(axis=1, keepdims=True)
    np.exp(terms, out=terms)
    terms /= terms.sum(axis=1, keepdims=True)
    return terms


# %% [markdown] exercise-4-words
# ### Exercise 4: k-means++ (3 points)
#
# Write `next_center_probabilities(X, centers)`: the probability with which k-means++ draws each row of `X` as the next center, shape (n,). It is proportional to the squared distance from the nearest of the `centers`, shape (m, d).
#
# <details><summary>Hint</summary>
#
# `((X[:, None] - centers) ** 2).sum(axis=2)` has the shape (n, m).
#
# </details>
# %% exercise plus_plus points=3
def next_center_probabilities(X, centers):
    # BEGIN SOLUTION
    d2 = ((X[:, None] - centers) ** 2).sum(axis=2).min(axis=1)
    return d2 / d2.sum()
    # END SOLUTION


# %% check plus_plus
def check_plus_plus(next_center_probabilities):
    X, centers = (
        np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 3.0], [5.0, 0.0]]),
        np.array([[0.0, 0.0], [5.0, 1.0]]),
    )
    p = next_center_probabilities(X, centers)
    assert np.shape(p) == (4,), "Return one probability for each row of X."
    assert not np.allclose(p, [0, 1, 9, 1]), "Divide by the sum: probabilities sum to 1."
    assert np.isclose(np.sum(p), 1), "Probabilities sum to 1."
    assert not np.allclose(p, np.array([0, 1, 3, 1]) / 5), "Proportional to the SQUARED distance."
    first = np.array([0, 1, 9, 25]) / 35
    assert not np.allclose(p, first), (
        "There are several centers: take the nearest one for each row."
    )
    d2 = ((X[:, None] - centers) ** 2).sum(axis=2)
    assert not np.allclose(p, d2.max(axis=1) / d2.max(axis=1).sum()), (
        "The distance from the nearest center, not the farthest."
    )
    assert not np.allclose(p, d2.sum(axis=1) / d2.sum()), (
        "The distance from the nearest center, not the sum over all."
    )
    assert np.allclose(p, np.array([0, 1, 9, 1]) / 11), (
        "Squared distance from the nearest center, divided by the sum of all rows."
    )


# %% hidden plus_plus
def check_plus_plus(next_center_probabilities):
    rng = np.random.default_rng(6)
    X, centers = rng.normal(size=(12, 3)), rng.normal(size=(4, 3))
    d2 = np.array([min(((x - c) ** 2).sum() for c in centers) for x in X])
    assert np.allclose(next_center_probabilities(X, centers), d2 / d2.sum()), (
        "Try it in three dimensions."
    )


# %% right plus_plus
def next_center_probabilities(X, centers):
    d2 = np.array([min(np.sum((x - c) ** 2) for c in centers) for x in X])
    return d2 / np.sum(d2)


# %% right plus_plus
def next_center_probabilities(X, centers):
    d2 = (X**2).sum(1)[:, None] - 2 * X @ centers.T + (centers**2).sum(1)
    d2 = np.maximum(d2, 0).min(1)
    return d2 / d2.sum()


# %% wrong plus_plus: SQUARED
def next_center_probabilities(X, centers):
    d = np.sqrt(((X[:, None] - centers) ** 2).sum(axis=2)).min(axis=1)
    return d / d.sum()


# %% wrong plus_plus: not the sum over all
def next_center_probabilities(X, centers):
    d2 = ((X[:, None] - centers) ** 2).sum(axis=2).sum(axis=1)
    return d2 / d2.sum()


# %% wrong plus_plus: Divide by the sum
def next_center_probabilities(X, centers):
    return ((X[:, None] - centers) ** 2).sum(axis=2).min(axis=1)


# %% wrong plus_plus: not the farthest
def next_center_probabilities(X, centers):
    d2 = ((X[:, None] - centers) ** 2).sum(axis=2).max(axis=1)
    return d2 / d2.sum()


# %% [markdown] next
# ## What you have seen
#
# - k-means minimizes the inertia. A step of Lloyd's algorithm is a Newton step, because the Hessian is diagonal with $2 n_k$.
# - It finds a local minimum. Spread the start out, and start several times.
# - A mixture is a probability model. Its responsibilities are the derivative of the log-likelihood with respect to $\log \pi$, and the M step for the means is a gradient step with the step size $\Sigma_k / N_k$.
# - Adam maximizes the same likelihood, but it needs a learning rate, and parameters that keep the constraints.
# - The BIC weighs the fit against the number of parameters.
#
# ## What to read next
#
# [`models/clusters/kmeans.py`](../models/clusters/kmeans.py) and [`models/mixtures`](../models/mixtures). In the books: Bishop, *Pattern Recognition and Machine Learning*, chapter 9; Hastie, Tibshirani and Friedman, sections 14.3 and 8.5. The next lesson draws high-dimensional data in the plane: [PCA, t-SNE, UMAP](18_pca_tsne_umap.ipynb).
