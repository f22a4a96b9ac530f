import { describe, expect, it } from 'vitest';
import { pan, placeOf, zoomTo } from '../../../../src/ui/review/zoom.ts';

const photo = { width: 2_000, height: 1_000 };
const stage = { width: 832, height: 632 };

describe('the zoom of a photo', () => {
  it('fits the photo into the stage, in its middle', () => {
    expect(placeOf(photo, stage, null)).toEqual({ left: 16, top: 116, width: 800, height: 400, scale: 0.4 });
  });

  it('keeps the point under the pointer where it is', () => {
    const at = { x: 216, y: 216 };
    const share = { x: (at.x - 16) / 800, y: (at.y - 116) / 400 };
    const zoom = zoomTo(1, at, { photo, stage, zoom: null });
    const { left, top, width, height } = placeOf(photo, stage, zoom);
    expect([left + share.x * width, top + share.y * height]).toEqual(
      [at.x, at.y].map((value) => expect.closeTo(value, 6)),
    );
  });

  it('is kept for a photo of another size as a place and a scale', () => {
    const zoom = zoomTo(1, { x: 416, y: 316 }, { photo, stage, zoom: null });
    expect(placeOf({ width: 3_000, height: 3_000 }, stage, zoom)).toMatchObject({
      scale: 1,
      left: -1_084,
      top: -1_184,
    });
  });

  it('goes back to the photo that fits', () => {
    const zoom = zoomTo(1, { x: 0, y: 0 }, { photo, stage, zoom: null });
    expect(zoomTo(0.3, { x: 0, y: 0 }, { photo, stage, zoom })).toBeNull();
  });

  it('does not move a photo out of the stage', () => {
    const zoom = zoomTo(1, { x: 416, y: 316 }, { photo, stage, zoom: null });
    const moved = pan({ x: 5_000, y: -5_000 }, { photo, stage, zoom });
    expect(placeOf(photo, stage, moved)).toMatchObject({ left: 0, top: 632 - 1_000 });
  });

  it('leaves a photo that fits where it is', () => {
    expect(pan({ x: 50, y: 50 }, { photo, stage, zoom: null })).toBeNull();
  });
});
