import { Redis, type RedisOptions } from 'ioredis';

/**
 * A connection to Redis that ends when it is told to, also between two tries to connect. ioredis only forgets the next
 * try there: `end` never comes and no call that waits is answered, so that BullMQ's `worker.close()` waits for ever, for
 * whoever stops work while a server is away (https://github.com/taskforcesh/bullmq/issues/4585 tells of a part of it).
 */
export class EndingRedis extends Redis {
  override disconnect(reconnect = false): void {
    // The try that is under way is what then ends, and all that waits with it.
    if (this.status === 'reconnecting' && !reconnect) this.connect().catch(() => undefined);
    super.disconnect(reconnect);
  }

  /** BullMQ takes its own connections from the one that it is given. */
  override duplicate(changes?: Partial<RedisOptions>): Redis {
    return new EndingRedis({ ...this.options, ...changes });
  }
}
