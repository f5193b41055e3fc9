"""What a plugin contributes, read from its source without importing it."""

from tljh.inspection.inspector import inspect
from tljh.inspection.preview import preview_document, preview_schema
from tljh.inspection.report import PluginReport, Source
from tljh.inspection.tree import DirectoryTree, SdistTree, SourceTree, WheelTree, open_archive

__all__ = [
    "DirectoryTree",
    "PluginReport",
    "SdistTree",
    "Source",
    "SourceTree",
    "WheelTree",
    "inspect",
    "open_archive",
    "preview_document",
    "preview_schema",
]
