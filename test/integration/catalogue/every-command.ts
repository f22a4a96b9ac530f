import process from 'node:process';
import { main } from '../../../src/cli/main.ts';

/**
 * Runs commands one after the other in this process, and sends what each says and its exit code.
 *
 * argv: the commands as JSON, a list of lists of words.
 */
let said = '';
console.error = (...words: unknown[]): void => {
  said += `${words.map(String).join(' ')}\n`;
};
process.stdout.write = (text: unknown, ...more: unknown[]): boolean => {
  said += String(text);
  // A command waits until everything is written.
  for (const callback of more) if (typeof callback === 'function') callback();
  return true;
};
process.stdout.setMaxListeners(0);

const given: readonly (readonly string[])[] = JSON.parse(process.argv[2] ?? '[]');
for (const words of given) {
  said = '';
  process.exitCode = 0;
  await main([process.execPath, 'winnow', ...words]);
  process.send?.({ words, code: process.exitCode, said });
}
process.exitCode = 0;
