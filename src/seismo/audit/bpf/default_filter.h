/* What the kernel filters where nothing was asked for: nothing.

   Texts that are made of a configuration take this file's place; they do not define
   AUDIT_NO_FILTERS, by which facts need not be gathered. */
#define AUDIT_NO_FILTERS 1
#define AUDIT_PATH_FILTERS 0
#define AUDIT_ADDRESS_FILTERS 0

static __always_inline int audit_wanted(struct audit_facts *facts) { return 1; }
static __always_inline int audit_counted(struct audit_facts *facts) { return 0; }
