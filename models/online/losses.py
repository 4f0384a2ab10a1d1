"""Losses of one sample, and their slopes: functions of the score z = w·x + b and of the target y.

Classes are y = 1 and y = -1. The slope is ∂ loss / ∂ z, from the flatter side at a kink of the hinge and of
the ε-insensitive loss. Slopes are written out, as one step takes only a few microseconds; a test compares
each with the derivative of its loss.

Source: L. Bottou, Stochastic gradient descent tricks (2012), table 1.
"""

import math
from collections.abc import Callable
from typing import NamedTuple


class Loss(NamedTuple):
    value: Callable  # (z, y) -> loss
    slope: Callable  # (z, y) -> ∂ loss / ∂ z


def hinge(margin):
    """max(0, margin - y z): no loss for samples beyond the margin."""
    return Loss(
        lambda z, y: margin - y * z if y * z <= margin else 0.0,
        lambda z, y: -y if y * z <= margin else 0.0,
    )


def squared_hinge():
    """max(0, 1 - y z)²"""
    return Loss(
        lambda z, y: (1 - y * z) * (1 - y * z) if y * z < 1 else 0.0,
        lambda z, y: -2 * y * (1 - y * z) if y * z < 1 else 0.0,
    )


def modified_huber():
    """max(0, 1 - y z)², continued by a line below y z = -1 (Zhang 2004)."""
    squared = squared_hinge()
    return Loss(
        lambda z, y: squared.value(z, y) if y * z >= -1 else -4 * y * z,
        lambda z, y: squared.slope(z, y) if y * z >= -1 else -4.0 * y,
    )


def log_loss():
    """ln(1 + e^(-y z)) = -ln P(y | x) of logistic regression."""
    return Loss(
        lambda z, y: max(0.0, -y * z) + math.log1p(math.exp(-abs(y * z))),
        lambda z, y: -y / (1 + math.exp(min(y * z, 700.0))),
    )


def squared_error():
    """(z - y)² / 2"""
    return Loss(lambda z, y: (z - y) * (z - y) / 2, lambda z, y: z - y)


def huber(ε):
    """(z - y)² / 2 up to |z - y| = ε, then a line."""

    def value(z, y):
        r = abs(z - y)
        return r * r / 2 if r <= ε else ε * r - ε * ε / 2

    return Loss(value, lambda z, y: max(-ε, min(ε, z - y)))


def epsilon_insensitive(ε):
    """max(0, |z - y| - ε)"""
    return Loss(
        lambda z, y: max(0.0, abs(z - y) - ε),
        lambda z, y: 0.0 if abs(z - y) <= ε else math.copysign(1.0, z - y),
    )


def squared_epsilon_insensitive(ε):
    """max(0, |z - y| - ε)²"""
    beyond = epsilon_insensitive(ε)
    return Loss(
        lambda z, y: beyond.value(z, y) * beyond.value(z, y),
        lambda z, y: 2 * beyond.value(z, y) * beyond.slope(z, y),
    )


def loss_named(name, ε):
    """The loss with scikit-learn's name."""
    return {
        "hinge": lambda: hinge(1.0),
        "perceptron": lambda: hinge(0.0),
        "squared_hinge": squared_hinge,
        "modified_huber": modified_huber,
        "log_loss": log_loss,
        "squared_error": squared_error,
        "huber": lambda: huber(ε),
        "epsilon_insensitive": lambda: epsilon_insensitive(ε),
        "squared_epsilon_insensitive": lambda: squared_epsilon_insensitive(ε),
    }[name]()


FOR_NUMBERS = ("squared_error", "huber", "epsilon_insensitive", "squared_epsilon_insensitive")
FOR_CLASSES = ("hinge", "log_loss", "modified_huber", "squared_hinge", "perceptron", *FOR_NUMBERS)
