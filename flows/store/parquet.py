"""A data frame as Parquet bytes and back, with nothing lost.

Categoricals come back with exactly their categories, in their order, used or not; Parquet
itself promises neither, so they stand in the file's metadata as well. The bytes depend on
the content only: the same frame gives the same file, whatever index or memory layout.

pandas and pyarrow take over a second to load and commands that only look do without, so
they are imported where they are used.
"""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

_METADATA = b"themadossier"


def encode(frame: pd.DataFrame) -> bytes:
    """Parquet bytes of a frame; the index is not kept.

    Raises ValueError for columns that are not uniquely named by text or that mix types.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    names = list(frame.columns)
    if len(set(names)) != len(names) or not all(isinstance(name, str) for name in names):
        raise ValueError(f"columns must be named by unique texts, not {names}")
    categories: dict[str, Any] = {}
    arrays = []
    for name in names:
        column = frame[name]
        if str(column.dtype) == "category":
            categories[name] = {
                "categories": column.cat.categories.tolist(),
                "ordered": bool(column.cat.ordered),
            }
        arrays.append(_to_arrow(column))
    table = pa.Table.from_arrays(arrays, names=names).replace_schema_metadata(
        {_METADATA: json.dumps({"categoricals": categories, "rows": len(frame)}).encode()}
    )
    buffer = io.BytesIO()
    pq.write_table(table, buffer, compression="zstd")
    return buffer.getvalue()


def decode(source: Path | bytes, columns: Sequence[str] | None = None) -> pd.DataFrame:
    """The frame (or some of its columns, in the order asked) that `encode` was given.

    KeyError names columns that the file does not have. Text comes back as `str`.
    """
    import pandas as pd
    import pyarrow.parquet as pq

    with pq.ParquetFile(io.BytesIO(source) if isinstance(source, bytes) else source) as file:
        metadata = json.loads(file.schema_arrow.metadata[_METADATA])
        known = file.schema_arrow.names
        if columns is not None and (unknown := [name for name in columns if name not in known]):
            raise KeyError(f"no such columns: {', '.join(unknown)}")
        names = known if columns is None else list(columns)
        table = file.read(columns=names)
    categoricals = metadata["categoricals"]
    data = {}
    for name in names:
        array = table.column(name)
        if name in categoricals:
            data[name] = _to_categorical(array, **categoricals[name])
        else:
            data[name] = array.to_pandas()
    return pd.DataFrame(data, index=pd.RangeIndex(metadata["rows"]))


def column_names(source: Path) -> list[str]:
    """The columns of a stored file, without reading it."""
    import pyarrow.parquet as pq

    names: list[str] = pq.read_schema(source).names
    return names


def _to_arrow(column: pd.Series[Any]) -> Any:
    import pyarrow as pa

    if str(column.dtype) == "category":
        codes = column.cat.codes.to_numpy()
        # Plain text where there is no category at all: Parquet has no dictionary of nothing.
        values = pa.array(column.cat.categories.tolist() or [""])
        return pa.DictionaryArray.from_arrays(pa.array(codes, mask=codes < 0), values)
    try:
        array = pa.Array.from_pandas(column)
    except pa.ArrowException as error:
        raise ValueError(f"column {column.name} cannot be stored: {error}") from error
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
    if pa.types.is_null(array.type) or pa.types.is_large_string(array.type):
        array = array.cast(pa.string())
    return array


def _to_categorical(array: Any, categories: list[Any], ordered: bool) -> pd.Categorical:
    import numpy as np
    import pandas as pd
    import pyarrow as pa

    if not pa.types.is_dictionary(array.type):  # Parquet keeps only dictionaries of text
        array = array.dictionary_encode()
    combined = array.unify_dictionaries().combine_chunks()
    place = {value: code for code, value in enumerate(categories)}
    # The last entry serves index -1, which stands for no value.
    lookup = np.array([place.get(value, -1) for value in combined.dictionary.to_pylist()] + [-1])
    indices = combined.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    index = pd.Index(categories) if categories else pd.Index([], dtype="str")
    return pd.Categorical.from_codes(lookup[indices], categories=index, ordered=ordered)
