"""The works in Keras, with `train_on_batch`; functions and layers in TensorFlow, as a `tf.function`."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import tensorflow as tf
from keras import layers

import works


def function(f, arrays, g=None):
    """f(arrays), and the gradients of all arrays, given that of the result."""
    leaves = [tf.constant(a) for a in arrays]
    g = None if g is None else tf.constant(g)

    @tf.function
    def both(leaves, g):
        with tf.GradientTape() as tape:
            tape.watch(leaves)
            y = f(*leaves)
        return y, *tape.gradient(y, leaves, output_gradients=g)

    return lambda: both(leaves, g)


def tanh(n):
    return function(lambda a, b, c: tf.reduce_sum(tf.tanh(a * b + c)), works.vectors(n, 3))


def five(n):
    def f(x):
        y = tf.tanh(x * 0.5 + 1.0)
        return tf.reduce_sum(y * y - x)

    return function(f, works.vectors(n, 1))


def training(model, x, labels, parameters, made=None):
    """`made` lists the layers in the order of the parameters, if `model.layers` does not."""
    weights = [w for layer in made or model.layers for w in layer.weights]
    for w, given in zip(weights, parameters, strict=True):
        w.assign(given.reshape(w.shape))  # attention keeps (size, heads, size / heads)
    a = works.ADAM
    adam = keras.optimizers.Adam(a["lr"], a["beta1"], a["beta2"], a["eps"])
    model.compile(adam, keras.losses.SparseCategoricalCrossentropy(from_logits=True))

    def step():
        return model.train_on_batch(x, labels)

    def once():  # what it returns is a mean since the last reset
        model.reset_metrics()
        return step()

    step.once = once
    return step


def mlp(widths, batch):
    x, labels, parameters = works.mlp(widths, batch)
    model = keras.Sequential([keras.Input((widths[0],))])
    for outputs in widths[1:-1]:
        model.add(layers.Dense(outputs, activation="relu"))
    model.add(layers.Dense(widths[-1]))
    return training(model, x, labels, parameters)


def lenet():
    model = keras.Sequential([keras.Input((28, 28, 1))])
    for filters in (16, 32):
        model.add(layers.Conv2D(filters, 3, padding="same", activation="relu"))
        model.add(layers.MaxPooling2D(2))
    model.add(layers.Flatten())
    model.add(layers.Dense(10))
    return training(model, *works.lenet())


def lstm(length):
    model = keras.Sequential([keras.Input((length, 32)), layers.LSTM(128), layers.Dense(10)])
    return training(model, *works.lstm(length))


class Positions(layers.Layer):
    """Adds a learned vector to each step."""

    def build(self, shape):
        self.table = self.add_weight(shape=shape[1:])

    def call(self, x):
        return x + self.table


def gpt(length):
    ids, following, parameters = works.gpt(length)
    size = works.SIZE
    gelu = lambda x: keras.activations.gelu(x, approximate=True)
    made = []  # in the order of `works.gpt`, which is not always that of `model.layers`

    def new(layer):
        made.append(layer)
        return layer

    def norm(x):
        return new(layers.LayerNormalization(epsilon=works.EPS))(x)

    inputs = keras.Input((length,), dtype="int32")
    z = new(layers.Embedding(works.VOCABULARY, size))(inputs)
    z = new(Positions())(z)
    for _ in range(works.LAYERS):
        seen = norm(z)
        attention = new(layers.MultiHeadAttention(works.HEADS, size // works.HEADS))
        z = z + attention(seen, seen, use_causal_mask=True)
        seen = norm(z)
        up = new(layers.Dense(4 * size, activation=gelu))(seen)
        z = z + new(layers.Dense(size))(up)
    seen = norm(z)
    model = keras.Model(inputs, new(layers.Dense(works.VOCABULARY))(seen))
    return training(model, ids.astype(np.int32), following, parameters, made)


def layer_norm():
    x, scale, shift, g = works.layer_norm()

    def f(x, scale, shift):
        mean, variance = tf.nn.moments(x, [-1], keepdims=True)
        return tf.nn.batch_normalization(x, mean, variance, shift, scale, works.EPS)

    return function(f, [x, scale, shift], g)


def batch_norm():
    x, scale, shift, g = works.batch_norm()

    def f(x, scale, shift):
        return tf.compat.v1.nn.fused_batch_norm(x, scale, shift, epsilon=works.EPS)[0]

    return function(f, [x, scale, shift], g)


def conv():
    x, kernel, g = works.conv()
    return function(lambda x, w: tf.nn.conv2d(x, w, 1, "SAME"), [x, kernel], g)


def depthwise():
    x, kernel, g = works.depthwise()
    f = lambda x, w: tf.nn.depthwise_conv2d(x, w, [1, 1, 1, 1], "SAME")
    return function(f, [x, kernel.transpose(0, 1, 3, 2)], g)
