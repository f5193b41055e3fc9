"""Plugins that contribute packages, however they are declared, and what is wrong with some."""

# ruff: noqa: E501

from __future__ import annotations

from plugins import Case

CONDA, CHANNELS = "tljh_extra_user_conda_packages", "tljh_extra_user_conda_channels"
PIP, HUB, APT = "tljh_extra_user_pip_packages", "tljh_extra_hub_pip_packages", "tljh_extra_apt_packages"

ONE = """
    from tljh.hooks import hookimpl
    @hookimpl
    def tljh_extra_apt_packages():
        return ["sl"]
"""
SETUP = """
    from setuptools import setup
    setup(name="tljh-case", version="1.0", entry_points={"tljh": ["case = tljh_case"]}, py_modules=["tljh_case"])
"""
CERTAIN = {APT: ["certain", ["sl"]]}


def case(name: str, files: dict[str, str], **more: object) -> Case:
    return Case(name, files, **{"hooks": CERTAIN, **more})  # type: ignore[arg-type]


CASES = (
    case("setup-py", {"setup.py": SETUP, "tljh_case.py": ONE}),
    case("setup-py-names", {"setup.py": """
        import setuptools
        NAME = "tljh-case"
        POINTS = dict(tljh=["case=tljh_case"], console_scripts=["x = y:z"])
        OPTIONS = {"name": NAME, "version": ".".join(map(str, (1, 0)))}
        if __name__ == "__main__":
            setuptools.setup(entry_points=POINTS, packages=setuptools.find_packages(), **OPTIONS)
     """, "tljh_case/__init__.py": ONE}),
    case("setup-py-text", {"setup.py": """
        import os, re
        from setuptools import setup, find_packages
        here = os.path.abspath(os.path.dirname(__file__))
        with open(os.path.join(here, "VERSION")) as f:
            version = f.read().strip()
        setup(name="tljh-case", version=version, long_description=open("README.md").read(),
              package_dir={"": "lib"}, packages=find_packages("lib"),
              entry_points='''
                [console_scripts]
                a = b:c
                [tljh]
                case = tljh_case.plugin
              ''')
     """, "VERSION": "1.0\n", "README.md": "# Case", "lib/tljh_case/__init__.py": "", "lib/tljh_case/plugin.py": ONE}),
    case("setup-py-version-of-module", {"setup.py": """
        from setuptools import setup
        about = {}
        exec(open("tljh_case/_version.py").read(), about)
        setup(name="tljh-case", version=about["__version__"], packages=["tljh_case"],
              entry_points={"tljh": "case = tljh_case"})
     """, "tljh_case/_version.py": '__version__ = "1.0"\n', "tljh_case/__init__.py": ONE}),
    case("setup-cfg", {"setup.py": "from setuptools import setup\nsetup()\n", "setup.cfg": """
        [metadata]
        name = tljh-case
        version = attr: tljh_case.__version__
        [options]
        packages = find:
        package_dir =
            = src
        install_requires =
            sh
        [options.packages.find]
        where = src
        [options.entry_points]
        console_scripts =
            x = y:z
        tljh =
            case = tljh_case
     """, "src/tljh_case/__init__.py": ONE + '    \n    __version__ = "1.0"\n'}),
    case("pyproject", {"pyproject.toml": """
        [build-system]
        requires = ["hatchling"]
        build-backend = "hatchling.build"
        [project]
        name = "tljh-case"
        version = "1.0"
        [project.entry-points.tljh]
        case = "tljh_case"
     """, "src/tljh_case/__init__.py": ONE}),
    case("poetry", {"pyproject.toml": """
        [tool.poetry]
        name = "tljh-case"
        version = "1.0"
        [tool.poetry.plugins."tljh"]
        "case" = "tljh_case"
     """, "tljh_case.py": ONE}),
    case("flit-old", {"pyproject.toml": """
        [build-system]
        requires = ["flit"]
        build-backend = "flit.buildapi"
        [tool.flit.metadata]
        module = "tljh_case"
        dist-name = "tljh-case"
        [tool.flit.entrypoints.tljh]
        case = "tljh_case"
     """, "tljh_case.py": '"""A case."""\n__version__ = "1.0"\nfrom tljh.hooks import hookimpl\n@hookimpl\n'
     'def tljh_extra_apt_packages():\n    return ["sl"]\n'}),
    case("setuptools-dynamic", {"pyproject.toml": """
        [build-system]
        requires = ["setuptools"]
        build-backend = "setuptools.build_meta"
        [project]
        name = "tljh-case"
        dynamic = ["version", "entry-points"]
        [tool.setuptools.dynamic]
        version = {file = "VERSION"}
        entry-points = {file = "points.ini"}
     """, "VERSION": "1.0\n", "points.ini": "[tljh]\ncase = tljh_case\n", "tljh_case.py": ONE}),
    Case("pangeo", {"tljh_case/__init__.py": """
        from tljh.hooks import hookimpl
        from .stack import *
        from .stack import CHANNELS as _channels
        @hookimpl(trylast=True)
        def tljh_extra_user_conda_channels():
            return _channels
     """, "tljh_case/stack.py": """
        from tljh.hooks import hookimpl as impl
        CHANNELS = ["conda-forge", "pyviz"]
        core = "xarray dask".split()
        pins = {"zarr": "2.3"}
        @impl
        def tljh_extra_user_conda_packages():
            return core + [f"{name}={version}.*" for name, version in pins.items()]
        @impl
        def tljh_extra_apt_packages():
            yield "graphviz"
     """}, {CHANNELS: ["certain", ["conda-forge", "pyviz"]], CONDA: ["certain", ["xarray", "dask", "zarr=2.3.*"]],
            APT: ["certain", ["graphviz"]]}),
    Case("requirements-file", {"tljh_case/__init__.py": """
        from pathlib import Path
        from tljh.hooks import hookimpl
        def read(name):
            lines = (Path(__file__).parent / name).read_text().splitlines()
            return [line.strip() for line in lines if line.strip() and not line.startswith("#")]
        @hookimpl
        def tljh_extra_user_pip_packages():
            return read("requirements.txt")
        @hookimpl
        def tljh_extra_hub_pip_packages():
            return ["--extra-index-url", "https://example.org/simple", "git+https://example.org/x@v1"]
     """, "tljh_case/requirements.txt": "# stack\nnumpy==1.2\n\nscipy\n"},
         {PIP: ["certain", ["numpy==1.2", "scipy"]],
          HUB: ["certain", ["--extra-index-url", "https://example.org/simple", "git+https://example.org/x@v1"]]}),
    Case("several-ways-to-mark", {"tljh_case.py": """
        import pluggy
        import tljh.hooks
        import tljh.hooks as h
        try:
            from tljh.hooks import hookimpl as guarded
        except ImportError:
            def guarded(f):
                return f
        other = h.hookimpl
        own = pluggy.HookimplMarker("tljh")
        foreign = pluggy.HookimplMarker("pytest")
        @tljh.hooks.hookimpl
        def tljh_extra_apt_packages():
            return ["a"]
        @other(tryfirst=True)
        def tljh_extra_user_pip_packages():
            return ["b"]
        if guarded:
            @guarded
            def tljh_extra_hub_pip_packages():
                return ["c"]
        @own(specname="tljh_extra_user_conda_packages")
        def conda():
            return ["d"]
        tljh_extra_user_conda_channels = own(lambda: ["e"])
        @foreign
        def tljh_post_install():
            pass
     """}, {APT: ["certain", ["a"]], PIP: ["certain", ["b"]], HUB: ["certain", ["c"]], CONDA: ["certain", ["d"]],
            CHANNELS: ["certain", ["e"]]}, findings=("undecorated-hook",)),
    Case("object", {"setup.py": """
        from setuptools import setup
        setup(name="tljh-case", version="1.0", py_modules=["tljh_case"],
              entry_points={"tljh": ["case = tljh_case:plugin [extra]"], "other": ["x = nowhere"]})
     """, "tljh_case.py": """
        from tljh.hooks import hookimpl
        class Base:
            packages = ["a"]
            @hookimpl
            def tljh_extra_apt_packages(self):
                return self.packages
        class Plugin(Base):
            def __init__(self, more):
                self.more = more
            @hookimpl
            def tljh_extra_user_pip_packages(self):
                return self.packages + self.more
            @staticmethod
            @hookimpl
            def tljh_extra_hub_pip_packages():
                return ["s"]
        plugin = Plugin(["b"])
     """}, {APT: ["certain", ["a"]], PIP: ["certain", ["a", "b"]], HUB: ["certain", ["s"]]}),
    Case("conditional-registration", {"tljh_case.py": """
        import os
        from tljh.hooks import hookimpl
        if os.path.exists("/dev/nvidia0"):
            @hookimpl
            def tljh_extra_apt_packages():
                return ["cuda"]
        with open("/dev/null"):
            @hookimpl
            def tljh_extra_user_pip_packages():
                return ["a"]
     """}, {APT: ["partial", ["cuda"]], PIP: ["certain", ["a"]]}),
    Case("what-is-not-registered", {"tljh_case.py": """
        from tljh.hooks import hookimpl
        def tljh_extra_apt_packages():
            return ["a"]
        @hookimpl
        def tljh_extra_user_pip_package():
            return ["b"]
        @hookimpl
        def tljh_extra_hub_pip_packages():
            return ["old"]
        @hookimpl
        def tljh_extra_hub_pip_packages():
            return ["new"]
        def outer():
            @hookimpl
            def tljh_post_install():
                pass
        if False:
            @hookimpl
            def tljh_extra_user_conda_channels():
                return ["c"]
     """}, {HUB: ["certain", ["new"]]}, findings=("undecorated-hook", "unknown-hook", "shadowed", "unreachable")),
    Case("unknown-parameter", {"tljh_case.py": """
        from tljh.hooks import hookimpl
        @hookimpl
        def tljh_post_install(config):
            pass
        @hookimpl
        def tljh_extra_apt_packages(default=None):
            return ["a"]
     """}, {}, status="not-a-plugin", findings=("unknown-parameter", "no-hooks")),
    Case("cached", {"tljh_case.py": """
        import functools
        from tljh.hooks import hookimpl
        @hookimpl
        @functools.lru_cache(None)
        def tljh_extra_apt_packages():
            return ["a"]
        @hookimpl
        async def tljh_extra_user_pip_packages():
            return ["b"]
     """}, {APT: ["opaque", None], PIP: ["opaque", None]}, findings=("async-hook",)),
    Case("wrapper", {"tljh_case.py": """
        from tljh.hooks import hookimpl
        @hookimpl(hookwrapper=True)
        def tljh_extra_apt_packages():
            outcome = yield
            outcome.force_result([])
     """}, {APT: ["opaque", None]}),
    Case("set-of-packages", {"tljh_case.py": """
        from tljh.hooks import hookimpl
        @hookimpl
        def tljh_extra_apt_packages():
            return {"b", "a"}
        @hookimpl
        def tljh_extra_user_conda_channels():
            return list({"b", "a"})
     """}, {APT: ["certain", ["a", "b"]], CHANNELS: ["partial", ["a", "b"]]}),
    Case("no-entry-point", {"setup.py": "from setuptools import setup\nsetup(name='tljh-case', version='1.0')\n",
                            "tljh_case.py": ONE}, status="no-entry-point",
         findings=("no-entry-point", "hook-without-entry-point")),
    Case("missing-module", {"setup.py": SETUP, "other.py": ONE}, status="unresolvable-entry-point",
         findings=("missing-module",)),
    Case("not-packaged", {"setup.py": SETUP.replace('py_modules=["tljh_case"]', 'packages=["other"]'),
                          "tljh_case.py": ONE, "other/__init__.py": ""}, status="unresolvable-entry-point",
         findings=("module-not-packaged",)),
    Case("syntax-error", {"setup.py": SETUP, "tljh_case.py": "def f(:\n"}, status="module-syntax-error",
         findings=("module-syntax-error",)),
    Case("setup-syntax-error", {"setup.py": "print 'x'\n", "tljh_case.py": ONE}, status="setup-syntax-error",
         findings=("setup-syntax-error",), identity=(None, None)),
    Case("import-fails", {"setup.py": SETUP, "tljh_case.py": "from .nowhere import x\n"},
         status="unresolvable-entry-point", findings=("import-fails",)),
    Case("no-hooks", {"setup.py": SETUP, "tljh_case.py": "x = 1\n"}, status="not-a-plugin", findings=("no-hooks",)),
    Case("nothing", {"pyproject.toml": "[tool.black]\n"}, status="not-a-plugin", findings=("not-a-distribution",),
         identity=(None, None)),
)  # fmt: skip
