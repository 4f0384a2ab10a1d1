"""Generative classifiers: a distribution p(x | y) of each class, and Bayes's rule for p(y | x).

bayes_rule                  p(y | x) from the densities of the classes; the counts of classes
gaussian                    a normal distribution for each feature
counts                      what the models of counts have in common
multinomial, complement     words drawn from a vocabulary
bernoulli                   words present or absent
categorical                 a table of probabilities for each feature
covariance                  estimates of covariance matrices, with shrinkage
discriminant                what the next two have in common
lda                         normal distributions with one covariance matrix for all classes
qda                         normal distributions with a covariance matrix for each class
"""
