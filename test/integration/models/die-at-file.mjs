// Preloaded into a process (`--import`) that is to die as by kill -9: `writeFile five.yaml` is before that file is written,
// `rm five.onnx` before it is removed, `copyFile five.onnx.unfinished` once it was copied to.
import fs from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';

const [call, end] = (process.env.WINNOW_TEST_DIE_AT ?? '').split(' ');
const { copyFile, rm, writeFile } = fs;

function dieAt(made, file) {
  if (made === call && String(file).endsWith(end)) process.kill(process.pid, 'SIGKILL');
}

Object.assign(fs, {
  async copyFile(from, to, ...rest) {
    await copyFile(from, to, ...rest);
    dieAt('copyFile', to);
  },
  async writeFile(file, ...rest) {
    dieAt('writeFile', file);
    await writeFile(file, ...rest);
  },
  async rm(file, ...rest) {
    dieAt('rm', file);
    await rm(file, ...rest);
  },
});
syncBuiltinESMExports();
