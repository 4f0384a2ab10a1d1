"""What Keras and PyTorch call it, and what to write here. (Names that differ in case alone are found.)"""

from __future__ import annotations

TRAINING = {  # names of tinygrad_edu.training
    "SwapEMAWeights": "AverageWeights(optim.EMA(model.parameters(), 0.99))",
    "ModelCheckpoint": "Checkpoint(folder)",
    "BackupAndRestore": "Checkpoint(folder), with fit(..., resume=folder)",
    "CSVLogger": "CSVLog(path)",
    "TensorBoard": "JSONLog(path) or CSVLog(path); viz.LivePlot() for a picture",
    "LearningRateScheduler": "lr=schedules.Step(...) of the optimizer",
    "ReduceLROnPlateau": "Observe(plateau), of an lr=plateau = optim.schedules.ReduceOnPlateau(0.01)",
    "Schedule": "Observe(plateau), for a schedule that depends on val_loss",
    "LivePlot": "tinygrad_edu.viz.LivePlot()",
    "TerminateOnNaN": "nothing: fit stops at the first loss that is not finite",
    "f1_score": "f1",
    "roc_auc_score": "auc",
    "r2_score": "r2",
    "accuracy_score": "accuracy",
}

FIT = {  # arguments of Trainer.fit and Trainer.evaluate
    "validation_data": "validation=(x_test, y_test)",
    "verbose": "progress=False, to show nothing",
    "initial_epoch": "resume=folder, with callbacks=[Checkpoint(folder)]",
    "optimizer": "Trainer(model, loss, optimizer)",
    "loss": "Trainer(model, loss, optimizer)",
    "metrics": "Trainer(model, loss, optimizer, metrics=[accuracy])",
    "lr": "optim.Adam(model.parameters(), lr=0.001)",
    "learning_rate": "optim.Adam(model.parameters(), lr=0.001)",
}
