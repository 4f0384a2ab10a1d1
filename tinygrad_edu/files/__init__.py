"""Files that are written completely or not at all, and files that are read only if they are undamaged.

drafts     new files and folders under random names, renamed when they are complete
damage     DamagedFileError, the one error of a file that is damaged or of another kind
npz        archives of arrays: checksums and sizes are verified before an array is used
json_files  JSON with a checksum (not imported here, as most programs need none)
text       text files: their encoding is recognized, or named in the error
look       the style of all pages
lock       a folder that one process uses at a time
"""

from tinygrad_edu.files.damage import DamagedFileError, naming_damage
from tinygrad_edu.files.drafts import whole_file, whole_folder, write_text
from tinygrad_edu.files.npz import read_npz, write_npz
from tinygrad_edu.files.text import open_text

__all__ = [
    "DamagedFileError",
    "naming_damage",
    "open_text",
    "read_npz",
    "whole_file",
    "whole_folder",
    "write_npz",
    "write_text",
]
