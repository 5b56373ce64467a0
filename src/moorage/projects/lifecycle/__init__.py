"""The life of a project between its making and its end: archived and back, named, limited, copied and rolled back."""
