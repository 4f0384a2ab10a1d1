"""The hierarchy of HDBSCAN: clusters that split or lose rows, their stability, and a selection of them."""

from typing import Any

import numpy as np

from models.clusters.linkage import Sets, counts, hierarchy


def single_linkage(start, end, length):
    """The dendrogram of a spanning tree: an array (n - 1, 4) of left, right, distance and size.

    Node i < n is row i, and node n + i is made by merge i, in the order of distances.
    """
    order = np.argsort(length)  # of equal lengths in no order, as in scikit-learn
    children, heights = hierarchy(np.column_stack([start, end])[order], length[order])
    return np.column_stack([children, heights, counts(children)])


class CondensedTree:
    """Cluster n is the root. A cluster has rows that fall out of it, and it may end by splitting in two.

    parent, birth, size   of each cluster but the root: the cluster that it was split from, at density λ
    row_parent, row_λ     of each row: the cluster that it falls out of, at density λ
    """

    def __init__(self, tree, min_cluster_size):
        n = len(tree) + 1
        left, right = tree[:, 0].astype(int).tolist(), tree[:, 1].astype(int).tolist()
        size = [1] * n + tree[:, 3].astype(int).tolist()
        with np.errstate(divide="ignore"):
            densities = (1 / tree[:, 2]).tolist()
        place, rows = _rows_of_nodes(left, right, size, n)
        self.root, self.n = n, n
        self.parent: dict[int, int] = {}
        self.children: dict[int, list[int]] = {n: []}
        self.birth, self.size = {n: 0.0}, {n: n}
        self.row_parent, self.row_λ = np.full(n, n), np.zeros(n)
        cluster = {2 * n - 2: n}
        nodes = [2 * n - 2]
        for node in nodes:  # breadth first: the list grows while it is read
            name, λ = cluster[node], densities[node - n]
            parts = left[node - n], right[node - n]
            large = [part for part in parts if size[part] >= min_cluster_size]
            for part in parts:
                if part not in large:
                    out = rows[place[part] : place[part] + size[part]]
                    self.row_parent[out], self.row_λ[out] = name, λ
                elif len(large) == 1:
                    cluster[part] = name
                else:
                    cluster[part] = child = n + len(self.children)
                    self.parent[child], self.birth[child], self.size[child] = name, λ, size[part]
                    self.children[name].append(child)
                    self.children[child] = []
            nodes += large

    def stability(self) -> dict[int, float]:
        """Σ (λ - λ of birth) over the rows that fall out of each cluster, or go on in its children."""
        clusters = list(self.children)
        birth = np.array([self.birth[c] for c in clusters])
        with np.errstate(invalid="ignore"):  # ∞ - ∞ of equal rows
            lost = self.row_λ - birth[self.row_parent - self.n]
            total = np.bincount(self.row_parent - self.n, lost, minlength=len(clusters))
            for child, parent in self.parent.items():
                lasted = self.birth[child] - self.birth[parent]
                total[parent - self.n] += lasted * self.size[child]
        return dict(zip(clusters, total.tolist(), strict=True))

    def below(self, cluster: int) -> list[int]:
        """All clusters inside of one."""
        found = list(self.children[cluster])
        for child in found:  # grows while it is read
            found += self.children[child]
        return found

    def select(self, method: str, with_root: bool, epsilon: float, largest: Any) -> set[int]:
        """The selected clusters, none inside of another."""
        if method == "leaf":
            leaves = {c for c, children in self.children.items() if not children}
            if leaves == {self.root}:
                leaves = set()  # nothing ever split
            return self._above(leaves, epsilon, with_root) if epsilon else leaves
        chosen = self._most_stable(with_root, self.n + 1 if largest is None else largest)
        if not epsilon or len(self.children) == 1:
            return chosen
        return chosen if chosen == {self.root} else self._above(chosen, epsilon, with_root)

    def _most_stable(self, with_root, largest):
        """Excess of mass: from the smallest clusters up, a cluster or the best of those inside of it."""
        stability = self.stability()
        chosen: set[int] = set()
        size = self.size | {self.root: sum(self.size[c] for c in self.children[self.root])}
        for cluster in sorted(self.children, reverse=True):
            if cluster == self.root and not with_root:
                break
            inside = sum(stability[child] for child in self.children[cluster])
            if inside > stability[cluster] or size[cluster] > largest:
                stability[cluster] = inside
            else:
                chosen -= set(self.below(cluster))
                chosen.add(cluster)
        return chosen

    def _above(self, chosen, epsilon, with_root):
        """Replaces clusters born at a distance below epsilon by those around them (Malzer, Baum 2020)."""
        found: set[int] = set()
        done: set[int] = set()
        for cluster in chosen:
            if self._born_at(cluster) >= epsilon:
                found.add(cluster)
            elif cluster not in done:
                while True:
                    around = self.parent[cluster]
                    if around == self.root:
                        cluster = around if with_root else cluster
                        break
                    cluster = around
                    if self._born_at(cluster) > epsilon:
                        break
                found.add(cluster)
                done |= set(self.below(cluster))
        return found

    def _born_at(self, cluster):
        return 1 / self.birth[cluster] if self.birth[cluster] else np.inf

    def labels(self, chosen: set[int], with_root: bool, epsilon: float) -> tuple[Any, Any]:
        """The label of each row, -1 for noise, and λ of falling out / the largest λ of its cluster."""
        owner: dict[int, int] = {}
        for cluster in self.children:  # parents come first
            owner[cluster] = (
                cluster if cluster in chosen else owner.get(self.parent.get(cluster, -1), -1)
            )
        number = {cluster: i for i, cluster in enumerate(sorted(chosen))} | {-1: -1}
        owners = np.array([owner[c] for c in self.children])[self.row_parent - self.n]
        if self.root in chosen:  # only the rows that stay long enough
            last = self._last(self.root)
            least = 1 / epsilon if epsilon else last
            keep = with_root and len(chosen) == 1
            owners[(owners == self.root) & ~(keep & (self.row_λ >= least))] = -1
        labels = np.array([number[c] for c in owners.tolist()])
        last = np.array([self._last(c) for c in sorted(chosen)] or [0.0])[labels]
        sure = (last == 0) | np.isinf(self.row_λ)
        part = np.minimum(self.row_λ, last) / np.where(sure | np.isinf(last), 1, last)
        part[np.isinf(last)] = 0
        return labels, np.where(labels < 0, 0, np.where(sure, 1, part))

    def _last(self, cluster):
        """The largest λ at which a cluster loses rows or splits."""
        λs = [self.birth[child] for child in self.children[cluster]]
        return max([*λs, *self.row_λ[self.row_parent == cluster].tolist()], default=0.0)


def _rows_of_nodes(left, right, size, n):
    """The rows in the order of the dendrogram, and for each node the place where its rows start."""
    place = [0] * (2 * n - 1)
    for node in range(n - 2, -1, -1):
        start = place[n + node]
        place[left[node]], place[right[node]] = start, start + size[left[node]]
    rows = np.empty(n, dtype=np.intp)
    rows[place[:n]] = np.arange(n)
    return place, rows


def labels_at_cut(tree, cut, min_cluster_size):
    """Labels of the rows connected below a distance; -1 for those in smaller parts."""
    n = len(tree) + 1
    sets = Sets(2 * n - 1)
    for merge, (left, right, distance, _) in enumerate(tree.tolist()):
        if distance < cut:
            sets.above[int(left)] = sets.above[int(right)] = n + merge
    part = np.unique([sets.find(i) for i in range(n)], return_inverse=True)[1]
    large = np.bincount(part) >= min_cluster_size
    return np.where(large, np.cumsum(large) - 1, -1)[part]
