"""A complete task in a process of its own: import, load digits, train 64-64-10 for 30 epochs at batch
32, and print the test accuracy. A program for each library, as a learner would write it.

Our program loads the digits itself. The others read the same split from files, so that none pays for
another's import.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

OURS = """
import numpy as np
from tinygrad_edu import nn, optim
from tinygrad_edu.data import load_digits, train_test_split
from tinygrad_edu.training import Trainer, accuracy

x, y = load_digits()
x_train, x_test, y_train, y_test = train_test_split(x.reshape(-1, 64) / 16, y, seed=0)
rng = np.random.default_rng(0)
model = nn.Sequential(nn.Linear(64, 64, rng=rng), nn.ReLU(), nn.Linear(64, 10, rng=rng))
adam = optim.Adam(model.parameters(), lr=0.003)
trainer = Trainer(model, nn.cross_entropy, adam, metrics=[accuracy]COMPILE)
trainer.fit(x_train, y_train, epochs=30, batch_size=32, seed=0, progress=False)
print(trainer.evaluate(x_test, y_test)["accuracy"])
"""

SPLIT = """
import sys
import numpy as np
x_train, x_test, y_train, y_test = (np.load(sys.argv[1] + f"/{i}.npy") for i in range(4))
"""

# For libraries without a loop of their own: `step(x, y)` and `logits(x)` are what they bring.
START = """
rng = np.random.default_rng(0)
he = lambda n, m: rng.normal(size=(n, m)).astype(np.float32) * np.float32((2 / n) ** 0.5)
start = [he(64, 64), np.zeros(64, np.float32), he(64, 10), np.zeros(10, np.float32)]
"""
LOOP = """
for epoch in range(30):
    order = rng.permutation(len(x_train))
    for i in range(0, len(order), 32):
        rows = order[i : i + 32]
        step(x_train[rows], y_train[rows])
print(np.mean(np.argmax(logits(x_test), 1) == y_test))
"""

BY_HAND = """
sys.path.insert(0, sys.argv[2])
from peers.by_hand import Perceptron
model = Perceptron(start, 32, lr=0.003)
step = model.step
logits = lambda x: model.forward(x, [np.empty((len(x), n), np.float32) for n in (64, 64, 10)])
"""

PYTORCH = """
import torch
torch.manual_seed(0)
x, y = torch.tensor(x_train), torch.tensor(y_train)
model = torch.nn.Sequential(torch.nn.Linear(64, 64), torch.nn.ReLU(), torch.nn.Linear(64, 10))
optimizer = torch.optim.Adam(model.parameters(), lr=0.003, fused=FUSED)
loss_of = torch.nn.CrossEntropyLoss()
for epoch in range(30):
    for batch in torch.randperm(len(x)).split(32):
        loss = loss_of(model(x[batch]), y[batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
with torch.no_grad():
    print((model(torch.tensor(x_test)).argmax(1).numpy() == y_test).mean())
"""

KERAS = """
import keras
keras.utils.set_random_seed(0)
model = keras.Sequential([keras.Input((64,)), keras.layers.Dense(64, "relu"), keras.layers.Dense(10)])
loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
model.compile(keras.optimizers.Adam(0.003), loss, metrics=["accuracy"])
model.fit(x_train, y_train, epochs=30, batch_size=32, verbose=0)
print(model.evaluate(x_test, y_test, verbose=0)[1])
"""

JAX = """
import jax
import jax.numpy as jnp

def logits(x, p=None):
    w, b, v, c = p or state[0]
    return jnp.maximum(x @ w + b, 0) @ v + c

def loss_of(p, x, y):
    return -jnp.mean(jax.nn.log_softmax(logits(x, p))[jnp.arange(len(y)), y])

@jax.jit
def update(state, x, y):
    p, m, v, t = state
    g = jax.grad(loss_of)(p, x, y)
    m = [0.9 * m + 0.1 * g for m, g in zip(m, g)]
    v = [0.999 * v + 0.001 * g * g for v, g in zip(v, g)]
    root = lambda v: jnp.sqrt(v / (1 - 0.999 ** t)) + 1e-7
    return [p - 0.003 * m / (1 - 0.9 ** t) / root(v) for p, m, v in zip(p, m, v)], m, v, t + 1

p = [jnp.asarray(a) for a in start]
state = p, [0 * a for a in p], [0 * a for a in p], jnp.asarray(1.0)

def step(x, y):
    global state
    state = update(state, x, y)
"""

MYGRAD = """
sys.path.insert(0, sys.argv[2])
import mygrad as mg
from mygrad.nnet.losses import softmax_crossentropy
from peers.by_hand import Adam
adam = Adam(start, lr=0.003)
leaves = [mg.tensor(a, copy=False) for a in adam.parameters]

def network(x):
    w, b, v, c = leaves
    return mg.matmul(mg.maximum(mg.matmul(x, w) + b, 0), v) + c

def step(x, y):
    softmax_crossentropy(network(x), y).backward()
    for g, leaf in zip(adam.gradients, leaves):
        g[...] = leaf.grad
        leaf.null_grad()
    adam.step()

logits = lambda x: network(x).data
"""

AUTOGRAD = """
sys.path.insert(0, sys.argv[2])
import autograd
import autograd.numpy as anp
from peers.by_hand import Adam
adam = Adam(start, lr=0.003)

def network(p, x):
    return anp.dot(anp.maximum(anp.dot(x, p[0]) + p[1], 0), p[2]) + p[3]

def loss_of(p, x, y):
    z = network(p, x)
    z = z - anp.max(z, axis=1, keepdims=True)
    return anp.mean(anp.log(anp.sum(anp.exp(z), axis=1)) - z[np.arange(len(y)), y])

gradients = autograd.grad(loss_of)

def step(x, y):
    for mine, g in zip(adam.gradients, gradients(adam.parameters, x, y)):
        mine[...] = g
    adam.step()

logits = lambda x: network(adam.parameters, x)
"""

DEZERO = """
np.int, np.float = int, float
import dezero
import dezero.functions as F
from dezero.models import MLP
model = MLP((64, 10), activation=F.relu)
optimizer = dezero.optimizers.Adam(0.003).setup(model)

def step(x, y):
    loss = F.softmax_cross_entropy(model(x), y)
    model.cleargrads()
    loss.backward()
    optimizer.update()

logits = lambda x: model(x).data
"""

# The peak of this process alone: `ru_maxrss` begins with the peak of the parent. Not on every system.
PEAK = """
try:
    print(next(line for line in open("/proc/self/status") if line.startswith("VmHWM")).split()[1])
except OSError:
    import resource
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""

JOBS = {
    "eager": OURS.replace("COMPILE", ""),
    "compiled": OURS.replace("COMPILE", ", compile=True"),
    "hand": SPLIT + START + BY_HAND + LOOP,
    "torch": SPLIT + PYTORCH.replace("FUSED", "False"),
    "fused": SPLIT + PYTORCH.replace("FUSED", "True"),
    "keras": SPLIT + KERAS,
    "jax": SPLIT + START + JAX + LOOP,
    "mygrad": SPLIT + START + MYGRAD + LOOP,
    "autograd": SPLIT + START + AUTOGRAD + LOOP,
    "dezero": SPLIT + START + DEZERO + LOOP,
}


class Split:
    """Context with the folder of the split data, as files."""

    def __enter__(self):
        import numpy as np

        from tinygrad_edu.data import load_digits, train_test_split

        self.folder = tempfile.TemporaryDirectory()
        x, y = load_digits()
        for i, part in enumerate(train_test_split(x.reshape(-1, 64) / 16, y, seed=0)):
            np.save(f"{self.folder.name}/{i}.npy", part)
        return self

    def __exit__(self, *error):
        self.folder.cleanup()

    def run(self, name):
        """Seconds, peak MiB and accuracy of one process. Raises RuntimeError with its last words."""
        environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
        environment.pop(
            "PYTHONDONTWRITEBYTECODE", None
        )  # as for a user: compiled once, then cached
        code, here = JOBS[name] + PEAK, str(Path(__file__).parent)
        command = [sys.executable, "-W", "ignore", "-c", code, self.folder.name, here]
        start = time.perf_counter()
        done = subprocess.run(command, capture_output=True, text=True, env=environment)
        seconds = time.perf_counter() - start
        if done.returncode:
            raise RuntimeError(" ".join(done.stderr.split()[-30:]))
        accuracy, peak = done.stdout.split()[-2:]
        return seconds, float(peak) / 1024, float(accuracy)
