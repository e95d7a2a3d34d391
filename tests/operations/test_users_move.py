"""The stage auth keeps its users in a table while the stage database is there."""

import pytest
from conftest import MakeService, Pristine, commit, files, viscaffold

STORE = {"python": "src/orders/stages/auth/store.py", "rust": "src/stages/auth/store.rs"}
MIGRATION = {
    "python": "src/orders/stages/auth/migrations/0001_users.py",
    "rust": "src/stages/auth/migrations/0001_users.up.sql",
}


@pytest.mark.parametrize("language", ["python", "rust"])
def test_a_service_that_gets_the_database_gets_the_table_of_users_and_gives_it_up(
    service: MakeService, pristine: Pristine, language: str
) -> None:
    root = service("auth", language=language)
    before = files(root)
    assert b"auth_users" not in before[STORE[language]]
    assert MIGRATION[language] not in before

    added = viscaffold("add-stage", "database")
    assert added.code == 0, added.err
    after = files(root)
    assert after == files(pristine(("auth", "database"), language))
    assert b"auth_users" in after[STORE[language]]
    assert b"auth_users" in after[MIGRATION[language]]
    assert b"users.json" not in after[STORE[language]]
    commit(root)
    removed = viscaffold("remove-stage", "database", "--keep-data")
    assert removed.code == 0, removed.err
    assert files(root) == before
