"""Metrics of an epoch: averaged over its batches, or computed once on all of them."""

import functools

import numpy as np
import pytest

from tests.training.small_network import X, Y, model, trainer
from tinygrad_edu import nn, optim
from tinygrad_edu.training import Trainer, accuracy, auc, r2, recall


def share(prediction, y):
    return np.count_nonzero(prediction.argmax(axis=1) == y) / len(y)


def spread(prediction, y):
    """No mean over batches."""
    return np.ptp(prediction) + len(y)


spread.whole = True


def test_a_metric_of_the_whole_sees_all_predictions_of_an_epoch_at_once():
    network = model()
    t = Trainer(
        network, nn.cross_entropy, optim.SGD(network.parameters(), lr=0.1),
        metrics=[share, spread, accuracy],
    )  # fmt: skip
    scores = t.predict(X)
    judged = t.evaluate(X, Y, batch_size=7)
    assert list(judged) == ["loss", "share", "spread", "accuracy"]
    assert judged["spread"] == pytest.approx(np.ptp(scores) + 50, rel=1e-6)
    assert judged["share"] == judged["accuracy"] == accuracy(scores, Y)
    t.fit(X, Y, epochs=2, validation=(X, Y), batch_size=16, progress=True)
    assert t.history["val_spread"][-1] == pytest.approx(t.evaluate(X, Y)["spread"], rel=1e-6)
    assert t.history["spread"][0] > 50 and len(t.history["spread"]) == 2


def test_a_metric_of_the_whole_stays_one_when_arguments_are_filled_in():
    def scaled(prediction, y, by):
        return by * len(y)

    scaled.whole = True
    t = trainer()
    t.metrics = {"scaled": functools.partial(functools.partial(scaled), by=2)}
    assert t.evaluate(X, Y, batch_size=7)["scaled"] == 100


@pytest.mark.parametrize("whole", [False, True])
def test_a_metric_of_several_numbers_is_refused(whole):
    def both(prediction, y):
        return np.ones(2)

    both.whole = whole
    t = trainer()
    t.metrics = {"both": both}
    with pytest.raises(
        TypeError, match=r"both gives \(2,\) numbers, and training shows one(.|\n)*Try"
    ):
        t.evaluate(X, Y)


def test_what_was_seen_is_copied():
    """A loader may use the memory of its batches again."""

    class Same:
        def __init__(self):
            self.x, self.y = np.empty((10, 4), np.float32), np.empty(10, int)

        def __len__(self):
            return 5

        def __iter__(self):
            for i in range(0, 50, 10):
                self.x[...], self.y[...] = X[i : i + 10], Y[i : i + 10]
                yield self.x, self.y

    def labels(prediction, y):
        return float(y @ np.arange(50))

    labels.whole = True
    t = trainer()
    t.metrics = {"labels": labels}
    assert t.evaluate(Same())["labels"] == Y @ np.arange(50)


def test_functions_with_some_arguments_filled_in_keep_their_names():
    def scaled(prediction, y, by):
        return by * nn.cross_entropy(prediction, y)

    def above(prediction, y, limit):
        return float(np.mean(prediction > limit))

    class Between:
        def __call__(self, prediction, y):
            return 0.0

    network = model()
    t = Trainer(
        network,
        functools.partial(functools.partial(scaled), by=2),
        optim.Adam(network.parameters()),
        metrics=[functools.partial(above, limit=0.5), Between()],
    )
    assert list(t.evaluate(X, Y)) == ["loss", "above", "Between"]
    assert repr(t).startswith("Trainer(Sequential, scaled, Adam(")


@pytest.mark.parametrize(
    ("metric", "words"),
    [
        (auc, r"auc takes one score for each sample, \(n,\), not \(32, 3\)"),
        (r2, r"r2: prediction \(32, 3\) and target \(32,\) differ in shape"),
        (functools.partial(recall, average="binary"), "binary.* is of two classes, but scores"),
        (functools.partial(accuracy, threshold=0.5), r"two classes takes scores and labels \(n,\)"),
    ],
    ids=["auc", "r2", "recall", "accuracy"],
)
def test_a_metric_of_the_wrong_kind_is_refused_before_anything_is_learned(metric, words):
    """Also one that is computed on a whole epoch: nobody waits for the end of it to hear that."""
    t = trainer()
    t = Trainer(t.model, nn.cross_entropy, t.optimizer, metrics=[metric])
    before = t.model.state_dict()
    with pytest.raises(ValueError, match=words):
        t.fit(X, Y, progress=False)
    assert all(np.array_equal(before[k], v) for k, v in t.model.state_dict().items())
    assert t.optimizer.t == 0


def test_few_samples_in_the_first_batch_are_no_reason_to_refuse():
    """All labels of the first batch are 0, and it has one sample: AUC and R² of the epoch are there."""
    network = nn.Sequential(nn.Linear(4, 1, rng=0))
    y = np.sort(X[:, :1] > 0, axis=0).astype(np.float32)
    t = Trainer(network, nn.mse, optim.SGD(network.parameters(), lr=0.01), metrics=[auc, r2])
    history = t.fit(X, y, batch_size=1, shuffle=False, progress=False)
    assert 0 < history["auc"][0] < 1 and np.isfinite(history["r2"][0])
