"""Session, batcher, incident recorder, spool, publisher, worker, supervisor."""
