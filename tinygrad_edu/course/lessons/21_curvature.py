# builds: error bars, influence and hyper-gradients from second derivatives, each checked by brute force
# needs: lessons 5 to 7

# %% [markdown] title
# # Lesson 21: Curvature: error bars, influence, hyper-gradients
#
# A fitted model is the bottom of a valley: the first derivative of the loss is 0 there. The **second**
# derivative says how steep the valley is, and that answers three questions that nobody should have to refit
# a model for. How sure is the model of its parameters? Which samples made it what it is? And how would the
# validation loss change if the penalty were a little stronger? In this lesson you answer all three by hand,
# with the Tensor, and with `models.curvature`, and check each answer by brute force.
#
# You need lessons 5, 6 and 7 (gradient checks, linear and logistic regression), and about twenty-five
# minutes.

# %% imports tags=needed
import matplotlib.pyplot as plt
import numpy as np

import models
from models.curvature import hyper_gradient, influence, laplace
from tinygrad_edu import grad, hessian, hvp, jacobian
from tinygrad_edu.course import check, needs

# %% [markdown] data-words
# ## 1. Twenty-three launches
#
# On 28 January 1986 the space shuttle Challenger broke up after a launch at 31 °F (-1 °C), because rubber
# rings in its boosters failed in the cold. Here are the 23 launches before it: the temperature in °F, and
# whether a ring was damaged (Dalal, Fowlkes and Hoadley, *Risk analysis of the space shuttle*, 1989). We
# model the probability of damage by a logistic regression on $x$, the temperature above 70 °F in units of
# ten degrees.

# %% data tags=needed
temperature = np.array(
    [66, 70, 69, 68, 67, 72, 73, 70, 57, 63, 70, 78, 67, 53, 67, 75, 70, 81, 76, 79, 75, 76, 58]
)
damage = np.array([0, 1, 0, 0, 0, 0, 0, 0, 1, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 0, 1])
x = (temperature - 70) / 10
ones = np.ones(23)
A = np.column_stack([ones, x])  # the column of ones is for the intercept


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def loss(theta, s=ones):
    """The sum of -ln P(y | x) over the samples, with weights s."""
    z = A @ theta
    return np.sum(s * (np.logaddexp(0, z) - damage * z))


# %% [markdown] newton-words
# Lesson 7 fits this with Newton's method. With $p = \operatorname{sigmoid}(A\theta)$, the gradient is
# $A^\mathsf{T}(p - y)$, and differentiating once more gives the matrix of second derivatives, the
# **Hessian**:
#
# $$H = A^\mathsf{T}\, \operatorname{diag}\bigl(p (1 - p)\bigr)\, A$$


# %% newton tags=needed
def hessian_by_hand(A, theta):
    p = sigmoid(A @ theta)
    return A.T @ (A * (p * (1 - p))[:, None])


def fit(A, y, steps=15):
    theta = np.zeros(A.shape[1])
    for _ in range(steps):
        slope = A.T @ (sigmoid(A @ theta) - y)
        theta = theta - np.linalg.solve(hessian_by_hand(A, theta), slope)
    return theta


theta = fit(A, damage)

# %% fitted
print(f"log odds of damage = {theta[0]:.2f} + {theta[1]:.2f} x")
print("gradient there is 0:", np.allclose(grad(loss)(theta), 0, atol=1e-10))
assert np.allclose(grad(loss)(theta), 0, atol=1e-10)

# %% [markdown] twice-words
# The slope is negative: ten degrees less, and the odds of damage are $e^{2.3} \approx 10$ times as high.
#
# ## 2. Differentiate twice
#
# The engine needs no formula for $H$. The backward pass is made of operations, which can be recorded and
# differentiated again (lesson 3). Each row of the Hessian is the gradient of one entry of the gradient.
# *Three ways to compute it: do they agree?*

# %% twice
by_hand = hessian_by_hand(A, theta)
by_engine = hessian(loss)(theta)  # the same as jacobian(grad(loss))
e = 1e-5 * np.eye(2)
by_nudging = np.stack([(grad(loss)(theta + d) - grad(loss)(theta - d)) / 2e-5 for d in e])
print(by_engine.round(3))
print("all three agree:", np.allclose(by_hand, by_engine) and np.allclose(by_nudging, by_engine))
assert np.allclose(by_hand, by_engine, rtol=1e-10) and np.allclose(by_nudging, by_engine, rtol=1e-6)

# %% [markdown] hvp-words
# A model with a million parameters has a Hessian with $10^{12}$ entries, eight terabytes. But the
# product $Hv$ with **one** vector is just the gradient of the number $\langle \nabla L, v \rangle$. It
# costs about as much as two gradients, whatever the size:

# %% hvp
v = np.array([1.0, -2.0])
print("agrees with H @ v:", np.allclose(hvp(loss, (theta,), (v,)), by_hand @ v))
assert np.allclose(hvp(loss, (theta,), (v,)), by_hand @ v)

# %% [markdown] valley-words
# Near its minimum, where the slope is 0, the loss is almost the parabola
# $L(\hat\theta) + \tfrac12 d^\mathsf{T} H d$ with $d = \theta - \hat\theta$. Look at both from above:

# %% valley
# alt: Contour lines of the loss, egg-shaped, and the ellipses of the parabola, which agree near the minimum.
a = np.linspace(-4.5, 1.5, 80)
b = np.linspace(-8, 1.5, 80)
grid = np.stack(np.meshgrid(a, b), axis=-1)  # (80, 80, 2)
z = grid @ A.T
height = (np.logaddexp(0, z) - damage * z).sum(axis=-1) - loss(theta)
d = grid - theta
parabola = np.einsum("abi,ij,abj->ab", d, by_hand, d) / 2
fig, ax = plt.subplots(figsize=(5.5, 3.8), layout="constrained")
levels = [0.5, 2, 4.5]
ax.contour(a, b, height, levels, colors="tab:blue")
ax.contour(a, b, parabola, levels, colors="tab:orange", linestyles="dashed")
ax.plot(*theta, "k+", markersize=10)
ax.plot([], [], "tab:blue", label="loss")
ax.plot([], [], "--", color="tab:orange", label="parabola")
ax.set(xlabel="intercept", ylabel="slope (per 10 °F)")
ax.legend(loc="lower right")
plt.show()
# %% [markdown] valley-explained
# The lines show where the loss is higher by 1/2, 2 and 9/2. Close to the minimum both agree. Further away
# the loss is not symmetric: with so few launches, very steep slopes are not excluded.
#
# ## 3. Error bars
#
# The loss is $-\ln P(\text{data} \mid \theta)$, so $e^{-L(\theta)}$ says how well each $\theta$ explains
# the data. Replace $L$ by its parabola:
#
# $$e^{-L(\theta)} \approx \text{const} \cdot e^{-\frac12 d^\mathsf{T} H d}$$
#
# That is a **normal distribution with mean** $\hat\theta$ **and covariance** $H^{-1}$. This is Laplace's
# method: a flat valley means large variance, a steep one means small variance. The roots of its diagonal
# are the standard errors that every statistics program prints.
#
# *Is a slope of 0, no effect of the temperature, excluded?*

# %% errors
covariance = np.linalg.inv(by_hand)
errors = np.sqrt(np.diag(covariance))
for name, value, error in zip(["intercept", "slope"], theta, errors, strict=True):
    print(f"{name:9} {value:6.2f} ± {error:.2f}")
assert np.allclose([theta[1] / 10, errors[1] / 10], [-0.2322, 0.1082], atol=1e-4)  # as published
assert 2 < -theta[1] / errors[1] < 2.2

# %% [markdown] model-words
# A slope of 0 is a little more than two standard errors away: unlikely, but not excluded beyond doubt.
#
# With the class of `models` it is one call, for every model whose loss is a function of parameters.
# `C=np.inf` means: without a penalty.


# %% model tags=needed
def logistic(X, y, C=np.inf):
    model = models.LogisticRegression(C=C, solver="newton", tol=1e-10, max_iter=100)
    return model.fit(X, y)


launches = x[:, None]
model = logistic(launches, damage)
posterior = laplace(model, launches, damage)

# %% model-compare
print("slope:", model.coef_.round(2), "standard error:", posterior.standard_errors["coef"].round(2))
assert np.allclose(posterior.standard_errors["coef"], errors[1], rtol=1e-6)
assert np.allclose(posterior.standard_errors["intercept"], errors[0], rtol=1e-6)

# %% [markdown] twin-words
# scikit-learn has the same model, and the same numbers for it. It does not offer error bars.

# %% twin tags=sklearn
needs("sklearn")
from sklearn.linear_model import LogisticRegression

theirs = LogisticRegression(C=np.inf, tol=1e-10, max_iter=1000).fit(launches, damage)
print("scikit-learn:", theirs.intercept_.round(2), theirs.coef_.round(2))
assert np.allclose(theirs.coef_, theta[1], rtol=1e-4)

# %% [markdown] simulate-words
# Are such error bars right? Test them by brute force. Take the fitted model for the truth, let it draw the
# outcomes of 690 launches, fit again, and repeat this 300 times. The standard deviation of the 300 slopes
# should be the standard error. *How close will it be?*

# %% simulate
rng = np.random.default_rng(0)
many = np.tile(A, (30, 1))
truth = sigmoid(many @ theta)
slopes = np.array([fit(many, rng.random(690) < truth)[1] for _ in range(300)])
predicted = np.sqrt(np.linalg.inv(hessian_by_hand(many, theta))[1, 1])
print(f"simulated {slopes.std():.2f}, from the Hessian {predicted:.2f}")
assert abs(slopes.std() / predicted - 1) < 0.15

# %% [markdown] predict-words
# One fit has told what 300 simulations tell. Error bars of parameters become error bars of predictions:
# $z = \langle a, \theta \rangle$ has the variance $a^\mathsf{T} H^{-1} a$. *How wide is the band at 31 °F,
# far from all data?*

# %% band
# alt: A falling curve of probability with a band, narrow near 70 °F, and from 0.4 to 1 at 31 °F.
degrees = np.linspace(28, 85, 200)
rows = np.column_stack([np.ones(200), (degrees - 70) / 10])
z = rows @ theta
spread = np.sqrt(np.einsum("ni,ij,nj->n", rows, covariance, rows))
fig, ax = plt.subplots(figsize=(6.5, 3.2), layout="constrained")
ax.fill_between(degrees, sigmoid(z - 2 * spread), sigmoid(z + 2 * spread), alpha=0.25)
ax.plot(degrees, sigmoid(z))
ax.plot(temperature, damage, "k|", markersize=12)
ax.axvline(31, color="gray", linestyle=":")
ax.set(xlabel="temperature (°F)", ylabel="probability of damage")
plt.show()
# %% cold
cold = np.array([[(31 - 70) / 10]])
probability, deviation = posterior.predict(cold)
draws = posterior.sample(4000, random_state=0)
z_draws = draws["intercept"][:, 0] + draws["coef"][:, 0, 0] * cold[0, 0]
low = np.quantile(sigmoid(z_draws), 0.05)
print(f"at 31 °F: probability {probability[0, 1]:.3f}, by tangent ± {deviation[0, 1]:.3f}")
print(f"of 4000 draws, 95% are above {low:.1f}")
assert probability[0, 1] > 0.999 and deviation[0, 1] < 0.01 and 0.5 < low < 0.95

# %% [markdown] cold-explained
# The marks are the launches. The band is narrow among them and wide at 31 °F. The last cell holds a
# warning. `posterior.predict` follows the tangent of the probability, and where the sigmoid is flat, the
# tangent hides the uncertainty. **Form the band where the model is linear**, for $z$, and then apply the
# sigmoid, as in the picture; or draw parameters from the posterior, as in the last line. Even so, there is
# no good news: damage at 31 °F was likely.
#
# ## 4. Influence: what if a launch had not happened?
#
# Give each sample a weight $s_i$ in the loss, now 1. The fit $\hat\theta(s)$ is where
# $\partial L / \partial \theta = 0$, and it stays there while $s_i$ changes. Differentiate this equation
# with respect to $s_i$ (the *implicit function theorem*), where $g_i$ is the gradient of the loss of sample
# $i$ alone:
#
# $$H \frac{\partial \hat\theta}{\partial s_i} + g_i = 0$$
#
# $$\frac{\partial \hat\theta}{\partial s_i} = -H^{-1} g_i$$
#
# Leaving the sample out takes its weight from 1 to 0, so $\hat\theta$ changes by about $+H^{-1} g_i$. One
# Hessian serves all samples. *Which launch has the largest influence on the slope?* Look at the picture
# above before you run the cell.

# %% influence
g = (sigmoid(A @ theta) - damage)[:, None] * A  # (23, 2): the gradient of each sample's loss
predicted_change = g @ np.linalg.inv(by_hand)  # (23, 2): what leaving it out does to theta

mixed = jacobian(lambda s: grad(loss)(theta, s))(ones)  # by the engine: all g at once
assert np.allclose(mixed.T, g)
by_class = influence(model, launches, damage)
assert np.allclose(-by_class["coef"][:, 0, 0], predicted_change[:, 1], rtol=1e-5, atol=1e-8)

most = np.argsort(-np.abs(predicted_change[:, 1]))[:3]
for i in most:
    print(
        f"launch {i:2} at {temperature[i]} °F, damage {damage[i]}: slope {predicted_change[i, 1]:+.2f}"
    )
assert most[0] == 20

# %% [markdown] loo-words
# It is the launch at 75 °F, the only one above 70 °F with damage. Without it, the slope would be steeper. Now the brute
# force: leave out each launch, and fit again.

# %% loo
# alt: True change of the slope against the predicted one: points on the diagonal; one, far out, below it.
every = np.arange(23)
true_change = np.array([fit(A[every != i], damage[every != i]) - theta for i in every])
fig, ax = plt.subplots(figsize=(4.6, 3.6), layout="constrained")
ax.plot([-1.35, 0.35], [-1.35, 0.35], "k:", linewidth=1)
ax.plot(predicted_change[:, 1], true_change[:, 1], "o", alpha=0.6)
ax.annotate("75 °F, damage", (predicted_change[20, 1], true_change[20, 1]), (-0.65, -1.25))
ax.set(
    xlabel="predicted by influence", ylabel="true, by fitting again", title="change of the slope"
)
correlation = np.corrcoef(predicted_change[:, 1], true_change[:, 1])[0, 1]
print(f"correlation {correlation:.2f}")
assert correlation > 0.98 and (np.abs(true_change) >= 0.9 * np.abs(predicted_change))[most].all()

# %% [markdown] loo-explained
# For most launches, the prediction is right. For the most influential one it is too small: without that
# launch the valley itself has another curvature, which the derivative at $s = 1$ does not know. Influence
# ranks samples well, and underestimates the extremes.
#
# ## 5. Finding wrong labels
#
# Influence on a *number*, such as the loss on other data, is the chain rule once more:
# $\langle \partial V / \partial \theta,\, \partial \hat\theta / \partial s_i \rangle$. If more weight on a
# sample makes the loss on clean validation data **larger**, the sample does harm. Take the breast cancer
# data, exchange 15 of 300 training labels, and look at the 15 most harmful samples. *How many of them will
# be the exchanged ones? By chance, less than one.*

# %% labels
cancer = models.datasets.load_breast_cancer()
Z = (cancer.data - cancer.data.mean(axis=0)) / cancer.data.std(axis=0)
rng = np.random.default_rng(0)
train, validation, test = np.split(rng.permutation(569), [300, 430])
exchanged = rng.choice(300, 15, replace=False)
labels = cancer.target[train].copy()
labels[exchanged] = 1 - labels[exchanged]


def mean_loss(model, rows):
    P = model.predict_proba(Z[rows])
    return -np.log(P[np.arange(len(rows)), cancer.target[rows]]).mean()


before = logistic(Z[train], labels, C=0.1)
harm = influence(before, Z[train], labels, on=lambda m: mean_loss(m, validation))
suspects = np.argsort(-harm)[:15]
found = np.isin(suspects, exchanged).sum()
keep = ~np.isin(np.arange(300), suspects)
after = logistic(Z[train][keep], labels[keep], C=0.1)
print(f"{found} of the 15 most harmful samples have an exchanged label")
print(
    f"test loss with all: {mean_loss(before, test):.2f}, without these 15: {mean_loss(after, test):.2f}"
)
assert found >= 9 and mean_loss(after, test) < mean_loss(before, test)

# %% [markdown] labels-explained
# Nobody told the method which labels were wrong, and the test loss is measured on data that it has not
# seen. In practice a person looks at the suspects first.
#
# ## 6. Hyper-gradients: a derivative in place of a grid
#
# Ridge regression has a penalty $\alpha \lVert w \rVert^2$, and one chooses $\alpha$ by the loss $V$ on
# validation data, usually from a grid with one fit for each value. But $V$ is a function of $\alpha$,
# through the fit: $(X^\mathsf{T} X + \alpha I)\, w = X^\mathsf{T} y$. Differentiate both sides with respect
# to $\alpha$:
#
# $$w + (X^\mathsf{T} X + \alpha I) \frac{\partial w}{\partial \alpha} = 0$$
#
# $$\frac{\partial w}{\partial \alpha} = -(X^\mathsf{T} X + \alpha I)^{-1} w$$
#
# The same theorem again, with the Hessian again. Then
# $\partial V / \partial \alpha = \langle \partial V / \partial w, \partial w / \partial \alpha \rangle$.
# *Predict its sign for a very small and for a very large* $\alpha$*.*

# %% ridge tags=needed
diabetes = models.datasets.load_diabetes()
order = np.random.default_rng(3).permutation(442)
few, rest = order[:40], order[40:]  # 40 samples to fit, the others to validate
scaled = diabetes.data / diabetes.data.std(axis=0)
X, X_val = (scaled[rows] - scaled[few].mean(axis=0) for rows in (few, rest))
y, y_val = (diabetes.target[rows] - diabetes.target[few].mean() for rows in (few, rest))


def weights(alpha):
    return np.linalg.solve(X.T @ X + alpha * np.eye(10), X.T @ y)


def V(alpha):
    return np.mean((y_val - X_val @ weights(alpha)) ** 2)


def hyper_by_hand(alpha):
    w = weights(alpha)
    dV_dw = -2 * X_val.T @ (y_val - X_val @ w) / len(y_val)
    return dV_dw @ -np.linalg.solve(X.T @ X + alpha * np.eye(10), w)


# %% ridge-check
for alpha in (1.0, 100.0):
    ridge = models.Ridge(alpha=alpha, fit_intercept=False).fit(X, y)
    four = {
        "by hand": hyper_by_hand(alpha),
        "nudging": (V(alpha + 1e-3) - V(alpha - 1e-3)) / 2e-3,
        "through `solve`": float(grad(V)(alpha)),
        "hyper_gradient": hyper_gradient(ridge, X, y, X_val, y_val)["alpha"],
    }
    print(f"alpha = {alpha:.0f}")
    for name, derivative in four.items():
        print(f"  {name:16} {derivative:.2f}")
    assert np.allclose(list(four.values()), four["by hand"], rtol=1e-6)

# %% [markdown] ridge-explained
# At $\alpha = 1$ the derivative is negative: a stronger penalty would help. At 100 it is positive. Here the
# engine could also differentiate *through* the fit, because `np.linalg.solve` is a row of the table. For a
# fit by iterations, that would record every iteration. The theorem needs only the result, whatever found
# it.
#
# Since $\alpha$ ranges over powers of ten, take steps in $\ln \alpha$, whose derivative is
# $\alpha\, \partial V / \partial \alpha$. Beside it, a grid of 61 values:

# %% grid
# alt: Validation loss against alpha: a valley near 13; the steps of the descent jump from 300 into it.
grid = np.geomspace(1e-2, 1e4, 61)
values = [V(alpha) for alpha in grid]
best = grid[np.argmin(values)]

log_alpha, path = np.log(300.0), []
for _ in range(8):
    alpha = float(np.exp(log_alpha))
    path.append(alpha)
    ridge = models.Ridge(alpha=alpha, fit_intercept=False).fit(X, y)
    slope = alpha * hyper_gradient(ridge, X, y, X_val, y_val)["alpha"]
    log_alpha -= slope / 300

print("descent:", [round(alpha, 1) for alpha in path])
print(f"best of the grid: {best:.1f}")
fig, ax = plt.subplots(figsize=(6.5, 3.2), layout="constrained")
ax.semilogx(grid, values, ".-", linewidth=0.7, markersize=4, label="grid: 61 fits")
ax.plot(path, [V(alpha) for alpha in path], "o-", fillstyle="none", label="descent: 8 fits")
ax.set(xlabel="alpha", ylabel="validation loss")
ax.legend()
assert abs(np.log(path[-1] / best)) < np.log(grid[1] / grid[0])
assert V(path[-1]) <= min(values) + 0.5

# %% [markdown] grid-explained
# Eight fits find what the grid finds with 61, and between its points. The real gain comes with several
# hyper-parameters. With ten penalties, one for each feature, a grid of 61 values needs $61^{10}$ fits,
# while the derivatives with respect to all ten cost one solution of linear equations (exercise 4).
#
# Two warnings. $V$ may have several valleys, of which descent finds one. And $V$ was now *trained on*:
# report the result on test data.
#
# The function works for classifiers, too, here for `C` (the inverse of the penalty) of a logistic
# regression on the launches, with the odd ones for validation:

# %% classifier
odd = every % 2 == 1
held = logistic(launches[~odd], damage[~odd], C=1.0)
found = hyper_gradient(held, launches[~odd], damage[~odd], launches[odd], damage[odd], "C")["C"]
print(f"dV/dC = {found:.4f}")


def validation_loss(C):
    P = logistic(launches[~odd], damage[~odd], C=C).predict_proba(launches[odd])
    return -np.log(P[np.arange(odd.sum()), damage[odd]]).mean()


numeric = (validation_loss(1 + 1e-4) - validation_loss(1 - 1e-4)) / 2e-4
assert np.isclose(found, numeric, rtol=1e-4)

# %% [markdown] se-words
# ## 7. Exercises
#
# ### Exercise 1: standard errors (1 point)
#
# Write `standard_errors(A, p)` for a logistic regression without a penalty: `A` is the table of shape (n,
# d), with the column of ones, and `p` (n,) are the fitted probabilities. Return the standard error of each
# parameter, an array of shape (d,).
#
# <details><summary>Hint</summary>
#
# Section 1 has the Hessian, section 3 says what to do with it. The order matters: first the inverse, then
# the diagonal.
#
# </details>


# %% exercise standard_errors points=1
def standard_errors(A, p):
    # BEGIN SOLUTION
    H = A.T @ (A * (p * (1 - p))[:, None])
    return np.sqrt(np.diag(np.linalg.inv(H)))
    # END SOLUTION


# %% check standard_errors
def check_standard_errors(standard_errors):
    rng = np.random.default_rng(0)
    A = np.column_stack([np.ones(50), rng.normal(size=50)])
    A = np.column_stack([A, A[:, 1] + 0.5 * rng.normal(size=50)])
    p = sigmoid(A @ [0.5, 1.0, -2.0])
    H = (A.T * (p * (1 - p))) @ A
    right = np.sqrt(np.diag(np.linalg.inv(H)))
    found = standard_errors(A, p)
    assert np.shape(found) != (3, 3), (
        "Return the diagonal, one number for each parameter, not the matrix."
    )
    assert np.shape(found) == (3,), "Return one number for each parameter."
    assert not np.allclose(found, right**2), "Those are the variances: take the root."
    assert not np.allclose(found, 1 / np.sqrt(np.diag(H))), (
        "First the inverse of the matrix, then its diagonal: else the correlations are ignored."
    )
    unweighted = np.sqrt(np.diag(np.linalg.inv(A.T @ A)))
    assert not np.allclose(found, unweighted), "The Hessian lacks the weights p (1 - p)."
    assert np.allclose(found, right), "The numbers are not right."


# %% hidden standard_errors
def check_standard_errors(standard_errors):
    found = standard_errors(A, sigmoid(A @ theta))
    assert np.allclose(found, np.sqrt(np.diag(np.linalg.inv(hessian_by_hand(A, theta))))), (
        "Wrong for the launches."
    )


# %% right standard_errors
def standard_errors(A, p):
    root = A * np.sqrt(p * (1 - p))[:, None]
    R = np.linalg.qr(root, mode="r")
    return np.linalg.norm(np.linalg.inv(R), axis=1)


# %% right standard_errors
def standard_errors(A, p):
    H = np.einsum("ni,n,nj->ij", A, p - p**2, A)
    return np.array([np.linalg.solve(H, e) @ e for e in np.eye(len(H))]) ** 0.5


# %% wrong standard_errors: take the root
def standard_errors(A, p):
    return np.diag(np.linalg.inv(A.T @ (A * (p * (1 - p))[:, None])))


# %% wrong standard_errors: the correlations are ignored
def standard_errors(A, p):
    return 1 / np.sqrt(np.diag(A.T @ (A * (p * (1 - p))[:, None])))


# %% wrong standard_errors: lacks the weights
def standard_errors(A, p):
    return np.sqrt(np.diag(np.linalg.inv(A.T @ A)))


# %% wrong standard_errors: Return the diagonal
def standard_errors(A, p):
    return np.sqrt(np.abs(np.linalg.inv(A.T @ (A * (p * (1 - p))[:, None]))))


# %% [markdown] hv-words
# ### Exercise 2: a Hessian too large to store (1 point)
#
# For the same loss, write `hessian_times(A, p, v)`: the product $Hv$, of shape (d,), **without forming**
# $H$. (The hidden test has 20,000 parameters; the Hessian would take 3 GB.)
#
# <details><summary>Hint</summary>
#
# $H = A^\mathsf{T} D A$. Where do the parentheses in $A^\mathsf{T} D A v$ belong?
#
# </details>


# %% exercise hessian_times points=1
def hessian_times(A, p, v):
    # BEGIN SOLUTION
    return A.T @ (p * (1 - p) * (A @ v))
    # END SOLUTION


# %% check hessian_times
def check_hessian_times(hessian_times):
    rng = np.random.default_rng(1)
    A, v = rng.normal(size=(6, 4)), rng.normal(size=4)
    p = sigmoid(rng.normal(size=6))
    right = A.T @ np.diag(p * (1 - p)) @ A @ v
    found = hessian_times(A, p, v)
    assert np.shape(found) != (6,), (
        "That has one number for each sample: go back to the parameters with Aᵀ."
    )
    assert np.shape(found) == (4,), "Return one number for each parameter."
    assert not np.allclose(found, A.T @ (A @ v)), "The weights p (1 - p) are missing."
    assert not np.allclose(found, A.T @ (p * (A @ v))), "The weights are p (1 - p), not p."
    assert not np.allclose(found, right / 6), (
        "The loss is the sum over the samples, so do not divide by their number."
    )
    assert np.allclose(found, right), "It is not AᵀDA v with D = p (1 - p) on the diagonal."


# %% hidden hessian_times
def check_hessian_times(hessian_times):
    rng = np.random.default_rng(2)
    A, v = rng.normal(size=(20, 20_000)), rng.normal(size=20_000)
    p = sigmoid(rng.normal(size=20))
    found = hessian_times(A, p, v)
    assert np.allclose(found, (p * (1 - p) * (A @ v)) @ A), "Wrong for 20,000 parameters."


# %% right hessian_times
def hessian_times(A, p, v):
    return (p * (1 - p) * (A @ v)) @ A


# %% right hessian_times
def hessian_times(A, p, v):
    z = np.log(p / (1 - p))
    total = lambda w: np.sum(np.logaddexp(0, z + A @ w))
    return hvp(total, (np.zeros(A.shape[1]),), (v,))


# %% wrong hessian_times: weights p (1 - p) are missing
def hessian_times(A, p, v):
    return A.T @ (A @ v)


# %% wrong hessian_times: do not divide by their number
def hessian_times(A, p, v):
    return A.T @ (p * (1 - p) * (A @ v)) / len(A)


# %% wrong hessian_times: not p
def hessian_times(A, p, v):
    return A.T @ (p * (A @ v))


# %% wrong hessian_times: go back to the parameters
def hessian_times(A, p, v):
    return p * (1 - p) * (A @ v)


# %% [markdown] loo-exercise-words
# ### Exercise 3: leave one out, exactly (2 points)
#
# For least squares the effect of leaving out sample $i$ has an exact formula. Let $w$ be the fit,
# $r_i = y_i - \langle x_i, w \rangle$ its residual, and $h_i = x_i^\mathsf{T} (X^\mathsf{T} X)^{-1} x_i$
# the *leverage*. Then
#
# $$w_{\text{without } i} - w = -\frac{(X^\mathsf{T} X)^{-1} x_i\, r_i}{1 - h_i}$$
#
# The numerator is the prediction of influence; $1 - h_i$ is what it misses. Write `leave_one_out(X, y)`: an
# array of shape (n, d), with the change of $w$ for each sample $i$, without a loop of $n$ fits. (`X` has no
# column of ones, and there is no intercept.)
#
# <details><summary>Hint</summary>
#
# `X @ np.linalg.inv(X.T @ X)` has the row $(X^\mathsf{T} X)^{-1} x_i$ for each sample. The leverages are
# row-wise inner products of it with X.
#
# </details>


# %% exercise leave_one_out points=2
def leave_one_out(X, y):
    # BEGIN SOLUTION
    rows = X @ np.linalg.inv(X.T @ X)
    residual = y - X @ (rows.T @ y)
    leverage = (rows * X).sum(axis=1)
    return -rows * (residual / (1 - leverage))[:, None]
    # END SOLUTION


# %% check leave_one_out
def check_leave_one_out(leave_one_out):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(8, 3)), rng.normal(size=8)
    w = np.linalg.lstsq(X, y, rcond=None)[0]
    right = np.stack(
        [np.linalg.lstsq(np.delete(X, i, 0), np.delete(y, i), rcond=None)[0] - w for i in range(8)]
    )
    found = leave_one_out(X, y)
    assert np.shape(found) == (8, 3), "Return shape (n, d): the change of w for each sample."
    rows = X @ np.linalg.inv(X.T @ X)
    plain = -rows * (y - X @ w)[:, None]
    assert not np.allclose(found, plain), (
        "That is the influence alone: divide by one minus the leverage."
    )
    assert not np.allclose(found, -right), "The sign is wrong: without a sample, its pull is gone."
    assert not np.allclose(found, right + w), (
        "Those are the weights without i: subtract w, the change is wanted."
    )
    assert np.allclose(found, right), "It does not agree with fitting again."


# %% hidden leave_one_out
def check_leave_one_out(leave_one_out):
    rng = np.random.default_rng(5)
    X, y = rng.normal(size=(30, 4)), rng.normal(size=30)
    X[3] *= 20  # a sample with a leverage near 1
    w = np.linalg.lstsq(X, y, rcond=None)[0]
    found = leave_one_out(X, y)
    for i in (0, 3, 29):
        again = np.linalg.lstsq(np.delete(X, i, 0), np.delete(y, i), rcond=None)[0]
        assert np.allclose(found[i], again - w, rtol=1e-6), "It does not agree with fitting again."


# %% right leave_one_out
def leave_one_out(X, y):
    fits = [
        np.linalg.lstsq(np.delete(X, i, 0), np.delete(y, i), rcond=None)[0] for i in range(len(X))
    ]
    return np.array(fits) - np.linalg.lstsq(X, y, rcond=None)[0]


# %% right leave_one_out
def leave_one_out(X, y):
    P = np.linalg.pinv(X)  # (d, n)
    hat = X @ P
    return -(P * ((y - hat @ y) / (1 - np.diag(hat)))).T


# %% wrong leave_one_out: divide by one minus the leverage
def leave_one_out(X, y):
    rows = X @ np.linalg.inv(X.T @ X)
    return -rows * (y - X @ (rows.T @ y))[:, None]


# %% wrong leave_one_out: The sign is wrong
def leave_one_out(X, y):
    rows = X @ np.linalg.inv(X.T @ X)
    return rows * ((y - X @ (rows.T @ y)) / (1 - (rows * X).sum(axis=1)))[:, None]


# %% wrong leave_one_out: subtract w
def leave_one_out(X, y):
    return np.stack(
        [np.linalg.lstsq(np.delete(X, i, 0), np.delete(y, i), rcond=None)[0] for i in range(len(X))]
    )


# %% wrong leave_one_out: does not agree with fitting again
def leave_one_out(X, y):
    rows = X @ np.linalg.inv(X.T @ X)
    return -rows * ((y - X @ (rows.T @ y)) / (1 + (rows * X).sum(axis=1)))[:, None]


# %% [markdown] ard-words
# ### Exercise 4: ten penalties at once (3 points)
#
# Give each feature a penalty of its own:
# $(X^\mathsf{T} X + \operatorname{diag}(\alpha))\, w = X^\mathsf{T} y$, with $\alpha$ of shape (d,). The
# validation loss is $V = \operatorname{mean}\,(y_\text{val} - X_\text{val} w)^2$. Write
# `penalty_gradient(X, y, X_val, y_val, alphas)`, which returns $\partial V / \partial \alpha_j$ for all
# $j$, an array of shape (d,).
#
# <details><summary>Hint</summary>
#
# Differentiate the equation with respect to $\alpha_j$: $w_j e_j + M \,\partial w / \partial \alpha_j = 0$,
# with $M$ the matrix on the left. Then
# $\partial V / \partial \alpha_j = -(M^{-1}\, \partial V / \partial w)_j\, w_j$: one solution of linear
# equations for all $j$.
#
# </details>


# %% exercise penalty_gradient points=3
def penalty_gradient(X, y, X_val, y_val, alphas):
    # BEGIN SOLUTION
    M = X.T @ X + np.diag(alphas)
    w = np.linalg.solve(M, X.T @ y)
    dV_dw = -2 * X_val.T @ (y_val - X_val @ w) / len(y_val)
    return -np.linalg.solve(M, dV_dw) * w
    # END SOLUTION


# %% check penalty_gradient
def check_penalty_gradient(penalty_gradient):
    rng = np.random.default_rng(0)
    X, X_val = rng.normal(size=(12, 3)), rng.normal(size=(7, 3))
    y, y_val = rng.normal(size=12), rng.normal(size=7)
    alphas = np.array([0.5, 2.0, 4.0])

    def V(alphas):
        w = np.linalg.solve(X.T @ X + np.diag(alphas), X.T @ y)
        return np.mean((y_val - X_val @ w) ** 2)

    right = np.array([(V(alphas + d) - V(alphas - d)) / 2e-5 for d in 1e-5 * np.eye(3)])
    found = penalty_gradient(X, y, X_val, y_val, alphas)
    assert np.shape(found) != (), (
        "That is one number: return one for each penalty, without summing."
    )
    assert np.shape(found) == (3,), "Return one number for each penalty."
    assert not np.allclose(found, -right), "The sign is wrong: a penalty pulls w towards 0."
    assert not np.allclose(found, 7 * right), (
        "V is a mean over the validation samples: divide by their number."
    )
    w = np.linalg.solve(X.T @ X + np.diag(alphas), X.T @ y)
    direct = -w * (-2 * X_val.T @ (y_val - X_val @ w) / 7)
    assert not np.allclose(found, direct), (
        "The Hessian is missing: solve with the matrix of the fit."
    )
    dV = -2 * X.T @ (y - X @ w) / 12
    training = -np.linalg.solve(X.T @ X + np.diag(alphas), dV) * w
    assert not np.allclose(found, training), (
        "That is for the training loss: V is that of the validation data."
    )
    assert np.allclose(found, right, rtol=1e-5), "It does not agree with nudging each penalty."


# %% hidden penalty_gradient
def check_penalty_gradient(penalty_gradient):
    found = penalty_gradient(X, y, X_val, y_val, np.full(10, 5.0))
    assert np.allclose(np.sum(found), hyper_by_hand(5.0)), (
        "Equal penalties must add up to the gradient of one."
    )


# %% right penalty_gradient
def penalty_gradient(X, y, X_val, y_val, alphas):
    def V(alphas):
        w = np.linalg.solve(X.T @ X + np.diag(alphas), X.T @ y)
        return np.mean((y_val - X_val @ w) ** 2)

    return grad(V)(alphas)


# %% right penalty_gradient
def penalty_gradient(X, y, X_val, y_val, alphas):
    inverse = np.linalg.inv(X.T @ X + np.diag(alphas))
    w = inverse @ X.T @ y
    dw = -inverse * w  # column j: dw / d alpha_j
    return 2 * (X_val @ w - y_val) @ X_val @ dw / len(y_val)


# %% wrong penalty_gradient: The sign is wrong
def penalty_gradient(X, y, X_val, y_val, alphas):
    M = X.T @ X + np.diag(alphas)
    w = np.linalg.solve(M, X.T @ y)
    return np.linalg.solve(M, -2 * X_val.T @ (y_val - X_val @ w) / len(y_val)) * w


# %% wrong penalty_gradient: divide by their number
def penalty_gradient(X, y, X_val, y_val, alphas):
    M = X.T @ X + np.diag(alphas)
    w = np.linalg.solve(M, X.T @ y)
    return -np.linalg.solve(M, -2 * X_val.T @ (y_val - X_val @ w)) * w


# %% wrong penalty_gradient: The Hessian is missing
def penalty_gradient(X, y, X_val, y_val, alphas):
    w = np.linalg.solve(X.T @ X + np.diag(alphas), X.T @ y)
    return 2 * X_val.T @ (y_val - X_val @ w) / len(y_val) * w


# %% wrong penalty_gradient: without summing
def penalty_gradient(X, y, X_val, y_val, alphas):
    M = X.T @ X + np.diag(alphas)
    w = np.linalg.solve(M, X.T @ y)
    return -np.linalg.solve(M, -2 * X_val.T @ (y_val - X_val @ w) / len(y_val)) @ w


# %% wrong penalty_gradient: for the training loss
def penalty_gradient(X, y, X_val, y_val, alphas):
    M = X.T @ X + np.diag(alphas)
    w = np.linalg.solve(M, X.T @ y)
    return -np.linalg.solve(M, -2 * X.T @ (y - X @ w) / len(y)) * w


# %% [markdown] seen
# ## What you have seen
#
# - A Hessian is a backward pass through a backward pass; its product with one vector needs no matrix.
# - Laplace's method: the posterior is about normal, with covariance $H^{-1}$. Form bands where the model is
#   linear.
# - The implicit function theorem differentiates a fit without knowing how it was found: $-H^{-1}$ times a
#   mixed second derivative. With respect to the weights of samples this is influence, with respect to a
#   penalty it is the hyper-gradient.
# - Each was checked by brute force: simulations, leaving out, a grid. Influence underestimates the largest
#   effects.
#
# ## What to read next
#
# | here | there |
# | :-- | :-- |
# | all of this for any model that is a loss | `models/curvature/` |
# | `hessian`, `hvp`, `jacobian` | `tinygrad_edu/functional.py` |
# | Laplace's method | C. Bishop, *Pattern Recognition and Machine Learning* (2006), sections 4.4 and 4.5 |
# | influence | P. Koh, P. Liang, *Understanding black-box predictions via influence functions* (2017) |
# | leave one out, and leverage | T. Hastie et al., *The Elements of Statistical Learning*, section 7.10 |
# | hyper-gradients | F. Pedregosa, *Hyperparameter optimization with approximate gradient* (2016) |
# | natural gradients, a fourth use of curvature | `models.curvature.natural_gradient` |
