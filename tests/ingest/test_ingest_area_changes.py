"""Two vintages of geography: what happened is told, and figures can be put beside each other."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from flows.definitions.areas import Redivision, load_redivision
from flows.ingest.area_base_model import UnusableBase
from flows.ingest.area_changes import change_lines, compare_areas, on_boundaries, regrouped


def areas(rows: str) -> pd.DataFrame:
    """One row per `pc6 wijk municipality residents`; PC5 and PC4 follow."""
    cells = [row.split() for row in rows.strip().splitlines()]
    frame = pd.DataFrame(cells, columns=["pc6", "wijk", "municipality", "residents"])
    frame.insert(1, "pc5", frame["pc6"].str[:5])
    frame.insert(2, "pc4", frame["pc6"].str[:4])
    return frame.assign(country="NL", residents=frame["residents"].astype(int))


BEFORE = areas(
    """
    1000AA W1 M1 10
    1000AB W1 M1 20
    1000BA W2 M2 30
    1000BB W2 M2 5
    2000AA W3 M3 40
    2000AB W4 M3 60
    2000AC W4 M3 7
    3000AA W5 M4 50
    3000AB W5 M4 25
    4000AA W6 M5 15
    5000AA W7 M6 35
    """
)
# M1 and M2 merged into M12; M3 was divided over M4 and M5; M5 got a new code M50; 1000BB, 2000AC
# and all of M6 went; 4000AB came.
AFTER = areas(
    """
    1000AA W1 M12 11
    1000AB W1 M12 21
    1000BA W2 M12 31
    2000AA W3 M4 41
    2000AB W4 M50 61
    3000AA W5 M4 51
    3000AB W5 M4 26
    4000AA W6 M50 16
    4000AB W6 M50 1
    """
)


def test_what_came_went_moved_and_became() -> None:
    changes = compare_areas(BEFORE, AFTER)
    assert changes.finest == "pc6"
    assert changes.came["pc6"] == ("4000AB",)
    assert changes.went["pc6"] == ("1000BB", "2000AC", "5000AA")
    assert changes.came["municipality"] == ("M12", "M50")
    assert changes.went["municipality"] == ("M1", "M2", "M3", "M5", "M6")
    assert set(changes.moved["level"]) == {"municipality"}
    moved = changes.moved.set_index("area")
    assert list(moved.loc["2000AB", ["before", "after"]]) == ["M3", "M50"]
    assert len(moved) == 6
    kinds = changes.became[changes.became["level"] == "municipality"].set_index(["before", "after"])
    assert {
        (str(b), a if isinstance(a, str) else None): k for (b, a), k in kinds["kind"].items()
    } == {
        ("M1", "M12"): "merged",
        ("M2", "M12"): "merged",
        ("M3", "M4"): "split",
        ("M3", "M50"): "split",
        ("M4", "M4"): "kept",
        ("M5", "M50"): "merged",
        ("M6", None): "ended",
    }
    assert kinds.loc[("M3", "M50"), ["areas", "residents"]].tolist() == [1, 60]
    assert kinds.loc[("M3", "M50"), "share"] == pytest.approx(60 / 107)
    assert changes.of_kind("ended", "wijk")["before"].tolist() == ["W7"]


def test_renamed_and_reduced() -> None:
    before = areas("1000AA W1 M1 10\n1000AB W1 M2 20\n1000AC W1 M2 5\n1000AD W2 M3 5")
    after = areas("1000AA W1 M9 10\n1000AB W1 M2 20\n1000AC W1 M3 5\n1000AD W2 M3 5")
    became = compare_areas(before, after).became
    kinds = became[became["level"] == "municipality"]
    assert list(zip(kinds["before"], kinds["kind"], strict=True)) == [
        ("M1", "renamed"),
        ("M2", "reduced"),
        ("M2", "reduced"),
        ("M3", "kept"),
    ]


def test_sentences_name_the_areas() -> None:
    lines = change_lines(
        compare_areas(BEFORE, AFTER), "municipality", {"M1": "Oud", "M12": "Nieuw"}
    )
    assert lines == [
        "Oud (M1) became part of Nieuw (M12)",
        "M2 became part of Nieuw (M12)",
        "M3 was divided over M4, M50",
        "M5 became part of M50",
        "M6 is no more, and none of its areas is left",
    ]


def test_nothing_changed_is_nothing_told() -> None:
    changes = compare_areas(AFTER, AFTER)
    assert not any(changes.came.values())
    assert not any(changes.went.values())
    assert changes.moved.empty
    assert set(changes.became["kind"]) == {"kept"}
    assert change_lines(changes, "municipality", {}) == []


def test_everyone_is_placed_on_the_later_boundaries() -> None:
    placed = on_boundaries(BEFORE, AFTER).set_index(BEFORE["pc6"])
    stays = BEFORE["pc6"].isin(AFTER["pc6"]).to_numpy()
    later = AFTER.set_index("pc6")
    np.testing.assert_array_equal(
        placed.loc[stays, "municipality"], later.loc[BEFORE["pc6"][stays], "municipality"]
    )
    assert set(placed.loc[stays, "how"]) == {"itself"}
    # 1000BB lay in the PC5 1000B, of which 1000BA is left.
    assert placed.loc["1000BB", ["pc5", "wijk", "municipality", "how"]].tolist() == [
        "1000B", "W2", "M12", "surroundings",
    ]  # fmt: skip
    assert pd.isna(placed.loc["1000BB", "pc6"])
    # 2000AC: of its PC5, 2000AA (40) went to M4 and 2000AB (60) to M50.
    assert placed.loc["2000AC", ["wijk", "municipality"]].tolist() == ["W4", "M50"]
    # Nothing around 5000AA is left but the country.
    assert placed.loc["5000AA", ["pc4", "municipality"]].isna().all()
    assert placed.loc["5000AA", "country"] == "NL"


def test_shares_on_the_later_boundaries_are_weighted_means() -> None:
    placed = on_boundaries(BEFORE, AFTER)
    rng = np.random.default_rng(4)
    shares = rng.dirichlet(np.ones(3), len(BEFORE))
    weights = BEFORE["residents"].to_numpy()
    table = regrouped(shares, weights, placed["municipality"])
    rows = [0, 1, 2, 3]  # all of M12
    np.testing.assert_allclose(
        table.loc["M12", [0, 1, 2]].astype(float), np.average(shares[rows], 0, weights[rows])
    )
    assert table.loc["M12", "weight"] == 65
    assert table["weight"].sum() == weights.sum() - 35  # 5000AA is nowhere
    blank = shares.copy()
    blank[[7, 8, 4]] = np.nan  # all of M4
    table = regrouped(blank, weights, placed["municipality"])
    assert table.loc["M4", [0, 1, 2]].isna().all()
    assert table.loc["M4", "weight"] == 0


def test_a_redivision_places_areas_that_went_by_their_name() -> None:
    """Municipalities themselves are the finest areas: nothing inside them tells."""
    before = pd.DataFrame(
        {"municipality": ["GM1", "GM2", "GM3", "GM4"], "province": ["P", "P", "P", "Q"]}
    ).assign(residents=[10, 20, 30, 40])
    after = pd.DataFrame({"municipality": ["GM0009", "GM3"], "province": ["R", "P"]})
    after["residents"] = [35, 30]
    redivision = Redivision(
        title="x", from_year=2021, to_year=2022, source="y", merged={"Een": "GM0009"},
        spelled={"Twee": "GM0009"},
    )  # fmt: skip
    names = {"GM1": "Een", "GM2": "Twee", "GM4": "Vier"}
    placed = on_boundaries(before, after, redivision, names)
    assert placed["municipality"].tolist()[:3] == ["GM0009", "GM0009", "GM3"]
    assert placed["province"].tolist()[:3] == ["R", "R", "P"]
    assert placed["how"].tolist() == ["redivision", "redivision", "itself", "unknown"]


def test_real_merger_is_found_from_the_postcodes(shared_dir: Path, surveys: Path) -> None:
    """The municipalities of 2021 by name against those of 2022: what the redivision file says."""
    from flows.definitions.area_base import load_area_base
    from flows.ingest.area_base import read_area_base

    folder = shared_dir / "data" / "cbs"
    base = read_area_base(load_area_base(surveys, "cbs"), 2021, folder)
    assert base.day == date(2021, 1, 1)
    table = pd.read_csv(folder / "cbs_pc4_inwoners_gemeente_2021.csv", dtype={"postcode": "str"})
    names = table.set_index("postcode")["gemeente"]
    before = base.areas.assign(municipality=base.areas["pc4"].map(names)).dropna()
    after = base.areas.assign(
        municipality=base.areas["municipality"].map(base.names["municipality"])
    )
    changes = compare_areas(before, after)
    redivision = load_redivision(surveys, "herindeling_2021_2022")
    assert set(changes.of_kind("merged", "municipality")["before"]) == set(redivision.merged)
    split = changes.of_kind("split", "municipality")
    assert set(split["before"]) == {"Haaren"}
    assert len(split) == 4
    assert changes.of_kind("renamed", "municipality").empty


def test_vintages_of_other_levels_or_places_are_refused() -> None:
    with pytest.raises(UnusableBase, match="begins at the level pc6, the other at pc5"):
        compare_areas(BEFORE, AFTER.drop(columns="pc6"))
    elsewhere = areas("9000AA W1 M1 10")
    with pytest.raises(UnusableBase, match="no pc6 in common"):
        compare_areas(BEFORE, elsewhere)
