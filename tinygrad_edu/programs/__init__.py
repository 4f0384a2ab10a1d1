"""Commands from a CSV file to results: train, predict, compare with Keras, show on a page.

    tinygrad-edu train train.csv --out run

commands          the arguments of the commands, and their errors in the terminal
settings          the options of `train`
networks          the two networks, their optimizer and augmentation
dataset           a CSV file of pixels or of paths to images, as arrays; training, validation and test set
run               the folder that a training leaves behind
samples           `digits` and `characters`
train, predict, compare, show    a command each
"""
