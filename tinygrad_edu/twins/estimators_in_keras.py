"""Estimators of `models`, written in Keras with the same weights: loss and gradient of both, side by side.

    from tinygrad_edu.twins import scikit_learn

    print(scikit_learn.compare(PoissonRegressor(alpha=0.1), X, y, against="keras"))

A twin is a small network and a loss. Both losses are functions of the same weights, drawn once; the gradient
comes from `backward()` here, and from TensorFlow's GradientTape there. Penalties are part of the loss.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from tinygrad_edu import value_and_grad
from tinygrad_edu.diagnostics.words import refusal
from tinygrad_edu.twins.keras_export import floatx, import_keras
from tinygrad_edu.twins.optional import optional
from tinygrad_edu.twins.process_memory import ProcessMemory
from tinygrad_edu.twins.side_by_side import Comparison, Row, duration


class Weight(NamedTuple):
    """A variable of Keras, and how it holds a parameter of ours.

    turned      the matrix is (outputs, inputs) here, and (inputs, outputs) in Keras
    through     a function of the parameter, of which Keras has the value
    """

    variable: Any
    turned: bool = False
    through: Callable[[Any], Any] = np.asarray

    def set(self, ours: np.ndarray) -> None:
        ours = self.through(ours)
        self.variable.assign((ours.T if self.turned else ours).reshape(self.variable.shape))

    def as_ours(self, theirs: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
        return (theirs.T if self.turned else theirs).reshape(shape)


class Twin(NamedTuple):
    """weights: our name of a parameter -> where Keras has it; loss: the loss with these weights, a scalar."""

    weights: dict[str, Weight]
    loss: Callable[[], Any]


def compare(
    estimator: Any, X: Any, y: Any = None, *, sample_weight: Any = None, rounds: int = 3
) -> Comparison:
    """The loss of the estimator on these data, and its gradient, here and in Keras, for the same weights.

    estimator       of `models`, one of TWINS; it is not changed
    X, y            as `fit` takes them
    sample_weight   (samples,): weights of the rows, for both
    rounds          how often each computes both; the fastest of each counts

    The weights are those from which `fit` starts, plus random numbers, so that no gradient is zero by
    symmetry. Time is that of the loss and its gradient, in Keras compiled to a graph. Memory is that by
    which the process grows while it computes them, with the twin and its graph.

    Raises TypeError if the estimator has no twin in Keras, and ImportError without Keras.

    >>> print(compare(models.Ridge(alpha=2.0), X, y))  # doctest: +SKIP
    """
    name = type(estimator).__name__
    if name not in TWINS:
        what = f"{name} has no twin in Keras."
        raise refusal(TypeError, what, f"one of {', '.join(TWINS)}")
    make, prepare = TWINS[name]
    model, data = prepare(copy.deepcopy(estimator), X, y, sample_weight)
    if getattr(model, "has_kinks", False):
        what = f"{name}: the penalty with these settings has kinks, where it has no gradient."
        raise refusal(ValueError, what, "a penalty of squares, such as penalty='l2'")
    packing = model._packing(**data)
    rng = np.random.default_rng(0)
    point = packing.vector() + 0.1 * rng.normal(size=packing.vector().shape)
    values = packing.unpack(point)
    ours = value_and_grad(lambda w: model.objective(**data, **packing.unpack(w)))

    keras, tensorflow = import_keras(), optional("tensorflow", "a twin in Keras", "compare")
    memory = {"ours": ProcessMemory(), "theirs": ProcessMemory()}
    with memory["ours"].watched():  # first, before there are pages that Keras has left
        our_loss, our_gradient = ours(point)
    with memory["theirs"].watched(), floatx(keras, "float64"):
        twin = make(keras, model, **data)
        for parameter, weight in twin.weights.items():
            weight.set(np.asarray(values[parameter]))
        variables = [weight.variable.value for weight in twin.weights.values()]

        def loss_and_gradient() -> tuple[Any, list[Any]]:
            with tensorflow.GradientTape() as tape:
                loss = twin.loss()
            return loss, [tensorflow.convert_to_tensor(g) for g in tape.gradient(loss, variables)]

        compiled = tensorflow.function(loss_and_gradient, jit_compile=False)
        theirs = compiled.get_concrete_function()
        their_loss, their_gradients = theirs()
    rows = [Row("loss", our_loss, their_loss.numpy())]
    found = dict(zip(packing.parameters, packing.cut(our_gradient), strict=True))
    for (parameter, weight), theirs_there in zip(
        twin.weights.items(), their_gradients, strict=True
    ):
        mine = found[parameter]
        other = weight.as_ours(theirs_there.numpy(), mine.shape)
        rows.append(Row(f"gradient of {parameter}", mine, other))
    seconds = {"ours": np.inf, "theirs": np.inf}
    for _ in range(rounds):
        seconds["ours"] = min(seconds["ours"], duration(lambda: ours(point)))
        seconds["theirs"] = min(seconds["theirs"], duration(lambda: theirs()[0].numpy()))
    return Comparison(
        f"{estimator!r} and the same model in Keras {keras.__version__}, on {len(X)} samples",
        rows,
        seconds,
        {side: watched.peak for side, watched in memory.items()},
        library="Keras",
        task="The loss with its gradient",
    )


# ---- what the estimators compute, in Keras -------------------------------------------------------


def least_squares(keras: Any, model: Any, X: Any, y: Any, weight: Any) -> Twin:
    """Ridge: a Dense layer without activation, squared errors, and the penalty α ‖w‖²."""
    layer, weights = _linear(keras, model, X, y[:1].size)
    y = y.reshape(len(y), -1)

    def loss():
        errors = keras.losses.mean_squared_error(y, layer(X)) * y.shape[1]
        penalty = keras.ops.sum(model.alpha * keras.ops.sum(layer.kernel**2, axis=0))
        return (keras.ops.sum(weight * errors) + penalty) / weight.sum()

    return Twin(weights, loss)


def softmax_regression(keras: Any, model: Any, X: Any, y: Any, weight: Any) -> Twin:
    """LogisticRegression: a Dense layer of logits, and cross-entropy; for two classes one logit."""
    classes = len(model.classes_)
    layer, weights = _linear(keras, model, X, 1 if classes == 2 else classes)
    C = np.inf if model.penalty is None else model.C
    counts_b = model.solver == "liblinear" and model.fit_intercept

    def loss():
        squares = keras.ops.sum(layer.kernel**2)
        if counts_b:
            squares += keras.ops.sum((layer.bias / model.intercept_scaling) ** 2)
        errors = _surprise(keras, y, layer(X))
        return (keras.ops.sum(weight * errors) + squares / (2 * C)) / weight.sum()

    return Twin(weights, loss)


def poisson_regression(keras: Any, model: Any, X: Any, y: Any, weight: Any) -> Twin:
    """PoissonRegressor: a Dense layer η, and e^η - y η; Keras's own loss adds 1e-7 to e^η."""
    layer, weights = _linear(keras, model, X, 1)

    def loss():
        η = layer(X)[:, 0]
        errors = keras.ops.sum(weight * (keras.ops.exp(η) - y * η)) / weight.sum()
        return errors + model.alpha / 2 * keras.ops.sum(layer.kernel**2)

    return Twin(weights, loss)


def perceptron(keras: Any, model: Any, X: Any, y: Any, weight: Any) -> Twin:
    """MLPClassifier and MLPRegressor: Dense layers, cross-entropy or half squared errors, and α ‖W‖² / 2."""
    hidden = np.atleast_1d(model.hidden_layer_sizes).tolist()
    classes = len(model.classes_) if model.kind == "classifier" else 0
    outputs = (1 if classes == 2 else classes) or y[:1].size
    network = _dense(keras, [X.shape[1], *hidden, outputs], model.activation)

    def loss():
        f = network(X)
        if classes:
            errors = _surprise(keras, y, f)
        elif model.loss == "poisson":
            rates, η = y.reshape(len(y), -1), f
            logs = rates * np.log(np.where(rates > 0, rates, 1))
            errors = keras.ops.mean(keras.ops.exp(η) - rates * η + logs - rates, axis=1)
        else:
            errors = keras.losses.mean_squared_error(y.reshape(len(y), -1), f) / 2
        squares = sum(keras.ops.sum(layer.kernel**2) for layer in network.layers)
        return (keras.ops.sum(weight * errors) + model.alpha / 2 * squares) / weight.sum()

    return Twin(_of_layers(network), loss)


def autoencoder(keras: Any, model: Any, X: Any, y: Any, weight: Any) -> Twin:
    """Autoencoder: two stacks of Dense layers, and the mean squared error."""
    encoder, decoder, weights = _encoder_and_decoder(keras, model, X, model.n_components)

    def loss():
        errors = keras.losses.mean_squared_error(X, decoder(encoder(X)))
        return keras.ops.sum(weight * errors) / weight.sum()

    return Twin(weights, loss)


def variational_autoencoder(keras: Any, model: Any, X: Any, y: Any, weight: Any) -> Twin:
    """VAE: two stacks of Dense layers, and -ELBO with the same noise ε as ours."""
    k, ops = model.n_components, keras.ops
    encoder, decoder, weights = _encoder_and_decoder(keras, model, X, 2 * k)
    ε = model.noise(len(X))
    if model.likelihood == "gaussian":  # ours is positive because it is e^z, and z is learned
        log_variance = keras.Variable(np.zeros(()))
        weights["noise_variance"] = Weight(log_variance, through=np.log)

    def loss():
        μ, log_σ2 = ops.split(encoder(X), 2, axis=1)
        z = ops.reshape(μ + ops.exp(log_σ2 / 2) * ε, (-1, k))
        out = ops.reshape(decoder(z), (-1, *X.shape))  # (draws, samples, features)
        if model.likelihood == "bernoulli":
            log_p = -ops.sum(ops.softplus(out) - X * out, axis=2)
        else:
            squares = ops.sum((X - out) ** 2, axis=2) / ops.exp(log_variance)
            log_p = -(squares + X.shape[1] * (log_variance + np.log(2 * np.pi))) / 2
        KL = ops.sum(μ**2 + ops.exp(log_σ2) - 1 - log_σ2, axis=1) / 2
        return ops.sum(weight * (KL - ops.mean(log_p, axis=0))) / weight.sum()

    return Twin(weights, loss)


def matrix_factorization(keras: Any, model: Any, X: Any, y: Any, weight: Any) -> Twin:
    """MatrixFactorization: an Embedding for each of b, c, P and Q, and squared errors with penalties."""
    u, i = X.T
    tables = {
        "user_factors": (u, len(model.users_), model.n_components),
        "item_factors": (i, len(model.items_), model.n_components),
    }
    if model.biases:
        tables["user_bias"] = (u, len(model.users_), 1)
        tables["item_bias"] = (i, len(model.items_), 1)
    layers = {}
    for name, (_, rows, width) in tables.items():
        layers[name] = keras.layers.Embedding(rows, width)
        layers[name].build()
    mean = keras.Variable(np.zeros(()))

    def loss():
        found = {name: layers[name](numbers) for name, (numbers, *_) in tables.items()}
        r = mean + keras.ops.sum(found["user_factors"] * found["item_factors"], axis=1)
        if model.biases:
            r += found["user_bias"][:, 0] + found["item_bias"][:, 0]
        penalty = sum(keras.ops.sum(layer.embeddings**2) for layer in layers.values())
        errors = keras.ops.sum(weight * (y - r) ** 2)
        return (errors + model.alpha * penalty) / (2 * weight.sum())

    weights = {name: Weight(layer.embeddings) for name, layer in layers.items()}
    return Twin({"mean": Weight(mean), **weights}, loss)


def _encoder_and_decoder(keras: Any, model: Any, X: Any, outputs: int) -> tuple[Any, Any, dict]:
    hidden, features = [*model.hidden_layer_sizes], X.shape[1]
    encoder = _dense(keras, [features, *hidden, outputs], model.activation)
    decoder = _dense(keras, [model.n_components, *hidden[::-1], features], model.activation)
    return encoder, decoder, _of_layers(encoder, "encoder_") | _of_layers(decoder, "decoder_")


def _dense(keras: Any, units: list[int], activation: str) -> Any:
    """A Sequential of Dense layers, the last without activation."""
    theirs = {"logistic": "sigmoid", "identity": None}.get(activation, activation)
    layers = [keras.layers.Dense(n, activation=theirs) for n in units[1:-1]]
    return keras.Sequential([keras.Input(units[:1]), *layers, keras.layers.Dense(units[-1])])


def _of_layers(network: Any, prefix: str = "") -> dict[str, Weight]:
    """W0, b0, W1, b1, ... of its layers."""
    weights = {}
    for i, layer in enumerate(network.layers):
        weights[f"{prefix}W{i}"] = Weight(layer.kernel)
        weights[f"{prefix}b{i}"] = Weight(layer.bias)
    return weights


def _linear(keras: Any, model: Any, X: Any, outputs: int) -> tuple[Any, dict[str, Weight]]:
    """A Dense layer, and which of its variables are `coef` and `intercept`."""
    layer = keras.layers.Dense(outputs, use_bias=model.fit_intercept)
    layer.build(X.shape)
    weights = {"coef": Weight(layer.kernel, turned=True)}
    if model.fit_intercept:
        weights["intercept"] = Weight(layer.bias)
    return layer, weights


def _surprise(keras: Any, y: Any, logits: Any) -> Any:
    """-ln P(y) of each row; one column of logits makes two classes."""
    if logits.shape[1] == 1:
        labels = y[:, None].astype(np.float64)
        return keras.losses.binary_crossentropy(labels, logits, from_logits=True)
    return keras.losses.sparse_categorical_crossentropy(y, logits, from_logits=True)


# ---- what the estimators read --------------------------------------------------------------------


def _as_read(model: Any, X: Any, y: Any, sample_weight: Any) -> tuple[Any, dict[str, Any]]:
    """The estimator, and the data as its `_fit` gets them."""
    return model, model._read(X, y, sample_weight)


def _as_ridge(model: Any, X: Any, y: Any, sample_weight: Any) -> tuple[Any, dict[str, Any]]:
    """LinearRegression, whose `fit` is a formula, as the loss that it minimizes: Ridge without penalty."""
    from models import Ridge

    return _as_read(Ridge(0.0, fit_intercept=model.fit_intercept), X, y, sample_weight)


def _as_ratings(model: Any, X: Any, y: Any, sample_weight: Any) -> tuple[Any, dict[str, Any]]:
    """MatrixFactorization, with users and items as numbers."""
    data = model._read(X, y, sample_weight)
    found = [np.unique(column.astype(str), return_inverse=True) for column in data["X"].columns]
    (model.users_, users), (model.items_, items) = found
    return model, data | {"X": np.stack([users, items], axis=1)}


# Name of the estimator -> its twin, and how the data are read.
TWINS: dict[str, tuple[Callable[..., Twin], Callable[..., Any]]] = {
    "LinearRegression": (least_squares, _as_ridge),
    "Ridge": (least_squares, _as_read),
    "LogisticRegression": (softmax_regression, _as_read),
    "PoissonRegressor": (poisson_regression, _as_read),
    "MLPClassifier": (perceptron, _as_read),
    "MLPRegressor": (perceptron, _as_read),
    "Autoencoder": (autoencoder, _as_read),
    "VAE": (variational_autoencoder, _as_read),
    "MatrixFactorization": (matrix_factorization, _as_ratings),
}
