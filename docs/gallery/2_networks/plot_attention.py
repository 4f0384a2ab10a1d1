"""
Where attention looks
=====================

A causal layer may only look back: weights above the diagonal are 0.
"""

import matplotlib.pyplot as plt
import numpy as np

from tinygrad_edu import nn, viz

words = ["the", "cat", "sat", "on", "the", "mat"]
rng = np.random.default_rng(0)
vectors = {word: rng.normal(size=8) for word in sorted(set(words))}
x = np.array([[vectors[word] for word in words]], np.float32)
model = nn.Sequential(nn.MultiHeadAttention(8, 2, 8, causal=True, rng=0))
weights = viz.attentions(model, x)["0"]
viz.attention_map(weights[0, 0], words, words)
plt.show()
