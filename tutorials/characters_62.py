"""62 characters from image files, with a CNN: the second program from which this project grew.

    python tutorials/characters_62.py [train.csv test.csv]

The tables have two columns: image, a path, and label. Without tables the program draws the characters first,
in the fonts of matplotlib: 100 training images of each, and 20 test images in other fonts. It takes about a
minute.
"""

import os
import sys
from functools import partial

import numpy as np

from tinygrad_edu import nn
from tinygrad_edu.data import (
    DataLoader,
    StandardScaler,
    Transformed,
    image_csv,
    train_test_split,
    write_characters,
)
from tinygrad_edu.data.transforms import augment
from tinygrad_edu.optim import AdamW
from tinygrad_edu.optim.schedules import Cosine, Warmup
from tinygrad_edu.training import Checkpoint, EarlyStopping, Trainer, accuracy, top_k_accuracy

EPOCHS, BATCH = 20, 64

if len(sys.argv) == 3:
    train_csv, test_csv = sys.argv[1:]
else:
    train_csv, test_csv = "characters/train.csv", "characters/test.csv"
    if not os.path.exists("characters"):
        write_characters("characters", per_class=100, seed=0)

# Data: (n, 28, 28, 1). The test images keep the order of their files, from here to results.csv.
train, test = (image_csv(file, mode="gray", size=(28, 28)) for file in (train_csv, test_csv))
assert train.class_names == test.class_names
pixels, labels = train.dataset()
x, x_val, y, y_val = train_test_split(pixels, labels, test=0.1, seed=0)
scale = StandardScaler(axis=None).fit(x)
x, x_val, x_test = (scale(part)[..., None] for part in (x, x_val, test.dataset().x))

# Model: two convolutions that halve the image, and two dense layers. It has 430,000 parameters.
rng = np.random.default_rng(0)
model = nn.Sequential(
    nn.Conv2d(1, 32, 5, stride=2, padding="same", rng=rng), nn.ReLU(),
    nn.Conv2d(32, 64, 3, stride=2, padding="same", rng=rng), nn.ReLU(),
    nn.Flatten(), nn.Dropout(0.3, rng=rng),
    nn.Linear(None, 128, rng=rng), nn.ReLU(), nn.Dropout(0.3, rng=rng),
    nn.Linear(128, len(train.class_names), rng=rng),
).build((28, 28, 1))  # fmt: skip
print(model.summary((28, 28, 1)), end="\n\n")

# Training: every epoch rotates, zooms and shifts the images differently, a whole batch at once. If you
# run the program again after Ctrl-C, it resumes from the last checkpoint.
distort = partial(augment, degrees=12, zoom=0.1, shift=0.05)
loader = Transformed(DataLoader(x, y, batch_size=BATCH, shuffle=True, seed=0), distort, seed=1)
steps = EPOCHS * len(loader)
optimizer = AdamW(
    model.parameters(), lr=Warmup(Cosine(0.002, steps), steps // 20 + 1), weight_decay=0.01
)
trainer = Trainer(model, nn.cross_entropy, optimizer, metrics=[accuracy])
keep = [EarlyStopping(patience=5), Checkpoint("characters-run")]
trainer.fit(
    loader, epochs=EPOCHS, validation=(x_val, y_val), callbacks=keep, resume="characters-run"
)

# Test, and the table of predictions: each file with its predicted character.
scores = trainer.predict(x_test)
print(f"\ntest accuracy on {len(x_test)} images: {accuracy(scores, test.labels):.2%}", end=", ")
print(f"top-3 accuracy: {top_k_accuracy(scores, test.labels, k=3):.2%}")
with open("results.csv", "w", encoding="utf-8") as file:
    file.write("Filename,Prediction\n")
    for path, k in zip(test.paths, scores.argmax(axis=1), strict=True):
        file.write(f"{os.path.basename(path)},{train.class_names[k]}\n")
print(f"{len(x_test)} predictions: results.csv")
