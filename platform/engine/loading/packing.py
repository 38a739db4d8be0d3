"""Layers as a revision keeps them: each by its name, what it says, and packed as it was read.

The merged definitions of a revision do not tell which layer said what. For that each layer is
kept as well (`storing.dump`, compressed: a tenth of its size), with a digest of what it says, so
that a layer that has not changed need not be unpacked to be known as such.
"""

from __future__ import annotations

import base64
import binascii
import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field

from engine.loading.merging import Trees
from engine.loading.sources import TreeLayer
from engine.loading.storing import UNREADABLE, dump, restore
from engine.problems import Refusal
from engine.schema.differences import Plain, digest_of


@dataclass(frozen=True, slots=True)
class KeptLayer:
    """A layer of an applied revision; `digest` covers what it says, wherever that was written.

    `texts` are the files of one that lies in no folder, by path.
    """

    name: str
    digest: str
    packed: str = field(repr=False)
    texts: Mapping[str, str] = field(default_factory=dict, repr=False)

    def unpacked(self) -> TreeLayer:
        """The layer as it was read. Raises Refusal when it cannot be understood."""
        try:
            data = json.loads(zlib.decompress(base64.b64decode(self.packed)))
        except (binascii.Error, zlib.error, ValueError) as error:
            raise Refusal(UNREADABLE(why=f"{type(error).__name__} {error}")) from None
        return TreeLayer(self.name, restore(data), self.texts)


def pack(layers: Sequence[TreeLayer]) -> str:
    """The layers as one text, which `unpack` reads."""
    return packed_again(
        [
            KeptLayer(layer.name, said(layer.trees), _packed(layer.trees), dict(layer.texts))
            for layer in layers
        ]
    )


def packed_again(layers: Sequence[KeptLayer]) -> str:
    """Layers that were unpacked, as one text again."""
    return json.dumps([asdict(layer) for layer in layers], ensure_ascii=False)


def unpack(text: str) -> tuple[KeptLayer, ...]:
    """The layers of a revision, lowest first. Raises Refusal for what `pack` never wrote."""
    try:
        return tuple(
            KeptLayer(
                str(one["name"]), str(one["digest"]), str(one["packed"]), one.get("texts") or {}
            )
            for one in json.loads(text)
        )
    except (KeyError, TypeError, ValueError) as error:
        raise Refusal(UNREADABLE(why=f"{type(error).__name__} {error}")) from None


def plain(trees: Trees) -> Plain:
    """The definitions without their places."""
    return {
        kind: {name: tree.to_plain() for name, tree in things.items()}
        for kind, things in trees.items()
    }


def said(trees: Trees) -> str:
    """A digest of what the definitions say; kinds of which there are none do not count."""
    return digest_of({kind: things for kind, things in plain(trees).items() if things})


def _packed(trees: Trees) -> str:
    written = json.dumps(dump(trees), ensure_ascii=False, separators=(",", ":"))
    return base64.b64encode(zlib.compress(written.encode())).decode("ascii")
