import unittest

from sizes import size_table


class SizeTable(unittest.TestCase):
    def test_the_largest_comes_first_and_numbers_are_aligned(self):
        table = size_table({"notes.txt": 12, "film.mkv": 3 * 1024**3, "song.ogg": 5_000_000})
        self.assertEqual(table, ["3.0 GiB  film.mkv", "4.8 MiB  song.ogg", "   12 B  notes.txt"])

    def test_nothing_has_no_lines(self):
        self.assertEqual(size_table({}), [])
