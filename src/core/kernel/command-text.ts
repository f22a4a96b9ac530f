import { shellWord } from './texts.ts';

/** Every command, in the order of the help. The output finds mentions of them in texts by these names. A program may have fewer. */
export const COMMANDS = {
  'Build a collection:': [
    'run',
    'demo',
    'crawl',
    'filter',
    'evidence',
    'shortlist',
    'review',
    'quiz',
    'rights',
    'export',
    'publish',
  ],
  'Look at the results:': [
    'status',
    'candidates',
    'decisions',
    'verdicts',
    'acceptance',
    'reviewers',
    'agreement',
    'show',
    'what-if',
    'classes',
    'report',
    'power',
    'verify',
    'evaluate',
  ],
  'Operate:': [
    'server',
    'pause',
    'unpause',
    'resume',
    'retry',
    'doctor',
    'jobs',
    'prune',
    'backup',
    'restore',
    'takedown',
    'activity',
    'sessions',
    'migrate',
  ],
  'Manage collections, models and settings:': [
    'collection',
    'test-source',
    'models',
    'finetune',
    'references',
    'move',
    'config',
  ],
} as const;

export type CommandName = (typeof COMMANDS)[keyof typeof COMMANDS][number];

/** Commands that the flags of a catalogue do not concern. */
const WITHOUT_CATALOGUE: ReadonlySet<string> = new Set<CommandName>([
  'demo',
  'classes',
  'restore',
  'collection',
  'models',
  'finetune',
  'config',
]);

const SUB_COMMANDS = [
  'list',
  'diff',
  'import',
  'add',
  'remove',
  'apply-takedowns',
  'end',
  'set',
  'results',
  'plan',
  'export',
];

/**
 * `winnow export list`, also without the sub-command; no part of a path, and no process such as `winnow crawl 4711`. The rest of a
 * command ends with its line or backtick.
 */
const MENTION = new RegExp(
  String.raw`(?<![\w./-])winnow (help|COMMAND|\[options\]|${Object.values(COMMANDS).flat().join('|')})(?![\w-])( (?:${SUB_COMMANDS.join('|')})(?![\w-]))?(?! \d+(?!\w))(?=([^\n\`]*))`,
  'g',
);

export interface Typing {
  /** Starts winnow as the user did: `npm run -s winnow --`. */
  readonly program: string;
  /** Flags that the user gave and that other commands need as well. */
  readonly flags: readonly (readonly [name: string, value: string])[];
}

let typing: Typing = { program: 'winnow', flags: [] };

export function writeCommandsAs(given: Typing): void {
  typing = given;
}

export function typingOfCommands(): Typing {
  return typing;
}

/** Rewrites the commands in a text for people, which names the program `winnow`, as the user can type them. */
export function asTyped(text: string, { program, flags }: Typing = typing): string {
  return text.replaceAll(MENTION, (_mention, ...[command = '', sub = '', rest = '']: string[]) => {
    const missing = WITHOUT_CATALOGUE.has(command) ? [] : flags.filter(([name]) => !rest.includes(`${name} `));
    const words = missing.map(([name, value]) => ` ${name} ${shellWord(value)}`);
    return `${program} ${command}${sub}${words.join('')}`;
  });
}
