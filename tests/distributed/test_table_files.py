"""Pieces of files: each line is in one of them, whatever the sizes of the blocks; a block may have none."""

from dataclasses import replace

import pytest

from chainrule.distributed.table_files import open_files, read_piece

TEXT = "a,b,name\n" + "".join(f"{i},{i / 2},row {i}\n" for i in range(7))


@pytest.mark.parametrize("size", [1, 5, 11, 1000])
def test_each_line_is_in_one_block(tmp_path, size):
    (tmp_path / "t.csv").write_text(TEXT)
    files = open_files(str(tmp_path / "t.csv"))
    (piece,) = files.pieces
    blocks = [replace(piece, first=at, size=size) for at in range(0, len(TEXT), size)]
    tables = [read_piece(block, files.layout) for block in blocks]
    assert [row["a"] for one in tables for row in one.to_pylist()] == list(range(7))
