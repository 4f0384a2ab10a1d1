"""Where a training stands, in words and names."""

from tinygrad_edu.training import accuracy
from tinygrad_edu.training.progress import Progress
from tinygrad_edu.training.run import Run
from tinygrad_edu.training.running_metrics import Means


def run(validation=None):
    return Run([], validation, Means({"accuracy": accuracy}), Progress(9, 9, quiet=True), 0.1)


def test_the_names_of_the_numbers_of_an_epoch():
    assert run().names == ["loss", "accuracy"]
    assert run(validation=[]).names == ["loss", "accuracy", "val_loss", "val_accuracy"]


def test_how_far_it_has_come():
    stands = run()
    assert str(stands) == "epoch 0"
    stands.epoch, stands.batch = 3, 7
    assert str(stands) == "batch 7 of epoch 3"
    stands.epoch, stands.batch = 4, 0
    assert str(stands) == "epoch 3"
