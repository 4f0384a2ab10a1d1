"""Linear models: a weighted sum of the features.

least_squares        least squared errors
ridge                with a penalty on the squares of the weights
ridge_cv             the same, with its strength chosen by cross-validation
elastic_net          with a penalty that makes weights exactly 0: lasso and elastic net
path                 both for a whole grid of penalties
elastic_net_cv       both with their strength chosen by cross-validation
multi_task           both for several targets that depend on the same features
lars                 the lasso's exact path, and least angle regression
lars_cv              where on that path to stop: by cross-validation, or an information criterion
matching_pursuit     few features, chosen one by one
huber                errors that count linearly if they are large
quantile             quantiles in place of the mean, by linear programming
bayesian             precisions of errors and weights by evidence: Bayesian ridge and ARD
theil_sen            the median of the fits to few samples
ransac               the samples that agree with each other
coordinate_descent   how these are found, and how far from the minimum they are
row_descent          the same for rows of weights, one for each target
"""
