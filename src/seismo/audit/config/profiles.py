"""Ready-made configurations: the files of `audit/profiles`.

>>> names()
('all', 'default', 'files', 'network', 'process', 'security', 'traceleft')
"""

from __future__ import annotations

import os

from seismo.audit.catalog.table import Catalog
from seismo.audit.config.model import Config
from seismo.audit.config.parse import parse_config
from seismo.base.diagnostics import did_you_mean
from seismo.base.errors import BpfError
from seismo.base.source import Source

__all__ = ("DEFAULT", "UnknownProfile", "load", "names", "text_of")

DEFAULT = "default"

_DIRECTORY = os.path.join(os.path.dirname(os.path.dirname(__file__)), "profiles")
_SUFFIX = ".yaml"


class UnknownProfile(BpfError):
    """There is no profile of this name."""


def names() -> tuple[str, ...]:
    """The names of all profiles."""
    files = sorted(os.listdir(_DIRECTORY))
    return tuple(one.removesuffix(_SUFFIX) for one in files if one.endswith(_SUFFIX))


def text_of(name: str) -> str:
    """A profile as it stands in its file, comments and all. UnknownProfile."""
    if name not in names():
        hint = did_you_mean(name, names()) or f"there are {', '.join(names())}"
        raise UnknownProfile(f"there is no profile '{name}'\nhint: {hint}")
    with open(os.path.join(_DIRECTORY, name + _SUFFIX), encoding="utf-8") as opened:
        return opened.read()


def load(name: str, catalog: Catalog) -> Config:
    """A profile's configuration. UnknownProfile."""
    return parse_config(Source(f"{name}{_SUFFIX}", text_of(name)), catalog)
