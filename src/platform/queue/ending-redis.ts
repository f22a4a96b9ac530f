import { Redis, type RedisOptions } from 'ioredis';

/**
 * A connection to Redis that ends when it is asked to, also between two tries to connect. ioredis only cancels the next
 * try there: `end` is never emitted and no waiting call is answered. BullMQ's `worker.close()` then waits forever if
 * work is stopped while a server is away (https://github.com/taskforcesh/bullmq/issues/4585 describes a part of it).
 */
export class EndingRedis extends Redis {
  override disconnect(reconnect = false): void {
    // Starting a try gives something to end, which then ends every waiting call.
    if (this.status === 'reconnecting' && !reconnect) this.connect().catch(() => undefined);
    super.disconnect(reconnect);
  }

  /** BullMQ duplicates its own connections from the one that it is given. */
  override duplicate(changes?: Partial<RedisOptions>): Redis {
    return new EndingRedis({ ...this.options, ...changes });
  }
}
