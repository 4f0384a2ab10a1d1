"""The works of the comparison: titles, data and initial parameters, the same for every peer.

Whoever builds a work takes its arrays from here. All are float32, from a generator with a fixed seed. Images
are (N, H, W, C), and a dense layer is W (inputs, outputs) and b (outputs).
"""

import itertools
from dataclasses import dataclass, field

import numpy as np

VOCABULARY, SIZE, HEADS, LAYERS = 65, 128, 4, 4  # of the GPT
ADAM = {"lr": 0.001, "beta1": 0.9, "beta2": 0.999, "eps": 1e-7}
EPS = 1e-3  # of the layers that normalize


@dataclass
class Work:
    """A line of the table. `kind` is the function of a peer that builds it, and `sizes` are its arguments.

    `steps` steps are compared before anything is timed: a training step changes the next one's loss. The
    rounding of float32 lets the results differ by `tolerance`, relative.
    """

    title: str
    kind: str
    sizes: dict = field(default_factory=dict)
    steps: int = 1
    tolerance: float = 1e-3

    @property
    def trains(self) -> bool:
        return self.steps > 1


WORKS = {
    "tanh-10": Work("`np.tanh(a * b + c).sum()` and back, 10 elements", "tanh", {"n": 10}),
    "tanh-1m": Work("the same, 1,000,000 elements", "tanh", {"n": 1_000_000}),
    "five-1m": Work("five elementwise operations and back, 1,000,000", "five", {"n": 1_000_000}),
    "mlp-small": Work("MLP 64-64-10, batch 32", "mlp", {"widths": (64, 64, 10), "batch": 32}, 5),
    "mlp-large": Work(
        "MLP 784-256-128-10, batch 128", "mlp", {"widths": (784, 256, 128, 10), "batch": 128}, 5
    ),
    "lenet": Work("LeNet-like CNN, 28×28, batch 64", "lenet", {}, 5),
    "lstm": Work("LSTM 32→128, 64 steps, batch 32", "lstm", {"length": 64}, 5),
    "gpt": Work("GPT, 4 layers of 128, 128 characters, batch 16", "gpt", {"length": 128}, 5),
    "layer-norm": Work("layer norm and back, (32, 128, 256)", "layer_norm"),
    "depthwise": Work("depthwise 3×3 and back, (32, 32, 32, 64)", "depthwise"),
    "conv": Work("convolution 3×3, 16→32, and back, (64, 14, 14, 16)", "conv"),
    "batch-norm": Work("batch norm and back, (32, 32, 32, 64)", "batch_norm"),
}  # fmt: skip
JOB = "a cold process: import, digits, 30 epochs of 64-64-10, accuracy"

# Curves: title, the name of the axis, and a work for each size.
CURVES = {
    "width": (
        "MLP n-n-10, batch 32", "width n", (16, 64, 256, 1024),
        lambda n: Work("", "mlp", {"widths": (n, n, 10), "batch": 32}, 5),
    ),
    "batch": (
        "MLP 64-64-10", "batch", (1, 16, 256, 4096),
        lambda n: Work("", "mlp", {"widths": (64, 64, 10), "batch": n}, 5),
    ),
    "depth": (
        "MLP of layers of 64, batch 32", "hidden layers", (1, 4, 16, 64),
        lambda n: Work("", "mlp", {"widths": (64,) * (n + 1) + (10,), "batch": 32}, 5, 0.02),
    ),
    "length": (
        "LSTM 32→128, batch 32", "steps", (4, 16, 64, 256),
        lambda n: Work("", "lstm", {"length": n}, 5),
    ),
}  # fmt: skip


def normal(rng, *shape, scale=1.0):
    return (rng.normal(size=shape) * scale).astype(np.float32)


def dense(rng, inputs, outputs):
    scale = (2 / inputs) ** 0.5
    return [normal(rng, inputs, outputs, scale=scale), np.zeros(outputs, np.float32)]


def vectors(n, how_many):
    rng = np.random.default_rng(0)
    return [normal(rng, n) for _ in range(how_many)]


def mlp(widths, batch):
    """x, labels, and [W, b] for each layer."""
    rng = np.random.default_rng(0)
    x, labels = normal(rng, batch, widths[0]), rng.integers(0, widths[-1], batch)
    parameters = []
    for inputs, outputs in itertools.pairwise(widths):
        parameters += dense(rng, inputs, outputs)
    return x, labels, parameters


def lenet():
    """x (64, 28, 28, 1), labels, and kernel and bias of two convolutions and a dense layer."""
    rng = np.random.default_rng(0)
    x, labels = normal(rng, 64, 28, 28, 1), rng.integers(0, 10, 64)
    parameters = []
    for channels, filters in ((1, 16), (16, 32)):
        scale = (2 / (9 * channels)) ** 0.5
        kernel = normal(rng, 3, 3, channels, filters, scale=scale)
        parameters += [kernel, np.zeros(filters, np.float32)]
    return x, labels, parameters + dense(rng, 7 * 7 * 32, 10)


def lstm(length):
    """x (32, length, 32), labels, and W, U, b of the LSTM (gates i, f, a, o) and W, b of the dense layer."""
    rng = np.random.default_rng(0)
    x, labels = normal(rng, 32, length, 32), rng.integers(0, 10, 32)
    W, U = normal(rng, 32, 512, scale=0.1), normal(rng, 128, 512, scale=0.08)
    b = np.repeat(np.array([0, 1, 0, 0], np.float32), 128)
    return x, labels, [W, U, b, *dense(rng, 128, 10)]


def gpt(length):
    """ids and next ids (16, length), and the parameters.

    In order: words, positions; for each layer the scale and shift of a norm, W and b of query, key, value
    and output, another norm, W and b of both dense layers; the last norm, and W and b of the head.
    """
    rng = np.random.default_rng(0)
    ids = rng.integers(0, VOCABULARY, (16, length + 1))

    def linear(inputs, outputs):
        scale = inputs**-0.5
        return [normal(rng, inputs, outputs, scale=scale), np.zeros(outputs, np.float32)]

    def norm():
        return [np.ones(SIZE, np.float32), np.zeros(SIZE, np.float32)]

    parameters = [normal(rng, n, SIZE, scale=0.05) for n in (VOCABULARY, length)]
    for _ in range(LAYERS):
        parameters += norm()
        for _ in range(4):
            parameters += linear(SIZE, SIZE)
        parameters += norm() + linear(SIZE, 4 * SIZE) + linear(4 * SIZE, SIZE)
    return ids[:, :-1].copy(), ids[:, 1:].copy(), parameters + norm() + linear(SIZE, VOCABULARY)


def layer(shape, *parameters):
    """x, the gradient of y, and parameters of the given shapes."""
    rng = np.random.default_rng(0)
    arrays = [normal(rng, *s) for s in parameters]
    return normal(rng, *shape), arrays


def layer_norm():
    x, (scale, shift, g) = layer((32, 128, 256), (256,), (256,), (32, 128, 256))
    return x, scale, shift, g


def batch_norm():
    x, (scale, shift, g) = layer((32, 32, 32, 64), (64,), (64,), (32, 32, 32, 64))
    return x, scale, shift, g


def conv():
    x, (kernel, g) = layer((64, 14, 14, 16), (3, 3, 16, 32), (64, 14, 14, 32))
    return x, kernel, g


def depthwise():
    x, (kernel, g) = layer((32, 32, 32, 64), (3, 3, 1, 64), (32, 32, 32, 64))
    return x, kernel, g
