"""One CNN here and in Keras: the third program from which this project grew.

    python tutorials/keras_comparison.py [train.csv]

The table has two columns: image, a path, and label. Without a table the program draws characters first. Both
networks start from the same weights and get the same batches. Only Dropout draws different numbers in each.
"""

import os
import sys
import time

import keras
import numpy as np

from tinygrad_edu import nn
from tinygrad_edu.data import StandardScaler, image_csv, train_test_split, write_characters
from tinygrad_edu.optim import Adam
from tinygrad_edu.training import Trainer, accuracy
from tinygrad_edu.twins import compare, to_keras

EPOCHS, BATCH = 5, 64

if len(sys.argv) < 2 and not os.path.exists("characters"):
    write_characters("characters", per_class=100, seed=0)
images = image_csv(*sys.argv[1:] or ["characters/train.csv"], mode="gray", size=(28, 28))
x, x_val, y, y_val = train_test_split(*images.dataset(), test=0.2, seed=0)
scale = StandardScaler(axis=None).fit(x)
x, x_val = scale(x)[..., None], scale(x_val)[..., None]


def network():
    rng = np.random.default_rng(0)  # the same weights each time
    return nn.Sequential(
        nn.Conv2d(1, 32, 5, stride=2, padding="same", rng=rng), nn.ReLU(),
        nn.Conv2d(32, 64, 3, stride=2, padding="same", rng=rng), nn.ReLU(),
        nn.Flatten(), nn.Dropout(0.3, rng=rng), nn.Linear(None, len(images.class_names), rng=rng),
    ).build((28, 28, 1))  # fmt: skip


# First every number. In float64 and without Dropout, all outputs, losses, gradients and weights must agree.
# (Keras rounds settings to float32: these settings are exact in float32.)
model = network().astype(np.float64)
adam = Adam(model.parameters(), lr=2**-9, betas=(0.875, 0.9990234375))
batches = [(x[i : i + BATCH], y[i : i + BATCH]) for i in range(0, 5 * BATCH, BATCH)]
print(compare(model, nn.cross_entropy, adam, batches), end="\n\n")

# Then a training in float32, as usual.
model = network()
ours = Trainer(model, nn.cross_entropy, Adam(model.parameters(), lr=0.002))
theirs = to_keras(model, (28, 28, 1))
theirs.compile(
    optimizer=keras.optimizers.Adam(0.002),
    loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
)
print("epoch   our loss  Keras's   our validation accuracy  Keras's   our seconds  Keras's")
for epoch in range(1, EPOCHS + 1):
    order = np.random.default_rng(epoch).permutation(len(y))
    start = time.perf_counter()
    ours.fit(x[order], y[order], batch_size=BATCH, shuffle=False, progress=False)
    middle = time.perf_counter()
    told = theirs.fit(x[order], y[order], batch_size=BATCH, shuffle=False, verbose=0).history
    end = time.perf_counter()
    mine = 100 * accuracy(ours.predict(x_val), y_val)
    other = 100 * accuracy(theirs.predict(x_val, verbose=0), y_val)
    print(
        f"{epoch:5}  {ours.history['loss'][-1]:9.4f}  {told['loss'][0]:7.4f}"
        f"  {mine:22.2f} %  {other:5.2f} %  {middle - start:12.2f}  {end - middle:7.2f}"
    )
