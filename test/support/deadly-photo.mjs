/**
 * Loaded before a program (`--import`), so that decoding certain bytes ends its process, as a fault in a decoder does. Which
 * bytes, where and how is in WINNOW_TEST_DEADLY: `<sha256> <main or thread> <signal>`, separated by commas.
 */
import { createHash } from 'node:crypto';
import { writeSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';

const deadly = new Map(
  (process.env['WINNOW_TEST_DEADLY'] ?? '')
    .split(',')
    .map((one) => one.split(' '))
    .filter(([, where]) => where === (isMainThread ? 'main' : 'thread'))
    .map(([sha256, , signal]) => [sha256, signal]),
);

function dieOf(bytes) {
  const signal = deadly.get(createHash('sha256').update(bytes).digest('hex'));
  if (signal === undefined) return;
  writeSync(2, 'decoder: out of luck\n');
  process.kill(process.pid, signal);
  // A signal to the process takes a moment to arrive; no other line runs meanwhile.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5_000);
}

if (deadly.size > 0) {
  const dlopen = process.dlopen.bind(process);
  process.dlopen = (module, ...args) => {
    dlopen(module, ...args);
    const { pipeline, decompress } = module.exports;
    // libvips, as sharp calls it.
    if (typeof pipeline === 'function')
      module.exports.pipeline = (options, callback) => {
        const { buffer } = options.input;
        if (buffer !== undefined) dieOf(buffer);
        return pipeline(options, callback);
      };
    // libjpeg-turbo.
    if (typeof decompress === 'function')
      module.exports.decompress = (bytes, ...others) => {
        dieOf(bytes);
        return decompress(bytes, ...others);
      };
  };
}
