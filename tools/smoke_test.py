"""Tests the installed package, outside of the checkout that it was built from.

    python -I tools/smoke_test.py

For an environment in which the wheel was installed: `-I` keeps the checkout out of the path. Needs NumPy
alone; with the extra viz the demo writes its page as well.
"""

import importlib
import os
import pkgutil
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

import numpy as np

import models
import tinygrad_edu
from tinygrad_edu import Tensor, nn, optim, viz
from tinygrad_edu.data import load_digits, load_iris, load_wine, train_test_split, write_csv
from tinygrad_edu.training import Trainer, accuracy

CHECKOUT = Path(__file__).resolve().parents[1]
PACKAGES = (tinygrad_edu, models)


def the_wheel_has_every_file():
    for package in PACKAGES:
        (installed,) = map(Path, package.__path__)
        source = CHECKOUT / package.__name__
        assert installed != source, f"{package.__name__} is the checkout, not the wheel"
        assert files(installed) == files(source), sorted(files(installed) ^ files(source))


def files(folder):
    found = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return {str(path) for path in found if path.suffix != ".pyc"}


def every_module_can_be_imported():
    for package in PACKAGES:
        for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
            importlib.import_module(module.name)
        for name in package.__all__:
            assert getattr(package, name) is not None


def gradients_are_right():
    x = Tensor([1.0, 2.0, 3.0], requires_grad=True)
    np.sum(np.tanh(x) ** 2).backward()
    y = np.tanh(x.data)
    assert np.allclose(x.grad, 2 * y * (1 - y * y), rtol=1e-14)


def networks_learn():
    digits = load_digits()
    x = digits.x.reshape(-1, 64) / 16
    x_train, x_test, y_train, y_test = train_test_split(x, digits.y, seed=0)
    model = nn.Sequential(nn.Linear(64, 32, rng=0), nn.ReLU(), nn.Linear(32, 10, rng=1))
    adam = optim.Adam(model.parameters(), lr=0.005)
    trainer = Trainer(model, nn.cross_entropy, adam, metrics=[accuracy])
    trainer.fit(x_train, y_train, epochs=10, seed=0, progress=False)
    assert trainer.evaluate(x_test, y_test)["accuracy"] > 0.9


def classical_models_learn():
    for data in (load_iris(), load_wine()):
        x = (data.x - data.x.mean(axis=0)) / data.x.std(axis=0)
        for estimator in (models.LogisticRegression(), models.DecisionTreeClassifier()):
            assert estimator.fit(x, data.y).score(x, data.y) > 0.95


def pages_have_their_files():
    page = viz.Graph(np.tanh(Tensor(1.0, requires_grad=True, name="x"))).html()
    assert page.startswith("<!DOCTYPE html>") and "{{" not in page


def commands_run():
    assert "demo" in command("--help")
    told = command("demo", "--epochs", "3")
    assert "correct: " in told
    assert os.path.exists("demo.html") == has_pictures(), told

    digits = load_digits()
    write_csv("digits.csv", np.rint(digits.x[:300] * (255 / 16)).astype(np.uint8), digits.y[:300])
    command("train", "digits.csv", "--model", "mlp", "--epochs", "2")
    if has_pictures():
        command("show", "run", "--out", "run.html")
        assert os.path.getsize("run.html") > 10_000


def has_pictures():
    return find_spec("matplotlib") is not None


def command(*words):
    """The output of `tinygrad-edu`, run by the installed script."""
    script = os.path.join(os.path.dirname(sys.executable), "tinygrad-edu")
    run = [sys.executable, "-I", script, *words]  # -I: here too, nothing comes from the checkout
    done = subprocess.run(run, capture_output=True, text=True, encoding="utf-8")
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


CHECKS = (
    the_wheel_has_every_file,
    every_module_can_be_imported,
    gradients_are_right,
    networks_learn,
    classical_models_learn,
    pages_have_their_files,
    commands_run,
)

if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        for check in CHECKS:
            check()
            print("ok ", check.__name__.replace("_", " "))
        os.chdir(CHECKOUT)  # Windows cannot delete the current folder of a process
