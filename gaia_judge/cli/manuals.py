"""The reference of all commands, from their own help: ``python -m gaia_judge.cli.manuals > docs/cli.md``."""

import click

from gaia_judge.cli import COMMANDS, cli

WIDTH = 100

HEAD = """# Commands

Made from the commands' own help by `make docs`; a test holds it to that.
"""


def manual() -> str:
    """Return every command's help as Markdown."""
    parts = [HEAD]
    with click.Context(cli, info_name="gaia-judge", terminal_width=WIDTH) as above:
        for name in COMMANDS:
            command = cli.get_command(above, name)
            assert command is not None
            with click.Context(command, info_name=name, parent=above, terminal_width=WIDTH) as context:
                text = "\n".join(line.rstrip() for line in command.get_help(context).splitlines())
            parts.append(f"## {name}\n\n```text\n{text.strip()}\n```\n")
            parts += _below(command, name, above)
    return "\n".join(parts)


def _below(command: click.Command, name: str, above: click.Context) -> list[str]:
    """Return the help of a group's own commands."""
    if not isinstance(command, click.Group):
        return []
    found = []
    with click.Context(command, info_name=name, parent=above, terminal_width=WIDTH) as parent:
        for word, one in command.commands.items():
            with click.Context(one, info_name=word, parent=parent, terminal_width=WIDTH) as context:
                text = "\n".join(line.rstrip() for line in one.get_help(context).splitlines())
            found.append(f"## {name} {word}\n\n```text\n{text.strip()}\n```\n")
    return found


if __name__ == "__main__":
    print(manual(), end="")
