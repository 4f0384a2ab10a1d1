# builds: gradient descent, momentum, RMSprop and Adam, each in a few lines, and a fair race between them
# needs: lessons 4 and 8
# %% [markdown] title
# # Lesson 10: An optimizer race
#
# Every optimizer gets the same gradient and makes a different step of it. In this lesson you write the best-known ones by hand, each in two to five lines: **gradient descent, momentum, Nesterov's momentum, RMSprop and Adam**. You find out what each of them is good for, and where it fails: in a valley whose behavior can be computed exactly, on a function with a curved valley, and on a network that reads digits.
#
# You need lessons [4](04_seeing_a_backward_pass.ipynb) and [8](08_digits_and_their_keras_twin.ipynb), and about twenty minutes.
# %% imports tags=needed
import matplotlib.pyplot as plt
import numpy as np

from tinygrad_edu import Tensor, grad, hessian, nn, optim
from tinygrad_edu.course import check, needs
from tinygrad_edu.data import load_digits, train_test_split
from tinygrad_edu.training import Trainer, accuracy

# %% [markdown] valley-words
# ## 1. A valley
#
# The simplest loss with a difficulty is a valley, flat along one axis and steep along the other:
#
# $$f(w) = \tfrac12 \left(w_1^2 + 25\, w_2^2\right) \qquad \nabla f = (w_1,\ 25\, w_2)$$
#
# The ratio of its largest and its smallest curvature is the **condition number** $\kappa = 25$. Gradient descent makes the step $w \leftarrow w - \eta\, \nabla f$ with the **learning rate** $\eta$. *Which learning rates work here, and which are too large?*
# %% valley
curvature = np.array([1.0, 25.0])
start = np.array([-10.0, 1.0])


def f(w):
    return (curvature * w**2).sum() / 2


def descend(step, steps, w=start, gradient=lambda w: curvature * w):
    """The points that an optimizer visits. step(w, g) returns the next point."""
    path = [w]
    for _ in range(steps):
        path.append(step(path[-1], gradient(path[-1])))
    return np.array(path)


# %% rates
for lr in [0.02, 0.07, 0.079, 0.081]:
    path = descend(lambda w, g, lr=lr: w - lr * g, 50)
    print(f"lr {lr:<6} after 50 steps f = {f(path[-1]):.3g}")
# %% [markdown] rates-after
# One step multiplies $w_1$ by $1 - \eta$ and $w_2$ by $1 - 25\,\eta$. The second factor must lie between $-1$ and 1, so every learning rate above $2/25 = 0.08$ diverges. But with such a small rate, the flat direction shrinks by only $1 - \eta$ at each step. **The steep direction limits the learning rate, and the flat direction pays for it.**
#
# The best compromise makes both factors equally large. That is $\eta = 2/(1 + 25)$, and then each step multiplies both by $\pm\frac{\kappa - 1}{\kappa + 1}$ (Nesterov, Lectures on convex optimization, section 2.1.5).
# %% best-rate
best = 2 / (1 + 25)
path = descend(lambda w, g: w - best * g, 20)
factors = path[1:] / path[:-1]
print("factors of one step:", factors[0].round(4), "  (κ - 1)/(κ + 1) =", round(24 / 26, 4))
assert np.allclose(np.abs(factors), 24 / 26)


# %% [markdown] momentum-words
# ## 2. Momentum
#
# **Momentum** (Polyak 1964) remembers the last step and repeats a part of it:
#
# $$v \leftarrow \mu\, v - \eta\, \nabla f(w) \qquad w \leftarrow w + v$$
#
# Across the valley the gradients change their sign and cancel. Along the valley they add up, to a step that is up to $1/(1-\mu)$ times as long. *How much faster is it in our valley?*
# %% momentum
def with_momentum(lr, momentum):
    v = np.zeros(2)

    def step(w, g):
        nonlocal v
        v = momentum * v - lr * g
        return w + v

    return step


def steps_needed(path):
    """How many steps it takes until f is a millionth of its value at the start."""
    return int(np.argmax([f(w) < 1e-6 * f(path[0]) for w in path]))


plain = descend(lambda w, g: w - best * g, 300)
root = np.sqrt(25)
heavy = descend(with_momentum(4 / (1 + root) ** 2, ((root - 1) / (root + 1)) ** 2), 300)
print("gradient descent:", steps_needed(plain), "steps   with momentum:", steps_needed(heavy))
assert steps_needed(heavy) < steps_needed(plain) / 2


# %% [markdown] momentum-after
# These are the best possible settings for a quadratic: $\eta = 4/(1+\sqrt\kappa)^2$ and $\mu = \left(\frac{\sqrt\kappa - 1}{\sqrt\kappa + 1}\right)^2$. The number of steps now grows with $\sqrt\kappa$ and no longer with $\kappa$. For a network nobody knows $\kappa$, and $\mu = 0.9$ is the usual choice.
#
# Look at both paths. *Both swing from side to side. Why does momentum arrive earlier all the same?*
# %% paths
def contours(ax, f, xs, ys, levels):
    grid = np.array([[f(np.array([a, b])) for a in xs] for b in ys])
    ax.contour(xs, ys, grid, levels=levels, colors="0.75", linewidths=0.8)


# %% paths-picture
# alt: Contours of a valley with two paths. Gradient descent zigzags across the valley, momentum makes longer, smoother swings.
fig, axes = plt.subplots(1, 2, figsize=(7.5, 2.3), layout="constrained", sharey=True)
for ax, path, title in zip(axes, [plain, heavy], ["gradient descent", "momentum"], strict=True):
    contours(ax, f, np.linspace(-11, 6, 80), np.linspace(-2, 2, 60), [0.5, 2, 8, 20, 40, 60])
    ax.plot(*path[:25].T, "o-", markersize=3, linewidth=1)
    ax.set(title=f"{title}, 24 steps", xlabel="$w_1$")
axes[0].set_ylabel("$w_2$")
# %% [markdown] nesterov-words
# Momentum's learning rate is $4/36 = 0.11$ here. Gradient descent would diverge with it. Momentum damps the swings, because across the valley the gradients change their sign and cancel, and so it can afford larger steps.
#
# **Nesterov's momentum** looks ahead. It computes the gradient where the remembered step will lead, and so brakes earlier (Sutskever and others 2013). Keras, PyTorch and `optim.SGD(nesterov=True)` write it with the point after the look-ahead, so that the gradient is computed at the parameters themselves (Bengio, Boulanger-Lewandowski and Pascanu 2013):
#
# $$v \leftarrow \mu\, v - \eta\, g \qquad w \leftarrow w + \mu\, v - \eta\, g$$
#
# Here is the proof that our formulas are those of the library. A `Parameter` is a Tensor that an optimizer may change:
# %% library-sgd
w = nn.Parameter(start.copy())
library = optim.SGD([w], lr=0.05, momentum=0.8)
ours = descend(with_momentum(0.05, 0.8), 10)
for _ in range(10):
    library.zero_grad()
    f(w).backward()
    library.step()
print("largest difference after 10 steps below 1e-14:", np.abs(w.data - ours[-1]).max() < 1e-14)
assert np.allclose(w.data, ours[-1], rtol=0, atol=1e-14)
# The gradient by hand is right as well.
assert np.allclose(grad(f)(Tensor(start)).data, curvature * start)


# %% [markdown] adam-words
# ## 3. A learning rate for each parameter
#
# The valley would be no problem if the steep direction had a smaller learning rate than the flat one. **RMSprop** (Tieleman and Hinton 2012) divides each gradient by its own typical size. It keeps a running mean $s$ of the squared gradients:
#
# $$s \leftarrow \rho\, s + (1 - \rho)\, g^2 \qquad w \leftarrow w - \eta\, \frac{g}{\sqrt s + \varepsilon}$$
#
# **Adam** (Kingma and Ba 2015) adds momentum: the numerator is a running mean $m$ of the gradients as well. Both means start at 0 and are too small at first, so Adam divides them by $1 - \beta^t$. *How long is Adam's first step, if the gradient is 0.001? And if it is 1000?*
# %% adam
def adam(lr, beta1=0.9, beta2=0.999, eps=1e-12):
    m, s, t = 0.0, 0.0, 0

    def step(w, g):
        nonlocal m, s, t
        t += 1
        m = beta1 * m + (1 - beta1) * g
        s = beta2 * s + (1 - beta2) * g * g
        return w - lr * (m / (1 - beta1**t)) / (np.sqrt(s / (1 - beta2**t)) + eps)

    return step


# %% first-step
for g in [0.001, 1.0, -1000.0]:
    moved = adam(lr=0.1)(np.array(0.0), np.array(g))
    print(f"gradient {g:>8}: Adam's first step is {moved:+.6f}")
    assert np.isclose(moved, -0.1 * np.sign(g))
# %% [markdown] first-step-after
# At the first step $m/\sqrt s = g/|g| = \pm 1$, so the step has the length of the learning rate, whatever the gradient. That is why `lr=0.001` is a good start for very different networks. It also means that **Adam does not notice if the loss is multiplied by 1000**. *What does gradient descent do in that case?* (Its steps become 1000 times as long, and it diverges unless the learning rate is divided by 1000.)
#
# Our formula, and the library's Adam:
# %% library-adam
w = nn.Parameter(start.copy())
library = optim.Adam([w], lr=0.3, eps=1e-12)
ours = descend(adam(0.3), 50)
for _ in range(50):
    library.zero_grad()
    f(w).backward()
    library.step()
print("largest difference after 50 steps below 1e-10:", np.abs(w.data - ours[-1]).max() < 1e-10)
assert np.allclose(w.data, ours[-1], rtol=0, atol=1e-10)
# %% [markdown] rotate-words
# Adam divides each *coordinate* by its own size. So it depends on the coordinates. Rotate the valley by 45 degrees: the function has the same shape, and only its axes are no longer those of the parameters. *Which of the optimizers notices?*
# %% rotate
R = np.array([[1, -1], [1, 1]]) / np.sqrt(2)


def rotated_gradient(w):
    return R @ (curvature * (R.T @ w))


for name, make in [("momentum", lambda: with_momentum(0.05, 0.8)), ("Adam", lambda: adam(0.3))]:
    straight = descend(make(), 60)
    turned = descend(make(), 60, w=R @ start, gradient=rotated_gradient)
    print(f"{name:9} same path, only rotated: {np.allclose(turned, straight @ R.T)}")
# %% rotate-picture
# alt: Three curves of the loss by step. Adam's loss falls differently in the rotated valley and in the straight one. Momentum has the same curve in both.
fig, ax = plt.subplots(figsize=(6, 2.5), layout="constrained")
for label, path in [
    ("Adam, valley along the axes", descend(adam(0.3), 150)),
    ("Adam, valley rotated", descend(adam(0.3), 150, R @ start, rotated_gradient) @ R),
    ("momentum, both", descend(with_momentum(0.05, 0.8), 150)),
]:
    ax.semilogy([f(w) for w in path], label=label)
ax.set(xlabel="step", ylabel="loss", ylim=(1e-8, 1e3))
ax.legend()


# %% [markdown] curved-words
# ## 4. A curved valley
#
# Rosenbrock's function has its minimum 0 at $(1, 1)$, at the end of a curved valley:
#
# $$f(a, b) = (1 - a)^2 + 100\,(b - a^2)^2$$
#
# Nobody needs to derive its gradient: we write it as a function of a Tensor, and `grad` does the rest. `hessian` differentiates twice. With that we can also run **Newton's method**, $w \leftarrow w - H^{-1} \nabla f$. *How many steps will Newton need, and how many Adam?*
# %% rosenbrock
def rosenbrock(w):
    return (1 - w[0]) ** 2 + 100 * (w[1] - w[0] ** 2) ** 2


def gradient(w):
    return grad(rosenbrock)(Tensor(w)).data


def newton(w, g):
    return w - np.linalg.solve(hessian(rosenbrock)(Tensor(w)).data, g)


# %% rosenbrock-race
begin = np.array([-1.2, 1.0])
racers = {
    "gradient descent": (lambda w, g: w - 0.001 * g, 2000),
    "momentum": (with_momentum(0.0005, 0.95), 2000),
    "Adam": (adam(0.05), 2000),
    "Newton": (newton, 7),
}
ways = {name: descend(step, n, begin, gradient) for name, (step, n) in racers.items()}
for name, path in ways.items():
    print(f"{name:17} {len(path) - 1:5} steps   f = {rosenbrock(path[-1]):.1e}")
assert rosenbrock(ways["Newton"][-1]) < 1e-12
assert rosenbrock(ways["momentum"][-1]) < rosenbrock(ways["gradient descent"][-1]) / 100
# %% rosenbrock-picture
# alt: Contours of Rosenbrock's curved valley with the paths of four optimizers. Newton jumps along the valley in seven steps, the others follow its floor.
fig, ax = plt.subplots(figsize=(6, 3), layout="constrained")
contours(
    ax, rosenbrock, np.linspace(-1.6, 1.6, 120), np.linspace(-0.6, 1.8, 100), np.logspace(-1, 3, 6)
)
for name, path in ways.items():
    ax.plot(*path.T, ".-", markersize=3, linewidth=1, label=name)
ax.plot(1, 1, "k*", markersize=11)
ax.set(xlim=(-1.6, 1.6), ylim=(-0.6, 1.8), xlabel="$a$", ylabel="$b$")
ax.legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)
# %% [markdown] rosenbrock-after
# Newton uses the curvature and ignores the shape of the valley. One of its jumps leaves the picture, and still it arrives. Why then is nobody training networks with it? The Hessian of a network with a million parameters has $10^{12}$ elements. For a few thousand parameters and a loss on all the data, though, methods of this kind are the best. `optim.minimize_loss` has them, also **L-BFGS**, which estimates the curvature from the last gradients:
# %% lbfgs
w = nn.Parameter(begin.copy())
found = optim.minimize_loss(lambda: rosenbrock(w), [w], method="lbfgs", tol=1e-8)
print("L-BFGS:", found.iterations, "iterations, minimum at", w.data.round(6))
assert np.allclose(w.data, 1, atol=1e-6)
# %% [markdown] digits-words
# ## 5. The race on a network
#
# Now a real loss: a network that reads digits, with batches of 32 images, so that each gradient is only an estimate. A race is fair only if each optimizer has a learning rate that suits it. So we try several for each, and compare on a **validation set**. *Which optimizer will win, and by how much?*
# %% digits
x, y = load_digits()
x = x.reshape(len(x), 64) / 16  # 1797 images of 8 × 8 pixels, from 0 to 1
x_train, x_val, y_train, y_val = train_test_split(x, y, test=0.25, seed=0)


def network():
    return nn.Sequential(nn.Linear(64, 48, rng=0), nn.Tanh(), nn.Linear(48, 10, rng=1))


def train(make, epochs=4):
    """The history of a training from the same start, on the same batches in the same order."""
    model = network()
    trainer = Trainer(model, nn.cross_entropy, make(model.parameters()), metrics=[accuracy])
    return trainer.fit(
        x_train, y_train, epochs=epochs, seed=0, validation=(x_val, y_val), progress=False
    )


# %% sweep
kinds = {
    "SGD": lambda p, lr: optim.SGD(p, lr),
    "momentum": lambda p, lr: optim.SGD(p, lr, momentum=0.9),
    "Nesterov": lambda p, lr: optim.SGD(p, lr, momentum=0.9, nesterov=True),
    "RMSprop": lambda p, lr: optim.RMSprop(p, lr),
    "Adam": lambda p, lr: optim.Adam(p, lr),
}
rates = 10.0 ** np.arange(-4, 1.1, 0.5)
losses = {
    name: [train(lambda p, make=make, lr=lr: make(p, lr), epochs=2)["val_loss"][-1] for lr in rates]
    for name, make in kinds.items()
}
chosen = {name: float(rates[np.nanargmin(values)]) for name, values in losses.items()}
assert chosen["SGD"] > chosen["Adam"]
# %% sweep-picture tags=varies
# alt: Validation loss against the learning rate, a curve for each optimizer. Each is a bowl; SGD's lies ten times as far right as Adam's.
fig, ax = plt.subplots(figsize=(6, 2.6), layout="constrained")
for name, values in losses.items():
    ax.loglog(rates, values, "o-", markersize=3, label=f"{name}, best {chosen[name]:.2g}")
ax.set(xlabel="learning rate", ylabel="validation loss after 2 epochs", ylim=(0.05, 20))
ax.legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)
# %% [markdown] sweep-after
# Each curve is a bowl: too small a rate is slow, too large a rate destroys. The bowls differ in where they lie, and in how wide they are. **The learning rate matters more than the optimizer.** At the bottoms the optimizers are close together.
# %% race tags=varies
# alt: Curves of the training loss by epoch for five optimizers at their best learning rates. All fall; SGD without momentum is the slowest or near it.
histories = {name: train(lambda p, name=name: kinds[name](p, chosen[name]), 6) for name in kinds}
fig, ax = plt.subplots(figsize=(6, 2.5), layout="constrained")
for name, history in histories.items():
    ax.semilogy(range(1, 7), history["loss"], "o-", markersize=3, label=name)
    print(f"{name:9} lr {chosen[name]:<8.2g} validation accuracy {history['val_accuracy'][-1]:.1%}")
ax.set(xlabel="epoch", ylabel="training loss")
ax.legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)
assert all(history["val_accuracy"][-1] > 0.9 for history in histories.values())
# %% [markdown] schedule-words
# ## 6. Schedules
#
# Large steps are good at the beginning, and small ones at the end, where the noise of the batches is larger than what is left of the gradient. A **schedule** is a function from the number of the step to the learning rate, and every optimizer here takes one in place of a number. The most common one warms up, because the first gradients are not typical, and then follows half a cosine. *What is the learning rate at steps 0, 25, 50, 250 and 450, with 50 steps of warm-up and 400 of the cosine?*
# %% schedule
from tinygrad_edu.optim.schedules import Cosine, Warmup

schedule = Warmup(Cosine(0.1, 400), 50)
for t in [0, 25, 50, 250, 450]:
    print(f"step {t:3}: lr = {schedule(t):.4f}")
assert schedule(0) < schedule(25) < schedule(50) > schedule(250) > abs(schedule(450))
# %% schedule-picture
# alt: The learning rate by step: a short rise, then half a cosine down to 0.
fig, ax = plt.subplots(figsize=(6, 2.1), layout="constrained")
ax.plot([schedule(t) for t in range(451)])
ax.set(xlabel="step", ylabel="learning rate")
# %% [markdown] keras-words
# ## 7. The same optimizer in Keras
#
# You need TensorFlow for this section: `python -m pip install -e '.[compare]'` in the folder of this project. Libraries agree about the idea of Adam and differ in details: where ε is added, and what its default is. `twins.compare` trains the same network here and in Keras on the same batches and compares each number. *Will the weights still be equal after ten steps?*
# %% keras-twin tags=keras
needs("keras")
from tinygrad_edu.twins import compare

model = network().astype(np.float64)
batches = [(x_train[i : i + 32].astype(np.float64), y_train[i : i + 32]) for i in range(0, 320, 32)]
for optimizer in [
    optim.SGD(model.parameters(), lr=0.1, momentum=0.9, nesterov=True),
    optim.RMSprop(model.parameters(), lr=0.003),
    optim.Adam(model.parameters(), lr=0.003),
]:
    report = compare(model, nn.cross_entropy, optimizer, batches)
    print(f"{type(optimizer).__name__:8} differs from Keras's: {report.first_divergence()}")
    assert report.first_divergence() is None
# %% [markdown] exercises
# ## 8. Four exercises
#
# ### Exercise 1: on paper (1 point)
#
# For $f(w) = \frac12\left(4\, w_1^2 + 10\, w_2^2\right)$: above which learning rate does gradient descent diverge (`too_large`)? And which learning rate makes both factors equally large (`best_lr`)?
#
# <details><summary>Hint</summary>
#
# One step multiplies $w_1$ by $1 - 4\eta$ and $w_2$ by $1 - 10\eta$.
#
# </details>
# %% exercise rates points=1
# BEGIN SOLUTION
too_large = 2 / 10
best_lr = 2 / (4 + 10)


# END SOLUTION
# %% check rates
def check_rates(too_large, best_lr):
    assert not np.isclose(too_large, 2 / 4), (
        "too_large: the steep direction diverges first. Look at the curvature 10."
    )
    assert not np.isclose(too_large, 1 / 10), (
        "too_large: at that rate the factor 1 - 10 η is 0. It may go down to -1."
    )
    assert np.isclose(too_large, 1 / 5), "too_large: solve 1 - 10 η = -1."
    assert not np.isclose(best_lr, 1 / 10), (
        "best_lr: that makes the steep factor 0, and leaves 0.6 for the flat one. Balance both."
    )
    assert np.isclose(best_lr, 1 / 7), "best_lr: solve 1 - 4 η = -(1 - 10 η)."


# %% hidden rates
def check_rates(too_large, best_lr):
    assert np.isclose(too_large, 0.2) and np.isclose(best_lr, 1 / 7), "Compute both again."


# %% right rates
too_large, best_lr = 0.2, 0.14285714285714285
# %% right rates
too_large = np.float64(0.2)
best_lr = 1 / 7
# %% wrong rates: steep direction diverges first
too_large, best_lr = 0.5, 1 / 7
# %% wrong rates: factor 1 - 10 η is 0
too_large, best_lr = 0.1, 1 / 7
# %% wrong rates: Balance both
too_large, best_lr = 0.2, 0.1
# %% wrong rates: solve 1 - 4 η
too_large, best_lr = 0.2, 0.2


# %% [markdown] exercise-2-words
# ### Exercise 2: momentum (2 points)
#
# Write `momentum_step(w, v, g, lr, momentum)`. It returns the new `w` and the new `v`, arrays of the same shape, and changes neither of the arrays that it gets.
#
# <details><summary>Hint</summary>
#
# First the new `v`, then the new `w`, which uses it. `v *= momentum` would change the caller's array.
#
# </details>
# %% exercise momentum points=2
def momentum_step(w, v, g, lr, momentum):
    # BEGIN SOLUTION
    v = momentum * v - lr * g
    return w + v, v
    # END SOLUTION


# %% check momentum
def check_momentum(momentum_step):
    w, v, g = np.array([1.0, 2.0]), np.array([0.5, -1.0]), np.array([3.0, 4.0])
    kept = w.copy(), v.copy(), g.copy()
    answer = momentum_step(w, v, g, 0.1, 0.9)
    assert (
        np.array_equal(w, kept[0]) and np.array_equal(v, kept[1]) and np.array_equal(g, kept[2])
    ), (
        "Your function changed an array that it was given. Write v = momentum * v - ..., not v *= ..."
    )
    assert isinstance(answer, tuple | list) and len(answer) == 2, "Return two arrays: w and v."
    new_w, new_v = answer
    assert np.shape(new_w) == (2,) and np.shape(new_v) == (2,), "Both have the shape of w."
    assert not np.allclose(new_v, 0.9 * v + 0.1 * g), "v: the step goes down, so subtract lr * g."
    assert not np.allclose(new_v, 0.9 * v - g), (
        "v: the gradient is multiplied by the learning rate."
    )
    assert not np.allclose(new_v, 0.9 * v - 0.1 * 0.1 * g), (
        "v: here the gradient is not multiplied by 1 - momentum. That would be Adam's running mean."
    )
    assert np.allclose(new_v, 0.9 * v - 0.1 * g), "v: momentum times the old v, minus lr times g."
    assert not np.allclose(new_w, w + v), "w: add the new v, not the old one."
    assert np.allclose(new_w, w + 0.9 * v - 0.1 * g), "w: add the new v to the old w."


# %% hidden momentum
def check_momentum(momentum_step):
    rng = np.random.default_rng(5)
    for shape in [(), (3,), (2, 3)]:
        w, v, g = rng.normal(size=(3, *shape))
        new_w, new_v = momentum_step(w, v, g, 0.05, 0.7)
        assert np.allclose(new_v, 0.7 * v - 0.05 * g), "It should work for arrays of any shape."
        assert np.allclose(new_w, w + 0.7 * v - 0.05 * g), "It should work for arrays of any shape."


# %% right momentum
def momentum_step(w, v, g, lr, momentum):
    step = momentum * v - lr * g
    return w + step, step


# %% right momentum
def momentum_step(w, v, g, lr, momentum):
    velocity = np.multiply(v, momentum)
    velocity = np.subtract(velocity, np.multiply(g, lr))
    return [np.add(w, velocity), velocity]


# %% wrong momentum: changed an array
def momentum_step(w, v, g, lr, momentum):
    v *= momentum
    v -= lr * g
    return w + v, v


# %% wrong momentum: the step goes down
def momentum_step(w, v, g, lr, momentum):
    v = momentum * v + lr * g
    return w + v, v


# %% wrong momentum: not multiplied by 1 - momentum
def momentum_step(w, v, g, lr, momentum):
    v = momentum * v - (1 - momentum) * lr * g
    return w + v, v


# %% wrong momentum: not the old one
def momentum_step(w, v, g, lr, momentum):
    return w + v, momentum * v - lr * g


# %% [markdown] exercise-3-words
# ### Exercise 3: Adam's averages (2 points)
#
# Write `adam_step(w, m, s, t, g, lr, beta1, beta2, eps)`, where `t` is 1 in the first step. It returns the new `w`, `m` and `s`, with both averages corrected by $1 - \beta^t$ in the step, but stored uncorrected. ε is added to the root.
#
# <details><summary>Hint</summary>
#
# Section 3 has the formulas. Only the values that are used in the step are divided by $1 - \beta^t$.
#
# </details>
# %% exercise adam points=2
def adam_step(w, m, s, t, g, lr, beta1, beta2, eps):
    # BEGIN SOLUTION
    m = beta1 * m + (1 - beta1) * g
    s = beta2 * s + (1 - beta2) * g**2
    step = lr * (m / (1 - beta1**t)) / (np.sqrt(s / (1 - beta2**t)) + eps)
    return w - step, m, s
    # END SOLUTION


# %% check adam
def check_adam(adam_step):
    w, m, s, g = np.array([1.0, 2.0]), np.zeros(2), np.zeros(2), np.array([3.0, -4.0])
    answer = adam_step(w, m, s, 1, g, 0.1, 0.9, 0.999, 0.0)
    assert isinstance(answer, tuple | list) and len(answer) == 3, "Return three arrays: w, m and s."
    new_w, new_m, new_s = answer
    assert not np.allclose(new_m, g), (
        "m: store the average without the correction. Only the step uses the corrected one."
    )
    assert np.allclose(new_m, 0.1 * g), "m: beta1 times the old m plus 1 - beta1 times g."
    assert not np.allclose(new_s, 0.001 * np.abs(g)), "s: the average is of the squares of g."
    assert np.allclose(new_s, 0.001 * g**2), "s: beta2 times the old s plus 1 - beta2 times g²."
    assert np.allclose(new_w, w - 0.1 * np.sign(g)), (
        "w: the first step has the length of the learning rate. Divide m by 1 - beta1^t and s by 1 - beta2^t, inside the root."
    )
    later = adam_step(w, np.ones(2), np.full(2, 4.0), 3, g, 0.1, 0.9, 0.99, 0.5)[0]
    m, s = 0.9 + 0.1 * g, 0.99 * 4 + 0.01 * g**2
    wanted = w - 0.1 * (m / (1 - 0.9**3)) / (np.sqrt(s / (1 - 0.99**3)) + 0.5)
    assert np.allclose(later, wanted), (
        "The first step is right, and a later one with another ε is not. Does the correction use t? Is ε outside of the root?"
    )


# %% hidden adam
def check_adam(adam_step):
    rng = np.random.default_rng(7)
    w, m, g = rng.normal(size=(3, 4, 2))
    s = rng.uniform(size=(4, 2))
    for t in [1, 2, 10]:
        new_w, new_m, new_s = adam_step(w, m, s, t, g, 0.02, 0.8, 0.95, 1e-3)
        mean, square = 0.8 * m + 0.2 * g, 0.95 * s + 0.05 * g * g
        assert np.allclose(new_m, mean) and np.allclose(new_s, square), "Check m and s again."
        step = 0.02 * mean / (1 - 0.8**t) / (np.sqrt(square / (1 - 0.95**t)) + 1e-3)
        assert np.allclose(new_w, w - step), "Check the step again."


# %% right adam
def adam_step(w, m, s, t, g, lr, beta1, beta2, eps):
    m = m + (1 - beta1) * (g - m)
    s = s + (1 - beta2) * (g * g - s)
    corrected_m, corrected_s = m / (1 - beta1**t), s / (1 - beta2**t)
    return w - lr * corrected_m / (corrected_s**0.5 + eps), m, s


# %% right adam
def adam_step(w, m, s, t, g, lr, beta1, beta2, eps):
    m = np.average([m, g], axis=0, weights=[beta1, 1 - beta1])
    s = np.average([s, np.square(g)], axis=0, weights=[beta2, 1 - beta2])
    scale = np.sqrt(s) / np.sqrt(1 - beta2**t) + eps
    return [w - lr / (1 - beta1**t) * m / scale, m, s]


# %% wrong adam: without the correction
def adam_step(w, m, s, t, g, lr, beta1, beta2, eps):
    m = (beta1 * m + (1 - beta1) * g) / (1 - beta1**t)
    s = (beta2 * s + (1 - beta2) * g * g) / (1 - beta2**t)
    return w - lr * m / (np.sqrt(s) + eps), m, s


# %% wrong adam: first step has the length of the learning rate
def adam_step(w, m, s, t, g, lr, beta1, beta2, eps):
    m = beta1 * m + (1 - beta1) * g
    s = beta2 * s + (1 - beta2) * g * g
    return w - lr * m / (np.sqrt(s) + eps), m, s


# %% wrong adam: Is ε outside of the root
def adam_step(w, m, s, t, g, lr, beta1, beta2, eps):
    m = beta1 * m + (1 - beta1) * g
    s = beta2 * s + (1 - beta2) * g * g
    return w - lr * (m / (1 - beta1**t)) / np.sqrt(s / (1 - beta2**t) + eps), m, s


# %% wrong adam: squares of g
def adam_step(w, m, s, t, g, lr, beta1, beta2, eps):
    m = beta1 * m + (1 - beta1) * g
    s = beta2 * s + (1 - beta2) * np.abs(g)
    return w - lr * (m / (1 - beta1**t)) / (s / (1 - beta2**t) + eps), m, s


# %% [markdown] exercise-4-words
# ### Exercise 4: a schedule (2 points)
#
# Write `warm_cosine(t, peak, warmup, total)`. The learning rate rises in a straight line from 0 at step 0 to `peak` at step `warmup`, then follows half a cosine to 0 at step `total`, and stays 0 afterwards.
#
# <details><summary>Hint</summary>
#
# After the warm-up, let $p = (t - \text{warmup}) / (\text{total} - \text{warmup})$ run from 0 to 1. Half a cosine is $\frac12 (1 + \cos \pi p)$.
#
# </details>
# %% exercise schedule points=2
def warm_cosine(t, peak, warmup, total):
    # BEGIN SOLUTION
    if t < warmup:
        return peak * t / warmup
    p = min((t - warmup) / (total - warmup), 1)
    return peak * (1 + np.cos(np.pi * p)) / 2
    # END SOLUTION


# %% check schedule
def check_schedule(warm_cosine):
    assert np.isclose(warm_cosine(0, 0.2, 10, 110), 0), "At step 0 the rate is 0."
    assert np.isclose(warm_cosine(5, 0.2, 10, 110), 0.1), (
        "Half-way through the warm-up the rate is half of the peak: peak * t / warmup."
    )
    assert np.isclose(warm_cosine(10, 0.2, 10, 110), 0.2), (
        "At the end of the warm-up it is the peak."
    )
    middle = warm_cosine(60, 0.2, 10, 110)
    assert not np.isclose(middle, 0.2 * (1 + np.cos(np.pi * 60 / 110)) / 2), (
        "The cosine begins at the end of the warm-up: count the steps from there."
    )
    assert np.isclose(middle, 0.1), "Half-way between warm-up and end the rate is half of the peak."
    quarter = warm_cosine(35, 0.2, 10, 110)
    assert not np.isclose(quarter, 0.15), "The way down is a cosine, not a straight line."
    assert np.isclose(quarter, 0.1 * (1 + np.sqrt(0.5))), "Use peak (1 + cos(π p)) / 2."
    assert np.isclose(warm_cosine(110, 0.2, 10, 110), 0), "At the end it is 0."
    assert np.isclose(warm_cosine(160, 0.2, 10, 110), 0), (
        "After the end the rate stays 0: limit p to 1, or the cosine rises again."
    )


# %% hidden schedule
def check_schedule(warm_cosine):
    for t, wanted in [(1, 0.25), (4, 1.0), (8, 0.5), (10, (1 + np.cos(0.75 * np.pi)) / 2), (99, 0)]:
        assert np.isclose(warm_cosine(t, 1.0, 4, 12), wanted), (
            "Try other settings than those of the check."
        )


# %% right schedule
def warm_cosine(t, peak, warmup, total):
    if t >= total:
        return 0.0
    return peak * (
        t / warmup if t < warmup else np.cos(np.pi / 2 * (t - warmup) / (total - warmup)) ** 2
    )


# %% right schedule
def warm_cosine(t, peak, warmup, total):
    rising = np.clip(t / warmup, 0, 1)
    p = np.clip((t - warmup) / (total - warmup), 0, 1)
    return peak * rising * (0.5 + 0.5 * np.cos(np.pi * p))


# %% wrong schedule: rises again
def warm_cosine(t, peak, warmup, total):
    if t < warmup:
        return peak * t / warmup
    return peak * (1 + np.cos(np.pi * (t - warmup) / (total - warmup))) / 2


# %% wrong schedule: count the steps from there
def warm_cosine(t, peak, warmup, total):
    if t <= warmup:
        return peak * t / warmup
    return peak * (1 + np.cos(np.pi * min(t / total, 1))) / 2


# %% wrong schedule: not a straight line
def warm_cosine(t, peak, warmup, total):
    if t < warmup:
        return peak * t / warmup
    return peak * max(1 - (t - warmup) / (total - warmup), 0)


# %% wrong schedule: half of the peak
def warm_cosine(t, peak, warmup, total):
    if t < warmup:
        return peak * (t / warmup) ** 2
    return peak * (1 + np.cos(np.pi * min((t - warmup) / (total - warmup), 1))) / 2


# %% [markdown] next
# ## What you have seen
#
# - The steepest direction limits the learning rate, and the flattest one determines how long it takes. Their ratio is the condition number.
# - Momentum adds up what the gradients agree about. The number of steps grows with $\sqrt\kappa$ in place of $\kappa$.
# - RMSprop and Adam give every parameter a step of its own size. They depend on the coordinates, and do not depend on the scale of the loss.
# - Newton and L-BFGS use curvature. They are the best for few parameters and a loss without noise.
# - On a network, the choice of the learning rate matters more than that of the optimizer. Compare optimizers only after you have tried several learning rates for each, on a validation set.
#
# ## What to read next
#
# The optimizers of the package are as short as those of this lesson: [`sgd.py`](../tinygrad_edu/optim/sgd.py), [`adam.py`](../tinygrad_edu/optim/adam.py), [`adaptive.py`](../tinygrad_edu/optim/adaptive.py), and the schedules in [`schedules.py`](../tinygrad_edu/optim/schedules.py). In the books: Goodfellow, Bengio and Courville, *Deep Learning*, chapter 8; Nocedal and Wright, *Numerical Optimization*, chapters 3 and 7. The next lesson is about [convolution](11_convolution_by_hand_and_at_speed.ipynb).
