"""Templates: strict, sandboxed Jinja2, found in prompt sets.

The sandbox keeps a prompt set from elsewhere to the text it is given: no files but templates, no methods, no
macros, no endless output. It does not limit the time that a wilful template can burn.
"""

import re
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from jinja2 import (
    BaseLoader,
    Environment,
    StrictUndefined,
    Template,
    TemplateError,
    TemplateNotFound,
    TemplateSyntaxError,
)
from jinja2.exceptions import SecurityError
from jinja2.filters import FILTERS
from jinja2.runtime import BlockReference
from jinja2.sandbox import ImmutableSandboxedEnvironment

from gaia_judge.assets import roots
from gaia_judge.errors import GaiaJudgeError

MOST_CHARACTERS = 20_000
"""Longest text that a template may make."""

MOST_NUMBERS = 1_000
"""Most numbers that ``range`` hands out while one text is made."""

MOST_TEMPLATES = 100
"""Most times that templates may be extended or included while one text is made."""

NAME = re.compile(r"(?P<shipped>shipped:)?(?P<set>\w[\w-]*)/(?P<file>\w[\w.-]*\.j2)")

ALLOWED = {"capitalize", "default", "first", "join", "last", "length", "lower", "round", "trim", "upper"}
"""Filters that templates may use."""


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
        self._environment = _Sandbox(_Folders(self.sources))

    def render(self, name: str, context: Mapping[str, Any]) -> str:
        """Return the text of a template without the white space around it.

        Raises:
            GaiaJudgeError: The template is missing or wrong, reaches for what it may not have, or makes
                too much text; file and line are named where they are known.
        """
        try:
            self._environment.templates_left = MOST_TEMPLATES
            template = self._environment.get_template(name, parent=f"{self.home}/")
            text = ""
            for piece in template.generate({**context, "range": _Range()}):
                text += piece
                if len(text) > MOST_CHARACTERS:
                    raise SecurityError(f"it makes more than {MOST_CHARACTERS} characters")
            return text.strip()
        except (TemplateError, RecursionError, ArithmeticError, LookupError, TypeError, ValueError) as error:
            raise _explained(name, error) from error


class _Range:
    """``range`` for one text; a budget over all its calls holds in nested loops too."""

    def __init__(self) -> None:
        self._left = MOST_NUMBERS

    def __call__(self, *bounds: int) -> range:
        numbers = range(*bounds)
        self._left -= len(numbers)
        if self._left < 0:
            raise SecurityError(f"it asks range for more than {MOST_NUMBERS} numbers")
        return numbers


class _Sandbox(ImmutableSandboxedEnvironment):
    """Jinja2's sandbox, less the functions, methods and operators that make much of little."""

    intercepted_binops = frozenset({"*", "**", "%"})

    def __init__(self, loader: BaseLoader) -> None:
        super().__init__(
            loader=loader,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
            auto_reload=False,
        )
        self.globals.clear()
        self.filters = {name: FILTERS[name] for name in ALLOWED}
        self.templates_left = 0

    def get_template(self, name: Any, parent: str | None = None, globals: Any = None) -> Template:
        self.templates_left -= 1
        if self.templates_left < 0:
            raise SecurityError(f"it needs more than {MOST_TEMPLATES} templates")
        return super().get_template(name, parent, globals)

    def join_path(self, template: str, parent: str) -> str:
        return template if "/" in template else f"{parent.rpartition('/')[0]}/{template}"

    def is_safe_callable(self, obj: Any) -> bool:
        return isinstance(obj, _Range | BlockReference)

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        if operator == "**" or not all(isinstance(side, int | float) for side in (left, right)):
            raise SecurityError(f"it may not use {operator} like this")
        return super().call_binop(context, operator, left, right)


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
            return path.read_text(encoding="utf-8"), str(path), lambda: True
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
