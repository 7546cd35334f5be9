"""The helpers that a machine has unless it is told otherwise."""

from __future__ import annotations

from seismo.isa.helpers import helper_id
from seismo.vm.calls.control import CONTROL
from seismo.vm.calls.maps import MAPS
from seismo.vm.calls.output import OUTPUT
from seismo.vm.calls.packet import PACKET
from seismo.vm.calls.probe import PROBE
from seismo.vm.calls.strings import STRINGS
from seismo.vm.calls.sums import SUMS
from seismo.vm.calls.task import TASK
from seismo.vm.run import Helpers

__all__ = ("DEFAULT",)

_BY_NAME = {**CONTROL, **MAPS, **OUTPUT, **PACKET, **PROBE, **STRINGS, **SUMS, **TASK}

DEFAULT: Helpers = {helper_id(name): helper for name, helper in sorted(_BY_NAME.items())}
"""Every helper of this package by the kernel's number."""
