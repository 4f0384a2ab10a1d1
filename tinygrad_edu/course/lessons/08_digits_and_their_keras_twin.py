# builds: a training loop by hand, then the same with Module and Trainer, then the same in Keras, with equal losses
# needs: lesson 1

# %% [markdown] title
# # Lesson 8: Ten digits, and a twin in Keras
#
# In this lesson a network learns to read handwritten digits, and you see every step. You write the whole
# training loop in a dozen lines. Then you replace it piece by piece with a Module, an optimizer and a
# Trainer, and the numbers stay the same to the last digits. You see a
# network memorize wrong labels, and look at every digit that a network misreads. At the end you
# train the same network in Keras, side by side.
#
# You need [lesson 1](01_a_number_that_remembers.ipynb): what a gradient is, and what `backward()` does. It takes
# about twenty minutes. The cells compute every claim of the text, and `assert` stops you if a claim is wrong.

# %% [markdown] sees
# ## 1. What the network sees
#
# The package contains 1,797 small images of handwritten digits. To the computer an image is an array of numbers:
# 0 is paper, 16 is ink. **Which digit is this?** Try to recognize it in the numbers before you run the cell after next.

# %% load tags=needed
import matplotlib.pyplot as plt
import numpy as np

from tinygrad_edu import Tensor, nn, optim, viz
from tinygrad_edu.course import check, needs
from tinygrad_edu.data import load_digits, train_test_split

digits = load_digits(np.float64)  # double precision: we compare results to the last digits
for row in digits.x[4].astype(int):
    print("".join(f"{ink:4d}" for ink in row))

# %% [markdown] sees-picture
# Here it is, the fifth of these sixteen images. Above each image stands its **label**: the digit that the writer was asked to write.

# %% images
# alt: Sixteen small gray images of handwritten digits, 0 to 9 and 0 to 5, with their labels above.
fig, ax = plt.subplots(figsize=(7, 2.3))
viz.image_grid(digits.x[:16], [str(label) for label in digits.y[:16]], ax=ax)
print("The numbers above are a", digits.y[4])

# %% [markdown] split-words
# A network could memorize all images and still be useless for new ones. So we split the images into three parts.
# The network learns from the **training set**. The **validation set** shows during training how well it reads new images, and guides our
# choices. The **test set** is used once, at the end, for the final score. We scale the pixels to lie between
# 0 and 1, and each image becomes one row of 64 numbers.

# %% split
x = digits.x.reshape(-1, 64) / 16
x_train, x_rest, y_train, y_rest = train_test_split(x, digits.y, test=0.2, seed=0)
x_val, x_test, y_val, y_test = train_test_split(x_rest, y_rest, test=0.5, seed=0)
print("training:", x_train.shape, "  validation:", x_val.shape, "  test:", x_test.shape)
assert x_train.shape == (1438, 64) and len(x_val) + len(x_test) == 359

# %% [markdown] scores
# ## 2. From scores to one number
#
# For every image the network computes ten numbers, a **score** for each digit. The largest is its answer. To learn, it needs
# to know more than right or wrong: *how* wrong? Two steps give one number. First, the **softmax** turns scores into
# **probabilities**: raise e to each score, and divide by the sum.
#
# $$p_k = \frac{e^{s_k}}{\sum_j e^{s_j}}$$
#
# Do it with a pencil, for three classes and the scores $0$, $\ln 2$ and $\ln 5$. You need no calculator,
# because $e^{\ln 5} = 5$.

# %% softmax
scores = np.log([1.0, 2.0, 5.0])
p = np.exp(scores) / np.exp(scores).sum()
print(p)
assert np.allclose(p, [1 / 8, 2 / 8, 5 / 8])

# %% [markdown] surprise-words
# So the third class has probability 5/8. In the second step, the loss is $-\ln p$ of the class that is **right**.
# If that class has probability 1, the loss is $-\ln 1 = 0$. The smaller its probability, the larger the loss:

# %% surprise
for right in range(3):
    print(f"if class {right} is right, the loss is -ln({p[right]:.3f}) = {-np.log(p[right]):.3f}")

# %% [markdown] know-nothing-words
# This is the **cross-entropy**. One value is worth knowing: **what is the loss of a network that knows nothing**, and gives
# each of the ten digits the same probability? Think first. The number comes back when our training starts.

# %% know-nothing
print(f"-ln(1/10) = {-np.log(1 / 10):.4f}")

# %% [markdown] gradient
# In which direction should the scores move? Ask the engine for the gradient, when the third class is right:

# %% score-gradient
s = Tensor(np.log([1.0, 2.0, 5.0]), requires_grad=True)
loss = np.log(np.exp(s).sum()) - s[2]  # -ln(exp(s[2]) / sum) = ln(sum) - s[2]
loss.backward()
print("gradient:", s.grad)
print("p:       ", p)
assert np.allclose(s.grad, p - [0, 0, 1])

# %% [markdown] p-minus-t
# The gradient is **p, minus 1 at the right class**. This is as simple as it gets: every wrong score is pushed down by
# its probability, and the right score is pushed up by what its probability lacks to 1. The entries add up to 0.

# %% [markdown] loop
# ## 3. The loop, by hand
#
# The network takes the 64 pixels, computes 32 weighted sums, replaces the negative ones by 0 (the **ReLU**), and computes ten
# weighted sums of these 32 **hidden units**: the scores. *How many parameters is that?* There is a weight for each pixel and each
# sum, and a bias for each sum: $64 \cdot 32 + 32$, and then $32 \cdot 10 + 10$.
#
# The weights start at random values, from a range that keeps the sums at a moderate size (Glorot's: $\pm\sqrt{6/(\text{in}+\text{out})}$).

# %% start
rng = np.random.default_rng(0)


def random_weights(inputs, outputs):
    limit = np.sqrt(6 / (inputs + outputs))
    return rng.uniform(-limit, limit, size=(inputs, outputs))


start = {
    "0.W": random_weights(64, 32),
    "0.b": np.zeros(32),
    "2.W": random_weights(32, 10),
    "2.b": np.zeros(10),
}
print("parameters:", sum(numbers.size for numbers in start.values()))
assert 64 * 32 + 32 + 32 * 10 + 10 == 2410

# %% [markdown] loop-text
# (The names `0.W` to `2.b` become useful later.) Here are the network and its loss, written as in lesson 1:

# %% network
W1, b1, W2, b2 = parameters = [Tensor(w.copy(), requires_grad=True) for w in start.values()]


def network(x):
    hidden = np.maximum(x @ W1 + b1, 0)
    return hidden @ W2 + b2


def cross_entropy(scores, labels):
    right = scores[np.arange(len(labels)), labels]
    return (np.log(np.exp(scores).sum(axis=1)) - right).mean()


def fraction_correct(x, labels):
    return np.mean(network(x).data.argmax(axis=1) == labels)


print(f"before the first step: loss {cross_entropy(network(x_train), y_train).item():.3f}")

# %% [markdown] loop-epochs
# This is close to the 2.303 of a network that knows nothing, as it should be. The next cell is the whole training. We do not use all 1,438
# images for each step: 32 images, a **batch**, give nearly the same direction for a fraction of the work. One
# pass through all batches is an **epoch**, and each epoch has a new random order.

# %% by-hand
rate, epochs, size = 0.5, 20, 32
orders = np.random.default_rng(1)
losses_by_hand, losses_of_batches = [], []
for epoch in range(1, epochs + 1):
    order, total = orders.permutation(len(x_train)), 0.0
    for i in range(0, len(order), size):
        batch = order[i : i + size]
        loss = cross_entropy(network(x_train[batch]), y_train[batch])
        for parameter in parameters:
            parameter.grad = None
        loss.backward()
        for parameter in parameters:
            parameter.data -= rate * parameter.grad
        losses_of_batches.append(loss.item())
        total += loss.item() * len(batch)
    losses_by_hand.append(total / len(order))
    if epoch in (1, 2, 5, 10, 20):
        print(
            f"epoch {epoch:2d}   loss {losses_by_hand[-1]:.3f}   "
            f"validation accuracy {fraction_correct(x_val, y_val):.1%}"
        )
assert fraction_correct(x_val, y_val) > 0.96

# %% [markdown] loop-after
# After a fraction of a second it reads almost all digits of the validation set, which it did not train on.

# %% [markdown] api
# ## 4. The same, in fewer words
#
# The loop is short, but you would not want to write it for every network. Four pieces of it are always the same. We
# replace them one after the other, and compare each with the loop: **same start, same batches, same losses**.
#
# ### Module: a function with parameters
#
# A `Module` has its formula in `forward` and its parameters as attributes. It finds them itself: every `Parameter`
# is trained.


# %% layer
class Layer(nn.Module):
    def __init__(self, inputs, outputs):
        self.W = nn.Parameter(random_weights(inputs, outputs))
        self.b = nn.Parameter(np.zeros(outputs))

    def forward(self, x):
        return x @ self.W + self.b


model = nn.Sequential(Layer(64, 32), nn.ReLU(), Layer(32, 10))
for name, parameter in model.named_parameters():
    print(f"{name:4} {parameter.shape}")
assert [name for name, _ in model.named_parameters()] == list(start)

# %% [markdown] sequential
# `Sequential` calls one module after the other. Now the names make sense: `2.W` is the `W` of module 2. You need not
# write `Layer` yourself: it exists as `nn.Linear`. `summary` counts the parameters that we counted by hand:

# %% linear
model = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10)).astype(np.float64)
model.load_state_dict(start)  # the same initial values, by name
print(model.summary((64,)))
assert sum(p.size for p in model.parameters()) == 2410

# %% [markdown] optimizer
# ### Optimizer, loss, loader
#
# `optim.SGD` holds the parameters and computes `p.data -= rate * p.grad`. `nn.cross_entropy` is our loss (it
# subtracts the largest score first, so that no $e^s$ overflows). A `DataLoader` yields the
# batches, in a new order for each epoch. The same seed gives the same order.

# %% half-way
from tinygrad_edu.data import DataLoader

optimizer = optim.SGD(model.parameters(), lr=rate)
loader = DataLoader(x_train, y_train, batch_size=size, shuffle=True, seed=1)
losses = []
for xb, yb in loader:  # one epoch
    loss = nn.cross_entropy(model(xb), yb)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    losses.append(loss.item())

print(f"{len(losses)} batches; the last one has loss {losses[-1]:.6f}")
same = np.abs(np.array(losses) - losses_of_batches[:45]).max() < 1e-12
print("all losses equal those of the loop, to 12 decimals:", bool(same))
assert same and len(losses) == 45

# %% [markdown] trainer-words
# ### Trainer: the loop itself
#
# The rest of the loop is always the same, so the package contains it. A `Trainer` takes model, loss and optimizer, and `fit` is
# the loop. After each epoch it also evaluates the model on the validation set. We start again from the same initial values:

# %% trainer tags=varies
from tinygrad_edu.training import Trainer, accuracy

model.load_state_dict(start)
trainer = Trainer(
    model, nn.cross_entropy, optim.SGD(model.parameters(), lr=rate), metrics=[accuracy]
)
history = trainer.fit(
    x_train, y_train, epochs=epochs, batch_size=size, seed=1, validation=(x_val, y_val)
)

# %% [markdown] same-words
# Is it the same training? *How much should the losses differ after 900 steps?*

# %% same
apart = np.abs(np.array(history["loss"]) - losses_by_hand).max()
print("the loss of each epoch equals that of the loop, to 12 decimals:", bool(apart < 1e-12))
assert apart < 1e-12
assert np.allclose(model[0].W.data, W1.data, atol=1e-12)

# %% [markdown] same-after
# The Trainer does nothing else. From here on, we use the short form.

# %% [markdown] overfit
# ## 5. Overfitting
#
# How can you tell a network that has learned to read from one that has memorized its training set? Use only 200 images, and give
# **wrong labels to 40 of them**. The network gets four times as many hidden units, and a better optimizer, Adam.
#
# *What do you expect? One label in five is wrong. Can it be correct on more than 80% of its training set?*

# %% mislabeled
rng = np.random.default_rng(0)
x_few, y_few = x_train[:200], y_train[:200].copy()
mislabeled = rng.choice(200, size=40, replace=False)
y_few[mislabeled] = (
    y_few[mislabeled] + rng.integers(1, 10, size=40)
) % 10  # any digit but the right one


def large_network():
    layers = [nn.Linear(64, 128, rng=0), nn.ReLU(), nn.Linear(128, 10, rng=1)]
    return nn.Sequential(*layers).astype(np.float64)


def train(model, callbacks=()):
    optimizer = optim.Adam(model.parameters(), lr=0.01)
    trainer = Trainer(model, nn.cross_entropy, optimizer, metrics=[accuracy])
    trainer.fit(
        x_few,
        y_few,
        epochs=100,
        seed=0,
        validation=(x_val, y_val),
        callbacks=callbacks,
        progress=False,
    )
    return trainer


overfitted = train(large_network()).history
best = int(np.argmin(overfitted["val_loss"]))
print("                        training set       validation set")
for when, i in [("after 100 epochs", -1), (f"after {best + 1} epochs", best)]:
    print(
        f"{when:25}{overfitted['accuracy'][i]:>6.1%}             {overfitted['val_accuracy'][i]:.1%}"
    )
assert (
    overfitted["accuracy"][-1] == 1
    and overfitted["val_accuracy"][best] > overfitted["val_accuracy"][-1]
)

# %% [markdown] by-heart
# It is correct on **all** of them, wrong labels included: its 9,610 parameters are enough to memorize 200 images. That is not
# learning to read, and the validation set shows it: after 12 epochs the network read more of its images than at the end. The two curves
# have a typical shape:

# %% curves
# alt: Two plots over 100 epochs. The training loss falls to 0 while the validation loss turns and rises from epoch 12 on; the training accuracy reaches 1, the validation accuracy stays at 0.8.
fig, (left, right) = plt.subplots(1, 2, figsize=(8.5, 3), layout="constrained")
viz.learning_curve(overfitted, "loss", ax=left)
viz.learning_curve(overfitted, "accuracy", ax=right)
left.axvline(best + 1, color="gray", linewidth=1)
plt.show()
# %% [markdown] overfitting
# Up to the gray line both losses fall: what the network learns from its training set also holds for other images. Then the training loss (solid)
# keeps falling, while the validation loss (dashed) **rises**. From there on the network learns peculiarities of its 200 images. This
# is **overfitting**, and only images outside the training set can show it.
#
# So stop in time. `EarlyStopping` watches the validation loss, stops when it has not improved for some epochs, and restores the best
# weights:

# %% early
from tinygrad_edu.training import EarlyStopping

stopped = train(large_network(), [EarlyStopping(patience=10, restore_best_weights=True)])
saved = stopped.evaluate(x_val, y_val)["accuracy"]
print(f"stopped after {len(stopped.history)} epochs; validation accuracy {saved:.1%}")
assert len(stopped.history) == best + 1 + 10 and saved == overfitted["val_accuracy"][best]

# %% [markdown] early-after
# (The validation set chose when to stop, so its accuracy is a little too optimistic. Only data that influenced no choice give
# an honest score. That is what the test set is for, and so far we have not touched it.)

# %% [markdown] mistakes
# ## 6. What it gets wrong
#
# Back to the network of section 4, trained on correct labels. Which digits does it confuse? We look at the validation set, because
# what we see may change the network. The **confusion matrix** has a row for each true
# digit, and a column for each predicted digit. Correct answers are on the diagonal.
# *Before you look: which two digits would you expect to be confused?*

# %% confusion
# alt: A table of 10 true classes by 10 predicted classes: 15 to 18 images of each class stand on the diagonal, and six mistakes beside it.
from tinygrad_edu.training import confusion_matrix

predicted = trainer.predict(x_val).argmax(axis=1)
counts = confusion_matrix(y_val, predicted, 10)
correct, total = np.trace(counts), counts.sum()
print(f"{correct} of {total} correct: {correct / total:.1%}")

fig, ax = plt.subplots(figsize=(4.6, 4.6))
viz.confusion(counts, ax=ax)
assert counts.sum(axis=1).tolist() == np.bincount(y_val).tolist()

# %% [markdown] mistakes-look
# Here is every single one that it misread. *Would you have read them all?*

# %% wrong
# alt: The six misread digits, each with its label and what the network read: 4 as 8, 8 as 1, 5 as 1, 5 as 4, 3 as 5, 8 as 5.
wrong = np.flatnonzero(predicted != y_val)
titles = [f"{y_val[i]}, read as {predicted[i]}" for i in wrong]
fig, ax = plt.subplots(figsize=(7, 1.6))
viz.image_grid(x_val[wrong].reshape(-1, 8, 8), titles, columns=6, ax=ax)
assert len(wrong) == total - correct

# %% [markdown] looking
# Always look. An accuracy does not tell you whether the mistakes are forgivable, whether one class does badly, or whether
# some labels are simply wrong.
#
# The network is final now. For its score we use the test set, for the first and only time:

# %% final-score
final = trainer.evaluate(x_test, y_test)["accuracy"]
print(f"test accuracy: {final:.1%}")
assert final > 0.96

# %% [markdown] twin
# ## 7. A twin in Keras
#
# Do other libraries mean the same by these words? Compare with Keras, which many courses use. You need TensorFlow for this section. It is large (3 GB). In the folder of this project:
#
#     python -m pip install -e '.[compare]'
#
# `to_keras` builds the same network in Keras, with the same weights. Written in Keras it is:
#
# ```python
# keras.Sequential([keras.layers.Dense(32), keras.layers.ReLU(), keras.layers.Dense(10)])
# ```
#
# | here | in Keras |
# | :-- | :-- |
# | `nn.Linear(64, 32)` | `layers.Dense(32)` |
# | `nn.cross_entropy` | `losses.SparseCategoricalCrossentropy(from_logits=True)` |
# | `optim.SGD(model.parameters(), lr=0.5)` | `optimizers.SGD(0.5)` |
# | `Trainer(model, loss, optimizer)` | `model.compile(optimizer, loss)` |
# | `trainer.fit(x, y, epochs=20)` | `model.fit(x, y, epochs=20)` |
#
# ("Logits" are the scores before the softmax.)

# %% to-keras tags=keras
needs("keras")
from tinygrad_edu.twins import compare, to_keras

twin = to_keras(model)
print(type(twin).__module__.split(".")[0], [type(layer).__name__ for layer in twin.layers])
apart = np.abs(twin.predict(x_val, verbose=0) - trainer.predict(x_val)).max()
print("its scores for the validation images equal ours, to 12 decimals:", bool(apart < 1e-12))
assert apart < 1e-12

# %% [markdown] twin-fit
# The forward pass is the same. What about training? Let Keras's own `fit` start where our loop started, with the batches in fixed order, and
# do the same here:

# %% keras-fit tags=keras
needs("keras")
import keras

keras.config.set_floatx("float64")  # otherwise fit converts our pixels to single precision
model.load_state_dict(start)
twin = to_keras(model)
twin.compile(
    keras.optimizers.SGD(rate), keras.losses.SparseCategoricalCrossentropy(from_logits=True)
)
theirs = twin.fit(x_train, y_train, epochs=5, batch_size=32, shuffle=False, verbose=0)

trainer = Trainer(model, nn.cross_entropy, optim.SGD(model.parameters(), lr=rate))
ours = trainer.fit(x_train, y_train, epochs=5, batch_size=32, shuffle=False, progress=False)

print("epoch   our loss           Keras's loss")
for i in range(5):
    print(f"{i + 1:5d}   {ours['loss'][i]:.12f}     {theirs.history['loss'][i]:.12f}")
assert np.allclose(ours["loss"], theirs.history["loss"], rtol=0, atol=1e-12)

# %% [markdown] twin-steps
# They agree in twelve decimals, over 225 steps. If two trainings ever differ, you want to know *where* they diverge. `compare` trains both, step by step, and
# compares the output of every layer, every gradient and every weight:

# %% compare tags=varies,keras
needs("keras")
model.load_state_dict(start)
optimizer = optim.SGD(model.parameters(), lr=rate)
batches = DataLoader(x_train, y_train, batch_size=32, shuffle=True, seed=1)
report = compare(model, nn.cross_entropy, optimizer, batches)
print(report)

# %% [markdown] report
# A difference of $10^{-16}$ is one unit in the last digit of such numbers: the two libraries add the same numbers in a different order.
# (And the loss of step 45 is the 0.688620 of section 4: with the same seed, these are the 45 batches of our own loop.)

# %% report-checked tags=keras
needs("keras")
assert len(report) == 45 and report.first_divergence() is None
print("largest difference below 1e-13:", max(report.max_difference().values()) < 1e-13)

# %% [markdown] rounding
# Now do the same with Adam, the optimizer of section 5. *Should they agree as closely?*

# %% adam tags=keras
needs("keras")
adam = compare(model, nn.cross_entropy, optim.Adam(model.parameters(), lr=0.01), batches)
print("largest difference below 1e-11:", max(adam.max_difference().values()) < 1e-11)
print(adam.notes[0])
assert adam.first_divergence() is None

# %% [markdown] rounding-why
# They do, with one condition that the report names. Adam has two settings, 0.9 and 0.999. Keras keeps them as single
# precision numbers, even when all the rest is in double precision, and the nearest such number to 0.9 is 0.89999998. With 0.9 on one side
# and 0.89999998 on the other, the weights would differ by about 1e-6 after these steps. No training is worse for it, but such a
# difference could hide a mistake of the same size. So `compare` gives the rounded settings to both sides.

# %% [markdown] exercises
# ## 8. Three exercises
#
# Each exercise has a check, which computes the answer in its own way. If your answer differs, it tries to guess your
# mistake. You need not read the checks, only run them. The solutions are at the very end.
#
# ### Exercise 1: on paper (1 point)
#
# For an image, a network with three classes gives the scores $\ln 3$, $0$ and $\ln 4$. The right class is the **first**. Find the
# loss, and its gradient along the three scores. (You may use a calculator for the one logarithm, or `np.log`.)

# %% exercise on_paper points=1
# The gradient is a list of three numbers.
# BEGIN SOLUTION
loss = -np.log(3 / 8)
gradient = [3 / 8 - 1, 1 / 8, 4 / 8]
# END SOLUTION

# %% [markdown] solution on_paper
# Raising e to the scores gives 3, 1 and 4, which add up to 8. The right class has probability 3/8. The gradient is the probabilities, minus 1 at the first.

# %% check on_paper
from numbers import Real


def check_on_paper(loss, gradient):
    if not isinstance(loss, Real):
        raise AssertionError(
            f"loss should be a plain number, and yours is of type {type(loss).__name__}."
        )
    try:
        g = np.array(gradient, dtype=float)
    except (TypeError, ValueError):
        raise AssertionError("gradient should be a list of three plain numbers.") from None
    if g.shape != (3,):
        raise AssertionError(
            f"gradient should be a list of three numbers, and yours has the shape {g.shape}."
        )
    s = Tensor(np.log([[3.0, 1.0, 4.0]]), requires_grad=True)
    truth = nn.cross_entropy(s, np.array([0]))
    truth.backward()
    true_g, truth = s.grad[0], truth.item()
    p = true_g + [1, 0, 0]

    def near(x, y):
        return bool(np.all(np.abs(np.asarray(x) - y) < 2e-3))

    if near(loss, -truth):
        raise AssertionError("loss: the right size, but ln p is negative; the loss is -ln p.")
    elif near(loss, p[0]):
        raise AssertionError(
            "loss: that is the probability p of the right class. The loss is -ln p."
        )
    elif near(loss, -np.log(p[2])):
        raise AssertionError(
            "loss: that is the loss if the third class is right. Here the first is."
        )
    elif near(loss, -np.log10(p[0])) or near(loss, -np.log2(p[0])):
        raise AssertionError(
            "loss: that is a logarithm to another base. ln has base e, and is np.log in NumPy."
        )
    elif near(loss, -np.log(3)) or near(loss, np.log(3)):
        raise AssertionError(
            "loss: that is only the score. Turn the scores into probabilities first."
        )
    elif not near(loss, truth):
        raise AssertionError(
            "loss: not right. Raise e to each score (3, 1 and 4), and divide by their sum."
        )
    elif near(g, p):
        raise AssertionError(
            "The loss is right. gradient: these are the probabilities. Subtract 1 from one of them."
        )
    elif near(g, -true_g):
        raise AssertionError(
            "The loss is right. gradient: all signs are wrong. Those of wrong classes are positive."
        )
    elif near(g, p - [0, 0, 1]):
        raise AssertionError(
            "The loss is right. gradient: subtract 1 at the right class, which is the first."
        )
    elif abs(g.sum()) > 5e-3:
        raise AssertionError(
            "The loss is right. gradient: not right. It is p, minus 1 at one class, and adds up to 0."
        )
    elif not near(g, true_g):
        raise AssertionError(
            "The loss is right. gradient: it adds up to 0, but not all entries are right."
        )
    else:
        return "Right, both of them."


# %% wrong on_paper: loss should be a plain number, and yours is of type str
loss = "0.98"
gradient = [-0.625, 0.125, 0.5]

# %% wrong on_paper: loss should be a plain number, and yours is of type list
loss = [np.float64(0.9808292530117262)]
gradient = [-0.625, 0.125, 0.5]

# %% wrong on_paper: gradient should be a list of three plain numbers
loss = np.float64(0.9808292530117262)
gradient = "no"

# %% wrong on_paper: gradient should be a list of three plain numbers
loss = np.float64(0.9808292530117262)
gradient = [[1, 2], 3]

# %% wrong on_paper: gradient should be a list of three numbers, and yours has the shape ()
loss = np.float64(0.9808292530117262)
gradient = 0.5

# %% wrong on_paper: gradient should be a list of three numbers, and yours has the shape
loss = np.float64(0.9808292530117262)
gradient = [[-0.625, 0.125, 0.5]]

# %% wrong on_paper: loss: the right size, but
loss = np.float64(-0.9808292530117262)
gradient = [-0.625, 0.125, 0.5]

# %% wrong on_paper: loss: that is the probability p of the right class
loss = 0.375
gradient = [-0.625, 0.125, 0.5]

# %% wrong on_paper: loss: that is the loss if the third class is right
loss = np.float64(0.6931471805599453)
gradient = [-0.625, 0.125, 0.5]

# %% wrong on_paper: loss: that is a logarithm to another base
loss = np.float64(0.42596873227228116)
gradient = [-0.625, 0.125, 0.5]

# %% wrong on_paper: loss: that is a logarithm to another base
loss = np.float64(1.415037499278844)
gradient = [-0.625, 0.125, 0.5]

# %% wrong on_paper: loss: that is only the score
loss = np.float64(1.0986122886681098)
gradient = [-0.625, 0.125, 0.5]

# %% wrong on_paper: loss: that is only the score
loss = np.float64(-1.0986122886681098)
gradient = [-0.625, 0.125, 0.5]

# %% wrong on_paper: loss: not right. Raise e to each score
loss = 0.7
gradient = [-0.625, 0.125, 0.5]

# %% wrong on_paper: loss: not right. Raise e to each score
loss = np.nan
gradient = [-0.625, 0.125, 0.5]

# %% wrong on_paper: The loss is right. gradient: these are the probabilities
loss = np.float64(0.9808292530117262)
gradient = [0.375, 0.125, 0.5]

# %% wrong on_paper: The loss is right. gradient: all signs are wrong
loss = np.float64(0.9808292530117262)
gradient = [0.625, -0.125, -0.5]

# %% wrong on_paper: The loss is right. gradient: subtract 1 at the right class
loss = np.float64(0.9808292530117262)
gradient = [0.375, 0.125, -0.5]

# %% wrong on_paper: The loss is right. gradient: not right. It is p, minus 1
loss = np.float64(0.9808292530117262)
gradient = [-0.625, 0.0, 0.0]

# %% wrong on_paper: The loss is right. gradient: it adds up to 0, but
loss = np.float64(0.9808292530117262)
gradient = [np.nan, np.nan, np.nan]

# %% wrong on_paper: The loss is right. gradient: it adds up to 0, but
loss = np.float64(0.9808292530117262)
gradient = [-0.7, 0.2, 0.5]

# %% right on_paper
loss = np.float64(0.9808292530117262)
gradient = [-0.625, 0.125, 0.5]

# %% right on_paper
loss = 0.981
gradient = (-0.625, 0.125, 0.5)

# %% right on_paper
loss = np.float32(0.9807999730110168)
gradient = np.array([-0.625, 0.125, 0.5])

# %% [markdown] exercise-2-text
# ### Exercise 2: count the confusions (2 points)
#
# Write `count(labels, predicted, classes)`, the confusion matrix of section 6, yourself. It is a square array of integers, where
# `[i, j]` counts the images of class `i` that the network predicted as `j`. Both arguments are arrays of integers.


# %% exercise count points=2
def count(labels, predicted, classes):
    # BEGIN SOLUTION
    counts = np.zeros((classes, classes), int)
    for i, j in zip(labels, predicted):
        counts[i, j] += 1
    return counts
    # END SOLUTION


# %% [markdown] solution count
# `counts[labels, predicted] += 1` looks right and is not: NumPy adds only once for each *different* position, however often the position occurs. A loop is right, and so is `np.add.at`.


# %% check count
def check_count(count):
    labels, predicted = np.array([0, 0, 0, 1, 1, 2, 2, 2]), np.array([0, 0, 1, 1, 1, 0, 2, 2])
    truth = np.array(
        [[np.sum((labels == i) & (predicted == j)) for j in range(3)] for i in range(3)]
    )
    given = labels.copy(), predicted.copy()
    counts = count(labels, predicted, 3)
    if not (np.array_equal(labels, given[0]) and np.array_equal(predicted, given[1])):
        raise AssertionError("Your function has changed the labels or the answers it was given.")
    if not isinstance(counts, np.ndarray) or counts.shape != (3, 3):
        shape = f"an array of shape {counts.shape}" if hasattr(counts, "shape") else type(counts)
        kind = shape if isinstance(shape, str) else f"a {shape.__name__}"
        raise AssertionError(
            f"For three classes, return an array of shape (3, 3). Yours is {kind}."
        )
    counts = counts.astype(float)
    if np.array_equal(counts, truth):
        rng = np.random.default_rng(0)
        labels, predicted = rng.integers(0, 10, size=(2, 500))
        truth = np.zeros((10, 10))
        np.add.at(truth, (labels, predicted), 1)
        try:
            more = count(labels, predicted, 10)
        except Exception as error:
            raise AssertionError(
                f"Right for 3 classes. For 10, Python says: {str(error) or type(error).__name__}."
            ) from error
        assert np.array_equal(more, truth), (
            "Right for these 8 images of 3 classes, but not for 500 images of 10."
        )
        return "Right, for 3 classes and for 10."
    elif np.array_equal(counts, truth.T):
        raise AssertionError("Rows and columns are exchanged: a row is the true class.")
    elif np.array_equal(counts, truth > 0):
        raise AssertionError(
            "Every count is 0 or 1. counts[labels, predicted] += 1 adds each pair only once."
        )
    elif np.array_equal(counts, truth - np.diag(np.diag(truth))):
        raise AssertionError("You count only the mistakes. Correct answers belong on the diagonal.")
    elif np.array_equal(counts, np.diag(np.diag(truth))):
        raise AssertionError("You count only correct answers. Count the mistakes as well.")
    elif np.allclose(counts.sum(axis=1), 1) or np.isclose(counts.sum(), 1):
        raise AssertionError("These are fractions. Return the counts.")
    elif counts.sum() != 8:
        raise AssertionError(f"There are 8 images, and your counts add up to {counts.sum():g}.")
    else:
        raise AssertionError(
            f"They add up to 8, but the row of class 0 is {counts[0]} and should be {truth[0]}."
        )


# %% hidden count
def check_count(count):
    rng = np.random.default_rng(3)
    for classes, n in [(2, 40), (7, 90), (4, 0)]:
        labels, predicted = rng.integers(0, classes, size=(2, n))
        given = labels.copy(), predicted.copy()
        truth = np.zeros((classes, classes))
        np.add.at(truth, (labels, predicted), 1)
        counts = count(labels, predicted, classes)
        unchanged = np.array_equal(labels, given[0]) and np.array_equal(predicted, given[1])
        assert unchanged, "Your function has changed the labels or the answers it was given."
        assert isinstance(counts, np.ndarray), "Return an array."
        assert np.shape(counts) == (classes, classes), f"The wrong shape for {classes} classes."
        assert np.array_equal(counts, truth), f"Not right for {n} images of {classes} classes."


# %% wrong count: name 'count_them' is not defined
def count(labels, predicted, classes):
    return count_them(labels)


# %% wrong count: invalid index
def count(labels, predicted, classes):
    return labels[3][4]


# %% wrong count: Your function has changed the labels
def count(labels, predicted, classes):
    counts = np.zeros((classes, classes), int)
    np.add.at(counts, (labels, predicted), 1)
    labels += 1
    return counts


# %% wrong count: For three classes, return an array of shape (3, 3). Yours is a int
def count(labels, predicted, classes):
    return 5


# %% wrong count: For three classes, return an array of shape
def count(labels, predicted, classes):
    counts = np.zeros((classes, classes), int)
    np.add.at(counts, (labels, predicted), 1)
    return counts.tolist()


# %% wrong count: For three classes, return an array of shape (3, 3). Yours
def count(labels, predicted, classes):
    counts = np.zeros((classes, classes), int)
    np.add.at(counts, (labels, predicted), 1)
    return counts[:2]


# %% wrong count: Rows and columns are exchanged
def count(labels, predicted, classes):
    counts = np.zeros((classes, classes), int)
    np.add.at(counts, (labels, predicted), 1)
    return counts.T


# %% wrong count: Every count is 0 or 1
def count(labels, predicted, classes):
    counts = np.zeros((classes, classes), int)
    np.add.at(counts, (labels, predicted), 1)
    return np.minimum(counts, 1)


# %% wrong count: Every count is 0 or 1
def count(labels, predicted, classes):
    counts = np.zeros((classes, classes), int)
    counts[labels, predicted] += 1
    return counts


# %% wrong count: You count only the mistakes
def count(labels, predicted, classes):
    counts = np.zeros((classes, classes), int)
    np.add.at(counts, (labels, predicted), 1)
    return counts - np.diag(np.diag(counts))


# %% wrong count: You count only correct answers
def count(labels, predicted, classes):
    counts = np.zeros((classes, classes), int)
    np.add.at(counts, (labels, predicted), 1)
    return np.diag(np.diag(counts))


# %% wrong count: These are fractions
def count(labels, predicted, classes):
    counts = np.zeros((classes, classes), int)
    np.add.at(counts, (labels, predicted), 1)
    return counts / 8


# %% wrong count: These are fractions
def count(labels, predicted, classes):
    counts = np.zeros((classes, classes), int)
    np.add.at(counts, (labels, predicted), 1)
    return counts / counts.sum(axis=1, keepdims=True)


# %% wrong count: There are 8 images, and your counts add up to 16
def count(labels, predicted, classes):
    counts = np.zeros((classes, classes), int)
    np.add.at(counts, (labels, predicted), 1)
    return 2 * counts


# %% wrong count: There are 8 images, and your counts add up to 0
def count(labels, predicted, classes):
    counts = np.zeros((classes, classes), int)
    np.add.at(counts, (labels, predicted), 1)
    return np.zeros((3, 3))


# %% wrong count: They add up to 8, but the row of class 0
def count(labels, predicted, classes):
    counts = np.zeros((classes, classes), int)
    np.add.at(counts, (labels, predicted), 1)
    return np.roll(counts, 1)


# %% wrong count: Right for these 8 images of 3 classes, but not
def count(labels, predicted, classes):
    counts = np.zeros((classes, classes), int)
    np.add.at(counts, (labels, predicted), 1)
    return counts[:3, :3]


# %% wrong count: Right for 3 classes. For 10, Python
def count(labels, predicted, classes):
    assert classes == 3
    counts = np.zeros((classes, classes), int)
    np.add.at(counts, (labels, predicted), 1)
    return counts


# %% right count
def count(labels, predicted, classes):
    counts = np.zeros((classes, classes), int)
    np.add.at(counts, (labels, predicted), 1)
    return counts


# %% right count
def count(labels, predicted, classes):
    counts = np.zeros((classes, classes), int)
    np.add.at(counts, (labels, predicted), 1)
    return counts.astype(float)


# %% [markdown] exercise-3-text
# ### Exercise 3: a layer of your own (3 points)
#
# Write `Scaled(size)`, a module that multiplies each of `size` numbers by its own factor, and then adds its own
# offset: $y = x \cdot \text{scale} + \text{shift}$. Both are parameters. A new `Scaled` changes nothing.


# %% exercise scaled points=3
class Scaled(nn.Module):
    def __init__(self, size):
        # BEGIN SOLUTION
        self.scale = nn.Parameter(np.ones(size))
        self.shift = nn.Parameter(np.zeros(size))
        # END SOLUTION

    def forward(self, x):
        # BEGIN SOLUTION
        return x * self.scale + self.shift
        # END SOLUTION


# %% check scaled
def check_scaled(Scaled):
    x = Tensor([[1.0, -2.0, 3.0], [0.5, 4.0, -1.0]], requires_grad=True)
    if not (isinstance(Scaled, type) and issubclass(Scaled, nn.Module)):
        raise AssertionError("Scaled should be a subclass of nn.Module: class Scaled(nn.Module).")
    layer = Scaled(3)
    y, found = layer.forward(x), dict(layer.named_parameters())
    assert y is not None, "forward returns None."
    for name in ("scale", "shift"):
        kept = getattr(layer, name, None)
        if name not in found and isinstance(kept, Tensor):
            raise AssertionError(
                f"self.{name} is a Tensor. To be found and trained it must be an nn.Parameter."
            )
        if name not in found and kept is not None:
            raise AssertionError(
                f"self.{name} is a plain {type(kept).__name__}: a constant, which is not trained."
            )
        if name not in found:
            raise AssertionError(
                f"There is no self.{name} yet. Found: {', '.join(found) or 'no parameters'}."
            )
        if found[name].shape != (3,):
            raise AssertionError(f"{name} should have the shape (3,), and has {found[name].shape}.")
    if len(found) > 2:
        raise AssertionError(f"Two parameters are enough. Found: {', '.join(found)}.")
    scale, shift = found["scale"], found["shift"]
    if not np.array_equal(scale.data, np.ones(3)) or not np.array_equal(shift.data, np.zeros(3)):
        raise AssertionError(
            "A new Scaled should change nothing: with which factor, and with which offset?"
        )
    if not isinstance(y, Tensor):
        raise AssertionError(
            "forward returns a plain array without a graph. Use self.scale, not its .data."
        )
    scale.data, shift.data = np.array([2.0, 3.0, 4.0]), np.array([1.0, 0.0, -1.0])
    y, x0 = layer(x), x.data
    if not isinstance(y, Tensor) or y.shape != x.shape:
        raise AssertionError(
            f"For x of shape (2, 3), y should have that shape too, but has {np.shape(y)}."
        )
    if np.allclose(y.data, (x0 + shift.data) * scale.data):
        raise AssertionError("First multiply, then add the offset: you do it the other way around.")
    elif np.allclose(y.data, x0 * scale.data) or np.allclose(y.data, x0 + shift.data):
        raise AssertionError("Only one of the two is used in forward.")
    elif not np.allclose(y.data, x0 * scale.data + shift.data):
        raise AssertionError("With other factors and offsets, y is not x * scale + shift.")
    else:
        y.sum().backward()
        for name, parameter, truth in [
            ("scale", scale, x0.sum(axis=0)),
            ("shift", shift, np.full(3, 2.0)),
        ]:
            if parameter.grad is None or not np.allclose(parameter.grad, truth):
                raise AssertionError(
                    f"The values are right, but no gradient reaches {name}: is there a .data?"
                )
        if x.grad is None or not np.allclose(x.grad, np.broadcast_to(scale.data, x.shape)):
            raise AssertionError(
                "The values are right, but no gradient reaches x and the layers before."
            )
        else:
            return "Right: found, used, and trained."


# %% hidden scaled
def check_scaled(Scaled):
    assert isinstance(Scaled, type) and issubclass(Scaled, nn.Module), (
        "Not a subclass of nn.Module."
    )
    layer = Scaled(4)
    found = dict(layer.named_parameters())
    assert sorted(found) == ["scale", "shift"], "The parameters should be scale and shift."
    rng = np.random.default_rng(5)
    x = Tensor(rng.normal(size=(6, 4)), requires_grad=True)
    y = layer(x)
    assert np.shape(y) == (6, 4) and np.allclose(y.data, x.data), "A new Scaled changes something."
    scale, shift = rng.normal(size=4), rng.normal(size=4)
    found["scale"].data, found["shift"].data = scale, shift
    g = rng.normal(size=(6, 4))
    y = layer(x)
    assert np.allclose(y.data, x.data * scale + shift), "y is not x * scale + shift."
    (y * g).sum().backward()
    for name, gradient, truth in [
        ("scale", found["scale"].grad, (g * x.data).sum(axis=0)),
        ("shift", found["shift"].grad, g.sum(axis=0)),
        ("x", x.grad, g * scale),
    ]:
        fits = gradient is not None and np.allclose(gradient, truth)
        assert fits, f"The gradient of {name} is not right."


# %% right scaled
class Scaled(nn.Module):
    def __init__(self, size):
        self.shift = nn.Parameter([0.0] * size)
        self.scale = nn.Parameter([1.0] * size)

    def forward(self, x):
        return self.shift + self.scale * x


# %% wrong scaled: Scaled should be a subclass of nn.Module
class Scaled:
    def __init__(self, size):
        self.scale = nn.Parameter(np.ones(size))
        self.shift = nn.Parameter(np.zeros(size))

    def forward(self, x):
        return x * self.scale + self.shift


# %% wrong scaled: forward returns None.
class Scaled(nn.Module):
    def __init__(self, size):
        self.scale = nn.Parameter(np.ones(size))
        self.shift = nn.Parameter(np.zeros(size))

    def forward(self, x):
        return None


# %% wrong scaled: float
class Scaled(nn.Module):
    def __init__(self, size):
        self.scale = nn.Parameter(np.ones(size, int))
        self.shift = nn.Parameter(np.zeros(size))

    def forward(self, x):
        return x * self.scale + self.shift


# %% wrong scaled: 'Scaled' object has no attribute
class Scaled(nn.Module):
    def __init__(self, size):
        self.scale = nn.Parameter(np.ones(size))
        self.shift = nn.Parameter(np.zeros(size))

    def forward(self, x):
        return x * self.skale + self.shift


# %% wrong scaled: self.scale is a plain ndarray: a constant
class Scaled(nn.Module):
    def __init__(self, size):
        self.scale = np.ones(size)
        self.shift = nn.Parameter(np.zeros(size))

    def forward(self, x):
        return x * self.scale + self.shift


# %% wrong scaled: self.shift is a Tensor. To be found and trained
class Scaled(nn.Module):
    def __init__(self, size):
        self.scale = nn.Parameter(np.ones(size))
        self.shift = Tensor(np.zeros(size), requires_grad=True)

    def forward(self, x):
        return x * self.scale + self.shift


# %% wrong scaled: self.shift is a plain f
class Scaled(nn.Module):
    def __init__(self, size):
        self.scale = nn.Parameter(np.ones(size))
        self.shift = 0.0

    def forward(self, x):
        return x * self.scale + self.shift


# %% wrong scaled: There is no self.scale yet. Found: factor, shift
class Scaled(nn.Module):
    def __init__(self, size):
        self.factor = nn.Parameter(np.ones(size))
        self.shift = nn.Parameter(np.zeros(size))

    def forward(self, x):
        return x * self.factor + self.shift


# %% wrong scaled: scale should have the shape (3,), and has (1,)
class Scaled(nn.Module):
    def __init__(self, size):
        self.scale = nn.Parameter(np.ones(1))
        self.shift = nn.Parameter(np.zeros(size))

    def forward(self, x):
        return x * self.scale + self.shift


# %% wrong scaled: shift should have the shape (3,), and has (1, 3)
class Scaled(nn.Module):
    def __init__(self, size):
        self.scale = nn.Parameter(np.ones(size))
        self.shift = nn.Parameter(np.zeros((1, size)))

    def forward(self, x):
        return x * self.scale + self.shift


# %% wrong scaled: Two parameters are enough. Found: scale, more, shift
class Scaled(nn.Module):
    def __init__(self, size):
        self.scale = nn.Parameter(np.ones(size))
        self.more = nn.Parameter([1.0])
        self.shift = nn.Parameter(np.zeros(size))

    def forward(self, x):
        return x * self.scale + self.shift


# %% wrong scaled: A new Scaled should change nothing
class Scaled(nn.Module):
    def __init__(self, size):
        self.scale = nn.Parameter(np.zeros(size))
        self.shift = nn.Parameter(np.zeros(size))

    def forward(self, x):
        return x * self.scale + self.shift


# %% wrong scaled: A new Scaled should change nothing
class Scaled(nn.Module):
    def __init__(self, size):
        self.scale = nn.Parameter(np.ones(size))
        self.shift = nn.Parameter(np.ones(size))

    def forward(self, x):
        return x * self.scale + self.shift


# %% wrong scaled: forward returns a plain array without a graph
class Scaled(nn.Module):
    def __init__(self, size):
        self.scale = nn.Parameter(np.ones(size))
        self.shift = nn.Parameter(np.zeros(size))

    def forward(self, x):
        return x.data * self.scale.data + self.shift.data


# %% wrong scaled: For x of shape (2, 3), y should have that shape too
class Scaled(nn.Module):
    def __init__(self, size):
        self.scale = nn.Parameter(np.ones(size))
        self.shift = nn.Parameter(np.zeros(size))

    def forward(self, x):
        return (x * self.scale + self.shift).sum(axis=1)


# %% wrong scaled: First multiply, then
class Scaled(nn.Module):
    def __init__(self, size):
        self.scale = nn.Parameter(np.ones(size))
        self.shift = nn.Parameter(np.zeros(size))

    def forward(self, x):
        return (x + self.shift) * self.scale


# %% wrong scaled: Only one of the two is used
class Scaled(nn.Module):
    def __init__(self, size):
        self.scale = nn.Parameter(np.ones(size))
        self.shift = nn.Parameter(np.zeros(size))

    def forward(self, x):
        return x * self.scale


# %% wrong scaled: Only one of the two is used
class Scaled(nn.Module):
    def __init__(self, size):
        self.scale = nn.Parameter(np.ones(size))
        self.shift = nn.Parameter(np.zeros(size))

    def forward(self, x):
        return x + self.shift


# %% wrong scaled: With other factors and off
class Scaled(nn.Module):
    def __init__(self, size):
        self.scale = nn.Parameter(np.ones(size))
        self.shift = nn.Parameter(np.zeros(size))

    def forward(self, x):
        return x * self.scale - self.shift


# %% wrong scaled: With other factors and offsets
class Scaled(nn.Module):
    def __init__(self, size):
        self.scale = nn.Parameter(np.ones(size))
        self.shift = nn.Parameter(np.zeros(size))

    def forward(self, x):
        return 1 * x


# %% wrong scaled: The values are right, but no gradient reaches sc
class Scaled(nn.Module):
    def __init__(self, size):
        self.scale = nn.Parameter(np.ones(size))
        self.shift = nn.Parameter(np.zeros(size))

    def forward(self, x):
        return x * self.scale.data + self.shift


# %% wrong scaled: The values are right, but no gradient reaches shift
class Scaled(nn.Module):
    def __init__(self, size):
        self.scale = nn.Parameter(np.ones(size))
        self.shift = nn.Parameter(np.zeros(size))

    def forward(self, x):
        return x * self.scale + self.shift.data


# %% wrong scaled: The values are right, but no gradient reaches x
class Scaled(nn.Module):
    def __init__(self, size):
        self.scale = nn.Parameter(np.ones(size))
        self.shift = nn.Parameter(np.zeros(size))

    def forward(self, x):
        return x.data * self.scale + self.shift


# %% right scaled
class Scaled(nn.Module):
    def __init__(self, size):
        self.scale = nn.Parameter(np.ones(size))
        self.shift = nn.Parameter(np.zeros(size))

    def forward(self, x):
        return x * self.scale + self.shift


# %% [markdown] next
# ## What you have seen
#
# - Softmax turns scores into probabilities, cross-entropy is $-\ln p$ of the right class, and its gradient is p minus 1 at
#   the right class.
# - Training is: a batch, the loss, the backward pass, a step. `Module`, optimizer, loader and `Trainer` are names for the parts of
#   that loop.
# - A network can memorize anything. Only examples outside the training set show what it has learned, and only a test set
#   that influenced no choice gives an honest score.
# - Two libraries that compute the same thing agree to the last digits. Where they do not, there is a reason, and it can be found.
#
# ## What to read next
#
# | here | there |
# | :-- | :-- |
# | `Layer` | `Linear`, in [`tinygrad_edu/nn/linear.py`](../tinygrad_edu/nn/linear.py) |
# | how parameters are found | `Module`, in [`tinygrad_edu/nn/module.py`](../tinygrad_edu/nn/module.py) |
# | `parameter.data -= rate * parameter.grad` | `SGD`, in [`tinygrad_edu/optim/sgd.py`](../tinygrad_edu/optim/sgd.py) |
# | the loop | `train_step` and `fit`, in [`tinygrad_edu/training/trainer.py`](../tinygrad_edu/training/trainer.py) |
#
# In [lesson 11](11_convolution_by_hand_and_at_speed.ipynb) the network gets layers that know which pixels are neighbors.
