"""What is said of a training that cannot work: wrong arguments, losses that are not finite, cut graphs."""

import functools

import numpy as np
import pytest

from tests.training.small_network import X, Y, model, trainer
from tinygrad_edu import Tensor, nn, optim
from tinygrad_edu.training import EarlyStopping, Observe, Trainer

# ----------------------------------------------------------------------------------------- arguments


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (
            lambda m, o: Trainer(m, "cross_entropy", o),
            r"loss='cross_entropy'(.|\n)*Try: loss=nn\.cross_en",
        ),
        (
            lambda m, o: Trainer(m, nn.mse, "adam"),
            r"optimizer='adam'(.|\n)*optim\.Adam\(model\.parameters",
        ),
        (lambda m, o: Trainer(m, nn.mse, optim.Adam), "optimizer=<class"),
        (lambda m, o: Trainer(m, nn.mse, o, metrics=["accuracy"]), r"metrics=\['accuracy'\]"),
        (lambda m, o: Trainer(m, nn.mse, o, metrics="accuracy"), r"Try: metrics=\[accuracy\]"),
        (lambda m, o: Trainer(np.tanh, nn.mse, o), "model=<ufunc 'tanh'>"),
    ],
)
def test_a_trainer_of_the_wrong_things_is_refused(make, words):
    with pytest.raises(TypeError, match=words):
        make(model(), trainer().optimizer)


def test_an_optimizer_of_another_model():
    words = r"none of the 4 parameters of Adam.* is in the model, a Seq(.|\n)*Adam\(model.parameters\(\)\)"
    with pytest.raises(ValueError, match=words):
        Trainer(model(), nn.cross_entropy, trainer().optimizer)


def test_an_optimizer_that_lacks_parameters_of_the_model_is_refused_by_their_paths():
    t = trainer()
    t.model.layers[2] = nn.Linear(8, 3, rng=3)
    words = (
        r"Adam does not hold 2 of the 4 parameters that the model is to learn: 2\.W, 2\.b, but 2 that the "
        r"model does not have; they would never change(.|\n)*Adam\(model\.parameters\(\)\), made after"
    )
    with pytest.raises(ValueError, match=words):
        t.fit(X, Y, progress=False)  # replaced after the trainer was made
    with pytest.raises(ValueError, match=words):
        Trainer(t.model, nn.cross_entropy, t.optimizer)
    t.model.layers[2].freeze()
    with pytest.warns(UserWarning, match="2 of 4 parameters got no gradient in two steps"):
        t.fit(X, Y, progress=False)  # of the layer that is gone
    t.model.layers.append(nn.Linear(3, 3, rng=4))
    with pytest.raises(ValueError, match=r"2 of the 4 parameters .* learn: 3\.W, 3\.b, but 2 that"):
        t.fit(X, Y, progress=False)


@pytest.mark.parametrize("names", [("accuracy", "accuracy"), ("loss",)])
def test_metrics_of_one_name_are_refused(names):
    def named(name):
        def metric(prediction, y):
            return 0.0

        metric.__name__ = name
        return metric

    with pytest.raises(ValueError, match=f"names loss, {', '.join(names)} are not all different"):
        t = trainer()
        Trainer(t.model, nn.mse, t.optimizer, metrics=list(map(named, names)))


@pytest.mark.parametrize("callbacks", [EarlyStopping(), [EarlyStopping], "early", [print]])
def test_what_is_no_list_of_callbacks(callbacks):
    with pytest.raises(
        TypeError,
        match=r"fit\(callbacks=.*\): a list of Callbacks(.|\n)*Try: callbacks=\[EarlyStopping\(",
    ):
        trainer().fit(X, Y, callbacks=callbacks)


@pytest.mark.parametrize("path", ["fit", "evaluate"])
def test_a_loss_that_takes_no_weights_is_refused(path):
    t = trainer()

    def plain(prediction, target):
        return nn.cross_entropy(prediction, target)

    t = Trainer(t.model, functools.partial(plain), t.optimizer)
    words = "the loss plain takes no sample_weight(.|\n)*sample_weight=None"
    settings = {"progress": False} if path == "fit" else {}
    before = t.model.state_dict()
    with pytest.raises(TypeError, match=words) as error:
        getattr(t, path)(X, Y, sample_weight=np.ones(50), **settings)
    assert "test_diagnosis.py" in str(error.value)
    with pytest.raises(TypeError, match=words):
        getattr(t, path)([(X, Y, np.ones(50))], **settings)
    assert all(np.array_equal(before[k], v) for k, v in t.model.state_dict().items())


def test_a_plateau_that_is_told_nothing_is_warned_of():
    plateau = optim.schedules.ReduceOnPlateau(0.1)
    for lr in (plateau, optim.schedules.Warmup(plateau, 2)):
        m = model()
        t = Trainer(m, nn.cross_entropy, optim.SGD(m.parameters(), lr=lr))
        words = r"the lr of SGD, was told nothing in epoch 1(.|\n)*test_diagnosis(.|\n)*Observe\(plateau"
        with pytest.warns(UserWarning, match=words):
            t.fit(X, Y, epochs=3, progress=False)
    t.fit(X, Y, epochs=1, callbacks=[Observe(plateau, "loss")], progress=False)


def test_what_can_be_walked_through_only_once_is_told_so():
    class Once:
        def __init__(self):
            self.batches = iter([(X, Y)])

        def __len__(self):
            return 1

        def __iter__(self):
            return self.batches

    with pytest.raises(
        ValueError, match=r"epoch 2: the Once gave no batch(.|\n)*Try: list\(\.\.\.\)"
    ):
        trainer().fit(Once(), epochs=2, progress=False)


# ---------------------------------------------------------------------------------- a step that fails


def not_finite(t, x, y, words):
    """Training stops with these words, and what the batch would have taught has not been learned."""
    with pytest.raises(FloatingPointError, match=words) as error:
        t.fit(x, y, shuffle=False, progress=False)
    return str(error.value)


def test_nan_in_the_data_is_found_before_it_reaches_the_weights():
    x = X.copy()
    x[3, 1] = np.nan
    t = trainer()
    before = t.model.state_dict()
    words = r"batch 1 of epoch 1: the loss is nan.*x has 1 numbers.*1 of 50 rows, the first in row 3, col"
    text = not_finite(t, x, Y, words)
    assert "drop those rows" in text and "test_diagnosis.py" in text
    assert all(np.array_equal(before[k], v) for k, v in t.model.state_dict().items())
    t.fit(X, Y, progress=False)  # and so the same model can go on with clean data


def test_weights_that_are_not_finite_are_told_apart_from_data():
    t = trainer()
    t.model[2].W.data[0, 0] = np.inf
    with np.errstate(invalid="ignore"):
        assert "from new weights" in not_finite(t, X, Y, "the weights 2.W are not finite any more")


def test_overflow_is_told_apart_too():
    network = nn.Sequential(nn.Linear(4, 1, rng=0))
    t = Trainer(network, nn.mse, optim.Adam(network.parameters(), lr=0.05))
    with np.errstate(over="ignore"):
        text = not_finite(t, X, np.full((50, 1), 1e30), "the data and the weights are finite")
    assert "but mse makes too large numbers of its output" in text and "with debug()" in text


class Exp(nn.Module):
    def forward(self, x):
        return np.exp(x)


def test_the_first_layer_that_makes_too_large_numbers_is_named():
    inner = nn.Sequential(nn.Linear(4, 8, rng=0), Exp(), nn.Linear(8, 3, rng=1))
    t = trainer(nn.Sequential(nn.Dropout(0.1, rng=0), inner, nn.Tanh()))
    heard = []
    t.model[2].hooks = (lambda *_: heard.append(1),)
    with np.errstate(over="ignore", invalid="ignore"):
        words = r"finite, but layer 1\.1, Exp\(\), gives \d+ of 256 numbers that are not\."
        before = t.model.state_dict()
        not_finite(t, 1000 * X, Y, words)
    assert all(np.array_equal(before[k], v) for k, v in t.model.state_dict().items())
    assert len(heard) == 1 and len(t.model[2].hooks) == 1  # the second look is ours alone
    drawn = np.random.default_rng(0)
    drawn.random((32, 4), dtype=np.float32)
    assert t.model[0].rng.bit_generator.state == drawn.bit_generator.state


@pytest.mark.parametrize(
    ("x", "y", "error"),
    [
        (X, Y, FloatingPointError),  # e to the 1000 is no finite loss
        (X, Y + 1, ValueError),  # labels out of range: found after the forward pass
    ],
    ids=["loss", "labels"],
)
def test_moving_means_are_as_they_were_when_a_batch_is_refused(x, y, error):
    network = nn.Sequential(nn.BatchNorm(4), Exp(), nn.Linear(4, 3, rng=0))
    network[0].gamma.data[...] = 1000 if error is FloatingPointError else 1
    t = trainer(network)
    before = network.state_dict()
    with np.errstate(over="ignore", invalid="ignore"), pytest.raises(error):
        t.fit(x, y, progress=False)
    assert all(np.array_equal(before[k], v) for k, v in network.state_dict().items())
    assert "0.moving_mean" in before


class Cut(nn.Module):
    def forward(self, x):
        return np.tanh(x).data


def test_where_the_graph_was_cut():
    network = nn.Sequential(nn.Linear(4, 8, rng=0), nn.Sequential(Cut()), nn.Linear(8, 3, rng=1))
    network[2].freeze()
    t = trainer(network)
    words = r"depends on no parameter of the model: the model, Sequential, gives a ndarray"
    with pytest.raises(RuntimeError, match=words.replace("ndarray", "Tensor")):
        t.fit(X, Y, progress=False)

    class Model(nn.Module):
        def __init__(self):
            self.first, self.last = nn.Linear(4, 3, rng=0), nn.Linear(3, 3, rng=1)

        def forward(self, x):
            return np.asarray(self.last(self.first(x)).data)

    with pytest.raises(RuntimeError, match=r"the model, Model, gives a ndarray(.|\n)*argmax"):
        trainer(Model()).fit(X, Y, progress=False)
    t = trainer()
    t.loss = lambda p, y: Tensor(np.mean((p.data - y[:, None]) ** 2))
    with pytest.raises(RuntimeError, match="the loss <lambda> gives a number that does not"):
        t.fit(X, Y, progress=False)
    t.model.freeze()
    with pytest.raises(
        RuntimeError, match=r"every parameter of the model is frozen(.|\n)*unfreeze"
    ):
        t.fit(X, Y, progress=False)


def test_a_loss_of_several_numbers_is_refused_with_its_shape():
    t = trainer()
    t = Trainer(t.model, lambda p, y: p**2, t.optimizer)
    with pytest.raises(ValueError, match=r"the loss has the shape \(\d+, 3\)[^~]*np.mean"):
        t.fit(X, Y, progress=False)
