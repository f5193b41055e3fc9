"""The documentation says what the code does: schemas, commands, exit statuses, links."""

from __future__ import annotations

import importlib.util
import json
import re
from pathlib import Path

import pytest

from tljh import errors
from tljh.cli import EXIT_STATUSES, build_parser
from tljh.planning.actions import KINDS

ROOT = Path(__file__).resolve().parents[3]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted(DOCS.rglob("*.md"))]


def generated() -> dict[str, str]:
    spec = importlib.util.spec_from_file_location("generate_docs", ROOT / "scripts" / "generate_docs.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    texts: dict[str, str] = module.generated()
    return texts


@pytest.mark.parametrize("name", ["preview.schema.json", "answers-file.schema.json"])
def test_schemas_are_those_of_the_code(name: str) -> None:
    written = json.loads((DOCS / "reference" / name).read_text())
    assert written == json.loads(generated()[name]), "run: python scripts/generate_docs.py"


def test_every_command_and_option_has_its_place() -> None:
    page = (DOCS / "reference" / "commands.md").read_text()
    (commands,) = [action for action in build_parser()._actions if action.dest == "command"]
    for name, parser in dict(commands.choices or {}).items():
        section = page.partition(f"## tljh {name}\n")[2].partition("\n## ")[0]
        assert section, name
        for action in parser._actions:
            for option in action.option_strings:
                assert option in section, f"tljh {name} {option}"


def all_errors(cls: type[errors.TljhError]) -> set[type[errors.TljhError]]:
    return {cls, *(e for child in cls.__subclasses__() for e in all_errors(child))}


def test_every_exit_status_is_documented() -> None:
    page = (DOCS / "reference" / "exit-codes.md").read_text()
    for error in all_errors(errors.TljhError):
        assert re.search(rf"^\| {error.exit_status} \|", page, re.MULTILINE), error
        assert re.search(rf"^ *{error.exit_status}  ", EXIT_STATUSES, re.MULTILINE), error


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text()):
        assert (page.parent / target).exists(), target


def test_pages_that_messages_name_exist() -> None:
    sources = [*(ROOT / "tljh").rglob("*.py"), *(ROOT / "tljh_wizard").rglob("*.py"), ROOT / "bootstrap.py"]
    named = {name for path in sources for name in re.findall(r"docs/[a-z/-]+\.md", path.read_text())}
    assert [name for name in sorted(named) if not (ROOT / name).is_file()] == []


def test_the_readme_is_short_and_names_the_commands_that_are_there() -> None:
    text = (ROOT / "README.md").read_text()
    assert len(text.split()) < 400
    for command in ("bootstrap.py", "scripts/test.sh"):
        assert command in text
        assert (ROOT / command).is_file()


def test_tests_that_the_features_page_names_exist() -> None:
    page = (DOCS / "reference" / "features.md").read_text()
    sources = "\n".join(path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))
    missing = [name for name in re.findall(r"`(test_\w+)`", page) if f"def {name}(" not in sources]
    assert missing == []


def test_every_kind_of_action_has_its_step() -> None:
    from tljh.applying.steps import STEPS

    assert set(STEPS) == set(KINDS.values())
