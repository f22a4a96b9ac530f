/** The rooms of `src/core`, lowest first (ARCHITECTURE.md describes them). A room imports only itself and the rooms before it. */
const ROOMS = [
  'kernel',
  'tools',
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
  'operate',
  'pipeline.ts',
  'library',
  'cli',
  'commands.ts',
];
/** The wings, and the wings that each imports. Each imports core; core imports none. */
const WINGS = { measure: [], keep: [], exchange: [], web: ['measure'] };

const place = (room) => (room.endsWith('.ts') ? `${room}$` : `${room}/`);
const rooms = (from, to) => `^src/core/(${ROOMS.slice(from, to).map(place).join('|')})`;
const indexOf = (room) => ROOMS.indexOf(room);
const folders = (names) => `^src/(${names.join('|')})/`;
/** The files that start the program, in plain JavaScript. */
const START = '^src/cli/';

/** Places whose files follow the suffixes: `x.ts` is pure. */
const SUFFIXED = `${rooms(indexOf('collection'), indexOf('pipeline.ts'))}|^src/(measure/(report|evaluate|heads)|keep|exchange/(evidence|publish)|web/status)/`;
/** Commands start work of every kind. */
const COMMANDS = '^src/[a-z]+/(cli/|commands\\.ts$)';
/** Code that pages run in a browser. */
const PAGES = '^src/(web/pages|core/page|measure/charts|measure/report/page|core/shortlist/sheet)/';

const IO =
  '^((node:)?(fs|http|https|http2|net|tls|dns|dgram|os|child_process|process|worker_threads|timers)(/promises)?$|node_modules/(pg|pg-cursor|kysely|bullmq|ioredis|got|undici|sharp|@julusian|onnxruntime-node|@aws-sdk|@huggingface|fastify|pino)(/|$))';

module.exports = {
  forbidden: [
    ...ROOMS.slice(0, -1).map((room, i) => ({
      name: `${room}-imports-only-rooms-below`,
      severity: 'error',
      from: { path: `^src/core/${place(room)}` },
      to: { path: rooms(i + 1) },
    })),
    {
      name: 'core-imports-no-wing',
      severity: 'error',
      from: { path: '^src/core/' },
      to: { path: '^src/', pathNot: `^src/core/|${START}` },
    },
    ...Object.entries(WINGS).map(([wing, others]) => ({
      name: `${wing}-imports-only-${['core', ...others].join('-and-')}`,
      severity: 'error',
      from: { path: `^src/${wing}/` },
      to: { path: '^src/', pathNot: `${folders(['core', wing, ...others])}|${START}` },
    })),
    {
      name: 'every-file-has-a-room',
      severity: 'error',
      from: {
        path: '^src/',
        pathNot: `${rooms(0)}|${folders(Object.keys(WINGS))}|${START}|^src/(main|index|demo)\\.ts$`,
      },
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
      from: { path: SUFFIXED, pathNot: `${COMMANDS}|\\.(repository|process)\\.tsx?$|\\.mjs$` },
      to: {
        path: `^src/core/platform/|\\.(repository|process)\\.tsx?$|${IO}`,
        // Names and numbers only.
        pathNot: '^src/core/platform/(blobs/shards|parquet/columns)\\.ts$',
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
      from: { path: '^src/(core/(page|shortlist/sheet)|measure/(charts|report/page)|web/pages/(revisions|activity))/' },
      to: { path: '^(src/web/pages/(review|dashboard|home)/|node_modules/preact/(hooks|compat)/)' },
    },
    {
      name: 'the-server-renders-plain-components',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/web/pages/' },
      to: {
        path: '^src/web/pages/',
        pathNot: '^src/web/pages/(revisions|activity|dashboard)/',
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'only-config-reads-env',
      severity: 'error',
      from: { path: '^src/', pathNot: `^src/core/config/|${COMMANDS}|${START}|^src/(index|demo)\\.ts$` },
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
