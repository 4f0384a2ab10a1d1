"""`tinygrad-edu compare`: a run's network trained once more here, and in Keras, from the same weights.

Each side runs in a process of its own (`compare_worker.py`), one after the other, with the same batches
and rates.
Keras's Dropout draws other places than ours, as its random generator is another: the two trainings are two
draws of the same experiment, and their accuracies may differ by what chance makes of that.
"""

from __future__ import annotations

import html
import json
import os
import subprocess
import sys
from typing import Any

import numpy as np

from tinygrad_edu.programs.dataset import parts_of, read
from tinygrad_edu.programs.predict import demand_like
from tinygrad_edu.programs.run import Run, write_json, write_whole
from tinygrad_edu.programs.train import tell_skipped

TEMPLATE = os.path.join(os.path.dirname(__file__), "compare.html")
UNSTEADY = 1.5  # times the shortest epoch that the longest may take on a machine at rest


def compare(
    run_path: str, csv: str, *, test_csv: str | None = None, epochs: int | None = None
) -> None:
    """Prints a table, and writes compare.json and, with matplotlib, compare.html into the run.

    csv, test_csv, epochs    what is learned from, judged by, and how long; as in `train`
    Raises RuntimeError for a side that breaks off, ValueError for examples that do not fit the run.
    """
    run = Run(run_path)
    data = read(csv, run.settings, labeled=True)  # what is wrong is said before anything starts
    demand_like(run, data)
    tell_skipped(data)
    test = read(test_csv, run.settings, labeled=True) if test_csv else None
    parts = parts_of(data, run.settings, test, run.classes)
    epochs = epochs or max(run.result()["epochs"], 1)
    print(
        f"{run.path}, from its first weights: {epochs} epochs on {len(parts.training[1]):,} pictures, "
        "the same batches for both\n"
    )
    sides = []
    for side in ("ours", "keras"):
        sides.append(_side(side, [run.path, csv, test_csv or "", str(epochs)], epochs))
    report = _report(sides[0], sides[1], parts.validation[1], parts.test[1])
    print(_text(report))
    write_json(run.file("compare.json"), report)
    print(f"\nThe numbers: {run.file('compare.json')}")
    try:
        page = _page(run, report, len(parts.training[1]))
    except ImportError as missing:
        print(f"No page about it. {missing}")
    else:
        write_whole(run.file("compare.html"), lambda file: file.write(page.encode()))
        print(f"The page about it: {run.file('compare.html')}")


def _side(side: str, arguments: list[str], epochs: int) -> dict[str, Any]:
    """What a side tells, epoch by epoch."""
    command = [sys.executable, "-m", "tinygrad_edu.programs.compare_worker", side, *arguments]
    package = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    path = os.pathsep.join(filter(None, [package, os.environ.get("PYTHONPATH")]))
    environment = {"TF_CPP_MIN_LOG_LEVEL": "3", **os.environ, "PYTHONPATH": path}
    facts: dict[str, Any] = {"epochs": []}
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout and process.stderr
            for line in process.stdout:
                told = json.loads(line)
                if "epoch" in told:
                    facts["epochs"].append(told)
                    if sys.stdout.isatty():
                        print(
                            f"\r{facts['name']}: epoch {told['epoch']} of {epochs}",
                            end="",
                            flush=True,
                        )
                facts.update(told)
            complaint = process.stderr.read()
        except BaseException:
            process.kill()
            raise
    if sys.stdout.isatty() and facts["epochs"]:
        print("\r" + " " * 60 + "\r", end="")
    if "error" in facts:
        raise RuntimeError(facts["error"])
    if process.returncode or "said" not in facts:
        last = complaint.strip().splitlines()[-1:] or [f"exit status {process.returncode}"]
        raise RuntimeError(f"the side of {facts.get('name', side)} broke off: {last[0]}")
    return facts


def _report(
    ours: dict[str, Any], keras: dict[str, Any], y_val: np.ndarray, y_test: np.ndarray
) -> dict[str, Any]:
    """Both sides in numbers; of the test set only what is counted."""
    report: dict[str, Any] = {"arithmetic": keras["arithmetic"]}
    said = [np.array(side["said"]) for side in (ours, keras)]
    for key, side, answers in zip(("ours", "keras"), (ours, keras), said, strict=True):
        seconds = [epoch["seconds"] for epoch in side["epochs"]]
        report[key] = {
            "name": side["name"],
            "validation_accuracy": side["epochs"][-1]["val_accuracy"],
            "test_accuracy": float(np.mean(answers == y_test)) if len(y_test) else None,
            "first_epoch": seconds[0],
            "epoch": float(np.median(seconds[1:] or seconds)),
            "peak": side["peak"],
            "epochs": side["epochs"],
        }
    report["examples"] = {"validation": len(y_val), "test": len(y_test)}
    report["alike"] = int((said[0] == said[1]).sum())
    return report


def _rows(report: dict[str, Any]) -> list[tuple[str, str, str, str]]:
    """What is compared: ours, Keras's, and the one by the other or their difference."""
    ours, keras = report["ours"], report["keras"]

    def share(key: str) -> tuple[str, str, str]:
        points = 100 * (ours[key] - keras[key])
        return f"{100 * ours[key]:.2f} %", f"{100 * keras[key]:.2f} %", f"{points:+.2f} points"

    def ratio(key: str, form: str, unit: float = 1.0) -> tuple[str, str, str]:
        if not ours[key] or not keras[key]:
            return "?", "?", ""
        return (
            form.format(ours[key] / unit),
            form.format(keras[key] / unit),
            f"{ours[key] / keras[key]:.2f} times",
        )

    rows = []
    if report["examples"]["test"]:
        rows.append((f"test accuracy, of {report['examples']['test']:,}", *share("test_accuracy")))
    rows.append(
        (
            f"validation accuracy, of {report['examples']['validation']:,}",
            *share("validation_accuracy"),
        )
    )
    rows.append(("an epoch, the median", *ratio("epoch", "{:.2f} s")))
    rows.append(("the first epoch", *ratio("first_epoch", "{:.2f} s")))
    rows.append(("peak memory of the process", *ratio("peak", "{:,.0f} MB", 1e6)))
    return rows


def _text(report: dict[str, Any]) -> str:
    table = [
        ("", report["ours"]["name"], report["keras"]["name"], "ours to Keras's"),
        *_rows(report),
    ]
    widths = [max(len(row[i]) for row in table) for i in range(4)]
    lines = [
        "  ".join(
            [row[0].ljust(widths[0]), *(cell.rjust(widths[i]) for i, cell in enumerate(row[1:], 1))]
        )
        for row in table
    ]
    lines.insert(1, "─" * len(lines[0]))
    return "\n".join([*lines, "", *_why(report)])


def _why(report: dict[str, Any]) -> list[str]:
    exact = report["arithmetic"]
    lines = []
    if report["examples"]["test"]:
        lines.append(
            f"They answer alike on {report['alike']:,} of {report['examples']['test']:,} test pictures."
        )
    told = (
        f"in the losses by {exact['losses']:.1e}, in the gradients by {exact['gradients']:.1e}, in the "
        f"weights by {exact['weights']:.1e}"
    )
    if exact["part"]:
        lines.append(
            f"In float64 and without dropout {exact['steps']} steps differ {told}: one of the two is wrong. "
            "`tinygrad_edu.twins.comparison` tells where."
        )
    else:
        lines.append(
            f"In float64 and without dropout {exact['steps']} steps differ, at most, {told}: the same "
            "arithmetic."
        )
    lines.append(
        "In training each draws the places of its Dropout from its own random generator, and sums float32 "
        "in its own order: two draws of one experiment."
    )
    return lines + _about_times(report["ours"], report["keras"])


def _about_times(ours: dict[str, Any], keras: dict[str, Any]) -> list[str]:
    """What the times of these epochs, and of no others, give reason to say."""
    lines = []
    if keras["first_epoch"] > keras["epoch"]:
        lines.append(
            f"Keras's first epoch took {keras['first_epoch']:.2f} s and the median is {keras['epoch']:.2f} "
            "s: it traces and compiles its graph first."
        )
    unsteady = []
    for side in (ours, keras):
        later = [epoch["seconds"] for epoch in side["epochs"][1:]] or [side["first_epoch"]]
        if max(later) > UNSTEADY * min(later):
            unsteady.append(f"those of {side['name']} from {min(later):.2f} to {max(later):.2f} s")
    if unsteady:
        lines.append(
            f"After the first, epochs took unlike times, {' and '.join(unsteady)}: the machine had other "
            "work, so take the times with care."
        )
    if unsteady or ours["epoch"] > keras["epoch"]:
        lines.append(
            "On a busy machine the threads of NumPy's BLAS wait for each other, and an epoch here may take "
            "many times as long; OPENBLAS_NUM_THREADS=1 makes it use one."
        )
    return lines


def _page(run: Run, report: dict[str, Any], trained: int) -> str:
    from tinygrad_edu.viz.report_page import filled

    head = ("", report["ours"]["name"], report["keras"]["name"], "ours to Keras's")
    rows = [head, *_rows(report)]
    cells = [
        "<tr>" + "".join(f"<{tag}>{html.escape(cell)}</{tag}>" for cell in row) + "</tr>"
        for row, tag in zip(rows, ["th", *["td"] * len(rows)], strict=False)
    ]
    epochs = len(report["ours"]["epochs"])
    words = {
        "title": f"The same network here and in {report['keras']['name']}",
        "about": f"The {run.settings.model.upper()} of {os.path.basename(os.path.abspath(run.path))}, "
        f"trained from its first weights for {epochs} {'epoch' if epochs == 1 else 'epochs'} on {trained:,} "
        "pictures: the same batches in the same order, the same optimizer and learning rates, a process for "
        "each side.",
    }
    pictures = {
        "table": f"<table><thead>{cells[0]}</thead><tbody>{''.join(cells[1:])}</tbody></table>",
        "curves": "".join(
            _curve(report, key, name)
            for key, name in (
                ("loss", "training loss"),
                ("val_loss", "validation loss"),
                ("val_accuracy", "validation accuracy"),
            )
        ),
        "why": "".join(f"<p>{html.escape(line)}</p>" for line in _why(report)),
    }
    return filled(TEMPLATE, words, pictures)


def _curve(report: dict[str, Any], key: str, name: str) -> str:
    from tinygrad_edu.viz.curves import BLUE, ORANGE, inline, new_axes

    ax = new_axes(4.4, 3.0)
    ends = []
    for side, color, style in (("ours", BLUE, "-"), ("keras", ORANGE, "--")):
        numbers = [epoch[key] for epoch in report[side]["epochs"]]
        ax.plot(
            range(1, len(numbers) + 1), numbers, style, color=color, linewidth=2, label=report[side]["name"],
            marker="o" if len(numbers) == 1 else None,
        )  # fmt: skip
        ends.append(f"{report[side]['name']} ends at {numbers[-1]:.3f}")
    ax.set(xlabel="epoch", ylabel=name)
    ax.xaxis.get_major_locator().set_params(integer=True)
    ax.spines[["top", "right"]].set_visible(False)
    ax.grid(axis="y", alpha=0.25)
    ax.legend(frameon=False)
    return f"<figure>{inline(ax, f'Curve of the {name}: ' + ', '.join(ends))}</figure>"
