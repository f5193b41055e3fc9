"""InstallSpec: everything that an administrator decided, as TOML, secrets apart. No I/O here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, cast

from tljh.errors import InvalidInput

SCHEMA = "tljh.spec/1"
Manager = Literal["conda", "uv"]
Scope = Literal["server", "folder"]
Settings = Mapping[str, Any]

DEFAULT_BASE = ("python>=3.10", "pip")
"""What a conda user environment always holds; JupyterLab and the rest come from the package index."""


@dataclass(frozen=True, slots=True)
class PluginChoice:
    """A plugin as chosen: anything that pip accepts, and the sha256 of the artifact once it was inspected."""

    requirement: str
    sha256: str | None = None


@dataclass(frozen=True, slots=True)
class UserEnvironment:
    """What everyone's environment is made with, besides what plugins contribute."""

    manager: Manager = "conda"
    channels: tuple[str, ...] = ()
    base: tuple[str, ...] = DEFAULT_BASE
    conda_packages: tuple[str, ...] = ()
    pip_packages: tuple[str, ...] = ()
    requirements_files: tuple[str, ...] = ()
    jupyter: bool = True
    """Whether JupyterLab and its companions are installed from the package index."""


@dataclass(frozen=True, slots=True)
class InstallSpec:
    """The answers. `settings` has the shape of `config.yaml` and overrides what stands there."""

    plugins: tuple[PluginChoice, ...] = ()
    admins: tuple[str, ...] = ()
    user_environment: UserEnvironment = field(default_factory=UserEnvironment)
    settings: Settings = field(default_factory=dict)
    scope: Scope = "server"
    """`folder` changes nothing outside the install prefix: no apt packages, users, groups or services."""

    def with_plugin(self, choice: PluginChoice) -> InstallSpec:
        """The same answers with one more plugin; a choice of the same requirement is replaced."""
        others = tuple(p for p in self.plugins if p.requirement != choice.requirement)
        return replace(self, plugins=(*others, choice))


def parse(text: str, origin: str = "tljh.toml") -> InstallSpec:
    """Read an answers file. Raises InvalidInput that names the key that is wrong."""
    import tomlkit
    from tomlkit.exceptions import ParseError

    try:
        document: dict[str, Any] = tomlkit.parse(text).unwrap()
    except ParseError as error:
        raise InvalidInput(
            f"{origin} is not valid TOML: {error}", "Correct the line that it names."
        ) from None
    return from_dict(document, origin)


def from_dict(document: Mapping[str, Any], origin: str = "tljh.toml") -> InstallSpec:
    """Build the spec from parsed TOML, checked against its JSON Schema."""
    from tljh.schemas import load_jsonschema

    jsonschema = load_jsonschema()
    errors = sorted(jsonschema.Draft202012Validator(json_schema()).iter_errors(document), key=str)
    if errors:
        error = jsonschema.exceptions.best_match(errors)
        where = ".".join(str(part) for part in error.absolute_path) or "the top level"
        raise InvalidInput(
            f"{origin}: at {where}: {error.message}", "docs/reference/answers-file.md lists every key."
        )
    environment = cast(Mapping[str, Any], document.get("user_environment", {}))
    values: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in environment.items()}
    return InstallSpec(
        plugins=tuple(
            PluginChoice(plugin["requirement"], plugin.get("sha256"))
            for plugin in document.get("plugins", [])
        ),
        admins=tuple(document.get("admins", [])),
        user_environment=UserEnvironment(**values),
        settings=document.get("settings", {}),
        scope=document.get("scope", "server"),
    )


def to_dict(spec: InstallSpec) -> dict[str, Any]:
    """The spec as plain data; what has its default value is left out."""
    document: dict[str, Any] = {"schema": SCHEMA}
    if spec.scope != "server":
        document["scope"] = spec.scope
    if spec.admins:
        document["admins"] = list(spec.admins)
    default, environment = UserEnvironment(), {}
    for key in UserEnvironment.__slots__:
        value = getattr(spec.user_environment, key)
        if value != getattr(default, key):
            environment[key] = list(value) if isinstance(value, tuple) else value
    if environment:
        document["user_environment"] = environment
    if spec.settings:
        document["settings"] = spec.settings
    if spec.plugins:
        document["plugins"] = [
            {"requirement": p.requirement, **({"sha256": p.sha256} if p.sha256 else {})} for p in spec.plugins
        ]
    return document


def render(spec: InstallSpec, previous: str = "") -> str:
    """The spec as TOML; comments and their places in `previous` survive where the key does."""
    import tomlkit
    from tomlkit.container import Container
    from tomlkit.items import Table

    try:
        document = tomlkit.parse(previous)
    except tomlkit.exceptions.ParseError:
        document = tomlkit.document()

    def update(target: Container | Table, source: Mapping[str, Any]) -> None:
        for key in [key for key in target if key not in source]:
            target.remove(key)
        for key, value in source.items():
            present = target.get(key)
            if isinstance(value, Mapping) and isinstance(present, (Table, Container)):
                update(present, value)
            elif present is None or getattr(present, "unwrap", lambda p=present: p)() != value:
                target[key] = value

    if not previous.strip():
        document.add(tomlkit.comment("Answers for tljh: `tljh install --spec FILE` applies them."))
    update(document, to_dict(spec))
    return tomlkit.dumps(document)


def json_schema() -> dict[str, Any]:
    """The JSON Schema of an answers file, made from the dataclasses."""
    strings = {"type": "array", "items": {"type": "string", "minLength": 1}}
    environment: dict[str, Any] = {}
    for name, default in ((n, getattr(UserEnvironment(), n)) for n in UserEnvironment.__slots__):
        environment[name] = strings if isinstance(default, tuple) else {"type": "boolean"}
    environment["manager"] = {"enum": ["conda", "uv"]}
    plugin = {
        "type": "object",
        "properties": {
            "requirement": {"type": "string", "minLength": 1},
            "sha256": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
        },
        "required": ["requirement"],
        "additionalProperties": False,
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Answers for an installation of The Littlest JupyterHub",
        "type": "object",
        "properties": {
            "schema": {"const": SCHEMA},
            "scope": {"enum": ["server", "folder"]},
            "admins": strings,
            "user_environment": {
                "type": "object",
                "properties": environment,
                "additionalProperties": False,
            },
            "settings": {"type": "object"},
            "plugins": {"type": "array", "items": plugin},
        },
        "additionalProperties": False,
    }
