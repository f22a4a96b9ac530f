/** The brightness of a decoded picture (Y of ITU-R 601, as JPEGs store it), 8-bit, row-major, upright: `data[y * width + x]`. */
export interface LumaImage {
  readonly width: number;
  readonly height: number;
  /** `width * height` bytes, 0..255. */
  readonly luma: Uint8Array;
}
