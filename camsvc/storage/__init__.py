"""Objects in S3, their keys, retention, fsck."""
