# builds: a graph with every gradient computed by hand: where paths meet, and why gradients vanish in deep networks
# needs: lesson 1

# %% [markdown] title
# # Lesson 4: Seeing a backward pass
#
# In lesson 1 you built an engine that finds gradients. In this lesson you watch one at work: every number that flows back,
# where it comes from, and what happens where two paths meet. You predict each number before you see it. Then you
# see why gradients vanish on their way through a deep network, and what prevents it. Two independent checks confirm the numbers: nudging,
# as in lesson 1, and TensorFlow.
#
# You need [lesson 1](01_a_number_that_remembers.ipynb), a pencil, and about twenty minutes. Run the cells in order, and change them.

# %% [markdown] graph-words
# ## 1. A graph to look at
#
# Here is a small expression, in which one result is used **three times**:
#
# $$u = x \cdot w + b \qquad\qquad L = u \cdot u + u$$
#
# Compute `u` and `L` for $x = 3$, $w = 2$, $b = -4$ in your head. Then compare.

# %% first tags=needed
import matplotlib.pyplot as plt
import numpy as np

from tinygrad_edu import Tensor, explain, nn, optim
from tinygrad_edu.course import check, needs
from tinygrad_edu.viz import Graph, why
from tinygrad_edu.viz.backward_steps import steps_back

x = Tensor(3.0, requires_grad=True, name="x")
w = Tensor(2.0, requires_grad=True, name="w")
b = Tensor(-4.0, requires_grad=True, name="b")
u = x * w + b
u.name = "u"
L = u * u + u
L.name = "L"
print("u =", u.item(), "  L =", L.item())
assert (u.item(), L.item()) == (2, 6)

# %% [markdown] graph-text
# `Graph` shows how `L` was made: every operation with its value, in the order of computing. The last column is the subject of this
# lesson: the gradient, how much `L` moves when this number moves. *Where do its numbers come from?*

# %% graph
graph = Graph(L)
print(graph)

# %% [markdown] picture-words
# Here it is as a picture. (If `graphviz` is not installed, you see the text again.)

# %% picture tags=varies
graph

# %% [markdown] local
# ## 2. Upstream times local
#
# `L.backward()` goes through this graph from the bottom to the top. At every operation it knows the **upstream** gradient: how much `L` moves
# with the result of this operation. It also knows the **local derivative**: how much that result moves with an input. It passes
# their product on to the input:
#
# $$\text{contribution} = \text{upstream} \times \text{local derivative}$$
#
# One table contains this rule for each operation. Here is the row of the product. In it, `y` is the result and `g` is the upstream gradient:

# %% rule tags=varies
print(explain(np.multiply))

# %% [markdown] predict
# Now take the pencil. Start at the bottom with 1, because `L` moves exactly as much as itself. Go up edge by edge, and write the contribution on each. There are
# eight edges, and you need only two local derivatives: **1** for a sum, and **the other factor** for a product. The column above says that `u` receives 5. *In
# which parts?* Do not go on before you have all eight numbers.


# %% steps
def title(tensor):
    """The name of a Tensor, or of the operation that made it."""
    return tensor.name or tensor.op.name


def print_steps(L):
    for step in steps_back(L):
        upstream, came = float(step.upstream), float(step.contribution)
        line = f"{title(step.y):8} to {title(step.x):8}  {upstream:3g} × {came / upstream:<2g} = {came:<3g}"
        if step.before is not None:
            line += f"   added to {float(step.before):g}: {float(step.after):g} so far"
        print(line)


print_steps(L)

# %% [markdown] meet
# `u` receives three contributions: 1 from the sum, and 2 along each factor of $u \cdot u$. They **add up** to 5. Only then does the pass
# continue, with 5 as the upstream gradient. That is all of backpropagation: *multiply upstream by local, add where paths meet, and wait until all contributions have
# arrived.*
#
# `backward()` does the same, and keeps the result in `.grad`:

# %% backward
L.backward(retain_graph=True)  # retain_graph: we look at the graph again below
for tensor in (x, w, b):
    print(f"dL/d{tensor.name} = {tensor.grad:g}")
assert (x.grad, w.grad, b.grad) == (10, 15, 5)

# %% [markdown] why-words
# ## 3. Why is it 10?
#
# A gradient is one number and does not show how it came about. `why` splits it into the contributions of all paths from `x` to `L`, each the product of its
# local derivatives. *How many paths are there?*

# %% why
reasons = why(L, x)
print(reasons)
assert sorted(path.contribution for path in reasons.paths) == [2, 4, 4]

# %% [markdown] why-after
# Along a path slopes multiply, over paths they add up: $2 + 4 + 4 = 10$. The pass of section 2 arrives at the same sum with less work, because it adds up at `u`
# and continues with **one** number. Two meeting points in a row make nine paths. *How many paths do eight of them make? And how many edges does the pass visit, at four for each?*

# %% paths
v = x
for _ in range(8):
    v = v * v + v
paths, edges = len(why(v, x).paths), len(list(steps_back(v)))
print(f"{paths:,} paths, {edges} edges")
assert (paths, edges) == (3**8, 4 * 8)

# %% [markdown] page-words
# ## 4. Step through it
#
# The graph can also make a page that steps through the computation. It needs only a browser. Press **▶** or the arrow key: you see every value on the way forward, then every
# contribution on the way back. With *predict* it asks you for each number before it shows it.
# `graph.save("backward.html")` writes the page to a file; here it is in a frame. (Where notebooks are only displayed, as on GitHub, you see nothing
# below. Run the lesson on your computer.)
#
# This is a small network: two inputs, two hidden units with tanh, one output, and the squared distance from 1 as the loss.

# %% page tags=varies
from html import escape

from IPython.display import display

net = nn.Sequential(nn.Linear(2, 2, rng=0), nn.Tanh(), nn.Linear(2, 1, rng=3)).astype(np.float64)
net[0].W.data[...] = [[1.0, -1.0], [0.5, 2.0]]
net[2].W.data[...] = [[1.5], [-0.5]]
flower = Tensor([[0.5, -1.0]], name="x")
loss = ((net(flower) - 1.0) ** 2).sum()
page = Graph(loss).html()
frame = f'<iframe srcdoc="{escape(page)}" width="100%" height="620" style="border: 1px solid #ccc"></iframe>'
display({"text/html": frame, "text/plain": "a page to step through"}, raw=True)

# %% [markdown] arrays-words
# ## 5. When the numbers are arrays
#
# In that network the numbers are arrays. What is the local derivative of an array along an array? With 100 results and 100 inputs it would be 10,000
# numbers. But the rules never write it down. They take `g`, an array of the **shape of the result**, and return one of the **shape of the input**. For the matrix product, $y = x\,W$:
#
# | | shape | rule |
# | :-- | :-- | :-- |
# | $g = \partial L / \partial y$ | (n, out) | comes from upstream |
# | $\partial L / \partial x$ | (n, in) | $g\,W^T$ |
# | $\partial L / \partial W$ | (in, out) | $x^T g$ |
#
# You can find these rules from the shapes alone: hardly any other product of the two fits. The bias `b` is added to each of the n rows. It has n
# paths to the loss, so its gradient is **the sum over the rows** of `g`.
#
# Take the pencil: let the loss be the sum of all numbers in $x\,W + b$, so that `g` is all ones. *What are the three gradients?*
#
# ```text
#      1  2           1   0
# x =  3  4      W =  2  -1      b = 10  20
#      5  6
# ```

# %% arrays
x = Tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], requires_grad=True)
W = Tensor([[1.0, 0.0], [2.0, -1.0]], requires_grad=True)
b = Tensor([10.0, 20.0], requires_grad=True)
(x @ W + b).sum().backward()
print(f"x:\n{x.grad}\nW:\n{W.grad}\nb:\n{b.grad}")
assert x.grad.tolist() == [[1, 1]] * 3  # the sums of the rows of W
assert W.grad.tolist() == [[9, 9], [12, 12]]  # the sums of the columns of x
assert b.grad.tolist() == [3, 3]  # three rows

# %% [markdown] nudging
# Is it right? The first check nudges every single number of an array, up and down, and measures how the loss moves:


# %% by-nudging tags=needed
def by_nudging(f, array, h=1e-6):
    """The gradient of f() along an array, which is changed and restored: (f(+h) - f(-h)) / 2h."""
    slopes = np.zeros_like(array)
    for place in np.ndindex(array.shape):
        kept = array[place]
        array[place] = kept + h
        up = f()
        array[place] = kept - h
        down = f()
        array[place] = kept
        slopes[place] = (up - down) / (2 * h)
    return slopes


# %% nudged
def loss_now():
    return ((net(flower) - 1.0) ** 2).sum().item()


loss.backward()
for name, p in net.named_parameters():
    nudged = by_nudging(loss_now, p.data)
    print(
        f"{name}   backward {np.round(p.grad, 4).tolist()}   nudging {np.round(nudged, 4).tolist()}"
    )
    assert np.abs(p.grad - nudged).max() < 1e-8

# %% [markdown] deep
# ## 6. How gradients vanish
#
# Along a path slopes multiply. Over three operations this is harmless. Over thirty it decides whether a network learns at all. Look at the **sigmoid**,
# $\sigma(z) = \frac{1}{1 + e^{-z}}$, which maps any number to between 0 and 1. Its slope is $\sigma (1 - \sigma)$. *Where is the slope largest, and how large is
# it there?*

# %% sigmoid
# alt: Two curves over z from -6 to 6: the sigmoid rises from 0 to 1, and its slope is a hill of height 0.25 around 0.
z = np.linspace(-6, 6, 121)
s = 1 / (1 + np.exp(-z))
fig, ax = plt.subplots(figsize=(5.5, 2.6), layout="constrained")
ax.plot(z, s, color="#3b82c4", label="σ(z)")
ax.plot(z, s * (1 - s), color="#e07b39", linestyle="--", label="its slope")
ax.spines[["top", "right"]].set_visible(False)
ax.legend(frameon=False)
assert np.max(s * (1 - s)) == 0.25 and z[np.argmax(s * (1 - s))] == 0

# %% [markdown] quarter
# At most **a quarter**, at 0, where $\sigma = 1/2$. So each sigmoid on a path removes at least three quarters of the gradient. *What is left after ten of them?*

# %% ten
x = Tensor(0.0, requires_grad=True, name="x")
y = x
for _ in range(10):
    y = nn.Sigmoid()(y)
(path,) = why(y, x).paths
print(" × ".join(f"{factor:.3f}" for factor in path.factors))
print(f"= {path.contribution:.1e}, and at most (1/4)**10 = {0.25**10:.1e}")
assert 0 < path.contribution < 0.25**10

# %% [markdown] vanish-words
# Less than a millionth. Now take a network with ten such layers between its first and its last, 32 units wide, on 64 digits. The plot shows the typical size of the gradient of each layer's weights, from the first layer to
# the last. It also shows two other networks. One has **tanh** in place of the sigmoid: its slope at 0 is 1. The other keeps the sigmoid, but each layer has a **skip connection**: it computes
# $x + \sigma(xW + b)$, so there is a path around the sigmoid with local derivative 1. *Which of them will you see as a horizontal line?*

# %% vanish
# alt: The size of the gradient in each of twelve layers, on a logarithmic scale: with sigmoid it falls from 10⁻² in the last layer to below 10⁻⁸ in the first; with tanh, and with sigmoid and skip connections, it stays between 10⁻² and 1.
from tinygrad_edu.data import load_digits, train_test_split

digits = load_digits(np.float64)
x_train, x_test, y_train, y_test = train_test_split(
    digits.x.reshape(-1, 64) / 16, digits.y, test=0.2, seed=0
)


def deep(activation, skip=False):
    rng = np.random.default_rng(0)
    layers = [nn.Linear(64, 32, rng=rng), activation()]
    for _ in range(10):
        layer = nn.Sequential(nn.Linear(32, 32, rng=rng), activation())
        layers.append(nn.Residual(layer) if skip else layer)
    return nn.Sequential(*layers, nn.Linear(32, 10, rng=rng)).astype(np.float64)


def gradient_sizes(model):
    nn.cross_entropy(model(x_train[:64]), y_train[:64]).backward()
    weights = [p for name, p in model.named_parameters() if name.endswith("W")]
    return np.array([np.sqrt(np.mean(p.grad**2)) for p in weights])


networks = {
    "sigmoid": deep(nn.Sigmoid),
    "tanh": deep(nn.Tanh),
    "sigmoid with skips": deep(nn.Sigmoid, skip=True),
}
sizes = {name: gradient_sizes(model) for name, model in networks.items()}

fig, ax = plt.subplots(figsize=(6.5, 3.4), layout="constrained")
for (name, size), line in zip(sizes.items(), ["o-", "s--", "^:"], strict=True):
    ax.plot(range(1, 13), size, line, label=name)
ax.set(yscale="log", xlabel="layer, from the input to the output", ylabel="size of the gradient")
ax.set_xticks(range(1, 13))
ax.spines[["top", "right"]].set_visible(False)
ax.legend(frameon=False)
for name, size in sizes.items():
    print(f"{name:20} first layer / last layer = {size[0] / size[-1]:.0e}")
assert (
    sizes["sigmoid"][0] / sizes["sigmoid"][-1] < 1e-6 < 0.1 < sizes["tanh"][0] / sizes["tanh"][-1]
)

# %% [markdown] vanish-after
# With sigmoids, the gradient of the first layer is a ten-millionth of that of the last one. This is the **vanishing gradient**, one of the reasons why deep networks were hard to train for
# a long time. The line is straight, on a scale where each mark is a hundred times the one below: every layer divides the gradient by about the same factor.
#
# *Does it matter?* Train all three in the same way:

# %% learn
from tinygrad_edu.training import Trainer, accuracy

test_accuracy = {}
for name, model in networks.items():
    trainer = Trainer(
        model, nn.cross_entropy, optim.SGD(model.parameters(), lr=0.1), metrics=[accuracy]
    )
    trainer.fit(x_train, y_train, epochs=5, seed=0, progress=False)
    test_accuracy[name] = trainer.evaluate(x_test, y_test)["accuracy"]
    print(f"{name:20} classifies {test_accuracy[name]:.0%} of the test set correctly")
assert (
    test_accuracy["sigmoid"]
    < 0.15
    < 0.4
    < test_accuracy["sigmoid with skips"]
    < test_accuracy["tanh"]
)

# %% [markdown] learn-after
# Ten percent is guessing. The first layers never received a usable gradient. The same sigmoids with skip connections learn (train for more epochs, and see how far they get).
#
# The slope of the activation is one factor on a path, the weights are the other. If the weights are too large, the product **explodes** instead. A sum of $n$ numbers of typical size 1, with weights of typical
# size $s$, has the typical size $s\sqrt{n}$. (Not $s\,n$: with random signs, most of it cancels.) So $s = 1/\sqrt{n}$ keeps the size. If the initial weights are twice as large, everything doubles in every layer:

# %% explode
rng = np.random.default_rng(0)
for times in (0.5, 1, 2):
    g = rng.normal(size=(64, 100))
    for _ in range(30):
        g = g @ rng.normal(0, times / np.sqrt(100), size=(100, 100))
    print(f"weights {times} / sqrt(n): after 30 layers, of size {np.sqrt(np.mean(g**2)):.1e}")
assert np.sqrt(np.mean(g**2)) > 2**28

# %% [markdown] explode-after
# $2^{30}$ is a billion. This is why the scale of the initial weights matters. (Exercise 3 finds the right scale for layers with ReLU.)

# %% [markdown] tensorflow
# ## 7. The same numbers from Keras and TensorFlow
#
# The second check is TensorFlow, the engine below Keras. It records operations on a *tape*, and plays it backward. You need TensorFlow for this section. It is large
# (3 GB). In the folder of this project:
#
#     python -m pip install -e '.[compare]'
#
# First comes our small expression. *Which three numbers will it print?*

# %% tape tags=keras
needs("keras")
import tensorflow as tf

x, w, b = (tf.Variable(number, dtype=tf.float64) for number in (3.0, 2.0, -4.0))
with tf.GradientTape() as tape:
    u = x * w + b
    L = u * u + u
gradients = [float(g) for g in tape.gradient(L, [x, w, b])]
print(gradients)
assert gradients == [10, 15, 5]

# %% [markdown] twin-words
# Now the deep network, whose gradients almost vanish. `to_keras` builds it in Keras with the same weights. The two engines should agree even in numbers
# that are a hundred million times smaller than 1:

# %% twin tags=keras
needs("keras")
import keras

from tinygrad_edu.twins import to_keras

keras.config.set_floatx("float64")  # or its loss would be in single precision
model = deep(nn.Sigmoid)
ours = gradient_sizes(model)
twin = to_keras(model)
loss_of = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
with tf.GradientTape() as tape:
    loss = loss_of(y_train[:64], twin(x_train[:64]))
theirs = tape.gradient(loss, twin.trainable_variables)

parameters = model.parameters()
print(len(parameters), "arrays of gradients in each")
worst = max(
    np.abs(p.grad - g.numpy()).max() / np.abs(p.grad).max()
    for p, g in zip(parameters, theirs, strict=True)
)
first = np.sqrt(np.mean(theirs[0].numpy() ** 2))
print(f"first layer: ours of size {ours[0]:.6e}, Keras's {first:.6e}")
print("each array agrees to 10 digits:", bool(worst < 1e-10))
assert worst < 1e-10 and len(parameters) == 24

# %% [markdown] exercises
# ## 8. Three exercises
#
# Each exercise has a check, which computes the answer in its own way. If your answer differs, it tries to guess your mistake. The solutions are at the very end.
#
# ### Exercise 1: where paths meet (1 point)
#
# Let $a = 2$, $b = 3$, and
#
# $$p = a \cdot b \qquad q = a + b \qquad L = p \cdot q$$
#
# $a$ receives two contributions. Which one comes through $p$, and which through $q$? And what is $\frac{\partial L}{\partial b}$?

# %% exercise on_paper points=1
# BEGIN SOLUTION
through_p = 5 * 3
through_q = 6 * 1
dL_db = 5 * 2 + 6 * 1
# END SOLUTION

# %% [markdown] solution on_paper
# Forward, $p = 6$ and $q = 5$. So $\partial L / \partial p = q = 5$ and $\partial L / \partial q = p = 6$. Through p, the local derivative along a is $b = 3$; through q it is 1. There are two paths from b as well.

# %% check on_paper
from numbers import Real


def check_on_paper(through_p, through_q, dL_db):
    answers = {"through_p": through_p, "through_q": through_q, "dL_db": dL_db}
    for name, answer in answers.items():
        if not isinstance(answer, Real):
            raise AssertionError(
                f"{name} should be a plain number, and yours is of type {type(answer).__name__}."
            )
    a, b = (
        Tensor(number, requires_grad=True, name=name) for name, number in [("a", 2.0), ("b", 3.0)]
    )
    p, q = a * b, a + b
    p.name, q.name = "p", "q"
    came = {(step.y.name, step.x.name): step for step in steps_back(p * q)}
    by_p, by_q = (float(came[y, "a"].contribution) for y in "pq")
    dL_dp, dL_dq = (float(came[y, "a"].upstream) for y in "pq")
    total_b = float(sum(came[y, "b"].contribution for y in "pq"))
    if (through_p, through_q) == (by_q, by_p):
        raise AssertionError("The two contributions are exchanged.")
    elif through_p == by_p + by_q or through_q == by_p + by_q:
        raise AssertionError("That is their sum, dL/da. The exercise asks for its two parts.")
    elif through_p == dL_dp:
        raise AssertionError(
            "through_p: that is what arrives at p. Multiply it by the local derivative b."
        )
    elif through_p == dL_dq * b.item():
        raise AssertionError(
            "through_p: in L = p q, the local derivative along p is the other factor, q."
        )
    elif through_p == b.item():
        raise AssertionError(
            "through_p: that is the local derivative of a b alone. And what comes from upstream?"
        )
    elif through_p == a.item() * dL_dp:
        raise AssertionError(
            "through_p: the local derivative of a b along a is the other factor, b."
        )
    elif through_p != by_p:
        raise AssertionError(
            "through_p: not right. It is upstream dL/dp, times the local derivative of p = a b along a."
        )
    elif through_q == 1:
        raise AssertionError(
            "through_p is right. through_q: 1 is the local derivative. What comes from upstream?"
        )
    elif through_q == dL_dp:
        raise AssertionError(
            "through_p is right. through_q: in L = p q, the derivative along q is p."
        )
    elif through_q != by_q:
        raise AssertionError(
            "through_p is right. through_q: not right. It is upstream dL/dq, times the derivative of a + b."
        )
    elif dL_db in (dL_dp * a.item(), dL_dq):
        raise AssertionError(
            "Both contributions are right. dL/db: that is one path. There are two from b as well."
        )
    elif dL_db == by_p + by_q:
        raise AssertionError(
            "Both contributions are right. dL/db: that is dL/da. Through p, dp/db is a."
        )
    elif dL_db != total_b:
        raise AssertionError(
            "Both contributions are right, dL/db is not: b has a path through p and one through q."
        )
    else:
        return "Right, all three."


# %% wrong on_paper: through_p should be a plain number, and yours is of type str
through_p = "15"
through_q = 6
dL_db = 16

# %% wrong on_paper: through_q should be a plain number, and yours is of type list
through_p = 15
through_q = [6]
dL_db = 16

# %% wrong on_paper: dL_db should be a plain number, and yours is of type tuple
through_p = 15
through_q = 6
dL_db = (16,)

# %% wrong on_paper: The two contributions are exchanged
through_p = 6
through_q = 15
dL_db = 16

# %% wrong on_paper: That is their sum, dL/da
through_p = 21
through_q = 6
dL_db = 16

# %% wrong on_paper: That is their sum, dL/da
through_p = 15
through_q = 21
dL_db = 16

# %% wrong on_paper: through_p: that is what arrives at p
through_p = 5
through_q = 6
dL_db = 16

# %% wrong on_paper: through_p: in L = p q, the local derivative along p
through_p = 18
through_q = 6
dL_db = 16

# %% wrong on_paper: through_p: that is the local derivative of a b alone
through_p = 3
through_q = 6
dL_db = 16

# %% wrong on_paper: through_p: the local derivative of a b along a is the other factor
through_p = 10
through_q = 6
dL_db = 16

# %% wrong on_paper: through_p: not right. It is upstream dL/dp
through_p = 7
through_q = 6
dL_db = 16

# %% wrong on_paper: through_p: not right. It is upstream dL/dp
through_p = np.nan
through_q = 6
dL_db = 16

# %% wrong on_paper: through_p is right. through_q: 1 is the local derivative
through_p = 15
through_q = 1
dL_db = 16

# %% wrong on_paper: through_p is right. through_q: in L = p q
through_p = 15
through_q = 5
dL_db = 16

# %% wrong on_paper: through_p is right. through_q: not right
through_p = 15
through_q = 7
dL_db = 16

# %% wrong on_paper: Both contributions are right. dL/db: that is one path
through_p = 15
through_q = 6
dL_db = 10

# %% wrong on_paper: Both contributions are right. dL/db: that is one path
through_p = 15
through_q = 6
dL_db = 6

# %% wrong on_paper: Both contributions are right, dL/db is not
through_p = 15
through_q = 6
dL_db = 5

# %% wrong on_paper: Both contributions are right. dL/db: that is dL/da
through_p = 15
through_q = 6
dL_db = 21

# %% wrong on_paper: Both contributions are right, dL/db is not
through_p = 15
through_q = 6
dL_db = 17

# %% right on_paper
through_p = 15
through_q = 6
dL_db = 16

# %% right on_paper
through_p = 15.0
through_q = np.int64(6)
dL_db = np.float32(16.0)

# %% [markdown] exercise-2-text
# ### Exercise 2: backward through a layer (2 points)
#
# Write `linear_back(x, W, g)` for the layer $y = x\,W + b$. Its arguments are arrays: the input (n, in), the weights (in, out), and `g`, the gradient of `y`. It returns three arrays: the
# gradients of `x`, `W` and `b`.


# %% exercise linear_back points=2
def linear_back(x, W, g):
    # BEGIN SOLUTION
    return g @ W.T, x.T @ g, g.sum(axis=0)
    # END SOLUTION


# %% check linear_back
def check_linear_back(linear_back):
    def truth(x, W, g):
        x, W, b = (Tensor(a, requires_grad=True) for a in (x, W, np.zeros(W.shape[1])))
        ((x @ W + b) * g).sum().backward()
        return x.grad, W.grad, b.grad

    rng = np.random.default_rng(0)
    for n, inputs, outputs in [(4, 3, 2), (3, 3, 3)]:  # in the second, wrong transposes fit as well
        x, W, g = (
            rng.normal(size=(n, inputs)),
            rng.normal(size=(inputs, outputs)),
            rng.normal(size=(n, outputs)),
        )
        kept = [a.copy() for a in (x, W, g)]
        answer = linear_back(x, W, g)
        if not all(np.array_equal(a, b) for a, b in zip((x, W, g), kept, strict=True)):
            raise AssertionError("Your function has changed one of the arrays that it was given.")
        if not isinstance(answer, tuple | list) or len(answer) != 3:
            raise AssertionError("Return three arrays: return gx, gW, gb.")
        right = dict(zip("xWb", truth(x, W, g), strict=True))
        for name, a in zip("xWb", answer, strict=True):
            if a is None:
                raise AssertionError(f"The gradient of {name} is still None.")
            if np.shape(a) != right[name].shape:
                hint = " All rows share one bias: their gradients add up." if name == "b" else ""
                raise AssertionError(
                    f"The gradient of {name} must have the shape of {name}, {right[name].shape}, "
                    f"and yours has {np.shape(a)}.{hint}"
                )
            a = np.asarray(a)
            if np.allclose(a, right[name]):
                continue
            if name == "b" and np.allclose(a, g.mean(axis=0)):
                raise AssertionError(
                    "The gradient of b: take the sum over the rows, not their mean."
                )
            elif name == "b" and np.allclose(a, 1):
                raise AssertionError("The gradient of b: 1 is the local derivative. Upstream is g.")
            elif np.allclose(a, -right[name]):
                raise AssertionError(f"The gradient of {name} has the wrong sign.")
            elif n == inputs == outputs:
                raise AssertionError(
                    f"The gradient of {name}: the shape fits by chance, but look at the transposes."
                )
            else:
                raise AssertionError(
                    f"The gradient of {name} has the right shape, but not the right numbers."
                )
            return
    return "Right, all three."


# %% hidden linear_back
def check_linear_back(linear_back):
    rng = np.random.default_rng(7)
    for n, inputs, outputs in [(1, 2, 5), (6, 1, 3), (2, 2, 2)]:
        x, W, g = (rng.normal(size=s) for s in [(n, inputs), (inputs, outputs), (n, outputs)])
        kept = x.copy(), W.copy(), g.copy()
        answer = linear_back(x, W, g)
        unchanged = all(np.array_equal(a, b) for a, b in zip((x, W, g), kept))
        assert unchanged, "Your function has changed one of the arrays that it was given."
        assert len(answer) == 3, "Return three arrays."
        for name, a, right in zip("xWb", answer, (g @ W.T, x.T @ g, g.sum(axis=0))):
            assert np.shape(a) == right.shape, f"The gradient of {name} has the wrong shape."
            assert np.allclose(a, right), f"The gradient of {name} has wrong numbers."


# %% wrong linear_back: matmul:
def linear_back(x, W, g):
    return x @ g, x.T @ g, g.sum(axis=0)


# %% wrong linear_back: Your function has changed one of
def linear_back(x, W, g):
    g *= 2
    return g @ W.T, x.T @ g, g.sum(axis=0)


# %% wrong linear_back: Return three arrays
def linear_back(x, W, g):
    return g @ W.T, x.T @ g


# %% wrong linear_back: Return three arrays
def linear_back(x, W, g):
    return x.T @ g


# %% wrong linear_back: The gradient of W is still None
def linear_back(x, W, g):
    return g @ W.T, None, g.sum(axis=0)


# %% wrong linear_back: The gradient of x must have the shape of x
def linear_back(x, W, g):
    return x.T @ g, g @ W.T, g.sum(axis=0)


# %% wrong linear_back: The gradient of W must have the shape of W
def linear_back(x, W, g):
    return g @ W.T, g.T @ x, g.sum(axis=0)


# %% wrong linear_back: The gradient of b must have the shape of b, (2,), and yours has (4, 2). All rows share
def linear_back(x, W, g):
    return g @ W.T, x.T @ g, g


# %% wrong linear_back: The gradient of b must have the shape of b
def linear_back(x, W, g):
    return g @ W.T, x.T @ g, g.sum(axis=1)


# %% wrong linear_back: The gradient of b: take the sum over the rows
def linear_back(x, W, g):
    return g @ W.T, x.T @ g, g.mean(axis=0)


# %% wrong linear_back: The gradient of b: 1 is the local deriv
def linear_back(x, W, g):
    return g @ W.T, x.T @ g, np.ones(W.shape[1])


# %% wrong linear_back: The gradient of x has the wrong sign
def linear_back(x, W, g):
    return -g @ W.T, x.T @ g, g.sum(axis=0)


# %% wrong linear_back: The gradient of W has the wrong sign
def linear_back(x, W, g):
    return g @ W.T, -x.T @ g, g.sum(axis=0)


# %% wrong linear_back: The gradient of x has the right shape, but
def linear_back(x, W, g):
    return g @ W.T * 2, x.T @ g, g.sum(axis=0)


# %% wrong linear_back: The gradient of x has the right shape, but
def linear_back(x, W, g):
    return x * 0, W * 0, W[0] * 0


# %% wrong linear_back: The gradient of x: the shape fits by chance
def linear_back(x, W, g):
    h = g @ (W if W.shape[0] == W.shape[1] else W.T)
    return h, x.T @ g, g.sum(axis=0)


# %% right linear_back
def linear_back(x, W, g):
    return g @ W.T, x.T @ g, g.sum(axis=0)


# %% right linear_back
def linear_back(x, W, g):
    return [g @ W.T, x.T @ g, g.sum(axis=0).tolist()]


# %% [markdown] exercise-3-text
# ### Exercise 3: neither vanish nor explode (3 points)
#
# With ReLU, $\max(z, 0)$, half of the numbers in each layer become 0, and so do half of the gradients on the way back; the other half pass through unchanged. So each layer halves the mean of their squares. Write `spread(n)`: the
# standard deviation of the weights with which gradients keep their size, for layers with `n` inputs and ReLU. The check sends gradients through 30 layers.


# %% exercise spread points=3
def spread(n):
    # BEGIN SOLUTION
    return np.sqrt(2 / n)
    # END SOLUTION


# %% [markdown] solution spread
# The sum multiplies the mean square by $n s^2$, and ReLU by 1/2. So $n s^2 / 2 = 1$. (Kaiming He and others found this in 2015, and `he_normal` is named after him.)


# %% check spread
from numbers import Real


def check_spread(spread):
    def after_30_layers(std, n):
        rng = np.random.default_rng(0)
        g = rng.normal(size=(64, n))
        before = np.sqrt(np.mean(g**2))
        for _ in range(30):
            g = (g @ rng.normal(0, std, size=(n, n))) * (rng.random((64, n)) < 0.5)
        return np.sqrt(np.mean(g**2)) / before

    for n in (50, 200):
        std = spread(n)
        if not isinstance(std, Real) or not np.isfinite(std) or std <= 0:
            raise AssertionError("spread(n) should return one positive number.")
        guesses = {
            1 / np.sqrt(n): "that keeps the size without ReLU. ReLU removes half of the squares.",
            2 / n: "that is the variance. The standard deviation is its square root.",
            1 / n: "with random signs a sum of n numbers grows like the root of n, not like n.",
            2
            / np.sqrt(n): "half of the *squares* are lost: that takes a factor of 2 in the square.",
            np.sqrt(2): "a sum of n numbers grows with n. Compensate for it.",
            np.sqrt(n / 2): "upside down: more inputs need smaller weights.",
            np.sqrt(
                1 / (2 * n)
            ): "half of the squares are lost: the weights must be larger, not smaller.",
        }
        left = after_30_layers(std, n)
        close = [hint for guess, hint in guesses.items() if np.isclose(std, guess, rtol=1e-3)]
        if close:
            raise AssertionError(f"n = {n}, after 30 layers {left:.1e} of the size: {close[0]}")
        if not 0.5 < left < 2:
            what = "vanish" if left < 1 else "explode"
            raise AssertionError(
                f"n = {n}: they {what}. After 30 layers, {left:.1e} of the size is left."
            )
        if not np.isclose(std, np.sqrt(2 / n), rtol=1e-3):
            raise AssertionError(
                f"n = {n}: close, {left:.2f} of the size is left; but there is an exact formula."
            )
    return f"Right: after 30 layers, {left:.2f} of the size is left."


# %% hidden spread
def check_spread(spread):
    for n in (1, 8, 784):
        assert np.isclose(spread(n), np.sqrt(2 / n), rtol=1e-3), f"Not right for n = {n}."


# %% wrong spread: name 'root' is not defined
def spread(n):
    return root(2 / n)


# %% wrong spread: spread(n) should return one positive number
def spread(n):
    return np.sqrt(2 / np.array([n]))


# %% wrong spread: spread(n) should return one positive number
def spread(n):
    return "large"


# %% wrong spread: that keeps the size without ReLU
def spread(n):
    return 1 / np.sqrt(n)


# %% wrong spread: that is the variance
def spread(n):
    return 2 / n


# %% wrong spread: with random signs a sum of n numbers
def spread(n):
    return 1 / n


# %% wrong spread: half of the *squares* are lost
def spread(n):
    return 2 / np.sqrt(n)


# %% wrong spread: a sum of n numbers grows with n
def spread(n):
    return np.sqrt(2)


# %% wrong spread: upside down
def spread(n):
    return np.sqrt(n / 2)


# %% wrong spread: half of the squares are lost
def spread(n):
    return np.sqrt(1 / (2 * n))


# %% wrong spread: n = 50: they vanish
def spread(n):
    return 0.15


# %% wrong spread: n = 50: they explode
def spread(n):
    return 1.0


# %% wrong spread: n = 200: they explode
def spread(n):
    return 0.2


# %% wrong spread: n = 50: close,
def spread(n):
    return 1.41 / np.sqrt(n)


# %% right spread
def spread(n):
    return np.sqrt(2.0 / n)


# %% right spread
def spread(n):
    return (n / 2) ** -0.5


# %% [markdown] next
# ## What you have seen
#
# - On the way back, each edge carries upstream times local. Where paths meet, contributions add up, and the pass waits for all of them.
# - The rules for arrays never write down the table of all local derivatives: they turn a `g` of the shape of the result into one of the shape of the input.
# - Along a deep network slopes multiply: if most are below 1 the gradient vanishes, if most are above 1 it explodes. The activation, the scale of the initial weights, and skip connections decide.
#
# ## What to read next
#
# | here | there |
# | :-- | :-- |
# | the rules | `explain(np.multiply)`, and [`tinygrad_edu/ops/elementwise.py`](../tinygrad_edu/ops/elementwise.py) |
# | `steps_back`, `why` | [`tinygrad_edu/viz/backward_steps.py`](../tinygrad_edu/viz/backward_steps.py): the backward pass, step by step |
# | the skip connection | `Residual`, in [`tinygrad_edu/nn/containers.py`](../tinygrad_edu/nn/containers.py) |
# | the scale of initial weights | [`tinygrad_edu/nn/initializers.py`](../tinygrad_edu/nn/initializers.py) |
#
# Then go on with [lesson 8](08_digits_and_their_keras_twin.ipynb), where a network learns to read digits.
