"""What the terminal is told, and how errors are told to it. The work is imported when it is asked for."""

from __future__ import annotations

import argparse
import errno
import os
import sys
from collections.abc import Callable
from typing import Any


def add_to(commands: Any) -> None:
    """The commands of this room, each with its function in `run`."""

    def command(name: str, run: Callable, about: str) -> argparse.ArgumentParser:
        parser = commands.add_parser(name, help=about, description=about, allow_abbrev=False)
        parser.set_defaults(run=run)
        return parser

    digits = command("digits", _digits, "write 1,797 handwritten digits as a CSV file of pixels")
    digits.add_argument("csv", metavar="FILE", help="the new file, such as digits.csv")

    characters = command(
        "characters",
        _characters,
        "draw A-Z, a-z and 0-9 as image files, with train.csv and test.csv",
    )
    characters.add_argument("folder", metavar="FOLDER", help="the new folder")
    characters.add_argument(
        "--per-class",
        type=_positive,
        default=100,
        metavar="N",
        help="pictures of each for training; a fifth of it for the test (%(default)s)",
    )
    characters.add_argument(
        "--only", type=_once, metavar="CHARACTERS", help="these, such as 0123456789"
    )
    characters.add_argument(
        "--pixels", action="store_true", help="as tables of pixels, in Kaggle's form"
    )
    characters.add_argument("--seed", type=count, default=0, metavar="N", help="(%(default)s)")

    train = command("train", _train, "train a network on the pictures that a CSV file has or lists")
    train.add_argument(
        "csv", metavar="CSV", help="columns label and pixels, or image (paths) and label"
    )
    train.add_argument("--out", default="run", metavar="FOLDER", help="the run (%(default)s)")
    train.add_argument("--resume", action="store_true", help="go on with the run in that folder")
    train.add_argument(
        "--test",
        dest="test_csv",
        metavar="CSV",
        help="to judge by (otherwise a part of the first file)",
    )
    train.add_argument("--model", choices=("cnn", "mlp"), help="the network (cnn)")
    train.add_argument("--epochs", type=_positive, metavar="N", help="at most (30)")
    train.add_argument(
        "--patience",
        type=_positive,
        metavar="N",
        help="stop after so many epochs without a smaller validation loss (8)",
    )
    train.add_argument("--batch-size", type=_positive, metavar="N", help="(64)")
    train.add_argument(
        "--lr", type=_above_0, metavar="RATE", help="the highest learning rate (0.002)"
    )
    train.add_argument("--weight-decay", type=_from_0, metavar="λ", help="of AdamW (0.01)")
    train.add_argument("--dropout", type=_share, metavar="P", help="(0.3)")
    train.add_argument(
        "--augment",
        action="store_const",
        const=1.0,
        help="move the training pictures about twice as much as usual: turn them by up to 25°, zoom by up "
        "to 20 %%, shift by up to 10 %% (12.5°, 10 %%, 5 %%)",
    )
    train.add_argument(
        "--no-augment",
        dest="augment",
        action="store_const",
        const=0.0,
        help="do not move them",
    )
    train.add_argument(
        "--validation-share",
        dest="validation",
        type=_part,
        metavar="P",
        help="the part of the first file that nothing is learned from and that chooses the best epoch (0.1)",
    )
    train.add_argument(
        "--test-share",
        dest="test",
        type=_share,
        metavar="P",
        help="without --test, the part of the first file that only judges; 0 for none (0.1)",
    )
    train.add_argument(
        "--size", type=_positive, metavar="N", help="image files are scaled to N x N (28)"
    )
    train.add_argument(
        "--rgb", action="store_true", default=None, help="keep the colors of image files"
    )
    train.add_argument(
        "--skip-bad",
        action="store_true",
        default=None,
        help="leave out image files that cannot be read, and list them",
    )
    train.add_argument("--seed", type=count, metavar="N", help="of all that is random (0)")

    predict = command("predict", _predict, "write what a trained network takes pictures for")
    predict.add_argument("run_path", metavar="RUN", help="the folder of a run")
    predict.add_argument(
        "csv", metavar="CSV", help="of the form that it learned from; labels may be missing"
    )
    predict.add_argument(
        "--out", default="results.csv", metavar="FILE", help="the table (%(default)s)"
    )
    predict.add_argument("--skip-bad", action="store_true", help="as in train")

    compare = command("compare", _compare, "train the same network in Keras, from the same weights")
    compare.add_argument("run_path", metavar="RUN", help="the folder of a run")
    compare.add_argument("csv", metavar="CSV", help="what it learned from")
    compare.add_argument("--test", dest="test_csv", metavar="CSV", help="as in train")
    compare.add_argument("--epochs", type=_positive, metavar="N", help="(as many as the run has)")

    show = command("show", _show, "write a page about a run")
    show.add_argument("run_path", metavar="RUN", help="the folder of a run")
    show.add_argument("--out", metavar="FILE", help="the page (page.html in the run)")


def run(given: argparse.Namespace) -> int:
    """Runs the command and returns its exit status: 0, 1 for what went wrong, 130 for Ctrl-C."""
    asked = vars(given).copy()
    command, name = asked.pop("run"), asked.pop("command")
    try:
        return command(**asked)
    except KeyboardInterrupt:
        print("\nStopped.", file=sys.stderr)
        return 130
    except BrokenPipeError:  # whoever read our lines has gone: there is nobody to complain to
        sys.stdout = None
        return 1
    except (
        OSError,
        ValueError,
        ImportError,
        RuntimeError,
        FloatingPointError,
        MemoryError,
    ) as error:
        print(f"tinygrad-edu {name}: {_sentence(error, asked)}", file=sys.stderr)
        return 1


def _sentence(error: BaseException, asked: dict[str, Any]) -> str:
    """What an error says to somebody who wrote no line of Python."""
    if isinstance(error, MemoryError):
        return f"there is not enough memory. {error}".rstrip(". ") + "."
    if isinstance(error, OSError) and error.errno is not None:
        text = f"{error.filename or asked.get('out') or asked.get('folder') or 'a file'}: {error.strerror}"
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            text += ". What was there before is whole" + (
                "; make room, and go on with --resume" if "resume" in asked else ""
            )
        return text
    lines = [line for line in str(error).splitlines() if not line.startswith("  at ")]
    return "\n".join(lines).replace("skip_bad=True", "--skip-bad").replace("read_csv: ", "")


# ------------------------------------------------------------------------------------- the commands


def _digits(csv: str) -> int:
    import numpy as np

    from tinygrad_edu.data import load_digits, write_csv

    _demand_new(csv)
    digits = load_digits()
    write_csv(csv, np.rint(digits.x * (255 / 16)).astype(np.uint8), digits.y)
    print(f"{len(digits.y):,} digits of 8 x 8 pixels: {csv}")
    return 0


def _characters(folder: str, per_class: int, only: str | None, pixels: bool, seed: int) -> int:
    from tinygrad_edu.data.characters import CHARACTERS, write_characters

    _demand_new(folder)
    characters = only or CHARACTERS
    write_characters(folder, per_class=per_class, characters=characters, pixels=pixels, seed=seed)
    print(
        f"{per_class * len(characters):,} pictures to learn from: {os.path.join(folder, 'train.csv')}\n"
        f"In fonts that are not among them, to judge by: {os.path.join(folder, 'test.csv')}"
    )
    return 0


def _train(csv: str, out: str, resume: bool, test_csv: str | None, **given: Any) -> int:
    from tinygrad_edu.programs.train import train

    chosen = {name: setting for name, setting in given.items() if setting is not None}
    return 0 if train(csv, out, chosen, test_csv=test_csv, resume=resume) else 130


def _predict(**asked: Any) -> int:
    from tinygrad_edu.programs.predict import predict

    predict(**asked)
    return 0


def _compare(**asked: Any) -> int:
    from tinygrad_edu.programs.compare import compare

    compare(**asked)
    return 0


def _show(**asked: Any) -> int:
    from tinygrad_edu.programs.show import show

    show(**asked)
    return 0


def _demand_new(path: str) -> None:
    if os.path.exists(path):
        raise FileExistsError(f"{path} is there already; choose another name, or remove it")


# ------------------------------------------------------------------------------ kinds of numbers


def count(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number, 0 or more")
    return int(text)


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number, 1 or more")
    return int(text)


def _from_0(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number, 0 or more")
    return number


def _above_0(text: str) -> float:
    if _from_0(text) == 0:
        raise argparse.ArgumentTypeError("it must be above 0")
    return float(text)


def _part(text: str) -> float:
    if _share(text) == 0:
        raise argparse.ArgumentTypeError("without a validation part nothing tells when to stop")
    return float(text)


def _once(text: str) -> str:
    if not text or len(set(text)) < len(text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a few characters, each once")
    return text


def _share(text: str) -> float:
    if _from_0(text) >= 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a share, from 0 up to 1")
    return float(text)
