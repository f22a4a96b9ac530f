import { Gauge } from 'prom-client';
import { freeBytesOn } from '../../platform/disk/full-disk.ts';
import { workMetrics } from './work-metrics.ts';

const NAME = 'winnow_disk_free_bytes';

/** From now on the metrics of this process have the free bytes on the disk of this folder. */
export function measureDiskOf(folder: string): void {
  workMetrics.removeSingleMetric(NAME);
  const gauge = new Gauge({
    name: NAME,
    help: 'Free bytes on the disk of the data folder of this process, without the reserve for root',
    registers: [],
    async collect() {
      const free = await freeBytesOn(folder).catch(() => null);
      // Without a series, a folder that cannot be read does not count as full.
      if (free === null) this.remove();
      else this.set(free);
    },
  });
  workMetrics.registerMetric(gauge);
}
