"""What the build of the site needs beyond Sphinx: see docs/build.py, which puts it together."""
