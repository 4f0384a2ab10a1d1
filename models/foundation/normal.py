"""The normal distribution: the density of several components at once, and the quantiles."""

import numpy as np

from tinygrad_edu.ops import solve_triangular


def log_normal(X, means, L):
    """log N(x_i; μ_k, L_k L_kᵀ) of arrays or Tensors, (components, samples). L: lower triangular."""
    z = solve_triangular(L, np.swapaxes(X - means[:, None], 1, 2))  # L⁻¹ (x - μ)
    log_determinant = 2 * np.log(np.diagonal(L, axis1=1, axis2=2)).sum(axis=1)
    return -((z * z).sum(axis=1) + log_determinant[:, None] + X.shape[1] * np.log(2 * np.pi)) / 2


# M. Wichura, Algorithm AS 241: the percentage points of the normal distribution (1988): quotients of
# polynomials for p near 1/2, for smaller ones, and for those below e^-25, with a relative error of 1e-16.
_CENTER = (
    (2.5090809287301226727e3, 3.3430575583588128105e4, 6.7265770927008700853e4, 4.5921953931549871457e4,
     1.3731693765509461125e4, 1.9715909503065514427e3, 1.3314166789178437745e2, 3.3871328727963666080),
    (5.2264952788528545610e3, 2.8729085735721942674e4, 3.9307895800092710610e4, 2.1213794301586595867e4,
     5.3941960214247511077e3, 6.8718700749205790830e2, 4.2313330701600911252e1, 1),
)  # fmt: skip
_TAIL = (
    (7.74545014278341407640e-4, 2.27238449892691845833e-2, 2.41780725177450611770e-1,
     1.27045825245236838258, 3.64784832476320460504, 5.76949722146069140550, 4.63033784615654529590,
     1.42343711074968357734),
    (1.05075007164441684324e-9, 5.47593808499534494600e-4, 1.51986665636164571966e-2,
     1.48103976427480074590e-1, 6.89767334985100004550e-1, 1.67638483018380384940,
     2.05319162663775882187, 1),
)  # fmt: skip
_FAR = (
    (2.01033439929228813265e-7, 2.71155556874348757815e-5, 1.24266094738807843860e-3,
     2.65321895265761230930e-2, 2.96560571828504891230e-1, 1.78482653991729133580,
     5.46378491116411436990, 6.65790464350110377720),
    (2.04426310338993978564e-15, 1.42151175831644588870e-7, 1.84631831751005468180e-5,
     7.86869131145613259100e-4, 1.48753612908506148525e-2, 1.36929880922735805310e-1,
     5.99832206555887937690e-1, 1),
)  # fmt: skip


def normal_quantile(p):
    """Φ⁻¹(p), the x below which a standard normal variable is with the probability p."""
    p = np.asarray(p, dtype=np.float64)
    x = np.where((p >= 0) & (p <= 1), np.inf, np.nan)
    x = np.where(p < 0.5, -x, x)
    q = p - 0.5
    center = np.abs(q) <= 0.425
    x[center] = q[center] * _quotient(_CENTER, 0.180625 - q[center] ** 2)
    outside = np.flatnonzero(~center & (p > 0) & (p < 1))
    r = np.sqrt(-np.log(np.minimum(p, 1 - p).ravel()[outside]))
    size = _quotient(_TAIL, np.minimum(r, 5) - 1.6)
    far = r > 5
    size[far] = _quotient(_FAR, r[far] - 5)
    x.flat[outside] = np.copysign(size, q.ravel()[outside])
    return x


def _quotient(coefficients, x):
    return np.polyval(coefficients[0], x) / np.polyval(coefficients[1], x)
