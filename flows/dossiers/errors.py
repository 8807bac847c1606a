"""What goes wrong while a dossier is made, told in one sentence."""

from __future__ import annotations

from flows.errors import Refusal


class DossierError(Refusal):
    """A dossier cannot be written as asked."""


class LayoutError(DossierError):
    """A text does not fit on its sheet."""
