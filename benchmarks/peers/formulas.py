"""Networks as functions of arrays, in the functions that JAX, MyGrad, autograd and NumPy share.

`np` is the library. A network is `logits(np, parameters, x)`, with the parameters in the order of `works`.
"""

import works


def tanh(np, a, b, c):
    return np.sum(np.tanh(a * b + c))


def five(np, x):
    y = np.tanh(x * 0.5 + 1.0)
    return np.sum(y * y - x)


def mlp(np, parameters, x):
    last = len(parameters) // 2 - 1
    for i in range(last + 1):
        x = np.matmul(x, parameters[2 * i]) + parameters[2 * i + 1]
        if i < last:
            x = np.maximum(x, 0)
    return x


def sigmoid(np, z):
    return 0.5 * np.tanh(0.5 * z) + 0.5


def lstm_cell(np, U, b, h, c, xW):
    z = xW + np.matmul(h, U) + b
    i, f, o = (sigmoid(np, z[:, k : k + 128]) for k in (0, 128, 384))
    c = f * c + i * np.tanh(z[:, 256:384])
    return o * np.tanh(c), c


def lstm(np, parameters, x):
    W, U, b, head_W, head_b = parameters
    length = x.shape[1]
    xW = np.matmul(x, W)
    h, c = lstm_cell(np, 0 * U, b, xW[:, 0, :128], 0 * xW[:, 0, :128], xW[:, 0])  # h and c are 0
    for t in range(1, length):
        h, c = lstm_cell(np, U, b, h, c, xW[:, t])
    return np.matmul(h, head_W) + head_b


def layer_norm(np, x, scale, shift, axis=-1):
    d = x - np.mean(x, axis=axis, keepdims=True)
    return d / np.sqrt(np.mean(d * d, axis=axis, keepdims=True) + works.EPS) * scale + shift


def batch_norm(np, x, scale, shift):
    return layer_norm(np, x, scale, shift, axis=(0, 1, 2))


def softmax(np, z):
    e = np.exp(z - np.max(z, axis=-1, keepdims=True))
    return e / np.sum(e, axis=-1, keepdims=True)


def gelu(np, x):
    return 0.5 * x * (1 + np.tanh(0.7978845608 * (x + 0.044715 * x * x * x)))


def gpt(np, parameters, ids, hidden):
    """hidden: (length, length), a large negative number where a step may not look."""
    given = iter(parameters)
    n, length = ids.shape
    width = works.SIZE // works.HEADS
    x = next(given)[ids] + next(given)

    def linear(x):
        return np.matmul(x, next(given)) + next(given)

    def heads(x):
        return np.swapaxes(np.reshape(x, (n, length, works.HEADS, width)), 1, 2)

    for _ in range(works.LAYERS):
        seen = layer_norm(np, x, next(given), next(given))
        q, k, v = heads(linear(seen)), heads(linear(seen)), heads(linear(seen))
        scores = np.matmul(q, np.swapaxes(k, 2, 3)) * width**-0.5 + hidden
        y = np.swapaxes(np.matmul(softmax(np, scores), v), 1, 2)
        x = x + linear(np.reshape(y, (n, length, works.SIZE)))
        seen = layer_norm(np, x, next(given), next(given))
        x = x + linear(gelu(np, linear(seen)))
    return linear(layer_norm(np, x, next(given), next(given)))


def cross_entropy(np, logits, labels, rows):
    """rows: 0, 1, ..., as many as labels. Both are flat."""
    logits = np.reshape(logits, (-1, logits.shape[-1]))
    z = logits - np.max(logits, axis=1, keepdims=True)
    return np.mean(np.log(np.sum(np.exp(z), axis=1)) - z[rows, labels])
