"""`Config`: what `config = { … }` and the environment set; the environment wins.

config = { max_strlen = 64; BPFTRACE_STACK_MODE = perf }      BPFTRACE_MAX_STRLEN=200 seismo …
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from seismo.base.bits import U32_MAX, U64_MAX
from seismo.base.dataclass import dataclass, replace
from seismo.base.diagnostics import Diagnostics, did_you_mean
from seismo.base.number import NumberError, parse_integer
from seismo.base.source import Source, Span
from seismo.lang.ast import ConfigEntry

__all__ = ("DEFAULTS", "Config", "Setting", "config_record", "read_config")

Setting: TypeAlias = "str | int | bool"
"""A setting's value, as written or as meant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """A script's settings, each by the name that the language gives it, with its default.

    Sizes are in bytes, but for `perf_rb_pages` (pages of all rings, 0 is automatic).
    """

    cache_user_symbols: str = "PER_PID"
    cpp_demangle: bool = True
    kretprobe_max_active: int = 0
    lazy_symbolication: bool = True
    license: str = "GPL"
    log_size: int = 1_000_000
    max_bpf_progs: int = 1024
    max_cat_bytes: int = 10_240
    max_map_keys: int = 4096
    max_probes: int = 1024
    max_strlen: int = 1024
    missing_probes: str = "error"
    on_stack_limit: int = 32
    perf_rb_pages: int = 0
    print_maps_on_exit: bool = True
    show_debug_info: bool = True
    stack_mode: str = "bpftrace"
    str_trunc_trailer: str = ".."
    unstable_dw_ustack: str = "warn"
    unstable_import_statement: str = "error"
    unstable_tseries: str = "warn"
    unstable_typeinfo: str = "error"
    use_blazesym: bool = True


DEFAULTS = Config()

_PREFIX = "bpftrace_"
_RECORD = (
    *("cpp_demangle", "lazy_symbolication", "print_maps_on_exit", "use_blazesym"),
    *("show_debug_info", "log_size", "max_bpf_progs", "max_cat_bytes", "max_map_keys"),
    *("max_probes", "max_strlen", "on_stack_limit", "perf_rb_pages", "str_trunc_trailer"),
    *("unstable_import_statement", "unstable_tseries", "unstable_typeinfo"),
    *("unstable_dw_ustack", "missing_probes", "stack_mode", "license", "kretprobe_max_active"),
)
_WITHOUT_EFFECT = frozenset(
    (
        *("max_type_res_iterations", "symbol_source", "unstable_addr", "unstable_import"),
        *("unstable_macro", "unstable_map_decl"),
    )
)
_RENAMED = {
    "cat_bytes_max": "max_cat_bytes",
    "map_keys_max": "max_map_keys",
    "no_cpp_demangle": "cpp_demangle",
    "strlen": "max_strlen",
}
_ENVIRONMENT_ONLY = frozenset(
    ("btf", "color", "kernel_build", "kernel_source", "verify_llvm_ir", "vmlinux")
)


class _WrongValue(ValueError):
    """A value that its setting cannot have; the text says what it can."""


def read_config(
    entries: Sequence[ConfigEntry],
    environ: Mapping[str, str],
    diagnostics: Diagnostics,
    defaults: Config = DEFAULTS,
) -> Config:
    """The settings of a config block, and over them those of `BPFTRACE_<KEY>` in `environ`.

    Mistakes go to `diagnostics`; a setting with one keeps its default. Other variables of the
    environment are none of ours.
    """
    settings: dict[str, Setting] = {}
    for entry in entries:
        key = entry.key.lower().removeprefix(_PREFIX)
        if reader := _READERS.get(key):
            _read(key, entry.value, reader, entry.span, settings, diagnostics)
        else:
            _refuse(key, entry.key_span, diagnostics)
    for key, reader in _READERS.items():
        variable = (_PREFIX + key).upper()
        if (text := environ.get(variable)) is not None:
            line = f"{variable}={text}"
            span = Span(Source("environment", line), len(variable) + 1, len(line))
            _read(key, text, reader, span, settings, diagnostics)
    return replace(defaults, **settings) if settings else defaults


def config_record(config: Config) -> tuple[tuple[str, Setting], ...]:
    """Names and values of the record that the built-in `config` is, in its order."""
    return tuple((name, getattr(config, name)) for name in _RECORD)


def _read(
    key: str,
    value: Setting,
    reader: Callable[[Setting], Setting],
    span: Span,
    settings: dict[str, Setting],
    diagnostics: Diagnostics,
) -> None:
    try:
        settings[key] = reader(value)
    except _WrongValue as wrong:
        diagnostics.error(span, f"'{key}' must be {wrong}")


def _refuse(key: str, span: Span, diagnostics: Diagnostics) -> None:
    """Say what is wrong with a key that is no setting."""
    if key in _WITHOUT_EFFECT:
        diagnostics.warning(span, f"'{key}' is deprecated and has no effect", "leave it out")
    elif key in _RENAMED:
        diagnostics.error(span, f"'{key}' is now called '{_RENAMED[key]}'")
    elif key in _ENVIRONMENT_ONLY:
        variable = (_PREFIX + key).upper()
        hint = f"run it as {variable}=… seismo …"
        diagnostics.error(span, f"'{key}' can be set in the environment only", hint)
    else:
        diagnostics.error(span, f"there is no setting '{key}'", did_you_mean(key, _READERS))


def _integer(least: int, most: int) -> Callable[[Setting], int]:
    def read(value: Setting) -> int:
        try:
            number = value if isinstance(value, int) else parse_integer(value).value
        except NumberError:
            number = -1
        if isinstance(value, bool) or not least <= number <= most:
            raise _WrongValue(f"an integer from {least} to {most}")
        return number

    return read


def _boolean(value: Setting) -> bool:
    word = str(value).lower()
    if word not in ("true", "false", "1", "0"):
        raise _WrongValue("true, false, 1 or 0")
    return word in ("true", "1")


def _text(value: Setting) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _choice(words: Sequence[str], also: Mapping[str, str]) -> Callable[[Setting], str]:
    """One of `words`, in letters of any case; `also` are other ways to write some of them."""
    known = {word.lower(): word for word in words} | dict(also)

    def read(value: Setting) -> str:
        word = str(value).lower()
        if word not in known:
            raise _WrongValue(f"one of {', '.join(words)}")
        return known[word]

    return read


def _license(value: Setting) -> str:
    # include/linux/license.h: license_is_gpl_compatible(), which compares exactly.
    if value not in _LICENSES:
        raise _WrongValue(f"one of {', '.join(_LICENSES)}")
    return str(value)


_LICENSES = (
    *("GPL", "GPL v2", "GPL and additional rights"),
    *("Dual BSD/GPL", "Dual MIT/GPL", "Dual MPL/GPL"),
)
_UNSTABLE = _choice(
    ("enable", "warn", "error"), {"true": "enable", "1": "enable", "false": "error", "0": "error"}
)

_READERS: Mapping[str, Callable[[Setting], Setting]] = {
    "cache_user_symbols": _choice(
        ("PER_PID", "PER_PROGRAM", "NONE"), {"1": "PER_PID", "0": "NONE"}
    ),
    "cpp_demangle": _boolean,
    "kretprobe_max_active": _integer(0, 4096),
    "lazy_symbolication": _boolean,
    "license": _license,
    "log_size": _integer(1, U32_MAX),
    "max_bpf_progs": _integer(1, U64_MAX),
    "max_cat_bytes": _integer(0, U64_MAX),
    "max_map_keys": _integer(1, U32_MAX),
    "max_probes": _integer(1, U64_MAX),
    "max_strlen": _integer(1, U32_MAX),
    "missing_probes": _choice(("error", "warn", "ignore"), {}),
    "on_stack_limit": _integer(0, U64_MAX),
    "perf_rb_pages": _integer(0, U32_MAX),
    "print_maps_on_exit": _boolean,
    "show_debug_info": _boolean,
    "stack_mode": _choice(("bpftrace", "perf", "raw", "build_id"), {}),
    "str_trunc_trailer": _text,
    "unstable_dw_ustack": _UNSTABLE,
    "unstable_import_statement": _UNSTABLE,
    "unstable_tseries": _UNSTABLE,
    "unstable_typeinfo": _UNSTABLE,
    "use_blazesym": _boolean,
}
