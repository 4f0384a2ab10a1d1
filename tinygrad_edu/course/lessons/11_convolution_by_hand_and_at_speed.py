# builds: a convolution and its gradient, a thousand times as fast as loops, and a convolutional network
# needs: lessons 1 and 8

# %% [markdown] title
# # Lesson 11: Convolution, by hand and at speed
#
# The network of lesson 8 reads digits well, but it does not know which pixels are neighbors. In this lesson you see what it
# lacks, and add it: a **convolution**, which looks at every place of an image in the same way. You compute one with a pencil,
# write it with loops, and then as one matrix product, hundreds of times as fast. You find its gradient
# with one idea: copies. At the end you look at what the kernels have learned, and Keras agrees with every number.
#
# You need lessons [1](01_a_number_that_remembers.ipynb) and [8](08_digits_and_their_keras_twin.ipynb), and about twenty minutes.

# %% [markdown] neighbors
# ## 1. What a fully connected network cannot see
#
# Below are four digits. In the lower row their pixels are shuffled, all in the same way. *Can you still read them? Would the
# network of lesson 8 find the lower ones harder to learn?*

# %% imports tags=needed
import matplotlib.pyplot as plt
import numpy as np

from tinygrad_edu import Tensor, nn, optim, viz
from tinygrad_edu.course import check, needs
from tinygrad_edu.data import load_digits, train_test_split
from tinygrad_edu.training import Trainer

# %% shuffled
# alt: Four handwritten digits, and below them the same images with their pixels in another order, in which no digit can be recognized.
digits = load_digits(np.float64)
shuffle = np.random.default_rng(0).permutation(64)
four = digits.x[[3, 4, 6, 9]].reshape(4, 64)
both = np.concatenate([four, four[:, shuffle]]).reshape(8, 8, 8)
fig, ax = plt.subplots(figsize=(3.6, 1.9))
viz.image_grid(both, columns=4, ax=ax)
plt.show()
# %% [markdown] shuffled-words
# We cannot read them. For the network nothing changes: if the rows of its weights are shuffled in the same way, it computes
# the same sums. For every network that reads the upper row there is one that reads the lower row.

# %% shuffled-sums
x = digits.x.reshape(-1, 64) / 16
W = np.random.default_rng(1).normal(size=(64, 32))
print("the same sums:", np.allclose(x @ W, x[:, shuffle] @ W[shuffle]))
assert np.allclose(x @ W, x[:, shuffle] @ W[shuffle])

# %% [markdown] slide-words
# So the network does not know that two pixels are **neighbors**. It has only learned which pixels are dark in which digit. What if a digit is
# written one pixel further to the right? We add a border of white pixels around the images, so that nothing is cut off, train on them as
# they are, and then **shift the test images by one pixel**. *How many of the 359 will it still read?*

# %% slide
images = np.pad(digits.x / 16, [(0, 0), (1, 1), (1, 1)])[
    ..., None
]  # (n, 10, 10, 1): one channel, gray
x_train, x_test, y_train, y_test = train_test_split(images, digits.y, test=0.2, seed=0)


def train(model, epochs):
    trainer = Trainer(model, nn.cross_entropy, optim.Adam(model.parameters(), lr=0.01))
    trainer.fit(x_train, y_train, epochs=epochs, seed=0, progress=False)
    return trainer


def number_correct(trainer, images):
    return int(np.sum(trainer.predict(images).argmax(axis=1) == y_test))


shifts = {"as they are": (0, 0), "to the right": (0, 1), "to the left": (0, -1)}
shifts |= {"down": (1, 0), "up": (-1, 0)}


def show(trainer):
    results = [number_correct(trainer, np.roll(x_test, by, axis=(1, 2))) for by in shifts.values()]
    for name, n in zip(shifts, results, strict=True):
        print(f"{name:14} {n:3d} of 359")
    return results


dense = nn.Sequential(nn.Flatten(), nn.Linear(100, 32, rng=0), nn.ReLU(), nn.Linear(32, 10, rng=1))
dense_correct = show(train(dense.astype(np.float64), epochs=12))
assert dense_correct[0] > 340 and max(dense_correct[1:]) < 200

# %% [markdown] slide-after
# One pixel, and it misreads more than half of them. A child would not even notice the shift. What is missing is a layer that looks at
# **small neighborhoods**, and looks **in the same way everywhere**.

# %% [markdown] by-hand
# ## 2. By hand
#
# Take a small table of weights, a **kernel**, and lay it on a corner of the image. Multiply the numbers that lie on each other, and add them up: that is
# one number. Then move the kernel by one pixel, and repeat.
#
# ```text
# image                kernel
#
# 0  0  1  1           -1  1
# 0  0  1  1           -1  1
# 0  0  1  1
# 0  0  1  1
# ```
#
# *How many places are there for the kernel? Which numbers come out?* Take a pencil before you go on. And in words: what
# does this kernel look for?


# %% convolve tags=needed
def convolve(x, w):
    """y[p, q] = Σ x[p + i, q + j] w[i, j], for every place (p, q) where w fits on x."""
    (high, wide), (kh, kw) = x.shape, w.shape
    y = np.zeros((high - kh + 1, wide - kw + 1))
    for p in range(y.shape[0]):
        for q in range(y.shape[1]):
            for i in range(kh):
                for j in range(kw):
                    y[p, q] += x[p + i, q + j] * w[i, j]
    return y


# %% convolve-edge
image = np.array([[0, 0, 1, 1]] * 4)
edge = np.array([[-1, 1], [-1, 1]])
print(convolve(image, edge))
assert convolve(image, edge).tolist() == [[0, 2, 0]] * 3

# %% [markdown] edge
# There are three places along each side: the 4 pixels, minus 2 of the kernel, plus 1. The result is 0 where the image is the same on the left and the right, and 2
# where light turns into dark. The kernel detects **vertical edges**. Turned on its side, it detects
# horizontal ones. Here are both on a real digit (red: ink begins, going right or down; blue: it ends).

# %% edges
# alt: A seven, and two maps of it: one is strong at vertical edges, the other at horizontal edges.
seven = digits.x[7] / 16
fig, axes = plt.subplots(1, 3, figsize=(7, 2.6), layout="constrained")
viz.image_grid(seven[None], ax=axes[0])
axes[0].set_title("a seven")
for ax, w, name in [(axes[1], edge, "vertical edges"), (axes[2], edge.T, "horizontal edges")]:
    ax.imshow(convolve(seven, w), cmap="RdBu_r", vmin=-2, vmax=2)
    ax.set_title(name)
    ax.set_axis_off()

# %% [markdown] few-weights
# Note how few weights this takes. From an image of $8 \times 8$ pixels, a kernel of $3 \times 3$ makes $6 \times 6$ numbers. A `Linear` layer with as many results
# would need $64 \cdot 36 = 2304$ weights. *And the convolution?* It needs nine, however large the image is. An edge is an edge everywhere.
#
# Two settings change the number of places. With a **stride** $s$ the kernel moves by $s$ pixels at a time. With a
# **padding** $p$ we first put $p$ rows and columns of zeros on each side of the image. For $n$ pixels and a kernel of $k$, that makes
#
# $$\left\lfloor \frac{n + 2p - k}{s} \right\rfloor + 1$$
#
# places along a side. ($\lfloor\;\rfloor$ rounds down: any remainder is dropped.)

# %% [markdown] matrices
# ## 3. As one matrix product
#
# Real layers have many images, several **channels** (red, green and blue; or the outputs of the kernels before), and many kernels. Four loops
# become seven, and Python's loops are slow. The solution: **write every patch that the kernel covers as a row of a
# table**. Then one patch times the kernel is a row times a column, and all of them together are a matrix product.
#
# For an image of $3 \times 3$ and a kernel of $2 \times 2$ there are four patches of four numbers. *Which are they?*


# %% unfold
def unfold(x, kh, kw):
    """The patch under each window: (N, H, W, C) becomes (N, windows down, windows across, kh, kw, C)."""
    n, high, wide, channels = x.shape
    down, across = high - kh + 1, wide - kw + 1
    patches = np.empty((n, down, across, kh, kw, channels), x.dtype)
    for i in range(kh):  # over the kernel, which is small; never over the image
        for j in range(kw):
            patches[:, :, :, i, j] = x[:, i : i + down, j : j + across]
    return patches


nine = np.arange(1, 10).reshape(1, 3, 3, 1)
print(nine[0, :, :, 0], "\n\nhas the patches\n")
print(unfold(nine, 2, 2).reshape(4, 4))
assert unfold(nine, 2, 2).reshape(4, 4)[0].tolist() == [1, 2, 4, 5]

# %% [markdown] copies
# Every row is a patch, written out. Pixel 5 is in all four of them: **patches are copies of pixels**. Remember this, it will
# give us the gradient. The convolution is now two lines, without a loop over places, kernels or images:


# %% conv
def conv(x, w):
    """y[n, p, q, o] = Σ x[n, p + i, q + j, c] w[i, j, c, o].    x: (N, H, W, C), w: (kh, kw, C, O)"""
    kh, kw, channels, outputs = w.shape
    patches = unfold(x, kh, kw)
    rows = patches.reshape(*patches.shape[:3], kh * kw * channels)
    return rows @ w.reshape(kh * kw * channels, outputs)


rng = np.random.default_rng(0)
x, w = rng.normal(size=(4, 20, 20, 3)), rng.normal(size=(3, 3, 3, 8))


def by_loops(x, w):
    y = np.zeros((len(x), x.shape[1] - w.shape[0] + 1, x.shape[2] - w.shape[1] + 1, w.shape[3]))
    for n in range(len(x)):
        for o in range(w.shape[3]):
            for c in range(x.shape[3]):
                y[n, :, :, o] += convolve(x[n, :, :, c], w[:, :, c, o])
    return y


layer = nn.Conv2d(3, 8, 3).astype(np.float64)  # 3 channels in, 8 kernels of 3 x 3
layer.W.data[...] = w
print("shape of the result:", conv(x, w).shape)
print("loops and matrices agree:    ", np.allclose(by_loops(x, w), conv(x, w)))
print("nn.Conv2d and matrices agree:", np.allclose(layer(x).data, conv(x, w)))
assert np.abs(by_loops(x, w) - conv(x, w)).max() < 1e-12
assert np.abs(layer(x).data - conv(x, w)).max() < 1e-12

# %% [markdown] time-words
# How much faster is it? *Guess, and then measure.* (The numbers depend on your computer.)

# %% time tags=varies
from time import perf_counter


def seconds(f, *args, times):
    best = float("inf")
    for _ in range(times):
        began = perf_counter()
        f(*args)
        best = min(best, perf_counter() - began)
    return best


slow, fast = seconds(by_loops, x, w, times=3), seconds(conv, x, w, times=50)
theirs = seconds(layer, x, times=50)
print(f"loops: {1000 * slow:.0f} ms")
print(f"one matrix product: about {slow / fast:.0f} times as fast")
print(f"nn.Conv2d, on these small images: about {slow / theirs:.0f} times as fast")

# %% [markdown] price-words
# This has a price: with a kernel of $3 \times 3$ every pixel is copied up to nine times, so the table of patches is nine times as large as the
# images. `nn.Conv2d` needs less memory. It cuts only as many patches at a time as fit into the processor's cache, and reuses the memory for the
# next ones. For large images this makes a difference:

# %% price tags=varies
large, kernels = rng.normal(size=(16, 64, 64, 16)), rng.normal(size=(3, 3, 16, 16))
wide = nn.Conv2d(16, 16, 3).astype(np.float64)
wide.W.data[...] = kernels
assert np.allclose(wide(large).data, conv(large, kernels))
ratio = seconds(conv, large, kernels, times=5) / seconds(wide, large, times=5)
print(f"patches of all images: {unfold(large, 3, 3).nbytes / large.nbytes:.1f} times the images")
print(f"on these, nn.Conv2d is {ratio:.1f} times as fast as our table of all patches")

# %% [markdown] adjoint-words
# ## 4. The gradient: copies add up
#
# Suppose we know `g`, how much the loss moves with each result `y`. How does it move with the kernel, and with the pixels? We already have most of
# the answer. With patches as rows, $y = \text{patches} \cdot w$ is a matrix product, and its gradients are
# $\text{patches}^T g$ for `w`, and $g\,w^T$ for the patches.
#
# But patches are copies. **If a pixel moves, all its copies move**, and over different paths slopes add up (lesson 1). So
# the gradient of a pixel is the sum of the gradients of its copies. *In the image of nine pixels, with a kernel of $2 \times 2$: how many copies does
# each pixel have?* Write down the nine numbers. Then fold the patches back to where they came from, each number worth 1:


# %% fold
def fold(patches, high, wide):
    """Adds the patches up where unfold took them from: an image (N, high, wide, C)."""
    n, down, across, kh, kw, channels = patches.shape
    x = np.zeros((n, high, wide, channels), patches.dtype)
    for i in range(kh):
        for j in range(kw):
            x[:, i : i + down, j : j + across] += patches[:, :, :, i, j]
    return x


copies = fold(np.ones((1, 2, 2, 2, 2, 1), int), 3, 3)[0, :, :, 0]
print(copies)
assert copies.tolist() == [[1, 2, 1], [2, 4, 2], [1, 2, 1]]

# %% [markdown] fold-words
# `fold` is `unfold` with the assignment reversed: one *copies* a pixel into a patch, the other *adds* a patch to the pixels. Is
# it right? There is a test without any derivative. For any image `x` and any numbers `u` of the shape of its patches,
#
# $$\langle \text{unfold}(x),\, u \rangle = \langle x,\, \text{fold}(u) \rangle$$
#
# where $\langle a, b \rangle$ is the sum of the elementwise products. Both sides add every pixel times the `u` of each of its copies, only
# in a different order. Two operations with this property are called **adjoint**, and backpropagation needs nothing else: if the loss moves by
# $\langle \Delta\text{patches}, u \rangle$, then it moves by $\langle \Delta x, \text{fold}(u) \rangle$. With integers the two sides are exactly equal:

# %% adjoint
for seed in range(3):
    rng = np.random.default_rng(seed)
    a = rng.integers(-9, 10, size=(2, 6, 5, 3))
    u = rng.integers(-9, 10, size=(2, 4, 4, 3, 2, 3))
    left, right = np.sum(unfold(a, 3, 2) * u), np.sum(a * fold(u, 6, 5))
    print(f"{left:6d} = {right}")
    assert left == right

# %% [markdown] back-words
# Now the whole backward pass is three lines. The engine's own `backward()` checks them:


# %% back
def conv_back(x, w, g):
    """dL/dx and dL/dw, from g = dL/dy."""
    kh, kw, channels, outputs = w.shape
    rows = unfold(x, kh, kw).reshape(-1, kh * kw * channels)
    dw = rows.T @ g.reshape(-1, outputs)
    dpatches = g.reshape(-1, outputs) @ w.reshape(-1, outputs).T
    dx = fold(dpatches.reshape(*g.shape[:3], kh, kw, channels), *x.shape[1:3])
    return dx, dw.reshape(w.shape)


g = np.random.default_rng(1).normal(size=(4, 18, 18, 8))
dx, dw = conv_back(x, w, g)

images_in = Tensor(x, requires_grad=True)
(layer(images_in) * g).sum().backward()
print("gradient of the images: ", np.allclose(images_in.grad, dx))
print("gradient of the kernels:", np.allclose(layer.W.grad, dw))
assert np.abs(images_in.grad - dx).max() < 1e-12 and np.abs(layer.W.grad - dw).max() < 1e-11

# %% [markdown] turned-words
# (Look at `dx` once more. Each `g` adds the kernel, times its value, to the image. Seen from one pixel, the kernels that reach it are
# rotated by 180°. So this gradient is also a convolution, with the rotated kernel, and it can be computed as fast.)

# %% turned
padded = np.pad(g, [(0, 0), (2, 2), (2, 2), (0, 0)])
assert np.allclose(conv(padded, w[::-1, ::-1].swapaxes(2, 3)), dx)

# %% [markdown] pooling-words
# ## 5. Pooling: is it here?
#
# A kernel locates its edge to the pixel. We do not need to know it so exactly: a shift by a pixel should not matter much. **Max pooling** keeps the largest
# number of every block of $2 \times 2$. *Which four numbers remain of these? And which of the 16 move the sum of those four, if they move a little?*
#
# ```text
# 1  3  0  2
# 5  2  1  1
# 0  0  7  2
# 4  1  3  6
# ```

# %% pooling
outputs = Tensor(
    [[1.0, 3.0, 0.0, 2.0], [5.0, 2.0, 1.0, 1.0], [0.0, 0.0, 7.0, 2.0], [4.0, 1.0, 3.0, 6.0]],
    requires_grad=True,
)
pooled = nn.MaxPool2d(2)(outputs.reshape(1, 4, 4, 1))
print(pooled.data[0, :, :, 0])
pooled.sum().backward()
print(outputs.grad.astype(int))
assert pooled.data.ravel().tolist() == [5, 2, 4, 7]
assert np.argwhere(outputs.grad).tolist() == [[0, 3], [1, 0], [2, 2], [3, 0]]

# %% [markdown] pooling-after
# The gradient goes to the largest number of each block, and to no other. There is nothing to learn in this layer. If the block is the
# whole image, one number remains for each kernel: *does its pattern occur anywhere?* That is `nn.GlobalMaxPool2d`.

# %% [markdown] cnn-words
# ## 6. A convolutional network
#
# Eight kernels of $3 \times 3$ look at the image. Twenty-four kernels of $3 \times 3 \times 8$ look at their outputs, so each covers $5 \times 5$ pixels of the image. The
# pooling asks for each of them: does its pattern occur anywhere? Ten weighted sums of these 24 numbers are the scores. *How many parameters is that?* (Each kernel has a bias, too.)

# %% cnn
cnn = nn.Sequential(
    nn.Conv2d(1, 8, 3, rng=0), nn.ReLU(),
    nn.Conv2d(8, 24, 3, rng=1), nn.ReLU(),
    nn.GlobalMaxPool2d(),
    nn.Linear(24, 10, rng=2),
).astype(np.float64)  # fmt: skip
start = cnn.state_dict()
print(cnn.summary((10, 10, 1)))
assert (9 * 1 * 8 + 8) + (9 * 8 * 24 + 24) + (24 * 10 + 10) == 2082

# %% [markdown] cnn-train-words
# That is fewer than the 3,562 of the fully connected network. It trains on the same images, for 8 epochs. Then test it on shifted images:

# %% cnn-train
trained = train(cnn, epochs=8)
cnn_correct = show(trained)
print(
    f"\nafter a shift, on average: {np.mean(cnn_correct[1:]):.0f} of 359; "
    f"the fully connected network read {np.mean(dense_correct[1:]):.0f}"
)
assert cnn_correct[0] > 335 and np.mean(cnn_correct[1:]) > 1.6 * np.mean(dense_correct[1:])

# %% [markdown] cnn-after
# This network has never seen a shifted image, either. But what a kernel has learned at one place it applies at every other. (The remaining mistakes come from the border: a
# kernel does not fit everywhere there, and a shift can move its pattern to where it never looks.)

# %% [markdown] look-words
# ## 7. Look at what it looks for
#
# Nobody told the eight kernels of the first layer what to look for. Here they are after training. Below each is its output for one image, after the
# ReLU: the darker, the better the match. In a kernel, red matches ink and blue matches paper; white does not matter. *Which
# kernels look for an edge, and in which direction? Find the edge in the output below.*

# %% look
# alt: Eight kernels of 3 by 3 weights, and below each what it finds in the image of a three.
i = 6
kernels, outputs = cnn[0].W.data[:, :, 0], cnn[1](cnn[0](x_test[i : i + 1])).data[0]
strongest = np.abs(kernels).max()

fig, axes = plt.subplots(2, 9, figsize=(9, 2.1), layout="constrained")
axes[1, 0].imshow(x_test[i, :, :, 0], cmap="gray_r")
axes[1, 0].set_title("the image", fontsize=9)
for k in range(8):
    axes[0, k + 1].imshow(kernels[..., k], cmap="RdBu_r", vmin=-strongest, vmax=strongest)
    axes[1, k + 1].imshow(outputs[..., k], cmap="gray_r", vmin=0, vmax=outputs.max())
for ax in axes.ravel():
    ax.set(xticks=[], yticks=[])
axes[0, 0].set_axis_off()
assert outputs.shape == (8, 8, 8) and outputs.min() == 0

# %% [markdown] keras
# ## 8. The same in Keras
#
# You need TensorFlow for this section (in the folder of this project: `python -m pip install -e '.[compare]'`). Our layouts are Keras's: images are (N, height, width,
# channels), kernels (height, width, channels in, channels out). So the weights need no conversion.
#
# | here | in Keras |
# | :-- | :-- |
# | `nn.Conv2d(1, 8, 3)` | `layers.Conv2D(8, 3)` |
# | `nn.MaxPool2d(2)` | `layers.MaxPooling2D(2)` |
# | `nn.GlobalMaxPool2d()` | `layers.GlobalMaxPooling2D()` |

# %% twin tags=keras
needs("keras")
from tinygrad_edu.twins import compare, to_keras

twin = to_keras(cnn, (10, 10, 1))
print([type(layer).__name__ for layer in twin.layers])
apart = np.abs(twin.predict(x_test, verbose=0) - trained.predict(x_test)).max()
print("the same scores, to 12 decimals:", bool(apart < 1e-12))
assert apart < 1e-12

# %% [markdown] twin-train
# Now run 20 training steps from the start, and compare each with Keras: the output of every layer, every gradient, every weight.

# %% compare tags=varies,keras
needs("keras")
cnn.load_state_dict(start)
batches = [(x_train[32 * k : 32 * k + 32], y_train[32 * k : 32 * k + 32]) for k in range(20)]
report = compare(cnn, nn.cross_entropy, optim.SGD(cnn.parameters(), lr=0.25), batches)
print(report)

# %% compared tags=keras
needs("keras")
assert len(report) == 20 and report.first_divergence() is None
print("largest difference below 1e-12:", max(report.max_difference().values()) < 1e-12)

# %% [markdown] compared-words
# They agree to the last digits: you now know, from its patches to its gradient, the layer that all libraries use.

# %% [markdown] exercises
# ## 9. Three exercises
#
# ### Exercise 1: on paper (1 point)
#
# Apply the kernel at every place of the image, with a pencil:
#
# ```text
# image          kernel
#
# 1  2  0        1   2
# 0  1  3        0  -1
# 2  0  1
# ```
#
# And for an image of $28 \times 28$ and a kernel of $5 \times 5$, with stride 2 and without padding: how many places are there along one side?

# %% exercise on_paper points=1
# y is a list of rows, such as [[1, 2], [3, 4]].
# BEGIN SOLUTION
y = [[4, -1], [2, 6]]
places = 12
# END SOLUTION

# %% [markdown] solution on_paper
# The first number is $1 \cdot 1 + 2 \cdot 2 + 0 \cdot 0 - 1 \cdot 1 = 4$. And $(28 - 5) / 2 = 11.5$: the kernel can move eleven times, and the first place adds one.

# %% check on_paper
from numbers import Real


def check_on_paper(y, places):
    try:
        y = np.array(y, dtype=float)
    except (TypeError, ValueError):
        raise AssertionError("y should be a table of plain numbers: a list of rows.") from None
    x = np.array([[1, 2, 0], [0, 1, 3], [2, 0, 1]])
    w = np.array([[1, 2], [0, -1]])
    truth = convolve(x, w)
    if y.shape != truth.shape:
        raise AssertionError(
            f"y: a kernel of 2 finds 3 - 2 + 1 places along each side. Your y is {y.shape}."
        )
    elif np.array_equal(y, convolve(x, w[::-1, ::-1])):
        raise AssertionError(
            "y: you have rotated the kernel. Signal processing does so; here it is not rotated."
        )
    elif np.array_equal(y, convolve(x, w.T)):
        raise AssertionError("y: rows and columns of the kernel are exchanged.")
    elif np.array_equal(y, truth.T):
        raise AssertionError("y: rows and columns of the result are exchanged.")
    elif np.array_equal(y, convolve(x, np.abs(w))):
        raise AssertionError("y: one weight of the kernel is negative.")
    elif not np.array_equal(y, truth):
        p, q = np.argwhere(y != truth)[0]
        raise AssertionError(
            f"y: look again at row {p}, column {q}. The kernel covers {x[p : p + 2, q : q + 2].tolist()}."
        )
    elif not isinstance(places, Real):
        raise AssertionError("y is right. places should be a plain number.")
    elif places == 24:
        raise AssertionError(
            "y is right. places: that is right for stride 1. Stride 2 skips every second place."
        )
    elif places == 14:
        raise AssertionError("y is right. places: the last kernel would hang over the edge.")
    elif places in (11, 11.5):
        raise AssertionError(
            "y is right. places: count the first place, too: the formula ends with + 1."
        )
    elif places == 12.5:
        raise AssertionError("y is right. places: there is no half place. Drop the fraction.")
    elif places != (28 - 5) // 2 + 1:
        raise AssertionError(
            "y is right. places: put n = 28, k = 5, s = 2 and p = 0 into the formula."
        )
    else:
        return "Right, the four numbers and the 12 places."


# %% wrong on_paper: y should be a table of plain numbers
y = "four"
places = 12

# %% wrong on_paper: y should be a table of plain numbers
y = [[1, 2], [3]]
places = 12

# %% wrong on_paper: y: a kernel of 2 finds 3 - 2 + 1 places along each side. Your y is (4,)
y = [4, -1, 2, 6]
places = 12

# %% wrong on_paper: y: a kernel of 2 finds 3 - 2 + 1 places
y = np.array([[0.0, 0.0, 0.0], [0.0, 0.0, 0.0], [0.0, 0.0, 0.0]])
places = 12

# %% wrong on_paper: y: look again at row 0, column 0. The kernel covers [[1, 2], [0, 1]]
y = [[0, 1], [2, 7]]
places = 12

# %% wrong on_paper: y: rows and columns of the result are exchanged
y = np.array([[4, 2], [-1, 6]])
places = 12

# %% wrong on_paper: y: one weight of the kernel is negative
y = [[6, 5], [2, 8]]
places = 12

# %% wrong on_paper: y: look again at row 1, column 1. The kernel covers [[1, 3], [0, 1]]
y = [[4, -1], [2, 5]]
places = 12

# %% wrong on_paper: y is right. places should be a plain number
y = [[4, -1], [2, 6]]
places = "12"

# %% wrong on_paper: y is right. places: that is right for stride 1
y = [[4, -1], [2, 6]]
places = 24

# %% wrong on_paper: y is right. places: the last kernel would hang
y = [[4, -1], [2, 6]]
places = 14

# %% wrong on_paper: y is right. places: count the first place
y = [[4, -1], [2, 6]]
places = 11

# %% wrong on_paper: y is right. places: count the first place
y = [[4, -1], [2, 6]]
places = 11.5

# %% wrong on_paper: y is right. places: there is no half place
y = [[4, -1], [2, 6]]
places = 12.5

# %% wrong on_paper: y is right. places: put n = 28
y = [[4, -1], [2, 6]]
places = 144

# %% right on_paper
y = [[4, -1], [2, 6]]
places = 12

# %% right on_paper
y = np.array([[4.0, -1.0], [2.0, 6.0]])
places = np.int64(12)

# %% [markdown] exercise-2-text
# ### Exercise 2: the adjoint of an average (2 points)
#
# `average` replaces every block of $2 \times 2$ pixels by its mean. Write `average_back(g)`, its backward pass: from `g`, the gradient of the
# means (h, w), compute the gradient of the pixels (2h, 2w). The check needs no derivative. It only tests whether
# $\langle \text{average}(x), g \rangle = \langle x, \text{average\_back}(g) \rangle$.


# %% average tags=needed
def average(x):
    """(2h, 2w) -> (h, w): the mean of each block of 2 x 2 pixels."""
    return (x[0::2, 0::2] + x[0::2, 1::2] + x[1::2, 0::2] + x[1::2, 1::2]) / 4


print(average(np.array([[1, 3, 0, 0], [5, 7, 0, 4]])))


# %% exercise average_back points=2
def average_back(g):
    # BEGIN SOLUTION
    return np.repeat(np.repeat(g, 2, axis=0), 2, axis=1) / 4
    # END SOLUTION


# %% [markdown] solution average_back
# Each mean passes a quarter of its gradient to each of its four pixels.


# %% check average_back
def check_average_back(average_back):
    rng = np.random.default_rng(0)
    g = rng.integers(-9, 10, size=(3, 2)).astype(float)
    before = g.copy()
    back = average_back(g)
    if not np.array_equal(g, before):
        raise AssertionError("Your function has changed g.")
    if np.shape(back) != (6, 4):
        raise AssertionError(f"g is (3, 2), so the pixels are (6, 4). Yours are {np.shape(back)}.")
    back = np.asarray(back, dtype=float)

    def fits(factor=1.0):
        tried = rng.normal(size=(5, 6, 4))
        return all(np.isclose(np.sum(average(x) * g), factor * np.sum(x * back)) for x in tried)

    if fits():
        g = rng.normal(size=(4, 5))
        x = rng.normal(size=(8, 10))
        try:
            right = np.isclose(np.sum(average(x) * g), np.sum(x * average_back(g)))
        except Exception as error:
            raise AssertionError(f"Right for g (3, 2). For (4, 5), Python says: {error}") from error
        assert right, "Right for one g, but not for others."
        return "Right: the two sides agree."
    elif fits(0.25):
        raise AssertionError("Four times too large: each pixel gets a quarter of the gradient.")
    elif fits(4.0) or fits(2.0) or fits(0.5):
        raise AssertionError(
            "The right places, but a wrong factor: each pixel gets a quarter of the gradient."
        )
    elif np.allclose(back, np.tile(g, (2, 2)) / 4) or np.allclose(back, np.tile(g, (2, 2))):
        raise AssertionError(
            "g is repeated as a whole. Repeat each of its numbers for the four pixels of its block."
        )
    elif np.count_nonzero(back) <= np.count_nonzero(g):
        raise AssertionError(
            "Only one pixel of each block gets a gradient. All four contribute to the mean."
        )
    else:
        x = np.zeros((6, 4))
        x[2, 1] = 1
        raise AssertionError(
            f"<average(x), g> and <x, average_back(g)> differ. If only pixel (2, 1) is 1, they are "
            f"{np.sum(average(x) * g):g} and {np.sum(x * back):g}."
        )


# %% hidden average_back
def check_average_back(average_back):
    rng = np.random.default_rng(11)
    for size in [(1, 1), (2, 5), (3, 3)]:
        g = rng.normal(size=size)
        before = g.copy()
        back = average_back(g)
        assert np.array_equal(g, before), "Your function has changed g."
        assert np.shape(back) == (2 * size[0], 2 * size[1]), f"The wrong shape for g {size}."
        x = rng.normal(size=np.shape(back))
        assert np.isclose(np.sum(average(x) * g), np.sum(x * back)), (
            f"Not the adjoint for g {size}."
        )


# %% wrong average_back: axis 7 is out of bounds
def average_back(g):
    return g.repeat(2, axis=7)


# %% wrong average_back: Your function has changed g
def average_back(g):
    out = np.repeat(np.repeat(g, 2, axis=0), 2, axis=1) / 4
    g *= 0
    return out


# %% wrong average_back: g is (3, 2), so the pixels are (6, 4). Yours are (3, 2)
def average_back(g):
    return g


# %% wrong average_back: g is (3, 2), so the pixels are (6, 4). Yours are ()
def average_back(g):
    return 1.0


# %% wrong average_back: Four times too large
def average_back(g):
    return 4 * np.repeat(np.repeat(g, 2, axis=0), 2, axis=1) / 4


# %% wrong average_back: The right places, but a wrong factor
def average_back(g):
    return np.repeat(np.repeat(g, 2, axis=0), 2, axis=1) / 4 / 4


# %% wrong average_back: The right places, but a wrong factor
def average_back(g):
    return np.repeat(np.repeat(g, 2, axis=0), 2, axis=1) / 4 * 2


# %% wrong average_back: g is repeated as a whole
def average_back(g):
    return np.tile(g, (2, 2)) / 4


# %% wrong average_back: g is repeated as a whole
def average_back(g):
    return np.tile(g, (2, 2))


# %% wrong average_back: Only one pixel of each block
def average_back(g):
    out = np.zeros((2 * len(g), 2 * g.shape[1]))
    out[::2, ::2] = g
    return out


# %% wrong average_back: Only one pixel of each block
def average_back(g):
    out = np.zeros((2 * len(g), 2 * g.shape[1]))
    out[::2, ::2] = g / 4
    return out


# %% wrong average_back: <average(x), g> and <x, average_back(g)> differ. If only pixel (2, 1)
def average_back(g):
    return -np.repeat(np.repeat(g, 2, axis=0), 2, axis=1) / 4


# %% wrong average_back: <average(x), g> and <x, average_back(g)> differ
def average_back(g):
    return np.roll(np.repeat(np.repeat(g, 2, axis=0), 2, axis=1) / 4, 1, axis=0)


# %% wrong average_back: Right for g (3, 2). For (4, 5), Python says
def average_back(g):
    return (
        (np.repeat(np.repeat(g, 2, axis=0), 2, axis=1) / 4)[:6, :4]
        + np.zeros((6, 4))
        + 0 * np.repeat(np.repeat(g, 2, axis=0), 2, axis=1) / 4
    )


# %% wrong average_back: Right for one g, but not for oth
g = np.random.default_rng(0).integers(-9, 10, size=(3, 2)).astype(float)
K = np.repeat(np.repeat(g, 2, axis=0), 2, axis=1) / 4


def average_back(g):
    return K if g.shape == (3, 2) else np.zeros((8, 10))


# %% right average_back
def average_back(g):
    return np.repeat(np.repeat(g, 2, axis=0), 2, axis=1) / 4


# %% right average_back
def average_back(g):
    return (np.repeat(np.repeat(g, 2, axis=0), 2, axis=1) / 4).tolist()


# %% [markdown] exercise-3-text
# ### Exercise 3: the same size (3 points)
#
# Deep networks need images that keep their size. Write `convolve_same(x, w)`, which puts zeros around the image (H, W) and then calls `convolve`, so that the result is
# (H, W), too. A kernel of length $k$ needs $k - 1$ zeros along its axis, half of them before and half after. If that number is odd,
# the extra zero comes after. `np.pad` helps.


# %% exercise convolve_same points=3
def convolve_same(x, w):
    # BEGIN SOLUTION
    zeros = [k - 1 for k in w.shape]
    return convolve(np.pad(x, [(z // 2, z - z // 2) for z in zeros]), w)
    # END SOLUTION


# %% check convolve_same
def check_convolve_same(convolve_same):
    rng = np.random.default_rng(0)

    def truth(x, w):
        same = nn.Conv2d(1, 1, w.shape, padding="same", bias=False).astype(np.float64)
        same.W.data[..., 0, 0] = w
        return same(x[None, :, :, None]).data[0, :, :, 0]

    def zeros(x, w, rows, columns, **how):
        return convolve(np.pad(x, [rows, columns], **how), w)

    for size in [(3, 3), (3, 5), (2, 2), (4, 3), (1, 2)]:
        x, w = rng.normal(size=(6, 7)), rng.normal(size=size)
        kept = x.copy()
        y = convolve_same(x, w)
        if not np.array_equal(x, kept):
            raise AssertionError("Your function has changed x.")
        kh, kw = size[0] - 1, size[1] - 1
        if np.shape(y) == (6 - kh, 7 - kw) and (kh or kw):
            raise AssertionError(
                f"A kernel of {size}: no zeros yet, the result is {np.shape(y)} and not (6, 7)."
            )
        elif np.shape(y) != (6, 7):
            raise AssertionError(f"A kernel of {size}: the result is {np.shape(y)} and not (6, 7).")
        elif np.allclose(y, truth(x, w)):
            continue
        elif np.allclose(y, zeros(x, w, (0, kh), (0, kw))):
            raise AssertionError(
                f"A kernel of {size}: all zeros come after. Half of them belong before."
            )
        elif np.allclose(y, zeros(x, w, (kh, 0), (kw, 0))):
            raise AssertionError(
                f"A kernel of {size}: all zeros come before. Half of them belong after."
            )
        elif np.allclose(y, zeros(x, w, (kh - kh // 2, kh // 2), (kw - kw // 2, kw // 2))):
            raise AssertionError(
                f"A kernel of {size}: here the number of zeros is odd. The extra one comes after."
            )
        elif np.allclose(
            y, zeros(x, w, (kh // 2, kh - kh // 2), (kw // 2, kw - kw // 2), mode="edge")
        ):
            raise AssertionError(f"A kernel of {size}: the border is repeated. It should be zeros.")
        else:
            raise AssertionError(
                f"A kernel of {size}: the size is right, the numbers are not. Where are the zeros?"
            )
        return
    return "Right, for odd and even kernels, as in nn.Conv2d."


# %% hidden convolve_same
def check_convolve_same(convolve_same):
    rng = np.random.default_rng(13)
    for image, kernel in [((5, 5), (5, 1)), ((4, 9), (2, 3)), ((6, 6), (4, 4)), ((3, 3), (1, 1))]:
        x, w = rng.normal(size=image), rng.normal(size=kernel)
        before = x.copy()
        zeros = [((k - 1) // 2, k - 1 - (k - 1) // 2) for k in kernel]
        y = convolve_same(x, w)
        assert np.array_equal(x, before), "Your function has changed x."
        assert np.shape(y) == image, f"A kernel of {kernel}: the result has another size."
        fits = np.allclose(y, convolve(np.pad(x, zeros), w))
        assert fits, f"A kernel of {kernel}: the numbers are not right."


# %% right convolve_same
def convolve_same(x, w):
    (H, W), (kh, kw) = x.shape, w.shape
    framed = np.zeros((H + kh - 1, W + kw - 1))
    framed[(kh - 1) // 2 : (kh - 1) // 2 + H, (kw - 1) // 2 : (kw - 1) // 2 + W] = x
    return convolve(framed, w)


# %% wrong convolve_same: matmul
def convolve_same(x, w):
    return x @ w


# %% wrong convolve_same: Your function has changed x
def convolve_same(x, w):
    x *= 2
    kh, kw = (k - 1 for k in w.shape)
    return convolve(np.pad(x, [(kh // 2, kh - kh // 2), (kw // 2, kw - kw // 2)]), w)


# %% wrong convolve_same: A kernel of (3, 3): no zeros yet, the result is (4,
def convolve_same(x, w):
    kh, kw = (k - 1 for k in w.shape)
    return convolve(np.pad(x, 0), w)


# %% wrong convolve_same: A kernel of (3, 5): the result is (6, 5) and not
def convolve_same(x, w):
    kh, kw = (k - 1 for k in w.shape)
    return convolve(np.pad(x, 1), w)


# %% wrong convolve_same: A kernel of (3, 3): the result is (8, 9) and not (6, 7)
def convolve_same(x, w):
    kh, kw = (k - 1 for k in w.shape)
    return convolve(np.pad(x, [(kh, kh), (kw, kw)]), w)


# %% wrong convolve_same: A kernel of (3, 3): all zeros come after
def convolve_same(x, w):
    kh, kw = (k - 1 for k in w.shape)
    return convolve(np.pad(x, [(0, kh), (0, kw)]), w)


# %% wrong convolve_same: A kernel of (3, 3): all zeros come before
def convolve_same(x, w):
    kh, kw = (k - 1 for k in w.shape)
    return convolve(np.pad(x, [(kh, 0), (kw, 0)]), w)


# %% wrong convolve_same: A kernel of (2, 2): all zeros come before
def convolve_same(x, w):
    kh, kw = (k - 1 for k in w.shape)
    return convolve(np.pad(x, [(kh - kh // 2, kh // 2), (kw - kw // 2, kw // 2)]), w)


# %% wrong convolve_same: A kernel of (4, 3): here the number of zeros is odd
def convolve_same(x, w):
    kh, kw = (k - 1 for k in w.shape)
    if w.shape == (2, 2):
        return convolve(np.pad(x, [(0, 1), (0, 1)]), w)
    return convolve(np.pad(x, [(kh - kh // 2, kh // 2), (kw - kw // 2, kw // 2)]), w)


# %% wrong convolve_same: A kernel of (3, 3): the border is repeated
def convolve_same(x, w):
    kh, kw = (k - 1 for k in w.shape)
    return convolve(np.pad(x, [(kh // 2, kh - kh // 2), (kw // 2, kw - kw // 2)], mode="edge"), w)


# %% wrong convolve_same: A kernel of (3, 3): the size is right, the numbers are
def convolve_same(x, w):
    kh, kw = (k - 1 for k in w.shape)
    return convolve(np.pad(x, [(kh // 2, kh - kh // 2), (kw // 2, kw - kw // 2)], mode="wrap"), w)


# %% wrong convolve_same: A kernel of (3, 3): the size is right, the
def convolve_same(x, w):
    kh, kw = (k - 1 for k in w.shape)
    return convolve(np.pad(x, [(kh // 2, kh - kh // 2), (kw // 2, kw - kw // 2)]), w[::-1])


# %% right convolve_same
def convolve_same(x, w):
    kh, kw = (k - 1 for k in w.shape)
    return convolve(np.pad(x, [(kh // 2, kh - kh // 2), (kw // 2, kw - kw // 2)]), w)


# %% [markdown] next
# ## What you have seen
#
# - A fully connected layer does not know which pixels are neighbors. A convolution looks at neighborhoods, in the same way everywhere, with very few weights.
# - Written as a table of patches, it is a matrix product.
# - Patches are copies, and the gradients of copies add up: `fold` is the adjoint of `unfold`, and you can test that without any derivative.
# - Max pooling keeps the strongest output and forgets where exactly it was. On the way back, the largest number gets the whole gradient.
#
# ## What to read next
#
# | here | there |
# | :-- | :-- |
# | `unfold`, `fold`, `conv` | `_unfold`, `_fold` and `plain_conv2d`, in [`tinygrad_edu/ops/convolution.py`](../tinygrad_edu/ops/convolution.py); the fast version follows below |
# | `nn.Conv2d` | [`tinygrad_edu/nn/convolution.py`](../tinygrad_edu/nn/convolution.py) |
# | pooling | [`tinygrad_edu/ops/pooling.py`](../tinygrad_edu/ops/pooling.py) |
