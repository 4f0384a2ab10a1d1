"""Guards, explanations and error messages. They know the Node, and not the Tensor."""
