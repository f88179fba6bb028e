"""One run, one file: choices only."""
