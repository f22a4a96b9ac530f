/** The rooms of `src`, lowest first (ARCHITECTURE.md describes them). A room imports only itself and the rooms before it. */
const ROOMS = [
  'kernel',
  'config',
  'platform',
  'page',
  'collection',
  'runtime',
  'photo',
  'crawl',
  'models',
  'filter',
  'shortlist',
  'review',
  'status',
  'export',
  'evaluate',
  'report',
  'operate',
  'pipeline.ts',
  'library',
  'ui',
  'server',
  'cli',
];

const place = (room) => (room.endsWith('.ts') ? `${room}$` : `${room}/`);
const rooms = (from, to) => `^src/(${ROOMS.slice(from, to).map(place).join('|')})`;
const indexOf = (room) => ROOMS.indexOf(room);

/** The rooms whose files follow the suffixes: `x.ts` is pure. */
const SUFFIXED = rooms(indexOf('collection'), indexOf('pipeline.ts'));
/** Code that pages run in a browser. */
const PAGES = '^src/(ui|page|report/page|shortlist/sheet)/';

const IO =
  '^((node:)?(fs|http|https|http2|net|tls|dns|dgram|os|child_process|process|worker_threads|timers)(/promises)?$|node_modules/(pg|pg-cursor|kysely|bullmq|ioredis|got|undici|sharp|@julusian|onnxruntime-node|@aws-sdk|@huggingface|fastify|pino)(/|$))';

module.exports = {
  forbidden: [
    ...ROOMS.slice(0, -1).map((room, i) => ({
      name: `${room}-imports-only-rooms-below`,
      severity: 'error',
      from: { path: `^src/${place(room)}` },
      to: { path: rooms(i + 1) },
    })),
    {
      name: 'every-file-has-a-room',
      severity: 'error',
      from: { path: '^src/', pathNot: rooms(0) },
      to: {},
    },
    {
      name: 'kernel-imports-nothing',
      severity: 'error',
      from: { path: '^src/core/kernel/' },
      to: { pathNot: '^src/core/kernel/' },
    },
    {
      name: 'suffixes-say-what-a-file-may-do',
      comment:
        'x.ts is pure, x.repository.ts has SQL, x.process.ts works with files, networks, the catalogue and time.',
      severity: 'error',
      from: { path: SUFFIXED, pathNot: '\\.(repository|process)\\.tsx?$|\\.mjs$' },
      to: {
        path: `^src/core/platform/|\\.(repository|process)\\.tsx?$|${IO}`,
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'sql-lives-in-repositories',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/core/platform/postgres/|\\.repository\\.ts$' },
      to: {
        path: '^node_modules/(kysely|pg|pg-cursor|pg-copy-streams)(/|$)',
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'pages-run-in-browsers',
      comment: 'Pages may import the types of what the server sends, but no code that runs on the server.',
      severity: 'error',
      from: { path: PAGES },
      to: {
        path: '^(src/|(node:)?[a-z_]+$)',
        pathNot: `${PAGES}|^src/core/kernel/`,
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'plain-components-need-no-browser',
      comment: 'The server renders them. They import no hooks, because they show only their props.',
      severity: 'error',
      from: { path: '^src/(page|report/page|shortlist/sheet|ui/(revisions|activity))/' },
      to: { path: '^(src/web/pages/(review|dashboard|home)/|node_modules/preact/(hooks|compat)/)' },
    },
    {
      name: 'the-server-renders-plain-components',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/web/pages/' },
      to: { path: '^src/web/pages/', pathNot: '^src/web/pages/(revisions|activity|dashboard)/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'only-config-reads-env',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(config|cli)/' },
      to: { path: '^(node:)?process$' },
    },
    {
      name: 'the-program-stands-alone',
      severity: 'error',
      from: { path: '^(src|workers)/' },
      to: { path: '^(test|scripts)/' },
    },
    {
      name: 'the-program-needs-no-tools',
      severity: 'error',
      from: { path: '^(src|workers)/' },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    },
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^test/fixtures/' },
  },
};
