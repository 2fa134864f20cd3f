"""Contents: what a report says of runs and people, section by section."""
