"""jsonschema, imported without the grammars that it would build for formats which nothing here uses."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import cast

_GRAMMARS = "rfc3987_syntax"


def load_jsonschema() -> ModuleType:
    """The library. In an environment with JupyterHub's event schemas, a plain import takes 2.3 s (measured):

    `jsonschema` then finds `rfc3987_syntax`, which builds 39 grammars when it is imported.
    """
    if "jsonschema" not in sys.modules and _GRAMMARS not in sys.modules:
        sys.modules[_GRAMMARS] = cast(ModuleType, None)  # an import of it now raises ImportError
        try:
            import jsonschema
        finally:
            del sys.modules[_GRAMMARS]
        return jsonschema
    import jsonschema

    return jsonschema
