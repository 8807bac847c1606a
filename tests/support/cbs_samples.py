"""Small tables as CBS publishes them, of a made-up part of the country."""

from __future__ import annotations

from pathlib import Path

POPULATION = """\
"postcode","leeftijd","inwoners","inwoners_man","inwoners_vrouw"
1001,"0-14",25,15,10
1001,"15-19",20,10,10
1001,"20+",100,50,55
1002,"0-14",5,5,0
1002,"15-19",10,5,5
1002,"20+",40,20,20
1003,"0-14",NA,NA,NA
1003,"15-19",NA,NA,NA
1003,"20+",NA,NA,NA
1004,"0-14",0,0,0
1004,"15-19",5,5,0
1004,"20+",60,25,30
1005,"0-14",10,5,5
1005,"15-19",5,0,5
1005,"20+",30,15,15
"""
POSTCODES = """\
"postcode","inwoners","inwoners_man","inwoners_vrouw","plaats","gemeente"
1001,145,75,75,"Adorp","Adorp"
1002,55,30,25,"Bedorp","Bedorp"
1003,NA,NA,NA,NA,NA
1004,65,30,30,"Cedorp","Cedorp"
1005,45,20,25,NA,NA
"""
AREAS = """\
gemeentecode,gemeente,provincie_code,provincie,inwoners,nielsen5
GM0001,Adorp,PV20,Noord,210,3
GM0002,Nieuwstad,PV21,Zuid,110,5
"""
MUNICIPALITIES = """\
"gemeente","leeftijd","inwoners","inwoners_man","inwoners_vrouw"
"Adorp","0-14",25,15,10
"Adorp","15-19",20,10,10
"Adorp","20+",100,50,55
"Bedorp","0-14",5,5,0
"Bedorp","15-19",10,5,5
"Bedorp","20+",40,20,20
"Cedorp","0-14",0,0,0
"Cedorp","15-19",5,5,0
"Cedorp","20+",60,25,30
"""
KEY_FIGURES = """\
"code","name","population","pop_0_14","edu_appl_sci"
"GM0001","Adorp",210,10,30
"GM0002","Nieuwstad",110,5,45
"""
REDIVISION = """\
title: Van oud naar nieuw
from_year: 2021
to_year: 2022
source: Bedacht
merged: {Bedorp: GM0002}
split:
  Cedorp: {"1004": GM0002}
postcodes: {"1005": GM0001}
"""
FLAT = (
    "\ufeff"
    '"Bevolking; geslacht, leeftijd en viercijferige postcode, 1 januari"\r\n'
    '"Geslacht";"Leeftijd";"Postcode";"Perioden";"Bevolking (aantal)"\r\n'
    '"Totaal mannen en vrouwen";"Totaal leeftijd";"Nederland";"2021";"400"\r\n'
    '"Mannen";"0 tot 15 jaar";"Nederland";"2021";"100"\r\n'
    '"Totaal mannen en vrouwen";"Totaal leeftijd";"1011";"2021";"65"\r\n'
    '"Totaal mannen en vrouwen";"0 tot 15 jaar";"1011";"2021";"25"\r\n'
    '"Mannen";"0 tot 15 jaar";"1011";"2021";"15"\r\n'
    '"Vrouwen";"0 tot 15 jaar";"1011";"2021";"10"\r\n'
    '"Totaal mannen en vrouwen";"15 jaar of ouder";"1011";"2021";"40"\r\n'
    '"Mannen";"15 jaar of ouder";"1011";"2021";"20"\r\n'
    '"Vrouwen";"15 jaar of ouder";"1011";"2021";"20"\r\n'
    '"Totaal mannen en vrouwen";"0 tot 15 jaar";"1012";"2021";"."\r\n'
    '"Mannen";"0 tot 15 jaar";"1012";"2021";"."\r\n'
    '"Vrouwen";"0 tot 15 jaar";"1012";"2021";"."\r\n'
    '"Totaal mannen en vrouwen";"15 jaar of ouder";"1012";"2021";"."\r\n'
    '"Mannen";"15 jaar of ouder";"1012";"2021";"x"\r\n'
    '"Vrouwen";"15 jaar of ouder";"1012";"2021";""\r\n'
    '"Bron: CBS"\r\n'
)
LAID_OUT = (
    "\ufeff"
    '"Bevolking; geslacht, leeftijd en viercijferige postcode, 1 januari"\r\n'
    '""\r\n'
    '""\r\n'
    '"";"Geslacht";"Totaal mannen en vrouwen";"Totaal mannen en vrouwen";"Mannen";"Mannen";'
    '"Vrouwen";"Vrouwen"\r\n'
    '"";"Leeftijd";"0 tot 15 jaar";"15 jaar of ouder";"0 tot 15 jaar";"15 jaar of ouder";'
    '"0 tot 15 jaar";"15 jaar of ouder"\r\n'
    '"Postcode";"Perioden";"2021";"2021";"2021";"2021";"2021";"2021"\r\n'
    '"Nederland";"aantal";"300";"500";"150";"250";"150";"250"\r\n'
    '"1011";"aantal";"25";"40";"15";"20";"10";"20"\r\n'
    '"Bron: CBS"\r\n'
)
OLD_LAID_OUT = (
    '"Bevolking; kerncijfers"\n'
    '"Geslacht";"Mannen";"Mannen";"Vrouwen";"Vrouwen"\n'
    '"Leeftijd";"0 tot 15 jaar";"15 jaar of ouder";"0 tot 15 jaar";"15 jaar of ouder"\n'
    '"Regio\'s";"aantal";"aantal";"aantal";"aantal"\n'
    '"Nederland";"150";"250";"150";"250"\n'
    '"Groningen (PV)";"40";"60";"40";"60"\n'
    '"Groningen (gemeente)";"15";"20";"10";"20"\n'
    '"© Centraal Bureau voor de Statistiek, Den Haag/Heerlen 10-10-2017"\n'
)
PORTAL = (
    '"ID";"Geslacht";"Leeftijd";"RegioS";"Perioden";"BevolkingOp1Januari_1"\n'
    '0;"T001038";"0-14";"NL01  ";"2021JJ00";300\n'
    '1;"3000   ";"0-14";"GM0014    ";"2021JJ00";15\n'
    '2;"4000   ";"0-14";"GM0014    ";"2021JJ00";10\n'
    '3;"3000   ";"15+";"GM0014    ";"2021JJ00";20\n'
    '4;"4000   ";"15+";"GM0014    ";"2021JJ00";20\n'
)
KEY_FIGURES_EXPORT = (
    '"Wijken en buurten";"Codering (code)";"Perioden";"Aantal inwoners (aantal)";'
    '"0 tot 15 jaar (aantal)";"Koopwoningen (%)";'
    '"Gemiddelde WOZ-waarde van woningen (x 1 000 euro)"\n'
    '"Nederland";"NL00      ";"2022";"1000";"150";"57,5";"316"\n'
    '"Groningen";"GM0014    ";"2022";"200";"24";"40,5";"251"\n'
    '"Centrum";"WK001400  ";"2022";"50";"2";".";"244"\n'
)


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8", newline="")
    return path
