"""Types as records, named as bpftool names them, and as the lines of its raw listing.

>>> listed(4, Int("int", 4, IntEncoding.SIGNED))
{'id': 4, 'kind': 'INT', 'name': 'int', 'size': 4, 'bits_offset': 0, 'nr_bits': 32, ...}
>>> print(line(table, 4))
[4] INT 'int' size=4 bits_offset=0 nr_bits=32 encoding=SIGNED
"""

from __future__ import annotations

from typing import Any, TypeAlias

from seismo.btf.types import (
    Array,
    Datasec,
    DeclTag,
    Enum,
    Enum64,
    Float,
    Func,
    FuncProto,
    Fwd,
    Int,
    Kind,
    Member,
    Struct,
    Type,
    TypeTable,
    Union,
    Var,
    Void,
)

__all__ = ("Record", "line", "listed")

Record: TypeAlias = dict[str, Any]

_UNNAMED = "(anon)"
_PARTS = ("members", "values", "params", "vars")


def listed(id: int, type_: Type) -> Record:
    """The type as `bpftool -j btf dump` has it; parts are lists of records."""
    return {"id": id, "kind": type_.kind.name, "name": type_.name or _UNNAMED, **_facts(type_)}


def line(table: TypeTable, id: int) -> str:
    """The type as `bpftool btf dump` prints it: a line, and one for each of its parts."""
    record = listed(id, table.type(id))
    parts: list[Record] = next((record.pop(name) for name in _PARTS if name in record), [])
    del record["id"]
    kind, name = record.pop("kind"), record.pop("name")
    facts = " ".join(f"{key}={value}" for key, value in record.items())
    comma = "," if kind == Kind.VAR.name else ""
    head = f"[{id}] {kind} '{name}' {facts}".replace(" linkage", f"{comma} linkage")
    return "\n".join([head, *(f"\t{_part(table, kind, one)}" for one in parts)])


def _part(table: TypeTable, kind: str, part: Record) -> str:
    if kind == Kind.DATASEC.name:
        facts = " ".join(f"{key}={value}" for key, value in part.items())
        of = table.type(part["type_id"])
        return f"{facts} ({of.kind.name} '{of.name or _UNNAMED}')"
    facts = " ".join(f"{key}={value}" for key, value in part.items() if key != "name")
    if kind == Kind.ENUM64.name:
        facts += "LL" if part["val"] < 0 else "ULL"
    return f"'{part['name']}' {facts}"


def _facts(type_: Type) -> Record:
    """What a type's record says beside its kind and name."""
    match type_:
        case Void():
            return {}
        case Int():
            return {
                "size": type_.size,
                "bits_offset": type_.offset,
                "nr_bits": type_.bits or type_.size * 8,
                "encoding": str(type_.encoding.name) if type_.encoding else "(none)",
            }
        case Struct() | Union():
            members = [_member(one) for one in type_.members]
            return {"size": type_.size, "vlen": len(members), "members": members}
        case Enum() | Enum64():
            values: list[Record] = [{"name": one.name, "val": one.value} for one in type_.values]
            head: Record = {"encoding": "SIGNED" if type_.signed else "UNSIGNED"}
            return {**head, "size": type_.size, "vlen": len(values), "values": values}
        case Array():
            index = {"index_type_id": type_.index, "nr_elems": type_.count}
            return {"type_id": type_.type, **index}
        case FuncProto():
            params: list[Record] = [
                {"name": one.name or _UNNAMED, "type_id": one.type} for one in type_.params
            ]
            return {"ret_type_id": type_.returns, "vlen": len(params), "params": params}
        case Datasec():
            places: list[Record] = [
                {"type_id": one.type, "offset": one.offset, "size": one.size}
                for one in type_.variables
            ]
            return {"size": type_.size, "vlen": len(places), "vars": places}
        case Fwd():
            return {"fwd_kind": "union" if type_.is_union else "struct"}
        case Float():
            return {"size": type_.size}
        case Func() | Var():
            return {"type_id": type_.type, "linkage": type_.linkage.name.lower()}
        case DeclTag():
            return {"type_id": type_.type, "component_idx": type_.component}
        case _:
            return {"type_id": type_.type}


def _member(member: Member) -> Record:
    bits = {"bitfield_size": member.bit_size} if member.bit_size else {}
    name = member.name or _UNNAMED
    return {"name": name, "type_id": member.type, "bits_offset": member.bit_offset, **bits}
