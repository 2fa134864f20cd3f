"""Templates: strict, sandboxed Jinja2, found in prompt sets.

The sandbox keeps a prompt set from elsewhere to the text it is given: no files but templates, no methods, no
macros, no endless output, no more than a little time and memory.
"""

import re
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from jinja2 import BaseLoader, Environment, TemplateError, TemplateNotFound, TemplateSyntaxError
from jinja2.exceptions import SecurityError

from gaia_judge.assets import roots
from gaia_judge.errors import GaiaJudgeError
from gaia_judge.prompts.sandboxes import MOST_CHARACTERS, Range, Sandbox

NAME = re.compile(r"(?P<shipped>shipped:)?(?P<set>\w[\w-]*)/(?P<file>\w[\w.-]*\.j2)")

LONGEST = 100_000
"""Characters of a template's file."""


class Templates:
    """Renders the templates of one prompt set.

    A name alone is a file beside the one that names it; ``NAME/file.j2`` is a file of another set, the user's
    own before the shipped one; ``shipped:NAME/file.j2`` is always the shipped one.

    Args:
        home: Name of the prompt set, where names alone are looked up at first.
    """

    def __init__(self, home: str) -> None:
        self.home = home
        self.sources: dict[str, Path] = {}
        """Where the templates used so far were found."""
        self._environment = Sandbox(_Folders(self.sources))

    def render(self, name: str, context: Mapping[str, Any]) -> str:
        """Return the text of a template without the white space around it.

        Raises:
            GaiaJudgeError: The template is missing or wrong, reaches for what it may not have, or makes
                too much text; file and line are named where they are known.
        """
        try:
            self._environment.start()
            template = self._environment.get_template(name, parent=f"{self.home}/")
            text = ""
            for piece in template.generate({**context, "range": Range()}):
                text += piece
                if len(text) > MOST_CHARACTERS:
                    raise SecurityError(f"it makes more than {MOST_CHARACTERS} characters")
            return text.strip()
        except (TemplateError, RecursionError, ArithmeticError, LookupError, TypeError, ValueError) as error:
            raise _explained(name, error) from error


class _Folders(BaseLoader):
    """Finds templates below the folders where prompt sets are looked for, and nowhere else."""

    def __init__(self, sources: dict[str, Path]) -> None:
        self._sources = sources

    def get_source(self, environment: Environment, template: str) -> tuple[str, str, Callable[[], bool]]:
        name = NAME.fullmatch(template)
        if name is None:
            raise SecurityError(f"{template!r} is not the name of a template")
        for origin, root in roots():
            path = root / "prompts" / name["set"] / name["file"]
            if (name["shipped"] and origin != "shipped") or not path.is_file():
                continue
            if not path.resolve().is_relative_to((root / "prompts").resolve()):
                raise SecurityError(f"{path} leads out of its folder")
            self._sources[template] = path
            source = path.read_text(encoding="utf-8")
            if len(source) > LONGEST:
                raise SecurityError(f"{path} has more than {LONGEST} characters")
            return source, str(path), lambda: True
        raise TemplateNotFound(template)


def _explained(name: str, error: Exception) -> GaiaJudgeError:
    if isinstance(error, TemplateNotFound):
        return GaiaJudgeError(f"There is no template {error.name!r}.", "Templates are files of a prompt set.")
    if isinstance(error, TemplateSyntaxError):
        where, line = error.filename or name, error.lineno
    else:
        # Jinja2 rewrites tracebacks so that frames stand for lines of templates.
        frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename.endswith(".j2")]
        where, line = (frames[-1].filename, frames[-1].lineno or 1) if frames else (name, 1)
    return GaiaJudgeError(f"{where}, line {line}: {error}.", "Correct the template there.")
