import { GiveUpOnItem } from '../../kernel/errors.ts';

/** The checks of `winnow verify`. The words are part of the contract, because scripts rely on them. */
export const CHECKS = [
  // A file or an id is not what its SHA-256 says.
  'checksum',
  'stray-file',
  'missing-file',
  // Folders, labels and names of classes.
  'class-order',
  // Totals of protocol.json.
  'count',
  // Rows of test/metadata.jsonl with the pictures that they describe, protocol.json, decisions.csv.
  'metadata',
  'licence',
  // The models' predictions for each photo.
  'rule',
  'cap',
  'duplicate',
  'croissant',
  'card',
  'shard',
  'coco',
  'parquet',
  'attribution',
  // Only ever skipped: a model of the ensemble is not installed here, so the rule cannot be recomputed.
  'model-missing',
] as const;
export type Check = (typeof CHECKS)[number];

export interface Breach {
  readonly check: Check;
  readonly file: string;
  readonly detail: string;
}

export interface Skipped {
  readonly check: Check;
  readonly reason: string;
}

export interface Verification {
  readonly ok: boolean;
  readonly photos: number;
  /** Rows that were decided on imported evidence, for which the rule has wider tolerances. */
  readonly importedRows: number;
  readonly checks: number;
  readonly skipped: readonly Skipped[];
  readonly breaches: readonly Breach[];
}

export interface StoredVerification extends Verification {
  readonly at: string;
  /** Number of breaches found. Only the first ones are stored. */
  readonly breachCount: number;
}

const BREACHES_STORED = 50;

export function storedVerification(verification: Verification, at: Date): StoredVerification {
  const { breaches } = verification;
  return {
    ...verification,
    at: at.toISOString(),
    breachCount: breaches.length,
    breaches: breaches.slice(0, BREACHES_STORED),
  };
}

/** The most breaches of one check that are kept. One mistake may affect a million photos. */
const BREACHES_PER_CHECK = 1_000;

/** Names and values are quoted from the export, and may be a megabyte long. */
const LONGEST_TEXT = 2_000;

function shortened(text: string): string {
  return text.length > LONGEST_TEXT ? `${text.slice(0, LONGEST_TEXT)}…` : text;
}

/** The problems of a part of an export, and `false` for each test that it passes. */
export type Problems = Iterable<string | false>;

/** Notes breaches of the check and file at hand, on a line of it if there is a number. */
export type Report = (problems: Problems, line?: number) => void;

export class Findings {
  readonly #made = new Set<Check>();
  readonly #skipped: Skipped[] = [];
  readonly #breaches: Breach[] = [];
  readonly #counts = new Map<Check, number>();
  importedRows = 0;

  /** A check begins. It counts as made even if it finds nothing. */
  begin(check: Check): void {
    this.#made.add(check);
  }

  skip(check: Check, reason: string): void {
    this.#skipped.push({ check, reason });
  }

  breach(check: Check, file: string, detail: string): void {
    this.begin(check);
    const count = (this.#counts.get(check) ?? 0) + 1;
    this.#counts.set(check, count);
    if (count <= BREACHES_PER_CHECK) this.#breaches.push({ check, file: shortened(file), detail: shortened(detail) });
  }

  breaches(check: Check, file: string, problems: Problems): void {
    this.begin(check);
    for (const detail of problems) if (detail !== false) this.breach(check, file, detail);
  }

  result(photos: number): Verification {
    const more = [...this.#counts].flatMap(([check, count]) =>
      count <= BREACHES_PER_CHECK
        ? []
        : [{ check, file: '.', detail: `${count - BREACHES_PER_CHECK} more breaches of this check are not listed` }],
    );
    const breaches = [...this.#breaches, ...more];
    const { importedRows } = this;
    return {
      ok: breaches.length === 0,
      photos,
      importedRows,
      checks: this.#made.size,
      skipped: this.#skipped,
      breaches,
    };
  }
}

/** Runs a check of a file. If the file cannot be read, that is a breach of the check. */
export async function checking(
  { findings }: { readonly findings: Findings },
  { check, file }: { readonly check: Check; readonly file: string },
  run: (report: Report) => Promise<void>,
): Promise<void> {
  findings.begin(check);
  try {
    await run((problems, line) => findings.breaches(check, line === undefined ? file : `${file}:${line}`, problems));
  } catch (error) {
    if (!(error instanceof GiveUpOnItem)) throw error;
    findings.breach(check, file, error.message);
  }
}
