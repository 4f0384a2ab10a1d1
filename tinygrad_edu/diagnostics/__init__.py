"""What guards, explains and words errors. Nothing here knows the Tensor."""
