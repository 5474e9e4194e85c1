"""The C2PA library, as far as it is used: signs claims about a file, without reading it where its hash is known.

Its Python package has no call for that, its C interface does: ``c2pa_builder_sign_data_hashed_embeddable``.
"""

from __future__ import annotations

import ctypes
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from camsvc.errors import MediaError
from camsvc.evidence.identity import SigningIdentity

SIDECAR = b"application/c2pa"
FORMAT = "video/mp4"
SETTINGS = {"core": {"backing_store_memory_threshold_in_mb": 8}, "verify": {"verify_after_sign": False}}
"""What the library would keep in memory (up to 512 MB of each copy) goes to a temporary file; measured with a part of
150 MB: 150 MB of memory instead of 440. It need not read its own work again: tests do, with its reader."""


@dataclass(frozen=True, slots=True)
class Ingredient:
    """What a file was made of."""

    title: str
    manifest: bytes
    """Its own sidecar."""


def sign_hash(definition: Mapping[str, Any], sha256: str, identity: SigningIdentity) -> bytes:
    """A manifest store for a file of which only the SHA-256 is known: a sidecar, bound to every byte of it.

    ``c2pa.hash.data`` over the whole file, no part left out. Raises MediaError.
    """
    import c2pa  # 23 MB of library
    from c2pa import c2pa as native

    library = native._lib  # noqa: SLF001  the package keeps its C interface to itself
    # The hash as numbers: a text would be taken for the bytes of its letters.
    bound = {"name": "whole file", "alg": "sha256", "hash": list(bytes.fromhex(sha256)), "pad": [], "exclusions": []}
    with _builder(definition, identity) as (builder, signer):
        handle, key = builder._handle, signer._handle  # noqa: SLF001  as above
        _taken(
            native,
            library,
            lambda out: library.c2pa_builder_data_hashed_placeholder(
                handle, ctypes.c_size_t(signer.reserve_size()), SIDECAR, out
            ),
        )
        made = _taken(
            native,
            library,
            lambda out: library.c2pa_builder_sign_data_hashed_embeddable(
                handle, key, json.dumps(bound).encode(), SIDECAR, None, out
            ),
        )
    if not made:
        raise MediaError(f"the C2PA library {c2pa.sdk_version()} made nothing")
    return made


def sign_file(
    definition: Mapping[str, Any],
    ingredients: Sequence[Ingredient],
    source: Path,
    out: Path,
    identity: SigningIdentity,
) -> None:
    """Writes ``source`` to ``out`` with the manifest embedded. It is read twice. Raises MediaError, OSError."""
    import io

    import c2pa

    try:
        with _builder(definition, identity) as (builder, signer):
            for number, each in enumerate(ingredients):
                builder.add_resource(f"ingredient-{number}.c2pa", io.BytesIO(each.manifest))
            with source.open("rb") as file, out.open("w+b") as target:
                builder.sign(signer, FORMAT, file, target)
    except c2pa.C2paError as error:
        raise MediaError(f"no C2PA manifest can be put into {source.name}: {error}") from error


@contextmanager
def _builder(definition: Mapping[str, Any], identity: SigningIdentity) -> Iterator[tuple[Any, Any]]:
    import c2pa

    try:
        signer = c2pa.Signer.from_callback(identity.sign, c2pa.C2paSigningAlg.PS256, identity.certificate, None)
        context = c2pa.Context(settings=c2pa.Settings.from_dict(SETTINGS))
        with signer, context, c2pa.Builder(json.dumps(definition), context) as builder:
            yield builder, signer
    except c2pa.C2paError as error:
        raise MediaError(f"no C2PA manifest can be made: {error}") from error


def _taken(native: Any, library: Any, call: Callable[[Any], int]) -> bytes:  # noqa: ANN401  ctypes has no types
    """What a call of the library wrote to the memory that it gives; freed."""
    out = ctypes.POINTER(ctypes.c_ubyte)()
    length = call(ctypes.byref(out))
    if length < 0:
        reason = native._read_native_error() or "no reason given"  # noqa: SLF001
        raise MediaError(f"no C2PA manifest can be made: {reason}")
    try:
        return ctypes.string_at(out, length)
    finally:
        library.c2pa_free(out)
