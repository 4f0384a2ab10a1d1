"""Layers and losses: their formulas, derivatives to order two, and what they refuse.

That they equal Keras's is tested in tests/twins.
"""

import warnings

import numpy as np
import pytest

from tinygrad_edu import Tensor, nn
from tinygrad_edu.gradcheck import gradcheck
from tinygrad_edu.nn.initializers import glorot_uniform, he_normal

RNG = np.random.default_rng(0)
X = RNG.normal(size=(5, 4))
LABELS = np.array([0, 2, 1, 2, 0])

LAYERS = {
    "Linear": lambda: nn.Linear(4, 3, rng=0),
    "Linear without bias": lambda: nn.Linear(4, 3, bias=False, rng=0),
    "ReLU": nn.ReLU,
    "Tanh": nn.Tanh,
    "Sigmoid": nn.Sigmoid,
    "Softmax": nn.Softmax,
    "Flatten": nn.Flatten,
    "Dropout in eval": lambda: nn.Dropout(0.5).eval(),
    "Sequential": lambda: nn.Sequential(nn.Linear(4, 6, rng=0), nn.Tanh(), nn.Linear(6, 2, rng=1)),
}


@pytest.mark.parametrize("build", LAYERS.values(), ids=LAYERS)
def test_derivatives_of_every_layer_to_order_two(build):
    model = build().astype(np.float64)
    report = gradcheck(model, X, wrt=model.parameters())
    assert report, report


def test_derivatives_of_dropout_in_training():
    def dropout(x):
        return nn.Dropout(0.5, rng=3)(x)  # the same mask each time

    assert gradcheck(dropout, X)


@pytest.mark.parametrize(
    "loss",
    [
        lambda x: nn.cross_entropy(x, LABELS),
        lambda x: nn.mse(x, X[:, ::-1]),
        lambda x: nn.mse(X, x),
    ],
    ids=["cross_entropy", "mse", "mse of the target"],
)
def test_derivatives_of_every_loss_to_order_two(loss):
    report = gradcheck(loss, X + 0.1)
    assert report, report


def test_linear_is_its_formula():
    layer = nn.Linear(4, 3, rng=0, dtype=np.float64)
    layer.b.data[...] = [1, 2, 3]
    assert np.array_equal(layer(X).data, X @ layer.W.data + [1, 2, 3])
    batch = RNG.normal(size=(2, 5, 4))
    assert layer(batch).shape == (2, 5, 3)
    assert layer(X[0]).shape == (3,)


@pytest.mark.parametrize("x", [X, X.astype(np.float32), X.astype(int), X.tolist(), Tensor(X)])
def test_a_models_precision_is_its_own(x):
    layer = nn.Linear(4, 3, rng=0)
    y = layer(x)
    assert y.dtype == np.float32
    y.sum().backward()
    assert layer.W.grad.dtype == layer.b.grad.dtype == np.float32


def test_a_target_does_not_raise_the_precision():
    prediction = Tensor(X.astype(np.float32), requires_grad=True)
    assert nn.mse(prediction, X).dtype == np.float32


def test_mse_of_plain_numbers():
    assert nn.mse([1, 2], [1.5, 3.0]) == nn.mse(np.array([1, 2]), [1.5, 3.0]) == 0.625
    with pytest.raises(ValueError, match=r"mse: an empty batch, \(0, 2\)"):
        nn.mse(np.ones((0, 2)), np.ones((0, 2)))


def test_the_same_seed_gives_the_same_weights():
    a, b, c = (nn.Linear(4, 3, rng=seed).W.data for seed in (1, 1, 2))
    assert np.array_equal(a, b) and not np.array_equal(a, c)
    rng = np.random.default_rng(0)
    assert not np.array_equal(nn.Linear(4, 3, rng=rng).W.data, nn.Linear(4, 3, rng=rng).W.data)


def test_initializers_have_their_variance():
    rng = np.random.default_rng(0)
    w = glorot_uniform(rng, (300, 500), np.float64)
    assert abs(w).max() <= np.sqrt(6 / 800) and w.std() == pytest.approx(np.sqrt(2 / 800), rel=0.01)
    assert he_normal(rng, (300, 500), np.float64).std() == pytest.approx(np.sqrt(2 / 300), rel=0.01)


def test_dropout_keeps_the_mean_in_training_and_the_numbers_in_eval():
    dropout, x = nn.Dropout(0.25, rng=0), np.ones((400, 500), np.float32)
    y = dropout(x)
    assert set(np.unique(y)) == {0, np.float32(1 / 0.75)} and y.dtype == np.float32
    # the share of zeros: 4 standard deviations of 200,000 draws
    assert abs((y == 0).mean() - 0.25) < 4 * np.sqrt(0.25 * 0.75 / x.size)
    assert not np.array_equal(y, dropout(x))  # a new mask each time
    assert dropout.eval()(x) is x
    assert nn.Dropout(0.5, rng=0)([1.0, 1.0]).shape == (2,)


def test_flatten_goes_in_the_order_of_memory():
    x = np.arange(24.0).reshape(2, 3, 4)
    assert np.array_equal(nn.Flatten()(Tensor(x)).data, x.reshape(2, 12))
    assert nn.Flatten()(x.tolist()).shape == (2, 12)


def test_sequential_takes_plain_functions_too():
    model = nn.Sequential(nn.Linear(4, 3, rng=0), np.tanh)
    assert np.array_equal(model(X).data, np.tanh(model[0](X).data)) and len(model) == 2


# ----------------------------------------------------------------------- refusals, and their words


def test_a_wrong_width_names_the_layer_and_both_shapes():
    layer = nn.Linear(64, 10, rng=0)
    with pytest.raises(
        ValueError, match=r"Linear\(64, 10\) got x of shape \(32, 63\): .* must be 64"
    ):
        layer(np.ones((32, 63)))
    with pytest.raises(ValueError, match=r"Try: Linear\(5, \.\.\.\) here(.*)or x\.T, if samples"):
        layer(np.ones((64, 5)))
    with pytest.raises(ValueError, match=r"Try: Flatten\(\) before this layer"):
        layer(np.ones((5, 8, 8)))
    with pytest.raises(ValueError, match=r"x of shape \(\)"):
        layer(3.0)


def test_a_layer_deep_inside_is_named_by_its_path():
    model = nn.Sequential(nn.Linear(4, 3, rng=0), nn.Sequential(nn.Tanh(), nn.Linear(4, 2, rng=0)))
    with pytest.raises(
        ValueError, match=r"^layer 1\.1, Linear\(4, 2\), got x of shape \(5, 3\)"
    ) as error:
        model(X)
    assert "test_layers.py" in str(error.value) and "model(X)" in str(error.value)


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


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        (np.arange(1, 6), "labels run from 1 to 5, but logits .5, 4. have 4 classes, 0 to 3"),
        (np.array([0, -1, 0, 0, 0]), "labels run from -1 to 0"),
        (np.zeros((5, 1), int), r"labels\[:, 0\]"),
        (np.eye(5, 4), r"labels\.argmax\(axis=1\)"),
        (np.zeros(4, int), r"logits \(5, 4\) and labels \(4,\) do not fit"),
    ],
)
def test_cross_entropy_refuses_labels_that_do_not_fit(labels, words):
    with pytest.raises(ValueError, match=words):
        nn.cross_entropy(Tensor(X), labels)


def test_cross_entropy_refuses_other_kinds():
    with pytest.raises(TypeError, match=r"not float64(.|\n)*labels\.astype\(int\)"):
        nn.cross_entropy(Tensor(X), np.zeros(5))
    with pytest.raises(ValueError, match="an empty batch"):
        nn.cross_entropy(Tensor(np.ones((0, 4))), np.zeros(0, int))


def test_a_softmax_before_cross_entropy_is_warned_of():
    x = Tensor(X, requires_grad=True)
    with pytest.warns(UserWarning, match="takes logits"):
        nn.cross_entropy(nn.Softmax()(x), LABELS)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        nn.cross_entropy(x * 2, LABELS)


@pytest.mark.parametrize("p", [-0.1, 1.0, 2])
def test_dropout_refuses_what_is_no_probability(p):
    with pytest.raises(ValueError, match="p is a probability, 0 <= p < 1"):
        nn.Dropout(p)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: nn.Linear(2, 3, activation="relu"), "Linear has no argument 'activation'"),
        (
            lambda: nn.Linear(in_features=2, out_features=3),
            "Try: inputs, outputs, bias, init, rng, dtype",
        ),
        (lambda: nn.Dropout(rate=0.5), "Dropout has no argument 'rate'(.|\n)*Try: p, rng"),
        (lambda: nn.Linear(2, 3, init="zeros"), r"init='zeros'\): a function"),
    ],
)
def test_arguments_that_a_layer_does_not_have(make, words):
    with pytest.raises(TypeError, match=words):
        make()


@pytest.mark.parametrize("width", [0, -1, 64.0, "3"])
def test_a_width_is_a_whole_number(width):
    with pytest.raises(ValueError, match=f"outputs={width!r}.: a whole number, 1 or more"):
        nn.Linear(2, width)


def test_labels_that_are_words():
    with pytest.raises(
        TypeError, match=r"not <U3(.|\n)*np\.unique\(labels, return_inverse=True\)\[1\]"
    ):
        nn.cross_entropy(Tensor(X), np.array(["cat"] * 5))


@pytest.mark.parametrize("layer", [nn.Tanh, 3, [nn.Tanh()]])
def test_sequential_refuses_what_is_no_layer(layer):
    with pytest.raises(TypeError, match="layer 1 is .* not a module"):
        nn.Sequential(nn.Tanh(), layer)
