# builds: predictions with error bars, and a kernel for the carbon dioxide in the air
# needs: lessons 6 and 17
# %% [markdown] title
# # Lesson 19: Gaussian processes
#
# Most models give a number and no hint whether to trust it. A **Gaussian process** gives a number with an error bar: narrow where there are data, wide where there are none. It is one formula from probability, and one Cholesky factorization. In this lesson you write it in ten lines, let the Tensor find its parameters with a gradient that nobody derived, and build kernels like expressions to predict the carbon dioxide in the air.
#
# You need lessons [6](06_linear_regression_four_ways.ipynb) and [17](17_k_means_and_mixtures.ipynb), and about twenty minutes.
# %% imports tags=needed
import matplotlib.pyplot as plt
import numpy as np

from models import GaussianProcessRegressor
from models.datasets import load_co2
from models.gaussian_processes.kernels import (
    RBF,
    ConstantKernel,
    ExpSineSquared,
    RationalQuadratic,
    WhiteKernel,
)
from tinygrad_edu import Tensor, optim
from tinygrad_edu.course import check, needs
from tinygrad_edu.gradcheck import gradcheck
from tinygrad_edu.nn import Parameter


# %% [markdown] prior-words
# ## 1. A distribution of functions
#
# Take some points $x_1 \dots x_n$, and draw the values of a function there from a normal distribution with mean 0 and covariance matrix $K_{ij} = k(x_i, x_j)$. The **kernel** $k$ says how similar the values at two points are. The most common one falls with the distance (Rasmussen and Williams 2006, GPML, equation 2.31):
#
# $$k(x, z) = \sigma^2 \exp\left(-\frac{(x - z)^2}{2\, l^2}\right)$$
#
# *What changes in the functions if the length scale $l$ is smaller?*
# %% prior tags=needed
def kernel(x, z, scale=1.0, length=1.0):
    """The covariances of the values at x (n,) and z (m,), shape (n, m)."""
    d = x[:, None] - z
    return scale**2 * np.exp(-(d**2) / (2 * length**2))


# %% prior-picture
# alt: Three functions drawn for each of two length scales. With length 2 they are slow waves, with length 0.4 they wiggle quickly.
line = np.linspace(-5, 5, 200)
rng = np.random.default_rng(1)
fig, axes = plt.subplots(1, 2, figsize=(8.5, 2.4), layout="constrained", sharey=True)
for ax, length in zip(axes, [2.0, 0.4], strict=True):
    # The small number on the diagonal keeps K positive definite in spite of rounding.
    K = kernel(line, line, length=length) + 1e-8 * np.eye(200)
    ax.plot(line, np.linalg.cholesky(K) @ rng.normal(size=(200, 3)))
    ax.set(title=f"length scale {length}", xlabel="x")


# %% [markdown] prior-after
# If $z$ has independent standard normal elements and $K = L L^\top$, then $L z$ has the covariance $K$: that is how the functions were drawn.
#
# ## 2. Data: conditioning
#
# Now some values are known, up to noise of variance $\alpha$. Known and unknown values together are normal, and the conditional distribution of a normal distribution is normal again (GPML, algorithm 2.1):
#
# $$\text{mean} = k_*^\top (K + \alpha I)^{-1} y \qquad \text{variance} = k(x, x) - k_*^\top (K + \alpha I)^{-1} k_*$$
#
# With the Cholesky factor nothing has to be inverted. *Where will the band be narrow?*
# %% posterior tags=needed
def predict(x, y, new, scale=1.0, length=1.0, noise=0.2):
    """Mean and standard deviation of the function at new (m,), given the values y (n,) at x (n,)."""
    L = np.linalg.cholesky(kernel(x, x, scale, length) + noise**2 * np.eye(len(x)))
    k = kernel(x, new, scale, length)
    v = np.linalg.solve(L, k)
    mean = v.T @ np.linalg.solve(L, y)
    return mean, np.sqrt(scale**2 - (v * v).sum(axis=0))


rng = np.random.default_rng(6)
x = np.concatenate([rng.uniform(-4.5, -0.5, 12), rng.uniform(2, 4, 6)])
y = np.sin(x) + rng.normal(0, 0.2, 18)
# %% posterior-picture
# alt: Eighteen points and a curve near them with a band of two standard deviations. The band is narrow at the points and wide in the gap between -0.5 and 2 and at the edges.
mean, std = predict(x, y, line)
fig, ax = plt.subplots(figsize=(7, 2.8), layout="constrained")
ax.fill_between(line, mean - 2 * std, mean + 2 * std, alpha=0.25, label="± 2 standard deviations")
ax.plot(line, mean, label="mean")
ax.plot(line, np.sin(line), "k--", linewidth=1, label="sin x")
ax.plot(x, y, "ko", markersize=4)
ax.legend(ncols=3, loc="upper center", bbox_to_anchor=(0.5, 1.2), frameon=False)
# %% posterior-check
model = GaussianProcessRegressor(ConstantKernel(1.0) * RBF(1.0), alpha=0.2**2, optimizer=None)
theirs = model.fit(x[:, None], y).predict(line[:, None], return_std=True)
print("as in models:", np.allclose(mean, theirs[0]) and np.allclose(std, theirs[1]))
assert np.allclose(mean, theirs[0], atol=1e-8) and np.allclose(std, theirs[1], atol=1e-6)


# %% [markdown] evidence-words
# ## 3. Which length scale?
#
# A curve for every length scale passes near the points. Which one is right? The probability of the data under the model decides, the **evidence** (GPML, equation 2.30):
#
# $$\ln p(y) = -\tfrac12\, y^\top K^{-1} y - \tfrac12 \ln |K| - \tfrac n2 \ln 2\pi$$
#
# The first term rewards the fit, the second one punishes kernels that could explain anything. *At which length scale will it be largest for values of a sine?*
# %% evidence
def log_evidence(theta, x, y):
    """ln p(y). theta: (3,), the logarithms of scale, length and noise."""
    scale, length, noise = np.exp(theta)
    K = kernel(x, x, scale, length) + noise**2 * np.eye(len(x))
    L = np.linalg.cholesky(K)
    z = np.linalg.solve(L, y)
    return -(z @ z) / 2 - np.log(np.diag(L)).sum() - len(x) / 2 * np.log(2 * np.pi)


# %% evidence-picture
# alt: The log evidence against the length scale, on a logarithmic axis. It rises slowly from the left, has one maximum between 1 and 2, and falls steeply on the right.
lengths = np.logspace(-1, 1, 60)
values = [log_evidence(np.log([1.0, length, 0.2]), x, y) for length in lengths]
fig, ax = plt.subplots(figsize=(6, 2.4), layout="constrained")
ax.semilogx(lengths, values)
ax.set(xlabel="length scale", ylabel="ln p(y)", ylim=(-30, 0))
best = lengths[int(np.argmax(values))]
print("best length scale:", best.round(2))
assert 1 < best < 2.5
# %% [markdown] gradient-words
# ## 4. The gradient that nobody derived
#
# A grid works for one parameter. For three or ten we need the gradient. Textbooks derive it: $\frac12 \operatorname{tr}\left((\alpha\alpha^\top - K^{-1}) \frac{\partial K}{\partial \theta}\right)$, with a derivative of $K$ for each parameter of each kernel (GPML, equation 5.9). Our function consists of a Cholesky factorization, a solution of linear equations and a few functions of NumPy, and each of these is a row of the derivative table. So `backward()` knows it. *Do both agree?*
# %% gradient
theta = np.log([0.8, 0.7, 0.2])
leaf = Tensor(theta, requires_grad=True)
log_evidence(leaf, x, y).backward()

scale, length, noise = np.exp(theta)
d2 = (x[:, None] - x) ** 2
signal = kernel(x, x, scale, length)
inverse = np.linalg.inv(signal + noise**2 * np.eye(len(x)))
a = inverse @ y
by_textbook = [
    np.trace((np.outer(a, a) - inverse) @ dK) / 2
    for dK in (2 * signal, signal * d2 / length**2, 2 * noise**2 * np.eye(len(x)))
]
print("backward():", leaf.grad.round(6))
print("textbook:  ", np.round(by_textbook, 6))
assert np.allclose(leaf.grad, by_textbook, rtol=1e-9)
assert gradcheck(lambda theta: log_evidence(theta, x, y), theta)
# %% [markdown] optimize-words
# With a gradient, the parameters are found like those of a network. There are only three and the evidence has no noise, so we take L-BFGS (lesson [10](10_an_optimizer_race.ipynb)):
# %% optimize
parameters = Parameter(np.log([1.0, 1.0, 0.3]))
found = optim.minimize_loss(lambda: -log_evidence(parameters, x, y), [parameters], tol=1e-6)
print("scale, length, noise:", np.exp(parameters.data).round(3))
print("evidence:", round(-found.value, 3), "after", found.iterations, "iterations")

model = GaussianProcessRegressor(
    ConstantKernel(1.0) * RBF(1.0) + WhiteKernel(0.09),
    alpha=0.0,
    n_restarts_optimizer=2,
    random_state=0,
).fit(x[:, None], y)
print("models finds the evidence", round(float(model.log_marginal_likelihood_value_), 3))
assert -found.value <= model.log_marginal_likelihood_value_ + 1e-4
# %% [markdown] kernels-words
# ## 5. Kernels are expressions
#
# The sum of two kernels is a kernel: the function is a sum of two independent functions. The product of two kernels is a kernel, too. So one can say what one knows about a series. The carbon dioxide in the air at Mauna Loa, a mean for each month from 1958 to 2001, has
#
# - a long smooth rise: an RBF with a length of decades,
# - a season that repeats every year and changes slowly: a periodic kernel times an RBF,
# - irregularities of months: a rational quadratic kernel,
# - noise.
#
# (GPML, section 5.4.3.) We train on the years up to 1990 and predict the rest. *What would the RBF alone predict for 2001?*
# %% co2
co2 = load_co2()
measured = ~np.isnan(co2.target)  # some weeks are missing
month, weekly = np.floor(co2.data[measured, 0] * 12).astype(int), co2.target[measured]
months = np.unique(month)
t = (months + 0.5) / 12
ppm = np.array([weekly[month == m].mean() for m in months])
past = t < 1990
print(len(t), "months,", past.sum(), "of them for training")
# %% co2-fit
smooth = ConstantKernel(50.0**2) * RBF(50.0)
season = ConstantKernel(2.0**2) * RBF(100.0) * ExpSineSquared(1.0, 1.0, periodicity_bounds="fixed")
weather = ConstantKernel(0.5**2) * RationalQuadratic(alpha=1.0, length_scale=1.0)
kernel_co2 = smooth + season + weather + WhiteKernel(0.1**2)
center = ppm[past].mean()
process = GaussianProcessRegressor(kernel_co2, alpha=0.0).fit(
    t[past, None][::2], ppm[past][::2] - center
)
predicted, std = process.predict(t[:, None], return_std=True)
alone = GaussianProcessRegressor(smooth + WhiteKernel(1.0), alpha=0.0)
alone.fit(t[past, None][::2], ppm[past][::2] - center)


def change_error(predicted):
    """Root mean square error of the predicted change from one month to the next, in the new years."""
    return np.sqrt(np.mean(np.diff(predicted[~past] - ppm[~past]) ** 2))


print(f"monthly change, measured:        {np.std(np.diff(ppm[~past])):.1f} ppm")
print(f"error of the RBF alone:          {change_error(alone.predict(t[:, None])):.1f} ppm")
print(f"error of the sum of the kernels: {change_error(predicted):.1f} ppm")
assert change_error(predicted) < change_error(alone.predict(t[:, None])) / 2
assert len(process.kernel_.theta) == 9
assert (predicted[~past] + center).mean() > ppm[~past].mean()  # a little too steep
# %% co2-picture tags=varies
# alt: Monthly carbon dioxide from 1975 to 2001 with the prediction from 1990 on. The prediction continues the seasons and the rise, and its band of two standard deviations grows with time.
fig, ax = plt.subplots(figsize=(8, 3), layout="constrained")
ax.plot(t, ppm, "k.", markersize=2, label="measured")
new = ~past
ax.plot(t[new], predicted[new] + center, linewidth=1, label="predicted")
ax.fill_between(
    t[new], (predicted - 2 * std)[new] + center, (predicted + 2 * std)[new] + center, alpha=0.3
)
ax.set(xlim=(1975, 2002), ylim=(325, 380), xlabel="year", ylabel="CO₂ in ppm")
ax.legend(loc="upper left")
# %% [markdown] co2-after
# The seasons are right over twelve years. The RBF alone knows none: its error in the monthly change is as large as the change itself. The rise is predicted a little too steep: in the nineties the carbon dioxide rose more slowly than in the years before. The band grows with time, because the model knows that it knows less.
#
# No gradient was written for this kernel with its nine free parameters. That is the reason why kernels of this package are only formulas ([`kernels.py`](../models/gaussian_processes/kernels.py)).
#
# `viz.band_frames(model, X, y).save("band.html")` makes a page on which you move a parameter of the kernel, and see band and evidence change.
# %% [markdown] cost-words
# ## 6. What it costs
#
# The Cholesky factorization of an $n \times n$ matrix takes $n^3 / 3$ multiplications. So 1,000 rows take a fraction of a second, and 100,000 are too many. `SparseGaussianProcessRegressor` summarizes the data in a few inducing points (Titsias 2009), whose places are parameters as well.
# %% sparse
from models import SparseGaussianProcessRegressor

rng = np.random.default_rng(0)
many = np.sort(rng.uniform(-5, 5, 2000))
noisy = np.sin(many) + rng.normal(0, 0.2, 2000)
sparse = SparseGaussianProcessRegressor(inducing_points=12, random_state=0).fit(
    many[:, None], noisy
)
away = np.abs(sparse.predict(line[:, None]) - np.sin(line)).max()
print("2000 rows by 12 inducing points, largest distance from the sine below 0.1:", away < 0.1)
assert away < 0.1
# %% [markdown] twin-words
# ## 7. The twin in scikit-learn
#
# You need scikit-learn for this section: `python -m pip install -e '.[compare]'` in the folder of this project. Its gradient was derived by hand, ours by the engine. *Do both find the same parameters?*
# %% twin tags=varies,sklearn
needs("sklearn")
from tinygrad_edu.twins.scikit_learn import compare

print(compare(GaussianProcessRegressor(ConstantKernel(1.0) * RBF(1.0), alpha=0.01), x[:, None], y))
# %% [markdown] exercises
# ## 8. Three exercises
#
# ### Exercise 1: on paper (1 point)
#
# There is one sample, $y = 2$ at $x = 0$, with $k(0, 0) = 1$ and noise of variance $\alpha = 1$. What are mean and variance of the function at $x = 0$?
#
# <details><summary>Hint</summary>
#
# All matrices are numbers: $K + \alpha = 2$ and $k_* = 1$.
#
# </details>
# %% exercise one_sample points=1
# BEGIN SOLUTION
mean_at_0 = 1 / 2 * 2
variance_at_0 = 1 - 1 / 2


# END SOLUTION
# %% check one_sample
def check_one_sample(mean_at_0, variance_at_0):
    assert not np.isclose(mean_at_0, 2), (
        "mean: without noise it would be 2. Divide by K + α and not by K."
    )
    assert np.isclose(mean_at_0, 1), "mean: k* (K + α)⁻¹ y."
    assert not np.isclose(variance_at_0, 0), (
        "variance: that would be without noise. Divide by K + α."
    )
    assert not np.isclose(variance_at_0, np.sqrt(0.5)), (
        "The variance is asked for, not the standard deviation."
    )
    assert not np.isclose(variance_at_0, 1.5), (
        "That is the variance of a new, noisy sample. The function itself has no noise."
    )
    assert np.isclose(variance_at_0, 0.5), "variance: k(0, 0) - k* (K + α)⁻¹ k*."


# %% hidden one_sample
def check_one_sample(mean_at_0, variance_at_0):
    assert np.isclose(mean_at_0, 1) and np.isclose(variance_at_0, 0.5), "Compute both again."


# %% right one_sample
mean_at_0, variance_at_0 = 1, 0.5
# %% right one_sample
K, noise_variance, k, value = 1.0, 1.0, 1.0, 2.0
mean_at_0 = k * value / (K + noise_variance)
variance_at_0 = K - k * k / (K + noise_variance)
# %% wrong one_sample: without noise it would be 2
mean_at_0, variance_at_0 = 2.0, 0.5
# %% wrong one_sample: would be without noise
mean_at_0, variance_at_0 = 1.0, 0.0
# %% wrong one_sample: not the standard deviation
mean_at_0, variance_at_0 = 1.0, 0.5**0.5


# %% [markdown] exercise-2-words
# ### Exercise 2: a periodic kernel (2 points)
#
# Write `periodic(x, z, length, period)`: $\exp\left(-\frac{2}{l^2} \sin^2 \frac{\pi (x - z)}{p}\right)$ for x (n,) and z (m,), shape (n, m). It must also work if `length` and `period` are Tensors.
#
# <details><summary>Hint</summary>
#
# `x[:, None] - z` has the shape (n, m). Use NumPy's functions, which know Tensors.
#
# </details>
# %% exercise periodic points=2
def periodic(x, z, length, period):
    # BEGIN SOLUTION
    d = x[:, None] - z
    return np.exp(-2 / length**2 * np.sin(np.pi * d / period) ** 2)
    # END SOLUTION


# %% check periodic
def check_periodic(periodic):
    x, z = np.array([0.0, 0.5, 2.0]), np.array([0.0, 1.0])
    K = periodic(x, z, 1.5, 2.0)
    assert np.shape(K) == (3, 2), "Return the shape (n, m): x[:, None] - z."
    d = x[:, None] - z
    assert not np.allclose(K, np.exp(-2 / 1.5**2 * np.sin(np.pi * d / 2))), "The sine is squared."
    assert not np.allclose(K, np.exp(-2 / 1.5**2 * np.sin(d / 2) ** 2)), (
        "π is missing: after one period the value is 1 again."
    )
    assert not np.allclose(K, np.exp(-2 / 1.5 * np.sin(np.pi * d / 2) ** 2)), (
        "The length is squared."
    )
    assert not np.allclose(K, np.exp(-(np.sin(np.pi * d / 2) ** 2) / (2 * 1.5**2))), (
        "The factor is 2 / l², not 1 / (2 l²)."
    )
    assert np.isclose(K[2, 0], 1), "At a distance of one period the kernel is 1."
    assert np.allclose(K, np.exp(-2 / 1.5**2 * np.sin(np.pi * d / 2) ** 2)), (
        "exp(-2 sin²(π d / p) / l²)."
    )
    length = Tensor(1.5, requires_grad=True)
    out = periodic(x, z, length, 2.0).sum()
    assert hasattr(out, "backward"), (
        "With a Tensor it must return a Tensor: use np.exp and np.sin, not math or float."
    )
    out.backward()
    wanted = (
        np.exp(-2 / 1.5**2 * np.sin(np.pi * d / 2) ** 2) * 4 / 1.5**3 * np.sin(np.pi * d / 2) ** 2
    ).sum()
    assert np.isclose(length.grad, wanted), "The derivative with respect to length is not right."


# %% hidden periodic
def check_periodic(periodic):
    rng = np.random.default_rng(2)
    x, z = rng.normal(size=4), rng.normal(size=5)
    wanted = np.exp(-2 / 0.7**2 * np.sin(np.pi * (x[:, None] - z) / 3) ** 2)
    assert np.allclose(periodic(x, z, 0.7, 3.0), wanted), "Try another length and period."


# %% right periodic
def periodic(x, z, length, period):
    angle = np.pi * np.subtract.outer(x, z) / period
    return np.exp((np.cos(2 * angle) - 1) / length**2)


# %% right periodic
def periodic(x, z, length, period):
    s = np.sin(np.pi / period * (x.reshape(-1, 1) - z.reshape(1, -1))) / length
    return 1 / np.exp(2 * s * s)


# %% wrong periodic: The length is squared
def periodic(x, z, length, period):
    return np.exp(-2 / length * np.sin(np.pi * (x[:, None] - z) / period) ** 2)


# %% wrong periodic: π is missing
def periodic(x, z, length, period):
    return np.exp(-2 / length**2 * np.sin((x[:, None] - z) / period) ** 2)


# %% wrong periodic: not 1 / (2 l²)
def periodic(x, z, length, period):
    return np.exp(-(np.sin(np.pi * (x[:, None] - z) / period) ** 2) / (2 * length**2))


# %% wrong periodic: the shape (n, m)
def periodic(x, z, length, period):
    return np.exp(-2 / length**2 * np.sin(np.pi * (x[: len(z)] - z) / period) ** 2)


# %% [markdown] exercise-3-words
# ### Exercise 3: draw from the posterior (2 points)
#
# Write `draw(x, y, new, noise, z)`: functions from the posterior at `new` (m,), given `y` (n,) at `x` (n,) with noise of standard deviation `noise`, for the kernel of section 1 with scale and length 1. `z` (m, count) are independent standard normal numbers. Return shape (m, count). Add $10^{-8}$ to the diagonal of the posterior covariance before its Cholesky factorization.
#
# <details><summary>Hint</summary>
#
# The posterior covariance is $k(\text{new}, \text{new}) - k_*^\top (K + \alpha I)^{-1} k_*$, of shape (m, m). Then mean + L z.
#
# </details>
# %% exercise draw points=2
def draw(x, y, new, noise, z):
    # BEGIN SOLUTION
    K = kernel(x, x) + noise**2 * np.eye(len(x))
    k = kernel(x, new)
    mean = k.T @ np.linalg.solve(K, y)
    cov = kernel(new, new) - k.T @ np.linalg.solve(K, k)
    return mean[:, None] + np.linalg.cholesky(cov + 1e-8 * np.eye(len(new))) @ z
    # END SOLUTION


# %% check draw
def check_draw(draw):
    x, y, new = np.array([0.0, 1.0]), np.array([1.0, -1.0]), np.array([0.5, 2.0, 5.0])
    K = kernel(x, x) + 0.09 * np.eye(2)
    k = kernel(x, new)
    mean = k.T @ np.linalg.solve(K, y)
    cov = kernel(new, new) - k.T @ np.linalg.solve(K, k) + 1e-8 * np.eye(3)
    zero = draw(x, y, new, 0.3, np.zeros((3, 2)))
    assert np.shape(zero) == (3, 2), "Return a column for each column of z, shape (m, count)."
    without = k.T @ np.linalg.solve(kernel(x, x) + 0.3 * np.eye(2), y)
    assert not np.allclose(zero, without[:, None]), (
        "noise is a standard deviation: add noise² to the diagonal."
    )
    assert np.allclose(zero, mean[:, None]), "With z = 0 every function is the posterior mean."
    eye = draw(x, y, new, 0.3, np.eye(3)) - mean[:, None]
    assert not np.allclose(eye @ eye.T, kernel(new, new), atol=1e-6), (
        "That is the covariance of the prior. The data reduce it."
    )
    assert not np.allclose(eye, np.diag(np.sqrt(np.diag(cov)))), (
        "The values at different points are correlated: use the Cholesky factor of the whole covariance."
    )
    assert np.allclose(eye @ eye.T, cov), (
        "The covariance of the functions is not that of the posterior."
    )


# %% hidden draw
def check_draw(draw):
    rng = np.random.default_rng(3)
    x, y, new = rng.normal(size=5), rng.normal(size=5), rng.normal(size=4)
    K, k = kernel(x, x) + 0.25 * np.eye(5), kernel(x, new)
    mean, cov = k.T @ np.linalg.solve(K, y), kernel(new, new) - k.T @ np.linalg.solve(K, k)
    out = draw(x, y, new, 0.5, np.eye(4)) - mean[:, None]
    assert np.allclose(out @ out.T, cov + 1e-8 * np.eye(4)), "Try it with other points."


# %% right draw
def draw(x, y, new, noise, z):
    L = np.linalg.cholesky(kernel(x, x) + noise**2 * np.eye(len(x)))
    v = np.linalg.solve(L, kernel(x, new))
    mean = v.T @ np.linalg.solve(L, y)
    factor = np.linalg.cholesky(kernel(new, new) - v.T @ v + 1e-8 * np.eye(len(new)))
    return (mean + (factor @ z).T).T


# %% right draw
def draw(x, y, new, noise, z):
    inverse = np.linalg.inv(kernel(x, x) + np.diag(np.full(len(x), noise**2)))
    k = kernel(new, x)
    cov = kernel(new, new) - k @ inverse @ k.T + 1e-8 * np.eye(len(new))
    values, vectors = np.linalg.eigh(cov)
    return (k @ inverse @ y)[:, None] + vectors * np.sqrt(values) @ z


# %% wrong draw: covariance of the prior
def draw(x, y, new, noise, z):
    K = kernel(x, x) + noise**2 * np.eye(len(x))
    mean = kernel(x, new).T @ np.linalg.solve(K, y)
    return mean[:, None] + np.linalg.cholesky(kernel(new, new) + 1e-8 * np.eye(len(new))) @ z


# %% wrong draw: are correlated
def draw(x, y, new, noise, z):
    mean, std = predict(x, y, new, noise=noise)
    return mean[:, None] + np.sqrt(std**2 + 1e-8)[:, None] * z


# %% wrong draw: noise is a standard deviation
def draw(x, y, new, noise, z):
    K = kernel(x, x) + noise * np.eye(len(x))
    k = kernel(x, new)
    cov = kernel(new, new) - k.T @ np.linalg.solve(K, k)
    return (k.T @ np.linalg.solve(K, y))[:, None] + np.linalg.cholesky(
        cov + 1e-8 * np.eye(len(new))
    ) @ z


# %% wrong draw: With z = 0
def draw(x, y, new, noise, z):
    K = kernel(x, x) + noise**2 * np.eye(len(x))
    k = kernel(x, new)
    cov = kernel(new, new) - k.T @ np.linalg.solve(K, k)
    return np.linalg.cholesky(cov + 1e-8 * np.eye(len(new))) @ z


# %% [markdown] next
# ## What you have seen
#
# - A Gaussian process is a normal distribution of function values. Conditioning on data gives mean and error bars.
# - The evidence weighs the fit against complexity, and its gradient comes from `backward()` through a Cholesky factorization.
# - Kernels are added and multiplied, and say what one knows about a function.
# - It costs $n^3/3$ operations. For many rows there are inducing points.
#
# ## What to read next
#
# [`models/gaussian_processes`](../models/gaussian_processes): `kernels.py`, `regression.py`, and classification by Laplace's method. Rasmussen and Williams, *Gaussian Processes for Machine Learning*, chapters 2, 4 and 5. The next lesson is about sequences with hidden states: [hidden Markov models](20_hidden_markov_models.ipynb).
