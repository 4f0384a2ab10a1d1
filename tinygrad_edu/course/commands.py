"""The commands `tinygrad-edu assign` and `tinygrad-edu check`."""

from __future__ import annotations

import argparse
import sys
from typing import Any


def add_to(commands: Any) -> None:
    """Adds the two commands to the parser of `tinygrad-edu`."""
    assign = commands.add_parser(
        "assign", help="write a lesson's notebook for learners, and its key", allow_abbrev=False
    )
    assign.add_argument("lesson", type=int, help="its number")
    assign.add_argument("--out", required=True, metavar="FOLDER", help="a new folder")
    check = commands.add_parser(
        "check", help="grade notebooks: exercises, points and hints", allow_abbrev=False
    )
    check.add_argument("notebooks", nargs="*", metavar="NOTEBOOK", help="such as 08_digits.ipynb")
    check.add_argument(
        "--hidden", nargs="?", const=True, default=False, metavar="FILE",
        help="run the hidden tests as well: the lesson's, or those of a file",
    )  # fmt: skip
    check.add_argument("--json", action="store_true", help="print a line of JSON for each notebook")
    check.add_argument(
        "--seconds", type=int, default=20, metavar="N", help="for a cell or exercise (%(default)s)"
    )
    check.add_argument(
        "--memory", type=int, default=4096, metavar="MB", help="of the notebook (%(default)s)"
    )


def run(given: argparse.Namespace) -> int:
    """Runs one of the two. Returns 1 if something cannot be read or written, else 0."""
    from tinygrad_edu.course.assigning import assign
    from tinygrad_edu.course.grading import grade

    if given.command == "assign":
        try:
            written = assign(given.lesson, given.out)
        except (ValueError, OSError) as error:
            print(error, file=sys.stderr)
            return 1
        print(*written, sep="\n")
        return 0
    if not (1 <= given.seconds <= 3600 and 500 <= given.memory <= 1_000_000):
        print("--seconds is 1 to 3600, and --memory 500 MB to 1,000,000 MB.", file=sys.stderr)
        return 2
    hidden, notebooks = given.hidden, [*given.notebooks]
    if isinstance(hidden, str) and hidden.endswith(".ipynb"):  # `check --hidden a.ipynb`
        hidden, notebooks = True, [*notebooks, hidden]
    if not notebooks:
        print("Which notebook? tinygrad-edu check NOTEBOOK", file=sys.stderr)
        return 2
    failed = False
    for path in notebooks:
        try:
            found = grade(path, hidden=hidden, seconds=given.seconds, megabytes=given.memory)
        except (ValueError, OSError) as error:
            failed = True
            print(error, file=sys.stderr)
            continue
        print(found.as_json() if given.json else found)
    return int(failed)
