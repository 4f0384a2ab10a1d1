"""What makes a node impure, and how much a question lowers that.

A criterion makes columns t of the targets: y itself, or for each class a column that is 1 in the samples of
the class and 0 in the others. With t̄ the weighted mean of a column in a node, the sum

    S = Σ_left w (t - t̄)

says how the left side of a question differs from the node. The sums of w t on both sides follow from it:
w_left t̄ + S and w_right t̄ - S. The gain of a question is the decrease of impurity, times the weight of
the node:

    gain = w I - w_left I_left - w_right I_right.

Source: L. Breiman, J. Friedman, R. Olshen, C. Stone, Classification and Regression Trees (1984), chapters
4 and 8; T. Hastie, R. Tibshirani, J. Friedman, The Elements of Statistical Learning, 2nd edition (ESL),
section 9.2.
"""

from typing import Any

import numpy as np

from models.trees.medians import AbsoluteErrors, medians
from models.trees.running import ClassCounts, ColumnSums

ROUNDING = 1e-12  # a sum that is smaller, beside the sum of all, is 0


class SquaredError:
    """I = the variance of y; of several targets, the mean of their variances.

    gain = S² / w_left + S² / w_right.
    """

    needs_mean = False  # does `gain`?

    def __init__(self, outputs):
        self.outputs = outputs

    def columns(self, y):
        """The columns of targets y, (outputs, samples)."""
        return y

    def running(self, search):
        """How the gains of all cuts of sorted samples are computed."""
        return ColumnSums(search)

    def describe(self, nodes):
        """The values (nodes, outputs, 1) and the impurities (nodes,) of nodes (`nodes.Nodes`)."""
        spread = nodes.average((nodes.columns - nodes.spread(nodes.mean)) ** 2)
        return nodes.mean.T[:, :, None], spread.mean(axis=0)

    def clipped(self, values, lower, upper):
        """The values within the bounds of monotonic constraints."""
        return np.clip(values, lower[:, None, None], upper[:, None, None])

    def searched(self, columns):
        """The columns that tell the gain, if some follow from others."""
        return columns

    def of_sides(self, left, right):
        """What the gain needs of the weights of both sides alone."""
        return (1 / left + 1 / right) / self.outputs

    def gain(self, sums, mean, left, right, sides):
        """The gains of questions, given S of each column, t̄, and the weights on the left and on the right."""
        gain = 0.0
        for S in sums:
            gain = S * S + gain
        return gain * sides

    def gain_of_sides(self, search, goes_left, left, right):
        """The gains of one question for each node and row, and the means of the last column on both sides.

        goes_left: (rows, samples). left and right: (rows, nodes).
        """
        sums = [search.nodes.sum(goes_left * column) for column in search.deviations]
        gain = self.gain(sums, search.mean, left, right, self.of_sides(left, right))
        t = search.nodes.mean[-1]
        return gain, t + sums[-1] / left, t - sums[-1] / right


class AbsoluteError(SquaredError):
    """I = the mean of |y - median|, with the median of the node."""

    def running(self, search):
        return AbsoluteErrors(search)

    def describe(self, nodes):
        found = [medians(y, nodes.of, nodes.weight, nodes.number) for y in nodes.columns]
        values, errors = (np.array(each) for each in zip(*found, strict=True))
        return values.T[:, :, None], errors.mean(axis=0) / nodes.total

    def gain_of_sides(self, search, goes_left, left, right):
        nodes, sides = search.nodes, []
        for row in goes_left:
            group = 2 * nodes.of + (row == 0)
            found = [medians(y, group, nodes.weight, 2 * nodes.number) for y in nodes.columns]
            sides.append(np.array(found).reshape(self.outputs, 2, nodes.number, 2))
        value, error = np.moveaxis(np.array(sides), 2, 0)  # (rows, outputs, nodes, sides)
        gain = nodes.total * nodes.impurity - error.sum(axis=3).mean(axis=1)
        return gain, value[:, -1, :, 0], value[:, -1, :, 1]


class Poisson(SquaredError):
    """I = the mean of y log(y / ȳ), half of the Poisson deviance; y ≥ 0.

    gain = Y_left log(Y_left / w_left) + Y_right log(Y_right / w_right) - Y log(Y / w), with Y the sums of
    w y. A side without any count is not allowed.
    """

    needs_mean = True

    def of_sides(self, left, right):
        return left + right

    def describe(self, nodes):
        y = nodes.columns
        mean = nodes.spread(nodes.mean)
        deviance = nodes.average(y * np.log(np.where(y > 0, y / np.where(y > 0, mean, 1), 1)))
        return nodes.mean.T[:, :, None], deviance.mean(axis=0)

    def gain(self, sums, mean, left, right, sides):
        total: Any = 0.0
        for S, t in zip(sums, mean, strict=True):
            a, b = S + left * t, right * t - S
            nothing = ROUNDING * (left + right) * t
            allowed = (a > nothing) & (b > nothing)
            a, b = np.where(allowed, a, 1), np.where(allowed, b, 1)
            gain = a * np.log(a / left) + b * np.log(b / right)
            gain -= sides * t * np.log(np.where(t > 0, t, 1))
            total += np.where(allowed, gain, -np.inf)
        return total / self.outputs


class Gini(SquaredError):
    """I = 1 - Σ p_k², with p_k the fraction of class k: the sum of the variances of the columns.

    gain = Σ_k S_k² / w_left + S_k² / w_right; of several targets, the mean.
    """

    def __init__(self, n_classes):
        self.n_classes = n_classes  # of each target
        self.ends = np.cumsum(n_classes)
        super().__init__(len(n_classes))

    def columns(self, y):
        classes = [
            np.arange(k)[:, None] == labels for k, labels in zip(self.n_classes, y, strict=True)
        ]
        return np.concatenate(classes)

    def describe(self, nodes):
        values = np.zeros((nodes.number, self.outputs, max(self.n_classes)))
        impurity = np.zeros(nodes.number)
        for i, (k, end) in enumerate(zip(self.n_classes, self.ends, strict=True)):
            p = nodes.mean[end - k : end]
            values[:, i, :k] = p.T
            impurity += self.impurity(p)
        return values, impurity / self.outputs

    def clipped(self, values, lower, upper):
        p = np.clip(values[:, 0, 1], lower, upper)
        return np.stack([1 - p, p], axis=1)[:, None]

    def impurity(self, p):
        return 1 - (p * p).sum(axis=0)

    def by_target(self, columns):
        """The columns of each target."""
        return np.split(columns, self.ends[:-1])

    @property
    def is_binary(self):
        return list(self.n_classes) == [2]

    def searched(self, columns):
        return columns[1:] if self.is_binary else columns  # of two classes, S_0 = -S_1

    def of_sides(self, left, right):
        return (2 if self.is_binary else 1) * super().of_sides(left, right)

    def running(self, search):
        few = self.is_binary or search.limits.monotonic is not None
        return ColumnSums(search) if few else ClassCounts(search)

    def terms(self, labels, nodes):
        """What `gain_by_class` needs of a target."""
        squares = nodes.spread((labels.counts**2).sum(axis=1) / nodes.total)
        own = labels.own - squares
        return (
            own if nodes.weight is None else own * nodes.weight,
            squares,
            nodes.spread(nodes.total),
        )

    def gain_by_class(self, before, w, order, left, sides, *terms):
        """Σ_k S_k² (1/w_left + 1/w_right) from the weight c_k of the class of each sample k before it:

        Σ S_k² = Σ c_k² - 2 w_left/n Σ c_k n_k + (w_left/n)² Σ n_k², in sums over the left side and over the
        classes, with n_k the weight of the class in the node. The first two are running sums.
        """
        own, squares, total = terms
        sums = np.empty(before.shape, np.complex128)  # both at once
        sums.real = w * (2 * before + w - squares)
        sums.imag = own.take(order)
        np.cumsum(sums, axis=1, out=sums)
        share = left / total
        return (sums.real - 2 * share * sums.imag) * sides * self.outputs + squares


class Entropy(Gini):
    """I = -Σ p_k log₂ p_k, with 0 log 0 = 0.

    gain = Σ_k f(c_k left) + f(c_k right) - f(c_k) - the same of the weights, with c_k the weight of class k
    and f(c) = c log₂ c.
    """

    needs_mean = True

    def impurity(self, p):
        return -_c_log_c(p).sum(axis=0)

    def searched(self, columns):
        return columns

    def of_sides(self, left, right):
        n = left + right
        return _c_log_c(n) - _c_log_c(left) - _c_log_c(right)

    def gain(self, sums, mean, left, right, sides):
        total = sides * self.outputs
        for S, p in zip(sums, mean, strict=True):
            c, d = left * p + S, right * p - S
            total = total + (_c_log_c(c) + _c_log_c(d) - _c_log_c((left + right) * p))
        return total / self.outputs

    def running(self, search):
        return (ClassCounts if search.limits.monotonic is None else ColumnSums)(search)

    def terms(self, labels, nodes):
        if nodes.weight is not None:
            return labels.own, None
        f = _c_log_c(np.arange(labels.own.max() + 2))
        return labels.own.astype(np.intp) - 1, np.diff(f)

    def gain_by_class(self, before, w, order, left, sides, *terms):
        own, rise = terms
        after = own.take(order) - before
        if rise is not None:  # counts: f(c + 1) - f(c) from a table
            steps = rise.take(before) - rise.take(after)
        else:
            steps = _c_log_c(before + w) - _c_log_c(before) + _c_log_c(after - w) - _c_log_c(after)
        return np.cumsum(steps, axis=1, out=steps) + sides


def _c_log_c(c):
    """c log₂ c, 0 for c ≤ 0."""
    return c * np.log2(np.where(c > 0, c, 1))
