"""Networks with an estimator's interface.

mlp             multilayer perceptrons: MLPClassifier and MLPRegressor
autoencoder     few numbers for each row, from which the row can be computed again
vae             the same as a distribution, from which new rows can be drawn
gan             two networks against each other, of which one learns to draw new rows
soft_tree       decision trees that gradients can train
word2vec        vectors of words
layers          fully connected layers, which they have in common
"""
