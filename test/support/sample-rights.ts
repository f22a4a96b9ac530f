import type { Rights } from '../../src/core/shortlist/photo-of-class.repository.ts';

export function sampleRights(changes: Partial<Rights> = {}): Rights {
  return {
    source: 'folder',
    sourceId: 'a.jpg',
    url: 'file:///photos/a.jpg',
    pageUrl: null,
    creator: null,
    licence: 'CC0-1.0',
    licenceUrl: null,
    rightsBy: 'source',
    foundOn: '2026-11-26',
    ...changes,
  };
}
