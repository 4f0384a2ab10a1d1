"""Neural networks: modules with parameters, and losses."""

from tinygrad_edu.nn.activations import (
    ELU,
    GELU,
    GLU,
    SELU,
    HardSigmoid,
    HardSiLU,
    LeakyReLU,
    LogSoftmax,
    Mish,
    PReLU,
    ReLU,
    Sigmoid,
    SiLU,
    Softmax,
    Softplus,
    Softsign,
    Sparsemax,
    Tanh,
)
from tinygrad_edu.nn.ctc_loss import ctc
from tinygrad_edu.nn.linear import Linear
from tinygrad_edu.nn.losses import (
    binary_cross_entropy,
    binary_focal_cross_entropy,
    categorical_hinge,
    contrastive,
    cosine_similarity,
    cross_entropy,
    focal_cross_entropy,
    hinge,
    huber,
    kl_divergence,
    log_cosh,
    mae,
    mse,
    poisson,
    squared_hinge,
    triplet,
)
from tinygrad_edu.nn.module import Buffer, Module, Parameter
from tinygrad_edu.nn.regularisers import L1, L1L2, L2, MaxNorm, MinMaxNorm, NonNegative, UnitNorm
from tinygrad_edu.nn.structure import Dropout, Flatten, Sequential

__all__ = [
    "ELU", "GELU", "GLU", "L1", "L1L2", "L2", "SELU", "Buffer", "Dropout", "Flatten", "HardSiLU",
    "HardSigmoid", "LeakyReLU", "Linear", "LogSoftmax", "MaxNorm", "MinMaxNorm", "Mish", "Module",
    "NonNegative", "PReLU", "Parameter", "ReLU", "Sequential", "SiLU", "Sigmoid", "Softmax", "Softplus",
    "Softsign", "Sparsemax", "Tanh", "UnitNorm", "binary_cross_entropy", "binary_focal_cross_entropy",
    "categorical_hinge", "contrastive", "cosine_similarity", "cross_entropy", "ctc",
    "focal_cross_entropy", "hinge", "huber", "kl_divergence", "log_cosh", "mae", "mse", "poisson",
    "squared_hinge", "triplet",
]  # fmt: skip
