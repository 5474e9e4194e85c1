"""What the store keeps under a key, version by version: which there are, which are held, how one goes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from minio import Minio

from camsvc.errors import ConflictError, StoreError
from camsvc.storage.answers import is_never_held, is_refusal, translated


@dataclass(frozen=True, slots=True)
class Version:
    key: str
    id: str | None
    size_bytes: int
    is_marker: bool
    """Of a deletion: it holds nothing, and hides what is older."""


class Versions:
    """Of one bucket. Any thread. Raises as ``ObjectStore``."""

    def __init__(self, client: Minio, where: str, bucket: str) -> None:
        """``where`` names the store in errors."""
        self._client = client
        self._where = where
        self._bucket = bucket

    def below(self, prefix: str) -> Sequence[Version]:
        with translated(self._where, prefix):
            return [
                Version(found.object_name, found.version_id, found.size or 0, bool(found.is_delete_marker))
                for found in self._client.list_objects(
                    bucket_name=self._bucket, prefix=prefix, recursive=True, include_version=True
                )
                if found.object_name is not None and not found.is_dir
            ]

    def of(self, key: str) -> Sequence[Version]:
        return [each for each in self.below(key) if each.key == key]

    def remove(self, version: Version) -> None:
        """Raises ConflictError when it is held."""
        try:
            with translated(self._where, version.key):
                self._client.remove_object(bucket_name=self._bucket, object_name=version.key, version_id=version.id)
        except StoreError as error:
            if is_refusal(error) and self.is_held(version.key, version.id):
                raise ConflictError(f"{version.key} is held: release the hold first") from error
            raise

    def hold(self, key: str) -> None:
        """The newest version."""
        with translated(self._where, key):
            self._client.enable_object_legal_hold(bucket_name=self._bucket, object_name=key)

    def release(self, key: str) -> None:
        """All of them."""
        for version in self.of(key):
            if not version.is_marker:
                with translated(self._where, key):
                    self._client.disable_object_legal_hold(
                        bucket_name=self._bucket, object_name=key, version_id=version.id
                    )

    def is_held(self, key: str, version: str | None = None) -> bool:
        """None: the newest version."""
        try:
            with translated(self._where, key):
                return self._client.is_object_legal_hold_enabled(
                    bucket_name=self._bucket, object_name=key, version_id=version
                )
        except StoreError as error:
            if is_never_held(error):
                return False
            raise
