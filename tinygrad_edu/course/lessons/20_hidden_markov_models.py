# builds: the forward recursion, and from its gradient everything else
# needs: lessons 4 and 17
# %% [markdown] title
# # Lesson 20: Hidden Markov models: forward–backward is `backward()`
#
# A **hidden Markov model** explains a sequence by states that nobody sees: which die was on the table, which word class stands behind a word, which gene a base belongs to. Its textbook algorithms have names of their own: forward, backward, Viterbi, Baum–Welch. In this lesson you write only the first one. **The second is what `backward()` does, the third is the same recursion with a maximum, and the fourth is made from the gradient.**
#
# You need lessons [4](04_seeing_a_backward_pass.ipynb) and [17](17_k_means_and_mixtures.ipynb), and about twenty minutes.
# %% imports tags=needed
from itertools import product, pairwise

import matplotlib.pyplot as plt
import numpy as np

from models import CategoricalHMM
from tinygrad_edu import Tensor, ops, scan, viz
from tinygrad_edu.course import check
from tinygrad_edu.gradcheck import gradcheck

# %% [markdown] casino-words
# ## 1. An occasionally dishonest casino
#
# A casino uses a fair die most of the time, and sometimes a loaded one, which shows six half of the time (Durbin and others, *Biological Sequence Analysis*, section 3.2). We see the throws, and not the die. The model has three tables:
#
# - $\pi_i$, the probability to begin with die $i$;
# - $A_{ij}$, the probability to change from die $i$ to die $j$ before the next throw;
# - $B_{im}$, the probability that die $i$ shows $m$.
# %% casino tags=needed
start = np.array([0.5, 0.5])
A = np.array([[0.95, 0.05], [0.10, 0.90]])
B = np.array([[1 / 6] * 6, [0.1, 0.1, 0.1, 0.1, 0.1, 0.5]])


def play(T, rng):
    """Draws the dice z (T,) and the throws x (T,), numbers from 0 to 5."""
    z, x = np.zeros(T, int), np.zeros(T, int)
    for t in range(T):
        z[t] = rng.choice(2, p=start if t == 0 else A[z[t - 1]])
        x[t] = rng.choice(6, p=B[z[t]])
    return z, x


z, x = play(300, np.random.default_rng(2))
# %% throws
print("throws:", "".join(str(m + 1) for m in x[:60]))
print("die:   ", "".join("FL"[k] for k in z[:60]))


# %% [markdown] brute-words
# ## 2. The likelihood, by brute force
#
# How probable are the throws? The dice are unknown, so we sum over all sequences of dice. For five throws these are $2^5$. *How many are there for all 300 throws?*
# %% brute tags=needed
def path_probability(z, x, start=start, A=A, B=B):
    p = start[z[0]] * B[z[0], x[0]]
    for t in range(1, len(x)):
        p *= A[z[t - 1], z[t]] * B[z[t], x[t]]
    return p


few = x[:5]
paths = [np.array(path) for path in product([0, 1], repeat=5)]
probabilities = np.array([path_probability(path, few) for path in paths])
# %% brute-sum
print("paths:", len(paths), "  ln p =", round(np.log(probabilities.sum()), 6))


# %% [markdown] forward-words
# ## 3. The forward recursion
#
# For 300 throws there are $2^{300}$ paths. But the sum can be taken step by step, because the future depends on the past only through the present state. With $\alpha_t(j) = p(x_1 \dots x_t,\, z_t = j)$:
#
# $$\alpha_t(j) = \sum_i \alpha_{t-1}(i)\, A_{ij}\, B_{j x_t}$$
#
# The numbers become tiny, so we keep their logarithms, and the sum becomes a logsumexp (Rabiner 1989, equations 18 to 21). That is the whole algorithm:
# %% forward
def log_likelihood(x, log_start, log_A, log_B):
    """ln p(x), the sum over all paths. x: (T,), log_start: (K,), log_A: (K, K), log_B: (K, symbols)"""
    alpha = log_start + log_B[:, x[0]]
    for m in x[1:]:
        alpha = ops.logsumexp(alpha[:, None] + log_A, axis=0) + log_B[:, m]
    return ops.logsumexp(alpha)


tables = np.log(start), np.log(A), np.log(B)
print("ln p of five throws:", round(float(log_likelihood(few, *tables)), 6))
print("ln p of 300 throws: ", round(float(log_likelihood(x, *tables)), 6))
assert np.isclose(log_likelihood(few, *tables), np.log(probabilities.sum()), rtol=1e-12)
# %% [markdown] backward-words
# ## 4. What the gradient knows
#
# The function works on Tensors too. Its derivative with respect to $\log A_{ij}$ has a meaning. Every path $z$ contributes $p(x, z)$, a product in which $A_{ij}$ occurs as often as the path uses it. So
#
# $$\frac{\partial \ln p(x)}{\partial \ln A_{ij}} = \sum_z \frac{p(x, z)}{p(x)} \cdot (\text{number of changes } i \to j \text{ in } z)$$
#
# That is the **expected number** of changes from $i$ to $j$, given the throws. *Will the gradient agree with the brute force?*
# %% counts
leaves = [Tensor(table, requires_grad=True) for table in tables]
log_likelihood(few, *leaves).backward()

posterior = probabilities / probabilities.sum()
changes = np.zeros((2, 2))
for p, path in zip(posterior, paths, strict=True):
    for i, j in pairwise(path):
        changes[i, j] += p
print("expected changes, all paths:\n", changes.round(6))
print("gradient:\n", leaves[1].grad.round(6))
assert np.allclose(leaves[1].grad, changes, rtol=1e-12)
assert np.isclose(leaves[1].grad.sum(), 4)  # four changes between five throws
assert gradcheck(log_likelihood, few, *tables)


# %% [markdown] posterior-words
# The derivative with respect to $\log B$ counts, in the same way, how often each die showed each number. To get the probability of each die **at each time**, give every time its own table: add a Tensor of zeros, of shape $(T, K)$, to the log emissions. Its gradient is $P(z_t = k \mid x)$. The textbook computes it by a second recursion from right to left, the backward algorithm. Here is that recursion, in order to compare:
# %% posterior
def posterior_by_gradient(x, log_start, log_A, log_B):
    extra = Tensor(np.zeros((len(x), len(log_start))), requires_grad=True)
    alpha = log_start + log_B[:, x[0]] + extra[0]
    for t in range(1, len(x)):
        alpha = ops.logsumexp(alpha[:, None] + log_A, axis=0) + log_B[:, x[t]] + extra[t]
    ops.logsumexp(alpha).backward()
    return extra.grad


def posterior_by_hand(x, log_start, log_A, log_B):
    alpha = [log_start + log_B[:, x[0]]]
    for m in x[1:]:
        alpha.append(ops.logsumexp(alpha[-1][:, None] + log_A, axis=0) + log_B[:, m])
    beta = [np.zeros(len(log_start))]  # ln p(x_(t+1) ... x_T | z_t), from right to left
    for m in x[:0:-1]:
        beta.append(ops.logsumexp(log_A + log_B[:, m] + beta[-1], axis=1))
    joint = np.array(alpha) + np.array(beta[::-1])
    return np.exp(joint - ops.logsumexp(joint, axis=1)[:, None])


probability = posterior_by_gradient(x, *tables)
print(
    "largest difference below 1e-12:",
    np.abs(probability - posterior_by_hand(x, *tables)).max() < 1e-12,
)
assert np.allclose(probability, posterior_by_hand(x, *tables), rtol=0, atol=1e-12)
# %% posterior-picture
# alt: The probability of the loaded die by throw, a curve between 0 and 1, above a gray band where the loaded die was really used. The curve is high where most of the long gray bands are, and misses some short ones.
fig, ax = plt.subplots(figsize=(8.5, 2.3), layout="constrained")
ax.fill_between(range(300), 0, z, step="mid", color="0.85", label="loaded die was used")
ax.plot(probability[:, 1], label="P(loaded | all throws)")
ax.set(xlabel="throw", ylim=(0, 1.05), xlim=(0, 299))
ax.legend(ncols=2, loc="upper center", bbox_to_anchor=(0.5, 1.3), frameon=False)


# %% [markdown] viterbi-words
# ## 5. The best path: the same recursion with a maximum
#
# The **Viterbi algorithm** finds the single most probable sequence of states. Replace the logsumexp by a maximum, and the recursion gives the logarithm of its probability. To find the path itself, textbooks store back pointers and follow them. But the gradient of a maximum is 1 at the largest element and 0 elsewhere. *So what is the gradient with respect to the table of zeros now?*
# %% viterbi
def best_path_by_gradient(x, log_start, log_A, log_B):
    extra = Tensor(np.zeros((len(x), len(log_start))), requires_grad=True)
    best = log_start + log_B[:, x[0]] + extra[0]
    for t in range(1, len(x)):
        best = (best[:, None] + log_A).max(axis=0) + log_B[:, x[t]] + extra[t]
    best.max().backward()
    return extra.grad


onehot = best_path_by_gradient(x, *tables)
assert set(np.unique(onehot)) == {0.0, 1.0} and (onehot.sum(axis=1) == 1).all()
path = onehot.argmax(axis=1)

model = CategoricalHMM(2)
model.startprob_, model.transmat_, model.emissionprob_ = start, A, B
theirs = model.predict(x[:, None])
print("the gradient is the path:", np.array_equal(path, theirs))
print(f"right about the die for {np.mean(path == z):.0%} of the throws")
assert np.array_equal(path, theirs)
# %% [markdown] viterbi-after
# The gradient has a single 1 at each time: it *is* the path. Compare this with ties in a maximum, where the gradient is shared equally (lesson [3](03_the_derivative_table.ipynb)): with exactly equal paths there would be fractions.
#
# The trellis shows both: disks for the probabilities from left to right, and the best path. `viz.trellis_frames(...)` is a page on which you go through it step by step. Here is its last frame. (It counts the numbers on the die from 0, as our arrays do.)
# %% trellis
# alt: A trellis of two rows, fair and loaded, and a column for each of twelve throws. The size of the disks is the probability of each state, and a thick line is the best path.
where = slice(80, 92)
frames = viz.trellis_frames(model, x[where, None], state_names=["fair", "loaded"])
frames.plot(-1)


# %% [markdown] learn-words
# ## 6. Learning the tables
#
# Now forget the tables and learn them from throws. EM is called **Baum–Welch** here. The expected counts come from `backward()`, and dividing each row by its sum gives the new tables. *Will 1000 throws be enough to recognize the loaded die?*
# %% learn
def learn_step(x, start, A, B):
    """One step of EM. Returns the likelihood before it, and the new tables."""
    leaves = [Tensor(np.log(table), requires_grad=True) for table in (start, A, B)]
    value = log_likelihood(x, *leaves)
    value.backward()
    return value.item(), *(leaf.grad / leaf.grad.sum(axis=-1, keepdims=True) for leaf in leaves)


# %% learn-run
rng = np.random.default_rng(0)
z_long, x_long = play(1000, np.random.default_rng(5))
guess = (
    np.array([0.5, 0.5]),
    np.array([[0.8, 0.2], [0.2, 0.8]]),
    np.stack([np.full(6, 1 / 6), np.array([0.15] * 5 + [0.25])]),
)
values = []
for _ in range(25):
    value, *guess = learn_step(x_long, *guess)
    values.append(value)
assert (np.diff(values) > -1e-9).all()  # EM never decreases the likelihood
print("ln p:", round(values[0], 2), "→", round(values[-1], 2))
print("learned A:\n", guess[1].round(2))
print("learned B, loaded die:", guess[2][1].round(2))
# %% [markdown] learn-after
# The true loaded die shows six with probability 0.5, and the learned one with 0.44. The changes of the die are harder to learn, since nobody sees them. The likelihood of the learned tables is even larger than that of the true ones. *Why is that no contradiction?* (They were fitted to exactly these throws.)
# %% learn-model
true_value = float(log_likelihood(x_long, *tables))
print("ln p with the true tables:", round(true_value, 2))
fitted = CategoricalHMM(2, n_iter=200, tol=0.05, random_state=1, n_init=3).fit(x_long[:, None])
print("models.CategoricalHMM:    ", round(float(fitted.score(x_long[:, None])), 2))
assert fitted.score(x_long[:, None]) > true_value


# %% [markdown] scan-words
# ## 7. At speed
#
# Our loop records several operations for every throw. `scan` is an operation of the package for recursions: its forward pass runs on plain arrays, and its derivative is computed for all steps at once. The formula stays the same. *What changes, the numbers or the time?*
# %% scan
def log_likelihood_by_scan(x, log_start, log_A, log_B):
    def step(alpha, emission):
        return ops.logsumexp(alpha[:, None] + log_A, axis=0) + emission

    emissions = log_B[:, x].T  # (T, K)
    return ops.logsumexp(scan(step, log_start + emissions[0], emissions[1:])[-1])


again = [Tensor(table, requires_grad=True) for table in tables]
log_likelihood_by_scan(x, *again).backward()
leaves = [Tensor(table, requires_grad=True) for table in tables]
log_likelihood(x, *leaves).backward()
print(
    "same gradient:",
    all(np.allclose(a.grad, b.grad, rtol=1e-10) for a, b in zip(again, leaves, strict=True)),
)
assert all(np.allclose(a.grad, b.grad, rtol=1e-10) for a, b in zip(again, leaves, strict=True))
# %% time tags=varies
from time import perf_counter

for name, function in [("loop", log_likelihood), ("scan", log_likelihood_by_scan)]:
    begin = perf_counter()
    function(x_long, *[Tensor(table, requires_grad=True) for table in tables]).backward()
    print(f"{name}: {(perf_counter() - begin) * 1000:.0f} ms for 1000 throws, forward and backward")
# %% [markdown] exercises
# ## 8. Three exercises
#
# ### Exercise 1: in the long run (1 point)
#
# Which fraction of the throws is made with the loaded die in the long run? The two fractions $(1-p, p)$ do not change under $A$.
#
# <details><summary>Hint</summary>
#
# As many changes lead to the loaded die as lead away from it: $(1 - p) \cdot 0.05 = p \cdot 0.10$.
#
# </details>
# %% exercise long_run points=1
# BEGIN SOLUTION
loaded = 0.05 / (0.05 + 0.10)


# END SOLUTION
# %% check long_run
def check_long_run(loaded):
    assert not np.isclose(loaded, 2 / 3), "That is the fraction of the fair die."
    assert not np.isclose(loaded, 0.5), "The changes are not equally frequent: 0.05 and 0.10."
    assert not np.isclose(loaded, 0.05), "0.05 is the probability of one change to the loaded die."
    assert np.isclose(loaded, 1 / 3), "Solve (1 - p) · 0.05 = p · 0.10 for p."


# %% hidden long_run
def check_long_run(loaded):
    assert np.allclose(np.array([1 - loaded, loaded]) @ A, [1 - loaded, loaded]), (
        "It must not change under A."
    )
    assert np.isclose(loaded, 1 / 3), "Solve it again."


# %% right long_run
loaded = 1 / 3
# %% right long_run
values, vectors = np.linalg.eig(A.T)
v = np.real(vectors[:, np.argmax(np.real(values))])
loaded = float(v[1] / v.sum())
# %% wrong long_run: the fair die
loaded = 2 / 3
# %% wrong long_run: not equally frequent
loaded = 0.5
# %% wrong long_run: one change
loaded = 0.05


# %% [markdown] exercise-2-words
# ### Exercise 2: only the last state (2 points)
#
# Someone throws the last die now and wants to know which one it is. Write `filtered(x, start, A, B)`: the probabilities $P(z_T = k \mid x_1 \dots x_T)$ of the state at the **last** throw, shape (K,). The tables are probabilities, not logarithms. It must also work for 5000 throws.
#
# <details><summary>Hint</summary>
#
# Run the forward recursion with probabilities, and divide $\alpha$ by its sum after every throw. The sums do not matter for the question.
#
# </details>
# %% exercise filtered points=2
def filtered(x, start, A, B):
    # BEGIN SOLUTION
    alpha = start * B[:, x[0]]
    alpha = alpha / alpha.sum()
    for m in x[1:]:
        alpha = (alpha @ A) * B[:, m]
        alpha = alpha / alpha.sum()
    return alpha
    # END SOLUTION


# %% check filtered
def check_filtered(filtered):
    start = np.array([0.6, 0.4])
    A = np.array([[0.9, 0.1], [0.3, 0.7]])
    B = np.array([[0.5, 0.3, 0.2], [0.1, 0.1, 0.8]])
    one = filtered(np.array([2]), start, A, B)
    assert np.shape(one) == (2,), "Return one probability for each state."
    assert not np.allclose(one, [0.12, 0.32]), (
        "Divide by the sum: these are probabilities given the throws."
    )
    assert np.allclose(one, [0.12 / 0.44, 0.32 / 0.44]), (
        "After one throw: start times B[:, x], divided by its sum."
    )
    x = np.array([2, 0, 1])
    answer = filtered(x, start, A, B)
    alpha = start * B[:, 2]
    wrong = alpha
    for m in x[1:]:
        wrong = (A @ wrong) * B[:, m]
        alpha = (alpha @ A) * B[:, m]
    assert not np.allclose(answer, wrong / wrong.sum()), (
        "Sum over the previous state: alpha @ A, not A @ alpha."
    )
    assert np.allclose(answer, alpha / alpha.sum()), "Each further throw: (alpha @ A) * B[:, m]."
    with np.errstate(all="ignore"):
        long = filtered(np.tile(x, 1700), start, A, B)
    assert not np.isnan(long).any(), (
        "After thousands of throws alpha becomes 0. Divide it by its sum at every throw."
    )
    assert np.isclose(np.sum(long), 1), "The probabilities sum to 1."


# %% hidden filtered
def check_filtered(filtered):
    rng = np.random.default_rng(9)
    start, A, B = (rng.dirichlet(np.ones(n), size) for n, size in [(3, None), (3, 3), (4, 3)])
    x = rng.integers(0, 4, 40)
    alpha = start * B[:, x[0]]
    for m in x[1:]:
        alpha = (alpha @ A) * B[:, m]
    assert np.allclose(filtered(x, start, A, B), alpha / alpha.sum()), "Try it with three states."


# %% right filtered
def filtered(x, start, A, B):
    log_alpha = np.log(start) + np.log(B[:, x[0]])
    for m in x[1:]:
        log_alpha = np.logaddexp.reduce(log_alpha[:, None] + np.log(A), axis=0) + np.log(B[:, m])
    return np.exp(log_alpha - np.logaddexp.reduce(log_alpha))


# %% right filtered
def filtered(x, start, A, B):
    belief = np.array(start)
    for t, m in enumerate(x):
        if t:
            belief = A.T @ belief
        belief = belief * B.T[m]
        belief /= belief.sum()
    return belief


# %% wrong filtered: Divide by the sum
def filtered(x, start, A, B):
    alpha = start * B[:, x[0]]
    for m in x[1:]:
        alpha = (alpha @ A) * B[:, m]
    return alpha


# %% wrong filtered: not A @ alpha
def filtered(x, start, A, B):
    alpha = start * B[:, x[0]]
    for m in x[1:]:
        alpha = (A @ alpha) * B[:, m]
        alpha = alpha / alpha.sum()
    return alpha / alpha.sum()


# %% wrong filtered: at every throw
def filtered(x, start, A, B):
    alpha = start * B[:, x[0]]
    for m in x[1:]:
        alpha = (alpha @ A) * B[:, m]
    with np.errstate(invalid="ignore"):
        return alpha / alpha.sum()


# %% wrong filtered: start times B
def filtered(x, start, A, B):
    alpha = start
    for m in x:
        alpha = (alpha @ A) * B[:, m]
        alpha = alpha / alpha.sum()
    return alpha


# %% [markdown] exercise-3-words
# ### Exercise 3: Viterbi with back pointers (3 points)
#
# Write `viterbi(x, log_start, log_A, log_B)`: the most probable path, an integer array of shape (T,). The arguments are arrays of logarithms. Store for each time and state which previous state was the best, and follow these pointers from the end.
#
# <details><summary>Hint</summary>
#
# `scores = best[:, None] + log_A` has the previous state in its rows. `scores.argmax(axis=0)` are the pointers, `scores.max(axis=0) + log_B[:, m]` the new `best`.
#
# </details>
# %% exercise viterbi points=3
def viterbi(x, log_start, log_A, log_B):
    # BEGIN SOLUTION
    best = log_start + log_B[:, x[0]]
    pointers = []
    for m in x[1:]:
        scores = best[:, None] + log_A
        pointers.append(scores.argmax(axis=0))
        best = scores.max(axis=0) + log_B[:, m]
    path = [best.argmax()]
    for back in reversed(pointers):
        path.append(back[path[-1]])
    return np.array(path[::-1])
    # END SOLUTION


# %% check viterbi
def check_viterbi(viterbi):
    rng = np.random.default_rng(1)
    start, A, B = (rng.dirichlet(np.ones(n), size) for n, size in [(3, None), (3, 3), (4, 3)])
    x = rng.integers(0, 4, 6)
    paths = list(product(range(3), repeat=6))
    best = max(paths, key=lambda path: path_probability(path, x, start, A, B))
    answer = viterbi(x, np.log(start), np.log(A), np.log(B))
    assert np.shape(answer) == (6,), "Return one state for each throw, shape (T,)."
    assert not np.array_equal(answer, best[::-1]) or best == best[::-1], (
        "The path is backwards: reverse it."
    )
    mine = path_probability(np.asarray(answer).astype(int), x, start, A, B)
    greedy = np.log(B)[:, x].argmax(axis=0)
    assert not np.array_equal(answer, greedy) or np.array_equal(greedy, best), (
        "The best state at each time by itself is not the best path: use the transitions and follow the pointers."
    )
    assert np.isclose(mine, path_probability(best, x, start, A, B)), (
        "There is a more probable path. Are the pointers argmax over the previous state, axis 0, and followed from the end?"
    )


# %% hidden viterbi
def check_viterbi(viterbi):
    rng = np.random.default_rng(12)
    for _ in range(5):
        start, A, B = (rng.dirichlet(np.ones(n), size) for n, size in [(2, None), (2, 2), (3, 2)])
        x = rng.integers(0, 3, 7)
        best = max(
            product(range(2), repeat=7), key=lambda path: path_probability(path, x, start, A, B)
        )
        assert np.array_equal(viterbi(x, np.log(start), np.log(A), np.log(B)), best), (
            "Try other tables."
        )


# %% right viterbi
def viterbi(x, log_start, log_A, log_B):
    K, T = len(log_start), len(x)
    best, back = np.full((T, K), -np.inf), np.zeros((T, K), int)
    best[0] = log_start + log_B[:, x[0]]
    for t in range(1, T):
        for j in range(K):
            scores = best[t - 1] + log_A[:, j]
            back[t, j] = np.argmax(scores)
            best[t, j] = np.max(scores) + log_B[j, x[t]]
    path = np.zeros(T, int)
    path[-1] = best[-1].argmax()
    for t in range(T - 1, 0, -1):
        path[t - 1] = back[t, path[t]]
    return path


# %% right viterbi
def viterbi(x, log_start, log_A, log_B):
    extra = Tensor(np.zeros((len(x), len(log_start))), requires_grad=True)
    best = log_start + log_B[:, x[0]] + extra[0]
    for t in range(1, len(x)):
        best = (best[:, None] + log_A).max(axis=0) + log_B[:, x[t]] + extra[t]
    best.max().backward()
    return extra.grad.argmax(axis=1)


# %% wrong viterbi: by itself is not the best path
def viterbi(x, log_start, log_A, log_B):
    return log_B[:, x].argmax(axis=0)


# %% wrong viterbi: reverse it
def viterbi(x, log_start, log_A, log_B):
    best, pointers = log_start + log_B[:, x[0]], []
    for m in x[1:]:
        scores = best[:, None] + log_A
        pointers.append(scores.argmax(axis=0))
        best = scores.max(axis=0) + log_B[:, m]
    path = [best.argmax()]
    for back in reversed(pointers):
        path.append(back[path[-1]])
    return np.array(path)


# %% wrong viterbi: a more probable path
def viterbi(x, log_start, log_A, log_B):
    path = [int((log_start + log_B[:, x[0]]).argmax())]
    for m in x[1:]:
        path.append(int((log_A[path[-1]] + log_B[:, m]).argmax()))
    return np.array(path)


# %% wrong viterbi: one state for each throw
def viterbi(x, log_start, log_A, log_B):
    best, pointers = log_start + log_B[:, x[0]], []
    for m in x[1:]:
        scores = best[:, None] + log_A
        pointers.append(scores.argmax(axis=0))
        best = scores.max(axis=0) + log_B[:, m]
    path, state = [], best.argmax()
    for back in reversed(pointers):
        state = back[state]
        path.append(state)
    return np.array(path[::-1])


# %% [markdown] next
# ## What you have seen
#
# - The forward recursion sums over all paths in $T K^2$ steps.
# - The derivative of $\ln p(x)$ with respect to a log-probability is the expected number of its uses. `backward()` through the forward recursion is the forward–backward algorithm.
# - With a maximum in place of the sum, the value is Viterbi's, and the gradient is the best path.
# - EM divides the expected counts by their sums. It never decreases the likelihood.
# - `scan` computes the same recursion and its derivative at speed.
#
# ## What to read next
#
# [`models/sequences`](../models/sequences) has these models, with Gaussian emissions, conditional random fields (their gradient is observed minus expected counts) and the Kalman filter. [`tinygrad_edu/scanning.py`](../tinygrad_edu/scanning.py) has `scan`. Sources: Rabiner, *A tutorial on hidden Markov models*, 1989; Bishop, *Pattern Recognition and Machine Learning*, chapter 13; Eisner, *Inside-outside and forward-backward algorithms are just backprop*, 2016. The next lesson uses second derivatives: [curvature](21_curvature.ipynb).
