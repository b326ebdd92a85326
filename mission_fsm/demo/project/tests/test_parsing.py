import unittest

from sizes import parse_size


class ParseSize(unittest.TestCase):
    def test_a_number_alone_is_bytes(self):
        self.assertEqual(parse_size("512"), 512)

    def test_a_unit_multiplies_whatever_its_case(self):
        self.assertEqual(parse_size("1.5 KiB"), 1536)
        self.assertEqual(parse_size("2mib"), 2 * 1024**2)

    def test_what_is_no_size_is_told(self):
        with self.assertRaisesRegex(ValueError, "not a size"):
            parse_size("large")
        with self.assertRaisesRegex(ValueError, "not one of the units"):
            parse_size("3 KB")
