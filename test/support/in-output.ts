import type { RunningCommand } from './winnow.ts';

export function inOutput({ stdout }: Pick<RunningCommand['child'], 'stdout'>, pattern: RegExp): Promise<string> {
  return new Promise((resolve, reject) => {
    let told = '';
    stdout?.setEncoding('utf8').on('data', (text: string) => {
      told += text;
      const found = pattern.exec(told)?.[1];
      if (found !== undefined) resolve(found);
    });
    stdout?.once('close', () => reject(new Error(`Expected ${String(pattern)} in the output but it ended: ${told}`)));
  });
}
