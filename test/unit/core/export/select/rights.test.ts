import { describe, expect, it } from 'vitest';
import {
  allowsRedistribution,
  licenceNotes,
  licenceUrlOf,
  mayExport,
} from '../../../../../src/core/export/select/rights.ts';
import { normaliseLicence } from '../../../../../src/core/collection/licence.ts';

const CC = ['BY', 'BY-SA', 'BY-NC', 'BY-ND', 'BY-NC-SA', 'BY-NC-ND'];

describe('allowsRedistribution', () => {
  it.each([
    ...CC.flatMap((code) => ['1.0', '2.0', '2.5', '3.0', '4.0'].map((version) => `CC-${code}-${version}`)),
    ...CC.map((code) => `CC-${code}`),
    'CC-BY-3.0-US',
    'CC0-1.0',
    'CC-PDM-1.0',
    'CC-PDDC',
    'Public-Domain',
    'MIT',
    'GFDL-1.2-or-later',
    'ODbL-1.0',
    'all-rights-reserved OR CC-BY-SA-3.0',
  ])('allows %s', (licence) => {
    expect(normaliseLicence(licence).id).toBe(licence);
    expect(allowsRedistribution(licence)).toBe(true);
  });

  it.each([
    'unknown',
    'all-rights-reserved',
    '',
    'ask me first',
    'CC-BY-XX-4.0',
    'CC-BY-NC-5.0',
    'unknown OR all-rights-reserved',

    'MIT AND other',
    '(MIT OR other)',
    'Getty Images',
    'editorial use only',
    'any',
  ])('does not allow %j', (licence) => {
    expect(allowsRedistribution(licence)).toBe(false);
  });
});

it.each([
  ['CC-BY-NC-4.0', 'https://creativecommons.org/licenses/by-nc/4.0/'],
  ['CC-BY', 'https://creativecommons.org/licenses/list.en'],
  ['MIT', 'https://spdx.org/licenses/MIT.html'],
  ['Public-Domain OR CC0-1.0', 'https://creativecommons.org/publicdomain/zero/1.0/'],
  ['Public-Domain', ''],
  ['all-rights-reserved', ''],
  ['unknown', ''],
  ['ask me first', ''],
])('licenceUrlOf gives %s the address %j', (licence, url) => {
  expect(licenceUrlOf(licence)).toBe(url);
});

it.each([
  ['CC-BY-NC-ND-4.0', ['BY', 'NC', 'ND']],
  ['CC-BY-SA-2.0', ['BY', 'SA']],
  ['CC-BY-ND-3.0-US', ['BY', 'ND']],
  ['CC-SA-1.0', ['SA']],
  ['CC0-1.0', ['public domain']],
  ['Public-Domain', ['public domain']],
  ['MIT', ['own text']],
  ['unknown OR CC-BY-4.0', ['BY']],
  ['unknown', ['no permission']],
])('licenceNotes says what %s asks of users', (licence, terms) => {
  const notes = licenceNotes(licence);
  expect(notes.map(({ term }) => term)).toEqual(terms);
  for (const { text } of notes) expect(text).toMatch(/^[A-Z].*\.$/s);
});

// Selection and verify share this function, so that its answers are stated here.
it.each([
  ['CC-BY-4.0', { licences: null, pixels: true }, true],
  ['CC-BY-NC-ND-4.0', { licences: null, pixels: true }, true],
  ['all-rights-reserved', { licences: null, pixels: true }, false],
  ['unknown', { licences: null, pixels: true }, false],
  ['all-rights-reserved', { licences: null, pixels: false }, true],
  ['all-rights-reserved', { licences: ['all-rights-reserved'], pixels: true }, true],
  ['CC-BY-4.0', { licences: ['CC0-1.0'], pixels: true }, false],
  ['CC-BY-4.0', { licences: ['CC0-1.0'], pixels: false }, false],
])('a photo under %s may be exported with %j: %j', (licence, options, may) => {
  expect(mayExport(licence, options)).toBe(may);
});
