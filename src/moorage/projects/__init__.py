"""Projects: which project lives in which database.

The ground floor under the other systems: a registry of projects, a database of its own for each, and the connections
to all of them within one budget. It knows that databases have migration lines, not what is in them.
"""
