"""Which tables of Statistics Netherlands are read, and by what names their columns are known.

A column is known by its name in a saved file (`inwoners_man`), its title in a StatLine export
(`Bevolking (aantal)`) or its key in the data portal (`Bevolking_1`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Content = Literal["postcode", "area", "name", "code", "age", "sex", "period", "count", "number"]


@dataclass(frozen=True)
class Column:
    """One column: what it holds, the names it goes by, and whether a table needs it.

    `content`: `count` is a whole number of zero or more, `number` any number of zero or more,
    `name` any text. `share`: a percentage. `between`: the range of a number.
    """

    name: str
    content: Content
    known_as: tuple[str, ...] = ()
    required: bool = True
    empty: bool = True
    share: bool = False
    between: tuple[float, float] | None = None

    @property
    def names(self) -> frozenset[str]:
        return frozenset((self.name, *self.known_as))


@dataclass(frozen=True)
class Layout:
    """One kind of table: its columns, and those that tell its rows apart."""

    kind: str
    title: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]

    @property
    def required(self) -> tuple[Column, ...]:
        return tuple(column for column in self.columns if column.required)


def known(header: str) -> str:
    """A header as it is compared: without unit, number of the data portal, case and marks.

    `Bevolking (aantal)`, `Bevolking_1` and `bevolking` are the same; `pop_15_24` stays.
    """
    name = re.sub(
        r"\s*\((aantal|code|number|%|ha|km2|x 1 ?000 euro|1 ?000 euro)\)$", "", header.strip()
    )
    if re.fullmatch(r"(k_)?[A-Z0-9][A-Za-z0-9]*_\d+", name):
        name = name.rsplit("_", 1)[0].removeprefix("k_")
    return name.lower()


POSTCODE = Column(
    "postcode", "postcode", ("pc4", "postcodes", "viercijferige postcode"), empty=False
)
AGE = Column("age", "age", ("leeftijd", "leeftijden"), empty=False)
SEX = Column("sex", "sex", ("geslacht",), empty=False)
PERIOD = Column("period", "period", ("perioden", "periode", "periods"), required=False)
TOTAL = Column(
    "total",
    "count",
    (
        "inwoners",
        "bevolking",
        "bevolking op 1 januari",
        "bevolkingop1januari",
        "totaal mannen en vrouwen",
        "waarde",
        "population",
    ),
)
MEN = Column("men", "count", ("inwoners_man", "mannen"))
WOMEN = Column("women", "count", ("inwoners_vrouw", "vrouwen"))
MUNICIPALITY = Column(
    "municipality",
    "area",
    ("gemeente", "gemeenten", "gemeentenaam", "regio's", "regios", "regions"),
    empty=False,
)
BY_POSTCODE = "population of postcodes by age and sex"
BY_MUNICIPALITY = "population of municipalities by age and sex"


def _division(name: str, dutch: str) -> tuple[Column, ...]:
    return (
        Column(f"{name}_code", "code", (f"{dutch}_code",), required=False, empty=False),
        Column(f"{name}", "name", (dutch,), required=False, empty=False),
    )


def _share(name: str, *known_as: str) -> Column:
    return Column(name, "number", known_as, required=False, share=True)


LAYOUTS: tuple[Layout, ...] = (
    Layout(
        "population",
        BY_POSTCODE,
        (POSTCODE, AGE, TOTAL, MEN, WOMEN, PERIOD),
        ("postcode", "age"),
    ),
    Layout(
        "population_long",
        BY_POSTCODE,
        (POSTCODE, AGE, SEX, TOTAL, PERIOD),
        ("postcode", "age", "sex"),
    ),
    Layout(
        "population",
        BY_MUNICIPALITY,
        (
            MUNICIPALITY,
            AGE,
            TOTAL,
            MEN,
            WOMEN,
            PERIOD,
            Column("province", "name", ("provincie",), required=False),
        ),
        ("municipality", "age"),
    ),
    Layout(
        "population_long",
        BY_MUNICIPALITY,
        (MUNICIPALITY, AGE, SEX, TOTAL, PERIOD),
        ("municipality", "age", "sex"),
    ),
    Layout(
        "postcodes",
        "postcodes with their inhabitants and municipality",
        (
            POSTCODE,
            TOTAL,
            MEN,
            WOMEN,
            Column("place", "name", ("plaats", "woonplaats")),
            Column("municipality", "name", ("gemeente", "gemeentenaam")),
            Column("province", "name", ("provincie",), required=False),
            Column("corop", "name", ("nuts3",), required=False),
            Column("ggdregio", "name", ("ggd-regio",), required=False),
            Column("km2", "number", ("oppervlakte_km2",), required=False),
            PERIOD,
        ),
        ("postcode",),
    ),
    Layout(
        "areas",
        "municipalities and the regions they belong to",
        (
            Column("code", "code", ("gemeentecode",), empty=False),
            Column("name", "name", ("gemeente", "gemeentenaam"), empty=False),
            *_division("province", "provincie"),
            *_division("landsdeel", "landsdeel"),
            *_division("corop", "corop"),
            *_division("veiligheidsregio", "veiligheidsregio"),
            *_division("ggdregio", "ggdregio"),
            *_division("arbeidsmarktregio", "arbeidsmarktregio"),
            *_division("size_class", "grootteklasse"),
            *_division("urbanity", "stedelijkheid"),
            Column("population", "count", ("inwoners",), empty=False),
            Column("oad", "number", ("omgevingsadressendichtheid",), required=False),
            Column("nielsen5_code", "code", ("nielsen5",), required=False, empty=False),
            PERIOD,
        ),
        ("code",),
    ),
    Layout(
        "key_figures",
        "key figures of municipalities, districts (wijken) or neighbourhoods",
        (
            Column("code", "code", ("codering", "wijkenenbuurten", "gwb-code"), empty=False),
            Column(
                "name",
                "name",
                ("wijken en buurten", "regionaam", "gemeentenaam", "regio's"),
                required=False,
            ),
            Column("province", "name", ("provincie",), required=False),
            Column("area", "number", ("oppervlakte totaal", "oppervlaktetotaal"), required=False),
            Column(
                "urbanity",
                "name",
                ("mate van stedelijkheid", "matevanstedelijkheid"),
                required=False,
            ),
            Column("population", "count", ("aantal inwoners", "aantalinwoners"), empty=False),
            _share("pop_0_14", "0 tot 15 jaar", "0tot15jaar"),
            _share("pop_15_24", "15 tot 25 jaar", "15tot25jaar"),
            _share("pop_25_44", "25 tot 45 jaar", "25tot45jaar"),
            _share("pop_45_64", "45 tot 65 jaar", "45tot65jaar"),
            _share("pop_65plus", "65 jaar of ouder", "65jaarofouder"),
            Column("dwelling_total", "count", ("woningvoorraad",), required=False),
            Column(
                "dwelling_value",
                "number",
                ("gemiddelde woz-waarde van woningen", "gemiddeldewozwaardevanwoningen"),
                required=False,
            ),
            _share("dwelling_ownership", "koopwoningen"),
            _share("employment_rate", "nettoarbeidsparticipatie"),
            _share("income_low", "40% personen met laagste inkomen", "40personenmetlaagsteinkomen"),
            _share(
                "income_high", "20% personen met hoogste inkomen", "20personenmethoogsteinkomen"
            ),
            _share("edu_appl_sci"),
            PERIOD,
        ),
        ("code",),
    ),
    Layout(
        "postcode_figures",
        "urbanity and property value of postcodes",
        (
            POSTCODE,
            Column("property_value", "number", ("woz_gem_x1000", "gemiddelde woz-waarde woning")),
            Column(
                "urbanity",
                "count",
                ("stedelijkheid_1zeersterk_5niet", "stedelijkheid"),
                empty=False,
                between=(1, 5),
            ),
        ),
        ("postcode",),
    ),
    Layout(
        "postcode_places",
        "longitude and latitude of postcodes",
        (
            POSTCODE,
            Column("lon", "number", ("longitude",), between=(3, 8)),
            Column("lat", "number", ("latitude",), between=(50, 54)),
        ),
        ("postcode",),
    ),
)
