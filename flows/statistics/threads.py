"""Parts of a computation side by side, on as many processors as linear algebra may use.

Threads within a product pay for large ones only. Thousands of small products gain little from
them, and lose much where another process has the processors too: the threads of a product wait
for one another, busily (ten times as long was measured). Parts with a thread each gain most. How
many is what the linear algebra library was set to when the first parts ran, so one setting says
it all: OPENBLAS_NUM_THREADS (or OMP_, MKL_), which `flows` sets to 1 where nobody has.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache, wraps
from typing import ParamSpec, TypeVar

from threadpoolctl import ThreadpoolController

Part = TypeVar("Part")
Result = TypeVar("Result")
Arguments = ParamSpec("Arguments")


def in_threads(work: Callable[[Part], Result], parts: Iterable[Part]) -> Iterator[Result]:
    """`work` of every part, in the order of the parts; meant for work that is mostly numpy's.

    While it runs, every matrix product in this process has one thread.
    """
    if threads() == 1:
        yield from map(work, parts)
        return
    with _linear_algebra().limit(limits=1), ThreadPoolExecutor(threads()) as pool:
        yield from pool.map(work, parts)


def products_on_one_thread(function: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """The same function, with one thread for every matrix product while it runs."""

    @wraps(function)
    def alone(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
        threads()  # asked before it is limited
        with _linear_algebra().limit(limits=1):
            return function(*args, **kwargs)

    return alone


@cache
def threads() -> int:
    """How many threads parts get."""
    return max((library.num_threads for library in _linear_algebra().lib_controllers), default=1)


@cache
def _linear_algebra() -> ThreadpoolController:
    return ThreadpoolController().select(user_api="blas")
