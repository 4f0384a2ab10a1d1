"""The course: the sources of its lessons, checks of answers, and assignments made from them.

    from tinygrad_edu.course import check, needs

source       the format in which a lesson is written
notebooks    the notebooks that are made from it
checks       what a notebook uses: `check` and `needs`
judging      from an answer to a hint
assigning    `tinygrad-edu assign`: notebooks for learners and teachers
grading      `tinygrad-edu check`: a notebook in a process of its own, its tests in this one
wire         values that the two processes share
child        the process of the notebook
guard        what that process may not do
commands     the arguments of the two commands
"""

from tinygrad_edu.course.checks import check, needs

__all__ = ["check", "needs"]
