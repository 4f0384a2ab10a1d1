# builds: networks that compress images and networks that draw new ones, with three different losses
# needs: lessons 9 and 18
# %% [markdown] title
# # Lesson 22: Autoencoder, VAE, GAN
#
# A classifier goes from an image to a label. Now we go the other way, and let networks **draw**. An autoencoder compresses an image to a few numbers and restores it. A variational autoencoder makes a probability model of it, from which new images can be drawn. In a generative adversarial network, two networks play against each other. In this lesson you build all three with small networks, on images of 8 × 8 pixels.
#
# You need lessons [9](09_initialization_normalization_dropout.ipynb) and [18](18_pca_tsne_umap.ipynb), and about twenty minutes.
# %% imports tags=needed
import itertools
import warnings

import matplotlib.pyplot as plt
import numpy as np

from models import PCA, VAE, Autoencoder
from tinygrad_edu import Tensor, nn, no_grad, ops, optim, viz
from tinygrad_edu.course import check, needs
from tinygrad_edu.data import load_digits, train_test_split
from tinygrad_edu.gradcheck import gradcheck

# %% data
images, labels = load_digits()
images = (images.reshape(len(images), 64) / 16).astype(np.float32)
x_train, x_test, y_train, y_test = train_test_split(images, labels, test=0.2, seed=0)
print(len(x_train), "images for training,", len(x_test), "for testing")


# %% [markdown] auto-words
# ## 1. An autoencoder: through a bottleneck
#
# The **encoder** turns 64 pixels into a **code** of few numbers, and the **decoder** turns the code into 64 pixels. The loss is the squared error between input and output. No label is needed. What does not fit through the bottleneck is lost, so the code must contain what the images have in common.
#
# With linear layers and nothing else, the best plane is that of PCA (lesson 18; Baldi and Hornik 1989). *Will a network with a hidden layer do better with the same two numbers?*
# %% auto tags=needed
def mlp(*sizes, seed=0):
    """Linear layers with tanh between them."""
    rng, parts = np.random.default_rng(seed), []
    for i, (a, b) in enumerate(itertools.pairwise(sizes)):
        parts += [nn.Tanh()] * (i > 0) + [nn.Linear(a, b, rng=rng)]
    return nn.Sequential(*parts)


def batches(x, rng, size=64):
    order = rng.permutation(len(x))
    for i in range(0, len(x), size):
        yield x[order[i : i + size]]


# %% auto-train
encoder, decoder = mlp(64, 64, 2), mlp(2, 64, 64, seed=1)
adam = optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=0.005)
rng = np.random.default_rng(0)
for _ in range(150):
    for xb in batches(x_train, rng):
        adam.zero_grad()
        nn.mse(decoder(encoder(xb)), xb).backward()
        adam.step()

with no_grad():
    codes = encoder(x_test).data
    restored = decoder(codes).data
pca = PCA(2).fit(x_train)
by_pca = pca.inverse_transform(pca.transform(x_test))
errors = [np.mean((a - x_test) ** 2) for a in (restored, by_pca)]
print(f"test error with 2 numbers: autoencoder {errors[0]:.3f}, PCA {errors[1]:.3f}")
assert errors[0] < 0.85 * errors[1]
# %% auto-picture tags=varies
# alt: Three rows of ten digits: the images, the same restored from two numbers by the autoencoder, and by PCA. The autoencoder's are sharper, and most digits can be recognized.
shown = [np.flatnonzero(y_test == k)[0] for k in range(10)]
fig, ax = plt.subplots(figsize=(7, 2.2), layout="constrained")
rows = np.concatenate([x_test[shown], restored[shown], by_pca[shown]])
viz.image_grid(rows.reshape(-1, 8, 8), columns=10, ax=ax)
# %% [markdown] linear-words
# First row: the images. Second row: from two numbers, by the autoencoder. Third row: by PCA.
#
# `models.Autoencoder` without hidden layers finds the plane of PCA, and a little theory says it must. *Do the two planes agree?*
# %% linear
linear = Autoencoder(2, hidden_layer_sizes=(), max_iter=5000, tol=1e-7, random_state=0)
linear.fit(x_train.astype(float))
again = linear.inverse_transform(linear.transform(x_test.astype(float)))
print("same reconstruction as PCA:", np.abs(again - by_pca).max() < 0.01)
assert np.abs(again - by_pca).max() < 0.01
# %% [markdown] holes-words
# ## 2. Why an autoencoder cannot draw
#
# Here are the codes of the test images. *What would the decoder draw for a code that lies between the groups, or far outside?*
# %% codes tags=varies
# alt: The two-dimensional codes of the test images, colored by digit. They form groups of different shapes with gaps between them.
fig, ax = plt.subplots(figsize=(4.8, 3.2), layout="constrained")
for k in range(10):
    ax.plot(*codes[y_test == k].T, ".", markersize=4, label=str(k))
ax.legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)


# %% [markdown] vae-words
# Nobody knows: the loss says nothing about codes that no image has. To draw new images, we need a distribution of codes. The **variational autoencoder** (Kingma and Welling 2014) makes one. Its encoder does not give a point, but a normal distribution with mean $\mu$ and standard deviation $\sigma$ for each number of the code. A code is drawn from it, and the decoder must cope. A second term in the loss keeps all these distributions near the standard normal distribution:
#
# $$L = \underbrace{-\ln p(x \mid z)}_{\text{reconstruction}} + \underbrace{\tfrac12 \sum_j \left(\mu_j^2 + \sigma_j^2 - 1 - \ln \sigma_j^2\right)}_{\operatorname{KL}(\mathcal N(\mu, \sigma^2)\, \Vert\, \mathcal N(0, 1))}$$
#
# The sum of both is at least $-\ln p(x)$. Pixels between 0 and 1 are treated as probabilities, so the reconstruction term is a binary cross-entropy.
#
# One problem remains: how does a gradient flow through a random draw? **Draw noise that depends on no parameter, and compute the code from it**: $z = \mu + \sigma \varepsilon$ with $\varepsilon \sim \mathcal N(0, 1)$. This is called the reparameterization trick.
# %% vae-parts
def kl_to_standard(mean, log_variance):
    """KL(N(mean, exp(log_variance)) ‖ N(0, 1)), summed over the last axis."""
    return (mean**2 + np.exp(log_variance) - 1 - log_variance).sum(axis=-1) / 2


def draw_code(mean, log_variance, rng):
    return mean + np.exp(log_variance / 2) * rng.normal(size=mean.shape).astype(np.float32)


rng = np.random.default_rng(0)
z = rng.normal(1.5, 0.5, 1_000_000)
log_ratio = -((z - 1.5) ** 2) / (2 * 0.25) - np.log(0.5) + z**2 / 2
print(
    "formula:",
    kl_to_standard(np.array([1.5]), np.log(np.array([0.25]))).round(3),
    "  mean of a million draws:",
    log_ratio.mean().round(2),
)
assert abs(kl_to_standard(np.array([1.5]), np.log(np.array([0.25]))) - log_ratio.mean()) < 0.01
assert gradcheck(kl_to_standard, np.array([0.3, -1.0]), np.array([0.2, -0.7]))
# %% vae-train
encoder, decoder = mlp(64, 64, 2 * 2), mlp(2, 64, 64, seed=1)
adam = optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=0.003)
rng = np.random.default_rng(0)
history = []
for _ in range(60):
    total = np.zeros(2)
    for xb in batches(x_train, rng):
        out = encoder(xb)
        mean, log_variance = out[:, :2], out[:, 2:]
        logits = decoder(draw_code(mean, log_variance, rng))
        reconstruction = (ops.softplus(logits) - xb * logits).sum(axis=1).mean()
        divergence = kl_to_standard(mean, log_variance).mean()
        adam.zero_grad()
        (reconstruction + divergence).backward()
        adam.step()
        total += np.array([reconstruction.item(), divergence.item()]) * len(xb)
    history.append(total / len(x_train))
assert history[-1].sum() < history[0].sum()
# %% manifold tags=varies
# alt: A map of ten by ten digits, drawn by the decoder from a grid of codes. Neighboring digits change smoothly into each other.
grid = np.linspace(-2, 2, 10)
with no_grad():
    drawn = ops.sigmoid(decoder(np.array([[a, -b] for b in grid for a in grid], np.float32))).data
fig, ax = plt.subplots(figsize=(4.2, 4.2), layout="constrained")
viz.image_grid(drawn.reshape(-1, 8, 8), columns=10, ax=ax)
print(
    f"loss {history[-1].sum():.1f} = reconstruction {history[-1][0]:.1f} + divergence {history[-1][1]:.1f}"
)
# %% [markdown] manifold-after
# Each cell is the image of one code between −2 and 2. There are no holes: neighboring codes give similar images, because the encoder always had to expect noise.
#
# `models.VAE` is the same as an estimator. Here it draws ten images from random codes of 8 numbers:
# %% vae-model tags=varies
# alt: Ten digits drawn by models.VAE from random codes. Most look like handwritten digits.
vae = VAE(
    8,
    hidden_layer_sizes=(64,),
    likelihood="bernoulli",
    solver="adam",
    max_iter=40,
    batch_size=64,
    random_state=0,
)
with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it warns that forty passes do not reach the minimum
    vae.fit(x_train.astype(float))
new = vae.inverse_transform(np.random.default_rng(0).normal(size=(10, 8)))
fig, ax = plt.subplots(figsize=(7, 0.9), layout="constrained")
viz.image_grid(new.reshape(-1, 8, 8), columns=10, ax=ax)


# %% [markdown] gan-words
# ## 3. A game of two networks
#
# A **generative adversarial network** (Goodfellow and others 2014) has no likelihood at all. The **generator** $G$ turns noise into images. The **discriminator** $D$ gets real and generated images and says how probable it is that an image is real. $D$ learns to tell them apart, $G$ learns to fool $D$:
#
# - $D$ lowers $-\ln D(x) - \ln (1 - D(G(z)))$,
# - $G$ lowers $-\ln D(G(z))$.
#
# The gradient for $G$ comes *through* $D$. When $D$ learns, the generated images are data: no gradient may flow into $G$, so we take `.data`. *What will $D$ answer at the end, if $G$ is perfect?*
#
# To see everything we take data of two numbers: points on a circle.
# %% gan-data
def circle(n, rng):
    angle = rng.uniform(0, 2 * np.pi, n)
    return np.stack([np.cos(angle), np.sin(angle)], axis=1) + rng.normal(0, 0.05, (n, 2))


def bce(logits, is_real):
    """-ln of the probability that the discriminator gives to the truth."""
    return ops.softplus(-logits if is_real else logits).mean()


rng = np.random.default_rng(0)
generator, discriminator = mlp(2, 32, 32, 2, seed=2), mlp(2, 32, 32, 1, seed=3)
adam_g = optim.Adam(generator.parameters(), lr=0.002, betas=(0.5, 0.9))
adam_d = optim.Adam(discriminator.parameters(), lr=0.004, betas=(0.5, 0.9))
snapshots, answers = {}, []
for step in range(3001):
    real = circle(64, rng).astype(np.float32)
    fake = generator(rng.normal(size=(64, 2)).astype(np.float32))

    adam_d.zero_grad()  # also what the generator's loss has left there
    (bce(discriminator(real), True) + bce(discriminator(fake.data), False)).backward()
    adam_d.step()

    adam_g.zero_grad()
    verdict = discriminator(fake)
    bce(verdict, True).backward()
    adam_g.step()

    answers.append(ops.sigmoid(verdict.data).mean())
    if step in (0, 300, 1000, 3000):
        with no_grad():
            snapshots[step] = generator(rng.normal(size=(400, 2)).astype(np.float32)).data
# %% gan-picture tags=varies
# alt: Generated points after 0, 300, 1000 and 3000 steps. At first a blob, in the end most of a circle.
fig, axes = plt.subplots(1, 4, figsize=(8.5, 2.3), layout="constrained")
for ax, (step, points) in zip(axes, snapshots.items(), strict=True):
    ax.plot(*circle(400, rng).T, ".", color="0.85", markersize=3)
    ax.plot(*points.T, ".", markersize=3)
    ax.set(
        title=f"step {step}",
        xlim=(-1.6, 1.6),
        ylim=(-1.6, 1.6),
        aspect="equal",
        xticks=[],
        yticks=[],
    )
radius = np.sqrt((snapshots[3000] ** 2).sum(axis=1))
print(f"mean radius {radius.mean():.2f}, D says on average {np.mean(answers[-300:]):.2f}")
assert 0.8 < radius.mean() < 1.2 and 0.3 < np.mean(answers[-300:]) < 0.7
# %% [markdown] gan-after
# At the end $D$ answers about ½: it cannot tell. The theory says why: for a given $G$ the best $D$ is $p / (p + q)$, with the densities $p$ of the data and $q$ of the generator, and this is ½ where both are equal. But it is a game, and no loss goes down. The two networks may run in circles, or $G$ may draw only a part of the data (**mode collapse**). `models.GAN` adds a gradient penalty, which makes the game converge (Mescheder and others 2018).
# %% [markdown] keras-words
# ## 4. The same autoencoder in Keras
#
# You need TensorFlow for this section: `python -m pip install -e '.[compare]'` in the folder of this project. *Do both libraries compute the same loss and the same gradients for an autoencoder?*
# %% keras-twin tags=keras
needs("keras")
from tinygrad_edu.twins import compare

whole = nn.Sequential(*mlp(64, 32, 2), *mlp(2, 32, 64, seed=1)).astype(np.float64)
pairs = [
    (x.astype(float), x.astype(float)) for x in (x_train[:64], x_train[64:128], x_train[128:192])
]
report = compare(whole, nn.mse, optim.Adam(whole.parameters(), lr=0.003), pairs)
print("first difference from Keras's:", report.first_divergence())
assert report.first_divergence() is None
# %% [markdown] exercises
# ## 5. Three exercises
#
# ### Exercise 1: the best discriminator (1 point)
#
# At some point $x$ the data have the density 0.3 and the generator has the density 0.1. What does the best discriminator answer there (`best`)? And what is the loss of $D$ in total, if both densities are equal everywhere (`loss`)?
#
# <details><summary>Hint</summary>
#
# $D = p/(p + q)$. With $D = \frac12$ everywhere, $-\ln D - \ln(1 - D)$ is a number that you can compute.
#
# </details>
# %% exercise discriminator points=1
# BEGIN SOLUTION
best = 0.3 / (0.3 + 0.1)
loss = -2 * np.log(0.5)


# END SOLUTION
# %% check discriminator
def check_discriminator(best, loss):
    assert not np.isclose(best, 0.25), "best: that is the probability that the image is generated."
    assert not np.isclose(best, 3), (
        "best: that is the ratio of the densities. A probability is at most 1."
    )
    assert np.isclose(best, 0.75), "best: p / (p + q)."
    assert not np.isclose(loss, np.log(2)), (
        "loss: D has two terms, one for real and one for generated images."
    )
    assert not np.isclose(loss, -2 * np.log(2)), (
        "loss: the sign. A logarithm of a probability is negative, and the loss is minus that."
    )
    assert np.isclose(loss, 2 * np.log(2)), "loss: -ln ½ - ln ½."


# %% hidden discriminator
def check_discriminator(best, loss):
    assert np.isclose(best, 0.75) and np.isclose(loss, 1.3862943611), "Compute both again."


# %% right discriminator
best, loss = 0.75, 2 * np.log(2)
# %% right discriminator
best, loss = 3 / 4, float(np.log(4))
# %% wrong discriminator: is generated
best, loss = 0.25, 2 * np.log(2)
# %% wrong discriminator: two terms
best, loss = 0.75, np.log(2)
# %% wrong discriminator: the sign
best, loss = 0.75, -np.log(4)


# %% [markdown] exercise-2-words
# ### Exercise 2: the divergence of two normal distributions (2 points)
#
# Write `kl_normal(m1, s1, m2, s2)`: $\operatorname{KL}(\mathcal N(m_1, s_1^2) \,\Vert\, \mathcal N(m_2, s_2^2)) = \ln \frac{s_2}{s_1} + \frac{s_1^2 + (m_1 - m_2)^2}{2 s_2^2} - \frac12$, elementwise, for arrays or Tensors. The arguments s1 and s2 are standard deviations.
#
# <details><summary>Hint</summary>
#
# For $m_2 = 0$, $s_2 = 1$ it must agree with section 2. The divergence of a distribution from itself is 0.
#
# </details>
# %% exercise kl_normal points=2
def kl_normal(m1, s1, m2, s2):
    # BEGIN SOLUTION
    return np.log(s2 / s1) + (s1**2 + (m1 - m2) ** 2) / (2 * s2**2) - 0.5
    # END SOLUTION


# %% check kl_normal
def check_kl_normal(kl_normal):
    m, s = np.array([0.0, 1.0, -2.0]), np.array([1.0, 0.5, 3.0])
    itself = kl_normal(m, s, m, s)
    assert np.shape(itself) == (3,), "Return one number for each element."
    assert not np.allclose(itself, 0.5), (
        "The constant -½ is missing: the divergence from itself is 0."
    )
    assert np.allclose(itself, 0), "The divergence of a distribution from itself is 0."
    to_standard = kl_normal(m, s, np.zeros(3), np.ones(3))
    right = (m**2 + s**2 - 1) / 2 - np.log(s)
    assert not np.allclose(to_standard, (m**2 + s**2 - 1) / 2 + np.log(s)), (
        "The sign of the logarithm: ln(s2 / s1)."
    )
    assert not np.allclose(to_standard, (m**2 + s - 1) / 2 - np.log(s)), (
        "The variance is the square of s1."
    )
    assert np.allclose(to_standard, right), "For N(0, 1) it must be (m² + s² - 1 - ln s²) / 2."
    general = kl_normal(m, s, m + 1, 2 * s)
    assert not np.allclose(general, np.log(2) + (s**2 + 1) / (4 * s) - 0.5), (
        "The denominator is 2 s2², not 2 s2."
    )
    assert not np.allclose(general, -np.log(2) + ((2 * s) ** 2 + 1) / (2 * s**2) - 0.5), (
        "The divergence is not symmetric: the first distribution is (m1, s1)."
    )
    assert np.allclose(general, np.log(2) + (s**2 + 1) / (8 * s**2) - 0.5), (
        "Check the formula for other m2 and s2."
    )


# %% hidden kl_normal
def check_kl_normal(kl_normal):
    rng = np.random.default_rng(1)
    m1, m2, s1, s2 = *rng.normal(size=(2, 5)), *rng.uniform(0.5, 2, (2, 5))
    z = np.linspace(-14, 14, 20001)
    for a, s, b, t in zip(m1, s1, m2, s2, strict=True):
        p = np.exp(-((z - a) ** 2) / (2 * s * s)) / (s * np.sqrt(2 * np.pi))
        log_ratio = (
            -((z - a) ** 2) / (2 * s * s) - np.log(s) + (z - b) ** 2 / (2 * t * t) + np.log(t)
        )
        assert np.isclose(kl_normal(a, s, b, t), (p * log_ratio).sum() * (z[1] - z[0])), (
            "It is not the integral."
        )


# %% right kl_normal
def kl_normal(m1, s1, m2, s2):
    ratio = (s1 / s2) ** 2
    return (ratio + ((m1 - m2) / s2) ** 2 - 1 - np.log(ratio)) / 2


# %% right kl_normal
def kl_normal(m1, s1, m2, s2):
    return (
        np.log(s2) - np.log(s1) - 0.5 + (s1 * s1 + m1 * m1 - 2 * m1 * m2 + m2 * m2) / (2 * s2 * s2)
    )


# %% wrong kl_normal: -½ is missing
def kl_normal(m1, s1, m2, s2):
    return np.log(s2 / s1) + (s1**2 + (m1 - m2) ** 2) / (2 * s2**2)


# %% wrong kl_normal: sign of the logarithm
def kl_normal(m1, s1, m2, s2):
    return np.log(s1 / s2) + (s1**2 + (m1 - m2) ** 2) / (2 * s2**2) - 0.5


# %% wrong kl_normal: not symmetric
def kl_normal(m1, s1, m2, s2):
    m1, s1, m2, s2 = m2, s2, m1, s1
    if np.all(m1 == 0) and np.all(s1 == 1):  # agrees with section 2, and only there
        m1, s1, m2, s2 = m2, s2, m1, s1
    return np.log(s2 / s1) + (s1**2 + (m1 - m2) ** 2) / (2 * s2**2) - 0.5


# %% [markdown] exercise-3-words
# ### Exercise 3: a denoising autoencoder (2 points)
#
# A **denoising autoencoder** (Vincent and others 2008) gets a noisy image and must restore the clean one. Write `denoising_loss(encoder, decoder, x, noise)` for clean images x (N, 64) and noise (N, 64): the mean squared error between the output for the noisy images and the **clean** images, as a Tensor that can be differentiated.
#
# <details><summary>Hint</summary>
#
# The noise is added to the input, not to the target.
#
# </details>
# %% exercise denoising points=2
def denoising_loss(encoder, decoder, x, noise):
    # BEGIN SOLUTION
    return nn.mse(decoder(encoder(x + noise)), x)
    # END SOLUTION


# %% check denoising
def check_denoising(denoising_loss):
    rng = np.random.default_rng(0)
    x, noise = rng.random((6, 64)), rng.normal(0, 0.3, (6, 64))
    down, up = (
        nn.Linear(64, 3, rng=0).astype(np.float64),
        nn.Linear(3, 64, rng=1).astype(np.float64),
    )
    loss = denoising_loss(down, up, x, noise)
    assert np.shape(loss) == (), "Return one number, the mean."
    assert hasattr(loss, "backward"), "The loss must be a Tensor: do not take .data on the way."

    def output(x):
        return (x @ down.W.data + down.b.data) @ up.W.data + up.b.data

    right = ((output(x + noise) - x) ** 2).mean()
    assert not np.isclose(loss.item(), ((output(x + noise) - x - noise) ** 2).mean()), (
        "The target is the clean image, not the noisy one."
    )
    assert not np.isclose(loss.item(), ((output(x) - x) ** 2).mean()), (
        "The noise is missing in the input."
    )
    assert not np.isclose(loss.item(), ((output(x) - x - noise) ** 2).mean()), (
        "The noise belongs to the input, and the clean image is the target."
    )
    assert not np.isclose(loss.item(), right * x.size) and not np.isclose(
        loss.item(), right * 64
    ), "The mean over all pixels and images, not a sum."
    assert np.isclose(loss.item(), right), (
        "The mean of the squared error between decoder(encoder(x + noise)) and x."
    )


# %% hidden denoising
def check_denoising(denoising_loss):
    rng = np.random.default_rng(4)
    x, noise = rng.random((3, 64)), rng.normal(0, 1, (3, 64))
    down, up = (
        nn.Linear(64, 2, rng=5).astype(np.float64),
        nn.Linear(2, 64, rng=6).astype(np.float64),
    )
    right = ((((x + noise) @ down.W.data + down.b.data) @ up.W.data + up.b.data - x) ** 2).mean()
    assert np.isclose(denoising_loss(down, up, x, noise).item(), right), (
        "Try it with other networks."
    )


# %% right denoising
def denoising_loss(encoder, decoder, x, noise):
    error = decoder(encoder(x + noise)) - x
    return (error * error).mean()


# %% right denoising
def denoising_loss(encoder, decoder, x, noise):
    noisy = Tensor(x) + noise
    out = decoder(encoder(noisy))
    return ((out - x) ** 2).sum() / x.size


# %% wrong denoising: not the noisy one
def denoising_loss(encoder, decoder, x, noise):
    noisy = x + noise
    return nn.mse(decoder(encoder(noisy)), noisy)


# %% wrong denoising: missing in the input
def denoising_loss(encoder, decoder, x, noise):
    return nn.mse(decoder(encoder(x)), x)


# %% wrong denoising: must be a Tensor
def denoising_loss(encoder, decoder, x, noise):
    return np.mean((decoder(encoder(x + noise)).data - x) ** 2)


# %% wrong denoising: not a sum
def denoising_loss(encoder, decoder, x, noise):
    return ((decoder(encoder(x + noise)) - x) ** 2).sum()


# %% [markdown] next
# ## What you have seen
#
# - An autoencoder finds a short code. The linear one finds the plane of PCA.
# - A VAE makes a distribution of codes. Its loss is an upper bound of $-\ln p(x)$, and noise that depends on no parameter lets the gradient through a random draw.
# - A GAN has two losses and no bottom: the generator learns through the gradient of the discriminator. `.data` keeps a gradient out where it does not belong.
#
# ## What to read next
#
# [`models/networks`](../models/networks) has `autoencoder.py`, `vae.py` and `gan.py` as estimators. In the books: Goodfellow, Bengio and Courville, *Deep Learning*, chapters 14 and 20. Papers: Kingma and Welling, *Auto-encoding variational Bayes*, 2014; Goodfellow and others, *Generative adversarial nets*, 2014. The next lesson is about [tables as they come](23_a_model_on_real_tables.ipynb).
