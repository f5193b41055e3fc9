"""jsonschema, imported without the libraries of formats that nothing here uses."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import cast

_UNUSED = ("rfc3987_syntax", "isoduration")


def load_jsonschema() -> ModuleType:
    """The library. In an environment with JupyterHub's event schemas, a plain import takes 2.6 s (measured).

    `jsonschema` then finds `rfc3987_syntax`, which builds 39 grammars when it is imported, and `isoduration`,
    which brings a library of dates.
    """
    if "jsonschema" not in sys.modules:
        hidden = [name for name in _UNUSED if name not in sys.modules]
        for name in hidden:
            sys.modules[name] = cast(ModuleType, None)  # an import of it now raises ImportError
        try:
            import jsonschema
        finally:
            for name in hidden:
                del sys.modules[name]
        return jsonschema
    import jsonschema

    return jsonschema
