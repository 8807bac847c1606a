"""Parts side by side: every part once, in order, with the threads that were set."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from flows.statistics.threads import in_threads, products_on_one_thread, threads


def blas_threads() -> int:
    found = [each["num_threads"] for each in threadpool_info() if each["user_api"] == "blas"]
    return max(found, default=1)


@pytest.fixture(params=[1, 2])
def given(request: pytest.FixtureRequest) -> Iterator[int]:
    """So many threads for linear algebra, as if the process had begun with them."""
    with threadpool_limits(request.param, user_api="blas"):
        if blas_threads() < request.param:
            pytest.skip("linear algebra has one thread on this machine")
        threads.cache_clear()
        yield request.param
    threads.cache_clear()


def test_every_part_is_done_once_and_in_order(given: int) -> None:
    assert threads() == given
    assert list(in_threads(lambda part: part**2, range(20))) == [i**2 for i in range(20)]
    assert list(in_threads(lambda part: part, [])) == []


def test_parts_run_side_by_side_and_products_within_them_have_one_thread(given: int) -> None:
    together = threading.Barrier(given, timeout=20)

    def work(part: int) -> tuple[int, int]:
        together.wait()  # passes only when so many parts run at a time
        return part, blas_threads()

    assert list(in_threads(work, range(4))) == [(i, 1) for i in range(4)]
    assert blas_threads() == given


def test_one_thread_stays_in_the_caller(given: int) -> None:
    names = set(in_threads(lambda _: threading.current_thread().name, range(3)))
    assert (names == {threading.current_thread().name}) == (given == 1)


def test_a_function_with_products_on_one_thread_still_has_threads_for_parts(given: int) -> None:
    @products_on_one_thread
    def work(parts: int) -> list[int]:
        assert blas_threads() == 1
        return list(in_threads(lambda _: threads(), range(parts)))

    assert work(3) == [given] * 3
    assert blas_threads() == given


def test_a_fault_in_a_part_reaches_the_caller_and_threads_are_given_back(given: int) -> None:
    def work(part: int) -> float:
        if part == 3:
            raise ValueError("the fourth part")
        return float(np.ones((8, 8)).sum())

    with pytest.raises(ValueError, match="the fourth part"):
        list(in_threads(work, range(6)))
    assert blas_threads() == given
