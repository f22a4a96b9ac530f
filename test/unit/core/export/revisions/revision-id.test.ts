import { describe, expect, it } from 'vitest';
import { idOf } from '../../../../../src/core/export/revisions/revision-id.ts';
import { sha256Of } from '../../../../support/sha256.ts';
import { protocolOf as sampleProtocol } from '../../../../support/exported.ts';

describe('the id of a revision', () => {
  it('does not depend on the order of keys or on the id itself', () => {
    const protocol = sampleProtocol();
    const turned = Object.fromEntries(Object.entries(protocol).toReversed()) as typeof protocol;
    expect(idOf(turned)).toBe(idOf(protocol));
    const renamed: typeof protocol = { ...protocol, id: sha256Of('other') };
    expect(idOf(renamed)).toBe(idOf(protocol));
  });

  it('changes with every fact', () => {
    const protocol = sampleProtocol();
    const changed = [
      { ...protocol, photos: protocol.photos + 1 },
      { ...protocol, classes: [] },
      { ...protocol, files: { ...protocol.files, 'decisions.csv': sha256Of('changed') } },
    ];
    expect(new Set([protocol, ...changed].map(idOf)).size).toBe(4);
  });
});
