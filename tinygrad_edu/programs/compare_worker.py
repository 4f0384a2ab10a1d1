"""One side of a comparison, in a process of its own, so that its memory can be measured.

    python -m tinygrad_edu.programs.compare_worker ours|keras RUN CSV TEST_CSV EPOCHS

Both sides draw the order of the pictures and their augmentation from the same seeds. The batches of an epoch
are prepared before its clock starts; then it is one call of `fit`. Each epoch is reported as a line of JSON.
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import replace
from typing import Any

import numpy as np

from tinygrad_edu.nn import Module, cross_entropy
from tinygrad_edu.optim import AdamW
from tinygrad_edu.programs.dataset import Split, read, split
from tinygrad_edu.programs.networks import augmentation, optimizer
from tinygrad_edu.programs.run import Run
from tinygrad_edu.programs.settings import Settings
from tinygrad_edu.training import Trainer, accuracy

STEPS = 10  # steps whose numbers are compared


class Ours:
    name = "tinygrad_edu"

    def __init__(self, model: Module, optimizer: AdamW, shape: tuple[int, ...], steps: int):
        self.trainer = Trainer(model, cross_entropy, optimizer, metrics=[accuracy])

    def fit(self, x: np.ndarray, y: np.ndarray, batch_size: int) -> float:
        self.trainer.fit(x, y, batch_size=batch_size, shuffle=False, progress=False)
        return self.trainer.history["loss"][-1]

    def scores(self, x: np.ndarray) -> np.ndarray:
        return self.trainer.predict(x, batch_size=256)


class Keras:
    """The same model, weights, optimizer and learning rates, trained by `keras.Model.fit`."""

    def __init__(self, model: Module, optimizer: AdamW, shape: tuple[int, ...], steps: int):
        from tinygrad_edu.twins.keras_export import import_keras, to_keras
        from tinygrad_edu.twins.training import keras_optimizer

        keras = import_keras()
        self.name = f"Keras {keras.__version__}"
        theirs = keras_optimizer(keras, optimizer)
        theirs.learning_rate = _rates(keras, [optimizer.lr(t) for t in range(steps)])  # type: ignore[operator]
        self.model = to_keras(model, shape)
        self.model.compile(
            optimizer=theirs,
            loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
            metrics=["accuracy"],
        )

    def fit(self, x: np.ndarray, y: np.ndarray, batch_size: int) -> float:
        history = self.model.fit(x, y, batch_size=batch_size, shuffle=False, verbose=0).history
        return history["loss"][-1]

    def scores(self, x: np.ndarray) -> np.ndarray:
        return self.model.predict(x, batch_size=256, verbose=0)


def _rates(keras: Any, rates: list[float]) -> Any:
    """A schedule of Keras that looks up its rates in a table."""

    class Table(keras.optimizers.schedules.LearningRateSchedule):
        def __call__(self, step: Any) -> Any:
            return keras.ops.take(keras.ops.convert_to_tensor(rates, "float32"), step)

        def get_config(self) -> dict[str, Any]:
            return {}

    return Table()


SIDES: dict[str, Any] = {"ours": Ours, "keras": Keras}


def epoch_of(sets: Split, settings: Settings, epoch: int) -> tuple[np.ndarray, np.ndarray]:
    """The training set in the order of this epoch, augmented."""
    rng = np.random.default_rng([settings.seed, 2, epoch])
    x, y = sets.train
    order = rng.permutation(len(y))
    shown = sets.standardized(x[order])
    if settings.augment:
        augment = augmentation(settings)
        for i in range(0, len(shown), settings.batch_size):
            batch = slice(i, i + settings.batch_size)
            shown[batch] = augment(shown[batch], rng)
    return shown, y[order]


def train(side: str, run: Run, sets: Split, settings: Settings) -> None:
    """Trains, and reports each epoch and the end."""
    batches = -(-len(sets.train[1]) // settings.batch_size)
    model = run.start()
    network = SIDES[side](
        model, optimizer(model, settings, batches), sets.shape, settings.epochs * batches
    )
    x_val, y_val = sets.standardized(sets.validation[0]), sets.validation[1]
    x_test, y_test = sets.standardized(sets.test[0]), sets.test[1]
    report(name=network.name)
    for epoch in range(1, settings.epochs + 1):
        x, y = epoch_of(sets, settings, epoch)
        start = time.perf_counter()
        loss = network.fit(x, y, settings.batch_size)
        seconds = time.perf_counter() - start
        del x, y
        scores = network.scores(x_val)
        val_loss, val_accuracy = cross_entropy(scores, y_val).item(), accuracy(scores, y_val)
        report(
            epoch=epoch, seconds=seconds, loss=float(loss), val_loss=val_loss, val_accuracy=val_accuracy
        )  # fmt: skip
    report(validation_accuracy=val_accuracy, predicted=[])
    if len(y_test):
        scores = network.scores(x_test)
        predicted = scores.argmax(axis=1).tolist()
        report(test_accuracy=accuracy(scores, y_test), predicted=predicted)
    report(peak=peak_memory())
    if side == "keras":
        report(arithmetic=_arithmetic(run, sets, settings))


def _arithmetic(run: Run, sets: Split, settings: Settings) -> dict[str, Any]:
    """Differences after steps in float64 without dropout, where none is expected.

    The settings are numbers that float32 holds exactly, because Keras rounds them to float32.
    """
    from tinygrad_edu.twins import compare

    model = run.start().astype(np.float64)
    x, y = epoch_of(sets, settings, 1)
    size = settings.batch_size
    starts = range(0, min(STEPS * size, len(y)), size)
    batches = [(x[i : i + size], y[i : i + size]) for i in starts]
    exact = AdamW(model.parameters(), lr=2**-9, betas=(0.875, 0.9990234375), weight_decay=2**-7)
    compared = compare(model, cross_entropy, exact, batches)
    largest = compared.max_difference()
    return {
        "steps": len(compared),
        "agree": compared.first_divergence() is None,
        **{kind: largest[kind] for kind in ("losses", "gradients", "weights")},
    }


def peak_memory() -> int | None:
    """The most bytes that this process has used, on Linux. (getrusage would include the parent's.)"""
    try:
        with open("/proc/self/status") as file:
            return next(1024 * int(line.split()[1]) for line in file if line[:6] == "VmHWM:")
    except (OSError, StopIteration):
        return None


def report(**facts: Any) -> None:
    print(json.dumps(facts), flush=True)


def main(side: str, run_path: str, csv: str, test_csv: str, epochs: str) -> None:
    try:
        run = Run(run_path)
        data = read(csv, run.settings, labeled=True)
        test = read(test_csv, run.settings, labeled=True) if test_csv else None
        sets = split(data, run.settings, test, run.classes)
        del data, test
        train(side, run, sets, replace(run.settings, epochs=int(epochs)))
    except (OSError, ValueError, ImportError, RuntimeError) as error:
        report(error=str(error))


if __name__ == "__main__":
    main(*sys.argv[1:])
