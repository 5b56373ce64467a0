"""Exchange: entities from files of other trackers, and entities as files for people and git."""
