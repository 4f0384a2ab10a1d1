"""The bridge to scikit-learn: an estimator works inside its tools, but does not need it.

scikit-learn is imported only when it asks for tags or metadata routing. If it is already loaded, errors and
warnings also belong to its classes, because code around an estimator, such as a grid search or
`warnings.filterwarnings`, catches those.
"""

import copy
import inspect
import sys
import types
import warnings
from collections.abc import Sequence
from typing import Any

from models.foundation.configuration import get_config
from tinygrad_edu.diagnostics.words import is_ours, refusal


class NotFittedError(ValueError, AttributeError):
    """An estimator was used before it was fitted."""


class DataConversionWarning(UserWarning):
    """The data had a form whose meaning was guessed."""


class ConvergenceWarning(UserWarning):
    """The iterations ended before they converged."""


class UndefinedMetricWarning(UserWarning):
    """A metric is not defined for these data, such as the precision of a class that is never predicted."""


class FitFailedWarning(RuntimeWarning):
    """An estimator could not be fitted to some of the folds."""


def known_to_sklearn(kind: type) -> Any:
    """`kind` and, if scikit-learn is loaded, its class of the same name, in one class."""
    theirs = getattr(sys.modules.get("sklearn.exceptions"), kind.__name__, None)
    return kind if theirs is None else type(kind.__name__, (kind, theirs), {})


def not_fitted(estimator: Any, missing: str = "") -> Exception:
    """The error of an estimator that is not fitted, or that did not learn what is missing."""
    name = type(estimator).__name__
    if is_fitted(estimator):
        if missing == "trace_":
            what = f"this {name} was fitted without a trace."
            return refusal(AttributeError, what, f"with traced(): {name}(...).fit(...)")
        what = f"this {name} has no {missing}: with its parameters, fit does not compute it."
        return refusal(AttributeError, what, f"the parameters in help({name})")
    return refusal(
        known_to_sklearn(NotFittedError),
        f"this {name} is not fitted yet" + (f", so it has no {missing}." if missing else "."),
        f"{name}(...).fit(X, y) first"
        if estimator._is_supervised()
        else f"{name}(...).fit(X) first",
    )


def kind_of(estimator: Any) -> str | None:
    """What an estimator is, of ours or of scikit-learn: "classifier", "regressor", ... or None."""
    if hasattr(estimator, "__sklearn_tags__") and not hasattr(estimator, "reason_against"):
        return estimator.__sklearn_tags__().estimator_type
    return getattr(estimator, "kind", None)


def is_learned(name: str) -> bool:
    """Is it the name of something learned? Such names end in an underscore."""
    return name.endswith("_")


def is_fitted(estimator: Any) -> bool:
    """Has it learned something?"""
    return any(map(is_learned, vars(estimator)))


def warn(kind: type[Warning], text: str) -> None:
    """Warns at the user's own line, with a class that scikit-learn's filters know."""
    level, frame = 1, sys._getframe(0)
    while frame.f_back and is_ours(frame.f_code.co_filename):
        level, frame = level + 1, frame.f_back
    warnings.warn(text, known_to_sklearn(kind), stacklevel=level)


# ---- what scikit-learn asks ----------------------------------------------------------------------


def tags(estimator: Any) -> Any:
    """The facts about an estimator, in scikit-learn's classes for them."""
    from sklearn.utils import (
        ClassifierTags,
        InputTags,
        RegressorTags,
        Tags,
        TargetTags,
        TransformerTags,
    )

    kind, poor = estimator.kind, estimator.poor_score
    return Tags(
        estimator_type=kind,
        target_tags=TargetTags(
            required=estimator._is_supervised(),
            multi_output=estimator.several_targets,
            positive_only=estimator.y_at_least == 0 or estimator.y_above == 0,
        ),
        input_tags=InputTags(
            allow_nan=estimator.allow_nan,
            sparse=estimator.accepts_sparse,
            positive_only=estimator.nonnegative_X,
            string=estimator.reads == "categories",
            categorical=estimator.reads == "categories",
            pairwise=estimator.pairwise,
        ),
        classifier_tags=(
            ClassifierTags(poor_score=poor, multi_class=estimator.several_classes)
            if kind == "classifier"
            else None
        ),
        regressor_tags=RegressorTags(poor_score=poor) if kind == "regressor" else None,
        transformer_tags=(
            TransformerTags(preserves_dtype=[]) if hasattr(estimator, "transform") else None
        ),
        requires_fit=estimator.requires_fit,
    )


def plain_tags(kind: str | None, transforms: bool) -> Any:
    """The facts about an estimator that declares none, in scikit-learn's classes if it is loaded."""
    supervised = kind in ("classifier", "regressor")
    targets: dict[str, Any] = {
        "required": supervised, "one_d_labels": False, "two_d_labels": False, "positive_only": False,
        "multi_output": False, "single_output": True,
    }  # fmt: skip
    inputs = dict.fromkeys(
        ("one_d_array", "three_d_array", "sparse", "categorical", "string", "dict", "positive_only",
         "allow_nan", "pairwise"), False,
    )  # fmt: skip
    make: Any = types.SimpleNamespace
    if loaded := sys.modules.get("sklearn") is not None:
        import sklearn.utils as make  # type: ignore[no-redef]

    def part(name: str, **facts: Any) -> Any:
        return getattr(make, name)(**facts) if loaded else make(**facts)

    return part(
        "Tags",
        estimator_type=kind,
        target_tags=part("TargetTags", **targets),
        input_tags=part("InputTags", two_d_array=True, **inputs),
        classifier_tags=part(
            "ClassifierTags", poor_score=False, multi_class=True, multi_label=False
        )
        if kind == "classifier"
        else None,
        regressor_tags=part("RegressorTags", poor_score=False) if kind == "regressor" else None,
        transformer_tags=part("TransformerTags", preserves_dtype=["float64"])
        if transforms
        else None,
        array_api_support=False,
        no_validation=False,
        non_deterministic=False,
        requires_fit=True,
    )


def tags_of_part(part: Any, transforms: bool, readers: Sequence[Any] = ()) -> Any:
    """The facts about an estimator, which are those of a part of it.

    readers: the parts that get X or, one after the other, what is left of it. The first says what X may be;
    missing values are allowed if all allow them.
    """
    from sklearn.utils import TransformerTags, get_tags

    found = copy.deepcopy(get_tags(part))
    found.transformer_tags = TransformerTags(preserves_dtype=[]) if transforms else None
    if readers:
        found.input_tags = copy.deepcopy(get_tags(readers[0]).input_tags)
        found.input_tags.allow_nan = all(get_tags(each).input_tags.allow_nan for each in readers)
    return found


def output_container(estimator: Any) -> str:
    """What `transform` returns, "default", "pandas" or "polars", by set_output, set_config or sklearn."""
    config = vars(estimator).get("_sklearn_output_config", {})
    if "transform" in config:
        return config["transform"]
    if (chosen := get_config()["transform_output"]) != "default":
        return chosen
    sklearn = sys.modules.get("sklearn")
    return sklearn.get_config()["transform_output"] if sklearn else "default"


# Metadata routing: the methods to which a Pipeline or a search may pass more than X and y.
METHODS = (
    "fit", "partial_fit", "score", "predict", "predict_proba", "predict_log_proba", "decision_function",
    "transform", "inverse_transform",
)  # fmt: skip


def metadata_request(estimator: Any) -> Any:
    """scikit-learn's MetadataRequest: empty unless `set_fit_request` or the like was called."""
    from sklearn.utils.metadata_routing import MetadataRequest

    if "_metadata_request" in vars(estimator):
        return copy.deepcopy(estimator._metadata_request)
    request = MetadataRequest(owner=type(estimator).__name__)
    for method in METHODS:
        for argument in _metadata(estimator, method):
            getattr(request, method).add_request(param=argument, alias=None)
    return request


def request_metadata(estimator: Any, method: str, wanted: dict[str, Any]) -> Any:
    """Stores what a method requests in `_metadata_request`, which scikit-learn's `clone` copies."""
    known = _metadata(estimator, method)
    request = metadata_request(estimator)
    for argument, alias in wanted.items():
        if argument not in known:
            what = f"{type(estimator).__name__}.{method} has no argument {argument}."
            raise refusal(TypeError, what, ", ".join(f"{name}=True" for name in known))
        getattr(request, method).add_request(param=argument, alias=alias)
    estimator._metadata_request = request
    return estimator


def _metadata(estimator: Any, method: str) -> list[str]:
    """The arguments of a method that are neither X nor y."""
    function = getattr(estimator, method, None)
    takes = inspect.signature(function).parameters.values() if function else ()
    return [p.name for p in takes if p.name not in ("X", "y") and p.kind is not p.VAR_KEYWORD]
