"""Package, signature, verification, redaction."""
