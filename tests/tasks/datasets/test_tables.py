"""Tables of text that the tests make: with and without a header, of every separator, whole and damaged."""

import gzip

import numpy as np
import pytest

from tejax import InputError, tasks
from tejax.tasks.datasets.files import load_labelled

ROWS = [(number / 7, number % 5, ("ant", "bee", "cat")[number % 3]) for number in range(24)]


def written(path, lines, separator=",", zipped=False):
    text = "\n".join(separator.join(map(str, line)) for line in lines) + "\n"
    path.write_bytes(gzip.compress(text.encode()) if zipped else text.encode())
    return path


@pytest.mark.parametrize("separator", [",", ";", "\t", " "])
@pytest.mark.parametrize("zipped", [False, True])
def test_numbers_and_labels_of_a_table(tmp_path, separator, zipped):
    table = tasks.load_table(written(tmp_path / "t.csv", ROWS, separator, zipped))
    np.testing.assert_array_equal(table.x, [row[:2] for row in ROWS])
    assert table.y.tolist() == [row[2] for row in ROWS]
    assert table.columns == ()


@pytest.mark.parametrize("label", ["kind", "2", "-1"])
def test_a_header_names_the_columns(tmp_path, label):
    path = written(tmp_path / "t.csv", [("wide", "high", "kind"), *ROWS])
    table = tasks.load_table(path, label)
    assert table.columns == ("wide", "high")
    assert len(table.y) == 24


def test_the_label_may_be_any_column_and_a_number(tmp_path):
    lines = [("class", "a", "b"), *((10 * (row[1] % 2) + 1, row[0], row[1]) for row in ROWS)]
    for label in ("class", "0", "-3"):
        table = tasks.load_table(written(tmp_path / "t.csv", lines), label)
        assert table.y.dtype == np.int64
        assert set(table.y.tolist()) == {1, 11}
        assert table.columns == ("a", "b")


def test_quotes_empty_lines_and_a_byte_order_mark(tmp_path):
    path = tmp_path / "t.csv"
    path.write_bytes(b'\xef\xbb\xbf"a ""b""",kind\r\n\r\n 1.5 ,"x, y"\r\n2e3,z\r\n\r\n')
    table = tasks.load_table(path)
    assert table.columns == ('a "b"',)
    assert table.x.tolist() == [[1.5], [2000.0]]
    assert table.y.tolist() == ["x, y", "z"]


def test_a_task_from_tables_with_test_data_of_their_own(tmp_path):
    header = ("wide", "high", "kind")
    path = written(tmp_path / "train.csv", [header, *ROWS])
    test = written(tmp_path / "test.csv.gz", [header, (0.5, 3, "bee"), (0.1, 1, "ant")], zipped=True)
    task = tasks.from_files(path, label="kind", test_path=test, trits=1)
    assert (len(task.y_train), len(task.y_test), task.names) == (24, 2, ("ant", "bee", "cat"))
    assert task.y_test.tolist() == [1, 0]
    halved = tasks.from_files(path, label="kind", trits=1)
    assert len(halved.y_train) + len(halved.y_test) == 24
    written(test, [("high", "wide", "kind"), (3, 0.5, "bee")])
    with pytest.raises(InputError, match=r"test_path must be a table with the columns of path, \['wide', 'high'\]"):
        tasks.from_files(path, test_path=test)
    written(test, [header, (3, 0.5, "dog")])
    with pytest.raises(InputError, match=r"y_test must be among the classes .*: got y_test=\['dog'\]"):
        tasks.from_files(path, test_path=test)
    written(test, [(3, 0.5, 4, "bee")])
    with pytest.raises(InputError, match=r"x_test must be rows of shape \(2,\), as those of x"):
        tasks.from_files(path, test_path=test)
    with pytest.raises(InputError, match="test_labels must be given with test_path"):
        tasks.from_files(path, test_labels=test)


NUMBERS = b"".join(b"%d.5,%d,%d\n" % (number, number % 5, number % 2) for number in range(6))


@pytest.mark.parametrize(
    ("first", "columns"),
    [
        (b"", ()),
        (b"0,1,2\n", ("0", "1")),  # as pandas numbers columns
        (b"1960,1970,kind\n", ("1960", "1970")),  # a text above labels that are numbers
        (b"1960,1970,yes\n0.1,2,yes\n", ()),  # a text among texts is a row
    ],
)
def test_a_header_is_known_by_what_stands_below(tmp_path, first, columns):
    path = tmp_path / "t.csv"
    path.write_bytes(first + NUMBERS)
    table = tasks.load_table(path)
    assert table.columns == columns
    assert len(table.y) == 6 + (0 if columns else first.count(b"\n"))


@pytest.mark.parametrize(
    ("labels", "known"),
    [
        (["7", "7.0", "-3."], [7, 7, -3]),
        (["07", "7", "8"], ["07", "7", "8"]),
        (["0.5", "1", "1"], ["0.5", "1", "1"]),
        (["none", "mild", "mild"], ["none", "mild", "mild"]),
    ],
)
def test_labels_are_numbers_where_no_digit_is_lost(tmp_path, labels, known):
    rows = [(place, 1, label) for place, label in enumerate(labels)]
    assert tasks.load_table(written(tmp_path / "t.csv", rows)).y.tolist() == known


@pytest.mark.parametrize("head", ["wide, cm;high;kind", '"wide\tcm";high;kind', "wide cm;high cm;kind"])
def test_what_divides_two_lines_alike_is_the_separator(tmp_path, head):
    path = tmp_path / "t.csv"
    path.write_text(f"\n\n{head}\n1;2;ant\n3;4;bee\n")
    table = load_labelled(path)
    assert len(table.columns) == 2
    assert table.x.tolist() == [[1, 2], [3, 4]]


def test_columns_are_kept_and_compared(tmp_path):
    header = ("wide", "high", "kind")
    task = tasks.from_files(written(tmp_path / "train.csv", [header, *ROWS]), test_share=0.0)
    assert task.encoding.columns == ("wide", "high")
    other = written(tmp_path / "other.csv", [("high", "wide", "kind"), *ROWS])
    with pytest.raises(InputError, match=r"x must be of the columns of the training data, \['wide', 'high'\]: got"):
        tasks.from_files(other, encode=task.encoding, classes=task.names)
    bare = tasks.from_files(written(tmp_path / "bare.csv", ROWS), encode=task.encoding, classes=task.names)
    assert np.array_equal(bare.x_test, task.x_train)


BAD = {
    "no such name": (b"a,b\n1,2\n", "kind", "has no column named 'kind'; it has ['a', 'b']"),
    "a name without a header": (b"1,2\n3,4\n", "kind", "its first line is no header"),
    "no such number": (b"1,2\n3,4\n", "2", "has no column 2; it has 2, from 0"),
    "one column": (b"1 \n3,4\n", "0", "has one column"),
    "a short row": (b"1,2\n3\n", "-1", "line 2 has 1 cells, and the first has 2"),
    "a long row": (b"a,b\n1,2\n3,4,5\n", "-1", "line 3 has 3 cells, and the first has 2"),
    "an empty cell": (b"a,b,c\n1,2,x\n1,,x\n", "c", "line 3, column b: a missing value ('')"),
    "NaN": (b"1,2,x\n1,NaN,x\n", "-1", "line 2, column 1: a missing value ('NaN')"),
    "infinity": (b"1,2,x\n1,inf,x\n", "-1", "line 2, column 1: 'inf' is no finite number"),
    "a text": (b"a,b,c\n1,red,0\n", "a", "line 2, column b: 'red' is no finite number; make numbers of texts"),
    "no label": (b"1,2\n3,\n", "-1", "line 2 has no label"),
    "a missing label": (b"1,2\n3,NA\n", "-1", "line 2 has no label in column 1; 'NA' reads as missing"),
    "two of a name": (b"a,a,b\n1,2,3\n", "a", "has 2 columns named 'a'; a column's number tells them apart"),
    "an index": (b",a,b\n0,2,3\n2,2,3\n1,1,4\n", "-1", "column '' numbers the rows"),
    "a decimal comma": (b"a;b\n1,5;2\n", "-1", "line 2, column a: '1,5' has a decimal comma; write a point"),
    "an underscore": (b"1,2\n1_0,2\n", "-1", "line 2, column 0: '1_0' is no finite number"),
    "UTF-16": ("a,b\n1,2\n".encode("utf-16"), "-1", "is no table of text in UTF-8"),
    "a header alone": (b"a,b\n", "-1", "holds no rows beside its header"),
    "nothing": (b"\n\n", "-1", "holds no rows"),
    "an empty file": (b"", "-1", "holds no rows"),
    "an open quote": (b'1,2\n"3,4\n', "-1", "damaged"),
    "no text": (b"1,2\n\xff\xfe,4\n", "-1", "is no table of text in UTF-8"),
    "damaged gzip": (gzip.compress(b"1,2\n3,4\n" * 99)[:-9], "-1", "damaged gzip file"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_table_is_named_in_one_line(tmp_path, case):
    data, label, words = BAD[case]
    path = tmp_path / "t.csv"
    path.write_bytes(data)
    with pytest.raises(InputError) as refusal:
        tasks.load_table(path, label)
    message = str(refusal.value)
    assert message.startswith(str(path))
    assert words in message
    assert "\n" not in message


def test_frames_and_their_columns_are_taken(tmp_path):
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(
        {"wide": [row[0] for row in ROWS], "high": [row[1] for row in ROWS], "odd": [row[1] % 2 > 0 for row in ROWS]}
    )
    kinds = [row[2] for row in ROWS]
    plain = tasks.classification(np.asarray(frame, float), kinds)
    for y in (pandas.Series(kinds), pandas.Series(kinds, dtype="category"), pandas.DataFrame({"y": kinds})):
        task = tasks.classification(frame, y)
        assert task.names == ("ant", "bee", "cat")
        assert np.array_equal(task.x_train, plain.x_train)
        assert np.array_equal(task.y_test, plain.y_test)
    with pytest.raises(InputError, match="y must be whole numbers"):
        tasks.classification(frame, pandas.Series([None, *kinds[1:]]))
    turned = frame[["high", "wide", "odd"]]
    with pytest.raises(InputError, match="x_test must be of the columns of the training data"):
        tasks.classification(frame, kinds, x_test=turned, y_test=kinds)
    with pytest.raises(InputError, match="x must be of the columns of the training data"):
        task.encode(turned)
    assert np.array_equal(task.encode(frame), task.encode(np.asarray(frame, float)))
    with pytest.raises(InputError, match=r"x must be numeric: got x=\"column 'text' with 'ant'\""):
        tasks.classification(frame.assign(text=kinds), kinds)
