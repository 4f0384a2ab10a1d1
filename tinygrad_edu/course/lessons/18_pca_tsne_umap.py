# builds: three pictures of the same digits from three losses, and what they do not show
# needs: lessons 6 and 10
# %% [markdown] title
# # Lesson 18: PCA, t-SNE, UMAP: three losses
#
# An image of a digit has 64 numbers. To *see* how a thousand of them lie, we need a picture with two numbers for each. In this lesson you build three such pictures. **PCA, t-SNE and UMAP look like three unrelated algorithms. Each is a loss, minimized over the positions of the points**, and the Tensor differentiates all three. You also learn what these pictures do not show.
#
# You need lessons [6](06_linear_regression_four_ways.ipynb) and [10](10_an_optimizer_race.ipynb), and about twenty minutes.
# %% imports tags=needed
import matplotlib.pyplot as plt
import numpy as np

from models import MDS, PCA, TSNE, UMAP
from models.datasets import load_digits
from tinygrad_edu import Tensor, grad, optim, viz
from tinygrad_edu.course import check, needs
from tinygrad_edu.gradcheck import gradcheck
from tinygrad_edu.nn import Parameter

# %% [markdown] pca-words
# ## 1. PCA: the best plane
#
# Principal component analysis (Pearson 1901) looks for the plane through the mean of the data that is nearest to all points. With an orthonormal basis $V$ of the plane, shape (2, features), the loss is the squared distance from it:
#
# $$L(V) = \sum_i \lVert x_i - V^\top V x_i \rVert^2 \qquad (x \text{ centered})$$
#
# No search is needed. The rows of $V$ are the directions of the largest variance, and the singular value decomposition $X = U S V^\top$ has them. *How much of the variance of 64 pixels will two directions keep?*
# %% pca
digits = load_digits()
some = np.flatnonzero(digits.target < 6)[:300]  # 300 images of the digits 0 to 5
X, label = digits.data[some] / 16, digits.target[some]
C = X - X.mean(axis=0)

U, S, Vt = np.linalg.svd(C, full_matrices=False)
plane = C @ Vt[:2].T  # the coordinates in the plane, (n, 2)
print(f"variance kept by two of 64 directions: {(S[:2] ** 2).sum() / (S**2).sum():.0%}")


# %% pca-loss
def reconstruction(V):
    return ((C - C @ V.T @ V) ** 2).sum()


slope = grad(reconstruction)(Tensor(Vt[:2])).data
print(
    "loss",
    round(float(reconstruction(Vt[:2])), 3),
    "= sum of the other S²",
    round(float((S[2:] ** 2).sum()), 3),
)
print("the gradient is 0 there:", np.abs(slope).max() < 1e-9)
assert np.isclose(reconstruction(Vt[:2]), (S[2:] ** 2).sum())
assert np.abs(slope).max() < 1e-9
assert gradcheck(lambda V: ((C[:5, :4] - C[:5, :4] @ V.T @ V) ** 2).sum(), Vt[:2, :4])
# %% pca-model
model = PCA(2).fit(X)
assert np.allclose(np.abs(model.transform(X)), np.abs(plane))  # a direction may have either sign
print("models.PCA has the same coordinates, up to the sign")
# %% pca-picture
# alt: Three hundred digits in the plane of their two principal components, colored by digit. 0, 1 and 4 each have a region nearly of their own, and 2, 3 and 5 overlap.
fig, ax = plt.subplots(figsize=(5.5, 3.6), layout="constrained")
viz.embedding(plane, label, ax=ax)
kept = S**2 / (S**2).sum()
ax.set(xlabel=f"first component, {kept[0]:.0%} of the variance", ylabel=f"second, {kept[1]:.0%}")


# %% [markdown] distance-words
# PCA keeps large distances well, because they make up the variance. But neighbors in the plane need not be neighbors in 64 dimensions: points that differ only in a direction perpendicular to the plane are projected onto the same place.
#
# ## 2. Keep distances: MDS
#
# **Metric multidimensional scaling** asks directly for what we want. The positions $y_i$ in the plane are the parameters, and the loss, called **stress**, compares all distances:
#
# $$L(y) = \sum_{i<j} \left(\lVert y_i - y_j \rVert - \lVert x_i - x_j \rVert\right)^2$$
#
# It needs two lines and an optimizer. *By how much will it lower the stress of the PCA plane?*
# %% mds
def squared_distances(y):
    """‖y_i - y_j‖² of all pairs. y: (n, d) -> (n, n)"""
    norms = (y * y).sum(axis=1)
    return norms[:, None] + norms - 2 * y @ y.T


pairs = np.triu_indices(len(X), 1)
wanted = np.sqrt(squared_distances(X)[pairs])


def stress(y):
    return ((np.sqrt(squared_distances(y)[pairs] + 1e-12) - wanted) ** 2).sum()


# %% mds-run tags=varies
y = Parameter(plane.copy())
found = optim.minimize_loss(lambda: stress(y), [y], max_iter=60, tol=1e-3)
print(f"stress of the PCA plane {float(stress(plane)):.0f}, after L-BFGS {found.value:.0f}")
assert found.value < float(stress(plane)) / 2


# %% [markdown] tsne-words
# ## 3. Keep neighbors: t-SNE
#
# 64 dimensions have much more room than two. All distances cannot be kept, and large ones dominate the stress. **t-SNE** (van der Maaten and Hinton 2008) cares about neighbors. It turns distances into probabilities: how likely would point $i$ choose $j$ as its neighbor?
#
# $$p_{j|i} \propto e^{-\beta_i \lVert x_i - x_j\rVert^2} \qquad p_{ij} = \frac{p_{j|i} + p_{i|j}}{2n} \qquad q_{ij} \propto \frac{1}{1 + \lVert y_i - y_j \rVert^2}$$
#
# The $\beta_i$ are chosen so that each point has about as many neighbors as the **perplexity** says: the entropy of $p_{\cdot|i}$ is its logarithm. The loss is the Kullback–Leibler divergence $\sum_{ij} p_{ij} \ln (p_{ij} / q_{ij})$.
# %% tsne
def neighbor_probabilities(d2, perplexity):
    """p_ij of t-SNE, by bisection for the precision β of each row. d2: (n, n) -> (n, n)"""
    n = len(d2)
    low, high, beta = np.zeros(n), np.full(n, np.inf), np.ones(n)
    off = ~np.eye(n, dtype=bool)
    for _ in range(60):
        p = np.exp(-beta[:, None] * (d2 - d2.min(axis=1, where=off, initial=np.inf)[:, None])) * off
        p /= p.sum(axis=1, keepdims=True)
        entropy = -(p * np.log(np.where(p > 0, p, 1))).sum(axis=1)
        wide = entropy > np.log(perplexity)
        low, high = np.where(wide, beta, low), np.where(wide, high, beta)
        beta = np.where(np.isinf(high), beta * 2, (low + high) / 2)
    return (p + p.T) / (2 * n)


P = neighbor_probabilities(squared_distances(X), 30)
print("sum of all p:", P.sum().round(12))


def divergence(y, P=P):
    """KL(P ‖ Q)."""
    weight = 1 / (1 + squared_distances(y)) * (1 - np.eye(len(P)))
    q = weight / weight.sum() + 1e-300
    return (P * (np.log(P + 1e-300) - np.log(q))).sum()


# %% [markdown] tsne-gradient-words
# The paper has an appendix that derives the gradient, $4 \sum_j (p_{ij} - q_{ij}) (y_i - y_j) / (1 + \lVert y_i - y_j \rVert^2)$. *Does the Tensor find the same?*
# %% tsne-gradient
start = plane / plane.std(axis=0) * 0.01  # a small copy of the PCA plane
by_engine = grad(divergence)(Tensor(start * 100)).data

weight = 1 / (1 + squared_distances(start * 100))
np.fill_diagonal(weight, 0)
factor = (P - weight / weight.sum()) * weight
by_paper = 4 * (factor.sum(axis=1)[:, None] * start * 100 - factor @ (start * 100))
print("same gradient:", np.allclose(by_engine, by_paper, rtol=1e-8, atol=1e-12))
assert np.allclose(by_engine, by_paper, rtol=1e-8, atol=1e-12)


# %% tsne-run tags=varies
def tsne(start, P, steps=400, lr=100.0):
    """Gradient descent with momentum. For the first 100 steps P is 12 times as large, which pulls groups together."""
    y, v = start.copy(), np.zeros_like(start)
    for step in range(steps):
        early = step < 100
        g = grad(lambda y, k=12.0 if early else 1.0: divergence(y, P * k))(Tensor(y)).data
        v = (0.5 if early else 0.8) * v - lr * g
        y = y + v
    return y


by_hand = tsne(start, P)
print(
    f"divergence: {float(divergence(plane)):.2f} in the PCA plane, {float(divergence(by_hand)):.2f} after t-SNE"
)
assert float(divergence(by_hand)) < float(divergence(plane)) / 2
# %% tsne-picture tags=varies
# alt: Two pictures of the digits by t-SNE, from our loop and from models.TSNE. In both, nearly every digit is an island of its own.
library = TSNE(perplexity=30, random_state=0).fit(X)
fig, axes = plt.subplots(1, 2, figsize=(8.5, 3.5), layout="constrained")
for ax, points, name in zip(
    axes, [by_hand, library.embedding_], ["our loop", "models.TSNE"], strict=True
):
    for k in range(6):
        ax.plot(*points[label == k].T, ".", markersize=4, label=str(k))
    ax.set(title=f"{name}: {float(divergence(points)):.2f}", xticks=[], yticks=[])
axes[1].legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)
# %% [markdown] umap-words
# ## 4. UMAP: attract along edges, repel at random
#
# **UMAP** (McInnes, Healy and Melville 2018) starts from a graph of nearest neighbors with weights $w_{ij}$ between 0 and 1, and draws each edge with a probability $v_{ij} = 1/(1 + a\, d_{ij}^{2b})$. The loss is the cross-entropy of all edges:
#
# $$L = -\sum_{i<j} \left(w_{ij} \ln v_{ij} + (1 - w_{ij}) \ln (1 - v_{ij})\right)$$
#
# The first term attracts neighbors, the second one repels all others. Only few of these are computed, drawn at random, so UMAP is fast on large data. t-SNE's $q_{ij}$ sum to 1 over all pairs. The $v_{ij}$ need not, so each pair counts by itself. *How will the picture differ from that of t-SNE?*
# %% umap tags=varies
# alt: The digits by UMAP: six compact islands with more space between them than in t-SNE's picture.
umap = UMAP(n_neighbors=15, random_state=0).fit(X)
fig, ax = plt.subplots(figsize=(5.2, 3.5), layout="constrained")
viz.embedding(umap.embedding_, label, ax=ax)
ax.set(xlabel="", ylabel="", xticks=[], yticks=[])


# %% [markdown] judge-words
# UMAP's islands are more compact, with more space between them.
#
# ## 5. Which picture is right?
#
# Count: of the ten nearest neighbors in 64 dimensions, which fraction are among the ten nearest in the picture? And how well do large distances agree (correlation)? *Which method will win which column?*
# %% judge
def neighbors_kept(X, y, k=10):
    """The mean fraction of the k nearest neighbors that are the same in both."""

    def nearest(z):
        d2 = squared_distances(z) + np.diag(np.full(len(z), np.inf))
        return np.argsort(d2, axis=1)[:, :k]

    return np.mean(
        [len(np.intersect1d(a, b)) / k for a, b in zip(nearest(X), nearest(y), strict=True)]
    )


# %% judge-table tags=varies
pictures = {
    "PCA": plane,
    "MDS": MDS(random_state=0, n_init=1).fit_transform(X),
    "t-SNE": library.embedding_,
    "UMAP": umap.embedding_,
}
print("        neighbors kept   correlation of distances")
scores = {}
for name, points in pictures.items():
    distances = np.sqrt(np.maximum(squared_distances(points)[pairs], 0))
    scores[name] = neighbors_kept(X, points), np.corrcoef(distances, wanted)[0, 1]
    print(f"{name:7} {scores[name][0]:14.0%} {scores[name][1]:26.2f}")
assert min(scores["t-SNE"][0], scores["UMAP"][0]) > scores["PCA"][0]
assert scores["MDS"][1] > max(scores["t-SNE"][1], scores["UMAP"][1])
# %% [markdown] judge-after
# t-SNE and UMAP keep neighbors. PCA and MDS keep distances. **The loss says what a picture shows.** In a picture by t-SNE or UMAP, the size of an island and the distance between two islands mean little, and a group can be torn apart.
#
# To see how little: here are 300 points of *one* normal distribution without any groups.
# %% no-groups tags=varies
# alt: Two t-SNE pictures of random points without groups. With perplexity 3 they form many small clumps that do not exist, with perplexity 30 a round cloud.
noise = np.random.default_rng(0).normal(size=(300, 30))
fig, axes = plt.subplots(1, 2, figsize=(7, 3), layout="constrained")
for ax, perplexity in zip(axes, [3, 30], strict=True):
    points = TSNE(perplexity=perplexity, random_state=0).fit_transform(noise)
    ax.plot(*points.T, ".", markersize=3)
    ax.set(title=f"perplexity {perplexity}", xticks=[], yticks=[])
# %% [markdown] no-groups-after
# With a small perplexity t-SNE draws clumps where there are none (Wattenberg, Viégas and Johnson 2016). So try several settings, and trust what stays.
# %% [markdown] twin-words
# ## 6. The twin in scikit-learn
#
# You need scikit-learn for this section: `python -m pip install -e '.[compare]'` in the folder of this project. For PCA both must agree in every number, up to the sign of a direction:
# %% twin tags=varies,sklearn
needs("sklearn")
from tinygrad_edu.twins.scikit_learn import compare

print(compare(PCA(2), X))


# %% [markdown] exercises
# ## 7. Three exercises
#
# ### Exercise 1: PCA (2 points)
#
# Write `principal(X, k)`: the coordinates of the rows of `X` (n, features) in the k directions of the largest variance, shape (n, k). Do not change `X`. The sign of each direction does not matter.
#
# <details><summary>Hint</summary>
#
# Center first. The rows of `Vt` are the directions, in the order of falling variance.
#
# </details>
# %% exercise principal points=2
def principal(X, k):
    # BEGIN SOLUTION
    C = X - X.mean(axis=0)
    Vt = np.linalg.svd(C, full_matrices=False)[2]
    return C @ Vt[:k].T
    # END SOLUTION


# %% check principal
def check_principal(principal):
    X = np.random.default_rng(0).normal(size=(40, 5)) * [5, 1, 3, 0.5, 2] + [100, 0, -50, 3, 7]
    kept = X.copy()
    answer = principal(X, 2)
    assert np.array_equal(X, kept), "Your function changed X. Write C = X - mean, not X -= mean."
    assert np.shape(answer) == (40, 2), "Return shape (n, k): the coordinates, not the directions."
    answer = np.asarray(answer)
    C = X - X.mean(axis=0)
    U, S, Vt = np.linalg.svd(C, full_matrices=False)
    uncentered = X @ np.linalg.svd(X, full_matrices=False)[2][:2].T
    assert not np.allclose(np.abs(answer), np.abs(uncentered)), (
        "Center X first. Otherwise the first direction points from the origin to the mean."
    )
    assert np.allclose(answer.mean(axis=0), 0), (
        "The coordinates of centered data have the mean 0: project C, not X."
    )
    assert not np.allclose(np.abs(answer), np.abs(C @ Vt[::-1][:2].T)), (
        "Those are the directions of the SMALLEST variance."
    )
    assert not np.allclose(np.abs(answer), np.abs(U[:, :2])), (
        "Multiply U by the singular values, or project C on the directions."
    )
    assert np.allclose(np.abs(answer), np.abs(C @ Vt[:2].T)), "Project C on the first k rows of Vt."


# %% hidden principal
def check_principal(principal):
    X = np.random.default_rng(7).normal(size=(6, 9))
    C = X - X.mean(axis=0)
    values = np.linalg.svd(C)[1][:3]
    answer = np.asarray(principal(X, 3))
    assert np.allclose(answer.T @ answer, np.diag(values**2)), (
        "Try it with more features than rows."
    )


# %% right principal
def principal(X, k):
    C = X - np.mean(X, axis=0)
    values, vectors = np.linalg.eigh(C.T @ C)
    return C @ vectors[:, np.argsort(values)[::-1][:k]]


# %% right principal
def principal(X, k):
    return PCA(k).fit_transform(X)


# %% wrong principal: Center X first
def principal(X, k):
    return X @ np.linalg.svd(X, full_matrices=False)[2][:k].T


# %% wrong principal: SMALLEST
def principal(X, k):
    C = X - X.mean(axis=0)
    return C @ np.linalg.eigh(C.T @ C)[1][:, :k]


# %% wrong principal: the singular values
def principal(X, k):
    return np.linalg.svd(X - X.mean(axis=0), full_matrices=False)[0][:, :k]


# %% wrong principal: changed X
def principal(X, k):
    X -= X.mean(axis=0)
    return X @ np.linalg.svd(X, full_matrices=False)[2][:k].T


# %% [markdown] exercise-2-words
# ### Exercise 2: perplexity (1 point)
#
# The perplexity of a distribution is $e^{H}$, with the entropy $H = -\sum_j p_j \ln p_j$. Write `perplexity(p)` for p of shape (n, m), a distribution in each row: shape (n,). A probability of 0 contributes 0.
#
# <details><summary>Hint</summary>
#
# A uniform distribution over m neighbors has the perplexity m.
#
# </details>
# %% exercise perplexity points=1
def perplexity(p):
    # BEGIN SOLUTION
    return np.exp(-(p * np.log(np.where(p > 0, p, 1))).sum(axis=1))
    # END SOLUTION


# %% check perplexity
def check_perplexity(perplexity):
    p = np.array([[0.25] * 4, [0.5, 0.5, 0, 0], [0.7, 0.1, 0.1, 0.1]])
    with np.errstate(all="ignore"):
        answer = perplexity(p)
    assert np.shape(answer) == (3,), "Return one number for each row."
    assert not np.isnan(np.asarray(answer)).any(), (
        "0 · ln 0 is NaN for NumPy. A probability of 0 contributes 0."
    )
    assert not np.allclose(np.asarray(answer)[:2], [np.log(4), np.log(2)]), (
        "That is the entropy. Its exponential is asked for."
    )
    assert not np.allclose(np.asarray(answer)[:2], [0.25, 0.5]), (
        "The sign: the entropy is minus the sum."
    )
    assert np.allclose(np.asarray(answer)[:2], [4, 2]), (
        "A uniform distribution over m neighbors has the perplexity m."
    )
    assert np.isclose(np.asarray(answer)[2], np.exp(-(0.7 * np.log(0.7) + 0.3 * np.log(0.1)))), (
        "exp(-Σ p ln p)."
    )


# %% hidden perplexity
def check_perplexity(perplexity):
    p = np.random.default_rng(1).dirichlet(np.ones(7), 5)
    assert np.allclose(perplexity(p), np.exp([-(row * np.log(row)).sum() for row in p])), (
        "Try it with more rows."
    )


# %% right perplexity
def perplexity(p):
    return np.prod(np.where(p > 0, p, 1) ** -p, axis=1)


# %% right perplexity
def perplexity(p):
    bits = -(p * np.log2(p, out=np.zeros_like(p), where=p > 0)).sum(axis=1)
    return 2**bits


# %% wrong perplexity: That is the entropy
def perplexity(p):
    return -(p * np.log(np.where(p > 0, p, 1))).sum(axis=1)


# %% wrong perplexity: 0 · ln 0
def perplexity(p):
    return np.exp(-(p * np.log(p)).sum(axis=1))


# %% wrong perplexity: The sign
def perplexity(p):
    return np.exp((p * np.log(np.where(p > 0, p, 1))).sum(axis=1))


# %% [markdown] exercise-3-words
# ### Exercise 3: a loss of your own (3 points)
#
# Sammon's mapping (1969) divides each squared error by the wanted distance, so that small distances count more: $L(y) = \frac{1}{\sum_{i<j} d_{ij}} \sum_{i<j} \frac{(\lVert y_i - y_j\rVert - d_{ij})^2}{d_{ij}}$. Write `sammon(y, d)` for positions `y` (n, 2) and wanted distances `d` (n, n) with zeros on the diagonal. It must work for a Tensor `y`, and its gradient must not contain NaN.
#
# <details><summary>Hint</summary>
#
# Take only pairs i < j, with `np.triu_indices(n, 1)`: then there is no root of 0 and no division by 0.
#
# </details>
# %% exercise sammon points=3
def sammon(y, d):
    # BEGIN SOLUTION
    i, j = np.triu_indices(len(d), 1)
    length = np.sqrt(((y[i] - y[j]) ** 2).sum(axis=1))
    return ((length - d[i, j]) ** 2 / d[i, j]).sum() / d[i, j].sum()
    # END SOLUTION


# %% check sammon
def check_sammon(sammon):
    rng = np.random.default_rng(0)
    y, z = rng.normal(size=(6, 2)), rng.normal(size=(6, 4))
    d = np.sqrt(((z[:, None] - z) ** 2).sum(axis=2))
    i, j = np.triu_indices(6, 1)
    length = np.sqrt(((y[i] - y[j]) ** 2).sum(axis=1))
    with np.errstate(all="ignore"):
        value = sammon(y, d)
    assert np.shape(value) == (), "Return one number."
    assert not np.isnan(value), "The loss is NaN. On the diagonal d is 0: leave it out."
    right = ((length - d[i, j]) ** 2 / d[i, j]).sum() / d[i, j].sum()
    assert not np.isclose(value, ((length - d[i, j]) ** 2).sum() / d[i, j].sum()), (
        "Divide each squared error by its own d_ij."
    )
    assert not np.isclose(value, right * d[i, j].sum()), (
        "The factor in front is missing: divide by the sum of all d_ij."
    )
    assert not np.isclose(value, 2 * right), "Each pair counts once: i < j."
    assert not np.isclose(value, right / 2), (
        "In the sum of all d_ij, too, each pair counts once: i < j."
    )
    assert np.isclose(value, right), (
        "Check the formula: the square of (‖y_i - y_j‖ - d_ij), divided by d_ij."
    )
    leaf = Tensor(y, requires_grad=True)
    with np.errstate(all="ignore"):
        out = sammon(leaf, d)
        assert hasattr(out, "backward"), "With a Tensor it must return a Tensor."
        out.backward()
    assert np.isfinite(leaf.grad).all(), (
        "The gradient contains NaN. The slope of a square root at 0 is infinite: leave the diagonal out."
    )


# %% hidden sammon
def check_sammon(sammon):
    y = np.array([[0.0, 0.0], [3.0, 4.0], [0.0, 1.0]])
    d = np.array([[0.0, 4.0, 1.0], [4.0, 0.0, 2.0], [1.0, 2.0, 0.0]])
    right = (1 / 4 + (18**0.5 - 2) ** 2 / 2) / 7
    assert np.isclose(sammon(y, d), right), "Compute it for three points on paper."


# %% right sammon
def sammon(y, d):
    upper = np.triu(np.ones_like(d), 1)
    safe = d + np.eye(len(d))
    length = np.sqrt(((y[:, None] - y) ** 2).sum(axis=2) + np.eye(len(d)))
    return ((length - safe) ** 2 / safe * upper).sum() / (d * upper).sum()


# %% right sammon
def sammon(y, d):
    total = 0.0
    for i in range(len(d)):
        for j in range(i):
            length = np.sqrt(((y[i] - y[j]) ** 2).sum())
            total = total + (length - d[i, j]) ** 2 / d[i, j]
    return total / (d.sum() / 2)


# %% wrong sammon: by its own d_ij
def sammon(y, d):
    i, j = np.triu_indices(len(d), 1)
    length = np.sqrt(((y[i] - y[j]) ** 2).sum(axis=1))
    return ((length - d[i, j]) ** 2).sum() / d[i, j].sum()


# %% wrong sammon: leave it out
def sammon(y, d):
    length = np.sqrt(((y[:, None] - y) ** 2).sum(axis=2))
    return ((length - d) ** 2 / d).sum() / d.sum()


# %% wrong sammon: factor in front is missing
def sammon(y, d):
    i, j = np.triu_indices(len(d), 1)
    length = np.sqrt(((y[i] - y[j]) ** 2).sum(axis=1))
    return ((length - d[i, j]) ** 2 / d[i, j]).sum()


# %% wrong sammon: In the sum of all d_ij
def sammon(y, d):
    i, j = np.triu_indices(len(d), 1)
    length = np.sqrt(((y[i] - y[j]) ** 2).sum(axis=1))
    return ((length - d[i, j]) ** 2 / d[i, j]).sum() / d.sum()


# %% wrong sammon: Each pair counts once
def sammon(y, d):
    i, j = np.where(d > 0)
    length = np.sqrt(((y[i] - y[j]) ** 2).sum(axis=1))
    return ((length - d[i, j]) ** 2 / d[i, j]).sum() / (d[i, j].sum() / 2)


# %% [markdown] next
# ## What you have seen
#
# - PCA minimizes the distance from a plane, and has a closed solution. MDS minimizes differences of distances, t-SNE the divergence of neighbor probabilities, UMAP the cross-entropy of edges.
# - The gradient of each comes from the engine. A new method is a new loss.
# - The loss says what a picture shows. t-SNE and UMAP keep neighbors and say little about distances. A clump need not be a group.
#
# ## What to read next
#
# [`models/embeddings`](../models/embeddings) has one optimizer and many losses; [`models/components/pca.py`](../models/components/pca.py). In the books: Hastie, Tibshirani and Friedman, *The Elements of Statistical Learning*, sections 14.5 and 14.8. Papers: van der Maaten and Hinton, *Visualizing data using t-SNE*, 2008; McInnes, Healy and Melville, *UMAP*, 2018. The next lesson puts error bars on functions: [Gaussian processes](19_gaussian_processes.ipynb).
