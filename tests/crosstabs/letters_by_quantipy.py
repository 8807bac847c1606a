"""Makes letters_by_quantipy.csv: quantipy3's `Dimensions` test of the panel of letters_panel.py.

Run by hand, in an environment of its own (quantipy3 0.2.15 needs pandas 1.5 and numpy 1):

    pip install "numpy<2" pandas==1.5.3 "scipy<1.13" lxml xlsxwriter decorator prettytable ftfy \
        xmltodict python-pptx watchdog requests pyreadstat ipython
    pip install --no-deps quantipy3==0.2.15
    python tests/crosstabs/letters_by_quantipy.py > tests/crosstabs/letters_by_quantipy.csv

One line a cell: question, statistic (share, mean), answer, column, and the columns it is
significantly higher than; the first line carries the fingerprint of the panel.
"""

from __future__ import annotations

import csv
import sys

import numpy as np
import scipy.stats.stats
from letters_panel import COLUMNS, MEANS, SHARES, fingerprint, panel
from scipy.special import stdtr

# What quantipy3 imports from scipy, in its words: the two-sided p-value of a t.
scipy.stats.stats._ttest_finish = lambda df, t: (t, 2 * stdtr(df, -np.abs(t)))

import quantipy  # noqa: E402

LEVELS = {"0.05": 0.05, "0.01": 0.01}


def main() -> None:
    frame = panel()
    print(f"# {fingerprint(frame)}")
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(["level", "question", "statistic", "answer", "column", "above"])
    stack = stack_of(frame)
    for level, alpha in LEVELS.items():
        for statistic, questions in (("share", SHARES), ("mean", MEANS)):
            for question in questions:
                for answer, column, above in letters(stack, question, statistic, alpha):
                    writer.writerow([level, question, statistic, answer, column, above])


def stack_of(frame):
    def single(name, codes):
        values = [{"value": int(code), "text": {"en-GB": str(code)}} for code in codes]
        text = {"en-GB": name}
        return {"name": name, "type": "single", "text": text, "parent": {}, "values": values}

    answers = {**SHARES, **MEANS}
    columns = {name: single(name, range(1, count + 1)) for name, count in answers.items()}
    columns["b"] = single("b", [int(code) for code in COLUMNS])
    columns["w"] = {"name": "w", "type": "float", "text": {"en-GB": "w"}, "parent": {}}
    items = [f"columns@{name}" for name in columns]
    meta = {
        "info": {},
        "lib": {"default text": "en-GB", "values": {}},
        "columns": columns,
        "masks": {},
        "sets": {"data file": {"text": {"en-GB": ""}, "items": items}},
        "type": "pandas.DataFrame",
    }
    data = frame.assign(**{"@1": 1.0})
    stack = quantipy.Stack(name="panel", add_data={"p": {"meta": meta, "data": data}})
    views = quantipy.QuantipyViews(["counts", "c%"])
    stack.add_link(data_keys=["p"], x=list(answers), y=["b"], views=views, weights=["w"])
    means = quantipy.ViewMapper()
    method = quantipy.QuantipyViews().descriptives
    means.add_method(name="mean", kwargs={"axis": "x", "stats": "mean", "text": ""}, method=method)
    stack.add_link(data_keys=["p"], x=list(MEANS), y=["b"], views=means, weights=["w"])
    return stack


def letters(stack, question, statistic, alpha):
    link = stack["p"]["no_filter"][question]["b"]
    name = {"share": "x|f|:||w|counts", "mean": "x|d.mean|x:||w|mean"}[statistic]
    test = quantipy.Test(link, name)
    test.set_params(level=alpha, mimic="Dim")
    found = test.run()
    for (_, answer), line in found.iterrows():
        for (_, column), above in line.items():
            text = "" if above != above else str(above).strip("[]").replace(",", "")
            yield answer, column, text


if __name__ == "__main__":
    main()
