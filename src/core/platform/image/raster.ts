/** In whole pixels. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

/** A decoded picture: 8-bit RGB, row-major, interleaved (`data[(y * width + x) * 3 + channel]`), EXIF orientation already applied. */
export interface RgbImage extends Size {
  /** `width * height * 3` bytes, 0..255. */
  readonly data: Uint8Array;
}

/** The brightness of a decoded picture (Y of ITU-R 601, as JPEGs store it), 8-bit, row-major, upright: `data[y * width + x]`. */
export interface LumaImage extends Size {
  /** `width * height` bytes, 0..255. */
  readonly luma: Uint8Array;
}
