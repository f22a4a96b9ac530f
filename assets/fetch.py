#!/usr/bin/env python3
"""Download the photos of this test set from where they were found, and check every byte.

    python3 fetch.py --contact you@example.org

Photos go into test/, as test/metadata.jsonl says. A photo is saved only if its SHA-256 is the one that is recorded there.
Where the set has a photo without its metadata, the metadata is removed, and the SHA-256 of the result is checked too.
No file is ever overwritten. If the program is stopped, start it again: it goes on where it was.

It sends one request at a time and waits between two requests to the same host. If a host answers 429 or 5xx, it waits and
tries again, as long as the host asks for (Retry-After). A host that goes on refusing is left alone until the next start.

Some photos are in the set as PNG files, because the original had to be turned or converted. For those the original is
checked, and then converted with Pillow (pip install pillow). The PNG file may have other bytes than that of the set. Its
pixels are compared with pixels.sha256, and it is saved only if they are the same.
"""

import argparse
import email.utils
import errno
import hashlib
import http.client
import json
import os
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

try:
    from PIL import Image, ImageOps

    Image.MAX_IMAGE_PIXELS = None  # The hash is checked first, so the picture is one that winnow decoded.
except ImportError:
    Image = None

BLOCK = 1 << 16
TRANSIENT = (429, 500, 502, 503, 504)
DISK_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES)
STATES = {
    "present": "were there already",
    "fetched": "fetched",
    "stripped": "fetched, and their metadata removed",
    "converted": "fetched and converted to PNG with the same pixels",
    "gone": "gone: the host has them no longer",
    "changed": "changed: the host has other bytes now",
    "failed": "failed: may work later",
    "no-address": "have no address that can be fetched",
    "other-pixels": "not saved: this Pillow reads other pixels than the set has",
    "needs-pillow": "must be converted to PNG: install Pillow and start again",
    "in-the-way": "not saved: another file has the name",
}
GOOD = ("present", "fetched", "stripped", "converted")


class Problem(Exception):
    """Why a photo was not fetched: a key of STATES and a detail."""

    def __init__(self, state, detail):
        super().__init__(detail)
        self.state = state


def opener():
    """Opens http and https, and nothing else: no file:, no ftp:, not even after a redirect."""
    director = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler,
        urllib.request.HTTPHandler,
        urllib.request.HTTPSHandler,
        urllib.request.HTTPRedirectHandler,
        urllib.request.HTTPErrorProcessor,
        urllib.request.HTTPDefaultErrorHandler,
        urllib.request.UnknownHandler,
    ):
        director.add_handler(handler())
    return director


class Fetcher:
    def __init__(self, root, options):
        self.root = root
        self.options = options
        self.opener = opener()
        self.next_request = {}  # host -> time.monotonic() of the earliest next request
        self.refusing = {}  # host -> why it is left alone
        self.pixels = {}  # file in test/ -> SHA-256 of the pixels of a photo that must be converted
        with open(root / "pixels.sha256", encoding="utf-8", newline="\n") as lines:
            for line in lines:
                sha256, name = line.rstrip("\n").split("  test/", 1)
                self.pixels[name] = sha256

    def photo(self, row):
        """Fetch one photo, and return its state. Raises Problem."""
        target = self.target(row["file_name"])
        pixels = self.pixels.get(row["file_name"])
        if target.exists():
            if pixels is None and sha256_of(target) == row["sha256"]:
                return "present"
            # The PNG files that are made here have other bytes than the exported ones.
            if pixels is not None and pixels_of(target) == pixels:
                return "present"
            raise Problem("in-the-way", "the file there is not the photo of the set")
        url = address_of(row["source_url"])
        if pixels is not None and Image is None:
            raise Problem("needs-pillow", "the set has it as PNG")
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_name(target.name + ".part")
        try:
            self.download(url, part, row["original_sha256"])
            state = "fetched"
            if pixels is not None:
                convert(part, row, pixels)
                state = "converted"
            elif row["sha256"] != row["original_sha256"]:
                strip(part, row)
                state = "stripped"
            if target.exists():
                raise Problem("in-the-way", "the file appeared while the photo was fetched")
            os.rename(part, target)
        finally:
            if part.exists():
                part.unlink()
        return state

    def target(self, name):
        parts = name.split("/")
        if "\\" in name or ":" in parts[0] or any(part in ("", ".", "..") for part in parts):
            raise Problem("failed", "file_name is not a path below test/")
        return self.root / "test" / name

    def download(self, url, part, sha256):
        host = urllib.parse.urlsplit(url).netloc.lower()
        for attempt in range(self.options.retries + 1):
            if host in self.refusing:
                raise Problem("failed", self.refusing[host])
            try:
                self.attempt(url, host, part, sha256)
                return
            except urllib.error.HTTPError as error:
                why, is_refusal = f"HTTP {error.code}", error.code in (429, 503)
                wait = wait_after(error, 2.0**attempt)
            except http.client.InvalidURL as error:
                raise Problem("no-address", str(error)) from error
            except (OSError, http.client.HTTPException) as error:
                if getattr(error, "errno", None) in DISK_ERRORS:
                    sys.exit(f"Cannot write {part}: {error}. Make room and start again.")
                # A URLError says that there was no connection.
                why, is_refusal = str(error) or type(error).__name__, isinstance(error, urllib.error.URLError)
                wait = 2.0**attempt
            finally:
                self.next_request[host] = time.monotonic() + self.options.delay
            if wait > self.options.max_wait:
                self.refusing[host] = f"{host} asks to wait {wait:.0f} s ({why})"
                raise Problem("failed", self.refusing[host])
            self.next_request[host] = time.monotonic() + max(wait, self.options.delay)
        if is_refusal:
            self.refusing[host] = f"{host} is left alone until the next start ({why})"
        raise Problem("failed", why)

    def attempt(self, url, host, part, sha256):
        time.sleep(max(0.0, self.next_request.get(host, 0.0) - time.monotonic()))
        request = urllib.request.Request(url, headers={"User-Agent": f"winnow-fetch/1 (+{self.options.contact})"})
        digest, size, deadline = hashlib.sha256(), 0, time.monotonic() + self.options.timeout
        with self.opener.open(request, timeout=min(30.0, self.options.timeout)) as answer, open(part, "wb") as file:
            while block := answer.read1(BLOCK):
                size += len(block)
                if size > self.options.max_bytes:
                    raise Problem("changed", f"larger than {self.options.max_bytes} bytes")
                if time.monotonic() > deadline:
                    raise TimeoutError(f"not complete after {self.options.timeout:g} s")
                digest.update(block)
                file.write(block)
            if size != int(answer.headers.get("Content-Length", size)):
                raise ConnectionError("the connection ended early")
            file.flush()
            os.fsync(file.fileno())
        if digest.hexdigest() != sha256:
            raise Problem("changed", f"SHA-256 {digest.hexdigest()}")


def address_of(url):
    """The address as HTTP needs it, in ASCII. Raises Problem if it cannot be fetched."""
    try:
        parts = urllib.parse.urlsplit(url)
    except ValueError as error:
        raise Problem("no-address", str(error)) from error
    if parts.scheme not in ("http", "https") or not parts.netloc or not parts.netloc.isascii():
        raise Problem("no-address", "not an http or https address")
    return urllib.parse.quote(url, safe="%/:=&?~#+!$,;'@()*[]")


def wait_after(error, otherwise):
    """Seconds to wait after this answer. Raises Problem if waiting is of no use."""
    error.close()
    if error.code in (404, 410):
        raise Problem("gone", f"HTTP {error.code}")
    if error.code not in TRANSIENT:
        raise Problem("failed", f"HTTP {error.code}")
    return seconds_of(error.headers.get("Retry-After"), otherwise)


def seconds_of(retry_after, otherwise):
    """Retry-After is a number of seconds or a date (RFC 9110, 10.2.3)."""
    if retry_after is None:
        return otherwise
    if retry_after.strip().isdigit():
        return float(retry_after)
    try:
        return max(0.0, email.utils.parsedate_to_datetime(retry_after).timestamp() - time.time())
    except (TypeError, ValueError):
        return otherwise


def pixels_of(path):
    """SHA-256 of the pixels of a picture that this program has written. Raises Problem without Pillow."""
    if Image is None:
        raise Problem("needs-pillow", "the file that is there cannot be compared with the set")
    try:
        with Image.open(path) as picture:
            return hashlib.sha256(picture.convert("RGB").tobytes()).hexdigest()
    except OSError:
        return None


def sha256_of(path):
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(BLOCK):
            digest.update(block)
    return digest.hexdigest()


PNG_KEPT = b"IHDR PLTE IDAT IEND tRNS gAMA cHRM sRGB iCCP cICP mDCV cLLI sBIT pHYs".split()


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
    rgb.save(part, format="PNG")


def options_of(arguments):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--contact", required=True, help="your e-mail or web address; hosts see it in the User-Agent")
    parser.add_argument("--delay", type=float, default=1.0, help="seconds between two requests to a host (1)")
    parser.add_argument("--retries", type=int, default=5, help="how often to try again after 429, 5xx or no answer (5)")
    parser.add_argument("--timeout", type=float, default=120.0, help="seconds that a photo may take (120)")
    parser.add_argument("--max-wait", type=float, default=600.0, help="longest wait for a host, in seconds (600)")
    parser.add_argument("--max-bytes", type=int, default=1 << 28, help="largest photo (268435456)")
    options = parser.parse_args(arguments)
    if not options.contact.strip() or not options.contact.isascii() or not options.contact.isprintable():
        parser.error("--contact must be an e-mail or web address in plain letters")
    if min(options.delay, options.retries, options.timeout) < 0:
        parser.error("--delay, --retries and --timeout must not be negative")
    return options


def main(arguments=None):
    options = options_of(arguments)
    root = Path(__file__).resolve().parent
    fetcher, counts = Fetcher(root, options), dict.fromkeys(STATES, 0)
    with open(root / "test" / "metadata.jsonl", encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            row = json.loads(line)
            try:
                state = fetcher.photo(row)
            except Problem as problem:
                state = problem.state
                print(f"{state}\t{row['file_name']}\t{row['source_url']}\t{problem}", flush=True)
            counts[state] += 1
            if number % 100 == 0:
                print(f"{number} photos so far", file=sys.stderr, flush=True)
    for state, meaning in STATES.items():
        if counts[state] > 0:
            print(f"{counts[state]} {meaning}")
    return 0 if all(counts[state] == 0 for state in STATES if state not in GOOD) else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        print("Interrupted. Start it again to go on.", file=sys.stderr)
        sys.exit(130)
