"""Take in a body: unpacked as it comes, never more than a cap, never part of it as if it were whole."""

from __future__ import annotations

import zlib

CAP = 32 * 1024 * 1024
_STEP = 1024 * 1024
_GZIP = 31
_MAGIC = b"\x1f"


class TooLarge(Exception):
    """Report a body beyond the cap, or one packed in a way that was not asked for."""


class Unreadable(Exception):
    """Report a body that ends too early or is damaged."""


class Body:
    """Collect the pieces of a body. `cap` None: the caller takes pieces away as they come."""

    def __init__(self, encoding: str, *, cap: int | None = CAP) -> None:
        packing = encoding.strip().lower()
        if packing not in {"", "identity", "gzip"}:
            raise TooLarge(f'the answer is packed as "{packing}", which was not asked for')
        self._cap = cap
        self._unpack = zlib.decompressobj(_GZIP) if packing == "gzip" else None
        self._parts: list[bytes] = []
        self._size = 0
        self._has_begun = False

    def feed(self, piece: bytes) -> None:
        """Add a piece. Raises TooLarge over the cap, before the memory is taken."""
        self._has_begun = self._has_begun or bool(piece)
        if self._unpack is None:
            self._keep(piece)
            return
        try:
            while piece:
                if self._unpack.eof:  # it may be packed in several parts; what is none counts for nothing
                    if not piece.startswith(_MAGIC):
                        return
                    self._unpack = zlib.decompressobj(_GZIP)
                self._keep(self._unpack.decompress(piece, _STEP))
                piece = self._unpack.unconsumed_tail or self._unpack.unused_data
        except zlib.error:
            raise Unreadable("the packed answer is damaged") from None

    def take(self) -> bytes:
        """Give what has come since the last time."""
        taken = b"".join(self._parts)
        self._parts, self._size = [], 0
        return taken

    def finish(self) -> bytes:
        """Give the whole body. Raises Unreadable if its packing has not come to an end."""
        if self._unpack is not None and self._has_begun and not self._unpack.eof:
            raise Unreadable("the packed answer broke off")
        return self.take()

    def _keep(self, piece: bytes) -> None:
        self._size += len(piece)
        if self._cap is not None and self._size > self._cap:
            raise TooLarge(f"the answer is larger than {self._cap // (1024 * 1024)} MiB")
        self._parts.append(piece)
