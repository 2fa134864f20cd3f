"""Texts for the terminal, in which nobody's names give it orders."""

import re

UNSAFE = re.compile("[\0-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""What moves the cursor, colours, names the window, turns the direction of writing, or cannot be written."""


def legible(text: str) -> str:
    r"""Return text in which no character gives the terminal an order.

    >>> legible("\x1b[2Jall is well\r")
    '␛[2Jall is well␍'
    """
    return UNSAFE.sub(lambda sign: chr(0x2400 + ord(sign[0])) if sign[0] < " " else "\ufffd", text)
