"""What is in a PNG: its size from its header, its colours as a browser decodes them."""

from __future__ import annotations

import base64
import struct

from playwright.sync_api import Page

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_COUNT = """async ([encoded, colour, [left, top, right, bottom]]) => {
    const image = new Image();
    image.src = `data:image/png;base64,${encoded}`;
    await image.decode();
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [image.width, image.height];
    const paint = canvas.getContext('2d');
    paint.drawImage(image, 0, 0);
    const pixels = paint.getImageData(left, top, right - left, bottom - top).data;
    const wanted = [1, 3, 5].map(at => parseInt(colour.slice(at, at + 2), 16));
    let found = 0;
    for (let at = 0; at < pixels.length; at += 4) {
        if (wanted.every((part, nth) => pixels[at + nth] === part)) found += 1;
    }
    return found / (pixels.length / 4);
}"""


def chunks(png: bytes) -> list[str]:
    """The names of a PNG's chunks, in order."""
    assert png.startswith(_SIGNATURE)
    found, at = [], len(_SIGNATURE)
    while at < len(png):
        (length,) = struct.unpack(">I", png[at : at + 4])
        found.append(png[at + 4 : at + 8].decode("ascii"))
        at += 12 + length
    return found


def size(png: bytes) -> tuple[int, int]:
    """Width and height in pixels."""
    assert chunks(png)[0] == "IHDR"
    width, height = struct.unpack(">II", png[16:24])
    return width, height


def share_of(page: Page, png: bytes, colour: str, box: tuple[int, int, int, int] | None = None) -> float:
    """How much of a picture, or of a box (left, top, right, bottom) in it, has just this colour (#rrggbb): 0 to 1."""
    area = box or (0, 0, *size(png))
    share: float = page.evaluate(_COUNT, [base64.b64encode(png).decode("ascii"), colour, list(area)])
    return share
