"""The scores of cross-validation over the size of the training set, or over a parameter."""

from typing import Any, Self

import numpy as np

from models.selection.validation import learning_curve, validation_curve
from tinygrad_edu.diagnostics.words import refusal
from tinygrad_edu.viz.curves import BLUE, ORANGE, literal
from tinygrad_edu.viz.displays.base import Display

PARTS = {"train": ("train",), "test": ("test",), "both": ("train", "test")}
COLORS = {"train": BLUE, "test": ORANGE}


class ScoreCurve(Display):
    """The mean scores of the splits over a number, with their standard deviations."""

    train_scores: Any
    test_scores: Any
    score_name: Any

    def _across(self) -> tuple[Any, str]:
        """The numbers of the horizontal axis, and its label."""
        raise NotImplementedError

    def plot(
        self,
        ax: Any = None,
        *,
        negate_score: bool = False,
        score_name: str | None = None,
        score_type: str = "both",
        std_display_style: str | None = "fill_between",
        line_kw: Any = None,
        fill_between_kw: Any = None,
        errorbar_kw: Any = None,
    ) -> Self:
        """Draws the means and the deviations from them.

        negate_score        shows errors instead of scores such as "neg_mean_squared_error"
        score_type          "train", "test" or "both"
        std_display_style   "fill_between" for a band of one standard deviation, "errorbar", or None
        """
        if score_type not in PARTS or std_display_style not in ("errorbar", "fill_between", None):
            what = f"score_type={score_type!r}, std_display_style={std_display_style!r} is not supported."
            raise refusal(
                ValueError, what, "'train', 'test' or 'both'; 'errorbar', 'fill_between' or None"
            )
        ax = self._axes(ax, 6.4, 3.8)
        numbers, label = self._across()
        x = np.asarray(numbers)
        self.lines_: list = []
        self.fill_between_: list = []
        self.errorbar_: list = []
        for part in PARTS[score_type]:
            scores = np.asarray(getattr(self, f"{part}_scores"))
            mean, deviation = scores.mean(axis=1), scores.std(axis=1)
            mean = -mean if negate_score else mean
            color = COLORS[part]
            style = {"color": color, "label": part.capitalize(), **(line_kw or {})}
            if std_display_style == "errorbar":
                style |= errorbar_kw or {}
                self.errorbar_.append(ax.errorbar(x, mean, deviation, **style))
                continue
            self.lines_ += ax.plot(x, mean, marker="o", markersize=4, **style)
            if std_display_style == "fill_between":
                shade = {"color": color, "alpha": 0.25, "linewidth": 0, **(fill_between_kw or {})}
                band = ax.fill_between(x, mean - deviation, mean + deviation, **shade)
                self.fill_between_.append(band)
        name = self.score_name if score_name is None else score_name
        ax.set(xlabel=literal(label), ylabel=literal(name or "Score"))
        ax.legend(frameon=False)
        if _grows_by_factors(x):
            ax.set_xscale("log")
        return self

    @classmethod
    def _split(cls, settings: dict[str, Any]) -> tuple[dict[str, Any], str]:
        """Moves the arguments of `plot` out of the settings; returns them and the name of the score."""
        look = cls._pop_look(settings)
        if "fit_params" in settings:
            settings["params"] = settings.pop("fit_params")
        name = look.pop("score_name", None)
        if name is None:
            name = _score_name(settings.get("scoring"), look.get("negate_score", False))
        return look, name


class LearningCurveDisplay(ScoreCurve):
    """Scores for training sets of several sizes (`learning_curve`)."""

    def __init__(
        self, *, train_sizes: Any, train_scores: Any, test_scores: Any, score_name: Any = None
    ):
        self.train_sizes, self.score_name = train_sizes, score_name
        self.train_scores, self.test_scores = train_scores, test_scores

    def _across(self) -> tuple[Any, str]:
        return self.train_sizes, "Number of samples in the training set"

    @classmethod
    def from_estimator(cls, estimator: Any, X: Any, y: Any, **settings: Any) -> Self:
        """Trains an estimator on parts of the data. The settings are those of learning_curve and of plot."""
        look, name = cls._split(settings)
        sizes, train, test = learning_curve(estimator, X, y, **settings)
        made = cls(train_sizes=sizes, train_scores=train, test_scores=test, score_name=name)
        return made.plot(**look)


class ValidationCurveDisplay(ScoreCurve):
    """Scores for values of a parameter (`validation_curve`)."""

    def __init__(
        self,
        *,
        param_name: str,
        param_range: Any,
        train_scores: Any,
        test_scores: Any,
        score_name: Any = None,
    ):
        self.param_name, self.param_range, self.score_name = param_name, param_range, score_name
        self.train_scores, self.test_scores = train_scores, test_scores

    def _across(self) -> tuple[Any, str]:
        return self.param_range, self.param_name

    @classmethod
    def from_estimator(
        cls, estimator: Any, X: Any, y: Any, *, param_name: str, param_range: Any, **settings: Any
    ) -> Self:
        """Trains an estimator for each value. The settings are those of validation_curve and of plot."""
        look, name = cls._split(settings)
        parameter: dict[str, Any] = {"param_name": param_name, "param_range": param_range}
        train, test = validation_curve(estimator, X, y, **parameter, **settings)
        made = cls(**parameter, train_scores=train, test_scores=test, score_name=name)
        return made.plot(**look)


def _score_name(scoring: Any, negated: bool) -> str:
    """The name of a score in words: "Negative mean squared error" for "neg_mean_squared_error"."""
    if scoring is None:
        return "Negative score" if negated else "Score"
    name = scoring if isinstance(scoring, str) else getattr(scoring, "__name__", "score")
    negative = name.startswith("neg_") != negated
    name = name.removeprefix("neg_").replace("_", " ")
    return f"Negative {name}" if negative else name.capitalize()


def _grows_by_factors(x: np.ndarray) -> bool:
    """Whether the numbers, positive and over at least a factor of 10, are more even on a logarithmic axis."""
    if x.dtype.kind not in "iuf" or len(x) < 2 or x.min() <= 0 or np.ptp(np.log10(x)) < 1:
        return False
    steps, log_steps = np.diff(x), np.diff(np.log(x))
    return bool(np.ptp(log_steps) < np.ptp(steps) / max(x.max(), 1e-300))
