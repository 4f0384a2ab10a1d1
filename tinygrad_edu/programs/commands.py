"""The commands of this package: their arguments, and what the terminal shows of their errors.

Each command is a function in a module of its own, imported when the command runs.
"""

from __future__ import annotations

import argparse
import errno
import importlib
import math
import re
import sys
from collections.abc import Callable
from dataclasses import fields
from typing import Any

from tinygrad_edu.programs.settings import Settings, within


def add_to(commands: Any) -> None:
    """Adds the commands to the parser of `tinygrad-edu`."""

    def command(name: str, function: str, about: str) -> Callable[..., Any]:
        parser = commands.add_parser(name, help=about, description=about, allow_abbrev=False)
        parser.set_defaults(function=function)
        return parser.add_argument

    add = command(
        "digits", "samples.digits", "write 1,797 handwritten digits as a CSV file of pixels"
    )
    add("csv", metavar="FILE", help="the new file, such as digits.csv")

    add = command(
        "characters", "samples.characters",
        "draw A-Z, a-z and 0-9 as image files, with train.csv and test.csv",
    )  # fmt: skip
    add("folder", metavar="FOLDER", help="the new folder")
    add("--per-class", type=number(int, at_least=1), default=100, metavar="N",
        help="training pictures of each; a fifth of it for the test set (%(default)s)")  # fmt: skip
    add("--only", metavar="CHARACTERS", help="these characters, such as 0123456789")
    add("--pixels", action="store_true", help="as tables of pixels, in Kaggle's form")
    add("--seed", type=number(int, at_least=0), default=0, metavar="N", help="(%(default)s)")

    add = command(
        "train", "train.train", "train a network on the pictures that a CSV file holds or lists"
    )
    add("csv", metavar="CSV", help="columns label and pixels, or image (paths) and label")
    add("--out", default="run", metavar="FOLDER", help="the run (%(default)s)")
    add("--resume", action="store_true", help="continue the run in that folder")
    add(
        "--test",
        dest="test_csv",
        metavar="CSV",
        help="the test set (otherwise a share of the first file)",
    )
    for setting in fields(Settings):
        limits = dict(setting.metadata)
        option: dict[str, Any] = {"help": f"{limits.pop('about')} ({setting.default})"}
        if isinstance(setting.default, bool):
            option = {"help": setting.metadata["about"], "action": "store_true"}
        elif "choices" in limits:
            option |= limits
        else:
            option |= {"metavar": "N", "type": number(type(setting.default), **limits)}
        name = "--" + setting.name.replace("_", "-")
        add(name, default=argparse.SUPPRESS, **option)  # what is not given is no argument of train

    add = command(
        "predict", "predict.predict", "write the predictions of a trained network as a CSV file"
    )
    add("run_path", metavar="RUN", help="the folder of a run")
    add(
        "csv", metavar="CSV", help="pictures in the form of the training set; labels may be missing"
    )
    add("--out", default="results.csv", metavar="FILE", help="the predictions (%(default)s)")
    add("--skip-bad", action="store_true", help="as in train")

    add = command(
        "compare", "compare.compare", "train the same network in Keras, from the same weights"
    )
    add("run_path", metavar="RUN", help="the folder of a run")
    add("csv", metavar="CSV", help="the file that it was trained on")
    add("--test", dest="test_csv", metavar="CSV", help="as in train")
    add("--epochs", type=number(int, at_least=1), metavar="N", help="(as many as the run has)")

    add = command("show", "show.show", "write a page about a run")
    add("run_path", metavar="RUN", help="the folder of a run")
    add("--out", metavar="FILE", help="the page (page.html in the run)")


def number(kind: type, **limits: float) -> Callable[[str], Any]:
    """A function that turns text into a number within the limits, or raises ArgumentTypeError."""
    words = {"at_least": "of at least", "above": "above", "below": "below"}
    allowed = " and ".join(f"{words[name]} {limit}" for name, limit in limits.items())

    def parse(text: str) -> Any:
        try:
            value = kind(text)
        except ValueError:
            value = math.nan
        if not within(value, **limits):
            what = "a whole number" if kind is int else "a number"
            raise argparse.ArgumentTypeError(f"{text!r} is not {what} {allowed}")
        return value

    return parse


def run(given: argparse.Namespace) -> int:
    """Runs a command and returns its exit status: 0, 1 for an error, 130 for Ctrl-C."""
    asked = vars(given).copy()
    name = asked.pop("command")
    module, function = asked.pop("function").split(".")
    try:
        command = getattr(importlib.import_module(f"tinygrad_edu.programs.{module}"), function)
        return command(**asked) or 0
    except KeyboardInterrupt:
        print("\nStopped.", file=sys.stderr)
        return 130
    except BrokenPipeError:
        raise  # to `ends_with_its_reader`
    except (
        OSError, ValueError, ImportError, RuntimeError, FloatingPointError, MemoryError,
    ) as error:  # fmt: skip
        print(f"tinygrad-edu {name}: {_sentence(error, asked)}", file=sys.stderr)
        return 1


def _sentence(error: BaseException, asked: dict[str, Any]) -> str:
    """The error in words for users who do not write Python."""
    if isinstance(error, MemoryError):
        return f"there is not enough memory. {error}".rstrip(". ") + "."
    if isinstance(error, OSError) and error.errno is not None:
        text = f"{error.filename or asked.get('out') or asked.get('folder') or 'a file'}: {error.strerror}"
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            text += ". Older files are intact"
            text += "; make room, and continue with --resume" if "resume" in asked else ""
        return text
    lines = [line for line in str(error).splitlines() if not line.startswith("  at ")]
    text = re.sub(r"^(read_csv|write_characters|draw_characters): ", "", "\n".join(lines))
    return text.replace("skip_bad=True", "--skip-bad")
