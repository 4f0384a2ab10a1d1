"""The style that all pages share: look.css, which pages contain, as they are one file each."""

import functools
import os
import re

PATH = os.path.join(os.path.dirname(__file__), "look.css")


@functools.cache
def look() -> str:
    """The style sheet, without comments."""
    with open(PATH, encoding="utf-8") as file:
        return re.sub(r" */\*.*?\*/", "", file.read(), flags=re.DOTALL)


@functools.cache
def light_colors() -> dict[str, str]:
    """name -> color on light paper, for pictures that have one theme."""
    return dict(re.findall(r"--([\w-]+): light-dark\((#\w+),", look()))
