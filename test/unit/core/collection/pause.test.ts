import { expect, it } from 'vitest';
import { pausesText, type PausableStage, type PauseNote } from '../../../../src/core/collection/pause.ts';

const now = new Date(2026, 10, 25, 18, 0);
const since = new Date(2026, 10, 25, 9, 5);
const pause = (stage: PausableStage, changes: Partial<PauseNote> = {}): PauseNote => ({
  stage,
  collection: null,
  by: 'ann@lab3',
  since,
  ...changes,
});

it.each([
  ['nothing', [], ''],
  ['a stage', [pause('fetch')], 'fetch is paused since 09:05 by ann@lab3 (winnow unpause fetch ends that)'],
  [
    'stages that were paused together',
    [pause('discover'), pause('filter')],
    'discover and filter are paused since 09:05 by ann@lab3 (winnow unpause discover filter ends that)',
  ],
  [
    'all of them',
    [pause('discover'), pause('fetch'), pause('filter')],
    'discover, fetch and filter are paused since 09:05 by ann@lab3 (winnow unpause all ends that)',
  ],
  [
    'one of a collection, and one of everybody, since yesterday',
    [pause('fetch', { collection: 'birds' }), pause('fetch', { by: 'bo@lab', since: new Date(2026, 10, 24, 23, 59) })],
    'fetch of birds is paused since 09:05 by ann@lab3 (winnow unpause fetch --collection birds ends that); ' +
      'fetch is paused since 2026-11-24 23:59 by bo@lab (winnow unpause fetch ends that)',
  ],
])('the words for what is paused name %s, by whom, and what ends it', (_what, pauses, text) => {
  expect(pausesText(pauses, now)).toBe(text);
});
