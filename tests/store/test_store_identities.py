from __future__ import annotations

import hashlib
import hmac
import stat
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from store_samples import KEY

from flows.errors import Refusal
from flows.store import Store
from flows.store.identities import pseudonym


def open_sqlite(folder: Path, key: str | None = KEY) -> Store:
    return Store.open(folder, f"sqlite:///{folder / 'catalogue.db'}", key)


def test_a_pseudonym_is_a_keyed_hash_of_scope_and_id(store: Store) -> None:
    [name] = store.pseudonyms("panel", ["12345"])
    expected = hmac.new(KEY.encode(), b"panel\x1f12345", hashlib.sha256).hexdigest()[:20]
    assert name == "r" + expected
    assert store.pseudonyms("panel", ["12345"]) == [name]


@given(st.text(), st.text(), st.text(), st.text())
def test_scope_and_id_do_not_run_together(a: str, b: str, c: str, d: str) -> None:
    key = KEY.encode()
    if (a, b) != (c, d) and not any("\x1f" in each for each in (a, c)):
        assert pseudonym(key, a, b) != pseudonym(key, c, d)


def test_surveys_of_different_scopes_do_not_link(store: Store) -> None:
    assert store.pseudonyms("one", ["7"]) != store.pseudonyms("two", ["7"])


def test_order_and_repetition_are_kept_and_an_empty_id_has_no_pseudonym(store: Store) -> None:
    names = store.pseudonyms("panel", ["b", "a", "", "b"])
    assert names[0] == names[3] != names[1]
    assert names[2] == ""
    assert store.pseudonyms("panel", []) == []


def test_an_external_id_can_be_found_back(store: Store) -> None:
    names = store.pseudonyms("panel", ["b", "a"])
    assert store.external_ids([*names, "r0"]) == {names[0]: "b", names[1]: "a"}


def test_identities_stand_in_a_file_of_their_own_that_only_its_owner_reads(
    store: Store, tmp_path: Path
) -> None:
    store.pseudonyms("panel", ["secret-id"])
    path = tmp_path / "store" / "identities.db"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    others = [p for p in (tmp_path / "store").rglob("*") if p.is_file() and p != path]
    assert not any(b"secret-id" in p.read_bytes() for p in others if "identities" not in p.name)


def test_seventy_five_thousand_pseudonyms_take_less_than_two_seconds(store: Store) -> None:
    ids = [f"member-{n}" for n in range(75_000)]
    started = time.process_time()
    names = store.pseudonyms("panel", ids)
    assert time.process_time() - started < 2
    assert len(set(names)) == 75_000


def test_a_key_is_made_once_with_one_line_of_warning(tmp_path: Path) -> None:
    folder = tmp_path / "store"
    with open_sqlite(folder, None) as store:
        [note] = store.notes
        names = store.pseudonyms("panel", ["1"])
    assert "pseudonym.key" in note
    assert "THEMADOSSIER_PSEUDONYM_KEY" in note
    assert "\n" not in note
    path = folder / "pseudonym.key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_text().strip() not in note
    with open_sqlite(folder, None) as store:
        assert store.notes == ()
        assert store.pseudonyms("panel", ["1"]) == names
    with open_sqlite(folder, path.read_text().strip()) as store:
        assert store.pseudonyms("panel", ["1"]) == names


def test_another_key_is_refused(tmp_path: Path) -> None:
    open_sqlite(tmp_path / "store").close()
    with pytest.raises(Refusal, match="not the one this store was made with"):
        open_sqlite(tmp_path / "store", KEY + "!")


def test_a_lost_key_is_refused_instead_of_replaced(tmp_path: Path) -> None:
    folder = tmp_path / "store"
    open_sqlite(folder, None).close()
    (folder / "pseudonym.key").unlink()
    with pytest.raises(Refusal, match="is gone"):
        open_sqlite(folder, None)
    assert not (folder / "pseudonym.key").exists()


@pytest.mark.parametrize("content", [b"", b"\xff\xfe"])
def test_an_unusable_key_file_is_refused(tmp_path: Path, content: bytes) -> None:
    folder = tmp_path / "store"
    open_sqlite(folder, None).close()
    (folder / "pseudonym.key").write_bytes(content)
    with pytest.raises(Refusal, match=r"pseudonym\.key"):
        open_sqlite(folder, None)


def test_a_short_key_is_noted(tmp_path: Path) -> None:
    with open_sqlite(tmp_path / "store", "short") as store:
        [note] = store.notes
    assert "5 characters" in note
    assert "short" not in note.replace("shorter", "")


def test_a_damaged_identities_file_is_refused(store: Store, tmp_path: Path) -> None:
    (tmp_path / "store" / "identities.db").write_bytes(b"no database at all" * 100)
    with pytest.raises(Refusal, match="put it back from a backup"):
        store.pseudonyms("panel", ["1"])
