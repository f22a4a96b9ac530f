import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { countResponse, workMetrics } from '../../../src/core/runtime/work/work-metrics.ts';
import { holdKey } from '../../../src/core/crawl/sources/permit-pause.repository.ts';
import { pauseStages } from '../../../src/core/collection/pause.repository.ts';
import { freeBytesOn } from '../../../src/core/platform/disk/full-disk.ts';
import { candidate, store } from '../../support/catalogue-fixtures.ts';
import { NO_TOKENS, useDashboard } from '../web/server/support.ts';
import { repositoryRoot } from '../../support/winnow.ts';

const DASHBOARD = path.join(repositoryRoot, 'config/deploy/grafana/dashboards/winnow.json');
const dashboard = useDashboard();
let metrics = '';
/** Responses that other files have counted in this process. */
let before: ReadonlyMap<string, string>;
let queries: string[] = [];
let alerts: string[] = [];

async function countedResponses(): Promise<ReadonlyMap<string, string>> {
  const text = await workMetrics.metrics();
  return new Map(
    Array.from(text.matchAll(/^winnow_http_responses_total\{(.*)\} (\d+)$/gm), ([, series = '', n = '']) => [
      series,
      n,
    ]),
  );
}

beforeAll(async () => {
  const { db } = dashboard.app;
  await store(db, [
    candidate('one', { wnid: 'n01440764' }),
    candidate('two', { wnid: 'n01440764', refusal: { reason: 'opted-out', detail: 'asked' } }),
  ]);
  await holdKey(db, 'source:inaturalist', { forMs: 60_000, why: 'HTTP 429' });
  await holdKey(db, 'host:photos.example', { forMs: 60_000, why: 'HTTP 429' });
  await pauseStages(db, { stages: ['fetch'], collectionId: null, by: 'ann@lab3', endWorkers: false });
  before = await countedResponses();
  countResponse('staticflickr.com', 200);
  countResponse(null, 404);
  const url = await dashboard.serve(NO_TOKENS);
  metrics = await (await fetch(`${url}/metrics`)).text();
  const { panels } = JSON.parse(await readFile(DASHBOARD, 'utf8')) as {
    panels: { targets: { expr: string }[] }[];
  };
  queries = panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));
  const { groups } = parse(await readFile(path.join(repositoryRoot, 'config/deploy/alerts.yml'), 'utf8')) as {
    groups: { rules: { expr: string }[] }[];
  };
  alerts = groups.flatMap(({ rules }) => rules.map(({ expr }) => expr));
});

function selectorsOf(query: string): { name: string; labels: [string, string, string][] }[] {
  return [...query.matchAll(/\b([a-z]\w*)\{([^}]*)\}/g)].map(([, name = '', labels = '']) => ({
    name,
    labels: [...labels.matchAll(/(\w+)(!?=)"([^"]*)"/g)].map(([, label = '', how = '', value = '']) => [
      label,
      how,
      value,
    ]),
  }));
}

const seriesOf = (name: string): string[] =>
  metrics.split('\n').filter((line) => new RegExp(`^${name}(\\{| )`).test(line));

it('alert rules ask for metrics that there are, by labels that they have', () => {
  const selectors = alerts.flatMap(selectorsOf).filter(({ name }) => name !== 'up');
  expect(selectors.length).toBeGreaterThanOrEqual(8);
  for (const { name, labels } of selectors)
    for (const label of ['', ...labels.map(([one]) => `${one}=`)])
      expect([name, label, seriesOf(name).some((line) => line.includes(label))]).toEqual([name, label, true]);
});

it('responses are counted by the hosts of sources, and those of other hosts together', async () => {
  const after = await countedResponses();
  for (const series of ['host="staticflickr.com",class="2xx"', 'host="other",class="4xx"'])
    expect(Number(after.get(series)), series).toBe(Number(before.get(series) ?? 0) + 1);
});

describe("Grafana's dashboard", () => {
  it('asks for metrics that there are, by labels and values that they have', () => {
    const selectors = queries.flatMap(selectorsOf);
    expect(selectors.length).toBeGreaterThanOrEqual(queries.length);
    for (const { name, labels } of selectors) {
      const series = seriesOf(name);
      expect([name, series.length > 0]).toEqual([name, true]);
      for (const [label, how, value] of labels) {
        if (label === 'job') continue;
        const wanted = value === '$collection' ? 'demo' : value;
        expect([name, label, how, value, series.some((line) => line.includes(`${label}="${wanted}"`))]).toEqual([
          name,
          label,
          how,
          value,
          true,
        ]);
      }
    }
  });

  it('shows every metric of winnow', () => {
    const shown = new Set(queries.flatMap(selectorsOf).map(({ name }) => name.replace(/_bucket$/, '')));
    const told = [...metrics.matchAll(/^# TYPE (winnow_\w+) /gm)].map(([, name = '']) => name);
    expect(told.filter((name) => !shown.has(name))).toEqual([]);
  });
});

describe('metrics for operators', () => {
  it('tell what is left to do, what is stored, and which workers there are, also if there are none', () => {
    expect(metrics).toContain('winnow_backlog{collection="demo",stage="fetch"} 1');
    expect(metrics).toContain('winnow_backlog{collection="demo",stage="discover"} 0');
    expect(metrics).toContain('winnow_stored_bytes{collection="demo",state="stored"} 0');
    expect(metrics).toContain('winnow_processes{collection="demo",name="filter-worker"} 0');
    expect(metrics).toContain('winnow_processes{collection="demo",name="server"} 1');
  });

  it('tell for how long a stage is paused, what the disk has left, and that no bytes are lost', async () => {
    const valueOf = (series: string): number => Number(seriesOf(series)[0]?.split(' ').at(-1));
    const paused = seriesOf('winnow_stage_paused_seconds').map((line) => [
      line.split('"')[3],
      Number(line.split(' ')[1]),
    ]);
    expect(paused).toEqual([
      ['discover', 0],
      ['fetch', expect.any(Number)],
      ['filter', 0],
    ]);
    expect(Object.fromEntries(paused)['fetch']).toBeGreaterThan(0);
    const free = await freeBytesOn(dashboard.app.dataDir);
    expect(valueOf('winnow_disk_free_bytes') / free).toBeCloseTo(1, 1);
    expect(valueOf('winnow_lost_bytes_total')).toBe(0);
  });

  it('tell how sources stand, and of no host', () => {
    expect(metrics).toMatch(/^winnow_source_waits\{collection="demo",key="source:inaturalist",reason="[\w-]+"\} 1$/m);
    expect(metrics).toContain(
      'winnow_budget_limit{collection="demo",key="source:inaturalist",budget="requestsPerDay"} 9900',
    );
    expect(metrics).not.toContain('photos.example');
  });
});
