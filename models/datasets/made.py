"""Data sets made of random numbers: classes, clusters, regressions and manifolds of known form.

They draw from `numpy.random.RandomState(random_state)` in the order of scikit-learn: the same seed gives the
same numbers.

Source: I. Guyon, Design of experiments for the NIPS 2003 variable selection benchmark (2003), for classes;
J. Friedman, Multivariate adaptive regression splines (1991), for regressions.
"""

from typing import Any

import numpy as np

from models.foundation.bunch import Bunch
from models.foundation.randomness import random_state as generator
from models.foundation.randomness import shuffled, without_repetition
from tinygrad_edu.diagnostics.words import refusal

Pair = tuple[np.ndarray, np.ndarray]


def parts(total: int, number: int) -> list[int]:
    """total as a sum of `number` nearly equal sizes, the larger ones first."""
    return [total // number + (i < total % number) for i in range(number)]


# ---- classes -------------------------------------------------------------------------------------


def make_classification(
    n_samples: int = 100,
    n_features: int = 20,
    *,
    n_informative: int = 2,
    n_redundant: int = 2,
    n_repeated: int = 0,
    n_classes: int = 2,
    n_clusters_per_class: int = 2,
    weights: Any = None,
    flip_y: float = 0.01,
    class_sep: float = 1.0,
    hypercube: bool = True,
    shift: Any = 0.0,
    scale: Any = 1.0,
    shuffle: bool = True,
    random_state: Any = None,
    return_X_y: bool = True,
) -> Any:
    """Normal clusters around corners of a cube, some for each class.

    n_informative   dimensions of the cube; other columns are n_redundant sums of these, n_repeated copies,
                    and noise
    weights         parts of the classes; the last may be left out
    flip_y          part of the rows with a random class
    class_sep       half the side of the cube
    shift, scale    of the columns; None for random ones
    """
    rng = generator(random_state)
    used = n_informative + n_redundant
    if used + n_repeated > n_features:
        what = (
            "Number of informative, redundant and repeated features must sum to less than the number "
            f"of total features: {used + n_repeated} of {n_features}."
        )
        raise refusal(ValueError, what, "a larger n_features")
    clusters = n_classes * n_clusters_per_class
    if n_informative < np.log2(clusters):
        what = (
            f"n_classes({n_classes}) * n_clusters_per_class({n_clusters_per_class}) must be smaller or equal "
            f"2**n_informative({n_informative})={2**n_informative}."
        )
        raise refusal(ValueError, what, "a larger n_informative, or n_clusters_per_class=1")
    share = [1 / n_classes] * n_classes if weights is None else list(weights)
    if len(share) == n_classes - 1:
        share.append(1.0 - sum(share))
    if len(share) != n_classes:
        what = f"Weights specified but incompatible with number of classes: {len(share)} for {n_classes}."
        raise refusal(ValueError, what, "a weight for each class")
    sizes = [int(n_samples * share[k % n_classes] / n_clusters_per_class) for k in range(clusters)]
    sizes = [
        size + extra
        for size, extra in zip(sizes, parts(n_samples - sum(sizes), clusters), strict=True)
    ]
    X, y = np.zeros((n_samples, n_features)), np.repeat(np.arange(clusters) % n_classes, sizes)
    centers = (2 * _corners(clusters, n_informative, rng) - 1) * class_sep
    if not hypercube:
        centers *= rng.uniform(size=(clusters, 1))
        centers *= rng.uniform(size=(1, n_informative))
    normal = rng.standard_normal(size=(n_samples, n_informative))
    stops = np.cumsum(sizes)
    for center, start, stop in zip(centers, stops - sizes, stops, strict=True):
        stretch = 2 * rng.uniform(size=(n_informative, n_informative)) - 1
        X[start:stop, :n_informative] = normal[start:stop] @ stretch + center
    if n_redundant:
        mixing = 2 * rng.uniform(size=(n_informative, n_redundant)) - 1
        X[:, n_informative:used] = X[:, :n_informative] @ mixing
    if n_repeated:
        copied = ((used - 1) * rng.uniform(size=n_repeated) + 0.5).astype(np.intp)
        X[:, used : used + n_repeated] = X[:, copied]
    noise = n_features - used - n_repeated
    if noise:
        X[:, -noise:] = rng.standard_normal(size=(n_samples, noise))
    if flip_y >= 0:
        flipped = rng.uniform(size=n_samples) < flip_y
        y[flipped] = rng.randint(n_classes, size=flipped.sum())
    X += (2 * rng.uniform(size=n_features) - 1) * class_sep if shift is None else shift
    X *= 1 + 100 * rng.uniform(size=n_features) if scale is None else scale
    order = np.arange(n_features)
    if shuffle:
        X, y = shuffled(rng, X, y)
        rng.shuffle(order)
        X = X[:, order]
    if return_X_y:
        return X, y
    kinds = ["informative", "redundant", "repeated", "random"]
    kind = np.repeat(kinds, [n_informative, n_redundant, n_repeated, noise])
    return Bunch(X=X, y=y, feature_info=kind[order].tolist(), DESCR=make_classification.__doc__)


def _corners(number: int, dimensions: int, rng: np.random.RandomState) -> np.ndarray:
    """Different corners of the unit cube: (number, dimensions)."""
    if dimensions > 30:
        left = rng.randint(2, size=(number, dimensions - 30))
        return np.hstack([left, _corners(number, 30, rng)]).astype(float)
    chosen = np.array(without_repetition(2**dimensions, number, rng))
    return (chosen[:, None] >> np.arange(dimensions)[::-1] & 1).astype(float)


def make_blobs(
    n_samples: Any = 100,
    n_features: int = 2,
    *,
    centers: Any = None,
    cluster_std: Any = 1.0,
    center_box: tuple[float, float] = (-10.0, 10.0),
    shuffle: bool = True,
    random_state: Any = None,
    return_centers: bool = False,
) -> Any:
    """Round normal clusters: (X, number of the cluster).

    n_samples     of all clusters, or a list of the numbers of each
    centers       a number of random ones in center_box, or (centers, features); None for 3
    cluster_std   standard deviation, of all or of each
    """
    rng = generator(random_state)
    listed = np.ndim(n_samples) > 0
    if centers is None:
        centers = len(n_samples) if listed else 3
    if np.ndim(centers) == 0:
        if listed and np.ndim(centers) == 0 and centers != len(n_samples):
            what = f"Parameter `centers` must be array-like. Got {centers!r} instead."
            raise refusal(ValueError, what, "centers=None, if n_samples is a list")
        centers = rng.uniform(*center_box, size=(centers, n_features))
    centers = np.asarray(centers, dtype=np.float64)
    sizes = list(n_samples) if listed else parts(n_samples, len(centers))
    deviations = np.full(len(centers), cluster_std) if np.ndim(cluster_std) == 0 else cluster_std
    for name, given in (("n_samples", sizes), ("cluster_std", deviations)):
        if len(given) != len(centers):
            what = f"Length of `{name}` not consistent with number of centers: {len(given)}, {len(centers)}."
            raise refusal(ValueError, what, "one for each center")
    X = np.concatenate(
        [
            rng.normal(center, deviation, size=(size, centers.shape[1]))
            for center, deviation, size in zip(centers, deviations, sizes, strict=True)
        ]
    )
    y = np.repeat(np.arange(len(centers)), sizes)
    if shuffle:
        X, y = shuffled(rng, X, y)
    return (X, y, centers) if return_centers else (X, y)


def _two_curves(curves, sizes, shuffle, noise, rng):
    """Rows on two plane curves, with noise: (X, number of the curve)."""
    X = np.vstack([np.stack(curve, axis=1) for curve in curves])
    y = np.repeat(np.arange(2, dtype=np.intp), sizes)
    if shuffle:
        X, y = shuffled(rng, X, y)
    if noise is not None:
        X = X + rng.normal(scale=noise, size=X.shape)
    return X, y


def _two_sizes(n_samples: Any) -> tuple[int, int]:
    if np.ndim(n_samples) == 0:
        return n_samples // 2, n_samples - n_samples // 2
    if len(n_samples) != 2:
        what = "`n_samples` can be either an int or a two-element tuple."
        raise refusal(ValueError, what, "n_samples=(50, 50)")
    return tuple(n_samples)


def make_circles(
    n_samples: Any = 100,
    *,
    shuffle: bool = True,
    noise: float | None = None,
    random_state: Any = None,
    factor: float = 0.8,
) -> Pair:
    """A circle (0), and a smaller one inside it (1), of radius `factor`."""
    sizes = _two_sizes(n_samples)
    outer, inner = (np.linspace(0, 2 * np.pi, size, endpoint=False) for size in sizes)
    curves = (np.cos(outer), np.sin(outer)), (np.cos(inner) * factor, np.sin(inner) * factor)
    return _two_curves(curves, sizes, shuffle, noise, generator(random_state))


def make_moons(
    n_samples: Any = 100,
    *,
    shuffle: bool = True,
    noise: float | None = None,
    random_state: Any = None,
) -> Pair:
    """Two half circles, one inside the other."""
    sizes = _two_sizes(n_samples)
    upper, lower = (np.linspace(0, np.pi, size) for size in sizes)
    curves = (np.cos(upper), np.sin(upper)), (1 - np.cos(lower), 1 - np.sin(lower) - 0.5)
    return _two_curves(curves, sizes, shuffle, noise, generator(random_state))


def make_gaussian_quantiles(
    *,
    mean: Any = None,
    cov: float = 1.0,
    n_samples: int = 100,
    n_features: int = 2,
    n_classes: int = 3,
    shuffle: bool = True,
    random_state: Any = None,
) -> Pair:
    """A round normal distribution in shells of equally many rows: the class is the number of the shell."""
    if n_samples < n_classes:
        what = f"n_samples must be at least n_classes: {n_samples} < {n_classes}."
        raise refusal(ValueError, what, "more samples")
    rng = generator(random_state)
    mean = np.zeros(n_features) if mean is None else np.array(mean)
    X = rng.multivariate_normal(mean, cov * np.identity(n_features), (n_samples,))
    X = X[np.argsort(np.sum((X - mean) ** 2, axis=1))]
    y = np.minimum(np.arange(n_samples) // (n_samples // n_classes), n_classes - 1)
    return shuffled(rng, X, y) if shuffle else (X, y)  # type: ignore[return-value]


def make_hastie_10_2(n_samples: int = 12000, *, random_state: Any = None) -> Pair:
    """Ten normal columns; 1 if their squares sum to more than 9.34, else -1 (ESL, equation 10.2)."""
    X = generator(random_state).normal(size=(n_samples, 10))
    return X, np.where((X**2).sum(axis=1) > 9.34, 1.0, -1.0)


def make_multilabel_classification(
    n_samples: int = 100,
    n_features: int = 20,
    *,
    n_classes: int = 5,
    n_labels: int = 2,
    length: int = 50,
    allow_unlabeled: bool = True,
    return_distributions: bool = False,
    random_state: Any = None,
) -> Any:
    """Counts of words in texts with several labels: (X, a column of 0 and 1 for each label).

    Each text has about n_labels labels and about `length` words, drawn from the words of its labels.

    return_distributions   also (P(label), P(word | label))
    """
    rng = generator(random_state)
    p_label = rng.uniform(size=n_classes)
    p_label /= p_label.sum()
    upto = np.cumsum(p_label)
    p_word = rng.uniform(size=(n_features, n_classes))
    p_word /= p_word.sum(axis=0)
    X, Y = np.zeros((n_samples, n_features)), np.zeros((n_samples, n_classes), dtype=int)
    for row in range(n_samples):
        size = n_classes + 1
        while size > n_classes or (not allow_unlabeled and size == 0):
            size = rng.poisson(n_labels)
        labels: set[int] = set()
        while len(labels) != size:
            labels.update(np.searchsorted(upto, rng.uniform(size=size - len(labels))).tolist())
        words = 0
        while words == 0:
            words = rng.poisson(length)
        if labels:
            of_labels = p_word.take(list(labels), axis=1).sum(axis=1).cumsum()
            drawn = np.searchsorted(of_labels / of_labels[-1], rng.uniform(size=words))
        else:
            drawn = rng.randint(n_features, size=words)
        X[row] = np.bincount(drawn, minlength=n_features)
        Y[row, list(labels)] = 1
    return (X, Y, p_label, p_word) if return_distributions else (X, Y)


# ---- numbers -------------------------------------------------------------------------------------


def make_regression(
    n_samples: int = 100,
    n_features: int = 100,
    *,
    n_informative: int = 10,
    n_targets: int = 1,
    bias: float = 0.0,
    effective_rank: int | None = None,
    tail_strength: float = 0.5,
    noise: float = 0.0,
    shuffle: bool = True,
    coef: bool = False,
    random_state: Any = None,
) -> Any:
    """A linear model with few coefficients other than 0: (X, y), with `coef` also the coefficients.

    effective_rank   None for normal columns; otherwise X is a make_low_rank_matrix
    """
    rng = generator(random_state)
    if effective_rank is None:
        X = rng.standard_normal(size=(n_samples, n_features))
    else:
        X = make_low_rank_matrix(
            n_samples, n_features, effective_rank=effective_rank, tail_strength=tail_strength,
            random_state=rng,
        )  # fmt: skip
    informative = min(n_features, n_informative)
    truth = np.zeros((n_features, n_targets))
    truth[:informative] = 100 * rng.uniform(size=(informative, n_targets))
    y = X @ truth + bias
    if noise > 0:
        y += rng.normal(scale=noise, size=y.shape)
    if shuffle:
        X, y = shuffled(rng, X, y)
        order = np.arange(n_features)
        rng.shuffle(order)
        X, truth = X[:, order], truth[order]
    return (X, np.squeeze(y), np.squeeze(truth)) if coef else (X, np.squeeze(y))


def make_low_rank_matrix(
    n_samples: int = 100,
    n_features: int = 100,
    *,
    effective_rank: int = 10,
    tail_strength: float = 0.5,
    random_state: Any = None,
) -> np.ndarray:
    """A matrix with singular values (1 - t) exp(-(i / r)²) + t exp(-i / 10 r), t the strength of the tail."""
    rng = generator(random_state)
    rank = min(n_samples, n_features)
    u, _ = np.linalg.qr(rng.standard_normal(size=(n_samples, rank)))
    v, _ = np.linalg.qr(rng.standard_normal(size=(n_features, rank)))
    i = np.arange(rank) / effective_rank
    singular = (1 - tail_strength) * np.exp(-(i**2)) + tail_strength * np.exp(-0.1 * i)
    return (u * singular) @ v.T


def make_sparse_uncorrelated(
    n_samples: int = 100, n_features: int = 10, *, random_state: Any = None
) -> Pair:
    """Normal columns, of which y needs four: x₀ + 2 x₁ - 2 x₂ - 1.5 x₃, with noise."""
    rng = generator(random_state)
    X = rng.normal(size=(n_samples, n_features))
    mean = X[:, 0] + 2 * X[:, 1] - 2 * X[:, 2] - 1.5 * X[:, 3]
    return X, rng.normal(mean, np.ones(n_samples))


def make_friedman1(
    n_samples: int = 100, n_features: int = 10, *, noise: float = 0.0, random_state: Any = None
) -> Pair:
    """y = 10 sin(π x₀ x₁) + 20 (x₂ - 1/2)² + 10 x₃ + 5 x₄; the other columns do not matter."""
    if n_features < 5:
        what = f"n_features={n_features}: y depends on five columns."
        raise refusal(ValueError, what, "n_features=5, or more")
    rng = generator(random_state)
    X = rng.uniform(size=(n_samples, n_features))
    y = 10 * np.sin(np.pi * X[:, 0] * X[:, 1]) + 20 * (X[:, 2] - 0.5) ** 2
    y = y + 10 * X[:, 3] + 5 * X[:, 4]
    return X, y + noise * rng.standard_normal(size=n_samples)


def _circuit(n_samples: int, rng: np.random.RandomState) -> tuple[np.ndarray, np.ndarray]:
    """X, and the reactance x₁ x₂ - 1 / (x₁ x₃) of an alternating current circuit."""
    X = rng.uniform(size=(n_samples, 4)) * [100, 520 * np.pi, 1, 10] + [0, 40 * np.pi, 0, 1]
    return X, X[:, 1] * X[:, 2] - 1 / (X[:, 1] * X[:, 3])


def make_friedman2(n_samples: int = 100, *, noise: float = 0.0, random_state: Any = None) -> Pair:
    """y = √(x₀² + (x₁ x₂ - 1 / (x₁ x₃))²): the impedance of a circuit."""
    rng = generator(random_state)
    X, reactance = _circuit(n_samples, rng)
    y = (X[:, 0] ** 2 + reactance**2) ** 0.5
    return X, y + noise * rng.standard_normal(size=n_samples)


def make_friedman3(n_samples: int = 100, *, noise: float = 0.0, random_state: Any = None) -> Pair:
    """y = arctan((x₁ x₂ - 1 / (x₁ x₃)) / x₀): the phase of a circuit."""
    rng = generator(random_state)
    X, reactance = _circuit(n_samples, rng)
    return X, np.arctan(reactance / X[:, 0]) + noise * rng.standard_normal(size=n_samples)


# ---- manifolds -----------------------------------------------------------------------------------


def make_swiss_roll(
    n_samples: int = 100, *, noise: float = 0.0, random_state: Any = None, hole: bool = False
) -> Pair:
    """A rolled sheet in three dimensions: (X, position along the roll).

    Source: S. Marsland, Machine Learning: An Algorithmic Perspective (2009), chapter 10.
    """
    rng = generator(random_state)
    if hole:
        corners = np.array([[np.pi * (1.5 + i), j * 7] for i in range(3) for j in range(3)])
        corner = np.delete(corners, 4, axis=0)[rng.choice(8, n_samples)]
        t, height = corner.T + rng.uniform(size=(2, n_samples)) * np.array([[np.pi], [7]])
    else:
        t = 1.5 * np.pi * (1 + 2 * rng.uniform(size=n_samples))
        height = 21 * rng.uniform(size=n_samples)
    X = np.vstack([t * np.cos(t), height, t * np.sin(t)])
    return (X + noise * rng.standard_normal(size=(3, n_samples))).T, t


def make_s_curve(n_samples: int = 100, *, noise: float = 0.0, random_state: Any = None) -> Pair:
    """A sheet bent like an S in three dimensions: (X, position along the curve)."""
    rng = generator(random_state)
    t = 3 * np.pi * (rng.uniform(size=n_samples) - 0.5)
    X = np.stack(
        [np.sin(t), 2.0 * rng.uniform(size=n_samples), np.sign(t) * (np.cos(t) - 1)], axis=1
    )
    return X + noise * rng.standard_normal(size=(3, n_samples)).T, t
