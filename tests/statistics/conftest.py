"""The project's SQL for tests that try it on tables of their own."""

from __future__ import annotations

import pytest

from tests.conftest import Parsed, Place
from tests.statistics.model_sql import CompiledModels


@pytest.fixture(scope="session")
def models(sample_data: Place, parsed: Parsed, tmp_path_factory: pytest.TempPathFactory) -> CompiledModels:
    return CompiledModels.of_sample(sample_data, parsed(Place(tmp_path_factory.mktemp("compiled"))))
