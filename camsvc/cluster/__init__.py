"""Engine protocol, local engine, leases."""
