"""`sslsnoop`: what programs read and write by OpenSSL, before it is encrypted."""

from __future__ import annotations

import argparse

from seismo.tools.network.words import plain_data
from seismo.tools.tool import Area, Column, Option, Rows, Tool, columns

__all__ = ("TOOL",)

_SIZE_MAX = 8192


def _size(text: str) -> int:
    if not text.isdecimal() or int(text) > _SIZE_MAX:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number of bytes: 0 to {_SIZE_MAX}")
    return int(text)


TOOL = Tool(
    name="sslsnoop",
    area=Area.NETWORK,
    summary="Show what programs read and write by OpenSSL, before it is encrypted.",
    about=f"""A row for each SSL_read(3), SSL_write(3) (and SSL_read_ex, SSL_write_ex) that carried
data, and for each SSL_do_handshake(3) that was completed (SSL_connect(3) and SSL_accept(3) call it;
what shakes hands within its first read or write does not), when it returns. LAT_US is how long the
call took, LEN how many bytes it carried, DATA what they were, up to {_SIZE_MAX} bytes of each. The
library is the machine's libssl, and any other libssl that a process has mapped when the tool
starts; with -p, that of the process, in whatever container it is. Not seen are other libraries
(GnuTLS, NSS, Go's own), and OpenSSL or BoringSSL that is linked into a program.""",
    kernel="Linux 5.8: uprobes.",
    scripts=("sslsnoop",),
    rows=Rows((*columns("pid comm op lat_us len"), Column("data", plain_data))),
    options=(
        Option("hex", "the data in hexadecimal", "-x"),
        Option("size", "no more than N bytes of each", "-s", metavar="N", type=_size),
    ),
    example="""examples:
  seismo sslsnoop                                  all that the machine's programs say, in clear
  seismo sslsnoop -c 'curl -s https://example.com' -s 60   what a command says and hears
  seismo sslsnoop -p 1234 --hex                    bytes as they are, in hexadecimal

  PID     COMM             OP          LAT_US     LEN DATA
  30177   curl             HANDSHAKE    18231       0
  30177   curl             WRITE           24      77 GET / HTTP/1.1\\x0d\\x0aHost: example.com
""",
)
