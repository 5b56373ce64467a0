"""Who may call from elsewhere: tokens of people and agents, and the gate that every HTTP request passes.

Promises: of a token only its SHA-256 is kept; a revoked or expired one is refused within seconds, wherever it is
shown; PostgreSQL is not asked at every call. What a caller may do is decided elsewhere (`core/access.py`).
"""
