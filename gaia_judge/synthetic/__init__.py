"""A synthetic benchmark in GAIA's shape, whose truth is known."""
