"""The questions about the server and their answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tljh_wizard.describe.wording import clean
from tljh_wizard.rows import BLANK, Row, dim, fit, heading, line, paragraph, warn

if TYPE_CHECKING:
    from tljh_wizard.store import WizardState


def answer_rows(state: WizardState) -> tuple[Row, ...]:
    """Administrators and the environment for everyone; Enter on a row changes it."""
    rows = [heading("Administrators", "log in to the hub, manage its users, may use sudo")]
    rows += [_admin(state, name) for name in state.admins]
    if not state.admins:
        rows.append(
            paragraph(line(warn("! "), "Nobody yet: without one, nobody can manage the hub."), indent=2)
        )
    rows.append(Row(line("+ Add an administrator"), line(dim("Enter")), key="add-admin"))
    rows += [BLANK, heading("Environment for everyone", "where notebooks run")]
    rows += [
        _choice(
            state.manager == "conda", "conda", "conda and pip packages; the usual choice", "manager:conda"
        ),
        _choice(state.manager == "uv", "uv", "pip packages only, for servers without conda", "manager:uv"),
    ]
    if state.manager == "conda":
        channels = ", ".join(map(clean, state.channels)) or "conda-forge"
        default = "" if state.channels else "the default"
        rows += [BLANK, Row(line(fit("Conda channels", 18), channels), line(dim(default)), key="channels")]
    elif state.conda_asked:
        text = f"uv cannot install conda packages: {', '.join(map(clean, state.conda_asked))}."
        rows += [BLANK, paragraph(line(warn("! "), text), indent=2)]
    return tuple(rows)


def _admin(state: WizardState, name: str) -> Row:
    if name in state.password_hashes:
        return Row(line("  ", clean(name)), line(dim("first password given")), key=f"admin:{name}")
    if name in state.spec.admins:
        return Row(line("  ", clean(name)), line(dim("password as it is")), key=f"admin:{name}")
    return Row(
        line("  ", clean(name)),
        line(warn("! "), "whoever logs in first sets the password"),
        key=f"admin:{name}",
    )


def _choice(on: bool, name: str, what: str, key: str) -> Row:
    return Row(line("(●) " if on else "( ) ", fit(name, 8), dim(what)), key=key)
