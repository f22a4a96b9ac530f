import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createClassSet, type ClassSet } from '../../../../src/core/collection/class-set.ts';
import { completeCollection, draftCollection } from '../../../../src/core/collection/collection.ts';
import type { ClassListDraft, Collection } from '../../../../src/core/collection/collection.ts';
import { classSubjects } from '../../../../src/core/collection/subjects.ts';
import { parseYaml } from '../../../../src/core/config/yaml.ts';
import { classTableOf } from './class-table-of.ts';

const draftOf = (text: string) => draftCollection(parseYaml(text, 'c.yaml'));
/** The draft of a file whose other lines begin at line 3. */
const draftWith = (lines: string) => draftOf(`name: x\nclasses: imagenet-a\n${lines}`);

function classSetOf(list: ClassListDraft): ClassSet {
  if (typeof list === 'string') throw new Error(`Expected a list of classes but received '${list}'`);
  const entries = list.map((one) => {
    const wnid = typeof one === 'string' ? one : one.wnid;
    return { wnid, name: wnid, where: 'c.yaml:1' };
  });
  return createClassSet(entries, classTableOf()).classes;
}

function collectionOf(text: string): Collection {
  const { draft, problems } = draftOf(text);
  if (draft === null || problems.length > 0) throw new Error(problems.join('\n'));
  const classes = classSetOf(draft.classes);
  return completeCollection(draft, {
    classes,
    subjects: classSubjects(classes),
    evidenceClasses: classSetOf(draft.among ?? draft.classes),
    queries: null,
    file: '/c.yaml',
    text: '',
    bytes: new TextEncoder().encode(text),
  });
}

describe('draftCollection', () => {
  it('fills in the defaults of the paper', () => {
    expect(draftOf('name: x\nclasses: imagenet-a').draft).toEqual({
      name: 'x',
      mode: 'A',
      classes: 'imagenet-a',
      among: null,
      concepts: 'any',
      allowHypernyms: false,
      allowHyponyms: [],
      queries: null,
      sources: ['folder'],
      folder: null,
      licences: 'any',
      ensemble: ['efficientnet-lite0', 'efficientnet-lite1'],
      heads: new Map(),
      policy: {
        threshold: 0.15,
        aggregation: 'max',
        members: 'any',
        cap: 15,
        nearDuplicateDistance: 6,
        nearDuplicateCosine: null,
        minConfidence: 0.9,
      },
      settings: new Map(),
      card: {},
    });
  });

  it('fills in one model for mode O', () => {
    expect(draftOf('name: x\nmode: O\nclasses: imagenet-o').draft?.ensemble).toEqual(['efficientnet-lite0']);
  });

  it.each([
    ['threshold: 0', "Expected a number above 0 and below 1 for 'policy.threshold' in c.yaml:4 but received 0"],
    ['threshold: 1', 'but received 1'],
    ['threshold: "0.15"', "but received '0.15'"],
    ['cap: 0', "Expected a whole number of at least 1 for 'policy.cap' in c.yaml:4"],
    ['nearDuplicateDistance: 65', "Expected a whole number from 0 to 64 for 'policy.nearDuplicateDistance'"],
    ['aggregation: median', "Expected one of max, mean for 'policy.aggregation'"],
    ['members: both', "Expected one of any, all for 'policy.members'"],
    ['minConfidence: 1.1', "Expected a number from 0 to 1 for 'policy.minConfidence'"],
    ['treshold: 0.1', "received 'treshold'. Did you mean 'threshold'?"],
  ])('refuses the policy {%s} and names the line', (line, message) => {
    const { draft, problems } = draftWith(`policy:\n  ${line}\n`);
    expect(draft).toBeNull();
    expect(problems).toEqual([expect.stringContaining(message)]);
  });

  it('accepts a policy at the edges of its ranges', () => {
    const policy = '{threshold: 0.9999, cap: 1, minConfidence: 1, nearDuplicateDistance: 64}';
    expect(draftWith(`policy: ${policy}`).problems).toEqual([]);
  });

  it.each([
    ['name: X', "for 'name'"],
    [`name: ${'x'.repeat(65)}`, "for 'name'"],
    ['mode: B', "Expected one of A, O for 'mode'"],
    ['classes: []', "for 'classes'"],
    ['classes: [5]', "for 'classes.0'"],
    [`classes: [${'x'.repeat(501)}]`, "for 'classes.0'"],
    ['allowHypernyms: maybe', "true or false for 'allowHypernyms'"],
    ['among: []', "for 'among'"],
    ['classes: [{wnid: x1, nam: a}]', "Did you mean 'name'?"],
    ['sources: [flicker]', "flickr, duckduckgo, urls, folder for 'sources.0'"],
    ['sources: []', "for 'sources'"],
    ['sources: [folder, folder]', 'Expected a list of different sources'],
    ['licences: []', "for 'licences'"],
    ['licences: [any]', "for 'licences.0'"],
    ['licences: CC0-1.0', "for 'licences'"],
    ['ensemble: []', "for 'ensemble'"],
    ['ensemble: [m, m]', 'Expected a list of different model cards'],
    ['settings: [a]', "Expected a mapping of settings or null for 'settings'"],
    ['setings: {}', "Did you mean 'settings'?"],
  ])('refuses the line %j', (line, message) => {
    const key = line.split(':')[0];
    const rest = ['name: x', 'classes: imagenet-a'].filter((other) => !other.startsWith(`${key}:`));
    const { problems } = draftOf([...rest, line].join('\n'));
    expect(problems).toEqual([expect.stringContaining(message)]);
    expect(problems[0]).toContain(`in c.yaml:${rest.length + 1}`);
  });

  it('refuses more than one model for mode O', () => {
    const { problems } = draftOf('name: x\nmode: O\nclasses: imagenet-o\nensemble: [a, b]\n');
    expect(problems).toEqual([expect.stringMatching(/Mode O takes one model, .* 'ensemble' in c\.yaml:4/)]);
  });

  it('reads and checks the settings that a collection overrides', () => {
    const { draft } = draftWith('settings:\n  fetch.connections: 3\n');
    expect([...(draft?.settings ?? [])]).toEqual([['fetch.connections', { value: 3, where: 'c.yaml:4' }]]);
    expect(draftWith('settings:\n  fetch.connection: 3\n').problems[0]).toContain("'fetch.connections'?");
    expect(draftWith('settings: {fetch: {connections: 0}}').problems[0]).toMatch(/from 1 to 256 .*c\.yaml:3/);
  });

  it("reads the curators' answers for the dataset card, without the empty ones", () => {
    const card =
      'export: {card: {version: 1.0.0, title: " My fish ", url: "https://example.org/fish", funding: , uses: ""}}';
    const { draft, problems } = draftWith(card);
    expect(problems).toEqual([]);
    expect(Object.entries(draft?.card ?? {})).toEqual([
      ['title', 'My fish'],
      ['url', 'https://example.org/fish'],
      ['version', '1.0.0'],
    ]);
  });

  it.each(['export:', 'export: {}', 'export: {card: }'])('takes %j as a card without answers', (text) => {
    expect(draftWith(text)).toMatchObject({ draft: { card: {} }, problems: [] });
  });

  it.each([
    ['titles: x', "of 'export.card' in c.yaml:3 but received 'titles'. Did you mean 'title'?"],
    ['version: 1.0', "Expected a version as '1.0.0' for 'export.card.version' in c.yaml:3 but received 1"],
    ['version: 1.0.0-beta', "Expected a version as '1.0.0'"],
    ['url: example.org', "Expected an address that begins with http:// or https:// for 'export.card.url'"],
    ['url: "ftp://example.org"', 'Expected an address that begins with http:// or https://'],
    ['title: [x]', "Expected a text of at most 10000 characters for 'export.card.title'"],
  ])('refuses %j in a card', (text, problem) => {
    expect(draftWith(`export: {card: {${text}}}`).problems).toEqual([expect.stringContaining(problem)]);
  });

  it('warns of thresholds that the mode does not use', () => {
    const warningOf = (mode: string, policy: string) => draftWith(`mode: ${mode}\npolicy: {${policy}}`).warnings[0];
    expect(warningOf('A', 'minConfidence: 0.9')).toContain('no effect in mode A');
    expect(warningOf('O', 'threshold: 0.1')).toContain('no effect in mode O');
  });

  it('warns of a head to fit that no member is, and refuses one whose classes no command could take', () => {
    const head = (name: string, classes: string) =>
      draftWith(`ensemble: [a, b]\nheads: {${name}: {backbone: a, classes: ${classes}}}`);
    expect(head('b', 'imagenet-a').warnings).toEqual([]);
    expect(head('c', 'imagenet-a').warnings).toEqual([
      "'heads.c' in c.yaml:4 has no effect, because no member has this name",
    ]);
    expect(head('b', '"my list.txt"').problems).toEqual([
      expect.stringMatching(/what --classes of `winnow finetune` takes, without spaces.*'my list\.txt'/),
    ]);
  });

  it('warns of a licence that no source reports, and suggests the nearest that one does', () => {
    expect(draftWith('licences: [CC-BY-4, CC-BY-NC-2.0, GPL-2.0-only, CC-YB-4.0, PDM]').warnings).toEqual([
      "No source reports the licence 'CC-BY-4' in c.yaml:3. Did you mean 'CC-BY-4.0'?",
      "No source reports the licence 'CC-YB-4.0' in c.yaml:3. Did you mean 'CC-BY-4.0'?",
      "No source reports the licence 'PDM' in c.yaml:3. Did you mean 'CC-PDM-1.0'?",
    ]);
  });

  it('warns of no licence that the table of licences has', () => {
    const known = 'CC-PDDC, CC-SA-1.0, CC-BY-SA-3.0-DE, CC-BY-2.1-JP, CC-BY, cc-by-4.0, CC0-1.0, Unlicense, MIT';
    const list = `licences: [${known}, unknown, all-rights-reserved, Getty-Images]`;
    expect(draftWith(list)).toMatchObject({ problems: [], warnings: [] });
  });
});

describe('completeCollection', () => {
  const BASE = 'name: x\nclasses: [a, b]\nensemble: [m, n]\nlicences: [CC0-1.0, unknown]\n';

  it('identifies the file by the hash of its bytes', () => {
    // printf 'name: x\nclasses: [a, b]\n' | sha256sum
    expect(collectionOf('name: x\nclasses: [a, b]\n').sha256).toBe(
      '64566469bd1c54381355483367e80a7584dd8c6041b995923e90f186454ece7b',
    );
    expect(collectionOf(BASE).sha256).not.toBe(collectionOf(`${BASE}# comment\n`).sha256);
  });

  it.each([
    ['a comment', `# hello\n${BASE}`],
    ['the name', BASE.replace('name: x', 'name: y')],
    ['the sources', `${BASE}sources: [flickr]\n`],
    ['the cap', `${BASE}policy: {cap: 3}\n`],
    ['the distance of near-duplicates', `${BASE}policy: {nearDuplicateDistance: 3}\n`],
    ['a threshold of the other mode', `${BASE}policy: {minConfidence: 0.5}\n`],
    ['a setting', `${BASE}settings: {fetch.connections: 1}\n`],
    ['the dataset card', `${BASE}export: {card: {title: x}}\n`],
    ['the default, written out', `${BASE}policy: {threshold: 0.15, aggregation: max, members: any}\n`],
    ['among, written out as it is without it', `${BASE}among: [b, a]\n`],
    ['the order of lists', 'name: x\nclasses: [b, a]\nensemble: [n, m]\nlicences: [unknown, CC0-1.0]\n'],
  ])('keeps decisions when %s changes', (_, text) => {
    expect(collectionOf(text).rulesSha256).toBe(collectionOf(BASE).rulesSha256);
  });

  it.each([
    ['the mode', `${BASE.replace('[m, n]', '[m]')}mode: O\n`],
    ['the classes', BASE.replace('[a, b]', '[a, c]')],
    ['what the models choose among', `${BASE}among: [a, b, c]\n`],
    ['the ensemble', BASE.replace('[m, n]', '[m]')],
    ['the licences', BASE.replace(', unknown', '')],
    ['the threshold', `${BASE}policy: {threshold: 0.2}\n`],
    ['the aggregation', `${BASE}policy: {aggregation: mean}\n`],
    ['the members that must agree', `${BASE}policy: {members: all}\n`],
  ])('decides again when %s changes', (_, text) => {
    expect(collectionOf(text).rulesSha256).not.toBe(collectionOf(BASE).rulesSha256);
  });

  it('keeps decisions when classes are added or removed that the models choose among before and after', () => {
    const among = 'among: [a, b, c]\n';
    const all = collectionOf(BASE.replace('[a, b]', '[a, b, c]'));
    for (const classes of ['[a]', '[a, b]', '[c, b, a]'])
      expect(collectionOf(`${BASE.replace('[a, b]', classes)}${among}`).rulesSha256).toBe(all.rulesSha256);
  });

  it('changes the rules hash in mode O if its own threshold changes, and only then', () => {
    const base = 'name: x\nmode: O\nclasses: [a, b]\n';
    const withPolicy = (policy: string) => collectionOf(`${base}policy: {${policy}}\n`).rulesSha256;
    expect(withPolicy('minConfidence: 0.8')).not.toBe(collectionOf(base).rulesSha256);
    expect(withPolicy('threshold: 0.3')).toBe(collectionOf(base).rulesSha256);
  });

  it('never changes the hash of a published collection', () => {
    const classesSha256 = '7e18f737311b2dc3b2f269dd78396b0351f14fb66efa879f768cb23181883c78'; // printf 'a\nb' | sha256sum
    const facts =
      `{"mode":"A","classesSha256":"${classesSha256}","ensemble":["m","n"],"licences":["CC0-1.0","unknown"],` +
      '"policy":{"threshold":0.15,"aggregation":"max","members":"any"}}';
    expect(collectionOf(BASE).rulesSha256).toBe(createHash('sha256').update(facts).digest('hex'));
  });
});
