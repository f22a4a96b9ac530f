import { parse } from 'csv-parse/sync';
import { describe, expect, it } from 'vitest';
import {
  attributionCsvHeader,
  attributionCsvRows,
  attributionPageEntry,
  attributionText,
  creatorText,
  isStated,
  rightsTexts,
} from '../../../../../src/core/export/card/attribution.ts';
import { sha256Of } from '../../../../support/sha256.ts';
import { photoRow } from '../../../../support/photo-files.ts';

const tableOf = (...rows: ReturnType<typeof photoRow>[]): Record<string, string>[] =>
  parse(attributionCsvHeader + attributionCsvRows(rows), { columns: true });

describe('creatorText', () => {
  it.each(['NA', 'None', 'null', 'nan', 'N/A', '<NA>', '#N/A', '-1.#IND', ' NA '])(
    'marks the name %j, which pandas takes for a missing value, as a name',
    (name) => {
      expect(creatorText(name)).toBe(`${name.trim()} (name)`);
      expect(creatorText(creatorText(name))).toBe(creatorText(name));
    },
  );

  it.each([
    ['', 'unknown'],
    ['  ', 'unknown'],
    ['Nan Goldin', 'Nan Goldin'],
    ['none', 'none'],
    ['a\nb\r\tc', String.raw`a\nb\u000d\tc`],
    ['\u001b[2Jx\u202ey', String.raw`\u001b[2Jx\u202ey`],
  ])('writes %j as %j', (name, text) => {
    expect(creatorText(name)).toBe(text);
  });
});

describe('rightsTexts', () => {
  it('writes what a source says as tables have it', () => {
    const said = { creator: ' NA\n', pageUrl: 'https://a.example/1', licence: 'CC-BY-4.0', licenceUrl: null };
    expect(rightsTexts(said)).toEqual({
      creator: 'NA (name)',
      page_url: 'https://a.example/1',
      license: 'CC-BY-4.0',
      license_url: 'https://creativecommons.org/licenses/by/4.0/',
    });
  });

  it.each([
    { creator: ' None ', pageUrl: ' HTTPS://A.Example:443/a b?x=\u00e9#(c) ', licence: 'CC-BY', licenceUrl: null },
    { creator: '\u001b[2J\n', pageUrl: 'file:///a', licence: '', licenceUrl: 'ftp://a.example' },
    { creator: '\\n NA', pageUrl: 'http://[::1]/%', licence: 'two\nlines', licenceUrl: 'http://b\u00fccher.example' },
  ])('changes nothing in what it has written of %j, so that tables agree', (said) => {
    const texts = rightsTexts(said);
    const { creator, page_url, license, license_url } = texts;
    expect(rightsTexts({ creator, pageUrl: page_url, licence: license, licenceUrl: license_url })).toEqual(texts);
  });

  it('keeps the address that the source gives for a licence', () => {
    const said = { creator: null, pageUrl: 'fish/a.jpg', licence: 'ask me', licenceUrl: 'https://a.example/licence' };
    expect(rightsTexts(said)).toEqual({
      creator: 'unknown',
      page_url: '',
      license: 'ask me',
      license_url: 'https://a.example/licence',
    });
  });
});

describe('attributionText', () => {
  it('names title, author, source, licence and changes', () => {
    expect(attributionText({ ...photoRow('p0'), change: 'unchanged' })).toBe(
      'Photo p0 from flickr (https://example.org/p0) by Ann, ' +
        'licence CC-BY-4.0 (https://creativecommons.org/licenses/by/4.0/), unchanged',
    );
  });

  it('says that the curator stated the licence, and verify reads that from it', () => {
    const stated = attributionText({ ...photoRow('p0'), change: 'unchanged', isStated: true });
    expect(stated).toMatch(/ licence CC-BY-4\.0 \(\S+\), as the curator states, unchanged$/);
    expect(isStated({ ...photoRow('p0'), attribution: stated })).toBe(true);
    expect(isStated(photoRow('p0'))).toBe(false);
  });

  it('says what was changed, and leaves out what is not known', () => {
    const row = photoRow('p0', {
      source: 'folder',
      source_id: 'fish/a.webp@0123456789abcdef',
      page_url: '',
      creator: 'unknown',
      license: 'unknown',
      license_url: '',
    });
    expect(attributionText({ ...row, change: 'reencoded' })).toBe(
      'Photo fish/a.webp@0123456789abcdef from folder by an unknown creator, licence unknown, ' +
        'converted to an upright 8-bit RGB PNG, transparent parts on white, without other changes',
    );
    expect(attributionText({ ...row, change: 'stripped' })).toMatch(/, metadata removed, without other changes$/);
    const scaled = {
      ...row,
      sha256: sha256Of('stripped'),
      width: 960,
      height: 720,
      original_width: 4000,
      original_height: 3000,
    };
    const stripped = attributionText({ ...scaled, change: 'stripped', isStated: true });
    expect(stripped).toMatch(/states, scaled to 960 px, metadata removed, without other changes$/);
    expect(isStated({ ...scaled, attribution: stripped })).toBe(true);
    expect(attributionText({ ...scaled, change: 'unchanged' })).toMatch(/unknown, scaled to 960 px$/);
  });
});

describe('attribution.csv', () => {
  it('has a line for each photo, with a path from the folder of the export', () => {
    const row = photoRow('p0', { attribution: 'the line' });
    expect(tableOf(row)).toEqual([
      {
        file_name: 'test/n01498041/p0.jpg',
        id: 'p0',
        wnid: 'n01498041',
        class_name: 'stingray',
        source: 'flickr',
        source_id: 'p0',
        source_page_url: 'https://example.org/p0',
        source_url: 'https://example.org/p0.jpg',
        creator: 'Ann',
        license: 'CC-BY-4.0',
        license_url: 'https://creativecommons.org/licenses/by/4.0/',
        attribution: 'the line',
        changes: 'unchanged',
        sha256: row.sha256,
        original_sha256: row.original_sha256,
      },
    ]);
  });

  it('survives names with quotes, commas and line breaks, and ends lines with a line feed only', () => {
    const rows = ['Ana "A", Dias', 'two\r\nlines', 'é漢'].map((creator, i) => photoRow(`p${i}`, { creator }));
    const text = attributionCsvRows(rows);
    expect(text).not.toContain('\r');
    expect(text.split('\n')).toHaveLength(4);
    expect(tableOf(...rows).map(({ creator }) => creator)).toEqual([
      'Ana "A", Dias',
      String.raw`two\u000d\nlines`,
      'é漢',
    ]);
  });

  it.each(['=HYPERLINK("http://a.example")', '+1', '-Ana-', '@cleo', ' =1+1', '\uFF1D1', "'=1"])(
    'has no creator that a spreadsheet runs as a formula: %s',
    (creator) => {
      const [cells] = tableOf(photoRow('p0', { creator }));
      expect(cells?.['creator']).not.toMatch(/^\s*[-=+@\uFF1D]/);
      expect(cells?.['creator']).toContain(creator.trim());
    },
  );

  it.each(['file:///home/ana/fish.jpg', 'javascript:alert(1)', 'fish/a.jpg', 'data:text/html,x', 'https://'])(
    'leaves out the address %s, which is not one of the web',
    (address) => {
      const [cells] = tableOf(
        photoRow('p0', { page_url: address, source_url: address, license: 'MIT', license_url: address }),
      );
      expect(cells).toMatchObject({
        source_page_url: '',
        source_url: '',
        license_url: 'https://spdx.org/licenses/MIT.html',
      });
    },
  );
});

describe('ATTRIBUTION.md', () => {
  it('has a heading for a class and a line for a photo, with links', () => {
    const line =
      '- [p0](test/n01498041/p0.jpg): [Photo p0 from flickr](https://example.org/p0) by Ann, ' +
      '[licence CC-BY-4.0](https://creativecommons.org/licenses/by/4.0/), unchanged\n';
    const row = photoRow('p0', { class_name: 'crane (bird)' });
    expect(attributionPageEntry(row, null)).toBe(`\n## crane \\(bird\\) (n01498041)\n\n${line}`);
    expect(attributionPageEntry(row, row.wnid)).toBe(line);
  });

  it('shows names as they are, whatever markup they contain', () => {
    const creator = '[x](javascript:alert(1)) <b>*bold*</b> ![i](http://a.example/i.png) `c` _u_ | & $1$\n# h';
    const row = photoRow('p0', { creator, page_url: 'https://a.example/(b)/<c> d' });
    const line = attributionPageEntry(row, row.wnid);
    expect(line.trimEnd()).not.toContain('\n');
    expect(line).toContain('](https://a.example/%28b%29/%3Cc%3E%20d) by ');
    expect(line).toContain(
      String.raw`\[x\]\(javascript\:alert\(1\)\) \<b\>\*bold\*\</b\> \!\[i\]\(http\://a.example/i.png\) \`c\` \_u\_ \| \& \$1\$\\n\# h`,
    );
  });
});
