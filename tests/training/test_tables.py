"""Data frames, sparse matrices and text: read as numbers, or refused by column and row."""

import warnings

import numpy as np
import pytest

from models import LogisticRegression
from tests.training.small_network import X, Y, trainer
from tinygrad_edu import nn, optim
from tinygrad_edu.training import Trainer

pandas = pytest.importorskip("pandas")


def numbers(trained):
    return {name: trained.history[name] for name in trained.history.names}


def frame(**settings):
    return pandas.DataFrame(X, columns=list("abcd"), **settings)


def test_a_frame_trains_as_its_array_does():
    t, plain = trainer(), trainer()
    t.fit(frame(), pandas.Series(Y), epochs=2, seed=0, validation_split=0.2, progress=False)
    plain.fit(X, Y, epochs=2, seed=0, validation_split=0.2, progress=False)
    assert numbers(t) == numbers(plain)
    np.testing.assert_array_equal(t.predict(frame()), plain.predict(X))


def test_columns_of_several_kinds_are_numbers():
    table = pandas.DataFrame(
        {"a": X[:, 0], "b": X[:, 1] > 0, "c": X[:, 2], "d": X[:, 3]}, dtype=object
    )
    t, plain = trainer(), trainer()
    t.fit(table, Y, seed=0, progress=False)
    plain.fit(np.asarray(table).astype(float), Y, seed=0, progress=False)
    assert numbers(t) == numbers(plain)


@pytest.mark.parametrize("call", [lambda t, x: t.evaluate(x, Y), lambda t, x: t.predict(x)])
def test_columns_in_another_order_are_refused_by_name(call):
    t = trainer()
    t.fit(frame(), Y, progress=False)
    call(t, frame())
    call(t, X)
    words = r"x has the column 'b' in place 0, where 'a' was in training(.|\n)*test_tables.py(.|\n)*x\[\['a"
    with pytest.raises(ValueError, match=words):
        call(t, frame()[list("bacd")])
    with pytest.raises(ValueError, match="x has no column 'c', which the model was trained on"):
        call(t, frame().drop(columns="c"))
    with pytest.raises(ValueError, match="x has a column 'e', which the model was not trained on"):
        call(t, frame().assign(e=1.0))


def test_validation_data_have_the_columns_of_training():
    t = trainer()
    with pytest.raises(ValueError, match="the column 'd' in place 0, where 'a' was in training"):
        t.fit(frame(), Y, validation=(frame()[list("dcba")], Y))


def test_several_inputs_are_told_apart():
    class Sum(nn.Module):
        def __init__(self):
            self.first, self.second = nn.Linear(2, 3, rng=0), nn.Linear(2, 3, rng=1)

        def forward(self, a, b):
            return self.first(a) + self.second(b)

    t = trainer(Sum())
    x = {"a": frame()[["a", "b"]], "b": frame()[["c", "d"]]}
    t.fit(x, Y, progress=False)
    with pytest.raises(ValueError, match=r"x\['b'\] has the column 'd' in place 0, where 'c' was"):
        t.predict(x | {"b": frame()[["d", "c"]]})


def test_missing_values_are_named_by_column_and_row():
    table = frame(index=[f"r{i}" for i in range(50)]).astype("Float64")
    table.loc["r7", "c"] = pandas.NA
    table.loc["r9", "a"] = pandas.NA
    words = (
        r"x has 2 values that are no numbers, the first <NA> in row 'r7' \(number 7\), column 'c'"
    )
    for split in (0.0, 0.2):
        with pytest.raises(ValueError, match=words) as error:
            trainer().fit(table, Y, validation_split=split, progress=False)
    assert "dropna()" in str(error.value) and "test_tables.py" in str(error.value)
    with pytest.raises(ValueError, match=words):
        trainer().predict(table)


def test_nan_is_named_by_its_row_in_the_data_whatever_the_batch():
    table = frame(index=[f"r{i}" for i in range(50)])
    table.loc["r37", "c"] = np.nan
    words = r"x has 1 numbers .*, in 1 of 50 rows, the first in row 'r37' \(number 37\), column 'c'"
    for data in (table, table.to_numpy()):
        with pytest.raises(FloatingPointError) as error:
            trainer().fit(data, Y, seed=3, batch_size=8, progress=False)
        if data is table:
            assert error.match(words)
        assert error.match("in 1 of 50 rows, the first in row")
    with pytest.raises(
        FloatingPointError, match="x of this batch has 1 numbers.* in row 37, column 2"
    ):
        trainer().fit([(table.to_numpy(), Y)], progress=False)


def test_text_is_no_target_and_no_input():
    words = (
        r"y has text, 'red' in row 0, and not numbers(.|\n)*np\.unique\(y, return_inverse=True\)"
    )
    for y in (
        np.array(["red", "blue"] * 25),
        pandas.Series(["red", "blue"] * 25),
        ("red", "blue") * 25,
    ):
        with pytest.raises(ValueError, match=words):
            trainer().fit(X, y, progress=False)
    table = frame().assign(b=["female", "male"] * 25)
    with pytest.raises(
        ValueError, match=r"x has text, 'female' in row 0, column 'b'(.|\n)*get_dummies"
    ):
        trainer().fit(table, Y, progress=False)


def test_sparse_matrices_are_refused_with_what_to_write():
    sparse = pytest.importorskip("scipy.sparse")
    x = sparse.csr_matrix(X)
    words = r"x \(50, 4\) is a sparse csr_matrix(.|\n)*x\.toarray\(\), which takes 0\.0 MiB"
    for call in (lambda t: t.fit(x, Y), lambda t: t.predict(x), lambda t: t.evaluate(x, Y),
                 lambda t: t.fit(x, Y, validation_split=0.2)):  # fmt: skip
        with pytest.raises(TypeError, match=words):
            call(trainer())


def test_a_model_of_words_may_take_text():
    class Lengths(nn.Module):
        def __init__(self):
            self.linear = nn.Linear(1, 2, rng=0)

        def forward(self, x):
            return self.linear(np.array([[len(word)] for word in x], np.float32))

    model = Lengths()
    t = Trainer(model, nn.cross_entropy, optim.SGD(model.parameters()))
    assert t.fit(np.array(["a", "bb", "ccc"]), np.array([0, 1, 1]), progress=False)["loss"]


def test_a_second_fit_has_the_columns_of_the_first():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(np.eye(6, 3, dtype=np.float32), columns=["a", "b", "c"])
    y = np.ones((6, 1), np.float32)
    model = nn.Linear(3, 1, rng=0)
    trainer = Trainer(model, nn.mse, optim.SGD(model.parameters()))
    with pytest.raises(ValueError, match="it takes|must be 3|last axis"):
        trainer.fit(frame[["a", "b"]], y, progress=False)  # has taught nothing
    trainer.fit(frame, y, progress=False)
    before = model.W.data.copy()
    with pytest.raises(
        ValueError, match=r"x has the column 'c' in place 0, where 'a' was(.|\n)*Try: x\["
    ):
        trainer.fit(frame[["c", "b", "a"]], y, progress=False)
    with pytest.raises(ValueError, match="x has no column 'c'"):
        trainer.fit(frame.rename(columns={"c": "d"}), y, progress=False)
    assert np.array_equal(model.W.data, before)
    trainer.fit(frame.to_numpy(), y, progress=False)
    with pytest.raises(ValueError, match="x has the column 'c' in place 0"):
        trainer.predict(frame[["c", "b", "a"]])
    trainer.fit(frame, y, progress=False)


def test_rows_of_x_and_y_in_another_order():
    """x was shuffled, and y was not."""
    shuffled = frame().sample(frac=1, random_state=0)
    y = pandas.Series(Y)
    words = r"row number 0 is \d+ in x and 0 in y(.|\n)*test_tables.py(.|\n)*y.loc\[x.index\]"
    for fit in (
        lambda x, y: trainer().fit(x, y, progress=False),
        lambda x, y: LogisticRegression().fit(x, y),
    ):
        with pytest.warns(UserWarning, match=words):
            fit(shuffled, y)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            fit(shuffled, y.loc[shuffled.index])
            fit(shuffled, Y)
            fit(frame(index=[f"row {i}" for i in range(len(X))]), y)


def test_what_to_try_for_dates_decimal_commas_and_ragged_rows():
    t = trainer()
    dates = frame().assign(d=pandas.date_range("2020", periods=len(X)))
    with pytest.raises(
        ValueError, match=r"x has dates, the first in row 0, column 'd'(.|\n)*dt.days"
    ):
        t.fit(dates, Y)
    commas = frame().astype(object).assign(d="1,5")
    for fit in (t.fit, LogisticRegression().fit):
        with pytest.raises(
            ValueError, match=r"'1,5'(.|\n)*Try: column.str.replace\(\",\", \".\"\)"
        ):
            fit(commas, Y)
    with pytest.raises(
        ValueError, match="x has rows of different lengths: row 0 has 2, and row 2 has 1"
    ):
        t.fit([[1, 2], [3, 4], [5]], [0, 1, 2])
