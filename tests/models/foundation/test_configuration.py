"""Settings for all estimators."""

import numpy as np
import pytest

import models
from models import StandardScaler, config_context, get_config, set_config
from models.foundation.parallel import each


def test_settings_are_those_of_scikit_learn():
    sklearn = pytest.importorskip("sklearn")
    assert get_config().keys() == sklearn.get_config().keys()
    assert get_config() == {**sklearn.get_config(), "transform_output": "default"}


def test_set_and_context():
    pandas = pytest.importorskip("pandas")
    X = np.arange(6.0).reshape(3, 2)
    set_config(transform_output="pandas", assume_finite=True)
    try:
        assert isinstance(StandardScaler().fit_transform(X), pandas.DataFrame)
        own = StandardScaler().set_output(transform="default")
        assert isinstance(own.fit_transform(X), np.ndarray)
        with config_context(transform_output="default"):
            assert isinstance(StandardScaler().fit_transform(X), np.ndarray)
        assert get_config()["transform_output"] == "pandas"
    finally:
        set_config(transform_output="default", assume_finite=False)
    with pytest.raises(ZeroDivisionError), config_context(transform_output="pandas"):
        raise ZeroDivisionError
    assert get_config()["transform_output"] == "default"


def _container():
    return get_config()["transform_output"]


def test_other_processes_have_the_same_settings():
    pytest.importorskip("joblib")
    with config_context(transform_output="pandas"):
        assert each(_container, [(), ()], n_jobs=2) == ["pandas", "pandas"]


def test_what_is_not_supported():
    with pytest.raises(ValueError, match="enable_metadata_routing=True.* is not supported"):
        set_config(enable_metadata_routing=True)
    with pytest.raises(ValueError, match="no such container"):
        set_config(transform_output="numpy")
    with pytest.raises(TypeError, match="unexpected keyword(?s:.*)transform_output"):
        set_config(transform_outpt="pandas")
    assert "set_config" in dir(models) and "set_config" not in models.__all__
