"""Five networks, from a perceptron to a transformer, here and in Keras: `python -m tinygrad_edu.twins`.

Every setting that Keras rounds to float32 is exact in float32 (momentum 0.875; heads of 16 numbers, for
1/√16 = 0.25), so that float64 shows how far the two agree.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from tinygrad_edu import nn, ops, optim
from tinygrad_edu.data import DataLoader, load_digits
from tinygrad_edu.diagnostics.words import refusal
from tinygrad_edu.nn import Module
from tinygrad_edu.optim import Optimizer
from tinygrad_edu.twins.comparison import compare
from tinygrad_edu.twins.report import Report, aligned, short

BETAS = (0.875, 0.9990234375)
LETTERS = "\n +=0123456789"


def mlp() -> tuple[Module, Optimizer, np.ndarray, np.ndarray]:
    """Digits, by three layers."""
    model = nn.Sequential(
        nn.Linear(64, 64, rng=0), nn.ReLU(), nn.Linear(64, 32, rng=1), nn.Tanh(), nn.Linear(32, 10, rng=2)
    )  # fmt: skip
    x, y = load_digits()
    return model, optim.SGD(model.parameters(), 0.1, momentum=0.875), x.reshape(-1, 64) / 16, y


def cnn() -> tuple[Module, Optimizer, np.ndarray, np.ndarray]:
    """Digits as images, by two convolutions, with batch normalization and pooling."""
    model = nn.Sequential(
        nn.Conv2d(1, 8, 3, padding="same", bias=False, rng=0), nn.BatchNorm(8), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(8, 16, 3, padding="same", rng=1), nn.ReLU(), nn.GlobalAvgPool2d(), nn.Linear(16, 10, rng=2),
    )  # fmt: skip
    x, y = load_digits()
    return model, optim.Adam(model.parameters(), 0.01, betas=BETAS), x.reshape(-1, 8, 8, 1) / 16, y


def lstm() -> tuple[Module, Optimizer, np.ndarray, np.ndarray]:
    """Digits read row by row, in both directions and then in one."""
    every: Any = {"return_sequences": True}
    both = nn.Bidirectional(
        nn.LSTM(8, 16, **every, rng=0), nn.LSTM(8, 16, go_backwards=True, **every, rng=1)
    )
    model = nn.Sequential(both, nn.LSTM(32, 32, rng=2), nn.Linear(32, 10, rng=3))
    x, y = load_digits()
    return model, optim.RMSprop(model.parameters(), 0.005), x.reshape(-1, 8, 8) / 16, y


def gru() -> tuple[Module, Optimizer, np.ndarray, np.ndarray]:
    """Digits read row by row, with less machinery."""
    model = nn.Sequential(nn.GRU(8, 32, rng=0), nn.LayerNorm(32), nn.Linear(32, 10, rng=1))
    x, y = load_digits()
    return model, optim.Adamax(model.parameters(), 0.01, betas=BETAS), x.reshape(-1, 8, 8) / 16, y


def gpt() -> tuple[Module, Optimizer, np.ndarray, np.ndarray]:
    """Sums, letter by letter: two blocks that guess the next letter of "3+4=7" and the like."""
    model = nn.Sequential(
        nn.Embedding(len(LETTERS), 32, rng=0),
        nn.Positions(31, 32, rng=1),
        nn.TransformerBlock(32, 2, causal=True, activation=ops.relu, rng=2),
        nn.TransformerBlock(32, 2, causal=True, activation=ops.relu, rng=3),
        nn.LayerNorm(32),
        nn.Linear(32, len(LETTERS), rng=4),
    )
    pairs = np.random.default_rng(0).integers(0, 50, (4000, 2))
    text = "".join(f"{a}+{b}={a + b}\n" for a, b in pairs)
    letters = np.array([LETTERS.index(letter) for letter in text])
    letters = letters[: len(letters) // 32 * 32].reshape(-1, 32)
    optimizer = optim.AdamW(model.parameters(), 0.003, betas=BETAS, weight_decay=2**-8)
    return model, optimizer, letters[:, :-1], letters[:, 1:]


ARCHITECTURES: dict[str, Callable[[], tuple[Module, Optimizer, np.ndarray, np.ndarray]]] = {
    "MLP": mlp, "CNN": cnn, "LSTM": lstm, "GRU": gru, "GPT": gpt,
}  # fmt: skip


def five_architectures(
    names: Iterable[str] = ARCHITECTURES, *, steps: int = 50, batch_size: int = 32
) -> Iterator[tuple[str, Report]]:
    """(name, report) of each: `compare` in float64, with the cross-entropy.

    Raises ValueError for a name that is not in ARCHITECTURES, and what `compare` raises.
    """
    names = list(names)
    unknown = [name for name in names if name not in ARCHITECTURES]
    if unknown:
        raise refusal(
            ValueError,
            f"there is no architecture {', '.join(unknown)}.",
            ", ".join(ARCHITECTURES),
        )
    for name in names:
        model, optimizer, x, y = ARCHITECTURES[name]()
        model.astype(np.float64)
        batches = list(DataLoader(x, y, batch_size=batch_size, shuffle=True, seed=0))
        again = -(-steps // len(batches))
        yield name, compare(model, nn.cross_entropy, optimizer, (batches * again)[:steps])


# --------------------------------------------------------------------------------------- one table


def summary(reports: Mapping[str, Report]) -> str:
    """A table with a line for each report, and a conclusion.

    Differences are the largest of all steps, times those of the fastest step, and MB the growth of the
    process for that side, not counting libraries ("?" where it cannot be measured).
    """
    head = [
        "network", "layers", "parameters", "first loss", "last loss", "outputs", "gradients", "weights",
        "here", "Keras", "here", "Keras",
    ]  # fmt: skip
    first, *lines = aligned([head, *(_row(name, report) for name, report in reports.items())])
    over = "largest difference in".rjust(first.index("weights") + len("weights"))
    over += "ms a step".rjust(first.index("Keras") + len("Keras") - len(over))
    over += "MB".rjust(len(first) - len(over))
    rule = "─" * len(first)
    return "\n".join([over, first, rule, *lines, rule, _conclusion(reports)])


def _row(name: str, report: Report) -> list[str]:
    largest, took = report.max_difference(), report.milliseconds()
    parameters = sum(steps[0].size for steps in report.ours.gradients.values())
    sides = (report.ours, report.keras)
    times = [f"{took[side]:.2f}" if took else "?" for side in ("ours", "keras")]
    memory = ["?" if run.memory is None else f"{run.memory / 1e6:.0f}" for run in sides]
    return [
        name, f"{len(report.layers)}", f"{parameters:,}", f"{report.ours.losses[0]:.4f}",
        f"{report.ours.losses[-1]:.4f}", *(short(largest[k]) for k in ("outputs", "gradients", "weights")),
        *times, *memory,
    ]  # fmt: skip


def _conclusion(reports: Mapping[str, Report]) -> str:
    diverging = [name for name, report in reports.items() if report.first_divergence()]
    if diverging:
        return f"{', '.join(diverging)}: the two diverge. print(report) shows where."
    steps = sorted({len(report) for report in reports.values()})
    limit = max(report.tolerance for report in reports.values())
    return (
        f"In all {' or '.join(map(str, steps))} steps no output, loss, gradient or weight differs by more "
        f"than {limit:g}."
    )
