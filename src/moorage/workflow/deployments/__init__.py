"""Deployments: what was brought where, when, with which work items; what is live, and how well delivery goes."""
