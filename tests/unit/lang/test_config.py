"""Settings: the config block, the environment, and the record that scripts see."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from macro_cases import parsed, said
from seismo.base.dataclass import replace
from seismo.base.diagnostics import Diagnostics
from seismo.lang.config import DEFAULTS, Config, Setting, config_record, read_config


def read(block: str, environ: Mapping[str, str] | None = None) -> tuple[Config, list[str]]:
    """The settings of `config = { block }`, and what is said."""
    script = parsed(f"config = {{ {block} }} BEGIN {{ }}")
    diagnostics = Diagnostics()
    return read_config(script.config, environ or {}, diagnostics), said(diagnostics)


def test_nothing_set() -> None:
    assert read("") == (DEFAULTS, [])
    assert read("", {"PATH": "/bin", "BPFTRACE_BTF": "x", "MAX_STRLEN": "7"}) == (DEFAULTS, [])


@pytest.mark.parametrize("key", ("max_strlen", "MAX_STRLEN", "BPFTRACE_MAX_STRLEN"))
def test_forms_of_a_key(key: str) -> None:
    assert read(f"{key} = 64") == (replace(DEFAULTS, max_strlen=64), [])


@pytest.mark.parametrize(
    ("entry", "name", "value"),
    [
        ("max_map_keys = 10", "max_map_keys", 10),
        ('max_map_keys = "0x10"', "max_map_keys", 16),
        ("max_map_keys = 1e6", "max_map_keys", 1_000_000),
        ("max_probes = 1", "max_probes", 1),
        ("max_bpf_progs = 5", "max_bpf_progs", 5),
        ("max_cat_bytes = 0", "max_cat_bytes", 0),
        ("log_size = 4096", "log_size", 4096),
        ("on_stack_limit = 0", "on_stack_limit", 0),
        ("perf_rb_pages = 128", "perf_rb_pages", 128),
        ("print_maps_on_exit = false", "print_maps_on_exit", False),
        ("print_maps_on_exit = 0", "print_maps_on_exit", False),
        ('cpp_demangle = "FALSE"', "cpp_demangle", False),
        ("lazy_symbolication = 1", "lazy_symbolication", True),
        ("show_debug_info = false", "show_debug_info", False),
        ("use_blazesym = false", "use_blazesym", False),
        ("stack_mode = perf", "stack_mode", "perf"),
        ("stack_mode = build_id", "stack_mode", "build_id"),
        ('stack_mode = "raw"', "stack_mode", "raw"),
        ("missing_probes = Warn", "missing_probes", "warn"),
        ("cache_user_symbols = per_program", "cache_user_symbols", "PER_PROGRAM"),
        ("cache_user_symbols = 0", "cache_user_symbols", "NONE"),
        ('license = "Dual BSD/GPL"', "license", "Dual BSD/GPL"),
        ('str_trunc_trailer = "…"', "str_trunc_trailer", "…"),
        ('str_trunc_trailer = ""', "str_trunc_trailer", ""),
        ("str_trunc_trailer = 3", "str_trunc_trailer", "3"),
        ("unstable_tseries = enable", "unstable_tseries", "enable"),
        ("unstable_typeinfo = true", "unstable_typeinfo", "enable"),
        ("unstable_import_statement = warn", "unstable_import_statement", "warn"),
        ("unstable_dw_ustack = 0", "unstable_dw_ustack", "error"),
    ],
)
def test_values(entry: str, name: str, value: Setting) -> None:
    config, complaints = read(entry)
    assert complaints == []
    assert config == replace(DEFAULTS, **{name: value})
    assert type(getattr(config, name)) is type(value)


def test_the_last_of_two_counts() -> None:
    assert read("max_strlen = 1; BPFTRACE_MAX_STRLEN = 2;")[0].max_strlen == 2


def test_the_environment_wins() -> None:
    environ = {
        "BPFTRACE_MAX_STRLEN": "200",
        "BPFTRACE_STACK_MODE": "raw",
        "BPFTRACE_PRINT_MAPS_ON_EXIT": "0",
        "BPFTRACE_STR_TRUNC_TRAILER": "",
        "BPFTRACE_UNSTABLE_TSERIES": "1",
    }
    config, complaints = read("max_strlen = 64; stack_mode = perf; max_probes = 7", environ)
    assert complaints == []
    assert config == replace(
        DEFAULTS,
        max_strlen=200,
        stack_mode="raw",
        max_probes=7,
        print_maps_on_exit=False,
        str_trunc_trailer="",
        unstable_tseries="enable",
    )


@pytest.mark.parametrize(
    ("block", "complaint"),
    [
        ("max_strlen = foo", "t:1:12: 'max_strlen' must be an integer from 1 to 4294967295"),
        ("max_strlen = 0", "t:1:12: 'max_strlen' must be an integer from 1 to 4294967295"),
        ("max_strlen = true", "t:1:12: 'max_strlen' must be an integer from 1 to 4294967295"),
        (
            'on_stack_limit = "-1"',
            "t:1:12: 'on_stack_limit' must be an integer from 0 to 18446744073709551615",
        ),
        ("cpp_demangle = maybe", "t:1:12: 'cpp_demangle' must be true, false, 1 or 0"),
        ("cpp_demangle = 2", "t:1:12: 'cpp_demangle' must be true, false, 1 or 0"),
        ("stack_mode = gdb", "t:1:12: 'stack_mode' must be one of bpftrace, perf, raw, build_id"),
        ("missing_probes = 1", "t:1:12: 'missing_probes' must be one of error, warn, ignore"),
        (
            "cache_user_symbols = all",
            "t:1:12: 'cache_user_symbols' must be one of PER_PID, PER_PROGRAM, NONE",
        ),
        (
            'license = "gpl"',
            "t:1:12: 'license' must be one of GPL, GPL v2, GPL and additional rights, "
            "Dual BSD/GPL, Dual MIT/GPL, Dual MPL/GPL",
        ),
        ("unstable_tseries = on", "t:1:12: 'unstable_tseries' must be one of enable, warn, error"),
        ("max_strlem = 1", "t:1:12: there is no setting 'max_strlem' (did you mean 'max_strlen'?)"),
        ("colour = 1", "t:1:12: there is no setting 'colour'"),
        ("strlen = 1", "t:1:12: 'strlen' is now called 'max_strlen'"),
        ("BPFTRACE_MAP_KEYS_MAX = 1", "t:1:12: 'map_keys_max' is now called 'max_map_keys'"),
        (
            "vmlinux = x",
            "t:1:12: 'vmlinux' can be set in the environment only "
            "(run it as BPFTRACE_VMLINUX=… seismo …)",
        ),
        (
            "unstable_macro = enable",
            "t:1:12: 'unstable_macro' is deprecated and has no effect (leave it out)",
        ),
    ],
)
def test_mistakes(block: str, complaint: str) -> None:
    assert read(block) == (DEFAULTS, [complaint])


def test_what_is_deprecated_is_only_warned_of() -> None:
    script = parsed("config = { symbol_source = dwarf } BEGIN { }")
    diagnostics = Diagnostics()
    read_config(script.config, {}, diagnostics)
    assert [one.severity for one in diagnostics.found] == ["warning"]


def test_mistakes_in_the_environment() -> None:
    diagnostics = Diagnostics()
    assert read_config((), {"BPFTRACE_MAX_STRLEN": "abc"}, diagnostics) == DEFAULTS
    assert [str(one) for one in diagnostics.found] == [
        "environment:1:21: error: 'max_strlen' must be an integer from 1 to 4294967295\n"
        "    BPFTRACE_MAX_STRLEN=abc\n"
        "                        ^^^"
    ]


def test_other_defaults() -> None:
    defaults = replace(DEFAULTS, cache_user_symbols="PER_PROGRAM")
    assert read_config((), {}, Diagnostics(), defaults) is defaults


def test_every_setting_can_be_set() -> None:
    for name in Config.__annotations__:
        value = getattr(DEFAULTS, name)
        diagnostics = Diagnostics()
        read_config((), {f"BPFTRACE_{name.upper()}": str(value)}, diagnostics)
        assert said(diagnostics) == []


def test_record() -> None:
    record = config_record(replace(DEFAULTS, max_strlen=64))
    assert record[0] == ("cpp_demangle", True)
    assert dict(record)["max_strlen"] == 64
    assert dict(record)["missing_probes"] == "error"
    names = [name for name, _ in record]
    assert sorted(names) == sorted(set(Config.__annotations__) - {"cache_user_symbols"})
