"""Names and arguments of NumPy, PyTorch and Keras are answered with what to write here."""

import copy
import pickle

import numpy as np
import pytest

import tinygrad_edu
from tinygrad_edu import Tensor, nn, ops, optim, training
from tinygrad_edu.diagnostics import migration_hints

X = Tensor(np.ones((3, 2)), requires_grad=True)
MODEL = nn.Sequential(nn.Linear(2, 2, rng=0))
TRAINER = training.Trainer(MODEL, nn.mse, optim.Adam(MODEL.parameters()))


class Kerasian(nn.Module):
    def call(self, x):
        return x


@pytest.mark.parametrize(
    ("mistake", "kind", "hint"),
    [
        (lambda: X.exp(), AttributeError, r"np\.exp\(x\)"),
        (lambda: X.relu(), AttributeError, r"ops\.relu\(x\)"),
        (lambda: X.mm(X), AttributeError, "x @ w"),
        (lambda: X.device, AttributeError, "the processor"),
        (lambda: X.sum(dim=1), TypeError, "axis="),
        (lambda: X.mean(dim=1, keepdim=True), TypeError, "axis="),
        (lambda: X.max(0, keepdim=True), TypeError, "keepdims="),
        (lambda: X.argmax(dim=1), TypeError, "axis="),
        (lambda: X.std(dim=1), TypeError, "axis="),
        (lambda: tinygrad_edu.manual_seed(0), AttributeError, r"Sequential\(\.\.\., seed=0\)"),
        (lambda: tinygrad_edu.tensor([1.0]), TypeError, r"Tensor\(\[1\.0, 2\.0\], requires_grad"),
        (lambda: tinygrad_edu.zeros(3), AttributeError, r"np\.zeros"),
        (lambda: tinygrad_edu.Linear, AttributeError, r"nn\.Linear"),
        (lambda: tinygrad_edu.Adam, AttributeError, r"optim\.Adam"),
        (lambda: tinygrad_edu.Trainer, AttributeError, r"training\.Trainer"),
        (lambda: tinygrad_edu.softmax, AttributeError, r"ops\.softmax"),
        (lambda: tinygrad_edu.Dense, AttributeError, r"nn: Linear\("),
        (lambda: tinygrad_edu.gard, AttributeError, "grad"),
        (lambda: TRAINER.predict_classes(X), AttributeError, r"np\.argmax\(trainer\.predict\(x\)"),
        (lambda: TRAINER.evalute(X), AttributeError, "evaluate"),
        (lambda: training.Trainer(MODEL), TypeError, r"Trainer\(model, loss, optimizer\)"),
        (lambda: TRAINER.fit(), TypeError, r"fit\(x\)$"),
        (lambda: TRAINER.evaluate(), TypeError, r"evaluate\(x\)$"),
        (lambda: MODEL.predict_classes(X), AttributeError, r"np\.argmax\(model\(x\)"),
        (lambda: optim.Adam(lr=0.1), TypeError, r"Adam\(model\.parameters\(\)\)"),
        (lambda: optim.Lion(lr=0.1), TypeError, r"Lion\(model\.parameters\(\)"),
        (lambda: nn.cross_entropy(), TypeError, r"cross_entropy\(logits, labels\); a Trainer takes it"),
        (lambda: nn.mse(X), TypeError, r"mse\(prediction, target\)"),
        (lambda: nn.CrossEntropyLoss, AttributeError, "cross_entropy, a function"),
        (lambda: nn.Parameter(3, 3), TypeError, r"Parameter\(\[3, 3\]\).*Parameter\(np\.zeros\(\(3, 3\)"),
        (lambda: nn.Buffer(3, 3), TypeError, r"Buffer\(\[3, 3\]\)"),
        (lambda: Tensor(1.0, 2.0), TypeError, r"Tensor\(\[1\.0, 2\.0\]\)"),
        (lambda: Kerasian()(X), NotImplementedError, "forward instead of call, which nothing calls"),
        (lambda: nn.Module()(X), NotImplementedError, r"def forward\(self, x\)"),
        (lambda: Tensor((X.argmax(1) == 0).mean()).backward(), RuntimeError, "argmax.*no gradient"),
    ],
)  # fmt: skip
def test_the_answer_names_the_line_and_what_to_write(mistake, kind, hint):
    with pytest.raises(kind, match=rf"at test_missing_attributes\.py:\d+[\s\S]*Try: [\s\S]*{hint}"):
        mistake()


def test_a_loss_of_the_accuracy_is_refused_with_a_loss_that_has_a_gradient():
    def wrong(prediction, target):
        return (prediction.argmax(1) == target).mean()

    trainer = training.Trainer(MODEL, wrong, optim.Adam(MODEL.parameters()))
    with pytest.raises(RuntimeError, match="argmax, round and comparisons .* nn.cross_entropy"):
        trainer.fit(np.ones((4, 2), np.float32), np.ones(4, int), progress=False)


def test_hints_point_at_what_exists():
    assert all(hasattr(np, name) for name in migration_hints.OF_NUMPY)
    assert all(hasattr(ops, name) for name in migration_hints.OF_OPS)
    assert not any(hasattr(tinygrad_edu, name) for name in migration_hints.PACKAGE)
    assert not any(hasattr(TRAINER, name) for name in migration_hints.TRAINER)


def test_what_is_answered_can_still_be_copied():
    assert copy.copy(TRAINER).model is MODEL
    again = pickle.loads(pickle.dumps(TRAINER.optimizer))
    assert again.lr == TRAINER.optimizer.lr
    assert not hasattr(tinygrad_edu, "__path_of_nothing__")
