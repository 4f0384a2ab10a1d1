"""Mistakes that learners make, and what they are told: at the mistake, with names, shapes and what to try.

Each is made as a learner makes it, and the words that teach are looked for. Where a mistake is of a kind,
the rest of the kind is tested beside the code that answers.
"""

import builtins
import inspect
import re
import warnings

import numpy as np
import pytest

import models
from tinygrad_edu import Tensor, data, nn, optim, training
from tinygrad_edu.training import Trainer

X = np.random.default_rng(0).normal(size=(20, 4))
Y = np.arange(20) % 3


def leaf(x):
    return Tensor(np.array(x), requires_grad=True)


def fit(model, y=Y, x=X, loss=nn.cross_entropy, **settings):
    Trainer(model, loss, optim.SGD(model.parameters(), lr=0.1)).fit(
        x, y, progress=False, **settings
    )


def changed_array():
    w = np.ones(3)
    y = np.sum(leaf([1.0, 2.0, 3.0]) * w)
    w[0] = 5
    y.backward()


def two_widths():
    layer = nn.Linear(None, 3)
    layer(X)
    layer(X[:, :3])


def assigned(layer, name, new):
    setattr(layer, name, new(getattr(layer, name)))


def put(x):
    x[0] = 1.0


def cut_by_data():
    Tensor(np.mean(nn.Linear(4, 3)(X).data)).backward()


class Arrays(nn.Module):
    def __init__(self):
        self.W = np.ones((2, 3))


class Forgets(nn.Module):
    def forward(self, x):
        x + 1


def with_metrics(metrics):
    model = nn.Linear(4, 3)
    return Trainer(model, nn.mse, optim.SGD(model.parameters(), lr=0.1), metrics=metrics)


def poisoned():
    x = X.copy()
    x[3, 2] = np.nan
    return x


# mistake -> (what is done, the kind of error, words in the answer and in what to try)
MISTAKES = {
    "the wrong width": (
        lambda: nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(7, 3))(X),
        ValueError,
        "layer 2, Linear(7, 3), got x of shape (20, 8): the last axis must be 7",
        "Linear(8, ...)",
    ),
    "images without channels": (
        lambda: nn.Sequential(nn.Conv2d(1, 4, 3))(np.ones((2, 8, 8))),
        ValueError,
        "layer 0, Conv2d(1, 4, 3), got x of shape (2, 8, 8)",
        "x[..., None]",
    ),
    "channels first": (
        lambda: nn.Conv2d(3, 4, 3)(np.ones((2, 3, 8, 8))),
        ValueError,
        "it takes images (N, H, W, C) with C = 3",
        "np.transpose(x, (0, 2, 3, 1))",
    ),
    "a column against a list": (
        lambda: nn.mse(nn.Linear(4, 1)(X), np.ones(20)),
        ValueError,
        "NumPy would broadcast them to (20, 20)",
        "prediction[:, 0], or target[:, None]",
    ),
    "labels from 1": (
        lambda: nn.cross_entropy(nn.Linear(4, 10)(X), np.arange(20) % 10 + 1),
        ValueError,
        "labels run from 1 to 10, but logits (20, 10) have 10 classes, 0 to 9",
        "labels - 1 in all of the data, if they count from 1",
    ),
    "labels that are no whole numbers": (
        lambda: fit(nn.Linear(4, 3), Y.astype(float)),
        TypeError,
        "labels are the numbers of classes, not float64",
        "labels.astype(int)",
    ),
    "samples and features swapped in a product": (
        lambda: leaf(np.ones((4, 20))) @ np.ones((4, 3)),
        ValueError,
        "matmul(x (4, 20) float64, w (4, 3) float64)",
        "x.T @ w fits",
    ),
    "samples and features swapped in a layer": (
        lambda: nn.Linear(20, 3)(X),
        ValueError,
        "got x of shape (20, 4)",
        "x.T, if samples and features",
    ),
    "back from many numbers": (
        lambda: nn.Linear(4, 3)(X).backward(),
        ValueError,
        "Tensor (20, 3) float32 has 60",
        ".sum() or .mean()",
    ),
    "back from what requires nothing": (
        lambda: np.sum(Tensor([1.0, 2.0]) * 2).backward(),
        RuntimeError,
        "depends on no tensor that requires a gradient",
        "Tensor(..., requires_grad=True)",
    ),
    "a gradient that was not asked for": (
        lambda: Tensor([1.0]).grad,
        UserWarning,
        "is None: it does not require one",
        "requires_grad=True",
    ),
    "a gradient in the middle": (
        lambda: (leaf([1.0]) * 2).grad,
        UserWarning,
        "an operation made it, and only leaves",
        "grad(f)(x)",
    ),
    "a gradient of whole numbers": (
        lambda: Tensor([1, 2], requires_grad=True),
        TypeError,
        "(2,) int64 cannot require",
        "x.astype(np.float64)",
    ),
    "an array changed in between": (
        changed_array,
        RuntimeError,
        "was changed after multiply had used it",
        "change it after backward()",
    ),
    "back twice": (
        lambda: [loss.backward() for loss in [nn.Linear(4, 3)(X).sum()] * 2],
        RuntimeError,
        "was freed by an earlier backward()",
        "backward(retain_graph=True)",
    ),
    "a graph cut by .data": (
        cut_by_data,
        RuntimeError,
        "depends on no tensor",
        "detach(), .data or float(...)",
    ),
    "a number put into a Tensor": (
        lambda: put(leaf([1.0, 2.0])),
        TypeError,
        "cannot be changed in place",
        "np.where(mask, new, x)",
    ),
    "an array for a Tensor's way": (
        lambda: np.array(leaf([1.0])),
        TypeError,
        "would be cut out of the graph",
        "x.data",
    ),
    "PyTorch's methods": (
        lambda: leaf([1.0]).unsqueeze(0),
        AttributeError,
        "no .unsqueeze",
        "x[:, None]",
    ),
    "PyTorch's devices": (
        lambda: leaf([1.0]).cuda(),
        AttributeError,
        "no .cuda",
        "there is one device",
    ),
    "an optimizer of arrays": (
        lambda: optim.SGD([np.ones(3)], lr=0.1),
        TypeError,
        "ndarray, which is not a Parameter",
        "Parameter(array)",
    ),
    "a model of arrays": (
        lambda: optim.SGD(Arrays().parameters(), lr=0.1),
        ValueError,
        "SGD got no parameters",
        "not plain arrays",
    ),
    "an optimizer of a model": (
        lambda: optim.SGD(nn.Linear(2, 3), lr=0.1),
        TypeError,
        "not the Linear itself",
        "SGD(model.parameters())",
    ),
    "an optimizer of another model": (
        lambda: Trainer(nn.Linear(4, 3), nn.mse, optim.SGD(nn.Linear(4, 3).parameters(), 0.1)),
        ValueError,
        "none of the 2 parameters of SGD(lr=0.1",
        "SGD(model.parameters())",
    ),
    "a learning rate below 0": (
        lambda: optim.SGD(nn.Linear(2, 3).parameters(), lr=-1),
        ValueError,
        "a positive number, not -1",
        "lr=0.001",
    ),
    "a learning rate of 0": (
        lambda: optim.Adam(nn.Linear(2, 3).parameters(), lr=0),
        ValueError,
        "a positive number, not 0",
        "",
    ),
    "a learning rate of letters": (
        lambda: optim.SGD(nn.Linear(2, 3).parameters(), lr="0.1"),
        ValueError,
        "number, not '0.1'",
        "the number itself, without quotes",
    ),
    "softmax twice": (
        lambda: nn.cross_entropy(nn.Sequential(nn.Linear(4, 3), nn.Softmax())(X), Y),
        UserWarning,
        "cross_entropy takes logits, but these come out of a softmax",
        "the model without Softmax()",
    ),
    "sigmoid twice": (
        lambda: nn.binary_cross_entropy(
            nn.Sequential(nn.Linear(4, 1), nn.Sigmoid())(X), Y[:, None] > 1
        ),
        UserWarning,
        "these come out of a sigmoid",
        "the model without Sigmoid()",
    ),
    "one layer, two widths": (
        two_widths,
        ValueError,
        ": layer(X)) got x of shape (20, 3): the last axis must be 4",
        "Linear(3, ...) here",
    ),
    "an array in the place of a parameter": (
        lambda: assigned(nn.Linear(2, 3), "W", lambda W: np.ones((2, 3))),
        TypeError,
        "Linear.W is W (2, 3) float32; assigning ndarray would take it out of training",
        ".W.data[...] =",
    ),
    "a step by hand, without .data": (
        lambda: assigned(nn.Linear(2, 3), "W", lambda W: W - 0.1),
        TypeError,
        "assigning Tensor would take it out",
        ".W.data[...] =",
    ),
    "Keras's setting of a loss": (
        lambda: nn.cross_entropy(nn.Linear(4, 3)(X), Y, from_logits=True),
        TypeError,
        "cross_entropy has no argument 'from_logits'",
        "from_probabilities=True for probabilities",
    ),
    "a loss's setting misspelt": (
        lambda: nn.huber(X, X, dleta=2.0),
        TypeError,
        "huber has no argument 'dleta'",
        "delta, sample_weight",
    ),
    "Keras's activation": (
        lambda: nn.Linear(4, 8, activation="tanh"),
        TypeError,
        "Linear has no argument 'activation'",
        "as a layer of its own: Sequential(Linear(4, 8), Tanh())",
    ),
    "Keras's regularizer": (
        lambda: nn.Conv2d(4, 8, 3, kernel_regularizer="l2"),
        TypeError,
        "Conv2d has no argument 'kernel_regularizer'",
        "layer.W.regularizer = nn.L2(1e-4)",
    ),
    "PyTorch's batch_first": (
        lambda: nn.LSTM(4, 8, batch_first=True),
        TypeError,
        "LSTM has no argument 'batch_first'",
        "the batch is the first axis, (N, T, D)",
    ),
    "two recurrent layers": (
        lambda: nn.Sequential(nn.LSTM(4, 16), nn.LSTM(16, 8))(X[:, None]),
        ValueError,
        "layer 1, LSTM",
        "LSTM(4, 16, return_sequences=True) as layer 0",
    ),
    "a recurrent layer after both directions": (
        lambda: nn.Sequential(
            nn.Bidirectional(nn.GRU(4, 5), nn.GRU(4, 5, go_backwards=True)), nn.GRU(10, 3)
        )(X[:, None]),
        ValueError,
        "layer 1, GRU",
        "GRU(4, 5, return_sequences=True) as layer 0",
    ),
    "labels of sequences that are classified whole": (
        lambda: nn.cross_entropy(
            nn.Sequential(nn.LSTM(4, 6, return_sequences=True), nn.Linear(6, 3))(X[:, None]), Y
        ),
        ValueError,
        "logits (20, 1, 3) and labels (20,) do not fit",
        "without return_sequences=True, or logits[:, -1]",
    ),
    "a classifier of images without Flatten": (
        lambda: nn.cross_entropy(
            nn.Sequential(nn.Conv2d(1, 8, 3), nn.Linear(8, 3))(
                X[:, :, None, None] + np.ones((3, 1))
            ),
            Y,
        ),
        ValueError,
        "and labels (20,) do not fit",
        "Flatten() or GlobalAvgPool2d()",
    ),
    "as many samples as inputs, by chance": (
        lambda: nn.Linear(20, 3)(X),
        ValueError,
        "got x of shape (20, 4)",
        "Linear(4, ...) here",
    ),
    "a forward that returns nothing": (
        lambda: Forgets()(X),
        TypeError,
        "Forgets() gave None: its forward returns nothing",
        "return y at the end of forward",
    ),
    "labels before logits": (
        lambda: nn.cross_entropy(Y, nn.Linear(4, 3)(X)),
        ValueError,
        "logits (20,) and labels (20, 3) do not fit",
        "cross_entropy(logits, labels): the prediction comes first",
    ),
    "a number misspelt": (
        lambda: training.EarlyStopping("val_los"),
        ValueError,
        "is it better if 'val_los' is less",
        "'val_loss', if that is meant",
    ),
    "a number misspelt, and a mode": (
        lambda: fit(nn.Linear(4, 3), callbacks=[training.EarlyStopping("los", mode="min")]),
        ValueError,
        "watches 'los', but this training has loss",
        "monitor='loss'",
    ),
    "a schedule among the callbacks": (
        lambda: fit(nn.Linear(4, 3), callbacks=[optim.schedules.Cosine(0.1, 10)]),
        TypeError,
        "a list of Callbacks",
        "lr=Cosine(...) of the optimizer",
    ),
    "a plateau among the callbacks": (
        lambda: fit(nn.Linear(4, 3), callbacks=[optim.schedules.ReduceOnPlateau(0.1)]),
        TypeError,
        "a list of Callbacks",
        'callbacks=[Observe(plateau, "val_loss")]',
    ),
    "one callback without a list": (
        lambda: fit(nn.Linear(4, 3), callbacks=training.Timing()),
        TypeError,
        "a list of Callbacks",
        "callbacks=[Timing(...)], in brackets",
    ),
    "a metric without a list": (
        lambda: with_metrics(training.accuracy),
        TypeError,
        "Trainer(metrics=<function accuracy",
        "metrics=[accuracy]",
    ),
    "Keras's validation_data": (
        lambda: fit(nn.Linear(4, 3), validation_data=(X, Y)),
        TypeError,
        "fit has no argument 'validation_data'",
        "validation=(x_val, y_val)",
    ),
    "Keras's weights": (
        lambda: nn.Linear(4, 3).weights,
        AttributeError,
        "a Linear has no .weights",
        "model.state_dict()",
    ),
    "PyTorch's weight": (
        lambda: nn.Linear(4, 3).weight,
        AttributeError,
        "a Linear has no .weight",
        "layer.W",
    ),
    "Keras's compile": (
        lambda: nn.Sequential().compile("adam"),
        AttributeError,
        "a Sequential has no .compile",
        "Trainer(model, loss, optimizer",
    ),
    "one width alone": (
        lambda: nn.Linear(10),
        TypeError,
        "Linear: missing a required argument: 'outputs'",
        "Linear(inputs, outputs); inputs=None is told by the first x",
    ),
    "too many widths": (
        lambda: nn.Linear(10, 20, 30),
        TypeError,
        "Linear: too many positional arguments",
        "Linear(inputs, outputs)",
    ),
    "weights that are not there": (
        lambda: nn.Linear(4, 3).load("nope.npz"),
        FileNotFoundError,
        "there is no file 'nope.npz', in",
        "",
    ),
    "fit of a model": (
        lambda: nn.Linear(2, 3).fit,
        AttributeError,
        "a Linear has no .fit",
        "Trainer(model, loss",
    ),
    "layers in a list": (
        lambda: nn.Sequential([nn.Linear(2, 3)]),
        TypeError,
        "layer 0 is [Linear(2, 3)]",
        "layers as arguments",
    ),
    "a callback that is not made yet": (
        lambda: fit(nn.Linear(4, 3), callbacks=[training.EarlyStopping]),
        TypeError,
        "a list of Callbacks",
        "callbacks=[EarlyStopping(patience=3)]",
    ),
    "early stopping by a number that is not there": (
        lambda: fit(nn.Linear(4, 3), callbacks=[training.EarlyStopping()]),
        ValueError,
        "watches 'val_loss', but this training has loss",
        "validation_split=0.1",
    ),
    "NaN in the data": (
        lambda: fit(nn.Linear(4, 3), x=poisoned(), shuffle=False),
        FloatingPointError,
        "x has 1 numbers that are not finite, in 1 of 20 rows, the first in row 3, column 2",
        "drop those rows",
    ),
    "NaN before a normalization": (
        lambda: fit(nn.Sequential(nn.BatchNorm(4), nn.Linear(4, 3)), x=poisoned()),
        ValueError,
        "layer 0, BatchNorm(4), got x of shape (20, 4) with NaN",
        "np.isfinite(x).all()",
    ),
    "x and y of different lengths": (
        lambda: fit(nn.Linear(4, 3), Y[:-1]),
        ValueError,
        "x (20, 4) has 20 samples, and y (19,) has 19",
        "x_train with y_train",
    ),
    "no samples": (
        lambda: fit(nn.Linear(4, 3), Y[:0], X[:0]),
        ValueError,
        "which have no rows",
        "",
    ),
    "predict before fit": (
        lambda: models.LogisticRegression().predict(X),
        ValueError,
        "this LogisticRegression is not fitted",
        "LogisticRegression(...).fit(X, y) first",
    ),
    "NaN in X": (
        lambda: models.LogisticRegression().fit(poisoned(), Y),
        ValueError,
        "1 of its 80 values, the first (nan) in row 3, column 2",
        "drop those rows",
    ),
    "one class": (
        lambda: models.LogisticRegression().fit(X, 0 * Y),
        ValueError,
        "needs samples of at least 2 classes in the data, but LogisticRegression got one class only",
        "np.unique(y, return_counts=True)",
    ),
    "X and y of different lengths": (
        lambda: models.LogisticRegression().fit(X, Y[:-1]),
        ValueError,
        "X has 20 samples and y has 19",
        "of the same split",
    ),
    "text for a regressor": (
        lambda: models.Ridge().fit(X, ["one", "two"] * 10),
        ValueError,
        "Ridge predicts numbers, and y has 'one' in row 0",
        "a classifier",
    ),
    "a parameter out of its range": (
        lambda: models.Ridge(alpha=-1).fit(X, Y),
        ValueError,
        "The 'alpha' parameter of Ridge must be a number ≥ 0 or an array of numbers ≥ 0. Got -1",
        "Ridge(alpha=1.0)",
    ),
    "a parameter that is not there": (
        lambda: models.KMeans(clusters=3),
        TypeError,
        "KMeans has no argument 'clusters'",
        "n_clusters",
    ),
    "more clusters than samples": (
        lambda: models.KMeans(30).fit(X),
        ValueError,
        "n_samples=20",
        "KMeans(n_clusters=20)",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_what_a_learner_is_told(mistake):
    make, kind, said, hint = MISTAKES[mistake]
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # a warning is an answer, too
        with pytest.raises(kind) as error:
            make()
    text = str(error.value)
    assert said in " ".join(text.split()).replace(" :", ":") and hint in text
    if kind is not Exception and hint:
        assert "test_mistakes.py:" in text and "Try: " in text


def test_a_table_without_a_column_of_labels(tmp_path):
    (tmp_path / "train.csv").write_text("a,b,c\n1,2,3\n")
    with pytest.raises(ValueError, match="no column 'label'; its columns are 'a', 'b', 'c'"):
        data.read_csv(tmp_path / "train.csv")


# What others call it -> what is said of it here.
FOREIGN = {
    (nn, "Dense"): "Linear(inputs, outputs)", (nn, "Conv2D"): "Conv2d", (nn, "BatchNorm2d"): "BatchNorm",
    (nn, "CrossEntropyLoss"): "cross_entropy, a function", (nn, "ModuleList"): "a plain list",
    (nn, "MultiheadAttention"): "MultiHeadAttention", (nn, "RNNCell"): "SimpleRNNCell",
    (nn, "relu"): "tinygrad_edu.ops.relu(x)", (nn, "functional"): "tinygrad_edu.ops",
    (nn, "cross_entropie"): "cross_entropy", (optim, "RMSProp"): "RMSprop",
    (optim, "lr_scheduler"): "optim.schedules: SGD", (optim, "LBFGS"): 'minimize_loss(..., method="lbfgs")',
    (training, "ModelCheckpoint"): "Checkpoint(folder)", (training, "roc_auc_score"): "auc",
}  # fmt: skip


@pytest.mark.parametrize(("module", "name"), FOREIGN, ids=lambda x: getattr(x, "__name__", x))
def test_names_of_other_libraries(module, name):
    with pytest.raises(AttributeError) as error:
        getattr(module, name)
    said = str(error.value)
    short = module.__name__.rpartition(".")[2]
    assert said.startswith(f"{short} has no {name}.") and "test_mistakes.py" in said
    assert f"Try: {FOREIGN[module, name]}" in said


def test_what_is_said_of_other_names_is_there():
    """Whatever a hint names in capitals or calls is a name of ours, of NumPy or of Python."""
    from tinygrad_edu import ops, viz
    from tinygrad_edu.diagnostics.migration_hints import NN, OPTIM, TRAINING

    tables = {nn: NN, optim: OPTIM, training: TRAINING}
    others = {"step", "build", "norm", "fit", "None", "f", "Parameters", "parameters", "NumPy"}
    places = (nn, optim, optim.schedules, training, ops, viz, np, builtins)
    for module, table in tables.items():
        for name, hint in table.items():
            assert name not in module.__all__, f"{name} is there: it needs no hint"
            for word in re.findall(r"\b([A-Z]\w*[a-z]\w*|\w+(?=\())", hint):
                assert word in others or any(hasattr(place, word) for place in places), word


def test_an_unknown_name_is_an_unknown_name():
    with pytest.raises(AttributeError, match="^nn has no qqqqqqqq") as error:
        _ = nn.qqqqqqqq
    assert "Try" not in str(error.value) and not hasattr(nn, "__path_of_nothing__")
    with pytest.raises(ImportError):
        from tinygrad_edu.nn import Dense  # noqa: F401


def test_the_line_that_told_a_layer_its_size():
    layer = nn.Linear(None, 3)
    layer(X)
    with pytest.raises(
        ValueError, match=r"\(sized by its first x \(20, 4\) at test_mistakes.py:\d+: layer"
    ):
        layer(X[:, :3])


def test_what_is_said_of_other_arguments_is_true():
    """No layer has these arguments, and the example of the hint runs."""
    from tinygrad_edu.diagnostics.migration_hints import ARGUMENTS

    layers = [t for t in map(nn.__dict__.get, nn.__all__) if isinstance(t, type)]
    taken = {name for layer in layers for name in inspect.signature(layer).parameters}
    assert taken & ARGUMENTS.keys() == {"activation"}  # of TransformerBlock, a function
    for hint in ARGUMENTS.values():
        for code in re.findall(r"(?:Sequential|Bidirectional|Conv2d)\(.*\)", hint):
            assert isinstance(eval(code, vars(nn).copy()), nn.Module)
