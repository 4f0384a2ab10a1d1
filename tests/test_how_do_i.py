"""How do I ...? What people from PyTorch and Keras ask most about training, answered by code."""

import math

import numpy as np
import pytest

from tinygrad_edu import Tensor, nn, no_grad, ops, optim, viz
from tinygrad_edu.gradcheck import gradcheck
from tinygrad_edu.training import (
    Callback,
    Checkpoint,
    EarlyStopping,
    Trainer,
    accuracy,
    confusion_matrix,
)

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 4)).astype(np.float32)
Y = (X[:, 0] * X[:, 1] > 0).astype(int)


def network(outputs=2, seed=0):
    return nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, outputs), seed=seed)


def trained(model, optimizer=None, loss=nn.cross_entropy, x=X, y=Y, **settings):
    trainer = Trainer(model, loss, optimizer or optim.SGD(model.parameters(), lr=0.1))
    trainer.fit(x, y, **{"epochs": 2, "seed": 0, "progress": False} | settings)
    return trainer


def assert_same_weights(a, b):
    for path, weights in a.state_dict().items():
        np.testing.assert_array_equal(weights, b.state_dict()[path], err_msg=path)


def gradients_of(model, x=X, y=Y):
    nn.cross_entropy(model(x), y).backward()
    return {path: p.grad.copy() for path, p in model.named_parameters()}


# ------------------------------------------------------------------------------- parts of a network


def test_freeze_a_layer():
    """How do I freeze a layer?"""
    model, original = network(), network()
    model[0].trainable = False
    trained(model)
    np.testing.assert_array_equal(model[0].W.data, original[0].W.data)
    # The other layer learns what it would learn alone, from the features of the frozen one.
    features = original[:2](X).data
    trained(original[2], x=features)
    np.testing.assert_array_equal(model[2].W.data, original[2].W.data)


def test_transfer_learning(tmp_path):
    """How do I start from a part of a network that was trained on something else?"""
    pretrained = network(outputs=2)
    pretrained.save(tmp_path / "pretrained.npz")
    model = nn.Sequential(pretrained[:2], nn.Linear(8, 5))  # a new head on its first two layers
    model[0].trainable = False
    before = pretrained[:2](X).data
    trained(model, y=np.arange(60) % 5)
    np.testing.assert_array_equal(model[0](X).data, before)

    other = network(outputs=5, seed=1)  # or from a file: what fits is loaded, the rest is listed
    with pytest.warns(UserWarning, match=r"2\.W is \(8, 2\), the model's is \(8, 5\)"):
        other.load(tmp_path / "pretrained.npz", strict=False)
    np.testing.assert_array_equal(other[0].W.data, pretrained[0].W.data)


def test_load_one_part_of_a_file(tmp_path):
    """How do I load the encoder alone from the file of a larger model?"""

    class Autoencoder(nn.Module):
        def __init__(self, seed):
            self.encoder, self.decoder = network(3, seed), nn.Linear(3, 4, rng=seed)

        def forward(self, x):
            return self.decoder(self.encoder(x))

    whole = Autoencoder(seed=0)
    whole.save(tmp_path / "whole.npz")
    encoder = network(3, seed=1).load(tmp_path / "whole.npz", prefix="encoder")
    assert_same_weights(encoder, whole.encoder)


def test_look_at_a_hidden_layer():
    """How do I get the output of a hidden layer?"""
    model, seen = network(), []
    remove = model[1].add_hook(lambda layer, inputs, output: seen.append(output.data))
    model(X)
    remove()
    model(X)
    assert len(seen) == 1
    np.testing.assert_array_equal(seen[0], model[:2](X).data)


def test_share_weights():
    """How do I use one matrix in two places?"""

    class Words(nn.Module):
        def __init__(self):
            self.embedding = nn.Embedding(5, 3, rng=0)

        def forward(self, indices):
            return self.embedding(indices) @ self.embedding.W.T

    model, y = Words(), np.array([3, 4])
    model.astype(np.float64)
    W = model.embedding.W
    assert model.parameters() == [W]
    nn.cross_entropy(model(np.array([1, 2])), y).backward()
    apart = [Tensor(W.data.copy(), requires_grad=True) for _ in range(2)]
    nn.cross_entropy(apart[0][np.array([1, 2])] @ apart[1].T, y).backward()
    np.testing.assert_allclose(W.grad, apart[0].grad + apart[1].grad, rtol=1e-13, atol=1e-16)


# ----------------------------------------------------------------------------------- optimization


def test_learning_rate_schedule():
    """How do I let the learning rate fall?"""
    schedule = optim.schedules.Cosine(0.1, steps=8)
    model, by_hand = network().astype(np.float64), network().astype(np.float64)
    trained(model, optim.SGD(model.parameters(), lr=schedule), shuffle=False, batch_size=15)
    for step in range(8):
        batch = slice(step % 4 * 15, step % 4 * 15 + 15)
        lr = 0.05 * (1 + math.cos(math.pi * step / 8))
        for path, g in gradients_of(by_hand, X[batch], Y[batch]).items():
            parameter = dict(by_hand.named_parameters())[path]
            parameter.data[...] -= lr * g
            parameter.grad = None
    for path, weights in model.state_dict().items():
        np.testing.assert_allclose(weights, by_hand.state_dict()[path], rtol=1e-12)


def test_change_the_learning_rate_by_hand():
    """How do I change the learning rate while a model trains?"""

    class Halve(Callback):
        def on_epoch_begin(self, epoch):
            self.trainer.optimizer.lr = 0.1 * 0.5 ** (epoch - 1)

    model, other = network(), network()
    settings = {"batch_size": 60, "shuffle": False}
    trained(model, epochs=2, callbacks=[Halve()], **settings)
    optimizer = optim.SGD(other.parameters(), lr=0.1)
    trained(other, optimizer, epochs=1, **settings)
    optimizer.lr = optimizer.lr / 2
    trained(other, optimizer, epochs=1, **settings)
    assert_same_weights(model, other)


def test_learning_rates_by_layer():
    """How do I give each layer a learning rate of its own?"""
    model, before = network(), network()
    groups = [
        {"parameters": model[0].parameters(), "lr": 0.001},
        {"parameters": model[2].parameters()},
    ]
    optimizer = optim.SGD(groups, lr=0.1)
    gradients = gradients_of(model)
    optimizer.step()
    for path, lr in [("0.W", 0.001), ("0.b", 0.001), ("2.W", 0.1), ("2.b", 0.1)]:
        expected = before.state_dict()[path] - np.float32(lr) * gradients[path]
        np.testing.assert_array_equal(model.state_dict()[path], expected)


def test_find_the_learning_rate():
    """How do I find a good learning rate?"""
    model, before = network(), network()
    trainer = Trainer(model, nn.cross_entropy, optim.Adam(model.parameters()))
    found = optim.find_lr(lambda: trainer.train_step(X, Y)[0], model, trainer.optimizer)
    assert found.suggestion in found.lrs
    assert_same_weights(model, before)  # as if nothing had been tried
    assert trainer.optimizer.lr == 0.001 and trainer.optimizer.t == 0


def test_clip_gradients():
    """How do I clip gradients?"""
    model, before = network().astype(np.float64), network().astype(np.float64)
    optimizer = optim.SGD(model.parameters(), lr=1.0, clip_global_norm=0.01)
    g = np.concatenate([g.ravel() for g in gradients_of(model).values()])
    optimizer.step()
    step = viz.flat(before.parameters()) - viz.flat(model.parameters())
    np.testing.assert_allclose(step, g * 0.01 / np.linalg.norm(g), rtol=1e-9, atol=1e-15)


def test_accumulate_gradients():
    """How do I train with larger batches than fit into memory?"""
    small, large = network().astype(np.float64), network().astype(np.float64)
    optimizer = optim.SGD(small.parameters(), lr=0.1, accumulate=4)
    trained(small, optimizer, batch_size=15, shuffle=False, epochs=3)
    trained(large, batch_size=60, shuffle=False, epochs=3)
    assert optimizer.t == 3
    for path, weights in small.state_dict().items():
        np.testing.assert_allclose(weights, large.state_dict()[path], rtol=1e-12)


def test_accumulate_gradients_in_a_loop_by_hand():
    """How do I accumulate gradients in a loop of my own?"""
    model, whole = network().astype(np.float64), network().astype(np.float64)
    for i in range(0, 60, 15):  # backward() adds to what is there
        (nn.cross_entropy(model(X[i : i + 15]), Y[i : i + 15]) / 4).backward()
    for path, g in gradients_of(whole).items():
        np.testing.assert_allclose(dict(model.named_parameters())[path].grad, g, atol=1e-16)


def test_weight_decay_without_biases():
    """How do I leave biases out of weight decay?"""
    model, before = network(), network()
    matrices = [p for p in model.parameters() if p.ndim > 1]
    biases = [p for p in model.parameters() if p.ndim == 1]
    groups = [{"parameters": matrices}, {"parameters": biases, "weight_decay": 0.0}]
    optimizer = optim.SGD(groups, lr=0.5, weight_decay=0.25)
    gradients = gradients_of(model)
    optimizer.step()
    for path, w in before.state_dict().items():
        decay = 0.125 if w.ndim > 1 else 0.0  # lr λ, exact in binary
        expected = (w - np.float32(decay) * w) - np.float32(0.5) * gradients[path]
        np.testing.assert_array_equal(model.state_dict()[path], expected)


# --------------------------------------------------------------------------------- parts of one's own


def test_custom_loss():
    """How do I use a loss of my own?"""

    def asymmetric(prediction, target):
        error = target - prediction
        return np.mean(np.maximum(0.9 * error, -0.1 * error))  # the quantile loss

    model = network(outputs=1).astype(np.float64)
    y = X[:, :1] * 2.0
    trainer = trained(model, loss=asymmetric, y=y, epochs=1)
    error = y - trainer.predict(X)
    expected = np.where(error > 0, 0.9 * error, -0.1 * error).mean()
    np.testing.assert_allclose(trainer.evaluate(X, y)["loss"], expected, rtol=1e-6)
    assert gradcheck(lambda p: asymmetric(p, y), trainer.predict(X).astype(np.float64))


def test_custom_layer():
    """How do I write a layer of my own?"""

    class Dense(nn.Module):
        def __init__(self, inputs, outputs, rng):
            self.W = nn.Parameter(rng.normal(size=(inputs, outputs)) / math.sqrt(inputs))
            self.b = nn.Parameter(np.zeros(outputs))

        def forward(self, x):
            return np.maximum(x @ self.W + self.b, 0)

    model = nn.Sequential(Dense(4, 8, RNG), nn.Linear(8, 2, rng=0))
    assert [path for path, _ in model.named_parameters()] == ["0.W", "0.b", "1.W", "1.b"]
    twin = nn.Sequential(nn.Linear(4, 8, rng=0), nn.ReLU(), nn.Linear(8, 2, rng=0))
    twin.astype(model[0].W.dtype)
    twin[0].W.data[...] = model[0].W.data
    twin[2].astype(np.float32)
    np.testing.assert_array_equal(model(X).data, twin(X).data)


def test_custom_callback():
    """How do I run code after each epoch?"""

    class Collect(Callback):
        def on_train_begin(self):
            self.losses = []

        def on_epoch_end(self, epoch, values):
            self.losses.append((epoch, values["loss"]))
            if epoch == 3:
                self.trainer.stop_training = True

    collect = Collect()
    history = trained(network(), epochs=5, callbacks=[collect]).history
    assert collect.losses == [
        (1, history["loss"][0]),
        (2, history["loss"][1]),
        (3, history["loss"][2]),
    ]


def test_several_inputs():
    """How do I train a model with several inputs?"""

    class Beside(nn.Module):
        def __init__(self):
            self.left, self.right = nn.Linear(4, 3, rng=0), nn.Linear(2, 3, rng=1)
            self.out = nn.Linear(6, 2, rng=2)

        def forward(self, a, b):
            return self.out(np.concatenate([self.left(a), self.right(b)], axis=1))

    model, a, b = Beside(), X, X[:, :2]
    trainer = trained(model, x=(a, b))
    W, c = model.out.W.data, model.out.b.data
    joined = np.concatenate([model.left(a).data, model.right(b).data], axis=1)
    np.testing.assert_array_equal(trainer.predict((a, b)), joined @ W + c)
    np.testing.assert_array_equal(trainer.predict((a, b)), trainer.predict({"a": a, "b": b}))


def test_several_outputs():
    """How do I train a model with several outputs?"""

    class Heads(nn.Module):
        def __init__(self):
            self.body = nn.Linear(4, 8, rng=0)
            self.kind, self.size = nn.Linear(8, 2, rng=1), nn.Linear(8, 1, rng=2)

        def forward(self, x):
            z = np.tanh(self.body(x))
            return {"kind": self.kind(z), "size": self.size(z)}

    model = Heads()
    losses = {"kind": nn.cross_entropy, "size": nn.mse}
    trainer = Trainer(
        model, losses, optim.Adam(model.parameters()), loss_weights={"size": 0.5},
        metrics={"kind": accuracy},
    )  # fmt: skip
    y = {"kind": Y, "size": X[:, :1]}
    history = trainer.fit(X, y, epochs=2, seed=0, progress=False)
    assert list(history) == ["loss", "kind_loss", "size_loss", "kind_accuracy"]
    found, predicted = trainer.evaluate(X, y), trainer.predict(X)
    kind, size = nn.cross_entropy(predicted["kind"], Y), nn.mse(predicted["size"], X[:, :1])
    assert (found["kind_loss"], found["size_loss"]) == (kind.item(), size.item())
    np.testing.assert_allclose(found["loss"], kind.item() + 0.5 * size.item(), rtol=1e-6)


# ------------------------------------------------------------------------------------ running a training


def test_early_stopping_with_the_best_weights():
    """How do I stop when the validation loss rises, and keep the best weights?"""
    model = network()
    stop = EarlyStopping(patience=3)
    validation = X[40:], Y[40:]
    optimizer = optim.Adam(model.parameters(), lr=0.1)
    trainer = trained(
        model, optimizer, x=X[:40], y=Y[:40], epochs=100, validation=validation, callbacks=[stop]
    )
    losses = trainer.history["val_loss"]
    assert len(losses) == np.argmin(losses) + 1 + 3 < 100
    assert trainer.evaluate(*validation)["loss"] == min(losses)


def test_class_weights():
    """How do I weight a rare class?"""
    model, other = network(), network()
    trained(model, class_weight={1: 5.0})
    trained(other, sample_weight=np.where(Y == 1, 5.0, 1.0))
    assert_same_weights(model, other)


def test_save_and_resume(tmp_path):
    """How do I interrupt a training and resume it?"""
    straight = network()
    trained(straight, optim.Adam(straight.parameters()), epochs=6)
    for epochs in (3, 6):  # the second time in another process, say
        model = network()
        trainer = trained(
            model, optim.Adam(model.parameters()), epochs=epochs, resume=tmp_path,
            callbacks=[Checkpoint(tmp_path)],
        )  # fmt: skip
    assert_same_weights(model, straight)
    assert len(trainer.history) == 6


def test_save_and_load_weights(tmp_path):
    """How do I save a model, and load it again?"""
    model = network()
    trained(model)
    model.save(tmp_path / "model.npz")
    again = network(seed=1).load(tmp_path / "model.npz")
    np.testing.assert_array_equal(again(X).data, model(X).data)


def test_reproducible_runs():
    """How do I get the same numbers each time?"""
    models = [
        nn.Sequential(nn.Linear(4, 8), nn.Dropout(0.5), nn.Linear(8, 2), seed=3) for _ in range(2)
    ]
    a, b = (trained(model, seed=4).history for model in models)
    assert dict(a) == dict(b)
    assert_same_weights(*models)


def test_plot_the_learning_curve(tmp_path):
    """How do I plot the learning curve?"""
    plt = pytest.importorskip("matplotlib.pyplot")
    plt.switch_backend("agg")
    history = trained(network(), validation_split=0.2).history
    ax = viz.learning_curve(history)
    assert ax is plt.gca()
    assert [line.get_ydata().tolist() for line in ax.lines] == [
        history["loss"],
        history["val_loss"],
    ]
    plt.savefig(tmp_path / "curve.png")
    plt.figure()
    plt.plot(history.history["loss"])  # or by hand, as after Keras's fit
    assert plt.gca().lines[0].get_ydata().tolist() == history["loss"]
    plt.close("all")


def test_overfit_one_batch():
    """How do I check that a network can learn at all?"""
    model = network()
    optimizer = optim.Adam(model.parameters(), lr=0.01)
    for _ in range(500):
        loss = nn.cross_entropy(model(X[:8]), Y[:8])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    np.testing.assert_array_equal(model(X[:8]).data.argmax(axis=1), Y[:8])


def test_confusion_matrix():
    """How do I see which classes are confused?"""
    pytest.importorskip("matplotlib")
    trainer = trained(network())
    predicted = trainer.predict(X).argmax(axis=1)
    counts = confusion_matrix(Y, predicted)
    assert counts.tolist() == [
        [int(((i == Y) & (j == predicted)).sum()) for j in range(2)] for i in range(2)
    ]
    ax = viz.confusion(counts, ["below", "above"])
    assert {t.get_text() for t in ax.texts} == {str(n) for n in counts.ravel() if n}
    assert np.trace(counts) == round(accuracy(trainer.predict(X), Y) * 60)


def test_probabilities():
    """How do I get probabilities from a network that gives logits?"""
    logits = trained(network()).predict(X)
    exp = np.exp(logits)
    probabilities = ops.softmax(logits)
    np.testing.assert_allclose(probabilities, exp / exp.sum(axis=1, keepdims=True), rtol=1e-6)
    np.testing.assert_array_equal(probabilities.argmax(axis=1), logits.argmax(axis=1))


def test_predict_without_recording():
    """How do I use a model without computing gradients, and without dropout?"""
    model = nn.Sequential(nn.Linear(4, 8), nn.Dropout(0.5), nn.Linear(8, 2), seed=0)
    model.eval()
    with no_grad():
        y = model(X)
    assert not y.requires_grad and y.op is None
    np.testing.assert_array_equal(y.data, model[2](model[0](X)).data)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_precision(dtype):
    """How do I train in another precision?"""
    model = network().astype(dtype)
    trainer = trained(
        model, y=X[:, :2].astype(np.float64), loss=nn.mse
    )  # the model's dtype decides
    assert {p.dtype for p in model.parameters()} == {np.dtype(dtype)}
    assert trainer.predict(X.astype(np.float64)).dtype == dtype


def test_inspect_gradients():
    """How do I see whether gradients vanish or explode?"""
    pytest.importorskip("matplotlib")
    model = network()
    watch = viz.Watch(model)
    gradients = gradients_of(model)
    watch.record()
    lines = watch.plot().lines
    for (path, g), line in zip(gradients.items(), lines, strict=True):
        np.testing.assert_allclose(line.get_ydata()[0], np.median(np.abs(g)), 1e-6, err_msg=path)
