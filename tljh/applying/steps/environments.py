"""Steps that change the two environments."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tljh.applying.context import Context
from tljh.conda import fix_permissions
from tljh.packages import conda, pip
from tljh.packages.types import PackageChange
from tljh.planning import actions


def install_hub_packages(action: actions.InstallHubPackages, context: Context) -> None:
    """Exactly the resolved versions; constraints are of no use, since the pins are the whole result."""
    install_in_hub(context, action.pins)


def install_traefik(action: actions.InstallTraefik, context: Context) -> None:
    from tljh.traefik import TRAEFIK_REQUIREMENT

    install_in_hub(context, TRAEFIK_REQUIREMENT, require_hashes=True)


def install_hub_extras(action: actions.InstallHubExtras, context: Context) -> None:
    install_in_hub(context, action.arguments, constraints=action.constraints)


def install_in_hub(
    context: Context,
    requirements: Iterable[str],
    *,
    constraints: Iterable[str] = (),
    require_hashes: bool = False,
) -> None:
    pip.install(
        context.layout.hub,
        tuple(requirements),
        constraints=tuple(constraints),
        runner=context.runner,
        settings=context.settings,
        cache_dir=context.layout.uv_cache,
        on_line=context.line,
        require_hashes=require_hashes,
        # The hub runs as root: its first start writes the bytecode.
        compile_bytecode=False,
    )


def sync_conda_environment(action: actions.SyncCondaEnvironment, context: Context) -> None:
    """Solve once more and install; a solution other than the approved one stops it first."""
    install_conda_packages(context, action.specs, action.channels, expected=action.changes)


def install_conda_packages(
    context: Context,
    specs: Sequence[str],
    channels: Sequence[str],
    *,
    expected: Iterable[PackageChange] | None = None,
) -> None:
    conda.apply(
        context.layout.user,
        specs,
        channels,
        cache_dir=context.layout.conda_cache,
        runner=context.runner,
        on_progress=context.progress,
        expected=expected,
    )
    # Conda packages bring modes of their own, and launchers come writable by their group.
    fix_permissions(context.layout.user)


def create_user_venv(action: actions.CreateUserVenv, context: Context) -> None:
    pip.create_venv(
        context.layout.user,
        action.python,
        runner=context.runner,
        settings=context.settings,
        cache_dir=context.layout.uv_cache,
        on_line=context.line,
    )


def compile_bytecode(_action: actions.CompileBytecode, context: Context) -> None:
    """All of it at once, on every core; a module that does not compile is a test's or for another Python."""
    python = str(context.layout.user_python)
    words = [python, "-m", "compileall", "-q", "-q", "-j", "0", str(context.layout.user / "lib")]
    context.runner.run(words, check=False, on_line=context.line)


def install_user_packages(action: actions.InstallUserPackages, context: Context) -> None:
    install_for_users(context, action.arguments, constraints=action.pins)


def install_for_users(context: Context, arguments: Iterable[str], *, constraints: Iterable[str] = ()) -> None:
    pip.install(
        context.layout.user,
        tuple(arguments),
        constraints=tuple(constraints),
        runner=context.runner,
        settings=context.settings,
        cache_dir=context.layout.uv_cache,
        on_line=context.line,
        # `compile_bytecode` does it for the whole environment, once the hub is up.
        compile_bytecode=False,
    )
