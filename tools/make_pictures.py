"""Makes the pictures of the README from the pages themselves: python tools/make_pictures.py

Needs Chromium, and the extras viz and dev. Writes into docs/.
"""

import pathlib
import shutil
import tempfile

import numpy as np
from playwright.sync_api import sync_playwright

from models import KMeans
from models.datasets import make_blobs
from models.foundation import traced
from tinygrad_edu import Tensor, nn, viz
from tinygrad_edu.data import load_digits

DOCS = pathlib.Path(__file__).parents[1] / "docs"


def expression():
    """Five operations, with paths that meet at x and at y."""
    x, w, b = (
        Tensor(v, requires_grad=True, name=n) for v, n in ((2.0, "x"), (-3.0, "w"), (6.875, "b"))
    )
    y = np.tanh(x * w + b)
    return y * x + y


def digits():
    """The loss of a network of two layers on 16 handwritten digits."""
    x, y = load_digits()
    model = nn.Sequential(nn.Linear(64, 32, rng=0), nn.ReLU(), nn.Linear(32, 10, rng=1))
    return nn.cross_entropy(model(Tensor(x[:16].reshape(-1, 64) / 16, name="images")), y[:16])


class Transformer(nn.Module):
    """A language model of 12 blocks, on a text of numbers."""

    def __init__(self, blocks=12, size=64):
        self.embed = nn.Embedding(65, size, rng=0)
        self.blocks = [nn.TransformerBlock(size, 4, causal=True, rng=i) for i in range(blocks)]
        self.norm, self.head = nn.LayerNorm(size), nn.Linear(size, 65, rng=1)

    def forward(self, ids):
        h = self.embed(ids)
        for block in self.blocks:
            h = block(h)
        return self.head(self.norm(h))


def transformer():
    ids = np.random.default_rng(1).integers(0, 65, (2, 32))
    return nn.cross_entropy(Transformer()(ids), np.roll(ids, -1, 1))


def clusters():
    """The steps of k-means on three clouds of points."""
    points, _ = make_blobs(150, centers=3, random_state=3)
    with traced():
        model = KMeans(3, init="random", n_init=1, random_state=1).fit(points)
    return viz.kmeans_frames(model, points).html()


def playing():
    """A number that is dragged."""
    a, b = (Tensor(v, requires_grad=True, name=n) for v, n in ((2.0, "a"), (-3.0, "b")))
    return viz.Graph(np.tanh(a * b + 1) + a**2).html(play={"a": (-3, 3)}, rate=0.1)


# name of the picture: (the page or the loss, width, height, color scheme, actions in the page before it)
PICTURES = {
    "step": (expression, 1120, 680, "light", ["go(14)"]),
    "graph": (digits, 1120, 800, "light", ["go(state.visible[12])"]),
    "play": (playing, 1120, 760, "light", []),
    "kmeans": (clusters, 1120, 800, "light", ["show(3)"]),
    "transformer": (transformer, 1120, 800, "dark", ["toggle(2)", "toggle(3)", "fit(true)", "choose('n3')"]),
}  # fmt: skip


def main():
    program = shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as driver, tempfile.TemporaryDirectory() as folder:
        browser = driver.chromium.launch(executable_path=program, args=["--no-sandbox"])
        for name, (made, width, height, scheme, actions) in PICTURES.items():
            page = browser.new_page(
                viewport={"width": width, "height": height}, color_scheme=scheme,
                reduced_motion="reduce", device_scale_factor=1 if width > 500 else 2,
            )  # fmt: skip
            path = pathlib.Path(folder) / f"{name}.html"
            page_or_loss = made()
            path.write_text(
                page_or_loss if isinstance(page_or_loss, str) else viz.Graph(page_or_loss).html(),
                encoding="utf-8",
            )
            page.goto(path.as_uri())
            page.wait_for_selector("body[data-ready]")
            for action in actions:
                page.evaluate(action)
            page.wait_for_timeout(300)
            page.screenshot(path=DOCS / f"{name}.png")
            print(f"docs/{name}.png: {(DOCS / f'{name}.png').stat().st_size / 1000:.0f} kB")
        browser.close()


if __name__ == "__main__":
    main()
