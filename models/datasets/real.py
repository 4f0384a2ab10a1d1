"""Six of scikit-learn's data sets, with its interface: load_iris(return_X_y=True, as_frame=True).

Iris, wine and digits come from `tinygrad_edu.data`; the others from `sets/`, whose LICENSE.txt and
sources.json name their sources.
"""

from typing import Any

import numpy as np

from models.datasets.loading import SETS, data_set
from tinygrad_edu.data import bundled

TABLES = SETS / "tables.npz"


def _bundled(name: str) -> tuple[np.ndarray, np.ndarray, Any]:
    found = getattr(bundled, f"load_{name}")(dtype=np.float64)
    return found.x.reshape(len(found.x), -1), found.y.astype(np.int64), found


def load_iris(*, return_X_y: bool = False, as_frame: bool = False) -> Any:
    """150 flowers of three species, with four lengths in centimeters: data (150, 4), target 0 to 2."""
    X, y, found = _bundled("iris")
    names = np.array(found.class_names)
    return data_set(X, y, list(found.feature_names), names, found.description, return_X_y, as_frame)


def load_wine(*, return_X_y: bool = False, as_frame: bool = False) -> Any:
    """178 wines from three growers, with 13 measurements: data (178, 13), target 0 to 2."""
    X, y, found = _bundled("wine")
    names = np.array(found.class_names)
    return data_set(X, y, list(found.feature_names), names, found.description, return_X_y, as_frame)


def load_digits(*, n_class: int = 10, return_X_y: bool = False, as_frame: bool = False) -> Any:
    """1797 handwritten digits of 8 × 8 pixels from 0 to 16: data (1797, 64), target 0 to 9.

    n_class   only the digits below this
    """
    X, y, found = _bundled("digits")
    X, y = X[y < n_class], y[y < n_class]
    features = list(found.feature_names)
    bunch = data_set(X, y, features, np.arange(n_class), found.description, return_X_y, as_frame)
    if not return_X_y:
        bunch.images = X.reshape(-1, 8, 8)
    return bunch


def _table(name: str) -> np.ndarray:
    with np.load(TABLES) as tables:
        return tables[name]


MEASURES = (
    "radius", "texture", "perimeter", "area", "smoothness", "compactness", "concavity", "concave points",
    "symmetry", "fractal dimension",
)  # fmt: skip


def load_breast_cancer(*, return_X_y: bool = False, as_frame: bool = False) -> Any:
    """569 tumors and the shapes of their cell nuclei: data (569, 30), target 0 (malignant), 1 (benign)."""
    table = _table("breast_cancer")
    features = [f"mean {m}" for m in MEASURES]
    features += [f"{m} error" for m in MEASURES] + [f"worst {m}" for m in MEASURES]
    return data_set(
        table[:, :-1],
        table[:, -1].astype(np.int64),
        features,
        np.array(["malignant", "benign"]),
        "Cell nuclei in pictures of 569 breast tumors: mean, standard error and worst of ten "
        "measures. Source: W. Street, W. Wolberg, O. Mangasarian, Nuclear feature extraction for breast "
        "tumor diagnosis (1993).",
        return_X_y,
        as_frame,
    )


def load_diabetes(*, return_X_y: bool = False, as_frame: bool = False, scaled: bool = True) -> Any:
    """442 patients with ten measurements, and how their diabetes progressed in a year: data (442, 10).

    scaled   each column has mean 0 and length 1, as in the source; False for years, kg/m², ...
    """
    table = _table("diabetes")
    X = table[:, :-1]
    if scaled:
        X = (X - X.mean(axis=0)) / X.std(axis=0) / np.sqrt(len(X))
    return data_set(
        X,
        table[:, -1],
        ["age", "sex", "bmi", "bp", "s1", "s2", "s3", "s4", "s5", "s6"],
        None,
        "Age, sex, body mass index, blood pressure and six blood serum measurements of 442 patients, and a "
        "measure of the progression of their disease. Source: B. Efron et al., Least angle "
        "regression (2004).",
        return_X_y,
        as_frame,
    )


def load_linnerud(*, return_X_y: bool = False, as_frame: bool = False) -> Any:
    """20 men with three exercises and three body measurements: data (20, 3), target (20, 3)."""
    table = _table("linnerud")
    return data_set(
        table[:, :3],
        table[:, 3:],
        ["Chins", "Situps", "Jumps"],
        ["Weight", "Waist", "Pulse"],
        "Exercises and bodies of twenty men in a fitness club. Source: M. Tenenhaus, La régression "
        "PLS (1998).",
        return_X_y,
        as_frame,
    )
