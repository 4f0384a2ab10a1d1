"""A pipeline: transformers one after the other, and an estimator at the end, as one estimator.

In cross-validation the whole pipeline is fitted to the training rows, so that nothing leaks from the test
rows: not even their mean, as it would if X were scaled before.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from models.composition.progress import timed
from models.foundation import boolean, clone, learned, sklearn_bridge, where
from models.foundation.examples import named, numbers
from models.foundation.fields import REQUIRED, Parameter
from models.foundation.parameters import is_named_list
from models.foundation.wrapper import Wrapper
from tinygrad_edu.diagnostics.words import refusal

PASSES = (None, "passthrough")  # a step that does nothing


class Named(dict):
    """A dict whose values are attributes too: named_steps["scaler"] is named_steps.scaler."""

    def __getattr__(self, name: str) -> Any:
        if name in self:
            return self[name]
        raise AttributeError(f"no part is called {name!r}: {', '.join(self)}")


def pairs(words: str, doc: str) -> Any:
    """A parameter that is a list of pairs (name, estimator); `fit` checks the estimators."""
    return Parameter(REQUIRED, is_named_list, words, doc)


class Pipeline(Wrapper):
    """Transformers one after the other, and an estimator at the end, as one estimator.

    `fit` fits each transformer to what those before it made of X, and then the estimator. The fitted steps
    replace those in `steps`, so that pipeline[-1].coef_ or pipeline["scaler"].mean_ are what they learned;
    the objects that were given stay unfitted.
    """

    steps: Any = pairs(
        "a list of pairs (name, estimator), all names different",
        "the transformers and at the end any estimator; 'passthrough' does nothing",
    )
    memory: Any = Parameter(
        None,
        lambda x: x is None or isinstance(x, (str, Path)) or hasattr(x, "cache"),
        "None, a folder or a joblib.Memory",
        "stores fitted transformers, so that a search fits each once for the same data; needs joblib",
    )
    verbose: bool = boolean(False, doc="print how long each step took to fit")

    does_not_apply: ClassVar = {
        **Wrapper.does_not_apply,
        "check_dont_overwrite_parameters": "the fitted steps replace those in steps, as in scikit-learn",
        "check_estimators_overwrite_params": "the fitted steps replace those in steps, as in scikit-learn",
    }

    _is_fitted_: bool = learned("has it been fitted?")

    @property
    def _part(self) -> Any:
        return self.steps[-1][1] if is_named_list(self.steps) else None

    @property
    def named_steps(self) -> Named:
        """Name -> step."""
        return Named(self.steps)

    def __len__(self) -> int:
        return len(self.steps)

    def __getitem__(self, key: Any) -> Any:
        """A step, by number or name; a slice is a pipeline of these steps."""
        if isinstance(key, slice):
            part = type(self)(self.steps[key])
            if "_is_fitted_" in vars(self):
                part._is_fitted_ = True
            return part
        return self.named_steps[key] if isinstance(key, str) else self.steps[key][1]

    @property
    def classes_(self) -> Any:
        """The classes of the last step."""
        return self._part.classes_

    # ---- fit -----------------------------------------------------------------------------------

    def _fit_parts(self, X, y, **params):
        X = self._fit_transformers(X, y, params)
        if self._part not in PASSES:
            with self._timed(-1):
                self._part.fit(X, *([] if y is None else [y]), **self._of_step(-1, params))

    def _fit_transformers(self, X, y, params):
        """Fits clones of all but the last step, and a clone of that stays unfitted; returns the new X."""
        self._check_steps(params)
        self.steps = [(name, step if step in PASSES else clone(step)) for name, step in self.steps]
        first = True
        work = _fitted_and_transformed
        if self.memory is not None:
            work = _memory(self.memory).cache(work)
        for number, (name, step) in enumerate(self.steps[:-1]):
            if step in PASSES:
                continue
            with self._timed(number):
                X, step = work(step, X, y, self._of_step(number, params))
            self.steps[number] = (name, step)
            if first:
                self._note_columns_of(step)
            first = False
        self._is_fitted_ = True
        return X

    def _timed(self, number):
        name, number = self.steps[number][0], number % len(self.steps) + 1
        said = f"(step {number} of {len(self.steps)}) Processing {name}"
        return timed("Pipeline", said if self.verbose else None)

    def _take_over(self, learner):
        super()._take_over(learner)
        self.steps = learner.steps
        if first := next((step for _, step in self.steps if step not in PASSES), None):
            self._note_columns_of(first)
        return self

    def _check_steps(self, params):
        for name, step in self.steps[:-1]:
            if step in PASSES or (hasattr(step, "transform") and hasattr(step, "fit")):
                continue
            what = (
                "All intermediate steps should be transformers and implement fit and transform or be the "
                f"string 'passthrough': step {name!r}, {step!r}, has no "
                f"{'fit' if hasattr(step, 'transform') else 'transform'}."
            )
            raise refusal(TypeError, what, "an estimator that does not transform as the last step")
        name, last = self.steps[-1]
        if last not in PASSES and (not hasattr(last, "fit") or isinstance(last, type)):
            what = (
                "Last step of Pipeline should implement fit or be the string 'passthrough': "
                f"{last!r} doesn't."
            )
            hint = f"{last.__name__}()" if isinstance(last, type) else "an estimator"
            raise refusal(TypeError, what, hint)
        for parameter in params:
            step, _, inner = parameter.partition("__")
            if not inner or step not in dict(self.steps):
                what = f"Pipeline.fit does not accept the {parameter} parameter."
                raise refusal(ValueError, what, f"{name}__{parameter}=..., for one of its steps")

    def _of_step(self, number, params):
        """The arguments of fit for a step, without its name."""
        start = f"{self.steps[number][0]}__"
        return {name[len(start) :]: x for name, x in params.items() if name.startswith(start)}

    @where("_last_transforms")
    def fit_transform(self, X: Any, y: Any = None, **params: Any) -> Any:
        """Fits, and returns what the pipeline makes of X."""
        return self._fit_and("fit_transform", X, y, params)

    @where("_part.fit_predict")
    def fit_predict(self, X: Any, y: Any = None, **params: Any) -> Any:
        """Fits, and returns fit_predict of the last step."""
        return self._fit_and("fit_predict", X, y, params)

    def _fit_and(self, method, X, y, params):
        self._check_parameters()
        learner = self._copy(with_learned=False)
        X = learner._fit_transformers(X, y, params)
        last, arguments = learner._part, learner._of_step(-1, params)
        if last not in PASSES:
            with learner._timed(-1):
                if method == "fit_transform":
                    X = fit_and_transform(last, X, y, arguments)
                else:
                    X = last.fit_predict(X, y, **arguments)
        self._take_over(learner)
        return X

    # ---- after fit -----------------------------------------------------------------------------

    def _before_last(self, X: Any) -> Any:
        self._require_fit()
        for _, step in self.steps[:-1]:
            if step not in PASSES:
                X = step.transform(X)
        return X

    @where("_part.predict")
    def predict(self, X: Any, **params: Any) -> Any:
        """What the last step predicts of the transformed X."""
        return self._part.predict(self._before_last(X), **params)

    @where("_part.predict_proba")
    def predict_proba(self, X: Any) -> Any:
        """P(class | x) by the last step."""
        return self._part.predict_proba(self._before_last(X))

    @where("_part.predict_log_proba")
    def predict_log_proba(self, X: Any) -> Any:
        """log P(class | x) by the last step."""
        return self._part.predict_log_proba(self._before_last(X))

    @where("_part.decision_function")
    def decision_function(self, X: Any) -> Any:
        """The scores of the classes by the last step."""
        return self._part.decision_function(self._before_last(X))

    @where("_part.score_samples")
    def score_samples(self, X: Any) -> Any:
        """The score of each row by the last step."""
        return self._part.score_samples(self._before_last(X))

    @where("_part.score")
    def score(self, X: Any, y: Any = None, sample_weight: Any = None) -> Any:
        """The score of the last step for the transformed X."""
        more = {} if sample_weight is None else {"sample_weight": sample_weight}
        return self._part.score(self._before_last(X), *([] if y is None else [y]), **more)

    @property
    def _last_transforms(self) -> bool:
        if self._part in PASSES or hasattr(self._part, "transform"):
            return True
        raise AttributeError("the last step has no transform")

    @where("_last_transforms")
    def transform(self, X: Any) -> Any:
        """X, transformed by all steps."""
        X = self._before_last(X)
        return X if self._part in PASSES else self._part.transform(X)

    @property
    def _all_invert(self) -> bool:
        if all(step in PASSES or hasattr(step, "inverse_transform") for _, step in self.steps):
            return True
        raise AttributeError("a step has no inverse_transform")

    @where("_all_invert")
    def inverse_transform(self, X: Any) -> Any:
        """X, transformed back by all steps, from the last to the first."""
        self._require_fit()
        for _, step in reversed(self.steps):
            X = X if step in PASSES else step.inverse_transform(X)
        return X

    def get_feature_names_out(self, input_features: Any = None) -> Any:
        """The names of the columns of transform(X)."""
        self._require_fit()
        for name, step in self.steps:
            if step in PASSES:
                continue
            if not hasattr(step, "get_feature_names_out"):
                what = f"Estimator {name} does not provide get_feature_names_out."
                raise refusal(AttributeError, what, "pipeline[:-1].get_feature_names_out()")
            input_features = step.get_feature_names_out(input_features)
        return input_features

    def set_output(self, *, transform: str | None = None) -> Any:
        """Chooses what the transformers return: "default", "pandas" or "polars". Returns self."""
        for _, step in self.steps:
            if hasattr(step, "set_output") and hasattr(step, "transform"):
                step.set_output(transform=transform)
        return self

    def __sklearn_tags__(self) -> Any:
        steps = [step for _, step in self.steps if step not in PASSES]
        if not steps:
            return sklearn_bridge.tags(self)
        last = self._part if self._part not in PASSES else steps[0]
        return sklearn_bridge.tags_of_part(last, hasattr(self, "transform"), readers=steps)

    @classmethod
    def examples(cls, rng: np.random.Generator) -> Iterator[tuple[Any, Any, Any]]:
        """A scaled linear model."""
        ridge = named("Ridge")
        X = rng.normal(size=(60, 4))
        kind: Any = cls
        yield (
            kind([("scale", named("StandardScaler")()), ("model", ridge())]),
            X,
            numbers(X, rng, ridge),
        )


def fit_and_transform(step: Any, X: Any, y: Any, arguments: dict[str, Any]) -> Any:
    """Fits a transformer, and returns what it makes of X."""
    data = [X] if y is None else [X, y]
    if hasattr(step, "fit_transform"):
        return step.fit_transform(*data, **arguments)
    return step.fit(*data, **arguments).transform(X)


def _fitted_and_transformed(
    step: Any, X: Any, y: Any, arguments: dict[str, Any]
) -> tuple[Any, Any]:
    """What a transformer makes of X, and the fitted transformer: the work that is stored in memory."""
    return fit_and_transform(step, X, y, arguments), step


def _memory(given: Any) -> Any:
    """joblib's store in a folder, or the one that is given."""
    if hasattr(given, "cache"):
        return given
    try:
        import joblib
    except ImportError:
        what = f"memory={str(given)!r} needs the library joblib, which is not installed."
        raise refusal(ImportError, what, "pip install joblib, or memory=None") from None
    return joblib.Memory(given, verbose=0)


def make_pipeline(*steps: Any, memory: Any = None, verbose: bool = False) -> Pipeline:
    """A Pipeline whose steps are named after their classes: make_pipeline(StandardScaler(), Ridge())."""
    return Pipeline(named_after_classes(steps), memory=memory, verbose=verbose)


def named_after_classes(parts: Any) -> list[tuple[str, Any]]:
    """(name of the class in lower case, part), numbered if there are several of one class."""
    names = [part if isinstance(part, str) else type(part).__name__.lower() for part in parts]
    numbered = [
        f"{name}-{names[: i + 1].count(name)}" if names.count(name) > 1 else name
        for i, name in enumerate(names)
    ]
    return list(zip(numbered, parts, strict=True))
