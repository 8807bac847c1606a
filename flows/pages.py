"""Pages that need nothing else and work without a network: how their templates are read."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

Filter = Callable[..., str]


def page_template(package: str, name: str, **filters: Filter) -> Template:
    """A template of the folder `templates` in a package, for HTML.

    What a template asks for and does not get is an error, never an empty place. `filters`:
    how the page writes its figures; `number` is there for all.
    """
    return _environment(package, tuple(sorted(filters.items()))).get_template(name)


@cache
def _environment(package: str, filters: tuple[tuple[str, Filter], ...]) -> Environment:
    environment = Environment(
        loader=PackageLoader(package, "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update({"number": _number, **dict[str, Any](filters)})
    return environment


def _number(value: float | None, decimals: int = 0) -> str:
    return "–" if value is None else f"{value:,.{decimals}f}"
