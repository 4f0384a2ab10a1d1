"""Fifty steps of a perceptron, beside Keras's own optimizers: the same weights to 1e-10.

Keras rounds most settings to float32 even in float64; those here are exact in float32 (or rounded).
"""

import functools
import os

import numpy as np
import pytest

from tinygrad_edu import nn, optim
from tinygrad_edu.optim import schedules

pytest.importorskip("keras")

STEPS = 50
BETAS, BETA1, BETA2 = (0.875, 0.9990234375), 0.875, 0.9990234375
BOTH = {"beta_1": BETA1, "beta_2": BETA2}
DECAY = 0.0078125

# ours, its settings, Keras's, its settings beyond those of the same name
CASES = {
    "SGD": ("SGD", {"lr": 0.1}, {}),
    "SGD momentum": ("SGD", {"lr": 0.1, "momentum": 0.875}, {"momentum": 0.875}),
    "SGD Nesterov": (
        "SGD",
        {"lr": 0.1, "momentum": 0.875, "nesterov": True},
        {"momentum": 0.875, "nesterov": True},
    ),
    "RMSprop": ("RMSprop", {"lr": 0.01}, {}),
    "RMSprop centered, momentum": (
        "RMSprop",
        {"lr": 0.01, "rho": 0.8, "momentum": 0.5, "centered": True, "eps": 1e-4},
        {"rho": 0.8, "momentum": 0.5, "centered": True, "epsilon": 1e-4},
    ),
    "RMSprop momentum": ("RMSprop", {"lr": 0.01, "momentum": 0.5}, {"momentum": 0.5}),
    "RMSprop centered": ("RMSprop", {"lr": 0.01, "centered": True}, {"centered": True}),
    "Adagrad": ("Adagrad", {"lr": 0.1, "initial": 0.125}, {"initial_accumulator_value": 0.125}),
    "Adadelta": ("Adadelta", {"lr": 1.0}, {}),
    "Adam": ("Adam", {"lr": 0.01, "betas": BETAS}, BOTH),
    "AMSGrad": ("Adam", {"lr": 0.01, "betas": (0.875, 0.5), "amsgrad": True},
                {"beta_1": 0.875, "beta_2": 0.5, "amsgrad": True}),
    "AdamW": ("AdamW", {"lr": 0.01, "betas": BETAS, "weight_decay": DECAY},
              {**BOTH, "weight_decay": DECAY}),
    "Nadam": ("Nadam", {"lr": 0.01, "betas": BETAS}, BOTH),
    "Adamax": ("Adamax", {"lr": 0.01, "betas": BETAS}, BOTH),
    "Lion": ("Lion", {"lr": 0.01, "betas": (0.875, 0.984375)}, {"beta_1": 0.875, "beta_2": 0.984375}),
    "LAMB": ("LAMB", {"lr": 0.01, "betas": BETAS}, BOTH),
    "Muon": (
        "Muon",
        {"lr": 0.01, "betas": BETAS, "weight_decay": DECAY, "rms": 0.25},
        {"adam_beta_1": BETA1, "adam_beta_2": BETA2, "weight_decay": DECAY,
         "adam_weight_decay": DECAY, "rms_rate": 0.25},
    ),
    "Muon without Nesterov": (
        "Muon",
        {"lr": 0.01, "betas": BETAS, "weight_decay": None, "rms": 0.25, "nesterov": False, "rounds": 3},
        {"adam_beta_1": BETA1, "adam_beta_2": BETA2, "weight_decay": None,
         "adam_weight_decay": None, "rms_rate": 0.25, "nesterov": False, "ns_steps": 3},
    ),
    "Adafactor": ("Adafactor", {"lr": 0.25, "beta2_decay": -0.75, "eps": (1e-30, 2**-10)},
                  {"beta_2_decay": -0.75, "epsilon_1": 1e-30, "epsilon_2": 2**-10}),
    "Adafactor clipped, decay": (
        "Adafactor",
        {"lr": 0.01, "beta2_decay": -0.5, "eps": (1e-3, 0.25), "clip_threshold": 0.5, "weight_decay": DECAY},
        {"beta_2_decay": -0.5, "epsilon_1": 1e-3, "epsilon_2": 0.25, "clip_threshold": 0.5,
         "relative_step": False, "weight_decay": DECAY},
    ),
    "Ftrl": ("Ftrl", {"lr": 0.1, "initial": 0.125}, {"initial_accumulator_value": 0.125}),
    "Ftrl regularized": (
        "Ftrl",
        {"lr": 0.5, "lr_power": -0.25, "initial": 0.5, "l1": 0.0625, "l2": 0.125, "shrinkage": 0.25,
         "beta": 0.5, "weight_decay": DECAY},
        {"learning_rate_power": -0.25, "initial_accumulator_value": 0.5,
         "l1_regularization_strength": 0.0625, "l2_regularization_strength": 0.125,
         "l2_shrinkage_regularization_strength": 0.25, "beta": 0.5, "weight_decay": DECAY},
    ),
    "ScheduleFreeAdamW": ("ScheduleFreeAdamW", {"lr": 0.01, "betas": BETAS, "eps": 2**-27},
                          {**BOTH, "epsilon": 2**-27}),
    "ScheduleFreeAdamW decay, accumulate": (
        "ScheduleFreeAdamW",
        {"lr": 0.01, "betas": (0.5, 0.875), "eps": 0.125, "weight_decay": DECAY, "accumulate": 2},
        {"beta_1": 0.5, "beta_2": 0.875, "epsilon": 0.125, "weight_decay": DECAY,
         "gradient_accumulation_steps": 2},
    ),
    "SGD decay": ("SGD", {"lr": 0.1, "weight_decay": DECAY}, {"weight_decay": DECAY}),
    "RMSprop decay": ("RMSprop", {"lr": 0.01, "weight_decay": DECAY}, {"weight_decay": DECAY}),
    "LAMB decay": ("LAMB", {"lr": 0.01, "betas": BETAS, "weight_decay": DECAY},
                   {**BOTH, "weight_decay": DECAY}),
    "Adam clip_value": ("Adam", {"lr": 0.01, "betas": BETAS, "clip_value": 0.01},
                        {**BOTH, "clipvalue": 0.01}),
    "SGD clip_norm": ("SGD", {"lr": 1.0, "clip_norm": 0.05}, {"clipnorm": 0.05}),
    "SGD clip_global_norm": ("SGD", {"lr": 1.0, "clip_global_norm": 0.05}, {"global_clipnorm": 0.05}),
    "Adam accumulate": ("Adam", {"lr": 0.01, "betas": BETAS, "accumulate": 4},
                        {**BOTH, "gradient_accumulation_steps": 4}),
    "Adam everything": (
        "Adam",
        {"lr": 0.01, "betas": BETAS, "accumulate": 2, "clip_global_norm": 0.1, "weight_decay": DECAY},
        {**BOTH, "gradient_accumulation_steps": 2, "global_clipnorm": 0.1, "weight_decay": DECAY},
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def keras():
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import keras

    before = keras.config.floatx(), keras.config.dtype_policy()
    keras.config.set_floatx("float64")
    keras.config.set_dtype_policy("float64")
    yield keras
    keras.config.set_floatx(before[0])
    keras.config.set_dtype_policy(before[1])


def batches():
    rng = np.random.default_rng(1)
    return [(rng.normal(size=(8, 4)), rng.integers(0, 4, 8)) for _ in range(STEPS)]


def perceptron():
    """Widths that are squares: Keras takes the root of Muon's factor in float32."""
    return nn.Sequential(
        nn.Linear(4, 16, rng=0, dtype=float), nn.Tanh(), nn.Linear(16, 4, rng=1, dtype=float)
    )


def our_weights(make):
    """The weights after each step."""
    model = perceptron()
    optimizer = make(model.parameters())
    history = []
    for x, y in batches():
        optimizer.zero_grad()
        nn.cross_entropy(model(x), y).backward()
        optimizer.step()
        history.append([p.data.copy() for p in model.parameters()])
    return history


@functools.cache
def keras_perceptron():
    """The model, and its gradients as a function of a batch: made once, as that takes longest."""
    import keras
    import tensorflow as tf

    model = keras.Sequential(
        [keras.Input((4,)), keras.layers.Dense(16, activation="tanh"), keras.layers.Dense(4)]
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)

    @tf.function
    def gradients(x, y):
        with tf.GradientTape() as tape:
            value = loss(y, model(x))
        return tape.gradient(value, [v.value for v in model.trainable_variables])

    return model, gradients


def keras_weights(optimizer):
    model, gradients = keras_perceptron()
    model.set_weights([p.data for p in perceptron().parameters()])
    history = []
    for x, y in batches():
        optimizer.apply(gradients(x, y), model.trainable_variables)
        history.append([v.numpy() for v in model.trainable_variables])
    return history


def assert_same(ours, theirs):
    for t, (mine, its) in enumerate(zip(ours, theirs, strict=True), 1):
        for a, b in zip(mine, its, strict=True):
            np.testing.assert_allclose(a, b, rtol=0, atol=1e-10, err_msg=f"step {t}")
    start = [p.data for p in perceptron().parameters()]
    assert max(np.abs(a - b).max() for a, b in zip(ours[-1], start, strict=True)) > 1e-3


@pytest.mark.parametrize("case", CASES)
def test_fifty_steps(keras, case, monkeypatch):
    name, ours, theirs = CASES[case]
    if name == "Nadam":  # its 0.96 is not to be rounded to float32 either
        numbers = keras.src.optimizers.nadam.ops
        convert, cast = numbers.convert_to_tensor, numbers.cast
        monkeypatch.setattr(
            numbers, "cast", lambda x, dtype: (convert if isinstance(x, float) else cast)(x, dtype)
        )
    its = {"LAMB": "Lamb"}.get(name, name)
    optimizer = getattr(keras.optimizers, its)(learning_rate=ours["lr"], **theirs)
    if name == "ScheduleFreeAdamW":
        keep_the_old(optimizer)
    assert_same(our_weights(lambda p: getattr(optim, name)(p, **ours)), keras_weights(optimizer))


def keep_the_old(optimizer):
    """Lets what Keras keeps as `momentum_old` be that: in TensorFlow it is the variable, so the new one."""
    import tensorflow as tf

    optimizer.assign_sub = lambda z, step: setattr(z, "_value", tf.Variable(z._value - step))


def test_the_schedule_free_steps_of_keras_as_they_are(keras):
    """For want of the old z β₁ has no effect in Keras on TensorFlow: y is x, as if β₁ were 1."""
    theirs = keras.optimizers.ScheduleFreeAdamW(0.01, beta_1=0.5, beta_2=BETA2, epsilon=2**-27)
    betas = np.nextafter(1, 0), BETA2
    ours = our_weights(lambda p: optim.ScheduleFreeAdamW(p, 0.01, betas=betas, eps=2**-27))
    assert_same(ours, keras_weights(theirs))


@pytest.mark.parametrize(
    "name",
    [
        "SGD",
        "RMSprop",
        "Adagrad",
        "Adadelta",
        "Adam",
        "AdamW",
        "Nadam",
        "Adamax",
        "Lion",
        "LAMB",
        "Adafactor",
        "Ftrl",
        "ScheduleFreeAdamW",
    ],
)
def test_the_same_defaults(keras, name):
    its = {"LAMB": "Lamb"}.get(name, name)
    config = getattr(keras.optimizers, its)().get_config()
    ours = getattr(optim, name)([nn.Parameter([1.0])])
    pairs = {
        "learning_rate": "lr", "epsilon": "eps", "initial_accumulator_value": "initial", "rho": "rho",
        "momentum": "momentum", "nesterov": "nesterov", "centered": "centered", "amsgrad": "amsgrad",
        "weight_decay": "weight_decay", "beta_2_decay": "beta2_decay", "clip_threshold": "clip_threshold",
        "learning_rate_power": "lr_power", "beta": "beta", "l1_regularization_strength": "l1",
        "l2_regularization_strength": "l2", "l2_shrinkage_regularization_strength": "shrinkage",
    }  # fmt: skip
    for theirs, mine in pairs.items():
        if theirs in config:
            assert getattr(ours, mine) == config[theirs], theirs
    if "beta_1" in config:
        assert ours.betas == (config["beta_1"], config["beta_2"])
    if "epsilon_1" in config:
        assert ours.eps == (config["epsilon_1"], config["epsilon_2"])


def test_every_optimizer_that_keras_has(keras):
    """But those that wrap another: for float16, and for groups of weights, which are settings here."""
    theirs = {
        name for name, kind in vars(keras.optimizers).items()
        if isinstance(kind, type) and issubclass(kind, keras.optimizers.Optimizer)
    }  # fmt: skip
    theirs -= {"Optimizer", "LossScaleOptimizer", "MultiOptimizer"}
    assert theirs == {{"LAMB": "Lamb"}.get(name, name) for name, *_ in CASES.values()}


def test_the_defaults_of_muon(keras):
    config = keras.optimizers.Muon().get_config()
    ours = optim.Muon([nn.Parameter([1.0])])
    assert (ours.lr, ours.weight_decay, ours.eps) == (0.001, 0.004, 1e-7)
    assert (ours.momentum, ours.nesterov) == (config["momentum"], config["nesterov"])
    assert (ours.rounds, ours.rms) == (config["ns_steps"], config["rms_rate"])
    assert ours.betas == (config["adam_beta_1"], config["adam_beta_2"])


@pytest.mark.parametrize("accumulate", [1, 4])
def test_a_schedule_takes_effect_at_the_same_steps(keras, accumulate):
    values = [0.5, 0.125, 0.25]
    theirs = keras.optimizers.schedules.PiecewiseConstantDecay([9, 20], values)
    optimizer = keras.optimizers.SGD(
        theirs, gradient_accumulation_steps=accumulate if accumulate > 1 else None
    )
    lr = schedules.PiecewiseConstant([9, 20], values)
    ours = our_weights(lambda p: optim.SGD(p, lr, accumulate=accumulate))
    assert_same(ours, keras_weights(optimizer))


def test_groups_are_weights_that_are_excluded_from_decay(keras):
    optimizer = keras.optimizers.AdamW(0.01, weight_decay=DECAY, **BOTH)
    optimizer.exclude_from_weight_decay(var_names=["bias"])

    def make(parameters):
        W1, b1, W2, b2 = parameters
        return optim.AdamW(
            [{"parameters": [W1, W2]}, {"parameters": [b1, b2], "weight_decay": 0}],
            0.01, weight_decay=DECAY, betas=BETAS,
        )  # fmt: skip

    assert_same(our_weights(make), keras_weights(optimizer))


def test_frozen_weights_stay(keras):
    def make(parameters):
        parameters[0].requires_grad = False
        return optim.Adam(parameters, 0.01, betas=BETAS)

    model = keras_weights(_WithoutFirst(keras.optimizers.Adam(0.01, **BOTH)))
    assert_same(our_weights(make), model)


class _WithoutFirst:
    def __init__(self, optimizer):
        self.optimizer = optimizer

    def apply(self, grads, variables):
        self.optimizer.apply(grads[1:], variables[1:])


def test_the_same_average_of_weights(keras):
    theirs = keras.optimizers.SGD(0.5, use_ema=True, ema_momentum=0.9)
    keras_weights(theirs)
    model = perceptron()
    optimizer, ema = optim.SGD(model.parameters(), 0.5), optim.EMA(model.parameters(), 0.9)
    for x, y in batches():
        optimizer.zero_grad()
        nn.cross_entropy(model(x), y).backward()
        optimizer.step()
        ema.update()
    with ema.averaged():
        for p, average in zip(
            model.parameters(), theirs._model_variables_moving_average, strict=True
        ):
            np.testing.assert_allclose(p.data, average.numpy(), rtol=0, atol=1e-10)


SCHEDULES = {
    "Exponential": (
        schedules.Exponential(0.1, 30, 0.5),
        lambda s: s.ExponentialDecay(0.1, 30, 0.5),
    ),
    "Step": (
        schedules.Step(0.1, 30, 0.5),
        lambda s: s.ExponentialDecay(0.1, 30, 0.5, staircase=True),
    ),
    "InverseTime": (schedules.InverseTime(0.1, 7, 0.5), lambda s: s.InverseTimeDecay(0.1, 7, 0.5)),
    "PiecewiseConstant": (
        schedules.PiecewiseConstant([10, 50], [0.3, 0.2, 0.1]),
        lambda s: s.PiecewiseConstantDecay([10, 50], [0.3, 0.2, 0.1]),
    ),
    "Polynomial": (schedules.Polynomial(0.1, 60), lambda s: s.PolynomialDecay(0.1, 60)),
    "Polynomial, cycle": (
        schedules.Polynomial(0.1, 60, 0.01, 2.0, cycle=True),
        lambda s: s.PolynomialDecay(0.1, 60, 0.01, 2.0, cycle=True),
    ),
    "Cosine": (schedules.Cosine(0.1, 64, 0.1), lambda s: s.CosineDecay(0.1, 64, 0.1)),
    "Cosine with warm-up": (
        schedules.Warmup(schedules.Cosine(0.1, 64), 16, 0.01),
        lambda s: s.CosineDecay(0.01, 64, warmup_target=0.1, warmup_steps=16),
    ),
    "CosineRestarts": (
        schedules.CosineRestarts(0.1, 16, lower=0.75, alpha=0.125),
        lambda s: s.CosineDecayRestarts(0.1, 16, 2.0, 0.75, 0.125),
    ),
    "CosineRestarts, equal": (
        schedules.CosineRestarts(0.1, 16, 1.0, 0.75),
        lambda s: s.CosineDecayRestarts(0.1, 16, 1.0, 0.75),
    ),
}


@pytest.mark.parametrize("name", SCHEDULES)
def test_the_same_schedule(keras, name):
    """To the float32 that Keras computes in; 1 - cos loses digits of small rates, hence atol."""
    ours, theirs = SCHEDULES[name][0], SCHEDULES[name][1](keras.optimizers.schedules)
    for t in range(130):
        assert ours(t) == pytest.approx(float(theirs(t)), rel=1e-6, abs=1e-8), t


@pytest.mark.parametrize("mode", ["min", "max"])
def test_the_same_plateaus(keras, mode):
    rng = np.random.default_rng(0)
    values = np.concatenate([np.linspace(1, 0, 10), 0.3 * rng.random(60), [np.nan] * 3])
    values = values if mode == "min" else -values

    class Model:
        optimizer = keras.optimizers.SGD(0.5)

    theirs = keras.callbacks.ReduceLROnPlateau(
        "loss", factor=0.5, patience=3, cooldown=2, min_lr=0.01, min_delta=0.01, mode=mode
    )
    theirs.set_model(Model())
    theirs.on_train_begin()
    ours = schedules.ReduceOnPlateau(
        0.5, factor=0.5, patience=3, cooldown=2, min_lr=0.01, min_delta=0.01, mode=mode
    )
    seen = set()
    for epoch, value in enumerate(values):
        theirs.on_epoch_end(epoch, {"loss": value})
        ours.observe(value)
        assert ours(0) == pytest.approx(float(Model.optimizer.learning_rate.numpy()), rel=1e-12)
        seen.add(ours(0))
    assert len(seen) > 4
