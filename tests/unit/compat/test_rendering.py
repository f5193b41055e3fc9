"""Comments, blank lines, order and unknown keys survive each change."""

import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tljh.settings import edit, files
from tljh.settings.rendering import render

TEXT = """\
# top
users:
  # the admins
  admin:
    - ada
    # bob is new
    - bob   # on his line

# limits here
limits:
  memory: 1G  # enough
# a plugin's
my_plugin: {a: 1}
banner: |
  # not a comment

  welcome
# end
"""


def changed(change):
    return render(change(files.parse(TEXT)), TEXT)


def test_nothing_changed_is_nothing_written():
    assert render(files.parse(TEXT), TEXT) == TEXT


@pytest.mark.parametrize(
    ("change", "gone", "new"),
    [
        (lambda d: edit.set_item(d, "limits.memory", "2G"), "memory: 1G  # enough", "memory: 2G  # enough"),
        (lambda d: edit.add_item(d, "users.admin", "eve"), None, "    - eve"),
        (lambda d: edit.remove_item(d, "users.admin", "bob"), "    - bob   # on his line", None),
        (lambda d: edit.unset_item(d, "limits.memory"), "limits:\n  memory: 1G  # enough", None),
        (lambda d: edit.unset_item(d, "my_plugin"), "my_plugin: {a: 1}", None),
        (lambda d: edit.unset_item(d, "users"), None, None),
    ],
)
def test_every_comment_survives(change, gone, new):
    text = changed(change)
    for comment in ("# top", "# the admins", "# bob is new", "# limits here", "# a plugin's", "# end"):
        assert comment in [line.strip() for line in text.splitlines()]
    assert gone is None or gone not in text
    assert new is None or new in text
    assert files.plain(files.parse(text)) == files.plain(change(files.parse(TEXT)))


def test_an_item_is_added_where_the_list_is():
    text = changed(lambda d: edit.add_item(d, "users.admin", "eve"))
    assert "    - bob   # on his line\n    - eve\n\n# limits here\nlimits:" in text


def test_a_comment_stays_above_what_it_was_above():
    text = changed(lambda d: edit.set_item(d, "http.port", 8000))
    assert "# a plugin's\nmy_plugin" in text
    assert text.index("http:") < text.index("# end")


def test_comments_stay_when_everything_else_goes():
    assert render({}, "# mine\nhttp: {port: 80}\n") == "# mine\n"


keys = st.sampled_from(["a", "b", "c.d", "c.e", "users.admin", "text"])
values = st.one_of(
    st.integers(), st.booleans(), st.none(), st.text(max_size=8), st.lists(st.text(max_size=5), max_size=3)
)


@hypothesis.settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(keys, values), max_size=6))
def test_what_is_written_is_what_was_meant(settings):
    document, text = files.parse(TEXT), TEXT
    for key, value in settings:
        document = edit.set_item(document, key, value)
        text = render(document, text)
        assert files.plain(files.parse(text)) == files.plain(document)
        document = files.parse(text)
    assert {"# top", "# the admins", "# bob is new", "# limits here", "# end"} <= {
        line.strip() for line in text.splitlines()
    }
