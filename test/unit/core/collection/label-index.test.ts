import { describe, expect, it } from 'vitest';
import { createLabelIndex, normaliseLabel } from '../../../../src/core/collection/label-index.ts';

const resolve = createLabelIndex(
  [
    { wnid: 'n00000001', name: 'crane bird', synonyms: ['crane'] },
    { wnid: 'n00000002', name: 'crane', synonyms: ['crane'] },
    { wnid: 'n00000003', name: 'ruffed grouse', synonyms: ['ruffed grouse', 'partridge'] },
    { wnid: 'n00000004', name: 'partridge', synonyms: ['partridge'] },
    { wnid: 'n00000005', name: 'great white shark', synonyms: ['great white shark', 'man-eater'] },
    { wnid: 'n00000006', name: 'hognose snake', synonyms: ['hognose snake', 'sand viper'] },
    { wnid: 'n00000007', name: 'horned viper', synonyms: ['horned viper', 'sand viper'] },
    { wnid: 'n00000008', name: 'café', synonyms: ['café'] },
  ],
  'the test classes',
);

describe('createLabelIndex', () => {
  it.each([
    ['n00000002', 'n00000002'],
    ['great white shark', 'n00000005'],
    ['Great_White-Shark', 'n00000005'],
    ['  GREAT   white\tshark ', 'n00000005'],
    ['man eater', 'n00000005'],
    ['cafe\u0301', 'n00000008'],
  ])('finds %j', (label, wnid) => {
    expect(resolve(label)).toEqual({ ok: true, wnid });
  });

  it("prefers a class's own name to a synonym of another class", () => {
    expect(resolve('partridge')).toEqual({ ok: true, wnid: 'n00000004' });
  });

  it('does not choose between two classes that share a first lemma', () => {
    expect(resolve('crane')).toEqual({
      ok: false,
      detail:
        "'crane' is the name of 2 classes: n00000001 (crane bird), n00000002 (crane); write 'crane bird' or n00000001 or n00000002 instead, also as the name of a folder",
      candidates: ['n00000001', 'n00000002'],
    });
    expect(resolve('crane bird')).toEqual({ ok: true, wnid: 'n00000001' });
  });

  it('does not choose between two classes that share a further synonym', () => {
    expect(resolve('sand viper')).toMatchObject({
      ok: false,
      detail: expect.stringContaining('n00000006 (hognose snake)'),
    });
  });

  it('suggests the nearest class for a typing error', () => {
    expect(resolve('partrige')).toEqual({
      ok: false,
      detail: "'partrige' is not one of the test classes; the nearest name is 'partridge' (n00000004)",
      nearest: 'n00000004',
    });
  });

  it('suggests no wnid for a mistyped wnid', () => {
    expect(resolve('n00000009')).toEqual({ ok: false, detail: "'n00000009' is not one of the test classes" });
  });

  it('names classes that share a word with an unknown name, or else the most similar spellings', () => {
    expect(resolve('hammerhead shark')).toMatchObject({
      detail: expect.stringContaining("; nearest: 'great white shark'"),
    });
    expect(resolve('patridges!')).toMatchObject({ detail: expect.stringContaining("'partridge'") });
  });

  it.each([
    ['great white shark, man-eater', 'n00000005'],
    ['man-eater,great white shark,', 'n00000005'],
    ['Hognose_snake,_sand_viper', 'n00000006'],
    ['n00000002 crane', 'n00000002'],
    ['n00000005-great_white_shark, man-eater', 'n00000005'],
  ])('finds the class of several names together: %j', (label, wnid) => {
    expect(resolve(label)).toEqual({ ok: true, wnid });
  });

  it.each([
    ['great white shark, sand vipr', "'sand vipr' is not one of the test classes; the nearest name is 'sand viper'"],
    ['café, partridge', "'café, partridge' names different classes: n00000008 (café), "],
    ['n00000002 café', "'n00000002 café' names different classes: n00000002 (crane), n00000008 (café); name one"],
    ['n00000001,n00000002', 'names different classes: n00000001 (crane bird), n00000002 (crane)'],
  ])('does not choose between names of different classes: %j', (label, detail) => {
    expect(resolve(label)).toMatchObject({ ok: false, detail: expect.stringContaining(detail) });
  });

  it('adds glosses of ambiguous candidates and descriptions of unknown names if it has them', () => {
    const cranes = [
      { wnid: 'n00000001', name: 'crane', synonyms: ['crane'] },
      { wnid: 'n00000002', name: 'crane', synonyms: ['crane'] },
    ];
    const told = createLabelIndex(cranes, 'the cranes', {
      glossOf: (wnid) => (wnid === 'n00000001' ? 'a bird' : ''),
      unknown: (label) => (label === 'bird' ? 'stands above them' : null),
      otherSpelling: (label) => (label === 'kranich' ? cranes : []),
    });
    expect(told('crane')).toMatchObject({
      detail:
        "'crane' is the name of 2 classes: n00000001 (crane: a bird), n00000002 (crane); write n00000001 or n00000002 instead, also as the name of a folder",
    });
    expect(told('bird')).toEqual({ ok: false, detail: "'bird' stands above them" });
    expect(told('brid')).toEqual({ ok: false, detail: "'brid' is not one of the cranes" });
    expect(told('kranich')).toMatchObject({
      detail: "'kranich' is not one of the cranes; the nearest name is 'crane' (n00000001)",
    });
  });

  it.each(['', '   ', '__proto__', 'constructor', '日本語', 'x'.repeat(100_000)])('does not find %.20j', (label) => {
    expect(resolve(label).ok).toBe(false);
  });
});

it('normaliseLabel replaces each run of spaces, underscores and hyphens by one space', () => {
  expect(normaliseLabel('_Black--Widow_ spider')).toBe('black widow spider');
});
