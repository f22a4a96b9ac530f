/**
 * The part of `FETCH_SCRIPT` that changes pictures as the export did. It removes metadata byte for byte as `withoutMetadata` of
 * `src/platform/image/strip.ts`, and converts to the pixels of `decodeRgb`.
 */
export const PICTURE_CHANGES = String.raw`PNG_KEPT = b"IHDR PLTE IDAT IEND tRNS gAMA cHRM sRGB iCCP cICP mDCV cLLI sBIT pHYs".split()


def without_metadata(data):
    """The JPEG or PNG without its metadata, or None if its structure is not understood."""
    if data.startswith(b"\xff\xd8\xff"):
        return stripped_jpeg(data)
    return stripped_png(data) if data.startswith(b"\x89PNG\r\n\x1a\n") else None


def stripped_jpeg(data):
    parts, kept_from, end, in_scan = [], 0, 2, False
    while True:
        start = next_marker(data, end)
        # Only fill bytes may stand between segments.
        if start == -1 or (not in_scan and data[end:start].strip(b"\xff")):
            return None
        marker, content = data[start + 1], start + 2
        if marker == 0xD9:
            return b"".join(parts) + data[kept_from:content]
        is_of_picture = (0xC0 <= marker <= 0xCF and marker != 0xC8) or 0xDA <= marker <= 0xDD
        end = content + int.from_bytes(data[content : content + 2], "big")
        is_known = is_of_picture or 0xE0 <= marker <= 0xEF or marker == 0xFE
        if not is_known or end < content + 2 or end > len(data):
            return None
        if not is_of_picture:
            parts += [data[kept_from:start], kept_segment(marker, data[content + 2 : end])]
            kept_from = end
        in_scan = marker == 0xDA


def next_marker(data, at):
    """Position of the next marker, without stuffed zeros, fill bytes and restart markers, or -1."""
    at = data.find(b"\xff", at)
    while at != -1:
        following = data[at + 1] if at + 1 < len(data) else 0
        if following not in (0, 0xFF) and not 0xD0 <= following <= 0xD7:
            return at
        at = data.find(b"\xff", at + 1)
    return -1


def kept_segment(marker, content):
    """JFIF without its thumbnail, the colour transform of Adobe, a colour profile, or nothing."""
    if marker == 0xE0 and content.startswith(b"JFIF\0") and len(content) >= 14:
        content = content[:12] + b"\0\0"
    elif marker == 0xEE and content.startswith(b"Adobe"):
        content = content[:12]
    elif marker != 0xE2 or not content.startswith(b"ICC_PROFILE\0"):
        return b""
    return bytes((0xFF, marker)) + (len(content) + 2).to_bytes(2, "big") + content


def stripped_png(data):
    parts, at = [data[:8]], 8
    while at + 8 <= len(data):
        kind, end = data[at + 4 : at + 8], at + 12 + int.from_bytes(data[at : at + 4], "big")
        if end > len(data):
            return None
        if kind in PNG_KEPT:
            parts.append(data[at:end])
        elif not (kind.isalpha() and kind[:1].islower()):
            return None
        if kind == b"IEND":
            return b"".join(parts)
        at = end
    return None


def strip(part, row):
    data = without_metadata(part.read_bytes())
    if data is None or hashlib.sha256(data).hexdigest() != row["sha256"]:
        raise Problem("failed", "its metadata cannot be removed so that the bytes are those of the set")
    part.write_bytes(data)


def convert(part, row, pixels):
    """Write the picture as PNG with the pixels that winnow takes: upright, on white, 8 bits, RGB."""
    try:
        picture = Image.open(part)
        upright = ImageOps.exif_transpose(picture)
    except OSError as error:
        raise Problem("failed", f"this Pillow cannot read the picture: {error}") from error
    with picture:
        if upright.mode.startswith("I"):
            upright = upright.convert("I").point(lambda value: value / 256).convert("L")
        if "A" in upright.getbands() or "transparency" in upright.info:
            rgba = upright.convert("RGBA")
            upright = Image.new("RGB", rgba.size, "white")
            upright.paste(rgba, mask=rgba.getchannel("A"))
        rgb = Image.frombytes("RGB", upright.size, upright.convert("RGB").tobytes())
    if rgb.size != (row["width"], row["height"]):
        raise Problem("failed", f"the picture is {rgb.size[0]} x {rgb.size[1]} pixels")
    if hashlib.sha256(rgb.tobytes()).hexdigest() != pixels:
        raise Problem("other-pixels", "decoders of other versions may differ; try another version of Pillow")
    rgb.save(part, format="PNG")`;
