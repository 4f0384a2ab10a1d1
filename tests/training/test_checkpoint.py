"""A training that is killed goes on to the very same numbers; damaged and foreign files are refused."""

import functools
import io
import json
import os
import random
import signal
import subprocess
import sys
import time
import zipfile

import numpy as np
import pytest

from tinygrad_edu import data, nn, optim
from tinygrad_edu.data.streams import Prefetch, Transformed
from tinygrad_edu.training import (
    Callback,
    Checkpoint,
    CSVLog,
    EarlyStopping,
    Observe,
    Trainer,
    accuracy,
    checkpoint,
    fingerprint,
)

RNG = np.random.default_rng(0)
X = RNG.normal(size=(40, 4)).astype(np.float32)
Y = (X[:, 0] > 0).astype(int) + (X[:, 1] > 0)


# --------------------------------------------------------------------------------- killed for real

PROGRAM = """
import io, json, os, sys, time
import numpy as np
from tinygrad_edu import nn, optim
from tinygrad_edu.training import *
from tinygrad_edu.training import checkpoint

folder, slow = sys.argv[1], sys.argv[2] == "slow"
if slow:  # most of the time is spent in the middle of writing a checkpoint
    def in_pieces(file, arrays, write=checkpoint.write_npz):
        whole = io.BytesIO()
        write(whole, arrays)
        for half in np.array_split(np.frombuffer(whole.getvalue(), np.uint8), 2):
            file.write(half.tobytes())
            file.flush()
            time.sleep(0.005)
    checkpoint.write_npz = in_pieces
    fsync = os.fsync
    os.fsync = lambda file: (time.sleep(0.005), fsync(file))

class Began(Callback):
    def on_epoch_begin(self, epoch): print(epoch, flush=True)

def whole_share(prediction, y): return np.mean(prediction.argmax(axis=1) == y)
whole_share.whole = True

rng = np.random.default_rng(0)
x = rng.normal(size=(150, 6)).astype(np.float32)
y = (x[:, 0] > 0).astype(int) + (x[:, 1] > 0)
model = nn.Sequential(
    nn.Linear(6, 16, rng=0), nn.BatchNorm(16), nn.Dropout(0.3, rng=1), nn.ReLU(), nn.Linear(16, 3, rng=2))
ema = optim.EMA(model.parameters(), 0.9)
plateau = optim.schedules.ReduceOnPlateau(0.01, patience=2, min_delta=0.02, factor=0.9)
optimizer = optim.Adam(model.parameters(), lr=plateau)
trainer = Trainer(model, nn.cross_entropy, optimizer, metrics=[accuracy, whole_share])
history = trainer.fit(
    x, y, epochs=60, batch_size=16, seed=3, validation_split=0.2, progress=False,
    callbacks=[
        Checkpoint(folder + "/run", every_batches=3), EarlyStopping(patience=60), Began(),
        AverageWeights(ema, swap=False),
        Observe(plateau), CSVLog(folder + "/log.csv"), JSONLog(folder + "/log.json"),
    ],
    resume=folder + "/run",
)
end = {**{f"w {k}": v for k, v in model.state_dict().items()}, **optimizer.state_dict()}
assert plateau.lr < 0.005
end |= {f"mean {k}": v for k, v in ema.state_dict().items()}
assert ema.updates == 480 and "w 1.moving_mean" in end
end["drawn"] = json.dumps(model[2].rng.bit_generator.state)
end["history"] = json.dumps(history.epochs)
np.savez(folder + "/end.npz", **end)
print("done")
"""


def start(folder, *, slow):
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", PROGRAM, str(folder), "slow" if slow else "quick"],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip


def end_of(folder):
    with np.load(folder / "end.npz") as archive:
        return {name: archive[name] for name in archive.files}


def test_twenty_kills_change_nothing(tmp_path):
    """SIGKILL at twenty random instants, half of the lives in the middle of a write as a rule."""
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    whole.mkdir(), cut.mkdir()
    uninterrupted = start(whole, slow=False)
    assert uninterrupted.communicate()[0].endswith("done\n") and uninterrupted.returncode == 0

    moments, half_written, went_on = random.Random(0), 0, set()
    for life in range(20):
        process = start(cut, slow=life % 2 == 1)
        went_on.add(process.stdout.readline())  # training has begun, in this epoch
        time.sleep(moments.uniform(0, 0.06))
        process.kill()
        process.communicate()
        assert process.returncode == -signal.SIGKILL
        half_written += (cut / "run" / "unfinished.draft").exists()
    assert half_written >= 3 and len(went_on) >= 3  # it was hit while writing, and in many epochs
    last = start(cut, slow=False)
    assert last.communicate()[0].endswith("done\n") and last.returncode == 0

    expected, got = end_of(whole), end_of(cut)
    assert expected.keys() == got.keys() and len(json.loads(str(got["history"]))["loss"]) == 60
    for name in expected:
        assert expected[name].tobytes() == got[name].tobytes(), name
    assert (whole / "log.csv").read_text() == (cut / "log.csv").read_text()
    logs = [
        [
            {**json.loads(line), "seconds": 0}
            for line in (folder / "log.json").read_text().splitlines()
        ]
        for folder in (whole, cut)
    ]
    assert logs[0] == logs[1] and len(logs[0]) == 60
    assert len(os.listdir(cut / "run")) == 2  # keep=2, and no draft is left


# ------------------------------------------------------------------- stopped at every single batch


class PowerCutError(Exception):
    pass


class CutAfter(Callback):
    """The power goes after so many batches, before the checkpoint that would follow."""

    def __init__(self, batches):
        self.batches = batches

    def on_batch_end(self, batch):
        self.batches -= 1
        if self.batches < 0:
            raise PowerCutError


def share_of_zeros(prediction, y):
    return np.mean(prediction.argmax(axis=1) == 0)


share_of_zeros.whole = True


class Rolled:
    """A map-style data set with random augmentation."""

    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)

    def __len__(self):
        return len(X)

    def __getitem__(self, i):
        return X[i] + self.rng.normal(0, 0.1, 4).astype(np.float32), Y[i]


class Stream:
    """Batches in an order of its own."""

    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)

    def __len__(self):
        return 5

    def __iter__(self):
        for rows in np.array_split(self.rng.permutation(len(X)), 5):
            yield X[rows], Y[rows]


class TwoInputs(nn.Module):
    def __init__(self):
        self.first, self.second = nn.Linear(4, 3, rng=0), nn.Linear(4, 3, rng=1)

    def forward(self, a, b):
        return self.first(a) + self.second(b)


def sequential(rng=1):
    return nn.Sequential(
        nn.Linear(4, 8, rng=0), nn.Tanh(), nn.Dropout(0.4, rng=rng), nn.Linear(8, 3, rng=2)
    )


def of_arrays():
    return sequential(), (X, Y), {"batch_size": 9, "seed": 4}


def of_shared_randomness():
    rng = np.random.default_rng(9)  # the layer and the loader draw from one stream
    return sequential(rng), (X, Y), {"batch_size": 9, "seed": rng}


def of_no_seed():
    return sequential(), (X, Y), {"batch_size": 9, "seed": None}


def of_a_data_set():
    return sequential(), (Rolled(3),), {"batch_size": 9, "seed": 4}


def noisy(x, rng):
    return x + rng.normal(0, 0.1, x.shape).astype(x.dtype)


def of_batches_made_ahead():
    """A thread that draws has always drawn more than has been trained on."""
    loader = data.DataLoader(X, Y, batch_size=9, shuffle=True, seed=4)
    return sequential(), (Prefetch(Transformed(loader, noisy, seed=5)),), {}


def of_a_stream():
    return sequential(), (Stream(3),), {}


def of_two_inputs():
    return TwoInputs(), ({"a": X, "b": X * X}, Y), {"batch_size": 9, "seed": 4}


def run(folder, make, *callbacks, epochs=3, resume=True):
    model, batches, settings = make()
    optimizer = optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    trainer = Trainer(model, nn.cross_entropy, optimizer, metrics=[accuracy, share_of_zeros])
    trainer.fit(
        *batches,
        **settings,
        epochs=epochs,
        validation=({"a": X, "b": X} if make is of_two_inputs else X, Y),
        callbacks=[*callbacks, Checkpoint(folder, every_batches=2)] if folder else callbacks,
        resume=folder if resume else None,
        progress=False,
    )
    return trainer


def same(a, b):
    """Are weights, optimizers and histories the same to the last bit?"""
    for one, other in (
        (a.model.state_dict(), b.model.state_dict()),
        (a.optimizer.state_dict(), b.optimizer.state_dict()),
        (a.history.epochs, b.history.epochs),
    ):
        assert one.keys() == other.keys()
        for name in one:
            np.testing.assert_array_equal(one[name], other[name], err_msg=name)


@pytest.mark.parametrize(
    "make",
    [
        of_arrays,
        of_shared_randomness,
        of_a_data_set,
        of_a_stream,
        of_batches_made_ahead,
        of_two_inputs,
    ],
)
def test_a_cut_after_any_batch_changes_nothing(tmp_path, make):
    whole = run(None, make)  # without so much as a callback
    for batches in range(15):
        folder = tmp_path / f"cut after {batches}"
        with pytest.raises(PowerCutError):
            run(folder, make, CutAfter(batches))
        again = run(folder, make)
        same(whole, again)
        assert again.run.steps == 15


def test_a_cut_in_an_epoch_that_was_cut_already_changes_nothing(tmp_path):
    whole = run(None, of_arrays)
    for lives in ((6, 3), (7, 1, 3), (2,) * 7):
        for batches in lives:
            with pytest.raises(PowerCutError):
                run(tmp_path / str(lives), of_arrays, CutAfter(batches))
        same(whole, run(tmp_path / str(lives), of_arrays))


def test_even_weights_and_order_that_nobody_gave_a_seed_are_those_of_the_run_that_was_cut(tmp_path):
    with pytest.raises(PowerCutError):
        run(tmp_path, of_no_seed, CutAfter(7))
    kept = {p.name: p.read_bytes() for p in tmp_path.iterdir()}
    ends = []
    for _ in range(2):
        for name, content in kept.items():
            (tmp_path / name).write_bytes(content)
        for path in set(tmp_path.iterdir()) - {tmp_path / name for name in kept}:
            path.unlink()
        ends.append(run(tmp_path, of_no_seed))
    same(*ends)


def test_early_stopping_goes_on_with_what_it_knew(tmp_path):
    def stopping():
        return EarlyStopping("loss", patience=2, min_delta=0.2)

    whole = run(tmp_path / "whole", of_arrays, stopping(), epochs=50)
    assert 3 < len(whole.history) < 50
    for batches in range(0, 5 * len(whole.history), 7):
        with pytest.raises(PowerCutError):
            run(tmp_path / f"{batches}", of_arrays, stopping(), CutAfter(batches), epochs=50)
        same(whole, run(tmp_path / f"{batches}", of_arrays, stopping(), epochs=50))
    stopped = run(tmp_path / "whole", of_arrays, stopping(), epochs=50)  # it stays stopped
    same(whole, stopped)
    assert stopped.run.steps == whole.run.steps


def test_a_finished_run_is_not_trained_on_and_more_epochs_are(tmp_path):
    whole = run(tmp_path / "five", of_arrays, epochs=5)
    three = run(tmp_path / "three", of_arrays, epochs=3)
    same(three, run(tmp_path / "three", of_arrays, epochs=3))
    same(whole, run(tmp_path / "three", of_arrays, epochs=5))


class Counts(Callback):
    def __init__(self):
        self.counts, self.told = {"all": 0, "last": None}, []

    def on_train_begin(self):
        self.told.append("train")

    def on_epoch_begin(self, epoch):
        self.told.append(f"epoch {epoch}")

    def on_batch_end(self, batch):
        self.counts = {"all": self.counts["all"] + 1, "last": np.full(2, batch)}

    def state_dict(self):
        return self.counts

    def load_state_dict(self, state):
        self.told.append("state")
        self.counts = state


def test_callbacks_keep_states_of_their_own_and_a_run_begins_again(tmp_path):
    with pytest.raises(PowerCutError):
        run(tmp_path, of_arrays, Counts(), Counts(), CutAfter(7))
    one, other = Counts(), Counts()
    run(tmp_path, of_arrays, one, other)
    assert one.counts["all"] == other.counts["all"] == 15
    assert one.told == ["train", "state", "epoch 2", "epoch 3"]


def test_what_cannot_be_kept_is_refused(tmp_path):
    class Odd(Counts):
        def on_train_begin(self):
            self.counts = {"all": 0, "file": io.StringIO()}

    with pytest.raises(TypeError, match=r"not callbacks/Odd/file = <_io.StringIO(.|\n)*state_dict"):
        run(tmp_path, of_arrays, Odd())


# ------------------------------------------------------------------------------------- the files


def test_how_often_and_how_many(tmp_path):
    saved = []

    class Watch(Checkpoint):
        def save(self):
            super().save()
            saved.append(checkpoint.found(self.folder)[-1])

    model = sequential()
    trainer = Trainer(model, nn.cross_entropy, optim.SGD(model.parameters()))
    callback = Watch(tmp_path / "new" / "folder", every=2, every_batches=3, keep=3)
    trainer.fit(X, Y, epochs=5, batch_size=10, callbacks=[callback], progress=False)
    numbers = [int(os.path.basename(path)[11:-4]) for path in saved]
    assert numbers == [0, 3, 6, 8, 9, 12, 15, 16, 18]  # 4 batches an epoch
    assert [os.path.basename(path) for path in checkpoint.found(callback.folder)] == [
        f"checkpoint-{n:08d}.npz" for n in (15, 16, 18)
    ]


def test_a_file_is_an_npz_of_arrays_and_a_json_text(tmp_path):
    run(tmp_path, of_arrays)
    newest = sorted(tmp_path.iterdir())[-1]
    with np.load(newest, allow_pickle=False) as archive:
        assert archive["model/0.W"].shape == (4, 8)
        state = json.loads(archive["state"].tobytes())
    assert state["steps"] == 15 and state["history"].keys() >= {"loss", "val_accuracy"}
    assert state["random"]["model.layers.2.rng"]["bit_generator"] == "PCG64"


@pytest.mark.parametrize("kind", [np.random.MT19937, np.random.Philox, np.random.SFC64])
def test_generators_of_every_kind(tmp_path, kind):
    def make():
        return sequential(np.random.Generator(kind(3))), (X, Y), {"batch_size": 9, "seed": 4}

    whole = run(tmp_path / "whole", make)
    with pytest.raises(PowerCutError):
        run(tmp_path / "cut", make, CutAfter(7))
    same(whole, run(tmp_path / "cut", make))


def test_written_to_the_disk_before_the_name_changes(tmp_path, monkeypatch):
    done, fsync, replace = [], os.fsync, os.replace
    monkeypatch.setattr(os, "fsync", lambda file: (done.append("fsync"), fsync(file)))
    monkeypatch.setattr(os, "replace", lambda *names: (done.append("replace"), replace(*names)))
    checkpoint.write(str(tmp_path / "checkpoint-1.npz"), {"format": 1})
    assert done == ["fsync", "replace", "fsync"]  # the file, its name, the folder


def test_a_full_disk_leaves_the_older_ones(tmp_path, monkeypatch):
    run(tmp_path, of_arrays, epochs=1)
    before = {p.name: p.read_bytes() for p in tmp_path.iterdir()}

    def full(file, arrays):
        file.write(b"PK")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(checkpoint, "write_npz", full)
    with pytest.raises(OSError, match="No space left"):
        run(tmp_path, of_arrays, epochs=2)
    assert before == {p.name: p.read_bytes() for p in tmp_path.iterdir()}


def damage(content):
    """The file cut short anywhere, and with bits flipped anywhere."""
    places = np.random.default_rng(0).integers(len(content), size=200)
    for i in places[:60]:
        yield content[:i]
    for i in places[60:]:
        changed = bytearray(content)
        changed[i] ^= 1 << int(i) % 8
        yield bytes(changed)


def test_damage_is_found_and_no_number_is_ever_wrong(tmp_path):
    run(tmp_path, of_arrays)
    path = sorted(tmp_path.iterdir())[-1]
    content, right, found = path.read_bytes(), checkpoint.read(str(path)), 0
    for bad in damage(content):
        path.write_bytes(bad)
        try:
            read = checkpoint.read(str(path))
        except checkpoint.DamagedError:
            found += 1
        else:  # dates and the like: bytes that mean nothing
            np.testing.assert_equal(read, right)
    assert found > 150


def test_a_damaged_checkpoint_is_passed_over_with_a_warning(tmp_path):
    whole = run(tmp_path / "whole", of_arrays)
    folder = tmp_path / "cut"
    with pytest.raises(PowerCutError):
        run(folder, of_arrays, CutAfter(7))
    older, newer = sorted(folder.iterdir())
    newer.write_bytes(newer.read_bytes()[:-100])
    words = rf"{newer.name}' is damaged \(BadZipFile: .*goes on from '.*{older.name}"
    with pytest.warns(UserWarning, match=words):
        again = run(folder, of_arrays)
    same(whole, again)


def test_if_all_are_damaged_nothing_is_begun(tmp_path):
    run(tmp_path, of_arrays)
    for path in tmp_path.iterdir():
        path.write_bytes(b"not a checkpoint")
    words = r"no whole checkpoint to go on from(.|\n)*nothing was loaded(.|\n)*to start anew"
    with pytest.raises(ValueError, match=words) as error:
        run(tmp_path, of_arrays)
    assert "test_checkpoint.py" in str(error.value)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"model/0.W": np.zeros(2)}, "KeyError: 'state"),
        ({"state": np.frombuffer(b'{"format": 99}', np.uint8)}, "has the format 99, known is 1"),
        ({"state": np.frombuffer(b"{", np.uint8)}, "JSONDecodeError"),
        ({"state": np.array([{}], object)}, "allow_pickle"),
    ],
)
def test_a_foreign_file_of_that_name(tmp_path, content, words):
    np.savez(tmp_path / "checkpoint-00000001.npz", **content)
    with pytest.raises(ValueError, match=words):
        run(tmp_path, of_arrays)


def test_other_files_are_left_alone(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "checkpoint-best.npz").write_text("mine")
    run(tmp_path, of_arrays)
    assert len(list(tmp_path.iterdir())) == 4


def variant(
    folder, *, p=0.4, activation=nn.Tanh, seed=4, noise=1, x=X, y=Y, batch_size=9, epochs=1,
    loss=nn.cross_entropy, make=optim.SGD, lr=0.1, metrics=(accuracy,), regularizer=None, judge=True,
    scale=2.0, progress=False, initial=0, **settings,
):  # fmt: skip
    """A run in which one thing may be another than the time before."""
    model = nn.Sequential(
        nn.Linear(4, 8, rng=initial), activation(), lambda x: x * scale, nn.Dropout(p, rng=noise),
        nn.Linear(8, 3, rng=2),
    )  # fmt: skip
    model[0].W.regularizer = regularizer
    optimizer = make(model.parameters(), lr=lr, **settings)
    trainer = Trainer(model, loss, optimizer, metrics=metrics)
    before = model.state_dict(), optimizer.state_dict(), str(model[3].rng.bit_generator.state)
    try:
        trainer.fit(
            x, y, batch_size=batch_size, epochs=epochs, seed=seed, resume=folder, progress=progress,
            validation=(X, Y) if judge else None, callbacks=[Checkpoint(folder)],
        )  # fmt: skip
    except ValueError:
        after = model.state_dict(), optimizer.state_dict(), str(model[3].rng.bit_generator.state)
        np.testing.assert_equal(before, after)
        assert len(trainer.history) == 0
        raise
    return trainer


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"p": 0.9}, ["layer 3: was Dropout(p=0.4), is Dropout(p=0.9)"]),
        ({"activation": nn.ReLU}, ["layer 1: was Tanh(), is ReLU(max_value=None)"]),
        ({"scale": 3.0}, ["<lambda>(2.0)", "<lambda>(3.0)"]),
        ({"seed": 7}, ["order of the batches: was PCG64 of seed 4, is PCG64 of seed 7"]),
        ({"seed": None}, ["is PCG64 of no seed"]),
        ({"noise": 3}, ["generator model.layers.3.rng: was PCG64 of seed 1, is PCG64 of seed 3"]),
        ({"x": X * 0}, ["data x: was (40, 4) float32 (checksum", "is (40, 4) float32 (checksum"]),
        ({"x": X.astype(np.float64)}, ["data x:", "is (40, 4) float64"]),
        ({"y": Y[::-1]}, ["data y: was (40,) int64 (checksum"]),
        ({"batch_size": 8}, ["batches of 9, shuffled)", "batches of 8, shuffled)"]),
        ({"judge": False}, ["validation data x: was (40, 4)", "numbers to watch"]),
        ({"lr": 0.5}, ["learning rate: was 0.1, is 0.5"]),
        ({"lr": optim.schedules.Cosine(0.1, 9)}, ["was 0.1, is Cosine(lr=0.1, steps=9, alpha=0.0)"]),
        ({"momentum": 0.9}, ["was SGD(momentum=0.0", "is  SGD(momentum=0.9"]),
        ({"make": optim.Adam}, ["optimizer:", "is  Adam(betas="]),
        ({"loss": nn.focal_cross_entropy}, ["loss: was cross_entropy, is focal_cross_entropy"]),
        (
            {"loss": functools.partial(nn.cross_entropy, label_smoothing=0.1)},
            ["loss: was cross_entropy, is cross_entropy(label_smoothing=0.1)"],
        ),
        ({"loss": lambda y, t: nn.cross_entropy(y, t)}, ["is <lambda>() (program "]),
        ({"metrics": ()}, ["numbers to watch: was loss, accuracy, val_loss, val_accu", "is loss, val_loss"]),
        ({"regularizer": nn.L2(0.1)}, ["(4, 8) float32 L2("]),
    ],
)  # fmt: skip
def test_what_was_changed_is_told_and_nothing_is_loaded(tmp_path, change, words):
    variant(tmp_path)
    with pytest.raises(ValueError, match="is of another run; nothing was loaded") as error:
        variant(tmp_path, **change)
    for word in words:
        assert word in str(error.value)
    assert "test_checkpoint.py" in str(error.value) and "another folder" in str(error.value)
    assert len(variant(tmp_path, epochs=2).history) == 2  # the run as it was goes on


def test_every_difference_is_listed(tmp_path):
    variant(tmp_path)
    with pytest.raises(ValueError, match="nothing was loaded") as error:
        variant(tmp_path, p=0.5, lr=0.2, seed=1, activation=nn.Sigmoid)
    lines = str(error.value).splitlines()
    assert [line.split(":")[0].strip() for line in lines[1:5]] == [
        "layer 1", "layer 3", "learning rate", "order of the batches",
    ]  # fmt: skip


def test_layers_of_another_shape_are_told_with_the_rest(tmp_path):
    run(tmp_path, of_arrays)
    with pytest.raises(ValueError, match="nothing was loaded") as error:
        variant(tmp_path)
    text = str(error.value)
    assert "was not there\n    is  Linear(inputs=8, outputs=3" in text
    assert "layer 2: was Dropout(p=0.4), is not there" in text


def test_weights_to_begin_with_are_not_compared(tmp_path):
    first = variant(tmp_path)
    second = variant(tmp_path, initial=9)
    np.testing.assert_array_equal(first.model[0].W.data, second.model[0].W.data)


def test_the_same_objects_go_on_after_training_has_changed_them(tmp_path):
    """As in a notebook, where a cell is run again after Ctrl-C; and then in a new program, too."""

    class Halves(Callback):
        def on_epoch_end(self, epoch, values):
            self.trainer.optimizer.lr *= 0.5

    def a_number(model):
        return optim.SGD(model.parameters(), lr=0.1), Halves()

    def a_plateau(model):
        plateau = optim.schedules.ReduceOnPlateau(0.1, patience=0)
        return optim.SGD(model.parameters(), lr=plateau), Observe(plateau, "loss")

    for make in (a_number, a_plateau):
        folder, rng = tmp_path / make.__name__, np.random.default_rng(5)
        for calls in ((2, 4), (6,)):
            model = sequential()
            optimizer, callback = make(model)
            trainer = Trainer(model, nn.cross_entropy, optimizer)
            for epochs in calls:  # whose generator has been drawn from
                trainer.fit(
                    X, Y, epochs=epochs, seed=rng, progress=False, resume=folder,
                    callbacks=[callback, Checkpoint(folder)],
                )  # fmt: skip
        assert len(trainer.history) == 6 and optimizer.learning_rate < 0.01


@pytest.mark.filterwarnings("ignore:ReduceOnPlateau")
def test_another_plateau_is_another_run(tmp_path):
    variant(tmp_path, lr=optim.schedules.ReduceOnPlateau(0.1))
    with pytest.raises(ValueError, match=r"start=0\.1, .*\n.*start=0\.5, ") as error:
        variant(tmp_path, lr=optim.schedules.ReduceOnPlateau(0.5))
    assert "learning rate:" in str(error.value)


def test_a_run_that_goes_on_says_so_before_its_first_epoch(tmp_path, capsys):
    variant(tmp_path, epochs=2, progress=True)
    assert "goes on" not in capsys.readouterr().out
    variant(tmp_path, epochs=3, progress=True)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"goes on from {tmp_path}/checkpoint-00000010.npz, after epoch 2, step 10"
    assert lines[1].startswith("epoch 3/3")
    variant(tmp_path, epochs=3, progress=True)
    told = f"{tmp_path}/checkpoint-00000015.npz: all 3 epochs were done; nothing is left to do\n"
    assert capsys.readouterr().out == told


def test_a_large_array_is_known_by_numbers_at_even_distances():
    large = np.arange(2_000_001.0).reshape(3, -1)
    assert fingerprint.words(large) == fingerprint.words(large.copy())
    for other in (large * 0, large + 1e-9, np.asfortranarray(large)[::-1]):
        assert fingerprint.words(large) != fingerprint.words(other)
    assert fingerprint.words(np.asfortranarray(large)) == fingerprint.words(large)


def test_settings_in_words():
    def scaled(x, by=2):
        return x * by

    assert fingerprint.words({"a": [1, None, "b"], "c": {2, 1}}) == "{a: [1, None, 'b'], c: [1, 2]}"
    assert fingerprint.words(np.tanh) == "tanh" and fingerprint.words(np.float32(2)) == "2.0"
    assert fingerprint.words(scaled).startswith("scaled(2) (program ")
    assert fingerprint.words([0] * 2000) == "list of 2000"
    assert (
        fingerprint.words("a" * 2000) != fingerprint.words("a" * 1999 + "b")
        and len(fingerprint.words("a" * 2000)) < 40
    )
    assert fingerprint.words(np.array([{}])) == "(1,) object"
    knot = []
    knot.append(knot)
    assert fingerprint.words(knot) == "[...]"
    seeds = np.random.SeedSequence(3).spawn(2)
    assert fingerprint.words(np.random.default_rng(seeds[1])) == "PCG64 of seed 3, child 1"


def test_weights_of_a_checkpoint_begin_a_new_run(tmp_path):
    old = variant(tmp_path)
    model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), np.tanh, nn.Dropout(0.1), nn.Linear(8, 3))
    model.load(sorted(tmp_path.iterdir())[-1])
    np.testing.assert_array_equal(model[4].W.data, old.model[4].W.data)


def test_a_folder_of_another_run_is_not_written_over(tmp_path):
    run(tmp_path, of_arrays)
    before = {p.name: p.read_bytes() for p in tmp_path.iterdir()}
    words = r"checkpoints of another run(.|\n)*resume="
    with pytest.raises(ValueError, match=words):
        run(tmp_path, of_arrays, resume=False)
    assert before == {p.name: p.read_bytes() for p in tmp_path.iterdir()}


def test_a_file_is_no_folder_to_go_on_from(tmp_path):
    run(tmp_path, of_arrays)
    newest = sorted(tmp_path.iterdir())[-1]
    words = rf"{newest.name}' is a file\.(.|\n)*Try: resume='.*{tmp_path.name}'"
    model = sequential()
    trainer = Trainer(model, nn.cross_entropy, optim.SGD(model.parameters()))
    with pytest.raises(ValueError, match=words):
        trainer.fit(X, Y, resume=newest)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (of_a_stream, "batches: was Stream, 5 batches, is DataLoader(40 rows"),
        (of_two_inputs, "is  2 inputs by DataLoader"),
    ],
)
def test_loaders_in_words(tmp_path, make, words):
    first, second = (make, of_arrays) if make is of_a_stream else (of_arrays, make)
    run(tmp_path, first)
    with pytest.raises(ValueError) as error:
        run(tmp_path, second)
    assert words in str(error.value) and "nothing was loaded" in str(error.value)


@pytest.mark.parametrize("name", ["every", "every_batches", "keep"])
@pytest.mark.parametrize("number", [0, 1.5, "1"])
def test_settings_that_are_no_whole_numbers(tmp_path, name, number):
    with pytest.raises(ValueError, match=rf"Checkpoint\({name}={number!r}\): a whole number"):
        Checkpoint(tmp_path, **{name: number})


def test_the_archive_is_not_compressed_and_each_entry_has_its_checksum(tmp_path):
    run(tmp_path, of_arrays)
    with zipfile.ZipFile(sorted(tmp_path.iterdir())[-1]) as archive:
        assert archive.testzip() is None
        assert all(entry.CRC and not entry.compress_type for entry in archive.infolist())


def test_no_folder_and_an_empty_one_start_anew(tmp_path):
    anew = run(tmp_path / "none", of_arrays)
    (tmp_path / "empty").mkdir()
    same(anew, run(tmp_path / "empty", of_arrays))
    assert len(data.DataLoader(X, batch_size=9)) * 3 == anew.run.steps


def test_a_log_and_a_schedule_are_kept_too(tmp_path):
    class Observer:
        def __init__(self):
            self.seen, self.last = 0, None

        def observe(self, value):
            self.seen, self.last = self.seen + 1, value

        def state_dict(self):
            return {"seen": self.seen, "last": self.last}

        def load_state_dict(self, state):
            vars(self).update(state)

    with pytest.raises(PowerCutError):
        run(
            tmp_path / "run",
            of_arrays,
            CSVLog(tmp_path / "log.csv"),
            Observe(Observer()),
            CutAfter(12),
        )
    with (tmp_path / "log.csv").open("a") as file:
        file.write("half a li")  # and a line was being written
    plateau = Observer()
    trainer = run(tmp_path / "run", of_arrays, CSVLog(tmp_path / "log.csv"), Observe(plateau))
    lines = (tmp_path / "log.csv").read_text().splitlines()
    assert [line.split(",")[0] for line in lines] == ["epoch", "1", "2", "3"]
    assert plateau.seen == 3 and plateau.last == trainer.history["val_loss"][-1]


@pytest.mark.parametrize("make", [optim.Adafactor, optim.ScheduleFreeAdamW])
def test_states_of_other_shapes_and_averages_go_on(make, tmp_path):
    """Adafactor's rows and columns; what is judged and kept beside the weights that are trained."""

    def fit(epochs, folder, **settings):
        network = nn.Sequential(nn.Linear(4, 8, rng=0), nn.Tanh(), nn.Linear(8, 3, rng=1))
        trainer = Trainer(network, nn.cross_entropy, make(network.parameters(), 0.05))
        stop = EarlyStopping(patience=9, restore_best_weights=False)
        history = trainer.fit(
            X, Y, epochs=epochs, batch_size=16, seed=0, validation=(X, Y), progress=False,
            callbacks=[stop, Checkpoint(tmp_path / folder)], **settings,
        )  # fmt: skip
        return history.epochs, network.state_dict(), trainer.optimizer.state_dict()

    whole = fit(4, "whole")
    fit(2, "parts")
    assert str(fit(4, "parts", resume=tmp_path / "parts")) == str(whole)
