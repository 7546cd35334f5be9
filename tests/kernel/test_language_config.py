"""The config block and its variables of the environment."""

from __future__ import annotations

import pytest
from language_cases import mistakes, run, warned

pytestmark = pytest.mark.kernel

SCRIPTS = {
    "a setting": ("config = { max_strlen = 100 } BEGIN { print(config.max_strlen) }", "100"),
    "a semicolon at the end": (
        "config = { max_strlen = 100; } BEGIN { print(config.max_strlen) }",
        "100",
    ),
    "several": (
        (
            "config = { max_strlen = 100; max_map_keys = 7 } BEGIN { print(config.max_strlen); "
            "print(config.max_map_keys) }"
        ),
        "100\n7",
    ),
    "none": ("config = { } BEGIN { print(1) }", "1"),
    "names as in the environment": (
        (
            "config = { BPFTRACE_MAX_STRLEN = 100; MAX_MAP_KEYS = 7 } BEGIN { "
            "print(config.max_strlen); print(config.max_map_keys) }"
        ),
        "100\n7",
    ),
    "over lines, with comments": (
        (
            "config = {\n  // how long\n  max_strlen = 100; "
            "/* x */\n}\nBEGIN { print(config.max_strlen) }"
        ),
        "100",
    ),
    "hexadecimal and separators": (
        (
            "config = { max_strlen = 0x10; max_map_keys = 1_000 } BEGIN { "
            "print(config.max_strlen); print(config.max_map_keys) }"
        ),
        "16\n1000",
    ),
    "defaults": (
        (
            "BEGIN { print(config.max_strlen); print(config.max_map_keys); "
            "print(config.max_probes); print(config.max_cat_bytes); "
            "print(config.print_maps_on_exit); print(config.str_trunc_trailer); "
            "print(config.on_stack_limit) }"
        ),
        "1024\n4096\n1024\n10240\ntrue\n..\n32",
    ),
    "in conditions of the compiler": (
        (
            "config = { max_strlen = 64 } BEGIN { if comptime (config.max_strlen == 64) { "
            'print("short") } }'
        ),
        "short",
    ),
    "no maps at the end": ("config = { print_maps_on_exit = false } BEGIN { @a = 1 }", ""),
    "no maps at the end, by 0": ("config = { print_maps_on_exit = 0 } BEGIN { @a = 1 }", ""),
    "maps at the end": ("config = { print_maps_on_exit = true } BEGIN { @a = 1 }", "@a: 1"),
    "few keys": (
        (
            "config = { max_map_keys = 2 } BEGIN { for $i : 0..9 { @a[$i] = 1 } print(len(@a)); "
            "clear(@a) }"
        ),
        "2",
    ),
    "many keys": (
        (
            "config = { max_map_keys = 10000 } BEGIN { for $i : 0..9000 { @a[$i] = 1 } "
            "print(len(@a)); clear(@a) }"
        ),
        "9000",
    ),
    "cat is cut": (
        'config = { max_cat_bytes = 3 } BEGIN { cat("/proc/sys/kernel/ostype"); }',
        "Lin",
    ),
    "long strings": (
        (
            'config = { max_strlen = 10000 } BEGIN { $s = str("abc"); @[$s] = 1; print(@["abc"]); '
            "clear(@) }"
        ),
        "1",
    ),
    "words and strings": (
        'config = { stack_mode = perf; missing_probes = "warn" } BEGIN { print(1) }',
        "1",
    ),
    "a license": ('config = { license = "Dual BSD/GPL" } BEGIN { print(1) }', "1"),
    "what is unstable": (
        (
            "config = { unstable_typeinfo = enable } BEGIN { "
            "print(typeinfo((uint16)5).base_type); print(typeinfo((uint16)5).full_type) }"
        ),
        "int\nuint16",
    ),
    "all of them": (
        (
            "config = { cache_user_symbols = NONE; on_stack_limit = 16; log_size = 5000; "
            "max_bpf_progs = 30; perf_rb_pages = 64; cpp_demangle = false; "
            "lazy_symbolication = true; show_debug_info = true; use_blazesym = true; "
            "unstable_tseries = enable; unstable_import_statement = enable; "
            "unstable_dw_ustack = error } BEGIN { print(1) }"
        ),
        "1",
    ),
}

MISTAKES = {
    "an unknown setting": ("config = { foo = 1 } BEGIN { }", ["foo: there is no setting 'foo'"]),
    "a string for a number": (
        'config = { max_strlen = "x" } BEGIN { }',
        ["max_strlen = \"x\": 'max_strlen' must be an integer from 1 to 4294967295"],
    ),
    "zero": (
        "config = { max_strlen = 0 } BEGIN { }",
        ["max_strlen = 0: 'max_strlen' must be an integer from 1 to 4294967295"],
    ),
    "negative": (
        "config = { max_strlen = -1 } BEGIN { }",
        ["-: expected a word, a string, an integer, true or false, found '-'"],
    ),
    "an unknown word": (
        "config = { missing_probes = foo } BEGIN { }",
        ["missing_probes = foo: 'missing_probes' must be one of error, warn, ignore"],
    ),
    "an unknown license": (
        'config = { license = "MIT" } BEGIN { }',
        [
            (
                "license = \"MIT\": 'license' must be one of GPL, GPL v2, GPL and additional "
                "rights, Dual BSD/GPL, Dual MIT/GPL, Dual MPL/GPL"
            ),
        ],
    ),
    "a number for a bool": (
        "config = { print_maps_on_exit = 5 } BEGIN { }",
        ["print_maps_on_exit = 5: 'print_maps_on_exit' must be true, false, 1 or 0"],
    ),
    "no semicolon between": (
        "config = { max_strlen = 64 max_cat_bytes = 5 } BEGIN { }",
        ["max_cat_bytes: expected ';' between settings, found 'max_cat_bytes'"],
    ),
    "two blocks": (
        "config = { } config = { } BEGIN { }",
        ["config: the script has two config blocks"],
    ),
    "after a probe": (
        "BEGIN { } config = { }",
        ["config: the config block stands before the first probe"],
    ),
    "a new name": (
        "config = { strlen = 64 } BEGIN { }",
        ["strlen: 'strlen' is now called 'max_strlen'"],
    ),
    "an unknown field": ("BEGIN { print(config.nope) }", ["nope: the record has no field 'nope'"]),
    "too many probes": (
        "config = { max_probes = 1 } BEGIN { } END { }",
        ["END: the script has more than 1 probes from here on"],
    ),
    "too many programs": (
        "config = { max_bpf_progs = 1 } BEGIN { } END { }",
        ["END: the script becomes 2 programs, more than 1"],
    ),
    "what is not allowed": (
        "config = { unstable_tseries = error } BEGIN { @a = tseries(1, 1s, 3) }",
        ["tseries: tseries() is not allowed: it is unstable"],
    ),
    "what is unstable": (
        "BEGIN { print(typeinfo(5).base_type) }",
        ["typeinfo(5): typeinfo is not stable yet"],
    ),
}

ENVIRON = {
    "alone": ({"BPFTRACE_MAX_STRLEN": "50"}, "", "50"),
    "wins": ({"BPFTRACE_MAX_STRLEN": "50"}, "config = { max_strlen = 100 }", "50"),
    "other names do not count": ({"MAX_STRLEN": "50", "max_strlen": "60"}, "", "1024"),
}


@pytest.mark.parametrize("name", SCRIPTS)
def test_script(name: str) -> None:
    script, expected = SCRIPTS[name]
    assert run(script).output.strip("\n") == expected


@pytest.mark.parametrize("name", MISTAKES)
def test_mistake(name: str) -> None:
    script, expected = MISTAKES[name]
    assert mistakes(script) == expected


@pytest.mark.parametrize("name", ENVIRON)
def test_environment(name: str) -> None:
    environ, head, expected = ENVIRON[name]
    ran = run(f"{head} BEGIN {{ print(config.max_strlen) }}", environ=environ)
    assert ran.output.strip("\n") == expected


@pytest.mark.parametrize(
    "key",
    ["symbol_source", "max_type_res_iterations", "unstable_addr", "unstable_macro",
     "unstable_import", "unstable_map_decl"],
)  # fmt: skip
def test_what_has_no_effect_any_more(key: str) -> None:
    script = f"config = {{ {key} = enable }} BEGIN {{ print(1) }}"
    assert warned(script) == [f"{key}: '{key}' is deprecated and has no effect"]
