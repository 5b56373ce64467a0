"""Doctor: finds what is broken in the registry, on the servers and in project databases, and mends it with consent.

Looking changes nothing. Mending looks again under the project's lock before it acts, so that two operators at once, or
one who comes late, do no harm. Nothing that is only in one place is ever deleted unasked.
"""
