import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { Ajv } from 'ajv';
import { beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { loadConfig } from '../../../src/core/config/load-config.ts';
import { composeServices, parseCompose, readComposeText, type ComposeService } from '../../support/compose.ts';
import { repositoryRoot } from '../../support/winnow.ts';

const SCHEMA = path.join(repositoryRoot, 'test/fixtures/compose/compose-spec.schema.json');
const OURS = ['discover', 'fetch', 'filter', 'server'];

let services: ReadonlyMap<string, ComposeService>;
beforeAll(async () => {
  services = await composeServices({ WINNOW_CRAWL_CONTACT: 'curator@example.org' });
});

function serviceOf(name: string): ComposeService {
  const service = services.get(name);
  if (service === undefined) throw new Error(`Expected the service '${name}'`);
  return service;
}

/** Settings from the file's environment with its own passwords and nothing else. */
const settingsOf = async (name: string): ReturnType<typeof loadConfig> => {
  const { environment } = serviceOf(name);
  return loadConfig({
    env: Object.fromEntries(Object.entries(environment).map(([key, value]) => [key, String(value)])),
  });
};

describe('docker-compose.yml', () => {
  it('is what the Compose Specification says', async () => {
    // Of an older draft, in which ids were no URLs: they are not needed here.
    const schema: object = JSON.parse(await readFile(SCHEMA, 'utf8'), (key, value: unknown) =>
      key === '$schema' || (key === 'id' && typeof value === 'string') ? undefined : value,
    );
    const validate = new Ajv({ strict: false, allErrors: true, validateFormats: false }).compile(schema);
    const compose = parseCompose(await readComposeText());
    expect([validate(compose), validate.errors]).toEqual([true, null]);
    expect(validate({ services: { filter: { image: 'winnow', stop_grace: '10s' } } })).toBe(false);
  });

  it('lets nobody in from another machine', () => {
    const ports = [...services.values()].flatMap((service) => service.ports);
    expect(ports.length).toBeGreaterThan(3);
    expect(ports.filter((port) => !port.startsWith('127.0.0.1:'))).toEqual([]);
  });

  it('does not start without a contact for sites, and says which variable is missing', async () => {
    await expect(composeServices({ WINNOW_CRAWL_CONTACT: '' })).rejects.toThrow(
      'required variable WINNOW_CRAWL_CONTACT is missing a value: set it in .env',
    );
  });

  it('gives PostgreSQL no port on this machine', () => {
    expect([...services].filter(([name]) => name.includes('postgres')).map(([, { ports }]) => ports)).toEqual([[], []]);
  });

  it('gives every container a limit of memory, no rights, and a root that it cannot write to', () => {
    for (const [name, { read_only: isReadOnly, cap_drop: dropped, security_opt: options, ...service }] of services) {
      expect([name, isReadOnly, dropped, options]).toEqual([name, true, ['ALL'], ['no-new-privileges:true']]);
      expect([name, service.mem_limit]).toEqual([name, expect.stringMatching(/^\d+[mg]$/)]);
      // Only PostgreSQL's first process is root, and becomes another user.
      expect([name, service.cap_add.length > 0]).toEqual([name, name.includes('postgres')]);
    }
  });

  it('lets every winnow service write to its data folder and to /tmp', () => {
    for (const name of [...OURS, 'demo', 'winnow']) {
      const { tmpfs, volumes } = serviceOf(name);
      const writable = [
        tmpfs,
        volumes.filter((volume) => !volume.endsWith(':ro')).map((volume) => volume.split(':')[1]),
      ].flat();
      expect([name, writable.map((place) => String(place).split(':')[0])]).toEqual([
        name,
        expect.arrayContaining(['/tmp', '/app/data']),
      ]);
    }
  });

  it('shows the server the data folder into which single commands write, at the same path', () => {
    const dataOf = (name: string): string[] =>
      serviceOf(name).volumes.filter((volume) => volume.includes(':/app/data'));
    expect([dataOf('server'), dataOf('winnow')]).toEqual([['./data:/app/data'], ['./data:/app/data']]);
    // A folder in memory at the same path would hide it.
    for (const name of ['server', 'winnow']) expect([name, serviceOf(name).tmpfs]).toEqual([name, '/tmp']);
  });

  it('gives the workers settings that winnow knows, and the time to drain', async () => {
    for (const name of OURS) {
      const { config, warnings } = await settingsOf(name);
      expect([name, warnings, config.blobs.url]).toEqual([name, [], 's3://photos']);
      const graceMs = Number.parseInt(serviceOf(name).stop_grace_period ?? '', 10) * 1000;
      expect(graceMs).toBeGreaterThanOrEqual(config.workers.drainTimeoutMs + 5_000);
    }
    const { metricsHost, metricsPort } = (await settingsOf('filter')).config.workers;
    const { scrape_configs: scraped, rule_files: rules } = parse(
      await readFile(path.join(repositoryRoot, 'config/deploy/prometheus.yml'), 'utf8'),
    ) as { scrape_configs: { dns_sd_configs: { names: string[]; port: number }[] }[]; rule_files: string[] };
    expect([metricsHost, scraped[1]?.dns_sd_configs]).toEqual([
      '0.0.0.0',
      [{ names: ['discover', 'fetch', 'filter'], type: 'A', port: metricsPort }],
    ]);
    expect(serviceOf('prometheus').volumes.join(' ')).toContain(`:/etc/prometheus/${rules.join(' ')}:ro`);
    const { config } = await settingsOf('server');
    expect([config.server.host, config.server.token, config.server.viewerToken]).toEqual([
      '0.0.0.0',
      expect.any(String),
      serviceOf('prometheus').environment['VIEWER_TOKEN'],
    ]);
  });

  it('passes every variable that .env.example documents', async () => {
    const documented = await readFile(path.join(repositoryRoot, '.env.example'), 'utf8');
    const names = [...documented.matchAll(/^# ([A-Z][A-Z\d_]*)=/gm)].map(([, name = '']) => name);
    expect(names.length).toBeGreaterThan(30);
    const given = Object.fromEntries(names.map((name) => [name, `given-${name}`]));
    const passed = JSON.stringify([...(await composeServices(given))]);
    expect(names.filter((name) => !passed.includes(`given-${name}`))).toEqual([]);
    const { environment } = (await composeServices(given)).get('filter') ?? {};
    const settings = names.filter((name) =>
      /^(WINNOW_(?!TOKEN|SERVER)|AWS_|DATABASE_|REDIS_URL|HTTPS_|NO_)/.test(name),
    );
    expect(settings.filter((name) => environment?.[name] !== `given-${name}`)).toEqual([]);
  });
});
