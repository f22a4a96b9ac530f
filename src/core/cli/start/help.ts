import { Help, type Command, type HelpConfiguration, type Option } from 'commander';

/** Flags that every command takes, in the order in which its help ends with them. */
export const COMMON_FLAGS = ['--collection', '--data', '--json', '--config', '--set', '--help'];

const rankOf = ({ long }: Option): number => COMMON_FLAGS.indexOf(long ?? '');

/** The options of a command itself come first. */
export const HELP_LAYOUT: HelpConfiguration = {
  sortSubcommands: false,
  visibleOptions: (command: Command) =>
    new Help().visibleOptions(command).toSorted((one, other) => rankOf(one) - rankOf(other)),
};
