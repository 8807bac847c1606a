from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, insert, text
from sqlalchemy.exc import IntegrityError
from store_samples import KEY, a_batch, answers, quarantine
from support import postgres

from flows.errors import Refusal
from flows.store import Store
from flows.store.catalogue import Catalogue
from flows.store.migrate import config, upgrade
from flows.store.schema import HEAD, KNOWN_VERSIONS, batch, metadata

UNREACHABLE = "postgresql+psycopg://bureau:geheim@127.0.0.1:1/catalogue"


def test_models_and_migrations_agree(database_url: str) -> None:
    catalogue = Catalogue.open(database_url)
    with catalogue.engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": True}
        )
        assert compare_metadata(context, metadata) == []
    catalogue.close()


def test_indexes_made_by_the_migrations_are_those_of_the_models(database_url: str) -> None:
    """Alembic does not compare the condition of a partial index; the definitions tell."""
    catalogue = Catalogue.open(database_url)
    made = _index_definitions(catalogue)
    with catalogue.engine.begin() as connection:
        metadata.drop_all(connection)
        metadata.create_all(connection)
    assert _index_definitions(catalogue) == made
    assert sum(" WHERE " in definition for definition in made) == 8
    catalogue.close()


def _index_definitions(catalogue: Catalogue) -> list[str]:
    query = (
        "SELECT sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
        if catalogue.engine.dialect.name == "sqlite"
        else "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'"
    )
    with catalogue.engine.connect() as connection:
        found = [" ".join(each.split()) for each in connection.scalars(text(query))]
    return sorted(each for each in found if "alembic" not in each)


def test_the_newest_migration_is_the_version_the_code_expects() -> None:
    scripts = ScriptDirectory.from_config(config())
    assert scripts.get_heads() == [HEAD]
    assert {script.revision for script in scripts.walk_revisions()} == set(KNOWN_VERSIONS)


def test_migrations_can_be_undone_and_done_again(database_url: str) -> None:
    from alembic import command

    catalogue = Catalogue.open(database_url)
    with catalogue.writing() as connection:
        command.downgrade(config(connection), "base")
    with catalogue.engine.connect() as connection:
        assert not catalogue.engine.dialect.has_table(connection, "batch")
    with catalogue.writing() as connection:
        upgrade(connection)
    catalogue.close()
    Catalogue.open(database_url).close()


def test_an_interrupted_migration_leaves_nothing(database_url: str) -> None:
    catalogue = Catalogue.open(database_url)
    with catalogue.engine.begin() as connection:
        metadata.drop_all(connection)
        connection.execute(text("DROP TABLE alembic_version"))
    with pytest.raises(KeyboardInterrupt):
        _upgrade_and_stop(catalogue)
    with catalogue.engine.connect() as connection:
        assert not catalogue.engine.dialect.has_table(connection, "batch")
        assert not catalogue.engine.dialect.has_table(connection, "alembic_version")
    catalogue.close()
    Catalogue.open(database_url).close()


def _upgrade_and_stop(catalogue: Catalogue) -> None:
    with catalogue.writing() as connection:
        upgrade(connection)
        raise KeyboardInterrupt


def test_several_first_runs_at_once_make_one_schema(database_url: str, tmp_path: Path) -> None:
    faults: list[BaseException] = []

    def run() -> None:
        try:
            Store.open(tmp_path / "store", database_url, KEY).close()
        except BaseException as error:
            faults.append(error)

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []


def test_only_one_batch_can_be_current(store: Store, database_url: str) -> None:
    store.add_batch(a_batch(), answers({"a": "1"}), quarantine(), {})
    engine = create_engine(database_url)
    with engine.connect() as connection:
        row = dict(connection.execute(batch.select()).one()._mapping)
        row.update(id=99, source_sha256="z" * 64)
        with pytest.raises(IntegrityError):
            connection.execute(insert(batch).values(**row))
        connection.rollback()
    engine.dispose()


def test_what_points_at_nothing_is_not_stored(store: Store) -> None:
    statement = text("INSERT INTO typing_batch (typing_id, batch_id) VALUES (1, 1)")
    with store._parts.catalogue.writing() as connection, pytest.raises(IntegrityError):
        connection.execute(statement)


def test_a_newer_or_foreign_catalogue_is_refused(database_url: str) -> None:
    catalogue = Catalogue.open(database_url)
    with catalogue.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(Refusal, match="'9999'"):
        Catalogue.open(database_url)
    catalogue.close()


def test_a_writer_waits_for_another_and_then_says_so(
    store: Store, database_url: str, tmp_path: Path
) -> None:
    impatient = Store.open(tmp_path / "store", database_url, KEY, wait=0.3)
    with store._parts.catalogue.writing(), pytest.raises(Refusal, match="Another run"):
        impatient.add_batch(a_batch(), answers({"a": "1"}), quarantine(), {})
    impatient.add_batch(a_batch(), answers({"a": "1"}), quarantine(), {})
    impatient.close()


def test_reading_goes_on_while_another_run_writes(
    store: Store, open_store: Callable[[], Store]
) -> None:
    store.add_batch(a_batch(), answers({"a": "1"}), quarantine(), {})
    with store._parts.catalogue.writing():
        assert len(open_store().read_answers("s", "w1")) == 1


def test_an_unreachable_database_is_told_in_one_line_without_the_password(tmp_path: Path) -> None:
    with pytest.raises(Refusal) as refusal:
        Store.open(tmp_path / "store", UNREACHABLE, KEY)
    message = str(refusal.value)
    assert "127.0.0.1:1" in message
    assert "THEMADOSSIER_DATABASE_URL" in message
    assert "geheim" not in message
    assert "\n" not in message


def test_postgresql_refuses_to_start_without_a_key(tmp_path: Path) -> None:
    for key in (None, ""):
        with pytest.raises(Refusal, match="THEMADOSSIER_PSEUDONYM_KEY"):
            Store.open(tmp_path / "store", UNREACHABLE, key)
    assert not (tmp_path / "store").exists()


@pytest.mark.parametrize(
    "url", ["", "no url", "mysql://host/db", "sqlite://", "sqlite:///:memory:", "odd+er://x/y"]
)
def test_a_database_of_another_kind_is_refused(tmp_path: Path, url: str) -> None:
    with pytest.raises(Refusal, match="sqlite:////folder"):
        Store.open(tmp_path / "store", url, KEY)


def test_a_file_that_is_no_catalogue_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "answers.csv"
    path.write_text("id;Q1\n" * 500)
    with pytest.raises(Refusal, match=r"answers\.csv"):
        Store.open(tmp_path / "store", f"sqlite:///{path}", KEY)
    assert path.read_text() == "id;Q1\n" * 500


def test_a_store_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for url in (f"sqlite:///{tmp_path}/c.db", f"sqlite:///{tmp_path}/file/store/c.db"):
        with pytest.raises(Refusal, match="cannot be written"):
            Store.open(tmp_path / "file" / "store", url, KEY)
    with pytest.raises(Refusal, match="cannot be written"):
        Store.open(tmp_path / "store", f"sqlite:///{tmp_path}/file/store/c.db", KEY)


def test_importing_and_opening_a_store_loads_nothing_heavy(store: Store, tmp_path: Path) -> None:
    """Commands that only look stay quick: no Alembic, pandas or pyarrow for an existing store."""
    folder = tmp_path / "existing"
    url = f"sqlite:///{folder / 'catalogue.db'}"
    Store.open(folder, url, KEY).close()
    script = (
        "import sys\nfrom pathlib import Path\nfrom flows.store import Store\n"
        f"with Store.open(Path({str(folder)!r}), {url!r}, {KEY!r}) as store:\n"
        "    store.status('s'), store.check()\n"
        "heavy = {'alembic', 'pandas', 'pyarrow', 'numpy', 'prefect', 'psycopg'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr


def test_where_postgresql_is_required_it_is_there() -> None:
    """`THEMADOSSIER_REQUIRE_POSTGRES=1` (set by .ci/run) turns the skip into a failure."""
    if postgres.is_required():
        assert postgres.find_programs() is not None, postgres.ABSENT


def test_weightings_of_an_older_catalogue_stay_the_current_ones(database_url: str) -> None:
    """Up from version 0001 with weightings in it, and down again."""
    from alembic import command

    catalogue = Catalogue.open(database_url)
    with catalogue.writing() as connection:
        command.downgrade(config(connection), "0001")
    columns = (
        "survey, wave, inputs_sha256, data_sha256, rows, summary, code_version, created_at, "
        "current_since"
    )
    values = "'s', 'w1', '{0}', '{0}', 2, '{{}}', 'c', '2026-01-01', {1}"
    with catalogue.writing() as connection:
        for inputs, since in (("old", "NULL"), ("new", "'2026-01-01'")):
            row = values.format(inputs, since)
            connection.execute(text(f"INSERT INTO weighting ({columns}) VALUES ({row})"))
    with catalogue.writing() as connection:
        upgrade(connection)
    query = text(
        "SELECT scheme, inputs_sha256, current_since IS NOT NULL FROM weighting ORDER BY 2"
    )
    with catalogue.engine.connect() as connection:
        found = [tuple(row) for row in connection.execute(query)]
    assert found == [("demographics", "new", True), ("demographics", "old", False)]
    with catalogue.writing() as connection:
        row = values.format("third", "'2026-01-01'")
        connection.execute(
            text(f"INSERT INTO weighting ({columns}, scheme) VALUES ({row}, 'composition')")
        )
    with catalogue.writing() as connection:
        command.downgrade(config(connection), "0001")
    query = text("SELECT inputs_sha256 FROM weighting WHERE current_since IS NOT NULL")
    with catalogue.engine.connect() as connection:
        assert list(connection.scalars(query)) == ["new"]
    catalogue.close()
