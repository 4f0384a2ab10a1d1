"""Components: data as sums of a few patterns.

pca                  orthogonal directions of largest variance
incremental_pca      the same for data in batches
kernel_pca           the same of features that a kernel compares
sparse_pca           components that combine few features
truncated_svd        the directions of PCA without centering, for sparse data
random_projection    directions chosen at random, which keep distances
moments              mean and products of rows, in one pass
randomized           their approximation by random projections
nmf                  patterns and shares that are not negative
factor_analysis      hidden normal factors, and noise of its own for each feature
fast_ica             independent sources
sparse_codes         rows as sums of few given patterns
dictionary_learning  patterns of which every row is a sum of few
topics               topics of documents, latent Dirichlet allocation
"""
