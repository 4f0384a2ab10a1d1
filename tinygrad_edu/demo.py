"""A network learns to read handwritten digits: the first program to read, and to change.

    python -m tinygrad_edu demo

Data, model, training, evaluation, pictures: every machine-learning program has these five parts.
"""

from __future__ import annotations

import time

import numpy as np

from tinygrad_edu import nn
from tinygrad_edu.data import load_digits, train_validation_test_split
from tinygrad_edu.optim import Adam
from tinygrad_edu.training import Trainer, accuracy


def run(page: str | None = "demo.html", *, seed: int = 0, epochs: int = 30) -> float:
    """Trains, prints, writes the page (unless it is None), and returns the test accuracy."""
    # Data. Each image of 8 x 8 pixels, from 0 (paper) to 16 (ink), becomes a row of 64 numbers. The
    # network learns from the training set. The validation set shows how it does on other images while
    # somebody may still change the program; the test set is used once, at the end.
    digits = load_digits()
    x = digits.x.reshape(len(digits.x), 64) / 16
    x_train, x_val, x_test, y_train, y_val, y_test = train_validation_test_split(
        x, digits.y, validation=0.1, test=0.2, seed=seed
    )

    # Model. Two layers; the second has ten outputs, and the largest of them is the prediction.
    rng = np.random.default_rng(seed)
    model = nn.Sequential(
        nn.Linear(64, 64, rng=rng),
        nn.ReLU(),
        nn.Linear(64, 10, rng=rng),
    )
    print(f"\nA network that reads digits\n\n{model.summary((64,))}\n")

    # Training. Each epoch also prints loss and accuracy on the validation set.
    trainer = Trainer(
        model, nn.cross_entropy, Adam(model.parameters(), lr=0.005), metrics=[accuracy]
    )
    start = time.perf_counter()
    trainer.fit(
        x_train, y_train, epochs=epochs, batch_size=32, seed=seed, validation=(x_val, y_val)
    )
    seconds = time.perf_counter() - start

    # Evaluation.
    predicted = trainer.predict(x_test).argmax(axis=1)
    correct, total = int((predicted == y_test).sum()), len(y_test)
    print(f"\nTest images: {correct} of {total} correct: {100 * correct / total:.1f} %")

    # Pictures.
    if page is not None:
        draw(page, trainer, x_test, y_test, len(x_train), seconds)
    return correct / total


def draw(
    page: str, trainer: Trainer, x: np.ndarray, y: np.ndarray, trained: int, seconds: float
) -> None:
    """Writes the page, or prints what must be installed for it."""
    from tinygrad_edu.viz.report_page import write_page  # not before: training needs no pictures

    try:
        hint = write_page(page, trainer, x, y, trained=trained, seconds=seconds)
    except ImportError as missing:
        print(f"No page about it. {missing}")
    else:
        print(f"The page about it: {page}")
        if hint:
            print(hint)
