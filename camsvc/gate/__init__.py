"""Which packets are worth decoding."""
