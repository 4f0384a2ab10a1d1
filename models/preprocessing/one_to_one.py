"""What the transformers that change each column by itself have in common."""

from models.foundation import Transformer, boolean


class OneToOne(Transformer):
    """Each new column is made of one column of X, and has its name."""

    copy: bool = boolean(True, doc="no effect: X is never changed")

    def _names_out(self, names):
        return names


class Scaler(OneToOne):
    """A shift and a scale for each column. NaN is left out by `fit`, and stays NaN."""

    allow_nan = True
