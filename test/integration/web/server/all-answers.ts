import { expect } from 'vitest';
import { FILTER_REASONS, PHOTO_STATES, PHOTO_VERDICTS } from '../../../../src/core/kernel/photo-filter.ts';
import type { Subject } from '../../../../src/core/review/events/event.ts';
import { ROUTES } from '../../../../src/web/server/routes.ts';
import { askFilled, JSON_BODY, type Asked } from './support.ts';

/** Photos of the collection `demo` that requests ask about. The first one stands for those that paths name. */
interface AskedAbout {
  readonly photos: readonly Subject[];
  /** Ids of candidates. */
  readonly ids: readonly number[];
}

/** The live stream is read apart. The others send files, or a frame that a script fills. */
const WITHOUT_VERDICTS = /live|heatmap|^\/(assets|favicon|login|queues)|\/references|^\/c\/:collection\/review/;
const LEASE = { client: 'tab', order: 'confusions', filter: {}, count: 4, held: [] };
const VERDICTS = [
  'by=carl',
  'by=ann',
  'judged=2000-01-01..2999-01-01',
  ...PHOTO_VERDICTS.map((verdict) => `verdict=${verdict}`),
];
const GALLERY = [
  ...Object.keys(PHOTO_STATES).map((state) => `state=${state}`),
  ...FILTER_REASONS.map((reason) => `reason=${reason}`),
  'reason=low-quality',
  'reason=near-duplicate',
  'tag=blur',
  'split=control',
  'split=test',
  'text=Tench',
  'disagree=1',
  'sort=p',
  'sort=-p',
  'sort=confusion',
  'sort=-time',
  'source=folder',
  'licence=unknown',
  ...VERDICTS,
  'state=listed&verdict=accept',
];

type Target = readonly [target: string, body: unknown];

function targetsOf({ photos, ids }: AskedAbout): readonly Target[] {
  const [first] = photos;
  const parts: Readonly<Record<string, string>> = {
    collection: 'demo',
    sha256: first?.sha256 ?? '',
    wnid: first?.wnid ?? '',
    reason: 'dns',
    model: 'no-such-model',
    id: '1',
    file: 'funnel.csv',
    name: 'none',
    '*': 'shortlist.html',
  };
  const wnids = [...new Set(photos.map(({ wnid }) => wnid))];
  const api = '/c/demo/api';
  const get = (targets: readonly string[]): Target[] => targets.map((target) => [target, undefined]);
  const review = [
    'tag=blur',
    'reason=low-quality',
    'flagged=true',
    'state=accepted',
    'state=rejected',
    'source=folder',
    ...VERDICTS,
  ];
  const orders = ['confusions', 'lowest', 'source', 'newest'];
  return [
    ...get(
      ROUTES.filter(({ method, path }) => method === 'GET' && !WITHOUT_VERDICTS.test(path)).map(({ path }) =>
        path.replaceAll(/:(\w+)|(\*)/g, (_, name?: string) => parts[name ?? '*'] ?? 'none'),
      ),
    ),
    ...get(review.flatMap((query) => ['index', 'facets'].map((route) => `${api}/review/${route}?${query}`))),
    ...get(orders.map((order) => `${api}/review/index?order=${order}`)),
    ...get(wnids.map((wnid) => `${api}/review/class/${wnid}`)),
    ...get(photos.map(({ sha256, wnid }) => `${api}/review/evidence/${wnid}/${sha256}`)),
    ...get(photos.map(({ sha256, wnid }) => `${api}/review/heatmap/no-such-model/${wnid}/${sha256}`)),
    ...get([...GALLERY, ...wnids.map((wnid) => `class=${wnid}`)].map((query) => `${api}/photos?${query}`)),
    ...get(VERDICTS.map((query) => `${api}/photos/csv?${query}`)),
    ...get(wnids.map((wnid) => `${api}/photos?seen=${wnid}`)),
    ...get(photos.map(({ sha256 }) => `${api}/photos?like=${sha256}`)),
    [`${api}/photos/rows`, { ids }],
    [`${api}/photos/csv`, { ids }],
    [`${api}/review/rows`, { subjects: photos }],
    [`${api}/review/lease`, LEASE],
    [`${api}/review/lease`, { ...LEASE, isBalanced: true, count: 3 }],
    [`${api}/review/lease`, { ...LEASE, count: 0 }],
  ];
}

/** Without times and loads, which differ from one request to the next. */
function steady(body: string): string {
  const isOurs = (line: string): boolean => /^winnow_(?!processes|disk_free)/.test(line);
  if (body.includes('# HELP')) return body.split('\n').filter(isOurs).join('\n');
  return body
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME')
    .replaceAll(/"(rates|workers|processes)":(\{.*?\}\}|\[.*?\])/g, '"$1"');
}

/** The first message of the live page. */
export async function firstEvent(server: string, headers: Record<string, string>, target = 'live'): Promise<string> {
  const ended = new AbortController();
  const { body } = await fetch(`${server}/c/demo/api/${target}`, { headers, signal: ended.signal });
  const { value } = (await body?.getReader().read()) ?? {};
  ended.abort();
  return steady(Buffer.from(value ?? []).toString());
}

/** The answers to all requests that could tell something about photos, by request. */
export async function allAnswersTo(
  server: string,
  headers: Record<string, string>,
  about: AskedAbout,
): Promise<Record<string, string>> {
  const answers: Record<string, string> = { live: await firstEvent(server, headers) };
  for (const [target, body] of targetsOf(about)) {
    const asked: Asked =
      body === undefined
        ? { headers }
        : { method: 'POST', headers: { ...headers, ...JSON_BODY }, body: JSON.stringify(body) };
    const answer = await askFilled(server, target, asked);
    expect(answer.status, target).toBeLessThan(500);
    answers[`${target} ${JSON.stringify(body)}`] = `${answer.status} ${steady(answer.body)}`;
  }
  return answers;
}
