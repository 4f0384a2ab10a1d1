"""Programs from a CSV file to results: train, predict, compare with Keras, show on a page.

    tinygrad-edu train train.csv --out run

commands     what the terminal is told, and how errors are told to it
settings     what can be chosen, and the networks
examples     a CSV file of pixels or of paths to images, as arrays; its parts
run          the folder that a training leaves behind
learn, predict, compare, show    a command each
"""
