"""The works in JAX: each is one compiled function, a training step with Adam included."""

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

import works
from peers import formulas


def function(f, arrays):
    """f(arrays) and its gradients."""
    arrays = [jnp.asarray(a) for a in arrays]
    both = jax.jit(jax.value_and_grad(f, tuple(range(len(arrays)))))

    def step():
        value, gradients = jax.block_until_ready(both(*arrays))
        return value, *gradients

    return step


def tanh(n):
    return function(lambda *arrays: formulas.tanh(jnp, *arrays), works.vectors(n, 3))


def five(n):
    return function(lambda x: formulas.five(jnp, x), works.vectors(n, 1))


def adam(parameters, gradients, m, v, steps):
    a, tree = works.ADAM, jax.tree.map
    steps = steps + 1
    m = tree(lambda m, g: a["beta1"] * m + (1 - a["beta1"]) * g, m, gradients)
    v = tree(lambda v, g: a["beta2"] * v + (1 - a["beta2"]) * g * g, v, gradients)
    m_bias, v_bias = 1 - a["beta1"] ** steps, 1 - a["beta2"] ** steps
    move = lambda w, m, v: w - a["lr"] * (m / m_bias) / (jnp.sqrt(v / v_bias) + a["eps"])
    return tree(move, parameters, m, v), m, v, steps


def training(logits, x, labels, parameters):
    x, labels = jnp.asarray(x), jnp.asarray(labels.reshape(-1))
    rows = jnp.arange(labels.size)

    def loss_of(parameters, x):
        return formulas.cross_entropy(jnp, logits(parameters, x), labels, rows)

    def one(state, x):
        loss, gradients = jax.value_and_grad(loss_of)(state[0], x)
        return loss, adam(state[0], gradients, *state[1:])

    one = jax.jit(one, donate_argnums=0)  # the new state takes the place of the old
    parameters = [jnp.asarray(p) for p in parameters]
    zeros = lambda: [jnp.zeros_like(p) for p in parameters]
    state = parameters, zeros(), zeros(), jnp.asarray(0.0)

    def step():
        nonlocal state
        loss, state = jax.block_until_ready(one(state, x))
        return loss

    return step


def mlp(widths, batch):
    return training(lambda p, x: formulas.mlp(jnp, p, x), *works.mlp(widths, batch))


def convolve(x, kernel, groups=1):
    return lax.conv_general_dilated(
        x, kernel, (1, 1), "SAME", feature_group_count=groups,
        dimension_numbers=("NHWC", "HWIO", "NHWC"),
    )  # fmt: skip


def lenet():
    def logits(parameters, x):
        for kernel, bias in (parameters[:2], parameters[2:4]):
            x = jnp.maximum(convolve(x, kernel) + bias, 0)
            x = lax.reduce_window(x, -jnp.inf, lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")
        return x.reshape(len(x), -1) @ parameters[4] + parameters[5]

    return training(logits, *works.lenet())


def lstm(length):
    def logits(parameters, x):
        W, U, b, head_W, head_b = parameters

        def cell(states, xW):
            return formulas.lstm_cell(jnp, U, b, *states, xW), None

        zeros = jnp.zeros((len(x), 128))
        (h, _), _ = lax.scan(cell, (zeros, zeros), jnp.swapaxes(x @ W, 0, 1))
        return h @ head_W + head_b

    return training(logits, *works.lstm(length))


def gpt(length):
    hidden = jnp.asarray(np.triu(np.full((length, length), -1e9, np.float32), 1))
    return training(lambda p, x: formulas.gpt(jnp, p, x, hidden), *works.gpt(length))


def layer(f, arrays, g):
    """f(arrays), and the gradients of all arrays, given that of the result."""
    arrays, g = [jnp.asarray(a) for a in arrays], jnp.asarray(g)

    @jax.jit
    def both(arrays, g):
        y, back = jax.vjp(f, *arrays)
        return y, *back(g)

    return lambda: jax.block_until_ready(both(arrays, g))


def layer_norm():
    *arrays, g = works.layer_norm()
    return layer(lambda *arrays: formulas.layer_norm(jnp, *arrays), arrays, g)


def batch_norm():
    *arrays, g = works.batch_norm()
    return layer(lambda *arrays: formulas.batch_norm(jnp, *arrays), arrays, g)


def conv():
    *arrays, g = works.conv()
    return layer(convolve, arrays, g)


def depthwise():
    *arrays, g = works.depthwise()
    return layer(lambda x, kernel: convolve(x, kernel, 64), arrays, g)
