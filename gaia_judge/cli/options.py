"""Options that several commands share."""

import click

decoder_option = click.option(
    "--decoder",
    type=click.Choice(["auto", "decord", "pyav", "torchcodec"]),
    default="auto",
    show_default=True,
    help="Video decoder.",
)
