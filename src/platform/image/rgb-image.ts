/** A decoded picture: 8-bit RGB, row-major, interleaved (`data[(y * width + x) * 3 + channel]`), EXIF orientation already applied. */
export interface RgbImage {
  readonly width: number;
  readonly height: number;
  /** `width * height * 3` bytes, 0..255. */
  readonly data: Uint8Array;
}
