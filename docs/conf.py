"""How Sphinx builds the site. `make docs` runs docs/build.py, which copies this folder and calls Sphinx."""

import os
import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from tinygrad_edu.version import __version__  # noqa: E402

project = "tinygrad_edu"
author = "the authors of tinygrad_edu"
version = release = __version__

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.mathjax",
    "sphinx.ext.viewcode",
    "sphinx_gallery.gen_gallery",
    "site_tools.extension",
]
exclude_patterns = ["site_tools", "build.py", "gallery/**", "examples/**/*.ipynb"]

# ---- pages ----
smartquotes = False  # quotes and primes in formulas stay as they are
html_theme = "furo"
html_title = "tinygrad_edu"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_copyright = False
html_show_sphinx = False
html_theme_options = {"footer_icons": [], "navigation_with_keys": True}
pygments_style = "friendly"
pygments_dark_style = "monokai"
mathjax_path = (
    "mathjax/tex-chtml-full.js"  # copied by site_tools.extension: nothing comes from a network
)
mathjax3_config = {"options": {"enableMenu": False}}
# Sphinx would look up words of every language: English only.
html_search_language = "en"

# ---- Markdown and notebooks ----
source_suffix = {".rst": "restructuredtext", ".md": "myst-nb", ".ipynb": "myst-nb"}
myst_enable_extensions = ["amsmath", "attrs_block", "colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3
nb_execution_mode = "off"  # the outputs are kept with the lessons, and tested by `make tutorials`
nb_ipywidgets_js = {}
nb_merge_streams = True
nb_number_source_lines = False

# ---- the reference ----
autodoc_inherit_docstrings = False
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_preserve_defaults = False
python_maximum_signature_line_length = 80
python_display_short_literal_types = True
add_module_names = False
toc_object_entries_show_parents = "hide"
viewcode_follow_imported_members = True
nitpicky = True
# Types in signatures that belong to other libraries, or are private.
nitpick_ignore_regex = [("py:.*", r"(?!tinygrad_edu\.|models\.).*"), ("py:class", r".*")]

# ---- the gallery ----
sphinx_gallery_conf = {
    "examples_dirs": ["gallery"],
    "gallery_dirs": ["examples"],
    "filename_pattern": r"/plot_",
    "download_all_examples": False,
    "write_computation_times": False,
    "min_reported_time": 1e9,
    "show_memory": False,
    "show_signature": False,
    "remove_config_comments": True,
    "copyfile_regex": r".*\.rst",
    "thumbnail_size": (400, 300),
    "image_srcset": [],
    "matplotlib_animations": False,
    "abort_on_example_error": True,
    "plot_gallery": os.environ.get("DOCS_GALLERY", "1") == "1",
}
suppress_warnings = ["config.cache"]
