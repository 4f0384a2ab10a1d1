"""Losses against Keras on TensorFlow, in float64.

Values and gradients to ten digits: for every loss and setting, with every reduction, with and without
weights of samples. Beyond the limits, too: probabilities of exactly 0 and 1, logits of 10,000.
"""

import functools
from typing import Any

import numpy as np
import pytest

from tests.nn.agreement import assert_close, keras_values, our_values
from tinygrad_edu import nn

keras: Any = pytest.importorskip("keras")
tf: Any = pytest.importorskip("tensorflow")
RNG = np.random.default_rng(0)
N, K = 6, 4
REAL, OTHER = RNG.normal(size=(N, K)), RNG.normal(size=(N, K))
POSITIVE = RNG.uniform(0.2, 3, size=(N, K))
COUNTS = RNG.poisson(2.0, size=(N, K)).astype(float)
BITS = RNG.integers(0, 2, size=(N, K)).astype(float)
P = RNG.uniform(0.05, 0.95, size=(N, K))
ROWS, TARGET_ROWS = (np.exp(x) / np.exp(x).sum(axis=1, keepdims=True) for x in (REAL, OTHER))
LABELS = np.array([0, 3, 1, 1, 2, 0])
ONE_HOT = np.eye(K)[LABELS]
SEQUENCES = RNG.normal(size=(N, 3, K))
MARKED = np.array([[0, 3, -1], [1, -1, -1], [2, 0, 1], [3, 3, 3], [-1, 1, 0], [2, 2, -1]])
WEIGHTS = RNG.uniform(0.1, 2, size=N)
CLASS_WEIGHTS = np.array([0.5, 2.0, 1.25, 0.75])
l = keras.losses
partial = functools.partial


# (ours, Keras's class, its settings, prediction, target for us, target for Keras)
LOSSES = {
    "mse": (nn.mse, l.MeanSquaredError, {}, REAL, OTHER, OTHER),
    "mse of images": (nn.mse, l.MeanSquaredError, {}, SEQUENCES, SEQUENCES[::-1], SEQUENCES[::-1]),
    "mae": (nn.mae, l.MeanAbsoluteError, {}, REAL, OTHER, OTHER),
    "huber": (nn.huber, l.Huber, {}, 2 * REAL, OTHER, OTHER),
    "huber δ": (partial(nn.huber, delta=0.25), l.Huber, {"delta": 0.25}, REAL, OTHER, OTHER),
    "mape": (nn.mape, l.MeanAbsolutePercentageError, {}, REAL, OTHER, OTHER),
    "mape of 0": (nn.mape, l.MeanAbsolutePercentageError, {}, REAL, BITS, BITS),
    "msle": (nn.msle, l.MeanSquaredLogarithmicError, {}, POSITIVE, COUNTS, COUNTS),
    "msle below 0": (nn.msle, l.MeanSquaredLogarithmicError, {}, REAL, COUNTS, COUNTS),
    "poisson": (nn.poisson, l.Poisson, {}, POSITIVE, COUNTS, COUNTS),
    "poisson at 0": (nn.poisson, l.Poisson, {}, POSITIVE * BITS, COUNTS, COUNTS),
    "cosine": (nn.cosine_similarity, l.CosineSimilarity, {}, REAL, OTHER, OTHER),
    "bce": (
        nn.binary_cross_entropy, l.BinaryCrossentropy, {"from_logits": True}, 3 * REAL, BITS, BITS,
    ),
    "bce of large logits": (
        nn.binary_cross_entropy, l.BinaryCrossentropy, {"from_logits": True},
        np.where(BITS[::-1], 1e4, -1e4), BITS, BITS,
    ),
    "bce at 0": (
        nn.binary_cross_entropy, l.BinaryCrossentropy, {"from_logits": True}, 0 * REAL, BITS, BITS,
    ),
    "bce smoothed": (
        partial(nn.binary_cross_entropy, label_smoothing=0.2), l.BinaryCrossentropy,
        {"from_logits": True, "label_smoothing": 0.2}, REAL, BITS, BITS,
    ),
    "bce of probabilities": (
        partial(nn.binary_cross_entropy, from_probabilities=True), l.BinaryCrossentropy, {}, P, BITS, BITS,
    ),
    "bce of certainty": (
        partial(nn.binary_cross_entropy, from_probabilities=True), l.BinaryCrossentropy, {},
        BITS[::-1], BITS, BITS,
    ),
    "binary focal": (
        nn.binary_focal_cross_entropy, l.BinaryFocalCrossentropy, {"from_logits": True}, REAL, BITS, BITS,
    ),
    "binary focal α γ": (
        partial(nn.binary_focal_cross_entropy, alpha=0.75, gamma=1.5, label_smoothing=0.1),
        l.BinaryFocalCrossentropy,
        {"from_logits": True, "apply_class_balancing": True, "alpha": 0.75, "gamma": 1.5,
         "label_smoothing": 0.1},
        REAL, BITS, BITS,
    ),
    "binary focal of probabilities": (
        partial(nn.binary_focal_cross_entropy, from_probabilities=True), l.BinaryFocalCrossentropy, {},
        P, BITS, BITS,
    ),
    "binary focal of certainty": (
        partial(nn.binary_focal_cross_entropy, from_probabilities=True), l.BinaryFocalCrossentropy, {},
        BITS[::-1], BITS, BITS,
    ),
    "binary focal of large logits": (
        nn.binary_focal_cross_entropy, l.BinaryFocalCrossentropy, {"from_logits": True},
        np.where(BITS[::-1], 1e4, -1e4), BITS, BITS,
    ),
    "hinge": (nn.hinge, l.Hinge, {}, REAL, BITS, BITS),
    "hinge of signs": (nn.hinge, l.Hinge, {}, REAL, 2 * BITS - 1, 2 * BITS - 1),
    "squared hinge": (nn.squared_hinge, l.SquaredHinge, {}, REAL, BITS, BITS),
    "categorical hinge": (nn.categorical_hinge, l.CategoricalHinge, {}, REAL, LABELS, ONE_HOT),
    "categorical hinge, all below 0": (
        nn.categorical_hinge, l.CategoricalHinge, {}, -POSITIVE, ONE_HOT, ONE_HOT,
    ),
    "kl": (nn.kl_divergence, l.KLDivergence, {}, ROWS, TARGET_ROWS, TARGET_ROWS),
    "kl of certainty": (nn.kl_divergence, l.KLDivergence, {}, ONE_HOT[::-1], ONE_HOT, ONE_HOT),
    "cross-entropy": (
        nn.cross_entropy, l.SparseCategoricalCrossentropy, {"from_logits": True}, REAL, LABELS, LABELS,
    ),
    "cross-entropy of sequences": (
        nn.cross_entropy, l.SparseCategoricalCrossentropy, {"from_logits": True},
        SEQUENCES, np.abs(MARKED), np.abs(MARKED),
    ),
    "cross-entropy, some ignored": (
        partial(nn.cross_entropy, ignore_index=-1), l.SparseCategoricalCrossentropy,
        {"from_logits": True, "ignore_class": -1}, SEQUENCES, MARKED, MARKED,
    ),
    "cross-entropy, all ignored": (
        partial(nn.cross_entropy, ignore_index=-1), l.SparseCategoricalCrossentropy,
        {"from_logits": True, "ignore_class": -1}, SEQUENCES, 0 * MARKED - 1, 0 * MARKED - 1,
    ),
    "cross-entropy of large logits": (
        nn.cross_entropy, l.SparseCategoricalCrossentropy, {"from_logits": True},
        np.where(BITS, 1e4, -1e4), LABELS, LABELS,
    ),
    "cross-entropy of probabilities": (
        partial(nn.cross_entropy, from_probabilities=True), l.SparseCategoricalCrossentropy, {},
        ROWS, LABELS, LABELS,
    ),
    "cross-entropy of certainty": (
        partial(nn.cross_entropy, from_probabilities=True), l.SparseCategoricalCrossentropy, {},
        ONE_HOT[::-1], LABELS, LABELS,
    ),
    "dense": (
        nn.cross_entropy, l.CategoricalCrossentropy, {"from_logits": True}, REAL, TARGET_ROWS, TARGET_ROWS,
    ),
    "dense, large logits": (
        nn.cross_entropy, l.CategoricalCrossentropy, {"from_logits": True},
        np.where(BITS, 1e4, -1e4), ONE_HOT, ONE_HOT,
    ),
    "dense, smoothed": (
        partial(nn.cross_entropy, label_smoothing=0.1), l.CategoricalCrossentropy,
        {"from_logits": True, "label_smoothing": 0.1}, REAL, ONE_HOT, ONE_HOT,
    ),
    "smoothed": (
        partial(nn.cross_entropy, label_smoothing=0.1), l.CategoricalCrossentropy,
        {"from_logits": True, "label_smoothing": 0.1}, REAL, LABELS, ONE_HOT,
    ),
    "dense, of probabilities": (
        partial(nn.cross_entropy, from_probabilities=True), l.CategoricalCrossentropy, {},
        P, TARGET_ROWS, TARGET_ROWS,
    ),
    "dense, of certainty": (
        partial(nn.cross_entropy, from_probabilities=True), l.CategoricalCrossentropy, {},
        ONE_HOT[::-1], ONE_HOT, ONE_HOT,
    ),
    "focal": (
        nn.focal_cross_entropy, l.CategoricalFocalCrossentropy, {"from_logits": True},
        REAL, LABELS, ONE_HOT,
    ),
    "focal α γ": (
        partial(nn.focal_cross_entropy, alpha=[0.25, 0.5, 1.0, 0.125], gamma=3.0, label_smoothing=0.1),
        l.CategoricalFocalCrossentropy,
        {"from_logits": True, "alpha": [0.25, 0.5, 1.0, 0.125], "gamma": 3.0, "label_smoothing": 0.1},
        REAL, ONE_HOT, ONE_HOT,
    ),
    "focal of probabilities": (
        partial(nn.focal_cross_entropy, from_probabilities=True), l.CategoricalFocalCrossentropy, {},
        P, ONE_HOT, ONE_HOT,
    ),
    "focal of certainty": (
        partial(nn.focal_cross_entropy, from_probabilities=True), l.CategoricalFocalCrossentropy, {},
        ONE_HOT[::-1], ONE_HOT, ONE_HOT,
    ),
}  # fmt: skip


REDUCTIONS = {
    "mean": "sum_over_batch_size",
    "mean_with_sample_weight": "mean_with_sample_weight",
    "sum": "sum",
    "none": "none",
}


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("weighted", [False, True], ids=["", "weighted"])
@pytest.mark.parametrize("name", LOSSES)
def test_values_and_gradients(name, weighted, reduction):
    ours, kind, settings, x, t, keras_t = LOSSES[name]
    w = None
    if weighted:
        w = WEIGHTS if x.ndim == 2 else RNG.uniform(0.1, 2, size=x.shape[:-1])
    theirs = kind(**settings, reduction=REDUCTIONS[reduction], dtype="float64")
    assert_close(
        our_values(ours, x, t, sample_weight=w, reduction=reduction),
        keras_values(theirs, x, keras_t, None if w is None else tf.constant(w)),
    )


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_log_cosh(reduction):
    """Keras rounds ln 2 to float32, so its values are 1.2e-8 away, and its gradients not."""
    theirs = l.LogCosh(reduction=REDUCTIONS[reduction], dtype="float64")
    y, g = our_values(nn.log_cosh, 3 * REAL, OTHER, reduction=reduction)
    keras_y, keras_g = keras_values(theirs, 3 * REAL, OTHER)
    assert_close([g], [keras_g])
    assert np.allclose(y, keras_y, rtol=0, atol=2e-8 * (N if reduction == "sum" else 1))


def test_one_number_a_sample():
    """Keras wants (n, 1) to have a loss for each sample; ours takes (n,) for that."""
    for ours, kind in ((nn.mse, l.MeanSquaredError), (nn.hinge, l.Hinge)):
        t = BITS[:, 0] if ours is nn.hinge else OTHER[:, 0]
        for reduction in REDUCTIONS:
            theirs = kind(reduction=REDUCTIONS[reduction], dtype="float64")
            y, g = keras_values(theirs, REAL[:, :1], t[:, None], tf.constant(WEIGHTS))
            found = our_values(ours, REAL[:, 0], t, sample_weight=WEIGHTS, reduction=reduction)
            assert_close(found, (y, g[:, 0]))


@pytest.mark.parametrize("dense", [False, True], ids=["", "dense"])
def test_class_weights_are_those_of_fit(dense):
    """What compile, fit(class_weight=...) and evaluate make of them: a weight for each sample."""
    layer = keras.layers.Dense(K, dtype="float64")
    model = keras.Sequential([keras.Input((3,), dtype="float64"), layer])
    kind = l.CategoricalCrossentropy if dense else l.SparseCategoricalCrossentropy
    model.compile("sgd", loss=kind(from_logits=True, dtype="float64"), jit_compile=False)
    x = RNG.normal(size=(N, 3))
    labels = ONE_HOT if dense else LABELS
    logits = np.asarray(model(x))
    theirs = model.train_on_batch(x, labels, class_weight=dict(enumerate(CLASS_WEIGHTS)))
    ours = nn.cross_entropy(logits, labels, class_weights=CLASS_WEIGHTS)
    assert float(ours) == pytest.approx(float(theirs), rel=1e-6)  # train_on_batch gives float32
    explicit = nn.cross_entropy(logits, labels, sample_weight=CLASS_WEIGHTS[LABELS])
    assert float(ours) == pytest.approx(float(explicit), rel=1e-14)


@pytest.mark.parametrize("axis", [None, 1, (1, 2)])
@pytest.mark.parametrize(
    ("ours", "theirs", "settings"),
    [
        (nn.dice, l.Dice, {}),
        (nn.tversky, l.Tversky, {}),
        (nn.tversky, l.Tversky, {"alpha": 0.3, "beta": 0.8}),
    ],
)
def test_overlaps(ours, theirs, settings, axis):
    """Of the whole batch, or for each sample (and then with weights)."""
    p, t = RNG.uniform(size=(3, 4, 2)), RNG.integers(0, 2, (3, 4, 2)).astype(float)
    for weight in (None, WEIGHTS[:3]) if axis == (1, 2) else (None,):
        for reduction in ("mean", "sum", "none"):
            twin = theirs(axis=axis, reduction=REDUCTIONS[reduction], dtype="float64", **settings)
            mine = our_values(
                ours, p, t, axis=axis, sample_weight=weight, reduction=reduction, **settings
            )
            assert_close(
                mine, keras_values(twin, p, t, None if weight is None else tf.constant(weight))
            )
    half = {"alpha": 0.5, "beta": 0.5, "axis": axis}
    assert np.isclose(nn.tversky(p, t, **half), nn.dice(p, t, axis=axis), atol=1e-6)


def test_distillation():
    """The loss of Keras's example of distillation, at its temperature; alpha there is our 1 - alpha."""
    t, temperature, alpha = OTHER * 3, 10.0, 0.1
    soft = l.KLDivergence(dtype="float64")(
        tf.nn.softmax(t / temperature), tf.nn.softmax(REAL / temperature)
    )
    hard = l.SparseCategoricalCrossentropy(from_logits=True, dtype="float64")(LABELS, REAL)
    theirs = alpha * hard + (1 - alpha) * soft * temperature**2
    ours = nn.distillation_loss(REAL, (LABELS, t), temperature=temperature, alpha=1 - alpha)
    assert float(ours) == pytest.approx(float(theirs), rel=1e-12)
