"""The conformance suite: what every backend must do, in cases that know no backend by name."""

from suite.base import Backend
from suite.deleting import Delete
from suite.faults import Faults
from suite.fields import Fields, Metadata, Times
from suite.identity import Identity
from suite.paging import Paging
from suite.searching import Search
from suite.texts import Text
from suite.writing import Write

__all__ = ["Backend", "Suite"]


class Suite(Write, Fields, Times, Metadata, Text, Identity, Paging, Search, Delete, Faults):
    """All cases."""
