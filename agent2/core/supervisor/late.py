"""How a module of the core stands for one that lies above it, without importing it."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


def late(*modules: str) -> Callable[[str], Any]:
    """Return a module's ``__getattr__`` that looks in *modules* when it is asked."""

    def find(name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        from importlib import import_module

        for module in modules:
            found = getattr(import_module(module), name, None)
            if found is not None:
                return found
        raise AttributeError(f"there is no {name} in {', '.join(modules)}")

    return find
