"""Values in, values out: no network, no clock, no files, no logging."""
