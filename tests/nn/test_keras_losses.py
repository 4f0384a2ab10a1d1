"""Losses, activations, penalties and constraints against Keras on TensorFlow, in float64.

Values and gradients to ten digits: for every loss and setting, with every reduction, with and without
weights of samples. Beyond the limits, too: probabilities of exactly 0 and 1, logits of 10,000.
"""

import functools
from typing import Any

import numpy as np
import pytest

from tinygrad_edu import Tensor, nn, ops

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


def keras_values(loss, prediction, target, sample_weight=None):
    """Keras's loss, and the gradient of its sum (times 1, 2, ... where it is a table)."""
    watched = tf.constant(prediction)
    with tf.GradientTape() as tape:
        tape.watch(watched)
        y = loss(tf.constant(target), watched, sample_weight=sample_weight)
        y = tf.convert_to_tensor(y)
        total = tf.reduce_sum(y * tf.constant(steps(y.shape)))
    g = tape.gradient(total, watched, unconnected_gradients=tf.UnconnectedGradients.ZERO)
    return y.numpy(), g.numpy()


def our_values(loss, prediction, target, **settings):
    x = Tensor(prediction, requires_grad=True)
    y = loss(x, target, **settings)
    y.backward(steps(y.shape))
    return y.data, x.grad


def named(thing):
    """The same name in every run: most of Keras's things show where they lie in memory."""
    return repr(thing).partition(" at 0x")[0]


def steps(shape):
    return np.arange(1.0, np.prod(shape, dtype=int) + 1).reshape(tuple(shape))


def agree(ours, theirs, limit=1e-10):
    for a, b in zip(ours, theirs, strict=True):
        assert a.dtype == b.dtype == np.float64 and a.shape == b.shape
        assert np.isfinite(a).all()
        assert np.abs(a - b).max(initial=0) <= limit * max(1, np.abs(b).max(initial=0))


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("weighted", [False, True], ids=["", "weighted"])
@pytest.mark.parametrize("name", LOSSES)
def test_values_and_gradients(name, weighted, reduction):
    ours, kind, settings, x, t, keras_t = LOSSES[name]
    w = None
    if weighted:
        w = WEIGHTS if x.ndim == 2 else RNG.uniform(0.1, 2, size=x.shape[:-1])
    theirs = kind(**settings, reduction=REDUCTIONS[reduction], dtype="float64")
    agree(
        our_values(ours, x, t, sample_weight=w, reduction=reduction),
        keras_values(theirs, x, keras_t, None if w is None else tf.constant(w)),
    )


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_log_cosh(reduction):
    """Keras rounds ln 2 to float32, so its values are 1.2e-8 away, and its gradients not."""
    theirs = l.LogCosh(reduction=REDUCTIONS[reduction], dtype="float64")
    y, g = our_values(nn.log_cosh, 3 * REAL, OTHER, reduction=reduction)
    keras_y, keras_g = keras_values(theirs, 3 * REAL, OTHER)
    agree([g], [keras_g])
    assert np.allclose(y, keras_y, rtol=0, atol=2e-8 * (N if reduction == "sum" else 1))


def test_one_number_a_sample():
    """Keras wants (n, 1) to have a loss for each sample; ours takes (n,) for that."""
    for ours, kind in ((nn.mse, l.MeanSquaredError), (nn.hinge, l.Hinge)):
        t = BITS[:, 0] if ours is nn.hinge else OTHER[:, 0]
        for reduction in REDUCTIONS:
            theirs = kind(reduction=REDUCTIONS[reduction], dtype="float64")
            y, g = keras_values(theirs, REAL[:, :1], t[:, None], tf.constant(WEIGHTS))
            found = our_values(ours, REAL[:, 0], t, sample_weight=WEIGHTS, reduction=reduction)
            agree(found, (y, g[:, 0]))


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


def test_ctc():
    """Keras computes CTC in float32 even in float64 (tests/nn/test_losses.py has an exact reference)."""
    x = RNG.normal(size=(5, 12, 6))
    labels = RNG.integers(1, 6, size=(5, 4))
    labels[1, 2:] = labels[2, :] = 0
    for w in (None, WEIGHTS[:5]):
        theirs = keras_values(
            l.CTC(dtype="float64"), x, labels, None if w is None else tf.constant(w)
        )
        ours = our_values(nn.ctc, x, labels, sample_weight=w)
        for a, b in zip(ours, theirs, strict=True):
            assert a.shape == b.shape and np.allclose(a, b, rtol=2e-6, atol=2e-6)


def test_ctc_of_samples_of_different_lengths_and_another_blank():
    x = RNG.normal(size=(4, 9, 5)).astype(np.float32)
    labels = np.array([[0, 1, 1], [2, 4, 4], [3, 0, 4], [0, 0, 0]])
    times, lengths = np.array([9, 5, 7, 6]), np.array([3, 1, 2, 3])
    watched = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(watched)
        y = tf.nn.ctc_loss(labels, watched, lengths, times, logits_time_major=False, blank_index=4)
    mine = Tensor(x, requires_grad=True)
    found = nn.ctc(mine, labels, times=times, blank=4, reduction="none")
    found.backward(np.ones(4))
    assert found.dtype == np.float32
    assert np.allclose(found.data, y.numpy(), rtol=1e-5)
    assert np.allclose(mine.grad, tape.gradient(y, watched).numpy(), atol=1e-5)


# --------------------------------------------------------------------------------------- activations

a = keras.activations
SPREAD = np.concatenate([3 * REAL, [[-1e4, 1e4, -4.5, 7.0]]])
ACTIVATIONS = [
    (nn.ReLU(), a.relu),
    (nn.ReLU(6), a.relu6),
    (nn.ReLU(0.5), partial(a.relu, max_value=0.5)),
    (nn.LeakyReLU(0.25), keras.layers.LeakyReLU(0.25, dtype="float64")),
    (nn.ELU(), a.elu),
    (nn.ELU(0.5), partial(a.elu, alpha=0.5)),
    (nn.SELU(), a.selu),
    (nn.GELU(), None),
    (nn.GELU(approximate=True), None),
    (nn.SiLU(), a.silu),
    (nn.Mish(), a.mish),
    (nn.Softplus(), a.softplus),
    (nn.Softsign(), a.softsign),
    (nn.HardSigmoid(), a.hard_sigmoid),
    (nn.HardSiLU(), a.hard_silu),
    (nn.Sigmoid(), a.sigmoid),
    (nn.Tanh(), a.tanh),
    (nn.Softmax(), a.softmax),
    (nn.LogSoftmax(), a.log_softmax),
    (nn.GLU(), a.glu),
    (nn.Softmax(axis=0), partial(a.softmax, axis=0)),
    (nn.LogSoftmax(0), partial(a.log_softmax, axis=0)),
]  # fmt: skip  (Keras's sparsemax does not have the sum 1: tests/nn/test_activations.py)


def _gelu(x, approximate):
    """tf.nn.gelu rounds its constants to float32, whatever x is."""
    if approximate:
        return x * tf.sigmoid(np.sqrt(8 / np.pi) * (x + 0.044715 * x**3))
    return x * tf.math.erfc(-x / tf.sqrt(tf.constant(2.0, tf.float64))) / 2


@pytest.mark.parametrize(("ours", "theirs"), ACTIVATIONS, ids=named)
def test_activations(ours, theirs):
    x = SPREAD[:, :, None] + RNG.normal(size=(1, 1, 2)) / 8
    if theirs is None:
        theirs = partial(_gelu, approximate=ours.approximate)
    watched, mine = tf.constant(x), Tensor(x, requires_grad=True)
    with tf.GradientTape() as tape:
        tape.watch(watched)
        y = tf.convert_to_tensor(theirs(watched))
    found = ours(mine)
    u = RNG.normal(size=found.shape)
    found.backward(u)
    agree(
        (found.data, mine.grad),
        (y.numpy(), tape.gradient(y, watched, output_gradients=tf.constant(u)).numpy()),
    )


def test_a_leaky_relu_leaks_as_much_as_kerass():
    """(TensorFlow rounds the slope to float32.)"""
    x = tf.constant([-1.0])
    assert nn.LeakyReLU().negative_slope == keras.layers.LeakyReLU().negative_slope
    assert np.float32(ops.leaky_relu(-1.0)) == a.leaky_relu(x).numpy()[0]


def test_prelu_shares_alpha_along_axes():
    x = RNG.normal(size=(3, 5, 4, 2))
    for shape, shared in (((5, 4, 2), None), ((1, 1, 2), [1, 2])):
        layer = keras.layers.PReLU(shared_axes=shared, dtype="float64")
        layer.build(x.shape)
        ours = nn.PReLU(shape, dtype=np.float64)
        assert ours.alpha.shape == tuple(layer.alpha.shape) and not ours.alpha.data.any()
        ours.alpha.data[...] = RNG.normal(size=shape)
        layer.alpha.assign(ours.alpha.data)
        watched, mine = tf.constant(x), Tensor(x, requires_grad=True)
        with tf.GradientTape() as tape:
            tape.watch(watched)
            y = layer(watched)
            loss = tf.reduce_sum(y * y)
        found = ours(mine)
        (found * found).sum().backward()
        dx, dalpha = (g.numpy() for g in tape.gradient(loss, [watched, layer.alpha.value]))
        agree((found.data, mine.grad, ours.alpha.grad), (y.numpy(), dx, dalpha))


# ----------------------------------------------------------------------- penalties and constraints

L1, L2 = 0.0078125, 0.03125  # exact in float32, to which Keras rounds them


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (nn.L1(L1), keras.regularizers.L1(L1)),
        (nn.L2(L2), keras.regularizers.L2(L2)),
        (nn.L1L2(L1, L2), keras.regularizers.L1L2(L1, L2)),
        (nn.L1L2(), keras.regularizers.L1L2()),
    ],
    ids=named,
)
def test_penalties(ours, theirs):
    w = RNG.normal(size=(3, 4))
    watched, mine = tf.constant(w), Tensor(w, requires_grad=True)
    with tf.GradientTape() as tape:
        tape.watch(watched)
        y = theirs(watched)
    assert abs(float(ours(w)) - float(y)) < 1e-12
    if ours.l1 or ours.l2:
        ours(mine).backward()
        assert np.abs(mine.grad - tape.gradient(y, watched).numpy()).max() < 1e-12


def test_penalties_start_as_kerass_do():
    w = np.arange(4.0)
    for ours, theirs in ((nn.L1(), keras.regularizers.L1()), (nn.L2(), keras.regularizers.L2())):
        assert ours(w) == pytest.approx(float(theirs(tf.constant(w))), rel=1e-6)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (nn.MaxNorm(), keras.constraints.MaxNorm()),
        (nn.MaxNorm(1.5, axis=(0, 1)), keras.constraints.MaxNorm(1.5, axis=(0, 1))),
        (nn.NonNegative(), keras.constraints.NonNeg()),
        (nn.UnitNorm(), keras.constraints.UnitNorm()),
        (nn.UnitNorm(axis=1), keras.constraints.UnitNorm(axis=1)),
        (nn.MinMaxNorm(), keras.constraints.MinMaxNorm()),
        (nn.MinMaxNorm(0.5, 1.5, 0.25, 1), keras.constraints.MinMaxNorm(0.5, 1.5, 0.25, 1)),
    ],
    ids=named,
)
def test_constraints(ours, theirs):
    w = RNG.normal(size=(5, 4, 3)) * np.array([0.0, 0.1, 3.0])
    assert np.abs(ours(w) - np.asarray(theirs(tf.constant(w)))).max() < 1e-12
    assert ours(w.astype(np.float32)).dtype == np.float32
