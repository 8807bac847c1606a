"""What is said of the quality of typing, against plain counting and a known truth."""

from __future__ import annotations

import json
from dataclasses import asdict

import numpy as np
import pytest
from profiles_world import World, plan, questionnaire
from sklearn.metrics import confusion_matrix, log_loss

from flows.profiles.model import ProfileModel
from flows.profiles.typing import TypingModel, type_respondents_by
from flows.profiles.typing_quality import (
    TypingQuality,
    classification_errors,
    half_of_answers,
    typing_quality,
)


def people(n: int, seed: int, k: int = 4) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Held-out probabilities, the full model's, and weights."""
    rng = np.random.default_rng(seed)
    full = rng.dirichlet(np.full(k, 0.3), n)
    p = 0.7 * full + 0.3 * rng.dirichlet(np.ones(k), n)
    return p, full, rng.uniform(0.5, 2, n)


def test_matrices_and_shares_are_those_of_plain_counting() -> None:
    p, full, w = people(800, 1)
    quality = typing_quality(p, p, full, full, w)
    given, label = p.argmax(axis=1), full.argmax(axis=1)
    counted = confusion_matrix(given, label, sample_weight=w / w.sum())
    np.testing.assert_allclose(quality.confusion, counted)
    assert np.trace(quality.confusion) == pytest.approx(quality.accuracy)
    np.testing.assert_allclose(np.sum(quality.classification, axis=1), 1)
    for s in range(4):
        for t in range(4):
            by_hand = (w * full[:, s] * (given == t)).sum() / (w * full[:, s]).sum()
            assert quality.classification[s][t] == pytest.approx(by_hand)
    sure = p.max(axis=1) >= 0.6
    assert quality.sure_share == pytest.approx(w[sure].sum() / w.sum())
    assert quality.sure_accuracy == pytest.approx(
        np.average((given == label)[sure], weights=w[sure])
    )
    soft = -np.average((full * np.log(p)).sum(axis=1), weights=w)
    assert quality.log_loss == pytest.approx(soft)
    hard = np.eye(4)[label]
    as_labels = typing_quality(p, p, p, hard, w).log_loss
    assert as_labels == pytest.approx(log_loss(label, p, sample_weight=w))
    assert sum(point.n for point in quality.curve) == 800
    assert sum(point.n for point in quality.demographics.curve) == 800 * 4  # type: ignore[union-attr]
    assert quality.demographics.shares_error == pytest.approx(0)  # type: ignore[union-attr]


def test_standard_errors_are_what_repeated_samples_show() -> None:
    drawn, told = [], []
    for seed in range(200):
        p, full, w = people(300, 100 + seed)
        rates, errors = classification_errors(p.argmax(axis=1), full, w)
        drawn.append(rates)
        told.append(errors)
    spread, mean = np.std(drawn, axis=0), np.mean(told, axis=0)
    assert np.abs(mean / spread - 1).max() < 0.2


def test_the_matrix_corrects_counted_labels(typing_model: TypingModel) -> None:
    """BCH: shares by labels are shares in truth times the matrix."""
    quality = typing_model.quality
    matrix = np.array(quality.classification)
    labels = np.array(quality.confusion).sum(axis=1)
    truth = np.linalg.solve(matrix.T, labels)
    assert np.abs(truth - labels).sum() > 0.01
    np.testing.assert_allclose(truth.sum(), 1)
    np.testing.assert_allclose(matrix.T @ truth, labels)


def test_what_is_told_holds_for_fresh_people(
    known: World, model: ProfileModel, typing_model: TypingModel
) -> None:
    quality = typing_model.quality
    assert quality.half is not None
    assert quality.demographics is not None
    assert quality.half.accuracy < quality.accuracy - 0.05
    assert quality.half.calibration_error < 0.03
    assert quality.demographics.confidence < quality.half.confidence
    assert quality.demographics.calibration_error < 0.02
    assert quality.demographics.shares_error < 0.01
    assert quality.sure_accuracy is not None
    assert quality.sure_accuracy > quality.accuracy
    typing = type_respondents_by(typing_model, known.frame, questionnaire())
    assert abs((typing.confidence >= 0.6).mean() - (quality.sure_share or 0)) < 0.03
    gaps = [abs(point.confidence - point.hit_rate) for point in quality.curve if point.n > 100]
    assert max(gaps) < 0.06
    assert plan().golden


def test_half_of_what_somebody_answered_is_taken_away() -> None:
    rng = np.random.default_rng(2)
    golden = rng.normal(size=(500, 10))
    golden[rng.random(golden.shape) < 0.3] = np.nan
    fewer = half_of_answers(golden, rng)
    before, after = ((~np.isnan(x)).sum(axis=1) for x in (golden, fewer))
    np.testing.assert_array_equal(after, before - before // 2)
    there = ~np.isnan(fewer)
    np.testing.assert_array_equal(fewer[there], golden[there])
    assert there.mean(axis=0).std() < 0.05  # no question is taken more often


def test_quality_stored_before_loads_and_todays_comes_back(typing_model: TypingModel) -> None:
    stored = json.loads(json.dumps(asdict(typing_model.quality)))
    assert TypingQuality.from_dict(stored) == typing_model.quality
    names = ("accuracy", "hit_rate", "confidence", "calibration_error")
    old = dict.fromkeys((*names, "calibration_error_label", "shares_error"), 0.5) | {"n": 9}
    back = TypingQuality.from_dict(old)
    assert (back.n, back.confusion, back.half, back.curve) == (9, (), None, ())
    assert TypingQuality.from_dict({**old, "of_a_later_version": 1}) == back
