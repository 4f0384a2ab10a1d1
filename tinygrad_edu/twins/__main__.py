"""`python -m tinygrad_edu.twins`: five networks trained here and in Keras, in one table."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from tinygrad_edu.terminal import ends_with_its_reader
from tinygrad_edu.twins.architectures import ARCHITECTURES, five_architectures, summary


@ends_with_its_reader
def main(argv: Sequence[str] | None = None) -> int:
    """Runs the comparison and returns the exit status: 0 if both sides agree, 1 if not."""
    parser = argparse.ArgumentParser(
        prog="python -m tinygrad_edu.twins",
        description="Trains the same networks here and in Keras, and compares every number.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"of {', '.join(ARCHITECTURES)}: step by step"
    )
    parser.add_argument("--steps", type=int, default=50, metavar="N", help="of training (50)")
    parser.add_argument("--html", metavar="FILE", help="write the report of one network as a page")
    given = parser.parse_args(argv)
    if given.steps < 1:
        parser.error("--steps: 1 or more")
    if given.html and len(given.names) != 1:
        parser.error("--html needs one name")
    reports = {}
    try:
        for name, report in five_architectures(given.names or ARCHITECTURES, steps=given.steps):
            reports[name] = report
            if given.names:
                print(report, end="\n\n", flush=True)
            else:
                print(f"{name}: compared in {len(report)} steps", file=sys.stderr, flush=True)
    except (ImportError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    if given.html:
        reports[given.names[0]].to_html(given.html)
    about = "The same weights, the same batches, the same optimizers, in float64: tinygrad_edu and Keras."
    print(about, "", summary(reports), sep="\n")
    return int(any(report.first_divergence() for report in reports.values()))


if __name__ == "__main__":
    sys.exit(main())
