"""Ensembles: many trees, grown from different samples.

forest          what forests have in common
random_forest   RandomForest and ExtraTrees, for classes and numbers
isolation       IsolationForest, which finds outliers
"""
