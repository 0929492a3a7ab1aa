"""A store whose contents are known, and the pages over it."""

import pytest
from fastapi.testclient import TestClient
from shelved import Shelved

from artifacts.store import Store
from flows.pages.app import create_app


@pytest.fixture
def shelved(store: Store) -> Shelved:
    """The store of `Shelved`."""
    return Shelved(store)


@pytest.fixture
def pages(shelved: Shelved) -> TestClient:
    """Its pages."""
    return TestClient(create_app(shelved.store), base_url="http://127.0.0.1:4280")
