"""Asking git: the files of a work tree, its head, and a shallow copy of what a git URL names.

git runs as a program of its own, never through a shell, with a bound in time, without prompts, and never with
anything that the repository itself may have configured to run: hooks and file system monitors are off.
Credentials in a URL are kept out of command lines, files, logs and errors.
"""

from moorage.codebase.git.cloning import clone_or_update
from moorage.codebase.git.errors import FolderTaken, GitFailed, GitMissing, GitTimedOut, NoWorkTree, UnfitUrl
from moorage.codebase.git.heads import Head, head
from moorage.codebase.git.listing import Listing, list_files, looks_bare
from moorage.codebase.git.urls import is_git_url, without_credentials

__all__ = [
    "FolderTaken",
    "GitFailed",
    "GitMissing",
    "GitTimedOut",
    "Head",
    "Listing",
    "NoWorkTree",
    "UnfitUrl",
    "clone_or_update",
    "head",
    "is_git_url",
    "list_files",
    "looks_bare",
    "without_credentials",
]
