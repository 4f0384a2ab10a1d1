"""The perceptron.

Source: F. Rosenblatt, The perceptron: a probabilistic model for information storage and organization in the
brain (1958); C. Bishop, Pattern Recognition and Machine Learning (2006), section 4.1.7.
"""

from models.foundation import choice, nonnegative, number, positive
from models.online.descent import OnlineClassifier


class Perceptron(OnlineClassifier):
    """A step for each mistake, y z ≤ 0:    w ← w + η y x,   b ← b + η y          (Bishop equation 4.55)

    It ends for classes that a plane separates, and only for these (the convergence theorem of Novikoff 1962).
    It is SGDClassifier with loss max(0, -y z), the rate η = eta0 and no penalty.
    """

    penalty: str | None = choice(None, "l2", "l1", "elasticnet", doc="as in SGDClassifier")
    alpha: float = nonnegative(1e-4, doc="strength of the penalty")
    l1_ratio: float = number(0.15, at_least=0, at_most=1, doc="ρ, with penalty='elasticnet'")
    eta0: float = positive(1.0, doc="η")
    random_state = 0

    loss = "perceptron"
