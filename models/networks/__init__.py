"""Networks with an estimator's interface.

mlp     multilayer perceptrons: MLPClassifier and MLPRegressor
"""
