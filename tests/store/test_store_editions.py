from __future__ import annotations

import errno
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select
from store_samples import KEY

from flows.errors import Refusal
from flows.store import Edition, Store
from flows.store.schema import edition_swap


@pytest.fixture
def outputs(tmp_path: Path) -> Path:
    return tmp_path / "outputs" / "s"


@pytest.fixture
def publish(store: Store, outputs: Path) -> Callable[..., Edition]:
    def publish_it(content: str, *, by: Store = store, **more: Any) -> Edition:
        built = build(outputs, content)
        arguments: dict[str, Any] = {"inputs": {"table_run": 1}} | more
        return by.publish_edition("s", "energie", "w1", content * 64, built, outputs, **arguments)

    return publish_it


def build(outputs: Path, content: str) -> Path:
    built = outputs / ".building" / f"energie-{content}-{threading.get_ident()}"
    (built / "data").mkdir(parents=True, exist_ok=True)
    (built / "nederland.xlsx").write_text(f"workbook {content}")
    (built / "data" / "tables.csv").write_text(f"tables {content}")
    return built


def standing(outputs: Path) -> dict[str, str]:
    """What stands where: content of each workbook by the folder it is in."""
    return {
        path.parent.relative_to(outputs).as_posix(): path.read_text().removeprefix("workbook ")
        for path in outputs.rglob("nederland.xlsx")
    }


def swaps_going_on(store: Store) -> int | None:
    with store._parts.catalogue.reading() as connection:
        return connection.scalar(select(func.count()).select_from(edition_swap))


def test_a_first_edition_stands_in_the_theme_folder(
    store: Store, outputs: Path, publish: Callable[..., Edition]
) -> None:
    assert store.next_edition_number("s", "energie") == 1
    assert store.latest_edition("s", "energie") is None
    edition = publish("a")
    assert (edition.number, edition.change, edition.state) == (1, "new", "draft")
    assert edition.path(outputs) == outputs / "dossiers" / "energie"
    assert set(edition.files) == {"nederland.xlsx", "data/tables.csv"}
    assert standing(outputs) == {"dossiers/energie": "a"}
    assert store.next_edition_number("s", "energie") == 2
    latest = store.latest_edition("s", "energie")
    assert latest is not None
    assert (latest.id, latest.inputs) == (edition.id, {"table_run": 1})
    assert store.check(outputs.parent) == []


def test_the_same_content_replaces_nothing(
    outputs: Path, publish: Callable[..., Edition], store: Store
) -> None:
    publish("a")
    before = (outputs / "dossiers" / "energie" / "nederland.xlsx").stat()
    again = publish("a")
    assert (again.number, again.change) == (1, "unchanged")
    assert (outputs / "dossiers" / "energie" / "nederland.xlsx").stat() == before
    assert standing(outputs) == {"dossiers/energie": "a"}
    assert store.next_edition_number("s", "energie") == 2


def test_a_new_edition_keeps_the_earlier_ones(
    outputs: Path, publish: Callable[..., Edition], store: Store
) -> None:
    for content in "abc":
        publish(content)
    assert standing(outputs) == {
        "dossiers/energie": "c",
        "editions/energie/1": "a",
        "editions/energie/2": "b",
    }
    assert [edition.folder for edition in store.editions("s")] == [
        "editions/energie/1",
        "editions/energie/2",
        "dossiers/energie",
    ]
    assert store.check(outputs.parent) == []
    assert swaps_going_on(store) == 0


def test_a_draft_never_replaces_a_published_edition(
    outputs: Path, publish: Callable[..., Edition]
) -> None:
    publish("a", state="published")
    draft = publish("b")
    assert draft.folder == "editions/energie/2"
    assert standing(outputs) == {"dossiers/energie": "a", "editions/energie/2": "b"}
    assert publish("b").change == "unchanged"
    final = publish("b", state="published")
    assert (final.number, final.change) == (3, "new")
    assert standing(outputs) == {
        "dossiers/energie": "b",
        "editions/energie/1": "a",
        "editions/energie/2": "b",
    }


def test_a_draft_of_what_is_published_is_unchanged(
    outputs: Path, publish: Callable[..., Edition]
) -> None:
    publish("a", state="published")
    again = publish("a")
    assert (again.number, again.change, again.state) == (1, "unchanged", "published")


@pytest.mark.parametrize("what", ["all", "one file", "altered"])
def test_files_that_are_gone_or_altered_make_a_new_edition(
    store: Store, outputs: Path, publish: Callable[..., Edition], what: str
) -> None:
    publish("a")
    workbook = outputs / "dossiers" / "energie" / "nederland.xlsx"
    if what == "all":
        (outputs / "dossiers").rename(outputs.parent / "elsewhere")
    elif what == "one file":
        workbook.unlink()
    else:
        workbook.write_text("workbook edited")
    assert len(store.check(outputs.parent)) == 1
    again = publish("a")
    assert (again.number, again.change) == (2, "new")
    expected = {"dossiers/energie": "a"}
    if what == "altered":
        expected["editions/energie/1"] = "edited"
    assert standing(outputs) == expected


def test_a_folder_that_the_catalogue_does_not_know_is_kept_aside(
    outputs: Path, publish: Callable[..., Edition]
) -> None:
    for folder in ("dossiers/energie", "editions/energie/unknown", "editions/energie/1"):
        (outputs / folder).mkdir(parents=True)
        (outputs / folder / "nederland.xlsx").write_text(f"workbook from {folder}")
    publish("a")
    publish("b")
    assert standing(outputs) == {
        "dossiers/energie": "b",
        "editions/energie/1": "from editions/energie/1",
        "editions/energie/1-2": "a",
        "editions/energie/unknown": "from editions/energie/unknown",
        "editions/energie/unknown-2": "from dossiers/energie",
    }


def test_themes_and_surveys_have_their_own_numbers(store: Store, outputs: Path) -> None:
    for theme in ("energie", "veiligheid"):
        edition = store.publish_edition("s", theme, "w1", "a" * 64, build(outputs, "a"), outputs)
        assert edition.number == 1
    assert standing(outputs) == {"dossiers/energie": "a", "dossiers/veiligheid": "a"}


def test_an_edition_with_a_number_that_is_taken_is_refused(
    outputs: Path, publish: Callable[..., Edition]
) -> None:
    publish("a", number=1)
    with pytest.raises(Refusal, match="Edition 1 of energie"):
        publish("b", number=1)
    assert standing(outputs)["dossiers/energie"] == "a"
    assert publish("b", number=2).number == 2


def test_an_empty_folder_or_a_strange_theme_is_refused(
    store: Store, outputs: Path, tmp_path: Path
) -> None:
    with pytest.raises(Refusal, match="holds no files"):
        store.publish_edition("s", "energie", "w1", "a" * 64, tmp_path / "none", outputs)
    with pytest.raises(ValueError, match="theme"):
        store.publish_edition("s", "../x", "w1", "a" * 64, build(outputs, "a"), outputs)


def test_an_outputs_folder_that_cannot_be_written_is_told(
    store: Store, outputs: Path, tmp_path: Path
) -> None:
    built = build(outputs, "a")
    (tmp_path / "file").write_text("")
    with pytest.raises(Refusal, match="cannot be written"):
        store.publish_edition("s", "energie", "w1", "a" * 64, built, tmp_path / "file" / "s")
    assert swaps_going_on(store) == 0
    assert store.latest_edition("s", "energie") is None


@pytest.mark.parametrize("failing", [1, 2])
@pytest.mark.parametrize("code", [errno.EACCES, errno.EXDEV])
def test_a_rename_that_fails_leaves_everything_as_it_stood(
    store: Store,
    outputs: Path,
    publish: Callable[..., Edition],
    monkeypatch: pytest.MonkeyPatch,
    failing: int,
    code: int,
) -> None:
    publish("a")
    calls = 0
    rename = os.rename

    def fail(source: Path, target: Path) -> None:
        nonlocal calls
        calls += 1
        if calls == failing:
            raise OSError(code, os.strerror(code))
        rename(source, target)

    monkeypatch.setattr("os.rename", fail)
    with pytest.raises(Refusal, match="another disk" if code == errno.EXDEV else "denied"):
        publish("b")
    monkeypatch.undo()
    assert standing(outputs)["dossiers/energie"] == "a"
    assert store.next_edition_number("s", "energie") == 2
    assert swaps_going_on(store) == 0
    assert store.check(outputs.parent) == []
    assert publish("b").number == 2


def test_a_swap_whose_built_folder_vanished_is_undone(
    store: Store,
    outputs: Path,
    publish: Callable[..., Edition],
    open_store: Callable[[], Store],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As when a run stops halfway and its temporary folder is cleared away."""
    publish("a")
    _stop_at_second_rename(monkeypatch)
    with pytest.raises(KeyboardInterrupt):
        publish("b")
    monkeypatch.undo()
    assert "dossiers/energie" not in standing(outputs)
    for path in (outputs / ".building").glob("*/nederland.xlsx"):
        path.unlink()
    again = open_store()
    assert again.notes == ()
    assert standing(outputs) == {"dossiers/energie": "a"}
    latest = again.latest_edition("s", "energie")
    assert latest is not None
    assert latest.number == 1
    assert again.check(outputs.parent) == []


def test_a_swap_that_cannot_be_repaired_yet_is_noted_and_repaired_later(
    store: Store,
    outputs: Path,
    publish: Callable[..., Edition],
    open_store: Callable[[], Store],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    publish("a")
    _stop_at_second_rename(monkeypatch)
    with pytest.raises(KeyboardInterrupt):
        publish("b")
    (outputs / "dossiers").rmdir()
    (outputs / "dossiers").write_text("in the way")
    monkeypatch.undo()
    [note] = open_store().notes
    assert "not repaired yet" in note
    with pytest.raises(Refusal, match="cannot be written"):
        publish("c")
    (outputs / "dossiers").unlink()
    assert open_store().notes == ()
    assert standing(outputs) == {"dossiers/energie": "b", "editions/energie/1": "a"} | {
        name: "c" for name in standing(outputs) if name.startswith(".building")
    }


def _stop_at_second_rename(monkeypatch: pytest.MonkeyPatch) -> None:
    rename = os.rename
    calls = 0

    def stop(source: Path, target: Path) -> None:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise KeyboardInterrupt
        rename(source, target)

    monkeypatch.setattr("os.rename", stop)


def test_runs_at_once_publish_one_after_the_other(
    store: Store, outputs: Path, database_url: str, tmp_path: Path, publish: Callable[..., Edition]
) -> None:
    made: list[Edition] = []

    def run(content: str) -> None:
        with Store.open(tmp_path / "store", database_url, KEY) as own:
            made.append(publish(content, by=own))

    threads = [threading.Thread(target=run, args=(content,)) for content in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(edition.number for edition in made) == [1, 2, 3, 4]
    assert sorted(standing(outputs).values()) == ["a", "b", "c", "d"]
    assert store.check(outputs.parent) == []
