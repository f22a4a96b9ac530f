import { describe, expect, it } from 'vitest';
import { loadClassTable } from '../../../../src/core/collection/class-table.process.ts';
import {
  CLASS_LIST_NAMES,
  classListSha256,
  parseClassTable,
  wnidsOf,
} from '../../../../src/core/collection/class-table.ts';
import { createWordNet } from '../../../../src/core/collection/wordnet.ts';

const wordNet = () => createWordNet([]);
/** SHA-256 of the wnids of the released sets, sorted and joined with line feeds. */
const RELEASED = {
  'imagenet-1k': '385e0240499426c022b773be1ae4da780f057b89c9694c7f47199f62746b6edd',
  'imagenet-a': 'f6aa4b23244554d9b864fd715ae20048f6a9686388911b2dfbf1ada01bf0f520',
  'imagenet-o': '39f8e64e8f89efad8fd9615c061abc61695ffbd27793e87199181cb4fb340083',
};

describe('the class table', () => {
  it.each(CLASS_LIST_NAMES)('has the released classes of %s', async (name) => {
    const { rows } = await loadClassTable();
    expect(classListSha256(wnidsOf(name, rows))).toBe(RELEASED[name]);
  });

  it.each(['', 'tench\n'])('is refused if it was changed', (text) => {
    expect(() => parseClassTable(text, 'classes.jsonl', wordNet)).toThrow(
      /^Expected the class table with SHA-256 \w{64} in classes.jsonl but received \w{64}; restore the file/,
    );
  });
});

it('classListSha256 hashes the wnids joined with line feeds, without one at the end', () => {
  // printf 'n01440764\nn01443537' | sha256sum
  expect(classListSha256(['n01440764', 'n01443537'])).toBe(
    '8124f08fe238576425f6546f16ad15afbba9b919659fe28afdec56ea5935c67d',
  );
});
