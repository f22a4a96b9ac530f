/** @jsxRuntime automatic @jsxImportSource preact */
import { useEffect, useRef, useState } from 'preact/hooks';
import type { WhatIfCounts, WhatIfState } from '../../../core/filter/what-if/what-if-tally.ts';
import { placeFlags } from '../../../core/kernel/next-step.ts';
import type { Sha256 } from '../../../core/kernel/ids.ts';
import { photosPath } from '../../../core/kernel/photo-filter.ts';
import { countOf, countText } from '../../../core/kernel/texts.ts';
import { inAddress, putIntoAddress } from '../address.ts';
import { ask, errorText } from '../review/store/api.ts';
import { CopiedCommand, WithCopy } from './copied.tsx';
import type { Overview } from './overview.ts';
import { Table } from '../../../core/page/wide-table.tsx';

/** The answer of `api/what-if`. */
export interface WhatIfAnswer {
  readonly rule: 'threshold' | 'minConfidence';
  readonly value: number;
  readonly cap: number;
  /** Under the rules of the collection, and under those that were asked for. */
  readonly now: WhatIfCounts;
  readonly asked: WhatIfCounts;
  /** Photos whose decision would change. */
  readonly changed: number;
  /** Some of each change. */
  readonly samples: readonly {
    readonly sha256: Sha256;
    readonly wnid: string;
    readonly name: string;
    readonly from: WhatIfState;
    readonly to: WhatIfState;
  }[];
}

const READING = 'Reading the stored evidence …';
const RULE_TEXT = { threshold: 'Drop above p', minConfidence: 'Keep from confidence' } as const;

/** Tries other rules on the stored evidence. Nothing changes. */
export function WhatIfForm({ now, isLive }: { readonly now: Overview; readonly isLive: boolean }) {
  const { rule } = now.rules;
  const [answer, setAnswer] = useState<WhatIfAnswer | null>(null);
  const [said, say] = useState('');
  const form = useRef<HTMLFormElement>(null);
  const show = async (): Promise<void> => {
    const fields = form.current === null ? [] : [...new FormData(form.current)];
    const query = new URLSearchParams(fields.map(([name, field]) => [name, typeof field === 'string' ? field : '']));
    for (const [name, field] of query) putIntoAddress(name, field);
    say(READING);
    try {
      setAnswer(await ask<WhatIfAnswer>(`api/what-if?${query.toString()}`));
      say('');
    } catch (error) {
      say(errorText(error));
    }
  };
  // A link or a reload asks for the rules that the address has.
  useEffect(() => {
    if (isLive && inAddress(rule) !== '') void show();
  }, [isLive]);
  return (
    <section aria-label="What if">
      <h2>
        What if <small>other rules, on the stored evidence: nothing changes</small>
      </h2>
      <form
        ref={form}
        class="what-if"
        onSubmit={(event) => {
          event.preventDefault();
          void show();
        }}
      >
        <Fields rules={now.rules} />
        <button class="chosen" disabled={!isLive || said === READING}>
          Show
        </button>
        <span role="status" class="quiet">
          {said}
        </span>
      </form>
      {answer === null ? null : <Answer answer={answer} collection={now.collection} />}
    </section>
  );
}

/** The rules of the address, or those of the collection. */
function Fields({ rules: { rule, value, cap } }: Pick<Overview, 'rules'>) {
  return (
    <>
      <label>
        {RULE_TEXT[rule]}{' '}
        <input
          name={rule}
          type="number"
          min="0.001"
          max={rule === 'threshold' ? '0.999' : '1'}
          step="any"
          required
          defaultValue={inAddress(rule) || value}
        />
      </label>
      <label>
        List up to <input name="cap" type="number" min="1" step="1" required defaultValue={inAddress('cap') || cap} />{' '}
        of each confusion
      </label>
    </>
  );
}

const ROWS: readonly (readonly [text: string, countOf: (counts: WhatIfCounts) => number])[] = [
  ['kept', ({ kept }) => kept],
  ['listed', ({ shortlisted }) => shortlisted],
  ['dropped', ({ dropped }) => dropped],
  ['undecided', ({ undecided }) => undecided],
];

interface AnswerProps {
  readonly answer: WhatIfAnswer;
  readonly collection: string;
}

function Answer({ answer, collection }: AnswerProps) {
  const { rule, value, cap, now, asked, changed, samples } = answer;
  const yaml = `policy:\n  ${rule}: ${value}\n  cap: ${cap}`;
  return (
    <div class="cols what-if-answer">
      <div>
        <Table
          caption="Photos under these rules"
          rows={ROWS}
          keyOf={([text]) => text}
          columns={{
            photos: ([text]) => text,
            'rules of now': ([, of]) => countText(of(now)),
            [`${value}, cap ${cap}`]: ([, of]) => <b>{countText(of(asked))}</b>,
            change: ([, of]) => changeText(of(asked) - of(now)),
          }}
        />
        {asked.undecided > now.undecided ? <Missing {...{ answer, collection }} /> : null}
        <p>To use these rules, write them into the collection file and run the filter:</p>
        <WithCopy text={yaml}>
          <pre>
            <code>{yaml}</code>
          </pre>
        </WithCopy>
      </div>
      <div>
        {(['kept', 'dropped', 'undecided'] as const).map((state) => (
          <Photos key={state} {...{ state, collection }} photos={samples.filter(({ to }) => to === state)} />
        ))}
        {changed === 0 ? (
          <p class="quiet">No decision would change.</p>
        ) : (
          <p>
            <a href={`what-if.csv?${rule}=${value}&cap=${cap}`}>
              {countOf(changed, 'photo')} with another decision, as CSV
            </a>
          </p>
        )}
      </div>
    </div>
  );
}

function Missing({ answer: { rule, value, cap, asked }, collection }: AnswerProps) {
  const flag = rule === 'threshold' ? '--threshold' : '--min-confidence';
  return (
    <>
      <p>
        For {countOf(asked.undecided, 'photo')} crops are missing, at most {countText(asked.missingCrops)}. This runs
        them, and decides nothing:
      </p>
      <CopiedCommand text={`winnow what-if ${placeFlags(collection)} ${flag} ${value} --cap ${cap} --fill`} />
    </>
  );
}

function changeText(change: number): string {
  return change > 0 ? `+${countText(change)}` : change === 0 ? '–' : `−${countText(-change)}`;
}

interface PhotosProps {
  readonly state: WhatIfState;
  readonly collection: string;
  readonly photos: WhatIfAnswer['samples'];
}

/** Each leads to the gallery, where it is the first of the photos that look like it. */
function Photos({ state, collection, photos }: PhotosProps) {
  if (photos.length === 0) return null;
  return (
    <>
      <h3>Some that would be {state}</h3>
      <ul class="what-if-photos">
        {photos.map(({ sha256, wnid, name, from }) => (
          <li key={`${wnid} ${sha256}`}>
            <a href={photosPath(collection, { like: sha256 })}>
              <img
                src={`/thumbnails/${sha256}`}
                alt={`${name}, ${from} now`}
                title={`${name}, ${from} now`}
                loading="lazy"
              />
            </a>
          </li>
        ))}
      </ul>
    </>
  );
}
