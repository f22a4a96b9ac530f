/** Converts other raw pixels to 8-bit RGB with the arithmetic of Pillow, so that even the rounding is the same. */

/**
 * RGBA on white, as Pillow's `Image.paste(picture, mask=alpha)` on a white picture (`src/libImaging/Paste.c`).
 * `rgba` and the result are interleaved, row-major.
 */
export function flattenOnWhite(rgba: Uint8Array): Uint8Array {
  const rgb = new Uint8Array((rgba.length / 4) * 3);
  for (let from = 0, to = 0; from < rgba.length; from += 4, to += 3) {
    const alpha = rgba[from + 3] ?? 0;
    const white = 255 * (255 - alpha);
    rgb[to] = divideBy255((rgba[from] ?? 0) * alpha + white);
    rgb[to + 1] = divideBy255((rgba[from + 1] ?? 0) * alpha + white);
    rgb[to + 2] = divideBy255((rgba[from + 2] ?? 0) * alpha + white);
  }
  return rgb;
}

/**
 * CMYK (0 no ink, 255 full ink) as Pillow's `convert('RGB')` sees it, without colour profiles: what the ink leaves of
 * what black leaves (`src/libImaging/Convert.c`). `cmyk` and the result are interleaved, row-major.
 */
export function cmykToRgb(cmyk: Uint8Array): Uint8Array {
  const rgb = new Uint8Array((cmyk.length / 4) * 3);
  for (let from = 0, to = 0; from < cmyk.length; from += 4, to += 3) {
    const left = 255 - (cmyk[from + 3] ?? 0);
    rgb[to] = left - divideBy255((cmyk[from] ?? 0) * left);
    rgb[to + 1] = left - divideBy255((cmyk[from + 1] ?? 0) * left);
    rgb[to + 2] = left - divideBy255((cmyk[from + 2] ?? 0) * left);
  }
  return rgb;
}

/** `value / 255`, rounded, for 0 to 255 * 255, without dividing. */
function divideBy255(value: number): number {
  const biased = value + 128;
  return ((biased >> 8) + biased) >> 8;
}
