"""What numbers are called in columns about networks."""

from __future__ import annotations

from seismo.output.printable import printable

__all__ = ("plain_data", "resolver_error", "tcp_flags", "tcp_state")

# include/net/tcp_states.h
_STATES = (
    *("-", "ESTABLISHED", "SYN_SENT", "SYN_RECV", "FIN_WAIT1", "FIN_WAIT2", "TIME_WAIT"),
    *("CLOSE", "CLOSE_WAIT", "LAST_ACK", "LISTEN", "CLOSING", "NEW_SYN_RECV", "BOUND_INACTIVE"),
)
# include/net/tcp.h: TCPHDR_FIN, the lowest bit, …
_FLAGS = ("FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR")

# netdb.h: the same in glibc and musl
_RESOLVER_ERRORS = {
    1: "FAILED",
    -1: "EAI_BADFLAGS",
    -2: "EAI_NONAME",
    -3: "EAI_AGAIN",
    -4: "EAI_FAIL",
    -5: "EAI_NODATA",
    -6: "EAI_FAMILY",
    -7: "EAI_SOCKTYPE",
    -8: "EAI_SERVICE",
    -9: "EAI_ADDRFAMILY",
    -10: "EAI_MEMORY",
    -11: "EAI_SYSTEM",
    -12: "EAI_OVERFLOW",
}


def tcp_state(number: int) -> str | None:
    """`ESTABLISHED` of 1; nothing of 0, which is no state."""
    return (_STATES[number] if number < len(_STATES) else str(number)) if number else None


def tcp_flags(number: int) -> str | None:
    """`SYN|ACK` of 18; nothing where no flag is set."""
    return "|".join(name for bit, name in enumerate(_FLAGS) if number >> bit & 1) or None


def resolver_error(number: int) -> str | None:
    """`EAI_NONAME` of -2, as getaddrinfo(3) has it, `FAILED` of 1; nothing for success."""
    return _RESOLVER_ERRORS.get(number, str(number)) if number else None


def plain_data(value: tuple[bool, bytes]) -> str:
    """Bytes as text, what is none as \\xNN; in hexadecimal if that is asked for."""
    in_hexadecimal, data = value
    return data.hex() if in_hexadecimal else printable(data.decode("utf-8", "surrogateescape"))
