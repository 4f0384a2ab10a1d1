"""A generative adversarial network: its objectives, the best discriminator, and a normal distribution."""

import numpy as np
import pytest

from models import GAN
from models.networks.layers import glorot
from tinygrad_edu import grad, value_and_grad
from tinygrad_edu.gradcheck import gradcheck
from tinygrad_edu.ops import sigmoid, softplus

RNG = np.random.default_rng(0)


def some(activation="tanh"):
    real, fake = RNG.normal(size=(2, 7, 3))
    return real, fake, glorot([3, 5, 1], RNG), GAN(activation=activation)


def test_the_objectives_are_those_written_by_hand():
    real, fake, ((W1, b1), (W2, b2)), model = some()

    def D(x):
        return 1 / (1 + np.exp(-(np.tanh(x @ W1 + b1) @ W2 + b2)[:, 0]))

    layers = [(W1, b1), (W2, b2)]
    plain = -np.log(D(real)).mean() - np.log(1 - D(fake)).mean()
    of_D = model.set_params(gradient_penalty=0.0).discriminator_loss
    assert of_D(real, fake, layers) == pytest.approx(plain, rel=1e-12)
    slope = ((1 - np.tanh(real @ W1 + b1) ** 2) * W2[:, 0]) @ W1.T
    penalized = plain + 0.7 / 2 * (slope**2).sum(axis=1).mean()
    of_D = model.set_params(gradient_penalty=0.7).discriminator_loss
    assert float(of_D(real, fake, layers)) == pytest.approx(penalized, rel=1e-12)
    assert model.generator_loss(fake, layers) == pytest.approx(-np.log(D(fake)).mean(), rel=1e-12)
    minimax = model.set_params(generator_objective="minimax").generator_loss(fake, layers)
    assert minimax == pytest.approx(np.log(1 - D(fake)).mean(), rel=1e-12)


def test_the_derivatives_of_both_objectives():
    """That of D has a derivative inside: the penalty."""
    real, fake, ((W1, b1), (W2, b2)), model = some()
    report = gradcheck(lambda W: model.discriminator_loss(real, fake, [(W, b1), (W2, b2)]), W1)
    assert report, report
    report = gradcheck(lambda x: model.generator_loss(x, [(W1, b1), (W2, b2)]), fake)
    assert report, report


def discrete(p, q):
    """The objective of D on distributions p and q of a few values, as a function of its logits."""
    return lambda d: (p * softplus(-d)).sum() + (q * softplus(d)).sum()


def test_the_best_discriminator_is_p_over_p_plus_q():
    p, q = np.array([0.5, 0.3, 0.15, 0.05]), np.array([0.1, 0.2, 0.3, 0.4])
    best = np.log(p / q)
    np.testing.assert_allclose(sigmoid(best), p / (p + q), rtol=1e-12)
    value, slope = value_and_grad(discrete(p, q))(best)
    np.testing.assert_allclose(slope, 0, atol=1e-15)
    curvature = grad(lambda d: grad(discrete(p, q))(d).sum())(best)  # of each logit by itself
    assert (curvature > 0).all()
    middle = (p + q) / 2
    jsd = (p * np.log(p / middle)).sum() / 2 + (q * np.log(q / middle)).sum() / 2
    assert float(value) == pytest.approx(2 * np.log(2) - 2 * jsd, rel=1e-12)
    assert float(discrete(p, p)(np.zeros(4))) == pytest.approx(2 * np.log(2), rel=1e-12)


def test_the_discriminator_of_rows_finds_p_over_p_plus_q():
    """Values 0, 1, 2 as often as p and q say: gradient descent on discriminator_loss leads to p / (p + q)."""
    real, fake = np.repeat(np.eye(3), [6, 3, 1], axis=0), np.repeat(np.eye(3), [2, 2, 6], axis=0)
    model, W, b = GAN(gradient_penalty=0.0), np.zeros((3, 1)), np.zeros(1)
    for _ in range(2000):
        W = W - 2 * grad(lambda W: model.discriminator_loss(real, fake, [(W, b)]))(W)
    D = sigmoid(model.logit(np.eye(3), [(W, b)]))
    np.testing.assert_allclose(D, [6 / 8, 3 / 5, 1 / 7], atol=1e-6)


def test_samples_have_the_mean_and_variance_of_a_normal_distribution():
    X = RNG.normal(size=(1000, 1)) * 3 + 7
    model = GAN(1, random_state=0, max_iter=60).fit(X)
    drawn = model.sample(4000)
    assert drawn.shape == (4000, 1)
    assert drawn.mean() == pytest.approx(X.mean(), abs=4 * 3 * np.sqrt(1 / 1000 + 1 / 4000))
    assert drawn.std() == pytest.approx(X.std(), rel=4 * np.sqrt(1 / 2000 + 1 / 8000))
    assert np.abs(model.discriminate(X) - 0.5).mean() < 0.05
    assert model.trace_.loss[-1] == pytest.approx(2 * np.log(2), abs=0.05)


def test_two_groups_are_both_drawn():
    X = np.concatenate([RNG.normal(-3, 0.5, (300, 1)), RNG.normal(3, 0.5, (300, 1))])
    drawn = GAN(2, random_state=0, max_iter=100).fit(X).sample(1000)
    assert 0.3 < (drawn > 0).mean() < 0.7
    assert np.abs(np.abs(drawn) - 3).mean() < 1


def test_the_same_seed_gives_the_same_networks_and_samples():
    X = RNG.normal(size=(40, 2))
    a, b = (GAN(random_state=3, max_iter=3).fit(X) for _ in range(2))
    np.testing.assert_array_equal(a.sample(5), b.sample(5))
    assert len(a.trace_) == a.n_iter_ == 3
    assert a.generator_[0][0].shape == (2, 32) and a.discriminator_[0][0].shape == (2, 32)


def test_mistakes():
    with pytest.raises(ValueError, match="not fitted yet"):
        GAN().sample(3)
    with pytest.raises(ValueError, match="its square overflows"):
        GAN().fit(np.array([[1e200], [-1e200]]))
