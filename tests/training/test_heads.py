"""Models with several outputs: losses, metrics and weights for each, beside Keras, and refusals."""

import functools

import numpy as np
import pytest

from tinygrad_edu import nn, optim
from tinygrad_edu.training import Checkpoint, Trainer, accuracy, mae, r2
from tinygrad_edu.twins.keras_export import floatx

RNG = np.random.default_rng(0)
X = RNG.normal(size=(50, 4))
PRICE = X[:, :1] * 2 + X[:, 1:2]
KIND = (X[:, 0] > 0).astype(int) + (X[:, 1] > 0)
LOSSES = {"price": nn.mse, "kind": nn.cross_entropy}
WEIGHTS = {"price": 0.3, "kind": 2.0}
METRICS = {"price": [mae], "kind": [accuracy]}


class TwoHeads(nn.Module):
    def __init__(self, form=dict):
        self.hidden = nn.Linear(4, 6, rng=0, dtype=np.float64)
        self.price = nn.Linear(6, 1, rng=1, dtype=np.float64)
        self.kind = nn.Linear(6, 3, rng=2, dtype=np.float64)
        self.form = form

    def forward(self, x):
        h = np.tanh(self.hidden(x))
        outputs = {"price": self.price(h), "kind": self.kind(h)}
        return outputs if self.form is dict else self.form(outputs.values())


def formed(form, parts):
    return parts if form is dict else form(parts.values())


def trainer(form=dict, **settings):
    model = TwoHeads(form)
    settings = {"metrics": METRICS, "loss_weights": WEIGHTS} | settings
    settings = {name: formed(form, part) for name, part in settings.items()}
    optimizer = optim.SGD(model.parameters(), lr=0.125)
    return Trainer(model, formed(form, LOSSES), optimizer, **settings)


def numbers(trained):
    return {name: trained.history[name] for name in trained.history.names}


def targets(form=dict, rows=slice(None)):
    return formed(form, {"price": PRICE[rows], "kind": KIND[rows]})


def test_the_loss_is_the_weighted_sum_of_the_losses_of_outputs():
    t = trainer()
    y = t.model(X)
    judged = t.evaluate(X, targets(), batch_size=10)
    price, kind = nn.mse(y["price"], PRICE).item(), nn.cross_entropy(y["kind"], KIND).item()
    assert list(judged) == [
        "loss", "price_loss", "kind_loss", "price_mae", "kind_accuracy"
    ]  # fmt: skip
    wanted = [
        0.3 * price + 2 * kind,
        price,
        kind,
        mae(y["price"], PRICE),
        accuracy(y["kind"], KIND),
    ]
    np.testing.assert_allclose(list(judged.values()), wanted, rtol=1e-12)


@pytest.mark.parametrize("form", [tuple, list])
def test_tuples_do_as_dicts_do_under_numbers(form):
    by_name, by_place = trainer(), trainer(form)
    settings = {"epochs": 2, "seed": 1, "batch_size": 8, "validation_split": 0.2, "progress": False}
    by_name.fit(X, targets(), **settings)
    by_place.fit(X, targets(tuple), **settings)
    places = {"price": "output_0", "kind": "output_1"}
    for name, values in numbers(by_name).items():
        for word, number in places.items():
            name = name.replace(word, number)
        assert by_place.history[name] == values
    prediction = by_place.predict(X, batch_size=7)
    assert isinstance(prediction, tuple)
    np.testing.assert_array_equal(prediction[1], by_name.predict(X, batch_size=7)["kind"])


def test_one_function_of_all_outputs_is_a_loss_too():
    def loss(prediction, target):
        return 0.3 * nn.mse(prediction["price"], target["price"]) + 2 * nn.cross_entropy(
            prediction["kind"], target["kind"]
        )

    t, one = trainer(), TwoHeads()
    one = Trainer(one, loss, optim.SGD(one.parameters(), lr=0.125))
    for each in (t, one):
        each.fit(X, targets(), epochs=2, seed=0, progress=False)
    np.testing.assert_allclose(one.history["loss"], t.history["loss"], rtol=1e-12)


def test_a_penalty_is_added_once():
    t, plain = trainer(), trainer()
    t.model.hidden.W.regularizer = lambda w: 0.5 * (w * w).sum()
    penalty = 0.5 * np.sum(t.model.hidden.W.data**2)
    for size in (7, 50):
        judged, without = t.evaluate(X, targets(), batch_size=size), plain.evaluate(X, targets())
        assert judged.pop("loss") == pytest.approx(without.pop("loss") + penalty, rel=1e-12)
        assert judged == pytest.approx(without)


def test_an_output_may_have_no_loss_and_a_metric_may_be_of_the_whole():
    t = trainer()
    t = Trainer(
        t.model, LOSSES | {"kind": None}, t.optimizer, metrics={"price": r2, "kind": accuracy}
    )
    judged = t.evaluate(X, targets(), batch_size=9)
    assert list(judged) == ["loss", "price_loss", "price_r2", "kind_accuracy"]
    assert judged["price_r2"] == pytest.approx(r2(t.predict(X)["price"], PRICE))


def test_ignored_targets_of_one_output_do_not_count_whatever_the_batch():
    kind = np.where(np.arange(50) % 3 == 0, -1, KIND)
    kind[:20] = -1
    t = trainer()
    ignoring = functools.partial(nn.cross_entropy, ignore_index=-1)
    t = Trainer(t.model, LOSSES | {"kind": ignoring}, t.optimizer, loss_weights=WEIGHTS)
    whole = t.evaluate(X, {"price": PRICE, "kind": kind}, batch_size=50)
    for size in (1, 7, 30):
        judged = t.evaluate(X, {"price": PRICE, "kind": kind}, batch_size=size)
        assert judged == pytest.approx(whole, rel=1e-12)


def test_weights_of_samples_for_all_targets_or_for_each():
    w = RNG.uniform(0.1, 3, size=50)
    t = trainer()
    y = t.model(X)
    price = nn.mse(y["price"], PRICE, sample_weight=w).item()
    kind = nn.cross_entropy(y["kind"], KIND, sample_weight=w).item()
    judged = t.evaluate(X, targets(), sample_weight=w, batch_size=9)
    assert [judged["price_loss"], judged["kind_loss"]] == pytest.approx([price, kind])
    judged = t.evaluate(X, targets(), sample_weight={"price": w, "kind": np.ones(50)}, batch_size=9)
    plain = nn.cross_entropy(y["kind"], KIND).item()
    assert [judged["price_loss"], judged["kind_loss"]] == pytest.approx([price, plain])


def test_a_run_with_several_targets_is_resumed_to_the_last_bit(tmp_path):
    whole, parts = trainer(), None
    whole.fit(X, targets(), epochs=4, seed=0, validation_split=0.2, progress=False)
    for epochs in (2, 4):
        parts = trainer()
        parts.fit(
            X, targets(), epochs=epochs, seed=0, validation_split=0.2, progress=False,
            callbacks=[Checkpoint(tmp_path)], resume=tmp_path,
        )  # fmt: skip
    assert numbers(parts) == numbers(whole)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: trainer().fit(X, targets(tuple)), r"for the output 'price', but y is a tuple of 2"),
        (lambda: trainer().fit(X, PRICE), r"but y is one array, \(32, 1\)"),
        (lambda: trainer().fit(X, {"price": PRICE}), r"output 'kind', but y is a dict with 'price'"),
        (lambda: Trainer(nn.Linear(4, 1), LOSSES, trainer().optimizer), "none of the 6 parameters"),
        (lambda: trainer(loss_weights={"kinds": 2.0}), "a weight for each loss"),
        (lambda: Trainer(trainer().model, nn.mse, trainer().optimizer, loss_weights=[1]), "none of the 6"),
        (lambda: trainer().fit(X, targets(rows=slice(9))), "50.*9"),
        (lambda: trainer().fit(X, targets(), class_weight={0: 2}), "goes with one target, and y has 2"),
        (lambda: trainer().fit(X, targets(), sample_weight=np.ones(9)), r"shape \(9,\), but there are 50"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused(call, words):
    with pytest.raises(ValueError, match=words):
        call()


def test_weights_of_one_loss_are_refused():
    model = nn.Sequential(nn.Linear(4, 1, rng=0))
    with pytest.raises(ValueError, match="the weights of several losses, and there is one"):
        Trainer(model, nn.mse, optim.SGD(model.parameters()), loss_weights=[2.0])


@pytest.mark.parametrize("form", [dict, tuple])
@pytest.mark.parametrize("weighted", [False, True])
def test_several_targets_are_those_of_keras(form, weighted):
    keras = pytest.importorskip("keras")
    pytest.importorskip("tensorflow")
    w = RNG.uniform(0.1, 3, size=50) if weighted else None
    with floatx(keras, "float64"):
        t = trainer(form)
        i = keras.Input((4,))
        h = keras.layers.Dense(6, activation="tanh")(i)
        outputs = {
            "price": keras.layers.Dense(1, name="price")(h), "kind": keras.layers.Dense(3, name="kind")(h)
        }  # fmt: skip
        theirs = keras.Model(i, outputs if form is dict else list(outputs.values()))
        ours = [t.model.hidden, t.model.price, t.model.kind]
        layers = [theirs.layers[1], theirs.get_layer("price"), theirs.get_layer("kind")]
        for layer, dense in zip(ours, layers, strict=True):
            dense.set_weights([layer.W.data, layer.b.data])
        losses = {
            "price": "mse",
            "kind": keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        }
        metrics = {"price": ["mae"], "kind": ["accuracy"]}
        parts = [p if form is dict else list(p.values()) for p in (losses, metrics, WEIGHTS)]
        theirs.compile(
            keras.optimizers.SGD(0.125), loss=parts[0], metrics=parts[1], loss_weights=parts[2],
            jit_compile=False,
        )  # fmt: skip
        settings = {
            "epochs": 3,
            "batch_size": 10,  # so that all are full: Keras takes the mean of the means of batches
            "shuffle": False,
            "validation_split": 0.2,
            "sample_weight": w,
        }
        t.fit(X, targets(form), progress=False, **settings)
        y = targets(form)
        y = y if form is dict else list(y)
        if weighted and form is tuple:
            settings["sample_weight"] = [w, w]
        elif weighted:
            settings["sample_weight"] = {"price": w, "kind": w}
        wanted = theirs.fit(X, y, verbose=0, **settings).history
        assert len(wanted) == len(t.history.names) == 10
        for name, values in numbers(t).items():
            theirs_called = name.replace("output_0", "price").replace("output_1", "kind")
            np.testing.assert_allclose(values, wanted[theirs_called], rtol=1e-6, err_msg=name)
        for layer, dense in zip(ours, layers, strict=True):
            np.testing.assert_allclose(layer.W.data, dense.get_weights()[0], rtol=0, atol=1e-10)


def test_lists_of_arrays_are_taken_as_keras_takes_them():
    by_list, by_tuple = trainer(tuple), trainer(tuple)
    by_list.fit(X, list(targets(tuple)), epochs=1, seed=0, progress=False)
    by_tuple.fit(X, targets(tuple), epochs=1, seed=0, progress=False)
    assert numbers(by_list) == numbers(by_tuple)


@pytest.mark.parametrize("form", [dict, tuple])
def test_a_target_without_output_is_refused(form):
    t, y = trainer(form), targets(form)
    more = y | {"size": PRICE} if form is dict else (*y, PRICE)
    name = "'size'" if form is dict else "2"
    before = t.model.price.W.data.copy()
    with pytest.raises(
        ValueError, match=rf"y has 3 targets, and the model 2 outputs: none for the target {name}"
    ):
        t.fit(X, more, progress=False)
    assert np.array_equal(t.model.price.W.data, before)


@pytest.mark.parametrize("loss", [nn.mse, nn.cross_entropy, nn.focal_cross_entropy, nn.dice])
@pytest.mark.parametrize(
    ("form", "hint"),
    [(dict, r"loss=\{'price': nn\.%s, 'kind': nn\."), (tuple, r"loss=\(nn\.%s, nn\.")],
)
def test_one_loss_for_two_outputs_is_refused(form, hint, loss):
    model = TwoHeads(form)
    with pytest.raises(
        TypeError,
        match=rf"{loss.__name__} compares one array with its target, and the prediction is 2 arrays, "
        rf"\(32, 1\) and \(32, 3\): the outputs(.|\n)*Try: Trainer\(model, {hint % loss.__name__}",
    ):
        Trainer(model, loss, optim.SGD(model.parameters())).fit(X, targets(form), progress=False)
