"""What a kernel's build says of itself to a program's preprocessor: its version, its configuration.

>>> kernel_macros("#if LINUX_VERSION_CODE < KERNEL_VERSION(5, 11, 0)")
{'LINUX_VERSION_CODE': '398892'}
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from seismo.base.errors import NotSupported
from seismo.bcc.machine import machine
from seismo.c.headers.kernel_headers import version_code
from seismo.facts import LiveFacts
from seismo.kernel.config import kernel_config
from seismo.kernel.proc import kernel_release

__all__ = ("kernel_macros",)

_OPTION = re.compile(r"\b(?:CONFIG_\w+|HZ\b)")
_FREQUENCY = "HZ", "CONFIG_HZ"
_MODULE = "_MODULE"
_VALUES = {"y": "1", "m": ""}
"""Of an option as it is configured and as it is defined: as a module it is `CONFIG_X_MODULE`."""


def kernel_macros(text: str) -> dict[str, str]:
    """The running kernel's version, and those options of its configuration that the text names and
    that are set; none where the kernel does not tell its configuration."""
    found = {"LINUX_VERSION_CODE": str(_version())}
    if names := set(_OPTION.findall(text)):
        config = kernel_config(machine().kernel)
        found |= {name: value for name in sorted(names) if (value := _value(config, name))}
    return found


def _version() -> int:
    kernel = machine().kernel
    try:
        return LiveFacts(kernel).version()
    except NotSupported:
        return version_code(kernel_release(kernel))


def _value(config: Mapping[str, str], name: str) -> str:
    """What the option is defined as; '' for one that is not set."""
    if name == _FREQUENCY[0]:
        return config.get(_FREQUENCY[1], "")
    if name.endswith(_MODULE) and config.get(name.removesuffix(_MODULE)) == "m":
        return "1"
    value = config.get(name, "")
    return _VALUES.get(value, value)
