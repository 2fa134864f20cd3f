"""Calibration: a rater's scores become people's, and nothing is judged on what it was fitted to."""
