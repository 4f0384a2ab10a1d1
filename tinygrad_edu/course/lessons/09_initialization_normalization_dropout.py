# builds: networks of twenty layers that learn, by the right start, by normalization, and with dropout against memorizing
# needs: lessons 4 and 8
# %% [markdown] title
# # Lesson 9: Initialization, normalization, dropout: what the histograms say
#
# Stack twenty layers, start with small random weights, and nothing learns. No error is raised. The numbers are just too small by then, or too large. In this lesson you look inside: **histograms of activations and gradients, layer by layer**. From them you derive the right size of random weights, see what normalization does, find out why its gradient is not what one might think, and use dropout against memorizing.
#
# You need lessons [4](04_seeing_a_backward_pass.ipynb) and [8](08_digits_and_their_keras_twin.ipynb), and about twenty minutes.
# %% imports tags=needed
from functools import partial

import matplotlib.pyplot as plt
import numpy as np

from tinygrad_edu import Tensor, nn, optim, viz
from tinygrad_edu.course import check, needs
from tinygrad_edu.data import load_digits, train_test_split
from tinygrad_edu.gradcheck import gradcheck
from tinygrad_edu.training import Trainer, accuracy

# %% [markdown] through-words
# ## 1. Twenty layers, forward
#
# A layer computes $y = \tanh(x W)$ with 256 inputs and 256 outputs. The weights are drawn from a normal distribution with the standard deviation $s$. *What happens to the size of the numbers after twenty layers, for $s = 0.01$, for $s = 1$, and for $s = 1/\sqrt{256} = 0.0625$?*
# %% through
x = np.random.default_rng(0).normal(size=(500, 256))


def activations(x, s, layers=20, f=np.tanh, seed=1):
    """The outputs of each layer."""
    rng, result = np.random.default_rng(seed), []
    for _ in range(layers):
        x = f(x @ rng.normal(0, s, (256, 256)))
        result.append(x)
    return result


print("standard deviation after layer 1, 5, 10, 20")
for s in [0.01, 1 / 16, 1.0]:
    outputs = activations(x, s)
    print(f"s = {s:<7}", *(f"{outputs[k].std():9.1e}" for k in (0, 4, 9, 19)))
# %% through-picture
# alt: Histograms of the outputs of layers 1, 5, 10 and 20 for three sizes of weights. With 0.01 they collapse to 0, with 1 they sit at minus one and plus one, with one sixteenth they keep a broad shape.
fig, axes = plt.subplots(3, 4, figsize=(8, 3.6), layout="constrained", sharex=True)
for row, s in zip(axes, [0.01, 1 / 16, 1.0], strict=True):
    outputs = activations(x, s)
    for ax, k in zip(row, (0, 4, 9, 19), strict=True):
        ax.hist(outputs[k].ravel(), bins=60, range=(-1, 1))
        ax.set(yticks=[], title=f"layer {k + 1}" if s == 0.01 else "")
    row[0].set_ylabel(f"s = {s:g}")


# %% [markdown] through-after
# With small weights all numbers die out: the last layer cannot tell one input from another. With large ones every tanh is saturated at $\pm 1$, and its slope is 0. The middle row stays broad. Why exactly $1/\sqrt{256}$?
#
# ## 2. The rule, in two lines
#
# An output is a sum of $n$ products, $y_j = \sum_i x_i W_{ij}$. If all factors are independent with mean 0, the variances add up:
#
# $$\operatorname{Var} y_j = n \cdot \operatorname{Var} x \cdot \operatorname{Var} W \qquad\Rightarrow\qquad \operatorname{Var} W = \frac1n \text{ keeps the variance.}$$
#
# (LeCun and others 1998.) In the backward pass the gradient is multiplied by $W^\top$, a sum over the outputs, and there the number of *outputs* should count. Glorot and Bengio (2010) take the mean of both. For a ReLU, half of the numbers become 0, so He and others (2015) double the variance: $2/n$. *Check with twenty layers of ReLU:*
# %% relu
def relu(x):
    return np.maximum(x, 0)


print("root of the mean square after layer 1, 5, 10, 20")
for name, variance in [("1/n", 1 / 256), ("2/n", 2 / 256)]:
    outputs = activations(x, variance**0.5, f=relu)
    sizes = [np.sqrt((outputs[k] ** 2).mean()) for k in (0, 4, 9, 19)]
    print(f"Var W = {name}", *(f"{size:9.2g}" for size in sizes))
assert 0.3 < sizes[-1] < 1.5
# %% [markdown] layer-words
# With $1/n$ the numbers lose half of their variance at each layer: after 20 layers a factor of $2^{-10}$ in size. With $2/n$ they keep it.
#
# ## 3. The same in the backward pass
#
# A network learns from gradients, so look at them too. `viz.Watch` records the gradients of all parameters during training. Here are networks of eight layers, one with small weights, one by He's rule. *In which layers will the gradients be smallest?*
# %% digits
images, labels = load_digits()
images = images.reshape(len(images), 64) / 16
x_train, x_test, y_train, y_test = train_test_split(images, labels, test=0.3, seed=0)


def deep(init, layers=8, between=nn.ReLU):
    rng = np.random.default_rng(0)
    parts = [nn.Linear(64, 64, init=init, rng=rng), between()]
    for _ in range(layers - 2):
        parts += [nn.Linear(64, 64, init=init, rng=rng), between()]
    return nn.Sequential(*parts, nn.Linear(64, 10, init=init, rng=rng))


def train(model, epochs=5, lr=0.1, callbacks=()):
    trainer = Trainer(
        model, nn.cross_entropy, optim.SGD(model.parameters(), lr), metrics=[accuracy]
    )
    return trainer.fit(
        x_train, y_train, epochs=epochs, seed=0, validation=(x_test, y_test),
        callbacks=callbacks, progress=False,
    )  # fmt: skip


# %% watch tags=varies
# alt: Two histograms of gradient sizes with a column for each layer. With small weights the gradients of the biases sink from the last layer to the first by many powers of ten, and those of the weights are tiny nearly everywhere. With He's rule all columns are at about the same height.
from tinygrad_edu.nn.initializers import he_normal, random_normal

fig, axes = plt.subplots(1, 2, figsize=(8.5, 3.6), layout="constrained", sharey=True)
for ax, init, name in [
    (axes[0], partial(random_normal, std=0.02), "s = 0.02"),
    (axes[1], he_normal, "He"),
]:
    model = deep(init)
    watch = viz.Watch(model)
    history = train(model, epochs=2, callbacks=[watch])
    watch.histogram(ax=ax)
    ax.set_title(f"{name}: accuracy {history['val_accuracy'][-1]:.0%}")
    ax.tick_params(axis="x", labelrotation=90, labelsize=7)
    ax.set_xlabel("parameter, with its 80 steps from left to right", fontsize=9)

small = deep(partial(random_normal, std=0.02))
nn.cross_entropy(small(x_train[:32]), y_train[:32]).backward()  # the first batch
biases = [np.abs(p.grad).mean() for p in small.parameters() if p.ndim == 1]
assert biases[0] < 1e-6 * biases[-1]


# %% [markdown] watch-after
# With small weights the gradients of the biases (0.b, 2.b, …) shrink layer by layer on their way back. Those of the first layer are millions of times smaller than those of the last. The gradient of a weight matrix is also multiplied by the layer's input, which is tiny in the late layers, so it is small nearly everywhere. The gradients **vanish**, and the network learns nothing. With He's rule all columns have about the same height. The layers of this package use Glorot's rule unless you say otherwise, as Keras does.
#
# ## 4. Normalization: keep the size all the time
#
# A good start does not last, since the weights change. **Batch normalization** (Ioffe and Szegedy 2015) enforces the size: for each channel it subtracts the mean over the batch, and divides by the standard deviation. Two parameters per channel, γ and β, may then choose another size:
#
# $$y = \gamma\, \frac{x - \mu}{\sqrt{\sigma^2 + \varepsilon}} + \beta$$
# %% norm tags=needed
def normalize(x, eps=1e-3):
    """Mean 0 and variance 1 for each column. x: (N, channels)"""
    mean = x.mean(axis=0)
    variance = ((x - mean) ** 2).mean(axis=0)
    return (x - mean) / np.sqrt(variance + eps)


# %% norm-check
z = np.random.default_rng(0).normal(3, 5, size=(6, 4))
layer = nn.BatchNorm(4).astype(np.float64)
print("as nn.BatchNorm:", np.allclose(normalize(z), layer(z).data))
assert np.allclose(normalize(z), layer(z).data)
assert gradcheck(normalize, z)
# %% [markdown] sum-words
# The mean and the variance depend on $x$. So gradients flow through them, too. Two things follow that hold for each channel. *What is the sum of the gradient over the batch? And what is its product with $x$?* Here is the gradient of some loss:
# %% sum
leaf = Tensor(z, requires_grad=True)
weights = np.random.default_rng(1).normal(size=(6, 4))
(normalize(leaf, eps=0.0) * weights).sum().backward()
print("sum over the batch is 0:     ", np.allclose(leaf.grad.sum(axis=0), 0))
print(
    "product with x - mean is 0:  ", np.allclose((leaf.grad * (z - z.mean(axis=0))).sum(axis=0), 0)
)
assert np.allclose(leaf.grad.sum(axis=0), 0) and np.allclose((leaf.grad * z).sum(axis=0), 0)


# %% [markdown] sum-after
# Adding the same number to all $x$ of a channel does not change the output, so the gradient has no part in that direction. Neither does multiplying them, if ε is 0. **The layer ignores the mean and the size of its input, and its gradient says so.** An implementation that treats μ and σ as constants gets both wrong.
#
# It also explains how normalization helps. *What does it do to a network with weights that are too small?*
# %% with-norm tags=varies
def normalized(layers=8):
    rng = np.random.default_rng(0)
    parts, init = [], partial(random_normal, std=0.02)
    for _ in range(layers - 1):
        parts += [
            nn.Linear(64, 64, bias=False, init=init, rng=rng),
            nn.BatchNorm(64, momentum=0.9),
            nn.ReLU(),
        ]
    return nn.Sequential(*parts, nn.Linear(64, 10, init=init, rng=rng))


results = {}
for name, model in [
    ("small weights", deep(partial(random_normal, std=0.02))),
    ("small weights, batch norm", normalized()),
    ("He's rule", deep(he_normal)),
]:
    results[name] = train(model)["val_accuracy"]
    print(f"{name:26} test accuracy after 5 epochs {results[name][-1]:.0%}")
assert results["small weights"][-1] < 0.3 < 0.8 < results["small weights, batch norm"][-1]
# %% [markdown] modes-words
# A model in use sees single images, and these have no batch. So during training the layer keeps moving averages of μ and σ², and `model.eval()` uses them. `Trainer` switches by itself. In a loop by hand it is easily forgotten. *How different are the two answers for the same image?*
# %% modes
model = normalized()
train(model, epochs=3)
one = x_test[:8]
model.eval()
alone = np.array([model(image[None]).data[0] for image in one])
together = model(one).data
model.train()
in_train_mode = model(one).data
model.eval()
print("eval mode: alone or in a batch, same answer:", np.allclose(alone, together, atol=1e-4))
print("train mode, same answer:", np.allclose(in_train_mode, together, atol=1e-2))
assert np.allclose(alone, together, atol=1e-4) and not np.allclose(
    in_train_mode, together, atol=1e-2
)


# %% [markdown] dropout-words
# ## 5. Dropout
#
# With few training images a large network memorizes. **Dropout** (Srivastava and others 2014) sets each number to 0 with probability $p$ in each training step, and divides the others by $1 - p$, so that the expected value stays. No unit can rely on another. *By hand it is one line. Which number do you expect for the mean of the output?*
# %% dropout
def dropout(x, p, rng):
    keep = rng.random(x.shape) >= p
    return x * keep / (1 - p)


ones = np.ones((1000, 100))
dropped = dropout(ones, 0.3, np.random.default_rng(0))
print("values:", np.unique(dropped).round(4), "  mean:", dropped.mean().round(2))
assert abs(dropped.mean() - 1) < 0.02
# %% [markdown] small-words
# To see memorizing, we give the network something that can only be memorized: 400 images, and three labels out of ten are drawn at random. *What will a network with 190,000 parameters do with the wrong labels?*
# %% small-data
few_x, few_y = x_train[:400], y_train[:400].copy()
rng = np.random.default_rng(0)
wrong = rng.random(400) < 0.3
few_y[wrong] = rng.integers(0, 10, wrong.sum())  # somebody guessed 30 percent of the labels


def wide(p):
    return nn.Sequential(
        nn.Linear(64, 400, rng=0), nn.ReLU(), nn.Dropout(p, rng=1),
        nn.Linear(400, 400, rng=2), nn.ReLU(), nn.Dropout(p, rng=3),
        nn.Linear(400, 10, rng=4),
    )  # fmt: skip


curves = {}
for p in [0.0, 0.6]:
    model = wide(p)
    trainer = Trainer(
        model, nn.cross_entropy, optim.Adam(model.parameters(), 0.002), metrics=[accuracy]
    )
    curves[p] = trainer.fit(
        few_x, few_y, epochs=40, seed=0, validation=(x_test, y_test), progress=False
    )
# %% small-data-picture tags=varies
# alt: Loss by epoch on the training images and on the test images, without and with dropout. Without dropout the training loss falls far and the test loss rises. With dropout the training loss stays high and the test loss low.
fig, axes = plt.subplots(1, 2, figsize=(8, 2.7), layout="constrained", sharey=True)
for ax, p in zip(axes, curves, strict=True):
    viz.learning_curve(curves[p], "loss", ax=ax)
    ax.set(title=f"dropout {p}: test accuracy {curves[p]['val_accuracy'][-1]:.1%}", yscale="log")
assert curves[0.0]["loss"][-1] < 0.2 < curves[0.6]["loss"][-1]
assert curves[0.0]["val_accuracy"][-1] < curves[0.6]["val_accuracy"][-1]
# %% [markdown] small-after
# Without dropout the network learns the wrong labels by heart: the training loss falls to less than a tenth, and the test loss rises, because it repeats the mistakes with great certainty. With dropout it cannot rely on single units, learns mostly what the right labels have in common, and is better on the test set. On clean labels, without anything to memorize, dropout only makes training slower. Try it.
# %% [markdown] keras-words
# ## 6. The same layers in Keras
#
# You need TensorFlow for this section: `python -m pip install -e '.[compare]'` in the folder of this project. Batch normalization is where libraries differ most: in ε, in the momentum, in the variance of the moving average. *Are ours and Keras's equal after ten steps, with the moving averages?*
# %% keras-twin tags=keras
needs("keras")
from tinygrad_edu.twins import compare

model = nn.Sequential(
    nn.Linear(64, 32, bias=False, rng=0), nn.BatchNorm(32), nn.ReLU(), nn.Linear(32, 10, rng=1)
).astype(np.float64)
batches = [(x_train[i : i + 32].astype(np.float64), y_train[i : i + 32]) for i in range(0, 320, 32)]
report = compare(model, nn.cross_entropy, optim.SGD(model.parameters(), lr=0.1), batches)
print("first difference from Keras's:", report.first_divergence())
assert report.first_divergence() is None
# %% [markdown] exercises
# ## 7. Three exercises
#
# ### Exercise 1: on paper (1 point)
#
# A layer with ReLU has 800 inputs and 200 outputs. Which standard deviation does He's rule give to its weights (`he`)? And which one Glorot's rule, $\operatorname{Var} W = 2 / (\text{inputs} + \text{outputs})$ (`glorot`)?
#
# <details><summary>Hint</summary>
#
# He: the variance is 2 divided by the number of inputs. The standard deviation is its root.
#
# </details>
# %% exercise sizes points=1
# BEGIN SOLUTION
he = (2 / 800) ** 0.5
glorot = (2 / (800 + 200)) ** 0.5


# END SOLUTION
# %% check sizes
def check_sizes(he, glorot):
    assert not np.isclose(he, 2 / 800), (
        "he: that is the variance. The standard deviation is its root."
    )
    assert not np.isclose(he, (1 / 800) ** 0.5), (
        "he: a ReLU halves the mean square, so the variance is 2 / n and not 1 / n."
    )
    assert not np.isclose(he, (2 / 200) ** 0.5), "he: the inputs count, not the outputs."
    assert np.isclose(he, 0.05), "he: the root of 2 / inputs."
    assert not np.isclose(glorot, 2 / 1000), (
        "glorot: that is the variance. The standard deviation is its root."
    )
    assert np.isclose(glorot, (2 / 1000) ** 0.5), "glorot: the root of 2 / (inputs + outputs)."


# %% hidden sizes
def check_sizes(he, glorot):
    assert np.isclose(he, 0.05) and np.isclose(glorot, 0.0447213595), "Compute both again."


# %% right sizes
he, glorot = 0.05, 0.002**0.5
# %% right sizes
he = np.sqrt(np.float64(2.0) / 800)
glorot = np.sqrt(1 / np.mean([800, 200]))
# %% wrong sizes: he: that is the variance
he, glorot = 0.0025, 0.002**0.5
# %% wrong sizes: a ReLU halves
he, glorot = (1 / 800) ** 0.5, 0.002**0.5
# %% wrong sizes: glorot: that is the variance
he, glorot = 0.05, 0.002


# %% [markdown] exercise-2-words
# ### Exercise 2: layer normalization (2 points)
#
# Transformers use **layer normalization** (Ba, Kiros and Hinton 2016): mean and variance are those of one sample over its features, and not those of one feature over the batch. Write `layer_norm(x, gamma, beta, eps)`, $\gamma\, (x - \mu) / \sqrt{\sigma^2 + \varepsilon} + \beta$ for x (..., features), gamma and beta (features,). It must work for arrays and Tensors.
#
# <details><summary>Hint</summary>
#
# `x.mean(axis=-1, keepdims=True)`.
#
# </details>
# %% exercise layer_norm points=2
def layer_norm(x, gamma, beta, eps):
    # BEGIN SOLUTION
    mean = x.mean(axis=-1, keepdims=True)
    variance = ((x - mean) ** 2).mean(axis=-1, keepdims=True)
    return gamma * (x - mean) / np.sqrt(variance + eps) + beta
    # END SOLUTION


# %% check layer_norm
def check_layer_norm(layer_norm):
    x = np.random.default_rng(0).normal(2, 3, size=(4, 4))
    one, zero = np.ones(4), np.zeros(4)
    y = layer_norm(x, one, zero, 0.0)
    assert np.shape(y) == (4, 4), "Return an array of the shape of x."
    y = np.asarray(y)
    assert not np.allclose(y.mean(axis=0), 0), (
        "Mean and variance are those of one sample: axis=-1, not axis=0."
    )
    assert not np.allclose(y, (x - x.mean()) / x.std()), (
        "Each sample has its own mean and variance: axis=-1, keepdims=True."
    )
    assert np.allclose(y.mean(axis=-1), 0), "Subtract the mean of each sample."
    ratio = y.std(axis=-1)
    assert not np.allclose(ratio, np.sqrt(3 / 4)), "Divide the variance by n, not by n - 1."
    assert not np.allclose(ratio, 1 / x.std(axis=-1)), (
        "Divide by the standard deviation, the root of the variance."
    )
    assert np.allclose(ratio, 1), "Divide by the root of the variance."
    gamma, beta = np.array([1.0, 2.0, 3.0, 4.0]), np.array([0.5, 0.0, -1.0, 2.0])
    assert np.allclose(layer_norm(x, gamma, beta, 0.0), gamma * y + beta), (
        "Multiply by gamma, then add beta."
    )
    flat = layer_norm(np.full((1, 4), 5.0), one, zero, 0.01)
    assert np.allclose(flat, 0), "For equal features the variance is 0. Add eps inside the root."
    variance = x.var(axis=-1)
    shrunk = np.asarray(layer_norm(x, one, zero, 3.0)).std(axis=-1)
    assert np.allclose(shrunk, np.sqrt(variance / (variance + 3))), (
        "eps is added to the variance, inside the root."
    )
    leaf = Tensor(x, requires_grad=True)
    out = layer_norm(leaf, gamma, beta, 0.1)
    assert hasattr(out, "backward"), "With a Tensor it must return a Tensor."
    (out * out).sum().backward()
    assert np.allclose(leaf.grad.sum(axis=-1), 0, atol=1e-8), (
        "The gradient of each sample sums to 0, since a shift changes nothing. Does the gradient flow through the mean?"
    )


# %% hidden layer_norm
def check_layer_norm(layer_norm):
    x = np.random.default_rng(5).normal(size=(2, 3, 5))
    layer = nn.LayerNorm(5, eps=0.02).astype(np.float64)
    assert np.allclose(layer_norm(x, np.ones(5), np.zeros(5), 0.02), layer(x).data), (
        "Try it with three axes, and check where eps is added."
    )


# %% right layer_norm
def layer_norm(x, gamma, beta, eps):
    centered = x - x.mean(axis=-1, keepdims=True)
    return (
        centered * gamma / ((centered * centered).mean(axis=-1, keepdims=True) + eps) ** 0.5 + beta
    )


# %% right layer_norm
def layer_norm(x, gamma, beta, eps):
    return (
        beta
        + gamma
        * (x - np.mean(x, axis=-1)[..., None])
        / np.sqrt(np.var(x, axis=-1) + eps)[..., None]
    )


# %% wrong layer_norm: axis=-1, not axis=0
def layer_norm(x, gamma, beta, eps):
    return gamma * (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + eps) + beta


# %% wrong layer_norm: the root of the variance
def layer_norm(x, gamma, beta, eps):
    mean = x.mean(axis=-1, keepdims=True)
    return gamma * (x - mean) / (((x - mean) ** 2).mean(axis=-1, keepdims=True) + eps) + beta


# %% wrong layer_norm: n - 1
def layer_norm(x, gamma, beta, eps):
    mean = x.mean(axis=-1, keepdims=True)
    variance = ((x - mean) ** 2).sum(axis=-1, keepdims=True) / (x.shape[-1] - 1)
    return gamma * (x - mean) / np.sqrt(variance + eps) + beta


# %% wrong layer_norm: inside the root
def layer_norm(x, gamma, beta, eps):
    mean = x.mean(axis=-1, keepdims=True)
    root = np.sqrt(((x - mean) ** 2).mean(axis=-1, keepdims=True))
    return gamma * (x - mean) / (root + eps) + beta


# %% wrong layer_norm: then add beta
def layer_norm(x, gamma, beta, eps):
    mean = x.mean(axis=-1, keepdims=True)
    return gamma * (
        (x - mean) / np.sqrt(((x - mean) ** 2).mean(axis=-1, keepdims=True) + eps) + beta
    )


# %% [markdown] exercise-3-words
# ### Exercise 3: fold a batch normalization away (3 points)
#
# In eval mode a batch normalization after a linear layer is an affine map after an affine map, so both can be one layer. Write `fold(W, gamma, beta, mean, variance, eps)`: the weights `(in, out)` and the bias `(out,)` of one linear layer that does the same as $x W$ followed by the batch normalization. Do not change `W`.
#
# <details><summary>Hint</summary>
#
# Write down $\gamma\, (xW - \mu) / \sqrt{\sigma^2 + \varepsilon} + \beta$, and collect the factor of $x$ and the rest.
#
# </details>
# %% exercise fold points=3
def fold(W, gamma, beta, mean, variance, eps):
    # BEGIN SOLUTION
    scale = gamma / np.sqrt(variance + eps)
    return W * scale, beta - mean * scale
    # END SOLUTION


# %% check fold
def check_fold(fold):
    rng = np.random.default_rng(0)
    W, gamma, beta, mean = (
        rng.normal(size=(3, 3)),
        rng.normal(size=3),
        rng.normal(size=3),
        rng.normal(size=3),
    )
    variance, x, kept = rng.uniform(0.5, 2, 3), rng.normal(size=(5, 3)), W.copy()
    answer = fold(W, gamma, beta, mean, variance, 0.1)
    assert np.array_equal(W, kept), "Your function changed W."
    assert isinstance(answer, tuple | list) and len(answer) == 2, (
        "Return two arrays: weights and bias."
    )
    V, b = answer
    assert np.shape(V) == (3, 3) and np.shape(b) == (3,), (
        "The weights have the shape (in, out), the bias (out,)."
    )
    scale = gamma / np.sqrt(variance + 0.1)
    assert not np.allclose(V, W * scale[:, None]), (
        "Scale the columns of W, one for each output, not its rows."
    )
    assert not np.allclose(V, W * gamma / np.sqrt(variance)), "eps is missing under the root."
    assert not np.allclose(V, W * gamma / (variance + 0.1)), (
        "Divide by the standard deviation, not by the variance."
    )
    assert np.allclose(V, W * scale), "weights: each column of W times gamma / √(variance + eps)."
    assert not np.allclose(b, beta - mean), "bias: the mean is scaled, too."
    assert not np.allclose(b, beta + mean * scale), "bias: the mean is subtracted."
    assert np.allclose(b, beta - mean * scale), "bias: what remains for x = 0."
    assert np.allclose(x @ V + b, gamma * (x @ W - mean) / np.sqrt(variance + 0.1) + beta), (
        "The outputs differ."
    )


# %% hidden fold
def check_fold(fold):
    rng = np.random.default_rng(3)
    W, gamma, beta, mean = (
        rng.normal(size=(6, 2)),
        rng.normal(size=2),
        rng.normal(size=2),
        rng.normal(size=2),
    )
    variance, x = rng.uniform(0, 2, 2), rng.normal(size=(4, 6))
    V, b = fold(W, gamma, beta, mean, variance, 1e-3)
    assert np.allclose(x @ V + b, gamma * (x @ W - mean) / np.sqrt(variance + 1e-3) + beta), (
        "Try another shape."
    )


# %% right fold
def fold(W, gamma, beta, mean, variance, eps):
    scale = np.diag(gamma * (variance + eps) ** -0.5)
    return W @ scale, beta - mean @ scale


# %% right fold
def fold(W, gamma, beta, mean, variance, eps):
    def both(x):
        return gamma * (x @ W - mean) / np.sqrt(variance + eps) + beta

    b = both(np.zeros(len(W)))
    return both(np.eye(len(W))) - b, b


# %% wrong fold: not its rows
def fold(W, gamma, beta, mean, variance, eps):
    scale = gamma / np.sqrt(variance + eps)
    return W * scale[:, None], beta - mean * scale


# %% wrong fold: the mean is scaled
def fold(W, gamma, beta, mean, variance, eps):
    return W * gamma / np.sqrt(variance + eps), beta - mean


# %% wrong fold: eps is missing
def fold(W, gamma, beta, mean, variance, eps):
    scale = gamma / np.sqrt(variance)
    return W * scale, beta - mean * scale


# %% wrong fold: not by the variance
def fold(W, gamma, beta, mean, variance, eps):
    scale = gamma / (variance + eps)
    return W * scale, beta - mean * scale


# %% [markdown] next
# ## What you have seen
#
# - The variance of a sum is the sum of the variances. So weights with the variance $1/n$, or $2/n$ for ReLU, keep numbers and gradients at the same size through all layers.
# - Histograms of activations and gradients show at a glance whether a network can learn.
# - Batch normalization enforces the size. Its gradient has no part along a shift or a scale of its input. In eval mode it uses moving averages.
# - Dropout makes training harder and memorizing harder. It is off in eval mode.
#
# ## What to read next
#
# [`initializers.py`](../tinygrad_edu/nn/initializers.py), [`normalization.py`](../tinygrad_edu/nn/normalization.py), [`noise.py`](../tinygrad_edu/nn/noise.py). In the books: Goodfellow, Bengio and Courville, *Deep Learning*, sections 8.4, 8.7.1 and 7.12. Papers: Glorot and Bengio 2010; He and others, *Delving deep into rectifiers*, 2015; Ioffe and Szegedy, *Batch normalization*, 2015. The next lesson is about [optimizers](10_an_optimizer_race.ipynb).
