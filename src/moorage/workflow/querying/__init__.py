"""Finding entities: by filters over their fields, by words, by meaning; a page at a time."""
