"""Deployments: what was put where and when, what is live, and how often that goes well."""
