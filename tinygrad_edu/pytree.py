"""Trees of dicts, lists and tuples, nested to any depth. Everything else is a leaf."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any


def leaves(tree: Any) -> Iterator[Any]:
    """The leaves of a tree, in order."""
    if isinstance(tree, dict):
        tree = tree.values()
    elif not isinstance(tree, (list, tuple)):
        yield tree
        return
    for part in tree:
        yield from leaves(part)


def rebuild(tree: Any, new: Iterator[Any]) -> Any:
    """A tree of the same form with new leaves."""
    if isinstance(tree, dict):
        return {name: rebuild(part, new) for name, part in tree.items()}
    if isinstance(tree, tuple) and hasattr(tree, "_fields"):  # a namedtuple
        return type(tree)(*(rebuild(part, new) for part in tree))
    if isinstance(tree, (list, tuple)):
        return type(tree)(rebuild(part, new) for part in tree)
    return next(new)


def each_leaf(function: Callable[[Any], Any], tree: Any) -> Any:
    """The tree with function(leaf) in place of each leaf."""
    return rebuild(tree, map(function, leaves(tree)))
