"""Kernels: covariance functions k(x, z) of Gaussian processes, and expressions of them.

    kernel = ConstantKernel(2.0) * RBF(length_scale=[1.0, 3.0]) + WhiteKernel(0.1)

    kernel(X)         the covariances of the rows of X, (n, n)
    kernel(X, Z)      those with the rows of Z, (n, m)
    kernel.diag(X)    the variances alone, (n,)

A kernel is one formula, `formula(pairs)`, of its parameters and of what `pairs` knows about x and z, in
operations of NumPy. For parameters that are Tensors the engine differentiates it, so no kernel has a
derivative of its own.
Names, parameters and bounds are those of sklearn.gaussian_process.kernels.

Source: C. Rasmussen, C. Williams, Gaussian Processes for Machine Learning (2006), GPML, chapter 4;
D. Duvenaud, Automatic model construction with Gaussian processes (2014), chapter 2.
"""

from typing import Any, ClassVar

import numpy as np

from models.foundation import choice, nonnegative, number, positive
from models.foundation.fields import REQUIRED, Parameter
from models.gaussian_processes.hyperparameters import Tunable, bounds, positive_numbers
from models.gaussian_processes.pairs import Alone, Below, Pairs, is_one_number
from tinygrad_edu import jacobian
from tinygrad_edu.diagnostics.words import refusal


class Kernel(Tunable):
    """A covariance function. A subclass writes `formula`; +, * and ** combine kernels."""

    stationary: ClassVar[bool] = True  # a function of x - z alone?
    # (pairs) -> k(x, z) of each pair, or one number that is the same for all
    formula: ClassVar[Any]

    def __call__(self, X: Any, Y: Any = None, eval_gradient: bool = False) -> Any:
        """k(x, z) of every row x of X and z of Y, (n, m), or of X if Y is None.

        With eval_gradient, which needs Y=None, also ∂k/∂θ, (n, n, n_dims).
        """
        self._check_parameters()
        X, Y = _table(X), None if Y is None else _table(Y)
        if not eval_gradient:
            return self.matrix(X, Y)
        if Y is not None:
            raise refusal(ValueError, "Gradient can only be evaluated when Y is None.", "kernel(X)")
        derivative = jacobian(lambda theta: self.clone_with_theta(theta).matrix(X), mode="forward")
        return self.matrix(X), derivative(self.theta)

    def matrix(self, X: np.ndarray, Z: np.ndarray | None = None) -> Any:
        """k(x, z) of every row x of X and z of Z, without any check."""
        return self.on(Pairs(X, Z)) + 0.0

    def on(self, pairs: Pairs) -> Any:
        """The same, of pairs that keep what they know about the rows."""
        return np.broadcast_to(self.formula(pairs), (len(pairs.X), len(pairs.Z)))

    def below(self, pairs: Below) -> Any:
        """The covariances below the diagonal of K(X, X), row by row."""
        n = len(pairs.X)
        return np.broadcast_to(self.formula(pairs), (n * (n - 1) // 2,))

    def alone(self, pairs: Alone) -> Any:
        """The diagonal of K(X, X)."""
        return np.broadcast_to(self.formula(pairs), (len(pairs.X),))

    def diag(self, X: Any) -> np.ndarray:
        """k(x, x) of every row x of X, (n,)."""
        self._check_parameters()
        return self.alone(Alone(_table(X))) + 0.0

    def is_stationary(self) -> bool:
        """Is it a function of x - z alone?"""
        return self.stationary and all(part.is_stationary() for part in self._parts().values())

    def __add__(self, other: Any) -> "Kernel":
        return Sum(self, _as_kernel(other))

    def __radd__(self, other: Any) -> "Kernel":
        return Sum(_as_kernel(other), self)

    def __mul__(self, other: Any) -> "Kernel":
        return Product(self, _as_kernel(other))

    def __rmul__(self, other: Any) -> "Kernel":
        return Product(_as_kernel(other), self)

    def __pow__(self, exponent: float) -> "Kernel":
        return Exponentiation(self, exponent)

    def __repr__(self) -> str:
        names = sorted(name for name in self._parameters if not name.endswith("_bounds"))
        shown = (f"{name}={_short(getattr(self, name))}" for name in names)
        return f"{type(self).__name__}({', '.join(shown)})"


def _short(x: Any) -> str:
    return f"{np.ravel(x)[0]:.3g}" if is_one_number(x) else f"[{', '.join(map(_short, x))}]"


def _table(X: Any) -> np.ndarray:
    return np.atleast_2d(np.asarray(X, dtype=np.float64))


def _as_kernel(x: Any) -> "Kernel":
    return x if isinstance(x, Kernel) else ConstantKernel(x)


def kernel_part(default: Any = REQUIRED, *, doc: str) -> Any:
    """A kernel."""
    return Parameter(
        default,
        lambda x: isinstance(x, Kernel),
        "a kernel, as those of models.gaussian_processes.kernels",
        doc,
    )


# ---- kernels -------------------------------------------------------------------------------------


class ConstantKernel(Kernel):
    """k(x, z) = c: scales another kernel in a product, and adds a constant function in a sum."""

    constant_value: float = positive(1.0, doc="c")
    constant_value_bounds: Any = bounds()

    def formula(self, pairs: Pairs) -> Any:
        return self.constant_value

    def __repr__(self) -> str:
        return f"{np.sqrt(self.constant_value):.3g}**2"


class WhiteKernel(Kernel):
    """k(x, z) = σ² if x and z are the same observation, otherwise 0: independent noise."""

    noise_level: float = positive(1.0, doc="σ²")
    noise_level_bounds: Any = bounds()

    def formula(self, pairs: Pairs) -> Any:
        return self.noise_level * pairs.same


class RBF(Kernel):
    """k(x, z) = exp(-r² / 2), r² = Σ_k (x_k - z_k)² / l_k²: smooth functions (GPML 4.9).

    One length scale for each feature tells which features matter: automatic relevance determination (ARD).
    """

    length_scale: Any = (
        positive(1.0, doc="l, one for all features or one for each") | positive_numbers()
    )
    length_scale_bounds: Any = bounds()

    def formula(self, pairs: Pairs) -> Any:
        return np.exp(pairs.squared_distances(self.length_scale, -0.5))


class Matern(Kernel):
    """k(x, z) of functions that can be differentiated ν times, rounded up less one (GPML 4.16, 4.17).

        ν = 1/2    e^-r                                     rough, as a random walk
        ν = 3/2    (1 + √3 r) e^(-√3 r)
        ν = 5/2    (1 + √5 r + 5 r² / 3) e^(-√5 r)
        ν = ∞      e^(-r² / 2)                              the RBF kernel

    with r² = Σ_k (x_k - z_k)² / l_k². Any other ν needs Bessel functions of fractional order, which NumPy
    does not have, and is refused.
    """

    length_scale: Any = (
        positive(1.0, doc="l, one for all features or one for each") | positive_numbers()
    )
    length_scale_bounds: Any = bounds()
    nu: float = choice(1.5, 0.5, 2.5, np.inf, doc="ν, the smoothness")

    def formula(self, pairs: Pairs) -> Any:
        if self.nu == np.inf:
            return np.exp(pairs.squared_distances(self.length_scale, -0.5))
        s = pairs.distances(self.length_scale, -np.sqrt(2 * self.nu))
        polynomial = {0.5: lambda: 1.0, 1.5: lambda: 1 - s, 2.5: lambda: s * (s / 3 - 1) + 1}
        return polynomial[self.nu]() * np.exp(s)


class RationalQuadratic(Kernel):
    """k(x, z) = (1 + r² / 2αl²)^-α, r = |x - z|: a mixture of RBF kernels with all l (GPML 4.19)."""

    length_scale: float = positive(1.0, doc="l")
    alpha: float = positive(1.0, doc="α: large for few different length scales")
    length_scale_bounds: Any = bounds()
    alpha_bounds: Any = bounds()

    def formula(self, pairs: Pairs) -> Any:
        part = pairs.squared_distances(self.length_scale) / (2 * self.alpha)
        return np.exp(-self.alpha * np.log1p(part))


class ExpSineSquared(Kernel):
    """k(x, z) = exp(-2 sin²(π r / p) / l²), r = |x - z|: functions with the period p (GPML 4.31)."""

    length_scale: float = positive(1.0, doc="l")
    periodicity: float = positive(1.0, doc="p")
    length_scale_bounds: Any = bounds()
    periodicity_bounds: Any = bounds()

    def formula(self, pairs: Pairs) -> Any:
        wave = np.sin(pairs.distances(self.periodicity, np.pi)) / self.length_scale
        return np.exp(-2 * wave * wave)


class DotProduct(Kernel):
    """k(x, z) = σ₀² + x·z: linear functions; its powers are those of polynomials (GPML 4.2.2)."""

    stationary = False

    sigma_0: float = nonnegative(1.0, doc="σ₀, the standard deviation of the value at x = 0")
    sigma_0_bounds: Any = bounds()

    def formula(self, pairs: Pairs) -> Any:
        return self.sigma_0 * self.sigma_0 + pairs.products


# ---- expressions ---------------------------------------------------------------------------------


class Sum(Kernel):
    """k(x, z) = k1(x, z) + k2(x, z): of the sum of two independent functions. `k1 + k2` makes it."""

    k1: Any = kernel_part(doc="the first kernel")
    k2: Any = kernel_part(doc="the second")

    def formula(self, pairs: Pairs) -> Any:
        return self.k1.formula(pairs) + self.k2.formula(pairs)

    def __repr__(self) -> str:
        return f"{self.k1} + {self.k2}"


class Product(Kernel):
    """k(x, z) = k1(x, z) k2(x, z): of the product of two independent functions. `k1 * k2` makes it."""

    k1: Any = kernel_part(doc="the first kernel")
    k2: Any = kernel_part(doc="the second")

    def formula(self, pairs: Pairs) -> Any:
        return self.k1.formula(pairs) * self.k2.formula(pairs)

    def __repr__(self) -> str:
        return f"{self.k1} * {self.k2}"


class Exponentiation(Kernel):
    """k(x, z) = kernel(x, z)^p. `kernel**p` makes it."""

    kernel: Any = kernel_part(doc="the base")
    exponent: float = number(REQUIRED, doc="p")

    def formula(self, pairs: Pairs) -> Any:
        return self.kernel.formula(pairs) ** self.exponent

    def __repr__(self) -> str:
        return f"{self.kernel} ** {self.exponent}"


class CompoundKernel(Kernel):
    """Several kernels side by side, with one θ: those of a classifier of several classes."""

    kernels: Any = Parameter(
        REQUIRED, lambda x: isinstance(x, list), "a list of kernels", "the kernels"
    )

    def _parts(self) -> dict[str, Any]:
        return {f"kernels[{i}]": kernel for i, kernel in enumerate(self.kernels)}

    def matrix(self, X: np.ndarray, Z: np.ndarray | None = None) -> Any:
        """All covariances, (n, m, kernels)."""
        return np.stack([kernel.matrix(X, Z) for kernel in self.kernels], axis=-1)

    def diag(self, X: Any) -> np.ndarray:
        """All variances, (n, kernels)."""
        return np.stack([kernel.diag(X) for kernel in self.kernels], axis=-1)

    def __repr__(self) -> str:
        return f"CompoundKernel({', '.join(f'{x:.3g}' for x in self.theta)})"
