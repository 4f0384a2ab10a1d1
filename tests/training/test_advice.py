"""What is said after a training that went wrong."""

import functools

import numpy as np
import pytest

from tinygrad_edu import nn, optim
from tinygrad_edu.training import Trainer

RNG = np.random.default_rng(0)
X = RNG.normal(size=(400, 4)).astype(np.float32)
Y = (X[:, 0] > 0).astype(int) + (X[:, 1] > 0)


def printed(
    capsys,
    *,
    x=X,
    y=Y,
    loss=nn.cross_entropy,
    make=optim.SGD,
    lr=0.1,
    outputs=3,
    epochs=5,
    **settings,
):
    model = nn.Sequential(nn.Linear(4, 8, rng=0), nn.Tanh(), nn.Linear(8, outputs, rng=1))
    trainer = Trainer(model, loss, make(model.parameters(), lr=lr))
    trainer.fit(x, y, epochs=epochs, seed=0, **settings)
    return "\n".join(
        line for line in capsys.readouterr().out.splitlines() if not line.startswith("epoch ")
    )


def test_a_training_that_goes_well_is_not_commented_on(capsys):
    assert printed(capsys) == ""
    assert printed(capsys, make=optim.Adam, lr=0.01, epochs=1) == ""
    assert printed(capsys, epochs=0) == ""
    assert printed(capsys, y=X[:, :1] * 2, loss=nn.mse, outputs=1) == ""
    assert printed(capsys, y=(Y > 0)[:, None] * 1.0, loss=nn.binary_cross_entropy, outputs=1) == ""
    batches = [(X[:200], Y[:200]), (X[200:], Y[200:])]
    assert printed(capsys, x=batches, y=None) == ""


def test_a_learning_rate_that_is_much_too_large(capsys):
    text = printed(capsys, make=optim.Adam, lr=1000.0)
    assert "far above its start of 1." in text and "since epoch 1:" in text
    assert "with a learning rate of 1e+03" in text and "Adam(model.parameters(), lr=1e+01)" in text
    assert printed(capsys, make=optim.Adam, lr=1000.0, progress=False) == ""


def test_the_epoch_in_which_the_loss_began_to_grow_is_named(capsys):
    rates = optim.schedules.PiecewiseConstant([25], [0.1, 1000.0])  # 13 batches an epoch
    text = printed(capsys, lr=rates, epochs=4)
    assert "since epoch 3:" in text


def test_columns_that_are_not_scaled_and_a_loss_of_guessing(capsys):
    x = X * np.array([1, 1e4, 1e-3, 1], np.float32)
    x[:, 1] = np.abs(x[:, 1]) + 1e4
    text = printed(capsys, x=x, y=np.tile([0, 1, 2, 3], 100), outputs=4, lr=1e-5)
    assert "is that of guessing, ln 4 = 1.386: the model has learned nothing from x" in text
    assert "scale the columns of x, whose standard deviations run from 0.00" in text


def test_a_regression_that_says_the_mean(capsys):
    y = RNG.normal(size=(400, 1))
    text = printed(capsys, y=y, loss=nn.mse, outputs=1, lr=1e-7)
    assert f"is that of guessing, the variance of y = {y.var():.4g}" in text


@pytest.mark.parametrize("binary", [False, True])
def test_one_class_that_is_predicted_for_everything(capsys, binary):
    rare = (X[:, 0] > 1.9).astype(int)
    y = rare[:, None].astype(np.float32) if binary else rare
    loss = nn.binary_cross_entropy if binary else nn.cross_entropy
    text = printed(capsys, y=y, loss=loss, outputs=1 if binary else 2, epochs=4, lr=0.3)
    share = rare.mean()
    assert f"Class 0 is predicted for all of 400 samples, and never 1 ({share:.1%} of y)" in text
    assert f"an accuracy of {1 - share:.3g} is that of always saying 0" in text
    assert (
        "metrics=[recall, f1]" in text and f"class_weight={{1: {(1 - share) / share:.3g}}}" in text
    )


def test_losses_that_are_not_known_are_left_alone(capsys):
    loss = functools.partial(nn.cross_entropy, label_smoothing=0.5)
    assert "guessing" not in printed(
        capsys, y=np.tile([0, 1, 2, 3], 100), outputs=4, lr=1e-7, loss=loss
    )


def test_layers_that_start_alike_are_warned_of():
    class Pair(nn.Module):
        def __init__(self, one, other):
            self.one, self.other = one, other

        def forward(self, x):
            return self.other(self.one(x))

    model = Pair(nn.Linear(4, 4, rng=0), nn.Linear(4, 4, rng=0))
    with pytest.warns(
        UserWarning, match=r"Pair: weights are equal.*other\.W starts as one\.W"
    ) as caught:
        Trainer(model, nn.cross_entropy, optim.SGD(model.parameters()))
    assert len(caught) == 1 and "test_advice.py" in str(caught[0].message)
    shared = nn.Linear(4, 4, rng=0)
    model = Pair(shared, shared)  # one layer, and not two that are alike
    Trainer(model, nn.mse, optim.SGD(model.parameters()))


def told(capsys, model, loss=nn.mse, y=X[:, :1], **settings):
    Trainer(model, loss, optim.SGD(model.parameters(), lr=0.01)).fit(X, y, seed=0, **settings)
    return capsys.readouterr().out


@pytest.mark.parametrize(
    ("last", "y", "words"),
    [
        (nn.Sigmoid(), 100 * X[:, :1], "sigmoid, gives numbers from 0 to 1:"),
        (nn.Tanh(), 100 * X[:, :1], "tanh, gives numbers from -1 to 1:"),
        (np.tanh, 100 * X[:, :1], "tanh, gives numbers from -1 to 1:"),
        (nn.ReLU(), X[:, :1], "relu, gives numbers from 0 to inf:"),
    ],
)
def test_targets_that_the_last_activation_cannot_give(capsys, last, y, words):
    model = nn.Sequential(nn.Linear(4, 1, rng=0), last)
    text = told(capsys, model, y=y)
    assert (
        words in text
        and "of y are out of reach" in text
        and "Try: the model without its last" in text
    )
    assert "out of reach" not in told(capsys, model, y=np.clip(y, 0, 1))


def test_logits_that_are_never_negative(capsys):
    model = nn.Sequential(nn.Linear(4, 3, rng=0), nn.ReLU())
    text = told(capsys, model, nn.cross_entropy, Y)
    assert "cross_entropy takes logits of both signs, but the model ends with a relu" in text
    assert "logits" not in told(capsys, model[:1], nn.cross_entropy, Y)


def test_units_that_are_all_equal(capsys):
    model = nn.Sequential(nn.Linear(4, 8, rng=0), nn.Tanh(), nn.Linear(8, 3, rng=1))
    assert "all equal" not in told(capsys, model, nn.cross_entropy, Y)
    for parameter in model.parameters():
        parameter.data[...] = 0.5
    text = told(capsys, model, nn.cross_entropy, Y)
    assert "The 8 units of 0.W are all equal, as they started equal" in text
    assert "model.initialize(seed)" in text


def test_a_loss_with_the_wrong_sign(capsys):
    text = told(capsys, nn.Linear(4, 1, rng=0), lambda p, y: -nn.mse(p, y), epochs=40, batch_size=8)
    assert "below 0 and without end" in text and "Try: the loss with the other sign" in text


def test_linear_layers_without_an_activation(capsys):
    text = told(capsys, nn.Sequential(nn.Linear(4, 8, rng=0), nn.Linear(8, 1, rng=1)))
    assert "Layers 0 and 1, Linear(4, 8) and Linear(8, 1), have no activation in between" in text
    bottleneck = nn.Sequential(nn.Linear(4, 1, rng=0), nn.Linear(1, 4, rng=1))
    assert "no activation" not in told(capsys, bottleneck, y=X)
    assert "no activation" not in told(
        capsys, nn.Sequential(nn.Linear(4, 8, rng=0), nn.ReLU(), nn.Linear(8, 1, rng=1))
    )


def test_validation_by_the_data_of_training(capsys):
    y = X[:, :1]
    assert "are the training data" in told(capsys, nn.Linear(4, 1, rng=0), validation=(X, y))
    assert "are the training" not in told(capsys, nn.Linear(4, 1, rng=0), validation=(X[:9], y[:9]))
    assert "are the training" not in told(capsys, nn.Linear(4, 1, rng=0), validation=(X + 1, y))


def test_one_loss_that_drowns_the_other(capsys):
    class Two(nn.Module):
        def __init__(self):
            self.price, self.kind = nn.Linear(4, 1, rng=0), nn.Linear(4, 3, rng=1)

        def forward(self, x):
            return {"price": self.price(x), "kind": self.kind(x)}

    model = Two()
    losses = {"price": nn.mse, "kind": nn.cross_entropy}
    for scale, weight, drowns in ((1e4, 1.0, True), (1e4, 1e-8, False), (1.0, 1.0, False)):
        trainer = Trainer(
            model, losses, optim.SGD(model.parameters(), lr=1e-12), loss_weights={"price": weight}
        )
        trainer.fit(X, {"price": scale * X[:, :1], "kind": Y})
        assert ("The loss of price, " in capsys.readouterr().out) is drowns
