"""MNIST from a CSV file, with a network on NumPy: the first of the three programs this project grew from.

    python tutorials/mnist_from_csv.py [train.csv [test.csv]]

train.csv is as Kaggle gives MNIST: label, pixel0, ..., pixel783. test.csv has no labels; the answers for it
go to results.csv. Without a file, the 1,797 small digits of the package are written as one.
"""

import sys

import numpy as np

from tinygrad_edu import nn
from tinygrad_edu.data import (
    StandardScaler,
    load_digits,
    read_csv,
    train_validation_test_split,
    write_csv,
)
from tinygrad_edu.optim import Adam
from tinygrad_edu.training import EarlyStopping, Trainer, accuracy, confusion_matrix

files = sys.argv[1:]
if not files:
    digits = load_digits()
    write_csv("digits.csv", np.rint(digits.x * 255 / 16).astype(np.uint8), digits.y)
    files = ["digits.csv"]

# Data. One part to learn from, one to choose by, one to be judged on. The scale is that of the first: what
# the others are like, nobody knows when the network is in use.
data = read_csv(files[0])
x, x_val, x_test, y, y_val, y_test = train_validation_test_split(data.x, data.y, seed=0)
scale = StandardScaler(axis=None).fit(x)
x, x_val, x_test = scale(x), scale(x_val), scale(x_test)
print(f"{len(x)} pictures of {x.shape[1]} pixels to learn from, {len(x_test)} to be judged on")

# Model. Shapes: (n, pixels) -> (n, 128) -> (n, classes), a score for each class.
classes = len(data.class_names)
rng = np.random.default_rng(0)
model = nn.Sequential(
    nn.Linear(x.shape[1], 128, rng=rng, init=nn.initializers.he_normal),
    nn.ReLU(),
    nn.Dropout(0.2, rng=rng),
    nn.Linear(128, classes, rng=rng),
)

# Training. Mini-batches, in another order each epoch. The loss takes scores, not probabilities: softmax and
# logarithm are one stable formula in it. It stops when the validation loss rises, with the best weights.
trainer = Trainer(model, nn.cross_entropy, Adam(model.parameters(), lr=0.002), metrics=[accuracy])
trainer.fit(
    x,
    y,
    epochs=30,
    batch_size=64,
    seed=0,
    validation=(x_val, y_val),
    callbacks=[EarlyStopping(patience=5)],
)

# Examination, on pictures that had no part in all this.
said = trainer.predict(x_test).argmax(axis=1)
print(f"\n{(said == y_test).sum()} of {len(y_test)} right: {100 * np.mean(said == y_test):.2f} %")
print(confusion_matrix(y_test, said, classes))

# Use. The weights are saved, and loaded as another program would that builds the same network.
model.save("mnist.npz")
if len(files) > 1:
    model.load("mnist.npz")
    answers = trainer.predict(scale(read_csv(files[1], label=None))).argmax(axis=1)
    with open("results.csv", "w", encoding="utf-8") as file:
        file.write("ImageId,Label\n")
        file.writelines(f"{i},{label}\n" for i, label in enumerate(answers, start=1))
    print(f"{len(answers)} answers: results.csv")
