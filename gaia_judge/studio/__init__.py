"""The studio: web pages on which people rate videos, and the store that keeps every vote."""
