"""What the second derivative of a loss tells about a fitted model; each function works for every LossModel.

laplace             how sure the model is of its parameters and predictions
influence           what each sample has contributed, without fitting again
hyper_gradient      how a validation loss changes with the strength of a penalty
natural_gradient    the direction of descent that does not depend on how the model is parametrized
"""

from models.curvature.hyper_gradient import hyper_gradient
from models.curvature.influence import influence
from models.curvature.laplace import Laplace, laplace
from models.curvature.natural_gradient import fisher, natural_gradient

__all__ = ["Laplace", "fisher", "hyper_gradient", "influence", "laplace", "natural_gradient"]
