"""Losses: derivatives of means, closed forms, what they refuse. (Keras's: test_keras_losses.py)"""

import functools
import warnings

import numpy as np
import pytest

from tinygrad_edu import Tensor, nn, ops
from tinygrad_edu.gradcheck import gradcheck

RNG = np.random.default_rng(0)
N, K = 5, 4
X, OTHER = RNG.normal(size=(N, K)), RNG.normal(size=(N, K))
BITS = RNG.integers(0, 2, size=(N, K))
P = RNG.uniform(0.35, 0.65, size=(N, K))  # far from 0, where differences have few digits
ROWS = P / P.sum(axis=1, keepdims=True)
LABELS = np.array([0, 3, 1, 2, 0])
MARKED = np.array([0, 3, -1, 2, -1])
WEIGHTS = RNG.uniform(0.1, 2, size=N)
TEXTS = np.array([[1, 1, 2], [3, 2, 0], [2, 0, 0], [0, 0, 0], [1, 2, 1]])
FRAMES = RNG.normal(size=(N, 5, K))

partial = functools.partial
bce, ce, focal = nn.binary_cross_entropy, nn.cross_entropy, nn.focal_cross_entropy

# (loss, prediction, target); all predictions away from kinks
LOSSES = {
    "mse": (nn.mse, X, OTHER),
    "mae": (nn.mae, X, OTHER),
    "huber": (nn.huber, X, OTHER),
    "huber of small errors": (partial(nn.huber, delta=9.0), X, OTHER),
    "log_cosh": (nn.log_cosh, X, OTHER),
    "mape": (nn.mape, X, OTHER),
    "msle": (nn.msle, P, 3 * BITS),
    "poisson": (nn.poisson, P, 3 * BITS),
    "cosine_similarity": (nn.cosine_similarity, X, OTHER),
    "binary_cross_entropy": (bce, X, BITS),
    "binary_cross_entropy smoothed": (partial(bce, label_smoothing=0.2), X, BITS),
    "binary_cross_entropy of probabilities": (partial(bce, from_probabilities=True), P, BITS),
    "binary_focal_cross_entropy": (nn.binary_focal_cross_entropy, X, BITS),
    "binary_focal_cross_entropy of probabilities": (
        partial(nn.binary_focal_cross_entropy, from_probabilities=True, alpha=0.3), P, BITS,
    ),
    "hinge": (nn.hinge, X, BITS),
    "squared_hinge": (nn.squared_hinge, X, BITS),
    "categorical_hinge": (nn.categorical_hinge, X, LABELS),
    "cross_entropy": (ce, X, LABELS),
    "cross_entropy of sequences": (ce, FRAMES, RNG.integers(0, K, size=(N, 5))),
    "cross_entropy smoothed": (partial(ce, label_smoothing=0.1), X, LABELS),
    "cross_entropy dense": (ce, X, ROWS[::-1]),
    "cross_entropy with ignored": (partial(ce, ignore_index=-1), X, MARKED),
    "cross_entropy of weighted classes": (partial(ce, class_weights=[1, 2, 3, 4]), X, LABELS),
    "cross_entropy of probabilities": (partial(ce, from_probabilities=True), ROWS, LABELS),
    "cross_entropy dense of probabilities": (partial(ce, from_probabilities=True), P, ROWS),
    "focal_cross_entropy": (focal, X, LABELS),
    "focal_cross_entropy of probabilities": (partial(focal, from_probabilities=True), P, LABELS),
    "kl_divergence": (nn.kl_divergence, P, ROWS),
    "contrastive": (nn.contrastive, 1.5 * P[:, 0], BITS[:, 0]),
    "ctc": (nn.ctc, FRAMES, TEXTS),
    "ctc with times": (partial(nn.ctc, times=[4, 5, 2, 3, 5]), FRAMES, TEXTS),
}  # fmt: skip


@pytest.mark.parametrize("settings", [{}, {"sample_weight": WEIGHTS}], ids=str)
@pytest.mark.parametrize("name", LOSSES)
def test_derivatives_to_order_two(name, settings):
    """Of the mean, weighted and not. (Of the losses of single samples: test_every_layer.py)"""
    loss, x, target = LOSSES[name]
    report = gradcheck(lambda x: loss(x, target, **settings), x)
    assert report, report


def test_derivatives_of_triplets_and_of_targets():
    points = 0.5 * RNG.normal(size=(3, N, 2))
    assert gradcheck(lambda a, p, n: nn.triplet(a, p, n, margin=3.0), *points)
    assert gradcheck(lambda t: nn.cross_entropy(X, t / np.sum(t, axis=1, keepdims=True)), ROWS)
    assert gradcheck(lambda x, t: bce(x, t), X, P)
    assert gradcheck(lambda p, t: nn.kl_divergence(p, t), P, ROWS)


@pytest.mark.parametrize("name", LOSSES)
def test_a_models_precision_is_its_own(name):
    loss, x, target = LOSSES[name]
    x = Tensor(x.astype(np.float32), requires_grad=True)
    target = target if np.asarray(target).dtype.kind == "i" else target.astype(np.float64)
    for settings in ({}, {"sample_weight": WEIGHTS}, {"reduction": "mean_with_sample_weight"}):
        y = loss(x, target, **settings)
        assert y.dtype == np.float32
        y.backward()
        assert x.grad.dtype == np.float32


@pytest.mark.parametrize("name", LOSSES)
def test_reductions_are_reductions_of_the_table(name):
    loss, x, target = LOSSES[name]
    each = loss(x, target, reduction="none")
    counted, own = np.ones(each.shape), 1.0
    if name == "cross_entropy with ignored":
        counted = target >= 0
    if name == "cross_entropy of weighted classes":
        own = 1.0 + target
    n = np.count_nonzero(counted)
    w = np.broadcast_to(WEIGHTS.reshape(-1, *[1] * (each.ndim - 1)), each.shape) * counted
    assert np.isclose(loss(x, target), each.sum() / n, rtol=1e-13)
    assert np.isclose(loss(x, target, reduction="sum"), each.sum(), rtol=1e-13)
    weighted = partial(loss, x, target, sample_weight=WEIGHTS)
    assert np.allclose(weighted(reduction="none"), w * each, rtol=1e-13)
    assert np.isclose(weighted(), (w * each).sum() / n, rtol=1e-13)
    assert np.isclose(
        weighted(reduction="mean_with_sample_weight"),
        (w * each).sum() / (w * own).sum(),
        rtol=1e-13,
    )
    assert weighted(reduction="mean_with_sample_weight", sample_weight=np.zeros(N)) == 0


@pytest.mark.parametrize("loss", [nn.cross_entropy, nn.focal_cross_entropy])
def test_a_softmax_over_the_samples_is_warned_of(loss):
    x = np.random.default_rng(0).normal(size=(6, 3))
    p = np.exp(x) / np.exp(x).sum(axis=0)
    words = r"probabilities \(6, 3\) have the sum 1 over axis 0, and not over the last .* from 0\.\d+ to "
    with pytest.warns(UserWarning, match=words) as caught:
        loss(p, np.zeros(6, int), from_probabilities=True)
    assert "test_losses.py" in str(caught[0].message) and "axis=-1" in str(caught[0].message)
    loss(
        np.exp(x) / np.exp(x).sum(axis=1, keepdims=True), np.zeros(6, int), from_probabilities=True
    )


def test_a_target_does_not_raise_the_precision():
    prediction = Tensor(X.astype(np.float32), requires_grad=True)
    assert nn.mse(prediction, OTHER).dtype == np.float32


def test_mse_of_plain_numbers():
    assert nn.mse([1, 2], [1.5, 3.0]) == nn.mse(np.array([1, 2]), [1.5, 3.0]) == 0.625
    with pytest.raises(ValueError, match=r"mse: an empty batch, \(0, 2\)"):
        nn.mse(np.ones((0, 2)), np.ones((0, 2)))


@pytest.mark.parametrize("kind", ["i1", "u1", ">i4", "<i8", ">u2"])
def test_whole_numbers_of_every_kind(kind):
    assert ce(X, LABELS.astype(kind)) == ce(X, LABELS) == ce(X, Tensor(LABELS))


def test_everything_ignored_teaches_nothing():
    x = Tensor(X, requires_grad=True)
    y = ce(x, np.full(N, 9), ignore_index=9)
    y.backward()
    assert y.item() == 0 and not x.grad.any()


def test_a_class_weight_times_a_sample_weight():
    w = np.array([0.5, 2.0, 1.0, 4.0])
    both = ce(X, LABELS, class_weights=w, sample_weight=WEIGHTS)
    assert np.isclose(both, np.mean(w[LABELS] * WEIGHTS * ce(X, LABELS, reduction="none")))
    assert np.isclose(both, ce(X, np.eye(K)[LABELS], class_weights=w, sample_weight=WEIGHTS))
    normed = ce(X, LABELS, class_weights=w, reduction="mean_with_sample_weight")
    assert np.isclose(normed, np.average(ce(X, LABELS, reduction="none"), weights=w[LABELS]))


def test_small_binary_losses_keep_their_digits():
    """softplus(x) - x would be 0 in float32, and learning would stop."""
    x = np.array([20.0, 60.0], np.float32)
    assert np.allclose(bce(x, [1, 1], reduction="none"), np.exp(-x), rtol=1e-6, atol=0)


def test_a_small_log_cosh_keeps_its_digits():
    assert np.isclose(nn.log_cosh(np.float32([1e-5]), np.float32([0])), 5e-11, rtol=1e-6, atol=0)


def test_slopes_of_extreme_errors():
    """A sure and right answer has the slope 0, and an infinite error that of a straight line."""
    x = Tensor(np.float32([105]), requires_grad=True)
    nn.binary_focal_cross_entropy(x, np.float32([1]), gamma=0.5).backward()
    assert x.grad.tolist() == [0]
    x = Tensor(np.array([np.inf, -np.inf, 0.5]), requires_grad=True)
    nn.huber(x, np.zeros(3), reduction="sum").backward()
    assert x.grad.tolist() == [1, -1, 0.5]


@pytest.mark.parametrize("x", [np.float16([[300, 400]]), np.float32([[1e20, 0]]), [[1e200, 1e200]]])
def test_the_cosine_of_large_numbers(x):
    assert np.isclose(nn.cosine_similarity(x, x), -1, rtol=1e-3)


def test_a_class_of_weight_0_may_be_impossible():
    logits, labels = np.array([[0, -np.inf], [0, 0]]), [1, 0]
    assert np.isclose(nn.cross_entropy(logits, labels, class_weights=[1, 0]), np.log(2) / 2)


def test_closed_forms():
    assert nn.contrastive([0.5, 0.5, 2.0], [1, 0, 0], reduction="none").tolist() == [0.25, 0.25, 0]
    a, p, n = np.zeros((2, 2)), np.array([[1.0, 0], [0, 1]]), np.array([[0.0, 1], [3, 0]])
    assert nn.triplet(a, p, n, reduction="none").tolist() == [1.0, 0.0]
    assert nn.triplet(*Tensor(np.stack([a, p, n])), margin=0.5).item() == 0.25
    assert nn.huber([0.5, 3.0], [0.0, 0.0], delta=2.0, reduction="none").tolist() == [0.125, 4.0]
    assert np.isclose(nn.cosine_similarity([[3.0, 0.0]], [[5.0, 5.0]]), -np.sqrt(0.5))
    assert nn.cosine_similarity([[0.0, 0.0]], [[1.0, 2.0]]) == 0
    assert np.isclose(nn.log_cosh([0.3, -800.0], [0.0, 0.0], reduction="sum"),
                      np.log(np.cosh(0.3)) + 800 - np.log(2))  # fmt: skip
    assert np.isclose(nn.kl_divergence([[0.5, 0.5]], [[0.25, 0.75]]),
                      0.25 * np.log(0.5) + 0.75 * np.log(1.5))  # fmt: skip
    q = np.exp(X[:1]) / np.exp(X[:1]).sum()
    assert np.isclose(ce(X[:1], q), -(q * np.log(q)).sum())  # the entropy


def test_poisson_is_least_at_the_mean():
    p = Tensor(np.array([2.0]), requires_grad=True)
    nn.poisson(p, [2.0]).backward()
    assert abs(p.grad[0]) < 1e-7


EXTREME = np.where(BITS, 1e4, -1e4)
CERTAIN = np.eye(K)[[1, 3, 1, 0, 2]]


@pytest.mark.parametrize(
    ("loss", "x", "target"),
    [
        (nn.mse, EXTREME, OTHER), (nn.mae, EXTREME, OTHER), (nn.huber, EXTREME, OTHER),
        (nn.log_cosh, EXTREME, OTHER), (nn.poisson, 0.0 * X, BITS), (nn.cosine_similarity, 0 * X, OTHER),
        (nn.cosine_similarity, EXTREME, OTHER),
        (bce, EXTREME, BITS), (bce, EXTREME, 1 - BITS), (nn.binary_focal_cross_entropy, EXTREME, 1 - BITS),
        (partial(bce, from_probabilities=True), 1.0 * BITS, 1 - BITS),
        (partial(nn.binary_focal_cross_entropy, from_probabilities=True), 1.0 * BITS, 1 - BITS),
        (nn.hinge, EXTREME, BITS), (nn.squared_hinge, EXTREME, BITS),
        (nn.categorical_hinge, EXTREME, LABELS), (ce, EXTREME, LABELS), (ce, EXTREME, ROWS),
        (partial(ce, from_probabilities=True), CERTAIN, LABELS),
        (partial(ce, from_probabilities=True), CERTAIN, ROWS), (focal, EXTREME, LABELS),
        (partial(focal, from_probabilities=True), CERTAIN, LABELS), (nn.kl_divergence, CERTAIN, ROWS),
        (nn.ctc, 1e4 * np.sign(FRAMES), TEXTS),
    ],
)  # fmt: skip
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_extreme_inputs_have_finite_losses_and_gradients(loss, x, target, dtype):
    x = Tensor(x.astype(dtype), requires_grad=True)
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        y = loss(x, target)
        y.backward()
    assert np.isfinite(y.data) and np.isfinite(x.grad).all()


# ----------------------------------------------------------------------- refusals, and their words

PAIRS = [
    nn.mse, nn.mae, nn.huber, nn.log_cosh, nn.poisson, nn.cosine_similarity, bce,
    nn.binary_focal_cross_entropy, nn.hinge, nn.squared_hinge, nn.kl_divergence, nn.contrastive,
]  # fmt: skip
CLASSES = [ce, focal, nn.categorical_hinge]


@pytest.mark.parametrize("loss", PAIRS, ids=lambda f: f.__name__)
def test_pairs_of_unequal_shapes_and_empty_ones(loss):
    name = loss.__name__
    words = rf"^{name}: prediction \(4, 1\) and target \(4,\) (.|\n)*prediction\[:, 0\]"
    with pytest.raises(ValueError, match=words):
        loss(np.ones((4, 1)), np.ones(4))
    with pytest.raises(ValueError, match=rf"^{name}: prediction \(4, 2\) and target \(3, 2\)"):
        loss(Tensor(np.ones((4, 2))), np.ones((3, 2)))
    with pytest.raises(ValueError, match=rf"^{name}: an empty batch, \(0, 2\)"):
        loss(np.ones((0, 2)), np.ones((0, 2)))
    with pytest.raises(TypeError, match=rf"^{name}: a target is numbers, not <U3"):
        loss(np.ones((1, 2)), np.array([["yes", "no"]]))


@pytest.mark.parametrize(
    ("prediction", "target", "words"),
    [
        (
            (4, 1),
            (4,),
            r"would broadcast them to \(4, 4\)(.|\n)*prediction\[:, 0\], or target\[:, None\]",
        ),
        (
            (4,),
            (4, 1),
            r"would broadcast them to \(4, 4\)(.|\n)*target\[:, 0\], or prediction\[:, None\]",
        ),
        (
            (4, 2),
            (4, 3),
            r"prediction \(4, 2\) and target \(4, 3\) differ(.|\n)*one target for each",
        ),
    ],
)
def test_mse_refuses_to_broadcast(prediction, target, words):
    with pytest.raises(ValueError, match=words):
        nn.mse(Tensor(np.ones(prediction)), np.ones(target))


@pytest.mark.parametrize("loss", CLASSES, ids=lambda f: f.__name__)
def test_labels_that_do_not_fit(loss):
    name = loss.__name__
    for labels, error, words in (
        (np.arange(1, 6), ValueError, r"labels run from 1 to 5, but logits \(5, 4\) have 4 classes, 0 to 3"),
        (np.array([0, -1, 0, 0, 0]), ValueError, "labels run from -1 to 0"),
        (np.zeros((5, 1), int), ValueError, r"labels\[:, 0\]"),
        (np.zeros(4, int), ValueError, r"\(5, 4\) and labels \(4,\) do not fit"),
        (np.zeros(5), TypeError, r"labels are the numbers of classes, not float64(.|\n)*astype\(int\)"),
        (np.eye(5, 4), ValueError, r"labels\[4\] are 0 with the sum 0(.|\n)*labels\.argmax\(axis=1\)"),
        (np.ones((5, 4)), ValueError, r"labels\[0\] are 1 with the sum 4(.|\n)*binary_cross_entropy"),
        (np.full((5, 4), [2, -1, 0, 0]), ValueError, r"labels\[0\] are -1, 0, 2 with the sum 1"),
    ):  # fmt: skip
        with pytest.raises(error, match=rf"^{name}: (.|\n)*{words}"):
            loss(Tensor(X), labels)
    with pytest.raises(ValueError, match=rf"^{name}: an empty batch, (logits )?\(0, 4\)"):
        loss(np.ones((0, 4)), np.zeros(0, int))


def test_labels_that_are_words():
    with pytest.raises(
        TypeError, match=r"not <U3(.|\n)*np\.unique\(labels, return_inverse=True\)\[1\]"
    ):
        nn.cross_entropy(Tensor(X), np.array(["cat"] * 5))


def test_binary_logits_that_went_to_cross_entropy():
    with pytest.raises(
        ValueError, match=r"logits \(5,\) and labels \(5,\)(.|\n)*binary_cross_entropy"
    ):
        ce(X[:, 0], BITS[:, 0])
    with pytest.raises(
        ValueError, match=r"1 classes, 0 to 0(.|\n)*binary_cross_entropy\(logits\[:, 0\]"
    ):
        ce(X[:, :1], np.array([0, 1, 1, 0, 1]))
    with pytest.raises(ValueError, match=r"Try: labels\[\.\.\., 0\]"):
        ce(FRAMES, np.zeros((N, 5, 1), int))


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        (
            lambda: nn.mse(X, OTHER, reduction="avg"),
            r"^mse\(reduction='avg'\): one of 'mean', 'mean_with",
        ),
        (lambda: ce(X, LABELS, reduction=None), r"^cross_entropy\(reduction=None\)"),
        (
            lambda: nn.mse(X, OTHER, sample_weight=WEIGHTS[:3]),
            r"sample_weight \(3,\) does not fit the losses \(5,\)",
        ),
        (lambda: nn.mse(X, OTHER, sample_weight=WEIGHTS[:, None]), r"Try: sample_weight\[:, 0\]"),
        (lambda: ce(X, LABELS, sample_weight=2.0), r"sample_weight \(\) does not fit"),
        (lambda: ce(X, LABELS, sample_weight=WEIGHTS * np.nan), "weights that are no numbers"),
        (
            lambda: ce(X, LABELS, class_weights=[1, 2]),
            r"class_weights of shape \(2,\) .* each of 4 classes",
        ),
        (
            lambda: ce(X, ROWS, ignore_index=-1),
            r"ignore_index=-1 is one of the labels(.|\n)*Try: sample_weight",
        ),
        (
            lambda: ce(X, LABELS, label_smoothing=1.5),
            r"^cross_entropy\(label_smoothing=1.5\): from 0 to 1",
        ),
        (lambda: bce(X, BITS, label_smoothing=-1), r"^binary_cross_entropy\(label_smoothing=-1\)"),
        (lambda: focal(X, LABELS, label_smoothing=2), r"^focal_cross_entropy\(label_smoothing=2\)"),
        (
            lambda: focal(X, LABELS, alpha=[1, 2]),
            r"alpha is one number, or one for each of 4 classes, not \(2,\)",
        ),
        (
            lambda: ce(X, LABELS, from_probabilities=True),
            "^cross_entropy: probabilities are within 0 ... 1, but",
        ),
        (
            lambda: focal(X, LABELS, from_probabilities=True),
            "^focal_cross_entropy: probabilities are within",
        ),
        (
            lambda: bce(X, BITS, from_probabilities=True),
            r"probabilities (.|\n)*Try: binary_cross_entropy of logits",
        ),
        (
            lambda: bce(X, 9 * BITS),
            r"^binary_cross_entropy: targets are within 0 ... 1, but .* from 0 to 9",
        ),
        (
            lambda: nn.binary_focal_cross_entropy(X, -BITS),
            "^binary_focal_cross_entropy: targets are within",
        ),
        (
            lambda: nn.hinge(X, X),
            "^hinge: targets are -1 and 1, or 0 and 1, not .*, ...(.|\n)*categorical_hinge",
        ),
        (
            lambda: nn.squared_hinge(X, 2 * BITS),
            "^squared_hinge: targets are -1 and 1, or 0 and 1, not 0, 2",
        ),
        (lambda: nn.huber(X, OTHER, delta=0), r"^huber\(delta=0\): a positive number"),
        (
            lambda: nn.poisson(X, BITS),
            r"^poisson: predictions are not below 0, but .*(.|\n)*Softplus\(\)",
        ),
        (lambda: nn.poisson(P, X), "^poisson: targets are not below 0"),
        (lambda: nn.kl_divergence(X, ROWS), "^kl_divergence: predictions are within 0 ... 1"),
        (lambda: nn.kl_divergence(ROWS, X), "^kl_divergence: targets are within 0 ... 1"),
        (
            lambda: nn.kl_divergence(ROWS[0], ROWS[0]),
            r"vectors along a last axis, \(n, d\), not \(4,\)",
        ),
        (
            lambda: nn.cosine_similarity(X[0], X[0]),
            r"^cosine_similarity: .*\(4,\)(.|\n)*Try: x\[None\]",
        ),
        (lambda: nn.contrastive(X, BITS), "^contrastive: distances are not below 0"),
        (lambda: nn.contrastive(P, 2 * BITS), "^contrastive: targets are within 0 ... 1"),
        (lambda: nn.triplet(X, X, X[:, :2]), r"^triplet: prediction \(5, 4\) and target \(5, 2\)"),
        (lambda: nn.triplet(X, X[:2], X), r"^triplet: prediction \(5, 4\) and target \(2, 4\)"),
    ],
)
def test_what_is_refused(ask, words):
    with pytest.raises(ValueError, match=words) as error:
        ask()
    assert "\n  at test_losses.py:" in str(error.value)


@pytest.mark.parametrize(
    ("layer", "loss", "target"),
    [
        (nn.Softmax(), ce, LABELS), (nn.Softmax(), focal, LABELS),
        (nn.Sigmoid(), bce, BITS), (nn.Sigmoid(), nn.binary_focal_cross_entropy, BITS),
    ],
)  # fmt: skip
def test_an_activation_before_a_loss_of_logits_is_warned_of(layer, loss, target):
    p = layer(Tensor(X, requires_grad=True))
    kind = type(layer).__name__
    words = f"^{loss.__name__} takes logits, but these come out of a {kind.lower()},(.|\n)*{kind}"
    with pytest.warns(UserWarning, match=words) as seen:
        loss(p, target)
    assert seen[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        loss(p, target, from_probabilities=True)
        loss(p * 2, target)


def test_a_masked_class_costs_nothing():
    """A logit of -inf is a class that cannot be: of probability 0, and 0 ln 0 = 0."""
    logits = Tensor([[-np.inf, 0.0, 1.0]], requires_grad=True)
    loss = nn.cross_entropy(logits, np.array([[0.0, 1.0, 0.0]]))
    loss.backward()
    two = Tensor([[0.0, 1.0]], requires_grad=True)
    without = nn.cross_entropy(two, np.array([[1.0, 0.0]]))
    without.backward()
    assert loss.item() == pytest.approx(without.item(), rel=1e-15)
    assert logits.grad[0, 0] == 0 and np.allclose(logits.grad[0, 1:], two.grad[0], rtol=1e-15)
    assert nn.cross_entropy(np.array([[-np.inf, 0.0]]), np.array([[0.0, 1.0]])).item() == 0
    assert nn.cross_entropy(np.array([[-np.inf, 0.0]]), np.array([[0.5, 0.5]])).item() == np.inf


def test_an_ignored_sample_may_have_any_logits():
    logits = Tensor([[-np.inf, 0.0], [1.0, 2.0]], requires_grad=True)
    loss = nn.cross_entropy(logits, np.array([-1, 0]), ignore_index=-1)
    loss.backward()
    assert loss.item() == pytest.approx(np.log1p(np.e), rel=1e-15)
    assert logits.grad[0].tolist() == [0.0, 0.0] and np.isfinite(logits.grad).all()


@pytest.mark.parametrize("name", LOSSES)
def test_samples_of_weight_0_may_be_nan(name):
    """Predictions and targets that do not count may be anything; the gradient is finite."""
    loss, x, target = LOSSES[name]
    x, target, w = x.copy(), np.array(target), np.array([0, 1, 0, 2, 1.0])
    want = loss(x, target, sample_weight=w)
    x[[0, 2]] = np.nan
    if target.dtype.kind == "f":
        target[[0, 2]] = np.nan
    x = Tensor(x, requires_grad=True)
    y = loss(x, target, sample_weight=w)
    y.backward()
    assert y.item() == pytest.approx(float(want), rel=1e-14)
    assert np.isfinite(x.grad).all() and not x.grad[[0, 2]].any()


def test_ignored_samples_may_be_nan():
    x = X.copy()
    x[MARKED < 0] = np.nan
    x = Tensor(x, requires_grad=True)
    y = ce(x, MARKED, ignore_index=-1)
    y.backward()
    assert y.item() == ce(X, MARKED, ignore_index=-1) and np.isfinite(x.grad).all()


@pytest.mark.parametrize(
    "settings",
    [{}, {"sample_weight": np.ones(40_000)}, {"reduction": "mean_with_sample_weight"}],
    ids=str,
)
@pytest.mark.parametrize(
    "loss",
    [nn.mse, nn.mae, nn.huber, nn.poisson, nn.squared_hinge, bce, nn.kl_divergence, nn.contrastive],
)
def test_float16_is_summed_in_float32(loss, settings):
    p = np.random.default_rng(0).uniform(0.05, 0.95, (40_000, 2)).astype(np.float16)
    target = np.round(p)
    if loss is nn.mse:
        p[0] = 300  # the square of this error is beyond 65504, the mean is not
    x = Tensor(p, requires_grad=True)
    y = loss(x, target, **settings)
    expected = loss(p.astype(float), target.astype(float), **settings)
    assert y.dtype == np.float16 and np.isclose(y.item(), expected, rtol=1e-3)
    y.backward()
    assert x.grad.dtype == np.float16 and np.isfinite(x.grad).all()


@pytest.mark.parametrize(("loss", "expected"), [(nn.dice, 1 / 3), (nn.tversky, 1 / 3)])
def test_regions_of_many_places_in_float16(loss, expected):
    half, one = np.full(70_000, 0.5, np.float16), np.ones(70_000, np.float16)
    assert np.isclose(loss(half, one), expected, rtol=1e-3) and loss(one, one) == 0


def test_cross_entropy_of_many_weighted_samples_in_float16():
    logits = np.random.default_rng(0).normal(size=(70_000, 3)).astype(np.float16)
    labels, weights = np.arange(70_000) % 3, np.ones(70_000)
    y = ce(logits, labels, sample_weight=weights)
    assert y.dtype == np.float16
    assert np.isclose(float(y), ce(logits.astype(float), labels), rtol=1e-3)


def test_float16_logits_out_of_a_sigmoid_are_still_warned_of():
    p = nn.Sigmoid()(Tensor(np.zeros((2, 1), np.float16), requires_grad=True))
    with pytest.warns(UserWarning, match="come out of a sigmoid"):
        bce(p, np.ones((2, 1)))


@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.int64, bool])
@pytest.mark.parametrize("loss", [nn.mse, nn.mae, nn.huber, nn.log_cosh, nn.mape, nn.hinge])
def test_whole_numbers_do_not_wrap(loss, dtype):
    """In uint8, 1 - 3 is 254; in int8, (100 + 100)² is 64; booleans have no minus."""
    x, t = np.array([1, 100, 0, 1], dtype), np.array([1, 0, 1, 1], dtype)
    want = loss(x.astype(float), t.astype(float))
    assert loss(x, t) == want
    assert loss(Tensor(x), t).item() == want


@pytest.mark.parametrize("loss", [nn.dice, nn.tversky])
def test_regions_of_large_images_in_half_precision(loss):
    """A sum of 90,000 ones is infinite in float16."""
    p = Tensor(np.full((1, 300, 300, 1), 0.5, np.float16), requires_grad=True)
    y = loss(p, np.ones(p.shape, np.float16))
    y.backward()
    assert y.item() == pytest.approx(1 / 3, rel=1e-3)
    wide = Tensor(p.data.astype(np.float64), requires_grad=True)
    loss(wide, np.ones(p.shape)).backward()
    assert np.allclose(p.grad, wide.grad, rtol=1e-2, atol=6e-8)


def test_a_sure_and_wrong_probability_in_half_precision():
    p = np.array([[1.0], [0.0]], np.float16)
    for loss in (nn.binary_cross_entropy, nn.binary_focal_cross_entropy):
        y = loss(p, 1 - p, from_probabilities=True)
        assert float(y) == pytest.approx(-np.log(1e-7), rel=0.01)


def test_the_target_for_the_prediction():
    """A constant prediction and a target that learns: the arguments are swapped."""
    p = ops.sigmoid(Tensor(np.ones((4, 2)), requires_grad=True))
    t = np.array([[0.0, 1], [1, 0], [0, 1], [1, 0]])
    for loss in (nn.binary_cross_entropy, nn.kl_divergence, nn.mape, nn.poisson, nn.tversky):
        with pytest.warns(
            UserWarning, match=rf"{loss.__name__}: the target requires(.|\n)*swapped"
        ):
            loss(t, p)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for loss in (nn.mse, nn.mae, nn.huber, nn.log_cosh, nn.cosine_similarity):
            assert loss(t, p).item() == pytest.approx(loss(p, t).item(), rel=1e-14)
        nn.kl_divergence(p, Tensor(t, requires_grad=True))  # both are learned


@pytest.mark.parametrize(
    ("logits", "labels", "hint"),
    [
        ((2, 3, 8, 8), (2, 8, 8), r"np.moveaxis\(logits, 1, -1\)"),
        ((3, 20), (20,), "logits.T: samples are rows"),
        ((20, 3), (3, 20), "labels.T"),
    ],
)
def test_classes_along_another_axis(logits, labels, hint):
    with pytest.raises(ValueError, match=f"do not fit(.|\n)*Try: {hint}"):
        nn.cross_entropy(np.ones(logits), np.zeros(labels, int))
