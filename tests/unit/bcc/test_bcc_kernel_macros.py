"""What a program's preprocessor is told of the running kernel's build."""

from __future__ import annotations

import os
import re

import pytest

from seismo.bcc import kernel_macros as module
from seismo.bcc.kernel_macros import kernel_macros
from seismo.bcc.source_text import options_for

_CONFIG = {"CONFIG_A": "y", "CONFIG_B": "m", "CONFIG_HZ": "250", "CONFIG_NAME": '"x y"'}


def test_the_version_is_that_of_the_kernel() -> None:
    major, minor = map(int, re.findall(r"\d+", os.uname().release)[:2])
    code = int(kernel_macros("")["LINUX_VERSION_CODE"])
    assert code >> 8 == major << 8 | minor


def test_options_are_defined_as_they_are_configured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "kernel_config", lambda _: _CONFIG)
    text = """
    #if defined(CONFIG_A) && defined(CONFIG_B) || CONFIG_B_MODULE && MY_CONFIG_NAME
    int hz = CONFIG_HZ; char *name = CONFIG_NAME; int none = CONFIG_NONE + CONFIG_A_MODULE;
    """
    found = kernel_macros(text)
    del found["LINUX_VERSION_CODE"]
    assert found == {
        "CONFIG_A": "1",
        "CONFIG_B_MODULE": "1",
        "CONFIG_HZ": "250",
        "CONFIG_NAME": '"x y"',
    }


def test_only_a_text_that_asks_is_told() -> None:
    assert not options_for([], {}, "int f(void *ctx) { return 0; }").defines
    asked = options_for([], {"A": "1"}, "#if LINUX_VERSION_CODE > 1").defines
    assert asked.keys() == {"LINUX_VERSION_CODE", "A"}
    given = options_for(["-DLINUX_VERSION_CODE=7"], {}, "#if LINUX_VERSION_CODE > 1").defines
    assert given == {"LINUX_VERSION_CODE": "7"}
    assert "LINUX_VERSION_CODE" in options_for([], {}, '#include "own.h"').defines
