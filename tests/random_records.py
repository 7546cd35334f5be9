"""Random structs and unions of C, each of which may hold those before it."""

from __future__ import annotations

import random

__all__ = ("ENUMS", "RandomRecords")

ENUMS = "enum small { S1 = 1, S2 = 200 };\nenum wide { W1 = 1UL << 40, W2 };\n"
"""What the records name besides themselves."""

_BITS = {
    "char": 8,
    "signed char": 8,
    "unsigned char": 8,
    "short": 16,
    "unsigned short int": 16,
    "int": 32,
    "unsigned": 32,
    "long": 64,
    "long long unsigned int": 64,
    "_Bool": 1,
    "enum small": 32,
    "enum wide": 64,
}
_OTHERS = ("void *", "__int128", "unsigned __int128", "struct sock *", "int (*)(void)")


class RandomRecords:
    """Makes one after another: `tags` are those so far (`struct s0`)."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.tags: list[str] = []
        self._names = 0

    def definition(self) -> str:
        """`struct s7 { … };`."""
        keyword, _, rest = self._body(0).partition(" ")
        tag = f"{keyword} s{len(self.tags)}"
        self.tags.append(tag)
        return f"{tag} {rest};"

    def _body(self, depth: int) -> str:
        keyword = self.random.choice(("struct", "struct", "struct", "union"))
        members = " ".join(self._member(depth) for _ in range(self.random.randint(0, 7)))
        return f"{keyword} {{ {members} }}{self._attributes(0.25)}"

    def _member(self, depth: int) -> str:
        form = self.random.random()
        if form < 0.4:
            return self._bit_field()
        if form < 0.5 and depth < 3:
            tail = self.random.choice(("", f" {self._name()}"))
            return f"{self._body(depth + 1)}{tail};"
        if form < 0.53:
            return f"_Alignas({self.random.choice((8, 16, 'long'))}) char {self._name()};"
        count = self.random.choice(("", "", "", "[3]", "[2][1 << 1]", "[sizeof(int)]", "[0]"))
        base = self.random.choice([*_BITS, *_OTHERS, *self.tags[-3:]])
        if "(*)" in base:
            return base.replace("(*)", f"(*{self._name()}{count})") + ";"
        return f"{base} {self._name()}{count}{self._attributes(0.15)};"

    def _bit_field(self) -> str:
        base = self.random.choice(list(_BITS))
        width = self.random.randint(1, _BITS[base])
        if self.random.random() < 0.15:
            return f"{base} : {self.random.choice((0, width))};"
        return f"{base} {self._name()} : {width}{self._attributes(0.05)};"

    def _attributes(self, chance: float) -> str:
        if self.random.random() > chance:
            return ""
        aligned = f"aligned({self.random.choice((1, 2, 4, 8, 16, 32))})"
        chosen = self.random.choice(("packed", "__packed__", aligned, f"packed, {aligned}"))
        return f" __attribute__(({chosen}))"

    def _name(self) -> str:
        self._names += 1
        return f"m{self._names}"
