"""A table as the bytes of a Parquet file, with the run's stamp in its metadata, so that it never loses its origin.

Arrays are made of buffers: pyarrow's own constructors import pandas to look for its types, a third of a second.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from simdce.results import Columns

if TYPE_CHECKING:
    import pyarrow as pa


def parquet(table: Columns, stamp: Mapping[str, Any]) -> bytes:
    """Columns of text, whole numbers and floats; ``stamp`` as JSON under the key "simdce"."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    made = pa.Table.from_arrays([_array(column) for column in table.values()], names=list(table))
    sink = io.BytesIO()
    pq.write_table(made.replace_schema_metadata({b"simdce": json.dumps(stamp).encode()}), sink, compression="zstd")
    return sink.getvalue()


def _array(column: Sequence[Any]) -> pa.Array:
    import pyarrow as pa

    if isinstance(column[0], str):
        texts = [text.encode() for text in column]
        ends = np.cumsum([0, *map(len, texts)], dtype=np.int64)
        return pa.LargeStringArray.from_buffers(len(texts), pa.py_buffer(ends), pa.py_buffer(b"".join(texts)))
    numbers = np.asarray(column)
    kind = {"f": pa.float64(), "i": pa.int64()}[numbers.dtype.kind]
    return pa.Array.from_buffers(kind, len(numbers), [None, pa.py_buffer(numbers)])
