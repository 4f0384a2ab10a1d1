# builds: everything from image files to `results.csv`, with a network that reads A-Z, a-z and 0-9
# needs: lessons 8 and 11

# %% [markdown] title
# # Lesson 12: From files to 62 characters
#
# Real images do not come as arrays. They come as files in folders, with a table of their labels, and somebody expects a table of predictions at the end. In this lesson you go
# all the way, with digits, capital and small letters: **files, three data sets, standardization, augmentation, a CNN, its learning curves, its mistakes, and
# `results.csv`**. At the end Keras trains the same CNN on the same batches.
#
# You need lessons [8](08_digits_and_their_keras_twin.ipynb) and [11](11_convolution_by_hand_and_at_speed.ipynb), and about twenty minutes. The computer needs less than one.

# %% [markdown] files
# ## 1. Files
#
# We draw the characters ourselves, in the fonts that come with matplotlib: 60 training images and 12 test images of each character, each slightly rotated, shifted, zoomed, and noisy.
# **The fonts of the test images do not occur in the training images.** *Why is that important?*

# %% imports tags=needed
import csv
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from tinygrad_edu import nn, optim, viz
from tinygrad_edu.course import check, needs
from tinygrad_edu.data import write_characters

# %% draw
place = tempfile.TemporaryDirectory()  # away from your own files; it is removed at the end
folder = Path(place.name) / "characters"
write_characters(folder, per_class=60, size=20, seed=0)

print(sorted(path.name for path in folder.iterdir()))
print("".join((folder / "train.csv").read_text().splitlines(keepends=True)[:4]), end="...")

# %% [markdown] lazy
# (We want to know whether the network can read letters, not whether it has memorized a font.)
#
# Each row of the table has the path of a file and its label. `image_csv` reads the table, but not yet the images: a million files would not fit into memory. Image number 7 is
# opened when you ask for it.

# %% image-csv
from tinygrad_edu.data import image_csv

train_files = image_csv(folder / "train.csv", mode="gray", size=(20, 20))
test_files = image_csv(folder / "test.csv", mode="gray", size=(20, 20))

pixels, label = train_files[7]
print("one image:", pixels.shape, pixels.dtype, "from", pixels.min(), "to", pixels.max())
print("its label is class", label, "which is", train_files.class_names[label])
print(len(train_files), "training images,", len(test_files), "test images")
print(len(train_files.class_names), "classes:", "".join(train_files.class_names))
assert len(train_files) == 62 * 60 and len(test_files) == 62 * 12
assert train_files.class_names == test_files.class_names

# %% [markdown] look-words
# Look before you compute. *Which pairs of characters do you expect to be confused, whoever reads them?*

# %% look
# alt: Three rows of eleven small images of letters and digits in different fonts, with their labels above.
pixels, labels = train_files.dataset()  # now all of them, as arrays
names = train_files.class_names
fig, ax = plt.subplots(figsize=(8, 3.1))
viz.image_grid(255 - pixels[:33].astype(float), [names[k] for k in labels[:33]], columns=11, ax=ax)
plt.show()
# %% [markdown] parts-words
# ## 2. Three data sets
#
# As in lesson 8, there are three data sets:
#
# | data set | what it may be used for |
# | :-- | :-- |
# | training | to train, as often as you like |
# | validation | to compare models and to choose, as often as you like |
# | test | to measure the final model, **once**, at the end |
#
# The test images already have their own table. We take the validation set from the other images, the same fraction of every class. *How many is that of the 60 images of each class, with a fraction of 0.15?*

# %% parts
from tinygrad_edu.data import train_test_split

x_train, x_val, y_train, y_val = train_test_split(pixels, labels, test=0.15, seed=0)
print(len(x_train), "for training,", len(x_val), "for validation")
print("validation images of each class:", set(np.bincount(y_val).tolist()))
assert set(np.bincount(y_val).tolist()) == {9} and len(x_train) == 62 * 51

# %% [markdown] scale-words
# ## 3. Standardization
#
# Pixels run from 0 to 255, and most are white. Networks learn best from numbers around 0 with a typical size of 1. So subtract the mean, and divide by the standard deviation:
#
# $$x \leftarrow \frac{x - \text{mean}}{\text{std}}$$
#
# But the mean **of what**? If it included test images, the network would know something about the test set beforehand. So compute both numbers *from the training set only*, and apply them to all three.

# %% scale tags=varies
from tinygrad_edu.data import StandardScaler

scale = StandardScaler(axis=None).fit(x_train)  # axis=None: one mean for all pixels
x_train, x_val, x_test = (
    scale(part)[..., None] for part in (x_train, x_val, test_files.dataset().x)
)
y_test = test_files.labels
for name, part in [("training", x_train), ("validation", x_val), ("test", x_test)]:
    print(f"{name:11} {part.shape!s:18} mean {part.mean():6.3f}   std {part.std():.3f}")
assert abs(x_train.mean()) < 1e-3 and abs(x_train.std() - 1) < 1e-3

# %% [markdown] scale-after
# Only the training set has mean 0 and standard deviation 1, as it should be.

# %% [markdown] augment-words
# ## 4. Augmentation
#
# Fifty-one images of an *R* are not many. But we know something that the network does not: an *R* that is slightly rotated is still an *R*. **Augmentation** rotates, zooms and shifts every image a little, differently in each epoch, so that
# the network never sees the same image twice. *Would mirroring them be all right, too?*

# %% augment
# alt: The letter R ten times, each time a little rotated, shifted and zoomed in another way.
from functools import partial

from tinygrad_edu.data.transforms import augment

distort = partial(augment, degrees=12, zoom=0.1, shift=0.05)
i = int(np.flatnonzero(y_train == names.index("R"))[0])
ten_times = np.repeat(x_train[i : i + 1], 10, axis=0)
rotated = distort(ten_times, np.random.default_rng(0))
fig, ax = plt.subplots(figsize=(8, 0.9))
viz.image_grid(-rotated[..., 0], columns=10, ax=ax)
plt.show()

# %% [markdown] mirror
# (Not for letters: a mirrored *b* is a *d*. Which changes are allowed depends on what the images show.)

# %% [markdown] cnn-words
# ## 5. The network
#
# It has two convolutions, each followed by a pooling that halves the image, and one fully connected layer. *How many inputs and how many parameters does the last layer have?* The images have 20 × 20 pixels, and "same" padding keeps their size.
#
# `Dropout` is new. In each training step it sets a random quarter of the numbers to 0, and scales the others up to compensate. So no number can rely on a single other one, and memorizing becomes harder. During evaluation it does nothing.


# %% cnn
def network():
    rng = np.random.default_rng(0)  # the same start each time
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, padding="same", rng=rng), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding="same", rng=rng), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Dropout(0.25, rng=rng),
        nn.Linear(None, 62, rng=rng),  # None: taken from the first input
    ).build((20, 20, 1))  # fmt: skip


print(network().summary((20, 20, 1)))
assert 5 * 5 * 32 == 800 and 800 * 62 + 62 == 49_662

# %% [markdown] train-words
# ## 6. Training, and two learning curves
#
# We train twice from the same start, once on the images as they are, and once on distorted ones. *Which of the two will do better on its training images? Which on the validation set?*

# %% train
from tinygrad_edu.data import DataLoader, Transformed
from tinygrad_edu.training import Trainer, accuracy


def batches(distorted):
    plain = DataLoader(x_train, y_train, batch_size=32, shuffle=True, seed=0)
    return Transformed(plain, distort, seed=1) if distorted else plain


def train(distorted):
    model = network()
    trainer = Trainer(
        model, nn.cross_entropy, optim.Adam(model.parameters(), lr=0.002), metrics=[accuracy]
    )
    trainer.fit(batches(distorted), epochs=12, validation=(x_val, y_val), progress=False)
    return trainer


plain, distorted = train(False), train(True)

# %% curves tags=varies
# alt: Loss over 12 epochs, twice. Without distortion the training loss falls far below the validation loss; with distorted images it stays above it, and the validation loss ends lower.
fig, axes = plt.subplots(1, 2, figsize=(8.5, 3), layout="constrained", sharey=True)
for ax, trainer, name in zip(axes, [plain, distorted], ["as they are", "distorted"], strict=True):
    viz.learning_curve(trainer.history, "loss", ax=ax)
    ax.set(title=name, yscale="log")
    last = trainer.history["accuracy"][-1], trainer.history["val_accuracy"][-1]
    print(f"{name:12} training {last[0]:.1%}   validation {last[1]:.1%}")
assert plain.history["loss"][-1] < distorted.history["loss"][-1]
assert distorted.history["val_loss"][-1] < plain.history["val_loss"][-1]

# %% [markdown] curves-after
# Without distortions, the training accuracy is higher than the validation accuracy: the network begins to memorize. With distortions it is the other way around, because the training images are harder than the validation images. On the validation set, the network with distortions is better.
# **So we choose that one.** The test set had no influence on the choice.

# %% [markdown] examination-words
# ## 7. The test set, and what the network gets wrong
#
# Only now do we use the test set: images in fonts that the network has never seen. We measure how often its first answer is right, and how often one of its first three.

# %% examination tags=varies
from tinygrad_edu.training import top_k_accuracy

scores = distorted.predict(x_test)
predicted = scores.argmax(axis=1)
print(f"accuracy: {accuracy(scores, y_test):.1%}")
print(f"top-3 accuracy: {top_k_accuracy(scores, y_test, k=3):.1%}")
assert accuracy(scores, y_test) > 0.85 and top_k_accuracy(scores, y_test, k=3) > 0.95

# %% [markdown] mistakes-words
# Look at the mistakes about which it was most certain. *Would you have known better?*

# %% mistakes tags=varies
# alt: Twenty-two misread characters with what they are and how they were read: most are pairs such as v and V, s and 5, I and l, 0 and O.
wrong = np.flatnonzero(predicted != y_test)
surest = wrong[np.argsort(-(scores.max(axis=1) - scores[np.arange(len(y_test)), y_test])[wrong])]
shown = surest[:22]
titles = [f"{names[y_test[i]]} as {names[predicted[i]]}" for i in shown]
fig, ax = plt.subplots(figsize=(9, 2.4))
viz.image_grid(-x_test[shown, :, :, 0], titles, columns=11, ax=ax)
for text in ax.texts:
    text.set_fontsize(8)

# %% [markdown] alike-words
# Many of these are not really mistakes. Without a word around it, nobody can tell a small *v* from a capital *V*, *o* and *O* from a zero, or *I* from *l*. So we also count them with one group for
# each set of characters that look alike at this size.

# %% alike tags=varies
alike = ["0Oo", "1Il", "Cc", "Kk", "Pp", "Ss", "Uu", "Vv", "Ww", "Xx", "Zz"]
group = {name: name for name in names} | {name: group for group in alike for name in group}
grouped = np.mean(
    [group[names[a]] == group[names[b]] for a, b in zip(predicted, y_test, strict=True)]
)
print(
    f"accuracy: {np.mean(predicted == y_test):.1%}   with similar characters as one: {grouped:.1%}"
)
assert grouped > np.mean(predicted == y_test)

# %% [markdown] results-words
# ## 8. results.csv
#
# The recipient of the predictions has only the files. So each row names a file and its predicted character. The rows must be **in the order of the input**: if they shift by one, all the work was for nothing.
# (It happens. The program from which this project grew shuffled its test images, and then wrote the predictions beside the unshuffled names.) `test_files.paths` is in the order of `test.csv`, and so are images and scores.

# %% results
results = Path(place.name) / "results.csv"
with open(results, "w", newline="", encoding="utf-8") as file:
    table = csv.writer(file)
    table.writerow(["Filename", "Prediction"])
    for path, k in zip(test_files.paths, predicted, strict=True):
        table.writerow([Path(path).name, names[k]])

rows = list(csv.reader(results.read_text(encoding="utf-8").splitlines()))
print(rows[0], "and", len(rows) - 1, "rows")
assert rows[0] == ["Filename", "Prediction"] and len(rows) == 1 + len(test_files)

# %% [markdown] aligned-words
# How can we be sure that nothing was shifted? **Shuffle the input, and see whether the predictions move along.** If each file gets the same prediction wherever it stands in the table, then the prediction belongs to the file.

# %% aligned
lines = (folder / "test.csv").read_text().splitlines()
order = np.random.default_rng(0).permutation(len(lines) - 1)
(folder / "shuffled.csv").write_text("\n".join([lines[0], *(lines[1 + i] for i in order)]) + "\n")

shuffled = image_csv(folder / "shuffled.csv", mode="gray", size=(20, 20))
again = distorted.predict(scale(shuffled.dataset().x)[..., None]).argmax(axis=1)
before = {Path(path).name: names[k] for path, k in zip(test_files.paths, predicted, strict=True)}
after = {Path(path).name: names[k] for path, k in zip(shuffled.paths, again, strict=True)}
print(
    "different order:",
    [Path(p).name for p in test_files.paths] != [Path(p).name for p in shuffled.paths],
)
print("each file has the same prediction:", before == after)
assert before == after == dict(rows[1:])

# %% [markdown] keras
# ## 9. The same CNN in Keras
#
# You need TensorFlow for this section (in the folder of this project: `python -m pip install -e '.[compare]'`). There are two questions, as in lesson 8. First: **does Keras compute the same numbers?** We compare every output, gradient and weight over ten steps, in double precision and without dropout:

# %% compare tags=varies,keras
needs("keras")
import keras

from tinygrad_edu.twins import compare, to_keras

model = network().astype(np.float64)
first_ten = list(batches(True))[:10]
report = compare(model, nn.cross_entropy, optim.SGD(model.parameters(), lr=0.0625), first_ten)
print(report)

# %% compared tags=keras
needs("keras")
assert len(report) == 10 and report.first_divergence() is None
print("largest difference below 1e-12:", max(report.max_difference().values()) < 1e-12)

# %% [markdown] same-training
# (The first loss is 4.13. *Where does that come from?* A network that knows nothing gives each of the 62 classes the same probability, and $-\ln \frac{1}{62} = 4.127$.)
#
# Second: **does it learn as well?** Now we train in single precision, as usual, with dropout, from the same start, and on the same distorted images in the same order. Dropout draws different numbers in each library, so the results will not be equal. *How far apart will they be at the end?*

# %% keras-training tags=varies,keras
needs("keras")
twin = to_keras(network(), (20, 20, 1))
twin.compile(
    optimizer=keras.optimizers.Adam(0.002),
    loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
)
loader = batches(True)
for _ in range(12):
    for xb, yb in loader:
        twin.train_on_batch(xb, yb)

theirs = twin.predict(x_test, verbose=0)
print(f"ours:    test accuracy {accuracy(scores, y_test):.1%}")
print(f"Keras's: test accuracy {accuracy(theirs, y_test):.1%}")
print(f"they agree on {np.mean(theirs.argmax(axis=1) == predicted):.1%}")
assert abs(accuracy(theirs, y_test) - accuracy(scores, y_test)) < 0.05

# %% [markdown] same-after
# One image in 744 is 0.13%. Another seed for the dropout changes the result by a few images, too. Try it.

# %% [markdown] exercises
# ## 10. Three exercises
#
# ### Exercise 1: on paper (1 point)
#
# A network for images of $28 \times 28$ pixels, one channel: `Conv2d(1, 8, 3, padding="same")`, ReLU, `MaxPool2d(2)`, `Conv2d(8, 16, 3, padding="same")`, ReLU, `MaxPool2d(2)`, `Flatten`, `Linear(None, 10)`. How many inputs does the `Linear` layer have, and how many parameters?

# %% exercise on_paper points=1
# BEGIN SOLUTION
inputs = 7 * 7 * 16
parameters = inputs * 10 + 10
# END SOLUTION

# %% [markdown] solution on_paper
# The two poolings reduce 28 to 14 and then to 7, and the second convolution has 16 channels.

# %% check on_paper
from numbers import Real


def check_on_paper(inputs, parameters):
    for name, answer in [("inputs", inputs), ("parameters", parameters)]:
        if not isinstance(answer, Real):
            raise AssertionError(
                f"{name} should be a plain number, and yours is of type {type(answer).__name__}."
            )
    model = nn.Sequential(
        nn.Conv2d(1, 8, 3, padding="same"),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(8, 16, 3, padding="same"),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(None, 10),
    ).build((28, 28, 1))
    last = model[-1]
    truth = last.W.shape[0]
    if inputs == 28 * 28 * 16:
        raise AssertionError("inputs: that is without the two poolings. Each halves both sides.")
    elif inputs == 14 * 14 * 16:
        raise AssertionError("inputs: that is with one pooling. There are two.")
    elif inputs in (7 * 7, 7 * 7 * 8):
        raise AssertionError(
            "inputs: 7 x 7 places is right. How many channels does the second convolution make?"
        )
    elif inputs == 5 * 5 * 16:
        raise AssertionError(
            'inputs: that is without padding. With "same" a convolution keeps the size.'
        )
    elif inputs == 800:
        raise AssertionError(
            "inputs: that was in the lesson. Here the images and channels have other sizes."
        )
    elif inputs != truth:
        raise AssertionError(
            "inputs: follow the shape from layer to layer: (28, 28, 8), then (14, 14, 8), then ..."
        )
    elif parameters == truth * 10:
        raise AssertionError(
            "inputs is right. parameters: these are the weights. Each of the ten sums has a bias, too."
        )
    elif parameters == sum(p.size for p in model.parameters()):
        raise AssertionError(
            "inputs is right. parameters: that is the whole network. Count only the last layer."
        )
    elif parameters == truth + 10:
        raise AssertionError(
            "inputs is right. parameters: each of the ten sums has its own weight for every input."
        )
    elif parameters != sum(p.size for p in last.parameters()):
        raise AssertionError(
            "inputs is right. parameters: a weight for each input and each sum, and a bias for each sum."
        )
    else:
        return "Right, both of them."


# %% wrong on_paper: inputs should be a plain number, and yours is of type str
inputs = "784"
parameters = 7850

# %% wrong on_paper: parameters should be a plain number, and yours is of type list
inputs = 784
parameters = [7850]

# %% wrong on_paper: inputs: that is without the two poolings
inputs = 12544
parameters = 7850

# %% wrong on_paper: inputs: that is with one pooling
inputs = 3136
parameters = 7850

# %% wrong on_paper: inputs: 7 x 7 places is right
inputs = 49
parameters = 7850

# %% wrong on_paper: inputs: 7 x 7 places is right
inputs = 392
parameters = 7850

# %% wrong on_paper: inputs: that is without padding
inputs = 400
parameters = 7850

# %% wrong on_paper: inputs: that was in the lesson
inputs = 800
parameters = 7850

# %% wrong on_paper: inputs: follow the shape
inputs = 16
parameters = 7850

# %% wrong on_paper: inputs is right. parameters: these are the weights
inputs = 784
parameters = 7840

# %% wrong on_paper: inputs is right. parameters: that is the whole network
inputs = 784
parameters = 9098

# %% wrong on_paper: inputs is right. parameters: each of the ten sums
inputs = 784
parameters = 794

# %% wrong on_paper: inputs is right. parameters: a weight for each input
inputs = 784
parameters = 785

# %% right on_paper
inputs = 784
parameters = 7850

# %% right on_paper
inputs = np.int64(784)
parameters = 7850.0

# %% [markdown] exercise-2-text
# ### Exercise 2: standardization (2 points)
#
# Write `standardize(train, other)`. Both are arrays of images, (n, height, width), of integers from 0 to 255. Return both, standardized by **one** mean and **one** standard deviation, as in section 3.


# %% exercise standardize points=2
def standardize(train, other):
    # BEGIN SOLUTION
    mean, std = train.mean(), train.std()
    return (train - mean) / std, (other - mean) / std
    # END SOLUTION


# %% check standardize
def check_standardize(standardize):
    rng = np.random.default_rng(0)
    train = rng.integers(0, 200, size=(6, 4, 5)).astype(np.uint8)
    other = rng.integers(50, 256, size=(4, 4, 5)).astype(np.uint8)
    kept = train.copy(), other.copy()
    answer = standardize(train, other)
    if not (np.array_equal(train, kept[0]) and np.array_equal(other, kept[1])):
        raise AssertionError("Your function has changed the images that it was given.")
    if not isinstance(answer, tuple | list) or len(answer) != 2:
        raise AssertionError("Return two arrays: the images of train and those of other.")
    a, b = (np.asarray(part) for part in answer)
    if a.shape != train.shape or b.shape != other.shape:
        raise AssertionError(
            f"The shapes should stay {train.shape} and {other.shape}; yours are {a.shape} and {b.shape}."
        )
    if a.dtype.kind != "f" or b.dtype.kind != "f":
        raise AssertionError("Integers cannot hold the result: compute with floats.")
    x, y = train.astype(float), other.astype(float)
    both = np.concatenate([x.ravel(), y.ravel()])

    def near(u, v):
        return np.allclose(u, v, atol=1e-3)

    def by(part, of, **axis):
        return (part - of.mean(**axis)) / of.std(**axis)

    if near(a, by(x, both)) and near(b, by(y, both)):
        raise AssertionError(
            "Mean and std are of both arrays together. Compute them from train only."
        )
    elif near(a, by(x, x, axis=0)):
        raise AssertionError("You use one mean per pixel. Use one mean for all pixels.")
    elif near(a, x - x.mean()):
        raise AssertionError("You subtract the mean. Then divide by the standard deviation.")
    elif near(a, (x - x.mean()) / x.var()):
        raise AssertionError(
            "You divide by the variance. The standard deviation is its square root."
        )
    elif near(a, x / x.std()) or near(a, x / 255):
        raise AssertionError("Subtract the mean before you divide by the standard deviation.")
    elif near(a, x - x.mean() / x.std()):
        raise AssertionError("Mind the parentheses: (x - mean) / std.")
    elif not near(a, by(x, x)):
        raise AssertionError(
            f"train should have mean 0 and std 1; yours has {a.mean():.3f} and {a.std():.3f}."
        )
    elif near(b, by(y, y)):
        raise AssertionError("train is right. other has its own mean and std: use those of train.")
    elif not near(b, by(y, x)):
        raise AssertionError("train is right. other needs the same mean and std.")
    else:
        return "Right: train has mean 0 and std 1, and other is on the same scale."


# %% hidden standardize
def check_standardize(standardize):
    rng = np.random.default_rng(17)
    train = rng.integers(0, 256, size=(3, 2, 7)).astype(np.uint8)
    other = rng.integers(0, 90, size=(5, 2, 7)).astype(np.uint8)
    kept = train.copy(), other.copy()
    answer = standardize(train, other)
    unchanged = np.array_equal(train, kept[0]) and np.array_equal(other, kept[1])
    assert unchanged, "Your function has changed the images that it was given."
    assert isinstance(answer, tuple | list) and len(answer) == 2, "Return two arrays."
    mean, std = kept[0].mean(), kept[0].std()
    for name, part, images in zip(("train", "other"), answer, kept):
        assert np.shape(part) == images.shape, f"{name} has another shape."
        assert np.allclose(part, (images - mean) / std, atol=1e-3), f"{name} is not right."


# %% wrong standardize: name 'mean' is not defined
def standardize(train, other):
    return mean(train), other


# %% wrong standardize: Your function has changed the images
def standardize(train, other):
    a = (train - train.mean()) / train.std(), (other - train.mean()) / train.std()
    train += 1
    return a


# %% wrong standardize: Return two arrays
def standardize(train, other):
    return (train - train.mean()) / train.std()


# %% wrong standardize: Return two arrays
def standardize(train, other):
    return 1


# %% wrong standardize: The shapes should stay (6, 4, 5) and (4, 4, 5)
def standardize(train, other):
    a, b = (train - train.mean()) / train.std(), (other - train.mean()) / train.std()
    return a.ravel(), b


# %% wrong standardize: The shapes should stay
def standardize(train, other):
    a, b = (train - train.mean()) / train.std(), (other - train.mean()) / train.std()
    return a, b[:1]


# %% wrong standardize: Integers cannot hold
def standardize(train, other):
    a, b = (train - train.mean()) / train.std(), (other - train.mean()) / train.std()
    return a.astype(int), b.astype(int)


# %% wrong standardize: Mean and std are of both arrays together
def standardize(train, other):
    both = np.concatenate([train, other])
    return (train - both.mean()) / both.std(), (other - both.mean()) / both.std()


# %% wrong standardize: You use one mean per pixel
def standardize(train, other):
    m, s = train.mean(axis=0), train.std(axis=0)
    return (train - m) / s, (other - m) / s


# %% wrong standardize: You subtract the mean. Then divide
def standardize(train, other):
    return train - train.mean(), other - train.mean()


# %% wrong standardize: You divide by the variance
def standardize(train, other):
    m, v = train.mean(), train.var()
    return (train - m) / v, (other - m) / v


# %% wrong standardize: Subtract the mean before
def standardize(train, other):
    return train / train.std(), other / train.std()


# %% wrong standardize: Subtract the mean before
def standardize(train, other):
    return train / 255, other / 255


# %% wrong standardize: Mind the parentheses
def standardize(train, other):
    m, s = train.mean(), train.std()
    return train - m / s, other - m / s


# %% wrong standardize: train should have mean 0 and std 1; yours has
def standardize(train, other):
    a, b = (train - train.mean()) / train.std(), (other - train.mean()) / train.std()
    return 2 * a, b


# %% wrong standardize: train should have mean 0 and std 1; yours has
def standardize(train, other):
    a, b = (train - train.mean()) / train.std(), (other - train.mean()) / train.std()
    return a[::-1], b


# %% wrong standardize: train is right. other has its own mean and std
def standardize(train, other):
    return tuple((x - x.mean()) / x.std() for x in (train, other))


# %% wrong standardize: train is right. other needs the same
def standardize(train, other):
    a, b = (train - train.mean()) / train.std(), (other - train.mean()) / train.std()
    return a, b + 1


# %% right standardize
def standardize(train, other):
    return (train - train.mean()) / train.std(), (other - train.mean()) / train.std()


# %% right standardize
def standardize(train, other):
    return [
        x.astype(np.float32)
        for x in ((train - train.mean()) / train.std(), (other - train.mean()) / train.std())
    ]


# %% [markdown] exercise-3-text
# ### Exercise 3: the table of predictions (3 points)
#
# Write `write_results(path, filenames, scores, names)`. It writes a CSV file with the header `Filename,Prediction`, and a row for each file, **in the given order**: its name, and the name of the class with the largest score. `scores` is (n, classes), and `names[k]` is the name of class k.


# %% exercise write_results points=3
def write_results(path, filenames, scores, names):
    # BEGIN SOLUTION
    with open(path, "w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["Filename", "Prediction"])
        for name, k in zip(filenames, scores.argmax(axis=1), strict=True):
            table.writerow([name, names[k]])
    # END SOLUTION


# %% check write_results
def check_write_results(write_results):
    filenames, classes = ["c.png", "a.png", "b.png", "d.png"], ["x", "y", "z"]
    scores = np.array([[0.1, 0.7, 0.2], [-1.0, -3.0, -2.0], [0.0, 1.0, 5.0], [2.0, 9.0, 3.0]])
    truth = [["c.png", "y"], ["a.png", "x"], ["b.png", "z"], ["d.png", "y"]]
    with tempfile.TemporaryDirectory() as where:
        path = Path(where) / "results.csv"
        answer = write_results(path, list(filenames), scores.copy(), list(classes))
        if not path.exists():
            given = (
                "" if answer is None else " It should write a file, and need not return anything."
            )
            raise AssertionError(f"Not answered yet: there is no file at path.{given}")
        text = path.read_text()
    lines = text.splitlines()
    if not lines:
        raise AssertionError(
            'The file is empty. Is it closed? with open(path, "w") as file: does that for you.'
        )
    if lines[0] != "Filename,Prediction":
        raise AssertionError(f"The first line should be Filename,Prediction, and is {lines[0]!r}.")
    if "" in lines:
        raise AssertionError("There are empty lines. Is a second newline written?")
    if len(lines) != 5:
        raise AssertionError(
            f"For 4 files there should be 4 rows below the header, and there are {len(lines) - 1}."
        )
    rows = [line.split(",") for line in lines[1:]]
    if any(len(row) != 2 for row in rows):
        raise AssertionError(
            f"Each row should have two fields, with a comma between them. Yours: {lines[1]!r}."
        )
    if any(field != field.strip() for row in rows for field in row):
        raise AssertionError(
            f"There is a space beside a comma, which becomes part of the field: {lines[1]!r}."
        )
    files, answers = [row[0] for row in rows], [row[1] for row in rows]
    true_files, true_answers = [row[0] for row in truth], [row[1] for row in truth]
    if rows == truth:
        return "Right: four files, in their order, each with its prediction."
    elif sorted(rows) == sorted(truth):
        raise AssertionError(
            "Each file has its prediction, but the order is not that of filenames."
        )
    elif files != true_files:
        raise AssertionError(
            "The files are not in the order of filenames, and their predictions are wrong."
        )
    elif answers == [str(k) for k in scores.argmax(axis=1)]:
        raise AssertionError(
            "These are the numbers of the classes. names[k] is the name of class k."
        )
    elif answers == [classes[k] for k in scores.argmin(axis=1)]:
        raise AssertionError("You take the smallest score. Take the largest.")
    elif sorted(answers) == sorted(true_answers):
        raise AssertionError("The predictions are beside the wrong files: their order has changed.")
    else:
        i = next(i for i in range(4) if answers[i] != true_answers[i])
        raise AssertionError(
            f"{files[i]} has the scores {scores[i].tolist()}, and you predict {answers[i]!r}."
        )


# %% hidden write_results
import tempfile
from pathlib import Path


def check_write_results(write_results):
    names, files = ["A", "b", "7", "Z"], ["z9.png", "a1.png", "m5.png"]
    scores = np.array([[0.0, 1.0, 2.0, 9.0], [5.0, 4.0, 3.0, 2.0], [-4.0, -3.0, -1.0, -2.0]])
    with tempfile.TemporaryDirectory() as where:
        path = Path(where) / "results.csv"
        write_results(path, list(files), scores.copy(), list(names))
        assert path.exists(), "There is no file at path."
        lines = path.read_text().splitlines()
    right = ["Filename,Prediction", "z9.png,Z", "a1.png,A", "m5.png,7"]
    assert lines == right, "The table of other files and classes is not right."


# %% wrong write_results: Not answered yet: there is no file at path.
def write_results(path, filenames, scores, names):
    lines = ["Filename,Prediction"]
    for file, k in zip(filenames, scores.argmax(axis=1)):
        lines.append(f"{file},{names[k]}")
    str("\n".join(lines) + "\n")


# %% wrong write_results: Not answered yet: there is no file at path. It sh
def write_results(path, filenames, scores, names):
    lines = ["Filename,Prediction"]
    for file, k in zip(filenames, scores.argmax(axis=1)):
        lines.append(f"{file},{names[k]}")
    return str("\n".join(lines) + "\n")


# %% wrong write_results: name 'paht' is not defined
def write_results(path, filenames, scores, names):
    lines = ["Filename,Prediction"]
    for file, k in zip(filenames, scores.argmax(axis=1)):
        lines.append(f"{file},{names[k]}")
    Path(paht).write_text("\n".join(lines) + "\n")


# %% wrong write_results: [Errno 2] No such file or directory
def write_results(path, filenames, scores, names):
    lines = ["Filename,Prediction"]
    for file, k in zip(filenames, scores.argmax(axis=1)):
        lines.append(f"{file},{names[k]}")
    (path / "sub" / "file").write_text("\n".join(lines) + "\n")


# %% wrong write_results: The file is empty
def write_results(path, filenames, scores, names):
    lines = ["Filename,Prediction"]
    for file, k in zip(filenames, scores.argmax(axis=1)):
        lines.append(f"{file},{names[k]}")
    Path(path).write_text("")


# %% wrong write_results: The first line should be Filename,Prediction, and
def write_results(path, filenames, scores, names):
    lines = ["ImageId,Label"]
    for file, k in zip(filenames, scores.argmax(axis=1)):
        lines.append(f"{file},{names[k]}")
    Path(path).write_text("\n".join(lines) + "\n")


# %% wrong write_results: The first line should be Filename,Prediction, and is 'c.p
def write_results(path, filenames, scores, names):
    lines = []
    for file, k in zip(filenames, scores.argmax(axis=1)):
        lines.append(f"{file},{names[k]}")
    Path(path).write_text("\n".join(lines) + "\n")


# %% wrong write_results: There are empty lines
def write_results(path, filenames, scores, names):
    lines = ["Filename,Prediction"]
    for file, k in zip(filenames, scores.argmax(axis=1)):
        lines.append(f"{file},{names[k]}")
    Path(path).write_text("\n\n".join(lines) + "\n")


# %% wrong write_results: For 4 files there should be 4 rows below the head
def write_results(path, filenames, scores, names):
    lines = ["Filename,Prediction"]
    for file, k in zip(filenames[1:], scores.argmax(axis=1)):
        lines.append(f"{file},{names[k]}")
    Path(path).write_text("\n".join(lines) + "\n")


# %% wrong write_results: Each row should have two fields
def write_results(path, filenames, scores, names):
    lines = ["Filename,Prediction"]
    for file, k in zip(filenames, scores.argmax(axis=1)):
        lines.append(f"{file};{names[k]}")
    Path(path).write_text("\n".join(lines) + "\n")


# %% wrong write_results: There is a space beside a comma
def write_results(path, filenames, scores, names):
    lines = ["Filename,Prediction"]
    for file, k in zip(filenames, scores.argmax(axis=1)):
        lines.append(f"{file}, {names[k]}")
    Path(path).write_text("\n".join(lines) + "\n")


# %% wrong write_results: Each file has its prediction, but the
def write_results(path, filenames, scores, names):
    lines = ["Filename,Prediction"]
    for file, k in zip(filenames, scores.argmax(axis=1)):
        lines.append(f"{file},{names[k]}")
    lines[1:] = sorted(lines[1:])
    Path(path).write_text("\n".join(lines) + "\n")


# %% wrong write_results: The files are not in the order of filenames
def write_results(path, filenames, scores, names):
    lines = ["Filename,Prediction"]
    for file, k in zip(sorted(filenames), scores.argmax(axis=1)):
        lines.append(f"{file},{names[k]}")
    Path(path).write_text("\n".join(lines) + "\n")


# %% wrong write_results: These are the numbers of the classes
def write_results(path, filenames, scores, names):
    lines = ["Filename,Prediction"]
    for file, k in zip(filenames, scores.argmax(axis=1)):
        lines.append(f"{file},{k}")
    Path(path).write_text("\n".join(lines) + "\n")


# %% wrong write_results: You take the smallest score
def write_results(path, filenames, scores, names):
    lines = ["Filename,Prediction"]
    for file, k in zip(filenames, scores.argmin(axis=1)):
        lines.append(f"{file},{names[k]}")
    Path(path).write_text("\n".join(lines) + "\n")


# %% wrong write_results: The predictions are beside the wrong files
def write_results(path, filenames, scores, names):
    lines = ["Filename,Prediction"]
    for file, k in zip(filenames, scores.argmax(axis=1)[::-1]):
        lines.append(f"{file},{names[k]}")
    Path(path).write_text("\n".join(lines) + "\n")


# %% wrong write_results: c.png has the scores [0.1, 0.7, 0.2], and you predict 'x'
def write_results(path, filenames, scores, names):
    lines = ["Filename,Prediction"]
    for file, k in zip(filenames, scores.argmax(axis=1)):
        lines.append(f"{file},{names[0]}")
    Path(path).write_text("\n".join(lines) + "\n")


# %% right write_results
def write_results(path, filenames, scores, names):
    lines = ["Filename,Prediction"]
    for file, k in zip(filenames, scores.argmax(axis=1)):
        lines.append(f"{file},{names[k]}")
    Path(path).write_text("\n".join(lines) + "\n")


# %% right write_results
def write_results(path, filenames, scores, names):
    lines = ["Filename,Prediction"]
    for file, k in zip(filenames, scores.argmax(axis=1)):
        lines.append(f"{file},{names[k]}")
    Path(path).write_text("\n".join(lines))


# %% [markdown] next
# ## What you have seen
#
# - Three data sets: one for training, one for validation, and one for a single test at the end. Whatever is fitted, even a mean, is fitted on the training set.
# - Augmentation tells the network what does not matter. Which distortions are allowed depends on what the images show.
# - An accuracy is not the end. Look at the mistakes: some are the network's, and some are in the question.
# - Predictions belong to files. Shuffle the input, and see whether they move along.
#
# ## What to read next
#
# The whole of this lesson is one readable program, [`characters_62.py`](characters_62.py), with a longer training and larger images. The same steps exist as commands for a terminal:
#
#     tinygrad-edu characters characters
#     tinygrad-edu train characters/train.csv --test characters/test.csv --out run
#     tinygrad-edu predict run characters/test.csv --out results.csv
#     tinygrad-edu show run
#     tinygrad-edu compare run characters/train.csv --test characters/test.csv
#
# With images of your own: make a table with the columns `image` and `label`, and begin at the second line.
