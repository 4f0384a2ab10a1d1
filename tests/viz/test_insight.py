"""Boundaries, filters, attention, embeddings, landscapes and gradients in time, read back from their axes."""

import numpy as np
import pytest

from tinygrad_edu import nn, optim, viz

pytest.importorskip("matplotlib")
RNG = np.random.default_rng(0)


def trained(steps=5):
    model = nn.Sequential(nn.Linear(2, 4, rng=0), nn.Tanh(), nn.Linear(4, 3, rng=1)).astype(float)
    x, y = RNG.normal(size=(12, 2)), np.arange(12) % 3
    optimizer, watch, path = optim.SGD(model.parameters(), lr=0.5), viz.Watch(model), []
    for _ in range(steps):
        loss = nn.cross_entropy(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        watch.record()
        path.append(viz.flat(model.parameters()))
        optimizer.step()
    return model, x, y, watch, path


def test_lr_curve():
    ax = viz.lr_curve([0.1, 1.0], [3.0, 2.0], 0.3)
    np.testing.assert_array_equal(ax.lines[0].get_xydata(), [[0.1, 3], [1, 2]])
    assert ax.get_xscale() == "log"
    assert [t.get_text() for t in ax.get_legend().get_texts()] == ["lr = 0.3"]
    with pytest.raises(ValueError, match="one loss for each rate"):
        viz.lr_curve([1, 2], [1])


@pytest.mark.parametrize("scores", [True, False])
def test_the_boundary_is_where_the_prediction_changes(scores):
    x, y = np.array([[-1.0, -1.0], [1.0, 1.0], [1.0, -1.0]]), np.array([3, 7, 7])

    def predict(points):
        right = points[:, 0] > 0.25
        return np.stack([~right, right], axis=1) * 1.0 if scores else np.where(right, 7, 3)

    ax = viz.decision_boundary(predict, x, y, resolution=25)
    (picture,) = ax.images
    low, high = picture.get_extent()[:2]
    assert (low, high) == (-1.2, 1.2)
    colors = picture.get_array()[0, :, :3]
    changes = np.flatnonzero(np.any(np.diff(colors, axis=0), axis=1))
    across = np.linspace(low, high, 25)
    assert len(changes) == 1 and across[changes[0]] <= 0.25 < across[changes[0] + 1]
    assert [len(c.get_offsets()) for c in ax.collections] == [1, 2]
    with pytest.raises(ValueError, match=r"not \(3, 3\) and \(3,\)"):
        viz.decision_boundary(predict, np.ones((3, 3)), y)


def test_filters_show_zero_in_the_middle_of_the_grays():
    W = RNG.normal(size=(6, 5))
    ax = viz.filters(W, shape=(2, 3))
    assert len(ax.images) == 5 and all(i.get_clim() == (-1, 1) for i in ax.images)
    np.testing.assert_allclose(
        ax.images[2].get_array(), W[:, 2].reshape(2, 3) / np.abs(W[:, 2]).max()
    )
    assert len(viz.filters(RNG.normal(size=(3, 3, 1, 4))).images) == 4
    with pytest.raises(ValueError, match=r"not \(3, 3, 2, 4\)"):
        viz.filters(np.ones((3, 3, 2, 4)))
    with pytest.raises(ValueError, match=r"not \(6, 5\)"):
        viz.filters(W)


def test_attention_map_names_rows_and_columns():
    ax = viz.attention_map(np.eye(2), ["a", "b"], ["c", "d"])
    np.testing.assert_array_equal(ax.images[0].get_array(), np.eye(2))
    assert [t.get_text() for t in ax.get_yticklabels()] == ["a", "b"]
    assert [t.get_text() for t in ax.get_xticklabels()] == ["c", "d"]
    for wrong in ((np.ones((1, 2, 2)),), (np.eye(2), ["a"])):
        with pytest.raises(ValueError, match="attention_map draws weights"):
            viz.attention_map(*wrong)


def test_embedding_is_the_plane_of_the_principal_components():
    decomposition = pytest.importorskip("sklearn.decomposition")
    vectors = RNG.normal(size=(9, 4)) * [3, 2, 1, 0.5]
    ax = viz.embedding(vectors, names=[*"abcdefghi"])
    pca = decomposition.PCA(2)
    theirs = pca.fit_transform(vectors)
    (points,) = (c.get_offsets() for c in ax.collections)
    np.testing.assert_allclose(np.abs(points), np.abs(theirs), atol=1e-10)
    assert f"{pca.explained_variance_ratio_[0]:.0%}" in ax.get_xlabel()
    assert [t.get_text() for t in ax.texts] == [*"abcdefghi"]
    assert len(viz.embedding(vectors, np.arange(9) % 3).collections) == 3
    with pytest.raises(ValueError, match="two vectors or more"):
        viz.embedding(np.ones(3))


def test_the_landscape_is_the_loss_and_the_weights_are_put_back():
    model, x, y, _, path = trained()
    before = viz.flat(model.parameters())
    loss = lambda: nn.cross_entropy(model(x), y)
    seen = []
    ax = viz.loss_landscape(
        lambda: seen.append(loss().item()) or seen[-1], model.parameters(), steps=5
    )
    assert seen[12] == loss().item()  # the middle of 5 × 5
    np.testing.assert_array_equal(viz.flat(model.parameters()), before)
    ax = viz.loss_landscape(loss, model.parameters(), path=[*path, before], steps=3)
    walked = ax.lines[0].get_xydata()
    np.testing.assert_allclose(walked[-1], 0, atol=1e-12)
    moved = np.linalg.norm(path[0] - before)  # all but a little of it lies in the plane
    assert 0.95 * moved < np.linalg.norm(walked[0]) <= moved * (1 + 1e-12)

    def breaks():
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        viz.loss_landscape(breaks, model.parameters())
    np.testing.assert_array_equal(viz.flat(model.parameters()), before)
    with pytest.raises(ValueError, match="two stops or more of 27 weights"):
        viz.loss_landscape(loss, model.parameters(), path=[before])


def test_watch_draws_what_backward_left():
    model, _, _, watch, _ = trained(steps=4)
    ax = watch.plot()
    assert [t.get_text() for t in ax.get_legend().get_texts()] == ["0.W", "0.b", "2.W", "2.b"]
    last = np.median(np.abs(model[0].W.grad))
    np.testing.assert_allclose(ax.lines[0].get_ydata()[-1], last)
    assert len(watch.plot("weights").lines[0].get_xdata()) == 4
    with pytest.raises(ValueError, match="Watch has no gradients yet"):
        viz.Watch(model).plot()
    with pytest.raises(ValueError, match="'gradients' or 'weights'"):
        watch.plot("losses")


def test_animate_writes_each_frame(tmp_path):
    image = pytest.importorskip("PIL.Image")
    drawn = []
    viz.animate(lambda ax, k: drawn.append(ax.plot([0, k])), [1, 2, 3], tmp_path / "a.gif")
    with image.open(tmp_path / "a.gif") as gif:
        assert gif.n_frames == 3
    assert len(drawn) == 3
    for frames, name in (([], "b.gif"), ([1], "b.png")):
        with pytest.raises(ValueError, match="one frame or more to a .gif"):
            viz.animate(drawn.append, frames, tmp_path / name)
    assert not (tmp_path / "b.gif").exists()


def test_an_error_of_draw_is_the_error_of_animate(tmp_path):
    pytest.importorskip("PIL")
    for frames in ([0, 1], [1, 0]):
        with pytest.raises(ZeroDivisionError):
            viz.animate(lambda ax, k: ax.plot([1 / k]), frames, tmp_path / "a.gif")


def test_histograms_hold_the_share_of_each_size():
    model, _, _, watch, _ = trained(steps=4)
    ax = watch.histogram()
    assert [t.get_text() for t in ax.get_xticklabels()] == ["0.W", "0.b", "2.W", "2.b"]
    edges = np.logspace(-12, 4, 65)
    for picture, (path, p) in zip(ax.images, model.named_parameters(), strict=True):
        expected = np.histogram(np.abs(p.grad), edges)[0] / p.size  # of the last step
        shades = picture.get_array()[..., 3]
        assert shades.shape == (64, 4), path
        every = np.stack([shares for _, shares in watch.records["gradients"][path]], axis=1)
        np.testing.assert_allclose(every[:, -1], expected, atol=1e-7)
        np.testing.assert_allclose(shades, np.sqrt(every / every.max()), atol=1e-6)
    left, right, low, high = ax.images[2].get_extent()
    assert 2 < left < right < 3 and (low, high) == (-12, 4)
    drawn = [p.size for p in model.parameters()]
    assert ax.get_ylim()[0] >= -12.5 and len(drawn) == 4
    assert len(watch.histogram("weights").images) == 4
    with pytest.raises(ValueError, match="'gradients' or 'weights'"):
        watch.histogram("losses")
    with pytest.raises(ValueError, match="Watch has no gradients yet"):
        viz.Watch(model).histogram()


def test_zeros_and_what_is_not_finite_have_a_place_in_a_histogram():
    model = nn.Sequential(nn.Linear(2, 2, rng=0))
    watch = viz.Watch(model)
    model[0].W.grad = np.array([[0.0, 1e-30], [np.nan, np.inf]])
    model[0].b.grad = np.array([1.5, 150.0])
    with np.errstate(all="raise"):
        watch.record()
    ((_, shares),) = watch.records["gradients"]["0.W"]
    assert (shares[0], shares[-1], shares.sum()) == (0.5, 0.5, 1)
    assert np.flatnonzero(watch.records["gradients"]["0.b"][0][1]).tolist() == [48, 56]
    assert watch.plot().lines[0].get_marker() == "o"  # one step makes no line


def test_a_vanishing_gradient_sinks_towards_the_input():
    layers = [layer for k in range(5) for layer in (nn.Linear(8, 8, rng=k), nn.Sigmoid())]
    model = nn.Sequential(*layers, nn.Linear(8, 3, rng=9))
    watch = viz.Watch(model)
    nn.cross_entropy(
        model(RNG.normal(size=(16, 8)).astype(np.float32)), np.arange(16) % 3
    ).backward()
    watch.record()
    ax = watch.histogram()
    middles = [np.average(np.arange(64), weights=i.get_array()[:, 0, 3] ** 2) for i in ax.images]
    assert (
        middles[::2] == sorted(middles[::2]) and middles[-2] - middles[0] > 8
    )  # two powers of ten


@pytest.mark.parametrize(
    ("said", "colors"),
    [
        (lambda p: np.eye(3)[np.full(len(p), 2)], 2),  # of K classes, one of which has no sample
        (lambda p: np.full(len(p), 2), 1),  # labels: of those that there are
    ],
)
def test_classes_keep_their_color(said, colors):
    from matplotlib.colors import to_rgb

    from tinygrad_edu.viz.insight import CLASSES

    ax = viz.decision_boundary(said, np.array([[0.0, 0], [1, 1]]), np.array([0, 2]), resolution=3)
    np.testing.assert_allclose(ax.images[0].get_array()[0, 0, :3], to_rgb(CLASSES[colors]))
    last = ax.collections[-1].get_facecolor()[0, :3]
    np.testing.assert_allclose(last, to_rgb(CLASSES[colors]))
    with pytest.raises(ValueError, match=r"not \(9, 1\)(.|\n)*net\(points\)\[:, 0\] > 0"):
        viz.decision_boundary(lambda p: p[:, :1], np.eye(2), np.array([0, 1]), resolution=3)


def test_filters_of_colors_have_their_zero_in_the_middle():
    W = RNG.normal(size=(3, 3, 3, 2))
    ax = viz.filters(W)
    for i in range(2):
        expected = 0.5 + 0.5 * W[..., i] / np.abs(W[..., i]).max()
        np.testing.assert_allclose(ax.images[i].get_array(), expected)


def test_attentions_are_the_weights_that_the_layers_computed():
    attention = nn.MultiHeadAttention(8, 2, 4, rng=0)
    model = nn.Sequential(nn.Linear(8, 8, rng=1), attention).train()
    x = RNG.normal(size=(2, 5, 8)).astype(np.float32)
    found = viz.attentions(model, x)
    assert [*found] == ["1"] and found["1"].shape == (2, 2, 5, 5)
    z = model[0](x)
    heads = lambda layer: layer(z).data.reshape(2, 5, 2, 4).swapaxes(1, 2)
    scores = heads(attention.query) @ heads(attention.key).swapaxes(2, 3) / 2
    expected = np.exp(scores) / np.exp(scores).sum(axis=-1, keepdims=True)
    np.testing.assert_allclose(found["1"], expected, atol=1e-6)
    assert model.training and model[1].training
    twice = nn.Sequential(attention, attention)
    assert [*viz.attentions(twice, x)] == ["0", "0, call 2"]
    with pytest.raises(ValueError, match="computed no attention weights"):
        viz.attentions(nn.Sequential(nn.Linear(8, 8)), x)


def test_a_landscape_without_any_finite_loss_is_refused():
    model, *_ = trained()
    before = viz.flat(model.parameters())
    with pytest.raises(ValueError, match="nowhere finite on this plane"):
        viz.loss_landscape(lambda: np.nan, model.parameters(), steps=3)
    np.testing.assert_array_equal(viz.flat(model.parameters()), before)


def test_without_matplotlib_no_work_is_done_before_it_is_said(monkeypatch):
    import sys

    model, x, y, watch, _ = trained()
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    never = lambda *_: pytest.fail("called")
    for draw in (
        lambda: viz.loss_landscape(never, model.parameters()),
        lambda: viz.decision_boundary(never, x, y),
        lambda: viz.lr_curve([1.0], [1.0]),
        lambda: viz.filters(np.ones((2, 2, 1, 1))),
        lambda: viz.attention_map(np.eye(2)),
        lambda: viz.embedding(np.eye(3)),
        watch.plot,
        watch.histogram,
        lambda: viz.animate(never, [1], "a.gif"),
    ):
        with pytest.raises(ImportError, match=r"^Pictures need matplotlib, .*pip install"):
            draw()


def test_each_draws_on_the_axes_it_is_given():
    from matplotlib.figure import Figure

    model, x, y, watch, _ = trained()
    axes = iter(Figure().subplots(3, 3).ravel())
    for draw in (
        lambda ax: viz.loss_landscape(
            lambda: nn.cross_entropy(model(x), y), model.parameters(), steps=3, ax=ax
        ),
        lambda ax: viz.decision_boundary(model, x, y, resolution=5, ax=ax),
        lambda ax: viz.lr_curve([1.0, 2.0], [1.0, 2.0], ax=ax),
        lambda ax: viz.filters(np.ones((2, 2, 1, 1)), ax=ax),
        lambda ax: viz.attention_map(np.eye(2), ax=ax),
        lambda ax: viz.embedding(np.eye(3), ax=ax),
        lambda ax: watch.plot(ax=ax),
        lambda ax: watch.histogram(ax=ax),
    ):
        ax = next(axes)
        assert draw(ax) is ax


def test_a_model_in_place_of_its_predict():
    models = pytest.importorskip("models")
    points = np.array([[0.0, 0.0], [1.0, 1.0]])
    model = models.GaussianNB().fit(points, [0, 1])
    with pytest.raises(TypeError, match=r"Try: decision_boundary\(model\.predict, x, y\)"):
        viz.decision_boundary(model, points, [0, 1])
    viz.decision_boundary(model.predict, points, np.array([0, 1]), resolution=5)
