"""In and out: items of other programs come in as entities, and everything of a project goes out and comes back."""
