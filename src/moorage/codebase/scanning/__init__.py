"""Which files of a folder are worth indexing, and what they say.

`resolve_root` turns what a caller typed into a folder that may be read, `scan` lists the files below it by
name and size, `read_text` opens one of them. Nothing is left out silently: every file and every folder that
was not taken is counted under its reason, a folder as one.

Inside a git work tree git itself is asked for the list, once; elsewhere the folder is walked and
`.gitignore` files are honoured by `pathspec`. Links are never followed, so that nothing outside the root is
read, and nothing but a regular file is ever opened, so that a pipe or a device cannot block.

A `.moorageignore` file (the syntax of `.gitignore`, in any folder) leaves out more. Its negations bring back
what the built-in lists leave out, save secrets and the folders of tools: `!third_party/` indexes third-party
code. They do not bring back what git ignores.
"""

from moorage.codebase.scanning.content import read_text
from moorage.codebase.scanning.models import FileText, FoundFile, LeftOut, Lister, Scan, ScanLimits
from moorage.codebase.scanning.roots import UnfitRoot, resolve_root
from moorage.codebase.scanning.scan import scan

__all__ = [
    "FileText",
    "FoundFile",
    "LeftOut",
    "Lister",
    "Scan",
    "ScanLimits",
    "UnfitRoot",
    "read_text",
    "resolve_root",
    "scan",
]
