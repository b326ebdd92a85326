"""One file for each subject; none is imported before one of its commands is asked for."""
