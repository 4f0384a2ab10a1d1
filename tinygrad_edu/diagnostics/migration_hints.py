"""What other libraries call it -> what to write here."""

from __future__ import annotations

# Attributes of PyTorch's tensors.
TENSOR = {
    "view": "x.reshape(shape)",
    "unsqueeze": "x[:, None], a new axis where the None stands",
    "permute": "np.transpose(x, axes)",
    "expand": "np.broadcast_to(x, shape)",
    "cat": "np.concatenate([x, y])",
    "dim": "x.ndim",
    "to": "x.astype(dtype); there is one device, the processor",
    "cpu": "x itself: there is one device, the processor",
    "cuda": "x itself: there is one device, the processor",
    "float": "x.astype(np.float32)",
    "long": "x.data.astype(int)",
    "zero_grad": "x.grad = None, or optimizer.zero_grad()",
    "requires_grad_": "Tensor(x.data, requires_grad=True)",
}
