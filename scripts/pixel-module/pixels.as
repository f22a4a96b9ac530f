// AssemblyScript (TypeScript's syntax, compiled to WebAssembly): loops over pixels, most of them 128 bits at a time. `node --import tsx
// scripts/build-pixel-module.ts` compiles it into src/core/photo/pixels/pixel-module-bytes.ts.
//
// Resizing. Sums are those of Pillow (see src/core/photo/pixels/resize.ts): 8-bit pixels times weights in units of 2^-22, plus one half, shifted right by 22. A weight
// does not fit 16 bits, so it comes in two parts, weight = high * 2^11 + low, the high part of a weight beyond 0..1 a little outside 0..2^11: i32x4.dot_i16x8_s then
// multiplies two pixels by two weights and adds them up in one instruction. Low parts are never negative. Low sums may wrap around; since the sum as a
// whole fits 32 bits, it is right all the same.
//
// Weights come in pairs, for two neighbouring pixels: two i16 high parts, then two i16 low parts, 8 bytes in all. An odd
// last pixel is paired with whatever follows it, at weight 0, so up to one pixel (one row) past the end is read.

const PRECISION_BITS: i32 = 22;
const HALF: i32 = 1 << 21;
const LOW_BITS: i32 = 11;

/** Converts a sum back to a level in each lane. Filters with negative weights give levels outside 0..255, which narrowing clips. */
@inline
function level(high: v128, low: v128): v128 {
  const sum = i32x4.add(i32x4.add(i32x4.shl(high, LOW_BITS), low), i32x4.splat(HALF));
  return i32x4.shr_s(sum, PRECISION_BITS);
}

/** Two interleaved RGB pixels at `from` as i16 pairs, one channel in each lane: r0 r1, g0 g1, b0 b1, and an empty lane. */
@inline
function pixelPair(from: usize): v128 {
  return i8x16.swizzle(v128.load64_zero(from), i8x16(0, -1, 3, -1, 1, -1, 4, -1, 2, -1, 5, -1, -1, -1, -1, -1));
}

/**
 * Horizontal pass over `rows` rows. Column i of the output is computed from `pairs[i]` pairs of pixels, starting at byte
 * `starts[i]` of the row. The weights of all columns follow one another. Writes up to 1 byte past the last row.
 */
export function filterAlongRows(
  source: usize,
  sourceStride: usize,
  rows: i32,
  out: usize,
  outStride: usize,
  columns: i32,
  starts: usize,
  pairs: usize,
  weights: usize,
): void {
  let y: i32 = 0;
  for (; y + 4 <= rows; y += 4) {
    let weight = weights;
    const row = source + <usize>y * sourceStride;
    let to = out + <usize>y * outStride;
    for (let x: i32 = 0; x < columns; x++) {
      let from = row + <usize>load<i32>(starts + (<usize>x << 2));
      const end = weight + (<usize>load<i32>(pairs + (<usize>x << 2)) << 3);
      let h0 = i32x4.splat(0), h1 = h0, h2 = h0, h3 = h0, l0 = h0, l1 = h0, l2 = h0, l3 = h0;
      for (; weight < end; weight += 8, from += 6) {
        const high = v128.load32_splat(weight);
        const low = v128.load32_splat(weight, 4);
        let at = from;
        let pair = pixelPair(at);
        h0 = i32x4.add(h0, i32x4.dot_i16x8_s(pair, high));
        l0 = i32x4.add(l0, i32x4.dot_i16x8_s(pair, low));
        at += sourceStride;
        pair = pixelPair(at);
        h1 = i32x4.add(h1, i32x4.dot_i16x8_s(pair, high));
        l1 = i32x4.add(l1, i32x4.dot_i16x8_s(pair, low));
        at += sourceStride;
        pair = pixelPair(at);
        h2 = i32x4.add(h2, i32x4.dot_i16x8_s(pair, high));
        l2 = i32x4.add(l2, i32x4.dot_i16x8_s(pair, low));
        at += sourceStride;
        pair = pixelPair(at);
        h3 = i32x4.add(h3, i32x4.dot_i16x8_s(pair, high));
        l3 = i32x4.add(l3, i32x4.dot_i16x8_s(pair, low));
      }
      const some = i16x8.narrow_i32x4_u(level(h0, l0), level(h1, l1));
      const others = i16x8.narrow_i32x4_u(level(h2, l2), level(h3, l3));
      const four = i8x16.narrow_i16x8_u(some, others);
      v128.store32_lane(to, four, 0);
      v128.store32_lane(to + outStride, four, 1);
      v128.store32_lane(to + outStride * 2, four, 2);
      v128.store32_lane(to + outStride * 3, four, 3);
      to += 3;
    }
  }
  for (; y < rows; y++) {
    let weight = weights;
    const row = source + <usize>y * sourceStride;
    let to = out + <usize>y * outStride;
    for (let x: i32 = 0; x < columns; x++) {
      let from = row + <usize>load<i32>(starts + (<usize>x << 2));
      const end = weight + (<usize>load<i32>(pairs + (<usize>x << 2)) << 3);
      let high = i32x4.splat(0), low = high;
      for (; weight < end; weight += 8, from += 6) {
        const pair = pixelPair(from);
        high = i32x4.add(high, i32x4.dot_i16x8_s(pair, v128.load32_splat(weight)));
        low = i32x4.add(low, i32x4.dot_i16x8_s(pair, v128.load32_splat(weight, 4)));
      }
      const one = i16x8.narrow_i32x4_u(level(high, low), high);
      v128.store32_lane(to, i8x16.narrow_i16x8_u(one, one), 0);
      to += 3;
    }
  }
}

/**
 * Vertical pass. Row i of the output, `rowBytes` wide, is computed from `pairs[i]` pairs of rows, starting at byte
 * `starts[i]` of the source. The weights of all rows follow one another. Writes up to 15 bytes past the last row.
 */
export function filterDownColumns(
  source: usize,
  sourceStride: usize,
  rows: i32,
  out: usize,
  rowBytes: i32,
  starts: usize,
  pairs: usize,
  weights: usize,
): void {
  let rowWeights = weights;
  let rowEnd = weights;
  for (let y: i32 = 0; y < rows; y++) {
    rowWeights = rowEnd;
    rowEnd = rowWeights + (<usize>load<i32>(pairs + (<usize>y << 2)) << 3);
    const start = source + <usize>load<i32>(starts + (<usize>y << 2));
    const to = out + <usize>y * <usize>rowBytes;
    for (let x: i32 = 0; x < rowBytes; x += 16) {
      let from = start + <usize>x;
      let h0 = i32x4.splat(0), h1 = h0, h2 = h0, h3 = h0, l0 = h0, l1 = h0, l2 = h0, l3 = h0;
      for (let weight = rowWeights; weight < rowEnd; weight += 8) {
        const high = v128.load32_splat(weight);
        const low = v128.load32_splat(weight, 4);
        const upper = v128.load(from);
        const lower = v128.load(from + sourceStride);
        from += sourceStride << 1;
        // Bytes of both rows alternately, widened: one column in each 32-bit lane.
        const left = i8x16.shuffle(upper, lower, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
        const right = i8x16.shuffle(upper, lower, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
        let pair = i16x8.extend_low_i8x16_u(left);
        h0 = i32x4.add(h0, i32x4.dot_i16x8_s(pair, high));
        l0 = i32x4.add(l0, i32x4.dot_i16x8_s(pair, low));
        pair = i16x8.extend_high_i8x16_u(left);
        h1 = i32x4.add(h1, i32x4.dot_i16x8_s(pair, high));
        l1 = i32x4.add(l1, i32x4.dot_i16x8_s(pair, low));
        pair = i16x8.extend_low_i8x16_u(right);
        h2 = i32x4.add(h2, i32x4.dot_i16x8_s(pair, high));
        l2 = i32x4.add(l2, i32x4.dot_i16x8_s(pair, low));
        pair = i16x8.extend_high_i8x16_u(right);
        h3 = i32x4.add(h3, i32x4.dot_i16x8_s(pair, high));
        l3 = i32x4.add(l3, i32x4.dot_i16x8_s(pair, low));
      }
      const some = i16x8.narrow_i32x4_u(level(h0, l0), level(h1, l1));
      const others = i16x8.narrow_i32x4_u(level(h2, l2), level(h3, l3));
      v128.store(to + <usize>x, i8x16.narrow_i16x8_u(some, others));
    }
  }
}

/** Turns a plane of bytes: what was row y becomes column y. `out` has room for `width * height` bytes. */
export function transpose(source: usize, width: i32, height: i32, out: usize): void {
  for (let x: i32 = 0; x < width; x++) {
    let from = source + <usize>x;
    const to = out + <usize>(x * height);
    for (let y: i32 = 0; y < height; y++) {
      store<u8>(to + <usize>y, load<u8>(from));
      from += <usize>width;
    }
  }
}

/** Sixteen bytes, widened and normalised: `(byte - mean) / std` in float32, written in order from `to`. */
@inline
function storeNormalised(bytes: v128, to: usize, mean: v128, std: v128): void {
  const left = i16x8.extend_low_i8x16_u(bytes);
  const right = i16x8.extend_high_i8x16_u(bytes);
  v128.store(to, normalised(i32x4.extend_low_i16x8_u(left), mean, std));
  v128.store(to, normalised(i32x4.extend_high_i16x8_u(left), mean, std), 16);
  v128.store(to, normalised(i32x4.extend_low_i16x8_u(right), mean, std), 32);
  v128.store(to, normalised(i32x4.extend_high_i16x8_u(right), mean, std), 48);
}

@inline
function normalised(levels: v128, mean: v128, std: v128): v128 {
  return f32x4.div(f32x4.sub(f32x4.convert_i32x4_u(levels), mean), std);
}

@inline
function reversed(bytes: v128): v128 {
  return i8x16.shuffle(bytes, bytes, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
}

/**
 * Converts one interleaved RGB picture without padding to three planes of float32, each `(level - mean) / std`. `scale`
 * points to six float32 values: the means of red, green and blue, then their standard deviations. If 16 does not divide the
 * width, the last block of a row overlaps the one before it.
 */
export function fillPlanes(source: usize, width: i32, height: i32, mirrored: i32, out: usize, scale: usize): void {
  if (width < 16) {
    fillNarrowPlanes(source, width, height, mirrored, out, scale);
    return;
  }
  const redMean = v128.load32_splat(scale), greenMean = v128.load32_splat(scale, 4), blueMean = v128.load32_splat(scale, 8);
  const redStd = v128.load32_splat(scale, 12), greenStd = v128.load32_splat(scale, 16), blueStd = v128.load32_splat(scale, 20);
  const plane = <usize>(width * height) << 2;
  for (let y: i32 = 0; y < height; y++) {
    const row = source + <usize>(y * width * 3);
    const outRow = out + (<usize>(y * width) << 2);
    for (let block: i32 = 0; block < width; block += 16) {
      const x = min(block, width - 16);
      const from = row + <usize>(x * 3);
      const a = v128.load(from), b = v128.load(from, 16), c = v128.load(from, 32);
      let red = i8x16.shuffle(a, b, 0, 3, 6, 9, 12, 15, 18, 21, 24, 27, 30, 0, 0, 0, 0, 0);
      red = i8x16.shuffle(red, c, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 17, 20, 23, 26, 29);
      let green = i8x16.shuffle(a, b, 1, 4, 7, 10, 13, 16, 19, 22, 25, 28, 31, 0, 0, 0, 0, 0);
      green = i8x16.shuffle(green, c, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 18, 21, 24, 27, 30);
      let blue = i8x16.shuffle(a, b, 2, 5, 8, 11, 14, 17, 20, 23, 26, 29, 0, 0, 0, 0, 0, 0);
      blue = i8x16.shuffle(blue, c, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 16, 19, 22, 25, 28, 31);
      if (mirrored) {
        red = reversed(red);
        green = reversed(green);
        blue = reversed(blue);
      }
      const to = outRow + (<usize>(mirrored ? width - 16 - x : x) << 2);
      storeNormalised(red, to, redMean, redStd);
      storeNormalised(green, to + plane, greenMean, greenStd);
      storeNormalised(blue, to + plane * 2, blueMean, blueStd);
    }
  }
}

/** `fillPlanes` for rows shorter than a block. */
function fillNarrowPlanes(source: usize, width: i32, height: i32, mirrored: i32, out: usize, scale: usize): void {
  for (let channel: i32 = 0; channel < 3; channel++) {
    const mean = load<f32>(scale + <usize>(channel << 2));
    const std = load<f32>(scale + <usize>(channel << 2), 12);
    for (let y: i32 = 0; y < height; y++) {
      for (let x: i32 = 0; x < width; x++) {
        const level = <f32>load<u8>(source + <usize>((y * width + x) * 3 + channel));
        const column = mirrored ? width - 1 - x : x;
        store<f32>(out + (<usize>((channel * height + y) * width + column) << 2), (level - mean) / std);
      }
    }
  }
}
