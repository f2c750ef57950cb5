"""The project's SQL for tests that try it on tables of their own."""

from __future__ import annotations

import pytest

from tests.statistics.model_sql import CompiledModels


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> CompiledModels:
    return CompiledModels.of_project(tmp_path_factory.mktemp("compiled"))
