"""No name can run a script in what a notebook shows. (A file of its own: no kernel runs beside a browser.)"""

import numpy as np
import pytest

from models import KMeans
from tinygrad_edu import Tensor, nn
from tinygrad_edu.training import History
from tinygrad_edu.viz import notebook

EVIL = '<img src=x onerror="window.hit=1"><script>window.hit=2</script>\n\'"&重'


def leaf(x, name=None):
    return Tensor(x, requires_grad=True, name=name)


def evil_things():
    class Evil(nn.Sequential):
        pass

    Evil.__name__ = EVIL
    model = Evil(nn.Linear(1, 1))
    vars(model)[EVIL] = {EVIL: nn.Linear(1, 1)}
    model[0].W.name = EVIL
    history = History()
    for loss in (1.0, 2.0):
        history.add({EVIL: loss, f"val_{EVIL}": loss})
    estimator = KMeans(init=EVIL)
    vars(estimator)[EVIL + "_"] = EVIL
    return [leaf([1.0], EVIL), np.tanh(leaf([1.0], EVIL)), model, history, estimator]


def test_no_name_can_run_a_script(visit):
    pages = [notebook.view(thing) for thing in evil_things()]
    page = visit(f'<!doctype html><meta charset="utf-8">{"<hr>".join(pages)}')
    page.wait_for_timeout(200)
    assert page.evaluate("window.hit") is None
    assert page.evaluate("document.querySelectorAll('script, img').length") == 0
    assert page.inner_text("body").count("<script>window.hit=2</script>") >= 5


def test_words_in_curves_have_the_color_of_the_page(visit):
    pytest.importorskip("matplotlib")
    history = History()
    for loss in (2.0, 1.0):
        history.add({"loss": loss})
    dark = "<!doctype html><style>body { background: #111; color: rgb(238, 238, 238); }</style>"
    page = visit(dark + notebook.view(history), scheme="dark")
    fills = "all => all.map(e => getComputedStyle(e).fill)"
    assert set(page.eval_on_selector_all("svg text", fills)) == {"rgb(238, 238, 238)"}
