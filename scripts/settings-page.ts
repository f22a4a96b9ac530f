import { environmentName } from '../src/core/config/env.ts';
import { expectedOf } from '../src/core/config/schema-problems.ts';
import { SETTING_NAMES, settingOf, type SettingName } from '../src/core/config/settings.ts';
import { groupBy } from '../src/core/kernel/group-by.ts';

const HEAD = `# Settings

This page is made from the table in \`src/core/config/settings.ts\`. \`winnow config\` prints every setting with its value and where the
value comes from. The strongest source wins:

1. flags, and \`--set name=value\`;
2. environment variables;
3. \`--config FILE\`, or else \`config/local.yaml\` in the folder in which you start winnow;
4. \`settings:\` in the collection file;
5. the default.

\`.env.example\` lists the environment variables that the containers need. Warnings are sentences on stderr. With
\`log.format: json\` and in workers they are objects.
`;

/** The text of docs/settings.md: one table for each group of settings. */
export function settingsPage(): string {
  const groups = groupBy(SETTING_NAMES, (name) => name.split('.')[0] ?? name);
  return [HEAD, ...[...groups].map(([group, names]) => section(group, names))].join('\n');
}

function section(group: string, names: readonly SettingName[]): string {
  const rows = names.map((name) => `| ${cells(name).map(escaped).join(' | ')} |`);
  return `## ${group}\n\n| setting | default | meaning | environment |\n|---|---|---|---|\n${rows.join('\n')}\n`;
}

function cells(name: SettingName): string[] {
  const { description, schema, fallback, aliases = [] } = settingOf(name);
  const variables = [environmentName(name), ...aliases].map((variable) => `\`${variable}\``);
  return [
    `\`${name}\``,
    `\`${JSON.stringify(fallback)}\``,
    `${description} Takes ${expectedOf(schema)}.`,
    variables.join(', '),
  ];
}

function escaped(cell: string): string {
  return cell.replaceAll('|', String.raw`\|`).replaceAll('<', '&lt;');
}
