"""The whole job with the fake backend: what is asked of it, what state results, what people read."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from textual.events import Key
from textual.widgets import Input
from wizard_fakes import values
from wizard_fakes.backend import NO_NETWORK, RUN, FakeBackend, run_failure, run_rest, run_so_far
from wizard_fakes.driving import approve, choose_earth, opened, review, sees, until, words, write

from tljh.errors import Busy, InvalidInput, NetworkError
from tljh.spec import InstallSpec, PluginChoice
from tljh_wizard.screens.browse import BrowseScreen
from tljh_wizard.screens.dialogs import ConfirmScreen
from tljh_wizard.screens.preview import PreviewScreen
from tljh_wizard.screens.result import ResultScreen
from tljh_wizard.screens.review import ReviewScreen
from tljh_wizard.screens.run import RunScreen
from tljh_wizard.screens.server import ServerScreen
from tljh_wizard.store import Access
from tljh_wizard.widgets.lines import RowList

Open = Callable[..., Any]


async def test_from_search_to_the_address(open_wizard: Open) -> None:
    backend = FakeBackend()
    async with open_wizard(backend).run_test(size=(80, 24)) as pilot:
        await opened(pilot)
        await write(pilot, "eart")
        await until(pilot, lambda: pilot.app.state.results[:1] == ("tljh-earth",))
        await pilot.press("down", "enter")
        await sees(pilot, "Nothing has been run.", "3 of 4 contributions read from source.", "xarray")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, BrowseScreen))
        assert pilot.app.state.answers.plugins == (PluginChoice("tljh-earth"),)
        await pilot.press("ctrl+n", "a")
        await write(pilot, "ada")
        await pilot.press("enter")
        await write(pilot, "correct horse")
        await pilot.press("enter")
        await write(pilot, "correct horse")
        await pilot.press("enter")
        await sees(pilot, "ada", "first password given")
        await pilot.press("ctrl+n")
        await sees(pilot, "10 steps", "nothing has been changed")
        assert backend.started == []
        await approve(pilot)
        plan, hashes = backend.started[0]
        assert plan == values.plan(pilot.app.state.answers)
        assert hashes == {"ada": "$2b$hash-of-13"}
        assert backend.saved == [pilot.app.state.answers]
        assert pilot.app.state.password_hashes == {}
        backend.tell(*run_so_far())
        await sees(
            pilot, "161 of 212 MB", "1 min 38 s", "linking dask", "This goes on if your connection drops"
        )
        backend.tell(*run_rest())
        await until(pilot, lambda: isinstance(pilot.app.screen, ResultScreen))
        await sees(pilot, "http://hub.example.org/", "What to do next", "What was done", "log.txt")
        await pilot.press("q")
    assert pilot.app.return_value == 0


async def test_a_failed_run_says_what_to_do(open_wizard: Open) -> None:
    backend = FakeBackend()
    async with open_wizard(backend).run_test(size=(80, 24)) as pilot:
        await review(pilot)
        await approve(pilot)
        backend.tell(*run_so_far(), *run_failure())
        await sees(pilot, "It stopped at: Environment for everyone", "No space left", "sudo tljh install")
        await pilot.press("p")
        await until(pilot, lambda: isinstance(pilot.app.screen, BrowseScreen))
        assert pilot.app.state.run is None
        assert [choice.name for choice in pilot.app.state.chosen] == ["tljh-earth"]
        assert not pilot.app.state.plan_is_current


async def test_it_comes_back_to_a_run_in_progress(open_wizard: Open) -> None:
    backend = FakeBackend(running=RUN)
    backend.tell(*run_so_far())
    async with open_wizard(backend).run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: isinstance(pilot.app.screen, RunScreen))
        await sees(pilot, "4 of 10 steps", "161 of 212 MB")
        await pilot.press("q")
        await sees(pilot, "The installation goes on")
        await pilot.press("down", "enter")
    assert pilot.app.return_value == 0
    assert backend.cancelled == []


async def test_cancelling_asks_first(open_wizard: Open) -> None:
    backend = FakeBackend(running=RUN)
    backend.tell(*run_so_far())
    async with open_wizard(backend).run_test(size=(80, 24)) as pilot:
        await sees(pilot, "4 of 10 steps")
        await pilot.press("c")
        await sees(pilot, "Cancel the installation?")
        await pilot.press("enter")
        await sees(pilot, "This goes on")
        assert backend.cancelled == []
        await pilot.press("c", "down", "enter")
        await sees(pilot, "It was asked to stop")
        assert backend.cancelled == [RUN]


@pytest.mark.parametrize("keys", [("A", "enter"), ("A", "escape"), ("a",), ("escape",), ("enter",), ("y",)])
async def test_no_stray_key_applies_a_plan(open_wizard: Open, keys: tuple[str, ...]) -> None:
    backend = FakeBackend()
    async with open_wizard(backend).run_test(size=(80, 24)) as pilot:
        await review(pilot)
        await pilot.press(*keys)
        await pilot.pause()
        assert backend.started == []


async def test_a_blocked_plan_cannot_be_approved(open_wizard: Open) -> None:
    backend = FakeBackend(problems=(values.WARNING, values.BLOCKING))
    async with open_wizard(backend).run_test(size=(80, 24)) as pilot:
        await review(pilot)
        await sees(pilot, "✗ Port 80 is in use by nginx.", "It cannot be applied before")
        assert "apply this plan" not in words(pilot)
        await pilot.press("A")
        await pilot.pause()
        assert not isinstance(pilot.app.screen, ConfirmScreen)
        assert pilot.app.state.notice.hint == values.BLOCKING.hint


async def test_without_root_one_can_look_but_not_apply(open_wizard: Open) -> None:
    backend = FakeBackend(allowed=Access("/opt/tljh", "hub", can_apply=False, reason="Applying needs root."))
    async with open_wizard(backend).run_test(size=(80, 24)) as pilot:
        await review(pilot)
        await sees(pilot, "! Applying needs root.", "10 steps")
        await pilot.press("A")
        await pilot.pause()
        assert isinstance(pilot.app.screen, ReviewScreen)
        assert pilot.app.state.notice.message == "Applying needs root."
        assert backend.started == []


async def test_answers_changed_after_the_plan_make_a_new_one(open_wizard: Open) -> None:
    backend = FakeBackend()
    async with open_wizard(backend).run_test(size=(80, 24)) as pilot:
        await review(pilot)
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, ServerScreen))
        pilot.app.screen.query_one(RowList).move_to("manager:uv")
        await pilot.press("enter")
        await until(pilot, lambda: pilot.app.state.manager == "uv")
        assert not pilot.app.state.plan_is_current
        await pilot.press("ctrl+n")
        await sees(pilot, "10 steps")
        asked = [argument for name, argument in backend.calls if name == "plan"]
        assert [spec.user_environment.manager for spec in asked] == ["conda", "uv"]


async def test_leaving_the_review_does_not_lose_the_answers(open_wizard: Open) -> None:
    backend = FakeBackend(planning=asyncio.Event())
    async with open_wizard(backend).run_test(size=(80, 24)) as pilot:
        await choose_earth(pilot)
        await pilot.press("ctrl+n", "ctrl+n")
        await sees(pilot, "Making the plan", "asking conda what it would install")
        await pilot.press("escape", "escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, BrowseScreen))
        assert len(pilot.app.state.chosen) == 1
        backend.planning.set()
        await until(pilot, lambda: pilot.app.state.plan_is_current)


async def test_the_network_is_down(open_wizard: Open) -> None:
    backend = FakeBackend(failures={"enrich": NO_NETWORK, "inspect": NO_NETWORK, "releases": NO_NETWORK})
    async with open_wizard(backend).run_test(size=(80, 24)) as pilot:
        await sees(pilot, "tljh-earth", "7 of 7", "offline", "the catalogue that came with the wizard")
        await pilot.press("down", "enter")
        await sees(pilot, "The package index cannot be reached.", "set a mirror in pip.conf")
        del backend.failures["inspect"]
        await pilot.press("r")
        await sees(pilot, "3 of 4 contributions")
        await pilot.press("escape", "v")
        await sees(pilot, "The package index cannot be reached.")
        await pilot.press("escape")
        await sees(pilot, "12 conda")
        assert pilot.app.state.notice is None or "reached" in pilot.app.state.notice.message


@pytest.mark.parametrize("question", ["plan", "save", "start", "load_answers", "candidates", "search"])
@pytest.mark.parametrize(
    "error", [NetworkError("It did not work.", "Try again."), RuntimeError("a bug"), OSError("disk full")]
)
async def test_every_failure_is_a_message(open_wizard: Open, question: str, error: Exception) -> None:
    backend = FakeBackend(failures={question: error})
    expected = "It did not work." if isinstance(error, NetworkError) else "Something unexpected went wrong"
    async with open_wizard(backend).run_test(size=(80, 24)) as pilot:
        if question in ("plan", "save", "start"):
            await choose_earth(pilot)
            await pilot.press("ctrl+n", "ctrl+n")
            if question != "plan":
                await sees(pilot, "10 steps")
                await pilot.press("A", "down", "enter")
        await until(pilot, lambda: pilot.app.state.notice is not None)
        await sees(pilot, expected)
        assert pilot.app.state.run is None
    assert pilot.app.return_code in (0, None)


async def test_another_run_in_progress_is_said(open_wizard: Open) -> None:
    backend = FakeBackend(failures={"start": Busy("Another run is in progress.", "Wait for it.")})
    async with open_wizard(backend).run_test(size=(80, 24)) as pilot:
        await review(pilot)
        await pilot.press("A", "down", "enter")
        await sees(pilot, "Another run is in progress.", "Wait for it.")
        assert isinstance(pilot.app.screen, ReviewScreen)


async def test_an_unknown_name_is_looked_up_and_names_the_nearest(open_wizard: Open) -> None:
    async with open_wizard().run_test(size=(80, 24)) as pilot:
        await opened(pilot)
        await write(pilot, "zzzzqqq")
        await sees(pilot, "Nothing in the catalogue matches", "Look for “zzzzqqq” on the package index")
        await pilot.press("enter")
        await sees(pilot, "There is no project zzzzqqq", "Nearest: tljh-earth")


async def test_a_typed_address_is_chosen(open_wizard: Open) -> None:
    backend = FakeBackend()
    async with open_wizard(backend).run_test(size=(80, 24)) as pilot:
        await opened(pilot)
        await pilot.press("down", "a")
        await write(pilot, "git+https://git.example.org/t.git")
        await pilot.press("enter")
        await sees(pilot, "tljh-typed", "1 chosen")
        assert pilot.app.state.answers.plugins[0].requirement == "git+https://git.example.org/t.git"
        assert ("lookup", "git+https://git.example.org/t.git") in backend.calls


async def test_a_version_is_picked_and_an_incompatible_one_refused(open_wizard: Open) -> None:
    async with open_wizard().run_test(size=(80, 24)) as pilot:
        await opened(pilot)
        await pilot.press("down", "v")
        await sees(pilot, "2.0.0", "6 versions")
        pilot.app.screen.query_one(RowList).move_to("2.0.0")
        await pilot.press("enter")
        await sees(pilot, "tljh-earth 2.0.0 cannot be installed here", "it needs Python >=3.13")
        assert pilot.app.state.chosen == ()
        pilot.app.screen.query_one(RowList).move_to("1.4.0")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, BrowseScreen))
        assert pilot.app.state.answers.plugins == (PluginChoice("tljh-earth==1.4.0"),)
        await sees(pilot, "1.4.0")


async def test_all_chosen_ones_together_show_their_conflict(open_wizard: Open) -> None:
    async with open_wizard().run_test(size=(80, 24)) as pilot:
        await choose_earth(pilot)
        pilot.app.screen.query_one("#results", RowList).move_to("tljh-earth-data")
        await pilot.press("space")
        await until(pilot, lambda: pilot.app.state.merged is not None)
        await pilot.press("m")
        await sees(pilot, "what 2 plugins will do", "! ", "limits.memory = 4G")


async def test_the_source_of_a_hook(open_wizard: Open) -> None:
    async with open_wizard().run_test(size=(80, 24)) as pilot:
        await opened(pilot)
        await pilot.press("down", "enter")
        await sees(pilot, "xarray")
        pilot.app.screen.query_one(RowList).move_to("hook:3")
        await pilot.press("s")
        await sees(pilot, "tljh_post_install", "31  @hookimpl", "!   34")
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, PreviewScreen))


async def test_answers_are_loaded_and_their_plugins_known(open_wizard: Open) -> None:
    spec = InstallSpec(plugins=(PluginChoice("tljh-earth"),), admins=("ada",))
    async with open_wizard(FakeBackend(spec=spec)).run_test(size=(80, 24)) as pilot:
        await sees(pilot, "1 chosen", "12 conda")
        assert not pilot.app.state.has_changes
        await pilot.press("tab", "q")
    assert pilot.app.return_value == 0


async def test_answers_that_do_not_parse_are_said(open_wizard: Open) -> None:
    error = InvalidInput("tljh.toml is not valid TOML: line 3", "Correct the line that it names.")
    async with open_wizard(FakeBackend(failures={"load_answers": error})).run_test(size=(80, 24)) as pilot:
        await sees(pilot, "tljh.toml is not valid TOML", "Correct the line", "tljh-earth")


@pytest.mark.parametrize("keys", [("w",), ("A", "down", "enter")])
async def test_answers_that_do_not_parse_are_never_written_over(
    open_wizard: Open, keys: tuple[str, ...]
) -> None:
    error = InvalidInput("tljh.toml is not valid TOML: line 3", "Correct the line that it names.")
    backend = FakeBackend(failures={"load_answers": error})
    async with open_wizard(backend).run_test(size=(80, 24)) as pilot:
        await review(pilot)
        await pilot.press(*keys)
        await sees(pilot, "It is not written over.", "move the file away")
        assert (backend.saved, backend.started) == ([], [])


async def test_quitting_with_choices_asks(open_wizard: Open) -> None:
    async with open_wizard().run_test(size=(80, 24)) as pilot:
        await choose_earth(pilot)
        await pilot.press("q")
        await sees(pilot, "Leave without applying?")
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, BrowseScreen))
        await pilot.press("q", "down", "enter")
    assert pilot.app.return_value == 0


async def test_passwords_that_differ_are_asked_again(open_wizard: Open) -> None:
    async with open_wizard().run_test(size=(80, 24)) as pilot:
        await opened(pilot)
        await pilot.press("ctrl+n", "a")
        for text in ("ada", "correct horse", "correct hose"):
            await write(pilot, text)
            await pilot.press("enter")
        await sees(pilot, "The two passwords differ.")
        await pilot.press("escape")
        await sees(pilot, "Nobody yet")
        assert pilot.app.state.admins == ()


async def test_keys_typed_ahead_reach_the_right_field(open_wizard: Open) -> None:
    """On a slow line the keys for all fields come at once; a password must not land in the name."""
    async with open_wizard().run_test(size=(80, 24)) as pilot:
        await opened(pilot)
        await pilot.press("ctrl+n", "a")
        await sees(pilot, "First password")
        for key in (*"ada", "enter", *"horsebattery", "enter", *"horsebattery", "enter"):
            pilot.app.post_message(Key(key, key if len(key) == 1 else "\r"))
        await sees(pilot, "first password given")
        assert pilot.app.state.admins == ("ada",)


async def test_writing_the_answers_without_applying(open_wizard: Open) -> None:
    backend = FakeBackend()
    async with open_wizard(backend).run_test(size=(80, 24)) as pilot:
        await review(pilot)
        await pilot.press("w")
        await sees(pilot, "Saved to /opt/tljh/config/tljh.toml.")
        assert backend.saved == [pilot.app.state.answers]
        assert backend.started == []


async def test_a_small_window_says_so_and_recovers(open_wizard: Open) -> None:
    async with open_wizard().run_test(size=(79, 24)) as pilot:
        await sees(pilot, "This window is too small: 80 columns and 24 lines are needed.")
        assert not pilot.app.screen.query_one(".page").display
        await pilot.resize_terminal(80, 24)
        await until(pilot, lambda: pilot.app.screen.query_one(".page").display)
        await sees(pilot, "7 of 7")


async def test_help_and_actions_of_every_screen(open_wizard: Open) -> None:
    async with open_wizard().run_test(size=(80, 24)) as pilot:
        await opened(pilot)
        await pilot.press("down")
        for keys, text in ((("v",), "newest first"), (("enter",), "hook by hook"), (("ctrl+n",), "bcrypt")):
            await pilot.press(*keys)
            await pilot.press("f1")
            await sees(pilot, text, "Ctrl+P")
            await pilot.press("escape", "escape")
            await until(pilot, lambda: isinstance(pilot.app.screen, BrowseScreen))
        await pilot.press("ctrl+p")
        await sees(pilot, "Add by address", "Pick a version")
        pilot.app.screen.query_one(RowList).move_to("add")
        await pilot.press("enter")
        await sees(pilot, "Add a plugin by address")


async def test_bindings_have_ids_and_descriptions(open_wizard: Open) -> None:
    from tljh_wizard.screens import (
        browse,
        dialogs,
        help,
        pages,
        preview,
        result,
        review,
        run,
        server,
        versions,
    )

    def is_ours(thing: object) -> bool:
        return isinstance(thing, type) and thing.__module__.startswith("tljh_wizard")

    modules = (browse, dialogs, help, pages, preview, result, review, run, server, versions)
    classes = [thing for module in modules for thing in vars(module).values()]
    bindings = [b for cls in (*classes, RowList) if is_ours(cls) for b in vars(cls).get("BINDINGS", ())]
    assert len(bindings) > 30
    assert all(binding.id and binding.description for binding in bindings)


async def test_the_search_box_never_blinks(open_wizard: Open) -> None:
    async with open_wizard().run_test(size=(80, 24)) as pilot:
        await opened(pilot)
        assert not pilot.app.screen.query_one(Input).cursor_blink
