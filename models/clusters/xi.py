"""Clusters as valleys of a reachability plot, between steep slopes: figure 19 of the paper on OPTICS.

Sources: M. Ankerst, M. Breunig, H.-P. Kriegel, J. Sander, OPTICS: ordering points to identify the clustering
structure, SIGMOD (1999), section 4.3; E. Schubert, M. Gertz, Improving the cluster structure extracted from
OPTICS plots, LWDA (2018), algorithm 2.
"""

from dataclasses import dataclass

import numpy as np


@dataclass
class Slope:
    """A steep slope downward: first and last place, and the highest point since its end."""

    first: int
    last: int
    highest_since: float = 0.0


def xi_clusters(plot, predecessor, ordering, xi, min_samples, min_cluster_size, correct):
    """First and last place of each cluster, inner ones before those around them.

    plot, predecessor   reachability, and the row that a row was reached from, in the order of `ordering`
    xi                  a point is steep if the next one is lower or higher by the factor 1 - xi
    correct             shorten a cluster until its last row was reached from inside of it
    """
    plot, part = np.append(plot, np.inf), 1 - xi
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = plot[:-1] / plot[1:]
        down, up = ratio > 1, ratio < 1
        steep_down = ratio >= (1 / part if part else np.inf)
        steep_up = ratio <= part
    slopes: list[Slope] = []
    clusters: list[tuple[int, int]] = []
    place, highest = 0, 0.0
    for steep in np.flatnonzero(steep_down | steep_up).tolist():
        if steep < place:
            continue
        highest = max(highest, plot[place : steep + 1].max())
        slopes = _still_open(slopes, highest, plot, part)
        if steep_down[steep]:
            last = _end_of_slope(steep_down, up, steep, min_samples)
            slopes.append(Slope(steep, last))
        else:
            last = _end_of_slope(steep_up, down, steep, min_samples)
            found = []
            for slope in slopes:
                bounds = _valley(plot, slope, steep, last, part)
                if bounds and correct:
                    bounds = _corrected(plot, predecessor, ordering, *bounds)
                if bounds is not None:
                    a, b = bounds
                    if b - a + 1 >= min_cluster_size and a <= slope.last and b >= steep:
                        found.append(bounds)
            clusters += found[::-1]
        place = last + 1
        highest = plot[place]
    return clusters


def _still_open(slopes, highest, plot, part):
    """The slopes downward that begin higher than what came since, which is noted."""
    if np.isinf(highest):
        return []
    slopes = [slope for slope in slopes if highest <= plot[slope.first] * part]
    for slope in slopes:
        slope.highest_since = max(slope.highest_since, highest)
    return slopes


def _end_of_slope(steep, against, first, min_samples):
    """The last steep point of a slope, with up to min_samples flat ones in a row, none against it."""
    last, flat = first, 0
    for i in range(first, len(steep)):
        if steep[i]:
            last, flat = i, 0
        elif against[i]:
            break
        else:
            flat += 1
            if flat > min_samples:
                break
    return last


def _valley(plot, slope, rise, last, part):
    """First and last place between a slope downward and one upward, at the same height on both sides."""
    a, b = slope.first, last
    left, right = plot[a], plot[b + 1]
    if right * part < slope.highest_since:
        return None
    if left * part >= right:
        while plot[a + 1] > right and a < slope.last:
            a += 1
    elif right * part >= left:
        while plot[b - 1] > left and b > rise:
            b -= 1
    return a, b


def _corrected(plot, predecessor, ordering, a, b):
    """The bounds of a cluster, shortened until its last row was reached from inside, or is a low one."""
    while a < b:
        if plot[a] > plot[b] or (ordering[a:b] == predecessor[b]).any():
            return a, b
        b -= 1
    return None


def labels_of_clusters(ordering, clusters):
    """The label of each row: of the clusters that contain no other. -1: in none of them."""
    labels, label = np.full(len(ordering), -1), 0
    for a, b in clusters:
        if (labels[a : b + 1] == -1).all():
            labels[a : b + 1] = label
            label += 1
    by_row = np.empty_like(labels)
    by_row[ordering] = labels
    return by_row
