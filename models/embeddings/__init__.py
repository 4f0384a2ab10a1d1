"""Embeddings: a point in few dimensions for each row, so that what is near stays near.

embedding           what they have in common: one optimizer for different losses
tsne                neighbors stay neighbors
umap                neighbors stay neighbors, in a fuzzy sense
mds                 distances stay, or their order
neighborhood        what embeddings by eigenvectors have in common
isomap              distances along the surface stay
locally_linear      each row stays where it is among its neighbors
spectral_embedding  neighbors come together, by the Laplacian of their graph
nca                 a linear map after which neighbors vote best
distances           the distances of all pairs of rows
bisection           in many rows at once
kl_gradient         fast, for tsne
gains               gradient descent with momentum and gains
"""
