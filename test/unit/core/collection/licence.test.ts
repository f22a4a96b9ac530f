import { describe, expect, it } from 'vitest';
import { givenLicence, isLicenceAllowed, normaliseLicence } from '../../../../src/core/collection/licence.ts';

const CC = 'https://creativecommons.org';

describe('normaliseLicence', () => {
  it.each([
    ['cc-by-4.0', 'CC-BY-4.0', `${CC}/licenses/by/4.0/`],
    ['CC BY-SA 3.0', 'CC-BY-SA-3.0', `${CC}/licenses/by-sa/3.0/`],
    ['CC BY-SA 3.0 de', 'CC-BY-SA-3.0-DE', `${CC}/licenses/by-sa/3.0/de/`],
    ['CC-BY-SA-2.0-DE', 'CC-BY-SA-2.0-DE', `${CC}/licenses/by-sa/2.0/de/`],
    ['cc-by-3.0-igo', 'CC-BY-3.0-IGO', `${CC}/licenses/by/3.0/igo/`],
    ['CC-BY-SA-2.1-JP', 'CC-BY-SA-2.1-JP', `${CC}/licenses/by-sa/2.1/jp/`],
    ['CC_BY_NC_ND_2.5', 'CC-BY-NC-ND-2.5', `${CC}/licenses/by-nc-nd/2.5/`],
    ['CC BY\u2011SA\u00a04.0.', 'CC-BY-SA-4.0', `${CC}/licenses/by-sa/4.0/`],
    ['cc by 4', 'CC-BY-4.0', `${CC}/licenses/by/4.0/`],
    ['by-nc-sa 2.0', 'CC-BY-NC-SA-2.0', `${CC}/licenses/by-nc-sa/2.0/`],
    ['cc-by-nc', 'CC-BY-NC', null],
    ['CC-BY-SA', 'CC-BY-SA', null],
    ['Creative Commons Attribution', 'CC-BY', null],
    ['Attribution-NonCommercial-NoDerivs License', 'CC-BY-NC-ND', null],
    ['Creative Commons Attribution-ShareAlike 4.0 International License', 'CC-BY-SA-4.0', `${CC}/licenses/by-sa/4.0/`],
    ['Attribution-NonCommercial 3.0 Unported', 'CC-BY-NC-3.0', `${CC}/licenses/by-nc/3.0/`],
    ['CC0', 'CC0-1.0', `${CC}/publicdomain/zero/1.0/`],
    ['cc zero', 'CC0-1.0', `${CC}/publicdomain/zero/1.0/`],
    ['CC0 1.0 Universal (CC0 1.0) Public Domain Dedication', 'CC0-1.0', `${CC}/publicdomain/zero/1.0/`],
    ['PDM', 'CC-PDM-1.0', `${CC}/publicdomain/mark/1.0/`],
    ['Public Domain Mark 1.0', 'CC-PDM-1.0', `${CC}/publicdomain/mark/1.0/`],
  ])('reads %j as the Creative Commons id %s', (given, id, url) => {
    expect(normaliseLicence(given)).toEqual({ id, url });
  });

  it.each([
    [`${CC}/licenses/by-sa/3.0/de/deed.en`, 'CC-BY-SA-3.0-DE'],
    ['http://www.creativecommons.org/licenses/by/2.0', 'CC-BY-2.0'],
    ['//creativecommons.org/licenses/by-nc/4.0/legalcode.fr#s1', 'CC-BY-NC-4.0'],
    ['creativecommons.org/licenses/by-nd/2.5/?ref=page', 'CC-BY-ND-2.5'],
    [`${CC}/licenses/by-nd-nc/1.0/`, 'CC-BY-NC-ND-1.0'],
    [`${CC}/publicdomain/zero/1.0/`, 'CC0-1.0'],
    [`${CC}/publicdomain/mark/1.0/deed.de`, 'CC-PDM-1.0'],
    [`${CC}/licenses/publicdomain/`, 'CC-PDDC'],
    ['https://spdx.org/licenses/CC-BY-4.0.html', 'CC-BY-4.0'],
    ['https://spdx.org/licenses/GPL-3.0-only.html', 'GPL-3.0-only'],
  ])('reads the address %s as %s', (given, id) => {
    expect(normaliseLicence(given).id).toBe(id);
  });

  it('gives every numbered Creative Commons id an address that maps back to the id', () => {
    const codes = ['BY', 'BY-NC', 'BY-ND', 'BY-SA', 'BY-NC-ND', 'BY-NC-SA'];
    const versions = ['1.0', '2.0', '2.5', '3.0', '4.0'];
    for (const id of codes.flatMap((code) => versions.map((version) => `CC-${code}-${version}`))) {
      const { id: read, url } = normaliseLicence(id.toLowerCase());
      expect([read, normaliseLicence(url).id]).toEqual([id, id]);
    }
  });

  it.each([
    ['gpl-2.0-or-later', 'GPL-2.0-or-later'],
    ['GPL-2.0+', 'GPL-2.0-or-later'],
    ['GPL-2+', 'GPL-2.0-or-later'],
    ['GPLv3', 'GPL-3.0-only'],
    ['GPL 2.0 OR LATER', 'GPL-2.0-or-later'],
    ['lgpl-2.1', 'LGPL-2.1-only'],
    ['GFDL-1.2-no-invariants-or-later', 'GFDL-1.2-no-invariants-or-later'],
    ['gfdl', 'GFDL'],
    ['apache-2.0', 'Apache-2.0'],
    ['mit', 'MIT'],
    ['cecill-b', 'CECILL-B'],
    ['CECILL', 'CECILL'],
    ['odbl-1.0', 'ODbL-1.0'],
  ])('reads %j as %s, with an address', (given, id) => {
    const licence = normaliseLicence(given);
    expect(licence.id).toBe(id);
    expect(licence.url).toMatch(/^https:\/\/(spdx\.org|www\.gnu\.org|cecill\.info)\//);
  });

  it.each(['Public Domain', 'public-domain', 'PD'])('reads %j as public domain', (given) => {
    expect(normaliseLicence(given)).toEqual({ id: 'Public-Domain', url: null });
  });

  it.each(['All rights reserved', '\u00a9 All Rights Reserved.', '(c) 2020, all-rights-reserved'])(
    'reads %j as all rights reserved',
    (given) => {
      expect(normaliseLicence(given)).toEqual({ id: 'all-rights-reserved', url: null });
    },
  );

  it.each([null, undefined, '', ' \t\n', 'Unknown', 'NOASSERTION'])('returns unknown for %j', (given) => {
    expect(normaliseLicence(given)).toEqual({ id: 'unknown', url: null });
  });

  it.each([
    'No known copyright restrictions',
    'Attribution',
    'CC',
    'mark',
    'not CC0',
    'CC BY-SA 4.0 with restrictions',
    'CC BY-ND-SA 4.0',
    'CC-BY-4.0-DE',
    'CC-BY-3.0-ZZ',
    'CC-BY-2.2',
    'GPL-9.0',
    'https://creativecommons.org.example.com/licenses/by/4.0/',
    'https://example.com/creativecommons.org/licenses/by/4.0/',
    'MIT AND CC0-1.0',
    '(cc0 OR mit)',
    'OR mit',
    'cc0 OR',
    'mit or cc0',
    'constructor',
    '__proto__',
    '\u8457\u4f5c\u6743',
  ])('keeps %j, which it does not recognise, as given', (given) => {
    expect(normaliseLicence(`  ${given} `)).toEqual({ id: given, url: null });
  });

  it.each([
    ['GPL-2.0+ OR gfdl OR cc by-sa', 'GPL-2.0-or-later OR GFDL OR CC-BY-SA'],
    ['GFDL OR CC-BY-SA-2.5', 'GFDL OR CC-BY-SA-2.5'],
    ["photographer's terms  OR  cc0", "photographer's terms OR CC0-1.0"],
  ])('normalises each branch of %j', (given, id) => {
    expect(normaliseLicence(given)).toEqual({ id, url: null });
  });

  it('reads long texts that are not licences in linear time', () => {
    const texts = [' '.repeat(1e6), 'by '.repeat(1e6), 'a OR '.repeat(1e6), '0'.repeat(1e6)].map((text) => `x${text}x`);
    for (const text of texts) expect(normaliseLicence(text).id).toBe(text);
  });
});

describe('givenLicence', () => {
  it.each(['CC-BY-4.0', 'cc by 4.0', 'MIT OR GPL-2.0+', 'GFDL-1.3', 'public domain', 'unknown'])('takes %j', (text) => {
    expect(givenLicence(text, '--licence')).toEqual(normaliseLicence(text));
  });

  it.each([
    ['CC-BY-5.0', "received 'CC-BY-5.0'. Did you mean 'CC-BY-"],
    ['MITT', "Did you mean 'MIT'?"],
    ['MIT OR mine', "received 'MIT OR mine'. Give an id of https://spdx.org/licenses"],
    ['', "for --licence but received ''"],
  ])('refuses %j and quotes it', (text, said) => {
    expect(() => givenLicence(text, '--licence')).toThrow(said);
  });
});

describe('isLicenceAllowed', () => {
  it.each(['unknown', 'all-rights-reserved', 'CC-BY-4.0', 'whatever'])("allows %s under 'any'", (licence) => {
    expect(isLicenceAllowed(licence, 'any')).toBe(true);
  });

  it('allows listed ids in any case, and no others', () => {
    expect(isLicenceAllowed('CC-BY-4.0', ['cc0-1.0', 'cc-by-4.0'])).toBe(true);
    expect(isLicenceAllowed('CC-BY-SA-4.0', ['CC-BY-4.0'])).toBe(false);
    expect(isLicenceAllowed('CC-BY', ['CC-BY-4.0'])).toBe(false);
    expect(isLicenceAllowed('CC-BY-4.0', [])).toBe(false);
  });

  it('allows an unknown licence only if unknown is listed', () => {
    expect(isLicenceAllowed('unknown', ['CC-BY-4.0', 'Public-Domain'])).toBe(false);
    expect(isLicenceAllowed('unknown', ['unknown'])).toBe(true);
  });

  it('allows an expression if one of its branches is allowed', () => {
    const licence = 'GPL-2.0-or-later OR GFDL OR CC-BY-SA';
    expect(isLicenceAllowed(licence, ['gfdl'])).toBe(true);
    expect(isLicenceAllowed(licence, ['CC-BY-SA'])).toBe(true);
    expect(isLicenceAllowed(licence, [licence])).toBe(true);
    expect(isLicenceAllowed(licence, ['GPL-3.0-only', 'CC-BY-SA-4.0'])).toBe(false);
  });

  it('does not split AND expressions or expressions with parentheses', () => {
    expect(isLicenceAllowed('MIT AND GPL-2.0-only', ['MIT'])).toBe(false);
    expect(isLicenceAllowed('(A OR MIT OR B) AND C', ['MIT'])).toBe(false);
    expect(isLicenceAllowed('GPL-2.0-only AND MIT OR Zlib', ['MIT'])).toBe(false);
    expect(isLicenceAllowed('GPL-2.0-only AND MIT OR Zlib', ['Zlib'])).toBe(true);
  });
});
