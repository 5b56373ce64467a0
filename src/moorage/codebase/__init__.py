"""Codebase: index repositories into a project's database and search them by meaning, words and structure.

Promises: every line of an indexed file is in exactly one chunk; an index run can be killed at any point and continued;
the old state answers until the new one is written; every file left out is counted with its reason; an answer says how
fresh it is and which parts of the search took part. What a work item or a project is, is left to others.
"""
