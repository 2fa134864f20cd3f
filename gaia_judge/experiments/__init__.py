"""Experiments: matrices of judges, prompts, frames, readouts and controls, cached cell by cell."""
