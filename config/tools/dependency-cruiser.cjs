/** The stages in the order of the data flow (ARCHITECTURE.md draws it). A stage imports only the stages before it. */
const STAGES = [
  'collection',
  'source',
  'candidate',
  'photo',
  'evidence',
  'decision',
  'shortlist',
  'review',
  'funnel',
  'export',
  'report',
];
const stages = STAGES.join('|');

/** The folders of `src/app` in import order: each imports only those before it. `pipeline.ts` may import all of them. */
const APP_FOLDERS = [
  'activity',
  'engine',
  'open',
  'work',
  'network',
  'photos',
  'discover',
  'fetch',
  'filter',
  'watch',
  'shortlist',
  'review',
  'export',
  'report',
  'upkeep',
  'models',
  'finetune',
  'backup',
];

const onlyUpstream = (root, folders) =>
  folders.map((folder, i) => ({
    name: `${folder}-in-${root.replace('/', '-')}-knows-only-upstream`,
    severity: 'error',
    from: { path: `^${root}/${folder}/` },
    to: { path: `^${root}/((${folders.slice(i + 1).join('|')})/|[^/]+$)` },
  }));

module.exports = {
  forbidden: [
    ...onlyUpstream('src', STAGES),
    ...onlyUpstream('src/app', APP_FOLDERS),
    {
      name: 'every-file-has-a-place',
      severity: 'error',
      from: { path: '^src/', pathNot: `^src/(${stages}|kernel|config|platform|app|cli|server|ui)/` },
      to: {},
    },
    {
      name: 'kernel-imports-nothing',
      severity: 'error',
      from: { path: '^src/kernel/' },
      to: { pathNot: '^src/kernel/' },
    },
    {
      name: 'config-knows-only-the-kernel',
      severity: 'error',
      from: { path: '^src/config/' },
      to: { path: '^src/', pathNot: '^src/(config|kernel)/' },
    },
    {
      name: 'pure-logic-has-no-io',
      severity: 'error',
      from: { path: `^src/(${stages})/`, pathNot: '\\.(repository|process)\\.ts$' },
      to: {
        path: '^(src/(platform|app|cli|server)/|(node:)?(fs|http|https|http2|net|tls|dns|dgram|os|child_process|worker_threads|process|timers)(/promises)?$|node_modules/(pg|pg-cursor|kysely|bullmq|ioredis|got|undici|sharp|@julusian|onnxruntime-node|@aws-sdk|@huggingface|fastify|pino)(/|$))',
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'sql-lives-in-repositories',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/platform/postgres/|\\.repository\\.ts$' },
      to: {
        path: '^node_modules/(kysely|pg|pg-cursor|pg-copy-streams)(/|$)',
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'stages-use-platform-only-through-ports',
      severity: 'error',
      from: { path: `^src/(${stages})/`, pathNot: '\\.repository\\.ts$' },
      to: { path: '^src/platform/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'platform-knows-no-stage',
      severity: 'error',
      from: { path: '^src/platform/' },
      to: { path: `^src/(${stages}|app|cli|server)/`, dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'only-entry-points-compose',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(app|cli|server|ui)/' },
      to: { path: '^src/app/' },
    },
    {
      name: 'pages-run-in-browsers',
      comment: 'Pages may import the types of what the server sends, but no code that runs on the server.',
      severity: 'error',
      from: { path: '^src/ui/' },
      to: { path: '^(src/|(node:)?[a-z_]+$)', pathNot: '^src/ui/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'only-plain-components-are-shared',
      comment: 'The server and the shortlist render components that need no browser.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/ui/' },
      to: { path: '^src/ui/', pathNot: '^src/ui/(shared|contact-sheet|revisions|report|activity)/' },
    },
    {
      name: 'plain-components-need-no-browser',
      comment: 'They import no pages and no hooks, because they show only their props.',
      severity: 'error',
      from: { path: '^src/ui/(shared|contact-sheet|revisions|report|activity)/' },
      to: {
        path: '^(src/ui/|node_modules/preact/(hooks|compat)/)',
        pathNot: '^src/ui/(shared|contact-sheet|revisions|report|activity)/',
      },
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
