import { spawn } from 'node:child_process';
import { once } from 'node:events';
import process from 'node:process';

/**
 * A shell script. Its input is the name of a folder, and ends when the run does. Then it removes the folder and ends the processes that
 * use it: those that name it on their command line, have it in their environment or work in it. It looks again until nothing is left,
 * because a process may start another one before it ends.
 */
const REMOVER = `
  read -r folder
  cat > /dev/null
  [ -n "$folder" ] || exit 0
  users() {
    find "$folder" -name postmaster.pid -exec head -n 1 {} \\; 2> /dev/null
    for process in /proc/[0-9]*; do
      case "$(readlink "$process/cwd")/" in
        "$folder"/*) echo "\${process#/proc/}" ;;
        *) ! cat "$process/cmdline" "$process/environ" | grep -qF "$folder" || echo "\${process#/proc/}" ;;
      esac
    done 2> /dev/null
  }
  for try in 1 2 3 4 5 6 7 8 9 10; do
    # PostgreSQL frees its shared memory at QUIT.
    [ $try -gt 5 ] && signal=KILL || signal=QUIT
    pids=$(users)
    [ -z "$pids" ] || kill -$signal $pids 2> /dev/null
    rm -rf "$folder" 2> /dev/null
    [ -n "$pids" ] || [ -e "$folder" ] || exit 0
    sleep 0.5
  done`;

/**
 * Servers and programs of a run may outlive it if it is killed. A process of its own, which Ctrl-C does not reach, holds a pipe from
 * this one. When the run ends, however it ends, the pipe closes and that process removes the folder. The returned function does so
 * at once.
 */
export function removerOf(folder: string): () => Promise<void> {
  const remover = spawn('sh', ['-c', REMOVER], {
    detached: true,
    cwd: '/',
    env: { PATH: process.env['PATH'] },
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  remover.stdin.write(`${folder}\n`);
  remover.unref();
  return async () => {
    remover.ref();
    const ended = once(remover, 'exit');
    remover.stdin.end();
    await ended;
  };
}
