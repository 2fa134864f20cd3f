"""Leaderboards: generators ranked by a rater's scores, and what a few human labels make of them."""
