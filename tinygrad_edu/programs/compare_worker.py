"""One side of a comparison, in a process of its own, so that its memory can be told from the other's.

    python -m tinygrad_edu.programs.compare_worker ours|keras RUN CSV TEST_CSV EPOCHS

Both draw the order of the pictures and their moves from the same seeds. What an epoch is made
of is prepared before its clock starts; then it is one call of `fit`. A line of JSON tells of each epoch.
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
from tinygrad_edu.programs.dataset import Parts, parts_of, read, standardized
from tinygrad_edu.programs.run import Run
from tinygrad_edu.programs.settings import Settings, moved, optimizer
from tinygrad_edu.training import Trainer, accuracy

STEPS = 10  # that are compared number by number


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
    """The same model, weights, optimizer and rates, trained by `keras.Model.fit`."""

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
        told = self.model.fit(x, y, batch_size=batch_size, shuffle=False, verbose=0)
        return told.history["loss"][-1]

    def scores(self, x: np.ndarray) -> np.ndarray:
        return self.model.predict(x, batch_size=256, verbose=0)


def _rates(keras: Any, rates: list[float]) -> Any:
    """A schedule of Keras's that looks its rates up in a table."""

    class Table(keras.optimizers.schedules.LearningRateSchedule):
        def __call__(self, step: Any) -> Any:
            return keras.ops.take(keras.ops.convert_to_tensor(rates, "float32"), step)

        def get_config(self) -> dict[str, Any]:
            return {}

    return Table()


SIDES: dict[str, Any] = {"ours": Ours, "keras": Keras}


def epoch_of(parts: Parts, settings: Settings, epoch: int) -> tuple[np.ndarray, np.ndarray]:
    """The training part in the order of this epoch, moved about if it is to be."""
    rng = np.random.default_rng([settings.seed, 2, epoch])
    x, y = parts.training
    order = rng.permutation(len(y))
    shown = standardized(x[order], parts.mean, parts.std)
    if settings.augment:
        move = moved(settings)
        for i in range(0, len(shown), settings.batch_size):
            batch = slice(i, i + settings.batch_size)
            shown[batch] = move(shown[batch], rng)
    return shown, y[order]


def train(side: str, run: Run, parts: Parts, settings: Settings) -> None:
    """Trains and tells: of each epoch, and in the end of all."""
    batches = -(-len(parts.training[1]) // settings.batch_size)
    model = run.start()
    network = SIDES[side](
        model, optimizer(model, settings, batches), parts.shape, settings.epochs * batches
    )
    x_val, x_test = (
        standardized(x, parts.mean, parts.std) for x, _ in (parts.validation, parts.test)
    )
    tell(name=network.name)
    for epoch in range(1, settings.epochs + 1):
        x, y = epoch_of(parts, settings, epoch)
        start = time.perf_counter()
        loss = network.fit(x, y, settings.batch_size)
        seconds = time.perf_counter() - start
        del x, y
        scores = network.scores(x_val)
        tell(
            epoch=epoch,
            seconds=seconds,
            loss=float(loss),
            val_loss=cross_entropy(scores, parts.validation[1]).item(),
            val_accuracy=accuracy(scores, parts.validation[1]),
        )
    said = network.scores(x_test).argmax(axis=1) if len(x_test) else np.empty(0, int)
    tell(said=said.tolist(), peak=peak_memory())
    if side == "keras":
        tell(arithmetic=_arithmetic(run, parts, settings))


def _arithmetic(run: Run, parts: Parts, settings: Settings) -> dict[str, Any]:
    """Steps in float64 without dropout, with settings that float32 holds (to which Keras rounds them).

    What differs then is a mistake of one of the two.
    """
    from tinygrad_edu.twins import compare

    model = run.start().astype(np.float64)
    x, y = epoch_of(parts, settings, 1)
    size = settings.batch_size
    pairs = [(x[i : i + size], y[i : i + size]) for i in range(0, STEPS * size, size)]
    pairs = [(x, y) for x, y in pairs if len(y)]
    exact = AdamW(model.parameters(), lr=2**-9, betas=(0.875, 0.9990234375), weight_decay=2**-7)
    report = compare(model, cross_entropy, exact, pairs)
    kinds = ("losses", "gradients", "weights")
    return {
        "steps": len(report),
        "part": report.first_parting() is not None,
        **{kind: report.max_difference()[kind] for kind in kinds},
    }


def peak_memory() -> int | None:
    """Bytes that this process had at most, on Linux. (What getrusage tells began with the parent.)"""
    try:
        with open("/proc/self/status") as file:
            return next(1024 * int(line.split()[1]) for line in file if line[:6] == "VmHWM:")
    except (OSError, StopIteration):
        return None


def tell(**facts: Any) -> None:
    print(json.dumps(facts), flush=True)


def main(side: str, run_path: str, csv: str, test_csv: str, epochs: str) -> None:
    try:
        run = Run(run_path)
        data = read(csv, run.settings, labeled=True)
        test = read(test_csv, run.settings, labeled=True) if test_csv else None
        parts = parts_of(data, run.settings, test, run.classes)
        del data, test
        train(side, run, parts, replace(run.settings, epochs=int(epochs)))
    except (OSError, ValueError, ImportError, RuntimeError) as error:
        tell(error=str(error))


if __name__ == "__main__":
    main(*sys.argv[1:])
