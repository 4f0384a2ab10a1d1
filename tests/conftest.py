"""What libraries read once, set before any test imports them; and a browser, for tests of pages."""

import os
import shutil

import pytest
from hypothesis import HealthCheck, settings

# Without it scikit-learn skips one of its estimator checks.
os.environ.setdefault("SCIPY_ARRAY_API", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

# `make test` runs one process per core. In each of them every library would start as many threads again,
# and threads that wait for each other make small products ten times slower. Subprocesses inherit these.
for threads in (
    "OPENBLAS_NUM_THREADS",
    "OMP_NUM_THREADS",
    "TF_NUM_INTRAOP_THREADS",
    "TF_NUM_INTEROP_THREADS",
):
    os.environ.setdefault(threads, "1")

# A slow example is the fault of the machine. The other settings stay as they are: in CI Hypothesis
# draws the same examples each time.
settings.register_profile(
    "any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("any machine")

# Milliseconds until a browser that does not answer fails its test: no machine is so slow.
BROWSER_TIMEOUT = 300_000

QUIET = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"]

STATES = {}  # of random generators, before the first test


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    """A generator at the head of a test file begins anew for each test.

    So a test draws the same numbers whichever tests ran before it in the same process.
    """
    from numpy.random import Generator

    for value in vars(item.module).values():
        if isinstance(value, Generator):
            value.bit_generator.state = STATES.setdefault(value, value.bit_generator.state)


@pytest.fixture(scope="module")
def chromium():
    """A browser without a window, driven by Playwright. Skips where there is no Chromium or Chrome.

    It is closed with the module: while it is open, nothing else can run an event loop (nbclient does).
    """
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    program = next(filter(None, map(shutil.which, names)), None)
    if program is None:
        pytest.skip("there is no Chromium on this machine")
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=program, args=QUIET, timeout=BROWSER_TIMEOUT
        )
        yield browser
        browser.close()


@pytest.fixture
def visit(chromium, tmp_path):
    """visit(html, width=1280, height=800, scheme="light", motion="reduce") opens a page from a file.

    After the test nothing may stand on the console, and no request may have left the page.
    """
    contexts, complaints = [], []

    def opened(html, *, width=1280, height=800, scheme="light", motion="reduce"):
        path = tmp_path / f"page{len(contexts)}.html"
        path.write_text(html, encoding="utf-8")
        context = chromium.new_context(
            viewport={"width": width, "height": height}, color_scheme=scheme,
            reduced_motion=motion, has_touch=width < 500,
        )  # fmt: skip
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(BROWSER_TIMEOUT)
        page.on("console", lambda said: complaints.append(f"console: {said.text}"))
        page.on("pageerror", lambda error: complaints.append(f"error: {error}"))
        page.on(
            "request",
            lambda request: (
                request.url.startswith(("data:", path.as_uri()))
                or complaints.append(f"request: {request.url}")
            ),
        )
        page.goto(path.as_uri())
        return page

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []
