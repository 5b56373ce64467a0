"""Briefing: what matters now, in few words, for an agent that begins or continues."""
