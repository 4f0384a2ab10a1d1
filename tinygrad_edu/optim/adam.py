"""Adam and its family: a step size for every weight, from running means of its gradient."""

from __future__ import annotations

import numpy as np

from tinygrad_edu.optim.checks import check_betas, check_positive
from tinygrad_edu.optim.optimizer import Optimizer, update_running_mean

WARM_UP = 0.96  # of the momentum of Nadam


class Moments(Optimizer):
    """Base of Adam's family: running means of the gradient and of its square.

        m ← m + (1 - β₁)(g - m)
        v ← v + (1 - β₂)(g² - v)

    Both start at 0. After t steps they are too small by the factors 1 - β₁ᵗ and 1 - β₂ᵗ, a bias which
    each method corrects. betas = (β₁, β₂).
    """

    states: tuple[str, ...] = ("m", "v")
    squares = True

    def __init__(self, parameters, lr=0.001, *, betas=(0.9, 0.999), eps=1e-7, **settings):
        self.betas = check_betas(betas)
        self.eps = check_positive("eps", eps)
        super().__init__(parameters, lr, **settings)

    def update_moments(self, g, m, v):
        beta1, beta2 = self.betas
        update_running_mean(m, g, beta1, self.scratch)
        update_running_mean(v, np.multiply(g, g, out=self.scratch), beta2, self.scratch)


class Adam(Moments):
    """Steps of about lr, whatever the size of the gradients:

        w ← w - lr α m / (√v + ε),       α = √(1 - β₂ᵗ) / (1 - β₁ᵗ)

    Kingma and Ba 2015, in the form at the end of their section 2, as in Keras: ε is added to √v before
    the bias is corrected. (PyTorch adds it afterwards, which makes its ε larger by 1/√(1 - β₂ᵗ).)

    amsgrad     divides by the largest v so far, so that step sizes do not grow again (Reddi et al. 2018)
    """

    def __init__(
        self, parameters, lr=0.001, *, betas=(0.9, 0.999), eps=1e-7, amsgrad=False, **settings
    ):
        self.amsgrad = amsgrad
        if amsgrad:
            self.states = (*self.states, "largest")
        super().__init__(parameters, lr, betas=betas, eps=eps, **settings)

    def prepare_step(self):
        beta1, beta2 = self.betas
        self.alpha = (1 - beta2**self.t) ** 0.5 / (1 - beta1**self.t)

    def update(self, w, g, lr, m, v, largest=None):
        self.update_moments(g, m, v)
        if largest is not None:
            v = np.maximum(v, largest, out=largest)
        step = np.sqrt(v, out=self.scratch)
        step += self.eps
        np.divide(m, step, out=step)
        step *= lr * self.alpha
        w -= step  # lr α m / (√v + ε)


class AdamW(Adam):
    """Adam with weight decay: w ← w - lr λ w before each of its steps.

    Loshchilov and Hutter 2019, as in Keras, where λ = 0.004. Every optimizer here takes weight_decay.
    """

    def __init__(self, parameters, lr=0.001, *, weight_decay=0.004, **settings):
        super().__init__(parameters, lr, weight_decay=weight_decay, **settings)


class Nadam(Moments):
    """Adam that looks ahead, with Nesterov's momentum:

        u_t = β₁ (1 - ½ 0.96ᵗ)
        m̂ = u_{t+1} m / (1 - u_1 ⋯ u_{t+1}) + (1 - u_t) g / (1 - u_1 ⋯ u_t)
        w ← w - lr m̂ / (√(v / (1 - β₂ᵗ)) + ε)

    Dozat 2016, as in Keras. (PyTorch's momentum grows 250 times more slowly.)
    """

    scalars = ("product",)
    product = 1.0  # u_1 ⋯ u_t

    def prepare_step(self):
        beta1, beta2 = self.betas
        u = beta1 * (1 - 0.5 * WARM_UP**self.t)
        next_u = beta1 * (1 - 0.5 * WARM_UP ** (self.t + 1))
        self.product *= u
        self.m_factor = next_u / (1 - self.product * next_u)
        self.g_factor = (1 - u) / (1 - self.product)
        self.v_factor = 1 / (1 - beta2**self.t)

    def update(self, w, g, lr, m, v):
        self.update_moments(g, m, v)
        g *= self.g_factor
        g += np.multiply(m, self.m_factor, out=self.scratch)  # m̂
        root = np.multiply(v, self.v_factor, out=self.scratch)
        np.sqrt(root, out=root)
        root += self.eps
        g /= root
        g *= lr
        w -= g


class Adamax(Moments):
    """Adam with the largest recent gradient in place of the root mean square:

        v ← max(β₂ v, |g|)
        w ← w - lr / (1 - β₁ᵗ) m / (v + ε)

    Kingma and Ba 2015, section 7.1 (their u is v here), as in Keras.
    """

    squares = False

    def update(self, w, g, lr, m, v):
        beta1, beta2 = self.betas
        update_running_mean(m, g, beta1, self.scratch)
        v *= beta2
        np.maximum(v, np.abs(g, out=self.scratch), out=v)
        step = np.add(v, self.eps, out=self.scratch)
        np.divide(m, step, out=step)
        step *= lr / (1 - beta1**self.t)
        w -= step


class LAMB(Moments):
    """Adam's direction, with steps of lr times the norm of each parameter:

        m̂ = m / (1 - β₁ᵗ),   v̂ = v / (1 - β₂ᵗ),   r = m̂ / (√v̂ + ε)
        w ← w - lr ‖w‖/‖r‖ r               (w - lr r if either norm is 0)

    You et al. 2020 (algorithm 2), as in Keras: weight decay comes first and is not part of r.
    """

    per_parameter = True

    def update(self, w, g, lr, m, v):
        beta1, beta2 = self.betas
        self.update_moments(g, m, v)
        r = np.divide(v, 1 - beta2**self.t, out=self.scratch)
        np.sqrt(r, out=r)
        r += self.eps
        np.divide(m, r, out=r)
        r /= 1 - beta1**self.t
        norm_w, norm_r = float(np.linalg.norm(w)), float(np.linalg.norm(r))
        r *= lr * (norm_w / norm_r if norm_w > 0 and norm_r > 0 else 1.0)
        w -= r
