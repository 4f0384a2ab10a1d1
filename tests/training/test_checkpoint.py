"""A training that is killed and resumed ends with the very numbers of one that was not interrupted."""

import json
import os
import signal
import subprocess
import sys

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
    checkpoint_files,
)

RNG = np.random.default_rng(0)
X = RNG.normal(size=(40, 4)).astype(np.float32)
Y = (X[:, 0] > 0).astype(int) + (X[:, 1] > 0)


# --------------------------------------------------------------------------------- killed for real

PROGRAM = """
import io, json, os, sys
import numpy as np
from tinygrad_edu import nn, optim
from tinygrad_edu.training import *
from tinygrad_edu.training import checkpoint_files

folder, place, count = sys.argv[1], sys.argv[2], int(sys.argv[3])

def reached(here):
    # Says so and waits to be killed, when it comes to the place for that many times.
    global count
    count -= here == place
    if here == place and count == 0:
        print(trainer.run.epoch, flush=True)
        sys.stdin.read()

def in_two_parts(file, arrays, write=checkpoint_files.write_npz):
    content = io.BytesIO()
    write(content, arrays)
    half = content.getbuffer().nbytes // 2
    file.write(content.getvalue()[:half])
    file.flush()
    reached("half a file")
    file.write(content.getvalue()[half:])
checkpoint_files.write_npz = in_two_parts

def rename(draft, path, replace=os.replace):
    reached("before the file gets its name")
    replace(draft, path)
    reached("after the file got its name")
os.replace = rename

def remove(path, unlink=os.unlink):
    reached("before an old file goes")
    unlink(path)
os.unlink = remove

class Places(Callback):
    def on_batch_begin(self, batch): reached("before a step")
    def on_batch_end(self, batch): reached("after a step")
    def on_epoch_end(self, epoch, values): reached("between log and checkpoint")

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
        Checkpoint(folder + "/run", every_batches=3), EarlyStopping(patience=60),
        AverageWeights(ema, swap=False), Observe(plateau),
        CSVLog(folder + "/log.csv"), JSONLog(folder + "/log.json"), Places(),
    ],
    resume=folder + "/run",
)
end = {**{f"w {k}": v for k, v in model.state_dict().items()}, **optimizer.state_dict()}
assert plateau.lr < 0.005
end |= {f"mean {k}": v for k, v in ema.state_dict().items()}
assert ema.updates == 480 and "w 1.moving_mean" in end
end["drawn"] = json.dumps(model[2].rng.bit_generator.state)
end["history"] = json.dumps(history.history)
np.savez(folder + "/end.npz", **end)
print("done")
"""

# Where the program is killed, when it comes there for that many times in a life.
KILLS = [
    ("half a file", 1), ("before the file gets its name", 1), ("after the file got its name", 1),
    ("before a step", 20), ("half a file", 2), ("after a step", 31), ("between log and checkpoint", 4),
    ("before an old file goes", 13), ("before the file gets its name", 15), ("after a step", 1),
    ("half a file", 14), ("between log and checkpoint", 3), ("before a step", 44),
    ("after the file got its name", 17), ("half a file", 12), ("before an old file goes", 9),
    ("between log and checkpoint", 5), ("before the file gets its name", 11), ("after a step", 29),
    ("half a file", 10),
]  # fmt: skip
IS_THERE_A_DRAFT = {
    "half a file": True,
    "before the file gets its name": True,
    "after the file got its name": False,
    "before an old file goes": False,
}


def start(folder, place="nowhere", count=0):
    command = [sys.executable, "-W", "error", "-c", PROGRAM, str(folder), place, str(count)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def end_of(folder):
    with np.load(folder / "end.npz") as archive:
        return {name: archive[name] for name in archive.files}


def test_twenty_kills_change_nothing(tmp_path):
    """SIGKILL, wherever it hurts: in the middle of a file, between two files, before and after a step."""
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    whole.mkdir(), cut.mkdir()
    uninterrupted = start(whole)
    assert uninterrupted.communicate()[0] == "done\n" and uninterrupted.returncode == 0

    epochs = []
    for place, count in KILLS:
        process = start(cut, place, count)
        epochs.append(int(process.stdout.readline()))
        process.kill()
        process.communicate()
        assert process.returncode == -signal.SIGKILL
        if place in IS_THERE_A_DRAFT:
            drafts = [*(cut / "run").glob(".checkpoint-*.draft")]
            assert len(drafts) == IS_THERE_A_DRAFT[place]  # older ones were removed
    assert epochs == sorted(epochs) and len({*epochs}) > 12 and epochs[-1] < 60
    last = start(cut)
    assert last.communicate()[0] == "done\n" and last.returncode == 0

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


def run(folder, make, *callbacks, epochs=3, resume=True, progress=False):
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
        progress=progress,
    )
    return trainer


def same(a, b):
    """Are weights, optimizers and histories the same to the last bit?"""
    for one, other in (
        (a.model.state_dict(), b.model.state_dict()),
        (a.optimizer.state_dict(), b.optimizer.state_dict()),
        (a.history.history, b.history.history),
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


# --------------------------------------------------------------------------------- when it saves


def test_how_often_and_how_many(tmp_path):
    saved = []

    class Watch(Checkpoint):
        def save(self):
            super().save()
            saved.append(checkpoint_files.found(self.folder)[-1])

    model = sequential()
    trainer = Trainer(model, nn.cross_entropy, optim.SGD(model.parameters()))
    callback = Watch(tmp_path / "new" / "folder", every=2, every_batches=3, keep=3)
    trainer.fit(X, Y, epochs=5, batch_size=10, callbacks=[callback], progress=False)
    numbers = [int(os.path.basename(path)[11:-4]) for path in saved]
    assert numbers == [0, 3, 6, 8, 9, 12, 15, 16, 18]  # 4 batches an epoch
    assert [os.path.basename(path) for path in checkpoint_files.found(callback.folder)] == [
        f"checkpoint-{n:08d}.npz" for n in (15, 16, 18)
    ]


@pytest.mark.parametrize("kind", [np.random.MT19937, np.random.Philox, np.random.SFC64])
def test_generators_of_every_kind(tmp_path, kind):
    def make():
        return sequential(np.random.Generator(kind(3))), (X, Y), {"batch_size": 9, "seed": 4}

    whole = run(tmp_path / "whole", make)
    with pytest.raises(PowerCutError):
        run(tmp_path / "cut", make, CutAfter(7))
    same(whole, run(tmp_path / "cut", make))


def test_if_the_newest_file_is_damaged_the_one_before_is_resumed(tmp_path):
    whole = run(tmp_path / "whole", of_arrays)
    folder = tmp_path / "cut"
    with pytest.raises(PowerCutError):
        run(folder, of_arrays, CutAfter(7))
    older, newer = sorted(folder.glob("*.npz"))
    newer.write_bytes(newer.read_bytes()[:-100])
    words = rf"{newer.name}' is damaged \(BadZipFile: .*resumes from '.*{older.name}"
    with pytest.warns(UserWarning, match=words):
        again = run(folder, of_arrays)
    same(whole, again)


def test_a_run_that_is_resumed_says_so_before_its_first_epoch(tmp_path, capsys):
    run(tmp_path, of_arrays, epochs=2, progress=True)
    assert "resumes" not in capsys.readouterr().out
    with pytest.raises(PowerCutError):
        run(tmp_path, of_arrays, CutAfter(3), epochs=3, progress=True)
    lines = capsys.readouterr().out.splitlines()
    assert lines == [f"resumes from {tmp_path}/checkpoint-00000010.npz, after epoch 2, step 10"]
    run(tmp_path, of_arrays, epochs=3, progress=True)
    lines = capsys.readouterr().out.splitlines()
    place = "after batch 2 of epoch 3, step 12"
    assert lines[0] == f"resumes from {tmp_path}/checkpoint-00000012.npz, {place}"
    assert lines[1].startswith("epoch 3/3")
    run(tmp_path, of_arrays, epochs=3, progress=True)
    told = f"{tmp_path}/checkpoint-00000015.npz: all 3 epochs were done; nothing is left to do\n"
    assert capsys.readouterr().out == told


def test_a_run_that_a_callback_stopped_says_so(tmp_path, capsys):
    run(tmp_path, of_arrays, EarlyStopping("loss", min_delta=100), epochs=5)
    run(tmp_path, of_arrays, EarlyStopping("loss", min_delta=100), epochs=5, progress=True)
    words = "a callback stopped this run after epoch 2; nothing is left to do"
    assert capsys.readouterr().out == f"{tmp_path}/checkpoint-00000010.npz: {words}\n"


def test_weights_of_a_checkpoint_begin_a_new_run(tmp_path):
    old = run(tmp_path, of_arrays)
    model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), np.tanh, nn.Linear(8, 3))
    model.load(sorted(tmp_path.iterdir())[-1])
    np.testing.assert_array_equal(model[3].W.data, old.model[3].W.data)


def test_a_folder_of_another_run_is_not_written_over(tmp_path):
    run(tmp_path, of_arrays)
    before = {p.name: p.read_bytes() for p in tmp_path.iterdir()}
    words = r"checkpoints of another run(.|\n)*resume="
    with pytest.raises(ValueError, match=words):
        run(tmp_path, of_arrays, resume=False)
    assert before == {p.name: p.read_bytes() for p in tmp_path.iterdir()}


@pytest.mark.parametrize("name", ["every", "every_batches", "keep"])
@pytest.mark.parametrize("number", [0, 1.5, "1"])
def test_settings_that_are_no_whole_numbers(tmp_path, name, number):
    with pytest.raises(ValueError, match=rf"Checkpoint\({name}={number!r}\): a whole number"):
        Checkpoint(tmp_path, **{name: number})


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
        return history.history, network.state_dict(), trainer.optimizer.state_dict()

    whole = fit(4, "whole")
    fit(2, "parts")
    assert str(fit(4, "parts", resume=tmp_path / "parts")) == str(whole)
