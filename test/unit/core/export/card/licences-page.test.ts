import { describe, expect, it } from 'vitest';
import { packageRoot } from '../../../../../src/core/config/root.ts';
import { accountOf } from '../../../../../src/core/export/card/account.ts';
import { licencesPage } from '../../../../../src/core/export/card/licences-page.ts';
import { EXPORT_REASONS } from '../../../../../src/core/export/protocol.ts';
import { protocolOf as sampleProtocol } from '../../../../support/exported.ts';

const { options } = sampleProtocol();
const PAGES = {
  'licences.md': sampleProtocol({
    licences: [
      { licence: 'CC-BY-NC-ND-4.0', url: 'https://creativecommons.org/licenses/by-nc-nd/4.0/', photos: 2 },
      { licence: 'CC-BY-SA', url: '', photos: 3 },
      { licence: 'Public-Domain', url: '', photos: 1 },
    ],
    options: { ...options, licences: ['CC0-1.0', 'unknown'], thumbnails: true },
    tombstones: [{ id: 'p1', wnid: 'n01440764', takenDownAt: '2026-11-26T12:00:00.000Z' }],
    reencoded: 1,
    card: { contact: 'ana@example.org' },
  }),
  'licences-plain.md': sampleProtocol({ leftOut: [] }),
};

describe('LICENSES.md', () => {
  it.each(Object.entries(PAGES))('says what licences ask and what was left out, as %s', async (file, protocol) => {
    await expect(licencesPage(accountOf(protocol))).toMatchFileSnapshot(`${packageRoot}/test/fixtures/cards/${file}`);
  });

  it('counts what was left out, in words for each reason', () => {
    const reasons = EXPORT_REASONS.map((reason, i) => ({ reason, count: i + 1 }));
    const page = licencesPage(accountOf(sampleProtocol({ leftOut: reasons })));
    expect(page.match(/^\| \d+ \| .+ \|$/gm)).toHaveLength(EXPORT_REASONS.length);
    expect(page).toContain('| 2 | reviewers rejected it |');
  });
});
