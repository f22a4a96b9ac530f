import { describe, expect, it } from 'vitest';
import { parseRobots, usageRecords } from '../../../../../src/core/crawl/sources/robots-file.ts';
import {
  fileSignal,
  headerSignals,
  refusedSignal,
  robotsSignal,
} from '../../../../../src/core/crawl/sources/usage-signals.ts';

const reader = { agent: 'winnow', nowMs: Date.parse('2026-03-01T00:00:00Z') };
const signalsOf = (headers: Readonly<Record<string, string>>) =>
  headerSignals((name) => (headers[name] === undefined ? [] : [headers[name]]), reader);

describe('signals about the use of a photo', () => {
  it.each<[Readonly<Record<string, string>>, readonly unknown[]]>([
    [{}, []],
    [{ 'x-robots-tag': 'all, max-image-preview:large' }, []],
    [{ 'x-robots-tag': 'noml, noarchive' }, [['X-Robots-Tag: noml, noarchive', 'noml']]],
    [{ 'x-robots-tag': 'otherbot: noml' }, []],
    [{ 'tdm-reservation': ' 1 ' }, [['TDM-Reservation: 1', 'tdm-reservation']]],
    [{ 'tdm-reservation': '0' }, [['TDM-Reservation: 0']]],
    [{ 'content-usage': 'train-ai=n, search=y' }, [['Content-Usage: train-ai=n, search=y', 'train-ai=n', 'search=y']]],
    [{ 'content-usage': 'Not, a "dictionary' }, [['Content-Usage: Not, a "dictionary']]],
  ])('are read from the headers %j', (headers, expected) => {
    expect(signalsOf(headers).map(({ text, names }) => [text, ...names])).toEqual(expected);
  });

  it('refuse a photo if the setting names them, and only then', () => {
    const signals = [
      ...signalsOf({ 'x-robots-tag': 'noml' }),
      robotsSignal({ name: 'Content-Signal', value: 'search=yes, ai-train=no' }),
      fileSignal('DMI-PROHIBITED'),
    ];
    expect(refusedSignal(signals, ['noai', 'ai-input=no'])).toBeNull();
    expect(refusedSignal(signals, ['ai-train=no'])?.text).toBe('robots.txt Content-Signal: search=yes, ai-train=no');
    expect(refusedSignal(signals, ['DMI-PROHIBITED'])?.text).toBe('plus:DataMining: DMI-PROHIBITED');
  });
});

describe('usage records of robots.txt', () => {
  const recordsOf = (text: string, path: string): string[] =>
    usageRecords(parseRobots(text, 'winnow'), `https://h.example${path}`).map(({ name, value }) => `${name}: ${value}`);
  const file = [
    'User-agent: *',
    'Content-Signal: search=yes,ai-train=no',
    'Content-Usage: train-ai=n',
    'Content-Usage: /free/ train-ai=y',
    'Allow: /',
  ].join('\n');

  it.each([
    ['/a.jpg', ['Content-Signal: search=yes,ai-train=no', 'Content-Usage: train-ai=n']],
    ['/free/a.jpg', ['Content-Signal: search=yes,ai-train=no', 'Content-Usage: train-ai=y']],
  ])('that apply to %s have the longest path of their name', (path, expected) => {
    expect(recordsOf(file, path)).toEqual(expected);
  });

  it('of another agent do not apply', () => {
    const others = file.replace('*', 'otherbot');
    expect(recordsOf(others, '/a.jpg')).toEqual([]);
  });
});
