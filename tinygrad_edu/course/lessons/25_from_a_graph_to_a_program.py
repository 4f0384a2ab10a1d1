# builds: a compiler of sixty lines: record a function once, replay it as a list of NumPy calls, and know when not to
# needs: lessons 3 and 4

# %% [markdown] title
# # Lesson 25: From a graph to a program
#
# A framework builds the graph of a loss in every training step, walks it, and throws it away. In the next step
# it builds the same graph again. JAX's `jit`, TensorFlow's `tf.function`, `torch.compile` and tinygrad's
# `TinyJit` save that work: they **record** the computation once, and then **replay** it with new numbers. In
# this lesson you write such a compiler in about sixty lines, see how much faster it is, break it in four ways,
# and learn what a real one does about each.
#
# You need lessons [3](03_the_derivative_table.ipynb) and [4](04_seeing_a_backward_pass.ipynb), and about
# twenty-five minutes.

# %% imports tags=needed
import time
import tracemalloc

import matplotlib.pyplot as plt
import numpy as np

import tinygrad_edu
from tinygrad_edu import Tensor, value_and_grad
from tinygrad_edu.autodiff import history, unbroadcast
from tinygrad_edu.course import check

# %% [markdown] cost-words
# ## 1. What a small step costs
#
# Here is a small regression network: four inputs, eight hidden units, a batch of 16. Beside it stands the same
# step by hand, forward and backward.


# %% network tags=needed
def loss(W1, b1, W2, x, y):
    h = np.tanh(x @ W1 + b1)
    return np.mean((h @ W2 - y) ** 2)


def by_hand(W1, b1, W2, x, y):
    """The loss, and the gradients of W1, b1 and W2."""
    h = np.tanh(x @ W1 + b1)
    error = h @ W2 - y
    g = error * (2 / len(x))
    dz = (g @ W2.T) * (1 - h * h)
    return np.mean(error * error), x.T @ dz, dz.sum(axis=0), h.T @ g


rng = np.random.default_rng(0)
shapes = (4, 8), (8,), (8, 1), (16, 4), (16, 1)
arrays = [rng.normal(size=shape) for shape in shapes]

# %% same tags=needed
value, gradients = value_and_grad(loss, argnums=(0, 1, 2))(*arrays)
expected, *gradients_by_hand = by_hand(*arrays)
print("the same loss:", np.isclose(value, expected))
print("the same gradients:", all(map(np.allclose, gradients, gradients_by_hand)))
assert np.isclose(value, expected) and all(map(np.allclose, gradients, gradients_by_hand))

# %% [markdown] time-words
# *How many times as long does the framework take? The arithmetic is the same.*


# %% time tags=varies
def microseconds(work, rounds=30, calls=50):
    """The least time of a call, of many rounds: other programs can only make it longer."""
    best = np.inf
    for _ in range(rounds):
        start = time.perf_counter()
        for _ in range(calls):
            work()
        best = min(best, (time.perf_counter() - start) / calls)
    return 1e6 * best


step = value_and_grad(loss, argnums=(0, 1, 2))
eager, hand = microseconds(lambda: step(*arrays)), microseconds(lambda: by_hand(*arrays))
print(f"framework {eager:.0f} µs, by hand {hand:.0f} µs: {eager / hand:.1f} times")

# %% [markdown] where-words
# On arrays this small, NumPy's own work is a fraction of the time. The rest is Python. For each operation the
# framework looks up a row of the derivative table, makes a Tensor, notes how it was made, sorts the notes for
# the way back, and looks at each again. None of that depends on the *numbers*. It comes out the same in every
# step. So let us do it once.
#
# ## 2. The graph is a list of calls
#
# `history` gives the operations that made a result, oldest first. It is what `backward()` walks. *Which
# operations will it list for our loss? Write them down before you run the cell.*

# %% history
leaves = [Tensor(a, requires_grad=True) for a in arrays]
result = loss(*leaves)
print([y.op.name for y in history([result])])
assert [y.op.name for y in history([result])] == [
    "matmul", "add", "tanh", "matmul", "subtract", "power", "mean",
]  # fmt: skip

# %% [markdown] tape-words
# Each of these Tensors knows its row (`y.op`), what it was made from (`y.inputs`), and settings such as an axis
# (`y.params`). Give every array a number, its **slot**, and the graph becomes a list of lines "call this
# function on those slots, and put the result into this slot". Such a list is called a **tape**.
#
# | slots | hold |
# | :-- | :-- |
# | 0 to 4 | the arguments |
# | then one for each operation | the results |
# | and for constants, such as the 2 in `** 2` | what they are |


# %% tape tags=needed
class Tape:
    """A list of lines (name, function, slots that are read, settings, slot of the result)."""

    def __init__(self, arguments):
        self.values = list(arguments)  # slot -> what it holds while we record
        self.arguments, self.lines, self.constants = len(arguments), [], {}

    def constant(self, x):
        self.values.append(x)
        self.constants[len(self.values) - 1] = x
        return len(self.values) - 1

    def call(self, name, function, reads, **settings):
        """Calls the function now, and notes the call. Returns the slot of the result."""
        self.values.append(function(*[self.values[slot] for slot in reads], **settings))
        self.lines.append((name, function, tuple(reads), settings, len(self.values) - 1))
        return len(self.values) - 1


# %% [markdown] forward-words
# Recording is one pass over the history. The function runs once, on Tensors; what it leaves behind is the tape.
# We ask for gradients of *all* arguments, since only what has a derivative is in the history. Remember this, it
# will be the first thing that breaks.


# %% forward tags=needed
def record(f, arrays):
    """(tape, slot of the result, what is needed for the way back)."""
    leaves = [Tensor(a, requires_grad=True) for a in arrays]
    operations = history([f(*leaves)])
    tape = Tape(arrays)
    slots = {id(leaf): i for i, leaf in enumerate(leaves)}
    for y in operations:
        reads = [
            slots[id(x)] if id(x) in slots else tape.constant(getattr(x, "data", x))
            for x in y.inputs
        ]
        slots[id(y)] = tape.call(y.op.name, y.op.forward, reads, **y.params)
    return tape, operations, slots


tape, operations, slots = record(loss, arrays)
for name, _, reads, _, out in tape.lines:
    print(f"slot {out} = {name}{reads}")
assert np.array_equal(tape.values[slots[id(operations[-1])]], value)

# %% [markdown] backward-words
# ## 3. The way back is a list of calls, too
#
# The backward pass visits the operations from the last to the first. Each row has one rule for each input,
# called with the gradient `g` of the result, the result, and the inputs (lesson 3). What comes out is added to
# what other paths have brought. All of it can be noted on the same tape. *The forward pass took 7 lines. How
# many will the way back take?*


# %% backward tags=needed
def rule_of(row, i, shape):
    """The rule of input i, with broadcasting undone: the gradient has the shape of the input."""

    def pull_back(g, y, *inputs, **settings):
        return unbroadcast(row.rule(i)(g, y, *inputs, **settings), shape)

    return pull_back


def record_with_gradients(f, arrays):
    """(tape, slots of the results): the loss, then the gradient of each argument."""
    tape, operations, slots = record(f, arrays)
    inputs_of = {out: reads for *_, reads, _, out in tape.lines}
    last = slots[id(operations[-1])]
    gradient = {last: tape.constant(np.ones_like(tape.values[last]))}  # dL/dL = 1
    for y in reversed(operations):
        out = slots[id(y)]
        g = gradient[out]
        for i, x in enumerate(inputs_of[out]):
            if x in tape.constants:
                continue
            name = f"d_{y.op.name}_{i}"
            reads = (g, out, *inputs_of[out])
            new = tape.call(name, rule_of(y.op, i, np.shape(tape.values[x])), reads, **y.params)
            if x in gradient:
                new = tape.call("add", np.add, (gradient[x], new))
            gradient[x] = new
    return tape, [last, *(gradient[i] for i in range(tape.arguments))]


tape, results = record_with_gradients(loss, arrays)
print(
    len(tape.lines),
    "lines, of which",
    sum(line[0].startswith("d_") for line in tape.lines),
    "are rules",
)
assert len(tape.lines) == 18
assert all(map(np.array_equal, [tape.values[slot] for slot in results[:4]], [value, *gradients]))

# %% [markdown] back-explained
# Eleven rules: one for each input of the seven operations that is not a constant. The gradients are equal to
# the framework's **bit for bit**, because they are computed by the same functions in the same order.
#
# ## 4. The list becomes a program
#
# A loop over the lines would do. Faster, and nicer to read, is to write the tape down as Python, and let Python
# compile it:


# %% program tags=needed
def text_of(tape, results):
    """The tape as the source of a Python function, and the names that it needs."""
    names = {f"v{slot}": x for slot, x in tape.constants.items()}
    source = [f"def program({', '.join(f'v{i}' for i in range(tape.arguments))}):"]
    for name, function, reads, settings, out in tape.lines:
        names[f"{name}_{out}"], names[f"settings_{out}"] = function, settings
        inputs = ", ".join(f"v{slot}" for slot in reads)
        more = f", **settings_{out}" if settings else ""
        source.append(f"    v{out} = {name}_{out}({inputs}{more})")
    source.append(f"    return {', '.join(f'v{slot}' for slot in results)}")
    return "\n".join(source), names


def compiled(tape, results):
    source, names = text_of(tape, results)
    exec(source, names)
    return names["program"]


print(text_of(tape, results)[0])

# %% [markdown] run-words
# That is all that is left of our framework: no Tensor, no table, no graph, no search. Try it on *other*
# numbers, and measure again.

# %% replay
program = compiled(tape, results)
others = [rng.normal(size=shape) for shape in shapes]
replayed = program(*others)
value2, gradients2 = step(*others)
print("the same bits on other numbers:", all(map(np.array_equal, replayed, [value2, *gradients2])))
assert all(map(np.array_equal, replayed, [value2, *gradients2]))

# %% time-again tags=varies
replay = microseconds(lambda: program(*others))
print(f"framework {eager:.0f} µs, replay {replay:.0f} µs, by hand {hand:.0f} µs")

# %% [markdown] dead-words
# ## 5. Less work: what nobody needs
#
# The program still does more than the version by hand. It computes the gradient of `x` and of `y`, for which
# nobody asked. Walk the tape backwards: a line is needed if its result is returned, or read by a needed line.
# Everything else is **dead code**. *Which lines will go if only the gradients of* `W1`, `b1` *and* `W2` *are
# wanted?*


# %% dead tags=needed
def without_dead_lines(tape, results):
    needed, kept = set(results), []
    for line in reversed(tape.lines):
        _, _, reads, _, out = line
        if out in needed:
            kept.append(line)
            needed.update(reads)
    kept.reverse()
    return kept


kept = without_dead_lines(tape, results[:4])
print("dropped:", [line[0] for line in tape.lines if line not in kept])
assert [line[0] for line in tape.lines if line not in kept] == ["d_subtract_1", "d_matmul_0"]

# %% [markdown] buffers-words
# Two rules go: the gradient of `y`, and that of `x`.
#
# ## 6. Less memory: buffers that are used again
#
# Each line of the tape makes a new array. Most are read once or twice, and then never again. Since the tape is
# known, so is the **last line that reads** each slot. After it, the array can hold the result of a later line.
# This is the same problem as giving the variables of a program to the registers of a processor.
#
# The deeper a network, the more this saves. Here are eight layers with the same weights, and the memory that is
# alive after each line, if every result is kept to the end, and if each is given back after its last use. *What
# shape will the second curve have?*


# %% memory
# alt: Two step curves over the lines of the tape. Kept to the end it climbs to 9 MB; given back, it climbs to 5 MB at the end of the forward pass and falls from there.
def deep(W, x):
    for _ in range(8):
        x = np.tanh(x @ W)
    return np.mean(x**2)


large = rng.normal(size=(64, 64)) / 8, rng.normal(size=(512, 64))
deep_tape, deep_results = record_with_gradients(deep, large)
lines = without_dead_lines(deep_tape, deep_results[:2])
last_read = {}
for i, (_, _, reads, _, _) in enumerate(lines):
    last_read |= dict.fromkeys(reads, i)
for slot in deep_results[:2]:
    last_read[slot] = len(lines)
made = [out for *_, out in lines]
megabytes = [deep_tape.values[slot].nbytes / 1e6 for slot in made]
all_kept = np.cumsum(megabytes)
alive = [
    sum(m for slot, m in zip(made[: i + 1], megabytes, strict=False) if last_read[slot] >= i)
    for i in range(len(made))
]
forward_lines = sum(not line[0].startswith(("d_", "add")) for line in lines)
fig, ax = plt.subplots(figsize=(6.5, 3), layout="constrained")
ax.step(range(1, len(made) + 1), all_kept, where="mid", label="kept to the end")
ax.step(range(1, len(made) + 1), alive, where="mid", label="given back after the last use")
ax.axvline(forward_lines + 0.5, color="gray", linestyle=":")
ax.annotate("the way back begins", (forward_lines + 1, 0.2))
ax.set(xlabel="line of the tape", ylabel="MB alive")
ax.legend()
plt.show()
print(f"{all_kept[-1]:.1f} MB kept, at most {max(alive):.1f} MB alive")
assert max(alive) < 0.6 * all_kept[-1]

# %% [markdown] buffers-explained
# The curve climbs through the forward pass, since the rules will read what was computed there, and falls on the
# way back. A compiler goes one step further. It allocates these buffers **once**, when the tape is made, and
# NumPy writes into them: `np.add(a, b, out=buffer)`. Then a replay allocates nothing. `tracemalloc` counts the
# bytes that Python and NumPy ask for. *How many will each of these functions need?*

# %% out
a, b = np.random.default_rng(1).normal(size=(2, 1_000_000)).astype(np.float32)
buffer = np.empty_like(a)


def fresh():
    return np.tanh(a * b + a)


def reused():
    np.multiply(a, b, out=buffer)
    np.add(buffer, a, out=buffer)
    return np.tanh(buffer, out=buffer)


for work in (fresh, reused):
    tracemalloc.start()
    work()
    print(f"{work.__name__}: {tracemalloc.get_traced_memory()[1] / 1e6:.0f} MB")
    tracemalloc.stop()
assert np.array_equal(fresh(), reused())

# %% [markdown] out-explained
# Both give the same numbers. Two temporary arrays of 4 MB are alive at once in the first, none in the second.
# Fresh memory is not free: the operating system hands it out page by page, each filled with zeros first, which
# for large arrays may take longer than the arithmetic.
#
# ## 7. Four ways to be wrong
#
# Now the hard part. The compiler above is fast, and **silently wrong** for functions that look harmless.
#
# **A branch is frozen.** The recorded function saw one set of numbers, and Python took one branch:


# %% branch
def compile_naively(f, *examples):
    tape, operations, slots = record(f, examples)
    return compiled(tape, [slots[id(operations[-1])]])


def softened(x):
    return x.sum() if x.sum() > 0 else 0.1 * x.sum()


naive = compile_naively(softened, np.array([1.0, 2.0]))
print("right:", softened(np.array([-1.0, -2.0])), " replayed:", naive(np.array([-1.0, -2.0])))
assert naive(np.array([-1.0, -2.0])) == -3

# %% [markdown] frozen-words
# The tape has only the branch of positive sums. **A random number is frozen** in the same way, and **so is a
# closed-over array**. *What will the two replays print?*

# %% frozen
noise = np.random.default_rng(2)
noisy = compile_naively(lambda x: (x * noise.integers(1, 100)).sum(), np.array([1.0]))
print("with noise:", noisy(np.array([1.0])), noisy(np.array([1.0])), noisy(np.array([1.0])))

scale = np.array([10.0])
scaled = compile_naively(lambda x: (x * scale).sum(), np.array([1.0]))
scale = np.array([-5.0])
print("with scale -5:", scaled(np.array([1.0])))
assert noisy(np.array([1.0])) == noisy(np.array([1.0])) and scaled(np.array([1.0])) == 10

# %% [markdown] shape-words
# Dropout would drop the same units for ever. **Shapes are frozen**, too: our rules carry the shape of their
# input, and a mean over another batch may come out as nonsense without an error. So a real compiler
#
# | trap | what it does |
# | :-- | :-- |
# | a branch, `float(x)`, `print(x)` on a recorded number | refuses, with the line; or records again (a *guard*) |
# | random numbers | makes the generator part of the program: it draws in each replay |
# | closed-over arrays, parameters, the learning rate | treats them as inputs that are read anew in each replay |
# | other shapes, dtypes, training or evaluation mode | keeps one tape for each, and chooses by a *signature* |
# | a result whose buffer is used again | copies what the caller may keep |
#
# ## 8. The compiler of this package
#
# `tinygrad_edu.compile` is this lesson grown up. It records what you recorded, and minds the traps. *What does
# it say to the function with the branch?*

# %% real
fast = tinygrad_edu.compile(value_and_grad(loss, argnums=(0, 1, 2)))
for _ in range(4):
    others = [rng.normal(size=shape) for shape in shapes]
    found, expected = fast(*others), step(*others)
    assert found[0] == expected[0] and all(map(np.array_equal, found[1], expected[1]))
print("the same bits,", fast.replays, "of 4 calls were replays")
assert fast.replays == 2

try:
    tinygrad_edu.compile(softened)(np.array([1.0, 2.0]))
except TypeError as error:
    print(str(error).splitlines()[0][:90])
else:
    raise AssertionError("a branch must be refused")

# %% real-time tags=varies
package = microseconds(lambda: fast(*others))
print(f"framework {eager:.0f} µs, compiled {package:.0f} µs, by hand {hand:.0f} µs")

# %% [markdown] real-words
# It takes two calls before it trusts a tape. The second call is recorded again and compared, so that a function
# that does something else each time, such as one that counts its calls, is refused. `fast.explain()` prints the
# tape. `Trainer(..., compile=True)` trains with it.
#
# ## 9. Exercises
#
# The exercises work on tapes in a simple form: a list of tuples `(result, operation, inputs)`, such as
# `("h", "tanh", ("z",))`. Every result has a name of its own.
#
# ### Exercise 1: dead code (1 point)
#
# Write `alive(tape, results)`: the list of those lines of the tape, in their order, that are needed to compute
# the names in `results`.
#
# <details><summary>Hint</summary>
#
# One walk from the last line to the first, with a set of needed names.
#
# </details>


# %% exercise alive points=1
def alive(tape, results):
    # BEGIN SOLUTION
    needed, kept = set(results), []
    for line in reversed(tape):
        name, _, inputs = line
        if name in needed:
            kept.append(line)
            needed.update(inputs)
    return kept[::-1]
    # END SOLUTION


# %% check alive
def check_alive(alive):
    tape = [
        ("z", "matmul", ("x", "w")),
        ("m", "mean", ("x",)),
        ("s", "subtract", ("x", "m")),
        ("h", "tanh", ("z",)),
        ("L", "sum", ("h",)),
        ("p", "print", ("L",)),
    ]
    found = [line[0] for line in alive(tape, ["L"])]
    assert found != ["L", "h", "z"], "Return the lines in the order of the tape."
    assert "z" in found, "What a needed line reads is needed, too, all the way back."
    assert "p" not in found, "A line that reads a result is not needed for it."
    assert "m" not in found, "That two dead lines depend on each other does not make them needed."
    assert found == ["z", "h", "L"], "Those are not the needed lines."
    assert [line[0] for line in alive(tape, ["s", "h"])] == ["z", "m", "s", "h"], (
        "There may be several results."
    )


# %% hidden alive
def check_alive(alive):
    chain = [(f"v{i + 1}", "add", (f"v{i}", f"v{max(i - 3, 0)}")) for i in range(50)]
    assert len(list(alive(chain, ["v20"]))) == 20, "Wrong for a chain of sums."
    assert len(list(alive(chain, []))) == 0, "Without results nothing is needed."


# %% right alive
def alive(tape, results):
    maker = {line[0]: line for line in tape}
    needed, waiting = set(), list(results)
    while waiting:
        name = waiting.pop()
        if name in maker and name not in needed:
            needed.add(name)
            waiting.extend(maker[name][2])
    return [line for line in tape if line[0] in needed]


# %% right alive
def alive(tape, results):
    if not tape:
        return []
    *before, last = tape
    if last[0] in results:
        return [*alive(before, [*results, *last[2]]), last]
    return alive(before, results)


# %% wrong alive: in the order of the tape
def alive(tape, results):
    needed, kept = set(results), []
    for line in reversed(tape):
        if line[0] in needed:
            kept.append(line)
            needed.update(line[2])
    return kept


# %% wrong alive: all the way back
def alive(tape, results):
    return [line for line in tape if line[0] in results]


# %% wrong alive: does not make them needed
def alive(tape, results):
    read = {name for line in tape for name in line[2]}
    return [line for line in tape if line[0] in read or line[0] in results]


# %% wrong alive: is not needed for it
def alive(tape, results):
    needed = {"z", "h", *results}
    return [line for line in tape if needed & {line[0], *line[2]}]


# %% [markdown] buffers-exercise-words
# ### Exercise 2: how many buffers? (2 points)
#
# All arrays have the same size. A line may not write into a buffer that one of *its own* inputs is in (a product
# of matrices, for example, cannot). After its last reader a result's buffer is free. Results that are returned
# keep theirs to the end; arguments are not in buffers. Go through the tape in order, take a free buffer if there
# is one, and a new one otherwise. Write `buffers(tape, results)`: the number of buffers.
#
# <details><summary>Hint</summary>
#
# First find for each name the number of the last line that reads it. Then count: a line takes a buffer *before*
# its inputs' buffers are given back. A result that nobody reads gives its buffer back at once.
#
# </details>


# %% exercise buffers points=2
def buffers(tape, results):
    # BEGIN SOLUTION
    last = {}
    for i, (name, _, inputs) in enumerate(tape):
        last[name] = i
        last.update(dict.fromkeys(inputs, i))
    made = {line[0] for line in tape}
    free = total = 0
    for i, (name, _, inputs) in enumerate(tape):
        if free:
            free -= 1
        else:
            total += 1
        for x in {name, *inputs}:
            if x in made and last[x] == i and x not in results:
                free += 1
    return total
    # END SOLUTION


# %% check buffers
def check_buffers(buffers):
    chain = [("a", "exp", ("x",)), ("b", "exp", ("a",)), ("c", "exp", ("b",)), ("d", "exp", ("c",))]
    found = buffers(chain, ["d"])
    assert found != 4, "Every result has a buffer of its own: use those again that are free."
    assert found != 1, "A line may not write into the buffer of its own input."
    assert found != 3, "Arguments are not in buffers, and a buffer is free after its last reader."
    assert found == 2, "A chain of four needs two buffers."
    early = [("a", "exp", ("x",)), ("b", "exp", ("a",)), ("c", "exp", ("b",)), ("d", "exp", ("c",))]
    assert buffers(early, ["a", "d"]) == 3, "A result that is returned keeps its buffer to the end."
    twice = [("a", "exp", ("x",)), ("b", "multiply", ("a", "a")), ("c", "exp", ("b",))]
    assert buffers(twice, ["c"]) == 2, "An input that is read twice by a line has one buffer."


# %% hidden buffers
def check_buffers(buffers):
    n = 12
    forward = [(f"h{i + 1}", "tanh", (f"h{i}",)) for i in range(n)]
    back = [(f"g{i}", "rule", (f"g{i + 1}", f"h{i + 1}")) for i in reversed(range(n))]
    assert buffers(forward, [f"h{n}"]) == 2, "Wrong for a forward pass alone."
    assert buffers([*forward, *back], ["g0"]) == n + 1, "Wrong for a pass forward and back."
    dead = [("a", "exp", ("x",)), ("b", "exp", ("x",)), ("c", "exp", ("x",))]
    assert buffers(dead, []) == 1, "What nobody reads gives its buffer back at once."


# %% right buffers
def buffers(tape, results):
    position = {line[0]: i for i, line in enumerate(tape)}
    end = dict(position)
    for i, (_, _, inputs) in enumerate(tape):
        for x in inputs:
            if x in end:
                end[x] = i
    for name in results:
        end[name] = len(tape)
    return max(
        (sum(position[x] <= i <= end[x] for x in position) for i in range(len(tape))), default=0
    )


# %% right buffers
def buffers(tape, results):
    owners, n = [], 0
    for i, (name, _, inputs) in enumerate(tape):
        still = {x for line in tape[i:] for x in line[2]} | set(results)
        owners = [x for x in owners if x in still]
        owners.append(name)
        n = max(n, len(owners))
    return n


# %% wrong buffers: a buffer of its own
def buffers(tape, results):
    return len(tape)


# %% wrong buffers: the buffer of its own input
def buffers(tape, results):
    last = {}
    for i, (name, _, inputs) in enumerate(tape):
        last.update(dict.fromkeys(inputs, i))
    owners, n = [], 0
    for i, (name, _, _) in enumerate(tape):
        owners = [x for x in owners if last.get(x, -1) > i or x in results]
        owners.append(name)
        n = max(n, len(owners))
    return n


# %% wrong buffers: keeps its buffer to the end
def buffers(tape, results):
    owners, n = [], 0
    for i, (name, _, _) in enumerate(tape):
        still = {x for line in tape[i:] for x in line[2]}
        owners = [x for x in owners if x in still]
        owners.append(name)
        n = max(n, len(owners))
    return n


# %% wrong buffers: Arguments are not in buffers
def buffers(tape, results):
    owners, n = list(dict.fromkeys(x for line in tape for x in line[2] if x == "x")), 0
    for i, (name, _, _) in enumerate(tape):
        still = {x for line in tape[i:] for x in line[2]} | set(results) | {"x"}
        owners = [x for x in owners if x in still]
        owners.append(name)
        n = max(n, len(owners))
    return n


# %% [markdown] signature-words
# ### Exercise 3: one tape for each signature (1 point)
#
# A tape is right for arrays of the shapes and dtypes that were recorded. Write `signature(*arrays)`, which
# returns something that can be a key of a dictionary. It is equal for two calls exactly if the same tape serves
# both: the same number of arrays, and the same shape and dtype for each.
#
# <details><summary>Hint</summary>
#
# A tuple of tuples. Lists cannot be keys.
#
# </details>


# %% exercise signature points=1
def signature(*arrays):
    # BEGIN SOLUTION
    return tuple((a.shape, str(a.dtype)) for a in arrays)
    # END SOLUTION


# %% check signature
def check_signature(signature):
    a, b = np.zeros((2, 3)), np.ones((2, 3))
    assert signature(a) is not None, "Return the key."
    assert not isinstance(signature(a), list), "A list cannot be a key of a dictionary."
    assert signature(a) == signature(b), "Other numbers of the same shape need no new tape."
    assert signature(a) != signature(a.T), "Another shape needs another tape."
    assert signature(a) != signature(np.zeros(6)), "The size alone does not tell: (2, 3) and (6,)."
    assert signature(a) != signature(a.astype(np.float32)), "Another dtype needs another tape."
    assert signature(a) != signature(a, a), "Another number of arrays needs another tape."


# %% hidden signature
def check_signature(signature):
    a, b = np.zeros((4, 2)), np.zeros(3, dtype=np.int64)
    assert signature(a, b) != signature(b, a), "The order of the arguments matters."
    assert signature(np.float64(1.0)) != signature(np.zeros(1)), "A number is no vector."
    assert signature(a, b) == signature(a + 1, b + 1), "Other numbers need no new tape."


# %% right signature
def signature(*arrays):
    return " ".join(f"{a.dtype}{list(a.shape)}" for a in arrays)


# %% right signature
def signature(*arrays):
    shapes = tuple(np.shape(a) for a in arrays)
    kinds = tuple(a.dtype.str for a in arrays)
    return shapes, kinds


# %% wrong signature: A list cannot be a key
def signature(*arrays):
    return [(a.shape, str(a.dtype)) for a in arrays]


# %% wrong signature: Another dtype
def signature(*arrays):
    return tuple(a.shape for a in arrays)


# %% wrong signature: The size alone
def signature(*arrays):
    return tuple((a.size, a.ndim and a.shape[-1] == 2, str(a.dtype)) for a in arrays)


# %% wrong signature: need no new tape
def signature(*arrays):
    return tuple((a.shape, str(a.dtype), float(a.sum())) for a in arrays)


# %% [markdown] share-words
# ### Exercise 4: the same thing once (2 points)
#
# If two lines apply the same operation to the same inputs, the second is not needed: whoever reads its result
# can read the first. Lines with the operation `"random"` are the exception, since each draws new numbers. Write
# `share(tape)`, which returns the tape without such lines, with the inputs of the later lines renamed. Sharing
# may make further lines equal: `exp(a)` and `exp(b)` are, once `b` has been replaced by `a`.
#
# <details><summary>Hint</summary>
#
# Go through the tape with two dictionaries: one from a name to the name that replaces it, and one from
# (operation, inputs after renaming) to the first result.
#
# </details>


# %% exercise share points=2
def share(tape):
    # BEGIN SOLUTION
    replaced, first, kept = {}, {}, []
    for name, operation, inputs in tape:
        inputs = tuple(replaced.get(x, x) for x in inputs)
        if operation != "random" and (operation, inputs) in first:
            replaced[name] = first[operation, inputs]
        else:
            first[operation, inputs] = name
            kept.append((name, operation, inputs))
    return kept
    # END SOLUTION


# %% check share
def check_share(share):
    tape = [
        ("a", "multiply", ("x", "x")),
        ("b", "multiply", ("x", "x")),
        ("c", "exp", ("a",)),
        ("d", "exp", ("b",)),
        ("e", "add", ("c", "d")),
    ]
    found = [tuple(map(str, line[:2])) + tuple(line[2]) for line in share(tape)]
    assert len(found) != 5, "b is a again: leave it out."
    assert ("d", "exp", "b") not in found, "b is gone: who reads it must read a."
    assert len(found) != 4, "After renaming, d is c again."
    assert found == [("a", "multiply", "x", "x"), ("c", "exp", "a"), ("e", "add", "c", "c")], (
        "Those are not the lines: three are left, and e adds c to itself."
    )
    draws = [("r", "random", ()), ("s", "random", ()), ("t", "add", ("r", "s"))]
    assert len(share(draws)) == 3, "Random numbers are drawn anew by each line."
    swapped = [("a", "subtract", ("x", "y")), ("b", "subtract", ("y", "x"))]
    assert len(share(swapped)) == 2, "x - y is not y - x."


# %% hidden share
def check_share(share):
    tape = [("r", "random", ()), ("s", "random", ())]
    tape += [
        ("a", "exp", ("r",)),
        ("b", "exp", ("s",)),
        ("c", "exp", ("r",)),
        ("d", "add", ("b", "c")),
    ]
    found = list(share(tape))
    assert len(found) == 5 and tuple(found[-1][2]) == ("b", "a"), "Wrong with random numbers."
    long = [(f"v{i + 1}", "exp", (f"v{i // 2}",)) for i in range(0, 40)]
    assert len(list(share(long))) < 10, "Wrong for a long tape."


# %% right share
def share(tape):
    kept = []
    names = {}
    for name, operation, inputs in tape:
        now = tuple([names.get(x, x) for x in inputs])
        same = [a for a, o, i in kept if (o, i) == (operation, now)]
        if same and operation != "random":
            names[name] = same[0]
        else:
            kept.append((name, operation, now))
    return kept


# %% right share
def share(tape):
    tape = [tuple(line) for line in tape]
    for i, (name, operation, inputs) in enumerate(tape):
        for earlier, other, theirs in tape[:i]:
            if operation != "random" and (other, theirs) == (operation, inputs):
                rest = [
                    (n, o, tuple(earlier if x == name else x for x in xs))
                    for n, o, xs in tape[i + 1 :]
                ]
                return share(tape[:i] + rest)
    return tape


# %% wrong share: leave it out
def share(tape):
    return tape


# %% wrong share: must read a
def share(tape):
    seen, kept = set(), []
    for name, operation, inputs in tape:
        if (operation, inputs) not in seen or operation == "random":
            kept.append((name, operation, inputs))
        seen.add((operation, inputs))
    return kept


# %% wrong share: After renaming
def share(tape):
    first, replaced = {}, {}
    for name, operation, inputs in tape:
        if operation != "random" and (operation, inputs) in first:
            replaced[name] = first[operation, inputs]
        else:
            first[operation, inputs] = name
    return [
        (name, operation, tuple(replaced.get(x, x) for x in inputs))
        for name, operation, inputs in tape
        if name not in replaced
    ]


# %% wrong share: Random numbers
def share(tape):
    replaced, first, kept = {}, {}, []
    for name, operation, inputs in tape:
        inputs = tuple(replaced.get(x, x) for x in inputs)
        if (operation, inputs) in first:
            replaced[name] = first[operation, inputs]
        else:
            first[operation, inputs] = name
            kept.append((name, operation, inputs))
    return kept


# %% wrong share: is not y - x
def share(tape):
    replaced, first, kept = {}, {}, []
    for name, operation, inputs in tape:
        inputs = tuple(replaced.get(x, x) for x in inputs)
        key = operation, tuple(sorted(inputs))
        if operation != "random" and key in first:
            replaced[name] = first[key]
        else:
            first[key] = name
            kept.append((name, operation, inputs))
    return kept


# %% [markdown] seen
# ## What you have seen
#
# - A graph that is the same in every step can be recorded once: as a list of calls, forward and back.
# - Replaying it gives the same bits, without Tensors, table and search. On small arrays those are most of the
#   time.
# - The list can be improved before it runs: without dead lines, with equal lines shared, with buffers that are
#   used again.
# - Whatever Python decides while recording is frozen: branches, numbers, random draws, shapes. A compiler is
#   right only if it refuses, or guards, each of them.
#
# ## What to read next
#
# | here | there |
# | :-- | :-- |
# | the compiler of this package | `tinygrad_edu/compiler/` |
# | record and replay | R. Frostig, M. Johnson, C. Leary, *Compiling machine learning programs via high-level tracing* (2018), the paper on JAX |
# | guards | J. Ansel and others, *PyTorch 2: Faster machine learning through dynamic Python bytecode transformation and graph compilation* (2024) |
# | liveness, registers, common subexpressions | A. Aho, M. Lam, R. Sethi, J. Ullman, *Compilers* (2006), sections 8.5, 8.8 and 9.2 |
