"""Columns of text tables, and the series that are made of them."""

import numpy as np
import pytest

from tejax import tasks
from tejax.errors import InputError
from tejax.tasks.datasets import columns, moves, series_files


@pytest.fixture
def written(tmp_path):
    def write(text):
        path = tmp_path / "table.csv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


@pytest.mark.parametrize(
    ("text", "column", "numbers"),
    [
        ("a,b\n1,2\n3,4\n", "b", [2, 4]),
        ("a,b\n1,2\n3,4\n", "a", [1, 3]),
        ("a,b\n1,2\n3,4\n", None, [2, 4]),
        ("a,b\n1,2\n3,4\n", "0", [1, 3]),
        ("1\n0\n-2.5e3", None, [1, 0, -2500]),
        ("1;2\r\n3;4\r\n", "0", [1, 3]),
        ("x\ty\n1\t2\n", "y", [2]),
        ("\ufeffx,y\n\n1, 2 \n\n", "x", [1]),
        ('"the price","n"\n"1.5","2"\n', "the price", [1.5]),
        ("0,1\n5,6\n", "1", [1, 6]),
    ],
)
def test_a_column_is_read(written, text, column, numbers):
    assert tasks.load_column(written(text), column).tolist() == numbers


@pytest.mark.parametrize(
    ("text", "column", "words"),
    [
        ("", None, "table.csv: is empty"),
        (" \n\n", None, "table.csv: is empty"),
        ("a,b\n", "b", "table.csv: has no numbers, only a line of titles"),
        ("a,b\n1,2\n", "c", "column must be one of ['a', 'b'] or a number from 0 to 1, in "),
        ("a,b\n1,2\n", "2", "column must be one of ['a', 'b'] or a number from 0 to 1, in "),
        ("1,2\n", "price", "column must be a number from 0 to 1, in "),
        ("a,b\n1,2\n3,x\n", "b", "table.csv, line 3: column 'b' must hold a finite number: got 'x'"),
        ("a,b\n1,2\n\n3\n", "b", "table.csv, line 4: column 'b' must hold a finite number: got ''"),
        ("a\n1\nnan\n", None, "table.csv, line 3: the last column must hold a finite number: got 'nan'"),
        ("a\n1\n1e999\n", "a", "table.csv, line 3: column 'a' must hold a finite number: got '1e999'"),
        ("a\n1_000\n", "a", "table.csv, line 2: column 'a' must hold a finite number: got '1_000'"),
        (
            b"a\n\xff\xfe\n",
            None,
            "table.csv: is no table of text in UTF-8 ('utf-8' codec can't decode byte 0xff",
        ),
        ("a\n" + "9" * 200_000, None, "line 2 is damaged (field larger than field limit"),
    ],
)
def test_what_is_no_column_of_numbers_is_one_line(written, text, column, words):
    with pytest.raises(InputError) as refusal:
        tasks.load_column(written(text), column)
    assert words in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_what_is_no_file_is_one_line(tmp_path, written, monkeypatch):
    for path in (tmp_path / "none.csv", tmp_path):
        with pytest.raises(InputError, match="path must be a file"):
            columns.load_column(path)
    monkeypatch.setattr(columns, "LARGEST", 3)
    with pytest.raises(InputError, match="has more than 3 bytes"):
        columns.load_column(written("1\n2\n"))


def test_numbers_become_trits_by_thresholds_or_shares():
    values = np.array([-2.0, 0.0, 0.5, 3.0, -0.1])
    assert moves.to_trits(values, (0.0, 0.0)).tolist() == [-1, 0, 1, 1, -1]
    assert moves.to_trits(values, (-1.0, 0.5)).tolist() == [-1, 0, 0, 1, 0]
    assert moves.quantile_thresholds(values, (0.2, 0.8)) == (-0.1, 3.0)
    assert moves.quantile_thresholds(values, (0.0, 1.0)) == (-2.0, 3.0)


def test_a_series_of_a_file_is_held_out_at_its_end(written):
    prices = np.array([5, 6, 6, 4, 7, 7, 8, 9, 1, 2, 3])
    path = written("day,price\n" + "".join(f"{day},{price}\n" for day, price in enumerate(prices)))
    task = tasks.emission_from_file(path, "price", held_out=0.4)
    assert np.asarray(task.frames.targets).tolist() == np.sign(np.diff(prices)).tolist()
    assert (task.held_out, task.frames.window, task.frames.shift_cap) == (4, 4, 2)
    plain = tasks.emission_from_file(path, "price", changes=False, thresholds=(4, 6), held_out=0, window=3, shift_cap=1)
    assert np.asarray(plain.frames.targets).tolist() == [0, 0, 0, 0, 1, 1, 1, 1, -1, -1, -1]
    assert (plain.held_out, plain.frames.window, plain.frames.shift_cap) == (0, 3, 1)
    shares = tasks.emission_from_file(path, "price", quantiles=(0.5, 0.5), held_out=0.4)
    assert np.asarray(shares.frames.targets).tolist() == np.sign(np.diff(prices) - 1).tolist(), "of the graded part"


def test_the_series_that_is_shipped():
    task = tasks.emission_from_file()
    assert task.frames.targets.shape == (2224,)
    assert len(tasks.load_column(series_files.CO2)) == 2225


@pytest.mark.parametrize(
    ("text", "options", "words"),
    [
        ("1\n2\n3\n", {}, "column must be of 8 numbers or more, in "),
        ("4\n" * 20, {}, "column must be of numbers that are not all the same, in "),
        ("".join(f"{n}\n" for n in range(20)), {}, "thresholds must be such that not all of "),
        ("1\n2\n" * 10, {"thresholds": (1, 0)}, "thresholds must be two numbers, the lower first"),
        ("1\n2\n" * 10, {"thresholds": (1,)}, "thresholds must be a list of 2, each a finite number"),
        ("1\n2\n" * 10, {"quantiles": (0.5, 0.2)}, "quantiles must be two shares, the lower first"),
        ("1\n2\n" * 10, {"window": 16}, "window must be from 1 to 15, the targets"),
        ("1\n2\n" * 10, {"shift_cap": 9}, "shift_cap must be from 0 to 3"),
        ("1\n2\n" * 10, {"held_out": 1.0}, "held_out must be"),
    ],
)
def test_a_series_that_is_none_is_refused(written, text, options, words):
    with pytest.raises(InputError) as refusal:
        tasks.emission_from_file(written(text), **options)
    assert words in str(refusal.value)
