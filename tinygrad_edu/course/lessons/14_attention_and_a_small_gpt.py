# builds: attention, several heads and a block by hand, and a GPT that learns from the library's source
# needs: lessons 9, 10 and 13
# %% [markdown] title
# # Lesson 14: Attention, and a small GPT that writes this library's own source
#
# A recurrent network must carry everything that it has read in one state. With **attention**, every step looks back at all the others directly. In this lesson you write attention by hand, put several heads and a block around it, and train a small GPT. It reads the source files of `tinygrad_edu.nn`, one character at a time, and then writes some of its own.
#
# You need lessons [9](09_initialization_normalization_dropout.ipynb), [10](10_an_optimizer_race.ipynb) and [13](13_recurrent_networks.ipynb), and about twenty-five minutes.
# %% imports tags=needed
import inspect
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from tinygrad_edu import Tensor, nn, no_grad, ops, optim, viz
from tinygrad_edu.course import check, needs
from tinygrad_edu.data import CharTokenizer, token_windows
from tinygrad_edu.gradcheck import gradcheck
from tinygrad_edu.optim.schedules import Cosine, Warmup
from tinygrad_edu.training import Trainer


# %% [markdown] dictionary-words
# ## 1. A soft dictionary
#
# A dictionary compares a **query** with its **keys**, and returns the **value** of the key that is equal. That is a hard choice, and has no gradient. Attention makes it soft. It compares the query $q$ with every key $k_j$ by their dot product, turns the scores into weights by a softmax, and returns the weighted mean of the values:
#
# $$y = \sum_j w_j v_j \qquad w = \operatorname{softmax}(q \cdot k_1, \dots, q \cdot k_S)$$
#
# *What happens if the query becomes longer, and keeps its direction?*
# %% dictionary tags=needed
def softmax(scores):
    e = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


# %% dictionary-run
angles = np.array([0, 60, 120, 180])
keys = np.stack([np.cos(np.deg2rad(angles)), np.sin(np.deg2rad(angles))], axis=1)
values = np.array([10.0, 20.0, 30.0, 40.0])
query = np.array([np.cos(np.deg2rad(70)), np.sin(np.deg2rad(70))])  # nearest to the key at 60°
for length in [0, 1, 5, 50]:
    weights = softmax(keys @ (length * query))
    print(f"length {length:2}: weights {weights.round(2)}   answer {weights @ values:.1f}")
assert np.isclose(softmax(keys @ (50 * query)) @ values, 20)


# %% [markdown] attention-words
# With length 0 the answer is the mean of all values, with length 50 the value of the nearest key. In between it is a mixture, and its gradient flows to the query, the keys and the values.
#
# ## 2. Attention
#
# A sequence has a query for every step. We stack them in the rows of $Q$ (T, d), the keys in $K$ (S, d) and the values in $V$ (S, e). This is **scaled dot-product attention** (Vaswani and others 2017, equation 1):
#
# $$\operatorname{attention}(Q, K, V) = \operatorname{softmax}\!\left(\frac{Q K^\top}{\sqrt d}\right) V$$
#
# It is two matrix products with a softmax between them:
# %% attention
def attention(q, k, v):
    """(T, e).    q: (T, d), k: (S, d), v: (S, e)"""
    return softmax(q @ k.T / np.sqrt(q.shape[-1])) @ v


rng = np.random.default_rng(0)
q, k, v = rng.normal(size=(3, 4)), rng.normal(size=(5, 4)), rng.normal(size=(5, 2))
print("shape:", attention(q, k, v).shape)
print("equal to ops.attention:", np.allclose(attention(q, k, v), ops.attention(q, k, v)))
assert np.allclose(attention(q, k, v), ops.attention(q, k, v), rtol=0, atol=1e-12)
assert gradcheck(attention, q, k, v)  # it works on Tensors, too
# %% [markdown] scale-words
# *Why divide by $\sqrt d$?* Suppose that the elements of $q$ and $k$ are independent, with mean 0 and variance 1. Then $q \cdot k$ is a sum of $d$ terms of variance 1, and has the variance $d$. Long vectors give large scores, and the softmax of large scores chooses a single key: it **saturates**, and its gradient vanishes.
# %% scale
sizes = np.array([4, 16, 64, 256, 1024])
spread, largest = {}, {}
for d in sizes:
    many_q, many_k = rng.normal(size=(400, d)), rng.normal(size=(30, d))
    scores = many_q @ many_k.T
    spread[d] = scores.std()
    largest[d] = softmax(scores).max(axis=1).mean(), softmax(scores / d**0.5).max(axis=1).mean()
    print(
        f"d = {d:4}: standard deviation of q · k = {spread[d]:4.1f}, of q · k / √d = {spread[d] / d**0.5:.1f}"
    )
assert all(abs(spread[d] / d**0.5 - 1) < 0.15 for d in sizes)
# %% scale-picture
# alt: The largest of 30 attention weights by the size d. Without scaling it rises from about 0.4 to almost 1; divided by the root of d it stays near 0.2.
fig, ax = plt.subplots(figsize=(6, 2.5), layout="constrained")
ax.semilogx(sizes, [largest[d][0] for d in sizes], "o-", label="softmax(q · k)")
ax.semilogx(sizes, [largest[d][1] for d in sizes], "o-", label="softmax(q · k / √d)")
ax.set(xlabel="$d$", ylabel="largest of 30 weights", ylim=(0, 1.05))
ax.legend()


# %% [markdown] causal-words
# With the division, the weights do not depend on the size of the vectors.
#
# ## 3. Do not look into the future
#
# In **self-attention**, queries, keys and values are all made from the same sequence. Our GPT will predict the next character, so no step may look at later ones. Before the softmax, the forbidden scores become $-\infty$, and their weights 0. That is a **causal mask**:
# %% causal
def causal_attention(q, k, v):
    scores = q @ k.T / np.sqrt(q.shape[-1])
    allowed = np.tri(len(q), dtype=bool)  # row t: True for the steps 0 ... t
    return softmax(np.where(allowed, scores, -np.inf)) @ v


x = 0.5 * rng.normal(size=(6, 4))
mask = np.tri(6, dtype=bool)
print("equal:", np.allclose(causal_attention(x, x, x), ops.attention(x, x, x, mask=mask)))
assert np.allclose(causal_attention(x, x, x), ops.attention(x, x, x, mask=mask), atol=1e-12)


# %% [markdown] causal-test-words
# A mistake in a mask is easy to make and hard to see: a model that can read the answer has a wonderful loss. There is a test that finds every such mistake. **The gradient of the output at step $t$ with respect to the input at a later step must be 0**, exactly:
# %% causal-test
def influence(f, x):
    """(T, T): the length of the gradient of f(x)[t] with respect to x[s]."""
    rows = []
    for t in range(len(x)):
        leaf = Tensor(x, requires_grad=True)
        f(leaf)[t].sum().backward()
        rows.append(np.linalg.norm(leaf.grad, axis=1))
    return np.array(rows)


looks = influence(lambda x: causal_attention(x, x, x), x)
print(looks.round(2))
assert (looks[~mask] == 0).all() and (looks[mask] > 0).all()


# %% [markdown] heads-words
# ## 4. Several heads
#
# One softmax can look at one place at a time. **Multi-head attention** runs several at once. Four matrices are learned: $W_q$, $W_k$ and $W_v$ make queries, keys and values of the input, each of which is cut into heads, and $W_o$ mixes the answers. *How many more parameters do two heads of size 4 have than one of size 8?*
# %% heads tags=needed
def multi_head(x, parameters, heads):
    """(T, size).    x: (T, size), parameters: Wq, bq, Wk, bk, Wv, bv, Wo, bo"""
    Wq, bq, Wk, bk, Wv, bv, Wo, bo = parameters
    q, k, v = x @ Wq + bq, x @ Wk + bk, x @ Wv + bv
    answers = []
    for head in range(heads):
        size = q.shape[1] // heads
        mine = slice(head * size, (head + 1) * size)
        scores = q[:, mine] @ k[:, mine].T / np.sqrt(size)
        scores = np.where(np.tri(len(x), dtype=bool), scores, -np.inf)
        answers.append(softmax(scores) @ v[:, mine])
    return np.concatenate(answers, axis=1) @ Wo + bo


# %% heads-run
x = rng.normal(size=(6, 8))
for heads in [1, 2]:
    layer = nn.MultiHeadAttention(8, heads, 8 // heads, causal=True, rng=0, dtype=np.float64)
    parameters = [p.data for p in layer.parameters()]
    ours, theirs = multi_head(x, parameters, heads), layer(x[None]).data[0]
    print(
        f"heads: {heads}, equal: {np.allclose(ours, theirs)}, {sum(map(np.size, parameters))} numbers"
    )
    assert np.allclose(ours, theirs, rtol=0, atol=1e-12)
assert gradcheck(multi_head, x, parameters, 2, order=1)
# %% [markdown] positions-words
# None: the same matrices are only cut differently.
#
# ## 5. Positions
#
# Attention is a mean, and a mean does not know the order of its terms. Without a mask, shuffled inputs give the same outputs, shuffled in the same way. For attention, "dog bites man" and "man bites dog" are the same set of words. *Does adding a vector for each position help?*
# %% positions
layer = nn.MultiHeadAttention(8, 2, 4, rng=0, dtype=np.float64)
order = np.array([3, 0, 5, 1, 4, 2])
same = np.allclose(layer(x[None, order]).data, layer(x[None]).data[:, order])
print("without positions, only shuffled:", same)
table = rng.normal(size=(6, 8))  # one row for each position
placed = np.allclose(layer((x[order] + table)[None]).data, layer((x + table)[None]).data[:, order])
print("with positions, only shuffled:   ", placed)
assert same and not placed
# %% [markdown] block-words
# It does. `nn.Positions` learns such a table.
#
# ## 6. A block
#
# Attention moves information between steps. A perceptron of two layers then works at each step by itself. Each of the two is added to its own input, so that the gradient has a straight way through many blocks, and `LayerNorm` keeps the numbers at a common size (lesson 9). That is a **transformer block**, in the form of GPT-2 (Radford and others 2019):
#
# $$x \leftarrow x + \operatorname{attention}(\operatorname{LN} x) \qquad x \leftarrow x + \operatorname{mlp}(\operatorname{LN} x)$$
# %% block
block = nn.TransformerBlock(8, 2, causal=True, rng=0, dtype=np.float64)


def layer_norm(x, eps=1e-3):
    return (x - x.mean(axis=-1, keepdims=True)) / np.sqrt(x.var(axis=-1, keepdims=True) + eps)


def gelu(x):
    return x / 2 * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))


attended = x + multi_head(layer_norm(x), [p.data for p in block.attention.parameters()], 2)
hidden = gelu(layer_norm(attended) @ block.up.W.data + block.up.b.data)
by_hand = attended + hidden @ block.down.W.data + block.down.b.data
print("equal to nn.TransformerBlock:", np.allclose(by_hand, block(x[None]).data[0]))
assert np.allclose(by_hand, block(x[None]).data[0], rtol=0, atol=1e-12)
assert (influence(lambda x: block(x[None])[0], x)[~mask] == 0).all()
# %% [markdown] data-words
# (The scale and shift of a new LayerNorm are 1 and 0, so we could leave them out.)
#
# ## 7. A text
#
# Our text is the source of the package that you are using, the files of `tinygrad_edu.nn`. A `CharTokenizer` gives each character a number. We train on the first nine tenths and keep the last tenth for validation: these are other files.
# %% data tags=varies
folder = Path(inspect.getfile(nn)).parent
text = "\n".join(file.read_text(encoding="utf-8") for file in sorted(folder.glob("*.py")))
tokenizer = CharTokenizer.train(text)
ids = tokenizer.encode(text)
cut = len(ids) * 9 // 10
train_ids, val_ids = ids[:cut], ids[cut:]
K = len(tokenizer)
print(f"{len(text):,} characters, {K} different ones")
# %% [markdown] baselines-words
# What would be a good loss? The loss is $-\ln p$ of the right character, on average. Whoever knows nothing has $\ln K$. Two baselines only count:
#
# - **characters**: the probability is the frequency of the character;
# - **pairs**: it is the frequency of the character after the one before it (a Markov chain, as in lesson 20).
#
# Both count in the training text and are tested on the other. A pair that never occurred must not get the probability 0, so each count begins at a small number instead of 0.
# %% baselines tags=varies
singles = np.bincount(train_ids, minlength=K) + 0.1
pairs = np.full((K, K), 0.1)
np.add.at(pairs, (train_ids[:-1], train_ids[1:]), 1)
baselines = {
    "nothing known": np.log(K),
    "characters": -np.log(singles / singles.sum())[val_ids].mean(),
    "pairs": -np.log(pairs / pairs.sum(axis=1, keepdims=True))[val_ids[:-1], val_ids[1:]].mean(),
}
for name, loss in baselines.items():
    print(
        f"{name:14} {loss:.2f} nats per character, as uncertain as {np.exp(loss):3.0f} equal choices"
    )
assert baselines["pairs"] < baselines["characters"] < baselines["nothing known"]
# %% [markdown] gpt-words
# ## 8. The GPT
#
# A **GPT** is a stack of what you have seen: a vector for each character, a vector for each position, some causal blocks, and a linear layer that gives a score for each possible next character. *How many parameters will two blocks of width 64 have?*
# %% gpt tags=varies
length, size, heads = 48, 64, 4


def make_gpt(vocabulary, length, size, heads, blocks, rng=0):
    rng = np.random.default_rng(rng)
    return nn.Sequential(
        nn.Embedding(vocabulary, size, rng=rng),
        nn.Positions(length, size, rng=rng),
        *[nn.TransformerBlock(size, heads, causal=True, rng=rng) for _ in range(blocks)],
        nn.LayerNorm(size),
        nn.Linear(size, vocabulary, rng=rng),
    )


gpt = make_gpt(K, length, size, heads, blocks=2)
print(f"{sum(p.size for p in gpt.parameters()):,} parameters")
# %% [markdown] train-words
# `token_windows` cuts the text into windows of 48 characters; the targets are the same windows, one character later. Because of the causal mask, each window trains 48 predictions at once, with 1 to 48 characters of context. The learning rate rises for 50 steps and then falls along a cosine.
# %% train
x, y = token_windows(train_ids, length, stride=24)
x_val, y_val = token_windows(val_ids, length)
epochs, batch_size = 2, 32
steps = epochs * -(-len(x) // batch_size)
schedule = Warmup(Cosine(4e-3, steps - 50), 50)
optimizer = optim.Adam(gpt.parameters(), lr=schedule, clip_global_norm=1.0)
trainer = Trainer(gpt, nn.cross_entropy, optimizer)
history = trainer.fit(
    x, y, epochs=epochs, batch_size=batch_size, seed=0, validation=(x_val, y_val), progress=False
)
# %% train-result tags=varies
print("after each epoch, on the other files:", *(f"{loss:.2f}" for loss in history["val_loss"]))
final = history["val_loss"][-1]
print(f"as uncertain as {np.exp(final):.1f} equal choices; pairs: {np.exp(baselines['pairs']):.1f}")
assert final < baselines["pairs"] - 0.3
# %% train-picture tags=varies
# alt: Bars of the validation loss: nothing known is the largest, then characters, then pairs, and the GPT is clearly the smallest.
bars = baselines | {"GPT": final}
fig, ax = plt.subplots(figsize=(6, 2), layout="constrained")
ax.barh(list(bars), list(bars.values()), color=["0.7", "0.7", "0.7", "C0"])
ax.invert_yaxis()
ax.set(xlabel="validation loss, nats per character")


# %% [markdown] write-words
# ## 9. Writing
#
# To write, the GPT gives the probabilities of the next character, we draw one, append it, and ask again. The **temperature** divides the scores before the softmax: below 1 the probable characters become more probable, above 1 the drawing becomes more random. *What will a low temperature do to the text?*
# %% write
def write(model, start, count, temperature, seed=0):
    rng = np.random.default_rng(seed)
    written = list(tokenizer.encode(start))
    model.eval()
    with no_grad():
        for _ in range(count):
            window = np.array(written[-length:])
            scores = model(window[None]).data[0, -1]
            written.append(rng.choice(K, p=softmax(scores.astype(float) / temperature)))
    return tokenizer.decode(written)


def words_of(text):
    return "".join(c if c.isalpha() else " " for c in text).split()


def known_words(written):
    """The share of the words, of three letters or more, that occur in the text."""
    known, words = set(words_of(text)), [word for word in words_of(written) if len(word) > 2]
    return np.mean([word in known for word in words])


# %% write-run tags=varies
for temperature in [0.3, 0.6, 1.0]:
    print(f"-------- temperature {temperature}")
    written = write(gpt, "    def ", 240, temperature)
    print(written)
    print(f"-------- words that occur in the text: {known_words(written):.0%}")
# %% [markdown] write-after
# The GPT has learned words, indentation and the form of a `def`, from single characters and in half a minute. It has not learned to mean anything. A low temperature repeats the most frequent phrases. It may also get stuck: after many spaces, the most probable character is another space. A high temperature invents words.
#
# *Where does it look?* `viz.attentions` gives the weights of every head. Each row is a character that asks, each column a character that is looked at:
# %% map tags=varies
# alt: A triangular map of attention weights for the characters of "def forward(self, x: A". Above the diagonal all is white; below it each row has a few dark places.
words = "def forward(self, x: A"
weights = viz.attentions(gpt, tokenizer.encode(words)[None])
print({name: array.shape for name, array in weights.items()})
first = next(iter(weights.values()))[0]
fig, axes = plt.subplots(1, 2, figsize=(8.5, 4), layout="constrained")
for head, ax in enumerate(axes):
    viz.attention_map(first[head], list(words), list(words), ax=ax)
    ax.set_title(f"first block, head {head + 1}")
assert (first[:, ~np.tri(len(words), dtype=bool)] == 0).all()
# %% [markdown] map-after
# The upper triangle is white: that is the mask. Each row sums to 1. Much of the weight lies on the character itself and the few before it, and the heads differ, though nobody told them to.
#
# A trained model can be tested for looking ahead, too. We change the last character, and no earlier prediction may change:
# %% no-future
window = tokenizer.encode("def forward(self, x: Any)")
changed = window.copy()
changed[-1] = tokenizer.encode("=")[0]
with no_grad():
    before, after = gpt(window[None]).data[0], gpt(changed[None]).data[0]
print("earlier predictions are the same:", np.array_equal(before[:-1], after[:-1]))
print("the last one is the same:", np.array_equal(before[-1], after[-1]))
assert np.array_equal(before[:-1], after[:-1]) and not np.array_equal(before[-1], after[-1])
# %% [markdown] keras-words
# ## 10. The same in Keras
#
# You need TensorFlow for this section. `compare` builds the same GPT in Keras, with the same weights, trains both for a few steps and compares each output, gradient and weight. We take a smaller one, in double precision:
# %% keras-twin tags=keras
needs("keras")
from tinygrad_edu.twins import compare

small = make_gpt(K, 12, 16, 4, blocks=1).astype(np.float64)
batches = [(x[i : i + 8, :12], y[i : i + 8, :12]) for i in range(0, 40, 8)]
report = compare(small, nn.cross_entropy, optim.SGD(small.parameters(), lr=0.1), batches)
print("steps:", len(report), "  first difference from Keras's:", report.first_divergence())
assert len(report) == 5 and report.first_divergence() is None
# %% [markdown] exercises
# ## 11. Four exercises
#
# ### Exercise 1: on paper (1 point)
#
# A query has the scores $\ln 1$ and $\ln 3$ (already divided by $\sqrt d$) for two keys with the values 8 and 4. What is the output of attention (`output`)? And how many parameters, with all biases, has `nn.MultiHeadAttention(64, 4, 16)` (`parameters`)?
#
# <details><summary>Hint</summary>
#
# $e^{\ln 3} = 3$: the weights are in the ratio 1 to 3. The layer has four linear layers from 64 to 64 numbers.
#
# </details>
# %% exercise on_paper points=1
# BEGIN SOLUTION
output = 0.25 * 8 + 0.75 * 4
parameters = 4 * (64 * 64 + 64)


# END SOLUTION
# %% check on_paper
def check_on_paper(output, parameters):
    assert not np.isclose(output, 6), "The mean of the values has equal weights. Here they differ."
    assert not np.isclose(output, 7), (
        "The second key has the larger score, and so the larger weight."
    )
    assert not np.isclose(output, np.log(3) * 4), "The weights are the softmax of the scores."
    assert np.isclose(output, 5), "The weights sum to 1 and are in the ratio 1 to 3."
    assert parameters != 4 * 64 * 64, "Each of the four linear layers has a bias, too."
    assert parameters != 3 * (64 * 64 + 64), "After the heads comes a fourth layer: the output."
    assert parameters != 16 * (64 * 64 + 64), (
        "The heads share the matrices: 4 heads of 16 are 64 columns."
    )
    assert parameters == 16640, "Four layers, each with 64 × 64 weights and 64 biases."


# %% hidden on_paper
def check_on_paper(output, parameters):
    assert np.isclose(output, softmax(np.log([1.0, 3.0])) @ [8, 4]), "Check the output again."
    layer = nn.MultiHeadAttention(64, 4, 16)
    assert parameters == sum(p.size for p in layer.parameters()), "Check the parameters again."


# %% right on_paper
output, parameters = 5.0, 16640
# %% right on_paper
output = (1 * 8 + 3 * 4) / (1 + 3)
parameters = sum(p.size for p in nn.MultiHeadAttention(64, 4, 16).parameters())
# %% wrong on_paper: equal weights
output, parameters = 6, 16640
# %% wrong on_paper: larger weight
output, parameters = 7, 16640
# %% wrong on_paper: a bias, too
output, parameters = 5, 4 * 64 * 64
# %% wrong on_paper: fourth layer
output, parameters = 5, 3 * (64 * 64 + 64)


# %% [markdown] exercise-2-words
# ### Exercise 2: a window (2 points)
#
# Long sequences are expensive, because every step looks at all others. In **local attention** a step looks only at itself and the `window - 1` steps before it. Write `local_attention(q, k, v, window)`. `q` and `k` are (T, d), `v` is (T, e), and the result (T, e).
#
# <details><summary>Hint</summary>
#
# With `t = np.arange(T)`, `t[:, None] - t` is the distance from each step (row) back to each other (column). It must be at least 0, and less than `window`. `softmax` from section 1 is at your service.
#
# </details>
# %% exercise local points=2
def local_attention(q, k, v, window):
    # BEGIN SOLUTION
    t = np.arange(len(q))
    back = t[:, None] - t
    allowed = (back >= 0) & (back < window)
    scores = q @ k.T / np.sqrt(q.shape[1])
    return softmax(np.where(allowed, scores, -np.inf)) @ v
    # END SOLUTION


# %% check local
def check_local(local_attention):
    rng = np.random.default_rng(4)
    q, k, v = rng.normal(size=(7, 4)), rng.normal(size=(7, 4)), rng.normal(size=(7, 3))
    t = np.arange(7)
    back = t[:, None] - t

    def wanted(allowed, scale=2.0):
        return softmax(np.where(allowed, q @ k.T / scale, -np.inf)) @ v

    answer = local_attention(q, k, v, 3)
    assert np.shape(answer) == (7, 3), "Return one row for each query, as long as a value."
    right = (back >= 0) & (back < 3)
    assert not np.allclose(answer, wanted(np.abs(back) < 3)), (
        "Your steps look into the future: only earlier steps and the step itself are allowed."
    )
    assert not np.allclose(answer, wanted(back >= 0)), (
        "The window has no effect: steps that are too far back are forbidden, too."
    )
    assert not np.allclose(answer, wanted((back >= 0) & (back <= 3))), (
        "One step too many: the window counts the step itself."
    )
    assert not np.allclose(answer, wanted(right, 1.0)), "Divide the scores by the root of d."
    zeros = np.where(right, q @ k.T / 2.0, 0.0)
    assert not np.allclose(answer, softmax(zeros) @ v), (
        "A forbidden score of 0 still gets a weight. It must be minus infinity before the softmax."
    )
    assert not np.allclose(answer, (softmax(q @ k.T / 2.0) * right) @ v), (
        "The weights of the allowed steps no longer sum to 1: mask the scores before the softmax."
    )
    assert np.allclose(answer, wanted(right)), "Compare your mask with the hint."


# %% hidden local
def check_local(local_attention):
    rng = np.random.default_rng(14)
    q, k, v = rng.normal(size=(9, 5)), rng.normal(size=(9, 5)), rng.normal(size=(9, 2))
    for window in [1, 4, 20]:
        allowed = np.tri(9, dtype=bool) & ~np.tri(9, k=-window, dtype=bool)
        wanted = ops.attention(q, k, v, mask=allowed)
        assert np.allclose(local_attention(q, k, v, window), wanted), "Try other windows."


# %% right local
def local_attention(q, k, v, window):
    rows = []
    for t in range(len(q)):
        near = slice(max(0, t - window + 1), t + 1)
        rows.append(softmax(k[near] @ q[t] / len(q[t]) ** 0.5) @ v[near])
    return np.array(rows)


# %% right local
def local_attention(q, k, v, window):
    mask = np.tri(len(q), dtype=bool) & ~np.tri(len(q), k=-window, dtype=bool)
    return ops.attention(q, k, v, mask=mask)


# %% wrong local: into the future
def local_attention(q, k, v, window):
    t = np.arange(len(q))
    near = np.abs(t[:, None] - t) < window
    return softmax(np.where(near, q @ k.T / np.sqrt(q.shape[1]), -np.inf)) @ v


# %% wrong local: no effect
def local_attention(q, k, v, window):
    allowed = np.tri(len(q), dtype=bool)
    return softmax(np.where(allowed, q @ k.T / np.sqrt(q.shape[1]), -np.inf)) @ v


# %% wrong local: One step too many
def local_attention(q, k, v, window):
    t = np.arange(len(q))
    back = t[:, None] - t
    allowed = (back >= 0) & (back <= window)
    return softmax(np.where(allowed, q @ k.T / np.sqrt(q.shape[1]), -np.inf)) @ v


# %% wrong local: no longer sum to 1
def local_attention(q, k, v, window):
    t = np.arange(len(q))
    back = t[:, None] - t
    allowed = (back >= 0) & (back < window)
    return (softmax(q @ k.T / np.sqrt(q.shape[1])) * allowed) @ v


# %% wrong local: root of d
def local_attention(q, k, v, window):
    t = np.arange(len(q))
    back = t[:, None] - t
    allowed = (back >= 0) & (back < window)
    return softmax(np.where(allowed, q @ k.T, -np.inf)) @ v


# %% [markdown] exercise-3-words
# ### Exercise 3: drawing from the best (2 points)
#
# At a high temperature, the many improbable characters together become probable, and one of them ruins a word. **Top-k sampling** draws only from the `k` best. Write `next_probabilities(scores, temperature, k)`. `scores` (K,) are all different. Return the probabilities (K,): 0 for all but the `k` largest scores, and for those the softmax of the scores divided by the temperature.
#
# <details><summary>Hint</summary>
#
# `np.sort(scores)[-k]` is the smallest score that may stay. Give the others the score $-\infty$.
#
# </details>
# %% exercise top_k points=2
def next_probabilities(scores, temperature, k):
    # BEGIN SOLUTION
    kept = np.where(scores >= np.sort(scores)[-k], scores, -np.inf)
    return softmax(kept / temperature)
    # END SOLUTION


# %% check top_k
def check_top_k(next_probabilities):
    scores = np.array([1.0, 3.0, -2.0, 2.0, 0.5])
    answer = next_probabilities(scores, 2.0, 3)
    assert np.shape(answer) == (5,), "Return one probability for each score."
    assert np.all(np.greater_equal(answer, 0)), "A probability is not negative."
    full = softmax(scores / 2)
    assert not np.allclose(answer, full), "k has no effect: only the k largest scores stay."
    mask = np.array([True, True, False, True, False])
    assert not np.allclose(answer, full * mask), (
        "The probabilities that are left do not sum to 1. Divide by their sum."
    )
    assert not np.allclose(answer, softmax(np.where(mask, scores, -np.inf))), (
        "The temperature has no effect: divide the scores by it."
    )
    assert not np.allclose(answer, softmax(np.where(mask, scores * 2, -np.inf))), (
        "Divide by the temperature, do not multiply."
    )
    small = np.array([True, False, True, False, True])
    assert not np.allclose(answer, softmax(np.where(small, scores / 2, -np.inf))), (
        "These are the k smallest scores."
    )
    assert np.sum(np.greater(answer, 0)) == 3, "Exactly k probabilities are larger than 0."
    assert np.allclose(answer, softmax(np.where(mask, scores / 2, -np.inf))), (
        "Softmax of the k largest scores, divided by the temperature."
    )


# %% hidden top_k
def check_top_k(next_probabilities):
    scores = np.random.default_rng(3).normal(size=12) * 5
    for temperature, k in [(0.5, 1), (1.0, 12), (3.0, 4)]:
        limit = sorted(scores)[12 - k]
        e = np.where(scores >= limit, np.exp(scores / temperature), 0)
        assert np.allclose(next_probabilities(scores, temperature, k), e / e.sum()), (
            "Try k = 1, and k = the number of scores."
        )


# %% right top_k
def next_probabilities(scores, temperature, k):
    best = np.argsort(scores)[::-1][:k]
    probabilities = np.zeros(len(scores))
    probabilities[best] = softmax(scores[best] / temperature)
    return probabilities


# %% right top_k
def next_probabilities(scores, temperature, k):
    p = np.exp((scores - np.max(scores)) / temperature)
    p[np.argsort(-scores)[k:]] = 0
    return p / p.sum()


# %% wrong top_k: k has no effect
def next_probabilities(scores, temperature, k):
    return softmax(scores / temperature)


# %% wrong top_k: do not sum to 1
def next_probabilities(scores, temperature, k):
    return softmax(scores / temperature) * (scores >= np.sort(scores)[-k])


# %% wrong top_k: temperature has no effect
def next_probabilities(scores, temperature, k):
    return softmax(np.where(scores >= np.sort(scores)[-k], scores, -np.inf))


# %% wrong top_k: do not multiply
def next_probabilities(scores, temperature, k):
    return softmax(np.where(scores >= np.sort(scores)[-k], scores, -np.inf) * temperature)


# %% wrong top_k: k smallest
def next_probabilities(scores, temperature, k):
    return softmax(np.where(scores <= np.sort(scores)[k - 1], scores, -np.inf) / temperature)


# %% [markdown] exercise-4-words
# ### Exercise 4: remember keys and values (3 points)
#
# `write` computes the whole window again for each new character. But the keys and values of earlier steps do not change, so they can be kept: this is the **cache** of every large language model. Write `attend_next(q, k, v, keys, values)`. `q`, `k` (d,) and `v` (e,) belong to the new step, `keys` (t, d) and `values` (t, e) to the steps before it; `t` can be 0. Return three things: the output of attention for the new step (e,), the new `keys` (t + 1, d) and the new `values` (t + 1, e).
#
# <details><summary>Hint</summary>
#
# First append the row `k` to `keys` and `v` to `values`, with `np.vstack` or `np.concatenate`: the new step also looks at itself. No mask is needed, since nothing in the cache is later.
#
# </details>
# %% exercise cache points=3
def attend_next(q, k, v, keys, values):
    # BEGIN SOLUTION
    keys, values = np.vstack([keys, k]), np.vstack([values, v])
    weights = softmax(keys @ q / np.sqrt(len(q)))
    return weights @ values, keys, values
    # END SOLUTION


# %% check cache
def check_cache(attend_next):
    rng = np.random.default_rng(11)
    q, k, v = rng.normal(size=(5, 4)), rng.normal(size=(5, 4)), rng.normal(size=(5, 3))
    answer = attend_next(q[0], k[0], v[0], np.zeros((0, 4)), np.zeros((0, 3)))
    assert isinstance(answer, tuple | list) and len(answer) == 3, (
        "Return three things: the output, the keys and the values."
    )
    y, keys, values = answer
    assert np.shape(keys) == (1, 4) and np.shape(values) == (1, 3), (
        "The new row must be in the caches that you return: (t + 1, d) and (t + 1, e)."
    )
    assert np.shape(y) == (3,), "The output is as long as a value."
    assert np.allclose(y, v[0]), "The first step sees only itself, so its output is its own value."
    y, keys, values = attend_next(q[4], k[4], v[4], k[:4], v[:4])
    assert np.array_equal(keys, k) and np.array_equal(values, v), (
        "The new row comes last, below the rows of the earlier steps."
    )
    assert not np.allclose(y, ops.attention(q[4:], k[:4], v[:4])[0]), (
        "The new step also looks at itself: append first, then attend."
    )
    assert not np.allclose(y, softmax(k @ q[4]) @ v), "Divide the scores by the root of d."
    assert np.allclose(y, ops.attention(q, k, v, mask=np.tri(5, dtype=bool))[4]), (
        "The output should be the last row of causal attention."
    )


# %% hidden cache
def check_cache(attend_next):
    rng = np.random.default_rng(21)
    q, k, v = rng.normal(size=(8, 6)), rng.normal(size=(8, 6)), rng.normal(size=(8, 2))
    keys, values, outputs = np.zeros((0, 6)), np.zeros((0, 2)), []
    for t in range(8):
        y, keys, values = attend_next(q[t], k[t], v[t], np.asarray(keys), np.asarray(values))
        outputs.append(np.asarray(y))
    wanted = ops.attention(q, k, v, mask=np.tri(8, dtype=bool))
    assert np.allclose(np.array(outputs), wanted), "Step by step it should be causal attention."


# %% right cache
def attend_next(q, k, v, keys, values):
    keys = np.concatenate([keys, k[None]])
    values = np.concatenate([values, v[None]])
    return ops.attention(q[None], keys, values)[0], keys, values


# %% right cache
def attend_next(q, k, v, keys, values):
    keys, values = np.array([*keys, k]), np.array([*values, v])
    e = np.exp((keys * q).sum(axis=1) / q.size**0.5)
    return [(e[:, None] * values).sum(axis=0) / e.sum(), keys, values]


# %% wrong cache: in the caches that you return
def attend_next(q, k, v, keys, values):
    all_keys, all_values = np.vstack([keys, k]), np.vstack([values, v])
    return softmax(all_keys @ q / np.sqrt(len(q))) @ all_values, keys, values


# %% wrong cache: comes last
def attend_next(q, k, v, keys, values):
    keys, values = np.vstack([k, keys]), np.vstack([v, values])
    return softmax(keys @ q / np.sqrt(len(q))) @ values, keys, values


# %% wrong cache: append first, then attend
def attend_next(q, k, v, keys, values):
    y = softmax(keys @ q / np.sqrt(len(q))) @ values if len(keys) else v
    return y, np.vstack([keys, k]), np.vstack([values, v])


# %% wrong cache: root of d
def attend_next(q, k, v, keys, values):
    keys, values = np.vstack([keys, k]), np.vstack([values, v])
    return softmax(keys @ q) @ values, keys, values


# %% [markdown] next
# ## What you have seen
#
# - Attention is a dictionary with a soft choice: the softmax of scores, times the values.
# - $q \cdot k$ has the variance $d$. The division by $\sqrt d$ keeps the softmax from saturating.
# - A causal mask is right if the gradient of each output with respect to all later inputs is exactly 0.
# - Several heads cost no more parameters than one. Attention alone does not know positions.
# - A block adds attention, then a perceptron, to its input. A GPT is a stack of blocks that predicts the next token.
# - A loss says little without baselines. The frequencies of characters and pairs are two that cost nothing.
#
# ## What to read next
#
# [`nn/attention.py`](../tinygrad_edu/nn/attention.py) has the layers, with other kinds of attention, and [`ops/scaled_dot_product.py`](../tinygrad_edu/ops/scaled_dot_product.py) the fast operation and its derivative. [`data/text.py`](../tinygrad_edu/data/text.py) has a tokenizer for pieces of words in place of characters (byte pairs), which large models use. Papers: Vaswani and others, *Attention is all you need*, 2017; Radford and others, *Language models are unsupervised multitask learners*, 2019. `nn.generate` writes with the cache of exercise 4, and [lesson 26](26_small_and_fast.ipynb) measures what it saves. The next lesson turns to classical models: [trees and forests](15_trees_and_forests.ipynb).
