"""Who has logged in, on a kernel that does not keep it."""

from __future__ import annotations

from c_runs import c_run
from seismo.audit.program.compile import read_part
from seismo.audit.record.c_text import record_text
from seismo.engine.kernel import VmKernel

_PROGRAM = """
int f(void *ctx) {
    struct audit_credentials who = {};
    fill_login(&who, 0);
    return who.loginuid == AUDIT_NO_LOGIN && who.sessionid == AUDIT_NO_LOGIN;
}
"""


def test_nobody_has_where_the_kernel_has_no_such_fields() -> None:
    text, _, _ = read_part("identity.h").partition("/* Credentials lie in")
    with c_run(record_text() + text + _PROGRAM, VmKernel()) as ran:
        assert ran.retval == 1
