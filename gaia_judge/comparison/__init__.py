"""Raters against people: agreement, combinations, published figures, and what a benchmark's scores show."""
