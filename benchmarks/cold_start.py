"""A complete task in a new process: import, load digits, train 64-64-10 for 30 epochs at batch 32, and
measure the test accuracy. Also: what `import tinygrad_edu` costs beyond NumPy.

    python benchmarks/cold_start.py        (peers: pip install torch keras tensorflow scikit-learn)
"""

import timing  # noqa: F401  (first: it may have to restart Python before NumPy is loaded)

import os
import statistics
import subprocess
import sys
import tempfile
import time

OURS = """
import numpy as np
from tinygrad_edu import nn, optim
from tinygrad_edu.data import load_digits, train_test_split
from tinygrad_edu.training import Trainer, accuracy

x, y = load_digits()
x_train, x_test, y_train, y_test = train_test_split(x.reshape(-1, 64) / 16, y, seed=0)
rng = np.random.default_rng(0)
model = nn.Sequential(nn.Linear(64, 64, rng=rng), nn.ReLU(), nn.Linear(64, 10, rng=rng))
trainer = Trainer(model, nn.cross_entropy, optim.Adam(model.parameters(), lr=0.003), metrics=[accuracy])
trainer.fit(x_train, y_train, epochs=30, batch_size=32, seed=0, progress=False)
print(trainer.evaluate(x_test, y_test)["accuracy"])
"""

# The other libraries read the same data from a file, so that none pays for another's import.
SPLIT = """
import sys
import numpy as np
x_train, x_test, y_train, y_test = (np.load(sys.argv[1] + f"/{i}.npy") for i in range(4))
"""

SCIKIT_LEARN = (
    SPLIT
    + """
import warnings
warnings.simplefilter("ignore")
from sklearn.neural_network import MLPClassifier
model = MLPClassifier((64,), batch_size=32, max_iter=30, learning_rate_init=0.003, random_state=0, alpha=0)
print(model.fit(x_train, y_train).score(x_test, y_test))
"""
)

PYTORCH = (
    SPLIT
    + """
import torch
torch.manual_seed(0)
x, y = torch.tensor(x_train), torch.tensor(y_train)
model = torch.nn.Sequential(torch.nn.Linear(64, 64), torch.nn.ReLU(), torch.nn.Linear(64, 10))
optimizer = torch.optim.Adam(model.parameters(), lr=0.003)
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
)

KERAS = (
    SPLIT
    + """
import keras
keras.utils.set_random_seed(0)
model = keras.Sequential([keras.Input((64,)), keras.layers.Dense(64, "relu"), keras.layers.Dense(10)])
loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
model.compile(keras.optimizers.Adam(0.003), loss, metrics=["accuracy"])
model.fit(x_train, y_train, epochs=30, batch_size=32, verbose=0)
print(model.evaluate(x_test, y_test, verbose=0)[1])
"""
)


def run(code, *arguments):
    """Seconds, peak MiB and output of a new Python process."""
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # as for a user: compiled once, then cached
    start = time.perf_counter()
    child = subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment,
    )  # fmt: skip
    printed = child.stdout.read()
    _, status, usage = os.wait4(child.pid, 0)
    child.stdout.close()
    child.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.perf_counter() - start
    return seconds, usage.ru_maxrss / 1024, printed.strip(), child.returncode


def whole_job(rounds=7):
    import numpy as np

    from tinygrad_edu.data import load_digits, train_test_split

    jobs = {
        "tinygrad_edu": OURS,
        "scikit-learn": SCIKIT_LEARN,
        "PyTorch": PYTORCH,
        "Keras on TensorFlow": KERAS,
    }
    x, y = load_digits()
    with tempfile.TemporaryDirectory() as folder:
        for i, part in enumerate(train_test_split(x.reshape(-1, 64) / 16, y, seed=0)):
            np.save(f"{folder}/{i}.npy", part)
        results = {name: [] for name in jobs}
        for i in range(rounds):
            for name, job in jobs.items():
                if (
                    name == "tinygrad_edu" or i < 3
                ):  # the other libraries take seconds; three runs are enough
                    results[name].append(run(job, folder))
    print("\nimport, digits, 30 epochs of 64-64-10 at batch 32, accuracy: one cold process")
    for name, runs in results.items():
        seconds, memory, printed, codes = zip(*runs, strict=True)
        if any(codes):
            print(f"  {name:<22} not installed, left out")
        else:
            print(
                f"  {name:<22} {min(seconds):6.2f} s (median {statistics.median(seconds):.2f})  "
                f"{max(memory):5.0f} MiB   test accuracy {float(printed[0]):.4f}"
            )


def imports(rounds=15):
    codes = {"import numpy": "import numpy", "import tinygrad_edu": "import tinygrad_edu"}
    best = {name: float("inf") for name in codes}
    for _ in range(rounds):
        for name, code in codes.items():
            best[name] = min(best[name], run(code)[0])
    cost = best["import tinygrad_edu"] - best["import numpy"]
    print(f"\nimport tinygrad_edu costs {cost:.3f} s beyond import numpy (limit 0.1)")


if __name__ == "__main__":
    imports()
    whole_job()
