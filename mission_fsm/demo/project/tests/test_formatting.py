import unittest

from sizes import format_size


class FormatSize(unittest.TestCase):
    def test_bytes_have_no_decimals(self):
        self.assertEqual(format_size(0), "0 B")
        self.assertEqual(format_size(1023), "1023 B")

    def test_a_size_between_two_units_is_in_the_smaller_one(self):
        self.assertEqual(format_size(1536), "1.5 KiB")
        self.assertEqual(format_size(5 * 1024**3), "5.0 GiB")

    def test_the_next_unit_begins_where_the_number_would_read_1024(self):
        expected = {
            1024: "1.0 KiB",
            1024**2 - 1: "1.0 MiB",
            1024**2: "1.0 MiB",
            1024**3 - 1: "1.0 GiB",
            1024**3: "1.0 GiB",
        }
        for size, text in expected.items():
            self.assertEqual(format_size(size), text)

    def test_there_is_no_unit_after_the_last(self):
        self.assertEqual(format_size(2048 * 1024**6), "2048.0 EiB")

    def test_digits_can_be_chosen(self):
        self.assertEqual(format_size(1300, digits=2), "1.27 KiB")
        self.assertEqual(format_size(1300, digits=0), "1 KiB")

    def test_a_negative_size_has_its_sign_in_front(self):
        self.assertEqual(format_size(-1536), "-1.5 KiB")
