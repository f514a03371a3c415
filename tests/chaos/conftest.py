"""The same house as in the stories; here its parts are killed."""

from tests.stories.conftest import broker, courtyard, place

__all__ = ["broker", "courtyard", "place"]
