"""The training loop: predict, measure, backpropagate, step. Evaluation is the same without the last two."""

from __future__ import annotations

import cmath
import os
from collections.abc import Callable, Sequence
from typing import Any

from tinygrad_edu.blas import chosen_threads
from tinygrad_edu.diagnostics.migration_hints import FIT, TRAINER
from tinygrad_edu.diagnostics.words import AnswersMissing, answering
from tinygrad_edu.nn import Module
from tinygrad_edu.optim import Optimizer
from tinygrad_edu.ranks import mean_of_ranks
from tinygrad_edu.tensor import Tensor
from tinygrad_edu.training import batches, diagnosis, tables
from tinygrad_edu.training.advice import advise
from tinygrad_edu.training.callbacks import Callback, overridden
from tinygrad_edu.training.checkpoint import restore, resume_message
from tinygrad_edu.training.checkpoint_files import newest
from tinygrad_edu.training.compiled_step import CompiledStep
from tinygrad_edu.training.evaluation import Evaluation
from tinygrad_edu.training.first_batch import look_at_first_batch
from tinygrad_edu.training.heads import compiled, name_of
from tinygrad_edu.training.history import History
from tinygrad_edu.training.progress import Progress
from tinygrad_edu.training.run import Restored, Run
from tinygrad_edu.training.running_metrics import Means
from tinygrad_edu.training.structure import rows_of
from tinygrad_edu.training.world import World


class Trainer(Evaluation, AnswersMissing, hints=TRAINER):
    """Trains a model: `fit`, `evaluate`, `predict`, as in Keras.

    loss       (prediction, target) -> Tensor, the mean over the batch; for weighted samples it also takes
               sample_weight=. `model.penalty()` is added to it
    metrics    functions (prediction, target) -> number, shown and recorded under their names. They are
               averaged over samples; metrics marked `whole` are computed once per epoch
    compile    replay steps, which is faster for small models: see `tinygrad_edu.compile`
    comm       a communicator of MPI: its processes train together, each on a part of every batch, and get
               the numbers that one process would get. All of them call `fit` and `evaluate`; the first
               prints and writes files. Not together with `compile`

    A model with several outputs returns a tuple or a dict, and y has the same form. `loss` is one function of
    both, or a loss for each output, in a tuple or a dict; so are `metrics` and `loss_weights`. The history
    then has "price_loss" and "price_mae" of an output "price" ("output_0_loss" in a tuple).

    history         loss and metrics of every epoch, from all calls of `fit`
    stop_training   set by a callback to end the training after the current batch
    run             the state of the last call of `fit`
    """

    def __init__(
        self,
        model: Module,
        loss: Any,
        optimizer: Optimizer,
        *,
        metrics: Any = (),
        loss_weights: Any = None,
        compile: bool = False,
        comm: Any = None,
    ):
        diagnosis.demand_trainable(model, loss, optimizer, metrics)
        self.model, self.optimizer = model, optimizer
        self.world = World(comm)
        if compile and self.world.comm is not None:
            raise diagnosis.no_compiling_together()
        self.compiled: Any = CompiledStep(self) if compile else None
        self.loss, self.metrics = compiled(loss, loss_weights, metrics)
        self.callbacks: list[Callback] = []
        self.history, self.stop_training = History(), False
        self.first: float | None = None  # the loss of the first batch of `fit`
        self.columns: dict[str, list[str]] = {}  # of the data frames that it was trained on
        self._prepare()

    def train_step(
        self, x: Any, y: Any, weight: Any = None, measure: Callable[..., Any] | None = None
    ) -> tuple[float, Any]:
        """Learns from one batch, in training mode. Returns the loss before the step, and the prediction.

        measure   called with both and y before the step, so that an error in it leaves the weights unchanged

        Raises FloatingPointError if the loss is not finite, RuntimeError if it depends on no parameter,
        both before anything is learned. After any error, buffers such as moving means are as before.
        """
        if not self.model.training:
            self.model.train()
        with Restored(self.buffers), self.world.shared(x, y, weight) as (x, y, weight):
            replayed = self.compiled and self.first is not None  # a graph to look at, in the first
            loss, prediction = (self.compiled if replayed else self._loss)(x, y, weight)
            number = mean_of_ranks(diagnosis.number_of(loss))
            if not cmath.isfinite(number):
                raise diagnosis.not_finite(self, number, x, y)
            if not (isinstance(loss, Tensor) and loss.requires_grad):
                raise diagnosis.cut_graph(self, x)
            if self.first is None:
                self.first = number
                look_at_first_batch(self, loss, prediction, y)
            if measure is not None:
                measure(number, prediction, y)
            if not replayed:
                self.optimizer.zero_grad()
                loss.backward()
            self.world.step(self.optimizer)
        return number, prediction

    @answering(FIT)
    def fit(
        self,
        x: Any,
        y: Any = None,
        *,
        epochs: int = 1,
        batch_size: int = 32,
        shuffle: bool = True,
        seed: Any = None,
        validation: Any = None,
        validation_split: float = 0.0,
        sample_weight: Any = None,
        class_weight: Any = None,
        callbacks: Sequence[Callback] = (),
        resume: str | os.PathLike[str] | None = None,
        progress: bool = True,
    ) -> History:
        """Trains for some epochs and returns the history.

        x, y             arrays or data frames, or tuples or dicts of them: several inputs, for model(*x)
                         or model(**x), and several targets. Or x alone: a DataLoader, anything with a
                         length that yields batches (x, y) or (x, y, weight), or a data set with len()
                         and [i] that gives samples
        seed             decides the order of the batches; with `rng=` in the layers, all is reproducible
        validation       (x, y) or (x, y, weight), or batches: evaluated after each epoch, not trained on
        validation_split the share of x and y to use for validation: the last part, before any shuffling
        sample_weight    (n,): how much each sample counts in the loss; in a tuple or dict for each target
        class_weight     {class: weight}, others 1; or an array (K,): weights by class, in training only
        callbacks        see `Callback`; a Checkpoint comes after the others, to save their states
        resume           a folder with checkpoints: continues from the newest; starts anew if there is none.
                         Everything but the number of epochs must be as in the first call

        Losses and metrics are means over the samples that count, while the weights change. Ctrl-C stops
        after the current batch, with weights and history intact; a second Ctrl-C stops at once. The model
        is in training mode while it learns, and in eval mode in `on_epoch_end` and afterwards, however
        `fit` ends.

        Raises ValueError for settings and data that do not fit, before anything has changed;
        FloatingPointError if a loss is not finite, before it is learned from.
        """
        self._prepare()
        self.columns = tables.columns_of_fit(self.columns if self.optimizer.t else {}, x)
        diagnosis.demand_settings(self, epochs, callbacks, sample_weight, class_weight)
        loader, validation = batches.loaders_of_fit(
            x, y, validation, validation_split, sample_weight, class_weight, self.dtype,
            batch_size=batch_size, shuffle=shuffle, seed=self.world.seed(seed),
        )  # fmt: skip
        self.callbacks = sorted(self.world.callbacks(callbacks), key=lambda callback: callback.turn)
        history = None if any(callback.draws for callback in self.callbacks) else self.history
        before = len(self.history)
        quiet = not (progress and self.world.is_first)
        shown = Progress(epochs, len(loader), history=history, quiet=quiet, before=before)
        means = Means(self.metrics, self.loss)
        self.run = Run(loader, validation, means, shown, self.optimizer.lr, x, before)
        with self.world.ending_together(), chosen_threads():
            self._train(self.run, epochs, resume)
        if self.world.is_first:
            advise(self)
        return self.history

    def _train(self, run: Run, epochs: int, resume: str | os.PathLike[str] | None) -> None:
        """Epoch after epoch, from the first or from where a checkpoint was saved."""
        run.resumed = None if resume is None else os.fspath(resume)
        saved = self.world.from_first(lambda: newest(run.resumed) if run.resumed else None)
        self.stop_training = False
        for callback in self.callbacks:
            callback.trainer = self
            callback.on_train_begin()
        if saved:
            restore(self, *saved)
            if not run.progress.quiet:
                run.progress.say(resume_message(self, saved[0], epochs))
        self.world.begin(self, epochs)
        try:
            with run.ctrl_c:
                while run.epoch <= epochs and not run.interrupted:
                    if self.stop_training and not run.batch:  # an epoch that has begun is completed
                        break
                    self._epoch(run)
        finally:
            if self.model.training:
                self.model.eval()
        if run.interrupted:
            run.progress.say(
                f"Ctrl-C: stopped after {run}; weights and history are as they were then"
            )
        for callback in self.callbacks:
            callback.on_train_end()

    def _epoch(self, run: Run) -> None:
        """Learns from all batches of an epoch, or from the rest of them, then evaluates."""
        epoch = run.epoch
        self.model.train()
        for callback in self.callbacks:
            callback.on_epoch_begin(epoch)
        if not self.stop_training:
            self._learn(run)
        if run.interrupted or not run.means.samples:  # it stopped within the epoch, or before it
            return
        self.model.eval()
        values = run.means.final()
        if run.validation is not None:
            judged = self._evaluate(run.validation)
            values |= {f"val_{name}": number for name, number in judged.items()}
        self.history.add(values)
        run.epoch, run.batch, run.means = epoch + 1, 0, Means(self.metrics, self.loss)
        run.interrupted = run.ctrl_c.pressed
        run.progress.epoch(epoch, values, run.changing_rate(self.optimizer))
        for callback in self.callbacks:
            callback.on_epoch_end(epoch, values)
        if epoch == 1:
            diagnosis.warn_of_idle_plateaus(self.optimizer)

    def _learn(self, run: Run) -> None:
        """Takes a step for every batch that is left of the epoch."""
        on_batch_begin = overridden(self.callbacks, "on_batch_begin")
        on_batch_end = overridden(self.callbacks, "on_batch_end")
        todo, run.rest = run.rest or batches.batches_of(run.loader), None

        def measure(loss: float, prediction: Any, y: Any) -> None:
            run.means.add(rows_of(y), loss, prediction, y, self.counted)

        for x, y, *weight in todo:
            i = run.batch + 1
            for tell in on_batch_begin:
                tell(i)
            try:
                self.train_step(x, y, weight[0] if weight else None, measure)
            except FloatingPointError as error:
                raise FloatingPointError(f"batch {i} of epoch {run.epoch}: {error}") from error
            run.batch, run.steps = i, run.steps + 1
            run.interrupted = run.ctrl_c.pressed
            for tell in on_batch_end:
                tell(i)
            run.interrupted, self.stop_training = self.world.any(
                run.interrupted, self.stop_training
            )
            if run.progress.live:
                run.progress.batch(run.epoch, i, run.means.values())
            if run.interrupted or self.stop_training:
                break
        if not run.means.samples:
            raise diagnosis.no_batch(run)

    def __repr__(self) -> str:
        parts = f"{type(self.model).__name__}, {name_of(self.loss)}, {self.optimizer!r}"
        return f"Trainer({parts}, {len(self.history)} epochs done)"
