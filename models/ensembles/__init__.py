"""Ensembles: several models, which decide together.

forest          what forests have in common
random_forest   RandomForest and ExtraTrees, for classes and numbers
adaboost        AdaBoostClassifier and -Regressor: models that attend to the errors of those before
bagging         BaggingClassifier and -Regressor: models of random rows and features
voting          VotingClassifier and -Regressor: the mean or the majority
stacking        StackingClassifier and -Regressor: a model of the predictions of models
members         how all of them make and fit their members
embedding       RandomTreesEmbedding: the leaves of random trees as features
isolation       IsolationForest, which finds outliers
"""
