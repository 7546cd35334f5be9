/* Linked from two compilations, a target that has two types of one name. */
#ifdef FIRST
struct twice { int field; };
struct twice first_ = { 1 };
#else
struct twice { long filler; int field; };
struct twice second_ = { 1 };
#endif
