"""The masks that Keras passes from layer to layer beside the numbers, without a word in the config.

An Embedding(mask_zero=True) masks the steps of padding. Here a mask is an argument, so a Sequential in which
a layer uses one becomes a functional model with the mask as an argument.
"""

from __future__ import annotations

from typing import Any

from tinygrad_edu.twins.graph import MERGES
from tinygrad_edu.twins.weights import is_functional, is_operation

# Layers with one result per step, which pass the mask of their input on.
PASS_MASKS = {
    "SimpleRNN", "LSTM", "GRU", "RNN", "Bidirectional", "MultiHeadAttention", "GroupQueryAttention",
    "AdditiveAttention", "Dense", "LayerNormalization", "BatchNormalization", "GroupNormalization",
    "Activation", "ReLU", "LeakyReLU", "PReLU", "ELU", "Softmax", "Dropout", "SpatialDropout1D",
    "SpatialDropout2D", "GaussianNoise", "GaussianDropout", "AlphaDropout", "TimeDistributed", "Identity",
    *MERGES,
}  # fmt: skip
# Layers that compute something else with a mask.
TAKE_MASKS = {
    "SimpleRNN", "LSTM", "GRU", "RNN", "Bidirectional", "AdditiveAttention", "BatchNormalization", "Softmax",
    "TimeDistributed", "GlobalAveragePooling1D", "Sequential", "Functional",
}  # fmt: skip
OF_MASKED = (
    "of what an Embedding(mask_zero=True) masks: at the steps of padding Keras gives an average there, "
    "and here it is 0"
)


def with_masks(config: dict[str, Any], within: bool) -> dict[str, Any] | None:
    """A Sequential in which a layer gets a mask, as a functional model with the mask as an argument.

    In a Sequential the mask passes from layer to layer beside the numbers, without a word in the config.
    None if no layer uses one, and none may leave this model for one around it (`within` another).
    """
    layers = config["layers"]
    first = next((i for i, entry in enumerate(layers) if entry["config"].get("mask_zero")), None)
    after = [] if first is None else layers[first + 1 :]
    takes = any(entry["class_name"] in TAKE_MASKS for entry in after)
    if first is None or not (takes or within):
        return None

    def result(name: str) -> dict[str, Any]:
        """The last result of a layer so far."""
        call = len(told[name]["inbound_nodes"]) - 1
        return {
            "class_name": "__keras_tensor__",
            "config": {"keras_history": [name, max(call, 0), 0]},
        }

    last, masked, told = "", "", dict[str, Any]()
    if layers[0]["class_name"] != "InputLayer":
        shape = config.get("build_input_shape") or [None, None]
        start = {"name": "input", "batch_shape": shape}
        layers = [{"class_name": "InputLayer", "config": start}, *layers]
    for entry in layers:
        name, kind = entry["config"]["name"], entry["class_name"]
        nodes = told[name]["inbound_nodes"] if name in told else []  # if it is applied again
        if last:
            mask = {"mask": result(masked)} if masked and kind in TAKE_MASKS else {}
            nodes = [*nodes, {"args": [result(last)], "kwargs": mask}]
        told[name] = {**entry, "inbound_nodes": nodes}
        masked = masked if passes_masks(entry) else ""
        if entry["config"].get("mask_zero"):
            masked = f"{name}_mask"
            told[masked] = {
                "module": "keras.src.ops.numpy", "class_name": "NotEqual", "config": {"name": masked},
                "inbound_nodes": [{"args": [told[name]["inbound_nodes"][-1]["args"][0], 0], "kwargs": {}}],
            }  # fmt: skip
        last = name
    start = layers[0]["config"]["name"]
    end = [last, len(told[last]["inbound_nodes"]) - 1 + is_functional(told[last]), 0]
    return {
        **config, "layers": list(told.values()), "input_layers": [start, 0, 0], "output_layers": end
    }  # fmt: skip


def passes_masks(entry: dict[str, Any]) -> bool:
    own = entry["config"].get("layer", entry)["config"]
    passes = entry["class_name"] in PASS_MASKS and not is_operation(entry)
    return passes and own.get("return_sequences", True)
