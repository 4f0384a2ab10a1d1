"""The course: the sources of its lessons, checks of answers, and assignments made from them.

    from tinygrad_edu.course import check, needs

source       the format in which a lesson is written
notebooks    the notebooks that are made from it
checks       what a notebook uses: `check` and `needs`
judging      from an answer to a hint
"""

from tinygrad_edu.course.checks import check, needs

__all__ = ["check", "needs"]
