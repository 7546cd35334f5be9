"""`seismo attack`: the laboratory of attacks on eBPF and with it, all of it in user space."""

from __future__ import annotations

import argparse
import textwrap
from collections.abc import Iterator, Sequence

from seismo.attacks.attack import Attack, Quadrant
from seismo.attacks.listing import Specimen
from seismo.attacks.table import ATTACKS, find_attack
from seismo.base.dataclass import replace
from seismo.isa.encode import encode
from seismo.ui.cli.errors import InputError
from seismo.ui.cli.parser import add_verb, parser_for, run_verb

__all__ = ("attack_parser", "run_attack")

_EXAMPLES = """examples:
  seismo attack list
  seismo attack show sign-extension   what it is, and its programs
  seismo attack run sign-extension    each act, with what really came out
  seismo attack run --all             exit status 0 when all came out as stated

Nothing here touches the kernel: programs run in the virtual machine. See docs/security-lab.md.
"""

_WIDTH = 78


def run_attack(arguments: Sequence[str]) -> int:
    """Do what the command line says; the exit status."""
    return run_verb(attack_parser(), arguments)


def attack_parser() -> argparse.ArgumentParser:
    """What reads the command line of `seismo attack`."""
    parser = parser_for(
        "seismo attack", "Attacks on eBPF and with it, and what stops them.", _EXAMPLES
    )
    verbs = parser.add_subparsers(metavar="VERB", required=True)
    add_verb(verbs, "list", "all of them, by chapter", _list)
    show = add_verb(verbs, "show", "what an attack is, and its programs", _show)
    show.add_argument("name", metavar="NAME")
    text = "commands that run its programs in the sandbox, to play with"
    show.add_argument("--commands", dest="is_commands", action="store_true", help=text)
    run = add_verb(verbs, "run", "play an attack's acts, and compare with their statements", _run)
    run.add_argument("name", nargs="?", metavar="NAME")
    run.add_argument("--all", dest="is_all", action="store_true", help="every attack")
    return parser


def _list(given: argparse.Namespace) -> int:
    width = max(len(one.name) for one in ATTACKS)
    for quadrant in Quadrant:
        print(f"{quadrant.value}:")
        for one in ATTACKS:
            if one.quadrant is quadrant:
                cve = f" ({one.cve})" if one.cve else ""
                print(f"  {one.name:{width}}  {one.title}{cve}")
    return 0


def _show(given: argparse.Namespace) -> int:
    attack = find_attack(given.name)
    if given.is_commands:
        for specimen in attack.programs:
            print(f"# {specimen.name}\n{_command(specimen)}")
        return 0
    print("\n".join(_head(attack)))
    print(f"\n{textwrap.fill(attack.story, _WIDTH)}")
    for specimen in attack.programs:
        print(f"\n{specimen.name}:\n{specimen}")
    print()
    for number, act in enumerate(attack.acts, 1):
        print(f"act {number}: {act.statement}")
    return 0


def _command(specimen: Specimen) -> str:
    """The program's bytes, in which the n-th map has the fd n, as `seismo sandbox` takes them."""
    numbers = {one.name: number for number, one in enumerate(specimen.maps)}
    insns = list(specimen.program.insns)
    for index, name in specimen.program.map_refs:
        insns[index] = replace(insns[index], imm=numbers[name])
    words = ["seismo sandbox"]
    for one in specimen.maps:
        sizes = f"{one.key_size}:{one.value_size}:{one.max_entries}"
        words.append(f"--map {one.type.name.lower()}:{sizes}")
    words.append(f"--program {encode(insns, 'little').hex()}")
    return " ".join(words)


def _run(given: argparse.Namespace) -> int:
    if given.is_all == (given.name is not None):
        raise InputError("name one attack, or say --all\nhint: `seismo attack list` names them")
    attacks = ATTACKS if given.is_all else (find_attack(given.name),)
    failures = sum([_play(attack) for attack in attacks])
    acts = sum(len(attack.acts) for attack in attacks)
    print(f"{acts - failures} of {acts} acts came out as stated")
    return 1 if failures else 0


def _play(attack: Attack) -> int:
    """Print an attack's acts as they are played; how many did not come out as stated."""
    failures = 0
    print("\n".join(_head(attack)))
    for number, act in enumerate(attack.acts, 1):
        print(f"act {number}: {act.statement}")
        scene = act.play()
        for line in scene.lines:
            print(f"  {line}")
        if not scene.is_as_stated:
            failures += 1
            print("  NOT AS STATED")
    print()
    return failures


def _head(attack: Attack) -> Iterator[str]:
    title = f"{attack.name}: {attack.title}"
    yield f"{title} ({attack.cve})" if attack.cve else title
