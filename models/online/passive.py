"""Passive-aggressive learning.

Source: K. Crammer, O. Dekel, J. Keshet, S. Shalev-Shwartz, Y. Singer, Online passive-aggressive algorithms
(2006).
"""

from models.foundation import boolean, choice, integer, nonnegative, positive
from models.online.descent import OnlineClassifier, OnlineModel, OnlineRegressor
from models.online.losses import loss_named


class PassiveAggressive(OnlineModel):
    """The smallest change of w after which the sample has no loss, with a price for the rest:

        w ← w + τ y x         τ = min(C, loss / ‖x‖²)          PA-I, equation 4
                              τ = loss / (‖x‖² + 1 / 2C)       PA-II

    for the hinge loss; for the ε-insensitive loss of a number, with the sign of y - z in place of y. Samples
    without loss change nothing. b moves along with w: like scikit-learn, without a part in ‖x‖².
    """

    C: float = positive(1.0, doc="the largest step; a small C learns less from a single sample")
    average: bool | int = boolean(False, doc="average w, or from which step on") | integer(
        at_least=0
    )

    def _loss(self):
        return loss_named(self.loss.removeprefix("squared_"), self.epsilon)

    def _rule(self):
        return "pa2" if self.loss.startswith("squared_") else "pa1", self.C


class PassiveAggressiveClassifier(PassiveAggressive, OnlineClassifier):
    """A linear classifier, by passive-aggressive steps."""

    twin = "SGDClassifier"
    twin_settings = {"penalty": None, "learning_rate": "pa1", "eta0": 1.0}

    loss: str = choice("hinge", "squared_hinge", doc="PA-I or PA-II, both of the hinge loss")


class PassiveAggressiveRegressor(PassiveAggressive, OnlineRegressor):
    """A linear regression, by passive-aggressive steps."""

    twin = "SGDRegressor"
    twin_settings = {"penalty": None, "learning_rate": "pa1", "eta0": 1.0}

    loss: str = choice(
        "epsilon_insensitive",
        "squared_epsilon_insensitive",
        doc="PA-I or PA-II, both of the ε-insensitive loss",
    )
    epsilon: float = nonnegative(0.1, doc="ε: smaller errors count as none")
