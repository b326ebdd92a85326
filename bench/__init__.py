"""What it costs, beside the limits of the machine: `make bench`."""
