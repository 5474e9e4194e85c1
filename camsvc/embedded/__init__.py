"""The embedded PostgreSQL and S3 servers."""
