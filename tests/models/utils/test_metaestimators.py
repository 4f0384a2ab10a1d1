"""Methods that only some instances have."""

import pytest
from models.base import BaseEstimator

from models import Ridge, StandardScaler
from models.utils.metaestimators import available_if


class Outer(BaseEstimator):
    def __init__(self, inner):
        self.inner = inner

    @available_if(lambda self: self.inner.transform)
    def transform(self, X):
        """The columns."""
        return self.inner.transform(X)


def test_available_if():
    scaler = StandardScaler().fit([[0.0], [2.0]])
    assert Outer(scaler).transform([[4.0]]) == 3.0
    assert not hasattr(Outer(Ridge()), "transform")
    with pytest.raises(AttributeError, match="this Outer has no transform"):
        getattr(Outer(Ridge()), "transform")  # noqa: B009
    assert Outer.transform.__doc__ == "The columns."
