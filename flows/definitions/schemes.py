"""Weighting schemes beside a survey's own: `weighting.<name>.yaml` in its folder."""

from __future__ import annotations

from pathlib import Path

from flows.definitions.check_weighting import weighting_faults
from flows.definitions.errors import DefinitionError, Fault
from flows.definitions.load import filling, line_of, read_lines, read_model
from flows.definitions.survey import Survey
from flows.definitions.weighting_plan import WeightingPlan
from flows.errors import Refusal

OWN = "weighting"
"""The name of the scheme by which the survey is weighted."""


def other_schemes(folder: Path) -> dict[str, Path]:
    """The schemes beside the survey's own, by name."""
    files = sorted(Path(folder).glob(f"{OWN}.*.yaml"))
    return {path.name[len(OWN) + 1 : -len(".yaml")]: path for path in files}


def scheme_file(folder: Path, scheme: str) -> Path:
    """The file of a scheme: `weighting`, a name, or the path of a file.

    Raises `Refusal` listing the schemes there are.
    """
    others = other_schemes(folder)
    if scheme == OWN:
        return Path(folder) / f"{OWN}.yaml"
    if scheme in others:
        return others[scheme]
    if Path(scheme).is_file():
        return Path(scheme)
    if (Path(folder) / scheme).is_file():
        return Path(folder) / scheme
    raise Refusal(
        f"{scheme}: there is no such weighting scheme in {folder}. There are: "
        f"{', '.join([OWN, *others])}; another is a file {OWN}.<name>.yaml beside them."
    )


def scheme_name(path: Path) -> str:
    """A scheme's name: `weighting`, or what stands between the dots of its file's name."""
    stem = path.name.removesuffix(".yaml").removesuffix(".yml")
    return stem.removeprefix(f"{OWN}.") or OWN


def load_scheme(survey: Survey, folder: Path, path: Path) -> WeightingPlan:
    """Read and check the weighting plan in a file, for this survey.

    `folder`: the survey's, beside which the target library stands. Raises `DefinitionError`
    with every fault found.
    """
    plan = read_model(path, WeightingPlan, filling(Path(folder), survey.questionnaire))
    faults = scheme_faults(survey.model_copy(update={"weighting": plan}), path)
    if faults:
        raise DefinitionError(faults)
    return plan


def scheme_faults(survey: Survey, path: Path) -> list[Fault]:
    """Faults in the survey's weighting plan, which stands in the file `path`."""
    findings = list(weighting_faults(survey))
    lines = read_lines(path) if findings else None
    return [
        Fault(str(path), line_of(lines, place), message, remedy)
        for _, place, message, remedy in findings
    ]
