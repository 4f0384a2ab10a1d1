"""Training steps (forward, backward, Adam, float32) of an LSTM and a small GPT, beside Keras and PyTorch.

python benchmarks/sequence.py [lstm | gpt]        (peers: pip install torch keras tensorflow)

Also: the peak memory of each, measured in separate processes.
"""

import timing  # first: it may have to restart Python before NumPy is loaded

import os
import sys

import numpy as np

from tinygrad_edu import nn, optim

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

LIMITS = {"lstm": {"Keras on TensorFlow": 1.2}, "gpt": {"PyTorch eager": 1.3}}
VOCABULARY, SIZE, HEADS, LAYERS, LENGTH = 65, 128, 4, 4, 128


def data(work):
    rng = np.random.default_rng(0)
    if work == "lstm":
        return rng.normal(size=(32, 64, 32)).astype(np.float32), rng.integers(0, 10, 32)
    ids = rng.integers(0, VOCABULARY, (16, LENGTH + 1))
    return ids[:, :-1], ids[:, 1:]


class GPT(nn.Module):
    """Predicts the next character from those before it. Radford et al. 2019."""

    def __init__(self, vocabulary, size, heads, layers, length, rng):
        rng = np.random.default_rng(rng)
        self.words = nn.Embedding(vocabulary, size, rng=rng)
        self.positions = nn.Positions(length, size, rng=rng)
        self.blocks = [
            nn.TransformerBlock(size, heads, causal=True, rng=rng) for _ in range(layers)
        ]
        self.norm = nn.LayerNorm(size)
        self.head = nn.Linear(size, vocabulary, rng=rng)

    def forward(self, ids):
        x = self.positions(self.words(ids))
        for block in self.blocks:
            x = block(x)
        return self.head(self.norm(x))


def ours(work):
    x, y = data(work)
    if work == "lstm":
        model = nn.Sequential(nn.LSTM(32, 128, rng=0), nn.Linear(128, 10, rng=0))
    else:
        model = GPT(VOCABULARY, SIZE, HEADS, LAYERS, LENGTH, rng=0)
    optimizer = optim.Adam(model.parameters())

    def step():
        logits = model(x)
        loss = nn.cross_entropy(logits.reshape(y.size, -1), y.reshape(-1))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    return step


def torch_lstm(torch):
    class Model(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.lstm = torch.nn.LSTM(32, 128, batch_first=True)
            self.head = torch.nn.Linear(128, 10)

        def forward(self, x):
            return self.head(self.lstm(x)[0][:, -1])

    return Model()


def torch_gpt(torch):
    linear, functional = torch.nn.Linear, torch.nn.functional

    class Block(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.norm1, self.norm2 = torch.nn.LayerNorm(SIZE), torch.nn.LayerNorm(SIZE)
            self.qkv, self.output = linear(SIZE, 3 * SIZE), linear(SIZE, SIZE)
            self.up, self.down = linear(SIZE, 4 * SIZE), linear(4 * SIZE, SIZE)

        def forward(self, x):
            n, steps, _ = x.shape
            qkv = self.qkv(self.norm1(x)).reshape(n, steps, 3, HEADS, SIZE // HEADS)
            q, k, v = qkv.permute(2, 0, 3, 1, 4)
            y = functional.scaled_dot_product_attention(q, k, v, is_causal=True)
            x = x + self.output(y.transpose(1, 2).reshape(n, steps, SIZE))
            return x + self.down(functional.gelu(self.up(self.norm2(x))))

    class Model(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.words = torch.nn.Embedding(VOCABULARY, SIZE)
            self.positions = torch.nn.Parameter(torch.zeros(LENGTH, SIZE))
            self.blocks = torch.nn.Sequential(*[Block() for _ in range(LAYERS)])
            self.norm, self.head = torch.nn.LayerNorm(SIZE), linear(SIZE, VOCABULARY)

        def forward(self, ids):
            return self.head(self.norm(self.blocks(self.words(ids) + self.positions)))

    return Model()


def pytorch(work):
    import torch

    x, y = map(torch.tensor, data(work))
    model = torch_lstm(torch) if work == "lstm" else torch_gpt(torch)
    optimizer = torch.optim.Adam(model.parameters())
    loss_of = torch.nn.CrossEntropyLoss()

    def step():
        loss = loss_of(model(x).flatten(0, -2), y.flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    return step


def keras(work):
    from keras import Input, Model, layers, losses, ops

    x, y = data(work)
    inputs = Input(x.shape[1:], dtype=x.dtype.name)
    if work == "lstm":
        outputs = layers.Dense(10)(layers.LSTM(128)(inputs))
    else:
        z = layers.Embedding(VOCABULARY, SIZE)(inputs)
        z = z + layers.Embedding(LENGTH, SIZE)(ops.arange(LENGTH))
        for _ in range(LAYERS):
            seen = layers.LayerNormalization()(z)
            attention = layers.MultiHeadAttention(HEADS, SIZE // HEADS)
            z = z + attention(seen, seen, use_causal_mask=True)
            up = layers.Dense(4 * SIZE, activation="gelu")(layers.LayerNormalization()(z))
            z = z + layers.Dense(SIZE)(up)
        outputs = layers.Dense(VOCABULARY)(layers.LayerNormalization()(z))
    model = Model(inputs, outputs)
    model.compile("adam", losses.SparseCategoricalCrossentropy(from_logits=True))
    return lambda: model.train_on_batch(x, y)


PEERS = {"tinygrad_edu": ours, "PyTorch eager": pytorch, "Keras on TensorFlow": keras}
TITLES = {
    "lstm": "LSTM 32 -> 128, 64 steps, batch 32",
    "gpt": f"GPT of {LAYERS} layers, size {SIZE}, {HEADS} heads, {LENGTH} characters, batch 16",
}


def main():
    if sys.argv[1:2] == ["--peak"]:
        _, _, work, name = sys.argv
        timing.tell_peak(lambda: PEERS[name](work))
        return
    asked = sys.argv[1:] or TITLES
    for work in asked:
        timing.peaks(TITLES[work], PEERS, work)
    for work in asked:
        works = {}
        for name, build in PEERS.items():
            try:
                works[name] = build(work)
            except ImportError:
                print(f"{name}: not installed, left out")
        best = timing.interleave(works, rounds=30, seconds=0.05, budget=60.0)
        title = f"training step of {TITLES[work]}, float32, Adam"
        timing.report(title, best, "tinygrad_edu", LIMITS[work])


if __name__ == "__main__":
    main()
