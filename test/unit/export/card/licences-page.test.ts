import { describe, expect, it } from 'vitest';
import { licencesPage } from '../../../../src/export/card/licences-page.ts';
import { EXPORT_REASONS } from '../../../../src/export/protocol.ts';
import { protocolOf as sampleProtocol } from '../../../support/exported.ts';

describe('LICENSES.md', () => {
  it('counts the photos of each licence, with its address and what it asks', () => {
    const page = licencesPage(
      sampleProtocol({
        licences: [
          { licence: 'CC-BY-NC-ND-4.0', url: 'https://creativecommons.org/licenses/by-nc-nd/4.0/', photos: 2 },
          { licence: 'CC-BY-SA', url: '', photos: 3 },
          { licence: 'Public-Domain', url: '', photos: 1 },
        ],
      }),
    );
    expect(page).toContain(
      [
        '| licence | photos | asks |',
        '| --- | --- | --- |',
        '| [CC-BY-NC-ND-4.0](https://creativecommons.org/licenses/by-nc-nd/4.0/) | 2 | BY, NC, ND |',
        '| [CC-BY-SA](https://creativecommons.org/licenses/list.en) | 3 | BY, SA |',
        '| Public-Domain | 1 | public domain |',
        '| all | 6 |  |',
      ].join('\n'),
    );
    for (const term of ['BY', 'NC', 'ND', 'SA', 'public domain']) expect(page.split(`- **${term}**: `)).toHaveLength(2);
    expect(page).toContain('For commercial work, leave out the photos under CC-BY-NC-ND-4.0.');
    expect(page).toContain('not legal advice');
  });

  it('says nothing of NC and ND if no photo has such a licence', () => {
    const page = licencesPage(sampleProtocol({ leftOut: [] }));
    expect(page).not.toMatch(/\*\*(?:NC|ND)\*\*|commercial|cropped or edited/);
    expect(page).toContain('No photo was left out.');
  });

  it('counts what was left out, in words for each reason', () => {
    const reasons = EXPORT_REASONS.map((reason, i) => ({ reason, count: i + 1 }));
    const page = licencesPage(sampleProtocol({ leftOut: reasons }));
    expect(page.match(/^\| \d+ \| .+ \|$/gm)).toHaveLength(EXPORT_REASONS.length);
    expect(page).toContain('| 2 | reviewers rejected it |');
  });

  it('names the licences that were allowed, and the photos that were taken down', () => {
    const { options } = sampleProtocol();
    const page = licencesPage(
      sampleProtocol({
        options: { ...options, licences: ['CC0-1.0', 'unknown'] },
        tombstones: [{ id: 'p1', wnid: 'n01440764', takenDownAt: '2026-11-26T12:00:00.000Z' }],
      }),
    );
    expect(page).toContain('allows only these licences: CC0-1.0, unknown.');
    expect(page).toContain('Taken down since an earlier revision: `p1`.');
  });

  it.each([
    ['ana@example.org', 'write to the curators: ana@example.org.'],
    [undefined, 'write to the curators. Name the photo by its id.'],
  ])('says whom to ask for a takedown if the contact is %j', (contact, text) => {
    expect(licencesPage(sampleProtocol(contact === undefined ? {} : { card: { contact } }))).toContain(text);
  });

  it('says what was written as PNG, and what the previews are', () => {
    const { options } = sampleProtocol();
    const page = licencesPage(sampleProtocol({ reencoded: 1, options: { ...options, thumbnails: true } }));
    expect(page).toContain('1 file written as PNG');
    expect(page).toContain('`thumbnails/` has smaller copies');
  });
});
