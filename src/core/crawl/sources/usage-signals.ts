import { parseDictionary, Token } from 'structured-headers';
import type { UsageRecord } from './robots-file.ts';
import { wellFormed } from './text.ts';
import { usageDirectives, type RobotsReader } from './x-robots-tag.ts';

/** A statement of a site or a file about the use of a photo by machines. */
export interface UsageSignal {
  /** As it came, with its place: `X-Robots-Tag: noml`, `robots.txt Content-Usage: train-ai=n`. */
  readonly text: string;
  /** Its names in the setting `crawl.signals`. Empty if it is not understood. */
  readonly names: readonly string[];
}

const MOST_CHARACTERS = 500;

function signal(place: string, value: string, names: readonly string[]): UsageSignal {
  return { text: wellFormed(`${place}: ${value.trim()}`.slice(0, MOST_CHARACTERS)), names };
}

/**
 * The headers X-Robots-Tag, TDM-Reservation (W3C TDMRep, 2024-02) and Content-Usage (IETF aipref, a draft in 2026).
 *
 * @param valuesOf gives one value for each line of a header
 */
export function headerSignals(valuesOf: (name: string) => readonly string[], reader: RobotsReader): UsageSignal[] {
  const robots = valuesOf('x-robots-tag').map((value) => [value, usageDirectives(value, reader)] as const);
  return [
    ...robots.flatMap(([value, names]) => (names.length === 0 ? [] : [signal('X-Robots-Tag', value, names)])),
    ...valuesOf('tdm-reservation').map((value) =>
      signal('TDM-Reservation', value, value.trim() === '1' ? ['tdm-reservation'] : []),
    ),
    ...valuesOf('content-usage').map((value) => signal('Content-Usage', value, entriesOf(value))),
  ];
}

/** A record of robots.txt. */
export function robotsSignal({ name, value }: Pick<UsageRecord, 'name' | 'value'>): UsageSignal {
  return signal(`robots.txt ${name}`, value, entriesOf(value));
}

/** @param dataMining the value of the PLUS property Data Mining in XMP, such as `DMI-PROHIBITED` (IPTC, 2023) */
export function fileSignal(dataMining: string): UsageSignal {
  return signal('plus:DataMining', dataMining, [dataMining]);
}

/** The first signal that one of the names refuses. */
export function refusedSignal(signals: readonly UsageSignal[], refused: readonly string[]): UsageSignal | null {
  return signals.find(({ names }) => names.some((name) => refused.includes(name))) ?? null;
}

/** `train-ai=n, search=y` as [`train-ai=n`, `search=y`]; a dictionary of RFC 9651, section 3.2. */
function entriesOf(value: string): string[] {
  try {
    return [...parseDictionary(value)].map(
      ([key, [item]]) => `${key}=${item instanceof Token ? item.toString() : JSON.stringify(item)}`,
    );
  } catch {
    return [];
  }
}
