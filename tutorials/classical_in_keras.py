"""Classical models by hand, here, and in Keras: seven losses and their gradients.

    python tutorials/classical_in_keras.py

First linear regression three times: loss and gradient written out in NumPy, by `backward()`, and in Keras.
Then each model of the list: `compare` gives both sides the same weights, and compares loss and gradient.
"""

import keras
import numpy as np
import tensorflow

import models
from tinygrad_edu import Tensor
from tinygrad_edu.data import load_digits
from tinygrad_edu.twins import scikit_learn

digits = load_digits()
X, y = digits.x.reshape(len(digits.x), -1).astype(np.float64) / 16, digits.y
ink = X.sum(axis=1)  # a number to predict
rng = np.random.default_rng(0)
w, b = rng.normal(size=64), 0.5

# By hand: the loss is the mean of e² with e = X w + b - y, so that its gradient is 2 Xᵀ e / n.
e = X @ w + b - ink
by_hand = np.mean(e**2), 2 * X.T @ e / len(e)

# Here: the loss is written down, and the gradient follows.
tensor = Tensor(w, requires_grad=True)
loss = ((X @ tensor + b - ink) ** 2).mean()
loss.backward()
here = loss.item(), tensor.grad

# In Keras: a Dense layer with these weights, a loss, and a tape.
layer = keras.layers.Dense(1, dtype="float64")
layer.build(X.shape)
layer.set_weights([w[:, None], np.array([b])])
with tensorflow.GradientTape() as tape:
    error = keras.ops.mean(keras.losses.mean_squared_error(ink[:, None], layer(X)))
there = float(error), tape.gradient(error, layer.kernel.value).numpy()[:, 0]

print("linear regression by hand, here, in Keras")
for name, (value, gradient) in {"by hand": by_hand, "here": here, "in Keras": there}.items():
    gap = np.abs(gradient - by_hand[1]).max()
    print(f"    {name:<10} loss {value:.10f}   gradient differs by {gap:.1e}")

# The same for whole models, with their penalties.
ratings = rng.integers(0, [100, 50], (2000, 2)), rng.integers(1, 6, 2000)
wanted = {
    "LinearRegression": ({}, X, ink),
    "LogisticRegression": ({"C": 0.5}, X, y),
    "PoissonRegressor": ({"alpha": 0.1}, X, y),
    "MLPClassifier": ({"hidden_layer_sizes": (64,)}, X, y),
    "Autoencoder": ({"n_components": 8, "hidden_layer_sizes": (64,)}, X, None),
    "VAE": ({"n_components": 8, "hidden_layer_sizes": (64,), "likelihood": "bernoulli"}, X, None),
    "MatrixFactorization": ({"n_components": 8}, *ratings),
}
heads = f"{'loss':>12} {'difference':>11} {'ms here':>9} {'Keras':>7} {'MB here':>9} {'Keras':>7}"
print(f"\n{'':<20} {heads}")
for name, (settings, inputs, targets) in wanted.items():
    model = getattr(models, name)(**settings)
    found = scikit_learn.compare(model, inputs, targets, against="keras", rounds=10)
    ms = [1000 * found.seconds[side] for side in ("ours", "theirs")]
    mb = [(found.memory[side] or 0) / 1e6 for side in ("ours", "theirs")]
    print(
        f"{name:<20} {float(found['loss'].ours):12.6f} {found.max_difference():11.1e}"
        f" {ms[0]:9.2f} {ms[1]:7.2f} {mb[0]:9.1f} {mb[1]:7.1f}"
    )
