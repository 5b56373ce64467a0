"""Reading the audit log: `moorage db audit`."""
