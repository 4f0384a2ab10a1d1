"""Foundation."""

from models.foundation.conditional import where
from models.foundation.estimator import Estimator
from models.foundation.facts import Facts
from models.foundation.kinds import (
    Classifier,
    Clusterer,
    Density,
    OutlierDetector,
    Regressor,
    Transformer,
)
from models.foundation.meta import clone, fit_clone, takes_weights
from models.foundation.parameters import (
    anything,
    array,
    boolean,
    choice,
    function,
    integer,
    learned,
    named_parts,
    nonnegative,
    number,
    part,
    positive,
    seed,
)
from models.foundation.sklearn_bridge import (
    ConvergenceWarning,
    DataConversionWarning,
    NotFittedError,
    warn,
)
