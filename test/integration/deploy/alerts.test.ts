import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { repositoryRoot } from '../../support/winnow.ts';

const RULES = path.join(repositoryRoot, 'config/deploy/alerts.yml');
const TESTS = path.join(import.meta.dirname, 'alerts.promtool.yml');

interface Rule {
  readonly alert: string;
  readonly labels: { readonly severity: string };
}

let rules: readonly Rule[] = [];
beforeAll(async () => {
  const { groups } = parse(await readFile(RULES, 'utf8')) as { groups: { rules: Rule[] }[] };
  rules = groups.flatMap((group) => group.rules);
});

const runPromtool = (...args: string[]) => promisify(execFile)('promtool', args);

describe('the alert rules', () => {
  it('fire when they should and are silent otherwise, as promtool computes them', async (context) => {
    const isInstalled = await runPromtool('--version').then(
      () => true,
      () => false,
    );
    context.skip(
      !isInstalled,
      'promtool is not on the PATH (Debian: apt-get install --no-install-recommends prometheus)',
    );
    await runPromtool('check', 'rules', RULES);
    await runPromtool('check', 'config', '--syntax-only', path.join(repositoryRoot, 'config/deploy/prometheus.yml'));
    // It exits with 1, and so the promise rejects with its output, if a rule does something else.
    expect((await runPromtool('test', 'rules', TESTS)).stdout).toContain('SUCCESS');
  });

  it('have a test each, in which they fire', async () => {
    const { tests } = parse(await readFile(TESTS, 'utf8')) as {
      tests: { alert_rule_test?: { alertname: string; exp_alerts: object[] }[] }[];
    };
    const cases = tests.flatMap(({ alert_rule_test: ofTest = [] }) => ofTest);
    const fired = new Set(cases.filter((one) => one.exp_alerts.length > 0).map(({ alertname }) => alertname));
    expect(fired).toEqual(new Set(rules.map(({ alert }) => alert)));
  });

  it('stand in docs/operating.md with their severity, a cause and a command', async () => {
    const docs = await readFile(path.join(repositoryRoot, 'docs/operating.md'), 'utf8');
    const rows = [...docs.matchAll(/^\| `(Winnow\w+)` \| (\w+) \| ([^|]+) \| ([^|]*`[^|]+`[^|]*) \|$/gm)];
    expect(rows.map(([, alert, severity]) => [alert, severity])).toEqual(
      rules.map(({ alert, labels }) => [alert, labels.severity]),
    );
  });
});
