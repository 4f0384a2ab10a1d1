"""What people know from Keras and PyTorch, and what to write here instead.

A name that this library does not have is answered with its hint: `nn.Dense` says "Try: Linear(inputs,
outputs), ...". Names that differ only in capitals, or by a typing error, need no hint: `no_such_name` in
`words.py` finds them.
"""

from __future__ import annotations

# Names missing in `tinygrad_edu`. They come before those of its packages and of NumPy, such as np.save.
PACKAGE = {
    "manual_seed": "rng=0 for a layer, Sequential(..., seed=0) for all; np.random.default_rng(0) for numbers",
    "set_seed": "rng=0 for a layer, Sequential(..., seed=0) for all; np.random.default_rng(0) for numbers",
    "Variable": "Tensor(x, requires_grad=True)",
    "constant": "Tensor(x), or the array itself",
    "from_numpy": "Tensor(array)",
    "cat": "np.concatenate([x, y])",
    "randn": "np.random.default_rng(0).normal(size=shape)",
    "rand": "np.random.default_rng(0).random(shape)",
    "GradientTape": "grad(f)(x), or loss.backward() and x.grad",
    "autograd": "loss.backward() and x.grad, or grad(f)(x)",
    "device": "nothing: there is one device, the processor",
    "cuda": "nothing: there is one device, the processor",
    "models": "the package of its own: from models import LogisticRegression",
    "keras": "nn, optim and training; twins compares with Keras",
    "layers": "nn: nn.Linear(64, 10)",
    "losses": "nn: nn.cross_entropy(logits, labels)",
    "optimizers": "optim: optim.Adam(model.parameters(), lr=0.001)",
    "callbacks": "training: training.EarlyStopping()",
    "save": "model.save(path)",
    "load": "model.load(path)",
}

# Names missing in `tinygrad_edu.nn`.
NN = {
    # Keras
    "Dense": "Linear(inputs, outputs), with an activation as a layer of its own",
    "Input": "nothing: Linear(None, 10) finds the size of its input, model.build(shape) finds all",
    "InputLayer": "nothing: Linear(None, 10) finds the size of its input, model.build(shape) finds all",
    "Model": "Module, a class with a forward; or Sequential",
    "Layer": "Module",
    "Activation": "ReLU(), Tanh(), ..., or any function in Sequential",
    "Lambda": "the function itself: Sequential takes any function of one argument",
    "Add": "Residual(f), which is x + f(x); or + in a forward",
    "Conv2DTranspose": "ConvTranspose2d",
    "Conv1DTranspose": "ConvTranspose1d",
    "AdaptiveAveragePooling1D": "AdaptiveAvgPool1d",
    "AdaptiveAveragePooling2D": "AdaptiveAvgPool2d",
    "AdaptiveAveragePooling3D": "AdaptiveAvgPool3d",
    "AdaptiveMaxPooling1D": "AdaptiveMaxPool1d",
    "AdaptiveMaxPooling2D": "AdaptiveMaxPool2d",
    "AdaptiveMaxPooling3D": "AdaptiveMaxPool3d",
    "MaxPooling1D": "MaxPool1d",
    "MaxPooling3D": "MaxPool3d",
    "AveragePooling3D": "AvgPool3d",
    "GlobalAveragePooling3D": "GlobalAvgPool3d",
    "GlobalMaxPooling3D": "GlobalMaxPool3d",
    "MaxPooling2D": "MaxPool2d",
    "AveragePooling1D": "AvgPool1d",
    "AveragePooling2D": "AvgPool2d",
    "GlobalAveragePooling1D": "GlobalAvgPool1d",
    "GlobalAveragePooling2D": "GlobalAvgPool2d",
    "GlobalMaxPooling1D": "GlobalMaxPool1d",
    "GlobalMaxPooling2D": "GlobalMaxPool2d",
    "BatchNormalization": "BatchNorm",
    "LayerNormalization": "LayerNorm",
    "GroupNormalization": "GroupNorm",
    "RMSNormalization": "RMSNorm",
    "UnitNormalization": "x / np.linalg.norm(x, axis=-1, keepdims=True)",
    "StackedRNNCells": "StackedCells(LSTMCell(8, 16), LSTMCell(16, 16)) in an RNN",
    "GroupQueryAttention": "GroupedQueryAttention(inputs, heads, key_heads, key_dim)",
    "SpectralNormalization": "SpectralNorm(layer)",
    "Attention": "ops.attention(q, k, v), or MultiHeadAttention",
    "NonNeg": "NonNegative",
    # PyTorch
    "BatchNorm1d": "BatchNorm, for sequences and images alike",
    "BatchNorm2d": "BatchNorm, for sequences and images alike",
    "BatchNorm3d": "BatchNorm, for sequences and images alike",
    "InstanceNorm2d": "InstanceNorm",
    "Dropout2d": "SpatialDropout2d",
    "Dropout1d": "SpatialDropout1d",
    "spectral_norm": "SpectralNorm(layer)",
    "ModuleList": "a plain list: self.layers = [Linear(2, 3), ...]",
    "ModuleDict": "a plain dict: self.layers = {'first': Linear(2, 3), ...}",
    "ParameterList": "a plain list of Parameters",
    "Identity": "lambda x: x",
    "LazyLinear": "Linear(None, outputs)",
    "RNNCell": "SimpleRNNCell",
    "TransformerEncoderLayer": "TransformerBlock(size, heads)",
    "TransformerDecoderLayer": "TransformerBlock(size, heads, causal=True)",
    "Upsample": "UpSampling2d",
    "ZeroPad2d": "ZeroPadding2d",
    "ReLU6": "ReLU(max_value=6)",
    "Hardswish": "HardSiLU",
    "Swish": "SiLU",
    "CrossEntropyLoss": "cross_entropy, a function",
    "NLLLoss": "cross_entropy, on logits and not on their log_softmax",
    "BCEWithLogitsLoss": "binary_cross_entropy, a function",
    "BCELoss": "binary_cross_entropy(..., from_probabilities=True), or better logits and no sigmoid",
    "MSELoss": "mse, a function",
    "L1Loss": "mae, a function",
    "SmoothL1Loss": "huber, a function",
    "HuberLoss": "huber, a function",
    "KLDivLoss": "kl_divergence, a function",
    "CTCLoss": "ctc, a function",
    "MeanAbsolutePercentageError": "mape, a function",
    "MeanSquaredLogarithmicError": "msle, a function",
    "TripletMarginLoss": "triplet, a function",
    "CosineEmbeddingLoss": "cosine_similarity, a function",
    "mse_loss": "mse(prediction, target)",
    "l1_loss": "mae(prediction, target)",
    "binary_cross_entropy_with_logits": "binary_cross_entropy(logits, target)",
    "clip_grad_norm": "optim.Adam(parameters, clip_global_norm=1.0)",
    "utils": "optim.Adam(parameters, clip_global_norm=1.0), which clips gradients",
    "functional": "tinygrad_edu.ops for relu, softmax, ..., and NumPy: np.tanh(x)",
    "init": "tinygrad_edu.nn.initializers",
    # functions
    "relu": "tinygrad_edu.ops.relu(x), or the layer ReLU()",
    "sigmoid": "tinygrad_edu.ops.sigmoid(x), or the layer Sigmoid()",
    "softmax": "tinygrad_edu.ops.softmax(x), or the layer Softmax()",
    "gelu": "tinygrad_edu.ops.gelu(x), or the layer GELU()",
    "tanh": "np.tanh(x), or the layer Tanh()",
}

# Names missing in `tinygrad_edu.optim`.
OPTIM = {
    "clip_grad_norm": "SGD(parameters, clip_global_norm=1.0)",
    "clip_grad_norm_": "SGD(parameters, clip_global_norm=1.0)",
    "lr_scheduler": "optim.schedules: SGD(parameters, lr=schedules.Cosine(0.1, 1000))",
    "LBFGS": 'minimize_loss(..., method="lbfgs")',
    "Newton": 'minimize_loss(..., method="newton-cg")',
}

# Attributes missing in optimizers and schedules.
STEP = "optimizer.zero_grad(), loss.backward(), optimizer.step()"
OPTIMIZER = {
    "param_groups": "optimizer.groups; optimizer.lr = 0.01 for all",
    "add_param_group": "a new optimizer, of all groups",
    "minimize": STEP,
    "apply_gradients": STEP,
    "apply": STEP,
    "backward": STEP,
    "iterations": "optimizer.t",
    "get_config": "optimizer.settings()",
    "variables": "optimizer.state_dict()",
    "zero_gradients": "optimizer.zero_grad()",
}
SCHEDULE = {
    "step": "nothing: optimizer.step() calls the schedule that is its lr",
    "get_last_lr": "optimizer.learning_rate",
    "get_lr": "optimizer.learning_rate",
}

# Attributes missing in models and layers.
ATTRIBUTES = {
    "weights": "model.parameters(), or model.state_dict() for names and numbers; layer.W of one layer",
    "trainable_weights": "model.parameters()",
    "trainable_variables": "model.parameters()",
    "get_weights": "model.state_dict()",
    "set_weights": "model.load_state_dict(state)",
    "save_weights": "model.save(path)",
    "load_weights": "model.load(path)",
    "compile": "Trainer(model, loss, optimizer, metrics=[...])",
    "count_params": "sum(p.size for p in model.parameters()), or model.summary()",
    "kernel": "layer.W",
    "weight": "layer.W",
    "reset_parameters": "model.initialize(seed)",
    "requires_grad_": "model.freeze() and model.unfreeze(), or layer.trainable = False",
    "zero_grad": "optimizer.zero_grad()",
    "to": "model.astype(dtype); there is one device, the processor",
    "cuda": "the model itself: there is one device, the processor",
    "double": "model.astype(np.float64)",
    "register_buffer": "self.name = nn.Buffer(array)",
    "register_parameter": "self.name = nn.Parameter(array)",
    "add": "Sequential(*layers), all of them at once",
    "evaluate": "Trainer(model, loss, optimizer).evaluate(...)",
    "fit": "Trainer(model, loss, optimizer).fit(...)",
    "predict_classes": "np.argmax(model(x).data, axis=-1)",
    "predict_proba": "ops.softmax(model(x)).data",
    "predict": "Trainer(model, loss, optimizer).predict(...)",
}

# Arguments missing in layers, where the list of the existing ones does not show the right name.
ARGUMENTS = {
    "activation": "the activation as a layer of its own: Sequential(Linear(4, 8), Tanh())",
    "kernel_regularizer": "layer.W.regularizer = nn.L2(1e-4), once the layer is made",
    "bias_regularizer": "layer.b.regularizer = nn.L2(1e-4), once the layer is made",
    "kernel_constraint": "layer.W.constraint = nn.MaxNorm(2), once the layer is made",
    "kernel_initializer": "init=he_normal, from tinygrad_edu.nn.initializers",
    "use_bias": "bias=False",
    "input_shape": "None for the inputs, which the first x tells; or model.build(shape)",
    "input_dim": "it as the first argument: Linear(input_dim, 8)",
    "batch_first": "nothing: the batch is the first axis, (N, T, D)",
    "num_layers": "layers one after another: Sequential(LSTM(8, 16, return_sequences=True), LSTM(16, 16))",
    "bidirectional": "Bidirectional(LSTM(8, 16), LSTM(8, 16, go_backwards=True))",
    "data_format": "nothing: the channels are the last axis, (N, H, W, C)",
    "dilation_rate": "dilation=2",
    "strides": "stride=2",
    "kernel_size": "size, the third argument: Conv2d(3, 16, 5)",
    "trainable": "layer.freeze(), once the layer is made",
}

# Arguments missing in losses.
LOSS_ARGUMENTS = {
    "from_logits": "nothing for logits, which a loss takes; from_probabilities=True for probabilities",
    "weight": "sample_weight, or (of cross_entropy) class_weights",
    "size_average": "reduction='mean' or 'sum'",
}

# Attributes missing in trainers.
TRAINER = {
    "predict_classes": "np.argmax(trainer.predict(x), axis=-1)",
    "predict_proba": "ops.softmax(trainer.predict(x)), if the model gives logits",
    "score": "trainer.evaluate(x, y)",
    "train": "trainer.fit(x, y)",
    "train_on_batch": "trainer.train_step(x, y)",
    "test_on_batch": "trainer.evaluate(x, y)",
    "compile": "Trainer(model, loss, optimizer, metrics=[...])",
    "save": "trainer.model.save(path)",
    "load": "trainer.model.load(path)",
    "summary": "trainer.model.summary()",
    "parameters": "trainer.model.parameters()",
}

# Arguments of methods that PyTorch's tensors take.
METHODS = {"dim": "axis", "keepdim": "keepdims"}

# Methods of PyTorch's tensors that are functions: of NumPy, of `tinygrad_edu.ops`.
OF_NUMPY = [
    "abs", "exp", "log", "log2", "log10", "log1p", "expm1", "sqrt", "square", "sin", "cos", "tan",
    "tanh", "sinh", "cosh", "arcsin", "arccos", "arctan", "sign", "floor", "ceil", "tril", "triu",
    "median",
]  # fmt: skip
OF_OPS = ["relu", "sigmoid", "softmax", "log_softmax", "gelu", "softplus", "logsumexp"]

# Attributes of PyTorch's tensors.
TENSOR = {
    "view": "x.reshape(shape)",
    "unsqueeze": "x[:, None], a new axis where the None stands",
    "permute": "np.transpose(x, axes)",
    "expand": "np.broadcast_to(x, shape)",
    "cat": "np.concatenate([x, y])",
    "dim": "x.ndim",
    "to": "x.astype(dtype); there is one device, the processor",
    "cpu": "x itself: there is one device, the processor",
    "cuda": "x itself: there is one device, the processor",
    "float": "x.astype(np.float32)",
    "long": "x.data.astype(int)",
    "double": "x.astype(np.float64)",
    "int": "x.data.astype(int)",
    "bool": "x.data.astype(bool)",
    "device": "nothing: there is one device, the processor",
    "pow": "x ** 2",
    "matmul": "x @ w",
    "mm": "x @ w",
    "bmm": "x @ w",
    "t": "x.T",
    "norm": "np.linalg.norm(x)",
    "clone": "x itself, as operations never change it; or Tensor(x.data.copy())",
    "is_leaf": "x.op is None",
    "grad_fn": "x.op, the row that made x",
    "retain_grad": "grad(f)(x), with f the rest of the computation",
    "where": "np.where(mask, x, w)",
    "split": "np.split(x, n)",
    "stack": "np.stack([x, y])",
    "tile": "np.tile(x, times)",
    "flip": "np.flip(x, axis)",
    "roll": "np.roll(x, shift, axis)",
    "outer": "np.outer(x, w)",
    "maximum": "np.maximum(x, w)",
    "minimum": "np.minimum(x, w)",
    "quantile": "np.quantile(x, q)",
    "masked_fill": "np.where(mask, number, x)",
    "gather": "np.take_along_axis(x, indices, axis)",
    "scatter": "ops.put_along_axis(x, indices, values, axis)",
    "index_select": "np.take(x, indices, axis)",
    "topk": "np.sort(x)[..., -k:]",
    "chunk": "np.split(x, n)",
    "contiguous": "x itself",
    "numel": "x.size",
    "eq": "x == w",
    "assign": "x.data[...] = new, between a backward() and the next computation",
    "zero_": "x.data[...] = 0, between a backward() and the next computation",
    "fill_": "x.data[...] = number, between a backward() and the next computation",
    "copy_": "x.data[...] = new, between a backward() and the next computation",
    "add_": "x = x + w, a new Tensor",
    "sub_": "x = x - w, a new Tensor",
    "mul_": "x = x * w, a new Tensor",
    "zero_grad": "x.grad = None, or optimizer.zero_grad()",
    "requires_grad_": "Tensor(x.data, requires_grad=True)",
}

# Names missing in `tinygrad_edu.training`.
TRAINING = {
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

# Names missing in `tinygrad_edu.viz`.
VIZ = {
    "plot": "learning_curve(history)",
    "plot_history": "learning_curve(history)",
    "plot_model": "Graph(loss).save('graph.html'), or print(model.summary())",
    "make_dot": "Graph(loss).save('graph.svg')",
    "draw_dot": "Graph(loss).save('graph.svg')",
    "draw_graph": "Graph(loss).save('graph.svg')",
    "ConfusionMatrixDisplay": "confusion(confusion_matrix(y, predicted))",
    "DecisionBoundaryDisplay": "decision_boundary(predict, x, y)",
    "plot_confusion_matrix": "confusion(confusion_matrix(y, predicted))",
    "imshow": "image_grid(images)",
}

# Arguments missing in Trainer.fit and Trainer.evaluate.
FIT = {
    "validation_data": "validation=(x_val, y_val)",
    "verbose": "progress=False, to show nothing",
    "initial_epoch": "resume=folder, with callbacks=[Checkpoint(folder)]",
    "optimizer": "Trainer(model, loss, optimizer)",
    "loss": "Trainer(model, loss, optimizer)",
    "metrics": "Trainer(model, loss, optimizer, metrics=[accuracy])",
    "lr": "optim.Adam(model.parameters(), lr=0.001)",
    "learning_rate": "optim.Adam(model.parameters(), lr=0.001)",
}
