# builds: a pipeline for tables with gaps and categories, a leak made visible, and probabilities that can be trusted
# needs: lessons 7 and 15
# %% [markdown] title
# # Lesson 23: A model on real tables: leakage, splits, metrics, calibration
#
# Most mistakes with real data are not in the model. They are in what happens before and after it: values are missing, numbers are computed from rows that should have been hidden, the split is easier than the task, or the score measures the wrong thing. In this lesson you prepare a table with gaps and categories by hand and with a pipeline, make three kinds of leaks visible, find two models of nearly the same accuracy, of which one is badly overconfident, and repair it.
#
# You need lessons [7](07_logistic_regression.ipynb) and [15](15_trees_and_forests.ipynb), and about twenty-five minutes.
# %% imports tags=needed
import matplotlib.pyplot as plt
import numpy as np

from models import (
    CalibratedClassifierCV,
    ColumnTransformer,
    DummyClassifier,
    LogisticRegression,
    OneHotEncoder,
    Pipeline,
    RandomForestClassifier,
    RandomForestRegressor,
    SelectKBest,
    SimpleImputer,
    StandardScaler,
)
from models.composition import calibration_curve
from models.datasets import load_auto_mpg, load_titanic
from models.metrics import confusion_matrix, log_loss, precision_recall_curve, roc_auc_score
from models.selection import (
    GroupKFold,
    KFold,
    StratifiedKFold,
    cross_val_predict,
    cross_val_score,
    cross_validate,
    train_test_split,
)
from tinygrad_edu import viz
from tinygrad_edu.course import check, needs

# %% [markdown] look-words
# ## 1. Look at the table
#
# The table has 1313 passengers of the Titanic: class, age and sex, and whether they survived the night of April 15, 1912. Before any model, look at the values, at the gaps, and at what is strange.
# %% data tags=needed
titanic = load_titanic()
X, y = titanic.data, titanic.target
CLASS, AGE, SEX = 0, 1, 2
unknown = np.array([age != age for age in X[:, AGE]])  # only NaN differs from itself
# %% look
print("the first rows:", *X[:3].tolist(), sep="\n  ")
for column in (CLASS, SEX):
    values, counts = np.unique(X[:, column].astype(str), return_counts=True)
    print(titanic.feature_names[column], dict(zip(values.tolist(), counts.tolist(), strict=True)))
print(f"age unknown: {unknown.sum()} of {len(X)};  survived: {y.mean():.1%}")
assert unknown.sum() == 557 and (X[:, CLASS] == "*").sum() == 1
# %% [markdown] look-after
# Three things to handle. Two columns are text. Age is missing for 42% of the passengers. And one passenger has the class `*`: real tables contain values that nobody announced.
#
# ## 2. Split first
#
# Put a quarter of the rows aside **before anything else**, also before computing a median. The test set stands for passengers that we have not seen. `stratify` keeps the fraction of survivors equal in both parts.
#
# *What accuracy does a model reach that says "died" for everybody?*
# %% split tags=needed
X_train, X_test, y_train, y_test = train_test_split(
    X, y, test_size=0.25, random_state=0, stratify=y
)
# %% dummy
dummy = DummyClassifier().fit(X_train, y_train)
print("training:", X_train.shape, "  test:", X_test.shape)
print(f"accuracy of the most frequent class: {dummy.score(X_train, y_train):.1%}")
assert 0.65 < dummy.score(X_train, y_train) < 0.67


# %% [markdown] prepare-words
# That number is the floor: a model with 66% has learned nothing.
#
# ## 3. From a table to numbers
#
# Four steps turn a row into numbers. A missing age becomes the **median** of the known ages, and a further column says that it was missing. Both are standardized. A category becomes a **one-hot** row, with a 1 in the column of its value. Everything that is computed (median, mean, deviation, list of values) comes from the training rows, and is then used for all rows:
# %% prepare tags=needed
def learn_preparation(X):
    """What the preparation computes from the training rows."""
    age = X[:, AGE].astype(float)
    median = np.nanmedian(age)
    numbers = np.column_stack([np.where(np.isnan(age), median, age), np.isnan(age)])
    values = [np.unique(X[:, column].astype(str)) for column in (CLASS, SEX)]
    return median, numbers.mean(axis=0), numbers.std(axis=0), values


def prepare(X, learned):
    """(n, 3) objects -> (n, columns) numbers."""
    median, mean, deviation, values = learned
    age = X[:, AGE].astype(float)
    numbers = np.column_stack([np.where(np.isnan(age), median, age), np.isnan(age)])
    one_hot = [X[:, [c]].astype(str) == v for c, v in zip((CLASS, SEX), values, strict=True)]
    return np.hstack([(numbers - mean) / deviation, *one_hot])


# %% prepare-look
learned = learn_preparation(X_train)
print("a row:         ", X_test[0].tolist())
print("becomes:       ", np.round(prepare(X_test, learned)[0], 2))
print("median of age: ", learned[0], "  values:", [v.tolist() for v in learned[3]])


# %% [markdown] pipeline-words
# `ColumnTransformer` applies steps to chosen columns, and `Pipeline` applies them one after the other. Each has `fit`, which learns from the rows that it gets, and `transform`, which only uses what was learned. That separation is what prevents leaks. `handle_unknown="ignore"` gives a value that was not in the training rows a row of zeros, as our code does.
#
# *Do both give the same matrix?*
# %% pipeline tags=needed
def preparation(indicator=True):
    numbers = Pipeline(
        [
            ("missing", SimpleImputer(strategy="median", add_indicator=indicator)),
            ("scale", StandardScaler()),
        ]
    )
    categories = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    return ColumnTransformer(
        [("numbers", numbers, [AGE]), ("categories", categories, [CLASS, SEX])]
    )


def with_preparation(model, indicator=True):
    return Pipeline([("prepare", preparation(indicator)), ("model", model)])


# %% pipeline-look
automatic = preparation().fit(X_train)
same = np.allclose(automatic.transform(X_test), prepare(X_test, learned))
print("the same matrix:", same, automatic.transform(X_test).shape)
assert same
# %% [markdown] cv-words
# ## 4. Cross-validation, and how much to trust a number
#
# The test set may be used once. To compare models, divide the *training* set into five parts, train on four, score on the fifth, and do so five times. The pipeline is fitted anew in each round, median and all, so the fifth part is always unseen.
#
# *How far apart are the five accuracies?*
# %% cv
five = StratifiedKFold(5, shuffle=True, random_state=0)
logistic = with_preparation(LogisticRegression())
scores = cross_val_score(logistic, X_train, y_train, cv=five)
print("accuracies:", np.round(scores, 3), f"  mean {scores.mean():.3f}")
expected = np.sqrt(scores.mean() * (1 - scores.mean()) / (len(X_train) / 5))
print(f"their deviation: {scores.std(ddof=1):.3f}; of counting alone: {expected:.3f}")
assert scores.mean() > 0.78 and 0.5 < scores.std(ddof=1) / expected < 2
# %% [markdown] cv-after
# The folds differ by several percent, and that is no fault: among 197 passengers the number of correct answers varies by chance, with a deviation of $\sqrt{p(1-p)/n}$. So a difference of one percent between two models, on one split, says nothing.
#
# ## 5. Leaks
#
# A **leak** is information in training that the model will not have when it is used. The score on new data then promises too much. Here are three kinds.
#
# ### A step that saw the answers
#
# The next table is **pure noise**: 100 rows of random numbers, and random classes. No model can be better than 50%. But keep only the 20 columns that separate the classes best, and cross-validate a model on them, for three such tables. *What accuracy do you expect?*
# %% noise
columns, leaking, honest = [20, 100, 300, 1000], [], []
for d in columns:
    before, inside = [], []
    for seed in range(3):
        rng = np.random.default_rng(seed)
        noise, classes = rng.normal(size=(100, d)), rng.permutation(np.repeat([0, 1], 50))
        chosen = SelectKBest(k=20).fit_transform(noise, classes)  # sees all rows
        before.append(cross_val_score(LogisticRegression(), chosen, classes, cv=five).mean())
        both = Pipeline([("choose", SelectKBest(k=20)), ("model", LogisticRegression())])
        inside.append(cross_val_score(both, noise, classes, cv=five).mean())
    leaking.append(np.mean(before))
    honest.append(np.mean(inside))
print("columns of noise:       ", columns)
print("chosen before the folds:", np.round(leaking, 2))
print("chosen inside each fold:", np.round(honest, 2))
assert leaking[-1] > 0.7 and max(honest) < 0.6
# %% noise-picture
# alt: Accuracy against the number of columns of noise, on a logarithmic axis. Chosen before the folds, it rises from about one half to more than 0.75. Chosen inside each fold, it stays near the dashed line at one half.
fig, ax = plt.subplots(figsize=(6.5, 3), layout="constrained")
ax.semilogx(columns, leaking, "o-", label="columns chosen before the folds")
ax.semilogx(columns, honest, "s-", label="columns chosen inside each fold")
ax.axhline(0.5, color="k", linestyle="--", linewidth=1)
ax.set(xlabel="columns of noise", ylabel="accuracy", ylim=(0.3, 1))
ax.legend(loc="upper left")
plt.show()
# %% [markdown] noise-after
# Among 1000 random columns some match the classes by chance, in *all* rows, also in those of the fold that is scored. The choice saw the answers. Put every step that looks at the rows **into the pipeline**, and cross-validation repeats it without the fold. (Hastie, Tibshirani and Friedman call this the wrong and the right way, section 7.10.2.)
#
# ### A split that is easier than the task
#
# The table of cars from [lesson 6](06_linear_regression_four_ways.ipynb) has the years 1970 to 1982. Suppose the model has to predict the fuel economy of *next year's* cars. With random folds it has always seen cars of the same year. `GroupKFold` keeps all cars of a year in one fold. *Which score is honest?*
# %% groups
cars = load_auto_mpg()
year = cars.data[:, 5]
forest = RandomForestRegressor(30, random_state=0)
mixed = cross_val_score(
    forest, cars.data, cars.target, cv=KFold(5, shuffle=True, random_state=0)
).mean()
by_year = cross_val_score(forest, cars.data, cars.target, cv=GroupKFold(5), groups=year).mean()
print(f"R² with random folds:          {mixed:.2f}")
print(f"R² with years kept together:   {by_year:.2f}")
assert mixed > by_year + 0.06
# %% [markdown] groups-after
# Both are right, for different tasks. **Split as the model will be used**: unseen years, unseen patients, unseen users. A time series is split at a date, so that the training set lies before the test set.
#
# ### A column from after the event
#
# Look once more at the ages that are missing. *Should a missing age tell anything about survival?*
# %% missing
for c in ("1st", "2nd", "3rd"):
    for s in ("female", "male"):
        group = (X[:, CLASS] == c) & (X[:, SEX] == s)
        known, not_known = y[group & ~unknown].mean(), y[group & unknown].mean()
        print(
            f"{c} class, {s:6}:  survived {known:4.0%} if the age is known, {not_known:4.0%} if not"
        )
        assert known > not_known
# %% [markdown] missing-after
# In all six groups, people of known age survived more often. The table was written *afterwards*, when survivors could be asked: that would explain it. So our indicator of a missing age carries a little of the answer, and a model for passengers who are still on board must not use it. No tool finds such a leak. Ask of every column: **who wrote it down, and when?** From here on we leave the indicator out. *What does that cost?*
# %% honest
logistic = with_preparation(LogisticRegression(), indicator=False)
without = cross_val_score(logistic, X_train, y_train, cv=five)
print(f"accuracy with the indicator {scores.mean():.3f}, without {without.mean():.3f}")
assert abs(without.mean() - scores.mean()) < 0.015
# %% [markdown] metrics-words
# Almost nothing: class and sex say most.
#
# ## 6. Metrics beyond accuracy
#
# Compare the logistic regression with a random forest, by three scores. The **area under the ROC curve** is the probability that a survivor gets a higher score than someone who died. The **log loss** is the cross-entropy of lesson 7: it judges the probabilities themselves.
# %% metrics
forest = with_preparation(RandomForestClassifier(100, random_state=0), indicator=False)
names = ["accuracy", "roc_auc", "neg_log_loss"]
candidates = {
    "most frequent": with_preparation(DummyClassifier()),
    "logistic": logistic,
    "forest": forest,
}
table = {}
for label, model in candidates.items():
    found = cross_validate(model, X_train, y_train, cv=five, scoring=names)
    table[label] = [found[f"test_{name}"].mean() for name in names]
    accuracy, auc, loss = table[label]
    print(f"{label:14}  accuracy {accuracy:.2f}   AUC {auc:.2f}   log loss {-loss:.1f}")
assert abs(table["forest"][0] - table["logistic"][0]) < 0.02
assert table["forest"][2] < min(2 * table["logistic"][2], table["most frequent"][2])
# %% [markdown] metrics-after
# The two have nearly the same accuracy, but the log loss of the forest is more than twice as large: **worse than that of a model that has learned nothing**. It is right about as often, but when it is wrong, it was often certain. (Its trees are grown until each leaf is pure, so many of its probabilities are 0 or 1.)
#
# Accuracy also hides *which* mistakes are made. The **confusion matrix** shows them:
# %% confusion
# alt: The confusion matrix of the logistic regression. Of those who died most are predicted as died; of those who survived about 60% are predicted as survived.
p = cross_val_predict(logistic, X_train, y_train, cv=five, method="predict_proba")[:, 1]
counts = confusion_matrix(y_train, p > 0.5)
fig, ax = plt.subplots(figsize=(3.6, 3.2), layout="constrained")
viz.confusion(counts, list(titanic.target_names), ax=ax)
plt.show()
precision, recall = counts[1, 1] / counts[:, 1].sum(), counts[1, 1] / counts[1].sum()
print(f"precision {precision:.2f}: so many of those predicted as survivors survived")
print(f"recall    {recall:.2f}: so many of the survivors were predicted")
assert recall < precision - 0.03
# %% [markdown] threshold-words
# Precision and recall depend on the **threshold**: above which probability do we say "survived"? It is 0.5 only if both mistakes cost the same. Every threshold is a point of this curve:
# %% threshold
# alt: Precision against recall over all thresholds. Precision starts near 0.95 at small recall, stays above 0.8 until a recall of about 0.6, and then falls to 0.34 at a recall of 1. A dot marks the threshold of one half.
precisions, recalls, thresholds = precision_recall_curve(y_train, p)
fig, ax = plt.subplots(figsize=(5.5, 3), layout="constrained")
ax.plot(recalls[recalls > 0.05], precisions[recalls > 0.05])
ax.plot(recall, precision, "ko", label="threshold 0.5")
ax.set(xlabel="recall", ylabel="precision", ylim=(0.3, 1))
ax.legend()
plt.show()
enough = precisions[recalls >= 0.9].max()
print(f"to find 90% of the survivors, precision falls to {enough:.1f}")
assert enough < precision - 0.1
# %% [markdown] calibration-words
# ## 7. Calibration
#
# A model is **calibrated** if, among the cases to which it gives 70%, about 70% happen. To see it, sort the predictions into bins, and compare the mean prediction of each with the fraction that survived. *Before you run it: on which side of the diagonal is an overconfident model, at the left and at the right end?*
# %% calibration
# alt: Fraction of survivors against predicted probability for two models, with the diagonal dashed. The logistic regression stays near the diagonal. The forest leaves it at both ends: where it predicts 0, one in six survived, and where it predicts 1, one in nine died.
p_forest = cross_val_predict(forest, X_train, y_train, cv=five, method="predict_proba")[:, 1]
fig, ax = plt.subplots(figsize=(4.6, 3.8), layout="constrained")
ax.plot([0, 1], [0, 1], "k--", linewidth=1)
for label, probability in [("logistic", p), ("forest", p_forest)]:
    fraction, predicted = calibration_curve(y_train, probability, n_bins=6, strategy="quantile")
    ax.plot(predicted, fraction, "o-", label=label)
ax.set(xlabel="predicted probability", ylabel="fraction that survived")
ax.legend()
plt.show()
certain = (p_forest < 0.02) | (p_forest > 0.98)
wrong = np.mean((p_forest > 0.5)[certain] != y_train[certain])
print(
    f"the forest is at least 98% certain for {certain.mean():.0%} of the passengers, and wrong for {wrong:.0%} of these"
)
assert wrong > 0.04
# %% [markdown] calibrate-words
# An overconfident model lies above the diagonal at the left end, where too many survive, and below it at the right end, where too few do. So does the forest.
#
# Overconfidence can be repaired without a new model. `CalibratedClassifierCV` trains the forest on part of the rows, and on the others learns a curve from its probabilities to better ones (Platt's sigmoid, or a staircase that only rises). It never uses rows that the forest was trained on; that would be a leak.
# %% calibrate
calibrated = CalibratedClassifierCV(forest, method="sigmoid", cv=5)
p_better = cross_val_predict(calibrated, X_train, y_train, cv=five, method="predict_proba")[:, 1]
before, after = log_loss(y_train, p_forest), log_loss(y_train, p_better)
print(
    f"log loss of the forest: {before:.1f}, calibrated: {after:.2f}; of the logistic regression: {log_loss(y_train, p):.2f}"
)
print(
    f"AUC before {roc_auc_score(y_train, p_forest):.2f}, after {roc_auc_score(y_train, p_better):.2f}"
)
assert after < before / 2
# %% [markdown] test-words
# The order of the passengers hardly changes, so the AUC is nearly the same. But the probabilities now mean what they say.
#
# ## 8. The test set, once
#
# All choices are made: the logistic regression is the simplest, and as good as any. Only now the test set answers, and whatever it says is the result.
# %% test
final = logistic.fit(X_train, y_train)
p_test = final.predict_proba(X_test)[:, 1]
accuracy = final.score(X_test, y_test)
error = np.sqrt(accuracy * (1 - accuracy) / len(y_test))
print(f"test accuracy {accuracy:.2f} ± {error:.2f}   log loss {log_loss(y_test, p_test):.2f}")
assert abs(accuracy - table["logistic"][0]) < 3 * error
# %% [markdown] twin-words
# It agrees with cross-validation within its error, as it should when nothing leaked. Finally, the same model of the same matrix in scikit-learn:
# %% twin tags=sklearn,varies
needs("sklearn")
from tinygrad_edu.twins import scikit_learn

matrix = final[:-1].transform(X_train)
model = LogisticRegression(solver="newton", tol=1e-10)
print(scikit_learn.compare(model, matrix, y_train))


# %% [markdown] exercise-1-words
# ## 9. Four exercises
#
# ### Exercise 1: fill the gaps (2 points)
#
# Write `fill(train, new)`, for two tables of numbers with the same columns, in which NaN means missing: a copy of `new` in which each missing value is the median of the known values of its column **in `train`**. Neither argument may change.
#
# <details><summary>Hint</summary>
#
# `np.nanmedian(train, axis=0)` is one median for each column, and `np.where(condition, a, b)` chooses value by value.
#
# </details>
# %% exercise fill points=2
def fill(train, new):
    # BEGIN SOLUTION
    return np.where(np.isnan(new), np.nanmedian(train, axis=0), new)
    # END SOLUTION


# %% check fill
def check_fill(fill):
    nan = np.nan
    train = np.array([[1.0, 10.0], [2.0, nan], [9.0, 30.0], [nan, 80.0]])
    new = np.array([[nan, 5.0], [7.0, nan], [8.0, 6.0]])
    given = train.copy(), new.copy()
    answer = fill(train, new)
    assert np.shape(answer) == (3, 2), "Return a table of the shape of `new`."
    assert np.array_equal(new, given[1], equal_nan=True), (
        "Your function changes `new`: work on a copy."
    )
    assert np.array_equal(train, given[0], equal_nan=True), "Your function changes `train`."
    assert not np.isnan(np.asarray(answer, float)).any(), (
        "Some values are still missing: np.nanmedian ignores NaN, np.median does not."
    )
    assert np.array_equal(np.asarray(answer)[~np.isnan(new)], new[~np.isnan(new)]), (
        "A known value must stay as it is."
    )
    gaps = np.asarray(answer)[[0, 1], [0, 1]]
    assert not np.allclose(gaps, [7.5, 5.5]), (
        "These are medians of `new`: a leak. Use those of `train`."
    )
    assert not np.allclose(gaps, [4, 40]), "These are means. Use medians."
    assert not np.allclose(gaps, 9.5), "Take one median for each column: axis=0."
    assert np.allclose(gaps, [2, 30]), "The medians of train are 2 and 30, column by column."


# %% hidden fill
def check_fill(fill):
    rng = np.random.default_rng(0)
    train, new = rng.normal(size=(30, 4)), rng.normal(size=(8, 4))
    train[rng.random((30, 4)) < 0.2] = np.nan
    new[rng.random((8, 4)) < 0.3] = np.nan
    expected = np.where(np.isnan(new), np.nanmedian(train, axis=0), new)
    assert np.allclose(fill(train, new), expected), "It should hold for any tables."


# %% right fill
def fill(train, new):
    return SimpleImputer(strategy="median").fit(train).transform(new)


# %% right fill
def fill(train, new):
    result = new.copy()
    for j in range(new.shape[1]):
        known = train[:, j][~np.isnan(train[:, j])]
        result[np.isnan(new[:, j]), j] = np.median(known)
    return result


# %% wrong fill: a leak
def fill(train, new):
    return np.where(np.isnan(new), np.nanmedian(new, axis=0), new)


# %% wrong fill: Use medians
def fill(train, new):
    return np.where(np.isnan(new), np.nanmean(train, axis=0), new)


# %% wrong fill: axis=0
def fill(train, new):
    return np.where(np.isnan(new), np.nanmedian(train), new)


# %% wrong fill: still missing
def fill(train, new):
    return np.where(np.isnan(new), np.median(train, axis=0), new)


# %% wrong fill: work on a copy
def fill(train, new):
    gaps = np.isnan(new)
    new[gaps] = np.broadcast_to(np.nanmedian(train, axis=0), new.shape)[gaps]
    return new


# %% [markdown] exercise-2-words
# ### Exercise 2: precision and recall (1 point)
#
# Write `precision_recall(y, predicted)`, for two arrays of 0 and 1: the pair (precision, recall) of class 1. If nothing is predicted as 1, the precision is 0.
#
# <details><summary>Hint</summary>
#
# Count where both are 1. Precision divides it by the number of predicted ones, recall by the number of true ones.
#
# </details>
# %% exercise precision_recall points=1
def precision_recall(y, predicted):
    # BEGIN SOLUTION
    both = np.sum((y == 1) & (predicted == 1))
    return both / max(np.sum(predicted == 1), 1), both / np.sum(y == 1)
    # END SOLUTION


# %% check precision_recall
def check_precision_recall(precision_recall):
    y, predicted = np.array([1, 1, 1, 1, 0, 0, 0, 0]), np.array([1, 1, 1, 0, 1, 1, 0, 0])
    answer = precision_recall(y, predicted)
    assert np.shape(answer) == (2,), "Return a pair: precision, then recall."
    assert not np.allclose(answer, [0.75, 0.6]), "Precision comes first, then recall."
    assert not np.allclose(answer, [0.625, 0.75]), (
        "The first is the accuracy. Precision looks only at rows predicted as 1."
    )
    assert not np.allclose(answer, [0.6, 0.5]), (
        "Recall: count the true ones that were found, not the zeros."
    )
    assert np.isclose(answer[0], 0.6), "Precision: 5 are predicted as 1, and 3 of them are 1."
    assert np.isclose(answer[1], 0.75), "Recall: 4 are 1, and 3 of them are predicted as 1."
    with np.errstate(all="ignore"):
        nothing = precision_recall(y, np.zeros(8, int))
    assert np.allclose(nothing, [0, 0]), "If nothing is predicted as 1, precision is 0, not 0/0."


# %% hidden precision_recall
def check_precision_recall(precision_recall):
    rng = np.random.default_rng(1)
    y, predicted = rng.integers(0, 2, 60), rng.integers(0, 2, 60)
    both = (y * predicted).sum()
    assert np.allclose(precision_recall(y, predicted), [both / predicted.sum(), both / y.sum()]), (
        "Not for all arrays."
    )


# %% right precision_recall
def precision_recall(y, predicted):
    counts = confusion_matrix(y, predicted, labels=[0, 1])
    said = counts[:, 1].sum()
    return (counts[1, 1] / said if said else 0.0), counts[1, 1] / counts[1].sum()


# %% right precision_recall
def precision_recall(y, predicted):
    precision = y[predicted == 1].mean() if predicted.any() else 0.0
    return precision, predicted[y == 1].mean()


# %% wrong precision_recall: Precision comes first
def precision_recall(y, predicted):
    both = np.sum(y * predicted)
    return both / np.sum(y), both / max(np.sum(predicted), 1)


# %% wrong precision_recall: is the accuracy
def precision_recall(y, predicted):
    return np.mean(y == predicted), np.sum(y * predicted) / np.sum(y)


# %% wrong precision_recall: not the zeros
def precision_recall(y, predicted):
    return np.sum(y * predicted) / max(np.sum(predicted), 1), np.mean(predicted[y == 0] == 0)


# %% wrong precision_recall: not 0/0
def precision_recall(y, predicted):
    both = np.sum(y * predicted)
    return both / np.sum(predicted), both / np.sum(y)


# %% [markdown] exercise-3-words
# ### Exercise 3: folds by group (2 points)
#
# Write `group_folds(groups)`, for an array of the group of each row, such as its year: a list with one pair `(train, test)` of arrays of row numbers for each different group, in sorted order. The test rows are all rows of that group, and the training rows are all others.
#
# <details><summary>Hint</summary>
#
# `np.flatnonzero(groups == g)` gives the numbers of the rows of group `g`, and `np.unique(groups)` the different groups.
#
# </details>
# %% exercise group_folds points=2
def group_folds(groups):
    # BEGIN SOLUTION
    return [(np.flatnonzero(groups != g), np.flatnonzero(groups == g)) for g in np.unique(groups)]
    # END SOLUTION


# %% check group_folds
def check_group_folds(group_folds):
    groups = np.array([71, 70, 71, 72, 70, 71])
    answer = group_folds(groups)
    assert len(answer) == 3, "There are three different groups: return three pairs."
    for (train, test), g in zip(answer, [70, 71, 72]):
        train, test = np.asarray(train), np.asarray(test)
        assert train.dtype != bool and test.dtype != bool, (
            "Return the numbers of the rows, not truth values."
        )
        assert len(train) + len(test) == 6, "Every row is either in train or in test."
        assert len(test) == (groups == g).sum() or len(train) != (groups == g).sum(), (
            "Train and test are exchanged: one group is the test."
        )
        assert set(groups[test]) == {g}, (
            f"The test rows of this fold should be all rows of group {g}, in sorted order of groups."
        )
        assert g not in groups[train], f"Rows of group {g} are in both parts."
        assert sorted([*train.tolist(), *test.tolist()]) == [0, 1, 2, 3, 4, 5], "Each row once."


# %% hidden group_folds
def check_group_folds(group_folds):
    groups = np.random.default_rng(2).integers(0, 7, 40)
    for (train, test), g in zip(group_folds(groups), np.unique(groups)):
        assert np.array_equal(np.sort(test), np.flatnonzero(groups == g)), "All rows of a group."
        assert np.array_equal(np.sort(train), np.flatnonzero(groups != g)), (
            "All rows of the others."
        )


# %% right group_folds
def group_folds(groups):
    rows = np.arange(len(groups))
    return [(rows[groups != g], rows[groups == g]) for g in sorted(set(groups.tolist()))]


# %% right group_folds
def group_folds(groups):
    order = np.argsort(groups, kind="stable")
    starts = np.unique(groups[order], return_index=True)[1]
    tests = np.split(order, starts[1:])
    return [(np.setdiff1d(order, test), test) for test in tests]


# %% wrong group_folds: exchanged
def group_folds(groups):
    return [(np.flatnonzero(groups == g), np.flatnonzero(groups != g)) for g in np.unique(groups)]


# %% wrong group_folds: three different groups
def group_folds(groups):
    return [(np.flatnonzero(groups != g), np.flatnonzero(groups == g)) for g in groups]


# %% wrong group_folds: not truth values
def group_folds(groups):
    return [(groups != g, groups == g) for g in np.unique(groups)]


# %% wrong group_folds: Every row
def group_folds(groups):
    return [(np.arange(len(groups)), np.flatnonzero(groups == g)) for g in np.unique(groups)]


# %% [markdown] exercise-4-words
# ### Exercise 4: the calibration curve (3 points)
#
# Write `calibration(y, p, bins)`: divide the probabilities `p` into `bins` intervals of equal width from 0 to 1, and return two arrays with one number for each interval that is **not empty**: the mean of `p`, and the fraction of `y == 1`. A probability on a border belongs to the interval above it, but 1.0 belongs to the last.
#
# <details><summary>Hint</summary>
#
# `np.minimum((p * bins).astype(int), bins - 1)` is the number of the interval of each probability.
#
# </details>
# %% exercise calibration points=3
def calibration(y, p, bins):
    # BEGIN SOLUTION
    number = np.minimum((p * bins).astype(int), bins - 1)
    used = np.unique(number)
    predicted = np.array([p[number == k].mean() for k in used])
    fraction = np.array([y[number == k].mean() for k in used])
    return predicted, fraction
    # END SOLUTION


# %% check calibration
def check_calibration(calibration):
    p = np.array([0.1, 0.2, 0.3, 0.8, 0.9, 1.0, 0.25])
    y = np.array([0, 0, 1, 1, 1, 0, 1])
    answer = calibration(y, p, 4)
    assert len(answer) == 2, "Return two arrays."
    predicted, fraction = (np.asarray(part, float) for part in answer)
    assert len(predicted) == len(fraction), (
        "Both arrays have one number for each interval that is not empty."
    )
    assert not np.isnan(predicted).any() and not np.isnan(fraction).any(), (
        "An empty interval gives NaN: leave it out."
    )
    assert len(predicted) == 3, (
        "Three of the four intervals have probabilities in them; 1.0 belongs to the last of the four."
    )
    assert not np.allclose(fraction, [0.15, 0.275, 0.9]), (
        "First the mean of p, then the fraction of y."
    )
    assert not np.allclose(predicted, [0.125, 0.375, 0.875]), (
        "Return the mean of p, not the middle of the interval."
    )
    assert np.allclose(predicted, [0.15, 0.275, 0.9]), (
        "0.25 lies on a border and belongs to the interval above. Take the mean of p in each."
    )
    assert np.allclose(fraction, [0, 1, 2 / 3]), (
        "The fraction of y == 1 in each interval: divide by the number of rows in it."
    )


# %% hidden calibration
def check_calibration(calibration):
    rng = np.random.default_rng(3)
    p = rng.random(200)
    y = (rng.random(200) < p).astype(int)
    fraction, predicted = calibration_curve(y, p, n_bins=8)
    found = calibration(y, p, 8)
    assert np.allclose(found[0], predicted) and np.allclose(found[1], fraction), (
        "It should hold for any probabilities."
    )


# %% right calibration
def calibration(y, p, bins):
    number = np.clip(np.floor(p * bins), 0, bins - 1).astype(int)
    counts = np.bincount(number, minlength=bins)
    used = counts > 0
    sums = [np.bincount(number, weights=part, minlength=bins)[used] for part in (p, y)]
    return sums[0] / counts[used], sums[1] / counts[used]


# %% right calibration
def calibration(y, p, bins):
    predicted, fraction = [], []
    for k in range(bins):
        last = k == bins - 1
        inside = (p >= k / bins) & ((p < (k + 1) / bins) | last)
        if inside.any():
            predicted.append(p[inside].mean())
            fraction.append(y[inside].mean())
    return predicted, fraction


# %% wrong calibration: leave it out
def calibration(y, p, bins):
    number = np.minimum((p * bins).astype(int), bins - 1)
    counts = np.bincount(number, minlength=bins)
    return tuple(np.bincount(number, weights=x, minlength=bins) / counts for x in (p, y))


# %% wrong calibration: First the mean of p
def calibration(y, p, bins):
    number = np.minimum((p * bins).astype(int), bins - 1)
    used = np.unique(number)
    return np.array([y[number == k].mean() for k in used]), np.array(
        [p[number == k].mean() for k in used]
    )


# %% wrong calibration: not the middle
def calibration(y, p, bins):
    number = np.minimum((p * bins).astype(int), bins - 1)
    used = np.unique(number)
    return (used + 0.5) / bins, np.array([y[number == k].mean() for k in used])


# %% wrong calibration: belongs to the last
def calibration(y, p, bins):
    number = (p * bins).astype(int)
    used = np.unique(number)
    return np.array([p[number == k].mean() for k in used]), np.array(
        [y[number == k].mean() for k in used]
    )


# %% [markdown] next
# ## What you have seen
#
# - Split first. Everything that is computed from rows (a median, a scale, a choice of columns) belongs into a pipeline, and is fitted to training rows only.
# - Split as the model will be used: keep groups together, and the past before the future.
# - Ask of every column whether it was known at the time of the prediction.
# - Accuracy hides which mistakes are made, and how certain the model was. Look at the confusion matrix, and at a score of the probabilities.
# - Probabilities can be checked and repaired. And a score has an error of its own.
#
# ## What to read next
#
# [`models/composition`](../models/composition) has the pipelines and the calibration, [`models/selection`](../models/selection) the splits, and [`models/metrics`](../models/metrics) the scores. In the books: Hastie, Tibshirani and Friedman, *The Elements of Statistical Learning*, section 7.10; Kaufman, Rosset and Perlich, *Leakage in data mining*, 2012; Niculescu-Mizil and Caruana, *Predicting good probabilities with supervised learning*, 2005. In the [last lesson](24_spot_the_bug.ipynb) you look for bugs.
