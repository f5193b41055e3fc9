"""`tljh-config`, and the paths and functions with which plugins and scripts read and change `config.yaml`."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from tljh import errors
from tljh.settings import edit
from tljh.settings.edit import parse_value as parse_value

INSTALL_PREFIX = os.environ.get("TLJH_INSTALL_PREFIX") or "/opt/tljh"
HUB_ENV_PREFIX = os.path.join(INSTALL_PREFIX, "hub")
USER_ENV_PREFIX = os.path.join(INSTALL_PREFIX, "user")
STATE_DIR = os.path.join(INSTALL_PREFIX, "state")
CONFIG_DIR = os.path.join(INSTALL_PREFIX, "config")
CONFIG_FILE = os.path.join(CONFIG_DIR, "config.yaml")

Config = dict[str, Any]
Change = Callable[[Any], Any]


def set_item_in_config(config: Config, property_path: str, value: Any) -> Config:
    """A copy of `config` in which the dotted path has the value; parents are made where they are missing."""
    return edit.set_item(config, property_path, value)


def unset_item_from_config(config: Config, property_path: str) -> Config:
    """A copy without the dotted path. Raises ValueError if it is not set."""
    return edit.unset_item(config, property_path)


def add_item_to_config(config: Config, property_path: str, value: Any) -> Config:
    """A copy in which the list at the dotted path holds the value; the list is made where it is missing."""
    return edit.add_item(config, property_path, value)


def remove_item_from_config(config: Config, property_path: str, value: Any) -> Config:
    """A copy in which the list at the dotted path lacks the value. Raises ValueError if it is not a list."""
    return edit.remove_item(config, property_path, value)


def get_current_config(config_path: str | os.PathLike[str]) -> Config:
    """The parsed file, with its comments; empty if there is none."""
    from tljh.settings import files

    document: Any = files.read(Path(config_path))
    return document  # type: ignore[no-any-return]  # a CommentedMap, which is a dict


def validate_config(config: Config, validate: bool) -> None:
    """Check against the schema: raises InvalidSetting if `validate`, else only warns.

    Keys that are unknown at the top level are warned about in either case.
    """
    from tljh.settings import validation
    from tljh.settings.errors import InvalidSetting

    for warning in validation.unknown_key_warnings(config):
        print(f"Warning: {warning}", file=sys.stderr)
    found = validation.problems(config)
    if found and validate:
        raise InvalidSetting(
            "The configuration would not be valid:\n" + "\n".join(f"  {problem}" for problem in found),
            "Correct it; or give --no-validate before the subcommand to write it all the same.",
        )
    for problem in found:
        print(f"Warning: {problem}", file=sys.stderr)


def set_config_value(
    config_path: str | os.PathLike[str], key_path: str, value: Any, validate: bool = True
) -> None:
    """Set a key in the file."""
    _change(config_path, lambda config: set_item_in_config(config, key_path, value), validate)


def unset_config_value(config_path: str | os.PathLike[str], key_path: str, validate: bool = True) -> None:
    """Remove a key from the file."""
    _change(config_path, lambda config: unset_item_from_config(config, key_path), validate)


def add_config_value(
    config_path: str | os.PathLike[str], key_path: str, value: Any, validate: bool = True
) -> None:
    """Add a value to a list in the file."""
    _change(config_path, lambda config: add_item_to_config(config, key_path, value), validate)


def remove_config_value(
    config_path: str | os.PathLike[str], key_path: str, value: Any, validate: bool = True
) -> None:
    """Remove a value from a list in the file."""
    _change(config_path, lambda config: remove_item_from_config(config, key_path, value), validate)


def _change(config_path: str | os.PathLike[str], change: Change, validate: bool) -> None:
    """Read, change, check and write, with the lock held all the while."""
    from tljh.settings import files

    path = Path(config_path)
    with files.locked(path):
        changed = change(get_current_config(path))
        validate_config(changed, validate)
        files.write(path, changed)


def show_config(config_path: str | os.PathLike[str]) -> None:
    """Print the file, as it is understood."""
    from tljh.yaml import yaml

    yaml.dump(get_current_config(config_path), sys.stdout)


def check_hub_ready() -> bool:
    """Whether the hub's API answers through the proxy."""
    from tljh.configurer import load_config
    from tljh.settings import health

    return health.problem_at(health.local_address(load_config(CONFIG_FILE))) is None


def reload_component(component: str) -> None:
    """Restart the `hub` or the `proxy` with the configuration as it is now.

    If it does not come up, what worked before is put back. Raises StepFailed with the reason.
    """
    from tljh.settings import reloading

    reloading.reload_component(
        component, reloading.Paths(Path(CONFIG_DIR), Path(STATE_DIR)), lambda: check_hub_ready()
    )


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="tljh-config",
        description="Show and change the configuration of The Littlest JupyterHub.",
        epilog="Exit status: 0 done, 2 wrong usage, 4 invalid value or file, 8 refused (such as: not root), "
        "9 another process is writing, 11 the hub or proxy did not come up.",
    )
    parser.add_argument("--config-path", default=CONFIG_FILE, metavar="FILE", help="default: %(default)s")
    parser.add_argument(
        "--validate",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="refuse values that the schema does not allow (the default)",
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    commands.add_parser("show", help="print the configuration")
    for name, words in (
        ("unset", "remove a key"),
        ("set", "set a key to a value"),
        ("add-item", "add a value to a list"),
        ("remove-item", "remove a value from a list"),
    ):
        command = commands.add_parser(name, help=words, description=words.capitalize() + ".")
        command.add_argument("key_path", metavar="KEY", help="dotted path, such as limits.memory")
        if name != "unset":
            command.add_argument("value", metavar="VALUE", help="none, a number, true, false or a text")
    command = commands.add_parser("reload", help="restart a component so that changes take effect")
    command.add_argument("component", nargs="?", choices=("hub", "proxy"), default="hub")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """The command `tljh-config`; returns its exit status."""
    parser = build_parser()
    arguments = parser.parse_args(argv)
    if arguments.command is None:
        parser.print_help()
        return 0
    try:
        _run(arguments)
    except errors.TljhError as error:
        print(f"tljh-config: {error.message}", file=sys.stderr)
        if error.hint:
            print(error.hint, file=sys.stderr)
        return error.exit_status
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        print(f"tljh-config: {place}{error.strerror or error}. Nothing was changed.", file=sys.stderr)
        return errors.Refused.exit_status
    except KeyboardInterrupt:
        return 130
    return 0


def _run(arguments: argparse.Namespace) -> None:
    from tljh.settings.validation import value_for

    if os.geteuid() != 0:
        raise errors.Refused("This needs root.", "Run `sudo tljh-config ...`.")
    path, key, validate = arguments.config_path, getattr(arguments, "key_path", ""), arguments.validate
    if arguments.command == "show":
        show_config(path)
    elif arguments.command == "reload":
        reload_component(arguments.component)
    elif arguments.command == "unset":
        unset_config_value(path, key, validate)
    elif arguments.command == "set":
        set_config_value(path, key, value_for(key, arguments.value), validate)
    elif arguments.command == "add-item":
        add_config_value(path, key, value_for(key, arguments.value, item=True), validate)
    else:
        remove_config_value(path, key, value_for(key, arguments.value, item=True), validate)


if __name__ == "__main__":
    sys.exit(main())
