"""The loss of distillation: its formula, limits, and what it refuses. (Keras: test_keras_losses.py)"""

import numpy as np
import pytest

from tinygrad_edu import Tensor, nn, optim
from tinygrad_edu.gradcheck import gradcheck
from tinygrad_edu.training import Trainer

RNG = np.random.default_rng(0)
LOGITS, TEACHER = RNG.normal(size=(4, 3)), 2 * RNG.normal(size=(4, 3))
LABELS = np.array([0, 2, 1, 2])


def softmax(x):
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 4.0])
@pytest.mark.parametrize("alpha", [0.0, 0.3, 1.0])
def test_the_formula(temperature, alpha):
    t, p = softmax(TEACHER / temperature), softmax(LOGITS / temperature)
    soft = temperature**2 * (t * np.log(t / p)).sum(axis=1)
    hard = -np.log(softmax(LOGITS)[range(4), LABELS])
    settings = {"temperature": temperature, "alpha": alpha}
    each = nn.distillation_loss(LOGITS, (LABELS, TEACHER), reduction="none", **settings)
    assert np.allclose(each, alpha * soft + (1 - alpha) * hard, rtol=1e-13, atol=0)
    mean = nn.distillation_loss(LOGITS, (LABELS, TEACHER), **settings)
    assert np.isclose(mean, np.mean(each), rtol=1e-14)


def test_on_paper():
    """Student 1/2, 1/2; teacher 3/4, 1/4: KL = 3/4 ln 3/2 + 1/4 ln 1/2, and cross-entropy ln 2."""
    loss = nn.distillation_loss(
        [[0.0, 0.0]], ([1], np.log([[3.0, 1.0]])), temperature=1.0, alpha=0.25
    )
    kl = 0.75 * np.log(1.5) + 0.25 * np.log(0.5)
    assert np.isclose(loss, 0.25 * kl + 0.75 * np.log(2), rtol=1e-14)


def test_at_a_high_temperature_the_gradient_is_that_of_matched_logits():
    """Hinton et al. 2015, eq. 4: (z - v) / K, for logits z and v whose mean is 0."""
    z = Tensor(LOGITS - LOGITS.mean(axis=1, keepdims=True), requires_grad=True)
    v = TEACHER - TEACHER.mean(axis=1, keepdims=True)
    nn.distillation_loss(z, (LABELS, v), temperature=1e4, alpha=1.0, reduction="sum").backward()
    assert np.allclose(z.grad, (z.data - v) / 3, rtol=0, atol=1e-3)


def test_a_student_like_its_teacher_has_nothing_to_learn_from_it():
    z = Tensor(TEACHER, requires_grad=True)
    loss = nn.distillation_loss(z, (LABELS, TEACHER), alpha=1.0)
    loss.backward()
    assert abs(loss.item()) < 1e-15
    assert np.abs(z.grad).max() < 1e-15


def test_masked_classes():
    teacher = TEACHER.copy()
    teacher[:, 1] = -np.inf
    labels = np.array([0, 2, 0, 2])
    report = gradcheck(lambda z: nn.distillation_loss(z, (labels, teacher)), LOGITS)
    assert report, report
    both = LOGITS.copy()
    both[:, 1] = -np.inf
    two = nn.distillation_loss(LOGITS[:, ::2], (labels // 2, TEACHER[:, ::2]))
    assert np.isclose(nn.distillation_loss(both, (labels, teacher)), two, rtol=1e-14)


def test_weights_and_precision():
    weights = np.array([1.0, 0.0, 2.0, 0.5])
    each = nn.distillation_loss(LOGITS, (LABELS, TEACHER), reduction="none")
    spoilt = TEACHER.copy()
    spoilt[1] = np.nan
    got = nn.distillation_loss(LOGITS, (LABELS, spoilt), sample_weight=weights)
    assert np.isclose(got, (weights * each).mean(), rtol=1e-14)
    small = nn.distillation_loss(Tensor(LOGITS.astype(np.float32)), (LABELS, TEACHER))
    assert small.dtype == np.float32


def test_sequences_and_a_trainer():
    model = nn.Linear(3, 4, rng=0)
    x = RNG.normal(size=(10, 5, 3)).astype(np.float32)
    y = RNG.integers(0, 4, (10, 5)), RNG.normal(size=(10, 5, 4)).astype(np.float32)
    trainer = Trainer(model, nn.distillation_loss, optim.Adam(model.parameters(), lr=0.1))
    history = trainer.fit(x, y, epochs=3, batch_size=4, seed=0, progress=False)
    assert history["loss"][-1] < history["loss"][0]
    whole = nn.distillation_loss(model(x), y).item()
    assert np.isclose(trainer.evaluate(x, y)["loss"], whole, rtol=1e-5)


@pytest.mark.parametrize(
    ("target", "settings", "kind", "told"),
    [
        (LABELS, {}, TypeError, "not a pair"),
        ((LABELS, TEACHER, 1), {}, TypeError, "target is tuple of 3"),
        ((LABELS, TEACHER[:, :2]), {}, ValueError, r"the teacher's \(4, 2\)"),
        ((TEACHER, LABELS), {}, ValueError, "the labels first"),
        ((LABELS, TEACHER), {"temperature": 0}, ValueError, "a positive number"),
        ((LABELS, TEACHER), {"alpha": 1.5}, ValueError, "from 0 to 1"),
        ((LABELS + 1, TEACHER), {}, ValueError, "classes"),
        ((LABELS, TEACHER), {"reduction": "average"}, ValueError, "one of"),
    ],
)
def test_what_is_refused(target, settings, kind, told):
    with pytest.raises(kind, match=told):
        nn.distillation_loss(LOGITS, target, **settings)


def test_probabilities_of_a_teacher_are_noticed():
    with pytest.warns(UserWarning, match="takes the teacher's logits"):
        nn.distillation_loss(LOGITS, (LABELS, softmax(TEACHER)))


def test_a_compiled_training_is_the_same():
    x = RNG.normal(size=(48, 5)).astype(np.float32)
    y = RNG.integers(0, 4, 48), RNG.normal(size=(48, 4)).astype(np.float32)
    losses = []
    for compiled in (False, True):
        model = nn.Linear(5, 4, rng=0)
        optimizer = optim.Adam(model.parameters(), lr=0.05)
        trainer = Trainer(model, nn.distillation_loss, optimizer, compile=compiled)
        history = trainer.fit(x, y, epochs=3, batch_size=16, seed=0, progress=False)
        losses.append(history["loss"])
    assert np.allclose(*losses, rtol=1e-6)
