"""Every layer and every loss, from nn's own list of names: none gets in without derivatives that are right.

Each is held against differences to order two, in training and in eval mode; what is random draws the same
numbers at every call. That the numbers are Keras's is tested in test_keras_*.py, and for all by the twins.
"""

import inspect
from functools import partial

import numpy as np
import pytest

from tinygrad_edu import Tensor, nn
from tinygrad_edu.gradcheck import gradcheck
from tinygrad_edu.ops.cases import apart as far_apart
from tinygrad_edu.training.random_states import generators, set_states, states

RNG = np.random.default_rng(0)
F64 = {"dtype": np.float64}
NEW = {"dtype": np.float64, "rng": 0}


def apart(*shape):
    """No two numbers near each other, and none near a kink at 0: a difference crosses neither."""
    return far_apart(np.random.default_rng(0), shape)[0]


FLAT, STEPS, IMAGES, VOLUMES = (3, 4), (2, 3, 4), (2, 3, 4, 2), (1, 2, 3, 3, 2)
SEEN = np.array([[True, False, True], [True, True, False]])

SMALL = apart(*STEPS) / 4  # a softmax of large scores bends too much for differences


def both_ways(kind, **settings):
    return nn.Bidirectional(
        kind(4, 1, **settings, **NEW), kind(4, 1, go_backwards=True, **settings, **NEW)
    )


def padded(layer):
    """The layer where some steps are padding."""
    return lambda x: layer(x, mask=SEEN)


def first(layer, shape):
    """The layer after its first x, which told it the shape of W."""
    layer(np.ones(shape))
    return layer


def beside(layer, other):
    """The layer of two inputs."""
    return lambda x: layer(x, other(x))


def evaluated(layer):
    """The layer in eval mode: in training its gradient is not that of a function of W, see SpectralNorm."""
    return lambda x: layer.eval()(x)


def twice(layer):
    """h after two steps of the same x."""
    return lambda x: layer(x, layer(x))[0]


# name in nn -> layers to check, each with the shape of its input or the input itself
LAYERS = {
    "AdaptiveAvgPool1d": [(lambda: nn.AdaptiveAvgPool1d(2), STEPS)],
    "AdaptiveAvgPool2d": [(lambda: nn.AdaptiveAvgPool2d((2, 3)), IMAGES)],
    "AdaptiveAvgPool3d": [(lambda: nn.AdaptiveAvgPool3d(2), VOLUMES)],
    "AdaptiveMaxPool1d": [(lambda: nn.AdaptiveMaxPool1d(2), STEPS)],
    "AdaptiveMaxPool2d": [(lambda: nn.AdaptiveMaxPool2d((2, 3)), IMAGES)],
    "AdaptiveMaxPool3d": [(lambda: nn.AdaptiveMaxPool3d(2), VOLUMES)],
    "AdditiveAttention": [
        (lambda: nn.AdditiveAttention(4, causal=True, dropout=0.3, **NEW), SMALL),
        (lambda: nn.AdditiveAttention(4, scale=False, **NEW), SMALL),
    ],
    "AlphaDropout": [(lambda: nn.AlphaDropout(0.4, rng=1), FLAT)],
    "AvgPool1d": [(nn.AvgPool1d, STEPS), (lambda: nn.AvgPool1d(3, stride=2, padding="same"), STEPS)],
    "AvgPool2d": [
        (nn.AvgPool2d, IMAGES), (lambda: nn.AvgPool2d((2, 3), padding="same"), IMAGES),
        (lambda: nn.AvgPool2d(2, stride=(1, 3), padding="same"), IMAGES),
    ],
    "AvgPool3d": [(lambda: nn.AvgPool3d((1, 2, 2), stride=2, padding="same"), VOLUMES)],
    "BatchNorm": [
        (lambda: nn.BatchNorm(4, **F64), FLAT), (lambda: nn.BatchNorm(2, **F64), IMAGES),
        (lambda: nn.BatchNorm(4, scale=False, **F64), FLAT),
        (lambda: nn.BatchNorm(4, center=False, **F64), FLAT),
        (lambda: nn.BatchNorm(3, axis=1, eps=0.1, **F64), STEPS),
        (lambda: padded(nn.BatchNorm(4, eps=0.1, **F64)), STEPS),
    ],
    "Bidirectional": [
        (lambda: both_ways(nn.LSTM, return_sequences=True), SMALL), (lambda: both_ways(nn.GRU), SMALL),
    ],
    "CELU": [(nn.CELU, FLAT), (lambda: nn.CELU(0.5), FLAT)],
    "Concatenate": [(lambda: nn.Concatenate(nn.Tanh(), nn.Linear(4, 2, **NEW)), FLAT)],
    "Conv1d": [
        (lambda: nn.Conv1d(4, 2, 3, padding="causal", dilation=2, **NEW), STEPS),
        (lambda: nn.Conv1d(4, 6, 2, groups=2, stride=2, **NEW), STEPS),
    ],
    "Conv2d": [
        (lambda: nn.Conv2d(2, 2, 3, stride=2, padding="same", **NEW), IMAGES),
        (lambda: nn.Conv2d(2, 4, 2, groups=2, dilation=2, bias=False, **NEW), IMAGES),
        (lambda: nn.Conv2d(2, 2, (2, 1), stride=(2, 3), padding=(1, (0, 2)), **NEW), IMAGES),
        (lambda: nn.Conv2d(2, 2, 2, dilation=(2, 3), bias=False, **NEW), IMAGES),
    ],
    "Conv3d": [
        (lambda: nn.Conv3d(2, 2, 2, stride=(1, 2, 1), padding="same", **NEW), VOLUMES),
        (lambda: nn.Conv3d(2, 4, (2, 1, 2), groups=2, dilation=(1, 1, 2), **NEW), VOLUMES),
    ],
    "ConvTranspose1d": [
        (lambda: nn.ConvTranspose1d(4, 3, 3, stride=2, **NEW), STEPS),
        (lambda: nn.ConvTranspose1d(4, 2, 2, stride=3, padding="same", **NEW), STEPS),
        (lambda: nn.ConvTranspose1d(4, 6, 3, stride=3, output_padding=2, groups=2, **NEW), STEPS),
    ],
    "ConvTranspose2d": [
        (lambda: nn.ConvTranspose2d(2, 2, 3, stride=2, padding="same", **NEW), IMAGES),
        (lambda: nn.ConvTranspose2d(2, 2, 3, stride=2, **NEW), (1, 2, 3, 2)),
        (lambda: nn.ConvTranspose2d(2, 4, 3, stride=2, groups=2, padding=1, output_padding=(1, 0), **NEW),
         (1, 2, 3, 2)),
    ],
    "Cropping1d": [(lambda: nn.Cropping1d((1, 1)), STEPS), (lambda: nn.Cropping1d((0, 1)), STEPS)],
    "Cropping2d": [
        (lambda: nn.Cropping2d((1, 1)), IMAGES), (lambda: nn.Cropping2d(((1, 0), (0, 2))), IMAGES),
    ],
    "DepthwiseConv1d": [(lambda: nn.DepthwiseConv1d(4, 3, padding="same", **NEW), STEPS)],
    "DepthwiseConv2d": [
        (lambda: nn.DepthwiseConv2d(2, 2, multiplier=2, **NEW), IMAGES),
        (lambda: nn.DepthwiseConv2d(2, 2, multiplier=2, stride=2, **NEW), IMAGES),
    ],
    "Dot": [
        (lambda: beside(nn.Dot((1, 2)), lambda x: np.swapaxes(x, 1, 2)), STEPS),
        (lambda: beside(nn.Dot(1, normalize=True), lambda x: x + 1), FLAT),
    ],
    "Dropout": [(lambda: nn.Dropout(0.4, rng=1), FLAT)],
    "ELU": [(nn.ELU, FLAT), (lambda: nn.ELU(0.5), FLAT)],
    "EinsumDense": [
        (lambda: first(nn.EinsumDense("abc,cd->abd", (None, 3), bias_axes="d", **NEW), STEPS), STEPS),
        (lambda: first(nn.EinsumDense("...x,xy->...y", 3, **NEW), STEPS), STEPS),
    ],
    "Embedding": [(lambda: nn.Embedding(6, 3, **NEW), RNG.integers(0, 6, (3, 4)))],
    "Flatten": [(nn.Flatten, STEPS)],
    "GELU": [(nn.GELU, FLAT), (lambda: nn.GELU(approximate=True), FLAT)],
    "GLU": [(nn.GLU, FLAT)],
    "GRU": [
        (lambda: nn.GRU(4, 2, return_sequences=True, **NEW), STEPS),
        (lambda: nn.GRU(4, 2, reset_after=False, go_backwards=True, **NEW), STEPS),
        (lambda: padded(nn.GRU(4, 2, **NEW)), STEPS),
        (lambda: nn.GRU(4, 2, dropout=0.3, recurrent_dropout=0.3, bias=False, **NEW), STEPS),
    ],
    "GRUCell": [
        (lambda: nn.GRUCell(4, 2, **NEW), FLAT), (lambda: nn.GRUCell(4, 2, reset_after=False, **NEW), FLAT),
    ],
    "GaussianDropout": [(lambda: nn.GaussianDropout(0.4, rng=1), FLAT)],
    "GaussianNoise": [(lambda: nn.GaussianNoise(0.4, rng=1), FLAT)],
    "GlobalAvgPool1d": [
        (nn.GlobalAvgPool1d, STEPS), (lambda: padded(nn.GlobalAvgPool1d(keepdims=True)), STEPS),
    ],
    "GlobalAvgPool2d": [(nn.GlobalAvgPool2d, IMAGES)],
    "GlobalAvgPool3d": [(nn.GlobalAvgPool3d, VOLUMES)],
    "GlobalMaxPool1d": [
        (nn.GlobalMaxPool1d, STEPS), (lambda: padded(nn.GlobalMaxPool1d(keepdims=True)), STEPS),
    ],
    "GlobalMaxPool2d": [(nn.GlobalMaxPool2d, IMAGES)],
    "GlobalMaxPool3d": [(nn.GlobalMaxPool3d, VOLUMES)],
    "GroupNorm": [
        (lambda: nn.GroupNorm(2, 4, **F64), STEPS), (lambda: nn.GroupNorm(2, 4, **F64), (1, 2, 2, 4)),
    ],
    "GroupedQueryAttention": [
        (lambda: nn.GroupedQueryAttention(4, 4, 2, 2, causal=True, soft_cap=1.0, **NEW), SMALL),
        (lambda: nn.GroupedQueryAttention(4, 2, 1, 2, bias=False, rotary=True, **NEW), SMALL),
    ],
    "HardSiLU": [(nn.HardSiLU, FLAT)],
    "HardShrink": [(nn.HardShrink, FLAT)],
    "HardTanh": [(nn.HardTanh, FLAT)],
    "HardSigmoid": [(nn.HardSigmoid, FLAT)],
    "InstanceNorm": [(lambda: nn.InstanceNorm(2, **F64), IMAGES)],
    "LSTM": [
        (lambda: nn.LSTM(4, 2, return_sequences=True, **NEW), STEPS),
        (lambda: nn.LSTM(4, 2, go_backwards=True, **NEW), STEPS),
        (lambda: padded(nn.LSTM(4, 2, **NEW)), STEPS),
        (lambda: nn.LSTM(4, 2, dropout=0.3, recurrent_dropout=0.3, bias=False, **NEW), STEPS),
    ],
    "LSTMCell": [(lambda: twice(nn.LSTMCell(4, 2, **NEW)), FLAT)],
    "LayerNorm": [
        (lambda: nn.LayerNorm(4, **F64), STEPS),
        (lambda: nn.LayerNorm(4, center=False, scale=False, **F64), (4,)),
    ],
    "LeakyReLU": [(nn.LeakyReLU, FLAT), (lambda: nn.LeakyReLU(0.0), FLAT)],
    "Linear": [
        (lambda: nn.Linear(4, 3, **NEW), FLAT), (lambda: nn.Linear(4, 3, **NEW), STEPS),
        (lambda: nn.Linear(4, 3, bias=False, **NEW), FLAT),
    ],
    "LoRALinear": [(lambda: nn.LoRALinear(nn.Linear(4, 3, **NEW), 2, alpha=3.0, rng=1), STEPS)],
    "LogSigmoid": [(nn.LogSigmoid, FLAT)],
    "LogSoftmax": [(nn.LogSoftmax, FLAT), (lambda: nn.LogSoftmax(axis=0), FLAT)],
    "MaxPool1d": [
        (nn.MaxPool1d, STEPS), (lambda: nn.MaxPool1d(3, stride=1, padding="same"), STEPS),
        (lambda: nn.MaxPool1d(3, stride=2, padding=1), STEPS),
    ],
    "MaxPool2d": [
        (nn.MaxPool2d, IMAGES), (lambda: nn.MaxPool2d(3, stride=2, padding="same"), IMAGES),
        (lambda: nn.MaxPool2d((3, 2), stride=1, padding="same"), IMAGES),
    ],
    "MaxPool3d": [
        (nn.MaxPool3d, VOLUMES), (lambda: nn.MaxPool3d((1, 2, 2), stride=1, padding="same"), VOLUMES),
    ],
    "Mish": [(nn.Mish, FLAT)],
    "MultiHeadAttention": [
        (lambda: nn.MultiHeadAttention(4, 2, 2, causal=True, dropout=0.3, **NEW), SMALL),
        (lambda: nn.MultiHeadAttention(4, 2, 2, value_dim=3, rotary=True, **NEW), SMALL),
    ],
    "PReLU": [(lambda: nn.PReLU(4, **F64), FLAT)],
    "Permute": [(lambda: nn.Permute(2, 1), STEPS)],
    "Positions": [(lambda: nn.Positions(7, 4, **NEW), STEPS)],
    "RMSNorm": [(lambda: nn.RMSNorm(4, **F64), STEPS)],
    "RNN": [
        (lambda: nn.RNN(nn.LSTMCell(4, 2, **NEW), return_sequences=True), SMALL),
        (lambda: nn.RNN(nn.SimpleRNNCell(4, 2, bias=False, **NEW), go_backwards=True), STEPS),
    ],
    "ReLU": [(nn.ReLU, FLAT), (lambda: nn.ReLU(1.0), FLAT)],
    "RepeatVector": [(lambda: nn.RepeatVector(3), FLAT)],
    "Reshape": [(lambda: nn.Reshape(2, -1), STEPS)],
    "Residual": [
        (lambda: nn.Residual(nn.Sequential(nn.Linear(4, 4, **NEW), nn.Tanh())), FLAT),
        (lambda: nn.Residual(nn.Linear(4, 3, **NEW), nn.Linear(4, 3, **NEW)), STEPS),
    ],
    "SELU": [(nn.SELU, FLAT)],
    "SeparableConv1d": [
        (lambda: nn.SeparableConv1d(4, 3, 2, **NEW), STEPS),
        (lambda: nn.SeparableConv1d(4, 3, 2, padding="causal", **NEW), STEPS),
    ],
    "SeparableConv2d": [
        (lambda: nn.SeparableConv2d(2, 2, 2, stride=2, **NEW), IMAGES),
        (lambda: nn.SeparableConv2d(2, 3, 2, multiplier=2, **NEW), IMAGES),
    ],
    "Sequential": [
        (lambda: nn.Sequential(nn.Linear(4, 5, **NEW), nn.Tanh(), nn.Dropout(0.3, rng=1),
                               nn.BatchNorm(5, eps=0.1, **F64), nn.Linear(5, 2, **NEW)), FLAT),
    ],
    "SiLU": [(nn.SiLU, FLAT)],
    "Sigmoid": [(nn.Sigmoid, FLAT)],
    "SimpleRNN": [
        (lambda: nn.SimpleRNN(4, 2, return_sequences=True, **NEW), STEPS),
        (lambda: padded(nn.SimpleRNN(4, 2, **NEW)), STEPS),
    ],
    "SoftShrink": [(nn.SoftShrink, FLAT), (lambda: nn.SoftShrink(0.0), FLAT)],
    "SimpleRNNCell": [(lambda: nn.SimpleRNNCell(4, 2, **NEW), FLAT)],
    "Softmax": [(nn.Softmax, FLAT), (lambda: nn.Softmax(axis=0), FLAT)],
    "Softplus": [(nn.Softplus, FLAT)],
    "Softsign": [(nn.Softsign, FLAT)],
    "SparsePlus": [(nn.SparsePlus, FLAT)],
    "SparseSigmoid": [(nn.SparseSigmoid, FLAT)],
    "Sparsemax": [(nn.Sparsemax, FLAT), (lambda: nn.Sparsemax(axis=0), FLAT)],
    "SpatialDropout1d": [(lambda: nn.SpatialDropout1d(0.4, rng=1), STEPS)],
    "SpatialDropout2d": [(lambda: nn.SpatialDropout2d(0.4, rng=1), IMAGES)],
    "SpectralNorm": [(lambda: evaluated(nn.SpectralNorm(nn.Linear(4, 3, **NEW), rng=0)), FLAT)],
    "Squareplus": [(nn.Squareplus, FLAT), (lambda: nn.Squareplus(0.25), FLAT)],
    "StackedCells": [
        (lambda: nn.RNN(nn.StackedCells(nn.GRUCell(4, 2, **NEW), nn.LSTMCell(2, 2, **NEW))), SMALL),
    ],
    "Tanh": [(nn.Tanh, FLAT)],
    "TanhShrink": [(nn.TanhShrink, FLAT)],
    "Threshold": [(lambda: nn.Threshold(0.3, -1.0), FLAT)],
    "TimeDistributed": [(lambda: nn.TimeDistributed(nn.Conv1d(4, 2, 2, **NEW)), (2, 2, 3, 4))],
    "TransformerBlock": [
        (lambda: nn.TransformerBlock(4, 2, hidden=3, causal=True, dropout=0.3, eps=0.5, **NEW), SMALL),
        (lambda: nn.TransformerBlock(4, 2, hidden=3, norm="post", eps=0.5, **NEW), SMALL),
    ],
    "UpSampling1d": [(lambda: nn.UpSampling1d(3), STEPS)],
    "UpSampling2d": [
        (lambda: nn.UpSampling2d((2, 1)), IMAGES),
        (lambda: nn.UpSampling2d((2, 3), interpolation="bilinear"), IMAGES),
    ],
    "ZeroPadding1d": [(lambda: nn.ZeroPadding1d((1, 2)), STEPS)],
    "ZeroPadding2d": [
        (lambda: nn.ZeroPadding2d(1), IMAGES), (lambda: nn.ZeroPadding2d(((1, 0), (2, 1))), IMAGES),
    ],
}  # fmt: skip

N, K = 4, 3
X, OTHER = apart(N, K), RNG.normal(size=(N, K))
BITS, LABELS = RNG.integers(0, 2, (N, K)), np.array([0, 2, 1, 2])
P = RNG.uniform(0.35, 0.65, (N, K))  # far from 0, where differences have few digits
ROWS = P / P.sum(axis=1, keepdims=True)
MARKED = np.array([0, 2, -1, 2])
FRAMES, TEXTS = RNG.normal(size=(2, 5, K)), np.array([[1, 2], [2, 0]])
of_p = {"from_probabilities": True}

# name in nn -> losses to check, each with what is varied and what stays
LOSSES = {
    "binary_cross_entropy": [
        (nn.binary_cross_entropy, [X], [BITS]),
        (partial(nn.binary_cross_entropy, label_smoothing=0.2), [X], [BITS]),
        (partial(nn.binary_cross_entropy, label_smoothing=0.2, **of_p), [P], [BITS]),
    ],
    "binary_focal_cross_entropy": [
        (nn.binary_focal_cross_entropy, [X], [BITS]),
        (partial(nn.binary_focal_cross_entropy, alpha=0.3, **of_p), [P], [BITS]),
    ],
    "categorical_hinge": [(nn.categorical_hinge, [X], [LABELS])],
    "contrastive": [(nn.contrastive, [1.5 * P[:, 0]], [BITS[:, 0]])],
    "cosine_similarity": [(nn.cosine_similarity, [X, OTHER], [])],
    "cross_entropy": [
        (nn.cross_entropy, [X], [LABELS]),
        (nn.cross_entropy, [X], [ROWS]),
        (nn.cross_entropy, [FRAMES], [np.array([[0, 2, 1, 1, 0], [2, 2, 0, 1, 1]])]),
        (partial(nn.cross_entropy, label_smoothing=0.1, ignore_index=-1), [X], [MARKED]),
        (partial(nn.cross_entropy, class_weights=[1, 2, 3]), [X], [LABELS]),
        (partial(nn.cross_entropy, **of_p), [P], [LABELS]),
        (partial(nn.cross_entropy, **of_p), [P], [ROWS]),
    ],
    "ctc": [(nn.ctc, [FRAMES], [TEXTS]), (partial(nn.ctc, times=[4, 2]), [FRAMES], [TEXTS])],
    "dice": [(nn.dice, [P], [BITS]), (partial(nn.dice, axis=1), [P, ROWS], [])],
    "distillation_loss": [
        (lambda z, **settings: nn.distillation_loss(z, (LABELS, OTHER), **settings), [X], []),
    ],
    "focal_cross_entropy": [
        (nn.focal_cross_entropy, [X], [LABELS]),
        (partial(nn.focal_cross_entropy, **of_p), [P], [LABELS]),
    ],
    "hinge": [(nn.hinge, [X], [BITS])],
    "huber": [
        (nn.huber, [X, OTHER], []), (partial(nn.huber, delta=0.3), [X, OTHER], []),
        (partial(nn.huber, delta=9.0), [X, OTHER], []),
    ],
    "kl_divergence": [(nn.kl_divergence, [P, ROWS], [])],
    "log_cosh": [(nn.log_cosh, [X, OTHER], [])],
    "mae": [(nn.mae, [X, OTHER], [])],
    "mape": [(nn.mape, [X], [OTHER])],
    "mse": [(nn.mse, [X, OTHER], [])],
    "msle": [(nn.msle, [P, ROWS], [])],
    "poisson": [(nn.poisson, [P], [3 * BITS])],
    "squared_hinge": [(nn.squared_hinge, [X], [BITS])],
    "triplet": [(partial(nn.triplet, margin=3.0), [P, X, OTHER], [])],
    "tversky": [(partial(nn.tversky, alpha=0.3, beta=0.9, axis=1), [P], [BITS])],
}  # fmt: skip

# What nn has beside layers and losses.
NEITHER = {
    "Buffer", "Module", "Parameter", "L1", "L1L2", "L2", "MaxNorm", "MinMaxNorm", "NonNegative", "UnitNorm",
    "KVCache", "generate", "prune", "quantize", "rotary", "sinusoidal_positions", "sparsity",
}  # fmt: skip


def test_nothing_is_left_out():
    """A new name in nn is red here until it has a case above. (Its twin in Keras: tests/twins)"""
    things = {name: getattr(nn, name) for name in set(nn.__all__) - NEITHER}
    layers = {n for n, t in things.items() if inspect.isclass(t) and issubclass(t, nn.Module)}
    assert layers == set(LAYERS)
    assert set(things) - layers == set(LOSSES)


@pytest.mark.parametrize("training", [True, False], ids=["train", "eval"])
@pytest.mark.parametrize(
    ("name", "i"), [(name, i) for name, cases in LAYERS.items() for i in range(len(cases))]
)
def test_derivatives_of_layers_to_order_two(name, i, training):
    build, x = LAYERS[name][i]
    call = build()
    layer = call if isinstance(call, nn.Module) else inspect.getclosurevars(call).nonlocals["layer"]
    rng = np.random.default_rng(1)
    for tensor in layer.parameters():  # no zeros or ones: whatever is left out is to be noticed
        tensor.data[...] += rng.uniform(0.1, 0.3, tensor.shape)
    for _, buffer in layer.named_buffers():
        buffer.data[...] = rng.uniform(0.5, 1.5, buffer.shape)
    layer.train(training)
    random = generators(layer)
    drawn = states(random)

    def f(*x):
        set_states(random, drawn)
        return np.sin(call(*x))

    learned = [p for p in layer.parameters() if p.requires_grad]
    report = gradcheck(f, 2 * apart(*x) if isinstance(x, tuple) else x, wrt=learned)
    assert report, report
    assert report.components > 0


@pytest.mark.parametrize(
    ("name", "i"), [(name, i) for name, cases in LOSSES.items() for i in range(len(cases))]
)
def test_derivatives_of_losses_to_order_two(name, i):
    loss, varied, rest = LOSSES[name][i]
    report = gradcheck(lambda *x: loss(*x, *rest, reduction="none"), *varied)
    assert report, report


REAL = np.array([[True, True, False], [True, False, False]])
PAST = np.ones((2, 2))


def bidirectional(merge, **settings):
    one, two = (nn.LSTM(4, 2, go_backwards=b, **settings, **NEW) for b in (False, True))
    return nn.Bidirectional(one, two, merge=merge)


# Layers that take a mask, each with the name of the argument and what else it is called with.
MASKED = {
    "AdditiveAttention": (lambda: nn.AdditiveAttention(4, **NEW), "key_mask", {}),
    "BatchNorm": (lambda: nn.BatchNorm(4, **F64), "mask", {}),
    "Bidirectional": (lambda: bidirectional("concat", return_sequences=True), "mask", {}),
    "Bidirectional, last": (lambda: bidirectional("mul"), "mask", {}),
    "GRU with dropout": (lambda: nn.GRU(4, 2, recurrent_dropout=1e-9, **NEW), "mask", {}),
    "GlobalAvgPool1d": (nn.GlobalAvgPool1d, "mask", {}),
    "GlobalMaxPool1d": (nn.GlobalMaxPool1d, "mask", {}),
    "GroupedQueryAttention": (lambda: nn.GroupedQueryAttention(4, 2, 1, 3, **NEW), "key_mask", {}),
    "LSTM from a state": (lambda: nn.LSTM(4, 2, **NEW), "mask", {"initial_state": (PAST, PAST)}),
    "MultiHeadAttention": (
        lambda: nn.MultiHeadAttention(4, 2, 2, rotary=True, soft_cap=2.0, **NEW), "key_mask", {},
    ),
    "SimpleRNN": (lambda: nn.SimpleRNN(4, 2, return_sequences=True, **NEW), "mask", {}),
    "TransformerBlock": (lambda: nn.TransformerBlock(4, 2, causal=True, **NEW), "key_mask", {}),
}  # fmt: skip


@pytest.mark.parametrize("name", MASKED)
def test_what_is_masked_may_be_nan(name):
    """Values and gradients are those of any other padding, as nothing of it is read."""
    build, argument, more = MASKED[name]
    layer, x, found = build(), apart(2, 3, 4), []
    for padding in (0.5, np.nan, -np.inf):
        x[~REAL] = padding
        t = Tensor(x, requires_grad=True)
        for parameter in layer.parameters():
            parameter.grad = None
        y = layer(t, **{argument: REAL}, **more)
        y = y[REAL] if y.shape[:2] == REAL.shape else y
        np.square(y).sum().backward()
        found.append([y.data, t.grad[REAL], *(p.grad for p in layer.parameters())])
    for other in found[1:]:
        for a, b in zip(found[0], other, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-13, atol=1e-15)
