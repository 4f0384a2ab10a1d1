# builds: least squares by the normal equations, by descent, by one Newton step and by a class, with equal coefficients
# needs: lessons 1 and 2
# %% [markdown] title
# # Lesson 6: Linear regression, four ways
#
# How many miles does a car go on a gallon of fuel? You predict it from six measurements, with the oldest model of statistics, and find its weights in four ways: by solving equations, by gradient descent in NumPy, by gradient descent on the Tensor, and with the class `models.LinearRegression`. All four arrive at the same numbers. On the way you see why columns should have similar scales, how two columns that say the same spoil the weights, and how a small penalty repairs them.
#
# You need lessons [1](01_a_number_that_remembers.ipynb) and [2](02_arrays_broadcasting_axes.ipynb), and about twenty minutes.
# %% imports tags=needed
import matplotlib.pyplot as plt
import numpy as np

from models import LinearRegression, Ridge
from models.datasets import load_auto_mpg
from models.selection import train_test_split
from tinygrad_edu import Tensor, hessian, viz
from tinygrad_edu.course import check, needs
from tinygrad_edu.gradcheck import gradcheck

# %% [markdown] data-words
# ## 1. A table of cars
#
# The package contains a table of 392 cars of the years 1970 to 1982. Each row of $X$ is a car, each column a measurement, and $y$ is what we want to predict. A quarter of the cars is the **test set**: we look at them only to judge.
# %% data tags=needed
cars = load_auto_mpg()
features = cars.feature_names[:6]
X_train, X_test, y_train, y_test = train_test_split(
    cars.data[:, :6], cars.target, test_size=0.25, random_state=0
)
# %% data-look
print("training:", X_train.shape, "  test:", X_test.shape)
print(f"\n{'':14}   smallest  largest")
for name, column in zip(features, X_train.T, strict=True):
    print(f"{name:14}   {column.min():8g} {column.max():8g}")
print(f"{'miles/gallon':14}   {y_train.min():8g} {y_train.max():8g}")
# %% [markdown] line-words
# ## 2. A line, and its squared errors
#
# Begin with one measurement, the weight $x$. A line predicts $\hat y = w x + b$. Which line is best? Gauss and Legendre took the one with the smallest **mean squared error**:
#
# $$L(w, b) = \frac1n \sum_{i=1}^n (w x_i + b - y_i)^2$$
#
# Large errors count much more than small ones. *Before you run the next cell: does $w$ come out positive or negative?*
# %% line
# alt: 294 cars as points, miles per gallon against weight. The points fall along a slight curve from about 30 miles per gallon at 2000 pounds to 12 at 5000. A straight line with thin vertical bars to some of the points, the errors, passes through the middle.
weight = X_train[:, 3]
w, b = np.polyfit(weight, y_train, 1)
fig, ax = plt.subplots(figsize=(6.5, 3.4), layout="constrained")
ax.plot(weight, y_train, ".", alpha=0.5)
ends = np.array([1600, 5100])
ax.plot(ends, w * ends + b, "k")
ax.vlines(weight[::6], y_train[::6], w * weight[::6] + b, color="tab:red", linewidth=1)
ax.set(xlabel="weight in pounds", ylabel="miles per gallon")
plt.show()
print(f"1000 pounds more change the prediction by {1000 * w:.1f} miles per gallon")
assert -8.1 < 1000 * w < -7.0


# %% [markdown] line-after
# Heavy cars go less far. Each red bar is an error, and the line makes the sum of their squares as small as a line can. The points follow a slight curve that no line can follow: that error stays.
#
# With six measurements the line becomes a sum, $\hat y = w_1 x_1 + \dots + w_6 x_6 + b$. A trick makes the offset $b$ one of the weights: **a column of ones**. Then all predictions are one product, $\hat y = A w$, with $A$ of shape (294, 7).
# %% design tags=needed
def with_ones(X):
    """X with a first column of ones, whose weight is the offset."""
    return np.column_stack([np.ones(len(X)), X])


def mean_squared_error(w, A, y):
    return ((A @ w - y) ** 2).mean()


def r2(A, w, y):
    return 1 - mean_squared_error(w, A, y) / y.var()


# %% [markdown] normal-words
# ## 3. The first way: solve the normal equations
#
# At the minimum the gradient is zero. By the chain rule it is
#
# $$\nabla L = \frac2n A^\top (A w - y),$$
#
# and it is zero if
#
# $$A^\top A\, w = A^\top y$$
#
# These are seven equations for seven numbers, the **normal equations**. They say that the errors $A w - y$ are at a right angle (normal) to every column of $A$: no column is left that could explain more of them.
# %% normal
A = with_ones(X_train)
w_normal = np.linalg.solve(A.T @ A, A.T @ y_train)

for name, value in zip(["offset", *features], w_normal, strict=True):
    print(f"{name:14} {value:9.4f}")
errors = A @ w_normal - y_train
cosines = A.T @ errors / np.linalg.norm(A, axis=0) / np.linalg.norm(errors)
print("\nat a right angle to every column:", bool(np.abs(cosines).max() < 1e-8))
assert np.abs(cosines).max() < 1e-8


# %% [markdown] r2-words
# Is it good? The root of the mean squared error has the unit of the target. $R^2 = 1 - L(w) / \mathrm{Var}(y)$ compares with the simplest prediction, the mean of $y$ for every car: 0 is no better, 1 is perfect. *How much better should six measurements be than the weight alone?*
# %% r2
A_test = with_ones(X_test)
w_line = np.linalg.lstsq(A[:, [0, 4]], y_train, rcond=None)[0]
print(f"weight alone:      test R² = {r2(A_test[:, [0, 4]], w_line, y_test):.3f}")
print(f"six measurements:  test R² = {r2(A_test, w_normal, y_test):.3f}")
rmse = np.sqrt(mean_squared_error(w_normal, A_test, y_test))
print(f"root of the mean squared error: {rmse:.1f} miles per gallon")
assert 0.6 < r2(A_test[:, [0, 4]], w_line, y_test) < r2(A_test, w_normal, y_test) - 0.1
assert w_normal[2] > 0 and w_normal[3] > 0


# %% [markdown] signs
# The car's weight explains most of it. Look at $w$ again: more horsepower and more displacement seem to bring a car even a little farther. **Do not read too much into single weights**: these measurements say nearly the same, so one can do the work of another. Section 7 comes back to that.
#
# ## 4. The second way: gradient descent by hand
#
# Solving needs $A^\top A$, which for a million columns has $10^{12}$ elements. Gradient descent needs only the gradient, and it works for every loss. Start anywhere, and repeat $w \leftarrow w - \eta \nabla L$. *What happens with the rate $\eta = 0.01$ on this table?*
# %% explode
def gradient(w, A, y):
    return 2 / len(y) * A.T @ (A @ w - y)


w = np.zeros(7)
for step in range(1, 6):
    w -= 0.01 * gradient(w, A, y_train)
    print(f"step {step}: loss {mean_squared_error(w, A, y_train):.0e}")
assert mean_squared_error(w, A, y_train) > 1e40


# %% [markdown] why-words
# It explodes. The loss is a bowl, and its second derivative $H = \frac2n A^\top A$ says how steep the bowl is in each direction. Along the eigenvector with the eigenvalue $\lambda$, each step multiplies the distance to the minimum by $1 - \eta\lambda$. So it shrinks only if $|1 - \eta\lambda| < 1$ for every eigenvalue:
#
# $$\eta < \frac{2}{\lambda_\text{max}}$$
#
# And then the distance along the flattest direction is multiplied by $1 - \eta\lambda_\text{min}$ in each step, which may be very close to 1. The ratio $\lambda_\text{max} / \lambda_\text{min}$ is the **condition number** of $H$. It says about how many steps are needed. *Estimate it: weights are near 3000, and the ones are 1.*
# %% eigenvalues
def condition(A):
    values = np.linalg.eigvalsh(2 / len(A) * A.T @ A)
    return values[-1], values[-1] / values[0]


largest, ratio = condition(A)
print(f"raw table:          largest eigenvalue {largest:.1e}, condition number {ratio:.0e}")
mean, deviation = X_train.mean(axis=0), X_train.std(axis=0)
Z = with_ones((X_train - mean) / deviation)
largest_z, ratio_z = condition(Z)
print(f"standardized table: largest eigenvalue {largest_z:.1f},     condition number {ratio_z:.0f}")
assert ratio > 1e9 and ratio_z < 200
# %% [markdown] standardize-words
# That is the reason for **standardizing** each column: subtract its mean, and divide by its standard deviation. From billions of steps to hundreds. The mean and the deviation come from the training set; the test set is treated with the same numbers.
# %% descend
rate = 0.2
assert rate < 2 / largest_z
w, losses = np.zeros(7), []
for _ in range(3000):
    losses.append(mean_squared_error(w, Z, y_train))
    w -= rate * gradient(w, Z, y_train)
w_descent = w
w_best = np.linalg.solve(Z.T @ Z, Z.T @ y_train)
print(
    f"loss after 0, 10, 100 and 1000 steps: {losses[0]:.0f}, {losses[10]:.1f}, {losses[100]:.3f}, {losses[1000]:.3f}"
)
print("the weights equal those of the equations, to 10 digits:", np.allclose(w, w_best, rtol=1e-10))
assert np.allclose(w, w_best, rtol=1e-10)
# %% descent-picture
# alt: How far the loss is above its minimum, on a logarithmic scale, over 900 steps. The curve falls steeply at first and then along a straight line; a dashed line with the slope of the theory runs parallel to it.
above = np.array(losses[:900]) - mean_squared_error(w_best, Z, y_train)
fig, ax = plt.subplots(figsize=(6.5, 3.2), layout="constrained")
ax.semilogy(above, label="loss above the minimum")
slowest = 1 - rate * largest_z / ratio_z
steps = np.arange(100, 900)
ax.semilogy(
    steps, 10 * slowest ** (2 * steps), "k--", label="theory: $(1 - \\eta\\lambda_{min})^{2t}$"
)
ax.set(xlabel="step t")
ax.legend()
plt.show()
# %% [markdown] descent-after
# First the steep directions shrink, within a few steps. Then only the flattest is left, and the curve becomes parallel to the dashed line of the theory.
#
# ## 5. The third way: on the Tensor
#
# We derived the gradient with a pencil. The Tensor derives it itself: only the loss is written, and `backward()` does the rest. First a check, of both against each other and against finite differences:
# %% tensor
w = Tensor(np.full(7, 0.5), requires_grad=True)
loss = ((Z @ w - y_train) ** 2).mean()
loss.backward()
print("the pencil's gradient:", np.allclose(w.grad, gradient(w.data, Z, y_train), rtol=1e-12))
report = gradcheck(lambda w: mean_squared_error(w, Z, y_train), np.full(7, 0.5))
print("finite differences:   ", report.passed)
assert np.allclose(w.grad, gradient(w.data, Z, y_train), rtol=1e-12) and report.passed
# %% [markdown] tensor-words
# `mean_squared_error` was written for arrays, and the same function works on Tensors. Here is the loop of lesson 1 again. *After the same number of steps, how many digits agree with the descent by hand?*
# %% tensor-loop
w = Tensor(np.zeros(7), requires_grad=True)
for _ in range(1000):
    w.grad = None
    mean_squared_error(w, Z, y_train).backward()
    w.data -= rate * w.grad
loss = mean_squared_error(w.data, Z, y_train)
print(
    "the loss of step 1000 is the same, to 12 digits:", np.isclose(loss, losses[1000], rtol=1e-12)
)
assert np.isclose(loss, losses[1000], rtol=1e-12)
# %% [markdown] newton-words
# ### One step is enough, if it is Newton's
#
# Gradient descent treats all directions alike. Newton's step divides each by its own steepness:
#
# $$w \leftarrow w - H^{-1} \nabla L$$
#
# Our loss is quadratic: its Hessian $H$ is the same everywhere, so the first step lands at the minimum, **from any start**. `hessian` differentiates the loss twice, without a formula for $H$:
# %% newton
start = np.random.default_rng(0).normal(size=7) * 100
H = hessian(lambda w: mean_squared_error(w, Z, y_train))(start)
w = start - np.linalg.solve(H, gradient(start, Z, y_train))
print("H is 2/n ZᵀZ:             ", np.allclose(H, 2 / len(Z) * Z.T @ Z))
print("one step from far away:   ", np.allclose(w, w_best, rtol=1e-8))
assert np.allclose(H, 2 / len(Z) * Z.T @ Z) and np.allclose(w, w_best, rtol=1e-8)
# %% [markdown] newton-after
# So the normal equations *are* one Newton step. In [lesson 7](07_logistic_regression.ipynb) the loss is not quadratic, and the same step is repeated.
#
# ## 6. The fourth way: the model class
#
# `models.LinearRegression` solves the equations after subtracting the means, which makes them much better conditioned. It falls back to a decomposition of $X$ itself if they are still too bad. *It gets the raw table. Do its weights agree with our first way?*
# %% model
model = LinearRegression().fit(X_train, y_train)
print("weights:", np.allclose(model.coef_, w_normal[1:], rtol=1e-5))
print("offset: ", np.allclose(model.intercept_, w_normal[0], rtol=1e-5))
print("and from the standardized table:", np.allclose(model.coef_, w_best[1:] / deviation))
print(f"test R² = {model.score(X_test, y_test):.3f}")
assert np.allclose(model.coef_, w_best[1:] / deviation)
assert np.allclose(model.coef_, w_normal[1:], rtol=1e-5)
assert np.isclose(model.score(X_test, y_test), r2(A_test, w_normal, y_test))
# %% [markdown] twin-words
# scikit-learn has a class of the same name. `compare` fits both to the same data, and compares what they learned and what they predict:
# %% twin tags=sklearn,varies
needs("sklearn")
from tinygrad_edu.twins import scikit_learn

report = scikit_learn.compare(LinearRegression(), X_train, y_train)
print(report)
# %% [markdown] collinear-words
# ## 7. Two columns that say the same
#
# Suppose somebody adds the weight of each car in kilograms, rounded to whole kilograms. It is new only by the rounding. *What happens to the predictions, and what to the weights?*
# %% collinear tags=needed
kilograms_train, kilograms_test = (np.round(X[:, 3:4] * 0.45359237) for X in (X_train, X_test))
double_train = np.hstack([X_train, kilograms_train])
double_test = np.hstack([X_test, kilograms_test])


def standardized(X, like):
    return (X - like.mean(axis=0)) / like.std(axis=0)


# %% collinear-look
D_train, D_test = standardized(double_train, double_train), standardized(double_test, double_train)
noise = np.random.default_rng(1).normal(scale=0.5, size=len(y_train))
print("weights of the pounds and of the kilograms, for standardized columns:")
for label, y in [("targets as they are", y_train), ("half a mile of noise", y_train + noise)]:
    double = LinearRegression().fit(D_train, y)
    print(
        f"  {label:21} {double.coef_[3]:8.1f} {double.coef_[6]:8.1f}   test R² {double.score(D_test, y_test):.3f}"
    )
print(f"condition number of the Hessian: {condition(with_ones(D_train))[1]:.0e}")
assert np.abs(double.coef_[[3, 6]]).min() > 100 and condition(with_ones(D_train))[1] > 1e6
# %% [markdown] collinear-after
# The two weights are huge, of opposite signs, and a little noise changes each by dozens. Their sum hardly changes, and neither do the predictions. The bowl has a valley that is almost flat: along it, the pounds' weight goes up and the kilograms' goes down, and the loss hardly notices. The smallest eigenvalue of $H$ measures how flat it is.
#
# ### Ridge: a penalty that lifts the valley
#
# **Ridge regression** adds $\alpha \lVert w \rVert^2$ to the sum of squared errors (Hoerl and Kennard 1970). The Hessian gets $2\alpha$ on its diagonal, so that no direction is flat any more:
#
# $$\left(Z^\top Z + \alpha I\right) w = Z^\top y$$
#
# (The columns of $Z$ and $y$ have mean zero here. The offset is not penalized.) *Predict: which of the weights does $\alpha$ move first?*
# %% ridge
alphas = np.logspace(-3, 5, 60)
path = np.array([Ridge(alpha=alpha).fit(D_train, y_train).coef_ for alpha in alphas])
print("weights of the pounds and of the kilograms:")
for alpha in (0.1, 10.0):
    model = Ridge(alpha=alpha).fit(D_train, y_train)
    print(
        f"  alpha {alpha:5}:  {model.coef_[3]:6.2f} {model.coef_[6]:6.2f}   test R² {model.score(D_test, y_test):.3f}"
    )
assert np.allclose(*Ridge(alpha=10.0).fit(D_train, y_train).coef_[[3, 6]], atol=0.1)
# %% ridge-picture
# alt: Seven coefficients against the strength of the penalty, which falls from left to right. At the far left all are zero. In the middle the curves of weight and kilograms lie on each other, between minus 2 and minus 3. At the far right they fly apart to large values of opposite signs.
fig, ax = plt.subplots(figsize=(8, 3.6), layout="constrained")
viz.coefficient_path(alphas[::-1], path[::-1].T, names=[*features, "kilograms"], ax=ax)
ax.set_ylim(-8, 4)
plt.show()
# %% [markdown] ridge-after
# Read it from right to left. At the right there is hardly a penalty, and the two curves of the same measurement fly apart. A penalty of $\alpha = 1$ brings them together: they share the work, and the predictions lose nothing. Only an $\alpha$ hundreds of times larger shrinks all weights towards zero. Two ideas meet here: the penalty prefers small weights, and it makes the equations well-conditioned.
# %% ridge-twin tags=sklearn,varies
needs("sklearn")
from tinygrad_edu.twins import scikit_learn

report = scikit_learn.compare(Ridge(alpha=10.0), D_train, y_train)
print(report)


# %% [markdown] exercise-1-words
# ## 8. Four exercises
#
# ### Exercise 1: a line from sums (1 point)
#
# For one measurement the normal equations have a solution that fits on one line. Write `fit_line(x, y)`, for `x` and `y` of shape `(n,)`: the slope $w$ and the offset $b$ of the best line, as a pair. Use no function that fits or solves.
#
# <details><summary>Hint</summary>
#
# $w$ is the covariance of $x$ and $y$, divided by the variance of $x$. The best line passes through $(\bar x, \bar y)$.
#
# </details>
# %% exercise fit_line points=1
def fit_line(x, y):
    # BEGIN SOLUTION
    w = ((x - x.mean()) * (y - y.mean())).mean() / x.var()
    return w, y.mean() - w * x.mean()
    # END SOLUTION


# %% check fit_line
def check_fit_line(fit_line):
    x, y = np.array([0.0, 1.0, 2.0, 5.0]), np.array([1.0, 3.0, 5.0, 11.0])
    answer = fit_line(x, y)
    assert np.shape(answer) == (2,), "Return a pair: the slope, then the offset."
    w, b = answer
    assert not (np.isclose(w, 1) and np.isclose(b, 2)), "The slope comes first, then the offset."
    assert not np.isclose(w, 0.5), (
        "Divide the covariance by the variance of x; dividing by that of y gives the line of x over y."
    )
    assert np.isclose(w, 2), (
        "These four points lie on y = 2x + 1, so the slope is 2. Subtract the means before you multiply."
    )
    assert np.isclose(b, 1), (
        "The slope is right. The line passes through the point of the two means."
    )
    x, y = np.array([1.0, 2.0, 3.0, 4.0]), np.array([1.0, 3.0, 2.0, 4.0])
    assert np.allclose(fit_line(x, y), (0.8, 0.5)), (
        "Right for points on a line, but not for others: use all points, by covariance and variance."
    )


# %% hidden fit_line
def check_fit_line(fit_line):
    rng = np.random.default_rng(4)
    x, y = rng.normal(5, 2, size=30), rng.normal(size=30)
    assert np.allclose(fit_line(x, y), np.polyfit(x, y, 1)), "It should hold for any points."


# %% right fit_line
def fit_line(x, y):
    covariance = np.cov(x, y, ddof=0)
    w = covariance[0, 1] / covariance[0, 0]
    return [w, np.mean(y) - w * np.mean(x)]


# %% right fit_line
def fit_line(x, y):
    n, sx, sy = len(x), sum(x), sum(y)
    w = (n * sum(x * y) - sx * sy) / (n * sum(x * x) - sx**2)
    return w, (sy - w * sx) / n


# %% wrong fit_line: slope comes first
def fit_line(x, y):
    w = ((x - x.mean()) * (y - y.mean())).mean() / x.var()
    return y.mean() - w * x.mean(), w


# %% wrong fit_line: Subtract the means
def fit_line(x, y):
    w = (x * y).mean() / (x * x).mean()
    return w, y.mean() - w * x.mean()


# %% wrong fit_line: variance of x
def fit_line(x, y):
    w = ((x - x.mean()) * (y - y.mean())).mean() / y.var()
    return w, y.mean() - w * x.mean()


# %% wrong fit_line: use all points
def fit_line(x, y):
    w = (y[-1] - y[0]) / (x[-1] - x[0])
    return w, y[0] - w * x[0]


# %% [markdown] exercise-2-words
# ### Exercise 2: the largest rate (2 points)
#
# Write `largest_rate(A)`, for a table `A` of shape `(n, d)`: the number $2/\lambda_\text{max}$ below which gradient descent on $L(w) = \frac1n\lVert A w - y\rVert^2$ converges.
#
# <details><summary>Hint</summary>
#
# Section 4 has the Hessian. `np.linalg.eigvalsh` returns the eigenvalues of a symmetric matrix, the smallest first.
#
# </details>
# %% exercise largest_rate points=2
def largest_rate(A):
    # BEGIN SOLUTION
    H = 2 / len(A) * A.T @ A
    return 2 / np.linalg.eigvalsh(H)[-1]
    # END SOLUTION


# %% check largest_rate
def check_largest_rate(largest_rate):
    A = np.array([[2.0, 0.0], [0.0, 1.0], [0.0, 0.0], [0.0, 0.0]])  # H = diag(2, 1/2)
    rate = largest_rate(A)
    assert np.shape(rate) == (), "Return one number."
    assert not np.isclose(rate, 4), (
        "Take the largest eigenvalue: the steepest direction explodes first."
    )
    assert not np.isclose(rate, 0.25), "The loss is a mean: the Hessian has the factor 2/n, not 2."
    assert not np.isclose(rate, 2), "Do not forget the 2 of the Hessian: it is 2/n times AᵀA."
    assert not np.isclose(rate, 0.5), (
        "The limit is 2 / λ. At 1 / λ the steepest direction is done in one step."
    )
    assert np.isclose(rate, 1), (
        "For this table H is diagonal, with 2 and 1/2, so the limit is 2/2 = 1."
    )
    rng = np.random.default_rng(0)
    A, y = rng.normal(size=(30, 3)) * [1, 5, 2], rng.normal(size=30)
    rate = largest_rate(A)
    for factor, grows in ((0.98, False), (1.02, True)):
        w = np.zeros(3)
        for _ in range(2000):
            w = w - factor * rate * 2 / 30 * A.T @ (A @ w - y)
        assert (np.abs(w).max() > 1e3) == grows, (
            f"With {factor} times your rate, gradient descent should {'explode' if grows else 'converge'}."
        )


# %% hidden largest_rate
def check_largest_rate(largest_rate):
    A = np.random.default_rng(8).normal(size=(12, 4)) + 3
    assert np.isclose(largest_rate(A), 12 / np.linalg.svd(A)[1][0] ** 2), "Try other tables."


# %% right largest_rate
def largest_rate(A):
    return len(A) / np.linalg.norm(A, 2) ** 2


# %% right largest_rate
def largest_rate(A):
    v = np.ones(A.shape[1])
    for _ in range(20000):
        v = A.T @ (A @ v)
        v /= np.linalg.norm(v)
    return len(A) / (v @ A.T @ A @ v)


# %% wrong largest_rate: largest eigenvalue
def largest_rate(A):
    return 2 / np.linalg.eigvalsh(2 / len(A) * A.T @ A)[0]


# %% wrong largest_rate: the factor 2/n
def largest_rate(A):
    return 2 / np.linalg.eigvalsh(2 * A.T @ A)[-1]


# %% wrong largest_rate: the 2 of the Hessian
def largest_rate(A):
    return 2 / np.linalg.eigvalsh(A.T @ A / len(A))[-1]


# %% wrong largest_rate: 2 / λ
def largest_rate(A):
    return 1 / np.linalg.eigvalsh(2 / len(A) * A.T @ A)[-1]


# %% [markdown] exercise-3-words
# ### Exercise 3: ridge regression with an offset (3 points)
#
# Write `ridge(X, y, alpha)`, for `X` of shape `(n, d)` whose columns need not have mean zero: the weights `w` of shape `(d,)` and the offset `b` that minimize
#
# $$\sum_i (x_i \cdot w + b - y_i)^2 + \alpha \lVert w \rVert^2$$
#
# Return `(w, b)`. The offset is not penalized.
#
# <details><summary>Hint</summary>
#
# Subtract the means of the columns and of $y$. For the centered data solve $(X_c^\top X_c + \alpha I) w = X_c^\top y_c$. The best offset then makes the mean error zero: $b = \bar y - \bar x \cdot w$.
#
# </details>
# %% exercise ridge points=3
def ridge(X, y, alpha):
    # BEGIN SOLUTION
    x_mean, y_mean = X.mean(axis=0), y.mean()
    Xc, yc = X - x_mean, y - y_mean
    w = np.linalg.solve(Xc.T @ Xc + alpha * np.eye(X.shape[1]), Xc.T @ yc)
    return w, y_mean - x_mean @ w
    # END SOLUTION


# %% check ridge
def check_ridge(ridge):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(40, 3)) + [1, -2, 5]
    y = X @ [1.0, 2.0, -1.0] + 7 + 0.1 * rng.normal(size=40)
    answer = ridge(X, y, 3.0)
    assert len(answer) == 2, "Return a pair: w and b."
    w, b = answer
    assert np.shape(w) == (3,), "w is one weight for each column of X."
    assert np.shape(b) == (), "b is one number."
    w0, b0 = ridge(X, y, 0.0)
    assert not np.allclose(w, w0), "alpha has no effect: add it to the diagonal of the matrix."
    assert not np.isclose(b, 0) or not np.isclose(b0, 0), "The offset is zero: return the best b."
    errors = X @ w + b - y
    assert np.isclose(errors.mean(), 0), (
        "The errors have a mean that is not zero, so the offset is not the best. It is not penalized."
    )
    slope = X.T @ errors + 3.0 * w
    assert not np.allclose(X.T @ errors + 3.0 * len(X) * w, 0, atol=1e-6), (
        "Your penalty is n times too strong: the squared errors are summed, not averaged."
    )
    assert np.allclose(slope, 0, atol=1e-6), (
        "The gradient along w is not zero: Xᵀ(Xw + b - y) + alpha w. Is alpha added to the diagonal only?"
    )


# %% hidden ridge
def check_ridge(ridge):
    rng = np.random.default_rng(5)
    X = rng.normal(size=(6, 8)) + 2  # more columns than rows
    y = rng.normal(size=6) * 10
    w, b = ridge(X, y, 0.7)
    errors = X @ w + b - y
    assert np.isclose(errors.mean(), 0) and np.allclose(X.T @ errors + 0.7 * w, 0, atol=1e-6), (
        "It should also work with more columns than rows."
    )


# %% right ridge
def ridge(X, y, alpha):
    A = np.column_stack([X, np.ones(len(X))])
    penalty = alpha * np.diag([1.0] * X.shape[1] + [0.0])
    solution = np.linalg.lstsq(A.T @ A + penalty, A.T @ y, rcond=None)[0]
    return solution[:-1], solution[-1]


# %% right ridge
def ridge(X, y, alpha):
    Xc, yc = X - X.mean(axis=0), y - y.mean()
    rows = np.vstack([Xc, np.sqrt(alpha) * np.eye(X.shape[1])])
    w, *_ = np.linalg.lstsq(rows, np.append(yc, np.zeros(X.shape[1])), rcond=None)
    return w, np.mean(y - X @ w)


# %% wrong ridge: alpha has no effect
def ridge(X, y, alpha):
    Xc, yc = X - X.mean(axis=0), y - y.mean()
    w = np.linalg.solve(Xc.T @ Xc, Xc.T @ yc)
    return w, y.mean() - X.mean(axis=0) @ w


# %% wrong ridge: not penalized
def ridge(X, y, alpha):
    A = np.column_stack([X, np.ones(len(X))])
    solution = np.linalg.solve(A.T @ A + alpha * np.eye(A.shape[1]), A.T @ y)
    return solution[:-1], solution[-1]


# %% wrong ridge: n times too strong
def ridge(X, y, alpha):
    Xc, yc = X - X.mean(axis=0), y - y.mean()
    w = np.linalg.solve(Xc.T @ Xc / len(X) + alpha * np.eye(X.shape[1]), Xc.T @ yc / len(X))
    return w, y.mean() - X.mean(axis=0) @ w


# %% wrong ridge: diagonal only
def ridge(X, y, alpha):
    Xc, yc = X - X.mean(axis=0), y - y.mean()
    w = np.linalg.solve(Xc.T @ Xc + alpha, Xc.T @ yc)
    return w, y.mean() - X.mean(axis=0) @ w


# %% [markdown] exercise-4-words
# ### Exercise 4: rows that count more (2 points)
#
# In **weighted** least squares row $i$ has a weight $s_i > 0$, and the loss is $\sum_i s_i (a_i \cdot w - y_i)^2$. Write `weighted(A, y, s)`, for `A` of shape `(n, d)`, `y` and `s` of shape `(n,)`: the best $w$, of shape `(d,)`. You need it in the next lesson.
#
# <details><summary>Hint</summary>
#
# Set the gradient to zero: $A^\top S A\, w = A^\top S\, y$, where $S$ is the diagonal matrix of the $s_i$. `A * s[:, None]` is $S A$ without the large matrix.
#
# </details>
# %% exercise weighted points=2
def weighted(A, y, s):
    # BEGIN SOLUTION
    SA = A * s[:, None]
    return np.linalg.solve(SA.T @ A, SA.T @ y)
    # END SOLUTION


# %% check weighted
def check_weighted(weighted):
    rng = np.random.default_rng(2)
    A, y = rng.normal(size=(9, 2)), rng.normal(size=9)
    s = np.array([1.0, 2.0, 1.0, 3.0, 1.0, 1.0, 2.0, 1.0, 1.0])
    w = weighted(A, y, s)
    assert np.shape(w) == (2,), "Return one weight for each column of A."
    assert not np.allclose(w, np.linalg.lstsq(A, y, rcond=None)[0]), "The weights s have no effect."
    twice = np.linalg.lstsq(A * s[:, None], y * s, rcond=None)[0]
    assert not np.allclose(w, twice), (
        "These are the weights s². Multiply rows by the root of s, or use AᵀSA."
    )
    half = np.linalg.lstsq(A * np.sqrt(s)[:, None], y, rcond=None)[0]
    assert not np.allclose(w, half), "The targets have weights too: Aᵀ S y."
    repeated = np.repeat(np.arange(9), s.astype(int))
    expected = np.linalg.lstsq(A[repeated], y[repeated], rcond=None)[0]
    assert np.allclose(w, expected), (
        "A row with weight 3 should count like three equal rows. Both sides have S: AᵀSA w = AᵀSy."
    )


# %% hidden weighted
def check_weighted(weighted):
    rng = np.random.default_rng(7)
    A, y, s = rng.normal(size=(20, 4)), rng.normal(size=20), rng.uniform(0.01, 2, size=20)
    w = weighted(A, y, s)
    assert np.allclose(A.T @ (s * (A @ w - y)), 0, atol=1e-9), "It should hold for any positive s."


# %% right weighted
def weighted(A, y, s):
    root = np.sqrt(s)
    return np.linalg.lstsq(A * root[:, None], y * root, rcond=None)[0]


# %% right weighted
def weighted(A, y, s):
    S = np.diag(s)
    return np.linalg.inv(A.T @ S @ A) @ (A.T @ S @ y)


# %% wrong weighted: no effect
def weighted(A, y, s):
    return np.linalg.solve(A.T @ A, A.T @ y)


# %% wrong weighted: root of s
def weighted(A, y, s):
    return np.linalg.lstsq(A * s[:, None], y * s, rcond=None)[0]


# %% wrong weighted: Both sides
def weighted(A, y, s):
    SA = A * s[:, None]
    return np.linalg.solve(SA.T @ A, A.T @ y)


# %% wrong weighted: targets have weights
def weighted(A, y, s):
    return np.linalg.lstsq(A * np.sqrt(s)[:, None], y, rcond=None)[0]


# %% [markdown] next
# ## What you have seen
#
# - The best weights make the errors normal to every column: $A^\top A\,w = A^\top y$.
# - Gradient descent converges for rates below $2/\lambda_\text{max}$, and needs about as many steps as the condition number says. Standardized columns make that number small.
# - The loss is quadratic, so one Newton step from anywhere is the solution.
# - If columns say the same, single weights mean nothing, though the predictions are fine. A small penalty makes them unique and stable.
#
# ## What to read next
#
# [`models/linear/least_squares.py`](../models/linear/least_squares.py) has the equations, and the rule for when they lose too many digits; [`models/linear/ridge.py`](../models/linear/ridge.py) has the penalty. In the books: Hastie, Tibshirani and Friedman, *The Elements of Statistical Learning*, sections 3.2 and 3.4; Trefethen and Bau, *Numerical Linear Algebra*, lectures 11 and 18, on why $A^\top A$ squares the condition number. In the [next lesson](07_logistic_regression.ipynb) the target is a class, and the equations are solved again and again.
