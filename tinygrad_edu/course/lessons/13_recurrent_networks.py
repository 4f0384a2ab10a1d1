# builds: a recurrent network and an LSTM by hand, and why only one of them remembers
# needs: lessons 4 and 9
# %% [markdown] title
# # Lesson 13: Recurrent networks and vanishing gradients
#
# A recurrent network reads a sequence step by step and keeps what it has read in a state. In this lesson you write one in three lines, differentiate it through time, and find out how far back its gradient reaches: **it vanishes or explodes, and eigenvalues decide which**. Then you write an LSTM, which was invented to solve this problem, and test both on a task that needs memory and on 309 years of sunspots.
#
# You need lessons [4](04_seeing_a_backward_pass.ipynb) and [9](09_initialization_normalization_dropout.ipynb), and about twenty minutes.
# %% imports tags=needed
import matplotlib.pyplot as plt
import numpy as np

from models.datasets import load_sunspots
from tinygrad_edu import Tensor, nn, no_grad, ops, optim
from tinygrad_edu.course import check, needs
from tinygrad_edu.data import token_windows
from tinygrad_edu.gradcheck import gradcheck
from tinygrad_edu.training import Trainer


# %% [markdown] rnn-words
# ## 1. A network that reads step by step
#
# A **recurrent network** (Elman 1990) has a state $h$, a row of numbers. At each step it computes a new state from the input and the old state, always with the same parameters:
#
# $$h_t = \tanh(x_t W + h_{t-1} U + b)$$
#
# So it can read sequences of any length. In NumPy:
# %% rnn tags=needed
def rnn(x, h, W, U, b):
    """The states after every step, (T, units).    x: (T, inputs), h: (units,)"""
    states = []
    for t in range(len(x)):
        h = np.tanh(x[t] @ W + h @ U + b)
        states.append(h)
    return np.stack(states)


# %% rnn-run
rng = np.random.default_rng(0)
x, h0 = rng.normal(size=(5, 3)), np.zeros(4)
layer = nn.SimpleRNN(3, 4, return_sequences=True, rng=0, dtype=np.float64)
W, U, b = layer.W.data, layer.U.data, layer.b.data

states = rnn(x, h0, W, U, b)
print("states:", states.shape, "  parameters:", W.shape, U.shape, b.shape)
print("equal to nn.SimpleRNN:", np.allclose(states, layer(x[None]).data[0]))
assert np.allclose(states, layer(x[None]).data[0], rtol=0, atol=1e-12)
# %% [markdown] through-time-words
# The number of parameters does not depend on the length of the sequence. But the computation does: it is a network with one layer for each step, and all layers share their parameters.
#
# ## 2. Backward through time
#
# To differentiate it, we need nothing new. Our function also takes Tensors, and `backward()` goes back through all the steps. This is called **backpropagation through time** (Werbos 1990). *Every step uses `U`. What is the gradient of `U`, then?*
# %% through-time
leaves = [Tensor(array, requires_grad=True) for array in (x, h0, W, U, b)]
rnn(*leaves)[-1].sum().backward()
print("gradient of U:", leaves[3].grad.shape)
assert gradcheck(rnn, x, h0, W, U, b)

copies = [Tensor(U.copy(), requires_grad=True) for _ in x]  # one U for each step
h = h0
for t in range(5):
    h = np.tanh(x[t] @ W + h @ copies[t] + b)
h.sum().backward()
print("sum over the steps:", np.allclose(leaves[3].grad, sum(copy.grad for copy in copies)))
assert np.allclose(leaves[3].grad, sum(copy.grad for copy in copies))


# %% [markdown] reach-words
# It is the sum of what each step would get if it had a `U` of its own. Now the important question: *how much does the last state depend on the first input, and how much on the last one?* The gradient with respect to `x` says it. A small function runs a network for many steps and returns the length of that gradient for each step:
# %% reach
def gradient_by_step(U, steps=60, squash=np.tanh, seed=1):
    """The length of the gradient of c · h_T with respect to the input of each step, (steps,)."""
    rng = np.random.default_rng(seed)
    units = len(U)
    x = Tensor(0.1 * rng.normal(size=(steps, units)), requires_grad=True)
    h = np.zeros(units)
    for t in range(steps):
        h = squash(x[t] + h @ U)
    c = rng.normal(size=units)
    (h * (c / np.linalg.norm(c))).sum().backward()
    return np.linalg.norm(x.grad, axis=1)


def spectral_radius(U):
    return np.abs(np.linalg.eigvals(U)).max()


random = np.random.default_rng(3).normal(size=(32, 32))
unit = random / spectral_radius(random)  # its largest eigenvalue has the absolute value 1
for radius in [0.8, 1.0, 1.25]:
    reach = gradient_by_step(radius * unit, squash=lambda z: z)
    print(f"largest eigenvalue {radius:<5} gradient at the first of 60 steps: {reach[0]:.1e}")
# %% [markdown] eigenvalues
# These networks are linear (`squash` does nothing), and so the gradient can be written down. With $h_t = x_t + h_{t-1} U$, going back one step multiplies it by $U^\top$:
#
# $$\frac{\partial\, c \cdot h_T}{\partial x_t} = c\,(U^\top)^{T-t}$$
#
# A power of a matrix is governed by its eigenvalue $\lambda$ of largest absolute value, the **spectral radius**. If $|\lambda| < 1$, the gradient shrinks by this factor at every step: it **vanishes**. If $|\lambda| > 1$, it **explodes** (Bengio, Simard and Frasconi 1994). The value in between is a single point. *What will the tanh change?*
# %% reach-check
reach = gradient_by_step(0.8 * unit, steps=400, squash=lambda z: z)
factor = (reach[0] / reach[200]) ** (1 / 200)
print("mean factor of one step:", round(factor, 2))
assert abs(factor - 0.8) < 0.01
# %% reach-picture
# alt: The length of the gradient by distance from the end, on a logarithmic axis, for three spectral radii. Two linear networks give straight lines, one falling and one rising, with a level one between them; the networks with tanh lie below.
fig, ax = plt.subplots(figsize=(6.5, 3), layout="constrained")
for color, radius in enumerate([0.8, 1.0, 1.25]):
    linear = gradient_by_step(radius * unit, squash=lambda z: z)
    ax.semilogy(linear[::-1], f"C{color}--", label=f"linear, {radius}")
    ax.semilogy(gradient_by_step(radius * unit)[::-1], f"C{color}", label=f"tanh, {radius}")
ax.set(xlabel="distance from the last step", ylabel="length of the gradient")
ax.legend(ncols=3, fontsize=8, loc="upper left")
ax.set_ylim(1e-7, 1e10)
# %% [markdown] reach-after
# Far from the end the dashed lines are straight: one eigenvalue decides, and each step multiplies by the same factor. With tanh, each step also multiplies by $\tanh' = 1 - h^2 \le 1$. This factor never makes the gradient longer. It stops the explosion when the states saturate, and then $1 - h^2$ is near 0 for many units.
#
# A gradient of $10^{-6}$ is not zero. Why is it a problem? The gradient of `U` is a **sum** over the steps. Next to the terms of the last few steps, those of the early steps are invisible. The network learns short-term relations and never notices the long-term ones.
#
# ## 3. Exploding gradients: clip them
#
# Exploding has a simple remedy. If the gradient $g$ is longer than some limit, **clip** it to that length and keep its direction (Pascanu, Mikolov and Bengio 2013):
#
# $$g \leftarrow g \cdot \min\!\left(1, \frac{\text{limit}}{\lVert g \rVert}\right)$$
#
# The smallest example is a linear state of one number, $h_{20} = u^{20}$ from $h_0 = 1$, which should become 0.5. *What does one step of gradient descent do at $u = 1.2$?*
# %% clip
for limit in [None, 1.0]:
    u = nn.Parameter(np.array(1.2))
    optimizer = optim.SGD([u], lr=0.004, clip_norm=limit)
    path = []
    for _ in range(150 if limit else 1):
        loss = (u**20 - 0.5) ** 2
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        path.append(u.item())
    print(f"limit {limit}: after one step u = {path[0]:.3f}, after {len(path)} u = {path[-1]:.3f}")
assert abs(path[-1] - 0.5 ** (1 / 20)) < 1e-3
assert 48_000 < 2 * (1.2**20 - 0.5) * 20 * 1.2**19 < 49_000


# %% [markdown] clip-after
# The gradient at 1.2 is about 48 000, and the step throws $u$ far away. With clipping the step has at most the length of the learning rate, and $u$ arrives at $0.5^{1/20} = 0.966$. In our optimizers it is `clip_norm` for each parameter, or `clip_global_norm` for all together, which keeps the direction of the whole step.
#
# For vanishing gradients there is no such remedy: a longer gradient would still point in the direction of the last steps. The network itself must change.
#
# ## 4. The LSTM
#
# The **long short-term memory** (Hochreiter and Schmidhuber 1997) has a second state, the cell $c$. It is not multiplied by a matrix from step to step. It is *added to*:
#
# $$c_t = f \odot c_{t-1} + i \odot a \qquad h_t = o \odot \tanh c_t$$
#
# The **gates** $i$, $f$, $o$ lie between 0 and 1, and each is computed from the input and the old $h$, as is the candidate $a$: $\;[i, f, a, o] = [\sigma, \sigma, \tanh, \sigma]\big(x_t W + h_{t-1} U + b\big)$. The forget gate $f$ says what to keep, $i$ what to write, $o$ what to show.
# %% lstm tags=needed
def lstm(x, h, c, W, U, b):
    """The last h and c, (units,) each.    x: (T, inputs), W: (inputs, 4 units), U: (units, 4 units)"""
    for t in range(len(x)):
        i, f, a, o = np.split(x[t] @ W + h @ U + b, 4)
        c = ops.sigmoid(f) * c + ops.sigmoid(i) * np.tanh(a)
        h = ops.sigmoid(o) * np.tanh(c)
    return h, c


# %% lstm-run
layer = nn.LSTM(3, 4, return_state=True, rng=0, dtype=np.float64)
arguments = x, h0, np.zeros(4), layer.W.data, layer.U.data, layer.b.data
h, c = lstm(*arguments)
_, their_h, their_c = layer(x[None])
print("equal to nn.LSTM:", np.allclose(h, their_h.data[0]) and np.allclose(c, their_c.data[0]))
assert np.allclose(h, their_h.data[0], rtol=0, atol=1e-12)
assert np.allclose(c, their_c.data[0], rtol=0, atol=1e-12)
assert gradcheck(lambda *a: lstm(*a)[0], *arguments, order=1)


# %% [markdown] gates-words
# Going back one step along the cell multiplies the gradient by $f$, element by element, and by nothing else. If a forget gate is 1, the gradient passes unchanged, over any distance. **The network can learn how long it remembers.**
#
# At the start of the training, $f \approx \sigma(b_f)$, where $b_f$ is the bias of the forget gate. Keras and this library begin with $b_f = 1$ (Gers and others 2000). *How far does $\sigma(1) = 0.73$ reach?*
# %% gates
def cell_gradient(forget_bias, steps=60, units=32):
    """The length of the gradient of the last c with respect to the input of each step."""
    layer = nn.LSTM(units, units, return_state=True, rng=0, dtype=np.float64)
    layer.b.data[units : 2 * units] = forget_bias
    rng = np.random.default_rng(1)
    x = Tensor(0.1 * rng.normal(size=(1, steps, units)), requires_grad=True)
    c = layer(x)[2]
    direction = rng.normal(size=units)
    (c * (direction / np.linalg.norm(direction))).sum().backward()
    return np.linalg.norm(x.grad[0], axis=1)


reaches = {bias: cell_gradient(bias) for bias in [1.0, 3.0, 5.0]}
for bias, reach in reaches.items():
    print(
        f"forget bias {bias:.0f}: σ = {ops.sigmoid(bias):.3f}   first / last: {reach[0] / reach[-1]:.0e}"
    )
assert reaches[1.0][-1] / reaches[1.0][0] > 1e3 and reaches[5.0][-1] / reaches[5.0][0] < 10
# %% gates-picture
# alt: The length of the gradient by distance for three forget biases, on a logarithmic axis. With bias 1 it falls by more than four orders of magnitude, with 3 and 5 it does not fall.
fig, ax = plt.subplots(figsize=(6.5, 2.6), layout="constrained")
for bias, reach in reaches.items():
    ax.semilogy(reach[::-1], label=f"LSTM, forget bias {bias:.0f}")
ax.semilogy(gradient_by_step(0.8 * unit)[::-1], "k--", label="tanh, spectral radius 0.8")
ax.set(xlabel="distance from the last step", ylabel="length of the gradient")
ax.legend(fontsize=8)


# %% [markdown] memory-words
# So an LSTM does not remember by itself. With the usual bias its gradient vanishes too, only later. With a bias of 3 or 5 it reaches back over all 60 steps (the way through $h$ even lets it grow a little), and the network can still learn to forget.
#
# ## 5. A task that needs memory
#
# The network reads 50 random symbols out of four, and must name the **first** one. The other 49 only disturb. Guessing is right in a quarter of the cases. *Which of the networks will learn it?*
# %% memory
def first_symbol(n, steps, rng):
    symbols = rng.integers(0, 4, (n, steps))
    return np.eye(4, dtype=np.float32)[symbols], symbols[:, 0]


def remembers(kind, steps, lr, seed, forget_bias=None, training=400):
    """The accuracy on new sequences after `training` steps of Adam with 32 sequences each."""
    units = 24
    model = nn.Sequential(kind(4, units, rng=seed), nn.Linear(units, 4, rng=seed + 100))
    if forget_bias is not None:
        model[0].b.data[units : 2 * units] = forget_bias
    optimizer = optim.Adam(model.parameters(), lr, clip_global_norm=1.0)
    rng = np.random.default_rng(seed)
    for _ in range(training):
        x, y = first_symbol(32, steps, rng)
        loss = nn.cross_entropy(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    x, y = first_symbol(400, steps, np.random.default_rng(99))
    with no_grad():
        return float((model(x).data.argmax(axis=1) == y).mean())


# %% memory-short
short = remembers(nn.SimpleRNN, 10, 0.003, seed=0)
print("SimpleRNN, 10 symbols:", round(short, 1))
assert short > 0.95
# %% memory-run tags=varies
results = {
    "SimpleRNN, lr 0.003": [remembers(nn.SimpleRNN, 50, 0.003, seed) for seed in range(3)],
    "SimpleRNN, lr 0.01": [remembers(nn.SimpleRNN, 50, 0.01, seed) for seed in range(3)],
    "LSTM, forget bias 1": [remembers(nn.LSTM, 50, 0.01, 0)],
    "LSTM, forget bias 5": [remembers(nn.LSTM, 50, 0.01, seed, 5.0) for seed in range(3)],
}
for name, accuracies in results.items():
    print(f"{name:20}", *(f"{accuracy:.0%}" for accuracy in accuracies))
assert np.median(results["LSTM, forget bias 5"]) > 0.9
assert np.median(results["SimpleRNN, lr 0.003"] + results["SimpleRNN, lr 0.01"]) < 0.5
assert results["LSTM, forget bias 1"][0] < 0.5
# %% [markdown] memory-after
# Each column is another seed. Ten symbols are no problem for the simple network. With 50, it stays at chance, or is lucky in a single run. (It has the best possible start: all eigenvalues of its `U` have the absolute value 1, because `U` begins orthogonal.) The LSTM whose gates begin at 0.73 stays at chance too: $0.73^{49}$ is less than a millionth, and no gradient arrives at the first symbol. **The same LSTM with a forget bias of 5 learns the task.** The structure makes memory possible, and the initialization makes it learnable. (Tallec and Ollivier 2018 choose the biases according to the length of the memory that a task needs.)
#
# ## 6. Sunspots
#
# Now a real series: the number of sunspots in each year from 1700 to 2008, with its cycle of about eleven years. The network reads 30 years and predicts the next. We train on the years before 1930 and test on those from 1930. The square root makes the scatter of high and low years similar.
# %% sunspots
table = load_sunspots()
years, spots = table.data[:, 0], table.target
series = np.sqrt(spots) / 10
x, _ = token_windows(series, 30, stride=1)
x, y, year = x[..., None].astype(np.float32), series[30:].astype(np.float32), years[30:]
train, test = year < 1930, year >= 1930
print("windows for training:", train.sum(), "  for the test:", test.sum())


def error(prediction):
    """The root mean square error in the test years, in sunspots."""
    return np.sqrt(np.mean((100 * prediction**2 - spots[30:][test]) ** 2))


# %% [markdown] baseline-words
# Before any network: what do simple methods achieve? The first says that next year will be like this year. The second is **autoregression**: a linear function of the last nine years, fitted by least squares. It is an old and strong method (Yule invented it in 1927 for these very numbers).
# %% baselines
same = error(x[test, -1, 0])
past = np.column_stack([x[:, -9:, 0], np.ones(len(x))])
weights = np.linalg.lstsq(past[train], y[train], rcond=None)[0]
linear = error(past[test] @ weights)
print("same as this year:", round(float(same), 1), "  linear, 9 years:", round(float(linear), 1))
assert linear < 0.6 * same
# %% sunspots-fit
model = nn.Sequential(nn.LSTM(1, 16, rng=0), nn.Linear(16, 1, rng=1))
trainer = Trainer(model, nn.mse, optim.Adam(model.parameters(), lr=0.01, clip_global_norm=1.0))
trainer.fit(x[train], y[train, None], epochs=60, batch_size=50, seed=0, progress=False)
predicted = trainer.predict(x[test])[:, 0]
# %% sunspots-result tags=varies
print("LSTM:", round(float(error(predicted)), 1))
parameters = sum(p.size for p in model.parameters())
print("parameters of the LSTM:", parameters, "  of the linear model:", len(weights))
assert error(predicted) < 0.65 * same and parameters == 1169
# %% sunspots-picture
# alt: Sunspots by year from 1930 to 2008 in black, with seven cycles, and the LSTM's predictions one year ahead, which follow them closely and miss the height of some peaks.
fig, ax = plt.subplots(figsize=(8.5, 2.8), layout="constrained")
ax.plot(year[test], spots[30:][test], "k.-", markersize=4, label="sunspots")
ax.plot(year[test], 100 * predicted**2, label="LSTM, one year ahead")
ax.set(xlabel="year", ylabel="sunspots")
ax.legend(loc="upper right", fontsize=8)
# %% [markdown] sunspots-after
# The LSTM halves the error of "same as this year", and so does the linear model. With only 200 windows to learn from, 1169 parameters have little advantage over ten. **A baseline is part of every result**: without it, the picture would look like a success of the LSTM alone.
#
# ## 7. The same in Keras
#
# You need TensorFlow for this section. Keras's LSTM holds the gates in the same order as ours, so the weights need no conversion. `compare` builds the same network in Keras with the same weights, trains both with the same batches, and compares every output, gradient and weight:
# %% keras-twin tags=keras
needs("keras")
from tinygrad_edu.twins import compare

double = nn.Sequential(nn.LSTM(1, 16, rng=0), nn.Linear(16, 1, rng=1)).astype(np.float64)
batches = [
    (x[i : i + 20].astype(np.float64), y[i : i + 20, None].astype(np.float64))
    for i in range(0, 200, 20)
]
report = compare(double, nn.mse, optim.SGD(double.parameters(), lr=0.1), batches)
print("steps:", len(report), "  first difference from Keras's:", report.first_divergence())
assert len(report) == 10 and report.first_divergence() is None
# %% [markdown] exercises
# ## 8. Four exercises
#
# ### Exercise 1: on paper (1 point)
#
# A forget gate is constant, $f = \sigma(b)$. The gradient along the cell is multiplied by $f$ at every step. `steps`: with $b = 1$, after how many steps (a whole number) is it below 1/1000 for the first time? `bias`: which $b$ makes it exactly one half after 50 steps?
#
# <details><summary>Hint</summary>
#
# After $n$ steps the factor is $f^n$, and its logarithm $n \ln f$. From $f$ you get back to $b$ with $b = \ln \frac{f}{1 - f}$.
#
# </details>
# %% exercise forgetting points=1
# BEGIN SOLUTION
steps = 23
bias = np.log(0.5 ** (1 / 50) / (1 - 0.5 ** (1 / 50)))


# END SOLUTION
# %% check forgetting
def check_forgetting(steps, bias):
    assert steps != 22, "After 22 steps the factor is 0.00102, still above 1/1000."
    assert steps != 7, "The factor of one step is σ(1) = 0.731, not exp(-1)."
    assert steps == 23, "Find the first whole n with σ(1)^n below 0.001."
    assert not np.isclose(bias, 0.5 ** (1 / 50)), "That is f. Which b has σ(b) = f?"
    assert not np.isclose(bias, -np.log(0.5 ** (1 / 50) / (1 - 0.5 ** (1 / 50)))), (
        "The sign: a gate near 1 has a positive bias."
    )
    assert np.isclose(bias, 4.271, atol=2e-3), (
        "f^50 = 1/2, so f = 0.5^(1/50). Then b = ln(f/(1-f))."
    )


# %% hidden forgetting
def check_forgetting(steps, bias):
    f = 1 / (1 + np.exp(-1))
    assert f**steps < 1e-3 <= f ** (steps - 1), "Check the steps again."
    assert np.isclose((1 / (1 + np.exp(-bias))) ** 50, 0.5, atol=1e-3), "Check the bias again."


# %% right forgetting
steps = int(np.ceil(np.log(1000) / np.log(1 + np.exp(-1))))
bias = -np.log(2 ** (1 / 50) - 1)
# %% right forgetting
steps, bias = 23, 4.271
# %% wrong forgetting: still above
steps, bias = 22, 4.271
# %% wrong forgetting: not exp(-1)
steps, bias = 7, 4.271
# %% wrong forgetting: That is f
steps, bias = 23, 0.5 ** (1 / 50)
# %% wrong forgetting: The sign
steps, bias = 23, -np.log(0.5 ** (1 / 50) / (1 - 0.5 ** (1 / 50)))


# %% [markdown] exercise-2-words
# ### Exercise 2: the GRU (2 points)
#
# The **gated recurrent unit** (Cho and others 2014) has no cell, and two gates:
#
# $$z = \sigma(x W_z + h U_z + b_z) \qquad r = \sigma(x W_r + h U_r + b_r)$$
# $$a = \tanh(x W_a + (r \odot h)\, U_a + b_a) \qquad h' = z \odot h + (1 - z) \odot a$$
#
# Write `gru_step(x, h, W, U, b)`, which returns $h'$ (units,). `W` (inputs, 3 units), `U` (units, 3 units) and `b` (3 units) hold $z$, $r$, $a$ side by side.
#
# <details><summary>Hint</summary>
#
# Split `W`, `U` and `b` into three with `np.split(..., 3, axis=-1)`. $a$ needs $r$, so compute $r$ first.
#
# </details>
# %% exercise gru points=2
def gru_step(x, h, W, U, b):
    # BEGIN SOLUTION
    (Wz, Wr, Wa), (Uz, Ur, Ua), (bz, br, ba) = (np.split(p, 3, axis=-1) for p in (W, U, b))
    z = ops.sigmoid(x @ Wz + h @ Uz + bz)
    r = ops.sigmoid(x @ Wr + h @ Ur + br)
    a = np.tanh(x @ Wa + (r * h) @ Ua + ba)
    return z * h + (1 - z) * a
    # END SOLUTION


# %% check gru
def check_gru(gru_step):
    rng = np.random.default_rng(2)
    x, h, W, U, b = (rng.normal(size=shape) for shape in [3, 4, (3, 12), (4, 12), 12])
    answer = gru_step(x, h, W, U, b)
    assert np.shape(answer) == (4,), "Return the new state, of the shape of h."

    def sigmoid(v):
        return 1 / (1 + np.exp(-v))

    from_x = x @ W + b
    z, r = sigmoid(from_x[:4] + h @ U[:, :4]), sigmoid(from_x[4:8] + h @ U[:, 4:8])
    a = np.tanh(from_x[8:] + (r * h) @ U[:, 8:])
    late = np.tanh(from_x[8:] + r * (h @ U[:, 8:]))
    ungated = np.tanh(from_x[8:] + h @ U[:, 8:])
    assert not np.allclose(answer, (1 - z) * h + z * a), (
        "z is the part of the old state that stays: z * h + (1 - z) * a."
    )
    assert not np.allclose(answer, z * h + (1 - z) * late), (
        "Here r multiplies h before the product with U, not after it."
    )
    assert not np.allclose(answer, z * h + (1 - z) * ungated), "a forgets a part of h: use r."
    other = sigmoid(from_x[4:8] + h @ U[:, 4:8])
    swapped = np.tanh(from_x[8:] + (z * h) @ U[:, 8:])
    assert not np.allclose(answer, other * h + (1 - other) * swapped), (
        "The order of the columns is z, r, a."
    )
    assert np.allclose(answer, z * h + (1 - z) * a), (
        "Compare each of z, r and a with its formula. The gates have a sigmoid, a has a tanh."
    )


# %% hidden gru
def check_gru(gru_step):
    layer = nn.GRU(2, 5, reset_after=False, rng=4, dtype=np.float64)
    rng = np.random.default_rng(8)
    layer.b.data[...] = rng.normal(size=15)
    x, h = rng.normal(size=(6, 2)), np.zeros(5)
    for t in range(6):
        h = np.asarray(gru_step(x[t], h, layer.W.data, layer.U.data, layer.b.data))
    assert np.allclose(h, layer(x[None]).data[0]), "Six steps should give what nn.GRU gives."


# %% right gru
def gru_step(x, h, W, U, b):
    units = len(h)
    gates = 1 / (1 + np.exp(-(x @ W[:, : 2 * units] + h @ U[:, : 2 * units] + b[: 2 * units])))
    z, r = gates[:units], gates[units:]
    a = np.tanh(x @ W[:, 2 * units :] + (r * h) @ U[:, 2 * units :] + b[2 * units :])
    return a + z * (h - a)


# %% right gru
def gru_step(x, h, W, U, b):
    new = []
    n = len(h)
    r = [1 / (1 + np.exp(-(x @ W[:, n + j] + h @ U[:, n + j] + b[n + j]))) for j in range(n)]
    for j in range(n):
        z = 1 / (1 + np.exp(-(x @ W[:, j] + h @ U[:, j] + b[j])))
        a = np.tanh(x @ W[:, 2 * n + j] + (np.array(r) * h) @ U[:, 2 * n + j] + b[2 * n + j])
        new.append(z * h[j] + (1 - z) * a)
    return new


# %% wrong gru: the part of the old state that stays
def gru_step(x, h, W, U, b):
    z, r, _ = np.split(1 / (1 + np.exp(-(x @ W + h @ U + b))), 3)
    n = len(h)
    a = np.tanh(x @ W[:, 2 * n :] + (r * h) @ U[:, 2 * n :] + b[2 * n :])
    return (1 - z) * h + z * a


# %% wrong gru: not after it
def gru_step(x, h, W, U, b):
    z, r, _ = np.split(1 / (1 + np.exp(-(x @ W + h @ U + b))), 3)
    n = len(h)
    a = np.tanh(x @ W[:, 2 * n :] + r * (h @ U[:, 2 * n :]) + b[2 * n :])
    return z * h + (1 - z) * a


# %% wrong gru: use r
def gru_step(x, h, W, U, b):
    z = np.split(1 / (1 + np.exp(-(x @ W + h @ U + b))), 3)[0]
    a = np.split(np.tanh(x @ W + h @ U + b), 3)[2]
    return z * h + (1 - z) * a


# %% wrong gru: order of the columns
def gru_step(x, h, W, U, b):
    r, z, _ = np.split(1 / (1 + np.exp(-(x @ W + h @ U + b))), 3)
    n = len(h)
    a = np.tanh(x @ W[:, 2 * n :] + (r * h) @ U[:, 2 * n :] + b[2 * n :])
    return z * h + (1 - z) * a


# %% [markdown] exercise-3-words
# ### Exercise 3: clip all gradients together (2 points)
#
# Write `clip_all(gradients, limit)`. `gradients` is a list of arrays of different shapes. Their **global norm** is the length of all of them together, as if they were one long vector. If it is larger than `limit`, return a list of the gradients multiplied by one common factor, so that the global norm is `limit`. Otherwise return them as they are. Do not change the arrays that you are given.
#
# <details><summary>Hint</summary>
#
# The global norm is the root of the sum of all squared elements of all arrays.
#
# </details>
# %% exercise clip points=2
def clip_all(gradients, limit):
    # BEGIN SOLUTION
    norm = np.sqrt(sum((g**2).sum() for g in gradients))
    factor = min(1.0, limit / norm) if norm else 1.0
    return [g * factor for g in gradients]
    # END SOLUTION


# %% check clip
def check_clip(clip_all):
    gradients = [np.array([[3.0, 0.0], [0.0, 0.0]]), np.array([4.0])]
    kept = [g.copy() for g in gradients]
    answer = clip_all(gradients, 1.0)
    assert all(np.array_equal(g, k) for g, k in zip(gradients, kept, strict=True)), (
        "Your function changed the arrays that it was given. Return new ones."
    )
    assert isinstance(answer, tuple | list) and len(answer) == 2, "Return a list of two arrays."
    a, b = answer
    assert np.shape(a) == (2, 2) and np.shape(b) == (1,), "Each array keeps its shape."
    assert not (np.isclose(a[0][0], 1) and np.isclose(b[0], 1)), (
        "Each array was clipped by itself. That changes the direction: use one common factor."
    )
    assert not (np.isclose(a[0][0], 3 / 7) and np.isclose(b[0], 4 / 7)), (
        "The norms of the arrays do not add up: add the squares, then take the root."
    )
    assert np.isclose(a[0][0], 0.6) and np.isclose(b[0], 0.8), (
        "The global norm is 5, so the common factor is 1/5."
    )
    small = clip_all(gradients, 10.0)
    assert not np.isclose(small[1][0], 8), (
        "Gradients below the limit stay as they are: the factor is at most 1."
    )
    assert np.isclose(small[0][0][0], 3) and np.isclose(small[1][0], 4), (
        "Gradients below the limit stay as they are."
    )


# %% hidden clip
def check_clip(clip_all):
    rng = np.random.default_rng(6)
    gradients = [rng.normal(size=shape) for shape in [(3, 4), (5,), (), (2, 1, 3)]]
    norm = np.sqrt(sum((g**2).sum() for g in gradients))
    for limit in [0.1, 1.0, 100.0]:
        answer = clip_all([g.copy() for g in gradients], limit)
        for g, mine in zip(gradients, answer, strict=True):
            assert np.allclose(mine, g * min(1, limit / norm)), "Try arrays of other shapes."


# %% right clip
def clip_all(gradients, limit):
    norm = np.linalg.norm(np.concatenate([np.ravel(g) for g in gradients]))
    if norm <= limit:
        return list(gradients)
    return [g * limit / norm for g in gradients]


# %% right clip
def clip_all(gradients, limit):
    squares = 0.0
    for g in gradients:
        squares += float(np.vdot(g, g))
    return tuple(np.multiply(g, limit / max(limit, squares**0.5)) for g in gradients)


# %% wrong clip: by itself
def clip_all(gradients, limit):
    return [g * min(1, limit / np.linalg.norm(g)) for g in gradients]


# %% wrong clip: do not add up
def clip_all(gradients, limit):
    norm = sum(np.linalg.norm(g) for g in gradients)
    return [g * min(1, limit / norm) for g in gradients]


# %% wrong clip: at most 1
def clip_all(gradients, limit):
    norm = np.sqrt(sum((g**2).sum() for g in gradients))
    return [g * limit / norm for g in gradients]


# %% wrong clip: changed the arrays
def clip_all(gradients, limit):
    norm = np.sqrt(sum((g**2).sum() for g in gradients))
    for g in gradients:
        g *= min(1, limit / norm)
    return gradients


# %% [markdown] exercise-4-words
# ### Exercise 4: backward through time by hand (3 points)
#
# Write `backward_through_time(states, U, g)` for the network of section 1. `states` (T + 1, units) holds $h_0 \dots h_T$, `U` is (units, units), and `g` (units,) is the gradient of the loss with respect to the last state. Return the gradient of `U`.
#
# <details><summary>Hint</summary>
#
# Go from the last step to the first. The gradient of what is inside the tanh is $\delta = g \odot (1 - h_t^2)$. To `U` it contributes the outer product of $h_{t-1}$ and $\delta$. The gradient of $h_{t-1}$ is $\delta\, U^\top$: this is the new $g$.
#
# </details>
# %% exercise bptt points=3
def backward_through_time(states, U, g):
    # BEGIN SOLUTION
    total = np.zeros_like(U)
    for t in range(len(states) - 1, 0, -1):
        delta = g * (1 - states[t] ** 2)
        total += np.outer(states[t - 1], delta)
        g = delta @ U.T
    return total
    # END SOLUTION


# %% check bptt
def check_bptt(backward_through_time):
    rng = np.random.default_rng(5)
    U, g, h = 0.7 * rng.normal(size=(3, 3)), rng.normal(size=3), 0.1 * rng.normal(size=3)
    x, W, b = rng.normal(size=(6, 2)), rng.normal(size=(2, 3)), rng.normal(size=3)
    leaf = Tensor(U, requires_grad=True)
    (rnn(x, h, W, leaf, b)[-1] * g).sum().backward()
    states = np.vstack([h, rnn(x, h, W, U, b)])
    answer = backward_through_time(states, U, g)
    assert np.shape(answer) == (3, 3), "Return an array of the shape of U."

    def variant(transposed=True, slope=True, steps=6, swapped=False):
        total, back = np.zeros((3, 3)), g
        for t in range(6, 6 - steps, -1):
            delta = back * (1 - states[t] ** 2) if slope else back
            outer = np.outer(states[t - 1], delta)
            total = total + (outer.T if swapped else outer)
            back = delta @ (U.T if transposed else U)
        return total

    assert not np.allclose(answer, variant(steps=1)), (
        "That is the last step alone. Every step uses U: sum over all of them."
    )
    assert not np.allclose(answer, variant(transposed=False)), "Backward, U is transposed."
    assert not np.allclose(answer, variant(slope=False)), (
        "The slope of tanh is missing: multiply by 1 - h²."
    )
    assert not np.allclose(answer, variant(swapped=True)), (
        "The outer product is transposed: h_(t-1) has the rows, δ the columns."
    )
    assert np.allclose(answer, leaf.grad), (
        "Compare your loop with the hint: δ from h_t, the outer product with h_(t-1), then the new g."
    )


# %% hidden bptt
def check_bptt(backward_through_time):
    rng = np.random.default_rng(15)
    for steps, units in [(1, 2), (9, 4)]:
        U, g, h = rng.normal(size=(units, units)), rng.normal(size=units), rng.normal(size=units)
        x, W, b = rng.normal(size=(steps, 2)), rng.normal(size=(2, units)), np.zeros(units)
        leaf = Tensor(U, requires_grad=True)
        (rnn(x, h, W, leaf, b)[-1] * g).sum().backward()
        states = np.vstack([h, rnn(x, h, W, U, b)])
        assert np.allclose(backward_through_time(states, U, g), leaf.grad), "Try other lengths."


# %% right bptt
def backward_through_time(states, U, g):
    deltas = []
    for h in states[:0:-1]:
        deltas.append((1 - h * h) * g)
        g = U @ deltas[-1]
    return states[:-1].T @ np.array(deltas[::-1])


# %% right bptt
def backward_through_time(states, U, g):
    if len(states) == 1:
        return np.zeros((len(g), len(g)))
    delta = g * (1 - states[-1] ** 2)
    return states[-2][:, None] * delta + backward_through_time(states[:-1], U, U @ delta)


# %% wrong bptt: last step alone
def backward_through_time(states, U, g):
    return np.outer(states[-2], g * (1 - states[-1] ** 2))


# %% wrong bptt: U is transposed
def backward_through_time(states, U, g):
    total = np.zeros_like(U)
    for t in range(len(states) - 1, 0, -1):
        delta = g * (1 - states[t] ** 2)
        total += np.outer(states[t - 1], delta)
        g = delta @ U
    return total


# %% wrong bptt: slope of tanh
def backward_through_time(states, U, g):
    total = np.zeros_like(U)
    for t in range(len(states) - 1, 0, -1):
        total += np.outer(states[t - 1], g)
        g = g @ U.T
    return total


# %% wrong bptt: The outer product is transposed
def backward_through_time(states, U, g):
    total = np.zeros_like(U)
    for t in range(len(states) - 1, 0, -1):
        delta = g * (1 - states[t] ** 2)
        total += np.outer(delta, states[t - 1])
        g = delta @ U.T
    return total


# %% [markdown] next
# ## What you have seen
#
# - A recurrent network is a deep network with shared parameters. Backpropagation through time is `backward()`.
# - Going back one step multiplies the gradient by $U^\top$ and by the slope of tanh. The spectral radius of $U$ decides whether it vanishes or explodes.
# - Clipping limits exploding gradients. It does not help against vanishing ones.
# - An LSTM adds to its cell and multiplies it by a forget gate. The bias of that gate determines how far back the gradient reaches when the training begins.
# - On a short real series a linear baseline is about as good as an LSTM.
#
# ## What to read next
#
# [`ops/recurrent.py`](../tinygrad_edu/ops/recurrent.py) has the cells as in this lesson, and below them the fast rows for whole sequences; [`nn/recurrent.py`](../tinygrad_edu/nn/recurrent.py) the layers. In the books: Goodfellow, Bengio and Courville, *Deep Learning*, chapter 10; Zhang and others, *Dive into Deep Learning*, chapters 9 and 10. Networks that look at all steps at once need no state: the next lesson is about [attention](14_attention_and_a_small_gpt.ipynb).
