"""The filters of the ready-made configurations, which the package has compiled programs for."""

from __future__ import annotations

from seismo.audit.catalog.table import Catalog
from seismo.audit.config import profiles
from seismo.audit.config.resolve import Places
from seismo.audit.program.generate import generate
from seismo.audit.rules.kernel import kernel_rules

__all__ = ("filters_of_profiles",)


def filters_of_profiles(catalog: Catalog, places: Places) -> tuple[str, ...]:
    """The texts of "filter.h" that the profiles have, each once, and not that of no filters."""
    found: dict[str, None] = {}
    for name in profiles.names():
        config = profiles.load(name, catalog)
        generated = generate(config, places, kernel_rules(config.rules.rules))
        if not generated.is_default:
            found[generated.text] = None
    return tuple(found)
