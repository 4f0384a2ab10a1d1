"""`tinygrad-edu compare`: a run's network trained again, here and in Keras, from the same initial weights.

Each side runs in a process of its own (`compare_worker.py`), one after the other, with the same batches and
learning rates. Only Dropout differs, as each library draws it from its own random generator: the two
trainings are two samples of the same experiment, and their accuracies differ by chance.
"""

from __future__ import annotations

import html
import json
import os
import subprocess
import sys
from typing import Any

import numpy as np

from tinygrad_edu.files import write_text
from tinygrad_edu.files.json_files import write_json
from tinygrad_edu.programs.dataset import read, split
from tinygrad_edu.programs.predict import demand_like
from tinygrad_edu.programs.run import Run
from tinygrad_edu.programs.train import print_skipped
from tinygrad_edu.twins.report import aligned

TEMPLATE = os.path.join(os.path.dirname(__file__), "compare.html")


def compare(
    run_path: str, csv: str, *, test_csv: str | None = None, epochs: int | None = None
) -> None:
    """Prints a table, and writes compare.json and, with matplotlib, compare.html into the run.

    csv, test_csv, epochs    as in `train`

    Raises RuntimeError for a side that fails, ValueError for examples that do not fit the run.
    """
    run = Run(run_path)
    data = read(csv, run.settings, labeled=True)
    demand_like(run, data)
    print_skipped(data)
    test = read(test_csv, run.settings, labeled=True) if test_csv else None
    sizes = split(data, run.settings, test, run.classes).sizes()
    del data, test
    epochs = epochs or max(run.result()["epochs"], 1)
    print(
        f"{run.path}, from its initial weights: {epochs} epochs on {sizes['training']:,} pictures, the same "
        "batches for both\n"
    )
    arguments = [run.path, csv, test_csv or "", str(epochs)]
    ours, keras = (_train(side, arguments, epochs) for side in ("ours", "keras"))
    same = np.equal(ours.pop("predicted"), keras.pop("predicted"))
    report = {
        "examples": sizes,
        "arithmetic": keras.pop("arithmetic"),
        "same_answers": int(same.sum()),
        "ours": ours,
        "keras": keras,
    }
    print(_text(report))
    write_json(run.file("compare.json"), report)
    print(f"\nThe numbers: {run.file('compare.json')}")
    try:
        page = _page(run, report)
    except ImportError as missing:
        print(f"No page about it. {missing}")
    else:
        write_text(run.file("compare.html"), page)
        print(f"The page about it: {run.file('compare.html')}")


def _train(side: str, arguments: list[str], epochs: int) -> dict[str, Any]:
    """What the process of a side reports: its final numbers, and those of each epoch under "epochs"."""
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
                said = json.loads(line)
                if "epoch" not in said:
                    facts |= said
                    continue
                facts["epochs"].append(said)
                if sys.stdout.isatty():
                    end = "\n" if said["epoch"] == epochs else "\r"
                    print(
                        f"{facts['name']}: epoch {said['epoch']} of {epochs}", end=end, flush=True
                    )
            complaint = process.stderr.read()
        except BaseException:
            process.kill()
            raise
    if "error" in facts:
        raise RuntimeError(facts["error"])
    if process.returncode or "predicted" not in facts:
        last = complaint.strip().splitlines()[-1:] or [f"exit status {process.returncode}"]
        raise RuntimeError(f"the training of {facts.get('name', side)} failed: {last[0]}")
    seconds = [epoch["seconds"] for epoch in facts["epochs"]]
    facts |= {"first_epoch": seconds[0], "epoch": float(np.median(seconds[1:] or seconds))}
    return facts


def _table(report: dict[str, Any]) -> list[tuple[str, str, str, str]]:
    """The rows: what is compared, ours, Keras's, and their difference or ratio."""
    ours, keras, examples = report["ours"], report["keras"], report["examples"]
    rows = [("", ours["name"], keras["name"], "ours to Keras's")]
    for name in ("test", "validation"):
        if examples[name]:
            a, b = 100 * ours[f"{name}_accuracy"], 100 * keras[f"{name}_accuracy"]
            title = f"{name} accuracy, of {examples[name]:,}"
            rows.append((title, f"{a:.2f} %", f"{b:.2f} %", f"{a - b:+.2f} points"))
    for name, key, form, unit in (
        ("time of an epoch (median)", "epoch", "{:.2f} s", 1),
        ("time of the first epoch", "first_epoch", "{:.2f} s", 1),
        ("peak memory of the process", "peak", "{:,.0f} MB", 1e6),
    ):
        a, b = ours[key], keras[key]
        if a and b:  # the memory is known on Linux only
            rows.append((name, form.format(a / unit), form.format(b / unit), f"{a / b:.2f} times"))
    return rows


def _text(report: dict[str, Any]) -> str:
    head, *lines = aligned(_table(report))
    return "\n".join([head, "─" * len(head), *lines, "", *_explained(report)])


def _explained(report: dict[str, Any]) -> list[str]:
    """How far the two differ, and why."""
    exact, n = report["arithmetic"], report["examples"]["test"]
    differ = (
        f"In float64 and without dropout, {exact['steps']} steps differ by at most {exact['losses']:.1e} in "
        f"the losses, {exact['gradients']:.1e} in the gradients, {exact['weights']:.1e} in the weights: "
    )
    lines = (
        [f"They give the same answer on {report['same_answers']:,} of {n:,} test pictures."]
        if n
        else []
    )
    lines += [
        differ + ("the same arithmetic." if exact["agree"] else
                  "one of the two is wrong. `tinygrad_edu.twins.compare` shows where."),
        "In training, each draws its Dropout from its own random generator and sums float32 in its own "
        "order: two samples of one experiment.",
        "Times depend on the load of the machine. Keras compiles its graph in the first epoch; on a busy "
        "machine, OPENBLAS_NUM_THREADS=1 keeps NumPy's threads from waiting for each other.",
    ]  # fmt: skip
    return lines


def _page(run: Run, report: dict[str, Any]) -> str:
    from tinygrad_edu.viz.report_page import filled

    head, *body = (
        "".join(
            f"<{tag if cell else 'td'}>{html.escape(cell)}</{tag if cell else 'td'}>"
            for cell in row
        )
        for tag, row in zip(["th", *["td"] * 5], _table(report), strict=False)
    )
    epochs = len(report["ours"]["epochs"])
    words = {
        "title": f"The same network here and in {report['keras']['name']}",
        "about": f"The {run.settings.model.upper()} of the run "
        f'"{os.path.basename(os.path.abspath(run.path))}", '
        f"trained from its initial weights for {epochs} epoch{'s' * (epochs > 1)} on "
        f"{report['examples']['training']:,} pictures: the same batches in the same order, the same "
        "optimizer and learning rates, each side in a process of its own.",
    }
    rows = "".join(f"<tr>{cells}</tr>" for cells in body)
    pictures = {
        "table": '<table class="sides">'
        f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>",
        "curves": "".join(
            _curve(report, key, name)
            for key, name in (
                ("loss", "training loss"),
                ("val_loss", "validation loss"),
                ("val_accuracy", "validation accuracy"),
            )
        ),
        "explained": "".join(f"<p>{html.escape(line)}</p>" for line in _explained(report)),
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
