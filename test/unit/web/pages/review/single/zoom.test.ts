import { expect, it } from 'vitest';
import { pan, pinch, placeOf, zoomTo } from '../../../../../../src/web/pages/review/single/zoom.ts';

const photo = { width: 2_000, height: 1_000 };
const view = { width: 832, height: 632 };
const fitting = { photo, view, zoom: null };
const inMiddle = { ...fitting, zoom: zoomTo(1, { x: 416, y: 316 }, fitting) };

it('a photo fits into the middle of the view, and a drag leaves it there', () => {
  expect(placeOf(photo, view, null)).toEqual({ left: 16, top: 116, width: 800, height: 400, scale: 0.4 });
  expect(pan({ x: 50, y: 50 }, fitting)).toBeNull();
});

it('a zoom keeps the point under the pointer where it is', () => {
  const { left, top, width, height } = placeOf(photo, view, zoomTo(1, { x: 216, y: 216 }, fitting));
  expect([left + 0.25 * width, top + 0.25 * height]).toEqual([216, 216].map((one) => expect.closeTo(one, 6)));
});

it('two fingers that move apart by half enlarge the photo by half', () => {
  const fingers = { from: { x: 336, y: 316 }, to: { x: 296, y: 316 }, other: { x: 416, y: 316 } };
  expect(pinch(fingers, inMiddle)?.scale).toBeCloseTo(1.5);
});

it('a zoom is kept for a photo of another size, and ends where a photo fits', () => {
  const other = { width: 3_000, height: 3_000 };
  expect(placeOf(other, view, inMiddle.zoom)).toMatchObject({ scale: 1, left: -1_084, top: -1_184 });
  expect(zoomTo(0.3, { x: 0, y: 0 }, inMiddle)).toBeNull();
});

it('a drag does not move a photo out of the view', () => {
  const moved = pan({ x: 5_000, y: -5_000 }, inMiddle);
  expect(placeOf(photo, view, moved)).toMatchObject({ left: 0, top: 632 - 1_000 });
});
