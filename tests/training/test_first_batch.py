"""What the graph of the first loss shows."""

import functools
import warnings

import numpy as np
import pytest

from tinygrad_edu import nn, ops, optim
from tinygrad_edu.training import Trainer, accuracy

X = np.random.default_rng(0).normal(size=(64, 4)).astype(np.float32)
Y = np.arange(64) % 3


def fit(model, loss=nn.cross_entropy, **settings):
    Trainer(model, loss, optim.SGD(model.parameters(), lr=0.1)).fit(
        X, Y, progress=False, **settings
    )


class Model(nn.Module):
    """Layers are kept in what `keep` makes of a list."""

    def __init__(self, keep):
        self.inner, self.last = keep([nn.Linear(4, 4, rng=0)]), nn.Linear(4, 3, rng=1)

    def forward(self, x):
        for layer in self.inner() if callable(self.inner) else self.inner:
            x = layer(x)
        return self.last(x)


def test_layers_that_the_model_does_not_find():
    hidden = nn.Linear(4, 4, rng=0)
    for model in (
        Model(lambda layers: lambda: layers),
        Model(lambda layers: lambda: [nn.Linear(4, 4, rng=0)]),  # made anew in every forward
        nn.Sequential(lambda x: hidden(x), nn.Linear(4, 3, rng=1)),
    ):
        with pytest.warns(UserWarning, match=r"W \(4, 4\) float32 of Linear\(4, 4\)") as seen:
            fit(model)
        assert "depends on 2 parameters that are not part of the model" in str(seen[0].message)


def test_layers_that_the_model_finds_or_need_not_learn():
    hidden = nn.Linear(4, 4, rng=0).freeze()
    loss_weight = nn.Parameter(np.ones((), np.float32))
    last = nn.Linear(4, 3, rng=0)

    def loss(prediction, target):
        return nn.cross_entropy(prediction, target) * np.exp(-loss_weight) + loss_weight

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fit(Model(list))
        fit(Model(tuple))
        fit(nn.Sequential(lambda x: hidden(x), nn.Linear(4, 3, rng=1)))
        trainer = Trainer(last, loss, optim.SGD([*last.parameters(), loss_weight], lr=0.1))
        trainer.fit(X, Y, progress=False)
    assert loss_weight.item() != 1


def squared(prediction, y):
    return np.mean(np.square(prediction - y))


def test_predictions_and_targets_that_broadcast_are_warned_of_once():
    model = nn.Sequential(nn.Linear(4, 1, rng=0))
    trainer = Trainer(model, squared, optim.SGD(model.parameters()))
    with pytest.warns(
        UserWarning, match=r"predictions \(32, 1\) with targets \(32,\).*table \(32, 32\)"
    ) as caught:
        trainer.fit(X, X[:, 0], epochs=2, progress=False)
    (text,) = [str(w.message) for w in caught]
    assert "test_first_batch.py" in text and "np.mean(np.square(prediction - y))" in text
    assert "Try: prediction[:, 0], or y[:, None]" in text
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        trainer.fit(X, X[:, :1], progress=False)
        right = Trainer(model, lambda p, y: squared(p[:, 0], y), optim.SGD(model.parameters()))
        right.fit(X, X[:, 0], progress=False)


def softmax_by_hand(x):
    e = np.exp(x - np.max(x, axis=-1, keepdims=True))
    return e / np.sum(e, axis=-1, keepdims=True)


@pytest.mark.parametrize(
    "last", [softmax_by_hand, lambda x: np.clip(ops.softmax(x), 1e-7, 1), nn.Softmax()]
)
def test_probabilities_where_logits_are_taken(last):
    """Said once, in the first batch, by the loss or by the trainer."""
    model = nn.Sequential(nn.Linear(4, 3, rng=0), last)
    with pytest.warns(UserWarning, match="cross_entropy takes logits") as seen:
        fit(model, batch_size=64)
    assert len(seen) == 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fit(model, functools.partial(nn.cross_entropy, from_probabilities=True))
        fit(nn.Sequential(nn.Linear(4, 3, rng=0), nn.Sigmoid()))


def test_a_loss_that_is_a_plain_number():
    model = nn.Linear(4, 3, rng=0)
    for loss in (accuracy, lambda p, t: float(nn.cross_entropy(p, t).data)):
        with pytest.raises(TypeError, match="the loss is a float, which does not remember"):
            fit(model, loss)


def test_a_softmax_of_one_number():
    y = (Y > 0)[:, None].astype(np.float32)
    model = nn.Sequential(nn.Linear(4, 1, rng=0), nn.Softmax())
    bce = functools.partial(nn.binary_cross_entropy, from_probabilities=True)
    with pytest.warns(UserWarning, match="the softmax of one number is always 1"):
        Trainer(model, bce, optim.SGD(model.parameters(), lr=0.1)).fit(X, y, progress=False)
    with pytest.warns(UserWarning, match=r"\(32, 1\) are of one class(.|\n)*binary_cross_entropy"):
        last = nn.Linear(4, 1, rng=0)
        Trainer(last, nn.cross_entropy, optim.SGD(last.parameters(), lr=0.1)).fit(
            X, 0 * Y, progress=False
        )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = nn.Sequential(nn.Linear(4, 1, rng=0), nn.Sigmoid())
        Trainer(model, bce, optim.SGD(model.parameters(), lr=0.1)).fit(X, y, progress=False)
