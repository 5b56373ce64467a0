"""One read on many databases at once, with an answer or a failure for each."""
