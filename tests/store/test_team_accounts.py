"""Accounts of a store in PostgreSQL, with the statements of docs/team.md: what each of them can do."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from emulators import openai_embeddings

PAGE = (Path(__file__).parents[2] / "docs" / "team.md").read_text(encoding="utf-8")
RIGHTS, POLICIES = re.findall(r"```sql\n(.*?)```", PAGE, re.DOTALL)
"""The statements for an account that did not create the store, and for row-level security."""
READING = ("USAGE ON SCHEMA memctl_store", "SELECT ON ALL TABLES IN SCHEMA memctl_store")
"""The rights of an account that only reads."""

Memctl = Callable[..., Any]


class Account:
    """Create an account for a store that exists, and run commands as that account."""

    def __init__(self, memctl: Memctl, connection: Any, address: str, schema: str) -> None:
        self.memctl, self.connection, self.schema = memctl, connection, schema
        self.name = f"zoe_{schema[-12:]}"
        self.address = re.sub(r"//[^@]*@", f"//{self.name}@", address)
        connection.execute(f"CREATE ROLE {self.name} LOGIN")

    def grant(self, statements: str = RIGHTS) -> None:
        """Execute statements of the page as the owner of the store."""
        own = statements.replace("TO zoe", f"TO {self.name}")
        self.connection.execute(own.replace("memctl_store", f'"{self.schema}"'))

    def run(self, *arguments: str) -> Any:
        """Run a command that has to succeed; returns its document."""
        ran = self.memctl(*arguments, "--json", "--store", self.address)
        assert ran.code == 0, (arguments, ran.err, ran.out)
        return ran.document

    def refused(self, *arguments: str) -> str:
        """The error of a command that the account has no right to."""
        ran = self.memctl(*arguments, "--store", self.address)
        assert ran.code == 7, (arguments, ran.err)
        return str(ran.err)


@pytest.fixture
def account(memctl: Memctl, postgres_dsn: str, postgres_schema: str, address: str) -> Iterator[Account]:
    """An account without any right, for a store that `memctl store init` created."""
    assert memctl("store", "init", address).code == 0
    with psycopg.connect(postgres_dsn, autocommit=True) as connection:
        one = Account(memctl, connection, address, postgres_schema)
        try:
            yield one
        finally:
            connection.execute(f"DROP OWNED BY {one.name}")
            connection.execute(f"DROP ROLE {one.name}")


def test_an_account_without_rights_is_told_who_grants_them(account: Account) -> None:
    assert "rights listed in docs/team.md" in account.refused("users")


def test_an_account_with_the_documented_rights_reads_writes_and_undoes(account: Account) -> None:
    """It also writes the first fact, although it may not create tables."""
    account.grant()
    account.run("add", "zoe", "I live in Oslo.")
    account.run("add", "zoe", "I moved to Rome.")
    assert account.run("search", "zoe", "Rome")["hits"]
    account.run("undo", account.run("runs")["runs"][0]["id"])
    account.run("facts", "zoe")
    account.run("reindex")
    assert account.memctl("store", "init", account.address).code == 0
    account.run("forget", "zoe", "--confirm", "zoe")


def test_an_account_with_the_right_to_read_cannot_write(memctl: Memctl, account: Account, address: str) -> None:
    assert memctl("add", "zoe", "I live in Oslo.", "--store", address).code == 0
    account.grant("; ".join(f"GRANT {right} TO zoe" for right in READING))
    assert account.run("search", "zoe", "Oslo")["hits"]
    assert account.run("context", "zoe", "Oslo")
    assert account.run("stats")["facts"] == 1
    account.refused("add", "zoe", "I moved to Rome.")
    account.refused("forget", "zoe", "--confirm", "zoe")


def test_the_rights_include_the_vectors_of_another_model(
    memctl: Memctl, account: Account, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    account.grant()
    account.run("add", "zoe", "I live in Oslo.")
    monkeypatch.setenv("MEMCTL_EMBED_API_KEY", openai_embeddings.KEY)
    with openai_embeddings.serve() as server:
        model = ("--embedder", "openai:letters", "--embed-base-url", server.url)
        account.refused("reindex", *model)
        assert memctl("reindex", *model, "--store", address).code == 0
        account.run("add", "zoe", "I like tea.")
        assert account.run("search", "zoe", "tea")["hits"]


def test_row_level_security_keeps_accounts_to_their_own_memory(memctl: Memctl, account: Account, address: str) -> None:
    """An account with a user's name reads and writes only that user's rows."""
    for user in (account.name, "yan"):
        assert memctl("add", user, "I live in Oslo.", "--store", address).code == 0
    account.grant()
    account.connection.execute(POLICIES.replace("memctl_store", account.schema))
    account.run("add", account.name, "I moved to Rome.")
    assert account.run("search", account.name, "Rome")["hits"]
    account.run("undo", account.run("runs")["runs"][0]["id"])
    assert [row["user"] for row in account.run("users")["users"]] == [account.name]
    assert memctl("facts", "yan", "--store", account.address).code == 4
    account.refused("add", "yan", "I live in Bergen.")
    for table in ("facts", "records", "claims", "vectors"):
        rows = account.run("sql", f"SELECT DISTINCT user_id FROM {table}")["rows"]
        assert rows == [{"user_id": account.name}]
    assert len(memctl("users", "--json", "--store", address).document["users"]) == 2
