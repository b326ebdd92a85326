"""What it costs, beside the limits of the machine: `make bench`. What others cost for the same: `make bench-peers`."""
