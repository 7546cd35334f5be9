/* The programs of `seismo audit`: one text, of which each function that is not static is a program.

   Compiled by seismo/audit/program/compile.py, which gives AUDIT_CPUS, AUDIT_RING_PAGES and
   AUDIT_PENDING; "record.h" is made of record/layout.py, "filter.h" of the configuration. */
#include "record.h"
#include "machine.h"
#include "maps.h"
#include "filter.h"
#include "common.h"
#include "scope.h"
#include "path.h"
#include "socket.h"
#include "sections.h"
#include "entry.h"
#include "syscalls.h"
#include "identity.h"
#include "process.h"
