"""A union of features: several transformers of the same X, their columns side by side."""

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from models.composition.pipeline import Named, named_after_classes, pairs
from models.composition.progress import timed
from models.foundation import (
    Transformer,
    boolean,
    clone,
    integer,
    learned,
    mapping,
    sklearn_bridge,
)
from models.foundation.examples import named
from models.foundation.frames import beside, is_frame
from models.foundation.parallel import each
from models.foundation.wrapper import Wrapper
from tinygrad_edu.diagnostics.words import refusal


class FeatureUnion(Wrapper, Transformer):
    """Several transformers of the same X, their columns side by side."""

    transformer_list: Any = pairs(
        "a list of pairs (name, transformer), all names different",
        "the transformers; 'drop' leaves one out, 'passthrough' keeps X",
    )
    n_jobs: int | None = integer(None, doc="processes, through joblib; -1 for all processors")
    transformer_weights: Any = mapping(None, doc="name of a transformer -> factor of its columns")
    verbose: bool = boolean(False, doc="print how long each transformer took to fit")
    verbose_feature_names_out: bool = boolean(True, doc="begin names with that of the transformer")

    transformers_: list = learned("pairs (name, fitted transformer)")

    kind = None

    @property
    def named_transformers(self) -> Named:
        """Name -> transformer, fitted after fit."""
        return Named(vars(self).get("transformers_", self.transformer_list))

    def _chosen(self):
        chosen = []
        for name, part in self.transformer_list:
            if part == "drop":
                continue
            chosen.append((name, unfitted(name, part)))
        unknown = {*(self.transformer_weights or {})} - {name for name, _ in self.transformer_list}
        if unknown:
            what = (
                f"Attempting to weight transformer {sorted(unknown)}, but it is not present in "
                "transformer_list."
            )
            raise refusal(ValueError, what, ", ".join(name for name, _ in self.transformer_list))
        return chosen

    def _fit_parts(self, X, y, **params):
        chosen = self._chosen()
        steps = len(chosen)
        work = [
            (
                part,
                X,
                y,
                params,
                f"(step {i} of {steps}) Processing {name}" if self.verbose else None,
            )
            for i, (name, part) in enumerate(chosen, 1)
        ]
        fitted = each(_fit, work, self.n_jobs)
        self.transformers_ = [(name, part) for (name, _), part in zip(chosen, fitted, strict=True)]
        for _, part in self.transformers_[:1]:
            self._note_columns_of(part)

    def transform(self, X: Any) -> Any:
        """The columns of all transformers, side by side."""
        self._require_fit()
        if not self.transformers_:
            return np.zeros((len(X), 0))
        made = each(transformed, [(part, X) for _, part in self.transformers_], self.n_jobs)
        names = [name for name, _ in self.transformers_]
        return self._contained(beside(weighted(made, names, self.transformer_weights)), X)

    def fit_transform(self, X: Any, y: Any = None, **params: Any) -> Any:
        """Fits, and returns the columns of all transformers."""
        return self.fit(X, y, **params).transform(X)

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """The names of the columns of transform(X)."""
        self._require_fit()
        return joined_names(
            [
                (name, part.get_feature_names_out(input_features))
                for name, part in self.transformers_
            ],
            self.verbose_feature_names_out,
        )

    @property
    def _part(self) -> Any:
        return self.transformer_list[0][1]

    def __sklearn_tags__(self) -> Any:
        parts = [part for _, part in self.transformer_list if not isinstance(part, str)]
        if not parts:
            return sklearn_bridge.tags(self)
        return sklearn_bridge.tags_of_part(parts[0], True, readers=parts)

    @classmethod
    def examples(cls, rng: np.random.Generator) -> Iterator[tuple[Any, Any, Any]]:
        """Scaled columns beside principal components."""
        kind: Any = cls
        parts = [("scaled", named("StandardScaler")()), ("pca", named("PCA")(n_components=1))]
        yield kind(parts), rng.normal(size=(60, 4)), np.arange(60) % 2


def _fit(part: Any, X: Any, y: Any, params: dict[str, Any], said: str | None) -> Any:
    with timed("FeatureUnion", said):
        return part.fit(X, *([] if y is None else [y]), **params)


def unfitted(name: str, part: Any) -> Any:
    """A clone of a transformer. Raises TypeError for what is none."""
    if isinstance(part, str) and part == "passthrough":
        return Identity()
    if not hasattr(part, "fit") or not hasattr(part, "transform"):
        what = f"All estimators should implement fit and transform: {name!r}, {part!r}, doesn't."
        raise refusal(TypeError, what, "a transformer, 'drop' or 'passthrough'")
    return clone(part)


def transformed(part: Any, X: Any) -> Any:
    """What a fitted transformer makes of X."""
    return part.transform(X)


def weighted(tables: Iterable[Any], names: list[str], weights: Any) -> list[Any]:
    """The tables of the named transformers, each times its weight if it has one."""
    factors = weights or {}
    return [
        table * factors[name] if name in factors else table
        for table, name in zip(tables, names, strict=True)
    ]


class Identity(Transformer):
    """Keeps X as it is."""

    reads = "anything"

    def _fit(self, X):
        self.n_features_in_ = X.shape[1] if hasattr(X, "shape") else len(X[0])

    def _transform(self, X):
        return X if hasattr(X, "tocsr") or is_frame(X) else np.asarray(X)

    def _names_out(self, names):
        return names


def joined_names(named_columns: Any, with_prefix: bool) -> np.ndarray:
    """The names of columns side by side, as part__column. Raises ValueError if two are equal."""
    names = [
        f"{part}__{column}" if with_prefix else str(column)
        for part, columns in named_columns
        for column in columns
    ]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        what = f"Output feature names: {twice[:5]} are not unique."
        raise refusal(
            ValueError, what, "verbose_feature_names_out=True, to add prefixes to feature names"
        )
    return np.array(names, dtype=object)


def make_union(
    *transformers: Any, n_jobs: int | None = None, verbose: bool = False
) -> FeatureUnion:
    """A FeatureUnion whose transformers are named after their classes."""
    return FeatureUnion(named_after_classes(transformers), n_jobs=n_jobs, verbose=verbose)
