"""What every section of the configuration is made of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from agent2.compiler import word

Above = Annotated[float, word.duration(0.01)]


class Section(BaseModel):
    """A mapping of the configuration in which every key is known."""

    # Built when the whole is, not each on its own: a tenth of the compiler's time.
    model_config = ConfigDict(extra="forbid", strict=True, defer_build=True)

    def shown(self, tell: Callable[[float], str | float]) -> dict[str, Any]:
        """Return it as a tree for people; its floats are durations, for *tell*."""
        fields = type(self).model_fields.items()
        times = [name for name, field in fields if field.annotation is float]
        return self.model_dump() | {name: tell(getattr(self, name)) for name in times}


def described(default: Any, told: str, **more: Any) -> Any:
    """Return a key's *default* and what users read of it."""
    return Field(default, description=told, **more)
