"""MNIST from a CSV file, with a network on NumPy: the first program from which this project grew.

    python tutorials/mnist_from_csv.py [train.csv [test.csv]]

train.csv has Kaggle's columns of MNIST: label, pixel0, ..., pixel783. test.csv has no labels; its predictions
go to results.csv. Without a file, the program writes the 1,797 small digits of the package to one.
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

# Data: training, validation and test set. The training set alone determines the scale, because in use
# nothing is known about new images.
data = read_csv(files[0])
x, x_val, x_test, y, y_val, y_test = train_validation_test_split(data.x, data.y, seed=0)
scale = StandardScaler(axis=None).fit(x)
x, x_val, x_test = scale(x), scale(x_val), scale(x_test)
print(f"{len(x)} training images of {x.shape[1]} pixels, {len(x_test)} test images")

# Model. Shapes: (n, pixels) -> (n, 128) -> (n, classes), a score for each class.
classes = len(data.class_names)
rng = np.random.default_rng(0)
model = nn.Sequential(
    nn.Linear(x.shape[1], 128, rng=rng, init=nn.initializers.he_normal),
    nn.ReLU(),
    nn.Dropout(0.2, rng=rng),
    nn.Linear(128, classes, rng=rng),
)

# Training. Mini-batches, in a new order each epoch. The loss takes scores, not probabilities: it combines
# softmax and logarithm in one stable formula. Training stops when the validation loss stops falling.
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

# Test, on images that influenced nothing before.
predicted = trainer.predict(x_test).argmax(axis=1)
print(f"\ntest accuracy on {len(y_test)} images: {np.mean(predicted == y_test):.2%}")
print(confusion_matrix(y_test, predicted, classes))

# Use. Any program that builds the same network can load the saved weights.
model.save("mnist.npz")
if len(files) > 1:
    model.load("mnist.npz")
    predictions = trainer.predict(scale(read_csv(files[1], label=None))).argmax(axis=1)
    with open("results.csv", "w", encoding="utf-8") as file:
        file.write("ImageId,Label\n")
        file.writelines(f"{i},{label}\n" for i, label in enumerate(predictions, start=1))
    print(f"{len(predictions)} predictions: results.csv")
