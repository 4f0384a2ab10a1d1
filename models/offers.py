"""scikit-learn's module names: `from models.linear_model import Ridge`, beside `from models import Ridge`.

A program that was written for scikit-learn runs with `sklearn` replaced by `models` in its import lines. The
modules of MODULES have no files: `register` puts them into sys.modules, and a name is imported when asked
for. Chapters that have the name of a module there, such as `models.preprocessing`, answer for themselves.
"""

import importlib
import importlib.util
import sys
import types
from collections.abc import Callable
from typing import Any

# Module name -> the chapters, or files of chapters, whose names it offers; after a colon these names only.
MODULES = {
    "base": ["foundation: clone", "foundation.own"],
    "calibration": ["composition: CalibratedClassifierCV calibration_curve"],
    "cluster": ["clusters"],
    "compose": [
        "composition: ColumnTransformer TransformedTargetRegressor make_column_selector "
        "make_column_transformer"
    ],
    "decomposition": ["components"],
    "discriminant_analysis": ["bayes: LinearDiscriminantAnalysis QuadraticDiscriminantAnalysis"],
    "ensemble": ["ensembles", "boosting"],
    "exceptions": [
        "foundation: ConvergenceWarning DataConversionWarning FitFailedWarning NotFittedError "
        "UndefinedMetricWarning"
    ],
    "feature_extraction": ["text: DictVectorizer FeatureHasher"],
    "feature_extraction.text": ["text"],
    "frozen": ["composition.frozen"],
    "gaussian_process": ["gaussian_processes"],
    "gaussian_process.kernels": ["gaussian_processes.kernels"],
    "impute": ["imputation"],
    "kernel_approximation": ["kernels: Nystroem RBFSampler"],
    "kernel_ridge": ["kernels: KernelRidge"],
    "linear_model": ["linear", "generalized", "online"],
    "manifold": ["embeddings", "components"],
    "mixture": ["mixtures"],
    "model_selection": [
        "selection",
        "composition: FixedThresholdClassifier TunedThresholdClassifierCV",
    ],
    "multiclass": ["composition: OneVsOneClassifier OneVsRestClassifier OutputCodeClassifier"],
    "multioutput": [
        "composition: ClassifierChain MultiOutputClassifier MultiOutputRegressor RegressorChain"
    ],
    "naive_bayes": ["bayes"],
    "neural_network": ["networks", "factors: BernoulliRBM"],
    "pipeline": ["composition: FeatureUnion Pipeline make_pipeline make_union"],
    "random_projection": ["components"],
    "svm": ["kernels: LinearSVC LinearSVR NuSVC NuSVR OneClassSVM SVC SVR"],
    "tree": ["trees"],
}

# scikit-learn's classes of pictures -> their modules there. `import models` does not load them.
PICTURES = {
    "CalibrationDisplay": "calibration",
    "ConfusionMatrixDisplay": "metrics",
    "DecisionBoundaryDisplay": "inspection",
    "DetCurveDisplay": "metrics",
    "LearningCurveDisplay": "model_selection",
    "PartialDependenceDisplay": "inspection",
    "PrecisionRecallDisplay": "metrics",
    "PredictionErrorDisplay": "metrics",
    "RocCurveDisplay": "metrics",
    "ValidationCurveDisplay": "model_selection",
    "plot_tree": "tree",
}


def _estimators() -> dict[str, str]:
    """Estimator -> the file that it is in."""
    return vars(sys.modules["models"])["MODULE_OF"]


def find(module: str, name: str) -> Any:
    """What the module offers under this name. Raises AttributeError (in an import line ImportError)."""
    if name.startswith("__"):  # Python itself looks for such names
        raise AttributeError(f"module 'models.{module}' has no attribute {name!r}")
    if PICTURES.get(name) == module:
        return getattr(importlib.import_module("tinygrad_edu.viz.displays"), name)
    for offer in MODULES.get(module, ()):
        chapter, _, chosen = offer.partition(": ")
        path = f"models.{chapter}"
        if chosen and name not in chosen.split():
            continue
        if (file := _estimators().get(name, "")).startswith(f"{path}."):
            return getattr(importlib.import_module(file), name)
        if module != chapter and importlib.util.find_spec(path):
            found = getattr(importlib.import_module(path), name, None)
            if found is not None and not isinstance(found, types.ModuleType):
                return found
    from tinygrad_edu.diagnostics.words import no_such_name

    raise no_such_name(f"models.{module}", name, names(module), {})


def with_pictures(module: str) -> Callable[[str], Any]:
    """The `__getattr__` of a chapter that also offers pictures, such as "metrics"."""
    return lambda name: find(module, name)


def names(module: str) -> list[str]:
    """The names that the module offers."""
    found = {name for name, home in PICTURES.items() if home == module}
    found |= {*vars(sys.modules[f"models.{module}"]).get("__all__", ())}
    for offer in MODULES.get(module, ()):
        chapter, _, chosen = offer.partition(": ")
        of_models = [n for n, m in _estimators().items() if m.startswith(f"models.{chapter}.")]
        if chosen:
            found |= {*chosen.split()}
        elif module == chapter or not importlib.util.find_spec(f"models.{chapter}"):
            found |= {*of_models}
        else:
            known = vars(importlib.import_module(f"models.{chapter}"))
            found |= {*of_models, *known.get("__all__", ())}
    return sorted(found)


class _Module(types.ModuleType):
    """A module without a file, which imports a name when it is asked for."""

    def __getattr__(self, name: str) -> Any:
        module = self.__name__.removeprefix("models.")
        if name == "__all__":
            return names(module)
        found = find(module, name)
        setattr(self, name, found)
        return found

    def __dir__(self) -> list[str]:
        return names(self.__name__.removeprefix("models."))


def register(chapters: set[str]) -> None:
    """Makes the modules known to Python's import, but for those that are chapters."""
    for module in MODULES:
        if module not in chapters:
            made = _Module(f"models.{module}", f"The names of scikit-learn's {module}.")
            sys.modules.setdefault(f"models.{module}", made)
    for module in MODULES:
        parent, _, child = module.rpartition(".")
        if parent:
            outer = sys.modules.setdefault(f"models.{parent}", types.ModuleType(f"models.{parent}"))
            setattr(outer, child, sys.modules[f"models.{module}"])
