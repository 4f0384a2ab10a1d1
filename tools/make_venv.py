"""Makes a virtual environment with pip, using only the standard library.

    python3 tools/make_venv.py .venv

`python3 -m venv` does this where Python is complete. Debian and Ubuntu package `ensurepip`, which
installs pip, separately (python3-venv), and a fresh system lacks it. There this script downloads pip from the
package index and compares its SHA-256 with the one below. It keeps an existing environment and adds
what is missing.
"""

import hashlib
import html
import importlib.util
import os
import re
import ssl
import subprocess
import sys
import tempfile
import urllib.error
import urllib.parse
import urllib.request
import venv

OLDEST_PYTHON = (3, 11)

# To use another pip, take name and hash from https://pypi.org/project/pip/#files.
PIP_WHEEL = "pip-26.3-py3-none-any.whl"
PIP_SHA256 = "f3b60b20ffaadd4415ed7957212a38ac63fa4c5fa375bd0f4a797777940fad13"


def main(folder):
    if sys.version_info < OLDEST_PYTHON:
        sys.exit(
            "tinygrad_edu needs Python {}.{} or newer, and {} is Python {}.{}: name a newer one, "
            "as in `make demo PYTHON=python3.12`".format(
                *OLDEST_PYTHON, sys.executable, *sys.version_info
            )
        )
    complete = importlib.util.find_spec("ensurepip") is not None
    venv.create(folder, with_pip=complete, symlinks=os.name != "nt")
    python = os.path.join(folder, "Scripts" if os.name == "nt" else "bin", "python")
    if subprocess.run([python, "-m", "pip", "--version"], capture_output=True).returncode != 0:
        install_pip(python)


def install_pip(python):
    """Downloads pip's wheel, verifies it, and lets it install itself: a wheel of pip can be executed."""
    index = os.environ.get("PIP_INDEX_URL", "https://pypi.org/simple").rstrip("/") + "/pip/"
    try:
        page = fetch(index).decode()
        link = re.search(rf'href="([^"#]*{re.escape(PIP_WHEEL)})["#]', page)
        if link is None:
            sys.exit(f"{index} does not offer {PIP_WHEEL}; " + WAY_OUT)
        wheel = fetch(urllib.parse.urljoin(index, html.unescape(link[1])))
    except (urllib.error.URLError, OSError) as error:
        sys.exit(f"pip could not be fetched from {index} ({error}); " + WAY_OUT)
    found = hashlib.sha256(wheel).hexdigest()
    if found != PIP_SHA256:
        sys.exit(f"{PIP_WHEEL} from {index} has SHA-256 {found}, not {PIP_SHA256}: not installed")

    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, PIP_WHEEL)
        with open(path, "wb") as file:
            file.write(wheel)
        pip = os.path.join(path, "pip")
        command = [python, pip, "install", "--quiet", "--no-index", path]
        subprocess.run(command, check=True)


WAY_OUT = "with `apt install python3-venv` Python brings a pip of its own"


def fetch(url):
    with urllib.request.urlopen(url, timeout=60, context=trust()) as answer:
        return answer.read()


def trust():
    """The certificates to trust: those of the system, or those in PIP_CERT."""
    named = os.environ.get("PIP_CERT")
    context = ssl.create_default_context(cafile=named)
    places = ssl.get_default_verify_paths()
    any_certificate = named or places.cafile or (places.capath and os.listdir(places.capath))
    if not any_certificate:
        # A fresh system may lack ca-certificates as well, and can then verify no server. The download
        # is still used only if it has the SHA-256 above; pip itself brings certificates.
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


if __name__ == "__main__":
    main(*sys.argv[1:])
