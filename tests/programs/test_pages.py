"""What `show` and `compare` write: the numbers on the pages are those of the run, and nothing is loaded."""

import base64
import html
import io
import json
import os
import re
import shutil
import sys
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.viz.pages import violations
from tinygrad_edu.__main__ import main
from tinygrad_edu.nn.summary import summary_table
from tinygrad_edu.programs import compare as compare_module
from tinygrad_edu.programs import compare_worker, show
from tinygrad_edu.programs.dataset import read, split, standardized
from tinygrad_edu.programs.predict import scores_of
from tinygrad_edu.programs.run import Run
from tinygrad_edu.programs.show import png


class Page(HTMLParser):
    """Tags that close, and what would be loaded."""

    def __init__(self, text):
        super().__init__()
        self.open, self.loads = [], []
        self.feed(text)
        assert not self.open and "<script" not in text
        assert all(link.startswith(("data:", "#")) for link in self.loads)

    void = {"meta", "link", "br", "img", "hr"}

    def handle_starttag(self, tag, attributes):
        if tag not in self.void:
            self.open.append(tag)
        self.loads += [v for name, v in attributes if name in ("src", "href", "xlink:href")]
        assert not any(name.startswith("on") for name, _ in attributes)

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in self.void:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.fixture(scope="module", params=["run", "files-run", "cnn"])
def shown(request, kept):
    assert main(["show", str(kept / request.param)]) == 0
    return Run(str(kept / request.param)), (kept / request.param / "page.html").read_text("utf-8")


def test_the_page_of_a_run_shows_its_numbers(shown):
    run, text = shown
    Page(text)
    test = run.result()["test"]
    assert (
        f"<b>{100 * test['accuracy']:.2f} %</b>test accuracy, {test['correct']} of {test['examples']} "
        in text
    )
    assert f"<b>{test['f1']:.4f}</b>macro F1" in text
    wrong = test["examples"] - test["correct"]
    assert f"Its {wrong} mistakes" in text or "Its one mistake" in text or wrong == 0
    assert text.count('alt="Picture of ') == min(wrong, 60)
    assert "Curve of the loss over 2 epochs" in text and "Curve of the accuracy" in text


def test_settings_are_words_and_no_path_of_the_machine(shown):
    run, text = shown
    rows = dict(re.findall('<tr><th scope="row">(.*?)</th><td>(.*?)</td></tr>', text))
    assert rows["data"] == Path(run.config["csv"]).name
    assert os.path.dirname(run.config["csv"]) not in text
    assert rows["random seed"] == "0" and rows["highest learning rate"] == "0.002"
    assert rows["epochs"] == "at most 2; fewer if 8 have no smaller validation loss"
    sizes = run.config["examples"]
    assert rows["number of pictures"].startswith(f"{sizes['training']:,} training, ")
    if run.kind == "images":
        assert rows["pictures"] == "scaled to 8 × 8 pixels, in gray"
        assert rows["files that cannot be read"] == "refused"
    assert "False" not in text and "skip" not in text


def test_layers_are_a_table_and_those_left_out_of_the_graph_are_named(shown):
    run, text = shown
    model = run.model()
    (head, *rows), last = summary_table(model, run.shape)
    cells = re.findall('<td (?:class="number" )?data-name="(.*?)">(.*?)</td>', text)
    assert cells == [(n, html.escape(c)) for row in rows for n, c in zip(head, row, strict=True)]
    assert f"<p>{html.escape(last)}</p>" in text
    dropouts = [path for path, m in model.named_modules() if type(m).__name__ == "Dropout"]
    assert len(dropouts) == 2
    said = "Layers {} and {} (Dropout(p=0.3)) are not in the graph: outside of training".format(
        *dropouts
    )
    assert said in text
    said = (
        "Layer 0 (Flatten()) is not in the graph: no gradient is needed before the first parameter."
    )
    assert (said in text) == (run.settings.model == "mlp")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_nothing_is_wider_than_the_screen(shown, visit, width, scheme):
    page = visit(shown[1], width=width, scheme=scheme)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    cut = """all => all.filter(e => e.getBoundingClientRect().right > innerWidth).length"""
    assert page.eval_on_selector_all("td, th, p, li", cut) == 0
    names = (
        "getComputedStyle(document.querySelector('.layers td:nth-child(3)'), '::before').content"
    )
    assert (page.evaluate(names) != "none") == (width == 390)
    assert violations(page) == []


def test_mistakes_are_the_pictures_that_were_misread(shown):
    run, text = shown
    x, y, _ = run.evaluation_set()
    said = scores_of(run.model(), standardized(x, run.mean, run.std)).argmax(axis=1)
    misread = {
        (x[i].tobytes(), run.classes[y[i]], run.classes[said[i]]) for i in np.flatnonzero(said != y)
    }
    found = re.findall(
        r'alt="Picture of (.), predicted as (.)" src="data:image/png;base64,(.*?)"',
        text,
    )
    seen = {
        (np.asarray(Image.open(io.BytesIO(base64.b64decode(data)))).tobytes(), is_, taken)
        for is_, taken, data in found
    }
    assert seen and seen <= misread and (len(misread) > 60 or seen == misread)


def test_kinds_of_mistakes_are_counted(shown):
    run, text = shown
    x, y, _ = run.evaluation_set()
    said = scores_of(run.model(), standardized(x, run.mean, run.std)).argmax(axis=1)
    rows = re.findall(
        r'<tr><td>(.)</td><td>(.)</td><td class="number">(\d+)</td><td class="number">(\d+)</td>',
        text,
    )
    counts = [int(row[2]) for row in rows]
    assert rows and counts == sorted(counts, reverse=True)
    for is_, taken, times, of in rows:
        i, j = run.classes.index(is_), run.classes.index(taken)
        assert int(times) == ((y == i) & (said == j)).sum() and int(of) == (y == i).sum()


def test_misread_pictures_are_named_and_explained(shown):
    run, text = shown
    _, y, names = run.evaluation_set()
    wrong = len(y) - run.result()["test"]["correct"]
    assert ("sorted by the probability that it gives to the wrong class" in text) == (wrong > 1)
    assert text.count("<br><span>probability ") == min(wrong, 60)
    named = re.findall("<small>(.*?)</small>", text)
    rows = run.kind == "pixels"
    assert len(named) == min(wrong, 60) and set(named) <= {
        f"row {name}" if rows else name for name in names
    }
    assert ("counted from 1 without the header" in text) == rows == ('class="digits ink"' in text)
    assert "rotated by up to 12.5°, zoomed by up to 10 %, shifted by up to 5 %" in text


def test_one_mistake_is_a_picture_and_not_pictures():
    one = show._about_mistakes(1, "test", "images")
    assert one == "This is the test picture that it misclassifies."
    assert show._about_mistakes(2, "test", "images").startswith("These are the test pictures")
    assert show._about_mistakes(61, "test", "images").startswith(
        "These are the first 60 of the test"
    )


def page_of_classes(kept, named):
    """The page of a run whose classes have other names."""
    shutil.copytree(kept / "run", "run")
    config = json.loads(Path("run/config.json").read_text())
    config["classes"] = [named.format(name) for name in config["classes"]]
    Path("run/config.json").write_text(json.dumps(config))
    assert main(["show", "run", "--out", "page.html"]) == 0
    return Path("page.html").read_text()


def test_a_class_name_cannot_be_a_tag(kept):
    Page(page_of_classes(kept, "<script>alert({})</script>"))


def test_a_class_name_cannot_be_a_formula(kept):
    page = page_of_classes(kept, "${} $$")
    Page(page)
    assert "$3 $$</text>" in page


@pytest.mark.parametrize("shape", [(5, 3, 1), (4, 6, 3)])
def test_png(shape):
    pixels = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    file = base64.b64decode(png(pixels).removeprefix("data:image/png;base64,"))
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(file))).reshape(shape), pixels)


def test_a_run_without_test_set_is_evaluated_on_the_validation_set(kept, capsys):
    asked = ["--model", "mlp", "--epochs", "1", "--test-share", "0"]
    assert main(["train", str(kept / "digits.csv"), *asked]) == 0
    assert "Test accuracy" not in capsys.readouterr().out and "test" not in Run("run").result()
    assert main(["show", "run"]) == 0
    text = Path("run/page.html").read_text()
    assert re.search(r"validation accuracy, \d+ of 40 pictures", text)
    assert "There is no test set, so it is evaluated here on the validation set" in text


def test_without_matplotlib_show_says_what_to_install(kept, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    assert main(["show", str(kept / "run"), "--out", "page.html"]) == 1
    assert "'.[viz]'" in capsys.readouterr().err and not Path("page.html").exists()


# --- compare ---


def test_compare_trains_both_from_the_same_weights(kept, capsys):
    pytest.importorskip("keras")
    shutil.copytree(kept / "cnn", "cnn")
    assert main(["compare", "cnn", str(kept / "digits.csv"), "--epochs", "2"]) == 0
    out = capsys.readouterr().out
    report = json.loads(Path("cnn/compare.json").read_text())
    ours, keras = report["ours"], report["keras"]
    assert report["arithmetic"]["agree"] and report["arithmetic"]["steps"] == 5
    assert max(report["arithmetic"][kind] for kind in ("losses", "gradients", "weights")) < 1e-10
    assert [e["epoch"] for e in ours["epochs"]] == [e["epoch"] for e in keras["epochs"]] == [1, 2]
    # dropout draws other places; the rest is the same, so that the first losses lie close together
    assert abs(ours["epochs"][0]["loss"] - keras["epochs"][0]["loss"]) < 0.3
    assert (
        f"{100 * ours['test_accuracy']:.2f} %" in out
        and f"{100 * keras['test_accuracy']:.2f} %" in out
    )
    assert ours["peak"] < keras["peak"] and 0 < report["same_answers"] <= 40
    text = Path("cnn/compare.html").read_text()
    Page(text)
    assert "<th>tinygrad_edu</th><th>Keras 3" in text and "the same arithmetic" in text
    assert html.escape(f"{100 * ours['test_accuracy']:.2f} %") in text


def test_without_dropout_both_learn_the_same(kept):
    """Then nothing is left but float32: the losses of two epochs agree in four digits and more."""
    pytest.importorskip("keras")
    run = Run(str(kept / "cnn"))
    data = read(str(kept / "digits.csv"), run.settings, labeled=True)
    sets = split(data, run.settings)
    losses = {}
    for name, kind in compare_worker.SIDES.items():
        settings = run.settings
        model = run.start()
        for layer in model.layers:
            if hasattr(layer, "p"):
                layer.p = 0.0
        made = kind(model, compare_worker.optimizer(model, settings, 5), sets.shape, 10)
        losses[name] = [made.fit(*compare_worker.epoch_of(sets, settings, e), 64) for e in (1, 2)]
    assert np.allclose(losses["ours"], losses["keras"], rtol=1e-4)


def test_a_side_that_breaks_off(kept, capsys, monkeypatch):
    monkeypatch.setattr(compare_module.sys, "executable", shutil.which("false"))
    assert main(["compare", str(kept / "run"), str(kept / "digits.csv")]) == 1
    assert capsys.readouterr().err == (
        "tinygrad-edu compare: the training of ours failed: exit status 1\n"
    )


def test_compare_refuses_what_does_not_fit_before_it_starts(kept, capsys):
    assert main(["compare", str(kept / "run"), str(kept / "images.csv")]) == 1
    assert "was trained on a table of pixels" in capsys.readouterr().err


def test_a_side_tells_errors_as_a_fact(kept, capsys):
    compare_worker.main("ours", str(kept / "run"), "nowhere.csv", "", "1")
    assert json.loads(capsys.readouterr().out) == {
        "error": "read_csv: there is no file nowhere.csv"
    }
