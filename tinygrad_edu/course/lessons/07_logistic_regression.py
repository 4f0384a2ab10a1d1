# builds: a classifier by Newton's method, with the Hessian from differentiating twice
# needs: lesson 6
# %% [markdown] title
# # Lesson 7: Logistic regression: IRLS is Newton
#
# Is a tumor malignant or benign? Logistic regression answers with a probability. No formula gives its weights, as in lesson 6. But Newton's method finds them in seven steps, and each step is a least-squares problem with weights. In this lesson you derive the loss and its gradient, let the Tensor differentiate twice to get the Hessian, write Newton's method, and see it fail: on data that a plane can separate, the weights grow without end, until a penalty holds them.
#
# You need [lesson 6](06_linear_regression_four_ways.ipynb), and about twenty minutes.
# %% imports tags=needed
import matplotlib.pyplot as plt
import numpy as np

from models import LogisticRegression
from models.datasets import load_breast_cancer
from models.selection import train_test_split
from tinygrad_edu import Tensor, hessian, viz
from tinygrad_edu.course import check, needs
from tinygrad_edu.gradcheck import gradcheck
from tinygrad_edu.ops import softplus

# %% [markdown] data-words
# ## 1. From a score to a probability
#
# The data are 569 tumors. For each there are 30 measurements of cell nuclei in a microscope picture, and what it turned out to be: 1 is malignant, 0 is benign. We standardize the columns and begin with the first measurement alone, the mean radius of the nuclei.
# %% data tags=needed
cancer = load_breast_cancer()
y_all = 1 - cancer.target  # scikit-learn counts malignant as 0
X_train, X_test, y, y_test = train_test_split(
    cancer.data, y_all, test_size=0.25, random_state=0, stratify=y_all
)
mean, deviation = X_train.mean(axis=0), X_train.std(axis=0)
Z_train, Z_test = (X_train - mean) / deviation, (X_test - mean) / deviation


def with_ones(X):
    return np.column_stack([np.ones(len(X)), X])


# %% [markdown] sigmoid-words
# A straight line predicts numbers below 0 and above 1, which are no probabilities. So keep the line as a **score** $z = w x + b$, any real number, and bend it with the **sigmoid**:
#
# $$p = P(y = 1 \mid x) = \sigma(z) = \frac{1}{1 + e^{-z}}$$
#
# The score is the logarithm of the odds: $z = \ln \frac{p}{1 - p}$. *What probability belongs to the score 0? And to a score of 100?*
# %% sigmoid tags=needed
def sigmoid(z):
    return 0.5 * (1 + np.tanh(z / 2))  # the same function, and no e^z overflows


# %% sigmoid-picture
# alt: Tumors as marks at 0 (benign) and 1 (malignant) along the standardized radius. An S-shaped curve rises from 0 to 1 between the two groups; small circles, the fraction of malignant tumors in ten groups of equal size, lie close to the curve.
radius = Z_train[:, 0]
model = LogisticRegression(C=1e6).fit(Z_train[:, :1], y)
grid = np.linspace(-2.2, 4.2, 200)
fig, ax = plt.subplots(figsize=(7, 3), layout="constrained")
ax.plot(radius, y, "|", alpha=0.5)
ax.plot(grid, sigmoid(model.coef_[0, 0] * grid + model.intercept_[0]), "k")
groups = np.array_split(np.argsort(radius), 10)
ax.plot([radius[g].mean() for g in groups], [y[g].mean() for g in groups], "o", mfc="none")
ax.set(xlabel="mean radius, standardized", ylabel="malignant")
plt.show()
print("sigmoid(0) =", sigmoid(0.0), "  sigmoid(100) =", sigmoid(100.0))
assert sigmoid(0.0) == 0.5 and np.isclose(sigmoid(np.log(3)), 0.75)


# %% [markdown] picture-after
# The circles are the fraction of malignant tumors in ten groups of similar radius. The curve was fitted to single tumors, and still passes close to the fractions: it predicts **probabilities**, not only classes.
#
# ## 2. The loss
#
# The best weights make the observed classes as probable as possible. For one tumor the probability of what was observed is $p$ if $y = 1$, and $1 - p$ if $y = 0$. Its negative logarithm is the **cross-entropy**, and in terms of the score it is short:
#
# $$\begin{aligned} \ell &= -y \ln p - (1 - y) \ln(1 - p) \\ &= \ln(1 + e^z) - y z \end{aligned}$$
#
# (Put $p = \sigma(z)$ in to see it.) `softplus(z)` is $\ln(1 + e^z)$ without overflow. The loss of a table is the mean. *What is the loss for $w = 0$, when each tumor gets $p = \frac12$?*
# %% loss tags=needed
def cross_entropy(w, A, y):
    z = A @ w
    return (softplus(z) - y * z).mean()


# %% loss-look
A = with_ones(Z_train[:, :2])  # ones, radius and texture: two measurements can be drawn
print(f"loss at w = 0: {float(cross_entropy(np.zeros(3), A, y)):.4f}, and ln 2 = {np.log(2):.4f}")
assert np.isclose(cross_entropy(np.zeros(3), A, y), np.log(2))


# %% [markdown] gradient-words
# ## 3. The gradient: predicted minus observed
#
# The derivative of $\ln(1 + e^z)$ is $\sigma(z)$. So the derivative of the loss of one tumor with respect to its score is $p - y$, and by the chain rule
#
# $$\nabla L = \frac1n A^\top (p - y)$$
#
# It looks like the gradient of lesson 6, with $p$ in place of $A w$. Check the pencil against the Tensor, and both against finite differences:
# %% gradient tags=needed
def gradient(w, A, y):
    return A.T @ (sigmoid(A @ w) - y) / len(y)


# %% gradient-check
w = Tensor(np.array([0.5, -1.0, 2.0]), requires_grad=True)
cross_entropy(w, A, y).backward()
print("the pencil's gradient:", np.allclose(w.grad, gradient(w.data, A, y), rtol=1e-12))
report = gradcheck(lambda w: cross_entropy(w, A, y), w.data)
print("finite differences:   ", report.passed)
assert np.allclose(w.grad, gradient(w.data, A, y), rtol=1e-12) and report.passed


# %% [markdown] hessian-words
# ## 4. The Hessian: differentiate twice
#
# Differentiate once more. The derivative of $\sigma(z)$ is $p (1 - p)$, so
#
# $$H = \frac1n A^\top S A$$
#
# where $S$ is diagonal, with the elements $p_i (1 - p_i)$. A tumor at $p = \frac12$ counts with $\frac14$, its largest value. One that is surely benign or malignant counts with nearly 0: no small change of the weights changes its prediction. `hessian` lets the Tensor differentiate its own backward pass. *Does it find the same matrix?*
# %% hessian tags=needed
def curvature(w, A):
    p = sigmoid(A @ w)
    return (A.T * (p * (1 - p))) @ A / len(A)


# %% hessian-check
w = np.array([0.5, -1.0, 2.0])
H = hessian(lambda w: cross_entropy(w, A, y))(w)
print(np.round(H, 4))
print("the same as AᵀSA/n:", np.allclose(H, curvature(w, A), rtol=1e-10))
print("all eigenvalues are positive:", bool(np.linalg.eigvalsh(H).min() > 0))
assert np.allclose(H, curvature(w, A), rtol=1e-10) and np.linalg.eigvalsh(H).min() > 0


# %% [markdown] newton-words
# For every vector $v$, $v^\top H v$ is a sum of squares with positive factors. So the loss is **convex**: it curves upward everywhere, and has one minimum at most. (Networks with hidden units lose this.)
#
# ## 5. Newton's method
#
# In lesson 6 one step $w \leftarrow w - H^{-1} \nabla L$ reached the minimum, because the loss was a quadratic bowl. Here $H$ changes with $w$, so the step goes to the minimum of the bowl that fits best *at this point*. We repeat it. *How many steps does it need for all digits?*
# %% newton
w, path = np.zeros(3), []
for step in range(9):
    path.append(w)
    size = np.abs(gradient(w, A, y)).max()
    if step < 7:
        print(f"step {step}: loss {cross_entropy(w, A, y):.10f}   gradient {size:.0e}")
    else:
        print(f"step {step}: gradient below 1e-12: {size < 1e-12}")
    w = w - np.linalg.solve(curvature(w, A), gradient(w, A, y))
w_newton = w
assert np.abs(gradient(w_newton, A, y)).max() < 1e-14
# %% [markdown] newton-after
# The last steps **double the number of correct digits** each: a gradient of 4e-5 becomes 4e-8, and then less than 1e-12. Compare that with gradient descent. As in lesson 6 its rate must stay below 2 divided by the largest eigenvalue of $H$. Since $p(1-p) \le \frac14$, the eigenvalues are nowhere larger than those of $\frac{1}{4n} A^\top A$, and we take 1 divided by the largest of these.
# %% race
# alt: The distance of the loss from its minimum on a logarithmic scale. Newton's method falls off a cliff and reaches 1e-15 after seven steps; gradient descent falls slowly and after 60 steps is where Newton was after four.
rate = 1 / np.linalg.eigvalsh(A.T @ A / (4 * len(A)))[-1]
w, slow = np.zeros(3), []
for _ in range(60):
    slow.append(cross_entropy(w, A, y) - cross_entropy(w_newton, A, y))
    w = w - rate * gradient(w, A, y)
fast = [cross_entropy(w, A, y) - cross_entropy(w_newton, A, y) for w in path]
fig, ax = plt.subplots(figsize=(6.5, 3), layout="constrained")
ax.semilogy(np.maximum(slow, 1e-16), label="gradient descent")
ax.semilogy(np.maximum(fast, 1e-16), "o-", label="Newton")
ax.set(xlabel="step", ylabel="loss above the minimum", ylim=(1e-16, 2))
ax.legend()
plt.show()
print(f"above the minimum after 60 steps of gradient descent: {slow[-1]:.0e}")
print(f"above the minimum after 5 steps of Newton:            {fast[5]:.0e}")
assert slow[-1] > 100 * fast[5] and abs(fast[7]) < 1e-12
# %% [markdown] irls-words
# A Newton step costs more: it builds a $d \times d$ matrix and solves with it. For 3 or 300 weights that is nothing. For a million it is impossible.
#
# ## 6. Each step is a weighted least-squares problem
#
# Statisticians found the same iteration from another side. Write Newton's step as one equation for the new weights, and multiply by $n H$:
#
# $$\begin{aligned} A^\top S A\, w_\text{new} &= A^\top S A\, w - A^\top (p - y) \\ &= A^\top S\, t \end{aligned}$$
#
# with the **working targets** $t = A w + S^{-1} (y - p)$. These are the normal equations of lesson 6 with the weights $S$ (its exercise 4), and the targets are the current scores, corrected by what was predicted wrong. The weights $p (1 - p)$ change with each step, hence the name **iteratively reweighted least squares**, IRLS. *Are the iterates equal to Newton's?*
# %% irls
w = np.zeros(3)
for step in range(1, 6):
    p = sigmoid(A @ w)
    s = p * (1 - p)
    t = A @ w + (y - p) / s
    root = np.sqrt(s)
    w, *_ = np.linalg.lstsq(A * root[:, None], t * root, rcond=None)
    print(f"step {step}: the same weights as Newton's: {np.allclose(w, path[step], rtol=1e-9)}")
    assert np.allclose(w, path[step], rtol=1e-9)


# %% [markdown] plane-words
# So *IRLS is Newton* on this loss. Here is what it found: a line in the plane of radius and texture, where the score is 0 and $p = \frac12$.
# %% plane
# alt: The plane of two measurements, in two colors that fade into each other along a straight line. Benign tumors lie at the lower left, malignant ones at the upper right, with an overlap along the line.
def scores(points):
    z = with_ones(points) @ w_newton
    return np.stack([np.zeros(len(z)), z], axis=1)


fig, ax = plt.subplots(figsize=(5, 3.8), layout="constrained")
viz.decision_boundary(scores, Z_train[:, :2], y, ax=ax)
ax.set(xlabel="radius", ylabel="texture")
plt.show()
accuracy = np.mean((with_ones(Z_test[:, :2]) @ w_newton > 0) == y_test)
print(f"test accuracy with two measurements: {accuracy:.1%}")
assert accuracy > 0.85
# %% [markdown] separable-words
# ## 7. When a plane separates the classes
#
# Now use all 30 measurements. *Predict: does Newton find the minimum faster or slower than before?*
# %% separable
B, B_test = with_ones(Z_train), with_ones(Z_test)
w = np.zeros(31)
for step in range(10):
    right = np.mean((B @ w > 0) == y)
    loss, largest = float(cross_entropy(w, B, y)), np.abs(w).max()
    print(
        f"step {step}: loss {loss:.3f}   largest weight {largest:5.1f}   training accuracy {right:.1%}"
    )
    if step == 8:
        assert right == 1 and largest > 100
        lowest = loss
    w = w - np.linalg.solve(curvature(w, B), gradient(w, B, y))
assert loss > lowest


# %% [markdown] damped-words
# Two things happen. From step 4 on, the largest weight nearly doubles with each step. And the last step makes the loss *larger*: far from a minimum, the bowl that fits at one point can be wrong at the next. The usual repair is to **halve the step until the loss falls**. (Near a minimum, full steps are fine, so nothing is lost.) *Where does it lead?*
# %% damped
def newton(A, y, penalty=0.0, steps=25):
    """The weights after each step. The penalty does not hold for the offset, the first weight."""
    strength = penalty * np.array([0.0] + [1.0] * (A.shape[1] - 1))

    def loss(w):
        return cross_entropy(w, A, y) + 0.5 * (strength * w * w).sum()

    path = [np.zeros(A.shape[1])]
    for _ in range(steps):
        w = path[-1]
        H = curvature(w, A) + np.diag(strength)
        step = np.linalg.solve(H, gradient(w, A, y) + strength * w)
        while loss(w - step) > loss(w) and np.abs(step).max() > 1e-12:
            step = step / 2
        path.append(w - step)
    return np.array(path)


without = newton(B, y)
losses = np.array([cross_entropy(w, B, y) for w in without])
test_losses = np.array([cross_entropy(w, B_test, y_test) for w in without])
print(f"training loss after 25 steps below 1e-8: {losses[-1] < 1e-8}")
print(f"largest weight above 3000: {np.abs(without[-1]).max() > 3000}")
print(f"each of the last steps divides the loss by {losses[-2] / losses[-1]:.1f}")
assert losses[-1] < 1e-8 and np.abs(without[-1]).max() > 3000
assert np.isclose(losses[-2] / losses[-1], np.e, rtol=0.01)
# %% damped-picture
# alt: Loss over 25 Newton steps on a logarithmic scale. The training loss falls in a straight line to 1e-9. The test loss falls to 0.1 at step 4, and then rises to 5.
fig, ax = plt.subplots(figsize=(6.5, 3), layout="constrained")
ax.semilogy(losses, label="training set")
ax.semilogy(test_losses, "--", label="test set")
ax.set(xlabel="Newton step", ylabel="cross-entropy")
ax.legend()
plt.show()
print(
    f"smallest test loss at step {test_losses.argmin()}, {test_losses[-1] / test_losses.min():.0f} times as large at the end"
)
assert test_losses.argmin() == 4 and test_losses[-1] > 40 * test_losses.min()
# %% [markdown] separable-after
# It never arrives. A plane in 30 dimensions separates all 426 tumors of the training set. If $w$ separates them, $2w$ separates them with more certainty and a smaller loss: **there is no minimum**. The weights run to infinity, every probability becomes 0 or 1, and $H$ becomes singular, since $p(1 - p)$ vanishes. Each step divides the loss by $e$, forever. The test set shows the price: a model that is certain of everything is wrong *with certainty* when it is wrong, and the cross-entropy punishes that.
#
# ### The penalty
#
# Add $\frac{\lambda}{2} \lVert w \rVert^2$, without the offset. Gradient and Hessian change by $\lambda w$ and $\lambda I$. The loss then has exactly one minimum, and $H$ is never singular. Is that good for anything but Newton? The test loss tells:
# %% penalty
print("penalty   largest weight   training loss   test loss")
results = {}
for penalty in (1e-4, 1e-3, 1e-2, 1e-1, 1.0):
    w = newton(B, y, penalty)[-1]
    assert np.abs(w).max() < 10
    train, test = float(cross_entropy(w, B, y)), float(cross_entropy(w, B_test, y_test))
    results[penalty] = test
    print(f"{penalty:7g}   {np.abs(w[1:]).max():14.2f}   {train:13.3f}   {test:9.3f}")
assert min(results, key=results.get) == 1e-3 and max(results.values()) < 0.3
# %% [markdown] model-words
# The best penalty lies between the extremes: not so small that the model becomes certain of everything, not so large that it learns nothing. (To choose it, one would use a validation set, not the test set: [lesson 23](23_a_model_on_real_tables.ipynb).)
#
# ## 8. The model class
#
# `models.LogisticRegression` states the penalty by its inverse, as scikit-learn does: $C = \frac{1}{\lambda n}$. A large `C` is a small penalty, and the default is 1. With `solver="newton"` it runs the method of this lesson.
# %% model
penalty = 0.01
w = newton(B, y, penalty)[-1]
model = LogisticRegression(C=1 / (penalty * len(y)), solver="newton", tol=1e-10)
model.fit(Z_train, y)
print("weights:", np.allclose(model.coef_[0], w[1:], rtol=1e-6))
print("offset: ", np.allclose(model.intercept_[0], w[0], rtol=1e-6))
p = model.predict_proba(Z_test)[:, 1]
print("probabilities:", np.allclose(p, sigmoid(B_test @ w), rtol=1e-6))
assert np.allclose(model.coef_[0], w[1:], rtol=1e-6) and np.allclose(
    p, sigmoid(B_test @ w), rtol=1e-6
)
# %% [markdown] twin-words
# And scikit-learn's class of the same name, at the same minimum:
# %% twin tags=sklearn,varies
needs("sklearn")
from tinygrad_edu.twins import scikit_learn

print(scikit_learn.compare(model, Z_train, y))
# %% [markdown] exercise-1-words
# ## 9. Four exercises
#
# ### Exercise 1: odds (1 point)
#
# For one tumor the probability of being malignant is 0.8. What is its score? And what is its probability if the score grows by $\ln 2$, so that the odds double? Give both numbers.
#
# <details><summary>Hint</summary>
#
# The odds are $0.8 / 0.2 = 4$, and the score is their logarithm. Odds of $o$ are a probability of $o / (1 + o)$.
#
# </details>
# %% exercise odds points=1
# BEGIN SOLUTION
score = np.log(0.8 / 0.2)
doubled = 8 / 9
# END SOLUTION


# %% check odds
def check_odds(score, doubled):
    assert np.shape(score) == () and np.shape(doubled) == (), "Give two plain numbers."
    assert not np.isclose(score, 4), "score: these are the odds. The score is their logarithm."
    assert not np.isclose(score, np.log(0.8)), "score: that is ln p. The score is ln(p / (1 - p))."
    assert not np.isclose(score, -np.log(4)), (
        "score: the sign. A probability above 1/2 has a positive score."
    )
    assert np.isclose(score, np.log(4), atol=1e-3), "score: ln(p / (1 - p)) with p = 0.8."
    assert not np.isclose(doubled, 8), "doubled: these are the odds. Turn them into a probability."
    assert doubled < 1, (
        "doubled: a probability is never above 1. The odds double, not the probability."
    )
    assert np.isclose(doubled, 8 / 9, atol=1e-3), (
        "doubled: the new odds are 8, and 8 / (1 + 8) is their probability."
    )


# %% hidden odds
def check_odds(score, doubled):
    assert np.isclose(score, 1.3863, atol=1e-3) and np.isclose(doubled, 0.8889, atol=1e-3), (
        "Not right."
    )


# %% right odds
score, doubled = 2 * np.log(2), sigmoid(3 * np.log(2))
# %% right odds
score = 1.3863
doubled = 0.8889
# %% wrong odds: these are the odds
score, doubled = 4.0, 8 / 9
# %% wrong odds: that is ln p
score, doubled = np.log(0.8), 8 / 9
# %% wrong odds: never above 1
score, doubled = np.log(4), 1.6
# %% wrong odds: the new odds are 8
score, doubled = np.log(4), sigmoid(2 * np.log(4))


# %% [markdown] exercise-2-words
# ### Exercise 2: a loss that never overflows (2 points)
#
# Write `log_loss(z, y)` for scores `z` and classes `y` (0 or 1), both of shape `(n,)`: the mean of $\ln(1 + e^z) - y z$. It must be right for scores like 1000 and -1000, without `softplus` and without a warning of overflow.
#
# <details><summary>Hint</summary>
#
# $\ln(1 + e^z) = \max(z, 0) + \ln(1 + e^{-|z|})$, and `np.log1p(x)` is $\ln(1 + x)$ with all digits for small $x$.
#
# </details>
# %% exercise log_loss points=2
def log_loss(z, y):
    # BEGIN SOLUTION
    return np.mean(np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z))) - y * z)
    # END SOLUTION


# %% check log_loss
def check_log_loss(log_loss):
    z, y = np.array([0.0, np.log(3), -np.log(7)]), np.array([0, 1, 1])
    loss = log_loss(z, y)
    assert np.shape(loss) == (), "Return one number, the mean."
    each = np.array([np.log(2), -np.log(0.75), -np.log(0.125)])
    assert not np.isclose(loss, each.sum()), "Return the mean, not the sum."
    assert not np.isclose(loss, -each.mean()), "The sign: the loss is never negative."
    assert not np.isclose(loss, each.mean() + 2 * np.mean(y * z)), (
        "The sign of the second part: y z is subtracted."
    )
    assert np.isclose(loss, each.mean()), "For the score ln 3 and class 1 the loss is -ln 0.75."
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        large = log_loss(np.array([1000.0, -1000.0, 1000.0, -1000.0]), np.array([1, 0, 0, 1]))
    assert np.isfinite(large), "For scores of 1000, e^z overflows: use e^-|z|, which is at most 1."
    assert np.isclose(large, 500), (
        "Two of these four are wrong by a score of 1000: the mean loss is 500."
    )
    tiny = log_loss(np.array([-40.0]), np.array([0]))
    assert np.isclose(tiny, np.exp(-40.0), rtol=1e-6, atol=0), (
        "ln(1 + x) loses all digits for x = e^-40. np.log1p(x) keeps them."
    )


# %% hidden log_loss
def check_log_loss(log_loss):
    rng = np.random.default_rng(1)
    z, y = rng.normal(size=50) * 10, rng.integers(0, 2, 50)
    assert np.isclose(log_loss(z, y), np.mean(np.logaddexp(0, z) - y * z)), (
        "It should hold for any scores."
    )


# %% right log_loss
def log_loss(z, y):
    return np.mean(np.logaddexp(0, np.where(np.asarray(y) == 1, -z, z)))


# %% right log_loss
def log_loss(z, y):
    total = 0.0
    for score, label in zip(z, y):
        wrong_way = -score if label else score
        total += max(wrong_way, 0.0) + float(np.log1p(np.exp(-abs(wrong_way))))
    return total / len(z)


# %% wrong log_loss: not the sum
def log_loss(z, y):
    return np.sum(np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z))) - y * z)


# %% wrong log_loss: overflows
def log_loss(z, y):
    return np.mean(np.log(1 + np.exp(z)) - y * z)


# %% wrong log_loss: log1p
def log_loss(z, y):
    return np.mean(np.maximum(z, 0) + np.log(1 + np.exp(-np.abs(z))) - y * z)


# %% wrong log_loss: y z is subtracted
def log_loss(z, y):
    return np.mean(np.logaddexp(0, z) + y * z)


# %% wrong log_loss: the loss is never negative
def log_loss(z, y):
    return -np.mean(np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z))) - y * z)


# %% [markdown] exercise-3-words
# ### Exercise 3: one Newton step with a penalty (3 points)
#
# Write `newton_step(w, A, y, penalty)`: the weights after one Newton step on
#
# $$L(w) = \frac1n \sum_i \ell_i + \frac{\lambda}{2} \lVert w \rVert^2$$
#
# where $\ell_i = \ln(1 + e^{z_i}) - y_i z_i$ and $z = A w$. `A` has shape `(n, d)`, `w` has shape `(d,)`, and here **all** weights have the penalty $\lambda$. Do not change `w` in place.
#
# <details><summary>Hint</summary>
#
# $p = \sigma(A w)$. The gradient is $A^\top (p - y) / n + \lambda w$, and the Hessian is $A^\top S A / n + \lambda I$. `np.linalg.solve(H, g)` is $H^{-1} g$. You may use `sigmoid`.
#
# </details>
# %% exercise newton_step points=3
def newton_step(w, A, y, penalty):
    # BEGIN SOLUTION
    p = sigmoid(A @ w)
    g = A.T @ (p - y) / len(y) + penalty * w
    H = (A.T * (p * (1 - p))) @ A / len(y) + penalty * np.eye(len(w))
    return w - np.linalg.solve(H, g)
    # END SOLUTION


# %% check newton_step
def check_newton_step(newton_step):
    rng = np.random.default_rng(0)
    A, y = rng.normal(size=(40, 3)), rng.integers(0, 2, 40)
    w = rng.normal(size=3)
    before = w.copy()
    answer = newton_step(w, A, y, 0.1)
    assert np.shape(answer) == (3,), "Return the new weights, of the shape of w."
    assert np.allclose(w, before), (
        "Your function changes w in place: write w = w - ..., not w -= ..."
    )
    p = 1 / (1 + np.exp(-A @ w))
    g, S = A.T @ (p - y) / 40, p * (1 - p)
    H, I = (A.T * S) @ A / 40, np.eye(3)
    step = w - answer
    assert not np.allclose(step, np.linalg.solve(H, g)), "The penalty has no effect."
    assert not np.allclose(-step, np.linalg.solve(H + 0.1 * I, g + 0.1 * w)), (
        "The sign: the step is subtracted."
    )
    assert not np.allclose(step, np.linalg.solve(H + 0.1 * I, g)), (
        "The gradient lacks the penalty's part, penalty * w."
    )
    assert not np.allclose(step, np.linalg.solve(H, g + 0.1 * w)), (
        "The Hessian lacks the penalty's part, penalty times the unit matrix."
    )
    assert not np.allclose(step, np.linalg.solve(40 * H + 0.1 * I, 40 * g + 0.1 * w)), (
        "Divide by n: the loss is a mean, and only then the penalty is added."
    )
    assert np.allclose(step, np.linalg.solve(H + 0.1 * I, g + 0.1 * w)), (
        "The step is the solution of H step = gradient, with S = p (1 - p) on the diagonal of AᵀSA."
    )
    for _ in range(10):
        w = newton_step(w, A, y, 0.1)
    p = 1 / (1 + np.exp(-A @ w))
    assert np.allclose(A.T @ (p - y) / 40 + 0.1 * w, 0), (
        "After ten steps the gradient should be zero."
    )


# %% hidden newton_step
def check_newton_step(newton_step):
    rng = np.random.default_rng(6)
    A, y = rng.normal(size=(15, 5)), rng.integers(0, 2, 15)
    w = np.zeros(5)
    for _ in range(12):
        w = newton_step(w, A, y, 0.03)
    p = 1 / (1 + np.exp(-A @ w))
    assert np.allclose(A.T @ (p - y) / 15 + 0.03 * w, 0), "It should converge on other tables."


# %% right newton_step
def newton_step(w, A, y, penalty):
    H = curvature(w, A)
    H[np.diag_indices(len(w))] += penalty
    return w - np.linalg.inv(H) @ (gradient(w, A, y) + penalty * w)


# %% right newton_step
def newton_step(w, A, y, penalty):
    p = sigmoid(A @ w)
    s = p * (1 - p)
    right = A.T @ (s * (A @ w) + y - p)
    return np.linalg.solve(A.T @ np.diag(s) @ A + penalty * len(y) * np.eye(len(w)), right)


# %% wrong newton_step: no effect
def newton_step(w, A, y, penalty):
    return w - np.linalg.solve(curvature(w, A), gradient(w, A, y))


# %% wrong newton_step: gradient lacks
def newton_step(w, A, y, penalty):
    return w - np.linalg.solve(curvature(w, A) + penalty * np.eye(len(w)), gradient(w, A, y))


# %% wrong newton_step: Hessian lacks
def newton_step(w, A, y, penalty):
    return w - np.linalg.solve(curvature(w, A), gradient(w, A, y) + penalty * w)


# %% wrong newton_step: Divide by n
def newton_step(w, A, y, penalty):
    p = sigmoid(A @ w)
    H = (A.T * (p * (1 - p))) @ A + penalty * np.eye(len(w))
    return w - np.linalg.solve(H, A.T @ (p - y) + penalty * w)


# %% wrong newton_step: in place
def newton_step(w, A, y, penalty):
    H = curvature(w, A) + penalty * np.eye(len(w))
    w -= np.linalg.solve(H, gradient(w, A, y) + penalty * w)
    return w


# %% [markdown] exercise-4-words
# ### Exercise 4: is it separable? (2 points)
#
# Write `separates(w, A, y)`: `True` if the weights `w` give a positive score to **every** row of class 1, and a negative score to every row of class 0. For such $w$ the loss has no minimum.
#
# <details><summary>Hint</summary>
#
# $2y - 1$ is 1 for class 1 and -1 for class 0. Multiply the scores by it: all products must be positive.
#
# </details>
# %% exercise separates points=2
def separates(w, A, y):
    # BEGIN SOLUTION
    return bool(np.all((2 * y - 1) * (A @ w) > 0))
    # END SOLUTION


# %% check separates
def check_separates(separates):
    A, y = np.array([[1.0, 1.0], [1.0, 2.0], [1.0, -1.0]]), np.array([1, 1, 0])
    yes = separates(np.array([0.0, 1.0]), A, y)
    assert np.shape(yes) == (), "Return one truth value, for all rows together."
    assert yes, (
        "w = (0, 1) gives the scores 1, 2 and -1: positive, positive, negative, as the classes are."
    )
    assert not separates(np.array([0.0, -1.0]), A, y), (
        "w = (0, -1) has all signs wrong: class 1 must have positive scores."
    )
    assert not separates(np.array([-1.5, 1.0]), A, y), (
        "w = (-1.5, 1) is wrong on the first row: every row must have its sign."
    )
    assert not separates(np.array([3.0, 1.0]), A, y), (
        "w = (3, 1) gives a positive score to a row of class 0: look at both classes."
    )
    assert not separates(np.array([1.0, 1.0]), A, y), (
        "w = (1, 1) gives the score 0 to a row: on the plane is not separated."
    )


# %% hidden separates
def check_separates(separates):
    rng = np.random.default_rng(3)
    A, w = rng.normal(size=(20, 4)), rng.normal(size=4)
    y = (A @ w > 0).astype(int)
    assert separates(w, A, y) and separates(0.001 * w, A, y), "The scale of w does not matter."
    y[11] = 1 - y[11]
    assert not separates(w, A, y), "One wrong row is enough."


# %% right separates
def separates(w, A, y):
    z = A @ w
    return z[y == 1].min() > 0 > z[y == 0].max()


# %% right separates
def separates(w, A, y):
    for row, label in zip(A, y):
        score = sum(row * w)
        if score == 0 or (score > 0) != (label == 1):
            return False
    return True


# %% wrong separates: look at both classes
def separates(w, A, y):
    return bool(np.all((A @ w)[y == 1] > 0))


# %% wrong separates: every row
def separates(w, A, y):
    return bool(np.mean((2 * y - 1) * (A @ w) > 0) > 0.5)


# %% wrong separates: on the plane
def separates(w, A, y):
    return bool(np.all((2 * y - 1) * (A @ w) >= 0))


# %% wrong separates: one truth value
def separates(w, A, y):
    return (2 * y - 1) * (A @ w) > 0


# %% [markdown] next
# ## What you have seen
#
# - The score is the logarithm of the odds, and the gradient of the loss is $A^\top(\text{predicted} - \text{observed}) / n$.
# - The Hessian is $A^\top S A / n$ with $S = p(1 - p)$: the loss is convex, and Newton's method doubles the correct digits with each step.
# - A Newton step is a weighted least-squares problem. That is why the method is also called IRLS.
# - On separable data the loss has no minimum. A penalty gives it one, and makes the probabilities honest.
#
# ## What to read next
#
# [`models/generalized/logistic.py`](../models/generalized/logistic.py) has the loss in three lines, for any number of classes; the other generalized linear models beside it (Poisson, gamma, ordinal) differ only in theirs. In the books: Bishop, *Pattern Recognition and Machine Learning*, section 4.3; Hastie, Tibshirani and Friedman, *The Elements of Statistical Learning*, section 4.4. With ten classes and hidden layers, the same loss trains the network of the [next lesson](08_digits_and_their_keras_twin.ipynb).
