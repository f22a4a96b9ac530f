// Preloaded (`--import`) into a process that must die as if by kill -9. `writeFile classes.txt` means before that file is
// written, `rename .five.unfinished` before that folder is renamed, and `rm .five.unfinished` before it is removed.
import fs from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';

const [call, end] = (process.env.WINNOW_TEST_DIE_AT ?? '').split(' ');

function dyingAt(made) {
  const original = fs[made];
  return async (file, ...rest) => {
    if (made === call && String(file).endsWith(end)) process.kill(process.pid, 'SIGKILL');
    return original(file, ...rest);
  };
}

Object.assign(fs, { writeFile: dyingAt('writeFile'), rename: dyingAt('rename'), rm: dyingAt('rm') });
syncBuiltinESMExports();
