"""Who is compared: a file for each library, with a function for each kind of work.

A function takes the sizes of the work and returns `step`. A call of `step` does the work once, and returns
the loss, or value and gradients, in the library's own arrays. `peers.build` finds the function, and raises
ImportError if the library is not installed, or NotWritten if the work is not written for it.
"""

import importlib
from dataclasses import dataclass, field

import numpy as np


class NotWritten(Exception):
    """This work is not written for this peer."""


@dataclass
class Peer:
    """title; its file in this folder; what its functions are told beside the sizes; packages to import."""

    title: str
    file: str
    settings: dict = field(default_factory=dict)
    packages: tuple = ()
    trains_only: bool = False


PEERS = {
    "eager": Peer("tinygrad_edu", "ours"),
    "compiled": Peer("tinygrad_edu, compiled", "ours", {"compiled": True}),
    "hand": Peer("NumPy by hand", "by_hand"),
    "torch": Peer("PyTorch eager", "pytorch", {}, ("torch",)),
    "fused": Peer("PyTorch, fused Adam", "pytorch", {"fused": True}, ("torch",), True),
    "torch-compiled": Peer("torch.compile", "pytorch", {"compiled": True}, ("torch",)),
    "keras": Peer("Keras / TensorFlow", "keras_tensorflow", {}, ("keras", "tensorflow")),
    "jax": Peer("JAX jit", "jax_jit", {}, ("jax",)),
    "mygrad": Peer("MyGrad", "mygrad_tensors", {}, ("mygrad",)),
    "autograd": Peer("autograd", "autograd_boxes", {}, ("autograd",)),
    "dezero": Peer("DeZero", "dezero_variables", {}, ("dezero",)),
}


def load(name):
    """The module of a peer. Raises ImportError if its library is not installed."""
    module = importlib.import_module(f"peers.{PEERS[name].file}")
    if name == "compiled":
        import tinygrad_edu

        if not hasattr(tinygrad_edu, "compile"):
            raise ImportError("this version of tinygrad_edu has no compile")
    return module


def build(name, work):
    """The step of a peer for a `works.Work`."""
    peer = PEERS[name]
    function = getattr(load(name), work.kind, None)
    if function is None:
        raise NotWritten("not written for this library")
    if peer.trains_only and not work.trains:
        raise NotWritten("not written: there is no optimizer in this work")
    return function(**work.sizes, **peer.settings)


def numbers(result):
    """The length (2-norm) of each array of a result: the same in every order of axes."""
    arrays = result if isinstance(result, (tuple, list)) else [result]
    plain = [np.asarray(a.detach() if hasattr(a, "detach") else a) for a in arrays]
    return [float(np.linalg.norm(a.astype(np.float64).ravel())) for a in plain]


def results(step, work):
    """The numbers of the first steps. `step.once` returns its own loss, where `step` does not."""
    once = getattr(step, "once", step)
    return [number for _ in range(work.steps) for number in numbers(once())]
