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
    colours = picture.get_array()[0, :, :3]
    changes = np.flatnonzero(np.any(np.diff(colours, axis=0), axis=1))
    across = np.linspace(low, high, 25)
    assert len(changes) == 1 and across[changes[0]] <= 0.25 < across[changes[0] + 1]
    assert [len(c.get_offsets()) for c in ax.collections] == [1, 2]
    with pytest.raises(ValueError, match=r"not \(3, 3\) and \(3,\)"):
        viz.decision_boundary(predict, np.ones((3, 3)), y)


def test_filters_show_zero_in_the_middle_of_the_greys():
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
    assert [line.get_label() for line in ax.lines] == ["0.W", "0.b", "2.W", "2.b"]
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
