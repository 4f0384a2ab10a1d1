"""The commands as a terminal meets them: what they write, say and refuse, and how they end."""

import csv
import errno
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tinygrad_edu.__main__ import main
from tinygrad_edu.data import load_digits, read_csv, write_csv
from tinygrad_edu.programs import dataset, train
from tinygrad_edu.programs.run import Run
from tinygrad_edu.training import Checkpoint

ROOT = Path(__file__).parents[2]
QUICK = ["--model", "mlp", "--epochs", "2", "--batch-size", "32"]


def words(capsys) -> tuple[str, str]:
    told = capsys.readouterr()
    return told.out, told.err


def refused(capsys, *argv: str) -> str:
    """What a command says that ends with 1: a sentence, and no traceback."""
    assert main([*argv]) == 1
    _, err = words(capsys)
    assert err.startswith(f"tinygrad-edu {argv[0]}: ") and "Traceback" not in err
    return err.removeprefix(f"tinygrad-edu {argv[0]}: ").rstrip("\n")


def table(path) -> list[list[str]]:
    with open(path, newline="") as file:
        return list(csv.reader(file))


# --- what they write ---


def test_a_run_holds_configuration_seed_history_and_weights(kept):
    assert sorted(os.listdir(kept / "run")) == [
        "checkpoints", "config.json", "evaluation.npz", "history.csv", "result.json", "seen.npz",
        "weights-0002.npz",
    ]  # fmt: skip
    run = Run(str(kept / "run"))
    assert (
        run.settings.seed == 0 and run.settings.model == "mlp" and run.classes == list("0123456789")
    )
    assert len(run.history()) == 2 and run.history().names == [
        "loss",
        "accuracy",
        "val_loss",
        "val_accuracy",
    ]
    assert run.config["examples"] == {"training": 320, "validation": 40, "test": 40}
    assert not [name for name in os.listdir(kept / "run") if name.endswith(".draft")]


def test_the_kept_weights_give_the_kept_result(kept):
    run = Run(str(kept / "run"))
    x, y, names = run.evaluation_set()
    from tinygrad_edu.programs.predict import scores_of

    said = scores_of(run.model(), dataset.standardized(x, run.mean, run.std)).argmax(axis=1)
    assert (said == y).sum() == run.result()["test"]["correct"] and len(names) == 40
    rows = read_csv(kept / "digits.csv", shape=(8, 8))  # and the names are the rows of the table
    assert np.array_equal(rows.x[[int(name) - 1 for name in names]], x[..., 0])


def test_the_scale_is_that_of_the_training_set_alone(kept):
    run = Run(str(kept / "run"))
    data = dataset.read(str(kept / "digits.csv"), run.settings, labeled=True)
    sets = dataset.split(data, run.settings)
    x = sets.train[0].astype(float)
    assert run.mean == pytest.approx(x.mean(), rel=1e-12) and run.std == pytest.approx(
        x.std(), rel=1e-12
    )
    assert run.mean != pytest.approx(data.x.mean(), rel=1e-6)
    for k in range(10):  # and every class keeps its share
        assert abs((sets.validation[1] == k).sum() - (data.y(sets.classes) == k).sum() / 10) < 2


def test_the_same_seed_gives_the_same_run_and_another_one_another(kept, capsys):
    for name, seed in (("a", "3"), ("b", "3"), ("c", "4")):
        assert main(["train", str(kept / "digits.csv"), "--out", name, *QUICK, "--seed", seed]) == 0
    a, b, c = (Run(name).model().state_dict() for name in "abc")
    assert all(np.array_equal(a[path], b[path]) for path in a)
    assert not np.array_equal(a["1.W"], c["1.W"])


def test_pixels_are_answered_in_the_order_of_the_file(kept, capsys):
    """Shuffled rows give shuffled answers: each stands beside its picture."""
    data = read_csv(kept / "digits.csv", shape=(8, 8))
    order = np.random.default_rng(0).permutation(len(data.y))
    write_csv("straight.csv", data.x)
    write_csv("shuffled.csv", data.x[order])
    for name in ("straight", "shuffled"):
        assert (
            main(["predict", str(kept / "run"), f"{name}.csv", "--out", f"{name}-results.csv"]) == 0
        )
    straight, shuffled = table("straight-results.csv"), table("shuffled-results.csv")
    assert straight[0] == shuffled[0] == ["ImageId", "Label"]
    assert [row[0] for row in shuffled[1:]] == [str(i) for i in range(1, 401)]
    answers = [row[1] for row in straight[1:]]
    assert [row[1] for row in shuffled[1:]] == [answers[i] for i in order]
    assert len(set(answers)) > 5  # a network that always says the same would pass otherwise


def test_images_are_answered_by_their_files_in_the_order_of_the_table(kept, capsys):
    rows = table(kept / "images.csv")[1:]
    order = np.random.default_rng(1).permutation(len(rows))
    (kept / "shuffled.csv").write_text(
        "label,image\n" + "".join(f"{rows[i][1]},{rows[i][0]}\n" for i in order)
    )
    (kept / "unlabeled.csv").write_text("image\n" + "".join(f"{row[0]}\n" for row in rows))
    assert (
        main(["predict", str(kept / "files-run"), str(kept / "unlabeled.csv"), "--out", "a.csv"])
        == 0
    )
    assert "Accuracy" not in words(capsys)[0]
    assert (
        main(["predict", str(kept / "files-run"), str(kept / "shuffled.csv"), "--out", "b.csv"])
        == 0
    )
    said = int(re.search(r"\((\d+) of 200\)", words(capsys)[0])[1])
    straight, shuffled = table("a.csv"), table("b.csv")
    assert straight[0] == ["Filename", "Prediction"]
    assert [row[0] for row in straight[1:]] == [row[0] for row in rows]
    assert shuffled[1:] == [straight[1 + i] for i in order]
    assert said == sum(a[1] == b[1] for a, b in zip(straight[1:], rows, strict=True)) > 40
    assert {row[1] for row in straight[1:]} <= set("abcdefghij")


def test_predict_tells_what_it_knew_from_training(kept, capsys):
    """Of the file that it was split from, of a shuffled part of it, and of pictures that it never saw."""
    run = Run(str(kept / "run"))
    data = read_csv(kept / "digits.csv", shape=(8, 8))
    tested = np.array([int(name) - 1 for name in run.evaluation_set()[2]])
    assert main(["predict", run.path, str(kept / "digits.csv")]) == 0
    right = run.result()["test"]["correct"]
    assert words(capsys)[0].endswith(
        "360 of these pictures are in the training or validation set, which makes that number too high.\n"
        f"Accuracy on the others: {100 * right / 40:.2f} % ({right} of 40)\n"
    )
    trained = np.setdiff1d(np.arange(400), tested)[::-7]
    write_csv("trained.csv", data.x[trained], data.y[trained])
    write_csv("tested.csv", data.x[tested], data.y[tested])
    assert main(["predict", run.path, "trained.csv"]) == 0
    assert words(capsys)[0].endswith(
        f"{len(trained)} of these pictures are in the training or validation set, which makes that number "
        "too high.\n"
    )
    assert main(["predict", run.path, "tested.csv"]) == 0
    assert words(capsys)[0].endswith(f"Accuracy: {100 * right / 40:.2f} % ({right} of 40)\n")


def test_a_test_set_in_a_file_of_its_own(kept, capsys):
    rows = table(kept / "digits.csv")
    for name, part in (("train", rows[1:301]), ("test", rows[301:])):
        Path(f"{name}.csv").write_text("\n".join(map(",".join, [rows[0], *part])) + "\n")
    assert main(["train", "train.csv", "--test", "test.csv", *QUICK]) == 0
    assert Run("run").config["examples"] == {"training": 270, "validation": 30, "test": 100}
    assert re.search(r"\nTest accuracy: .* % \(\d+ of 100\)", words(capsys)[0])


def test_digits_and_characters_come_from_commands(capsys):
    assert main(["digits", "digits.csv"]) == 0
    digits = read_csv("digits.csv", shape=(8, 8))
    assert (
        np.allclose(digits.x * (16 / 255), load_digits().x, atol=0.05)
        and (digits.y == load_digits().y).all()
    )
    assert "digits.csv already exists" in refused(capsys, "digits", "digits.csv")
    assert main(["characters", "drawn", "--per-class", "5", "--only", "aB3"]) == 0
    assert len(table("drawn/train.csv")) == 16 and len(table("drawn/test.csv")) == 4
    assert refused(capsys, "characters", "drawn") == (
        "drawn already exists; choose another name, or remove it"
    )
    assert refused(capsys, "characters", "other", "--only", "AA") == (
        "characters='AA': give at least one, and each only once"
    )
    assert not os.path.exists("other")


# --- how they end ---


# The command, which sends itself a signal at the end of an epoch, however fast the machine is.
SIGNALED = """
import os, signal, sys
from tinygrad_edu.__main__ import main
from tinygrad_edu.training import CSVLog

number, at = int(sys.argv[1]), int(sys.argv[2])
write = CSVLog.on_epoch_end

def and_signal(self, epoch, values):
    write(self, epoch, values)
    if epoch == at:
        os.kill(os.getpid(), number)

CSVLog.on_epoch_end = and_signal
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore Ctrl-C
sys.exit(main(sys.argv[3:]))
"""


def signaled(number: int, at: int, *argv: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-c", SIGNALED, str(int(number)), str(at), *argv], capture_output=True,
        text=True, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip


def test_ctrl_c_saves_all_and_resume_leads_to_the_very_same_weights(kept, capsys):
    data = str(kept / "digits.csv")
    asked = ["train", data, "--model", "mlp", "--epochs", "6"]
    done = signaled(signal.SIGINT, 2, *asked, "--out", "stopped")
    assert done.returncode == 130 and done.stderr == ""
    assert "Ctrl-C: stopped after" in done.stdout
    assert "Everything is saved; to continue: tinygrad-edu train" in done.stdout
    result = Run("stopped").result()
    assert 2 <= result["epochs"] <= 3 and not result["ended"] and Run("stopped").model()
    assert len(Run("stopped").history()) == result["epochs"]

    assert main(["predict", "stopped", data]) == 0
    assert f"stopped was stopped after {result['epochs']} of 6 epochs" in words(capsys)[0]
    assert main([*asked, "--out", "stopped", "--resume"]) == 0
    assert main([*asked, "--out", "never-stopped"]) == 0
    a, b = Run("stopped"), Run("never-stopped")
    assert a.result()["ended"] and len(a.history()) == len(b.history()) == 6
    assert a.history().history == b.history().history
    one, other = a.model().state_dict(), b.model().state_dict()
    assert all(np.array_equal(one[path], other[path]) for path in one)
    assert [name for name in os.listdir("stopped") if "weights" in name] == ["weights-0006.npz"]


def test_a_killed_run_says_that_it_has_no_weights_and_can_be_resumed(kept, capsys):
    asked = ["train", str(kept / "digits.csv"), *QUICK[:2], "--epochs", "3"]
    done = signaled(signal.SIGKILL, 2, *asked, "--out", "killed")
    assert done.returncode == -signal.SIGKILL
    assert not Run("killed").ended
    for command in (["predict", "killed", str(kept / "digits.csv")], ["show", "killed"]):
        said = refused(capsys, *command)
        assert (
            said.startswith("killed has no weights yet: its training was cut off.")
            and "--resume" in said
        )
    assert not os.path.exists("results.csv")
    assert main([*asked, "--out", "killed", "--resume"]) == 0
    assert Run("killed").result()["epochs"] == 3 and Run("killed").result()["ended"]


def test_a_run_that_came_to_its_end_can_have_more_epochs(kept, capsys):
    shutil.copytree(kept / "run", "run")
    assert main(["train", str(kept / "digits.csv"), "--resume", "--epochs", "4"]) == 0
    run = Run("run")
    assert len(run.history()) == run.result()["epochs"] == 4
    assert run.history()["loss"][:2] == Run(str(kept / "run")).history()["loss"]


def test_fewer_epochs_than_were_done_change_nothing(kept, capsys):
    shutil.copytree(kept / "run", "run")
    before = Path("run/result.json").read_bytes()
    words(capsys)
    assert main(["train", str(kept / "digits.csv"), "--resume", "--epochs", "1"]) == 0
    assert words(capsys)[0] == (
        "run has trained for 2 epochs, more than the 1 asked for, and is left unchanged. To continue: "
        "--epochs 4\n"
    )
    assert Path("run/result.json").read_bytes() == before
    assert (
        main(["train", str(kept / "digits.csv"), "--resume"]) == 0
    )  # as many: the same result again
    assert Path("run/result.json").read_bytes() == before


def test_early_stopping_keeps_the_best_weights(kept, capsys):
    asked = [*QUICK[:2], "--epochs", "60", "--patience", "2", "--lr", "0.02"]
    assert main(["train", str(kept / "digits.csv"), *asked]) == 0
    run = Run("run")
    losses = run.history()["val_loss"]
    assert len(losses) < 60 and run.result()["best_epoch"] == int(np.argmin(losses)) + 1
    assert run.result()["validation"]["loss"] == pytest.approx(min(losses), rel=1e-5)
    assert "Stopped early: the validation loss was smallest after epoch" in words(capsys)[0]


def test_ctrl_c_before_the_training_leaves_nothing(kept, capsys, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(train, "read", interrupted)
    assert main(["train", str(kept / "digits.csv")]) == 130
    assert words(capsys)[1] == "\nStopped.\n" and os.listdir() == []


# --- a disk that is full ---


@pytest.mark.parametrize("when", [1, 2, 3])
def test_a_full_disk_leaves_what_was_whole(kept, capsys, monkeypatch, when):
    """Checkpoints, weights and result, each time: none stands for half of itself."""
    save, calls = Checkpoint.save, []

    def full(self):
        calls.append(1)
        if len(calls) == when:
            raise OSError(
                errno.ENOSPC, os.strerror(errno.ENOSPC), "run/checkpoints/unfinished.draft"
            )
        save(self)

    monkeypatch.setattr(Checkpoint, "save", full)
    said = refused(capsys, "train", str(kept / "digits.csv"), *QUICK)
    assert said == (
        "run/checkpoints/unfinished.draft: No space left on device. Older files are intact; make room, "
        "and continue with --resume"
    )
    assert not Run("run").ended
    monkeypatch.setattr(Checkpoint, "save", save)
    assert main(["train", str(kept / "digits.csv"), "--resume"]) == 0
    a, b = Run("run"), Run(str(kept / "run"))
    assert a.history().history == b.history().history


LIMITED = """
import resource, sys
from tinygrad_edu.__main__ import main
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), resource.RLIM_INFINITY))
sys.exit(main(sys.argv[2:]))
"""


@pytest.mark.parametrize("size", [100, 3_000, 60_000])
def test_files_that_cannot_grow_end_with_a_sentence(kept, size):
    """The operating system itself refuses to write: in config.json, in the pictures kept, in a checkpoint."""
    asked = ["train", str(kept / "digits.csv"), *QUICK]
    if size == 3_000:
        os.mkdir("run")
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, str(size), *asked], capture_output=True, text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert done.stderr.startswith("tinygrad-edu train: ") and "File too large" in done.stderr
    left = [os.path.join(folder, name) for folder, _, names in os.walk("run") for name in names]
    assert not any(name.endswith((".draft", "result.json")) or "weights-" in name for name in left)
    if size == 100:
        assert not os.path.exists("run")
    if size == 3_000:
        assert os.listdir("run") == []


# --- bad input ---


def rewritten(kept, name: str, row: int, change) -> str:
    """A copy of the table with one row changed."""
    rows = table(kept / "digits.csv")
    rows[row] = change(rows[row])
    Path(name).write_text("\n".join(map(",".join, rows)) + "\n")
    return name


CHANGES = {
    "bad.csv has no column 'label'; its columns are 'lable', 'pixel0', 'pixel1', 'pixel2', 'pixel3', "
    "'pixel4', 'pixel5', 'pixel6', 'pixel7', 'pixel8', ..., 'pixel63'; give that name to the column of the "
    "classes": (0, lambda row: ["lable", *row[1:]]),
    "line 8 of bad.csv has 64 columns, and the first line has 65": (7, lambda row: row[:-1]),
    "line 3 of bad.csv has 'x' in column 'pixel5': a pixel is an integer from 0 to 255": (
        2, lambda row: [*row[:6], "x", *row[7:]]),
    "line 2 of bad.csv has '256' in column 'pixel0': a pixel is an integer from 0 to 255": (
        1, lambda row: [row[0], "256", *row[2:]]),
    "line 5 of bad.csv has '-1' in column 'pixel63'": (4, lambda row: [*row[:-1], "-1"]),
    "line 5 of bad.csv has '' in column 'pixel63'": (4, lambda row: [*row[:-1], ""]),
    "line 4 of bad.csv has 'seven' in column 'label': a class is an integer": (
        3, lambda row: ["seven", *row[1:]]),
    "bad.csv: class '77' has 1 example, and at least 3 are needed": (1, lambda row: ["77", *row[1:]]),
}  # fmt: skip


@pytest.mark.parametrize("message", CHANGES)
def test_a_table_with_a_mistake(kept, capsys, message):
    row, change = CHANGES[message]
    assert message in refused(capsys, "train", rewritten(kept, "bad.csv", row, change))
    assert os.listdir() == ["bad.csv"]  # no run


TEXTS = {
    "image,label\n": "bad.csv has a header and no rows",
    "label,pixel0,pixel1,pixel2,pixel3\n": "bad.csv has a header and no rows",
    "": "bad.csv is empty, or its first line is",
    "file,label\na.png,b\n": "bad.csv has no column 'image' with paths of images, and no pixels; "
    "its columns are 'file', 'label'",
    "image,name\na.png,b\n": "bad.csv has no column 'label'; its columns are 'image', 'name'",
    "image,label\na.png\n": "line 2 of bad.csv has 1 columns and the header 2",
    "image,label\na.png,\n": "line 2 of bad.csv lacks its image or its label",
    "label,pixel0,pixel1,pixel2\n1,2,3,4\n": "bad.csv has 3 pixels in a row, which is no square picture",
    "1,2,3,4\n": "bad.csv has no header, and its 4 columns are not a label and a square of pixels",
    "label,pixel0,pixel1,pixel2,pixel3\n1,0,0,0,0\n1,0,0,0,0\n": "bad.csv has one class only, '1'",
    "image,label\nnowhere.png,a\n": "there is no file nowhere.png; --skip-bad leaves out what is missing",
}


@pytest.mark.parametrize("text", TEXTS)
def test_a_file_that_is_no_table_of_pictures(capsys, text):
    Path("bad.csv").write_text(text)
    assert TEXTS[text] in refused(capsys, "train", "bad.csv")
    assert os.listdir() == ["bad.csv"]


def test_a_missing_file_and_a_missing_run(kept, capsys):
    assert refused(capsys, "train", "nowhere.csv") == "there is no file nowhere.csv"
    assert refused(capsys, "train", ".") == "there is no file ."
    digits = str(kept / "digits.csv")
    for command in (
        ["predict", "nowhere", digits],
        ["show", "nowhere"],
        ["compare", "nowhere", digits],
    ):
        assert refused(capsys, *command) == (
            "there is no folder nowhere; `tinygrad-edu train CSV --out nowhere` creates it"
        )
    Path("thesis").mkdir()
    assert refused(capsys, "show", "thesis") == (
        "folder thesis is not a run: it has no config.json; give the --out of a training"
    )
    assert (
        refused(capsys, "predict", str(kept / "run"), "nowhere.csv")
        == "there is no file nowhere.csv"
    )
    Path("bytes.csv").write_bytes(b"\xff\xfe\x00\x81\n")
    assert "bytes.csv is not a CSV file" in refused(capsys, "train", "bytes.csv")


def test_bad_images_are_named_or_skipped_counted_and_listed(kept, capsys):
    shutil.copytree(kept / "files", "files")
    rows = table(kept / "images.csv")
    Path("files/3.png").write_text("no image")
    os.unlink("files/5.png")
    Path("images.csv").write_text("\n".join(map(",".join, rows)) + "\n")
    assert "there is no file files/5.png" in refused(capsys, "train", "images.csv", *QUICK)
    shutil.copy("files/4.png", "files/5.png")
    assert "files/3.png cannot be read as an image" in refused(
        capsys, "train", "images.csv", *QUICK
    )
    os.unlink("files/5.png")
    assert main(["train", "images.csv", "--size", "8", "--skip-bad", *QUICK]) == 0
    _, err = words(capsys)
    assert (
        "images.csv: 2 images skipped:\n  files/3.png cannot be read" in err
        and "files/5.png" in err
    )
    assert sum(Run("run").config["examples"].values()) == 198
    assert (
        main(["predict", "run", "images.csv", "--skip-bad"]) == 0
    )  # and those left keep their names
    kept_rows = [row[0] for i, row in enumerate(rows[1:]) if i not in (3, 5)]
    assert [row[0] for row in table("results.csv")[1:]] == kept_rows
    assert "2 images skipped" in words(capsys)[1]
    assert "lists pixels: --skip-bad is for image files" in refused(
        capsys, "train", str(kept / "digits.csv"), "--skip-bad", "--out", "other"
    )


def test_what_does_not_fit_the_run(kept, capsys):
    run, digits = str(kept / "run"), str(kept / "digits.csv")
    bad = rewritten(kept, "bad.csv", 2, lambda row: ["11", *row[1:]])
    assert refused(capsys, "predict", run, bad) == (
        "bad.csv: row 2 has the label '11', which is not among the 10 classes of the training set: "
        "'0', '1', '2', '3', '4', '5', '6', '7', '8', '9'"
    )
    assert "was trained on a table of pixels, and" in refused(
        capsys, "predict", run, str(kept / "images.csv")
    )
    write_csv("small.csv", np.zeros((3, 4), np.uint8))
    assert (
        "was trained on pictures of 8 x 8 pixels, and those in small.csv are 2 x 2 pixels"
        in refused(capsys, "predict", run, "small.csv")
    )
    assert not os.path.exists("results.csv")
    assert "the test set must be of the same form" in refused(
        capsys, "train", digits, "--test", str(kept / "images.csv"), "--out", "other"
    )
    assert "has a run already: add --resume" in refused(capsys, "train", digits, "--out", run)
    Path("full").mkdir()
    Path("full/thesis.txt").write_text("mine")
    assert refused(capsys, "train", digits, "--out", "full") == (
        "full already exists and is not a run: choose another --out, or remove it"
    )
    assert refused(capsys, "train", digits, "--out", "full/thesis.txt") == (
        "full/thesis.txt already exists and is not a run: choose another --out, or remove it"
    )


def test_no_file_of_yours_is_overwritten(kept, capsys):
    """Results take the place of results and a page that of a page; nothing else is lost."""
    run = str(kept / "run")
    Path("digits.csv").write_bytes((kept / "digits.csv").read_bytes())
    os.link("digits.csv", "linked.csv")
    for out in ("digits.csv", "linked.csv", "./digits.csv"):
        assert refused(capsys, "predict", run, "digits.csv", "--out", out) == (
            f"{out} is the file that the pictures are read from: choose another --out, such as results.csv"
        )
    shutil.copy("digits.csv", "copy.csv")
    Path("thesis.txt").write_text("mine: ImageId,Label")
    Path("empty").mkdir()
    for out in ("copy.csv", "thesis.txt", "empty", f"{run}/config.json"):
        assert refused(capsys, "predict", run, "digits.csv", "--out", out) == (
            f"{out} already exists and is not a table of predictions: choose another --out, or remove it"
        )
        assert refused(capsys, "show", run, "--out", out) == (
            f"{out} already exists and is not a page about a run: choose another --out, or remove it"
        )
    for name in ("digits.csv", "copy.csv"):
        assert Path(name).read_bytes() == (kept / "digits.csv").read_bytes()
    assert Path("thesis.txt").read_text() == "mine: ImageId,Label" and Run(run).settings
    write_csv("few.csv", read_csv("digits.csv", shape=(8, 8)).x[:3])
    for csv_file, rows in (
        ("digits.csv", 401),
        ("few.csv", 4),
    ):  # their own results they do replace
        assert main(["predict", run, csv_file]) == 0 and len(table("results.csv")) == rows
    for _ in range(2):
        assert main(["show", run, "--out", "page.html"]) == 0


def test_resume_goes_on_with_the_very_same_settings_and_data(kept, capsys):
    shutil.copytree(kept / "run", "run")
    digits = str(kept / "digits.csv")
    before = {name: Path("run", name).read_bytes() for name in os.listdir("run") if "." in name}
    assert refused(capsys, "train", digits, "--resume", "--lr", "0.5") == (
        "run was begun with other settings: --lr was 0.002 and is 0.5. Resume without them, or begin "
        "another run"
    )
    other = rewritten(kept, "other.csv", 1, lambda row: [*row[:-1], "9"])
    assert refused(capsys, "train", other, "--resume").startswith(
        "run was begun with other examples than those in other.csv"
    )
    assert before == {
        name: Path("run", name).read_bytes() for name in os.listdir("run") if "." in name
    }


def test_a_damaged_run_is_told_of(kept, capsys):
    shutil.copytree(kept / "run", "run")
    path = Path("run/weights-0002.npz")
    path.write_bytes(path.read_bytes()[:1000])
    assert "is not a weight file, or only a part of one" in refused(capsys, "show", "run")
    path.unlink()
    assert "run is damaged: it has a result, but no run/weights-0002.npz" in refused(
        capsys, "show", "run"
    )
    Path("run/result.json").write_text("{")
    assert "run/result.json is damaged" in refused(capsys, "show", "run")
    config = json.loads(Path("run/config.json").read_text())
    Path("run/config.json").write_text(json.dumps({**config, "format": 99}))
    assert "in a format that this version does not know" in refused(capsys, "show", "run")


@pytest.mark.parametrize(
    ("option", "number"),
    [("--epochs", "0"), ("--lr", "0"), ("--lr", "fast"), ("--dropout", "1"), ("--seed", "-1"),
     ("--batch-size", "2.5"), ("--validation-share", "1.5"),
        ("--validation-share", "0"), ("--weight-decay", "nan")],
)  # fmt: skip
def test_settings_that_are_none(kept, capsys, option, number):
    with pytest.raises(SystemExit) as stopped:
        main(["train", str(kept / "digits.csv"), f"{option}={number}"])
    assert stopped.value.code == 2 and option in words(capsys)[1]


def test_a_loss_that_is_not_finite_stops_with_a_sentence(kept, capsys):
    said = refused(
        capsys, "train", str(kept / "digits.csv"), *QUICK[:2], "--lr", "1e30", "--augment", "0"
    )
    assert "the loss is" in said and "learning rate" in said and not Run("run").ended


def test_the_commands_start_quickly_and_list_themselves():
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "tinygrad_edu", "train", "--help"],
        capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.returncode == 0 and "--resume" in done.stdout
    loaded = set(re.findall(r"\| +(\S+)", done.stderr))
    assert "tinygrad_edu.programs.commands" in loaded
    assert not {"tinygrad_edu.training", "tinygrad_edu.nn", "tinygrad_edu.programs.train"} & loaded


def test_a_run_that_was_killed_before_its_first_file_begins_anew(kept, capsys):
    digits = str(kept / "digits.csv")
    Path("run").mkdir()
    for out in ("run", "new"):
        capsys.readouterr()
        assert main(["train", digits, "--out", out, "--resume", *QUICK]) == 0
        assert f"{out} has nothing to resume: a new run begins\n" in capsys.readouterr().out
        with (
            np.load(f"{out}/weights-0002.npz") as new,
            np.load(kept / "run/weights-0002.npz") as old,
        ):
            assert all(np.array_equal(new[name], old[name]) for name in old.files)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("config.json", {"settings": {"epochs": -3}}),
        ("config.json", {"settings": {"lr": "fast"}}),
        ("config.json", {"settings": {"model": "gan"}}),
        ("config.json", {"settings": {"rgb": 1}}),
        ("config.json", {"settings": {"color": True}}),
        ("config.json", {"settings": None}),
        ("config.json", {"shape": [8, 8]}),
        ("config.json", {"shape": [5000, 5000, 3]}),
        ("config.json", {"classes": 10}),
        ("config.json", {"mean": None}),
        ("result.json", {"epochs": -3}),
        ("result.json", {"weights": "../../weights-0002.npz"}),
        ("result.json", {"weights": None}),
    ],
)
def test_a_file_of_a_run_with_something_strange_in_it(kept, capsys, name, change):
    shutil.copytree(kept / "run", "run")
    content = json.loads(Path("run", name).read_text())
    for key, value in change.items():
        content[key] = content[key] | value if isinstance(value, dict) else value
    Path("run", name).write_text(json.dumps(content))
    said = refused(capsys, "predict", "run", str(kept / "digits.csv"))
    assert said.startswith(("run/config.json is damaged: ", "run/result.json is damaged: ")) or (
        change == {"shape": [5000, 5000, 3]} and said.startswith("run/evaluation.npz is damaged")
    )


def test_two_commands_do_not_train_one_run(kept, capsys):
    pytest.importorskip("fcntl")
    shutil.copytree(kept / "run", "run")
    program = (
        "import sys; from tinygrad_edu.files.lock import lock; "
        "print(lock('run/checkpoints'), flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)},
    ) as other:  # fmt: skip
        assert other.stdout.readline() == "True\n"
        digits = str(kept / "digits.csv")
        said = refused(capsys, "train", digits, "--out", "run", "--resume", "--epochs", "3")
        assert said.startswith(
            "another process is saving its training to 'run/checkpoints', and two"
        )
        other.communicate("")
    assert main(["train", digits, "--out", "run", "--resume", "--epochs", "3"]) == 0


@pytest.mark.parametrize(
    "argv",
    [["tinygrad_edu", "rows"], ["tinygrad_edu", "explain", "tanh"], ["tinygrad_edu", "--help"],
     ["tinygrad_edu.twins", "--help"]],
    ids=" ".join,
)  # fmt: skip
def test_a_reader_that_ends_early_is_no_error(argv):
    """`python -m tinygrad_edu rows | head`: the pipe is closed before anything is written."""
    program = subprocess.Popen(
        [sys.executable, "-m", *argv], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    program.stdout.close()
    assert program.stderr.read() == b""
    program.stderr.close()
    assert program.wait() in (0, 1)  # argparse calls its own help done
