"""`python -m models`: a table of all estimators, their checks, and how they compare with scikit-learn's."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

import models
from tinygrad_edu.terminal import ends_with_its_reader, make_printable
from tinygrad_edu.twins import estimator_table


@ends_with_its_reader
def main(argv: Sequence[str] | None = None) -> int:
    """Prints the table, and returns the exit status: 0 if all checks passed, 1 if not."""
    parser = argparse.ArgumentParser(
        prog="python -m models",
        description="Lists the classical models: what each is, how many of scikit-learn's estimator checks "
        "it passes, and how its answers, time and memory compare with those of its namesake there.",
        allow_abbrev=False,
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="of these only")
    parser.add_argument(
        "--list", action="store_true", help="measure nothing, which needs only NumPy"
    )
    parser.add_argument("--markdown", action="store_true", help="as the table in the README")
    given = parser.parse_args(argv)
    unknown = [name for name in given.names if name not in models.__all__]
    if unknown:
        parser.error(f"no model is called {unknown[0]}; python -m models --list shows all names")
    make_printable(sys.stdout)
    found = estimator_table.entries(given.names)
    try:
        for entry in found if not given.list else []:
            print(f"{entry.name} ...", file=sys.stderr, flush=True)
            estimator_table.measure(entry)
    except ImportError as error:
        print(error, file=sys.stderr)
        return 1
    print(
        estimator_table.markdown(found)
        if given.markdown
        else "\n".join(estimator_table.text(found))
    )
    return int(
        any(entry.checks is not None and entry.checks[0] < entry.checks[1] for entry in found)
    )


if __name__ == "__main__":
    sys.exit(main())
