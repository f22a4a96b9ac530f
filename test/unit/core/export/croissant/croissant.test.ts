import path from 'node:path';
import jsonld from 'jsonld';
import { describe, expect, it } from 'vitest';
import { CROISSANT_CONTEXT, CROISSANT_TERMS } from '../../../../../src/core/export/croissant/croissant-terms.ts';
import { accountOf } from '../../../../../src/core/export/card/account.ts';
import { croissantText } from '../../../../../src/core/export/croissant/croissant.ts';
import { modeOProtocolOf, protocolOf } from '../../../../support/exported.ts';
import { repositoryRoot } from '../../../../support/winnow.ts';
import { sha256Of } from '../../../../support/sha256.ts';
import type { Protocol } from '../../../../../src/core/export/protocol.ts';

const FILES = [{ path: 'test/metadata.jsonl', sha256: sha256Of('rows'), bytes: 1234 }];
type Json = Record<string, unknown>;
const parsed = (protocol: Protocol): Json => JSON.parse(croissantText(accountOf(protocol), FILES));
const linksOnly = protocolOf({ options: { ...protocolOf().options, pixels: false } });
const answered = protocolOf({
  card: { curators: 'Ana; Ben\nThe Bee Group', url: 'https://example.org/set', version: '2.0.1', annotators: 'Us.' },
});
const VARIANTS: Readonly<Record<string, Protocol>> = {
  'mode A': protocolOf(),
  'mode O': modeOProtocolOf(),
  'no pictures': linksOnly,
  'no photos': protocolOf({ classes: [], photos: 0, licences: [], sources: [], tags: [], collected: null }),
  answered,
};

/** The types and values that name something of a vocabulary. */
const NAMES = new Set(
  (
    'sc:Dataset sc:Organization sc:Text sc:Integer sc:Float sc:ImageObject sc:Enumeration cr:FileObject cr:FileSet ' +
    'cr:RecordSet cr:Field cr:Label prov:Entity prov:Activity prov:SoftwareAgent prov:Agent'
  ).split(' '),
);

/** Every property and every named thing of a document, without the context and the inline records. */
function namesIn(node: unknown): { readonly terms: readonly string[]; readonly types: readonly string[] } {
  if (Array.isArray(node)) return joined(node.map(namesIn));
  if (typeof node !== 'object' || node === null) return { terms: [], types: [] };
  const entries = Object.entries(node);
  const own = entries.flatMap(([term, value]) => (term === '@type' || term === 'dataType' ? [value].flat() : []));
  const below = entries.filter(([term]) => term !== '@context' && term !== 'data').map(([, value]) => namesIn(value));
  return joined([{ terms: entries.map(([term]) => term), types: own }, ...below]);
}

function joined(parts: readonly ReturnType<typeof namesIn>[]): ReturnType<typeof namesIn> {
  return { terms: parts.flatMap(({ terms }) => terms), types: parts.flatMap(({ types }) => types) };
}

describe('croissantText', () => {
  for (const [name, protocol] of Object.entries(VARIANTS)) {
    it(`uses no property and no type outside the lists: ${name}`, () => {
      const { terms, types } = namesIn(parsed(protocol));
      const known = new Set<string>([...CROISSANT_TERMS, ...Object.keys(CROISSANT_CONTEXT)]);
      expect(terms.filter((term) => !known.has(term))).toEqual([]);
      expect(types.filter((type) => !NAMES.has(type))).toEqual([]);
    });

    it(`is JSON-LD that expands without a loss and without the network: ${name}`, async () => {
      const documentLoader = (url: string): never => {
        throw new Error(`Expected no network but ${url} was asked for`);
      };
      const options = { documentLoader, safe: true, base: 'https://example.org/' };
      const [expanded] = await jsonld.expand(parsed(protocol), options);
      expect(expanded).toMatchObject({
        '@type': ['https://schema.org/Dataset'],
        'http://purl.org/dc/terms/conformsTo': [
          { '@value': 'http://mlcommons.org/croissant/1.1' },
          { '@value': 'http://mlcommons.org/croissant/RAI/1.0' },
        ],
        'http://www.w3.org/ns/prov#wasGeneratedBy': [
          { '@id': 'https://example.org/steps/crawl', '@type': ['http://www.w3.org/ns/prov#Activity'] },
          { '@id': 'https://example.org/steps/filter' },
          { '@id': 'https://example.org/steps/review' },
        ],
      });
    });

    it(`gives every node an id of its own, without blanks: ${name}`, () => {
      const ids = [...croissantText(accountOf(protocol), FILES).matchAll(/"@type": "[^"]*",\s*"@id": "([^"]*)"/g)].map(
        ([, id]) => id,
      );
      expect(new Set(ids).size).toBe(ids.length);
      expect(ids.filter((id) => /\s/.test(id ?? ''))).toEqual([]);
    });
  }

  it('uses every property of the list', () => {
    const used = new Set(Object.values(VARIANTS).flatMap((protocol) => namesIn(parsed(protocol)).terms));
    expect(CROISSANT_TERMS.filter((term) => !used.has(term))).toEqual([]);
  });

  it('describes the lines of the photos, the pictures, the classes and the curators', async () => {
    const file = path.join(repositoryRoot, 'test/fixtures/cards/croissant.json');
    await expect(croissantText(accountOf(protocolOf()), FILES)).toMatchFileSnapshot(file);
    expect(parsed(answered)).toMatchObject({
      creator: [{ name: 'Ana' }, { name: 'Ben' }, { name: 'The Bee Group' }],
      url: 'https://example.org/set',
      version: '2.0.1',
      'rai:annotatorDemographics': 'Us.',
    });
    expect(parsed(protocolOf())).toMatchObject({ 'rai:annotatorDemographics': 'unknown' });
    expect(parsed(VARIANTS['no photos'] ?? protocolOf())).toMatchObject({ license: ['unknown'] });
    expect(parsed(linksOnly)['distribution']).toHaveLength(1);
    expect(JSON.stringify(parsed(linksOnly)['recordSet'])).not.toContain('sc:ImageObject');
    expect(JSON.stringify(parsed(modeOProtocolOf()))).not.toContain('photos/max_true_prob');
  });

  it('states a version in the document and in the citation only if the curator gave one', () => {
    const texts = [answered, protocolOf()].map((protocol) => croissantText(accountOf(protocol), FILES));
    expect(texts.map((text) => text.includes('"version"'))).toEqual([true, false]);
    expect(texts.map((text) => /version = \{/.test(text))).toEqual([true, false]);
  });

  it('ignores an address that cannot be parsed', () => {
    const { url } = parsed(protocolOf({ card: { url: 'not an address' } }));
    expect(url).toBe(`urn:sha256:${protocolOf().id}`);
  });

  it('refuses to describe a folder without the lines of its photos', () => {
    expect(() => croissantText(accountOf(protocolOf()), [])).toThrow(
      'Expected test/metadata.jsonl among the files of the export',
    );
  });
});
