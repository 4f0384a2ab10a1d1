"""Pictures in steps: what an algorithm does, one frame after the other.

`Frames` is such a picture: `save("steps.html")` writes a page with a slider, and `plot(3)` draws one frame
with matplotlib. Each of the other files makes the frames of one algorithm.
"""
