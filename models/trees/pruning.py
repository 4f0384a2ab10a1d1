"""Smaller trees: the best nodes first, and the sequence of cost-complexity pruning."""

import heapq

import numpy as np

from models.trees.structure import LEAF


def best_first(tree, gain, max_leaf_nodes):
    """The nodes of the tree that always splits the leaf of the largest gain, in the order of their making."""
    order, waiting = [0], [(-gain[0], 0, 0)]
    while waiting and len(order) < 2 * max_leaf_nodes - 1:
        *_, node = heapq.heappop(waiting)
        if tree.children_left[node] != LEAF:
            for child in (int(tree.children_left[node]), int(tree.children_right[node])):
                heapq.heappush(waiting, (-gain[child], len(order), child))
                order.append(child)
    return np.array(order)


def cost_complexity(tree):
    """Yields (alpha, impurity, mask of the nodes that are left), from the whole tree to its root alone.

    R is the impurity of a node, by its share of the weight. That of a branch is the sum over its leaves. For

        alpha = (R(node) - R(branch)) / (leaves of the branch - 1)

    the branch costs as much as the leaf that replaces it, R + alpha · leaves. Again and again the branch of
    the least alpha is cut, the weakest link. Source: Breiman et al. (1984), section 3.3.
    """
    n = tree.node_count
    own = tree.weighted_n_node_samples * tree.impurity / tree.weighted_n_node_samples[0]
    parent = np.full(n, LEAF)
    inner = tree.children_left != LEAF
    for children in (tree.children_left, tree.children_right):
        parent[children[inner]] = np.flatnonzero(inner)
    branch, leaves = np.where(inner, 0.0, own), np.where(inner, 0, 1)
    for node in np.argsort(-tree.depth, kind="stable")[:-1]:  # children before parents
        branch[parent[node]] += branch[node]
        leaves[parent[node]] += leaves[node]
    left = np.ones(n, dtype=bool)
    yield 0.0, branch[0], left
    while inner[0]:
        with np.errstate(divide="ignore", invalid="ignore"):
            alphas = np.where(inner, (own - branch) / (leaves - 1), np.inf)
        weakest = int(np.argmin(alphas))
        below = [int(tree.children_left[weakest]), int(tree.children_right[weakest])]
        while below:
            node = below.pop()
            if left[node]:
                left[node] = False
                if inner[node]:
                    below += [int(tree.children_left[node]), int(tree.children_right[node])]
                    inner[node] = False
        inner[weakest] = False
        more, fewer, node = own[weakest] - branch[weakest], leaves[weakest] - 1, weakest
        while node != LEAF:
            branch[node] += more
            leaves[node] -= fewer
            node = parent[node]
        yield alphas[weakest], branch[0], left


def pruned(tree, ccp_alpha):
    """The subtree of least  R + ccp_alpha · leaves."""
    kept = np.ones(tree.node_count, dtype=bool)
    for alpha, _, left in cost_complexity(tree):
        if alpha > ccp_alpha:
            break
        kept = left.copy()
    small = tree.subtree(np.flatnonzero(kept))
    return small.subtree(small.preorder())
