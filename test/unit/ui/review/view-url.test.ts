import { describe, expect, it } from 'vitest';
import { toSha256 } from '../../../../src/kernel/ids.ts';
import { hrefOf, searchOf, viewOf, type ReviewView } from '../../../../src/ui/review/view-url.ts';

describe('the address of a review page', () => {
  it('holds the whole view, and gives it back', () => {
    const view: ReviewView = {
      filter: {
        wnid: 'n01440764',
        confusion: 'n01443537',
        source: 'flickr',
        state: 'rejected',
        reason: 'wrong-class',
        tag: 'pose',
        flagged: true,
        noise: true,
        pMin: 0,
        pMax: 0.05,
      },
      order: 'lowest',
      balanced: 50,
      photo: { sha256: toSha256('a'.repeat(64)), wnid: 'n01440764' },
    };
    expect(viewOf(searchOf(view))).toEqual(view);
    expect(searchOf({ ...view, photo: undefined })).toBe(
      '?class=n01440764&as=n01443537&source=flickr&state=rejected&reason=wrong-class&tag=pose&flagged=1&noise=1&p-min=0&p-max=0.05&order=lowest&balanced=50',
    );
  });

  it('is short if nothing is limited', () => {
    expect([searchOf({ filter: {} }), hrefOf('my birds', 'class/n01440764')]).toEqual([
      '',
      '/c/my%20birds/review/class/n01440764',
    ]);
  });

  it('leaves out what cannot be read', () => {
    const view = viewOf(
      '?state=toString&order=grid&reason=x&p-min=2&p-max=&balanced=0&photo=abc.n01440764&flagged=yes',
    );
    expect(view).toEqual({ filter: {} });
    expect(viewOf('?noise=1&order=noise')).toEqual({ filter: { noise: true } });
  });
});
