"""What fit and evaluate take: arrays, loaders, data sets, weights, a part for validation; and refuse."""

import functools
import warnings

import numpy as np
import pytest

from tests.training.small_network import X, Y, trainer
from tinygrad_edu import data, nn, optim
from tinygrad_edu.data.streams import ExampleLoader
from tinygrad_edu.tensor import value
from tinygrad_edu.training import Trainer
from tinygrad_edu.training.batches import split_off, weights_of


def test_a_loader_can_be_given_instead_of_arrays():
    loader = data.DataLoader(X, Y, batch_size=16, shuffle=True, seed=3)
    a = trainer().fit(loader, epochs=2, progress=False)["loss"]
    assert a == trainer().fit(X, Y, epochs=2, batch_size=16, seed=3, progress=False)["loss"]


def test_any_sized_iterable_of_batches_and_a_data_set_can_be_given():
    class Samples:
        def __len__(self):
            return len(X)

        def __getitem__(self, i):
            return X[i], Y[i]

    rows = [slice(i, i + 16) for i in range(0, 50, 16)]
    wanted = trainer().fit(X, Y, epochs=2, batch_size=16, shuffle=False, progress=False)["loss"]
    for batches in (
        [(X[r], Y[r]) for r in rows],
        [[X[r], Y[r]] for r in rows],
        ExampleLoader(Samples(), batch_size=16),
    ):
        assert trainer().fit(batches, epochs=2, progress=False)["loss"] == wanted
    assert trainer().evaluate(Samples(), batch_size=16) == trainer().evaluate(X, Y, batch_size=16)
    t = trainer()
    t.fit(Samples(), epochs=2, batch_size=16, shuffle=False, validation=Samples(), progress=False)
    assert t.history["loss"] == wanted
    assert t.history["val_loss"][-1] == t.evaluate(X, Y)["loss"]


class Sum(nn.Module):
    def __init__(self):
        self.first, self.second = nn.Linear(2, 3, rng=0), nn.Linear(2, 3, rng=1)

    def forward(self, a, b):
        return self.first(a) + self.second(b)


def test_models_with_several_inputs_take_tuples_and_dicts():
    histories, predictions = [], []
    for x in ((X[:, :2], X[:, 2:]), {"b": X[:, 2:], "a": X[:, :2]}):
        t = trainer(Sum())
        t.fit(x, Y, epochs=2, batch_size=16, seed=3, validation_split=0.2, progress=False)
        assert t.evaluate(x, Y).keys() == {"loss", "accuracy"}
        histories.append(t.history.history)
        predictions.append(t.predict(x, batch_size=7))
    assert histories[0] == histories[1]
    np.testing.assert_array_equal(*predictions)

    concatenated = nn.Sequential(nn.Linear(4, 3, rng=0))
    concatenated[0].W.data[...] = np.vstack([Sum().first.W.data, Sum().second.W.data])
    one = trainer(concatenated).fit(X, Y, epochs=1, batch_size=16, seed=3, progress=False)
    several = trainer(Sum()).fit((X[:, :2], X[:, 2:]), Y, batch_size=16, seed=3, progress=False)
    # the two biases of Sum move together, so only the first batch is the same to rounding
    assert several["loss"][0] == pytest.approx(one["loss"][0], rel=0.05)


# ------------------------------------------------------------------------------------------- weights


def weighted(prediction, target, sample_weight=None):
    """The mean of weight * (prediction - target)²."""
    squares = np.square(prediction[:, 0] - target)
    return np.mean(squares if sample_weight is None else squares * sample_weight)


def regression(loss=weighted, **settings):
    network = nn.Sequential(nn.Linear(4, 1, rng=0))
    return Trainer(network, loss, optim.SGD(network.parameters(), lr=0.1), **settings)


WEIGHTS = np.random.default_rng(5).uniform(0, 2, 50)


def one_step(target=Y, **settings):
    """The weights after one step on all of the data."""
    t = regression()
    t.fit(X, target, batch_size=50, shuffle=False, progress=False, **settings)
    return t.model[0].W.data


def test_weights_of_samples_are_those_of_the_textbook():
    t = regression()
    W, b = t.model[0].W.data.astype(float), t.model[0].b.data.astype(float)
    error = X @ W[:, 0] + b - Y
    step = 0.1 * 2 * X.T @ (WEIGHTS * error) / 50
    np.testing.assert_allclose(one_step(sample_weight=WEIGHTS)[:, 0], W[:, 0] - step, rtol=1e-5)
    assert t.evaluate(X, Y, sample_weight=WEIGHTS)["loss"] == pytest.approx(
        np.mean(WEIGHTS * error**2), rel=1e-6
    )


def test_weights_of_classes_are_weights_of_their_samples():
    by_class = np.array([2.0, 1.0, 0.25])
    wanted = one_step(sample_weight=by_class[Y])
    for target, weights in (
        (Y, by_class),
        (Y, {0: 2, 2: 0.25}),  # others have 1
        (Y.astype(np.float32), {np.int64(0): 2, 1: 1.0, 2: 0.25}),
        (Y, by_class.tolist()),
    ):
        np.testing.assert_allclose(one_step(target, class_weight=weights), wanted, rtol=1e-6)
    both = one_step(sample_weight=WEIGHTS, class_weight=by_class)
    np.testing.assert_allclose(both, one_step(sample_weight=WEIGHTS * by_class[Y]), rtol=1e-6)


def test_weights_of_classes_know_one_hot_labels_and_columns():
    seen = []

    def loss(prediction, target, sample_weight=None):
        seen.append(sample_weight)
        return np.mean(prediction)

    for target in (Y, Y[:, None], np.eye(3)[Y]):
        regression(loss).fit(
            X, target, class_weight=[1, 2, 3], batch_size=50, shuffle=False, progress=False
        )
    for weights in seen:
        np.testing.assert_array_equal(weights, np.array([1, 2, 3])[Y])
        assert weights.dtype == np.float32  # the model's, so that the loss stays in its precision


def test_a_loader_may_give_weights_as_its_third():
    wanted = one_step(sample_weight=WEIGHTS.astype(np.float32))
    t = regression()
    loader = data.DataLoader(X, Y, WEIGHTS.astype(np.float32), batch_size=50)
    t.fit(loader, progress=False)
    np.testing.assert_array_equal(t.model[0].W.data, wanted)
    t = regression()
    t.fit([(X, Y, WEIGHTS.astype(np.float32))], progress=False)
    np.testing.assert_array_equal(t.model[0].W.data, wanted)
    judged = regression().evaluate(loader)
    assert judged == regression().evaluate(X, Y, sample_weight=WEIGHTS)


def test_validation_may_have_weights():
    t = regression()
    t.fit(X, Y, validation=(X, Y, WEIGHTS), progress=False)
    judged = t.evaluate(X, Y, sample_weight=WEIGHTS.astype(np.float32))
    assert t.history["val_loss"][-1] == pytest.approx(judged["loss"], rel=1e-6)


def test_a_loss_that_takes_anything_gets_weights():
    t = regression(lambda prediction, target, **settings: weighted(prediction, target, **settings))
    t.fit(X, Y, sample_weight=WEIGHTS, batch_size=50, shuffle=False, progress=False)
    np.testing.assert_array_equal(t.model[0].W.data, one_step(sample_weight=WEIGHTS))


def test_validation_split_puts_the_last_part_aside_before_shuffling():
    a, b = trainer(), trainer()
    a.fit(X, Y, epochs=2, seed=1, validation_split=0.3, progress=False)
    b.fit(X[:35], Y[:35], epochs=2, seed=1, validation=(X[35:], Y[35:]), progress=False)
    assert a.history.history == b.history.history and a.run.loader.rows == 35


# ------------------------------------------------------------------------------------------ refusals


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda t: t.fit(X, Y, epochs=-1), r"fit\(epochs=-1\): a whole number"),
        (lambda t: t.fit(X, Y, epochs=1.5), r"fit\(epochs=1\.5\)"),
        (
            lambda t: t.fit(X, Y, validation=X),
            r"wants a pair, not ndarray(.|\n)*validation=\(x_val, y_val\)",
        ),
        (lambda t: t.fit(X), "y is missing"),
        (lambda t: t.fit(data.DataLoader(X, Y), Y), "a DataLoader has its own targets"),
        (lambda t: t.fit(X, Y[:-1]), "50.*49"),
        (lambda t: t.fit(X[:0], Y[:0]), "empty|no row|0 rows"),
        (lambda t: t.fit(X, Y + 1), "labels run from 1 to 3|labels run from .* to 3"),
        (lambda t: t.fit([1.0, 2.0]), "a batch is a tuple \\(x, y\\) or .*, not a 1.0"),
        (lambda t: t.fit([(X,)]), "a batch is a tuple .*, not a tuple of 1(.|\\n)*DataLoader"),
        (lambda t: t.fit([]), r"\[\] has no batches: it is empty"),
        (lambda t: t.fit([(X, Y[:-1])]), r"shapes \(50, 4\) and \(49,\) differs in its rows"),
        (lambda t: t.fit([(X[:0], Y[:0])]), r"shapes \(0, 4\) and \(0,\) has no rows"),
        (
            lambda t: t.fit([(X[0], Y[0])]),
            r"\(4,\) and \(\) has no rows(.|\n)*if these are samples",
        ),
        (lambda t: t.fit(b for b in [(X, Y)]), "a generator does not say how many batches"),
        (
            lambda t: t.fit(data.load_iris()),
            r"a Dataset does not say.*(.|\n)*\(\*load_digits\(\)\)",
        ),
        (lambda t: t.fit([(X, Y)], sample_weight=WEIGHTS), "but a loader was given"),
        (lambda t: t.fit([(X, Y)], class_weight={0: 1}), "but a loader was given"),
        (
            lambda t: t.fit([(X, Y)], validation_split=0.5),
            r"a loader was given.*(.|\n)*validation=",
        ),
        (
            lambda t: t.fit(data.DataLoader(X)),
            r"gives 1 arrays, not x and y(.|\n)*DataLoader\(x, y\)",
        ),
        (lambda t: t.fit(iter([]), Y), "a list_iterator has its own targets"),
        (lambda t: t.fit((X, X[:-1]), Y), "50.*49"),
        (
            lambda t: t.fit((X, X[:-1]), Y, validation_split=0.5),
            r"x\[1\] has 49 rows, but y has 50",
        ),
        (
            lambda t: t.fit({"a": X[:9]}, Y, validation_split=0.5),
            r"x\['a'\] has 9 rows, but y has 50",
        ),
        (lambda t: t.fit(X, Y, validation=(X, Y[:-1])), "50.*49"),
        (
            lambda t: t.fit(X, Y, validation=(X, Y), validation_split=0.5),
            "validation and validation_",
        ),
        (
            lambda t: t.fit(X, Y, validation_split=1.0),
            r"validation_split=1\.0 of 50 .*(.|\n)*as 0\.1",
        ),
        (lambda t: t.fit(X, Y, validation_split=0.99), "leaves none on one side"),
        (lambda t: t.fit(X, Y, validation_split="a"), "leaves none on one side"),
        (
            lambda t: t.fit(X, Y, sample_weight=WEIGHTS[1:]),
            r"shape \(49,\), but there are 50 samples",
        ),
        (
            lambda t: t.fit(X, Y, sample_weight=-WEIGHTS),
            "none below 0 and not all 0; these run from -",
        ),
        (lambda t: t.fit(X, Y, sample_weight=0 * WEIGHTS), "not all 0; these run from 0.0 to 0.0"),
        (lambda t: t.fit(X, Y, sample_weight=WEIGHTS * np.nan), "these run from nan"),
        (lambda t: t.fit(X, Y, class_weight=[1, 2]), r"\(2,\), but the labels run from 0 to 2"),
        (
            lambda t: t.fit(X, Y, class_weight={"0": 5}),
            r"'0' is not the number of a class(.|\n)*0: 1",
        ),
        (lambda t: t.fit(X, Y + 0.5, class_weight=[1]), r"not with y \(50,\) float64"),
        (lambda t: t.fit(X, np.ones((50, 2, 2)), class_weight=[1]), r"not with y \(50, 2, 2\)"),
    ],
)
def test_bad_input_is_refused_before_anything_changes(call, words):
    t = trainer()
    before = t.model.state_dict()
    with pytest.raises(ValueError, match=words):
        call(t)
    assert all(np.array_equal(before[k], v) for k, v in t.model.state_dict().items())
    assert len(t.history) == 0


# -------------------------------------------------------------------------- the size of batches is no matter


IGNORING = functools.partial(nn.cross_entropy, ignore_index=-1)


@pytest.mark.parametrize(
    ("loss", "y", "weight"),
    [
        (nn.cross_entropy, Y, None),
        (nn.cross_entropy, Y, WEIGHTS),
        (IGNORING, np.where(np.arange(50) < 20, -1, Y), None),
        (IGNORING, np.where(np.arange(50) % 3 > 0, -1, Y), WEIGHTS),
        (functools.partial(nn.cross_entropy, reduction="mean_with_sample_weight"), Y, WEIGHTS),
        (lambda p, t: 2 * IGNORING(p, t), np.where(np.arange(50) < 20, -1, Y), None),
    ],
)
def test_evaluation_does_not_depend_on_the_size_of_batches(loss, y, weight):
    t = trainer()
    t = Trainer(t.model.astype(np.float64), loss, optim.SGD(t.model.parameters()))
    x = X.astype(np.float64)
    settings = {} if weight is None else {"sample_weight": weight}
    whole = loss(t.predict(x), y, **settings)
    for size in (1, 7, 20, 50):
        judged = t.evaluate(x, y, batch_size=size, **settings)
        assert judged["loss"] == pytest.approx(float(value(whole)), rel=1e-6)


def test_training_losses_are_means_over_what_counts():
    y = np.where(np.arange(50) < 20, -1, Y)
    seen = []
    for size in (10, 50):
        m = trainer().model
        t = Trainer(m, IGNORING, optim.SGD(m.parameters(), lr=1e-9))
        seen.append(t.fit(X, y, batch_size=size, shuffle=False, progress=False)["loss"][0])
    assert seen[0] == pytest.approx(seen[1], rel=1e-5)


# ------------------------------------------------------------------------------------------ ordered classes


@pytest.mark.parametrize("y", [np.repeat([0, 1, 2], 20), np.eye(3)[np.repeat([0, 1, 2], 20)],
                               np.repeat([0.0, 1.0], 30), np.repeat([3, 5, 8], 20)[:, None]])  # fmt: skip
def test_a_split_of_ordered_classes_is_warned_of(y):
    x = np.zeros((60, 4), np.float32)
    words = (
        r"validation_split=0\.25\): the last part .* so the (training|validation) data has no y = "
    )
    with pytest.warns(UserWarning, match=words) as caught:
        split_off(x, y, None, 0.25)
    text = str(caught[0].message)
    assert (
        "test_batches.py" in text
        and "train_test_split(x, y, test=0.25)" in text
        and len(caught) == 1
    )


@pytest.mark.parametrize("y", [np.tile([0, 1, 2], 20), np.eye(3)[np.tile([0, 1, 2], 20)],
                               np.r_[np.tile([0, 1], 29), 2, 2], np.linspace(0, 1, 60),
                               np.arange(60), np.linspace(0, 1, 60)[:, None] * np.ones(3)])  # fmt: skip
def test_other_splits_are_not_warned_of(y):
    split_off(np.zeros((60, 4)), y, None, 0.25)


def test_the_class_that_is_missing_is_named():
    y = np.repeat([0, 1, 2], [20, 20, 30])
    with pytest.warns(UserWarning, match="the validation data has no y = 0, 1: "):
        split_off(np.zeros((70, 1)), y, None, 0.25)
    with pytest.warns(UserWarning, match="the training data has no y = 7: "):
        split_off(np.zeros((40, 1)), np.repeat([4, 7], [20, 20]), None, 0.5)


def test_samples_and_labels_that_are_swapped_are_warned_of_before_the_model_refuses_them():
    with (
        pytest.warns(
            UserWarning,
            match=r"x \(50,\) int64 and y \(50, 4\) float32 look swapped(.|\n)*Try: fit\(y, x\)",
        ),
        pytest.raises(ValueError, match=r"\(32,\)|\(50,\)"),
    ):
        trainer().fit(Y, X, progress=False)


def test_class_weights_in_a_word_are_refused_with_the_numbers_that_are_meant():
    y = np.array([0, 0, 0, 1])
    with pytest.raises(
        ValueError, match=r"class_weight='balanced'[^~]*n.sum\(\) / \(len\(n\) \* n\)"
    ):
        weights_of(y, None, "balanced", np.float32)
    n = np.bincount(y)
    assert np.allclose(
        weights_of(y, None, n.sum() / (len(n) * n), np.float64), [2 / 3, 2 / 3, 2 / 3, 2]
    )


def shown(call, *args, **settings):
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        call(*args, progress=False, **settings)
    return [str(w.message) for w in seen]


def small_trainer(*before):
    model = nn.Sequential(*before, nn.Linear(4, 3, rng=0))
    return Trainer(model, nn.cross_entropy, optim.SGD(model.parameters(), lr=0.01))


def test_classes_in_order_that_are_not_shuffled():
    x, y = np.zeros((60, 4), np.float32), np.repeat([0, 1, 2], 20)
    (text,) = shown(small_trainer().fit, x, y, shuffle=False, batch_size=10)
    assert (
        "in the order of their 3 classes, and are not shuffled" in text and "shuffle=True" in text
    )
    (text,) = shown(small_trainer().fit, data.DataLoader(x, y, batch_size=10))
    assert "most batches of 10 hold one class alone" in text and "test_batches.py" in text
    assert not shown(small_trainer().fit, x, y, batch_size=10)
    assert not shown(
        small_trainer().fit, x, y[::7][np.arange(60) % 9], shuffle=False, batch_size=10
    )
    assert not shown(small_trainer().fit, x, y, shuffle=False, batch_size=30)  # two classes in each
    assert not shown(small_trainer().fit, x, np.zeros(60, int), shuffle=False, batch_size=10)


def test_images_that_are_scaled_in_training_alone():
    images = np.random.default_rng(0).integers(0, 256, (60, 2, 2), np.uint8)
    scaled, y = (images / 255).astype(np.float32), np.arange(60) % 3
    trainer = small_trainer(nn.Flatten())
    (text,) = shown(trainer.fit, scaled, y, validation=(images, y))
    assert "x (60, 2, 2) uint8 runs from" in text and "Try: x / 255" in text
    for judge in (lambda **_: trainer.predict(images), lambda **_: trainer.evaluate(images, y)):
        (text,) = shown(judge)
        assert "training had numbers up to 1" in text and "test_batches.py" in text
    assert not shown(lambda **_: trainer.predict(scaled))
    trainer = small_trainer(nn.Flatten())
    assert not shown(trainer.fit, images.astype(np.float32), y, validation=(images, y))
    assert not shown(lambda **_: trainer.predict(images))


def test_settings_that_change_nothing():
    x, y = np.zeros((60, 4), np.float32), np.arange(60) % 3
    (text,) = shown(small_trainer().fit, data.DataLoader(x, y), batch_size=8)
    assert "fit(batch_size=8) goes with arrays" in text and "DataLoader(x, y, batch_size=8)" in text
    (text,) = shown(small_trainer().fit, x, y, class_weight={3: 2.0, 4: 5.0})
    assert "a weight for 3, 4, but y has no such class" in text


def test_weights_of_classes_that_y_does_not_have_are_warned_of():
    with pytest.warns(
        UserWarning, match="a weight for 7, but y has no such class; its classes are 0, 1, 2"
    ):
        trainer().fit(X, Y, class_weight={0: 2, 7: 3}, progress=False)


def test_inputs_that_the_model_does_not_take():
    x, y = np.zeros((60, 4), np.float32), np.arange(60) % 3
    model = nn.Linear(4, 3, rng=0)
    t = Trainer(model, nn.cross_entropy, optim.SGD(model.parameters(), lr=0.01))
    with pytest.raises(
        TypeError, match=r"x is 2 arrays, but Linear.forward\(x(.|\n)*Try: x, one array"
    ):
        t.fit((x, x), y)
    with pytest.raises(TypeError, match=r"x is a dict of 'image', but Linear.forward"):
        t.fit({"image": x}, y)

    class Wrong(nn.Module):
        def forward(self, x):
            return x + "1"

    with pytest.raises(TypeError) as error:
        Trainer(Wrong(), nn.mse, optim.SGD(model.parameters(), lr=0.01)).predict(x)
    assert "forward" not in str(error.value)
