"""What tests of estimators share: data, what a fitted model answers, and the checks of scikit-learn."""

from functools import partial

import numpy as np

ANSWERS = (
    "predict", "predict_proba", "predict_log_proba", "decision_function", "transform", "score_samples",
)  # fmt: skip


def blobs(n=200, p=3, k=4, seed=0, apart=3.0):
    """X (n, p), normally distributed around k centers."""
    return labeled_blobs(n, p, k, seed, apart)[0]


def labeled_blobs(n, p, k, seed=0, apart=3.0):
    """The same, and the labels (n,)."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, k, n)
    return apart * rng.normal(size=(k, p))[labels] + rng.normal(size=(n, p)), labels


def answers(model, X):
    """What a fitted model says of X, by method; sparse matrices as arrays."""
    found = {name: getattr(model, name)(X) for name in ANSWERS if hasattr(model, name)}
    return {name: x.toarray() if hasattr(x, "toarray") else x for name, x in found.items()}


def learned(model):
    return {name: x for name, x in vars(model).items() if name.endswith("_")}


def assert_same_answers(ours, expected, tolerance=1e-9):
    assert ours.keys() == expected.keys()
    for name in expected:
        if np.asarray(expected[name]).dtype.kind in "fc":
            size = np.abs(expected[name])[np.isfinite(expected[name])].max(initial=1e-300)
            np.testing.assert_allclose(
                ours[name], expected[name], rtol=tolerance, atol=tolerance * size, err_msg=name
            )
        else:
            np.testing.assert_array_equal(ours[name], expected[name], name)


def assert_clear(error):
    """The error names the user's line, which is one of a test, and says what to try."""
    said = str(error)
    assert "\n  at test_" in said and "\n  Try: " in said, said


def checks_of(estimator):
    """All checks: those that scikit-learn yields, and those that it keeps to its own estimators."""
    from sklearn.utils import estimator_checks

    yield from (check for _, check in estimator_checks.estimator_checks_generator(estimator))
    own = [
        estimator_checks.check_dataframe_column_names_consistency,
        estimator_checks.check_inplace_ensure_writeable,
    ]
    if estimator.kind == "clusterer":
        own += estimator_checks._yield_clustering_checks(estimator)
    if hasattr(estimator, "transform"):
        own += [
            estimator_checks.check_get_feature_names_out_error,
            estimator_checks.check_global_output_transform_pandas,
            estimator_checks.check_global_set_output_transform_polars,
            estimator_checks.check_set_output_transform,
            estimator_checks.check_set_output_transform_pandas,
            estimator_checks.check_set_output_transform_polars,
            estimator_checks.check_transformer_get_feature_names_out,
            estimator_checks.check_transformer_get_feature_names_out_pandas,
        ]
    yield from (partial(check, type(estimator).__name__) for check in own)


def name_of(check):
    while isinstance(check, partial):
        check = check.func
    return getattr(check, "__name__", str(check))
