"""Operations: what somebody responsible for other people's data does with all projects at once.

Backing up and restoring, finding and mending what is broken, moving projects between servers. It serves no models:
its door is the command line.
"""
