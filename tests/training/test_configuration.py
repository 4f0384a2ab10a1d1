"""A checkpoint is resumed by the same run only, and each difference of another is listed."""

import functools

import numpy as np
import pytest

from tinygrad_edu import nn, optim
from tinygrad_edu.data import DataLoader
from tinygrad_edu.data.streams import Prefetch, Transformed
from tinygrad_edu.training import Callback, Checkpoint, Observe, Trainer, accuracy
from tinygrad_edu.training.batches import Grouped
from tinygrad_edu.training.configuration import data_words, loader_words, words

RNG = np.random.default_rng(0)
X = RNG.normal(size=(40, 4)).astype(np.float32)
Y = (X[:, 0] > 0).astype(int) + (X[:, 1] > 0)


def variant(
    folder, *, p=0.4, activation=nn.Tanh, seed=4, noise=1, x=X, y=Y, batch_size=9, epochs=1,
    loss=nn.cross_entropy, make=optim.SGD, lr=0.1, metrics=(accuracy,), regularizer=None, judge=True,
    function=np.tanh, width=8, more=(), initial=0, **settings,
):  # fmt: skip
    """A run in which one thing may be different from the time before."""
    model = nn.Sequential(
        nn.Linear(4, width, rng=initial), activation(), function, nn.Dropout(p, rng=noise),
        nn.Linear(width, 3, rng=2), *more,
    )  # fmt: skip
    model[0].W.regularizer = regularizer
    optimizer = make(model.parameters(), lr=lr, **settings)
    trainer = Trainer(model, loss, optimizer, metrics=metrics)
    before = model.state_dict(), optimizer.state_dict(), str(model[3].rng.bit_generator.state)
    try:
        trainer.fit(
            x, y, batch_size=batch_size, epochs=epochs, seed=seed, resume=folder, progress=False,
            validation=(X, Y) if judge else None, callbacks=[Checkpoint(folder)],
        )  # fmt: skip
    except ValueError:
        after = model.state_dict(), optimizer.state_dict(), str(model[3].rng.bit_generator.state)
        np.testing.assert_equal(before, after)
        assert len(trainer.history) == 0
        raise
    return trainer


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"p": 0.9}, ["layer 3: was Dropout(p=0.4), is Dropout(p=0.9)"]),
        ({"activation": nn.ReLU}, ["layer 1: was Tanh(), is ReLU(max_value=None)"]),
        ({"function": np.sin}, ["model: was Sequential(2=tanh), is Sequential(2=sin)"]),
        ({"width": 7}, ["inputs=4, outputs=8", "inputs=4, outputs=7", "parameter 4.W: was (8, 3)"]),
        ({"more": (nn.ReLU(),)}, ["layer 5: was not there, is ReLU("]),
        ({"seed": 7}, ["order of the batches: was PCG64 of seed 4, is PCG64 of seed 7"]),
        ({"seed": None}, ["is PCG64 of no seed"]),
        ({"noise": 3}, ["generator model.layers.3.rng: was PCG64 of seed 1, is PCG64 of seed 3"]),
        ({"x": X * 0}, ["data x: was (40, 4) float32 (checksum", "is (40, 4) float32 (checksum"]),
        ({"x": X.astype(np.float64)}, ["data x:", "is (40, 4) float64"]),
        ({"y": Y[::-1]}, ["data y: was (40,) int64 (checksum"]),
        ({"batch_size": 8}, ["batches of 9, shuffled)", "batches of 8, shuffled)"]),
        ({"judge": False}, ["validation data x: was (40, 4)", "numbers in the history"]),
        ({"lr": 0.5}, ["learning rate: was 0.1, is 0.5"]),
        ({"lr": optim.schedules.Cosine(0.1, 9)}, ["was 0.1, is Cosine(lr=0.1, steps=9, alpha=0.0)"]),
        ({"momentum": 0.9}, ["was SGD(momentum=0.0", "is  SGD(momentum=0.9"]),
        ({"make": optim.Adam}, ["optimizer:", "is  Adam(betas="]),
        ({"loss": nn.focal_cross_entropy}, ["loss: was cross_entropy, is focal_cross_entropy"]),
        (
            {"loss": functools.partial(nn.cross_entropy, label_smoothing=0.1)},
            ["loss: was cross_entropy, is cross_entropy(label_smoothing=0.1)"],
        ),
        ({"loss": lambda y, t: nn.cross_entropy(y, t)}, ["loss: was cross_entropy, is <lambda>"]),
        ({"metrics": ()}, ["metric accuracy: was accuracy, is not there", "is loss, val_loss"]),
        ({"metrics": (functools.partial(accuracy, threshold=0.5),)}, ["is accuracy(threshold=0.5)"]),
        ({"regularizer": nn.L2(0.1)}, ["parameter 0.W: was (4, 8) float32, is (4, 8) float32 L2("]),
        ({"weight_decay": 0.1}, ["weight_decay=None", "weight_decay=0.1"]),
    ],
)  # fmt: skip
def test_what_was_changed_is_told_and_nothing_is_loaded(tmp_path, change, words):
    variant(tmp_path)
    with pytest.raises(ValueError, match="is of another run; nothing was loaded") as error:
        variant(tmp_path, **change)
    for word in words:
        assert word in str(error.value)
    assert "test_configuration.py" in str(error.value) and "another folder" in str(error.value)
    assert len(variant(tmp_path, epochs=2).history) == 2  # the same run is resumed


def test_every_difference_is_listed(tmp_path):
    variant(tmp_path)
    with pytest.raises(ValueError, match="nothing was loaded") as error:
        variant(tmp_path, p=0.5, lr=0.2, seed=1, activation=nn.Sigmoid)
    lines = str(error.value).splitlines()
    assert [line.split(":")[0].strip() for line in lines[1:5]] == [
        "layer 1", "layer 3", "learning rate", "order of the batches",
    ]  # fmt: skip


def test_initial_weights_are_not_compared(tmp_path):
    first = variant(tmp_path)
    second = variant(tmp_path, initial=9)
    np.testing.assert_array_equal(first.model[0].W.data, second.model[0].W.data)


def test_the_same_objects_go_on_after_training_has_changed_them(tmp_path):
    """As in a notebook, where a cell is run again after Ctrl-C; and then in a new program, too."""

    class Halves(Callback):
        def on_epoch_end(self, epoch, values):
            self.trainer.optimizer.lr *= 0.5

    def a_number(model):
        return optim.SGD(model.parameters(), lr=0.1), Halves()

    def a_plateau(model):
        plateau = optim.schedules.ReduceOnPlateau(0.1, patience=0)
        return optim.SGD(model.parameters(), lr=plateau), Observe(plateau, "loss")

    for make in (a_number, a_plateau):
        folder, rng = tmp_path / make.__name__, np.random.default_rng(5)
        for calls in ((2, 4), (6,)):
            model = nn.Sequential(
                nn.Linear(4, 8, rng=0), nn.Dropout(0.4, rng=1), nn.Linear(8, 3, rng=2)
            )
            optimizer, callback = make(model)
            trainer = Trainer(model, nn.cross_entropy, optimizer)
            for epochs in calls:  # whose generator has been drawn from
                trainer.fit(
                    X, Y, epochs=epochs, seed=rng, progress=False, resume=folder,
                    callbacks=[callback, Checkpoint(folder)],
                )  # fmt: skip
        assert len(trainer.history) == 6 and optimizer.learning_rate < 0.05


@pytest.mark.filterwarnings("ignore:ReduceOnPlateau")
def test_another_plateau_is_another_run(tmp_path):
    variant(tmp_path, lr=optim.schedules.ReduceOnPlateau(0.1))
    with pytest.raises(ValueError, match=r"start=0\.1, .*\n.*start=0\.5, ") as error:
        variant(tmp_path, lr=optim.schedules.ReduceOnPlateau(0.5))
    assert "learning rate:" in str(error.value)


# ------------------------------------------------------------------------------------------ in words


def test_a_large_array_is_known_by_evenly_spaced_numbers():
    large = np.arange(2_000_001.0).reshape(3, -1)
    assert words(large) == words(large.copy()) == words(np.asfortranarray(large))
    for other in (large * 0, large + 1e-9, np.asfortranarray(large)[::-1]):
        assert words(large) != words(other)


def test_every_number_of_a_small_array_counts():
    x = np.zeros((100, 100))
    known = words(x)
    x[57, 31] = 1e-300
    assert words(x) != known and known.startswith("(100, 100) float64 (checksum ")
    assert words(np.arange(3)) == "(3,) int64 [0, 1, 2]"
    assert words(np.array([{}])) == "(1,) object"


class Settings:
    def __init__(self, size):
        self.size, self.function, self._hidden, self.seen = size, np.tanh, 0, 0

    def state_dict(self):
        return {"seen": self.seen}


class Slots:
    __slots__ = ()


def test_settings_in_words():
    def scaled(x, by):
        return x * by

    name = "test_settings_in_words.<locals>.scaled"
    assert words(scaled) == name and words(np.tanh) == "tanh"
    assert words(functools.partial(scaled, 1, by=2)) == f"{name}(0=1, by=2)"
    assert words([1, None, "b", (0.5,)]) == "[1, None, 'b', [0.5]]"
    assert words({"b", "a"}) == "['a', 'b']"  # in every process
    assert words({"a": scaled}) == f"[['a', {name}]]"
    assert words([0] * 2000) == "list of 2000"
    assert words("a" * 2000).startswith("str (checksum ")
    assert words("a" * 2000) != words("a" * 1999 + "b")
    assert words(Settings(3)) == "Settings(size=3, function=tanh)"
    assert words(Slots()) == "Slots" and words(nn.L2(0.1)).startswith("L2(")
    knot = []
    knot.append(knot)
    assert words(knot) == "[...]"
    seeds = np.random.SeedSequence(3).spawn(2)
    assert words(np.random.default_rng(seeds[1])) == "PCG64 of seed 3, child 1"
    assert words(np.random.default_rng()) == "PCG64 of no seed"


class Stream:
    def __len__(self):
        return 5


def test_loaders_in_words():
    loader = DataLoader(X, Y, batch_size=9)
    grouped = Grouped({"a": X, "b": X}, Y, batch_size=9)
    transformed = Prefetch(Transformed(loader, np.tanh, seed=5))
    whole = "DataLoader(40 rows, 5 batches of 9, in order)"
    assert loader_words(loader) == whole
    assert loader_words(grouped) == f"2 inputs by {whole}"
    wrapped = "Prefetch, 5 batches of Transformed, 5 batches through [tanh] of"
    assert loader_words(transformed) == f"{wrapped} {whole}"
    assert loader_words(Stream()) == "Stream, 5 batches"


def test_data_in_words():
    x, y = words(X), words(Y)
    loader = DataLoader(X, Y, batch_size=9)
    for known in (loader, Prefetch(loader)):
        assert dict(data_words(known)) == {"x": x, "y": y}
    grouped = Grouped({"a": X, "b": X}, Y, Y, batch_size=9)
    assert dict(data_words(grouped)) == {
        "x['a']": x, "x['b']": x, "y": y, "sample weights": y,
    }  # fmt: skip
    assert dict(data_words(Grouped((X, X), Y))) == {"x[0]": x, "x[1]": x, "y": y}
    batches = dict(data_words([(X, Y), (X, Y)]))
    assert batches.keys() == {"in all batches"}
    assert batches != dict(data_words([(X, Y), (X, Y + 1)]))
    assert dict(data_words(Stream())) == dict(data_words(None)) == {}
