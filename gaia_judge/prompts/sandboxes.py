"""The sandbox in which templates run: text from what they are given, in bounded time and memory."""

from collections.abc import Iterable, Iterator
from typing import Any, cast

from jinja2 import BaseLoader, StrictUndefined, Template, TemplateSyntaxError, nodes
from jinja2.exceptions import SecurityError
from jinja2.filters import FILTERS
from jinja2.runtime import BlockReference, Undefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

MOST_CHARACTERS = 20_000
"""Longest text that a template may make or handle."""

MOST_NUMBERS = 1_000
"""Most numbers that ``range`` hands out while one text is made."""

MOST_TEMPLATES = 100
"""Most times that templates may be extended or included while one text is made."""

MOST_STEPS = 100_000
"""Most turns of loops and calls of blocks while one text is made."""

LARGEST = 1e18
"""Numbers as large may not be multiplied: their digits would double each time."""

ALLOWED = {"capitalize", "default", "first", "last", "length", "lower", "trim", "upper"}
"""Filters that templates may use, beside ``join`` and ``round``."""

COUNTED, SMALL = " counted", " small"
"""Filters that the sandbox puts around loops and joined text; no template can write such a name."""


class Range:
    """``range`` for one text; a budget over all its calls holds in nested loops too."""

    def __init__(self) -> None:
        self._left = MOST_NUMBERS

    def __call__(self, *bounds: int) -> range:
        """Return numbers, if there are any left.

        Raises:
            SecurityError: There are not.
        """
        numbers = range(*bounds)
        self._left -= len(numbers)
        if self._left < 0:
            raise SecurityError(f"it asks range for more than {MOST_NUMBERS} numbers")
        return numbers


class Sandbox(ImmutableSandboxedEnvironment):
    """Jinja2's sandbox, less the functions, methods and operators that make much of little.

    Args:
        loader: Finds templates.
    """

    intercepted_binops = frozenset({"+", "*", "**", "%"})

    def __init__(self, loader: BaseLoader) -> None:
        super().__init__(
            loader=loader,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
            auto_reload=False,
            finalize=_small,
        )
        self.globals.clear()
        self.filters = {name: FILTERS[name] for name in ALLOWED}
        self.filters |= {"join": _join, "round": _round, SMALL: _small, COUNTED: self._counted}
        self.templates_left = self.steps_left = 0

    def start(self) -> None:
        """Begin another text, with all budgets full."""
        self.templates_left, self.steps_left = MOST_TEMPLATES, MOST_STEPS

    def get_template(self, name: Any, parent: str | None = None, globals: Any = None) -> Template:
        """Return a template, if there are any left."""
        self.templates_left -= 1
        if self.templates_left < 0:
            raise SecurityError(f"it needs more than {MOST_TEMPLATES} templates")
        return super().get_template(name, parent, globals)

    def join_path(self, template: str, parent: str) -> str:
        """Return the name of a template that another names."""
        return template if "/" in template else f"{parent.rpartition('/')[0]}/{template}"

    def is_safe_callable(self, obj: Any) -> bool:
        """Let templates call ``range`` and blocks."""
        self._step()
        return isinstance(obj, Range | BlockReference)

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        """Add texts and numbers, multiply and divide numbers."""
        kinds = int | float | str if operator == "+" else int | float
        if operator == "**" or not all(isinstance(side, kinds) for side in (left, right)):
            raise SecurityError(f"it may not use {operator} like this")
        return super().call_binop(context, operator, _small(left), _small(right))

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        tree = super()._parse(source, name, filename)
        for node in tree.find_all((nodes.List, nodes.Dict, nodes.Tuple)):
            # Lists of lists of lists ... are small until they are written or compared.
            if getattr(node, "ctx", "load") == "load":
                raise TemplateSyntaxError("it may not make lists", node.lineno, name, filename)
        for loop in list(tree.find_all(nodes.For)):
            loop.iter = _filtered(cast(nodes.Expr, loop.iter), COUNTED)
        for text in list(tree.find_all(nodes.Concat)):
            text.nodes = [_filtered(node, SMALL) for node in text.nodes]
        return tree

    def _counted(self, items: Iterable[Any]) -> Iterator[Any]:
        for item in items:
            self._step()
            yield item

    def _step(self) -> None:
        self.steps_left -= 1
        if self.steps_left < 0:
            raise SecurityError(f"it takes more than {MOST_STEPS} steps")


def _filtered(node: nodes.Expr, name: str) -> nodes.Filter:
    return nodes.Filter(node, name, [], [], None, None, lineno=node.lineno, environment=node.environment)


def _small(value: Any) -> Any:
    """Return a text or number that is not too long."""
    if isinstance(value, Undefined):
        value = str(value)  # raises, and names what is undefined; of a condition without else it is empty
    if not isinstance(value, str | int | float):
        raise SecurityError("it may write texts and numbers only")
    if isinstance(value, str) and len(value) > MOST_CHARACTERS:
        raise SecurityError(f"it makes more than {MOST_CHARACTERS} characters")
    if not isinstance(value, str) and abs(value) > LARGEST:
        raise SecurityError(f"it makes a number above {LARGEST:g}")
    return value


def _join(items: Iterable[Any], between: str = "") -> str:
    parts = [str(_small(item)) for item in items]
    if sum(map(len, parts)) + len(parts) * len(between) > MOST_CHARACTERS:
        raise SecurityError(f"it makes more than {MOST_CHARACTERS} characters")
    return str(_small(between)).join(parts)


def _round(value: float, precision: int = 0) -> float:
    return float(round(_small(value), min(max(int(precision), -20), 20)))
