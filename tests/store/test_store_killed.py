"""A run killed anywhere can simply be started again: nothing lost, nothing doubled."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pandas as pd
import pytest
from killing import effects_of, kill_before
from sqlalchemy import Table, create_engine, func, select, text
from store_samples import KEY, a_batch, answers, quarantine

from flows.store import Batch, Edition, Store
from flows.store.schema import batch, edition, edition_swap, metadata, weighting

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")

OLD = answers({"r1": "1", "r2": "2"})
NEW = answers({"r1": "3", "r3": "2"})
WEIGHTS = pd.DataFrame({"respondent": ["r1"], "weight": [1.0]})

Act = Callable[["World", Store], object]


class World:
    """A prepared store that every attempt finds as it was."""

    def __init__(self, folder: Path, database_url: str, prepare: Act | None) -> None:
        self.here = folder / "world"
        self._prepared = folder / "prepared"
        self._postgres_url = None if database_url.startswith("sqlite") else database_url
        self._prepare = prepare

    @property
    def outputs(self) -> Path:
        return self.here / "outputs" / "s"

    def open(self) -> Store:
        folder = self.here / "store"
        return Store.open(folder, self._postgres_url or f"sqlite:///{folder / 'catalogue.db'}", KEY)

    def renew(self) -> None:
        shutil.rmtree(self.here, ignore_errors=True)
        if self._postgres_url is not None:
            self._empty(self._postgres_url)
        elif self._prepared.exists():
            shutil.copytree(self._prepared, self.here)
            return
        if self._prepare is not None:
            with self.open() as store:
                self._prepare(self, store)
            if self._postgres_url is None:
                shutil.copytree(self.here, self._prepared)

    def _empty(self, url: str) -> None:
        # Many times quicker than a new database.
        engine = create_engine(url)
        with engine.begin() as connection:
            if self._prepare is None:
                connection.execute(text("DROP SCHEMA public CASCADE"))
                connection.execute(text("CREATE SCHEMA public"))
            elif connection.execute(text("SELECT to_regclass('batch')")).scalar():
                names = ", ".join(metadata.tables)
                connection.execute(text(f"TRUNCATE {names} RESTART IDENTITY"))
        engine.dispose()


def open_and_act(world: World, act: Act, count: Callable[[], None]) -> None:
    """A run that may be killed once its store is open."""
    store = world.open()
    count()
    act(world, store)


def open_first(world: World, count: Callable[[], None]) -> None:
    """A run that may be killed from its first moment."""
    count()
    world.open().pseudonyms("s", ["1"])


def kill_everywhere(
    world: World,
    run: Callable[[Callable[[], None]], object],
    verify: Callable[[Store], None],
) -> list[str]:
    """Kill a run before each of its effects, verify each time, and return the effects."""
    world.renew()
    effects = effects_of(run)
    for number, effect in enumerate(effects):
        if effect.startswith("CREATE") and number % 8:
            continue  # one transaction makes all tables; a few places in it will do
        world.renew()
        kill_before(number, run)
        with world.open() as store:
            verify(store)
    return effects


def rows(store: Store, table: Table) -> int:
    with store._parts.catalogue.reading() as connection:
        return connection.execute(select(func.count()).select_from(table)).scalar_one()


def add_old(_world: World, store: Store) -> Batch:
    return store.add_batch(a_batch("a"), OLD, quarantine(), {})


def add_new(_world: World, store: Store) -> Batch:
    return store.add_batch(a_batch("b"), NEW, quarantine("x"), {})


def add_both(world: World, store: Store) -> None:
    add_old(world, store)
    add_new(world, store)


def weigh(_world: World, store: Store) -> None:
    store.add_weighting("s", "w1", "g" * 64, WEIGHTS, {})


def weigh_before(world: World, store: Store) -> None:
    add_old(world, store)
    store.add_weighting("s", "w1", "f" * 64, WEIGHTS.assign(weight=2.0), {})


def publish(world: World, store: Store, content: str) -> Edition:
    built = world.outputs / ".building" / "energie"
    built.mkdir(parents=True, exist_ok=True)
    (built / "nederland.xlsx").write_text(content)
    return store.publish_edition("s", "energie", "w1", content * 64, built, world.outputs)


def test_a_first_start(tmp_path: Path, database_url: str) -> None:
    world = World(tmp_path, database_url, None)

    def verify(store: Store) -> None:
        assert store.check() == []
        add_old(world, store)
        assert len(store.read_answers("s", "w1")) == 2

    effects = kill_everywhere(world, partial(open_first, world), verify)
    assert "CREATE TABLE batch" in effects


def test_a_batch_that_supersedes(tmp_path: Path, database_url: str) -> None:
    world = World(tmp_path, database_url, add_old)

    def verify(store: Store) -> None:
        [current] = store.current_batches("s", "w1")
        expected = {"a": OLD, "b": NEW}[current.source_sha256[0]]
        assert store.read_answers("s", "w1")["Q"].tolist() == expected["Q"].tolist()
        assert all("interrupted" in fault for fault in store.check())
        add_new(world, store)
        [current] = store.current_batches("s", "w1")
        assert current.source_sha256 == "b" * 64
        assert rows(store, batch) == 2
        assert all("left over from an interrupted write" in each for each in store.check())

    effects = kill_everywhere(world, partial(open_and_act, world, add_new), verify)
    assert effects.count("os.rename") == 2
    assert effects[-2:] == ["commit", "end"]


def test_a_file_that_is_put_back(tmp_path: Path, database_url: str) -> None:
    world = World(tmp_path, database_url, add_both)

    def verify(store: Store) -> None:
        assert len(store.current_batches("s", "w1")) == 1
        add_old(world, store)
        [current] = store.current_batches("s", "w1")
        assert current.source_sha256 == "a" * 64
        assert rows(store, batch) == 2
        assert store.check() == []

    kill_everywhere(world, partial(open_and_act, world, add_old), verify)


def test_a_weighting(tmp_path: Path, database_url: str) -> None:
    world = World(tmp_path, database_url, weigh_before)

    def verify(store: Store) -> None:
        current = store.current_weighting("s", "w1")
        assert current is not None
        assert current.inputs_sha256 in ("f" * 64, "g" * 64)
        weigh(world, store)
        current = store.current_weighting("s", "w1")
        assert current is not None
        assert current.inputs_sha256 == "g" * 64
        assert rows(store, weighting) == 2

    kill_everywhere(world, partial(open_and_act, world, weigh), verify)


def test_an_edition(tmp_path: Path, database_url: str) -> None:
    world = World(tmp_path, database_url, partial(publish, content="a"))

    def in_place() -> str:
        return (world.outputs / "dossiers" / "energie" / "nederland.xlsx").read_text()

    def verify(store: Store) -> None:
        assert store.notes == ()
        latest = store.latest_edition("s", "energie")
        assert latest is not None
        assert in_place() * 64 == latest.content_sha256
        assert rows(store, edition_swap) == 0
        assert rows(store, edition) == latest.number
        assert store.check(world.outputs.parent) == []
        again = publish(world, store, "b")
        assert again.number == 2
        assert in_place() == "b"
        old = world.outputs / "editions" / "energie" / "1" / "nederland.xlsx"
        assert old.read_text() == "a"
        assert rows(store, edition) == 2
        assert store.check(world.outputs.parent) == []

    run = partial(open_and_act, world, partial(publish, content="b"))
    effects = kill_everywhere(world, run, verify)
    first, second = (n for n, effect in enumerate(effects) if effect == "os.rename")
    assert "commit" in effects[:first]
    assert "commit" in effects[second:]
