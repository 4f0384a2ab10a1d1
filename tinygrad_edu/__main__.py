"""The command line: `python -m tinygrad_edu demo`, or `tinygrad-edu demo`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from tinygrad_edu.course import commands as course
from tinygrad_edu.programs import commands as programs
from tinygrad_edu.terminal import ends_with_its_reader, make_printable
from tinygrad_edu.version import __version__


@ends_with_its_reader
def main(argv: Sequence[str] | None = None) -> int:
    """Runs a command and returns its exit status: 0, 1 for an error, 130 for Ctrl-C."""
    make_printable(sys.stdout)
    make_printable(sys.stderr)
    parser = argparse.ArgumentParser(
        prog="tinygrad-edu",
        description="Machine learning to read, run and draw.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"tinygrad_edu {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="command")
    demo = commands.add_parser(
        "demo",
        help="train a network on handwritten digits and write a page about it",
        allow_abbrev=False,
    )
    demo.add_argument("--out", default="demo.html", metavar="FILE", help="the page (%(default)s)")
    demo.add_argument("--no-page", action="store_true", help="train only")
    seed, epochs = programs.number(int, at_least=0), programs.number(int, at_least=1)
    demo.add_argument("--seed", type=seed, default=0, metavar="N", help="random seed (%(default)s)")
    demo.add_argument("--epochs", type=epochs, default=30, metavar="N", help="(%(default)s)")
    programs.add_to(commands)
    course.add_to(commands)
    commands.add_parser("rows", help="list the derivative table, and how it is checked")
    row = commands.add_parser("explain", help="show the derivative of a function, such as tanh")
    row.add_argument(
        "function", help="its name in NumPy (also linalg.solve) or in tinygrad_edu.ops"
    )
    given = parser.parse_args(argv)
    if given.command is None:
        parser.print_help()
        return 2
    if given.command == "demo":
        return _demo(given)
    if given.command in ("rows", "explain"):
        return _explain(given)
    if given.command in ("assign", "check"):
        return course.run(given)
    return programs.run(given)


def _explain(given: argparse.Namespace) -> int:
    from tinygrad_edu.explaining import by_name, table

    try:
        print(table() if given.command == "rows" else by_name(given.function))
    except TypeError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _demo(given: argparse.Namespace) -> int:
    from tinygrad_edu.demo import run  # not before: it keeps --help quick

    try:
        run(None if given.no_page else given.out, seed=given.seed, epochs=given.epochs)
    except KeyboardInterrupt:
        print("\nStopped.", file=sys.stderr)
        return 130
    except BrokenPipeError:
        raise  # and not an error of the page
    except OSError as error:
        print(f"The page could not be written: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
