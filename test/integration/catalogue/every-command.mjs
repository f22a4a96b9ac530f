import process from 'node:process';
import { pathToFileURL } from 'node:url';

/**
 * Runs commands of the built program in this process. It is asked by messages of a URL of a catalogue and commands, each a
 * list of words. It runs them one after the other, and answers with what each says and its exit code.
 *
 * argv: the path of the built program.
 */
const { main } = await import(pathToFileURL(process.argv[2] ?? '').href);

let said = '';
console.error = (...words) => {
  said += `${words.map(String).join(' ')}\n`;
};
process.stdout.write = (text, ...more) => {
  said += String(text);
  // A command waits until everything is written.
  for (const callback of more) if (typeof callback === 'function') callback();
  return true;
};
process.stdout.setMaxListeners(0);

async function run({ url, commands }) {
  process.env.DATABASE_URL = url;
  const all = [];
  for (const words of commands) {
    said = '';
    process.exitCode = 0;
    await main([process.execPath, 'winnow', ...words]);
    all.push({ words, code: process.exitCode, said });
  }
  process.exitCode = 0;
  process.send?.(all);
}

process.on('message', (message) => void run(message));
process.send?.('ready');
