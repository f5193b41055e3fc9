from pathlib import Path

from setuptools import setup

setup(
    name="tljh-river-gauges",
    version="0.2.1",
    description="Levels of rivers, for everyone.",
    long_description=Path("README.md").read_text(),
    long_description_content_type="text/markdown",
    license="BSD-3-Clause",
    python_requires=">=3.10",
    py_modules=["tljh_river_gauges"],
    entry_points={"tljh": ["river-gauges = tljh_river_gauges"]},
)
