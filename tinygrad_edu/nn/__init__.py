"""Neural networks: modules with parameters, and losses."""

from tinygrad_edu.nn.activations import ReLU, Sigmoid, Softmax, Tanh
from tinygrad_edu.nn.attention import MultiHeadAttention, TransformerBlock
from tinygrad_edu.nn.embedding import Embedding, Positions, rotary, sinusoidal_positions
from tinygrad_edu.nn.linear import Linear
from tinygrad_edu.nn.losses import cross_entropy, mse
from tinygrad_edu.nn.module import Buffer, Module, Parameter
from tinygrad_edu.nn.normalisation import LayerNorm
from tinygrad_edu.nn.recurrent import GRU, LSTM, Bidirectional, SimpleRNN
from tinygrad_edu.nn.structure import Dropout, Flatten, Sequential

__all__ = [
    "GRU",
    "LSTM",
    "Bidirectional",
    "Buffer",
    "Dropout",
    "Embedding",
    "Flatten",
    "LayerNorm",
    "Linear",
    "Module",
    "MultiHeadAttention",
    "Parameter",
    "Positions",
    "ReLU",
    "Sequential",
    "Sigmoid",
    "SimpleRNN",
    "Softmax",
    "Tanh",
    "TransformerBlock",
    "cross_entropy",
    "mse",
    "rotary",
    "sinusoidal_positions",
]
