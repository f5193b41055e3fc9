from __future__ import annotations

import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from tljh.discovery.candidates import PluginSource
from tljh.discovery.catalogue import find, load_catalogue, parse_catalogue
from tljh.discovery.errors import InvalidCatalogue
from tljh.discovery.search import nearest, search


def test_every_bundled_entry_has_a_source_and_a_summary() -> None:
    catalogue = load_catalogue()
    assert len(catalogue) >= 21
    for candidate in catalogue:
        assert candidate.summary
        assert candidate.sources
        assert candidate.topics


def test_an_entry_in_full() -> None:
    matlab = find("TLJH.matlab", load_catalogue())
    assert matlab is not None
    assert matlab.sources[0] == PluginSource("index", "tljh-matlab")
    assert matlab.sources[1].requirement == (
        "git+https://github.com/mathworks/jupyter-matlab-proxy"
        "#subdirectory=install_guides/the-littlest-jupyterhub/tljh-matlab"
    )
    assert matlab.last_activity == date(2025, 12, 11)
    assert matlab.to_dict()["last_activity"] == "2025-12-11"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[[plugin]", "not valid TOML"),
        ("plugins = []", "unknown key plugins"),
        ("plugin = 3", "not a list"),
        ('[[plugin]]\nindex="x"', "number 1"),
        ('[[plugin]]\nname="-x"\nindex="x"', "number 1"),
        ('[[plugin]]\nname="a"', "no source"),
        ('[[plugin]]\nname="a"\nindex="a b"', "no project name"),
        ('[[plugin]]\nname="a"\ngit="not a url"', "no repository URL"),
        ('[[plugin]]\nname="a"\ngit="https://u:p@h/x"', "no repository URL"),
        ('[[plugin]]\nname="a"\ngit="https://h/x"\nsubdirectory="../y"', "outside"),
        ('[[plugin]]\nname="a"\nindex="a"\nref="main"', "without `git`"),
        ('[[plugin]]\nname="a"\nindex="a"\nlast_commit="soon"', "last_commit"),
        ('[[plugin]]\nname="a"\nindex="a"\nsumary="x"', "unknown key `sumary`"),
        ('[[plugin]]\nname="a"\nindex="a"\nsummary="x\\ty"', "one line"),
        ('[[plugin]]\nname="a"\nindex="a"\ntopics="x"', "list of texts"),
        ('[[plugin]]\nname="a"\nindex="a"\ndocumented=1', "true or false"),
        ('[[plugin]]\nname="a-b"\nindex="a"\n[[plugin]]\nname="A_b"\nindex="a"', "A_b is there twice"),
    ],
)
def test_mistakes_name_the_entry(text: str, says: str) -> None:
    with pytest.raises(InvalidCatalogue, match=says):
        parse_catalogue(text, "mine")


def test_a_catalogue_that_is_missing(tmp_path: Path) -> None:
    with pytest.raises(InvalidCatalogue, match="cannot be read"):
        load_catalogue(tmp_path / "none.toml")


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("repo2docker", "tljh-repo2docker"),
        ("tljh-repo2docker", "tljh-repo2docker"),
        ("repo2dcker", "tljh-repo2docker"),
        ("matlab", "tljh-matlab"),
        ("pangoe", "tljh-pangeo"),
        ("dask", "tljh-pangeo"),
        ("satelite", "tljh-opendatacube"),
        ("MYSQL databases", "tljh-db"),
        ("chemistry", "tljh-rxns"),
        ("shared dir", "tljh-shared-directory"),
        ("", "tljh-repo2docker"),
    ],
)
def test_search_ranks(text: str, first: str) -> None:
    assert search(load_catalogue(), text)[0].candidate.name == first


def test_search_finds_every_word_or_nothing() -> None:
    assert search(load_catalogue(), "matlab chemistry") == ()
    assert search(load_catalogue(), "zzzz") == ()
    assert len(search(load_catalogue(), "")) == len(load_catalogue())
    docker = {match.candidate.name for match in search(load_catalogue(), "docker")}
    assert {"tljh-docker-rights", "tljh-repo2docker", "tljh-wrapspawner"} <= docker


def test_search_of_contributed_packages() -> None:
    (one,) = parse_catalogue('[[plugin]]\nname="a"\nindex="a"\npackages=["r-sf", "xarray"]', "mine")
    (match,) = search((one,), "xarray")
    assert match.field == "packages"
    assert match.to_dict()["name"] == "a"


def test_nearest_names() -> None:
    assert nearest("tljh-repo2dokcer", load_catalogue())[0] == "tljh-repo2docker"
    assert nearest("matlb", load_catalogue())[0] == "tljh-matlab"
    assert nearest("qqqqqq", load_catalogue()) == ()


def test_searching_the_catalogue_needs_no_http_library() -> None:
    program = (
        "import sys, tljh.discovery as d; from tljh.discovery.search import search;"
        "search(d.load_catalogue(), 'dask'); d.parse_requirement('tljh-db==1');"
        "sys.exit('httpx' in sys.modules or 'ssl' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_every_public_name_is_there() -> None:
    import tljh.discovery as discovery

    for name in discovery.__all__:
        assert getattr(discovery, name)
