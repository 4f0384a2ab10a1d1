"""Checks that each lesson is committed as one clean run.

    python tools/check_notebooks.py [files]

The notebooks are made by `tools/make_lessons.py`. A lesson is committed with its outputs, because most
readers see it on a web page, and without the metadata of editors, which makes every diff unreadable.
"""

import re
import sys
from pathlib import Path

import nbformat

LESSONS = sorted((Path(__file__).parents[1] / "tutorials").glob("*.ipynb"))
LARGEST = 400_000  # bytes
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
# An address in memory, or a folder of the author's machine.
PRIVATE = re.compile(r"0x[0-9a-f]{6,}|/(home|root|tmp|Users)/")


def faults(path):
    """Yields a sentence for everything that is wrong with a lesson."""
    lesson = nbformat.read(path, as_version=4)
    nbformat.validate(lesson)
    cells = [cell for cell in lesson.cells if cell.cell_type == "code"]
    if path.stat().st_size > LARGEST:
        yield f"has {path.stat().st_size} bytes; {LARGEST} are the limit"
    if {k: v for k, v in lesson.metadata.items() if k != "tinygrad_edu"} != METADATA:
        yield "has metadata of an editor"
    if [cell.execution_count for cell in cells] != list(range(1, len(cells) + 1)):
        yield "was not run from top to bottom in a fresh kernel"
    if not any(cell.outputs for cell in cells):
        yield "has no outputs"
    for cell in cells:
        kinds = {output.get("name", output.output_type) for output in cell.outputs}
        if kinds & {"error", "stderr"}:
            said = " ".join(str(x.get("evalue", x.get("text", ""))) for x in cell.outputs)
            yield f"cell {cell.id} shows an error or a warning: {said[:200]}"
        if cell.metadata.keys() - {"tags", "tinygrad_edu", "mystnb"}:
            yield f"cell {cell.id} has timings or traces of an editor"
        for output in cell.outputs:
            if "image/png" in output.get("data", {}) and not output.metadata.get("image/png"):
                yield f"cell {cell.id} shows a picture without alternative text (# alt: ...)"
        if private := PRIVATE.search(str(cell.outputs)):
            yield f"cell {cell.id} shows {private[0]}, which differs from machine to machine"


if __name__ == "__main__":
    wrong = [
        f"{path}: {fault}" for path in map(Path, sys.argv[1:] or LESSONS) for fault in faults(path)
    ]
    print(*wrong, sep="\n", end="\n" if wrong else "")
    sys.exit(bool(wrong))
