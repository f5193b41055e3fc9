"""Resolution, Plan, and the spec-level conflicts: what crosses between planning, preview and apply."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from tljh.packages.types import PackageChange
from tljh.planning import actions
from tljh.planning.actions import Action

PLAN_SCHEMA = "tljh.plan/1"


@dataclass(frozen=True, slots=True)
class Resolved:
    """What one package manager says will change; `error` is its own words where it cannot be done."""

    changes: tuple[PackageChange, ...] = ()
    pins: tuple[str, ...] = ()
    """The whole result as name==version, for pip."""
    error: str | None = None
    hint: str = ""
    unknown: str | None = None
    """Why the changes cannot be listed beforehand, where they can be made all the same."""

    @property
    def changes_something(self) -> bool:
        return bool(self.changes) or self.unknown is not None


@dataclass(frozen=True, slots=True)
class Resolution:
    """What the package managers say will really be installed."""

    apt: Resolved = Resolved()
    hub: Resolved = Resolved()
    plugins: Resolved = Resolved()
    hub_extras: Resolved = Resolved()
    conda: Resolved = Resolved()
    user_pip: Resolved = Resolved()
    user_python: str | None = None
    """Python of the user environment, `3.12.4`."""
    core: tuple[str, ...] = ()
    """name==version of what no plugin may move in the hub environment."""
    jupyterhub: str | None = None
    """The version that the hub has or will have."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that a person must know before approving; `blocking` ones stop the run."""

    kind: str
    message: str
    hint: str = ""
    blocking: bool = False
    plugins: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "message": self.message,
            "hint": self.hint,
            "blocking": self.blocking,
            "plugins": list(self.plugins),
        }


@dataclass(frozen=True, slots=True)
class Withheld:
    """What would be done on a server, and why it is not done here."""

    title: str
    details: tuple[str, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class Plan:
    """Ordered actions and what to know about them. The digest covers all of it."""

    prefix: str
    spec: Mapping[str, Any]
    actions: tuple[Action, ...] = ()
    problems: tuple[Problem, ...] = ()
    withheld: tuple[Withheld, ...] = ()
    facts: Mapping[str, str] = field(default_factory=dict)
    """Digest of each part of the facts that it was made from, checked again before it is applied."""
    address: str = ""
    """Where people will find the hub, with `HOST` for the machine's name."""

    @property
    def blocked(self) -> tuple[Problem, ...]:
        return tuple(problem for problem in self.problems if problem.blocking)

    @property
    def digest(self) -> str:
        """sha256 over the canonical JSON of the plan, 64 hex digits."""
        text = json.dumps(self._body(), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()

    def _body(self) -> dict[str, Any]:
        return {
            "schema": PLAN_SCHEMA,
            "prefix": self.prefix,
            "spec": self.spec,
            "actions": [actions.to_dict(action) for action in self.actions],
            "problems": [problem.to_dict() for problem in self.problems],
            "withheld": [
                {"title": w.title, "details": list(w.details), "reason": w.reason} for w in self.withheld
            ],
            "facts": dict(self.facts),
            "address": self.address,
        }

    def to_dict(self) -> dict[str, Any]:
        return {**self._body(), "digest": self.digest}

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> Plan:
        """The plan that `to_dict` wrote. Raises ValueError if the digest is not its own."""
        plan = cls(
            prefix=document["prefix"],
            spec=document["spec"],
            actions=tuple(actions.from_dict(entry) for entry in document["actions"]),
            problems=tuple(
                Problem(**{**entry, "plugins": tuple(entry["plugins"])}) for entry in document["problems"]
            ),
            withheld=tuple(
                Withheld(entry["title"], tuple(entry["details"]), entry["reason"])
                for entry in document["withheld"]
            ),
            facts=document["facts"],
            address=document["address"],
        )
        if plan.digest != document["digest"]:
            raise ValueError("the plan was changed after it was approved")
        return plan


RunStatus = Literal["running", "done", "failed", "cancelled", "interrupted"]
