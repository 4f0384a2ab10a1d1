# builds: a network with a tenth of its weights, with weights of one byte, a small student of a large teacher, and a GPT that writes with a cache
# needs: lessons 8 and 14
# %% [markdown] title
# # Lesson 26: Small and fast
#
# A trained network is often too large for the phone, or too slow for the page, where it will be used. This lesson makes one smaller and faster in four ways. **Pruning** leaves weights out, **quantization** stores each in one byte, **distillation** trains a small network on the answers of a large one, and a **cache** keeps a GPT from computing the same numbers again. Each is first done by hand, and each time we look at what it costs in accuracy.
#
# You need lessons [8](08_digits_and_their_keras_twin.ipynb) and [14](14_attention_and_a_small_gpt.ipynb), and about twenty minutes.
# %% imports tags=needed
import copy
import itertools
import os
import tempfile
import time

import matplotlib.pyplot as plt
import numpy as np

from tinygrad_edu import nn, no_grad, optim, profile
from tinygrad_edu.course import check
from tinygrad_edu.data import load_digits, train_test_split
from tinygrad_edu.gradcheck import gradcheck
from tinygrad_edu.training import Trainer, accuracy


# %% [markdown] network-words
# ## 1. A network, and where its time goes
#
# Our network reads digits of 8 × 8 pixels. It has two hidden layers, and is much larger than it must be.
# %% network tags=needed
def mlp(*sizes, seed=0):
    """Linear layers with ReLU between them."""
    parts = []
    for i, (a, b) in enumerate(itertools.pairwise(sizes)):
        parts += [nn.ReLU()] * (i > 0) + [nn.Linear(a, b)]
    return nn.Sequential(*parts, seed=seed)


# %% data
images, labels = load_digits()
images = images.reshape(len(images), 64) / 16
x_train, x_test, y_train, y_test = train_test_split(images, labels, test=0.4, seed=0)


def train(model, x, y, loss=nn.cross_entropy, epochs=20, lr=0.002):
    trainer = Trainer(model, loss, optim.Adam(model.parameters(), lr=lr))
    trainer.fit(x, y, epochs=epochs, batch_size=64, seed=0, progress=False)
    return model.eval()


def score(model):
    with no_grad():
        return float(accuracy(model(x_test).data, y_test))


def bytes_of(model):
    return sum(array.nbytes for array in model.state_dict().values())


# %% train-large tags=varies
large = train(mlp(64, 256, 128, 10), x_train, y_train, epochs=30)
print(f"{sum(p.size for p in large.parameters()):,} parameters, {bytes_of(large):,} bytes")
print(f"test accuracy {score(large):.1%}")
assert score(large) > 0.95


# %% [markdown] profile-words
# Before we make anything faster, we **measure**. A linear layer of $a$ inputs and $b$ outputs needs $a b$ multiply-adds for each image. The function below calls one layer after the other and notes the best of 50 times. *Which layer takes most of the time?*
# %% profile tags=varies
def seconds(function, rounds=50):
    """The best of many times. The others were disturbed by something else on the machine."""
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return min(times)


work, batch = {}, x_train[:128]
with no_grad():
    for i, layer in enumerate(large):
        name = f"{i} {type(layer).__name__}"
        work[name] = layer.W.size if isinstance(layer, nn.Linear) else 0
        microseconds = 1e6 * seconds(lambda layer=layer, batch=batch: layer(batch))
        print(f"{name:8} {work[name]:7,} multiply-adds an image {microseconds:8.0f} µs a batch")
        batch = layer(batch)
assert max(work, key=work.get) == "2 Linear"


# %% [markdown] profile-after
# The second layer has most of the weights and most of the work, so that is where it pays to do something. `profile()` makes such a table of any program, by operation, by module or by line:
# %% profile-tool tags=varies
with no_grad(), profile() as p:
    for _ in range(200):
        large(x_train[:128])
print(p.by("module"))


# %% [markdown] three-things
# There are three different things to save: **bytes** in memory and in files, **multiply-adds**, and **time**. Fewer bytes do not always mean less time, as we shall see.
#
# ## 2. Pruning
#
# Many weights of a trained network are near 0. **Magnitude pruning** sets the smallest to exactly 0 (LeCun, Denker and Solla 1990 asked which weights matter; Han and others 2015 made it a routine). By hand it takes three lines. *How much of the network can go before the accuracy drops?*
# %% prune-by-hand
def pruned(w, fraction):
    """w with 0 in place of the given fraction of its numbers, those with the smallest |w|."""
    smallest = np.argsort(np.abs(w), axis=None)[: round(fraction * w.size)]
    result = w.copy()
    result.reshape(-1)[smallest] = 0
    return result


layer = copy.deepcopy(large[2])
by_hand = pruned(layer.W.data, 0.9)
nn.prune(layer, 0.9)
print("equal to nn.prune:", np.array_equal(by_hand, layer.W.data))
print(nn.sparsity(layer))
assert np.array_equal(by_hand, layer.W.data)
# %% [markdown] prune-words
# `nn.prune(model, fraction)` takes the smallest weights of all layers together. It also gives each weight matrix a **constraint**, which sets the pruned weights to 0 again after each step of the optimizer. So we can go on training, and the weights that are left make up for those that are gone. We compare both: pruned, and pruned and trained for ten more epochs.
# %% prune tags=varies
fractions, at_once, tuned = [0, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98], [], []
for fraction in fractions:
    model = copy.deepcopy(large)
    nn.prune(model, fraction)
    at_once.append(score(model))
    train(model, x_train, y_train, epochs=10, lr=0.001)
    tuned.append(score(model))
    assert abs(nn.sparsity(model).fraction - fraction) < 1e-3  # the zeros have stayed
    print(f"{fraction:4.0%} pruned: accuracy {at_once[-1]:.1%}, trained again {tuned[-1]:.1%}")
assert tuned[4] > at_once[4] + 0.03 and tuned[4] > tuned[0] - 0.02
# %% prune-picture tags=varies
# alt: Test accuracy against the fraction of pruned weights. Without further training it falls from 70 percent pruned on; with further training it stays near 97 percent up to 90 percent pruned, and falls after that.
fig, ax = plt.subplots(figsize=(6, 2.6), layout="constrained")
ax.plot(fractions, at_once, "o--", label="pruned")
ax.plot(fractions, tuned, "o-", label="pruned and trained again")
ax.set(xlabel="fraction of weights that are 0", ylabel="test accuracy", ylim=(0, 1.02))
ax.legend(loc="lower left")


# %% [markdown] prune-after
# Nine weights of ten can go, if the rest may learn again.
#
# Is the network smaller now? Not yet. The matrices have the same shape, and multiplying by 0 takes as long as by any number. We must *use* the zeros. A file can list only the other weights, each with its index. To save time, whole **units** must go: their columns, their biases and the rows that read them are then left out, and smaller matrices remain. `nn.prune(model, fraction, by="unit")` sets the weakest units to 0, and exercise 3 takes them out. *At which fraction does a list of numbers with indices take less room than the matrix?*
# %% sparse
def bytes_as_list(zeros, size):
    """Four bytes for each number that is not 0, and two for its index."""
    return (size - zeros) * (4 + 2)


size = large[2].W.size
for fraction in [0, 1 / 3, 0.5, 0.9]:
    zeros = round(fraction * size)
    print(f"{fraction:4.0%} zeros: {bytes_as_list(zeros, size) / (4 * size):.2f} of the matrix")
assert abs(bytes_as_list(size / 3, size) - 4 * size) < 1


# %% [markdown] quantize-words
# From one third on.
#
# ## 3. Quantization
#
# A weight in float32 takes four bytes, which hold seven decimal digits. Does a network need so many? **Quantization** stores whole numbers from -127 to 127 in one byte (`int8`), and one **scale** for each output:
#
# $$s = \frac{\max |w|}{127} \qquad q = \operatorname{round}(w / s) \qquad w \approx q\, s$$
#
# Rounding moves $w / s$ by ½ at most, so $w$ moves by $s / 2$ at most. *Why does each output get a scale of its own?*
# %% quantize-by-hand tags=varies
def quantized(w, axis):
    """(q, s): whole numbers in int8, and scales, the largest |w| along an axis (None: of all) / 127."""
    s = np.abs(w).max(axis=axis, keepdims=True) / 127
    return np.rint(w / s).astype(np.int8), s


w = large[2].W.data.astype(float)
for name, axis in [("one scale", None), ("a scale for each output", 0)]:
    q, s = quantized(w, axis)
    assert (np.abs(w - q * s) <= s / 2 + 1e-12).all()
    print(f"{name:24} error at most {np.max(s) / 2:.5f}, on average {np.abs(w - q * s).mean():.5f}")
q, s = quantized(w, 0)
small = nn.quantize(large[2])
print("equal to nn.quantize:", np.abs(q - small.W_int8.data.astype(int)).max() <= 1)
assert np.abs(w - q * s).mean() < np.abs(w - np.multiply(*quantized(w, None))).mean()
assert np.mean(q == small.W_int8.data) > 0.999  # in float32 a tie may be rounded to the other side
# %% [markdown] quantize-model-words
# One large weight makes the steps coarse for all that share its scale. With a scale for each output, only that output suffers.
#
# `nn.quantize(model)` returns a copy whose linear layers, convolutions and embeddings keep `int8` and scales. It is for predictions only: it multiplies with $q s$, and a whole number has no gradient step that is small enough. *How many bytes are saved, and how much accuracy?*
# %% quantize tags=varies
small = nn.quantize(large)
print(small)
with tempfile.TemporaryDirectory() as folder:
    for name, model in [("float32", large), ("int8", small)]:
        path = os.path.join(folder, f"{name}.npz")
        model.save(path)
        print(
            f"{name:8} {bytes_of(model):8,} bytes, file {os.path.getsize(path):8,}, accuracy {score(model):.1%}"
        )
assert bytes_of(small) < 0.28 * bytes_of(large)
assert abs(score(small) - score(large)) < 0.01
# %% [markdown] bits-words
# A quarter of the bytes, and practically the same accuracy. So one byte is more than enough here. *With how few bits does the network still read digits?* With $b$ bits, the whole numbers go up to $2^{b-1} - 1$:
# %% bits tags=varies
bits, scores = [8, 6, 5, 4, 3, 2], []
for b in bits:
    model, most = copy.deepcopy(large), 2 ** (b - 1) - 1
    for layer in model:
        if isinstance(layer, nn.Linear):
            s = np.abs(layer.W.data).max(axis=0) / most
            layer.W.data[...] = np.rint(layer.W.data / s) * s
    scores.append(score(model))
    print(f"{b} bits, up to {most:3}: accuracy {scores[-1]:.1%}")
assert scores[3] > score(large) - 0.02 and scores[-1] < score(large) - 0.03


# %% [markdown] distill-words
# With four bits all is well; with two, a weight can only be $-s$, 0 or $s$, and accuracy is lost.
#
# (Is it faster? Here it is slower: NumPy multiplies floating-point numbers, so that $q s$ has to be computed first. Chips with instructions for `int8` gain time as well.)
#
# ## 4. Distillation
#
# Instead of making the large network smaller, we can train a small one. Let the large network be its **teacher**. It does not only say "this is a 3". It also says how much the image looks like a 9 or an 8. These small probabilities hold what the teacher knows about similarity. A **temperature** $T$ brings them out (Hinton, Vinyals and Dean 2015). *What does a higher temperature do to the probabilities?*
# %% softmax tags=needed
def softmax(z):
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


# %% temperature
z = np.array([9.0, 5.0, 3.0, -2.0])
for T in [1, 4, 20]:
    print(f"T = {T:2}: {softmax(z / T).round(3)}")
assert softmax(z / 20).max() < 0.4 < 0.95 < softmax(z).max()


# %% [markdown] loss-words
# It makes them more equal. The student learns from two terms: to have the teacher's probabilities at the temperature $T$, and to be right:
#
# $$L = \alpha\, T^2 \operatorname{KL}\bigl(\operatorname{softmax}(z_t / T)\, \Vert\, \operatorname{softmax}(z_s / T)\bigr) + (1 - \alpha)\, \bigl(-\ln \operatorname{softmax}(z_s)_{\text{label}}\bigr)$$
#
# The gradient of the first term shrinks as $1 / T^2$. The factor $T^2$ makes up for that, so that $\alpha$ keeps its meaning when $T$ changes.
# %% loss
def distillation(student, labels, teacher, T, alpha):
    t, s = softmax(teacher / T), softmax(student / T)
    soft = T**2 * (t * np.log(t / s)).sum(axis=1).mean()
    hard = -np.log(softmax(student)[np.arange(len(labels)), labels]).mean()
    return alpha * soft + (1 - alpha) * hard


rng = np.random.default_rng(0)
student, teacher, some = rng.normal(size=(5, 4)), 3 * rng.normal(size=(5, 4)), np.arange(5) % 4
ours = distillation(student, some, teacher, 4.0, 0.9)
theirs = nn.distillation_loss(student, (some, teacher), temperature=4.0, alpha=0.9)
print("equal to nn.distillation_loss:", np.isclose(ours, theirs))
assert np.isclose(ours, theirs)
assert gradcheck(lambda z: distillation(z, some, teacher, 4.0, 0.9), student)


# %% [markdown] student-words
# The student has 16 hidden units: 1,210 parameters in place of 50,826. We pretend that labels are expensive, and that it may learn from 50 labeled images only. One student gets the labels alone, one the labels and the teacher's answers to these 50 images. A third gets no labels at all: the teacher can answer for *every* image. *Who wins?* We train each from three different starts.
# %% student tags=varies
def taught(temperature, alpha):
    """The loss with these settings built in. The target is a pair: (labels, the teacher's logits)."""
    return lambda logits, target: nn.distillation_loss(
        logits, target, temperature=temperature, alpha=alpha
    )


answers = large(x_train).data
few = slice(50)
students = {
    "50 labels": (few, taught(1.0, 0.0), 140),
    "50 labels and the teacher": (few, taught(4.0, 0.9), 140),
    "the teacher alone, all images": (slice(None), taught(4.0, 1.0), 30),
}
results = {}
for name, (part, loss, epochs) in students.items():
    runs = [
        train(
            mlp(64, 16, 10, seed=s),
            x_train[part],
            (y_train[part], answers[part]),
            loss,
            epochs,
            0.005,
        )
        for s in range(3)
    ]
    results[name] = np.mean([score(run) for run in runs])
    print(f"{name:30} accuracy {results[name]:.1%}")
pupil = runs[0]
assert results["50 labels and the teacher"] > results["50 labels"] + 0.01
assert results["the teacher alone, all images"] > 0.92
# %% [markdown] student-after
# The same 50 images teach more if the teacher comments on them. And if images without labels are at hand, the student comes near its teacher. (With labels for all images, this student learns as much from labels alone. Distillation helps where labels are few or the small network is hard to train.)
#
# The ways can be combined. The student in one byte a weight:
# %% together tags=varies
tiny = nn.quantize(pupil)
for name, model in [("teacher", large), ("student", pupil), ("student in int8", tiny)]:
    print(f"{name:16} {bytes_of(model):8,} bytes, accuracy {score(model):.1%}")
assert bytes_of(tiny) < bytes_of(large) / 100 and score(tiny) > 0.9


# %% [markdown] cache-words
# ## 5. A cache
#
# The last way changes no number at all. A GPT writes one character after the other, and lesson 14 computed the whole sequence again for each of them. But because of the causal mask, nothing that belongs to earlier characters ever changes. Here is where the work is when a small GPT writes 60 characters (its weights are random; speed does not depend on them):
# %% cache tags=needed
def make_gpt(vocabulary, length, size, heads, blocks):
    return nn.Sequential(
        nn.Embedding(vocabulary, size),
        nn.Positions(length, size),
        *[nn.TransformerBlock(size, heads, causal=True) for _ in range(blocks)],
        nn.LayerNorm(size),
        nn.Linear(size, vocabulary),
        seed=0,
    ).eval()


# %% gpt-profile tags=varies
gpt = make_gpt(vocabulary=50, length=256, size=64, heads=4, blocks=2)
with profile() as p:
    nn.generate(gpt, [7], 60, cache=False)
print(p)
# %% [markdown] cache-idea
# Almost all multiply-adds are in products with weights, `matmul`, and for the last character 59 of 60 rows were computed before. In attention, a new character only needs the keys and values of the earlier ones. So we keep these (exercise 4 of lesson 14), and compute one row.
#
# `nn.KVCache(model)` does this for a whole model. It is called with new characters only. *Is the result the same?*
# %% cache-run
ids = np.random.default_rng(0).integers(0, 50, (1, 256))
cache = nn.KVCache(gpt)
first = cache(ids[:, :10])  # the prompt
others = [cache(ids[:, t : t + 1]) for t in range(10, 256)]
rows = np.concatenate([first, *others], axis=1)
with no_grad():
    whole = gpt(ids).data
print("the same:", np.allclose(rows, whole, rtol=0, atol=1e-5))
print(cache)
assert np.allclose(rows, whole, rtol=0, atol=1e-5)


# %% [markdown] cache-count-words
# It is, up to rounding. The price is memory: for each layer, two arrays of `length` rows. What is gained? We count the rows that a block computes, and then take the time for one more character. *How do both grow with the number of characters before it?*
# %% cache-count
def rows_computed(write):
    """The rows that went through the first block."""
    counted = []
    remove = gpt[2].add_hook(lambda layer, inputs, y: counted.append(y.shape[1]))
    write()
    remove()
    return sum(counted)


def written(count, cache):
    return rows_computed(lambda: nn.generate(gpt, [7], count, cache=cache, rng=0))


for count in [50, 100, 200]:
    by_cache, without = written(count, True), written(count, False)
    print(f"{count:3} characters: {by_cache:4} rows with a cache, {without:6,} without")
    assert without == count * (count + 1) // 2 and by_cache == count + 2
# %% [markdown] cache-time-words
# Without a cache, the work grows with the square of the length: four times the work for twice the text. With a cache, each character costs one row. (The two more are a test: once, `KVCache` compares its answer with that of the whole sequence, and refuses a model that it does not fit.)
# %% cache-time tags=varies
# alt: Milliseconds for one more character against the number of characters before it. Without a cache the time rises steadily; with a cache it is almost constant.
places, with_cache, without_cache = [16, 64, 128, 192, 255], [], []
for t in places:
    cache = nn.KVCache(gpt)
    cache(ids[:, : t - 1])
    cache(ids[:, t - 1 : t])

    def one_more(cache=cache, t=t):
        cache.start = t  # the same character again and again
        cache(ids[:, t : t + 1])

    def all_again(t=t):
        with no_grad():
            gpt(ids[:, : t + 1])

    with_cache.append(1e3 * seconds(one_more, 20))
    without_cache.append(1e3 * seconds(all_again, 20))
fig, ax = plt.subplots(figsize=(6, 2.6), layout="constrained")
ax.plot(places, without_cache, "o-", label="without a cache")
ax.plot(places, with_cache, "o-", label="with a cache")
ax.set(xlabel="characters before", ylabel="ms for one more", ylim=(0, None))
ax.legend()
# %% [markdown] exercises
# The curve with a cache is almost flat. What remains is mostly Python's own time for each operation; only the products with the cached keys and values grow.
#
# ## 6. Five exercises
#
# ### Exercise 1: on paper (1 point)
#
# A network has linear layers from 784 to 256 and from 256 to 10, each with biases. How many bytes do its parameters take in float32 (`floats`)? And after `nn.quantize` (`whole`), where weights take one byte, each output has a scale in float32, and biases stay as they are?
#
# <details><summary>Hint</summary>
#
# A float32 has 4 bytes. There are 784 · 256 + 256 · 10 weights, and 266 outputs, each with a bias and later also with a scale.
#
# </details>
# %% exercise paper points=1
# BEGIN SOLUTION
floats = 4 * (784 * 256 + 256 * 10 + 266)
whole = (784 * 256 + 256 * 10) + 4 * 266 + 4 * 266


# END SOLUTION
# %% check paper
def check_paper(floats, whole):
    weights, outputs = 784 * 256 + 256 * 10, 266
    assert floats != weights + outputs, "You have counted numbers: each float32 takes four bytes."
    assert floats != 4 * weights, "Count the biases, too."
    assert floats == 4 * (weights + outputs), "Count 784 · 256 + 256 · 10 weights and 266 biases."
    assert whole != floats / 4, "Only the weights take one byte; a bias stays at four bytes."
    assert whole != weights + 4 * outputs, "Each output also needs a scale of four bytes."
    assert whole == weights + 8 * outputs, "One byte a weight, and eight bytes an output."


# %% hidden paper
def check_paper(floats, whole):
    model = mlp(784, 256, 10)
    for answer, made in [(floats, model), (whole, nn.quantize(model))]:
        kept = sum(array.nbytes for array in made.state_dict().values())
        assert answer == kept, "Compare with the arrays of state_dict()."


# %% right paper
floats, whole = 814120, 205392
# %% right paper
model = mlp(784, 256, 10)
floats = sum(a.nbytes for a in model.state_dict().values())
whole = sum(a.nbytes for a in nn.quantize(model).state_dict().values())
# %% wrong paper: four bytes
floats, whole = 203530, 205392
# %% wrong paper: biases, too
floats, whole = 813056, 205392
# %% wrong paper: Only the weights
floats, whole = 814120, 203530
# %% wrong paper: needs a scale
floats, whole = 814120, 204328


# %% [markdown] exercise-2-words
# ### Exercise 2: fewer bits (2 points)
#
# Write `to_bits(w, bits)`. `w` (inputs, outputs) are weights, and `bits` is 2 or more. Return `q` (inputs, outputs), whole numbers from $-m$ to $m$ with $m = 2^{b - 1} - 1$, and `s` (outputs,), the scale of each output, so that `q * s` is as near to `w` as rounding allows. An output whose weights are all 0 gets `q` of 0, without a division by 0.
#
# <details><summary>Hint</summary>
#
# The largest $|w|$ of each column becomes $m$. Where the largest is 0, use any other scale, such as 1. `np.rint` rounds to the nearest whole number.
#
# </details>
# %% exercise bits points=2
def to_bits(w, bits):
    # BEGIN SOLUTION
    most = 2 ** (bits - 1) - 1
    s = np.abs(w).max(axis=0) / most
    s = np.where(s == 0, 1, s)
    return np.rint(w / s), s
    # END SOLUTION


# %% check bits
def check_bits(to_bits):
    w = np.array([[1.4, -0.3, 0.0], [-0.61, 0.1, 0.0], [0.19, 0.26, 0.0]])
    answer = to_bits(w, 4)
    assert isinstance(answer, tuple | list) and len(answer) == 2, "Return two things: q and s."
    q, s = answer
    assert np.shape(q) == (3, 3) and np.shape(s) == (3,), "q is (inputs, outputs), s is (outputs,)."
    assert np.all(np.isfinite(q)) and np.all(np.isfinite(s)), (
        "The third output has only zeros: its scale must not be 0."
    )
    assert np.allclose(q, np.rint(q)), "q are whole numbers: round."
    assert not np.allclose(s[:2], np.abs(w).max() / 7), (
        "Each output has its own scale: the largest of its column."
    )
    assert not np.allclose(s[:2], np.abs(w[:, :2]).max(axis=0) / 8), (
        "With 4 bits, the largest whole number is 7, and not 8."
    )
    assert not np.allclose(s[:2], np.abs(w[:, :2]).max(axis=0) / 127), (
        "bits has no effect: 127 is that of 8 bits."
    )
    assert np.allclose(s[:2], [0.2, 0.3 / 7]), "s is the largest |w| of the column, divided by m."
    assert not np.allclose(q[:, 0], [7, -3, 0]), (
        "Your numbers are cut off, not rounded to the nearest."
    )
    assert np.allclose(q, [[7, -7, 0], [-3, 2, 0], [1, 6, 0]]), (
        "q is w / s, rounded to the nearest."
    )


# %% hidden bits
def check_bits(to_bits):
    w = np.random.default_rng(4).normal(size=(30, 5))
    w[:, 3] = 0
    for bits in [2, 3, 8]:
        q, s = to_bits(w, bits)
        q, s = np.asarray(q, float), np.asarray(s, float)
        assert np.abs(q).max() == 2 ** (bits - 1) - 1, (
            "Use the whole range, up to 2^(bits - 1) - 1."
        )
        assert np.all(np.abs(w - q * s) <= s / 2 + 1e-12), "An error is at most half a scale."


# %% right bits
def to_bits(w, bits):
    m = 2 ** (bits - 1) - 1
    largest = np.maximum(np.abs(w).max(axis=0), 1e-30)
    return np.round(w * m / largest).astype(int), largest / m


# %% right bits
def to_bits(w, bits):
    m, scales, columns = 2 ** (bits - 1) - 1, [], []
    for column in np.transpose(w):
        scale = max(abs(column)) / m or 1.0
        scales.append(scale)
        columns.append([round(number / scale) for number in column])
    return np.transpose(columns), scales


# %% wrong bits: must not be 0
def to_bits(w, bits):
    s = np.abs(w).max(axis=0) / (2 ** (bits - 1) - 1)
    with np.errstate(invalid="ignore"):
        q = np.rint(w / s)
    q[np.isnan(q)] = -np.inf
    return q, s


# %% wrong bits: its own scale
def to_bits(w, bits):
    s = np.abs(w).max() / (2 ** (bits - 1) - 1)
    return np.rint(w / s), np.full(w.shape[1], s)


# %% wrong bits: and not 8
def to_bits(w, bits):
    s = np.abs(w).max(axis=0) / 2 ** (bits - 1)
    s[s == 0] = 1
    return np.rint(w / s), s


# %% wrong bits: bits has no effect
def to_bits(w, bits):
    s = np.abs(w).max(axis=0) / 127
    s[s == 0] = 1
    return np.rint(w / s), s


# %% wrong bits: cut off
def to_bits(w, bits):
    s = np.abs(w).max(axis=0) / (2 ** (bits - 1) - 1)
    s[s == 0] = 1
    return np.trunc(w / s + 1e-9 * np.sign(w)), s


# %% [markdown] exercise-3-words
# ### Exercise 3: take the zeros out (2 points)
#
# After `nn.prune(..., by="unit")`, some hidden units give 0 for every image: their columns of `W1` (inputs, hidden) and their `b1` (hidden,) are 0. Write `without_units(W1, b1, W2)`, with `W2` (hidden, outputs) the weights that read the hidden units. Return the three arrays without those units. The network must give the same numbers as before. A unit with a bias that is not 0 must stay.
#
# <details><summary>Hint</summary>
#
# `(W1 != 0).any(axis=0)` tells which columns have a weight. Take the same units from the columns of `W1`, from `b1`, and from the rows of `W2`.
#
# </details>
# %% exercise units points=2
def without_units(W1, b1, W2):
    # BEGIN SOLUTION
    used = (W1 != 0).any(axis=0) | (b1 != 0)
    return W1[:, used], b1[used], W2[used]
    # END SOLUTION


# %% check units
def check_units(without_units):
    W1 = np.array([[1.0, 0, 0, -2, 0], [3, 0, 0, 0, 1]])
    b1 = np.array([0.0, 0, 2, 1, 0])
    W2 = np.arange(1.0, 11).reshape(5, 2)
    answer = without_units(W1, b1, W2)
    assert isinstance(answer, tuple | list) and len(answer) == 3, "Return three arrays."
    w1, b, w2 = map(np.asarray, answer)
    assert w1.ndim == 2 and b.ndim == 1 and w2.ndim == 2, (
        "Keep the axes: (inputs, units), (units,), (units, outputs)."
    )
    assert w1.shape[1] < 5, "The second unit gives 0 for every image: leave it out."
    assert len(w2) == w1.shape[1] == len(b), (
        "Take the same units from all three: columns of W1, elements of b1, rows of W2."
    )
    assert w1.shape[1] != 3, "The third unit has a bias: it always gives 2, and must stay."
    assert w1.shape[1] != 2, "A unit stays if any of its weights is not 0."
    x = np.array([[1.0, 2.0], [-1.0, 0.5]])

    def run(W1, b1, W2):
        return np.maximum(x @ W1 + b1, 0) @ W2

    assert np.allclose(run(w1, b, w2), run(W1, b1, W2)), (
        "The network gives other numbers than before."
    )


# %% hidden units
def check_units(without_units):
    rng = np.random.default_rng(2)
    layer = nn.Linear(6, 20, rng=0)
    nn.prune(layer, 0.6, by="unit")
    W1, b1, W2 = layer.W.data, layer.b.data, rng.normal(size=(20, 3))
    w1, b, w2 = map(np.asarray, without_units(W1, b1, W2))
    assert w1.shape == (6, 8) and b.shape == (8,) and w2.shape == (8, 3), (
        "Eight units are left here."
    )
    x = rng.normal(size=(5, 6))
    assert np.allclose(
        np.maximum(x @ w1 + b, 0) @ w2, np.maximum(x @ W1 + b1, 0) @ W2, atol=1e-5
    ), "The network gives other numbers than before."


# %% right units
def without_units(W1, b1, W2):
    kept = [j for j in range(len(b1)) if b1[j] or any(W1[:, j])]
    return W1[:, kept], b1[kept], W2[kept, :]


# %% right units
def without_units(W1, b1, W2):
    gone = np.flatnonzero(np.abs(np.vstack([W1, b1])).sum(axis=0) == 0)
    return np.delete(W1, gone, axis=1), np.delete(b1, gone), np.delete(W2, gone, axis=0)


# %% wrong units: leave it out
def without_units(W1, b1, W2):
    return W1, b1, W2


# %% wrong units: the same units from all three
def without_units(W1, b1, W2):
    used = (W1 != 0).any(axis=0) | (b1 != 0)
    return W1[:, used], b1[used], W2


# %% wrong units: has a bias
def without_units(W1, b1, W2):
    used = (W1 != 0).any(axis=0)
    return W1[:, used], b1[used], W2[used]


# %% wrong units: if any of its weights
def without_units(W1, b1, W2):
    used = (W1 != 0).all(axis=0) | (b1 != 0)
    used[2:] = [True, False, False]
    return W1[:, used], b1[used], W2[used]


# %% [markdown] exercise-4-words
# ### Exercise 4: the teacher's share (2 points)
#
# Write `soft_gradient(student, teacher, T)`, the gradient of the first term of the loss of **one** image, $T^2 \operatorname{KL}(\operatorname{softmax}(z_t / T)\, \Vert\, \operatorname{softmax}(z_s / T))$, with respect to the student's logits $z_s$. Both logits are (K,), and so is the gradient. Do it by hand, without the engine.
#
# <details><summary>Hint</summary>
#
# The gradient of cross-entropy with respect to the logits is "softmax minus target". Here the logits are $z_s / T$, which gives a factor $1 / T$, and the target is the teacher's softmax.
#
# </details>
# %% exercise soft points=2
def soft_gradient(student, teacher, T):
    # BEGIN SOLUTION
    return T * (softmax(student / T) - softmax(teacher / T))
    # END SOLUTION


# %% check soft
def check_soft(soft_gradient):
    student, teacher = np.array([1.0, -0.5, 0.2]), np.array([0.3, 2.0, -1.0])
    answer = soft_gradient(student, teacher, 2.0)
    assert np.shape(answer) == (3,), "Return one number for each class."

    def p(z, T):
        e = np.exp(z / T)
        return e / e.sum()

    right = 2.0 * (p(student, 2.0) - p(teacher, 2.0))
    assert not np.allclose(answer, -right), "The sign is the other way round: softmax minus target."
    assert not np.allclose(answer, right / 2.0), (
        "The factors T² and 1 / T together leave a factor T."
    )
    assert not np.allclose(answer, right * 2.0), (
        "The logits are divided by T: one factor 1 / T is missing."
    )
    assert not np.allclose(answer, 2.0 * (p(student, 1) - p(teacher, 2))), (
        "The student's softmax has the temperature, too."
    )
    assert not np.allclose(answer, 2.0 * (p(student, 1) - p(teacher, 1))), (
        "Both softmaxes have the temperature."
    )
    assert np.allclose(answer, right), "Compare with differences of the loss."


# %% hidden soft
def check_soft(soft_gradient):
    from tinygrad_edu import Tensor

    rng = np.random.default_rng(7)
    for T in [0.5, 1.0, 8.0]:
        z, teacher = (
            Tensor(rng.normal(size=(1, 6)), requires_grad=True),
            3 * rng.normal(size=(1, 6)),
        )
        nn.distillation_loss(z, (np.array([0]), teacher), temperature=T, alpha=1.0).backward()
        assert np.allclose(soft_gradient(z.data[0], teacher[0], T), z.grad[0]), (
            "Try other temperatures."
        )


# %% right soft
def soft_gradient(student, teacher, T):
    s, t = np.exp(student / T), np.exp(teacher / T)
    return (s / s.sum() - t / t.sum()) * T


# %% right soft
def soft_gradient(student, teacher, T):
    from tinygrad_edu import grad

    t = softmax(teacher / T)
    return grad(lambda z: -(T**2) * (t * np.log(softmax(z / T))).sum())(student)


# %% wrong soft: sign
def soft_gradient(student, teacher, T):
    return T * (softmax(teacher / T) - softmax(student / T))


# %% wrong soft: leave a factor T
def soft_gradient(student, teacher, T):
    return softmax(student / T) - softmax(teacher / T)


# %% wrong soft: 1 / T is missing
def soft_gradient(student, teacher, T):
    return T**2 * (softmax(student / T) - softmax(teacher / T))


# %% wrong soft: The student's softmax
def soft_gradient(student, teacher, T):
    return T * (softmax(student) - softmax(teacher / T))


# %% [markdown] exercise-5-words
# ### Exercise 5: what a cache costs (1 point)
#
# Write `cache_bytes(texts, layers, size, length)`. A GPT writes `texts` texts at the same time. Each of its `layers` blocks keeps a key and a value of `size` numbers (all heads together) for each of `length` steps, in float32. Return the number of bytes.
#
# <details><summary>Hint</summary>
#
# A key *and* a value, for every step of every text in every layer. A float32 has 4 bytes.
#
# </details>
# %% exercise memory points=1
def cache_bytes(texts, layers, size, length):
    # BEGIN SOLUTION
    return 4 * 2 * texts * layers * size * length
    # END SOLUTION


# %% check memory
def check_memory(cache_bytes):
    answer, right = cache_bytes(3, 5, 7, 11), 4 * 2 * 3 * 5 * 7 * 11
    assert answer != right / 2, "Keys and values: two arrays for each layer."
    assert answer != right / 4, "You have counted numbers: a float32 takes four bytes."
    assert answer != right / 3, "Each text has a cache of its own."
    assert answer != right / 5, "Each layer keeps its own keys and values."
    assert answer != right * 11, "Each step has one key. The scores (length × length) are not kept."
    assert answer == right, "Multiply what the hint names."


# %% hidden memory
def check_memory(cache_bytes):
    gpt = make_gpt(10, 20, 8, 2, 3)
    cache = nn.KVCache(gpt)
    cache(np.zeros((4, 2), int))
    kept = sum(kept.keys.nbytes + kept.values.nbytes for kept in cache.kept)
    assert cache_bytes(4, 3, 8, 20) == kept, "Compare with cache.nbytes of nn.KVCache."


# %% right memory
def cache_bytes(texts, layers, size, length):
    keys = values = texts * length * size * 4
    return layers * (keys + values)


# %% right memory
def cache_bytes(texts, layers, size, length):
    return 2 * layers * np.zeros((texts, length, size), np.float32).nbytes


# %% wrong memory: Keys and values
def cache_bytes(texts, layers, size, length):
    return 4 * texts * layers * size * length


# %% wrong memory: four bytes
def cache_bytes(texts, layers, size, length):
    return 2 * texts * layers * size * length


# %% wrong memory: Each text
def cache_bytes(texts, layers, size, length):
    return 8 * layers * size * length


# %% wrong memory: are not kept
def cache_bytes(texts, layers, size, length):
    return 8 * texts * layers * size * length**2


# %% [markdown] next
# ## What you have seen
#
# - Measure first: the layer with most of the work is where it pays to save.
# - Nine of ten weights can be set to 0 if the rest learns again. It saves bytes only if the zeros are not stored, and time only if whole units go.
# - One byte a weight, with a scale for each output, costs practically no accuracy. The error of a weight is at most half a scale.
# - A teacher's probabilities say more than a label, and it can answer for images without labels.
# - Causal attention never changes what it has computed. With a cache, a new character costs one row in place of all.
#
# ## What to read next
#
# [`nn/pruning.py`](../tinygrad_edu/nn/pruning.py), [`nn/quantization.py`](../tinygrad_edu/nn/quantization.py), [`nn/distillation.py`](../tinygrad_edu/nn/distillation.py) and [`nn/generation.py`](../tinygrad_edu/nn/generation.py) are one short file each. Papers: LeCun, Denker and Solla, *Optimal brain damage*, 1990; Han and others, *Learning both weights and connections for efficient neural networks*, 2015; Hinton, Vinyals and Dean, *Distilling the knowledge in a neural network*, 2015; Jacob and others, *Quantization and training of neural networks for efficient integer-arithmetic-only inference*, 2018; Shazeer, *Fast transformer decoding*, 2019.
